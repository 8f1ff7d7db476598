/* SPDX-License-Identifier: GPL-2.0-only */
/* Buckets without a gap and none too wide; figures as if all values had been kept and sorted. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "pipe/rtt/histogram.h"

#define MS 1.024e-3 /* of a unit */

static uint64_t seed;

/* The same numbers in every run. */
static uint32_t draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

/* As often of one size as of another. */
static uint32_t draw_any_size(void)
{
	uint32_t units = draw(1u << 31) << 1 | draw(2);

	return units >> draw(32);
}

/* --- buckets ----------------------------------------------------------------------------------- */

static void buckets_follow_each_other_over_all_values(void **state)
{
	uint64_t next = 0;

	for (unsigned i = 0; i < RTT_BUCKETS; i++) {
		uint32_t low = rtt_bucket_low(i), high = low + (rtt_bucket_width(i) - 1);

		assert_int_equal(low, next);
		assert_true(high >= low);
		assert_int_equal(rtt_bucket_of(low), i);
		assert_int_equal(rtt_bucket_of(high), i);
		assert_int_equal(rtt_bucket_of(low + (high - low) / 2), i);
		next = (uint64_t)high + 1;
	}
	assert_int_equal(next, 1ull << 32);
}

static void no_bucket_is_wider_than_three_percent(void **state)
{
	for (unsigned i = 0; i < RTT_BUCKETS; i++) {
		uint64_t low = rtt_bucket_low(i), width = rtt_bucket_width(i);

		assert_true(width == 1 || width * 100 <= low * 3);
		assert_true(width * 1000 >= low * 14 || width == 1);
	}
}

static void an_octave_begins_with_four_single_ones(void **state)
{
	static const struct {
		uint32_t units;
		unsigned bucket;
	} known[] = {
		{ 0, 0 },     { 63, 63 },   { 64, 64 },	   { 67, 67 },	      { 68, 68 },
		{ 69, 68 },   { 70, 69 },   { 127, 97 },   { 128, 98 },	      { 129, 98 },
		{ 130, 99 },  { 135, 101 }, { 136, 102 },  { 139, 102 },      { 140, 103 },
		{ 255, 131 }, { 256, 132 }, { 1000, 198 }, { 1u << 31, 914 }, { UINT32_MAX, 947 },
	};

	assert_int_equal(RTT_BUCKETS, 948);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		assert_int_equal(rtt_bucket_of(known[i].units), known[i].bucket);
}

/* --- figures ----------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void assert_near(double got, double want)
{
	assert_true(fabs(got - want) <= 1e-9 * fabs(want) + 1e-12);
}

/* In the bucket of the value that has this rank, and between the least and the most. */
static void assert_percentile(double got, const uint32_t *sorted, size_t n, size_t percent)
{
	unsigned bucket = rtt_bucket_of(sorted[(n * percent + 99) / 100 - 1]);
	double low = rtt_bucket_low(bucket), high = low + rtt_bucket_width(bucket) - 1;

	low = MAX(low, sorted[0]);
	high = MIN(high, sorted[n - 1]);
	assert_true(got >= low * MS * (1 - 1e-12));
	assert_true(got <= high * MS * (1 + 1e-12));
}

static void assert_figures(uint32_t *values, size_t n)
{
	struct rtt_sum sum = { 0 };
	struct rtt_figures f;
	uint64_t units = 0;

	for (size_t i = 0; i < n; i++) {
		rtt_sum_add(&sum, values[i]);
		units += values[i];
	}
	qsort(values, n, sizeof(*values), by_size);
	rtt_sum_figures(&sum, &f);
	assert_int_equal(f.samples, n);
	assert_near(f.mean, MS * (double)units / (double)n);
	assert_near(f.min, MS * values[0]);
	assert_near(f.max, MS * values[n - 1]);
	assert_percentile(f.p50, values, n, 50);
	assert_percentile(f.p90, values, n, 90);
	assert_percentile(f.p99, values, n, 99);
	assert_true(f.p50 <= f.p90 && f.p90 <= f.p99);
}

static void figures_are_those_of_the_sorted_values(void **state)
{
	uint32_t values[700];

	seed = 1;
	for (unsigned round = 0; round < 400; round++) {
		size_t n = 1 + (round < 200 ? round : draw(ARRAY_LEN(values)));
		uint32_t spread = 1 + draw_any_size() / 2, base = draw_any_size() / 2;

		for (size_t i = 0; i < n; i++)
			values[i] = round % 2 ? draw_any_size() : base + draw(spread);
		assert_figures(values, n);
	}
}

