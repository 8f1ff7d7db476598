/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers, times and values as people read them. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

/* 1,234,567 */
void format_count(struct strbuf *out, int64_t n);
/* "999 B", "1.23 MB": thousands, three digits. */
void format_bytes(struct strbuf *out, int64_t n);
/* "1.23 Mbit/s" */
void format_bits(struct strbuf *out, double per_second);
/* "2 d 3 h", "45 s" */
void format_duration(struct strbuf *out, int64_t seconds);
/* One cell: counts get thousands, lists commas, null a dash. */
void format_value(struct strbuf *out, const json_t *value);
/* Valid YAML of a JSON object. */
void format_yaml(struct strbuf *out, const json_t *value);

/* A copy without control characters; NULL when memory ran out. */
char *format_clean(const char *text);
/* Characters, not bytes. */
size_t format_width(const char *text);

/* Of standard output: 80 when it is no terminal. */
size_t format_terminal_width(void);
/* Only on a terminal, and not when $NO_COLOR forbids it. */
bool format_colour(void);
