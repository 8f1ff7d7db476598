/* SPDX-License-Identifier: GPL-2.0-only */
/* The steps of making a plan, in their order, and what they share. */
#pragma once

#include "model/net_index.h"
#include "shaper/plan.h"

#define SHAPER_TOP (-1)	     /* parent: class q:1 */
#define SHAPER_UNPLACED (-2) /* parent: the generated node of whatever queue it gets */

struct shaper_build {
	const struct network *network;
	const struct shaper_settings *settings;
	const struct shaper_past *past; /* never NULL */
	shaper_measured measured;
	const void *data;
	struct diag *d;
	struct net_index nodes;	   /* of the network, by name */
	struct net_index seats[2]; /* of the past, by kind and name */
	struct rate_pair line;	   /* what all have together */
	struct rate_pair generated;
	int first_generated; /* item of queue 0's node; it and those behind it are there or not */
	const char *leaf;    /* the settings', owned by the plan */
	struct shaper_plan plan;
};

/* tree.c: every item but with no queue; a circuit's rate is what it wishes. */
int shaper_build_tree(struct shaper_build *b);
/* place.c: queues, weights of nodes, load, and parents of what had none. */
int shaper_build_place(struct shaper_build *b);
/* numbers.c: minors. */
int shaper_build_numbers(struct shaper_build *b);
/* rates.c: what is guaranteed. */
int shaper_build_rates(struct shaper_build *b);

/* NULL = it was not there. */
const struct shaper_seat *shaper_seat_of(const struct shaper_build *b,
					 const struct shaper_item *item);

static inline bool shaper_item_generated(const struct shaper_item *item)
{
	return item->source < 0;
}

static inline uint64_t *shaper_rate_of(struct rate_pair *pair, bool up)
{
	return up ? &pair->up : &pair->down;
}

static inline bool shaper_rates_equal(struct rate_pair a, struct rate_pair b)
{
	return a.down == b.down && a.up == b.up;
}

/* The children of every item, in the order of the items; those of q:1 are children of -1. */
struct shaper_kids {
	int *list;
	int *start; /* those of item i: from list[start[i + 1]] to list[start[i + 2]] */
};
int shaper_kids_make(const struct shaper_plan *plan, struct shaper_kids *ret);
void shaper_kids_free(struct shaper_kids *kids);
#define _cleanup_shaper_kids_ _cleanup_(shaper_kids_free)
#define shaper_kids_foreach(kids, of, i)                                  \
	for (const int *i = (kids)->list + (kids)->start[(of) + 1],       \
		       *i##_end = (kids)->list + (kids)->start[(of) + 2]; \
	     i < i##_end; i++)
