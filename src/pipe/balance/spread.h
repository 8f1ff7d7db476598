/* SPDX-License-Identifier: GPL-2.0-only */
/* Who gets which bucket of a balancer's table, and in which order turns are taken.  Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SPREAD_BUCKETS 65536
#define SPREAD_NONE 255 /* in place of a slot */
#define SPREAD_TARGETS 64
#define SPREAD_WEIGHT_MAX 100
#define SPREAD_TURNS (SPREAD_TARGETS * SPREAD_WEIGHT_MAX)

struct spread_target {
	uint8_t slot;	 /* 0..254, no two alike */
	unsigned weight; /* 1..SPREAD_WEIGHT_MAX */
	uint64_t key;	 /* stands for the target's name; no two alike */
};

/* Buckets gained and lost by slot; [SPREAD_NONE] is what was empty or became so. */
struct spread_change {
	uint32_t in[256], out[256];
	uint32_t moved;
};

/*
 * `table` holds the slots in force, or SPREAD_NONE, and becomes what is wanted: every bucket is one
 * of the n targets', each has its share by weight exact to one bucket (the largest remainders are
 * rounded up), and no more buckets moved than that takes.  A slot of no target gives up all it has.
 * Without targets all is SPREAD_NONE.
 *
 * An empty table is filled by keys and weights alone, and after any change and the change back it
 * is as it was; other histories leave few buckets elsewhere.  When one target leaves or joins, the
 * others exchange nothing, but that a share which changes by less than a bucket may be rounded
 * otherwise. -EINVAL: too many targets, a weight or slot out of range, a slot given twice.
 */
int spread_plan(uint8_t *table, const struct spread_target *targets, size_t n,
		struct spread_change *ret_change);

/*
 * Fills `table` with slots in the order of turns: one turn each in the order given, or by weight
 * without bursts.  Returns how many turns there are, at most SPREAD_TURNS, or 0 for targets
 * spread_plan() would refuse; never writes more than `size`.
 */
size_t spread_turns(uint8_t *table, size_t size, const struct spread_target *targets, size_t n);
