/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everybody's round-trip times of the last intervals, as histograms, in memory that does not grow
 * with the samples.  A series is one subscriber's times of one side and kind.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "pipe/rtt/histogram.h"
#include "pipe/rtt/layout.h"

#define RTT_STORE_IDS (1u << 20)
#define RTT_STORE_LEAST 4096 /* bytes; what a table of subscribers needs is much more */

/* In masks of sides and kinds each is 1 << its number. */
#define RTT_ALL_SIDES ((1u << RTT_SIDES) - 1)
#define RTT_ALL_KINDS ((1u << RTT_KINDS) - 1)

struct rtt_store;

/*
 * `bytes` of address space are taken now, and memory as it is used; beside them a subscriber costs
 * 144 bytes and 24 for each kept interval.  `intervals`: how many whole ones are kept beside the
 * current one.  -EINVAL: less than RTT_STORE_LEAST, or more than 2^38 bytes.
 */
int rtt_store_new(size_t bytes, unsigned intervals, struct rtt_store **ret);
void rtt_store_free(struct rtt_store *store);
DEFINE_CLEANUP(struct rtt_store *, rtt_store_free)

void rtt_store_add(struct rtt_store *store, uint32_t id, unsigned side, unsigned kind,
		   uint32_t units);
/* The current interval ends, and the oldest is forgotten. */
void rtt_store_turn(struct rtt_store *store);
/* The id is another subscriber's from now on: its intervals and totals. */
void rtt_store_clear(struct rtt_store *store, uint32_t id);

/* Adds the series of the masks, of the current interval and at most so many before it. */
void rtt_store_merge(const struct rtt_store *store, uint32_t id, unsigned sides, unsigned kinds,
		     unsigned intervals, struct rtt_sum *add_to);
/* Since the start: samples, and their units. */
uint64_t rtt_store_total(const struct rtt_store *store, uint32_t id, unsigned sides, unsigned kinds);
uint64_t rtt_store_total_sum(const struct rtt_store *store, uint32_t id, unsigned sides,
			     unsigned kinds);

struct rtt_store_state {
	size_t nodes, used; /* of 64 bytes */
	uint64_t coarse;    /* samples that went into a near bucket, for want of a node */
	uint64_t dropped;   /* samples in no interval; in the totals, unless the id is impossible */
};
void rtt_store_look(const struct rtt_store *store, struct rtt_store_state *ret);
