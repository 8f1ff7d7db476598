/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/text.h"

#include <stdint.h>
#include <string.h>

void text_place_step(struct text_place *p, unsigned char byte)
{
	if (byte == '\n') {
		p->line++;
		p->column = 1;
	} else if ((byte & 0xc0) != 0x80) {
		p->column++;
	}
}

size_t text_bom(const char *text, size_t len)
{
	return len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
}

/* The length of the UTF-8 character at `s`, its code point; 0 when it is none. */
static size_t decode(const unsigned char *s, size_t len, uint32_t *ret)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *s < 0x80 ? 1 : (*s & 0xe0) == 0xc0 ? 2 : (*s & 0xf0) == 0xe0 ? 3 : 4;
	uint32_t c = n == 1 ? *s : *s & (0xffu >> (n + 1));

	if (n > len || (n == 4 && (*s & 0xf8) != 0xf0))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (n > 1 && (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)))
		return 0;
	*ret = c;
	return n;
}

/* Tab, LF and CRLF are text; U+0085 and the non-characters at the end of the plane are not. */
static bool is_forbidden(uint32_t c, const unsigned char *behind, const unsigned char *end)
{
	if (c == '\t' || c == '\n' || (c == '\r' && behind < end && *behind == '\n'))
		return false;
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xfffe || c == 0xffff;
}

static int refuse_bytes(struct diag *d, const struct mark *at, const unsigned char *s, size_t len)
{
	bool utf16 = len >= 2 && at->line == 1 && at->column == 1 &&
		     ((s[0] == 0xff && s[1] == 0xfe) || (s[0] == 0xfe && s[1] == 0xff));

	if (utf16)
		(void)diag_error(d, at, "the file is UTF-16, not UTF-8");
	else
		(void)diag_error(d, at, "byte 0x%02x is not UTF-8 text", *s);
	diag_hint(d, "save the file as UTF-8");
	return -EINVAL;
}

static int refuse_control(struct diag *d, const struct mark *at, uint32_t c)
{
	(void)diag_error(d, at, "control character U+%04X", c);
	diag_hint(d, c ? "only tabs and line ends may stand in a file" :
			 "this looks like a binary file, or like UTF-16");
	return -EINVAL;
}

static int check_lines(const char *name, const char *text, size_t len, struct diag *d)
{
	const char *start = text, *end;
	struct mark at = { name, 1, 1 };

	for (; start < text + len; start = end + 1, at.line++) {
		end = memchr(start, '\n', len - (size_t)(start - text));
		if (!end)
			end = text + len;
		if (end - start > TEXT_MAX_LINE)
			return diag_error(d, &at, "line longer than %u bytes", TEXT_MAX_LINE);
	}
	return 0;
}

int text_check(const char *name, const char *text, size_t len, struct diag *d)
{
	const unsigned char *s = (const unsigned char *)text;
	struct mark at = { name, 1, 1 };
	struct text_place place = { 1, 1 };
	uint32_t c = 0;
	size_t n;

	if (len > TEXT_MAX_BYTES)
		return diag_error(d, &(struct mark){ .file = name }, "larger than %u MiB",
				  TEXT_MAX_BYTES >> 20);
	for (size_t i = text_bom(text, len); i < len; i += n) {
		at.line = place.line;
		at.column = place.column;
		n = decode(s + i, len - i, &c);
		if (!n)
			return refuse_bytes(d, &at, s + i, len - i);
		if (is_forbidden(c, s + i + n, s + len))
			return refuse_control(d, &at, c);
		text_place_step(&place, s[i]);
	}
	return check_lines(name, text, len, d);
}
