/* SPDX-License-Identifier: GPL-2.0-only */
/* The real packet path as the daemon would load it for a shaper, with many subscribers in its table. */
#pragma once

#include "lib/pb_cfg.h"
#include "lib/port.h"

#define PIPELINE_HANDLE 0x10010 /* class 1:10 */

struct pipeline_ours {
	struct bench_port bridging,
		routing;	   /* where packets come in: weir bridges, the kernel forwards */
	struct bench_port leaving; /* where they leave */
	int xdp, xdp_routing, in, out; /* borrowed from them */
};

/* `n` subscribers as `cfg` makes their addresses, all of `cpu`; IPv6: /64 networks. */
struct pipeline_wish {
	unsigned n, cpu;
	const struct pb_cfg *cfg;
	bool v6;
	unsigned interface; /* one that is there beside the loopback; nothing is done to it */
};

int pipeline_open_ours(const struct pipeline_wish *wish, struct pipeline_ours *ret, struct diag *d);
void pipeline_close_ours(struct pipeline_ours *ours);
