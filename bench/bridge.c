/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bridging costs: nanoseconds per packet over a bare redirect, and packets per second through
 * veth.  Run by bench/bridge, which makes the namespaces.  Everything compared is interleaved.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <getopt.h>
#include <jansson.h>

#include "lib/machine.h"
#include "lib/object.h"
#include "lib/pb.h"
#include "lib/port.h"
#include "lib/veth.h"

#define LO 1	     /* exists in every namespace, so that a slot can name it */
#define ELSEWHERE 77 /* the port itself; nothing looks at it */
#define JUMBO 9000
#define NS_GOAL 6.0
#define RATIO_GOAL 0.95

#define PAIR(more) "bridge:\n  interface_mapping:\n  - { name: eth1, redirect_to: eth2" more " }\n"
#define TAGS "  vlan_mapping:\n  - { parent: eth1, tag: 3, redirect_to: 4 }\n"
#define STICK                                                                                      \
	"bridge:\n  interface_mapping:\n  - { name: eth2, redirect_to: eth2, scan_vlans: true }\n" \
	"  vlan_mapping:\n  - { parent: eth2, tag: 3, redirect_to: 4 }\n"
#define AWAY "bridge:\n  interface_mapping:\n  - { name: eth1, redirect_to: gone }\n"

enum what { BARE, OFF, BRIDGE, BRIDGE_JUMBO, SCAN, RETAG, ON_STICK, DEFER, N_PORTS };

/* How each is made; the numbers in JSON are called <key>_ns, <key>_ns_over_bare, <key>_ratio. */
static const struct row {
	const char *key, *label, *yaml, *port, *packet;
	unsigned mtu;
	bool no_xmit; /* the target takes no redirects */
} rows[N_PORTS] = {
	[BARE] = { "bare", "bare bpf_redirect_map", NULL, NULL, "udp4", 0, false },
	[OFF] = { "off", "weir, every stage off", AWAY, "eth1", "udp4", 1500, false },
	[BRIDGE] = { "bridge", "weir, bridge alone", PAIR(""), "eth1", "udp4", 1500, false },
	[BRIDGE_JUMBO] = { "bridge_jumbo", "weir, bridge, MTU 9000", PAIR(""), "eth1", "udp4",
			   JUMBO, false },
	[SCAN] = { "bridge_scan", "weir, VLANs scanned, no tag", PAIR(", scan_vlans: true") TAGS,
		   "eth1", "udp4", 1500, false },
	[RETAG] = { "bridge_retag", "weir, tag 3 becomes 4", PAIR(", scan_vlans: true") TAGS,
		    "eth1", "vlan.udp4", 1500, false },
	[ON_STICK] = { "stick_retag", "weir, on a stick, 3 becomes 4", STICK, "eth2", "vlan.udp4",
		       1500, false },
	[DEFER] = { "bridge_defer", "weir, XDP decides for TC", PAIR(""), "eth1", "udp4", 1500, true },
};

struct options {
	const char *lab; /* prefix of the namespaces; NULL = no packets per second */
	unsigned copies, ns_rounds, pps_rounds, frames, cpu;
	double seconds; /* at most, of each part */
	bool json;
};

/* One loaded copy of everything. */
struct copies {
	struct bpf_object *bare;
	struct bench_port ports[N_PORTS];
	int fd[N_PORTS];
};

/* --- copies ------------------------------------------------------------------------------------ */

static int load_bare(struct copies *c, int target, struct diag *d)
{
	_cleanup_free_ char *path = machine_beside("bridge_ref.bpf.o");
	int r = path ? object_load(path, "bare_redirect", NULL, 0, NULL, &c->bare, &c->fd[BARE], d) :
		       -ENOMEM;
	__u32 slot = 0;

	if (r)
		return r;
	if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(c->bare, "ports"), &slot, &target,
				BPF_ANY))
		return diag_error(d, NULL, "interface %d: %s", target, strerror(errno));
	return 0;
}

static int load_port(struct copies *c, enum what what, int self, int target, struct diag *d)
{
	const struct row *row = &rows[what];
	struct pipe_link links[] = { bench_link("eth1", self, row->mtu),
				     bench_link("eth2", target, row->mtu),
				     bench_link("gone", 0, row->mtu) };
	int r;

	links[1].xmit = links[1].xmit_frags = !row->no_xmit;
	r = bench_port_load(row->yaml, links, ARRAY_LEN(links), row->port, &c->ports[what], d);
	if (!r)
		c->fd[what] = c->ports[what].instance->xdp_fd;
	return r;
}

static void copies_free(struct copies *c)
{
	for (unsigned i = 0; i < N_PORTS; i++)
		bench_port_free(&c->ports[i]);
	bpf_object__close(c->bare);
	*c = (struct copies){ 0 };
}

