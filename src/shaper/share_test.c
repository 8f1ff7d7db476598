/* SPDX-License-Identifier: GPL-2.0-only */
#include "shaper/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define M UINT64_C(1000000)

static uint64_t sum_of(const struct shaper_share *q, unsigned n)
{
	uint64_t sum = 0;

	while (n-- > 0)
		sum += q[n].cap;
	return sum;
}

static void assert_near(uint64_t is, uint64_t wanted)
{
	assert_in_range(is, wanted - wanted / 50, wanted + wanted / 50);
}

static void with_room_everybody_may_have_all(void **state)
{
	struct shaper_share q[] = { { 300 * M, 1, 1000 * M }, { 400 * M, 1, 1000 * M } };

	assert_int_equal(shaper_share_out(1000 * M, q, 2), 0);
	assert_int_equal(q[0].cap, 1000 * M);
}

static void two_that_want_all_get_half_each(void **state)
{
	struct shaper_share q[] = { { 1000 * M, 1, 1000 * M }, { 900 * M, 1, 1000 * M } };

	assert_int_equal(shaper_share_out(1000 * M, q, 2), 2);
	assert_near(q[0].cap, 500 * M);
	assert_near(q[1].cap, 500 * M);
}

static void weights_count(void **state)
{
	struct shaper_share q[] = { { 1000 * M, 3, 1000 * M }, { 1000 * M, 1, 1000 * M } };

	(void)shaper_share_out(1000 * M, q, 2);
	assert_near(q[0].cap, 750 * M);
	assert_near(q[1].cap, 250 * M);
}

static void who_wants_little_gets_it(void **state)
{
	struct shaper_share q[] = { { 950 * M, 1, 1000 * M }, { 20 * M, 1, 1000 * M } };

	(void)shaper_share_out(1000 * M, q, 2);
	assert_in_range(q[1].cap, 25 * M, 40 * M);
	assert_near(q[0].cap, 1000 * M - q[1].cap);
}

/* Capped, one that uses all of it may want more, and gets it from who does not. */
static void it_moves_to_who_needs_it(void **state)
{
	struct shaper_share q[] = { { 500 * M, 1, 500 * M }, { 400 * M, 1, 500 * M } };

	(void)shaper_share_out(1000 * M, q, 2);
	q[1].used = 100 * M;
	q[0].used = q[0].cap;
	(void)shaper_share_out(1000 * M, q, 2);
	q[0].used = q[0].cap;
	(void)shaper_share_out(1000 * M, q, 2);
	assert_in_range(q[0].cap, 800 * M, 900 * M);
}

static void it_ends_when_there_is_room(void **state)
{
	struct shaper_share q[] = { { 400 * M, 1, 500 * M }, { 300 * M, 1, 500 * M } };

	assert_int_equal(shaper_share_out(1000 * M, q, 2), 2);
	assert_int_equal(q[0].cap, 1000 * M);
	assert_int_equal(q[1].cap, 1000 * M);
}

static void one_queue_or_no_line_is_left_alone(void **state)
{
	struct shaper_share q[] = { { 990 * M, 1, 1000 * M } };

	assert_int_equal(shaper_share_out(1000 * M, q, 1), 0);
	assert_int_equal(shaper_share_out(0, q, 0), 0);
}

/* Whatever they use, a full line is never given twice, and nobody is left with nothing. */
static void never_more_than_the_line(void **state)
{
	struct shaper_share q[64];

	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned n = 2 + (unsigned)rand() % 63;
		uint64_t line = (1 + (uint64_t)rand() % 100000) * M, used = 0;

		for (unsigned i = 0; i < n; i++) {
			q[i] = (struct shaper_share){ .weight = (uint64_t)rand() % 1000, .cap = line };
			q[i].used = line / 1000 * (uint64_t)(rand() % 1001);
			used += q[i].used;
		}
		(void)shaper_share_out(line, q, n);
		for (unsigned i = 0; i < n; i++)
			assert_true(q[i].cap > 0 && q[i].cap <= line);
		if (used >= line)
			assert_in_range(sum_of(q, n), 1, line + line / 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_room_everybody_may_have_all),
		cmocka_unit_test(two_that_want_all_get_half_each),
		cmocka_unit_test(weights_count),
		cmocka_unit_test(who_wants_little_gets_it),
		cmocka_unit_test(it_moves_to_who_needs_it),
		cmocka_unit_test(it_ends_when_there_is_room),
		cmocka_unit_test(one_queue_or_no_line_is_left_alone),
		cmocka_unit_test(never_more_than_the_line),
	};

	return cmocka_run_group_tests_name("share", tests, NULL, NULL);
}
