/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/table.h"

#include <stdarg.h>
#include <string.h>

#include "cli/format.h"

#define GAP 2

static const char *const escapes[] = {
	[STYLE_PLAIN] = NULL,	   [STYLE_TITLE] = "\033[1m", [STYLE_GOOD] = "\033[32m",
	[STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[31m",
};

void style_add(struct strbuf *out, const char *text, enum style style, bool colour)
{
	bool styled = colour && escapes[style] && *text;

	if (styled)
		strbuf_add(out, escapes[style]);
	strbuf_add(out, text);
	if (styled)
		strbuf_add(out, "\033[0m");
}

void table_column(struct table *t, const char *title, bool right, bool spare)
{
	(void)vec_push(&t->columns, { format_clean(title), right, spare });
}

void table_cell(struct table *t, const char *text, enum style style)
{
	(void)vec_push(&t->cells, { format_clean(text), style });
}

void table_cellf(struct table *t, const char *format, ...)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	va_list args;

	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	table_cell(t, strbuf_text(&text), STYLE_PLAIN);
}

void table_free(struct table *t)
{
	vec_foreach(&t->columns, c)
		free(c->title);
	vec_foreach(&t->cells, c)
		free(c->text);
	vec_free(&t->columns);
	vec_free(&t->cells);
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

static size_t column_width(const struct table *t, size_t column)
{
	size_t width = format_width(text_of(t->columns.at[column].title));

	for (size_t i = column; i < t->cells.n; i += t->columns.n)
		width = MAX(width, format_width(text_of(t->cells.at[i].text)));
	return width;
}

static size_t total_width(const struct table *t, const size_t *widths, bool spares)
{
	size_t total = 0;

	for (size_t i = 0; i < t->columns.n; i++)
		if (spares || !t->columns.at[i].spare)
			total += widths[i] + (total ? GAP : 0);
	return total;
}

static void add_spaces(struct strbuf *out, size_t n)
{
	while (n--)
		strbuf_add_char(out, ' ');
}

struct layout {
	const struct table *table;
	size_t *widths;
	bool spares, colour;
};

/* `pending`: blanks owed before the next text, so that no line ends in any. */
static void add_cell(const struct layout *l, size_t column, const char *text, enum style style,
		     size_t *pending, struct strbuf *out)
{
	size_t blank = l->widths[column] - format_width(text);
	bool right = l->table->columns.at[column].right;

	if (right)
		*pending += blank;
	if (*text) {
		add_spaces(out, *pending);
		*pending = 0;
		style_add(out, text, style, l->colour);
	}
	if (!right)
		*pending += blank;
	*pending += GAP;
}

static void add_row(const struct layout *l, const struct table_cell *cells, size_t n,
		    struct strbuf *out)
{
	size_t pending = 0;

	for (size_t i = 0; i < n; i++) {
		const struct table_column *c = &l->table->columns.at[i];

		if (c->spare && !l->spares)
			continue;
		if (cells)
			add_cell(l, i, text_of(cells[i].text), cells[i].style, &pending, out);
		else
			add_cell(l, i, text_of(c->title), STYLE_TITLE, &pending, out);
	}
	strbuf_add_char(out, '\n');
}

void table_print(const struct table *t, size_t width, bool colour, struct strbuf *out)
{
	size_t n = t->columns.n;
	_cleanup_free_ size_t *widths = calloc(n + 1, sizeof(*widths));
	struct layout l = { .table = t, .widths = widths, .colour = colour };

	if (!n || !widths)
		return;
	for (size_t i = 0; i < n; i++)
		widths[i] = column_width(t, i);
	l.spares = total_width(t, widths, true) <= width;
	add_row(&l, NULL, n, out);
	for (size_t i = 0; i < t->cells.n; i += n)
		add_row(&l, &t->cells.at[i], MIN(n, t->cells.n - i), out);
}
