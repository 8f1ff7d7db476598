/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of the table: random entries that overlap, and whose an address is by a plain search. */
#pragma once

#include <bpf/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "pipe/classify/table.h"

static inline void need_root_for_maps(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: making maps needs root\n");
	skip();
}

struct world {
	VEC(struct classify_entry) entries;
	uint64_t random;
	uint32_t next_id;
};

static inline void world_free(struct world *w)
{
	vec_free(&w->entries);
}
#define _cleanup_world_ _cleanup_(world_free)

static inline uint64_t random_of(struct world *w)
{
	uint64_t x = w->random += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline unsigned random_below(struct world *w, unsigned n)
{
	return (unsigned)(random_of(w) % n);
}

static inline struct net_prefix prefix_of_text(const char *text)
{
	struct net_prefix p = { 0 };
	const char *wrong = NULL;

	if (net_prefix_parse(text, &p, &wrong))
		fail_msg("%s: %s", text, wrong);
	return p;
}

static inline struct classify_entry entry_of(const struct net_prefix *prefix, uint32_t id)
{
	return (struct classify_entry){ *prefix, CLASSIFY_VALUE(0x10000u + id, id, id % 8) };
}

static inline int world_index(const struct world *w, const struct net_prefix *p)
{
	for (size_t i = 0; i < w->entries.n; i++)
		if (!memcmp(&w->entries.at[i].prefix, p, sizeof(*p)))
			return (int)i;
	return -1;
}

/* Added at the end. */
static inline void world_append(struct world *w, const struct net_prefix *p)
{
	assert_int_equal(vec_push(&w->entries, entry_of(p, ++w->next_id % CLASSIFY_IDS)), 0);
}

static inline void world_add_text(struct world *w, const char *text)
{
	const struct net_prefix p = prefix_of_text(text);

	world_append(w, &p);
}

/* IPv4 `word`, host order. */
static inline struct net_prefix prefix4(uint32_t word, unsigned length)
{
	struct net_prefix p = { .family = 4, .length = (uint8_t)length };

	for (unsigned i = 0; i < 4; i++)
		p.address[i] = (uint8_t)(word >> (24 - 8 * i));
	(void)net_prefix_cut(&p);
	return p;
}

static inline struct net_prefix prefix6(uint64_t high, uint64_t low, unsigned length)
{
	struct net_prefix p = { .family = 6, .length = (uint8_t)length };

	for (unsigned i = 0; i < 8; i++) {
		p.address[i] = (uint8_t)(high >> (56 - 8 * i));
		p.address[8 + i] = (uint8_t)(low >> (56 - 8 * i));
	}
	(void)net_prefix_cut(&p);
	return p;
}

/* Few different bytes, so that prefixes lie within each other; sometimes the very first addresses. */
static inline struct net_prefix random_prefix(struct world *w, unsigned family, unsigned length)
{
	struct net_prefix p = { .family = (uint8_t)family, .length = (uint8_t)length };

	for (unsigned i = 0; i < (family == 4 ? 4 : 16); i++)
		p.address[i] = random_below(w, 4) ? (uint8_t)(random_below(w, 2) * 0x81) :
						    (uint8_t)random_of(w);
	if (!random_below(w, 10))
		memset(p.address, 0, family == 4 ? 3 : 8 + random_below(w, 8));
	(void)net_prefix_cut(&p);
	return p;
}

/* The longest that holds the host; NULL = none. */
static inline const struct classify_entry *find_plainly(const struct world *w,
							const struct net_prefix *host)
{
	const struct classify_entry *best = NULL;

	for (size_t i = 0; i < w->entries.n; i++) {
		const struct classify_entry *e = &w->entries.at[i];

		if ((!best || e->prefix.length > best->prefix.length) &&
		    net_prefix_contains(&e->prefix, host))
			best = e;
	}
	return best;
}

static inline uint64_t value_plainly(const struct world *w, const struct net_prefix *host)
{
	const struct classify_entry *e = find_plainly(w, host);

	return e ? e->value | CLASSIFY_OWN : 0;
}

/* A host in or near one of the entries. */
static inline struct net_prefix random_host(struct world *w)
{
	const unsigned family = random_below(w, 2) ? 4 : 6;
	const struct classify_entry *e;
	struct net_prefix p;
	unsigned bits;

	if (!w->entries.n || !random_below(w, 8))
		return random_prefix(w, family, family == 4 ? 32 : 128);
	e = &w->entries.at[random_below(w, (unsigned)w->entries.n)];
	p = e->prefix;
	bits = p.family == 4 ? 32 : 128;
	for (unsigned i = p.length; i < bits; i++)
		if (random_below(w, 2))
			p.address[i / 8] |= (uint8_t)(0x80 >> i % 8);
	if (!random_below(w, 4))
		p.address[random_below(w, bits) / 8] ^= (uint8_t)(1 << random_below(w, 8));
	p.length = (uint8_t)bits;
	return p;
}

static inline struct classify_table *new_table(unsigned bits4, unsigned bits6, unsigned bits128)
{
	const struct classify_sizes sizes = { bits4, bits6, bits128 };
	struct classify_table *table = NULL;
	_cleanup_diag_ struct diag d = { 0 };

	assert_int_equal(classify_table_new(&sizes, &table, &d), 0);
	return table;
}

static inline struct classify_table *new_table_for(const struct world *w)
{
	const struct classify_sizes none = { 0 };
	struct classify_sizes sizes;

	classify_sizes_for(w->entries.at, w->entries.n, &none, &sizes);
	return new_table(sizes.bits4, sizes.bits6, sizes.bits128);
}

static inline struct classify_table_change set_table(struct classify_table *t, const struct world *w)
{
	struct classify_table_change change = { .added = 99999999 };
	_cleanup_diag_ struct diag d = { 0 };

	assert_int_equal(classify_table_set(t, w->entries.at, w->entries.n, &change, &d), 0);
	assert_int_equal(d.errors, 0);
	return change;
}
