/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the shaper's packet path costs, from where a packet arrives to its queue: nanoseconds of XDP
 * and TC together, for 1 to 100,000 subscribers of whom each packet is another's.  Ours, the study
 * it was designed by, and the classic way, interleaved in one run and loaded anew several times.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <getopt.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include "lib/machine.h"
#include "lib/pb.h"
#include "lib/pipeline_ours.h"
#include "lib/study.h"
#include "nl/sock.h"
#include "pipe/shared.h"

#define LO 1	      /* by it packets come and leave */
#define OTHER "pipe0" /* the shaper wants two interfaces */

/* --- what is measured -------------------------------------------------------------------------- */

enum part_id {
	OURS_XDP,
	OURS_TC,
	OURS_OUT,
	KERNEL_XDP,
	KERNEL_OUT,
	STUDY_XDP,
	STUDY_TC,
	CLASSIC_XDP,
	CLASSIC_TC,
	CLASSIC_TC_LOOKUP,
	N_PARTS
};

enum looks {
	WHOLE,	   /* the packet as it is */
	CLASSED,   /* its class is known already */
	MARKED,	   /* metadata in its first bytes: class, queue, and where to send it */
	MARKED_ON, /* the same, but the kernel forwards it */
	N_LOOKS
};

static const struct part {
	const char *label;
	enum looks looks;
	unsigned verdict;
	bool classifies; /* says the class */
} parts[N_PARTS] = {
	[OURS_XDP] = { "XDP", WHOLE, XDP_REDIRECT, false },
	[OURS_TC] = { "TC in", MARKED, TC_ACT_REDIRECT, true },
	[OURS_OUT] = { "TC out", CLASSED, PB_VERDICTS - 1, false },
	[KERNEL_XDP] = { "XDP", WHOLE, XDP_REDIRECT, false },
	[KERNEL_OUT] = { "TC out", MARKED_ON, PB_VERDICTS - 1, true },
	[STUDY_XDP] = { "XDP", WHOLE, XDP_REDIRECT, false },
	[STUDY_TC] = { "TC", MARKED, TC_ACT_REDIRECT, true },
	[CLASSIC_XDP] = { "XDP", WHOLE, XDP_REDIRECT, false },
	[CLASSIC_TC] = { "TC with RTT", WHOLE, TC_ACT_OK, true },
	[CLASSIC_TC_LOOKUP] = { "TC", WHOLE, TC_ACT_OK, true },
};

enum way_id { OURS, KERNEL, STUDY, CLASSIC, CLASSIC_LOOKUP, N_WAYS };

static const struct way {
	const char *key, *label;
	enum part_id part[3];
	unsigned n;
} ways[N_WAYS] = {
	[OURS] = { "ours", "weir, bridging", { OURS_XDP, OURS_TC, OURS_OUT }, 3 },
	[KERNEL] = { "ours_kernel", "weir, the kernel forwards", { KERNEL_XDP, KERNEL_OUT }, 2 },
	[STUDY] = { "study", "the study", { STUDY_XDP, STUDY_TC }, 2 },
	[CLASSIC] = { "classic", "classic, lookup and RTT", { CLASSIC_XDP, CLASSIC_TC }, 2 },
	[CLASSIC_LOOKUP] = { "classic_lookup",
			     "classic, lookup alone",
			     { CLASSIC_XDP, CLASSIC_TC_LOOKUP },
			     2 },
};

/* More packets where there are more subscribers, so that most of them have one. */
enum size_id { ONE, K1, K10, K100, N_SIZES };

static const struct size {
	const char *key, *label;
	unsigned n, repeat, rounds, quick;
} sizes[N_SIZES] = {
	[ONE] = { "1", "1", 1, 20000, 60, 30 },
	[K1] = { "1k", "1,000", 1000, 20000, 60, 30 },
	[K10] = { "10k", "10,000", 10000, 60000, 30, 10 },
	[K100] = { "100k", "100,000", 100000, 250000, 12, 5 },
};

/* Of the sum of ours to the sum of another; "classic" is what measures round-trip times as well. */
static const struct goal {
	enum size_id from, to;
	enum way_id against;
	double limit;
} goals[] = {
	{ ONE, K100, STUDY, 1.2 },
	{ K1, K1, CLASSIC, 0.4 },
	{ K100, K100, CLASSIC, 0.25 },
};

