/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/strbuf.h"

#include <string.h>

void strbuf_free(struct strbuf *b)
{
	free(b->text);
	*b = (struct strbuf){ 0 };
}

static bool make_room(struct strbuf *b, size_t more)
{
	size_t want = b->len + more + 1, cap = b->cap ? b->cap : 64;
	char *text;

	if (b->failed)
		return false;
	if (want <= b->cap)
		return true;
	while (cap < want)
		cap *= 2;
	text = realloc(b->text, cap);
	if (!text) {
		b->failed = true;
		return false;
	}
	b->text = text;
	b->cap = cap;
	return true;
}

void strbuf_add_bytes(struct strbuf *b, const void *bytes, size_t len)
{
	if (!make_room(b, len))
		return;
	if (len)
		memcpy(b->text + b->len, bytes, len);
	b->len += len;
	b->text[b->len] = 0;
}

void strbuf_add(struct strbuf *b, const char *text)
{
	strbuf_add_bytes(b, text, strlen(text));
}

void strbuf_add_char(struct strbuf *b, char c)
{
	strbuf_add_bytes(b, &c, 1);
}

void strbuf_vaddf(struct strbuf *b, const char *format, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	if (n >= 0 && make_room(b, (size_t)n)) {
		(void)vsnprintf(b->text + b->len, (size_t)n + 1, format, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void strbuf_addf(struct strbuf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_vaddf(b, format, args);
	va_end(args);
}

void strbuf_pad(struct strbuf *b, size_t from, size_t width)
{
	while (!b->failed && b->len < from + width)
		strbuf_add_char(b, ' ');
}

char *strbuf_take(struct strbuf *b)
{
	char *text = NULL;

	if (make_room(b, 0)) {
		b->text[b->len] = 0;
		text = TAKE_PTR(b->text);
	}
	strbuf_free(b);
	return text;
}

const char *strbuf_text(const struct strbuf *b)
{
	return b->text ? b->text : "";
}
