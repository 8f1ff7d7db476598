/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/xdp_pping.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/format.h"
#include "cli/iphash.h"
#include "cli/view.h"

#define NAME "xdp_pping"
#define TIMEOUT_MS 10000
#define SECONDS 60 /* of what is told */

static const char help[] =
	"usage: " NAME " [--side access|internet|both]\n"
	"\n"
	"The round-trip times of the last minute in JSON, a line for each subscriber that has a\n"
	"class and was measured. tc is the class as tc(8) writes it, times are milliseconds; the\n"
	"empty object ends the list.\n"
	"\n"
	"It only asks the daemon and changes nothing: run it as often as you like.\n"
	"'weir rtt' tells more.\n"
	"\n"
	"  --side SIDE    between here and the subscriber (access, the default), between here and\n"
	"                 the rest of the world (internet), or all that was measured (both)\n"
	"  --bus PATH     socket of the daemon (default: $WEIR_BUS, /run/weir/bus)\n"
	"  -h, --help     this text\n"
	"  --version      which version this is\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage, 3 no daemon.\n";

struct request {
	const char *bus, *side;
	bool help, version;
};

/* --- the command line --------------------------------------------------------------------------- */

static int wrong_usage(const char *arg, const char *text)
{
	(void)fprintf(stderr, NAME ": %s: %s; see " NAME " --help\n", arg, text);
	return CLI_USAGE;
}

static const char **find_value(struct request *q, const char *word, size_t len)
{
	if (len == strlen("--side") && !memcmp(word, "--side", len))
		return &q->side;
	if (len == strlen("--bus") && !memcmp(word, "--bus", len))
		return &q->bus;
	return NULL;
}

static int take(struct request *q, int argc, char *const *argv, int *i)
{
	const char *arg = argv[*i];
	size_t len = strcspn(arg, "=");
	const char **value = find_value(q, arg, len);

	if (!strcmp(arg, "-h") || !strcmp(arg, "--help")) {
		q->help = true;
	} else if (!strcmp(arg, "--version")) {
		q->version = true;
	} else if (!value) {
		return wrong_usage(arg, "not understood");
	} else {
		*value = arg[len] ? arg + len + 1 : *i + 1 < argc ? argv[++*i] : "";
		if (!**value)
			return wrong_usage(arg, "needs a value");
	}
	return 0;
}

static int parse(int argc, char *const *argv, struct request *q)
{
	int r = 0;

	for (int i = 1; !r && !q->help && i < argc; i++)
		r = take(q, argc, argv, &i);
	if (!r && !q->help && strcmp(q->side, "access") && strcmp(q->side, "internet") &&
	    strcmp(q->side, "both"))
		return wrong_usage(q->side, "no side, expected access, internet or both");
	return r;
}

/* --- what is printed ---------------------------------------------------------------------------- */

/* 3.80 -> 3.8, 4.00 -> 4: numbers of JSON, whatever the daemon says. */
static void add_ms(struct strbuf *out, const char *key, const json_t *row, const char *path)
{
	char text[64];
	size_t len = (size_t)snprintf(text, sizeof(text), "%.2f",
				      MIN(json_number_value(view_at(row, "%s", path)), 1e9));

	while (text[len - 1] == '0')
		len--;
	len -= text[len - 1] == '.';
	strbuf_addf(out, "\"%s\" : %.*s, ", key, (int)len, text);
}

static void add_row(struct strbuf *out, const json_t *row)
{
	int64_t samples = view_number(row, "samples");
	uint16_t major, minor;

	if (samples <= 0 || iphash_class_parse(view_text(row, "class"), &major, &minor))
		return;
	strbuf_addf(out, "{\"tc\":\"%x:%x\", ", major, minor);
	add_ms(out, "avg", row, "mean");
	add_ms(out, "min", row, "min");
	add_ms(out, "max", row, "max");
	add_ms(out, "median", row, "p50");
	strbuf_addf(out, "\"samples\" : %lld},\n", (long long)samples);
}

static void print_rows(const json_t *rows)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	for (size_t i = 0; i < json_array_size(rows); i++)
		add_row(&out, json_array_get(rows, i));
	(void)printf("[\n%s{}]\n", strbuf_text(&out));
}

/* --- asking ------------------------------------------------------------------------------------- */

static void print_diag(const struct diag *d)
{
	vec_foreach(&d->entries, e) {
		_cleanup_strbuf_ struct strbuf text = { 0 };

		diag_format(e, &text);
		(void)fprintf(stderr, NAME ": %s\n", strbuf_text(&text));
	}
}

static int refused(const struct bus_reply *reply)
{
	const char *words = view_text(reply->parameters, "message");
	_cleanup_free_ char *clean = format_clean(*words ? words : reply->error);

	(void)fprintf(stderr, NAME ": error: %s\n", clean ? clean : "");
	return CLI_FAILED;
}

static int run(const struct request *q)
{
	_cleanup_(bus_client_freep) struct bus_client *client = NULL;
	_cleanup_reply_ struct bus_reply reply = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	int r = bus_client_new(q->bus, TIMEOUT_MS, &client, &d);

	if (r) {
		print_diag(&d);
		return CLI_NO_DAEMON;
	}
	r = bus_client_call(client, "io.weir.rtt.List",
			    json_pack("{sssi}", "side", q->side, "interval", SECONDS), &reply, &d);
	print_diag(&d);
	if (r)
		return CLI_FAILED;
	if (reply.error)
		return refused(&reply);
	print_rows(view_at(reply.parameters, "rows"));
	return CLI_OK;
}

int xdp_pping_main(int argc, char *const *argv)
{
	struct request q = { .bus = cli_default_bus(), .side = "access" };
	int r = parse(argc, argv, &q);

	if (!r && q.help)
		r = fputs(help, stdout) < 0;
	else if (!r && q.version)
		r = puts(NAME " " WEIR_VERSION) < 0;
	else if (!r)
		r = run(&q);
	if (fflush(stdout) || ferror(stdout)) {
		(void)fputs(NAME ": cannot write the output\n", stderr);
		r = r ? r : CLI_FAILED;
	}
	return r;
}