struct options {
	const char *packet;
	unsigned copies, cpu;
	bool json, quick;
};

struct results {
	struct pb_case parts[N_SIZES][N_PARTS];
	struct samples ways[N_SIZES][N_WAYS];
};

/* --- the programs ------------------------------------------------------------------------------ */

struct programs {
	int fd[N_PARTS];
	struct bpf_object *study, *classic;
	struct pipeline_ours ours;
};

static int program_fd(const struct bpf_object *object, const char *name)
{
	const struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	return program ? bpf_program__fd(program) : -ENOENT;
}

static int classic_load(const struct size *size, const struct pb_cfg *cfg, bool v6, unsigned cpu,
			struct bpf_object **ret, struct diag *d)
{
	_cleanup_free_ char *path = machine_beside("pipeline_ref.bpf.o");
	char all[96], cpus[64], there[64];
	const struct object_wish wishes[] = {
		{ OBJECT_FILL, all },
		{ OBJECT_FILL, cpus },
		{ OBJECT_FILL, there },
		{ OBJECT_FILL, "queues:64:%i:01000100" },
		{ OBJECT_FILL, "sides_in:1:01000000:01000000" },
		{ OBJECT_FILL, "sides_out:1:01000000:02000000" },
	};
	int fd;

	(void)snprintf(all, sizeof(all), "subscribers:%u:%s:%02x000000%%h", size->n,
		       v6 ? "4000000020010db8%a0000000000000000" :
			    "80000000ffffffffffffffffffffffff%a",
		       cpu);
	(void)snprintf(cpus, sizeof(cpus), "cpus:1:%02x000000:0008000000000000", cpu);
	(void)snprintf(there, sizeof(there), "cpus_there:1:%02x000000:%02x000000", cpu, cpu);
	return path ? object_load(path, NULL, wishes, ARRAY_LEN(wishes), cfg, ret, &fd, d) : -ENOMEM;
}

static int programs_load(const struct size *size, const struct pb_cfg *cfg, bool v6, unsigned cpu,
			 struct programs *p, struct diag *d)
{
	const struct pipeline_wish ours = {
		.n = size->n, .cpu = cpu, .cfg = cfg, .v6 = v6, .interface = if_nametoindex(OTHER)
	};
	int r = classic_load(size, cfg, v6, cpu, &p->classic, d);

	r = r ? r : study_load(size->n, cfg, v6, cpu, &p->study, d);
	r = r ? r : pipeline_open_ours(&ours, &p->ours, d);
	if (r)
		return r;
	p->fd[CLASSIC_XDP] = program_fd(p->classic, "classic_xdp");
	p->fd[CLASSIC_TC] = program_fd(p->classic, "classic_tc");
	p->fd[CLASSIC_TC_LOOKUP] = program_fd(p->classic, "classic_tc_lookup");
	p->fd[STUDY_XDP] = program_fd(p->study, "study_xdp");
	p->fd[STUDY_TC] = program_fd(p->study, "study_tc");
	p->fd[OURS_XDP] = p->ours.xdp;
	p->fd[KERNEL_XDP] = p->ours.xdp_routing;
	p->fd[OURS_TC] = p->ours.in;
	p->fd[OURS_OUT] = p->fd[KERNEL_OUT] = p->ours.out;
	return 0;
}

static void programs_unload(struct programs *p)
{
	bpf_object__close(p->study);
	bpf_object__close(p->classic);
	pipeline_close_ours(&p->ours);
	*p = (struct programs){ 0 };
}

/* --- the packets ------------------------------------------------------------------------------- */

static void mark(struct packet *p, enum looks looks)
{
	const struct pipe_meta meta = { .handle = PIPELINE_HANDLE,
					.magic = PIPE_META_MAGIC,
					.id_dir = 2,
					.oif = looks == MARKED ? LO : 0 };

	if (looks == CLASSED)
		p->cfg.priority = PIPELINE_HANDLE;
	else
		memcpy(p->bytes, &meta, sizeof(meta));
}

