/* SPDX-License-Identifier: GPL-2.0-only */
/* xdp_iphash_to_cpu_cmdline: maps addresses to CPUs and classes, over the daemon's bus. */
#include "cli/xdp_iphash.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/iphash.h"
#include "cli/view.h"

#define TIMEOUT_MS 10000

static const char help[] =
	"usage: " IPHASH_NAME " add --ip A[/N] --classid M:m --cpu HEX [--upload 1]\n"
	"       " IPHASH_NAME " del A[/N] [--upload 1]\n"
	"       " IPHASH_NAME " list\n"
	"       " IPHASH_NAME " clear\n"
	"or in older words:\n"
	"       " IPHASH_NAME " --add --ip A[/N] --classid M:m --cpu N\n"
	"       " IPHASH_NAME " --del --ip A[/N]\n"
	"       " IPHASH_NAME " --list | --clear\n"
	"\n"
	"Packets of the address go to that CPU and class. The class must be there already: made\n"
	"by another program, or one that 'weir tree' shows.\n"
	"\n"
	"  add, -a, --add        map an address; one that is mapped gets the new values\n"
	"  del, -x, --del        forget what is mapped for it, both directions\n"
	"  list, -l, --list      all mappings: lines for 'list', for --list one JSON object with\n"
	"                        one entry per address, without those of --upload\n"
	"  clear, -e, --clear    forget all mappings\n"
	"  -i, --ip A[/N]        IPv4 or IPv6 address or prefix; names are never looked up\n"
	"  -p, --prefix N        length of the prefix, when it does not stand behind the address\n"
	"  -t, --classid M:m     class in hexadecimal, as tc shows it, with or without 0x\n"
	"  -c, --cpu N           CPU, from 0; 0x makes it hexadecimal. Without it 'add' reads\n"
	"                        hexadecimal, as LibreQoS writes it, and --add decimal\n"
	"  --upload 1            the upload's mapping, where both directions use one interface\n"
	"  --bus PATH            socket of the daemon (default: $WEIR_BUS, /run/weir/bus)\n"
	"  -h, --help            this text\n"
	"  --version             which version this is\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage; of the older words besides: 21 no such\n"
	"mapping, 22 no daemon, 30 wrong address, 31 wrong CPU.\n";

/* --- asking ------------------------------------------------------------------------------------- */

static void print_diag(const struct diag *d)
{
	vec_foreach(&d->entries, e) {
		_cleanup_strbuf_ struct strbuf text = { 0 };

		diag_format(e, &text);
		iphash_say(NULL, strbuf_text(&text));
	}
}

/* Understood and tried: no lack of rights, no daemon that is too busy. */
static bool has_failed(const struct bus_reply *reply)
{
	const char *dot = strrchr(reply->error, '.');

	return dot && !strcmp(dot, ".Failed");
}

/* By the parameter that was refused. */
static int refused(const struct iphash_request *q, const struct bus_reply *reply)
{
	const char *parameter = view_text(reply->parameters, "parameter");
	const char *words = view_text(reply->parameters, "message");
	_cleanup_free_ char *clean = format_clean(*words ? words : reply->error);

	iphash_say(*parameter ? parameter : NULL, clean ? clean : "");
	if (q->verb == VERB_DEL && (*parameter || has_failed(reply)))
		return iphash_failed(q, IPHASH_NO_MAPPING);
	if (!strcmp(parameter, "address"))
		return iphash_failed(q, IPHASH_ADDRESS);
	return iphash_failed(q, !strcmp(parameter, "cpu") ? IPHASH_CPU : IPHASH_FAILED);
}

/* Takes over `parameters`. */
static int ask(const struct iphash_request *q, const char *method, json_t *parameters,
	       struct bus_reply *ret)
{
	_cleanup_(bus_client_freep) struct bus_client *client = NULL;
	_cleanup_reply_ struct bus_reply reply = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	int r = bus_client_new(q->bus ? q->bus : cli_default_bus(), TIMEOUT_MS, &client, &d);

	if (r) {
		json_decref(parameters);
		print_diag(&d);
		return iphash_failed(q, IPHASH_NO_DAEMON);
	}
	r = bus_client_call(client, method, parameters, &reply, &d);
	print_diag(&d);
	if (r)
		return IPHASH_FAILED;
	if (reply.error)
		return refused(q, &reply);
	*ret = reply;
	reply = (struct bus_reply){ 0 };
	return 0;
}

/* A change; the newer words tell that it is done. */
static int change(const struct iphash_request *q, const char *method, json_t *parameters)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	int r = ask(q, method, parameters, &reply);

	if (!r && !q->old)
		(void)puts("Success");
	return r;
}

static int map(const struct iphash_request *q)
{
	json_t *parameters = json_object();
	int r = iphash_add_address(q, parameters);

	if (!r)
		r = iphash_add_class(q, parameters);
	if (!r)
		r = iphash_add_cpu(q, parameters);
	if (!r)
		r = iphash_add_upload(q, parameters);
	if (!r)
		return change(q, "io.weir.subscribers.Map", parameters);
	json_decref(parameters);
	return r;
}

/* Of both directions; --upload is taken, since scripts give it, and checked. */
static int unmap(const struct iphash_request *q)
{
	json_auto_t *ignored = json_object();
	json_t *parameters = json_object();
	int r = iphash_add_address(q, parameters);

	if (!r)
		r = iphash_add_upload(q, ignored);
	if (!r)
		return change(q, "io.weir.subscribers.Unmap", parameters);
	json_decref(parameters);
	return r;
}

static int list(const struct iphash_request *q)
{
	_cleanup_reply_ struct bus_reply reply = { 0 };
	int r = ask(q, "io.weir.subscribers.Mappings", NULL, &reply);

	if (r)
		return r;
	(q->old ? iphash_print_object : iphash_print_lines)(view_at(reply.parameters, "mappings"));
	return 0;
}

static int run(const struct iphash_request *q)
{
	switch (q->verb) {
	case VERB_ADD:
		return map(q);
	case VERB_DEL:
		return unmap(q);
	case VERB_LIST:
		return list(q);
	case VERB_CLEAR:
		return change(q, "io.weir.subscribers.ClearMap", NULL);
	case VERB_VERSION:
		(void)puts(IPHASH_NAME " " WEIR_VERSION);
		return 0;
	default:
		(void)fputs(help, stdout);
		return 0;
	}
}

int xdp_iphash_main(int argc, char *const *argv)
{
	struct iphash_request q = { 0 };
	int r = iphash_parse(argc, argv, &q);

	if (q.verb == VERB_HELP)
		r = 0;
	if (!r)
		r = run(&q);
	if (fflush(stdout) || ferror(stdout)) {
		(void)fputs(IPHASH_NAME ": cannot write the output\n", stderr);
		r = r ? r : IPHASH_FAILED;
	}
	return r;
}
