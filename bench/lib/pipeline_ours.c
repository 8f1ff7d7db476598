/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's own way from configuration to program, but for the queues, of which there are none
 * here: so the classes that subscribers would have are written into the table afterwards.
 */
#include "lib/pipeline_ours.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/fakemeta.h"
#include "pipe/classify/live.h"
#include "pipe/rtt/live.h"

#define LO 1
#define MTU 1500
#define FIRST_MINOR 16
#define MINORS 65000
#define FIRST_ID 2 /* behind nobody's and that of the default plan */

#define SHAPER                                                                            \
	"shaper:\n  access: eth1\n  internet: eth2\n  downlink: 10000\n  uplink: 10000\n" \
	"  tree: none\n  queues: 1\n  leaf: fifo\n"
#define BRIDGE                                                                   \
	"bridge:\n  interface_mapping:\n  - { name: eth1, redirect_to: eth2 }\n" \
	"  - { name: eth2, redirect_to: eth1 }\n"

static struct net_prefix prefix_of(const struct pipeline_wish *w, unsigned i)
{
	struct net_prefix p = { .family = w->v6 ? 6 : 4, .length = w->v6 ? 64 : 32 };
	const uint32_t words[2] = { htonl(0x20010db8), htonl(pb_address(w->cfg, i)) };

	memcpy(p.address, w->v6 ? &words[0] : &words[1], w->v6 ? 8 : 4);
	return p;
}

/* --- the files --------------------------------------------------------------------------------- */

static int write_rows(const struct pipeline_wish *w, unsigned n, FILE *out)
{
	fputs("Circuit ID,Circuit Name,IPv4,IPv6,Download Max Mbps,Upload Max Mbps\n", out);
	for (unsigned i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf text = { 0 };
		const struct net_prefix prefix = prefix_of(w, i);

		net_prefix_format(&prefix, &text);
		fprintf(out, "%u,%u,%s,%s,10,10\n", i, i, w->v6 ? "" : strbuf_text(&text),
			w->v6 ? strbuf_text(&text) : "");
	}
	return ferror(out) ? -EIO : 0;
}

static int write_devices(const struct pipeline_wish *w, unsigned n, char *path)
{
	_cleanup_close_ int fd = mkstemp(path);
	_cleanup_fclose_ FILE *out = NULL;
	int r;

	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		return -errno;
	(void)TAKE_FD(fd);
	r = write_rows(w, n, out);
	return r ? r : fflush(out) ? -errno : 0;
}

/* --- a port ------------------------------------------------------------------------------------ */

/* What is loaded: for how many of the subscribers, what makes of it a path, and which end of it. */
struct making {
	unsigned n;
	const char *sections, *name, *other;
};

static int load_yaml(const struct pipeline_wish *w, const char *yaml, const struct making *m,
		     struct bench_port *ret, struct diag *d)
{
	const struct pipe_link links[] = {
		bench_link("eth1", LO, MTU),
		bench_link("eth2", (int)w->interface, MTU),
	};
	const struct bench_wish wish = { .yaml = yaml,
					 .links = links,
					 .n_links = ARRAY_LEN(links),
					 .name = m->name,
					 .other = m->other };
	int r;

	fake_metadata = true;
	r = bench_port_load(&wish, ret, d);
	fake_metadata = false;
	return r;
}

static int load(const struct pipeline_wish *w, const struct making *m, struct bench_port *ret,
		struct diag *d)
{
	char path[] = "/tmp/weir-bench-XXXXXX";
	_cleanup_free_ char *yaml = NULL;
	int r = write_devices(w, m->n, path);

	if (!r && asprintf(&yaml, "%s  devices: [ %s ]\n%s%s", SHAPER, path, m->sections,
			   w->rtt ? w->rtt : "") < 0)
		r = -ENOMEM;
	r = r ? r : load_yaml(w, yaml, m, ret, d);
	(void)unlink(path);
	return r;
}

/* --- the table --------------------------------------------------------------------------------- */