static int packets_build(const struct options *o, const struct size *size, struct packet *ret,
			 struct diag *d)
{
	struct pb_cfg cfg = pb_cfg_default();
	int r;

	cfg.n_addr = size->n;
	r = packet_build(o->packet, &cfg, &ret[WHOLE], d);
	if (r)
		return r;
	for (enum looks looks = CLASSED; looks < N_LOOKS; looks++) {
		ret[looks] = ret[WHOLE];
		mark(&ret[looks], looks);
	}
	return 0;
}

/* --- the rounds -------------------------------------------------------------------------------- */

static void cases_make(const struct programs *p, const struct packet *packets, struct pb_case *cases)
{
	for (unsigned i = 0; i < N_PARTS; i++) {
		(void)snprintf(cases[i].label, sizeof(cases[i].label), "%s", parts[i].label);
		cases[i].fd = p->fd[i];
		cases[i].packet = &packets[parts[i].looks];
		cases[i].iif = LO;
	}
}

/* A program that does not say the class is quick: such numbers are not shown. */
static int check_class(const struct pb_case *c, const struct part *part, struct diag *d)
{
	struct __sk_buff in = { .ifindex = LO,
				.ingress_ifindex = LO,
				.priority = c->packet->cfg.priority },
			 out = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = c->packet->bytes,
		    .data_size_in = c->packet->len, .ctx_in = &in, .ctx_size_in = sizeof(in),
		    .ctx_out = &out, .ctx_size_out = sizeof(out));
	int r = bpf_prog_test_run_opts(c->fd, &options);

	if (r)
		return diag_error(d, NULL, "%s: test run: %s", c->label, strerror(-r));
	if (part->classifies && out.priority != PIPELINE_HANDLE)
		return diag_error(d, NULL, "%s: class %x instead of %x", c->label, out.priority,
				  PIPELINE_HANDLE);
	return 0;
}

static int check_cases(struct pb_case *cases, struct diag *d)
{
	int r = 0;

	for (unsigned i = 0; i < N_PARTS && !r; i++)
		if (cases[i].kind == PB_TC)
			r = check_class(&cases[i], &parts[i], d);
	return r;
}

static int measure(const struct options *o, enum size_id size, struct pb_driver *driver,
		   struct pb_case *cases, struct diag *d)
{
	_cleanup_free_ struct packet *packets = calloc(N_LOOKS, sizeof(*packets));
	const bool v6 = strstr(o->packet, "p6");
	struct pb_options pb = PB_DEFAULTS;
	struct pb_case *list[N_PARTS];
	struct programs p = { 0 };
	int r = packets ? packets_build(o, &sizes[size], packets, d) : -ENOMEM;

	r = r ? r : programs_load(&sizes[size], &packets->cfg, v6, !o->cpu, &p, d);
	if (!r)
		cases_make(&p, packets, cases);
	for (unsigned i = 0; i < N_PARTS; i++)
		list[i] = &cases[i];
	pb.repeat = sizes[size].repeat;
	pb.rounds = o->quick ? sizes[size].quick : sizes[size].rounds;
	r = r ? r : pb_rounds(driver, list, N_PARTS, &pb, d);
	r = r ? r : check_cases(cases, d);
	programs_unload(&p);
	return r;
}

/* Sums of the same round: what disturbed the machine disturbed all parts of it. */
static int add_ways(struct pb_case *cases, struct samples *sums)
{
	int r = 0;

	for (unsigned w = 0; w < N_WAYS; w++)
		for (size_t i = sums[w].v.n; i < cases->net.v.n && !r; i++) {
			double sum = 0;

			for (unsigned k = 0; k < ways[w].n; k++)
				sum += cases[ways[w].part[k]].net.v.at[i];
			r = samples_add(&sums[w], sum);
		}
	return r;
}

static int check_verdicts(const struct pb_case *cases, struct diag *d)
{
	int r = 0;

	for (unsigned i = 0; i < N_PARTS; i++)
		if (cases[i].verdicts[parts[i].verdict] != cases[i].net.v.n)
			r = diag_error(d, NULL, "part %u (%s): not every verdict was %s", i,
				       cases[i].label,
				       pb_verdict_name(cases[i].kind, parts[i].verdict));
	return r;
}

