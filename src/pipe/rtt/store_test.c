/* SPDX-License-Identifier: GPL-2.0-only */
/* The store against a list of all samples; what ages, what is cleared, and a full arena. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "pipe/rtt/store.h"

#define MIB (1u << 20)
#define ALL RTT_ALL_SIDES, RTT_ALL_KINDS

static uint64_t seed;

/* The same numbers in every run. */
static uint32_t draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static struct rtt_store *store_of(size_t bytes, unsigned intervals)
{
	struct rtt_store *store = NULL;

	assert_int_equal(rtt_store_new(bytes, intervals, &store), 0);
	return store;
}

static struct rtt_store_state look(const struct rtt_store *store)
{
	struct rtt_store_state state;

	rtt_store_look(store, &state);
	return state;
}

static uint64_t count_of(const struct rtt_store *store, uint32_t id, unsigned sides, unsigned kinds,
			 unsigned intervals)
{
	struct rtt_sum sum = { 0 };

	rtt_store_merge(store, id, sides, kinds, intervals, &sum);
	return sum.count;
}

static void assert_exact(const struct rtt_sum *got, const struct rtt_sum *want)
{
	uint64_t in = 0;

	assert_int_equal(got->count, want->count);
	assert_int_equal(got->sum, want->sum);
	assert_int_equal(got->least, want->least);
	assert_int_equal(got->most, want->most);
	for (size_t i = 0; i < RTT_BUCKETS; i++)
		in += got->in[i];
	assert_int_equal(in, want->count);
}

/* --- one at a time ----------------------------------------------------------------------------- */

static void what_is_impossible_is_refused(void **state)
{
	struct rtt_store *store = (struct rtt_store *)&seed;

	assert_int_equal(rtt_store_new(RTT_STORE_LEAST - 1, 6, &store), -EINVAL);
	assert_int_equal(rtt_store_new((size_t)1 << 38, 6, &store), -EINVAL);
	assert_ptr_equal(store, &seed);
	rtt_store_free(NULL);
}

static void a_sample_is_its_series_alone(void **state)
{
	_cleanup_(rtt_store_freep) struct rtt_store *store = store_of(MIB, 2);

	rtt_store_add(store, 7, RTT_INTERNET, RTT_HANDSHAKE, 1000);
	for (unsigned side = 0; side < RTT_SIDES; side++)
		for (unsigned kind = 0; kind < RTT_KINDS; kind++) {
			bool its = side == RTT_INTERNET && kind == RTT_HANDSHAKE;

			assert_int_equal(count_of(store, 7, 1u << side, 1u << kind, 0), its);
			assert_int_equal(rtt_store_total(store, 7, 1u << side, 1u << kind), its);
			assert_int_equal(rtt_store_total_sum(store, 7, 1u << side, 1u << kind),
					 its ? 1000 : 0);
		}
	assert_int_equal(count_of(store, 6, ALL, 2), 0);
	assert_int_equal(count_of(store, 8, ALL, 2), 0);
	assert_int_equal(count_of(store, 7, 0, RTT_ALL_KINDS, 2), 0);
	assert_int_equal(look(store).used, 1);
}

static void the_unknown_is_counted_and_nothing_else(void **state)
{
	_cleanup_(rtt_store_freep) struct rtt_store *store = store_of(MIB, 2);

	rtt_store_add(store, RTT_STORE_IDS, RTT_ACCESS, RTT_TIMESTAMP, 5);
	rtt_store_add(store, 1, RTT_SIDES, RTT_TIMESTAMP, 5);
	rtt_store_add(store, 1, RTT_ACCESS, RTT_KINDS, 5);
	assert_int_equal(look(store).dropped, 3);
	assert_int_equal(look(store).used, 0);
	assert_int_equal(rtt_store_total(store, 1, ALL), 0);
	assert_int_equal(rtt_store_total(store, RTT_STORE_IDS, ALL), 0);
	assert_int_equal(count_of(store, UINT32_MAX, ALL, 2), 0);
	rtt_store_clear(store, UINT32_MAX);
}

static void rows_grow_to_the_last_id(void **state)
{
	_cleanup_(rtt_store_freep) struct rtt_store *store = store_of(MIB, 1);
	static const uint32_t ids[] = { 3, 63, 64, 1000, RTT_STORE_IDS - 1 };

	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		rtt_store_add(store, ids[i], RTT_ACCESS, RTT_SEQUENCE, 70);
		rtt_store_turn(store);
		rtt_store_add(store, ids[i], RTT_ACCESS, RTT_SEQUENCE, 70);
	}
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		assert_int_equal(rtt_store_total(store, ids[i], ALL), 2);
	assert_int_equal(count_of(store, 1000, ALL, 1), 1);
	assert_int_equal(count_of(store, RTT_STORE_IDS - 1, ALL, 1), 2);
	assert_int_equal(look(store).dropped, 0);
}

