/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of addresses, its daemon's side: against a plain search, after any changes the same as
 * a fresh one; when it is built anew, and what sizes it is given.
 */
#include "pipe/classify/grace.h"
#include "pipe/classify/table_private.h"
#include "pipe/classify/table_test_util.h"

#define HOSTS 120 /* asked after each change */
#define WORLD_MAX 600

/* --- worlds ------------------------------------------------------------------------------------ */

/* Lengths are drawn from one of these lists, so that different ones are the most common. */
static const uint8_t LENGTHS6[][12] = {
	{ 128, 128, 64, 64, 64, 64, 60, 56, 56, 48, 32, 0 },
	{ 56, 56, 56, 60, 64, 64, 128, 72, 96, 127, 1, 52 },
	{ 128, 128, 128, 128, 128, 128, 96, 112, 120, 128, 128, 128 },
	{ 48, 48, 48, 47, 49, 64, 65, 63, 128, 128, 0, 20 },
	{ 1, 2, 3, 1, 2, 1, 4, 8, 128, 64, 0, 1 },
};
static const uint8_t LENGTHS4[] = { 32, 32, 32, 32, 32, 29, 30, 24, 24, 16, 8, 0, 31, 1 };

static bool add_random(struct world *w, unsigned style)
{
	const unsigned family = random_below(w, 3) ? 6 : 4;
	const unsigned length = family == 4 ? LENGTHS4[random_below(w, sizeof(LENGTHS4))] :
					      LENGTHS6[style][random_below(w, 12)];
	const struct net_prefix p = random_prefix(w, family, length);

	if (world_index(w, &p) >= 0)
		return false;
	world_append(w, &p);
	return true;
}

static void make_world(struct world *w, unsigned n, unsigned style)
{
	for (unsigned tries = 0; w->entries.n < n && tries < 20 * n; tries++)
		(void)add_random(w, style);
}

static void change_values(struct world *w, unsigned n)
{
	for (unsigned i = 0; i < n && w->entries.n; i++) {
		struct classify_entry *e = &w->entries.at[random_below(w, (unsigned)w->entries.n)];

		*e = entry_of(&e->prefix, ++w->next_id % CLASSIFY_IDS);
	}
}

static void remove_some(struct world *w, unsigned n)
{
	for (unsigned i = 0; i < n && w->entries.n; i++)
		vec_remove(&w->entries, random_below(w, (unsigned)w->entries.n));
}

static void shuffle(struct world *w)
{
	for (size_t i = w->entries.n; i > 1; i--) {
		const unsigned k = random_below(w, (unsigned)i);
		struct classify_entry e = w->entries.at[i - 1];

		w->entries.at[i - 1] = w->entries.at[k];
		w->entries.at[k] = e;
	}
}

static void check_host(const struct classify_table *t, const struct world *w,
		       const struct net_prefix *host)
{
	const struct classify_entry *plain = find_plainly(w, host);
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct net_prefix by = { .family = 99 };
	uint64_t value = classify_table_find(t, host, &by);

	net_prefix_format(host, &text);
	if (value != value_plainly(w, host))
		fail_msg("%s: found %llx, is %llx", strbuf_text(&text), (unsigned long long)value,
			 (unsigned long long)value_plainly(w, host));
	if (plain)
		assert_memory_equal(&by, &plain->prefix, sizeof(by));
	else
		assert_int_equal(by.family, 99);
}

static void check_table(const struct classify_table *t, struct world *w)
{
	for (unsigned i = 0; i < HOSTS; i++) {
		const struct net_prefix host = random_host(w);

		check_host(t, w, &host);
	}
}

/* --- finding ----------------------------------------------------------------------------------- */

