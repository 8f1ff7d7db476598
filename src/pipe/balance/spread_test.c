/* SPDX-License-Identifier: GPL-2.0-only */
/* Exact shares, least movement, and that a target which comes back gets its buckets back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "pipe/balance/spread.h"

static uint64_t seed;

/* The same numbers in every run. */
static uint32_t draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

enum weights { EQUAL, MIXED, ONE_HEAVY };
static const size_t sizes[] = { 1, 2, 3, 10, 33, 64 };

static unsigned weight_of(enum weights weights, size_t i)
{
	if (weights == MIXED)
		return 1 + draw(SPREAD_WEIGHT_MAX);
	return weights == ONE_HEAVY && i == 0 ? SPREAD_WEIGHT_MAX : 1;
}

static void targets_make(struct spread_target *t, size_t n, enum weights weights)
{
	for (size_t i = 0; i < n; i++)
		t[i] = (struct spread_target){ .slot = (uint8_t)(3 * i),
					       .weight = weight_of(weights, i),
					       .key = (uint64_t)draw(1u << 31) << 31 |
						      draw(1u << 31) };
}

static void targets_shuffle(struct spread_target *t, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		struct spread_target *other = &t[draw((uint32_t)i)], kept = t[i - 1];

		t[i - 1] = *other;
		*other = kept;
	}
}

static void count(const uint8_t *table, uint32_t *ret_held)
{
	memset(ret_held, 0, 256 * sizeof(*ret_held));
	for (size_t b = 0; b < SPREAD_BUCKETS; b++)
		ret_held[table[b]]++;
}

static uint32_t differences(const uint8_t *a, const uint8_t *b)
{
	uint32_t found = 0;

	for (size_t i = 0; i < SPREAD_BUCKETS; i++)
		found += a[i] != b[i];
	return found;
}

static uint64_t weight_sum(const struct spread_target *t, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += t[i].weight;
	return sum;
}

/* Does the remainder of a come before that of b where one of them must be rounded down? */
static bool rounds_first(const struct spread_target *a, const struct spread_target *b, uint64_t sum)
{
	uint64_t x = SPREAD_BUCKETS * (uint64_t)a->weight % sum;
	uint64_t y = SPREAD_BUCKETS * (uint64_t)b->weight % sum;

	return x != y ? x > y : a->key < b->key;
}

/* The largest remainders: there is no target rounded down that comes before one rounded up. */
static void check_shares(const uint32_t *held, const struct spread_target *t, size_t n)
{
	const struct spread_target *last_up = NULL, *first_down = NULL;
	uint64_t sum = weight_sum(t, n);
	uint32_t total = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t whole = SPREAD_BUCKETS * (uint64_t)t[i].weight / sum;
		uint32_t have = held[t[i].slot];

		total += have;
		assert_true(have >= 1 && (have == whole || have == whole + 1));
		if (have > whole && (!last_up || rounds_first(last_up, &t[i], sum)))
			last_up = &t[i];
		if (have == whole && (!first_down || rounds_first(&t[i], first_down, sum)))
			first_down = &t[i];
	}
	assert_int_equal(total, n ? SPREAD_BUCKETS : 0);
	assert_true(!last_up || !first_down || rounds_first(last_up, first_down, sum));
}

/* Shares are given by the targets, so what everyone lacks of them is the least that must move. */
static void check_change(const uint8_t *before, const uint8_t *after,
			 const struct spread_change *change)
{
	uint32_t in[256] = { 0 }, out[256] = { 0 }, had[256], has[256], least = 0;

	count(before, had);
	count(after, has);
	for (size_t b = 0; b < SPREAD_BUCKETS; b++)
		if (before[b] != after[b]) {
			out[before[b]]++;
			in[after[b]]++;
		}
	for (size_t slot = 0; slot < 256; slot++)
		least += has[slot] > had[slot] ? has[slot] - had[slot] : 0;
	assert_int_equal(change->moved, least);
	assert_int_equal(differences(before, after), least);
	assert_memory_equal(change->in, in, sizeof(in));
	assert_memory_equal(change->out, out, sizeof(out));
}

static struct spread_change plan(uint8_t *table, const struct spread_target *t, size_t n)
{
	uint8_t before[SPREAD_BUCKETS];
	struct spread_change change;
	uint32_t held[256];