/* --- intervals --------------------------------------------------------------------------------- */

static void an_interval_ages_turn_by_turn(void **state)
{
	for (unsigned kept = 0; kept < 5; kept++) {
		_cleanup_(rtt_store_freep) struct rtt_store *store = store_of(MIB, kept);

		for (unsigned turn = 0; turn < 12; turn++) {
			for (unsigned i = 0; i < 1u << turn; i++)
				rtt_store_add(store, 1, RTT_ACCESS, RTT_TIMESTAMP, i);
			for (unsigned back = 0; back < 8; back++) {
				unsigned n = MIN(MIN(back, kept), turn) + 1;

				/* of n intervals, the last being of 2^turn samples */
				assert_int_equal(count_of(store, 1, ALL, back),
						 (1u << (turn + 1)) - (1u << (turn + 1 - n)));
			}
			rtt_store_turn(store);
			assert_int_equal(count_of(store, 1, ALL, 0), 0);
		}
		assert_int_equal(rtt_store_total(store, 1, ALL), 4095);
	}
}

static void what_has_aged_is_free_again(void **state)
{
	_cleanup_(rtt_store_freep) struct rtt_store *store = store_of(MIB, 2);

	for (unsigned turn = 0; turn < 50; turn++) {
		for (unsigned i = 0; i < 5000; i++)
			rtt_store_add(store, 1 + i % 9, i % 2, RTT_SEQUENCE, i * 100);
		rtt_store_turn(store);
	}
	assert_int_equal(look(store).coarse, 0);
	assert_true(look(store).used > 0);
	rtt_store_turn(store);
	rtt_store_turn(store);
	assert_int_equal(look(store).used, 0);
	assert_int_equal(rtt_store_total(store, 1, ALL), 50 * 556);
}

static void a_cleared_id_is_a_new_one(void **state)
{
	_cleanup_(rtt_store_freep) struct rtt_store *store = store_of(MIB, 3);

	for (unsigned turn = 0; turn < 6; turn++) {
		rtt_store_turn(store);
		for (unsigned i = 0; i < 6000; i++)
			rtt_store_add(store, 4 + i % 2, i % 4 / 2, i % 3, i);
	}
	rtt_store_clear(store, 4);
	assert_int_equal(count_of(store, 4, ALL, 3), 0);
	assert_int_equal(rtt_store_total(store, 4, ALL), 0);
	assert_int_equal(rtt_store_total_sum(store, 4, ALL), 0);
	assert_int_equal(count_of(store, 5, ALL, 3), 4 * 3000);
	assert_int_equal(rtt_store_total(store, 5, ALL), 6 * 3000);
	rtt_store_clear(store, 5);
	assert_int_equal(look(store).used, 0);
	rtt_store_add(store, 4, RTT_ACCESS, RTT_TIMESTAMP, 9);
	assert_int_equal(count_of(store, 4, ALL, 3), 1);
}

/* --- a full arena ------------------------------------------------------------------------------ */

static void without_a_node_the_nearest_bucket_is_used(void **state)
{
	_cleanup_(rtt_store_freep) struct rtt_store *store = store_of(RTT_STORE_LEAST, 1);
	struct rtt_sum got = { 0 }, want = { 0 };
	unsigned far = 0;

	for (unsigned i = 0; i < RTT_BUCKETS; i += 2) /* takes all there is for buckets */
		rtt_store_add(store, 1, RTT_ACCESS, RTT_TIMESTAMP, rtt_bucket_low(i));
	assert_true(look(store).coarse > 0);
	for (unsigned i = 0; i < 6; i++)
		rtt_store_add(store, 2, RTT_ACCESS, RTT_TIMESTAMP, rtt_bucket_low(i * 100));
	for (unsigned i = 0; i < RTT_BUCKETS; i++) {
		rtt_store_add(store, 2, RTT_ACCESS, RTT_TIMESTAMP, rtt_bucket_low(i));
		rtt_sum_add(&want, rtt_bucket_low(i));
	}
	for (unsigned i = 0; i < 6; i++)
		rtt_sum_add(&want, rtt_bucket_low(i * 100));
	rtt_store_merge(store, 2, ALL, 0, &got);
	assert_exact(&got, &want);
	/* 50 below and 49 or 50 above, itself and the first; the last has all that are above */
	for (unsigned i = 0; i < RTT_BUCKETS; i++)
		if (i % 100 || i > 500)
			assert_int_equal(got.in[i], 0);
		else if (i && i < 500)
			assert_in_range(got.in[i], 100, 102);
		else
			far += (unsigned)got.in[i];
	assert_in_range(far, 50 + 50 + RTT_BUCKETS - 500, 54 + 50 + RTT_BUCKETS - 500);
	assert_int_equal(look(store).dropped, 0);
}

