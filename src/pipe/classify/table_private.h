/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the table share. */
#pragma once

#include <endian.h>
#include <string.h>

#include "pipe/classify/table.h"

/* --- the maps with keys of their own: trie and overflow (table_side.c) ------------------------- */

/* What was done to a key; the latest counts.  Value 0: it may be there or not. */
struct side_record {
	struct classify_key key;
	uint32_t order;
	uint64_t value;
};

typedef VEC(struct side_record) side_log;

/* By halves, so that one can be emptied without asking the kernel for each key. */
struct side {
	int fd; /* borrowed */
	side_log log[2];
};

int side_put(struct side *side, const struct classify_key *key, uint64_t value);
/* The rest of the call is not needed when it was not there. */
int side_remove(struct side *side, const struct classify_key *key);
/* 0 = it is not there. */
uint64_t side_find(const struct side *side, const struct classify_key *key);
/* Brings a half to these; on success `want` is taken.  Each key once. */
int side_rebuild(struct side *side, unsigned half, side_log *want);
void side_free(struct side *side);

/* --- where an entry belongs -------------------------------------------------------------------- */

/* Of both families and all kinds; `high` of IPv4 is its one word.  Network order. */
struct classify_item {
	uint64_t high, low, value;
};

enum { CLASSIFY_TRIE = 0 }; /* where no classify_kind is */

struct classify_spot {
	unsigned kind; /* CLASSIFY_TRIE or enum classify_kind */
	bool longer;   /* than the networks' length: its network says so */
	uint64_t net;  /* that network's key */
	struct classify_item item;
};

struct classify_table {
	struct classify_maps maps;
	struct side overflow, prefixes;
	struct classify_entry *entries; /* in force, in the order of the last call */
	size_t n;
	unsigned length6[2]; /* of networks, by half */
	bool has_nets6[2];   /* some prefix had that length */
	bool built;
	bool may_be_read; /* the half not in force, by packets from before the last change */
	bool mixed;	  /* a change failed half way: `entries` is not what is in force */
	size_t stale;	  /* keys added and removed since the last rebuild */
};

static inline uint64_t classify_mask6(unsigned length)
{
	return htobe64(~0ULL << (64 - length));
}

struct classify_spot classify_spot_of(const struct classify_entry *e, unsigned length6);
struct classify_key classify_key_of(const struct net_prefix *prefix, unsigned half);
uint64_t classify_number(unsigned kind, const struct classify_item *item);

static inline struct classify_half *table_half(const struct classify_table *t, unsigned half)
{
	return &t->maps.at_state->of[half];
}

static inline unsigned table_now(const struct classify_table *t)
{
	return t->maps.at_state->half;
}

/* Only ever added to while a half is in force, after what they announce is there. */
void table_add_flags(struct classify_table *t, unsigned half, uint32_t flags);

/* --- buckets (table_store.c) ------------------------------------------------------------------- */

/* The value as it is stored, 0 = none. */
uint64_t store_find(const struct classify_table *t, unsigned half, unsigned kind,
		    const struct classify_item *item);
/* Stores the item; in its bucket, or in the overflow. */
int store_set(struct classify_table *t, unsigned half, unsigned kind,
	      const struct classify_item *item);
/* The same without overflow: false when the bucket is full. */
bool store_put(const struct classify_table *t, unsigned half, unsigned kind,
	       const struct classify_item *item);
struct classify_key store_key(unsigned half, unsigned kind, const struct classify_item *item);

/* --- the two ways to change (table_build.c, table_change.c) ------------------------------------ */

int table_rebuild(struct classify_table *t, const struct classify_entry *entries, size_t n);

/* One of the two is NULL when it was added or removed. */
struct classify_difference {
	const struct classify_entry *before, *after;
};

typedef VEC(struct classify_difference) classify_differences;

int table_differences(const struct classify_entry *before, size_t n_before,
		      const struct classify_entry *after, size_t n_after, classify_differences *ret);
/* May these be stored one after the other, in a table of n entries? */
bool table_change_fits(const struct classify_table *t, const classify_differences *all, size_t n);
int table_change(struct classify_table *t, const classify_differences *all);