	memcpy(before, table, sizeof(before));
	memset(&change, 0xee, sizeof(change));
	assert_int_equal(spread_plan(table, t, n, &change), 0);
	count(table, held);
	check_shares(held, t, n);
	check_change(before, table, &change);
	return change;
}

static void plan_fresh(uint8_t *table, const struct spread_target *t, size_t n)
{
	memset(table, SPREAD_NONE, SPREAD_BUCKETS);
	assert_int_equal(plan(table, t, n).out[SPREAD_NONE], n ? SPREAD_BUCKETS : 0);
}

static void shares_are_exact(void **state)
{
	struct spread_target t[SPREAD_TARGETS];
	uint8_t table[SPREAD_BUCKETS];

	seed = 1;
	plan_fresh(table, NULL, 0);
	for (enum weights weights = EQUAL; weights <= ONE_HEAVY; weights++)
		for (size_t i = 0; i < 8 * ARRAY_LEN(sizes); i++) {
			targets_make(t, sizes[i / 8], weights);
			plan_fresh(table, t, sizes[i / 8]);
		}
}

static void empty_table_knows_keys_and_weights_alone(void **state)
{
	struct spread_target t[SPREAD_TARGETS], other[SPREAD_TARGETS];
	uint8_t table[SPREAD_BUCKETS], second[SPREAD_BUCKETS], slot[256] = { 0 };

	seed = 2;
	for (size_t i = 0; i < 8 * ARRAY_LEN(sizes); i++) {
		size_t n = sizes[i / 8];

		targets_make(t, n, (enum weights)(i % 3));
		memcpy(other, t, sizeof(other));
		for (size_t k = 0; k < n; k++) {
			other[k].slot = (uint8_t)(254 - (t[k].slot + i) % 255);
			slot[other[k].slot] = t[k].slot;
		}
		targets_shuffle(other, n);
		plan_fresh(table, t, n);
		plan_fresh(second, other, n);
		for (size_t b = 0; b < SPREAD_BUCKETS; b++)
			second[b] = slot[second[b]];
		assert_memory_equal(table, second, sizeof(table));
	}
}

static void one_of_ten_leaves_and_joins(void **state)
{
	uint8_t full[SPREAD_BUCKETS], table[SPREAD_BUCKETS];
	struct spread_target t[10];

	seed = 3;
	for (size_t gone = 0; gone < 10; gone++) {
		uint32_t share = gone ? 6553 : 6554, had[256];
		struct spread_change change;

		targets_make(t, 10, EQUAL);
		t[gone].key = gone ? UINT64_MAX : 0; /* last or first to be rounded up */
		plan_fresh(full, t, 10);
		memcpy(table, full, sizeof(table));
		count(table, had);
		assert_int_equal(had[t[gone].slot], share);
		memmove(&t[gone], &t[gone + 1], (9 - gone) * sizeof(*t));
		change = plan(table, t, 9);
		assert_int_equal(change.moved, share);
		assert_int_equal(change.out[3 * gone], share);
		t[9] = (struct spread_target){ 200, 1, draw(1u << 31) };
		change = plan(table, t, 10);
		assert_int_equal(change.moved, change.in[200]);
		assert_in_range(change.moved, 6553, 6554);
	}
}

/*
 * What rounding may do to the others when one leaves: a share that grows by less than a bucket can
 * be rounded down where it was rounded up before.  Shares that grow by one or more lose nothing.
 */
static uint32_t check_leaving_last(const struct spread_target *t, size_t n)
{
	uint64_t sum = weight_sum(t, n), left = weight_sum(t, n - 1);
	uint8_t table[SPREAD_BUCKETS];
	struct spread_change change;
	uint32_t lost = 0;

	plan_fresh(table, t, n);
	change = plan(table, t, n - 1);
	for (size_t i = 0; i < n - 1; i++) {
		uint64_t grown = SPREAD_BUCKETS * (uint64_t)t[i].weight * t[n - 1].weight;

		assert_true(change.out[t[i].slot] <= (grown < sum * left));
		lost += change.out[t[i].slot];
	}
	return lost;
}