static int add_cpu(const struct classify_live *live, uint32_t cpu)
{
	const struct bpf_cpumap_val queue = { .qsize = 2048 };

	return bpf_map_update_elem(live->cpus_fd, &cpu, &queue, BPF_ANY) ? -errno : 0;
}

static int give_classes(const struct pipeline_wish *w, struct bench_port *port, struct diag *d)
{
	struct classify_live *live = port->lives.at[STAGE_classify];
	_cleanup_free_ struct classify_entry *entries = calloc(w->n, sizeof(*entries));
	struct classify_table_change change;
	int r = entries ? add_cpu(live, w->cpu) : -ENOMEM;

	for (unsigned i = 0; i < w->n && !r; i++)
		entries[i] = (struct classify_entry){
			prefix_of(w, i),
			CLASSIFY_VALUE(0x10000 | (FIRST_MINOR + i % MINORS), FIRST_ID + i, w->cpu)
		};
	r = r ? r : classify_table_set(live->table, entries, w->n, &change, d);
	if (!r && change.added + change.removed)
		r = diag_error(d, NULL, "%zu subscribers were not in the table", change.added);
	return r;
}

static int load_routing(const struct pipeline_wish *w, struct pipeline_ours *ours, struct diag *d)
{
	const struct making routing = { .n = w->n, .sections = "", .name = "eth2" };
	int r = load(w, &routing, &ours->routing, d);

	r = r ? r : give_classes(w, &ours->routing, d);
	if (!r)
		ours->xdp_routing = ours->routing.instance->xdp_fd;
	return r;
}

int pipeline_open_ours(const struct pipeline_wish *w, struct pipeline_ours *ours, struct diag *d)
{
	const struct making bridging = {
		.n = w->n, .sections = BRIDGE, .name = "eth2", .other = w->back ? "eth1" : NULL
	};
	int r;

	*ours = (struct pipeline_ours){ .xdp_routing = -1, .xdp_back = -1 };
	r = load(w, &bridging, &ours->bridging, d);
	r = r ? r : give_classes(w, &ours->bridging, d);
	if (!r && w->routing)
		r = load_routing(w, ours, d);
	if (r) {
		pipeline_close_ours(ours);
		return r;
	}
	ours->xdp = ours->bridging.instance->xdp_fd;
	ours->in = ours->bridging.instance->tc_fd;
	if (w->back)
		ours->xdp_back = ours->bridging.other->xdp_fd;
	return 0;
}

int pipeline_open_leaving(const struct pipeline_wish *w, struct bench_port *ret, struct diag *d)
{
	const struct making leaving = { .n = 1, .sections = "", .name = "eth1" };

	return load(w, &leaving, ret, d);
}

void pipeline_close_ours(struct pipeline_ours *ours)
{
	bench_port_free(&ours->bridging);
	bench_port_free(&ours->routing);
	*ours = (struct pipeline_ours){ 0 };
}

/* --- round-trip times -------------------------------------------------------------------------- */

static struct rtt_live *rtt_of(const struct pipeline_ours *ours)
{
	struct rtt_live *live = ours->bridging.lives.at[STAGE_rtt];

	return live && live->maps ? live : NULL;
}

size_t pipeline_flows(const struct pipeline_ours *ours)
{
	const struct rtt_live *live = rtt_of(ours);
	size_t used = 0;

	for (size_t i = 0; live && i < live->maps->n_sets * RTT_WAYS; i++)
		used += rtt_flow_at(live->maps->flows, live->maps->details, i)->tag != 0;
	return used;
}

void pipeline_answer_flows(struct pipeline_ours *ours)
{
	const struct rtt_live *live = rtt_of(ours);

	for (size_t i = 0; live && i < live->maps->n_sets * RTT_WAYS; i++)
		rtt_flow_at(live->maps->flows, live->maps->details, i)->seen |= RTT_SEEN_BOTH;
}

unsigned long long pipeline_drain(struct pipeline_ours *ours)
{
	struct rtt_live *live = rtt_of(ours);

	if (!live)
		return 0;
	rtt_live_drain(live);
	return rtt_live_sums(live).head;
}
