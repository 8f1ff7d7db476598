/* SPDX-License-Identifier: GPL-2.0-only */
/* counters: what the packet path counted, and with --watch how fast it counts. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/format.h"
#include "cli/table.h"

/* What the last round showed, for the rates. */
struct before {
	json_t *counters;
	double at;
};

static const char *text_of(const json_t *c, const char *key)
{
	const char *text = json_string_value(json_object_get(c, key));

	return text ? text : "";
}

static int64_t number_of(const json_t *c, const char *key)
{
	return json_integer_value(json_object_get(c, key));
}

static bool is_same(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "interface", "stage", "name" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strcmp(text_of(a, keys[i]), text_of(b, keys[i])))
			return false;
	return true;
}

/* Rounds list the same rows, mostly: the one at the same place is looked at first. */
static const json_t *find(const json_t *list, const json_t *counter, size_t guess)
{
	const json_t *at = json_array_get(list, guess);

	if (at && is_same(at, counter))
		return at;
	for (size_t i = 0; i < json_array_size(list); i++) {
		at = json_array_get(list, i);
		if (is_same(at, counter))
			return at;
	}
	return NULL;
}

static const json_t *find_cpu(const json_t *counter, int64_t cpu)
{
	const json_t *list = json_object_get(counter, "cpu");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (number_of(json_array_get(list, i), "cpu") == cpu)
			return json_array_get(list, i);
	return NULL;
}

/* --- rows ----------------------------------------------------------------------------------- */

static void add_count(struct table *t, int64_t n)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	format_count(&text, n);
	table_cell(t, strbuf_text(&text), STYLE_PLAIN);
}

/* Blank in the first round, and when a counter began again. */
static void add_rates(struct table *t, const json_t *source, const json_t *old, double seconds)
{
	_cleanup_strbuf_ struct strbuf bits = { 0 };
	int64_t packets = number_of(source, "packets") - number_of(old, "packets");
	int64_t bytes = number_of(source, "bytes") - number_of(old, "bytes");

	if (!old || seconds <= 0 || packets < 0 || bytes < 0) {
		table_cell(t, "", STYLE_PLAIN);
		table_cell(t, "", STYLE_PLAIN);
		return;
	}
	add_count(t, (int64_t)((double)packets / seconds + 0.5));
	format_bits(&bits, (double)bytes * 8 / seconds);
	table_cell(t, strbuf_text(&bits), STYLE_PLAIN);
}

struct view {
	const struct cli *cli;
	struct table table;
	const struct before *before; /* NULL without --watch */
	double seconds;
};

static void add_columns(struct view *v)
{
	table_column(&v->table, "INTERFACE", false, false);
	table_column(&v->table, "STAGE", false, false);
	table_column(&v->table, "COUNTER", false, false);
	if (cli_has(v->cli, "per-cpu"))
		table_column(&v->table, "CPU", true, false);
	table_column(&v->table, "PACKETS", true, false);
	table_column(&v->table, "BYTES", true, false);
	if (v->before) {
		table_column(&v->table, "PACKETS/S", true, false);
		table_column(&v->table, "RATE", true, false);
	}
	table_column(&v->table, "MEANING", false, true);
}

/* `source` is the counter itself or one of its CPUs. */
static void add_row(struct view *v, const json_t *counter, const json_t *source, const json_t *old)
{
	if (!cli_has(v->cli, "all") && !number_of(source, "packets") && !number_of(source, "bytes"))
		return;
	table_cell(&v->table, text_of(counter, "interface"), STYLE_PLAIN);
	table_cell(&v->table, text_of(counter, "stage"), STYLE_PLAIN);
	table_cell(&v->table, text_of(counter, "name"), STYLE_PLAIN);
	if (cli_has(v->cli, "per-cpu"))
		add_count(&v->table, number_of(source, "cpu"));
	add_count(&v->table, number_of(source, "packets"));
	add_count(&v->table, number_of(source, "bytes"));
	if (v->before)
		add_rates(&v->table, source, old, v->seconds);
	table_cell(&v->table, text_of(counter, "help"), STYLE_PLAIN);
}

static void add_counter(struct view *v, const json_t *counter, size_t guess)
{
	const json_t *old = v->before ? find(v->before->counters, counter, guess) : NULL;
	const json_t *cpus = json_object_get(counter, "cpu");

	if (!cli_has(v->cli, "per-cpu")) {
		add_row(v, counter, counter, old);
		return;
	}
	for (size_t i = 0; i < json_array_size(cpus); i++) {
		const json_t *cpu = json_array_get(cpus, i);

		add_row(v, counter, cpu, find_cpu(old, number_of(cpu, "cpu")));
	}
}

static void show(const struct cli *cli, const json_t *counters, const struct before *before, double at)
{
	struct view v = { .cli = cli, .before = before, .seconds = before ? at - before->at : 0 };
	_cleanup_strbuf_ struct strbuf out = { 0 };

	add_columns(&v);
	for (size_t i = 0; i < json_array_size(counters); i++)
		add_counter(&v, json_array_get(counters, i), i);
	if (v.table.cells.n) {
		table_print(&v.table, format_terminal_width(), format_colour(), &out);
		(void)fputs(strbuf_text(&out), stdout);
	} else {
		(void)fprintf(stderr, "weir: every counter is zero%s\n",
			      cli_has(cli, "all") ? "" : "; --all shows them");
	}
	table_free(&v.table);
}

/* --- the command ---------------------------------------------------------------------------- */

static json_t *parameters(const struct cli *cli)
{
	static const char *const keys[] = { "interface", "stage" };
	json_t *p = json_object();

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (cli_has(cli, keys[i]))
			(void)json_object_set_new(p, keys[i], json_string(cli_value(cli, keys[i])));
	return p;
}

static enum cli_status once(const struct cli *cli, struct bus_client *client, void *state)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	struct before *before = state;
	enum cli_status s = cli_ask_over(client, "io.weir.GetCounters", parameters(cli), &reply);
	double at = (double)clock_now_ns(CLOCK_MONOTONIC) / 1e9;
	json_t *counters;

	if (s)
		return s;
	counters = json_object_get(reply.parameters, "counters");
	if (cli->json) {
		(void)json_dumpf(reply.parameters, stdout, JSON_COMPACT);
		(void)putchar('\n');
	} else {
		show(cli, counters, before, at);
	}
	json_decref(before->counters);
	*before = (struct before){ json_incref(counters), at };
	return CLI_OK;
}

enum cli_status cmd_counters(const struct cli *cli)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	struct before before = { 0 };
	enum cli_status s;

	if (cli_has(cli, "watch")) {
		s = cli_watch(cli, cli_seconds(cli, "watch", 1), once, &before);
		json_decref(before.counters);
		return s;
	}
	s = cli_ask(cli, "io.weir.GetCounters", parameters(cli), &reply);
	if (s)
		return s;
	if (cli->json)
		return cli_print_json(reply.parameters);
	show(cli, json_object_get(reply.parameters, "counters"), NULL, 0);
	return CLI_OK;
}
