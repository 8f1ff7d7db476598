/* SPDX-License-Identifier: GPL-2.0-only */
/* What Python's texts and numbers mean. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "config/libreqos/python_token.h"

static void add_character(struct strbuf *out, uint32_t c)
{
	if (c < 0x80) {
		strbuf_add_char(out, (char)c);
	} else if (c < 0x800) {
		strbuf_add_char(out, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		strbuf_add_char(out, (char)(0xe0 | c >> 12));
		strbuf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		strbuf_add_char(out, (char)(0xf0 | c >> 18));
		strbuf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		strbuf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	if (c >= 0x80)
		strbuf_add_char(out, (char)(0x80 | (c & 0x3f)));
}

/* `n` digits of a base as a character; *s moves behind them. */
static const char *decode_code(const char **s, const char *end, size_t least, size_t n, int base,
			       struct strbuf *out)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t code = 0;
	size_t used = 0;

	for (; used < n && *s < end; used++, (*s)++) {
		const char *digit = strchr(digits, tolower((unsigned char)**s));

		if (!digit || digit - digits >= base)
			break;
		code = code * (uint32_t)base + (uint32_t)(digit - digits);
	}
	if (used < least || !code || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return "an escape in the text names no character";
	add_character(out, code);
	return NULL;
}

/* *s is behind the backslash. */
static const char *decode_escape(const char **s, const char *end, struct strbuf *out)
{
	static const char names[] = "\\'\"abfnrtv", values[] = "\\'\"\a\b\f\n\r\t\v";
	const char *known;
	char c = **s;

	if (c == '\r' && *s + 1 < end)
		c = *++*s;
	if (c >= '0' && c <= '7')
		return decode_code(s, end, 1, 3, 8, out);
	(*s)++;
	if (c == 'x')
		return decode_code(s, end, 2, 2, 16, out);
	if (c == 'u')
		return decode_code(s, end, 4, 4, 16, out);
	if (c == 'U')
		return decode_code(s, end, 8, 8, 16, out);
	if (c == 'N')
		return "characters by name (\\N) are not known here";
	known = strchr(names, c);
	if (known)
		strbuf_add_char(out, values[known - names]);
	else if (c != '\n') { /* Python keeps the backslash of what is no escape */
		strbuf_add_char(out, '\\');
		strbuf_add_char(out, c);
	}
	return NULL;
}

const char *python_text_decode(const struct python_token *token, struct strbuf *out)
{
	size_t prefix = strcspn(token->start, "'\"");
	size_t width = token->len >= prefix + 6 && token->start[prefix + 1] == token->start[prefix] &&
				       token->start[prefix + 2] == token->start[prefix] ?
			       3 :
			       1;
	const char *s = token->start + prefix + width, *end = token->start + token->len - width;
	bool raw = false;
	const char *wrong = NULL;

	for (size_t i = 0; i < prefix; i++) {
		if (strchr("fF", token->start[i]))
			return "an f-string is not a literal";
		if (strchr("bB", token->start[i]))
			return "bytes (b'...') are not text";
		raw |= !!strchr("rR", token->start[i]);
	}
	while (s < end && !wrong) {
		if (*s == '\\' && !raw) {
			s++;
			wrong = decode_escape(&s, end, out);
		} else {
			strbuf_add_char(out, *s++);
		}
	}
	return wrong;
}

static const char *decode_based(const char *digits, int base, struct strbuf *out)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(digits, &end, base);
	if (!isxdigit((unsigned char)*digits) || *end || errno)
		return "this is no number that fits in 64 bits";
	strbuf_addf(out, "%llu", v);
	return NULL;
}

/* One `_` between two digits, or behind 0x. */
static bool is_separator(const struct python_token *token, size_t i)
{
	const char *s = token->start;
	bool based = *s == '0' && token->len > 1 && strchr("xXoObB", s[1]);

	return i > 0 && i + 1 < token->len && isxdigit((unsigned char)s[i + 1]) &&
	       (based ? isalnum((unsigned char)s[i - 1]) :
			isdigit((unsigned char)s[i - 1]) && isdigit((unsigned char)s[i + 1]));
}

const char *python_number_decode(const struct python_token *token, struct strbuf *out)
{
	_cleanup_strbuf_ struct strbuf plain = { 0 };
	const char *text;
	char *end;

	for (size_t i = 0; i < token->len; i++) {
		if (token->start[i] != '_')
			strbuf_add_char(&plain, token->start[i]);
		else if (!is_separator(token, i))
			return "this is no number";
	}
	text = strbuf_text(&plain);
	if (*text == '0' && text[1] && strchr("xX", text[1]))
		return decode_based(text + 2, 16, out);
	if (*text == '0' && text[1] && strchr("oO", text[1]))
		return decode_based(text + 2, 8, out);
	if (*text == '0' && text[1] && strchr("bB", text[1]))
		return decode_based(text + 2, 2, out);
	(void)strtod(text, &end);
	if (*end)
		return "this is no number";
	if (*text == '0' && !text[strspn(text, "0123456789")] && text[strspn(text, "0")])
		return "a whole number has no leading zero";
	strbuf_add(out, text);
	return NULL;
}
