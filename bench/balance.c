/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What balancing costs: nanoseconds per packet over a bare redirect, and packets per second through
 * veth.  Run by bench/balance, which makes the namespaces.  All targets of a balancer are names of
 * the same interface, so that everything compared has the same receiver.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#include "lib/compare.h"
#include "lib/port.h"
#include "lib/redirect.h"
#include "pipe/balance/flows.h"
#include "pipe/balance/hash.h"
#include "pipe/balance/live.h"

#define FEW 1024
#define MANY 100000
#define N_TARGETS 4

#define INTO "balance:\n  in: [ eth1 ]\n"
#define BY(policy) INTO "  policy: " policy "\n  out: [ t1, t2, t3, t4 ]\n"
/* Nearly every packet is of a flow that was the drained target's. */
#define NEARLY_ALL INTO "  policy: flow\n  out: [ { name: t1, weight: 100 }, t2 ]\n"
#define OFF_YAML "bridge:\n  interface_mapping:\n  - { name: eth1, redirect_to: gone }\n"

enum what {
	BARE,
	OFF,
	FLOW,
	SYMMETRIC,
	TURNS,
	FLOW6,
	FLOW_VLAN,
	KNOWN_FEW,
	UNKNOWN_FEW,
	KNOWN_MANY,
	UNKNOWN_MANY,
	QUARTER_FEW,
	QUARTER_MANY,
	FLOW_MANY,
	N_PORTS
};

static const struct compare_case cases[] = {
	[BARE] = { "bare", "bare bpf_redirect_map", "udp4", FEW, 0, XDP_REDIRECT },
	[OFF] = { "off", "weir, every stage off", "udp4", FEW, 0, XDP_PASS },
	[FLOW] = { "flow", "weir, flow", "udp4", FEW, 0, XDP_REDIRECT },
	[SYMMETRIC] = { "symmetric", "weir, flow-symmetric", "udp4", FEW, 0, XDP_REDIRECT },
	[TURNS] = { "turns", "weir, round-robin", "udp4", FEW, 0, XDP_REDIRECT },
	[FLOW6] = { "flow_ipv6", "weir, flow, IPv6", "udp6", FEW, 0, XDP_REDIRECT },
	[FLOW_VLAN] = { "flow_vlan", "weir, flow, VLAN tag", "vlan.udp4", FEW, 0, XDP_REDIRECT },
	[KNOWN_FEW] = { "drain_known_1k", "draining, 1 k flows, known", "udp4", FEW, 0, XDP_REDIRECT },
	[UNKNOWN_FEW] = { "drain_unknown_1k", "draining, 1 k flows, others known", "udp4", FEW, 0,
			  XDP_REDIRECT },
	[KNOWN_MANY] = { "drain_known_100k", "draining, 100 k flows, known", "udp4", MANY, 0,
			 XDP_REDIRECT },
	[UNKNOWN_MANY] = { "drain_unknown_100k", "draining, 100 k flows, others known", "udp4",
			   MANY, 0, XDP_REDIRECT },
};

/* How each is made. */
static const struct making {
	const char *yaml;
	unsigned flows; /* 0 = nothing is drained; else so many are remembered */
	bool others;	/* but not those of the packets */
	unsigned kept;	/* at least so many percent of the packets are of known flows; 0 = none */
	bool even;	/* all targets have the same share */
} makings[N_PORTS] = {
	[OFF] = { OFF_YAML, 0, false, 0, false },
	[FLOW] = { BY("flow"), 0, false, 0, true },
	[SYMMETRIC] = { BY("flow-symmetric"), 0, false, 0, true },
	[TURNS] = { BY("round-robin"), 0, false, 0, true },
	[FLOW6] = { BY("flow"), 0, false, 0, true },
	[FLOW_VLAN] = { BY("flow"), 0, false, 0, true },
	[KNOWN_FEW] = { NEARLY_ALL, FEW, false, 95, false },
	[UNKNOWN_FEW] = { NEARLY_ALL, FEW, true, 0, false },
	[KNOWN_MANY] = { NEARLY_ALL, MANY, false, 95, false },
	[UNKNOWN_MANY] = { NEARLY_ALL, MANY, true, 0, false },
	[QUARTER_FEW] = { BY("flow"), FEW, false, 15, true },
	[QUARTER_MANY] = { BY("flow"), MANY, false, 15, true },
	[FLOW_MANY] = { BY("flow"), 0, false, 0, true },
};

enum way {
	WAY_BARE,
	WAY_FLOW,
	WAY_SYMMETRIC,
	WAY_TURNS,
	WAY_KNOWN_FEW,
	WAY_KNOWN_MANY,
	WAY_QUARTER_FEW,
	WAY_QUARTER_MANY,
	WAY_FLOW_MANY,
	WAY_REF,
	WAY_REF_TOLD,
	WAY_DROP,
	N_WAYS
};