static void test_nested_prefixes(void **state)
{
	static const char *const texts[] = { "0.0.0.0/0",
					     "10.0.0.0/8",
					     "10.1.2.0/24",
					     "10.1.2.3",
					     "0.0.0.0",
					     "::/0",
					     "2001:db8::/56",
					     "2001:db8::/60",
					     "2001:db8::/64",
					     "2001:db8::7",
					     "2001:db8:0:1::/64",
					     "2001:db8:0:1::7",
					     "2001:db8:1::9",
					     "::",
					     "::5" };
	static const char *const hosts[] = { "10.1.2.3",
					     "10.1.2.4",
					     "10.9.9.9",
					     "11.1.1.1",
					     "0.0.0.0",
					     "0.0.0.1",
					     "2001:db8::7",
					     "2001:db8::8",
					     "2001:db8:0:1::7",
					     "2001:db8:0:1::8",
					     "2001:db8:0:2::",
					     "2001:db8:0:20::",
					     "2001:db8:1::9",
					     "2001:db8:1::8",
					     "::",
					     "::5",
					     "::6",
					     "9::" };
	_cleanup_world_ struct world w = { 0 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;

	need_root_for_maps();
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		world_add_text(&w, texts[i]);
	t = new_table_for(&w);
	assert_int_equal(set_table(t, &w).added, ARRAY_LEN(texts));
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		const struct net_prefix host = prefix_of_text(hosts[i]);

		check_host(t, &w, &host);
	}
}

static void test_random_worlds(void **state)
{
	need_root_for_maps();
	for (unsigned i = 0; i < 60; i++) {
		_cleanup_world_ struct world w = { .random = i };
		_cleanup_(classify_table_freep) struct classify_table *t = NULL;

		make_world(&w, 1 + random_below(&w, 600), i % ARRAY_LEN(LENGTHS6));
		t = new_table_for(&w);
		assert_true(set_table(t, &w).rebuilt);
		check_table(t, &w);
	}
}

static void test_the_most_common_length(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;

	need_root_for_maps();
	t = new_table(4, 4, 4);
	for (unsigned i = 1; i <= 3; i++) {
		const struct net_prefix p = prefix6((uint64_t)i << 32, 0, 48);

		world_append(&w, &p);
	}
	(void)set_table(t, &w);
	assert_int_equal(t->length6[table_now(t)], 48);
	assert_int_equal(table_half(t, table_now(t))->flags, CLASSIFY_HAS_NETS6);
	for (unsigned i = 1; i <= 300; i++) {
		const struct net_prefix p = prefix6((uint64_t)i << 40, 0, 56);

		world_append(&w, &p);
	}
	(void)set_table(t, &w);
	assert_int_equal(t->length6[table_now(t)], 56);
	check_table(t, &w);
}

/* The first prefix of IPv6 must not lie in the trie for good, only because hosts came before. */
static void test_the_first_network_is_looked_up_fast(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;

	need_root_for_maps();
	t = new_table(4, 4, 4);
	world_add_text(&w, "10.0.0.1");
	(void)set_table(t, &w);
	world_add_text(&w, "2001:db8:0:100::/56");
	assert_true(set_table(t, &w).rebuilt);
	assert_int_equal(table_half(t, table_now(t))->flags, CLASSIFY_HAS_NETS6);
}

/* --- changing ---------------------------------------------------------------------------------- */

static void change_world(struct world *w, unsigned style)
{
	const unsigned much =
		random_below(w, 4) ? 1 + random_below(w, 6) : (unsigned)w->entries.n / 2;

	if (w->entries.n > WORLD_MAX)
		remove_some(w, WORLD_MAX / 2);
	switch (random_below(w, 5)) {
	case 0:
		change_values(w, much);
		break;
	case 1:
		remove_some(w, much);
		break;
	case 2:
		shuffle(w);
		change_values(w, 2);
		break;
	default:
		for (unsigned i = 0; i < much; i++)
			(void)add_random(w, style);
	}
	if (!random_below(w, 3)) {
		remove_some(w, 2);
		(void)add_random(w, style);
	}
}

static void check_changes(struct world *w, struct classify_table *t, unsigned style,
			  unsigned *ret_rebuilt, unsigned *ret_stored)
{
	for (unsigned i = 0; i < 150; i++) {
		bool rebuilt;

		change_world(w, style);
		rebuilt = set_table(t, w).rebuilt;
		*ret_rebuilt += rebuilt;
		*ret_stored += !rebuilt;
		check_table(t, w);
		if (!random_below(w, 20))
			classify_table_rest(t);
	}
}

static void test_random_changes(void **state)
{
	unsigned rebuilt = 0, stored = 0;

	need_root_for_maps();
	for (unsigned i = 0; i < 10; i++) {
		_cleanup_world_ struct world w = { .random = 1000 + i };
		_cleanup_(classify_table_freep) struct classify_table *t = NULL;

		make_world(&w, 300, i % ARRAY_LEN(LENGTHS6));
		t = i < 5 ? new_table_for(&w) : new_table(3, 3, 3); /* full buckets */
		(void)set_table(t, &w);
		check_changes(&w, t, i % ARRAY_LEN(LENGTHS6), &rebuilt, &stored);
	}
	assert_in_range(rebuilt, 100, 1400);
	assert_in_range(stored, 100, 1400);
}

