/* SPDX-License-Identifier: GPL-2.0-only */
/* The half that is not in force is built from nothing, by a seed that suits these keys. */
#include <errno.h>
#include <stdlib.h>

#include "pipe/classify/grace.h"
#include "pipe/classify/table_private.h"

#define SEEDS 16

typedef VEC(struct classify_item) classify_items;

struct build {
	struct classify_table *t;
	unsigned half, length6;
	bool has_nets6;
	uint32_t flags;
	classify_items hosts4, nets6, hosts6;
	side_log prefixes, overflow; /* wanted */
};

static void build_free(struct build *b)
{
	vec_free(&b->hosts4);
	vec_free(&b->nets6);
	vec_free(&b->hosts6);
	vec_free(&b->prefixes);
	vec_free(&b->overflow);
}

/* --- which entry where ------------------------------------------------------------------------- */

/* The most common one is a look-up less.  Of equal ones the longer. */
static unsigned choose_length6(const struct classify_entry *entries, size_t n, bool *ret_some)
{
	size_t seen[65] = { 0 };
	unsigned best = 64;

	for (size_t i = 0; i < n; i++)
		if (entries[i].prefix.family == 6 && entries[i].prefix.length <= 64)
			seen[entries[i].prefix.length]++;
	for (unsigned length = 63; length > 0; length--)
		if (seen[length] > seen[best])
			best = length;
	*ret_some = seen[best] != 0;
	return best;
}

static int want(side_log *log, const struct classify_key *key, uint64_t value)
{
	struct side_record record = { .key = *key, .order = (uint32_t)log->n, .value = value };

	return vec_push(log, record);
}

static int add_to_trie(struct build *b, const struct classify_entry *e,
		       const struct classify_spot *spot)
{
	const struct classify_key key = classify_key_of(&e->prefix, b->half);

	if (e->prefix.family == 4)
		b->flags |= CLASSIFY_HAS_PREFIXES4;
	else
		b->flags |= spot->longer ? CLASSIFY_HAS_LONGER6 : CLASSIFY_HAS_SHORTER6;
	return want(&b->prefixes, &key, spot->item.value);
}

static classify_items *items_of(struct build *b, unsigned kind)
{
	if (kind == CLASSIFY_HOST4)
		return &b->hosts4;
	return kind == CLASSIFY_NET6 ? &b->nets6 : &b->hosts6;
}

static int sort_in(struct build *b, const struct classify_entry *e, bool *ret_marks)
{
	struct classify_spot spot = classify_spot_of(e, b->length6);
	struct classify_item mark = { .high = spot.net, .value = CLASSIFY_DEEP };
	int r = 0;

	if (spot.longer) {
		*ret_marks = true;
		r = vec_push(&b->nets6, mark);
	}
	if (r)
		return r;
	if (spot.kind == CLASSIFY_TRIE)
		return add_to_trie(b, e, &spot);
	if (spot.kind == CLASSIFY_HOST6)
		b->flags |= CLASSIFY_HAS_HOSTS6;
	if (spot.kind == CLASSIFY_NET6)
		spot.item.low = 0;
	return vec_push(items_of(b, spot.kind), spot.item);
}

static int compare_high(const void *a_data, const void *b_data)
{
	const struct classify_item *a = a_data, *b = b_data;

	return a->high < b->high ? -1 : a->high > b->high;
}

/* A network and the marks of what is below it become one. */
static void merge_marks(classify_items *nets)
{
	size_t n = 0;

	qsort(nets->at, nets->n, sizeof(*nets->at), compare_high);
	for (size_t i = 0; i < nets->n; i++)
		if (n && nets->at[n - 1].high == nets->at[i].high)
			nets->at[n - 1].value |= nets->at[i].value;
		else
			nets->at[n++] = nets->at[i];
	nets->n = n;
}

static int sort_entries(struct build *b, const struct classify_entry *entries, size_t n)
{
	bool marks = false;
	int r = 0;

	b->length6 = choose_length6(entries, n, &b->has_nets6);
	for (size_t i = 0; !r && i < n; i++)
		r = sort_in(b, &entries[i], &marks);
	if (r)
		return r;
	if (marks)
		merge_marks(&b->nets6);
	if (b->nets6.n)
		b->flags |= CLASSIFY_HAS_NETS6;
	return 0;
}

/* --- seeds ------------------------------------------------------------------------------------- */

/* How many keys find their bucket full.  `fill` has a byte per bucket. */
static size_t count_homeless(const struct classify_place *place, const uint64_t *numbers, size_t n,
			     unsigned slots, uint8_t *fill, size_t buckets)
{
	const struct classify_place flat = { .seed = place->seed, .shift = place->shift };
	size_t homeless = 0;

	memset(fill, 0, buckets);
	for (size_t i = 0; i < n; i++) {
		uint8_t *in = &fill[classify_hash(&flat, numbers[i])];

		if (*in < slots)
			(*in)++;
		else
			homeless++;
	}
	return homeless;
}

