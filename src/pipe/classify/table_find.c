/* SPDX-License-Identifier: GPL-2.0-only */
/* What the packet path finds, by the same steps (lookup.bpf.h), and why. */
#include "pipe/classify/table_private.h"

static uint64_t ask_trie(const struct classify_table *t, unsigned half, const struct net_prefix *host)
{
	const struct classify_key key = classify_key_of(host, half);

	return side_find(&t->prefixes, &key);
}

static uint64_t find4(const struct classify_table *t, unsigned half, const struct net_prefix *host,
		      const struct classify_item *item)
{
	uint64_t value = item->high ? store_find(t, half, CLASSIFY_HOST4, item) : 0;

	if (value || !(table_half(t, half)->flags & CLASSIFY_HAS_PREFIXES4))
		return value;
	return ask_trie(t, half, host);
}

static uint64_t find6(const struct classify_table *t, unsigned half, const struct net_prefix *host,
		      const struct classify_item *item)
{
	const uint32_t flags = table_half(t, half)->flags;
	const struct classify_item of_net = { .high = item->high & table_half(t, half)->mask6 };
	uint64_t net = 0, value = 0;
	uint32_t ask;

	if (of_net.high && flags & CLASSIFY_HAS_NETS6)
		net = store_find(t, half, CLASSIFY_NET6, &of_net);
	if (net & CLASSIFY_DEEP && flags & CLASSIFY_HAS_HOSTS6)
		value = store_find(t, half, CLASSIFY_HOST6, item);
	if (value)
		return value;
	ask = net & CLASSIFY_DEEP ? CLASSIFY_HAS_LONGER6 : 0;
	ask |= net & CLASSIFY_OWN ? 0 : CLASSIFY_HAS_SHORTER6;
	if (flags & ask)
		value = ask_trie(t, half, host);
	if (net & CLASSIFY_OWN && !(value & CLASSIFY_DEEP))
		value = net;
	return value & ~CLASSIFY_DEEP;
}

static bool is_longer(const struct classify_entry *e, const struct classify_entry *best)
{
	return !best || e->prefix.length > best->prefix.length;
}

static void find_prefix(const struct classify_table *t, const struct net_prefix *host,
			struct net_prefix *ret)
{
	const struct classify_entry *best = NULL;

	for (size_t i = 0; i < t->n; i++)
		if (is_longer(&t->entries[i], best) &&
		    net_prefix_contains(&t->entries[i].prefix, host))
			best = &t->entries[i];
	if (best)
		*ret = best->prefix;
}

uint64_t classify_table_find(const struct classify_table *t, const struct net_prefix *host,
			     struct net_prefix *ret_by)
{
	const unsigned half = table_now(t);
	const struct classify_entry as_entry = { .prefix = *host };
	const struct classify_spot spot = classify_spot_of(&as_entry, 64);
	uint64_t value = host->family == 4 ? find4(t, half, host, &spot.item) :
					     find6(t, half, host, &spot.item);

	if (value && ret_by)
		find_prefix(t, host, ret_by);
	return value;
}