static void who_stays_keeps_all_but_a_rounded_bucket(void **state)
{
	struct spread_target t[SPREAD_TARGETS];

	seed = 4;
	for (unsigned i = 0; i < 60; i++) {
		targets_make(t, SPREAD_TARGETS, (enum weights)(i % 3));
		(void)check_leaving_last(t, 2 + draw(SPREAD_TARGETS - 1));
	}
	/* A small case: 82.54 is rounded up beside 8171.37, 82.64 is rounded down beside 8181.67. */
	targets_make(t, 10, EQUAL);
	for (unsigned i = 0; i < 8; i++)
		t[i].weight = 99;
	assert_int_equal(check_leaving_last(t, 10), 1);
}

/* Targets come, go, change weight and take other slots, some of which were others'. */
static size_t targets_change(struct spread_target *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!draw(8))
			t[i].weight = 1 + draw(SPREAD_WEIGHT_MAX);
	for (uint32_t gone = draw(4); gone && n; gone--)
		t[draw((uint32_t)n)] = t[n - 1], n--;
	for (uint32_t more = draw(5); more && n < SPREAD_TARGETS; more--) {
		bool used[SPREAD_NONE] = { false };
		uint8_t slot;

		for (size_t i = 0; i < n; i++)
			used[t[i].slot] = true;
		do
			slot = (uint8_t)draw(80);
		while (used[slot]);
		t[n++] = (struct spread_target){ slot, 1 + draw(SPREAD_WEIGHT_MAX), draw(1u << 31) };
	}
	return n;
}

static void every_change_moves_the_least(void **state)
{
	struct spread_target t[SPREAD_TARGETS];
	uint8_t table[SPREAD_BUCKETS];

	seed = 5;
	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		size_t n = sizes[i];

		targets_make(t, n, MIXED);
		for (size_t k = 0; k < n; k++)
			t[k].slot = (uint8_t)k;
		plan_fresh(table, t, n);
		for (unsigned step = 0; step < 30; step++) {
			n = targets_change(t, n);
			targets_shuffle(t, n);
			(void)plan(table, t, n);
			assert_int_equal(plan(table, t, n).moved, 0);
		}
	}
}

/* Every bucket is at home with the target after its owner, so that homes help little. */
static void table_misplace(uint8_t *table, const struct spread_target *t, size_t n)
{
	uint8_t next[256] = { 0 };

	for (size_t i = 0; i < n; i++)
		next[t[i].slot] = t[(i + 1) % n].slot;
	for (size_t b = 0; b < SPREAD_BUCKETS; b++)
		table[b] = next[table[b]];
}

/* With too much of what is at home elsewhere, nobody gives up what is at home. */
static void no_bucket_leaves_its_home(void **state)
{
	uint8_t homes[SPREAD_BUCKETS], before[SPREAD_BUCKETS], table[SPREAD_BUCKETS];
	struct spread_target t[SPREAD_TARGETS];

	seed = 13;
	for (size_t i = 0; i < 5 * ARRAY_LEN(sizes); i++) {
		size_t n = sizes[i / 5], kept = 0;

		targets_make(t, n, MIXED);
		plan_fresh(homes, t, n);
		for (size_t b = 0; b < SPREAD_BUCKETS; b++)
			table[b] = draw(2) ? homes[b] : t[draw((uint32_t)n)].slot;
		memcpy(before, table, sizeof(before));
		(void)plan(table, t, n);
		for (size_t b = 0; b < SPREAD_BUCKETS; b++) {
			kept += before[b] == homes[b];
			assert_true(before[b] != homes[b] || table[b] == homes[b]);
		}
		assert_true(kept >= SPREAD_BUCKETS / 3);
	}
}

static void what_moves_is_from_all_over_the_table(void **state)
{
	uint8_t before[SPREAD_BUCKETS], table[SPREAD_BUCKETS];
	uint32_t part[16] = { 0 }, moved;
	struct spread_target t[3];

	seed = 14;
	targets_make(t, 3, EQUAL);
	plan_fresh(table, t, 3);
	table_misplace(table, t, 3);
	memcpy(before, table, sizeof(before));
	t[1].weight = 3;
	t[2].weight = 2;
	moved = plan(table, t, 3).moved;
	assert_in_range(moved, SPREAD_BUCKETS / 6, SPREAD_BUCKETS / 6 + 1);
	for (size_t b = 0; b < SPREAD_BUCKETS; b++)
		part[b * 16 / SPREAD_BUCKETS] += before[b] != table[b];
	for (size_t i = 0; i < 16; i++)
		assert_in_range(part[i], moved / 16 * 85 / 100, moved / 16 * 115 / 100);
}

