/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/compare.h"

#include <linux/bpf.h>

#define LO 1	     /* exists in every namespace, so that a slot can name it */
#define ELSEWHERE 77 /* the port itself; nothing looks at it */
#define ASIDE 16     /* so many rounds of the others for one of those shown for information */

/* --- part 1: nanoseconds per packet ------------------------------------------------------------ */

static int build_packets(const struct compare *c, struct packet *packets, struct diag *d)
{
	int r = 0;

	for (size_t i = 0; i < c->n_cases && !r; i++) {
		const struct compare_case *row = &c->cases[i];
		struct pb_cfg cfg = pb_cfg_default();

		cfg.n_addr = row->flows ? row->flows : 1;
		r = packet_build(row->packet, &cfg, &packets[i], d);
		packets[i].cfg.off_tci = row->tci ? 14 : 0;
		packets[i].cfg.tci = row->tci;
	}
	return r;
}

/* A program that did not do its work is quick: such numbers are not shown. */
static int check_verdicts(const struct compare *c, const struct pb_case *cases, struct diag *d)
{
	int r = 0;

	for (size_t i = 0; i < c->n_cases; i++) {
		unsigned want = c->cases[i].verdict;

		if (cases[i].verdicts[want] != cases[i].net.v.n)
			r = diag_error(d, NULL, "%s: not every verdict was %s", cases[i].label,
				       pb_verdict_name(cases[i].kind, want));
	}
	return r;
}

static int measure_cases(const struct compare *c, const struct compare_options *o,
			 struct pb_driver *driver, struct pb_case *cases, struct diag *d)
{
	const struct compare_place place = { .self = ELSEWHERE, .target = LO, .mtu = 1500 };
	struct pb_options pb = PB_DEFAULTS;
	struct pb_case *list[COMPARE_ROWS];
	int fds[COMPARE_ROWS] = { 0 }, r = c->load_cases(&place, fds, d);

	pb.rounds = o->ns_rounds;
	pb.seconds = o->seconds / o->copies;
	for (size_t i = 0; i < c->n_cases && !r; i++) {
		cases[i].fd = fds[i];
		list[i] = &cases[i];
	}
	r = r ? r : pb_rounds(driver, list, c->n_cases, &pb, d);
	return r || !c->check ? r : c->check(d);
}

static int measure_ns_copy(const struct compare *c, const struct compare_options *o,
			   struct pb_case *cases, struct diag *d)
{
	_cleanup_(pb_driver_freep) struct pb_driver *driver = NULL;
	int r = pb_driver_open(&driver, d);

	r = r ? r : pb_driver_settle(driver);
	r = r ? r : measure_cases(c, o, driver, cases, d);
	c->unload();
	return r;
}

int compare_ns(const struct compare *c, const struct compare_options *o, struct pb_case *cases,
	       struct diag *d)
{
	_cleanup_free_ struct packet *packets = calloc(c->n_cases, sizeof(*packets));
	int r = packets ? build_packets(c, packets, d) : -ENOMEM;

	for (size_t i = 0; i < c->n_cases && !r; i++) {
		(void)snprintf(cases[i].label, sizeof(cases[i].label), "%s", c->cases[i].label);
		cases[i].packet = &packets[i];
	}
	for (unsigned copy = 0; copy < o->copies && !r; copy++)
		r = measure_ns_copy(c, o, cases, d);
	return r ? r : check_verdicts(c, cases, d);
}

/* --- part 2: packets per second ---------------------------------------------------------------- */

/* Round after round of those that matter, then some of those shown for information. */
static int send_rounds(const struct compare *c, const struct compare_options *o,
		       struct veth_bench *veth, struct veth_way *ways, struct diag *d)
{
	struct veth_way *goal[COMPARE_ROWS], *aside[COMPARE_ROWS];
	double seconds = o->seconds / o->copies;
	size_t n_goal = 0, n_aside = 0;
	int r;

	for (size_t i = 0; i < c->n_ways; i++)
		if (c->ways[i].aside)
			aside[n_aside++] = &ways[i];
		else
			goal[n_goal++] = &ways[i];
	r = veth_bench_rounds(veth, goal, n_goal, o->pps_rounds, o->frames, seconds, d);
	return r ? r :
		   veth_bench_rounds(veth, aside, n_aside, o->pps_rounds / ASIDE + 1, o->frames,
				     seconds / 4, d);
}

static int send_held(const struct compare *c, const struct compare_options *o,
		     struct veth_bench *veth, struct veth_way *ways, struct diag *d)
{
	int hold[COMPARE_ROWS], r = 0;

	memset(hold, -1, sizeof(hold));
	for (size_t i = 0; i < c->n_ways && !r; i++)
		r = veth_bench_hold(ways[i].fd, &hold[i]);
	r = r ? r : send_rounds(c, o, veth, ways, d);
	for (size_t i = 0; i < c->n_ways; i++)
		cleanup_close(&hold[i]);
	return r;
}

static int send_copy(const struct compare *c, const struct compare_options *o,
		     struct veth_bench *veth, const struct veth_middle *middle,
		     struct veth_way *ways, struct diag *d)
{
	const struct compare_place place = {
		.self = middle->eth1, .target = middle->eth2, .mtu = middle->mtu, .veth = veth
	};
	int fds[COMPARE_ROWS] = { 0 }, r = c->load_ways(&place, fds, d);

	for (size_t i = 0; i < c->n_ways && !r; i++)
		ways[i].fd = fds[i];
	r = r ? r : send_held(c, o, veth, ways, d);
	if (!r && c->check)
		r = c->check(d);
	c->unload();
	return r;
}

int compare_pps(const struct compare *c, const struct compare_options *o, struct veth_way *ways,
		struct diag *d)
{
	_cleanup_(veth_bench_freep) struct veth_bench *veth = NULL;
	struct veth_middle middle;
	int r = veth_bench_open(o->lab, &veth, &middle, d);

	for (size_t i = 0; i < c->n_ways; i++) {
		(void)snprintf(ways[i].label, sizeof(ways[i].label), "%s", c->ways[i].label);
		ways[i].flows = c->ways[i].flows;
	}
	for (unsigned copy = 0; copy < o->copies && !r; copy++)
		r = send_copy(c, o, veth, &middle, ways, d);
	return r;
}
