/* SPDX-License-Identifier: GPL-2.0-only */
/* tree: the nodes as they hang below each other, how much they may and how much goes now. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/view.h"

#define NEARLY_FULL 90 /* percent */
#define DEPTH_MAX 32

static const struct {
	const char *title;
	bool right, spare;
} columns[] = {
	{ "NODE", false, false },     { "DOWNLOAD", true, false }, { "", true, false },
	{ "UPLOAD", true, false },    { "", true, false },	   { "DROPS", true, false },
	{ "CIRCUITS", true, true },   { "WAITING", true, true },   { "CPU", true, true },
	{ "CLASS DOWN", true, true }, { "CLASS UP", true, true },
};

/* A circuit is known by its id, and has a name besides. */
static void add_name(struct table *t, const json_t *node)
{
	const char *id = view_text(node, "id"), *name = view_text(node, "name");
	int64_t depth = view_number(node, "depth");
	bool circuit = !strcmp(view_text(node, "kind"), "circuit") && *id;

	table_cellf(t, "%*s%s%s%s", (int)(2 * MIN(MAX(depth, 0), DEPTH_MAX)), "", circuit ? id : "",
		    circuit && *name ? " " : "", name);
}

static void add_percent(struct table *t, const json_t *node, const char *direction)
{
	int64_t rate = view_number(node, "rate.%s", direction);
	double share =
		rate > 0 ? 100 * (double)view_number(node, "bps.%s", direction) / (double)rate : 0;
	char text[32] = "";

	if (rate > 0)
		(void)snprintf(text, sizeof(text), "%.0f%%", share);
	table_cell(t, text, share >= NEARLY_FULL ? STYLE_WARN : STYLE_PLAIN);
}

static void add_node(struct table *t, const json_t *node)
{
	add_name(t, node);
	for (size_t i = 0; i < VIEW_DIRECTIONS; i++) {
		view_cell_use(t, node, view_directions[i]);
		add_percent(t, node, view_directions[i]);
	}
	view_cell_number(t, view_sum(node, "sent.%s.drops"), format_count);
	view_cell_value(t, view_at(node, "circuits"));
	view_cell_number(t, view_sum(node, "sent.%s.backlog_bytes"), format_bytes);
	view_cell_value(t, view_at(node, "cpu"));
	view_cell_value(t, view_at(node, "class_down"));
	view_cell_value(t, view_at(node, "class_up"));
}

static void print_tree(const json_t *answer)
{
	const json_t *nodes = view_at(answer, "nodes");
	_cleanup_table_ struct table t = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		table_column(&t, columns[i].title, columns[i].right, columns[i].spare);
	for (size_t i = 0; i < json_array_size(nodes); i++)
		add_node(&t, json_array_get(nodes, i));
	if (t.cells.n)
		view_print(&t);
	else
		(void)puts("there is no node");
	if (json_is_false(view_at(answer, "shaped")))
		(void)puts("nothing is shaped: packets are only counted");
}

static enum cli_status look(const struct cli *cli, struct bus_client *client, void *state)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	enum cli_status s =
		cli_ask_over(client, "io.weir.subscribers.Tree", json_deep_copy(state), &reply);

	if (s)
		return s;
	if (cli->json)
		return cli_print_json_round(cli, reply.parameters);
	print_tree(reply.parameters);
	return CLI_OK;
}

enum cli_status cmd_tree(const struct cli *cli)
{
	json_auto_t *parameters = json_object();

	if (cli_word(cli, 0) && json_object_set_new(parameters, "node", json_string(cli_word(cli, 0))))
		return cli_wrong_usage("'%s' is not the name of a node", cli_word(cli, 0));
	if (cli_has(cli, "circuits"))
		(void)json_object_set_new(parameters, "circuits", json_true());
	return cli_look(cli, look, parameters);
}
