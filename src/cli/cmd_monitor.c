/* SPDX-License-Identifier: GPL-2.0-only */
/* monitor: events as they happen, a line each. */
#include <errno.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/format.h"

struct monitor {
	const struct cli *cli;
	enum cli_status status;
};

static void print_event(const json_t *event)
{
	static const char *const keys[] = { "time", "subject", "event", "text" };
	json_int_t lost = json_integer_value(json_object_get(event, "lost"));
	_cleanup_strbuf_ struct strbuf line = { 0 };
	_cleanup_free_ char *clean = NULL;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t from = line.len;

		format_value(&line, json_object_get(event, keys[i]));
		if (i && i < ARRAY_LEN(keys) - 1)
			strbuf_pad(&line, from, 12);
		if (i < ARRAY_LEN(keys) - 1)
			strbuf_add(&line, "  ");
	}
	clean = format_clean(strbuf_text(&line));
	if (lost)
		(void)fprintf(stderr, "weir: %lld events lost: the output was read too slowly\n",
			      (long long)lost);
	(void)puts(clean ? clean : "");
}

static int on_event(const struct bus_reply *reply, void *userdata)
{
	struct monitor *m = userdata;

	if (reply->error) {
		m->status = cli_refused(reply);
		return 1;
	}
	if (m->cli->json) {
		(void)json_dumpf(reply->parameters, stdout, JSON_COMPACT);
		(void)putchar('\n');
	} else {
		print_event(reply->parameters);
	}
	if (fflush(stdout))
		m->status = CLI_FAILED;
	return m->status ? 1 : 0;
}

enum cli_status cmd_monitor(const struct cli *cli)
{
	_cleanup_(bus_client_freep) struct bus_client *client = NULL;
	struct monitor m = { .cli = cli };
	_cleanup_diag_ struct diag d = { 0 };
	enum cli_status s = cli_connect(cli, &client);
	json_t *parameters = NULL;
	int r;

	if (s)
		return s;
	if (cli_has(cli, "figures"))
		parameters = json_pack("{ss}", "figures", cli_value(cli, "figures"));
	bus_client_set_stop(client, cli_catch_stop());
	r = bus_client_follow(client, "io.weir.Monitor", parameters, on_event, &m, &d);
	cli_print_diag(&d);
	if (r == -EINTR)
		return CLI_OK;
	return r < 0 ? CLI_FAILED : m.status;
}
