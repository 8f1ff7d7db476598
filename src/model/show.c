/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/show.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Room is kept for the ellipsis, a closing quote and the NUL. */
#define SHOWN_BYTES 60
/* The longest a single character becomes: \xNN, or four bytes of UTF-8. */
#define MAX_STEP 4

/* Bytes of the UTF-8 character at `s`; input was checked before, so the lead byte decides. */
static size_t char_len(const char *s)
{
	unsigned char c = (unsigned char)*s;
	size_t want = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	for (size_t i = 1; i < want; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 1;
	return want;
}

static bool is_control(const char *s, size_t len)
{
	unsigned char c = (unsigned char)*s;

	if (len == 1)
		return c < 0x20 || c >= 0x7f;
	return len == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0;
}

static size_t show(char *out, size_t size, const char *text)
{
	size_t n = 0, len;

	for (; *text; text += len) {
		len = char_len(text);
		if (n + MAX_STEP > size)
			return n + (size_t)snprintf(out + n, 4, "…");
		if (is_control(text, len)) {
			unsigned char c = (unsigned char)text[len - 1];

			n += (size_t)sprintf(out + n, "\\x%02x", c);
			continue;
		}
		memcpy(out + n, text, len);
		n += len;
	}
	out[n] = 0;
	return n;
}

struct shown text_shown(const char *text)
{
	struct shown s = { "" };

	(void)show(s.text, SHOWN_BYTES, text ? text : "");
	return s;
}

struct shown text_quoted(const char *text)
{
	struct shown s = { "'" };
	size_t n = 1 + show(s.text + 1, SHOWN_BYTES, text ? text : "");

	s.text[n] = '\'';
	s.text[n + 1] = 0;
	return s;
}
