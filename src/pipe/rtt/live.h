/* SPDX-License-Identifier: GPL-2.0-only */
/* The live object of rtt: the shared maps, and the histograms that samples go into. */
#pragma once

#include "base/vec.h"
#include "pipe/live.h"
#include "pipe/rtt/conf.h"
#include "pipe/rtt/maps.h"
#include "pipe/rtt/store.h"

struct rtt_live {
	const struct lives *lives; /* classify's knows who is who */
	void (*tell)(const char *subject, const char *event, const char *text, void *data);
	void *tell_data;
	unsigned n_cpus;
	uint64_t seed; /* of this run: no sender can know which flows share a set */
	uint64_t jiffy_ns;
	unsigned age_shift;	     /* jiffies to units of age */
	bool test_clock;	     /* a test says what time it is */
	const struct rtt_conf *conf; /* in force, `own`; NULL: there is none */
	struct rtt_conf own, wish;
	bool wished;			   /* `wish` is to come into force */
	struct rtt_maps *maps, *next_maps; /* next: only when their size changes */
	struct rtt_store *store, *next_store;
	uint32_t *tails;     /* by CPU: the next sample to be read */
	VEC(uint32_t) given; /* by id: whose the histograms are, as ids.h counts */
	uint64_t turned;     /* when the current interval began, ns */
	uint64_t lost_told;
	size_t memory_told; /* MiB */
	int64_t since;	    /* seconds since 1970: when measuring began */
};

/* Samples into histograms; before an answer. */
void rtt_live_drain(struct rtt_live *live);
/* So many seconds back: intervals before the current one, and how many seconds that really is. */
unsigned rtt_live_intervals(const struct rtt_live *live, int64_t seconds, int64_t *ret_seconds);
/* Now, in units of age, as in rtt_flow.seen; and such units as seconds. */
uint32_t rtt_live_age_now(const struct rtt_live *live);
double rtt_live_age_seconds(const struct rtt_live *live, uint32_t units);
/* Samples that found no place, flows that found none. */
struct rtt_cpu rtt_live_sums(const struct rtt_live *live);

extern const struct stage_query rtt_queries[];
extern const struct stage_live_ops rtt_live_ops;
