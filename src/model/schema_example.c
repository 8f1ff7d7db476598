/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The native language as a commented file that loads as it stands.  A key without default or
 * example is shown behind a '#', and so is one that not every machine has.
 */
#include <inttypes.h>
#include <string.h>

#include "model/network.h"
#include "model/schema.h"
#include "model/value.h"

#define WIDTH 96
#define STEP 2u
#define MEGA UINT64_C(1000000)

static void indent(struct strbuf *out, unsigned by)
{
	strbuf_addf(out, "%*s", (int)by, "");
}

/* Words behind "# ", broken at the width of a page. */
static void add_comment(struct strbuf *out, unsigned by, const char *text)
{
	size_t column = WIDTH;
	size_t start = out->len;

	for (; text && *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");

		if (column + 1 + len > WIDTH) {
			if (out->len > start)
				strbuf_add_char(out, '\n');
			indent(out, by);
			strbuf_add_char(out, '#');
			column = by + 1;
		}
		strbuf_add_char(out, ' ');
		strbuf_add_bytes(out, text, len);
		column += 1 + len;
		text += len;
	}
	if (out->len > start)
		strbuf_add_char(out, '\n');
}

/* Help, what the key wants where that is not plain, and its default. */
static void add_help(struct strbuf *out, unsigned by, const struct schema_row *row)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	strbuf_add(&text, row->help ?: "");
	if (row->kind == SCHEMA_INT || row->kind == SCHEMA_ENUM) {
		strbuf_add(&text, text.len ? " Wants " : "Wants ");
		value_wants(row, &text);
		strbuf_add_char(&text, '.');
	}
	if (row->required)
		strbuf_add(&text, text.len ? " Required." : "Required.");
	else if (row->def)
		strbuf_addf(&text, "%sDefault: %s.", text.len ? " " : "", row->def);
	add_comment(out, by, strbuf_text(&text));
}

/* A value that the row accepts, for a key that must stand there. */
static void add_any_value(struct strbuf *out, const struct schema_row *row)
{
	bool is_ifname = row->kind == SCHEMA_IFNAME || row->kind == SCHEMA_IFNAMES;

	if (row->kind == SCHEMA_INT)
		strbuf_addf(out, "%" PRId64, row->min);
	else if (row->kind == SCHEMA_BOOL)
		strbuf_add(out, "false");
	else if (row->kind == SCHEMA_ENUM)
		strbuf_add(out, row->names[0]);
	else if (row->kind == SCHEMA_STRINGS || row->kind == SCHEMA_PATHS)
		strbuf_add(out, "[]");
	else if (row->kind == SCHEMA_RATE)
		net_rate_format_mbps(row->min ? (uint64_t)row->min : MEGA, out);
	else
		strbuf_add(out, is_ifname ? "eth0" : row->kind == SCHEMA_PATH ? "/path" : "text");
}

static void add_rows(struct strbuf *out, unsigned by, const struct schema_row *rows);

/* An example of several lines is a block below its key. */
static void add_block(struct strbuf *out, unsigned by, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		strbuf_add_char(out, '\n');
		indent(out, by);
		strbuf_add_bytes(out, text, len);
		text += len + (text[len] == '\n');
	}
}

/* One entry: its keys like any others, the first of them behind the dash. */
static void add_item(struct strbuf *out, unsigned by, const struct schema_row *rows)
{
	_cleanup_strbuf_ struct strbuf item = { 0 };
	char *key;

	add_rows(&item, by + STEP, rows);
	key = item.text;
	while (key && (*key == '\n' || strspn(key, " ") != by + STEP || key[by + STEP] == '#'))
		key = strchr(key, '\n') ? strchr(key, '\n') + 1 : NULL;
	if (key)
		key[by] = '-';
	strbuf_add(out, strbuf_text(&item));
}

/* A list's own example are entries behind the explained one. */
static void add_more_items(struct strbuf *out, unsigned by, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		indent(out, by);
		strbuf_add_bytes(out, text, len);
		strbuf_add_char(out, '\n');
		text += len + (text[len] == '\n');
	}
}

static void add_value(struct strbuf *out, unsigned by, const struct schema_row *row)
{
	const char *value = row->example ?: row->def;

	if (row->kind == SCHEMA_LIST) {
		strbuf_add_char(out, '\n');
		add_item(out, by + STEP, row->rows);
		if (value)
			add_more_items(out, by + STEP, value);
		return;
	}
	if (value && strchr(value, '\n')) {
		add_block(out, by + STEP, value);
	} else if (value) {
		strbuf_addf(out, " %s", value);
	} else if (row->kind == SCHEMA_GROUP) {
		strbuf_add_char(out, '\n');
		add_rows(out, by + STEP, row->rows);
		return;
	} else if (row->required) {
		strbuf_add_char(out, ' ');
		add_any_value(out, row);
	}
	strbuf_add_char(out, '\n');
}

/* The same lines, each behind a '#'. */
static void add_aside(struct strbuf *out, unsigned by, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n"), skip = MIN(by, len);

		indent(out, by);
		strbuf_add(out, "# ");
		strbuf_add_bytes(out, lines + skip, len - skip);
		strbuf_add_char(out, '\n');
		lines += len + (lines[len] == '\n');
	}
}

static void add_row(struct strbuf *out, unsigned by, const struct schema_row *row)
{
	indent(out, by);
	strbuf_addf(out, "%s:", row->key);
	add_value(out, by, row);
}

static void add_rows(struct strbuf *out, unsigned by, const struct schema_row *rows)
{
	for (const struct schema_row *row = rows; row->key; row++) {
		bool nested = row->kind == SCHEMA_GROUP || row->kind == SCHEMA_LIST;
		bool has_value = nested || row->required || row->def || row->example;
		_cleanup_strbuf_ struct strbuf lines = { 0 };

		add_help(out, by, row);
		add_row(&lines, by, row);
		if (has_value && !row->aside)
			strbuf_add(out, strbuf_text(&lines));
		else
			add_aside(out, by, strbuf_text(&lines));
	}
}

/* A listed section is shown as the one entry it mostly is, unless its row has more of them. */
static void add_section(struct strbuf *out, const struct schema *schema)
{
	const struct schema_row *rows = schema->rows;

	add_comment(out, 0, schema->help);
	if (schema->shorthand) {
		add_rows(out, 0, rows);
		return;
	}
	strbuf_addf(out, "%s:", schema->name);
	if (schema->listed && rows->example) {
		add_value(out, 0, rows);
		return;
	}
	strbuf_add_char(out, '\n');
	add_rows(out, STEP, schema->listed ? rows->rows : rows);
}

void schema_to_example(const struct schema *const *schemas, size_t n, const char *only,
		       struct strbuf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (only && strcmp(only, schemas[i]->name))
			continue;
		if (out->len)
			strbuf_add_char(out, '\n');
		add_section(out, schemas[i]);
	}
}
