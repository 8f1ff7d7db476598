/* SPDX-License-Identifier: GPL-2.0-only */
/* progbench: nanoseconds per packet of any BPF programs, side by side; lib/pb.h on the command line. */
#include <bpf/libbpf.h>
#include <getopt.h>
#include <jansson.h>

#include "lib/object.h"
#include "lib/pb.h"

#define PROGRAMS_MAX 16
#define WISHES_MAX 64

static const char help[] =
	"Usage: progbench PACKET [OPTION]... --program OBJECT NAME [ITS OPTION]... [--program "
	"...]...\n"
	"Nanoseconds per packet of BPF programs by test runs, interleaved; the driver's cost is "
	"off.\n"
	"\n"
	"PACKET is " PACKET_SPEC "\n"
	"\n"
	"  --repeat N        packets per timed run (20000)\n"
	"  --rounds N        timed runs per program (101)\n"
	"  --addresses N     rotate over N subscriber addresses (1)\n"
	"  --base HEX        their top bits (0a000000)\n"
	"  --mask HEX        their low bits (00ffffff)\n"
	"  --flows N         rotate over N ports per subscriber (1)\n"
	"  --ts N            TSval grows by N per packet (0)\n"
	"  --conv            packets come in pairs: a packet and its reply\n"
	"  --peer-rot        with --conv: every subscriber has a peer of its own\n"
	"  --no-driver       the packet as it is\n"
	"  --cpu N           stay on that CPU (0)\n"
	"  --divide N        divide by N: a program that does its work N times\n"
	"  --json            one object\n"
	"After --program OBJECT NAME:\n"
	"  --label TEXT      --ifindex N (device)   --iif N (ingress_ifindex of an skb)\n"
	"  --set VAR=INT     --sethex VAR=HEX       a global variable\n"
	"  --entries MAP=N   size of a map\n"
	"  --fill MAP:N:KEY:VALUE   N entries; hex and %a (rotated address), %p (its peer), %i "
	"(index),\n"
	"                    %h (0x10000 + 16 + index)\n"
	"  --maps FILE       lines MAP KEYHEX VALUEHEX\n";

struct program {
	const char *object, *name;
	struct object_wish wishes[WISHES_MAX];
	size_t n_wishes;
	struct bpf_object *loaded;
	struct pb_case c;
};

struct options {
	struct pb_options pb;
	struct pb_cfg cfg;
	struct program programs[PROGRAMS_MAX];
	size_t n;
	unsigned cpu;
	bool json;
};

enum option_code {
	OPT_PACKET = 1, /* what getopt calls a word that is no option */
	OPT_REPEAT = 256,
	OPT_ROUNDS,
	OPT_ADDRESSES,
	OPT_BASE,
	OPT_MASK,
	OPT_FLOWS,
	OPT_TS,
	OPT_CONV,
	OPT_PEER_ROT,
	OPT_NO_DRIVER,
	OPT_CPU,
	OPT_DIVIDE,
	OPT_JSON,
	OPT_HELP,
	OPT_PROGRAM,
	OPT_LABEL,
	OPT_IFINDEX,
	OPT_IIF,
	OPT_WISH, /* + enum object_kind */
};

static const struct option rows[] = {
	{ "repeat", required_argument, NULL, OPT_REPEAT },
	{ "rounds", required_argument, NULL, OPT_ROUNDS },
	{ "addresses", required_argument, NULL, OPT_ADDRESSES },
	{ "base", required_argument, NULL, OPT_BASE },
	{ "mask", required_argument, NULL, OPT_MASK },
	{ "flows", required_argument, NULL, OPT_FLOWS },
	{ "ts", required_argument, NULL, OPT_TS },
	{ "conv", no_argument, NULL, OPT_CONV },
	{ "peer-rot", no_argument, NULL, OPT_PEER_ROT },
	{ "no-driver", no_argument, NULL, OPT_NO_DRIVER },
	{ "cpu", required_argument, NULL, OPT_CPU },
	{ "divide", required_argument, NULL, OPT_DIVIDE },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "program", required_argument, NULL, OPT_PROGRAM },
	{ "label", required_argument, NULL, OPT_LABEL },
	{ "ifindex", required_argument, NULL, OPT_IFINDEX },
	{ "iif", required_argument, NULL, OPT_IIF },
	{ "set", required_argument, NULL, OPT_WISH + OBJECT_SET },
	{ "sethex", required_argument, NULL, OPT_WISH + OBJECT_SET_HEX },
	{ "entries", required_argument, NULL, OPT_WISH + OBJECT_ENTRIES },
	{ "fill", required_argument, NULL, OPT_WISH + OBJECT_FILL },
	{ "maps", required_argument, NULL, OPT_WISH + OBJECT_FILE },
	{ 0 },
};

