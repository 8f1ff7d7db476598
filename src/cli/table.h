/* SPDX-License-Identifier: GPL-2.0-only */
/* Aligned columns for people.  What does not fit the width loses its spare columns. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "base/vec.h"

enum style { STYLE_PLAIN, STYLE_TITLE, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

struct table_column {
	char *title;
	bool right;
	bool spare; /* may be left out */
};

struct table_cell {
	char *text;
	enum style style;
};

struct table {
	VEC(struct table_column) columns;
	VEC(struct table_cell) cells; /* row by row */
};

void table_column(struct table *t, const char *title, bool right, bool spare);
/* Control characters in `text` are shown as '?': names come from outside. */
void table_cell(struct table *t, const char *text, enum style style);
void table_cellf(struct table *t, const char *format, ...) _printf_(2, 3);
void table_print(const struct table *t, size_t width, bool colour, struct strbuf *out);
void table_free(struct table *t);
#define _cleanup_table_ _cleanup_(table_free)

/* With the style's escape sequences around it when `colour`. */
void style_add(struct strbuf *out, const char *text, enum style style, bool colour);
