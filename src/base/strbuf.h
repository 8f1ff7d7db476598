/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A growing string.  An allocation failure is remembered and reported once by strbuf_take(),
 * so that callers append without checking every step.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

struct strbuf {
	char *text;
	size_t len, cap;
	bool failed;
};

void strbuf_free(struct strbuf *b);
void strbuf_add(struct strbuf *b, const char *text);
void strbuf_add_bytes(struct strbuf *b, const void *bytes, size_t len);
void strbuf_add_char(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *format, ...) _printf_(2, 3);
void strbuf_vaddf(struct strbuf *b, const char *format, va_list args) _printf_(2, 0);
/* Pads with spaces until `width` characters stand after position `from`. */
void strbuf_pad(struct strbuf *b, size_t from, size_t width);
/* The text, owned by the caller; NULL when memory ran out.  Never NULL for an empty buffer. */
char *strbuf_take(struct strbuf *b);
const char *strbuf_text(const struct strbuf *b);

#define _cleanup_strbuf_ _cleanup_(strbuf_free)
