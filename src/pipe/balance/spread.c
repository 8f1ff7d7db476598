/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every set of targets has one canonical table, the homes.  As in Maglev each target walks all
 * buckets in an order of its own, drawn from its key, and by turns takes the next that is free; how
 * many turns it has is its quota, so shares are exact.  One target more or less changes few other
 * homes.
 *
 * A table in force is not replaced by the homes, which would move what need not move.  They only
 * choose among what must: whoever has too much gives up nothing that is at home, and first what is
 * at home with one who has too little.  So what was filled from empty finds back to itself after a
 * change and the change back.
 */
#include "pipe/balance/spread.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NOBODY SPREAD_TARGETS /* the rank of what is no target */
#define ROUNDS 4096	      /* of turns; in one a target takes at most 16 buckets */

struct plan {
	struct spread_target target[SPREAD_TARGETS]; /* by key; the index is a target's rank */
	size_t n;
	uint32_t quota[SPREAD_TARGETS];
	int32_t need[SPREAD_TARGETS + 1]; /* buckets to gain; below 0: to give up */
	uint8_t rank[256];		  /* by slot */
	uint8_t home[SPREAD_BUCKETS];	  /* ranks */
};

/* --- an order of all buckets for every key ---------------------------------------------------- */

struct walk {
	uint32_t steps, add, mul[3];
};

static uint64_t key_mix(uint64_t key)
{
	key += 0x9e3779b97f4a7c15u;
	key = (key ^ key >> 30) * 0xbf58476d1ce4e5b9u;
	key = (key ^ key >> 27) * 0x94d049bb133111ebu;
	return key ^ key >> 31;
}

static void walk_start(struct walk *walk, uint64_t key)
{
	uint64_t mixed = key_mix(key);

	walk->steps = 0;
	walk->add = mixed & 0xffff;
	for (unsigned i = 0; i < ARRAY_LEN(walk->mul); i++)
		walk->mul[i] = (mixed >> (16 * (i + 1)) & 0xffff) | 1;
}

/* Odd factors and shifted xors can be undone, so 65536 steps meet every bucket once. */
static uint32_t walk_next(struct walk *walk)
{
	uint32_t x = (walk->steps++ + walk->add) * walk->mul[0] & 0xffff;

	x = (x ^ x >> 8) * walk->mul[1] & 0xffff;
	x = (x ^ x >> 7) * walk->mul[2] & 0xffff;
	return x ^ x >> 9;
}

/* --- shares and homes ------------------------------------------------------------------------- */

static uint32_t weight_sum(const struct spread_target *targets, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += targets[i].weight;
	return sum;
}

static void plan_quotas(struct plan *p)
{
	uint32_t sum = weight_sum(p->target, p->n), left = SPREAD_BUCKETS;
	uint32_t rest[SPREAD_TARGETS];

	for (size_t i = 0; i < p->n; i++) {
		p->quota[i] = SPREAD_BUCKETS * p->target[i].weight / sum;
		rest[i] = SPREAD_BUCKETS * p->target[i].weight % sum;
		left -= p->quota[i];
	}
	for (; left; left--) {
		size_t most = 0;

		for (size_t i = 1; i < p->n; i++)
			if (rest[i] > rest[most])
				most = i;
		p->quota[most]++;
		rest[most] = 0;
	}
}

static void home_take(struct plan *p, size_t rank, struct walk *walk)
{
	uint32_t bucket;

	do
		bucket = walk_next(walk);
	while (p->home[bucket] != NOBODY);
	p->home[bucket] = (uint8_t)rank;
}

static void plan_homes(struct plan *p)
{
	struct walk walk[SPREAD_TARGETS];
	uint32_t taken[SPREAD_TARGETS] = { 0 };

	memset(p->home, NOBODY, sizeof(p->home));
	for (size_t i = 0; i < p->n; i++)
		walk_start(&walk[i], p->target[i].key);
	for (uint32_t round = 1; round <= ROUNDS; round++)
		for (size_t i = 0; i < p->n; i++)
			for (; taken[i] < p->quota[i] * round / ROUNDS; taken[i]++)
				home_take(p, i, &walk[i]);
}

/* --- from what is in force to what is wanted -------------------------------------------------- */

static int target_compare(const void *x, const void *y)
{
	const struct spread_target *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return (int)a->slot - (int)b->slot;
}

static bool targets_valid(const struct spread_target *targets, size_t n)
{
	bool seen[SPREAD_NONE + 1] = { [SPREAD_NONE] = true };

	if (n > SPREAD_TARGETS)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct spread_target *t = &targets[i];

		if (seen[t->slot] || t->weight < 1 || t->weight > SPREAD_WEIGHT_MAX)
			return false;
		seen[t->slot] = true;
	}
	return true;
}

