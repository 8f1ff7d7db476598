/* SPDX-License-Identifier: GPL-2.0-only */
/* subscribers show: everything about one. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/view.h"

/* --- the two directions ------------------------------------------------------------------------- */

static void add_rate(struct strbuf *out, const json_t *value)
{
	format_rate(out, json_integer_value(value));
}

static void add_speed(struct strbuf *out, const json_t *value)
{
	format_bits(out, json_number_value(value));
}

static void add_packet_rate(struct strbuf *out, const json_t *value)
{
	format_count(out, (int64_t)json_number_value(value));
	strbuf_add(out, "/s");
}

static void add_bytes(struct strbuf *out, const json_t *value)
{
	format_bytes(out, json_integer_value(value));
}

/* A row of figures; one that the daemon says of neither direction is left out. */
static const struct {
	const char *title, *path;
	void (*format)(struct strbuf *out, const json_t *value);
} rows[] = {
	{ "plan", "plan.%s", add_rate },
	{ "of it guaranteed", "plan.min_%s", add_rate },
	{ "rate in force", "rate.%s", add_rate },
	{ "of it guaranteed", "rate.min_%s", add_rate },
	{ "queue", "leaf.%s", format_value },
	{ "class", "class.%s", format_value },
	{ "now", "bps.%s", add_speed },
	{ "packets now", "pps.%s", add_packet_rate },
	{ "arrived", "offered.%s.bytes", add_bytes },
	{ "packets arrived", "offered.%s.packets", format_value },
	{ "sent", "sent.%s.bytes", add_bytes },
	{ "packets sent", "sent.%s.packets", format_value },
	{ "dropped", "sent.%s.drops", format_value },
	{ "marked", "sent.%s.marks", format_value },
	{ "waiting", "sent.%s.backlog_bytes", add_bytes },
	{ "packets waiting", "sent.%s.backlog_packets", format_value },
};

static const json_t *find_value(const json_t *s, const char *path, size_t direction)
{
	static const char *const classes[VIEW_DIRECTIONS] = { "class_down", "class_up" };
	_cleanup_strbuf_ struct strbuf full = { 0 };
	const char *hole = strstr(path, "%s");

	if (!strcmp(path, "class.%s"))
		return view_at(s, "%s", classes[direction]);
	strbuf_addf(&full, "%.*s%s%s", (int)(hole - path), path, view_directions[direction],
		    hole + 2);
	return view_at(s, "%s", strbuf_text(&full));
}

static void add_row(struct table *t, const json_t *s, size_t row)
{
	const json_t *values[VIEW_DIRECTIONS];
	bool any = false;

	for (size_t i = 0; i < VIEW_DIRECTIONS; i++) {
		values[i] = find_value(s, rows[row].path, i);
		any |= values[i] && !json_is_null(values[i]);
	}
	if (!any)
		return;
	table_cell(t, rows[row].title, STYLE_PLAIN);
	for (size_t i = 0; i < VIEW_DIRECTIONS; i++) {
		_cleanup_strbuf_ struct strbuf text = { 0 };

		if (values[i] && !json_is_null(values[i]))
			rows[row].format(&text, values[i]);
		table_cell(t, text.len ? strbuf_text(&text) : "-", STYLE_PLAIN);
	}
}

static void print_figures(const json_t *s)
{
	_cleanup_table_ struct table t = { 0 };

	table_column(&t, "", false, false);
	table_column(&t, "DOWNLOAD", true, false);
	table_column(&t, "UPLOAD", true, false);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		add_row(&t, s, i);
	if (t.cells.n)
		view_print(&t);
}

/* --- the rest ----------------------------------------------------------------------------------- */

static void print_line(const char *title, const json_t *value)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	if (!value || json_is_null(value))
		return;
	strbuf_addf(&text, "%s: ", title);
	format_value(&text, value);
	view_print_line(strbuf_text(&text));
}

static void print_head(const json_t *s)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	const char *name = view_text(s, "name");

	strbuf_addf(&text, "%s%s%s", view_text(s, "id"), *name ? " " : "", name);
	view_print_line(strbuf_text(&text));
	print_line("parent", view_at(s, "parent"));
	print_line("addresses", view_at(s, "addresses"));
	print_line("CPU", view_at(s, "cpu"));
}

static void print_devices(const json_t *devices)
{
	static const struct {
		const char *title, *key;
	} columns[] = { { "DEVICE", "id" },
			{ "NAME", "name" },
			{ "MAC", "mac" },
			{ "ADDRESSES", "addresses" },
			{ "COMMENT", "comment" } };
	_cleanup_table_ struct table t = { 0 };

	if (!json_array_size(devices))
		return;
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		table_column(&t, columns[i].title, false, false);
	for (size_t d = 0; d < json_array_size(devices); d++)
		for (size_t i = 0; i < ARRAY_LEN(columns); i++)
			view_cell_value(&t,
					view_at(json_array_get(devices, d), "%s", columns[i].key));
	(void)putchar('\n');
	view_print(&t);
}

static void print_remarks(const json_t *s)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	if (view_is_clamped(s, "download") || view_is_clamped(s, "upload"))
		(void)puts("the nodes above give less than the plan");
	if (json_is_true(view_at(s, "by_command")))
		strbuf_addf(&text,
			    "in no file, added by command: 'weir subscribers remove %s' forgets it",
			    view_text(s, "id"));
	else if (json_is_true(view_at(s, "changed")))
		strbuf_addf(&text, "changed by command: 'weir subscribers reset %s' brings back the file's word",
			    view_text(s, "id"));
	else
		return;
	view_print_line(strbuf_text(&text));
}

enum cli_status cmd_subscribers_show(const struct cli *cli)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	json_t *parameters = json_pack("{ss}", "id", cli_word(cli, 0));
	const json_t *s;
	enum cli_status status;

	if (!parameters)
		return cli_wrong_usage("'%s' is not the id of a subscriber", cli_word(cli, 0));
	status = cli_ask(cli, "io.weir.subscribers.Show", parameters, &reply);
	if (status)
		return status;
	if (cli->json)
		return cli_print_json(reply.parameters);
	s = view_at(reply.parameters, "subscriber");
	print_head(s);
	print_figures(s);
	print_remarks(s);
	print_devices(view_at(s, "devices"));
	return CLI_OK;
}
