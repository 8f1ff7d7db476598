/* SPDX-License-Identifier: GPL-2.0-only */
/* subscribers list, top, unknown: many at once, as rows. */
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/view.h"

#define ALL 0 /* of --limit */

/* What one look asks for. */
struct wish {
	const char *method, *sort, *match;
	json_int_t limit; /* ALL for everything */
	void (*print)(const json_t *answer);
};

/* --- the options -------------------------------------------------------------------------------- */

static enum cli_status read_limit(const struct cli *cli, json_int_t *limit)
{
	const char *text = cli_value(cli, "limit");

	if (!text)
		return CLI_OK;
	if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
		return cli_wrong_usage("--limit: '%s' is no number of rows, 0 for all", text);
	*limit = strtoll(text, NULL, 10);
	return CLI_OK;
}

static enum cli_status read_sort(const struct cli *cli, const char **sort)
{
	static const char *const keys[] = { CLI_SORT_KEYS };
	const char *text = cli_value(cli, "sort"), *near;
	_cleanup_strbuf_ struct strbuf all = { 0 };

	if (!text)
		return CLI_OK;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (!strcmp(keys[i], text)) {
			*sort = keys[i];
			return CLI_OK;
		}
		strbuf_addf(&all, "%s%s", i ? ", " : "", keys[i]);
	}
	near = near_word(text, keys, ARRAY_LEN(keys));
	if (near)
		return cli_wrong_usage("--sort: unknown key '%s', did you mean '%s'?", text, near);
	return cli_wrong_usage("--sort: unknown key '%s', expected one of: %s", text,
			       strbuf_text(&all));
}

/* --- asking ------------------------------------------------------------------------------------- */

static json_t *make_parameters(const struct wish *wish)
{
	json_t *p = json_object();

	if (wish->sort)
		(void)json_object_set_new(p, "sort", json_string(wish->sort));
	if (wish->match)
		(void)json_object_set_new(p, "match", json_string(wish->match));
	if (wish->limit != ALL)
		(void)json_object_set_new(p, "limit", json_integer(wish->limit));
	return p;
}

static enum cli_status look(const struct cli *cli, struct bus_client *client, void *state)
{
	const struct wish *wish = state;
	_cleanup_reply_ struct bus_reply reply = { 0 };
	enum cli_status s = cli_ask_over(client, wish->method, make_parameters(wish), &reply);

	if (s)
		return s;
	if (!cli->json)
		wish->print(reply.parameters);
	else
		return cli_print_json_round(cli, reply.parameters);
	return CLI_OK;
}

static enum cli_status run(const struct cli *cli, struct wish *wish)
{
	enum cli_status s = read_limit(cli, &wish->limit);

	if (!s)
		s = read_sort(cli, &wish->sort);
	if (s)
		return s;
	wish->match = cli_value(cli, "match");
	return cli_look(cli, look, wish);
}

/* --- list and top ------------------------------------------------------------------------------- */

static const struct {
	const char *title;
	bool right, spare;
} list_columns[] = {
	{ "ID", false, false },	    { "NAME", false, true },	 { "PARENT", false, true },
	{ "ADDRESS", false, true }, { "DOWNLOAD", true, false }, { "UPLOAD", true, false },
	{ "DROPS", true, false },   { "WAITING", true, true },	 { "CPU", true, true },
};

/* The first, and how many more there are. */
static void add_addresses(struct table *t, const json_t *addresses)
{
	const char *first = json_string_value(json_array_get(addresses, 0));
	size_t n = json_array_size(addresses);

	if (n > 1)
		table_cellf(t, "%s +%zu", first ? first : "", n - 1);
	else
		table_cell(t, first ? first : "-", STYLE_PLAIN);
}

