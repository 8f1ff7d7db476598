/* SPDX-License-Identifier: GPL-2.0-only */
/* Keys and values in their buckets, read by packets at any time; in which order, see layout.h. */
#include <errno.h>

#include "pipe/classify/table_private.h"

#define STORE(to, what) __atomic_store_n(&(to), (what), __ATOMIC_RELEASE)

/* --- where things belong ----------------------------------------------------------------------- */

static struct classify_spot spot_of4(const struct classify_entry *e)
{
	struct classify_spot spot = { .item.value = e->value | CLASSIFY_OWN };
	uint32_t word;

	memcpy(&word, e->prefix.address, sizeof(word));
	spot.item.high = word;
	spot.kind = e->prefix.length == 32 && word ? CLASSIFY_HOST4 : CLASSIFY_TRIE;
	return spot;
}

static struct classify_spot spot_of6(const struct classify_entry *e, unsigned length6)
{
	struct classify_spot spot = { .item.value = e->value | CLASSIFY_OWN };

	memcpy(&spot.item.high, e->prefix.address, sizeof(spot.item.high));
	memcpy(&spot.item.low, e->prefix.address + 8, sizeof(spot.item.low));
	spot.net = spot.item.high & classify_mask6(length6);
	if (!spot.net || e->prefix.length < length6)
		return spot;
	spot.longer = e->prefix.length > length6;
	if (!spot.longer)
		spot.kind = CLASSIFY_NET6;
	else if (e->prefix.length == 128)
		spot.kind = CLASSIFY_HOST6;
	else
		spot.item.value |= CLASSIFY_DEEP;
	return spot;
}

struct classify_spot classify_spot_of(const struct classify_entry *e, unsigned length6)
{
	return e->prefix.family == 4 ? spot_of4(e) : spot_of6(e, length6);
}

struct classify_key classify_key_of(const struct net_prefix *prefix, unsigned half)
{
	struct classify_key key = { .length = CLASSIFY_KEY_BITS + prefix->length,
				    .half = (uint8_t)half,
				    .kind = prefix->family };

	memcpy(key.address, prefix->address, prefix->family == 4 ? 4 : 16);
	return key;
}

uint64_t classify_number(unsigned kind, const struct classify_item *item)
{
	if (kind == CLASSIFY_HOST4)
		return be32toh((uint32_t)item->high);
	if (kind == CLASSIFY_NET6)
		return be64toh(item->high);
	return classify_number128(be64toh(item->high), be64toh(item->low));
}

struct classify_key store_key(unsigned half, unsigned kind, const struct classify_item *item)
{
	struct classify_key key = { .length = CLASSIFY_KEY_BITS + (kind == CLASSIFY_HOST4 ? 32 : 128),
				    .half = (uint8_t)half,
				    .kind = (uint8_t)kind };

	memcpy(key.address, &item->high, sizeof(item->high));
	memcpy(key.address + 8, &item->low, sizeof(item->low));
	return key;
}

/* --- slots ------------------------------------------------------------------------------------- */

static struct classify_bucket4 *bucket4(const struct classify_table *t, unsigned half,
					const struct classify_item *item)
{
	return &t->maps.at_hosts4[classify_hash(&table_half(t, half)->hosts4,
						classify_number(CLASSIFY_HOST4, item))];
}

static struct classify_bucket6 *bucket6(const struct classify_table *t, unsigned half,
					const struct classify_item *item)
{
	return &t->maps.at_nets6[classify_hash(&table_half(t, half)->nets6,
					       classify_number(CLASSIFY_NET6, item))];
}

static struct classify_bucket128 *bucket128(const struct classify_table *t, unsigned half,
					    const struct classify_item *item)
{
	return &t->maps.at_hosts6[classify_hash(&table_half(t, half)->hosts6,
						classify_number(CLASSIFY_HOST6, item))];
}

