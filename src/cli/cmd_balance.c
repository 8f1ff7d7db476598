/* SPDX-License-Identifier: GPL-2.0-only */
/* balance add, remove, weight, drain, undrain, reset: one change each, and what came of it. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/view.h"

/* By the command's last word. */
static const struct {
	const char *word, *method;
} calls[] = {
	{ "add", "io.weir.balance.Add" },	   { "remove", "io.weir.balance.Remove" },
	{ "weight", "io.weir.balance.SetWeight" }, { "drain", "io.weir.balance.Drain" },
	{ "undrain", "io.weir.balance.Undrain" },  { "reset", "io.weir.balance.Reset" },
};

static const char *method_of(const struct cli *cli)
{
	const char *word = strrchr(cli->command->name, ' ') + 1;

	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (!strcmp(calls[i].word, word))
			return calls[i].method;
	return NULL;
}

/* The weight: an argument of one command, an option of another. */
static const char *weight_of(const struct cli *cli)
{
	return cli_has(cli, "weight") ? cli_value(cli, "weight") : cli_word(cli, 1);
}

static enum cli_status add_weight(json_t *parameters, const char *text)
{
	char *end;
	long weight;

	if (!text)
		return CLI_OK;
	errno = 0;
	weight = strtol(text, &end, 10);
	if (errno || !*text || *end)
		return cli_wrong_usage("'%s' is no weight: expected 1 to 100", text);
	(void)json_object_set_new(parameters, "weight", json_integer(weight));
	return CLI_OK;
}

enum cli_status cmd_balance(const struct cli *cli)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	json_t *parameters = json_object();
	enum cli_status s = add_weight(parameters, weight_of(cli));

	if (s) {
		json_decref(parameters);
		return s;
	}
	if (cli_word(cli, 0))
		(void)json_object_set_new(parameters, "interface", json_string(cli_word(cli, 0)));
	if (cli_has(cli, "balancer"))
		(void)json_object_set_new(parameters, "balancer",
					  json_string(cli_value(cli, "balancer")));
	s = cli_ask(cli, method_of(cli), parameters, &reply);
	if (s)
		return s;
	if (cli->json)
		return cli_print_json(reply.parameters);
	view_print_changes(reply.parameters);
	return CLI_OK;
}