/* --- part 1: nanoseconds per packet ------------------------------------------------------------ */

static int build_packets(struct packet *packets, struct diag *d)
{
	struct pb_cfg cfg = pb_cfg_default();
	int r = 0;

	for (unsigned i = 0; i < N_PORTS && !r; i++) {
		r = packet_build(rows[i].packet, &cfg, &packets[i], d);
		packets[i].cfg.off_tci = strstr(rows[i].packet, "vlan") ? 14 : 0;
		packets[i].cfg.tci = 0xb003; /* priority 5, drop eligible, VID 3 */
	}
	return r;
}

static int copies_load(struct copies *c, struct diag *d)
{
	int r = load_bare(c, LO, d);

	for (unsigned i = BARE + 1; i < N_PORTS && !r; i++)
		r = load_port(c, i, ELSEWHERE, LO, d);
	return r;
}

static int measure_copy(const struct options *o, struct pb_case *cases, struct diag *d)
{
	_cleanup_(pb_driver_freep) struct pb_driver *driver = NULL;
	struct pb_options pb = PB_DEFAULTS;
	struct pb_case *list[N_PORTS];
	struct copies c = { 0 };
	int r = pb_driver_open(&driver, d);

	pb.rounds = o->ns_rounds;
	pb.seconds = o->seconds / o->copies;
	r = r ? r : pb_driver_settle(driver);
	r = r ? r : copies_load(&c, d);
	for (unsigned i = 0; i < N_PORTS; i++) {
		cases[i].fd = c.fd[i];
		list[i] = &cases[i];
	}
	r = r ? r : pb_rounds(driver, list, N_PORTS, &pb, d);
	copies_free(&c);
	return r;
}

/*
 * Where the kernel puts a program decides a nanosecond or two of its cost, so everything is loaded
 * anew several times and the medians are over all copies.
 */
static int measure_ns(const struct options *o, struct pb_case *cases, struct diag *d)
{
	static struct packet packets[N_PORTS];
	int r = build_packets(packets, d);

	for (unsigned i = 0; i < N_PORTS; i++) {
		(void)snprintf(cases[i].label, sizeof(cases[i].label), "%s", rows[i].label);
		cases[i].packet = &packets[i];
	}
	for (unsigned copy = 0; copy < o->copies && !r; copy++)
		r = measure_copy(o, cases, d);
	return r;
}

/* A program that did not do its work is quick: such numbers are not shown. */
static int check_verdicts(const struct pb_case *cases, struct diag *d)
{
	int r = 0;

	for (unsigned i = 0; i < N_PORTS; i++) {
		unsigned want = i == OFF || i == DEFER ? XDP_PASS : XDP_REDIRECT;

		if (cases[i].verdicts[want] != cases[i].net.v.n)
			r = diag_error(d, NULL, "%s: not every verdict was %s", cases[i].label,
				       pb_verdict_name(cases[i].kind, want));
	}
	return r;
}

/* --- part 2: packets per second ---------------------------------------------------------------- */

enum way { WAY_BARE, WAY_WEIR, WAY_KERNEL, WAY_DROP, N_WAYS };

static const struct {
	const char *key, *label;
} way_rows[N_WAYS] = {
	[WAY_BARE] = { "bare", "bare bpf_redirect_map" },
	[WAY_WEIR] = { "bridge", "weir, bridge alone" },
	[WAY_KERNEL] = { "linux_bridge", "the kernel's own bridge" },
	[WAY_DROP] = { "drop", "dropped in the middle" },
};

/* Round after round of the two that matter, then some of those shown for information. */
static int send_rounds(const struct options *o, struct veth_bench *bench, struct veth_way *ways,
		       struct diag *d)
{
	struct veth_way *goal[] = { &ways[WAY_BARE], &ways[WAY_WEIR] };
	struct veth_way *others[] = { &ways[WAY_KERNEL], &ways[WAY_DROP] };
	double seconds = o->seconds / o->copies;
	int r = veth_bench_rounds(bench, goal, ARRAY_LEN(goal), o->pps_rounds, o->frames, seconds, d);

	return r ? r :
		   veth_bench_rounds(bench, others, ARRAY_LEN(others), o->pps_rounds / 16 + 1,
				     o->frames, seconds / 4, d);
}

static int send_copy(const struct options *o, struct veth_bench *bench,
		     const struct veth_middle *middle, struct veth_way *ways, struct diag *d)
{
	struct copies c = { 0 };
	int hold[N_WAYS], r = load_bare(&c, middle->eth2, d);

	memset(hold, -1, sizeof(hold));
	r = r ? r : load_port(&c, BRIDGE, middle->eth1, middle->eth2, d);
	ways[WAY_BARE].fd = c.fd[BARE];
	ways[WAY_WEIR].fd = c.fd[BRIDGE];
	ways[WAY_KERNEL].fd = veth_bench_pass_fd(bench);
	ways[WAY_DROP].fd = veth_bench_drop_fd(bench);
	for (unsigned i = 0; i < N_WAYS && !r; i++)
		r = veth_bench_hold(ways[i].fd, &hold[i]);
	r = r ? r : send_rounds(o, bench, ways, d);
	for (unsigned i = 0; i < N_WAYS; i++)
		cleanup_close(&hold[i]);
	copies_free(&c);
	return r;
}