static void any_bytes_become_a_table(void **state)
{
	struct spread_target t[SPREAD_TARGETS];
	uint8_t table[SPREAD_BUCKETS];

	seed = 6;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		targets_make(t, sizes[i], MIXED);
		for (size_t b = 0; b < SPREAD_BUCKETS; b++)
			table[b] = (uint8_t)draw(256);
		(void)plan(table, t, sizes[i]);
	}
	assert_int_equal(plan(table, NULL, 0).in[SPREAD_NONE], SPREAD_BUCKETS);
	assert_int_equal(plan(table, NULL, 0).moved, 0);
}

static void a_change_taken_back_leaves_no_trace(void **state)
{
	struct spread_target t[SPREAD_TARGETS], other[SPREAD_TARGETS];
	uint8_t before[SPREAD_BUCKETS], table[SPREAD_BUCKETS];

	seed = 7;
	for (unsigned i = 0; i < 100; i++) {
		size_t n = 1 + draw(SPREAD_TARGETS), gone = draw((uint32_t)n), m = n - 1;

		targets_make(t, n, (enum weights)(i % 3));
		plan_fresh(before, t, n);
		memcpy(table, before, sizeof(table));
		memcpy(other, t, sizeof(other));
		other[gone] = t[n - 1];
		if (i % 2) { /* more than one that leaves */
			memcpy(other, t, sizeof(other));
			m = targets_change(other, n);
		}
		(void)plan(table, other, m);
		(void)plan(table, t, n);
		assert_memory_equal(table, before, sizeof(table));
	}
}

/* No rule without memory can undo every history to the bucket; nearly all it must. */
static void who_left_in_any_order_comes_back_to_nearly_the_same(void **state)
{
	struct spread_target t[10], up[10];
	uint8_t before[SPREAD_BUCKETS], table[SPREAD_BUCKETS];

	seed = 8;
	for (unsigned i = 0; i < 30; i++) {
		targets_make(t, 10, (enum weights)(i % 3));
		plan_fresh(before, t, 10);
		memcpy(table, before, sizeof(table));
		targets_shuffle(t, 10);
		for (size_t n = 9; n >= 7; n--)
			(void)plan(table, t, n);
		for (size_t n = 8; n <= 10; n++) { /* the first to leave is the first to return */
			memcpy(up, t, sizeof(up));
			memcpy(&up[7], &t[17 - n], (n - 7) * sizeof(*t));
			(void)plan(table, up, n);
		}
		assert_in_range(differences(before, table), 0, SPREAD_BUCKETS / 100);
	}
}

/* As a draw by lot would: how often the bucket at a distance is the same target's. */
static void buckets_of_one_do_not_lie_together(void **state)
{
	struct spread_target t[10];
	uint8_t table[SPREAD_BUCKETS];

	seed = 9;
	for (unsigned i = 0; i < 10; i++) {
		targets_make(t, 10, EQUAL);
		for (size_t k = 0; k < 10 && i % 2; k++)
			t[k].key = k; /* whatever the keys look like */
		plan_fresh(table, t, 9);
		(void)plan(table, t, 10);
		(void)plan(table, t, 8);
		for (size_t distance = 1; distance < SPREAD_BUCKETS; distance *= 2) {
			uint32_t same = 0;

			for (size_t b = 0; b < SPREAD_BUCKETS; b++)
				same += table[b] == table[(b + distance) % SPREAD_BUCKETS];
			assert_in_range(same, SPREAD_BUCKETS / 8 * 95 / 100,
					SPREAD_BUCKETS / 8 * 105 / 100);
		}
	}
}

