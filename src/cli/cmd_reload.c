/* SPDX-License-Identifier: GPL-2.0-only */
/* reload: says what changed, or why nothing did. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/view.h"

#define CONFIG_INVALID "io.weir.ConfigInvalid"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* file:line:column: level: message (hint), as `weir check` says it. */
static void tell(const json_t *finding)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	_cleanup_free_ char *clean = NULL;
	const char *file = text_of(finding, "file"), *hint = text_of(finding, "hint");
	long long line = json_integer_value(json_object_get(finding, "line"));

	if (*file)
		strbuf_addf(&out, "%s:", file);
	if (*file && line > 0)
		strbuf_addf(&out, "%lld:%lld:", line,
			    (long long)json_integer_value(json_object_get(finding, "column")));
	strbuf_addf(&out, "%s%s: %s", out.len ? " " : "", text_of(finding, "level"),
		    text_of(finding, "message"));
	if (*hint)
		strbuf_addf(&out, " (%s)", hint);
	clean = format_clean(strbuf_text(&out));
	(void)fprintf(stderr, "%s\n", clean ? clean : "");
}

static void tell_all(const json_t *findings)
{
	for (size_t i = 0; i < json_array_size(findings); i++)
		tell(json_array_get(findings, i));
}

static enum cli_status refused(const struct cli *cli, struct bus_reply *reply)
{
	if (strcmp(reply->error, CONFIG_INVALID))
		return cli_refused(reply);
	if (cli->json) {
		(void)json_object_set_new(reply->parameters, "error", json_string(reply->error));
		(void)cli_print_json(reply->parameters);
		return CLI_FAILED;
	}
	tell_all(json_object_get(reply->parameters, "diagnostics"));
	(void)fputs("weir: error: the configuration was refused; the daemon goes on as it is\n",
		    stderr);
	return CLI_FAILED;
}

static enum cli_status done(const struct cli *cli, const struct bus_reply *reply)
{
	if (cli->json)
		return cli_print_json(reply->parameters);
	tell_all(json_object_get(reply->parameters, "diagnostics"));
	view_print_changes(reply->parameters);
	return CLI_OK;
}

enum cli_status cmd_reload(const struct cli *cli)
{
	_cleanup_(bus_client_freep) struct bus_client *client = NULL;
	_cleanup_reply_ struct bus_reply reply = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	enum cli_status s = cli_connect(cli, &client);

	if (s)
		return s;
	if (bus_client_call(client, "io.weir.Reload", NULL, &reply, &d)) {
		cli_print_diag(&d);
		return CLI_FAILED;
	}
	return reply.error ? refused(cli, &reply) : done(cli, &reply);
}
