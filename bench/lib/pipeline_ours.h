/* SPDX-License-Identifier: GPL-2.0-only */
/* The real packet path as the daemon would load it for a shaper, with many subscribers in its table. */
#pragma once

#include "lib/pb_cfg.h"
#include "lib/port.h"

#define PIPELINE_HANDLE 0x10010 /* class 1:10 */

struct pipeline_ours {
	struct bench_port bridging,
		routing;	  /* where packets come in: weir bridges, the kernel forwards */
	int xdp, in, xdp_routing; /* borrowed from them */
	int xdp_back;		  /* where replies come in, with the tables of `xdp` */
};

/* `n` subscribers as `cfg` makes their addresses, all of `cpu`; IPv6: /64 networks. */
struct pipeline_wish {
	unsigned n, cpu;
	const struct pb_cfg *cfg;
	bool v6;
	unsigned interface; /* one that is there beside the loopback; nothing is done to it */
	const char *rtt;    /* the section; NULL = none */
	bool routing, back; /* load these, too */
};

/* *ret is not to be copied. */
int pipeline_open_ours(const struct pipeline_wish *wish, struct pipeline_ours *ret, struct diag *d);
void pipeline_close_ours(struct pipeline_ours *ours);
/* Where packets leave; nobody is looked up there, so `n` is of no account. */
int pipeline_open_leaving(const struct pipeline_wish *wish, struct bench_port *ret, struct diag *d);

/* Flows in the table of `bridging`; 0 without one. */
size_t pipeline_flows(const struct pipeline_ours *ours);
/* Each was answered, so it keeps its place: as flows are that do more than begin. */
void pipeline_answer_flows(struct pipeline_ours *ours);
/* What the daemon does every second.  Returns the samples that were taken so far. */
unsigned long long pipeline_drain(struct pipeline_ours *ours);
