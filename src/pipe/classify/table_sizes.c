/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many buckets: a table that is large enough costs a packet one line of cache, hardly ever two.
 * While it is small it is made larger than that: where each key has a line of its own the processor
 * guesses right that it is the first.
 */
#include "pipe/classify/table_private.h"

#define BITS_MIN 6  /* of a table that is needed at all */
#define BITS_MAX 21 /* two million, as many as there are ids and more */
#define SMALL ((size_t)1 << 14)
#define SPARSE 8     /* times the keys, while small */
#define TOO_LARGE 64 /* times the keys: given up for a smaller one */

static unsigned bits_for(size_t keys)
{
	const size_t sparse = keys * SPARSE < SMALL ? keys * SPARSE : SMALL;
	const size_t dense = keys * 5 / 8; /* beyond, memory counts: fewer lines are in use */
	const size_t wanted = dense > sparse ? dense : sparse;
	unsigned bits = BITS_MIN;

	if (!keys)
		return 0;
	while (bits < BITS_MAX && ((size_t)1 << bits) < wanted)
		bits++;
	return bits;
}

/* Up to two keys per bucket. */
static unsigned keep_or_choose(size_t keys, unsigned now)
{
	const size_t buckets = (size_t)1 << now;

	if (now && keys && keys <= 2 * buckets && (now <= BITS_MIN || keys * TOO_LARGE >= buckets))
		return now;
	return bits_for(keys);
}

void classify_sizes_for(const struct classify_entry *entries, size_t n,
			const struct classify_sizes *now, struct classify_sizes *ret)
{
	size_t hosts4 = 0, nets6 = 0, hosts6 = 0;

	for (size_t i = 0; i < n; i++) {
		const struct net_prefix *p = &entries[i].prefix;

		hosts4 += p->family == 4 && p->length == 32;
		nets6 += p->family == 6; /* at most: any may make a network be marked */
		hosts6 += p->family == 6 && p->length == 128;
	}
	ret->bits4 = keep_or_choose(hosts4, now->bits4);
	ret->bits6 = keep_or_choose(nets6, now->bits6);
	ret->bits128 = keep_or_choose(hosts6, now->bits128);
}