/* Where a bucket is one value wide nothing is guessed. */
static void small_values_are_exact(void **state)
{
	struct rtt_sum sum = { 0 };
	struct rtt_figures f;

	for (unsigned i = 1; i <= 50; i++)
		rtt_sum_add(&sum, i);
	rtt_sum_figures(&sum, &f);
	assert_near(f.p50, 25 * MS);
	assert_near(f.p90, 45 * MS);
	assert_near(f.p99, 50 * MS);
}

static void equal_values_are_exact(void **state)
{
	static const uint32_t values[] = { 0, 69, 98765, 3u << 30, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct rtt_sum sum = { 0 };
		struct rtt_figures f;

		for (unsigned k = 0; k < 7; k++)
			rtt_sum_add(&sum, values[i]);
		rtt_sum_figures(&sum, &f);
		assert_near(f.mean, values[i] * MS);
		assert_near(f.p50, values[i] * MS);
		assert_near(f.p99, values[i] * MS);
	}
}

/* All 65536 values of one bucket, and one at each end far away. */
static void within_a_bucket_values_are_evenly_spread(void **state)
{
	unsigned bucket = rtt_bucket_of(1u << 21 | 1u << 20);
	uint32_t low = rtt_bucket_low(bucket), width = rtt_bucket_width(bucket);
	struct rtt_sum sum = { 0 };
	struct rtt_figures f;

	assert_int_equal(width, 65536);
	for (uint32_t i = 0; i < width; i++)
		rtt_sum_add(&sum, low + i);
	rtt_sum_add(&sum, 1);
	rtt_sum_add(&sum, UINT32_MAX);
	rtt_sum_figures(&sum, &f);
	assert_true(fabs(f.p50 / MS - (low + width * 0.5)) < 2);
	assert_true(fabs(f.p90 / MS - (low + width * 0.9)) < 2);
	assert_true(fabs(f.p99 / MS - (low + width * 0.99)) < 2);
}

static void nothing_has_no_figures(void **state)
{
	struct rtt_figures f = { .samples = 5, .mean = 1, .p99 = 2 }, none = { 0 };
	struct rtt_sum sum = { 0 };

	rtt_sum_figures(&sum, &f);
	assert_memory_equal(&f, &none, sizeof(f));
}

/* --- merging ----------------------------------------------------------------------------------- */

static void many_sums_merge_into_the_sum_of_all(void **state)
{
	static struct rtt_sum all, merged, parts[40];
	static const struct rtt_sum none;

	seed = 2;
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t units = draw_any_size() | 1; /* that least is not 0 everywhere */

		rtt_sum_add(&all, units);
		rtt_sum_add(&parts[draw(ARRAY_LEN(parts) - 1)], units);
	}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		rtt_sum_merge(&merged, &none);
		rtt_sum_merge(&merged, &parts[i]);
	}
	assert_int_equal(parts[ARRAY_LEN(parts) - 1].count, 0);
	assert_int_equal(merged.count, 20000);
	assert_memory_equal(&merged, &all, sizeof(all));
}

/* 32 bits of anything would have come around. */
static void large_sums_do_not_come_around(void **state)
{
	static struct rtt_sum sum, twice;
	struct rtt_figures f;

	for (unsigned i = 0; i < 100; i++)
		rtt_sum_add(&sum, UINT32_MAX - i);
	for (unsigned i = 0; i < 25; i++) {
		twice = sum;
		rtt_sum_merge(&sum, &twice);
	}
	rtt_sum_figures(&sum, &f);
	assert_int_equal(f.samples, 100ull << 25);
	assert_near(f.mean, MS * (UINT32_MAX - 49.5));
	assert_near(f.min, MS * (UINT32_MAX - 99));
	assert_true(fabs(f.p50 / f.mean - 1) < 1e-7);
	assert_true(f.p99 > f.p90 && f.p90 > f.p50 && f.p99 <= f.max);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_follow_each_other_over_all_values),
		cmocka_unit_test(no_bucket_is_wider_than_three_percent),
		cmocka_unit_test(an_octave_begins_with_four_single_ones),
		cmocka_unit_test(figures_are_those_of_the_sorted_values),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(equal_values_are_exact),
		cmocka_unit_test(within_a_bucket_values_are_evenly_spread),
		cmocka_unit_test(nothing_has_no_figures),
		cmocka_unit_test(many_sums_merge_into_the_sum_of_all),
		cmocka_unit_test(large_sums_do_not_come_around),
	};

	return cmocka_run_group_tests_name("rtt histogram", tests, NULL, NULL);
}
