/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/libreqos/shaped_devices.h"

#include "config/libreqos/shaped_private.h"
#include "model/show.h"

static void reader_free(struct shaped_reader *r)
{
	csv_end(&r->csv);
	net_index_free(&r->circuits);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_pair(struct rate_pair a, struct rate_pair b)
{
	return a.down == b.down && a.up == b.up;
}

/* Devices of one circuit hang on one node; otherwise the first row counts. */
static int check_same(struct shaped_reader *r, const struct net_circuit *first,
		      const struct net_circuit *c)
{
	if (!same_text(first->parent, c->parent))
		return diag_error(r->d, c->parent ? &c->parent_at : &c->at,
				  "circuit `%s` hangs on `%s` here, but on `%s` at %s:%u:%u",
				  text_shown(c->id).text, text_shown(c->parent ?: "(none)").text,
				  text_shown(first->parent ?: "(none)").text, first->at.file,
				  first->at.line, first->at.column);
	if (!same_pair(first->min, c->min) || !same_pair(first->max, c->max))
		(void)diag_warning(r->d, &c->at,
				   "circuit `%s` has other rates at %s:%u:%u, and those count",
				   text_shown(c->id).text, first->at.file, first->at.line,
				   first->at.column);
	if (!same_text(first->leaf.down, c->leaf.down) || !same_text(first->leaf.up, c->leaf.up))
		(void)diag_warning(r->d, &c->at,
				   "circuit `%s` has another `sqm` at %s:%u:%u, and that counts",
				   text_shown(c->id).text, first->at.file, first->at.line,
				   first->at.column);
	return 0;
}

/* The row's device goes to the circuit of that id; a new circuit is the row's own. */
static int merge(struct shaped_reader *r, struct net_circuit *c)
{
	const size_t *known = net_index_find(&r->circuits, c->id);
	struct net_circuit *first;
	int e;

	if (!known) {
		e = net_index_add(&r->circuits, c->id, r->network->circuits.n);
		if (!e)
			e = vec_push(&r->network->circuits, *c);
		if (!e)
			*c = (struct net_circuit){ 0 };
		return e;
	}
	first = &r->network->circuits.at[*known];
	if (check_same(r, first, c))
		return 0;
	e = vec_push(&first->devices, c->devices.at[0]);
	if (!e)
		c->devices.n = 0;
	return e;
}

/* All fields empty, as spreadsheets leave behind. */
static bool is_empty(const struct csv *csv)
{
	vec_foreach(&csv->fields, f)
		if (*f->text)
			return false;
	return true;
}

static int check_width(struct shaped_reader *r)
{
	size_t n = r->csv.fields.n;

	if (n == r->header.n)
		return 0;
	(void)diag_error(r->d, &r->csv.at, "%zu field%s, but the header has %zu", n,
			 n == 1 ? "" : "s", r->header.n);
	if (r->csv.end.line > r->csv.at.line)
		diag_hint(r->d, "a quote that opens in this line closes in line %u", r->csv.end.line);
	else if (n > r->header.n)
		diag_hint(r->d, "a field that holds commas stands between quotes");
	csv_resume(&r->csv);
	return -EINVAL;
}

static int read_row(struct shaped_reader *r)
{
	struct net_circuit c = { 0 };
	unsigned before = r->d->errors;
	int e;

	/* A quoted # makes a comment too. */
	if (is_empty(&r->csv) || *r->csv.fields.at[0].text == '#' || check_width(r))
		return 0;
	e = shaped_row_read(r, &c);
	if (!e && r->d->errors == before)
		e = merge(r, &c);
	net_circuit_free(&c);
	return e;
}

static int read_all(struct shaped_reader *r)
{
	bool header = false;
	int e;

	while ((e = csv_next(&r->csv, r->d)) != 0) {
		if (e == -ENOMEM)
			return e;
		if (e < 0 || (!header && *r->csv.fields.at[0].text == '#'))
			continue;
		e = header ? read_row(r) : shaped_header_read(&r->csv, &r->header, r->d);
		if (e)
			return e;
		header = true;
	}
	return header ? 0 :
			diag_error(r->d, &(struct mark){ .file = r->csv.name },
				   "the file is empty: the first row names the columns");
}

int shaped_devices_read(const char *name, const char *text, size_t len, struct network *network,
			struct diag *d)
{
	_cleanup_(reader_free) struct shaped_reader r = { .network = network, .d = d };
	unsigned before = d->errors;
	int e = text_check(name, text, len, d);

	if (e)
		return e;
	csv_begin(&r.csv, name, text, len);
	e = read_all(&r);
	if (e == -ENOMEM)
		(void)diag_error(d, NULL, "out of memory");
	return e ? e : d->errors > before ? -EINVAL : 0;
}