static uint64_t next_seed(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (x ^ x >> 31) | 1;
}

/* Neighbouring addresses fall evenly by most seeds, and into few buckets by some. */
static void try_seeds(struct classify_place *place, const uint64_t *numbers, size_t n,
		      unsigned slots, uint8_t *fill, size_t buckets)
{
	uint64_t state = 0, best_seed = 0;
	size_t best = SIZE_MAX;

	for (unsigned i = 0; i < SEEDS && best; i++) {
		size_t homeless;

		place->seed = next_seed(&state);
		homeless = count_homeless(place, numbers, n, slots, fill, buckets);
		if (homeless < best) {
			best = homeless;
			best_seed = place->seed;
		}
	}
	place->seed = best_seed;
}

static int choose_seed(struct classify_place *place, unsigned kind, const classify_items *items,
		       unsigned slots)
{
	const size_t buckets = (size_t)1 << (64 - place->shift);
	_cleanup_free_ uint64_t *numbers = malloc((items->n + 1) * sizeof(*numbers));
	_cleanup_free_ uint8_t *fill = malloc(buckets);

	if (!numbers || !fill)
		return -ENOMEM;
	for (size_t i = 0; i < items->n; i++)
		numbers[i] = classify_number(kind, &items->at[i]);
	try_seeds(place, numbers, items->n, slots, fill, buckets);
	return 0;
}

static int choose_seeds(struct build *b, struct classify_half *half)
{
	int r = choose_seed(&half->hosts4, CLASSIFY_HOST4, &b->hosts4, CLASSIFY_SLOTS4);

	if (!r)
		r = choose_seed(&half->nets6, CLASSIFY_NET6, &b->nets6, CLASSIFY_SLOTS6);
	if (!r)
		r = choose_seed(&half->hosts6, CLASSIFY_HOST6, &b->hosts6, CLASSIFY_SLOTS128);
	return r;
}

/* --- filling ----------------------------------------------------------------------------------- */

static void clear_half(const struct classify_maps *m, const struct classify_half *half)
{
	memset(m->at_hosts4 + half->hosts4.base, 0,
	       classify_buckets(m->sizes.bits4) * sizeof(*m->at_hosts4));
	memset(m->at_nets6 + half->nets6.base, 0,
	       classify_buckets(m->sizes.bits6) * sizeof(*m->at_nets6));
	memset(m->at_hosts6 + half->hosts6.base, 0,
	       classify_buckets(m->sizes.bits128) * sizeof(*m->at_hosts6));
}

static int fill_kind(struct build *b, unsigned kind)
{
	const classify_items *items = items_of(b, kind);
	int r = 0;

	for (size_t i = 0; !r && i < items->n; i++) {
		const struct classify_item *item = &items->at[i];
		struct classify_key key;

		if (store_put(b->t, b->half, kind, item))
			continue;
		key = store_key(b->half, kind, item);
		r = want(&b->overflow, &key, item->value);
	}
	return r;
}

static int fill(struct build *b)
{
	int r = fill_kind(b, CLASSIFY_HOST4);

	if (!r)
		r = fill_kind(b, CLASSIFY_NET6);
	if (!r)
		r = fill_kind(b, CLASSIFY_HOST6);
	if (b->overflow.n)
		b->flags |= CLASSIFY_HAS_OVERFLOW;
	if (!r)
		r = side_rebuild(&b->t->overflow, b->half, &b->overflow);
	return r ? r : side_rebuild(&b->t->prefixes, b->half, &b->prefixes);
}

static int build(struct build *b, const struct classify_entry *entries, size_t n)
{
	struct classify_half *half = table_half(b->t, b->half);
	int r = sort_entries(b, entries, n);

	if (!r)
		r = choose_seeds(b, half);
	if (r)
		return r;
	clear_half(&b->t->maps, half);
	r = fill(b);
	if (r)
		return r;
	half->mask6 = classify_mask6(b->length6);
	half->flags = b->flags;
	b->t->length6[b->half] = b->length6;
	b->t->has_nets6[b->half] = b->has_nets6;
	return 0;
}

int table_rebuild(struct classify_table *t, const struct classify_entry *entries, size_t n)
{
	struct build b = { .t = t, .half = !table_now(t) };
	int r = t->may_be_read ? classify_grace_wait() : 0;

	if (r)
		return r;
	t->may_be_read = false;
	r = build(&b, entries, n);
	build_free(&b);
	if (r)
		return r;
	__atomic_store_n(&t->maps.at_state->half, b.half, __ATOMIC_RELEASE);
	t->may_be_read = true;
	t->stale = 0;
	t->built = true;
	return 0;
}