/* A veth pair; the kernel names the other end. */
static int make_interface(struct diag *d)
{
	_cleanup_nl_ struct nl *nl = NULL;
	uint8_t buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request_link(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info;
	int r = nl_open(&nl);

	mnl_attr_put_strz(h, IFLA_IFNAME, OTHER);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	mnl_attr_nest_end(h, info);
	r = r ? r : nl_ask(nl, NL_ROUTE, h, NULL, NULL);
	return r ? diag_error(d, NULL, "no second interface: %s", strerror(-r)) : 0;
}

static int run(const struct options *o, struct results *ret, struct diag *d)
{
	_cleanup_(pb_driver_freep) struct pb_driver *driver = NULL;
	int r = pb_pin_cpu(o->cpu);

	if (r)
		return diag_error(d, NULL, "cannot stay on CPU %u: %s", o->cpu, strerror(-r));
	r = pb_driver_open(&driver, d);
	r = r ? r : pb_driver_settle(driver);
	r = r ? r : make_interface(d);
	for (unsigned copy = 0; copy < o->copies && !r; copy++)
		for (enum size_id size = ONE; size < N_SIZES && !r; size++) {
			r = measure(o, size, driver, ret->parts[size], d);
			r = r ? r : add_ways(ret->parts[size], ret->ways[size]);
		}
	for (enum size_id size = ONE; size < N_SIZES && !r; size++)
		r = check_verdicts(ret->parts[size], d);
	return r;
}

/* --- the report -------------------------------------------------------------------------------- */

static double ratio(const struct results *r, enum size_id size, enum way_id way, enum way_id against)
{
	return samples_ratio(&r->ways[size][way], &r->ways[size][against]).median;
}

static void put(json_t *o, const char *way, const char *size, const char *what, double value)
{
	char name[96];

	(void)snprintf(name, sizeof(name), "%s_%s_%s", way, size, what);
	(void)json_object_set_new(o, name, json_real(value));
}

static void put_size(json_t *o, const struct results *r, enum size_id size)
{
	const char *key = sizes[size].key;

	for (unsigned w = 0; w < N_WAYS; w++) {
		struct stat_summary ns = samples_summary(&r->ways[size][w]);

		put(o, ways[w].key, key, "ns", ns.median);
		put(o, ways[w].key, key, "ns_q1", ns.q1);
		put(o, ways[w].key, key, "ns_q3", ns.q3);
		put(o, ways[w].key, key, "over_study", ratio(r, size, w, STUDY));
		put(o, ways[w].key, key, "over_classic", ratio(r, size, w, CLASSIC));
		put(o, ways[w].key, key, "over_classic_lookup", ratio(r, size, w, CLASSIC_LOOKUP));
	}
}

static void print_json(const struct options *o, const struct results *r, json_t *machine)
{
	json_t *out = json_object();

	for (enum size_id size = ONE; size < N_SIZES; size++)
		put_size(out, r, size);
	(void)json_object_set_new(out, "packet", json_string(o->packet));
	(void)json_object_set(out, "machine", machine);
	(void)json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
	printf("\n");
	json_decref(out);
}

static void print_way(const struct results *r, enum size_id size, enum way_id w)
{
	struct stat_summary ns = samples_summary(&r->ways[size][w]);

	printf("  %-28s %7.1f %7.1f..%7.1f %7.2f %9.2f %9.2f  ", ways[w].label, ns.median, ns.q1,
	       ns.q3, ratio(r, size, w, STUDY), ratio(r, size, w, CLASSIC),
	       ratio(r, size, w, CLASSIC_LOOKUP));
	for (unsigned k = 0; k < ways[w].n; k++)
		printf("%s%s %.1f", k ? ", " : "", parts[ways[w].part[k]].label,
		       samples_median(&r->parts[size][ways[w].part[k]].net));
	printf("\n");
}

static void print_goal(const struct results *r, const struct goal *g)
{
	double worst = 0;

	for (enum size_id size = g->from; size <= g->to; size++)
		worst = MAX(worst, ratio(r, size, OURS, g->against));
	printf("weir, bridging, %s%s subscribers: %.2f of %s (goal: at most %.2f): %s\n",
	       g->from == g->to ? "" : "at worst of 1 to ", sizes[g->to].label, worst,
	       ways[g->against].label, g->limit, worst <= g->limit ? "met" : "MISSED");
}

static void print_tables(const struct options *o, const struct results *r, const json_t *machine)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	machine_format(machine, &text);
	printf("machine\n%s\nNanoseconds per packet (%s), all programs on its way summed, the "
	       "driver's %.0f "
	       "ns taken off\n",
	       strbuf_text(&text), o->packet, samples_median(&r->parts[ONE][OURS_XDP].driver));
	for (enum size_id size = ONE; size < N_SIZES; size++) {
		printf("\n%-30s %7s %16s %7s %9s %9s\n", sizes[size].label, "median", "quartiles",
		       "/study", "/classic", "/lookup");
		for (unsigned w = 0; w < N_WAYS; w++)
			print_way(r, size, w);
	}
	printf("\n");
	for (size_t i = 0; i < ARRAY_LEN(goals); i++)
		print_goal(r, &goals[i]);
}

