/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/near.h"
#include "config/libreqos/shaped_private.h"
#include "model/show.h"

static const struct {
	const char *name;
	const char *alias; /* another spelling */
	bool required;
} columns[SHAPED_COLUMNS] = {
	[SHAPED_CIRCUIT_ID] = { "Circuit ID", .required = true },
	[SHAPED_CIRCUIT_NAME] = { "Circuit Name" },
	[SHAPED_DEVICE_ID] = { "Device ID" },
	[SHAPED_DEVICE_NAME] = { "Device Name" },
	[SHAPED_PARENT] = { "Parent Node" },
	[SHAPED_MAC] = { "MAC" },
	[SHAPED_IPV4] = { "IPv4" },
	[SHAPED_IPV6] = { "IPv6" },
	[SHAPED_MIN_DOWN] = { "Download Min Mbps", "Download Min" },
	[SHAPED_MIN_UP] = { "Upload Min Mbps", "Upload Min" },
	[SHAPED_MAX_DOWN] = { "Download Max Mbps", "Download Max", .required = true },
	[SHAPED_MAX_UP] = { "Upload Max Mbps", "Upload Max", .required = true },
	[SHAPED_COMMENT] = { "Comment" },
	[SHAPED_PARENT_ID] = { "Parent Node ID" },
	[SHAPED_ANCHOR_ID] = { "Anchor Node ID" },
	[SHAPED_SQM] = { "sqm" },
};

const char *shaped_column_name(enum shaped_column column)
{
	return columns[column].name;
}

static int find_column(const char *name)
{
	for (int i = 0; i < SHAPED_COLUMNS; i++)
		if (!strcasecmp(name, columns[i].name) ||
		    (columns[i].alias && !strcasecmp(name, columns[i].alias)))
			return i;
	return -1;
}

static void add_column(struct shaped_header *h, const struct csv *csv, int field, struct diag *d)
{
	const struct csv_field *f = &csv->fields.at[field];
	int column = find_column(f->text), first;

	if (column < 0)
		return;
	first = h->field[column];
	if (first < 0) {
		h->field[column] = field;
		return;
	}
	(void)diag_error(d, &f->at, "column `%s` is there twice, first at %s:%u:%u",
			 columns[column].name, csv->name, csv->fields.at[first].at.line,
			 csv->fields.at[first].at.column);
}

static void warn_column(const struct csv_field *field, struct diag *d)
{
	const char *names[SHAPED_COLUMNS], *near;

	for (size_t i = 0; i < SHAPED_COLUMNS; i++)
		names[i] = columns[i].name;
	near = d->full ? NULL : near_word(field->text, names, SHAPED_COLUMNS);
	(void)diag_warning(d, &field->at, "unknown column %s is not read",
			   text_quoted(field->text).text);
	if (near)
		diag_hint(d, "did you mean `%s`?", near);
}

/* A row of which nothing is known is no header, and one error says so. */
static void warn_unknown(const struct shaped_header *h, const struct csv *csv, struct diag *d)
{
	bool any = false;

	for (size_t i = 0; i < SHAPED_COLUMNS; i++)
		any |= h->field[i] >= 0;
	vec_foreach(&csv->fields, field)
		if (any && *field->text && find_column(field->text) < 0)
			warn_column(field, d);
}

/* One message for all that is missing. */
static void check_missing(const struct shaped_header *h, const struct csv *csv, struct diag *d)
{
	_cleanup_strbuf_ struct strbuf names = { 0 };

	for (size_t i = 0; i < SHAPED_COLUMNS; i++)
		if (columns[i].required && h->field[i] < 0)
			strbuf_addf(&names, "%s`%s`", names.len ? ", " : "", columns[i].name);
	if (!names.len)
		return;
	(void)diag_error(d, &csv->at, "the header has no column %s", strbuf_text(&names));
	if (csv->fields.n == 1 && strchr(csv->fields.at[0].text, ';'))
		diag_hint(d, "separate columns by commas, not by semicolons");
	else if (h->field[SHAPED_CIRCUIT_ID] < 0 && h->field[SHAPED_CIRCUIT_NAME] < 0)
		diag_hint(d, "the first row names the columns");
}

int shaped_header_read(const struct csv *csv, struct shaped_header *ret, struct diag *d)
{
	struct shaped_header h = { .n = csv->fields.n };
	unsigned before = d->errors;

	for (size_t i = 0; i < SHAPED_COLUMNS; i++)
		h.field[i] = -1;
	for (size_t i = 0; i < csv->fields.n; i++)
		add_column(&h, csv, (int)i, d);
	warn_unknown(&h, csv, d);
	check_missing(&h, csv, d);
	if (d->errors > before)
		return -EINVAL;
	*ret = h;
	return 0;
}
