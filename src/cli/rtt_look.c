/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/rtt_look.h"

#include <string.h>

#include "cli/format.h"

#define CLOCK_DIGITS 3 /* of a millisecond: a microsecond is what the packet path's clock tells */

struct look {
	const char *method;
	json_t *parameters;
	void (*print)(const struct cli *cli, const json_t *answer);
};

/* --- asking ------------------------------------------------------------------------------------- */

static enum cli_status add_top(json_t *parameters, const char *text)
{
	json_int_t n;

	if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 9)
		return cli_wrong_usage("--top: '%s' is no number of rows, 0 for all", text);
	n = strtoll(text, NULL, 10);
	if (n)
		(void)json_object_set_new(parameters, "top", json_integer(n));
	else
		(void)json_object_del(parameters, "top");
	return CLI_OK;
}

static json_t *whole_seconds(const char *text)
{
	double v = strtod(text, NULL);
	json_int_t n = (json_int_t)v;

	return json_integer((double)n < v ? n + 1 : n);
}

static enum cli_status add_option(json_t *parameters, const struct cli_given *given)
{
	const char *name = given->option->name;

	if (given->option->takes == TAKES_SECONDS) {
		(void)json_object_set_new(parameters, name, whole_seconds(given->value));
		return CLI_OK;
	}
	if (!strcmp(name, "top"))
		return add_top(parameters, given->value);
	if (json_object_set_new(parameters, name, json_string(given->value)))
		return cli_wrong_usage("--%s: '%s' is no text", name, given->value);
	return CLI_OK;
}

static bool is_parameter(const struct cli *cli, const struct cli_option *option)
{
	for (const struct cli_option *o = cli->command->options; o->name; o++)
		if (!strcmp(o->name, option->name))
			return o->takes == TAKES_VALUE || o->takes == TAKES_SECONDS;
	return false;
}

static enum cli_status add_options(const struct cli *cli, json_t *parameters)
{
	enum cli_status s = CLI_OK;

	vec_foreach(&cli->given, g)
		if (!s && is_parameter(cli, g->option))
			s = add_option(parameters, g);
	return s;
}

static enum cli_status look(const struct cli *cli, struct bus_client *client, void *state)
{
	const struct look *l = state;
	_cleanup_reply_ struct bus_reply reply = { 0 };
	enum cli_status s = cli_ask_over(client, l->method, json_deep_copy(l->parameters), &reply);

	if (s)
		return s;
	if (cli->json)
		return cli_print_json_round(cli, reply.parameters);
	l->print(cli, reply.parameters);
	return CLI_OK;
}

enum cli_status rtt_look(const struct cli *cli, const char *method, json_int_t top,
			 void (*print)(const struct cli *cli, const json_t *answer))
{
	json_auto_t *parameters = json_object();
	struct look l = { method, parameters, print };
	enum cli_status s;

	if (top)
		(void)json_object_set_new(parameters, "top", json_integer(top));
	s = add_options(cli, parameters);
	return s ? s : cli_look(cli, look, &l);
}

/* --- milliseconds ------------------------------------------------------------------------------- */

void rtt_format_ms(struct strbuf *out, const json_t *ms)
{
	double v = json_number_value(ms);

	if (!json_is_number(ms))
		strbuf_add_char(out, '-');
	else if (v >= 999.5)
		format_count(out, (int64_t)(v + 0.5));
	else
		strbuf_addf(out, "%.*f",
			    v >= 99.95	? 0 :
			    v >= 9.995	? 1 :
			    v >= 0.9995 ? 2 :
					  CLOCK_DIGITS,
			    v);
}

void rtt_cell_ms(struct table *t, const json_t *ms, enum style style)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	rtt_format_ms(&text, ms);
	table_cell(t, strbuf_text(&text), style);
}
