/* SPDX-License-Identifier: GPL-2.0-only */
/* status and version: the first things a person asks. */
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

static int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* --- version -------------------------------------------------------------------------------- */

/* A daemon that is not there is an answer here, not a failure. */
enum cli_status cmd_version(const struct cli *cli)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	enum cli_status s;
	json_t *json;

	if (!cli->json) {
		(void)printf("weir %s\n", WEIR_VERSION);
		(void)fflush(stdout);
	}
	s = cli_ask(cli, "io.weir.GetVersion", NULL, &reply);
	if (!cli->json) {
		if (!s)
			(void)printf("weird %s on kernel %s\n", text_of(reply.parameters, "version"),
				     text_of(reply.parameters, "kernel"));
		return CLI_OK;
	}
	json = json_pack("{ss sO?}", "client", WEIR_VERSION, "daemon", s ? NULL : reply.parameters);
	s = cli_print_json(json);
	json_decref(json);
	return s;
}

/* --- status --------------------------------------------------------------------------------- */

static void add_head(struct strbuf *out, const json_t *p)
{
	json_t *files = json_object_get(p, "files");

	strbuf_addf(out, "weird %s, pid %lld, %s", text_of(p, "version"),
		    (long long)number_of(p, "pid"), text_of(p, "state"));
	strbuf_add(out, " for ");
	format_duration(out, number_of(p, "uptime_seconds"));
	strbuf_addf(out, ", kernel %s\n", text_of(p, "kernel"));
	if (*text_of(p, "message"))
		strbuf_addf(out, "%s\n", text_of(p, "message"));
	strbuf_add(out, "configuration: ");
	format_value(out, files);
	if (*text_of(p, "loaded_at"))
		strbuf_addf(out, ", loaded %s", text_of(p, "loaded_at"));
	strbuf_add_char(out, '\n');
}

static enum style link_style(const char *link)
{
	return !strcmp(link, "up") ? STYLE_GOOD : !strcmp(link, "absent") ? STYLE_BAD : STYLE_WARN;
}

static enum style mode_style(const char *mode)
{
	return !strcmp(mode, "native") ? STYLE_GOOD : STYLE_WARN;
}

static void add_number(struct table *t, int64_t n, void (*format)(struct strbuf *, int64_t))
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	format(&text, n);
	table_cell(t, strbuf_text(&text), STYLE_PLAIN);
}

static void add_interface(struct table *t, const json_t *i)
{
	_cleanup_strbuf_ struct strbuf stages = { 0 };

	format_value(&stages, json_object_get(i, "stages"));
	table_cell(t, text_of(i, "name"), STYLE_PLAIN);
	table_cell(t, text_of(i, "link"), link_style(text_of(i, "link")));
	table_cell(t, text_of(i, "mode"), mode_style(text_of(i, "mode")));
	table_cell(t, strbuf_text(&stages), STYLE_PLAIN);
	add_number(t, number_of(i, "rx_packets"), format_count);
	add_number(t, number_of(i, "rx_bytes"), format_bytes);
	add_number(t, number_of(i, "tx_packets"), format_count);
	add_number(t, number_of(i, "tx_bytes"), format_bytes);
}

static void add_interfaces(struct strbuf *out, const json_t *interfaces)
{
	static const struct {
		const char *title;
		bool right;
	} columns[] = { { "INTERFACE", false }, { "LINK", false },	{ "MODE", false },
			{ "STAGES", false },	{ "RX PACKETS", true }, { "RX BYTES", true },
			{ "TX PACKETS", true }, { "TX BYTES", true } };
	_cleanup_table_ struct table t = { 0 };

	if (!json_array_size(interfaces))
		return;
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		table_column(&t, columns[i].title, columns[i].right, false);
	for (size_t i = 0; i < json_array_size(interfaces); i++)
		add_interface(&t, json_array_get(interfaces, i));
	strbuf_add_char(out, '\n');
	table_print(&t, format_terminal_width(), format_colour(), out);
}

static void add_remark(struct strbuf *out, const char *subject, const char *text)
{
	_cleanup_free_ char *clean = format_clean(text);

	if (clean && *clean)
		strbuf_addf(out, "%s%s%s\n", subject, *subject ? ": " : "", clean);
}

static void add_remarks(struct strbuf *out, const json_t *p)
{
	json_t *interfaces = json_object_get(p, "interfaces"),
	       *warnings = json_object_get(p, "warnings");
	size_t before;

	strbuf_add_char(out, '\n');
	before = out->len;
	for (size_t i = 0; i < json_array_size(interfaces); i++) {
		const json_t *one = json_array_get(interfaces, i);

		add_remark(out, text_of(one, "name"), text_of(one, "reason"));
		add_remark(out, text_of(one, "name"), text_of(one, "note"));
	}
	for (size_t i = 0; i < json_array_size(warnings); i++)
		add_remark(out, "", json_string_value(json_array_get(warnings, i)));
	if (out->len == before && out->len)
		out->text[--out->len] = 0;
}

enum cli_status cmd_status(const struct cli *cli)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	_cleanup_strbuf_ struct strbuf out = { 0 };
	enum cli_status s = cli_ask(cli, "io.weir.GetStatus", NULL, &reply);

	if (s)
		return s;
	if (cli->json)
		return cli_print_json(reply.parameters);
	add_head(&out, reply.parameters);
	add_interfaces(&out, json_object_get(reply.parameters, "interfaces"));
	add_remarks(&out, reply.parameters);
	(void)fputs(strbuf_text(&out), stdout);
	return CLI_OK;
}