__attribute__((noreturn)) static void usage_error(const char *what, const char *word)
{
	fprintf(stderr, "progbench: %s '%s'; see progbench --help\n", what, word);
	exit(2);
}

static unsigned number(const char *text, int base, unsigned min)
{
	char *end;
	unsigned long value = text ? strtoul(text, &end, base) : 0;

	if (!text || end == text || *end || value < min || value > UINT32_MAX)
		usage_error("not a number that fits here:", text);
	return (unsigned)value;
}

static struct program *last_program(struct options *o, const char *option)
{
	if (!o->n)
		usage_error("this belongs behind a --program:", option);
	return &o->programs[o->n - 1];
}

static void program_add(struct options *o, const char *object, int argc, char **argv)
{
	struct program *p = &o->programs[o->n];

	if (o->n == PROGRAMS_MAX)
		usage_error("too many programs at", object);
	if (optind >= argc)
		usage_error("expected --program OBJECT NAME, got only", object);
	p->object = object;
	p->name = argv[optind++];
	(void)snprintf(p->c.label, sizeof(p->c.label), "%s", p->name);
	o->n++;
}

static void program_wish(struct options *o, enum object_kind kind, const char *text)
{
	struct program *p = last_program(o, text);

	if (p->n_wishes == WISHES_MAX)
		usage_error("too many options at", text);
	p->wishes[p->n_wishes++] = (struct object_wish){ kind, text };
}

static void program_option(struct options *o, int option, const char *text)
{
	struct program *p = last_program(o, text);

	if (option == OPT_LABEL)
		(void)snprintf(p->c.label, sizeof(p->c.label), "%s", text);
	else if (option == OPT_IFINDEX)
		p->c.ifindex = number(text, 0, 1);
	else
		p->c.iif = number(text, 0, 1);
}

static void traffic_option(struct options *o, int option, const char *text)
{
	switch (option) {
	case OPT_ADDRESSES:
		o->cfg.n_addr = number(text, 0, 1);
		break;
	case OPT_BASE:
		o->cfg.base = number(text, 16, 0);
		break;
	case OPT_MASK:
		o->cfg.mask = number(text, 16, 0);
		break;
	case OPT_FLOWS:
		o->cfg.n_flow = number(text, 0, 1);
		break;
	case OPT_TS:
		o->cfg.ts_step = number(text, 0, 0);
		break;
	case OPT_CONV:
		o->cfg.conv = 1;
		break;
	default:
		o->cfg.peer_xor = 0x01000000;
	}
}

static void run_option(struct options *o, int option, const char *text)
{
	switch (option) {
	case OPT_REPEAT:
		o->pb.repeat = number(text, 0, 1);
		break;
	case OPT_ROUNDS:
		o->pb.rounds = number(text, 0, 1);
		break;
	case OPT_NO_DRIVER:
		o->pb.no_driver = true;
		break;
	case OPT_CPU:
		o->cpu = number(text, 0, 0);
		break;
	case OPT_DIVIDE:
		o->pb.divide = number(text, 0, 1);
		break;
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_HELP:
		fputs(help, stdout);
		exit(0);
	default:
		exit(2); /* getopt has said why */
	}
}

