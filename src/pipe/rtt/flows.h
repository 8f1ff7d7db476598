/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of flows as the packet path leaves it, read while it is written to: which flows there
 * are, the first N by some figure, and what is known of one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "pipe/rtt/layout.h"

struct rtt_flow_table {
	const void *flows; /* mapped, with details */
	size_t n_sets;
	uint32_t now; /* in units of age */
};

enum rtt_flow_sort {
	RTT_FLOW_BYTES,
	RTT_FLOW_PACKETS,
	RTT_FLOW_AGAIN,
	RTT_FLOW_RTT, /* the longer of both sides' last */
	RTT_FLOW_AGE,
	RTT_FLOW_SORTS
};

struct rtt_flow_wish {
	uint32_t id;   /* of a subscriber; 0 = everybody's */
	uint32_t idle; /* units of age: none that is older */
	enum rtt_flow_sort sort;
	size_t top; /* at most */
};

/* Places, the greatest weight first. */
struct rtt_flow_place {
	uint64_t weight;
	size_t place;
};
struct rtt_flow_list {
	VEC(struct rtt_flow_place) found;
	size_t used; /* places of the table with any flow */
};

int rtt_flows_find(const struct rtt_flow_table *table, const struct rtt_flow_wish *wish,
		   struct rtt_flow_list *ret);
void rtt_flow_list_free(struct rtt_flow_list *list);
#define _cleanup_rtt_flow_list_ _cleanup_(rtt_flow_list_free)

struct rtt_flow_view {
	struct rtt_details details;
	enum rtt_mode mode;
	uint32_t idle, age; /* units of age */
};
/* False: the place has no flow, or just goes to another. */
bool rtt_flows_look(const struct rtt_flow_table *table, size_t place, struct rtt_flow_view *ret);
/* "opening", "established", "closing", "reset", "one way", "two way". */
const char *rtt_flow_state(const struct rtt_flow_view *flow);
/* "timestamps", "sequence", "handshake", "none". */
const char *rtt_flow_mode(const struct rtt_flow_view *flow);
