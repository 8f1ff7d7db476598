/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table address -> subscriber, the daemon's side.  It lies in two halves: few differences are
 * stored into the one in force, many are built in the other, which then comes into force by one
 * store.  The longest prefix that holds an address wins.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "model/network.h"
#include "pipe/classify/maps.h"

struct classify_entry {
	struct net_prefix prefix; /* nothing set behind its length */
	uint64_t value;		  /* CLASSIFY_VALUE() */
};

/* What a call of classify_table_set() did. */
struct classify_table_change {
	size_t added, changed, removed;
	bool rebuilt;
};

struct classify_table;

/*
 * How large a table for these entries is to be.  `now` is kept while it fits, so that most changes
 * need no new maps; a new size leaves room for twice as many.
 */
void classify_sizes_for(const struct classify_entry *entries, size_t n,
			const struct classify_sizes *now, struct classify_sizes *ret);

int classify_table_new(const struct classify_sizes *sizes, struct classify_table **ret,
		       struct diag *d);
void classify_table_free(struct classify_table *table);
DEFINE_CLEANUP(struct classify_table *, classify_table_free)
const struct classify_maps *classify_table_maps(const struct classify_table *table);

/*
 * Brings the table to exactly these entries, whose prefixes are unique.  A packet meanwhile finds
 * what its address had before, or what it has afterwards.  A size that does not fit costs time and
 * memory, not entries, until -ENOSPC.  On failure the table is as before, unless `d` says
 * otherwise; the next call mends it.
 */
int classify_table_set(struct classify_table *table, const struct classify_entry *entries, size_t n,
		       struct classify_table_change *ret, struct diag *d);
/*
 * The next rebuild must wait until no packet reads the half that it is to use.  Where there is time
 * (some 20 ms), this waits ahead.
 */
void classify_table_rest(struct classify_table *table);
/*
 * What the packet path finds for a host, with CLASSIFY_OWN; 0 = nobody, *ret_by untouched. `ret_by`
 * is the prefix that holds it; NULL = not asked for.
 */
uint64_t classify_table_find(const struct classify_table *table, const struct net_prefix *host,
			     struct net_prefix *ret_by);