static void wrong_targets_are_refused(void **state)
{
	struct spread_target good[SPREAD_TARGETS + 1], t[SPREAD_TARGETS];
	uint8_t table[SPREAD_BUCKETS] = { 7 }, before[SPREAD_BUCKETS] = { 7 };
	struct spread_change change = { .moved = 77 };

	seed = 10;
	targets_make(good, SPREAD_TARGETS + 1, MIXED);
	assert_int_equal(spread_plan(table, good, SPREAD_TARGETS + 1, &change), -EINVAL);
	for (unsigned i = 0; i < 4; i++) {
		memcpy(t, good, sizeof(t));
		t[5] = (struct spread_target[]){ { SPREAD_NONE, 1 },
						 { good[0].slot, 1 },
						 { good[5].slot, 0 },
						 { good[5].slot, SPREAD_WEIGHT_MAX + 1 } }[i];
		assert_int_equal(spread_plan(table, t, 6, &change), -EINVAL);
		assert_int_equal(spread_turns(table, sizeof(table), t, 6), 0);
	}
	assert_memory_equal(table, before, sizeof(table));
	assert_int_equal(change.moved, 77);
}

static void equal_weights_take_turns_in_order(void **state)
{
	struct spread_target t[SPREAD_TARGETS];
	uint8_t turns[SPREAD_TARGETS + 1];

	seed = 11;
	assert_int_equal(spread_turns(turns, sizeof(turns), NULL, 0), 0);
	for (unsigned weight = 1; weight <= SPREAD_WEIGHT_MAX; weight += 33) {
		targets_make(t, SPREAD_TARGETS, EQUAL);
		targets_shuffle(t, SPREAD_TARGETS);
		for (size_t i = 0; i < SPREAD_TARGETS; i++)
			t[i].weight = weight;
		for (size_t n = 1; n <= SPREAD_TARGETS; n++) {
			memset(turns, SPREAD_NONE, sizeof(turns));
			assert_int_equal(spread_turns(turns, sizeof(turns), t, n), n);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(turns[i], t[i].slot);
			assert_int_equal(turns[n], SPREAD_NONE);
		}
	}
}

static void turns_by_weight_have_no_bursts(void **state)
{
	const struct spread_target known[] = { { 5, 50 }, { 1, 10 }, { 2, 10 } };
	const uint8_t order[] = { 5, 5, 1, 5, 2, 5, 5 };
	struct spread_target t[SPREAD_TARGETS];
	uint8_t turns[SPREAD_TURNS];

	memset(turns, SPREAD_NONE, sizeof(turns));
	assert_int_equal(spread_turns(turns, 4, known, 3), 7);
	assert_int_equal(turns[4], SPREAD_NONE);
	assert_int_equal(spread_turns(turns, sizeof(turns), known, 3), 7);
	assert_memory_equal(turns, order, 7);
	seed = 12;
	for (unsigned i = 0; i < 30; i++) {
		size_t n = i ? 1 + draw(SPREAD_TARGETS) : SPREAD_TARGETS, length;
		int64_t sum;

		targets_make(t, n, MIXED);
		t[0].weight = 97; /* no divisor, unless all are */
		t[n - 1].weight = 96;
		sum = (int64_t)weight_sum(t, n);
		length = spread_turns(turns, sizeof(turns), t, n);
		assert_int_equal(length, n > 1 ? sum : 1);
		for (size_t k = 0; k < n && n > 1; k++) {
			int64_t ahead = 0; /* of the even pace, in parts of a turn */

			for (size_t turn = 0; turn < length; turn++) {
				ahead += (turns[turn] == t[k].slot ? sum : 0) - (int64_t)t[k].weight;
				assert_in_range(ahead + 2 * sum, 1, 3 * sum - 1);
			}
			assert_int_equal(ahead, 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_are_exact),
		cmocka_unit_test(empty_table_knows_keys_and_weights_alone),
		cmocka_unit_test(one_of_ten_leaves_and_joins),
		cmocka_unit_test(who_stays_keeps_all_but_a_rounded_bucket),
		cmocka_unit_test(every_change_moves_the_least),
		cmocka_unit_test(no_bucket_leaves_its_home),
		cmocka_unit_test(what_moves_is_from_all_over_the_table),
		cmocka_unit_test(any_bytes_become_a_table),
		cmocka_unit_test(a_change_taken_back_leaves_no_trace),
		cmocka_unit_test(who_left_in_any_order_comes_back_to_nearly_the_same),
		cmocka_unit_test(buckets_of_one_do_not_lie_together),
		cmocka_unit_test(wrong_targets_are_refused),
		cmocka_unit_test(equal_weights_take_turns_in_order),
		cmocka_unit_test(turns_by_weight_have_no_bursts),
	};

	return cmocka_run_group_tests_name("spread", tests, NULL, NULL);
}
