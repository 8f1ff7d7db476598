/* SPDX-License-Identifier: GPL-2.0-only */
/* What is shown as the daemon gives it: a stage's table, the configuration, an interface in words. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/table.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* --- a stage -------------------------------------------------------------------------------- */

static void add_rows(struct table *t, const json_t *columns, const json_t *rows)
{
	for (size_t r = 0; r < json_array_size(rows); r++)
		for (size_t c = 0; c < json_array_size(columns); c++) {
			const char *key = text_of(json_array_get(columns, c), "key");
			_cleanup_strbuf_ struct strbuf text = { 0 };

			format_value(&text, json_object_get(json_array_get(rows, r), key));
			table_cell(t, strbuf_text(&text), STYLE_PLAIN);
		}
}

static void show_table(const json_t *p)
{
	const json_t *columns = json_object_get(p, "columns");
	_cleanup_table_ struct table t = { 0 };
	_cleanup_strbuf_ struct strbuf out = { 0 };

	if (*text_of(p, "title"))
		strbuf_addf(&out, "%s\n", text_of(p, "title"));
	for (size_t c = 0; c < json_array_size(columns); c++) {
		const json_t *column = json_array_get(columns, c);

		table_column(&t, text_of(column, "label"),
			     !strcmp(text_of(column, "align"), "right"), false);
	}
	add_rows(&t, columns, json_object_get(p, "rows"));
	table_print(&t, format_terminal_width(), format_colour(), &out);
	(void)fputs(strbuf_text(&out), stdout);
}

static void tell_notes(const json_t *notes)
{
	(void)fflush(stdout);
	for (size_t i = 0; i < json_array_size(notes); i++) {
		_cleanup_strbuf_ struct strbuf text = { 0 };
		_cleanup_free_ char *clean = NULL;

		format_value(&text, json_array_get(notes, i));
		clean = format_clean(strbuf_text(&text));
		(void)fprintf(stderr, "note: %s\n", clean ? clean : "");
	}
}

static enum cli_status show_stage(const struct cli *cli, struct bus_client *client, void *state)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	enum cli_status s = cli_ask_over(client, "io.weir.ShowStage",
					 json_pack("{ss}", "stage", cli->command->stage), &reply);
	const json_t *p = reply.parameters;

	if (s)
		return s;
	if (!cli->json) {
		show_table(p);
		tell_notes(json_object_get(p, "notes"));
		return CLI_OK;
	}
	return cli_print_json_round(cli, json_object_get(p, "rows"));
}

enum cli_status cmd_stage_show(const struct cli *cli)
{
	return cli_look(cli, show_stage, NULL);
}

/* --- configuration and explanation ---------------------------------------------------------- */

enum cli_status cmd_config_show(const struct cli *cli)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	_cleanup_strbuf_ struct strbuf out = { 0 };
	enum cli_status s = cli_ask(cli, "io.weir.GetConfig", NULL, &reply);
	const json_t *files = json_object_get(reply.parameters, "files");

	if (s)
		return s;
	if (cli->json)
		return cli_print_json(reply.parameters);
	for (size_t i = 0; i < json_array_size(files); i++) {
		_cleanup_free_ char *file = format_clean(json_string_value(json_array_get(files, i)));

		strbuf_addf(&out, "# from %s\n", file ? file : "");
	}
	format_yaml(&out, json_object_get(reply.parameters, "config"));
	(void)fputs(strbuf_text(&out), stdout);
	return CLI_OK;
}

static enum cli_status explain(const struct cli *cli, const char *method, json_t *parameters)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	enum cli_status s = cli_ask(cli, method, parameters, &reply);
	const json_t *lines;

	if (s)
		return s;
	if (cli->json)
		return cli_print_json(reply.parameters);
	lines = json_object_get(reply.parameters, "lines");
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const char *line = json_string_value(json_array_get(lines, i));
		_cleanup_free_ char *clean = format_clean(line ? line : "");

		(void)puts(clean ? clean : "");
	}
	return CLI_OK;
}

enum cli_status cmd_explain_interface(const struct cli *cli)
{
	json_t *parameters = json_pack("{ss}", "name", cli_word(cli, 0));

	if (!parameters)
		return cli_wrong_usage("'%s' is not the name of an interface", cli_word(cli, 0));
	return explain(cli, "io.weir.ExplainInterface", parameters);
}

enum cli_status cmd_explain_ip(const struct cli *cli)
{
	json_t *parameters = json_pack("{ss}", "address", cli_word(cli, 0));

	if (!parameters)
		return cli_wrong_usage("'%s' is no address", cli_word(cli, 0));
	return explain(cli, "io.weir.ExplainAddress", parameters);
}