static const struct compare_way ways[N_WAYS] = {
	[WAY_BARE] = { "bare", "bare bpf_redirect_map", FEW, false },
	[WAY_FLOW] = { "flow", "weir, flow", FEW, false },
	[WAY_SYMMETRIC] = { "symmetric", "weir, flow-symmetric", FEW, false },
	[WAY_TURNS] = { "turns", "weir, round-robin", FEW, false },
	[WAY_KNOWN_FEW] = { "drain_all_1k", "draining, 1 k flows, all known", FEW, false },
	[WAY_KNOWN_MANY] = { "drain_all_100k", "draining, 100 k flows, all known", MANY, false },
	[WAY_QUARTER_FEW] = { "drain_quarter_1k", "draining 1 of 4, 1 k flows", FEW, false },
	[WAY_QUARTER_MANY] = { "drain_quarter_100k", "draining 1 of 4, 100 k flows", MANY, false },
	[WAY_FLOW_MANY] = { "flow_100k", "weir, flow, 100 k flows", MANY, true },
	[WAY_REF] = { "simple", "simple turns, one counter", FEW, true },
	[WAY_REF_TOLD] = { "simple_told", "simple turns, each packet printed", FEW, true },
	[WAY_DROP] = { "drop", "dropped in the middle", FEW, true },
};

/* Those of the second part that are ports, and which. */
static const enum what way_ports[N_WAYS] = {
	[WAY_FLOW] = FLOW,
	[WAY_SYMMETRIC] = SYMMETRIC,
	[WAY_TURNS] = TURNS,
	[WAY_KNOWN_FEW] = KNOWN_FEW,
	[WAY_KNOWN_MANY] = KNOWN_MANY,
	[WAY_QUARTER_FEW] = QUARTER_FEW,
	[WAY_QUARTER_MANY] = QUARTER_MANY,
	[WAY_FLOW_MANY] = FLOW_MANY,
};

static const struct compare_goal goals[] = {
	{ "flow, packets per second through veth", COMPARE_PPS_RATIO, WAY_FLOW, 0.95 },
	{ "draining, 1 k flows, all known", COMPARE_PPS_RATIO, WAY_KNOWN_FEW, 0.80 },
	{ "draining 1 of 4, 100 k flows", COMPARE_PPS_RATIO, WAY_QUARTER_MANY, 0.80 },
	{ "draining, 100 k flows, all known", COMPARE_PPS_RATIO, WAY_KNOWN_MANY, 0.80 },
};

_Static_assert(ARRAY_LEN(cases) <= COMPARE_ROWS && N_WAYS <= COMPARE_ROWS, "more rows than fit");

/* One loaded copy of everything. */
static struct bpf_object *bare, *simple, *simple_told;
static struct bench_port ports[N_PORTS];

/* --- known flows ------------------------------------------------------------------------------- */

static const struct balance_live *live_of(const struct bench_port *port)
{
	return port->lives.at[STAGE_balance];
}

/* The hash of the flow that packet_build("udp4") and the addresses of `cfg` make, number `i`. */
static uint64_t flow_hash(const struct pb_cfg *cfg, unsigned i, uint64_t seed)
{
	uint64_t from = balance_end4(htonl(cfg->peer), (uint16_t)cfg->port_srv);
	uint64_t to = balance_end4(htonl(pb_address(cfg, i)), (uint16_t)cfg->port_sub);

	return balance_hash_directed(from, to, IPPROTO_UDP, seed);
}

static int remember(struct balancer *b, uint64_t hash)
{
	uint8_t slot = b->table->was[balance_bucket(hash)];

	if (slot == BALANCE_NONE)
		return 0; /* was never the drained target's */
	return balance_flows_put(b, hash, slot) ? 0 : -ENOSPC;
}

/* As the packet path would have learned them, and the time of learning over. */
static int remember_flows(const struct bench_port *port, const struct making *m)
{
	const struct balance_live *live = live_of(port);
	struct balancer *b = live->balancers.at[0];
	uint64_t seed = (uint64_t)BALANCERS(live->conf)[0].seed.value;
	struct pb_cfg cfg = pb_cfg_default();
	int r = 0;

	memset(b->table->learning, 0, sizeof(b->table->learning));
	cfg.port_srv += m->others;
	for (unsigned i = 0; i < m->flows && !r; i++)
		r = remember(b, flow_hash(&cfg, i, seed));
	return r;
}

/* --- copies ------------------------------------------------------------------------------------ */

static int load_port(enum what what, const struct compare_place *place, int *ret_fd, struct diag *d)
{
	static const struct bench_command drain = { STAGE_balance, "Drain", "t1" };
	const struct making *m = &makings[what];
	const struct pipe_link links[] = {
		bench_link("eth1", place->self, place->mtu),
		bench_link("t1", place->target, place->mtu),
		bench_link("t2", place->target, place->mtu),
		bench_link("t3", place->target, place->mtu),
		bench_link("t4", place->target, place->mtu),
		bench_link("gone", 0, place->mtu),
	};
	const struct bench_wish wish = { .yaml = m->yaml,
					 .links = links,
					 .n_links = ARRAY_LEN(links),
					 .name = "eth1",
					 .command = m->flows ? &drain : NULL };
	int r = bench_port_load(&wish, &ports[what], d);

	if (!r && m->flows) {
		r = remember_flows(&ports[what], m);
		if (r)
			(void)diag_error(d, NULL, "known flows: %s", strerror(-r));
	}
	if (!r)
		*ret_fd = ports[what].instance->xdp_fd;
	return r;
}

