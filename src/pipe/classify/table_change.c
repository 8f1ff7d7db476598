/* SPDX-License-Identifier: GPL-2.0-only */
/* Few differences, stored into the half in force while packets read it. */
#include <errno.h>
#include <stdlib.h>

#include "pipe/classify/table_private.h"

#define FEW 64	    /* always few enough */
#define FEW_PART 16 /* or this part of all */
#define STALE 256   /* keys that come and go leave slots behind: then the table is built anew */
#define STALE_PART 4
#define LOG_MAX 4096

/* --- whether ----------------------------------------------------------------------------------- */

static const struct net_prefix *prefix_of(const struct classify_difference *d)
{
	return d->after ? &d->after->prefix : &d->before->prefix;
}

static bool is_new_value(const struct classify_difference *d)
{
	return d->before && d->after;
}

/* A prefix stands before all that it holds, and those directly behind it. */
static int compare(const void *a_data, const void *b_data)
{
	const struct net_prefix *a = *(const struct net_prefix *const *)a_data;
	const struct net_prefix *b = *(const struct net_prefix *const *)b_data;
	int r = (int)a->family - (int)b->family;

	if (!r)
		r = memcmp(a->address, b->address, sizeof(a->address));
	return r ? r : (int)a->length - (int)b->length;
}

/*
 * A packet that reads one prefix before its change and the other after would get what its address
 * never had.  With one of them only, it gets the former or the latter; and where nothing but values
 * change, the prefix that holds an address stays the same.
 */
static bool is_any_in_another(const classify_differences *all)
{
	_cleanup_free_ const struct net_prefix **sorted = malloc((all->n + 1) * sizeof(*sorted));

	if (!sorted)
		return true;
	for (size_t i = 0; i < all->n; i++)
		sorted[i] = prefix_of(&all->at[i]);
	qsort(sorted, all->n, sizeof(*sorted), compare);
	for (size_t i = 1; i < all->n; i++)
		if (net_prefix_contains(sorted[i - 1], sorted[i]))
			return true;
	return false;
}

/* The first network of IPv6 decides by which length they are looked up. */
static bool is_first_net6(const struct classify_table *t, const struct classify_difference *d)
{
	return !d->before && d->after->prefix.family == 6 && d->after->prefix.length <= 64 &&
	       !t->has_nets6[table_now(t)];
}

/* What was done to the trie is written down until the next rebuild. */
static bool is_log_long(const struct classify_table *t, size_t n)
{
	const unsigned now = table_now(t);

	return t->prefixes.log[now].n + t->overflow.log[now].n > LOG_MAX + 4 * n;
}

bool table_change_fits(const struct classify_table *t, const classify_differences *all, size_t n)
{
	size_t come_or_gone = 0;

	if (!t->built || t->mixed || is_log_long(t, n) || all->n > MAX((size_t)FEW, n / FEW_PART))
		return false;
	for (size_t i = 0; i < all->n; i++) {
		come_or_gone += !is_new_value(&all->at[i]);
		if (is_first_net6(t, &all->at[i]))
			return false;
	}
	if (!come_or_gone)
		return true;
	return t->stale + come_or_gone <= MAX((size_t)STALE, n / STALE_PART) &&
	       !is_any_in_another(all);
}

/* --- how --------------------------------------------------------------------------------------- */

/* A network that says "more specific ones below" goes on saying it. */
static int set_net(struct classify_table *t, unsigned half, uint64_t net, uint64_t value)
{
	struct classify_item item = { .high = net };
	int r;

	item.value = value | (store_find(t, half, CLASSIFY_NET6, &item) & CLASSIFY_DEEP);
	r = store_set(t, half, CLASSIFY_NET6, &item);
	if (!r)
		table_add_flags(t, half, CLASSIFY_HAS_NETS6);
	return r;
}

static int mark_net(struct classify_table *t, unsigned half, uint64_t net)
{
	struct classify_item item = { .high = net };
	uint64_t value = store_find(t, half, CLASSIFY_NET6, &item);
	int r = 0;

	if (value & CLASSIFY_DEEP)
		return 0;
	item.value = value | CLASSIFY_DEEP;
	r = store_set(t, half, CLASSIFY_NET6, &item);
	if (!r)
		table_add_flags(t, half, CLASSIFY_HAS_NETS6);
	return r;
}

static int set_in_trie(struct classify_table *t, unsigned half, const struct classify_entry *e,
		       const struct classify_spot *spot, bool remove)
{
	const struct classify_key key = classify_key_of(&e->prefix, half);
	int r;

	if (remove)
		return side_remove(&t->prefixes, &key);
	r = side_put(&t->prefixes, &key, spot->item.value);
	if (r)
		return r;
	if (e->prefix.family == 4)
		table_add_flags(t, half, CLASSIFY_HAS_PREFIXES4);
	else
		table_add_flags(t, half, spot->longer ? CLASSIFY_HAS_LONGER6 : CLASSIFY_HAS_SHORTER6);
	return 0;
}

static int set_entry(struct classify_table *t, unsigned half, const struct classify_entry *e,
		     struct classify_spot *spot, bool remove)
{
	int r;

	if (remove)
		spot->item.value = 0;
	if (spot->kind == CLASSIFY_TRIE)
		return set_in_trie(t, half, e, spot, remove);
	if (spot->kind == CLASSIFY_NET6)
		return set_net(t, half, spot->net, spot->item.value);
	r = store_set(t, half, spot->kind, &spot->item);
	if (!r && spot->kind == CLASSIFY_HOST6)
		table_add_flags(t, half, CLASSIFY_HAS_HOSTS6);
	return r;
}

/* The network says last that there is more below it: until then nobody asks. */
static int change_one(struct classify_table *t, const struct classify_difference *d)
{
	const struct classify_entry *e = d->after ? d->after : d->before;
	const unsigned half = table_now(t);
	struct classify_spot spot = classify_spot_of(e, t->length6[half]);
	int r = set_entry(t, half, e, &spot, !d->after);

	if (r || !spot.longer || !d->after)
		return r;
	return mark_net(t, half, spot.net);
}

int table_change(struct classify_table *t, const classify_differences *all)
{
	int r = 0;

	for (size_t i = 0; !r && i < all->n; i++) {
		t->stale += !is_new_value(&all->at[i]);
		r = change_one(t, &all->at[i]);
	}
	return r;
}