/* The packet, which is the one word that is no option. */
static const char *options_read(struct options *o, int argc, char **argv)
{
	const char *packet = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "-", rows, NULL)) != -1) {
		if (option == OPT_PACKET && !packet)
			packet = optarg;
		else if (option == OPT_PACKET)
			usage_error("one packet, please; also got", optarg);
		else if (option >= OPT_WISH && option <= OPT_WISH + OBJECT_FILE)
			program_wish(o, option - OPT_WISH, optarg);
		else if (option == OPT_PROGRAM)
			program_add(o, optarg, argc, argv);
		else if (option >= OPT_LABEL && option <= OPT_IIF)
			program_option(o, option, optarg);
		else if (option >= OPT_ADDRESSES && option <= OPT_PEER_ROT)
			traffic_option(o, option, optarg);
		else
			run_option(o, option, optarg);
	}
	if (!packet || !o->n)
		usage_error("expected", "PACKET --program OBJECT NAME");
	return packet;
}

/* --- out --------------------------------------------------------------------------------------- */

static json_t *verdicts_json(const struct pb_case *c)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < PB_VERDICTS; i++)
		if (c->verdicts[i])
			(void)json_object_set_new(object, pb_verdict_name(c->kind, i),
						  json_integer((json_int_t)c->verdicts[i]));
	return object;
}

static json_t *case_json(const struct pb_case *c, const struct pb_case *first)
{
	struct stat_summary ns = samples_summary(&c->net);

	return json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:o}", "label", c->label, "ns",
			 ns.median, "ns_min", ns.min, "ns_q1", ns.q1, "ns_q3", ns.q3, "driver_ns",
			 samples_median(&c->driver), "over_first",
			 samples_difference(&c->net, &first->net).median, "verdicts",
			 verdicts_json(c));
}

static void case_print(const struct pb_case *c, const struct pb_case *first)
{
	struct stat_summary ns = samples_summary(&c->net);

	printf("%-32s %7.1f ns  (%.1f..%.1f, least %.1f; driver %.1f)  over first %+.1f ", c->label,
	       ns.median, ns.q1, ns.q3, ns.min, samples_median(&c->driver),
	       samples_difference(&c->net, &first->net).median);
	for (unsigned i = 0; i < PB_VERDICTS; i++)
		if (c->verdicts[i])
			printf(" %s=%llu", pb_verdict_name(c->kind, i), c->verdicts[i]);
	printf("\n");
}

static void report(const struct options *o)
{
	json_t *list = o->json ? json_array() : NULL;

	for (size_t i = 0; i < o->n; i++)
		if (list)
			(void)json_array_append_new(list,
						    case_json(&o->programs[i].c, &o->programs[0].c));
		else
			case_print(&o->programs[i].c, &o->programs[0].c);
	if (!list)
		return;
	(void)json_dumpf(list, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
	printf("\n");
	json_decref(list);
}

static bool names_device(const struct options *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->programs[i].c.ifindex || o->programs[i].c.iif)
			return true;
	return false;
}

static int measure(struct options *o, const char *spec, struct diag *d)
{
	_cleanup_(pb_driver_freep) struct pb_driver *driver = NULL;
	struct pb_case *cases[PROGRAMS_MAX];
	static struct packet packet;
	int r = packet_build(spec, &o->cfg, &packet, d);

	if (!r)
		r = pb_driver_open(&driver, d);
	if (!r && !names_device(o))
		(void)pb_driver_settle(driver); /* slower without, that is all */
	for (size_t i = 0; i < o->n && !r; i++) {
		struct program *p = &o->programs[i];

		p->c.packet = &packet;
		cases[i] = &p->c;
		r = object_load(p->object, p->name, p->wishes, p->n_wishes, &o->cfg, &p->loaded,
				&p->c.fd, d);
	}
	return r ? r : pb_rounds(driver, cases, o->n, &o->pb, d);
}

int main(int argc, char **argv)
{
	static struct options o = { .pb = PB_DEFAULTS };
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	const char *packet;
	int r;

	o.cfg = pb_cfg_default();
	packet = options_read(&o, argc, argv);
	r = pb_pin_cpu(o.cpu);
	if (r)
		(void)diag_error(&d, NULL, "cannot stay on CPU %u: %s", o.cpu, strerror(-r));
	else
		r = measure(&o, packet, &d);
	if (!r)
		report(&o);
	for (size_t i = 0; i < o.n; i++) {
		pb_case_free(&o.programs[i].c);
		bpf_object__close(o.programs[i].loaded);
	}
	diag_format_all(&d, &text);
	fputs(strbuf_text(&text), stderr);
	return r ? 1 : 0;
}
