/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/libreqos/csv.h"

void csv_begin(struct csv *csv, const char *name, const char *text, size_t len)
{
	*csv = (struct csv){ .name = name, .text = text, .len = len, .next = text_bom(text, len) };
	csv->place = (struct text_place){ 1, 1 };
}

void csv_end(struct csv *csv)
{
	vec_free(&csv->fields);
	strbuf_free(&csv->texts);
}

/* The next byte, -1 at the end. */
static int look(const struct csv *csv)
{
	return csv->next < csv->len ? (unsigned char)csv->text[csv->next] : -1;
}

static void step(struct csv *csv)
{
	text_place_step(&csv->place, (unsigned char)csv->text[csv->next++]);
}

static struct mark here(const struct csv *csv)
{
	return (struct mark){ csv->name, csv->place.line, csv->place.column };
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct csv *csv)
{
	while (is_blank(look(csv)))
		step(csv);
}

static void skip_line(struct csv *csv)
{
	while (look(csv) >= 0 && look(csv) != '\n')
		step(csv);
	if (look(csv) == '\n')
		step(csv);
}

void csv_resume(struct csv *csv)
{
	csv->next = csv->start;
	csv->place = (struct text_place){ csv->at.line, csv->at.column };
	skip_line(csv);
}

/* To the first character of a record; false at the end. */
static bool find_record(struct csv *csv)
{
	for (;;) {
		skip_blanks(csv);
		if (look(csv) < 0)
			return false;
		if (look(csv) != '#' && look(csv) != '\n')
			return true;
		skip_line(csv);
	}
}

static int refuse_open(struct csv *csv, struct diag *d, const struct mark *quote)
{
	(void)diag_error(d, quote, "this quote is never closed");
	diag_hint(d, "the line is left out");
	csv_resume(csv);
	return -EINVAL;
}

/* If the quote has swallowed line ends, it is the one to look at. */
static int refuse_behind(struct csv *csv, struct diag *d, const struct mark *quote)
{
	struct mark behind = here(csv);

	if (behind.line == quote->line) {
		(void)diag_error(d, &behind, "text behind the closing quote");
		diag_hint(d, "within quotes, a quote is written twice");
	} else {
		(void)diag_error(d, quote, "this quote is not closed before line %u", behind.line);
		diag_hint(d, "the line is left out");
	}
	csv_resume(csv);
	return -EINVAL;
}

static int read_quoted(struct csv *csv, struct diag *d)
{
	struct mark quote = here(csv);

	step(csv);
	while (look(csv) == '\n' || is_blank(look(csv)))
		step(csv);
	csv->fields.at[csv->fields.n - 1].at = here(csv);
	for (;; step(csv)) {
		if (look(csv) < 0)
			return refuse_open(csv, d, &quote);
		if (look(csv) == '"') {
			step(csv);
			if (look(csv) != '"')
				break;
		}
		strbuf_add_char(&csv->texts, (char)look(csv));
	}
	skip_blanks(csv);
	if (look(csv) >= 0 && look(csv) != ',' && look(csv) != '\n')
		return refuse_behind(csv, d, &quote);
	return 0;
}

static void read_bare(struct csv *csv)
{
	for (; look(csv) >= 0 && look(csv) != ',' && look(csv) != '\n'; step(csv))
		strbuf_add_char(&csv->texts, (char)look(csv));
}

static void trim_end(struct strbuf *texts, size_t from)
{
	while (texts->len > from && strchr(" \t\r\n", texts->text[texts->len - 1]))
		texts->len--;
	strbuf_add_bytes(texts, "", 1);
}

static int read_field(struct csv *csv, struct diag *d)
{
	size_t from = csv->texts.len;
	int r;

	skip_blanks(csv);
	r = vec_push(&csv->fields, { .at = here(csv), .offset = from });
	if (r)
		return r;
	if (look(csv) == '"')
		r = read_quoted(csv, d);
	else
		read_bare(csv);
	if (!r)
		trim_end(&csv->texts, from);
	return r;
}

static int read_record(struct csv *csv, struct diag *d)
{
	int r;

	for (;;) {
		r = read_field(csv, d);
		if (r)
			return r;
		csv->end = here(csv);
		if (look(csv) < 0)
			return 0;
		if (look(csv) == '\n') {
			step(csv);
			return 0;
		}
		step(csv);
	}
}

int csv_next(struct csv *csv, struct diag *d)
{
	int r;

	csv->fields.n = 0;
	csv->texts.len = 0;
	if (!find_record(csv))
		return 0;
	csv->at = here(csv);
	csv->start = csv->next;
	r = read_record(csv, d);
	if (r)
		return r;
	if (csv->texts.failed)
		return -ENOMEM;
	vec_foreach(&csv->fields, field)
		field->text = csv->texts.text + field->offset;
	return 1;
}