static void buckets_leave_half_of_the_nodes_to_heads(void **state)
{
	_cleanup_(rtt_store_freep) struct rtt_store *store = store_of(RTT_STORE_LEAST, 1);
	size_t nodes = look(store).nodes, heads = 0;

	for (unsigned i = 0; i < RTT_BUCKETS; i++)
		rtt_store_add(store, 1, RTT_ACCESS, RTT_TIMESTAMP, rtt_bucket_low(i));
	assert_int_equal(look(store).used, 1 + (nodes + 1) / 2);
	while (!look(store).dropped && heads < nodes)
		rtt_store_add(store, (uint32_t)(10 + heads++), RTT_ACCESS, RTT_TIMESTAMP, 1);
	assert_int_equal(heads - 1, nodes - 1 - (nodes + 1) / 2);
	assert_int_equal(look(store).used, nodes);
}

/* Heads may have everything; whoever finds none is still in the totals, and in the intervals again
 * after a turn. */
static void without_a_head_there_are_totals_at_least(void **state)
{
	_cleanup_(rtt_store_freep) struct rtt_store *store = store_of(RTT_STORE_LEAST, 0);
	size_t nodes = look(store).nodes;

	for (uint32_t i = 0; i < nodes + 5; i++)
		for (unsigned k = 0; k < 3; k++)
			rtt_store_add(store, i, RTT_INTERNET, RTT_SEQUENCE, 100);
	assert_int_equal(look(store).dropped, 5 * 3);
	for (uint32_t i = 0; i < nodes + 5; i++) {
		assert_int_equal(rtt_store_total(store, i, ALL), 3);
		assert_int_equal(rtt_store_total_sum(store, i, ALL), 300);
		assert_int_equal(count_of(store, i, ALL, 0), i < nodes ? 3 : 0);
	}
	rtt_store_turn(store);
	assert_int_equal(look(store).used, 0);
	rtt_store_add(store, (uint32_t)nodes + 1, RTT_INTERNET, RTT_SEQUENCE, 100);
	assert_int_equal(count_of(store, (uint32_t)nodes + 1, ALL, 0), 1);
	assert_int_equal(look(store).dropped, 5 * 3);
}

/* --- against a list of all samples ------------------------------------------------------------- */

#define IDS 12

struct sample {
	uint32_t id, units;
	unsigned side, kind, interval;
};

/* `total` holds what a series had since the start. */
struct model {
	VEC(struct sample) samples;
	unsigned interval, kept;
	uint64_t total[IDS][RTT_SIDES][RTT_KINDS], sum[IDS][RTT_SIDES][RTT_KINDS];
};

static uint32_t id_number(unsigned i)
{
	return i * i * 11;
}

/* Some series have few buckets, most have any. */
static uint32_t draw_units(unsigned i)
{
	return i % 3 == 1 ? 2000 * i + draw(50 * i) : (draw(1u << 31) << 1 | draw(2)) >> draw(32);
}

static void model_add(struct model *m, struct rtt_store *store)
{
	unsigned i = draw(IDS);
	struct sample s = { id_number(i), draw_units(i), draw(RTT_SIDES), draw(RTT_KINDS),
			    m->interval };

	assert_int_equal(vec_push(&m->samples, s), 0);
	m->total[i][s.side][s.kind]++;
	m->sum[i][s.side][s.kind] += s.units;
	rtt_store_add(store, s.id, s.side, s.kind, s.units);
}

static void model_forget(struct model *m, uint32_t id, unsigned before)
{
	size_t left = 0;

	vec_foreach(&m->samples, s)
		if (s->id != id && s->interval >= before)
			m->samples.at[left++] = *s;
	m->samples.n = left;
}

static void model_turn(struct model *m, struct rtt_store *store)
{
	m->interval++;
	model_forget(m, UINT32_MAX, m->interval - MIN(m->interval, m->kept));
	rtt_store_turn(store);
}