static void add_subscriber(struct table *t, const json_t *s)
{
	int64_t drops = view_sum(s, "sent.%s.drops");
	_cleanup_strbuf_ struct strbuf text = { 0 };

	format_count(&text, drops);
	table_cell(t, view_text(s, "id"), STYLE_PLAIN);
	table_cell(t, view_text(s, "name"), STYLE_PLAIN);
	view_cell_value(t, view_at(s, "parent"));
	add_addresses(t, view_at(s, "addresses"));
	for (size_t i = 0; i < VIEW_DIRECTIONS; i++)
		view_cell_use(t, s, view_directions[i]);
	table_cell(t, strbuf_text(&text), drops ? STYLE_WARN : STYLE_PLAIN);
	view_cell_number(t, view_sum(s, "sent.%s.backlog_bytes"), format_bytes);
	view_cell_value(t, view_at(s, "cpu"));
}

static void print_sum(const json_t *answer, size_t shown, const char *what)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	int64_t total = view_number(answer, "total");

	if (total > (int64_t)shown) {
		strbuf_addf(&out, "%zu of ", shown);
		format_count(&out, total);
		strbuf_addf(&out, " %s; --limit 0 shows all\n", what);
	} else {
		format_count(&out, (int64_t)shown);
		strbuf_addf(&out, " %s\n", what);
	}
	(void)fputs(strbuf_text(&out), stdout);
}

static bool any_clamped(const json_t *subscribers)
{
	for (size_t i = 0; i < json_array_size(subscribers); i++)
		for (size_t n = 0; n < VIEW_DIRECTIONS; n++)
			if (view_is_clamped(json_array_get(subscribers, i), view_directions[n]))
				return true;
	return false;
}

static void print_list(const json_t *answer)
{
	const json_t *subscribers = view_at(answer, "subscribers");
	size_t n = json_array_size(subscribers);
	_cleanup_table_ struct table t = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(list_columns); i++)
		table_column(&t, list_columns[i].title, list_columns[i].right, list_columns[i].spare);
	for (size_t i = 0; i < n; i++)
		add_subscriber(&t, json_array_get(subscribers, i));
	if (n)
		view_print(&t);
	print_sum(answer, n, n == 1 ? "subscriber" : "subscribers");
	if (any_clamped(subscribers))
		(void)puts("* less than the plan: 'weir subscribers show ID' has both");
	if (json_is_false(view_at(answer, "shaped")))
		(void)puts("nothing is shaped: packets are only counted");
}

enum cli_status cmd_subscribers_list(const struct cli *cli)
{
	struct wish wish = { "io.weir.subscribers.List", .limit = 50, .print = print_list };

	return run(cli, &wish);
}

enum cli_status cmd_subscribers_top(const struct cli *cli)
{
	struct wish wish = { "io.weir.subscribers.List", .sort = "download", .limit = 20,
			     .print = print_list };

	return run(cli, &wish);
}

/* --- unknown ------------------------------------------------------------------------------------ */

static void add_unknown(struct table *t, const json_t *address)
{
	_cleanup_strbuf_ struct strbuf seen = { 0 };

	format_duration(&seen, view_number(address, "seconds_ago"));
	table_cell(t, view_text(address, "address"), STYLE_PLAIN);
	view_cell_number(t, view_number(address, "packets"), format_count);
	view_cell_number(t, view_number(address, "bytes"), format_bytes);
	table_cellf(t, "%s ago", strbuf_text(&seen));
}

static void print_unknown(const json_t *answer)
{
	const json_t *addresses = view_at(answer, "addresses");
	size_t n = json_array_size(addresses);
	_cleanup_table_ struct table t = { 0 };

	table_column(&t, "ADDRESS", false, false);
	table_column(&t, "PACKETS", true, false);
	table_column(&t, "BYTES", true, false);
	table_column(&t, "SEEN", true, false);
	for (size_t i = 0; i < n; i++)
		add_unknown(&t, json_array_get(addresses, i));
	if (n)
		view_print(&t);
	print_sum(answer, n, n == 1 ? "address is nobody's" : "addresses are nobody's");
}

enum cli_status cmd_subscribers_unknown(const struct cli *cli)
{
	struct wish wish = { "io.weir.subscribers.Unknown", .limit = 50, .print = print_unknown };

	return run(cli, &wish);
}
