/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shaper/apply_private.h"

static const uint64_t rates[] = { 8000,	     100000,	 1000000,     9999999,	    10000000,
				  123456789, 1000000000, 40000000000, 1000000000000 };

/* From rest, nobody gets more than two frames or one percent of a second ahead. */
static void buckets_are_small_but_hold_two_frames(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		struct nl_htb_class c = shaper_htb(rates[i] / 2, rates[i], 3, 1500);
		uint64_t ten_ms = rates[i] / 800;

		assert_true(c.rate == rates[i] / 2 && c.ceil == rates[i] && c.prio == 3);
		assert_true(c.cburst >= 2 * 1514 && c.burst >= 2 * 1514);
		assert_true(c.cburst >= ten_ms);
		assert_true(c.cburst <= MAX(ten_ms, rates[i] < 10000000 ? 2 * 1518 : 16384));
		assert_true(rates[i] < 10000000 || c.cburst >= 16384);
		assert_in_range(c.quantum, 1514, 60000);
	}
	assert_int_equal(shaper_htb(8000, 8000, 3, 9000).cburst, 2 * 9018);
	assert_int_equal(shaper_htb(8000, 8000, 3, 9000).quantum, 9018);
	assert_int_equal(shaper_htb(8000, 8000, 3, 65536).quantum, 60000);
}

static void who_is_promised_more_sends_more_in_its_turn(void **state)
{
	uint32_t last = 0;

	for (uint64_t rate = 3000000; rate < 90000000; rate += 1000000) {
		struct nl_htb_class c = shaper_htb(rate, MAX(rate, 50000000), 3, 1500);

		assert_true(c.quantum > last);
		last = c.quantum;
	}
}

static void the_rest_and_control_fit_any_line(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		struct nl_htb_class rest = shaper_htb_rest(rates[i], 1500);
		struct nl_htb_class control = shaper_htb_control(rates[i], 1500);

		assert_true(rest.ceil == rates[i] && rest.rate <= rates[i] && rest.prio == 5);
		assert_true(rest.rate <= MAX(rates[i] / 100, 100000));
		assert_true(control.rate <= control.ceil && control.ceil <= rates[i]);
		assert_true(control.rate <= 1000000 && control.prio == 0);
		assert_true(control.ceil <= MAX(rates[i] / 20, 1000000));
	}
}

static void parts_are_never_more_than_the_whole(void **state)
{
	for (size_t i = 1; i < ARRAY_LEN(rates); i++)
		for (unsigned parts = 1; parts < 6; parts++) {
			struct nl_htb_class whole = shaper_htb(rates[i] / 3, rates[i], 3, 1500);
			struct nl_htb_class part = shaper_htb_part(whole, parts, 1500);

			assert_true(part.ceil * parts <= whole.ceil && part.prio == 3);
			assert_true(part.rate * parts <= MAX(whole.rate, parts * 8000));
			assert_true(part.rate >= 8000 && part.ceil >= part.rate);
		}
}

static struct nl_qdisc_spec leaf(const char *text, uint64_t ceil)
{
	static const struct shaper_tree tree;
	struct shaper_words words = { .text = (char *)text };
	_cleanup_diag_ struct diag d = { 0 };

	assert_int_equal(nl_qdisc_parse(text, NULL, &words.spec, &d), 0);
	return shaper_leaf_spec(&tree, &words, ceil);
}

/* A frame on a slow line must not look like a queue that stands. */
static void slow_plans_are_given_time(void **state)
{
	struct nl_qdisc_spec spec = leaf("cake diffserv4", 1000000);

	assert_true(nl_qdisc_given(&spec, "rtt"));
	assert_int_equal(spec.cake.rtt_us, 300000);
	assert_int_equal(leaf("cake", 2000000).cake.rtt_us, 180000);
	assert_int_equal(leaf("cake", 500000).cake.rtt_us, 600000);
	spec = leaf("cake rtt 20ms", 1000000);
	assert_int_equal(spec.cake.rtt_us, 20000);
	spec = leaf("cake", 5000000);
	assert_false(nl_qdisc_given(&spec, "rtt"));
	assert_int_equal(leaf("fq_codel", 1000000).fq_codel.target_us, 18168);
	spec = leaf("fq_codel", 10000000);
	assert_false(nl_qdisc_given(&spec, "target"));
	assert_int_equal(leaf("pfifo limit 50", 1000000).fifo.limit, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_are_small_but_hold_two_frames),
		cmocka_unit_test(who_is_promised_more_sends_more_in_its_turn),
		cmocka_unit_test(the_rest_and_control_fit_any_line),
		cmocka_unit_test(parts_are_never_more_than_the_whole),
		cmocka_unit_test(slow_plans_are_given_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