static bool put4(struct classify_bucket4 *b, const struct classify_item *item)
{
	const uint32_t key = (uint32_t)item->high;

	for (unsigned i = 0; i < CLASSIFY_SLOTS4; i++)
		if (!b->key[i] || b->key[i] == key) {
			STORE(b->value[i], item->value);
			STORE(b->key[i], key);
			return true;
		}
	return false;
}

static bool put6(struct classify_bucket6 *b, const struct classify_item *item)
{
	for (unsigned i = 0; i < CLASSIFY_SLOTS6; i++)
		if (!b->key[i] || b->key[i] == item->high) {
			STORE(b->value[i], item->value);
			STORE(b->key[i], item->high);
			return true;
		}
	return false;
}

static bool put128(struct classify_bucket128 *b, const struct classify_item *item)
{
	for (unsigned i = 0; i < CLASSIFY_SLOTS128; i++)
		if (!b->high[i] || (b->high[i] == item->high && b->low[i] == item->low)) {
			STORE(b->value[i], item->value);
			STORE(b->low[i], item->low);
			STORE(b->high[i], item->high);
			return true;
		}
	return false;
}

bool store_put(const struct classify_table *t, unsigned half, unsigned kind,
	       const struct classify_item *item)
{
	if (kind == CLASSIFY_HOST4)
		return put4(bucket4(t, half, item), item);
	if (kind == CLASSIFY_NET6)
		return put6(bucket6(t, half, item), item);
	return put128(bucket128(t, half, item), item);
}

int store_set(struct classify_table *t, unsigned half, unsigned kind, const struct classify_item *item)
{
	struct classify_key key;
	int r;

	if (store_put(t, half, kind, item))
		return 0;
	key = store_key(half, kind, item);
	r = item->value ? side_put(&t->overflow, &key, item->value) : side_remove(&t->overflow, &key);
	if (!r)
		table_add_flags(t, half, CLASSIFY_HAS_OVERFLOW);
	return r;
}

/* --- looking ----------------------------------------------------------------------------------- */

static bool find4(const struct classify_bucket4 *b, uint32_t key, uint64_t *ret)
{
	for (unsigned i = 0; i < CLASSIFY_SLOTS4; i++)
		if (!b->key[i] || b->key[i] == key) {
			*ret = b->key[i] ? b->value[i] : 0;
			return true;
		}
	return false;
}

static bool find6(const struct classify_bucket6 *b, uint64_t key, uint64_t *ret)
{
	for (unsigned i = 0; i < CLASSIFY_SLOTS6; i++)
		if (!b->key[i] || b->key[i] == key) {
			*ret = b->key[i] ? b->value[i] : 0;
			return true;
		}
	return false;
}

static bool find128(const struct classify_bucket128 *b, uint64_t high, uint64_t low, uint64_t *ret)
{
	for (unsigned i = 0; i < CLASSIFY_SLOTS128; i++)
		if (!b->high[i] || (b->high[i] == high && b->low[i] == low)) {
			*ret = b->high[i] ? b->value[i] : 0;
			return true;
		}
	return false;
}

static bool find(const struct classify_table *t, unsigned half, unsigned kind,
		 const struct classify_item *item, uint64_t *ret)
{
	if (kind == CLASSIFY_HOST4)
		return find4(bucket4(t, half, item), (uint32_t)item->high, ret);
	if (kind == CLASSIFY_NET6)
		return find6(bucket6(t, half, item), item->high, ret);
	return find128(bucket128(t, half, item), item->high, item->low, ret);
}

uint64_t store_find(const struct classify_table *t, unsigned half, unsigned kind,
		    const struct classify_item *item)
{
	uint64_t value = 0;
	struct classify_key key;

	if (find(t, half, kind, item, &value))
		return value;
	if (!(table_half(t, half)->flags & CLASSIFY_HAS_OVERFLOW))
		return 0;
	key = store_key(half, kind, item);
	return side_find(&t->overflow, &key);
}