static void plan_targets(struct plan *p, const struct spread_target *targets, size_t n)
{
	p->n = n;
	for (size_t i = 0; i < n; i++)
		p->target[i] = targets[i];
	qsort(p->target, n, sizeof(*p->target), target_compare);
	memset(p->rank, NOBODY, sizeof(p->rank));
	for (size_t i = 0; i < n; i++)
		p->rank[p->target[i].slot] = (uint8_t)i;
}

/* Nobody counts as one who wants nothing and has too much. */
static void plan_needs(struct plan *p, const uint8_t *table)
{
	memset(p->need, 0, sizeof(p->need));
	for (size_t i = 0; i < p->n; i++)
		p->need[i] = (int32_t)p->quota[i];
	for (size_t b = 0; b < SPREAD_BUCKETS; b++)
		p->need[p->rank[table[b]]]--;
}

static void change_add(struct spread_change *change, uint8_t from, uint8_t to)
{
	change->out[from]++;
	change->in[to]++;
	change->moved++;
}

enum pass { PASS_HOME, PASS_REST, PASSES };

/*
 * The rank that bucket goes to in this pass, or NOBODY if it stays.  None leaves its home: homes
 * are as many as the quota, so whoever has too much has at least that many that are not.
 */
static size_t bucket_taker(const struct plan *p, enum pass pass, size_t owner, size_t home)
{
	size_t i = 0;

	if (p->need[owner] >= 0 || owner == home)
		return NOBODY;
	if (pass == PASS_HOME)
		return p->need[home] > 0 ? home : NOBODY;
	while (p->need[i] <= 0)
		i++;
	return i;
}

/* In a hashed order, so that what one gives or gets does not lie together. */
static void plan_pass(struct plan *p, enum pass pass, uint8_t *table, struct spread_change *change)
{
	struct walk walk;

	walk_start(&walk, 0);
	for (size_t i = 0; i < SPREAD_BUCKETS; i++) {
		uint32_t b = walk_next(&walk);
		size_t owner = p->rank[table[b]], taker = bucket_taker(p, pass, owner, p->home[b]);

		if (taker == NOBODY)
			continue;
		p->need[owner]++;
		p->need[taker]--;
		change_add(change, table[b], p->target[taker].slot);
		table[b] = p->target[taker].slot;
	}
}

static void table_empty(uint8_t *table, struct spread_change *change)
{
	memset(change, 0, sizeof(*change));
	for (size_t b = 0; b < SPREAD_BUCKETS; b++) {
		if (table[b] == SPREAD_NONE)
			continue;
		change_add(change, table[b], SPREAD_NONE);
		table[b] = SPREAD_NONE;
	}
}

int spread_plan(uint8_t *table, const struct spread_target *targets, size_t n,
		struct spread_change *ret_change)
{
	_cleanup_free_ struct plan *p = NULL;

	if (!targets_valid(targets, n))
		return -EINVAL;
	if (!n) {
		table_empty(table, ret_change);
		return 0;
	}
	p = malloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	memset(ret_change, 0, sizeof(*ret_change));
	plan_targets(p, targets, n);
	plan_quotas(p);
	plan_homes(p);
	plan_needs(p, table);
	for (enum pass pass = 0; pass < PASSES; pass++)
		plan_pass(p, pass, table, ret_change);
	return 0;
}

/* --- turns ------------------------------------------------------------------------------------ */

static uint32_t weight_divisor(const struct spread_target *targets, size_t n)
{
	uint32_t divisor = 0;

	for (size_t i = 0; i < n; i++)
		for (uint32_t rest = targets[i].weight; rest;) {
			uint32_t t = divisor % rest;

			divisor = rest;
			rest = t;
		}
	return divisor;
}

static size_t turns_count(const struct spread_target *targets, size_t n)
{
	if (!n || !targets_valid(targets, n))
		return 0;
	return weight_sum(targets, n) / weight_divisor(targets, n);
}

/* Every turn all earn their weight; the richest has the turn and pays what all have earned. */
size_t spread_turns(uint8_t *table, size_t size, const struct spread_target *targets, size_t n)
{
	size_t turns = turns_count(targets, n);
	int32_t credit[SPREAD_TARGETS] = { 0 };

	for (size_t turn = 0; turn < MIN(turns, size); turn++) {
		size_t richest = 0;

		for (size_t i = 0; i < n; i++) {
			credit[i] += (int32_t)targets[i].weight;
			if (credit[i] > credit[richest])
				richest = i;
		}
		credit[richest] -= (int32_t)weight_sum(targets, n);
		table[turn] = targets[richest].slot;
	}
	return turns;
}
