/* SPDX-License-Identifier: GPL-2.0-only */
/* rtt: round-trip times of each subscriber, or of each node of the tree. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/rtt_look.h"
#include "cli/view.h"

/* A subscriber's line is always the same: what it takes longer than at its best, it waited. */
#define SWOLLEN 100 /* ms */

enum cell { TEXT, COUNT, MS };
enum when { ALWAYS, BY_SUBSCRIBER, BY_NODE, EACH_KIND };

static const struct column {
	const char *title, *key;
	enum cell cell;
	enum when when;
	bool spare;
} columns[] = {
	{ "SUBSCRIBER", "subscriber", TEXT, BY_SUBSCRIBER },
	{ "NAME", "name", TEXT, BY_SUBSCRIBER, true },
	{ "NODE", "node", TEXT, BY_SUBSCRIBER, true },
	{ "CLASS", "class", TEXT, BY_SUBSCRIBER, true },
	{ "NODE", "node", TEXT, BY_NODE },
	{ "SUBSCRIBERS", "subscribers", COUNT, BY_NODE },
	{ "SIDE", "side", TEXT },
	{ "KIND", "kind", TEXT, EACH_KIND },
	{ "SAMPLES", "samples", COUNT },
	{ "MEAN", "mean", MS },
	{ "MIN", "min", MS },
	{ "P50", "p50", MS },
	{ "P90", "p90", MS },
	{ "P99", "p99", MS },
	{ "MAX", "max", MS },
};

static bool is_given(const struct cli *cli, const char *option, const char *word)
{
	const char *value = cli_value(cli, option);

	return value && !strcmp(value, word);
}

static bool is_shown(const struct cli *cli, const struct column *c)
{
	switch (c->when) {
	case BY_SUBSCRIBER:
		return !is_given(cli, "by", "node");
	case BY_NODE:
		return is_given(cli, "by", "node");
	case EACH_KIND:
		return is_given(cli, "kind", "each");
	default:
		return true;
	}
}

/* On the internet's side a small least only says that some host is near. */
static enum style style_of(const json_t *row, const char *key)
{
	bool usual = !strcmp(key, "p50") || !strcmp(key, "p90");
	double more =
		json_number_value(view_at(row, "%s", key)) - json_number_value(view_at(row, "min"));

	return usual && !strcmp(view_text(row, "side"), "access") && more >= SWOLLEN ? STYLE_WARN :
										       STYLE_PLAIN;
}

static void add_cell(struct table *t, const struct column *c, const json_t *row)
{
	const char *text = view_text(row, c->key);

	switch (c->cell) {
	case COUNT:
		view_cell_value(t, view_at(row, "%s", c->key));
		break;
	case MS:
		rtt_cell_ms(t, view_at(row, "%s", c->key), style_of(row, c->key));
		break;
	default:
		table_cell(t, *text ? text : "-", STYLE_PLAIN);
	}
}

static void print_rows(const struct cli *cli, const json_t *rows)
{
	_cleanup_table_ struct table t = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		if (is_shown(cli, &columns[i]))
			table_column(&t, columns[i].title, columns[i].cell != TEXT, columns[i].spare);
	for (size_t r = 0; r < json_array_size(rows); r++)
		for (size_t i = 0; i < ARRAY_LEN(columns); i++)
			if (is_shown(cli, &columns[i]))
				add_cell(&t, &columns[i], json_array_get(rows, r));
	view_print(&t);
}

static void print_answer(const struct cli *cli, const json_t *answer)
{
	const json_t *rows = view_at(answer, "rows");
	int64_t lost = view_number(answer, "lost");
	_cleanup_strbuf_ struct strbuf out = { 0 };

	if (json_array_size(rows))
		print_rows(cli, rows);
	strbuf_add(&out, json_array_size(rows) ? "milliseconds, of the last " :
						 "no samples in the last ");
	format_count(&out, view_number(answer, "seconds"));
	strbuf_add(&out, " s\n");
	if (lost > 0) {
		format_count(&out, lost);
		strbuf_add(&out, lost == 1 ? " sample was lost" : " samples were lost");
		strbuf_add(&out, " since the start: more came at once than there was room for\n");
	}
	(void)fputs(strbuf_text(&out), stdout);
}

enum cli_status cmd_rtt(const struct cli *cli)
{
	return rtt_look(cli, "io.weir.rtt.List", 0, print_answer);
}
