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
/* A rate that was configured, exactly: "1.5 Mbit/s". */
void format_rate(struct strbuf *out, int64_t rate);
/* "12.3 of 50 Mbit/s", both in the unit of the rate; without a rate only what goes now. */
void format_use(struct strbuf *out, int64_t now, int64_t rate);
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

/* Of standard output; where it is no terminal $COLUMNS, or 80. */
size_t format_terminal_width(void);
/* Only on a terminal, and not when $NO_COLOR forbids it. */
bool format_colour(void);
