/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet path as the daemon would load it for one interface, made from YAML, not attached. */
#pragma once

#include "pipe/counters.h"
#include "pipe/instance.h"
#include "pipe/live.h"
#include "pipe/plan.h"

/* A command of a stage, given to a path that runs before the copy is made. */
struct bench_command {
	enum stage_id stage;
	const char *name;      /* as on the bus: "Drain" */
	const char *interface; /* its parameter of that name */
};

struct bench_wish {
	const char *yaml;
	/* The interfaces of the plan as facts; targets of redirects must exist in the network
	 * namespace of the caller. */
	const struct pipe_link *links;
	size_t n_links;
	const char *name;		     /* the link whose copy is loaded */
	const char *other;		     /* one more, which shares all that; NULL = none */
	const struct bench_command *command; /* NULL = none */
};

struct bench_port {
	struct instance *instance, *other; /* other: NULL without such a wish */
	struct lives lives; /* what the stages share; nothing of it is pinned or kept */
	struct counter_block counters;
	struct model *model; /* lent to `lives` */
	char note[200];	     /* what the plan says about it, "" = nothing */
};

/* *ret is not to be copied: its parts point to each other.  Zeros on failure. */
int bench_port_load(const struct bench_wish *wish, struct bench_port *ret, struct diag *d);
void bench_port_free(struct bench_port *port);
/* Packets counted under that name since it was loaded. */
unsigned long long bench_port_count(const struct bench_port *port, enum pipe_counter which);
/* An interface that runs XDP natively and takes redirects. */
struct pipe_link bench_link(const char *name, int ifindex, unsigned mtu);