static int measure_pps(const struct options *o, struct veth_way *ways, struct diag *d)
{
	_cleanup_(veth_bench_freep) struct veth_bench *bench = NULL;
	struct veth_middle middle;
	int r = veth_bench_open(o->lab, &bench, &middle, d);

	for (unsigned i = 0; i < N_WAYS; i++)
		(void)snprintf(ways[i].label, sizeof(ways[i].label), "%s", way_rows[i].label);
	for (unsigned copy = 0; copy < o->copies && !r; copy++)
		r = send_copy(o, bench, &middle, ways, d);
	return r;
}

/* --- out --------------------------------------------------------------------------------------- */

struct results {
	struct pb_case cases[N_PORTS];
	struct veth_way ways[N_WAYS];
	bool has_pps;
};

static void put(json_t *o, const char *key, const char *suffix, double value)
{
	char name[96];

	(void)snprintf(name, sizeof(name), "%s_%s", key, suffix);
	(void)json_object_set_new(o, name, json_real(value));
}

/* Of so few nanoseconds the ratios of single rounds say nothing. */
static double ratio_of_medians(const struct samples *a, const struct samples *b)
{
	double below = samples_median(b);

	return below > 0 ? samples_median(a) / below : 0;
}

static void put_case(json_t *o, const struct results *r, unsigned i)
{
	const struct samples *net = &r->cases[i].net, *bare = &r->cases[BARE].net;
	struct stat_summary ns = samples_summary(net);

	put(o, rows[i].key, "ns", ns.median);
	put(o, rows[i].key, "ns_q1", ns.q1);
	put(o, rows[i].key, "ns_q3", ns.q3);
	if (i == BARE)
		return;
	put(o, rows[i].key, "ns_over_bare", samples_difference(net, bare).median);
	put(o, rows[i].key, "ns_over_bare_q1", samples_difference(net, bare).q1);
	put(o, rows[i].key, "ns_over_bare_q3", samples_difference(net, bare).q3);
	put(o, rows[i].key, "ns_ratio", ratio_of_medians(net, bare));
}

/* Round by round where both ran in the same rounds. */
static double way_ratio(const struct results *r, unsigned i)
{
	const struct samples *bare = &r->ways[WAY_BARE].pps, *way = &r->ways[i].pps;

	return i == WAY_WEIR ? samples_ratio(way, bare).median : ratio_of_medians(way, bare);
}

static void put_way(json_t *o, const struct results *r, unsigned i)
{
	const struct veth_way *way = &r->ways[i];

	put(o, way_rows[i].key, "pps", samples_median(&way->pps));
	put(o, way_rows[i].key, "pps_lost", 1 - (double)way->arrived / (double)way->sent);
	if (i != WAY_BARE)
		put(o, way_rows[i].key, "pps_ratio", way_ratio(r, i));
}

static json_t *results_json(const struct results *r, const json_t *machine)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < N_PORTS; i++)
		put_case(o, r, i);
	for (unsigned i = 0; i < N_WAYS && r->has_pps; i++)
		put_way(o, r, i);
	(void)json_object_set_new(o, "bridge_ns_over_bare_goal", json_real(NS_GOAL));
	(void)json_object_set_new(o, "bridge_pps_ratio_goal", json_real(RATIO_GOAL));
	(void)json_object_set(o, "machine", (json_t *)machine);
	return o;
}

static void print_cases(const struct results *r)
{
	const struct samples *bare = &r->cases[BARE].net;

	printf("\nNanoseconds per packet, one program, the driver's %.0f ns taken off\n",
	       samples_median(&r->cases[BARE].driver));
	printf("%-32s %8s %15s %11s %15s %7s\n", "", "median", "quartiles", "over bare",
	       "quartiles", "ratio");
	for (unsigned i = 0; i < N_PORTS; i++) {
		const struct samples *net = &r->cases[i].net;
		struct stat_summary ns = samples_summary(net), over = samples_difference(net, bare);

		printf("%-32s %8.1f %7.1f..%6.1f", r->cases[i].label, ns.median, ns.q1, ns.q3);
		if (i != BARE)
			printf(" %+11.1f %+7.1f..%+6.1f %7.2f", over.median, over.q1, over.q3,
			       ratio_of_medians(net, bare));
		printf("\n");
	}
}

