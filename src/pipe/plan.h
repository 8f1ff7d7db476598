/* SPDX-License-Identifier: GPL-2.0-only */
/* What is to run where, as plain data: made from wish and facts, compared with what runs. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"
#include "pipe/facts.h"

struct port_plan {
	char name[IF_NAMESIZE];
	int ifindex;
	enum xdp_mode mode; /* as reached */
	bool xdp, tc;	    /* which programs this port needs where frames come in */
	bool egress;	    /* and one where they leave */
	bool shaped;	/* its frames must meet the queues of where they leave: no XDP redirects */
	bool frags;	/* frames may exceed a page */
	bool promisc;	/* wants frames for others */
	bool keep_tags; /* the NIC must leave VLAN tags in the frame */
	void **data;	/* per stage: port_size bytes, or NULL where the stage is off */
	char note[200]; /* why a slower way was taken, with the remedy */
};

struct pipe_plan {
	VEC(struct port_plan *) ports;
};

void port_plan_free(struct port_plan *port);
void pipe_plan_free(struct pipe_plan *plan);
#define _cleanup_pipe_plan_ _cleanup_(pipe_plan_free)
/* The port of that link, made when new.  NULL when memory ran out. */
struct port_plan *pipe_plan_port(struct pipe_plan *plan, const struct pipe_link *link);
struct port_plan *pipe_plan_find(const struct pipe_plan *plan, int ifindex);
/* The stage's data of a port, zeroed when new. */
void *port_plan_data(struct port_plan *port, unsigned stage);
/* Would the same programs run with the same constants? */
bool port_plan_equal(const struct port_plan *a, const struct port_plan *b);
