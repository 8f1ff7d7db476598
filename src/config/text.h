/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every dialect's text must be before a parser sees it.  Some parsers stop silently at a
 * byte they dislike, and the keys after it would vanish.
 */
#pragma once

#include <stddef.h>

#include "base/diag.h"

#define TEXT_MAX_BYTES (16u << 20)
#define TEXT_MAX_LINE 65536u
/* Deeper nesting and more values than these are no configuration but an attack or an accident. */
#define TEXT_MAX_DEPTH 64u
#define TEXT_MAX_VALUES 1000000u

/* A position that walks along a text; columns count characters, not bytes. */
struct text_place {
	unsigned line, column;
};

void text_place_step(struct text_place *p, unsigned char byte);
/* Size, UTF-8, control characters, length of lines: 0, or -EINVAL with the first fault's place. */
int text_check(const char *name, const char *text, size_t len, struct diag *d);
/* Bytes of a byte order mark at the start: 0 or 3. */
size_t text_bom(const char *text, size_t len);
