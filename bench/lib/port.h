/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet path as the daemon would load it for one interface, made from YAML, not attached. */
#pragma once

#include "pipe/instance.h"
#include "pipe/plan.h"

struct bench_port {
	struct instance *instance;
	char note[200]; /* what the plan says about it, "" = nothing */
};

/*
 * `links` are the interfaces of the plan as facts; targets of redirects must exist in the network
 * namespace of the caller.  `name` is the one whose copy is loaded.
 */
int bench_port_load(const char *yaml, const struct pipe_link *links, size_t n_links,
		    const char *name, struct bench_port *ret, struct diag *d);
void bench_port_free(struct bench_port *port);
/* An interface that runs XDP natively and takes redirects. */
struct pipe_link bench_link(const char *name, int ifindex, unsigned mtu);