static void test_what_is_reported(void **state)
{
	_cleanup_world_ struct world w = { .random = 5 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;
	struct classify_table_change c;
	unsigned half;

	need_root_for_maps();
	for (unsigned i = 0; i < 1000; i++) {
		const struct net_prefix p = prefix4(0x64400000 + i, 32);

		world_append(&w, &p);
	}
	t = new_table_for(&w);
	c = set_table(t, &w);
	assert_true(c.rebuilt && c.added == 1000 && !c.changed && !c.removed);
	half = table_now(t);
	c = set_table(t, &w);
	assert_true(!c.rebuilt && !c.added && !c.changed && !c.removed);
	w.entries.at[500].value ^= CLASSIFY_VALUE(0, 0, 1);
	vec_remove(&w.entries, 10);
	world_add_text(&w, "100.127.0.1");
	shuffle(&w);
	c = set_table(t, &w);
	assert_true(!c.rebuilt && c.added == 1 && c.changed == 1 && c.removed == 1);
	assert_int_equal(table_now(t), half);
	change_values(&w, 400);
	c = set_table(t, &w);
	assert_true(c.rebuilt && !c.added && c.changed > 100 && !c.removed);
	assert_int_not_equal(table_now(t), half);
	w.entries.n = 0;
	c = set_table(t, &w);
	assert_true(c.rebuilt && c.removed == 1000);
	check_table(t, &w);
}

/* Where one address could get the former of one prefix and the latter of another. */
static void test_one_in_another_is_built_anew(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;

	need_root_for_maps();
	t = new_table(4, 4, 4);
	world_add_text(&w, "10.0.0.0/24");
	world_add_text(&w, "10.0.1.0/24");
	(void)set_table(t, &w);
	world_add_text(&w, "10.0.0.7");
	assert_false(set_table(t, &w).rebuilt);
	world_add_text(&w, "10.0.0.8");
	w.entries.at[0].value ^= CLASSIFY_VALUE(1, 0, 0);
	assert_true(set_table(t, &w).rebuilt);
	world_add_text(&w, "10.0.0.9");
	w.entries.at[1].value ^= CLASSIFY_VALUE(1, 0, 0);
	assert_false(set_table(t, &w).rebuilt);
	for (size_t i = 0; i < w.entries.n; i++)
		w.entries.at[i].value ^= CLASSIFY_VALUE(2, 0, 0);
	assert_false(set_table(t, &w).rebuilt);
	check_table(t, &w);
}

/* What comes and goes leaves slots behind; in the end they are cleared away. */
static void test_coming_and_going(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;
	unsigned rebuilt = 0;

	need_root_for_maps();
	t = new_table(3, 3, 3);
	world_add_text(&w, "192.0.2.1");
	(void)set_table(t, &w);
	for (unsigned i = 1; i < 1500; i++) {
		const struct net_prefix p4 = prefix4(0x0a000000 + i, 32),
					p6 = prefix6(0x20010db800000000 + i, 0, 64);
		const struct net_prefix *p = i % 2 ? &p4 : &p6;

		w.entries.n = 1;
		world_append(&w, p);
		rebuilt += set_table(t, &w).rebuilt;
		check_host(t, &w, p);
		check_host(t, &w, i % 2 ? &p6 : &p4);
	}
	assert_in_range(rebuilt, 2, 50);
	assert_in_range(t->overflow.log[0].n + t->overflow.log[1].n, 0, 2000);
}

/* --- when it does not fit ---------------------------------------------------------------------- */

static void test_too_small_a_table(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;

	need_root_for_maps();
	t = new_table(0, 0, 0);
	for (unsigned i = 0; i < 300; i++) {
		const struct net_prefix p4 = prefix4(0x0a000000 + i * 256, 32),
					p6 = prefix6(0x20010db800000000 + i * 256, 0, 56),
					p128 = prefix6(0x20010db800000000 + i * 128, i, 128);

		world_append(&w, &p4);
		world_append(&w, &p6);
		world_append(&w, &p128);
	}
	(void)set_table(t, &w);
	assert_true(table_half(t, table_now(t))->flags & CLASSIFY_HAS_OVERFLOW);
	check_table(t, &w);
}

static void test_what_never_fits(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;
	struct classify_table_change change = { .added = 77 };
	_cleanup_diag_ struct diag d = { 0 };

	need_root_for_maps();
	t = new_table(0, 0, 0);
	world_add_text(&w, "10.0.0.1");
	(void)set_table(t, &w);
	for (unsigned i = 0; i < 5000; i++) {
		const struct net_prefix p = prefix4(0x0b000000 + i, 32);

		world_append(&w, &p);
	}
	assert_int_equal(classify_table_set(t, w.entries.at, w.entries.n, &change, &d), -ENOSPC);
	assert_int_equal(d.errors, 1);
	assert_int_equal(change.added, 77);
	w.entries.n = 1;
	check_table(t, &w);
	w.entries.n = 100;
	(void)set_table(t, &w);
	check_table(t, &w);
}

static int try_set(struct classify_table *t, const struct world *w)
{
	struct classify_table_change change;
	_cleanup_diag_ struct diag d = { 0 };
	int r = classify_table_set(t, w->entries.at, w->entries.n, &change, &d);

	assert_int_equal(r ? 1 : 0, d.errors);
	return r;
}

/* More and more are stored in place, until there is no room in either half. */
static void test_filling_up(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;
	size_t before = 0;
	int r = 0;

	need_root_for_maps();
	t = new_table(0, 0, 0);
	while (!r && before < 10000) {
		before = w.entries.n;
		for (uint32_t i = 0; i < 50; i++) {
			const struct net_prefix p = prefix4(0x0a000000 + w.next_id, 32);

			world_append(&w, &p);
		}
		r = try_set(t, &w);
		assert_true(!r || r == -ENOSPC);
	}
	assert_in_range(before, 1000, 5000);
	for (size_t i = 0; i < before; i++)
		check_host(t, &w, &w.entries.at[i].prefix);
	w.entries.n = 500;
	assert_int_equal(try_set(t, &w), 0);
	check_table(t, &w);
}

/* --- the rest ---------------------------------------------------------------------------------- */

static void test_sizes(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	struct classify_sizes none = { 0 }, s, s2;

	classify_sizes_for(NULL, 0, &none, &s);
	assert_true(!s.bits4 && !s.bits6 && !s.bits128);
	for (unsigned i = 0; i < 20000; i++) {
		const struct net_prefix p = prefix4(0x0a000000 + i, 32);

		world_append(&w, &p);
	}
	classify_sizes_for(w.entries.at, 10000, &none, &s);
	assert_true(s.bits4 == 14 && !s.bits6 && !s.bits128);
	classify_sizes_for(w.entries.at, 20000, &s, &s2);
	assert_int_equal(s2.bits4, 14);
	classify_sizes_for(w.entries.at, 1500, &s, &s2);
	assert_int_equal(s2.bits4, 14);
	classify_sizes_for(w.entries.at, 200, &s, &s2);
	assert_int_equal(s2.bits4, 11);
	classify_sizes_for(w.entries.at, 20000, &s2, &s2);
	assert_int_equal(s2.bits4, 14);
	world_add_text(&w, "2001:db8::1");
	classify_sizes_for(w.entries.at + 20000, 1, &s2, &s2);
	assert_true(!s2.bits4 && s2.bits6 && s2.bits128);
}

static void test_both_ways_to_wait(void **state)
{
	need_root_for_maps();
	assert_int_equal(classify_grace_wait(), 0);
	assert_int_equal(classify_grace_wait_by_map(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nested_prefixes),
		cmocka_unit_test(test_random_worlds),
		cmocka_unit_test(test_the_most_common_length),
		cmocka_unit_test(test_the_first_network_is_looked_up_fast),
		cmocka_unit_test(test_random_changes),
		cmocka_unit_test(test_what_is_reported),
		cmocka_unit_test(test_one_in_another_is_built_anew),
		cmocka_unit_test(test_coming_and_going),
		cmocka_unit_test(test_too_small_a_table),
		cmocka_unit_test(test_what_never_fits),
		cmocka_unit_test(test_filling_up),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_both_ways_to_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