static int load_cases(const struct compare_place *place, int *ret_fds, struct diag *d)
{
	int r = redirect_load_bare(place->target, &bare, &ret_fds[BARE], d);

	for (unsigned i = BARE + 1; i < ARRAY_LEN(cases) && !r; i++)
		r = load_port(i, place, &ret_fds[i], d);
	return r;
}

static int load_ways(const struct compare_place *place, int *ret_fds, struct diag *d)
{
	int r = redirect_load_bare(place->target, &bare, &ret_fds[WAY_BARE], d);

	r = r ? r :
		redirect_load("balance_ref.bpf.o", "turns", N_TARGETS, place->target, &simple,
			      &ret_fds[WAY_REF], d);
	r = r ? r :
		redirect_load("balance_ref.bpf.o", "turns_told", N_TARGETS, place->target,
			      &simple_told, &ret_fds[WAY_REF_TOLD], d);
	ret_fds[WAY_DROP] = veth_bench_drop_fd(place->veth);
	for (unsigned i = 0; i < N_WAYS && !r; i++)
		if (way_ports[i])
			r = load_port(way_ports[i], place, &ret_fds[i], d);
	return r;
}

static void unload(void)
{
	for (unsigned i = 0; i < N_PORTS; i++)
		bench_port_free(&ports[i]);
	bpf_object__close(bare);
	bpf_object__close(simple);
	bpf_object__close(simple_told);
	bare = simple = simple_told = NULL;
}

/* --- did they do their work? ------------------------------------------------------------------- */

/* Also a drained target has its share, of known flows. */
static bool is_even(const struct bench_port *port, unsigned long long sent)
{
	const struct balancer *b = live_of(port)->balancers.at[0];

	vec_foreach(&b->members.all, m) {
		unsigned long long share = 0;

		for (unsigned i = 0; i < port->counters.n_cpus; i++)
			share += port->counters.cpu[i].balance.target[m->slot].packets;
		if (share * b->members.all.n * 2 < sent)
			return false;
	}
	return true;
}

static int check_port(enum what what, struct diag *d)
{
	const struct bench_port *port = &ports[what];
	const struct making *m = &makings[what];
	unsigned long long sent, kept;

	if (what == OFF || !port->instance)
		return 0;
	sent = bench_port_count(port, COUNT_balance_spread);
	kept = bench_port_count(port, COUNT_balance_drain_kept);
	if (!sent || (m->even && !is_even(port, sent)))
		return diag_error(d, NULL, "program %d: %llu packets, but not all targets had some",
				  what, sent);
	if (m->kept ? kept * 100 < sent * m->kept : kept != 0)
		return diag_error(d, NULL,
				  "program %d: %llu of %llu packets were of known flows, expected "
				  "%u %%",
				  what, kept, sent, m->kept);
	return 0;
}

static int check(struct diag *d)
{
	int r = 0;

	for (unsigned i = 0; i < N_PORTS && !r; i++)
		r = check_port(i, d);
	return r;
}

/* --- the price of a line per packet ------------------------------------------------------------ */

static double over_told(const struct compare_results *results)
{
	return compare_ratio_of_medians(&results->ways[WAY_FLOW].pps,
					&results->ways[WAY_REF_TOLD].pps);
}

static void put_more(json_t *o, const struct compare_results *results)
{
	if (results->has_pps)
		(void)json_object_set_new(o, "flow_over_simple_told_pps_ratio",
					  json_real(over_told(results)));
}

static void print_more(const struct compare_results *results)
{
	if (results->has_pps)
		printf("flow against turns that print each packet: %.1f times its packets per "
		       "second\n",
		       over_told(results));
}

int main(int argc, char **argv)
{
	static const struct compare balance = {
		.name = "balance",
		.help = "Usage: ./dev bench balance [--json] [--quick] [--cpu N]\n"
			"What balancing costs: nanoseconds per packet over a bare redirect, and "
			"packets per second\nthrough veth. Empties the kernel's trace buffer, "
			"as one competitor prints every packet.\n" COMPARE_HELP,
		.cases = cases,
		.n_cases = ARRAY_LEN(cases),
		.ways = ways,
		.n_ways = N_WAYS,
		.goals = goals,
		.n_goals = ARRAY_LEN(goals),
		.load_cases = load_cases,
		.load_ways = load_ways,
		.check = check,
		.unload = unload,
		.put_more = put_more,
		.print_more = print_more,
	};

	return compare_main(&balance, argc, argv);
}
