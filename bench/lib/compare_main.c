/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of every such measurement. */
#include <getopt.h>
#include <unistd.h>

#include "lib/compare.h"
#include "lib/machine.h"

__attribute__((noreturn)) static void usage_error(const struct compare *c, const char *expected,
						  const char *got)
{
	fprintf(stderr, "%s: expected %s, got '%s'\n", c->name, expected, got);
	exit(2);
}

static unsigned number(const struct compare *c, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value > UINT32_MAX)
		usage_error(c, "a number", text);
	return (unsigned)value;
}

static void be_quick(struct compare_options *o)
{
	o->copies = 6;
	o->ns_rounds = 150;
	o->pps_rounds = 300;
	o->seconds = 20;
}

static void options_read(const struct compare *c, struct compare_options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' },	 { "quick", no_argument, NULL, 'q' },
		{ "cpu", required_argument, NULL, 'c' }, { "lab", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },	 { 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (option) {
		case 'j':
			o->json = true;
			break;
		case 'q':
			be_quick(o);
			break;
		case 'c':
			o->cpu = number(c, optarg);
			break;
		case 'l':
			o->lab = optarg;
			break;
		case 'h':
			fputs(c->help, stdout);
			exit(0);
		default:
			exit(2); /* getopt has said why */
		}
	if (optind < argc)
		usage_error(c, "only options", argv[optind]);
}

static int measure(const struct compare *c, const struct compare_options *o,
		   struct compare_results *ret, struct diag *d)
{
	int r = pb_pin_cpu(o->cpu);

	if (r)
		return diag_error(d, NULL, "cannot stay on CPU %u: %s", o->cpu, strerror(-r));
	r = compare_ns(c, o, ret->cases, d);
	if (r || !o->lab)
		return r;
	r = compare_pps(c, o, ret->ways, d);
	ret->has_pps = !r;
	return r;
}

static void results_free(const struct compare *c, struct compare_results *r)
{
	for (size_t i = 0; i < c->n_cases; i++)
		pb_case_free(&r->cases[i]);
	for (size_t i = 0; i < c->n_ways; i++)
		veth_way_free(&r->ways[i]);
}

int compare_main(const struct compare *c, int argc, char **argv)
{
	struct compare_options o = {
		.copies = 20, .ns_rounds = 200, .pps_rounds = 400, .frames = 20000, .seconds = 90
	};
	static struct compare_results results;
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	json_t *machine = machine_facts(); /* the load before we add to it */
	int r;

	o.cpu = (unsigned)sysconf(_SC_NPROCESSORS_ONLN) - 1;
	options_read(c, &o, argc, argv);
	r = measure(c, &o, &results, &d);
	if (r && !d.errors)
		(void)diag_error(&d, NULL, "%s: %s", c->name, strerror(-r));
	if (!r)
		compare_report(c, &results, machine, o.json);
	diag_format_all(&d, &text);
	fputs(strbuf_text(&text), stderr);
	results_free(c, &results);
	json_decref(machine);
	return r ? 1 : 0;
}