static void print_ways(const struct results *r)
{
	const struct veth_way *ways = r->ways;

	printf("\nThrough veth, 64-byte frames, everything on one CPU\n");
	printf("%-32s %8s %15s %11s %15s %7s\n", "", "Mpps", "quartiles", "ratio", "quartiles",
	       "lost");
	for (unsigned i = 0; i < N_WAYS; i++) {
		struct stat_summary pps = samples_summary(&ways[i].pps);
		struct stat_summary rounds = samples_ratio(&ways[i].pps, &ways[WAY_BARE].pps);

		printf("%-32s %8.3f %7.3f..%6.3f", ways[i].label, pps.median / 1e6, pps.q1 / 1e6,
		       pps.q3 / 1e6);
		printf(" %11.3f", way_ratio(r, i));
		if (i == WAY_WEIR)
			printf(" %7.3f..%6.3f", rounds.q1, rounds.q3);
		else
			printf(" %15s", "");
		printf(" %6.2f%%\n", 100 * (1 - (double)ways[i].arrived / (double)ways[i].sent));
	}
}

static const char *met(bool yes)
{
	return yes ? "met" : "MISSED";
}

static void print_goals(const struct results *r)
{
	double over = samples_difference(&r->cases[BRIDGE].net, &r->cases[BARE].net).median;
	double ratio = way_ratio(r, WAY_WEIR);

	printf("\nbridging alone over a bare redirect: %+.1f ns (goal: at most %.0f): %s\n", over,
	       NS_GOAL, met(over <= NS_GOAL));
	if (r->has_pps)
		printf("its packets per second through veth: %.3f of bare (goal: at least %.2f): "
		       "%s\n",
		       ratio, RATIO_GOAL, met(ratio >= RATIO_GOAL));
}

static void report(const struct options *o, const struct results *r, const json_t *machine)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	json_t *json;

	if (o->json) {
		json = results_json(r, machine);
		(void)json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(5));
		printf("\n");
		json_decref(json);
		return;
	}
	machine_format(machine, &text);
	printf("machine\n%s", strbuf_text(&text));
	print_cases(r);
	if (r->has_pps)
		print_ways(r);
	print_goals(r);
}

/* --- the command ------------------------------------------------------------------------------- */

static const char help[] =
	"Usage: ./dev bench bridge [--json] [--quick] [--cpu N]\n"
	"What bridging costs: nanoseconds per packet over a bare redirect, and packets per second\n"
	"through veth. Programs are interleaved and loaded anew several times; medians are shown.\n"
	"\n"
	"  --json     one object with every number by name\n"
	"  --quick    less than a minute\n"
	"  --cpu N    stay on that CPU (the last one)\n"
	"  --lab P    the namespaces P-a, P-mid, P-b; without it only nanoseconds per packet\n";

static unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end) {
		fprintf(stderr, "bridge: expected a number, got '%s'\n", text);
		exit(2);
	}
	return value;
}

static void options_read(struct options *o, int argc, char **argv)
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
			o->copies = 6;
			o->ns_rounds = 150;
			o->pps_rounds = 300;
			o->seconds = 20;
			break;
		case 'c':
			o->cpu = (unsigned)number(optarg);
			break;
		case 'l':
			o->lab = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		default:
			exit(2); /* getopt has said why */
		}
	if (optind < argc) {
		fprintf(stderr, "bridge: expected only options, got '%s'\n", argv[optind]);
		exit(2);
	}
}

static int measure(const struct options *o, struct results *ret, struct diag *d)
{
	int r = pb_pin_cpu(o->cpu);

	if (r)
		return diag_error(d, NULL, "cannot stay on CPU %u: %s", o->cpu, strerror(-r));
	r = measure_ns(o, ret->cases, d);
	r = r ? r : check_verdicts(ret->cases, d);
	if (r || !o->lab)
		return r;
	r = measure_pps(o, ret->ways, d);
	ret->has_pps = !r;
	return r;
}

static void results_free(struct results *r)
{
	for (unsigned i = 0; i < N_PORTS; i++)
		pb_case_free(&r->cases[i]);
	for (unsigned i = 0; i < N_WAYS; i++)
		veth_way_free(&r->ways[i]);
}

int main(int argc, char **argv)
{
	struct options o = {
		.copies = 20, .ns_rounds = 200, .pps_rounds = 400, .frames = 20000, .seconds = 90
	};
	static struct results results;
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	json_t *machine = machine_facts(); /* the load before we add to it */
	int r;

	o.cpu = (unsigned)sysconf(_SC_NPROCESSORS_ONLN) - 1;
	options_read(&o, argc, argv);
	r = measure(&o, &results, &d);
	if (!r)
		report(&o, &results, machine);
	diag_format_all(&d, &text);
	fputs(strbuf_text(&text), stderr);
	results_free(&results);
	json_decref(machine);
	return r ? 1 : 0;
}
