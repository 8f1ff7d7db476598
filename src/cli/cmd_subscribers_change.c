/* SPDX-License-Identifier: GPL-2.0-only */
/* subscribers add, set, remove, reset: one change each, and what came of it. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/view.h"
#include "model/value.h"

#define RATE_EXPECTED "Mbit/s like 20 or 1.5, or a suffix as in 500k, 2.5M, 1G"

typedef enum cli_status (*add_value)(json_t *parameters, const char *key, const char *option,
				     const char *text);

static enum cli_status add_text(json_t *parameters, const char *key, const char *option,
				const char *text)
{
	json_t *value = json_string(text);

	if (!value)
		return cli_wrong_usage("--%s: the text is not UTF-8", option);
	(void)json_object_set_new(parameters, key, value);
	return CLI_OK;
}

static enum cli_status add_rate(json_t *parameters, const char *key, const char *option,
				const char *text)
{
	uint64_t rate = 0;
	int r = value_rate_parse(text, &rate);

	if (r == -ERANGE)
		return cli_wrong_usage("--%s: '%s' is too much for a rate: at most 1000G", option,
				       text);
	if (r)
		return cli_wrong_usage("--%s: '%s' is no rate: expected " RATE_EXPECTED, option,
				       text);
	(void)json_object_set_new(parameters, key, json_integer((json_int_t)rate));
	return CLI_OK;
}

/* "A,B": one after the other; --address may also be given again. */
static enum cli_status add_addresses(json_t *parameters, const char *key, const char *option,
				     const char *text)
{
	json_t *list = json_object_get(parameters, key);

	if (!list)
		(void)json_object_set_new(parameters, key, list = json_array());
	for (;;) {
		size_t len = strcspn(text, ",");
		json_t *one = json_stringn(text, len);

		if (!len || !one) {
			json_decref(one);
			return cli_wrong_usage("--%s: expected addresses parted by commas", option);
		}
		(void)json_array_append_new(list, one);
		if (!text[len])
			return CLI_OK;
		text += len + 1;
	}
}

static const struct {
	const char *option, *key;
	add_value add;
} fields[] = {
	{ "name", "name", add_text },
	{ "parent", "parent", add_text },
	{ "download", "download", add_rate },
	{ "upload", "upload", add_rate },
	{ "min-download", "min_download", add_rate },
	{ "min-upload", "min_upload", add_rate },
	{ "leaf", "leaf", add_text },
	{ "address", "addresses", add_addresses },
};

static enum cli_status add_given(json_t *parameters, const struct cli_given *given)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (!strcmp(fields[i].option, given->option->name))
			return fields[i].add(parameters, fields[i].key, fields[i].option,
					     given->value);
	return CLI_OK;
}

/* The parameters of the call, or NULL after it was said what is wrong. */
static json_t *make_parameters(const struct cli *cli)
{
	json_t *parameters = json_object();
	enum cli_status s = CLI_OK;

	if (cli_word(cli, 0))
		s = add_text(parameters, "id", "id", cli_word(cli, 0));
	vec_foreach(&cli->given, g)
		if (!s)
			s = add_given(parameters, g);
	if (!s)
		return parameters;
	json_decref(parameters);
	return NULL;
}

static enum cli_status change(const struct cli *cli, const char *method, json_t *parameters)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	enum cli_status s;

	if (!parameters)
		return CLI_USAGE;
	s = cli_ask(cli, method, parameters, &reply);
	if (s)
		return s;
	if (cli->json)
		return cli_print_json(reply.parameters);
	view_print_changes(reply.parameters);
	return CLI_OK;
}

enum cli_status cmd_subscribers_add(const struct cli *cli)
{
	return change(cli, "io.weir.subscribers.Add", make_parameters(cli));
}

enum cli_status cmd_subscribers_set(const struct cli *cli)
{
	json_t *parameters = make_parameters(cli);

	if (parameters && json_object_size(parameters) < 2) {
		json_decref(parameters);
		return cli_wrong_usage(
			"'weir subscribers set' needs something to set; see 'weir help "
			"subscribers set'");
	}
	return change(cli, "io.weir.subscribers.Set", parameters);
}

enum cli_status cmd_subscribers_remove(const struct cli *cli)
{
	return change(cli, "io.weir.subscribers.Remove", make_parameters(cli));
}

enum cli_status cmd_subscribers_reset(const struct cli *cli)
{
	return change(cli, "io.weir.subscribers.Reset", make_parameters(cli));
}