static void model_clear(struct model *m, struct rtt_store *store)
{
	unsigned i = draw(IDS);

	model_forget(m, id_number(i), 0);
	memset(m->total[i], 0, sizeof(m->total[i]));
	memset(m->sum[i], 0, sizeof(m->sum[i]));
	rtt_store_clear(store, id_number(i));
}

static void model_merge(const struct model *m, uint32_t id, unsigned sides, unsigned kinds,
			unsigned intervals, struct rtt_sum *sum)
{
	vec_foreach(&m->samples, s)
		if (s->id == id && sides >> s->side & kinds >> s->kind & 1 &&
		    s->interval + intervals >= m->interval)
			rtt_sum_add(sum, s->units);
}

static void compare_totals(const struct model *m, const struct rtt_store *store, unsigned i,
			   unsigned sides, unsigned kinds)
{
	uint64_t total = 0, sum = 0;

	for (unsigned side = 0; side < RTT_SIDES; side++)
		for (unsigned kind = 0; kind < RTT_KINDS; kind++)
			if (sides >> side & kinds >> kind & 1) {
				total += m->total[i][side][kind];
				sum += m->sum[i][side][kind];
			}
	assert_int_equal(rtt_store_total(store, id_number(i), sides, kinds), total);
	assert_int_equal(rtt_store_total_sum(store, id_number(i), sides, kinds), sum);
}

static void compare(const struct model *m, const struct rtt_store *store, bool buckets)
{
	unsigned sides = draw(1u << RTT_SIDES), kinds = draw(1u << RTT_KINDS);
	unsigned i = draw(IDS), intervals = draw(m->kept + 2);
	static struct rtt_sum got, want;

	got = want = (struct rtt_sum){ 0 };
	/* on top of what is there already */
	if (i % 2) {
		rtt_sum_add(&got, 4000000);
		rtt_sum_add(&want, 4000000);
	}
	rtt_store_merge(store, id_number(i), sides, kinds, intervals, &got);
	model_merge(m, id_number(i), sides, kinds, intervals, &want);
	assert_exact(&got, &want);
	if (buckets)
		assert_memory_equal(&got, &want, sizeof(got));
	compare_totals(m, store, i, sides, kinds);
}

static void run_against_model(struct rtt_store *store, unsigned kept, bool buckets)
{
	static struct model m;

	m = (struct model){ .kept = kept };
	for (unsigned i = 0; i < 60000; i++) {
		unsigned what = draw(5000);

		if (what == 0)
			model_clear(&m, store);
		else if (what < 3)
			model_turn(&m, store);
		else if (what < 50)
			compare(&m, store, buckets);
		else
			model_add(&m, store);
	}
	for (unsigned i = 0; i < IDS; i++)
		rtt_store_clear(store, id_number(i));
	assert_int_equal(look(store).used, 0);
	assert_int_equal(look(store).dropped, 0);
	vec_free(&m.samples);
}

static void the_store_is_as_a_list_of_all_samples(void **state)
{
	seed = 1;
	for (unsigned kept = 0; kept < 8; kept++) {
		_cleanup_(rtt_store_freep) struct rtt_store *store = store_of(4 * MIB, kept);

		run_against_model(store, kept, true);
		assert_int_equal(look(store).coarse, 0);
	}
}

/* Room for every head: 12 ids, 6 series, 3 chains; and nowhere near enough for the buckets. */
static void a_full_arena_keeps_count_sum_least_and_most(void **state)
{
	_cleanup_(rtt_store_freep) struct rtt_store *store = store_of(2 * 12 * 6 * 3 * 64 + 64, 2);

	seed = 2;
	run_against_model(store, 2, false);
	assert_true(look(store).coarse > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_impossible_is_refused),
		cmocka_unit_test(a_sample_is_its_series_alone),
		cmocka_unit_test(the_unknown_is_counted_and_nothing_else),
		cmocka_unit_test(rows_grow_to_the_last_id),
		cmocka_unit_test(an_interval_ages_turn_by_turn),
		cmocka_unit_test(what_has_aged_is_free_again),
		cmocka_unit_test(a_cleared_id_is_a_new_one),
		cmocka_unit_test(without_a_node_the_nearest_bucket_is_used),
		cmocka_unit_test(buckets_leave_half_of_the_nodes_to_heads),
		cmocka_unit_test(without_a_head_there_are_totals_at_least),
		cmocka_unit_test(the_store_is_as_a_list_of_all_samples),
		cmocka_unit_test(a_full_arena_keeps_count_sum_least_and_most),
	};

	return cmocka_run_group_tests_name("rtt store", tests, NULL, NULL);
}
