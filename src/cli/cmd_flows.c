/* SPDX-License-Identifier: GPL-2.0-only */
/* flows: who talks to whom, how much, and how long the answers take. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/rtt_look.h"
#include "cli/view.h"

#define TOP 20	     /* rows, unless told otherwise */
#define MUCH_AGAIN 2 /* percent of the packets: something on the way is bad or too full */

static const struct {
	const char *title;
	bool right, spare;
} columns[] = {
	{ "PROTO", false, false },   { "SUBSCRIBER", false, true }, { "NEAR", false, false },
	{ "FAR", false, false },     { "STATE", false, true },	    { "DOWN", true, false },
	{ "UP", true, false },	     { "AGAIN", true, true },	    { "ACCESS", true, false },
	{ "INTERNET", true, false }, { "AGE", true, true },
};

/* "100.64.0.5:443", "[2001:db8::1]:443" */
static void add_endpoint(struct table *t, const json_t *flow, const char *address, const char *port)
{
	const char *text = view_text(flow, address);
	bool colons = strchr(text, ':');

	table_cellf(t, "%s%s%s:%d", colons ? "[" : "", text, colons ? "]" : "",
		    (int)view_number(flow, "%s", port));
}

static void add_again(struct table *t, const json_t *flow)
{
	int64_t again = view_sum(flow, "again.%s"), packets = view_sum(flow, "packets.%s");
	_cleanup_strbuf_ struct strbuf text = { 0 };

	format_count(&text, again);
	table_cell(t, strbuf_text(&text),
		   again * 100 > packets * MUCH_AGAIN ? STYLE_WARN : STYLE_PLAIN);
}

static void add_flow(struct table *t, const json_t *flow)
{
	table_cell(t, view_text(flow, "proto"), STYLE_PLAIN);
	view_cell_value(t, view_at(flow, "subscriber"));
	add_endpoint(t, flow, "near", "near_port");
	add_endpoint(t, flow, "far", "far_port");
	table_cell(t, view_text(flow, "state"), STYLE_PLAIN);
	for (size_t i = 0; i < VIEW_DIRECTIONS; i++)
		view_cell_number(t, view_number(flow, "bytes.%s", view_directions[i]), format_bytes);
	add_again(t, flow);
	rtt_cell_ms(t, view_at(flow, "rtt.access"), STYLE_PLAIN);
	rtt_cell_ms(t, view_at(flow, "rtt.internet"), STYLE_PLAIN);
	view_cell_number(t, view_number(flow, "age"), format_duration);
}

static void print_flows(const json_t *flows)
{
	_cleanup_table_ struct table t = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		table_column(&t, columns[i].title, columns[i].right, columns[i].spare);
	for (size_t i = 0; i < json_array_size(flows); i++)
		add_flow(&t, json_array_get(flows, i));
	view_print(&t);
}

static void print_answer(const struct cli *cli, const json_t *answer)
{
	const json_t *flows = view_at(answer, "flows");
	int64_t full = view_number(answer, "full");
	_cleanup_strbuf_ struct strbuf out = { 0 };

	if (json_array_size(flows)) {
		print_flows(flows);
		strbuf_add(&out, "round trips in milliseconds; ");
	} else {
		strbuf_add(&out, "no such flow; ");
	}
	format_count(&out, view_number(answer, "used"));
	strbuf_add(&out, " of ");
	format_count(&out, view_number(answer, "places"));
	strbuf_add(&out, " places for flows are in use\n");
	if (full > 0) {
		format_count(&out, full);
		strbuf_add(&out, full == 1 ? " flow found no place\n" : " flows found no place\n");
	}
	(void)fputs(strbuf_text(&out), stdout);
}

enum cli_status cmd_flows(const struct cli *cli)
{
	return rtt_look(cli, "io.weir.rtt.Flows", TOP, print_answer);
}
