/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bridging costs: nanoseconds per packet over a bare redirect, and packets per second through
 * veth.  Run by bench/bridge, which makes the namespaces.
 */
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "lib/compare.h"
#include "lib/port.h"
#include "lib/redirect.h"

#define JUMBO 9000
#define TAG 0xb003 /* priority 5, drop eligible, VID 3 */

#define PAIR(more) "bridge:\n  interface_mapping:\n  - { name: eth1, redirect_to: eth2" more " }\n"
#define TAGS "  vlan_mapping:\n  - { parent: eth1, tag: 3, redirect_to: 4 }\n"
#define STICK                                                                                      \
	"bridge:\n  interface_mapping:\n  - { name: eth2, redirect_to: eth2, scan_vlans: true }\n" \
	"  vlan_mapping:\n  - { parent: eth2, tag: 3, redirect_to: 4 }\n"
#define AWAY "bridge:\n  interface_mapping:\n  - { name: eth1, redirect_to: gone }\n"

enum what { BARE, OFF, BRIDGE, BRIDGE_JUMBO, SCAN, RETAG, ON_STICK, DEFER, N_PORTS };

static const struct compare_case cases[N_PORTS] = {
	[BARE] = { "bare", "bare bpf_redirect_map", "udp4", 0, 0, XDP_REDIRECT },
	[OFF] = { "off", "weir, every stage off", "udp4", 0, 0, XDP_PASS },
	[BRIDGE] = { "bridge", "weir, bridge alone", "udp4", 0, 0, XDP_REDIRECT },
	[BRIDGE_JUMBO] = { "bridge_jumbo", "weir, bridge, MTU 9000", "udp4", 0, 0, XDP_REDIRECT },
	[SCAN] = { "bridge_scan", "weir, VLANs scanned, no tag", "udp4", 0, 0, XDP_REDIRECT },
	[RETAG] = { "bridge_retag", "weir, tag 3 becomes 4", "vlan.udp4", 0, TAG, XDP_REDIRECT },
	[ON_STICK] = { "stick_retag", "weir, on a stick, 3 becomes 4", "vlan.udp4", 0, TAG,
		       XDP_REDIRECT },
	[DEFER] = { "bridge_defer", "weir, XDP decides for TC", "udp4", 0, 0, XDP_PASS },
};

/* How each is made. */
static const struct making {
	const char *yaml, *port;
	unsigned mtu;
	bool no_xmit; /* the target takes no redirects */
} makings[N_PORTS] = {
	[OFF] = { AWAY, "eth1", 1500, false },
	[BRIDGE] = { PAIR(""), "eth1", 1500, false },
	[BRIDGE_JUMBO] = { PAIR(""), "eth1", JUMBO, false },
	[SCAN] = { PAIR(", scan_vlans: true") TAGS, "eth1", 1500, false },
	[RETAG] = { PAIR(", scan_vlans: true") TAGS, "eth1", 1500, false },
	[ON_STICK] = { STICK, "eth2", 1500, false },
	[DEFER] = { PAIR(""), "eth1", 1500, true },
};

enum way { WAY_BARE, WAY_WEIR, WAY_KERNEL, WAY_DROP, N_WAYS };

static const struct compare_way ways[N_WAYS] = {
	[WAY_BARE] = { "bare", "bare bpf_redirect_map", 0, false },
	[WAY_WEIR] = { "bridge", "weir, bridge alone", 0, false },
	[WAY_KERNEL] = { "linux_bridge", "the kernel's own bridge", 0, true },
	[WAY_DROP] = { "drop", "dropped in the middle", 0, true },
};

static const struct compare_goal goals[] = {
	{ "bridging alone over a bare redirect", COMPARE_NS_OVER_FIRST, BRIDGE, 6 },
	{ "its packets per second through veth", COMPARE_PPS_RATIO, WAY_WEIR, 0.95 },
};

_Static_assert(N_PORTS <= COMPARE_ROWS && N_WAYS <= COMPARE_ROWS, "more rows than fit");

/* One loaded copy of everything. */
static struct bpf_object *bare;
static struct bench_port ports[N_PORTS];

static int load_port(enum what what, const struct compare_place *place, int *ret_fd, struct diag *d)
{
	const struct making *m = &makings[what];
	unsigned mtu = place->veth ? place->mtu : m->mtu;
	struct pipe_link links[] = { bench_link("eth1", place->self, mtu),
				     bench_link("eth2", place->target, mtu),
				     bench_link("gone", 0, mtu) };
	const struct bench_wish wish = {
		.yaml = m->yaml, .links = links, .n_links = ARRAY_LEN(links), .name = m->port
	};
	int r;

	links[1].xmit = links[1].xmit_frags = !m->no_xmit;
	r = bench_port_load(&wish, &ports[what], d);
	if (!r)
		*ret_fd = ports[what].instance->xdp_fd;
	return r;
}

static int load_cases(const struct compare_place *place, int *ret_fds, struct diag *d)
{
	int r = redirect_load_bare(place->target, &bare, &ret_fds[BARE], d);

	for (unsigned i = BARE + 1; i < N_PORTS && !r; i++)
		r = load_port(i, place, &ret_fds[i], d);
	return r;
}

static int load_ways(const struct compare_place *place, int *ret_fds, struct diag *d)
{
	int r = redirect_load_bare(place->target, &bare, &ret_fds[WAY_BARE], d);

	ret_fds[WAY_KERNEL] = veth_bench_pass_fd(place->veth);
	ret_fds[WAY_DROP] = veth_bench_drop_fd(place->veth);
	return r ? r : load_port(BRIDGE, place, &ret_fds[WAY_WEIR], d);
}

static void unload(void)
{
	for (unsigned i = 0; i < N_PORTS; i++)
		bench_port_free(&ports[i]);
	bpf_object__close(bare);
	bare = NULL;
}

int main(int argc, char **argv)
{
	static const struct compare bridge = {
		.name = "bridge",
		.help = "Usage: ./dev bench bridge [--json] [--quick] [--cpu N]\n"
			"What bridging costs: nanoseconds per packet over a bare redirect, and "
			"packets per second\nthrough veth. " COMPARE_HELP,
		.cases = cases,
		.n_cases = N_PORTS,
		.ways = ways,
		.n_ways = N_WAYS,
		.goals = goals,
		.n_goals = ARRAY_LEN(goals),
		.load_cases = load_cases,
		.load_ways = load_ways,
		.unload = unload,
	};

	return compare_main(&bridge, argc, argv);
}