/* --- command line ------------------------------------------------------------------------------ */

static const char help[] =
	"Usage: ./dev bench pipeline [--json] [--quick] [--packet SPEC] [--cpu N]\n"
	"What a packet costs from its arrival to its queue: nanoseconds of XDP and TC together, "
	"with\n"
	"1 to 100,000 subscribers, of whom each packet is another's. Against:\n"
	"  the study        the design study's programs, without round-trip times\n"
	"  classic          an LPM trie asked in XDP and in TC, and round-trip times in hash "
	"tables\n"
	"  classic, lookup  the same without round-trip times\n"
	"What TC gets as metadata is in the packet's first bytes here, as a test run has none.\n"
	"All are interleaved and loaded anew several times; ratios are medians of rounds.\n"
	"\n"
	"  --json         one object with every number by name\n"
	"  --quick        about a minute\n"
	"  --packet SPEC  " PACKET_SPEC " (tcp4.1500)\n"
	"  --cpu N        stay on that CPU (the last one)\n";

__attribute__((noreturn)) static void usage_error(const char *expected, const char *got)
{
	fprintf(stderr, "pipeline: expected %s, got '%s'\n", expected, got);
	exit(2);
}

static unsigned cpu_parse(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value >= CPU_SETSIZE)
		usage_error("a CPU", text);
	return (unsigned)value;
}

static void options_read(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' },	    { "quick", no_argument, NULL, 'q' },
		{ "packet", required_argument, NULL, 'p' }, { "cpu", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },	    { 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (option) {
		case 'j':
			o->json = true;
			break;
		case 'q':
			o->quick = true;
			o->copies = 3;
			break;
		case 'p':
			o->packet = optarg;
			break;
		case 'c':
			o->cpu = cpu_parse(optarg);
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			exit(2); /* getopt has said why */
		}
	if (optind < argc)
		usage_error("only options", argv[optind]);
}

static void results_free(struct results *r)
{
	for (enum size_id size = ONE; size < N_SIZES; size++) {
		for (unsigned i = 0; i < N_PARTS; i++)
			pb_case_free(&r->parts[size][i]);
		for (unsigned w = 0; w < N_WAYS; w++)
			samples_free(&r->ways[size][w]);
	}
}

int main(int argc, char **argv)
{
	struct options o = { .packet = "tcp4.1500",
			     .copies = 8,
			     .cpu = (unsigned)sysconf(_SC_NPROCESSORS_ONLN) - 1 };
	static struct results results;
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	json_t *machine = machine_facts(); /* the load before we add to it */
	int r;

	options_read(&o, argc, argv);
	r = run(&o, &results, &d);
	if (r && !d.errors)
		(void)diag_error(&d, NULL, "pipeline: %s", strerror(-r));
	if (!r && o.json)
		print_json(&o, &results, machine);
	else if (!r)
		print_tables(&o, &results, machine);
	diag_format_all(&d, &text);
	fputs(strbuf_text(&text), stderr);
	results_free(&results);
	json_decref(machine);
	return r ? 1 : 0;
}
