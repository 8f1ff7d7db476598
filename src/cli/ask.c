/* SPDX-License-Identifier: GPL-2.0-only */
/* Talking to the daemon, and saying in words what came of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bus/server.h"
#include "cli/cli.h"
#include "cli/format.h"

void cli_print_diag(const struct diag *d)
{
	vec_foreach(&d->entries, e) {
		_cleanup_strbuf_ struct strbuf text = { 0 };

		diag_format(e, &text);
		(void)fprintf(stderr, "weir: %s\n", strbuf_text(&text));
	}
}

static bool is_absent(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR;
}

enum cli_status cli_connect(const struct cli *cli, struct bus_client **ret)
{
	_cleanup_diag_ struct diag d = { 0 };
	int r = bus_client_new(cli->bus, cli->timeout_ms, ret, &d);

	if (!r)
		return CLI_OK;
	cli_print_diag(&d);
	return is_absent(r) ? CLI_NO_DAEMON : CLI_FAILED;
}

static const char *member(const struct bus_reply *reply, const char *key)
{
	return json_string_value(json_object_get(reply->parameters, key));
}

/* Errors with words of their own need no name; one without is shown as it came. */
static void add_refusal(struct strbuf *out, const struct bus_reply *reply, const char *name)
{
	const char *words = member(reply, "message"), *parameter = member(reply, "parameter");
	_cleanup_free_ char *raw =
		words ? strdup(words) : json_dumps(reply->parameters, JSON_COMPACT);

	if (!strcmp(reply->error, BUS_PERMISSION_DENIED))
		strbuf_add(out, "permission denied");
	else if (parameter && words)
		strbuf_add(out, parameter);
	else if (strcmp(name, "Failed") || !words)
		strbuf_add(out, name);
	if (raw && strcmp(raw, "{}"))
		strbuf_addf(out, "%s%s", out->len ? ": " : "", raw);
}

enum cli_status cli_refused(const struct bus_reply *reply)
{
	const char *dot = strrchr(reply->error, '.'), *name = dot ? dot + 1 : reply->error;
	_cleanup_strbuf_ struct strbuf text = { 0 };
	_cleanup_free_ char *clean = NULL;

	add_refusal(&text, reply, name);
	clean = format_clean(strbuf_text(&text));
	(void)fprintf(stderr, "weir: error: %s\n", clean ? clean : name);
	if (!strcmp(name, "MethodNotFound"))
		(void)fputs("weir: the daemon that runs may be older than this weir; see 'weir "
			    "version'\n",
			    stderr);
	return CLI_FAILED;
}

enum cli_status cli_ask_over(struct bus_client *client, const char *method, json_t *parameters,
			     struct bus_reply *ret)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	if (bus_client_call(client, method, parameters, &reply, &d)) {
		cli_print_diag(&d);
		return CLI_FAILED;
	}
	if (reply.error)
		return cli_refused(&reply);
	*ret = reply;
	reply = (struct bus_reply){ 0 };
	return CLI_OK;
}

enum cli_status cli_ask(const struct cli *cli, const char *method, json_t *parameters,
			struct bus_reply *ret)
{
	_cleanup_(bus_client_freep) struct bus_client *client = NULL;
	enum cli_status s = cli_connect(cli, &client);

	if (s) {
		json_decref(parameters);
		return s;
	}
	return cli_ask_over(client, method, parameters, ret);
}

enum cli_status cli_print_json(const json_t *json)
{
	int r = json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

	(void)putchar('\n');
	return r ? CLI_FAILED : CLI_OK;
}

enum cli_status cli_print_json_round(const struct cli *cli, const json_t *json)
{
	int r;

	if (!cli_has(cli, "watch"))
		return cli_print_json(json);
	r = json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
	(void)putchar('\n');
	return r ? CLI_FAILED : CLI_OK;
}
