/* SPDX-License-Identifier: GPL-2.0-only */
/* Round trips by TCP's timestamps: when there is a sample, and of how long. */
#include "pipe/rtt/rtt_test_util.h"

#define PLAIN TALK_CONF("rest: 0")

/* --- how long ---------------------------------------------------------------------------------- */

static void each_side_is_measured_exactly(void **state)
{
	static const unsigned delays[] = { 2, 10, 100, 300 };
	uint32_t v = 1000;
	struct talk *t;

	t = talk_open(PLAIN);
	for (size_t i = 0; i < ARRAY_LEN(delays); i++, v += 10)
		foreach_way(up)
		{
			quiet(t, .up = *up, STAMPS(v, v - 1), DATA(700));
			talk_pass(t, delays[i] * MS);
			heard(t, side_towards(*up), RTT_TIMESTAMP, delays[i] * MS, .up = !*up,
			      STAMPS(v, v));
			assert_in_range(RTT_SAMPLE_UNITS(t->got[0]) * 1024ull,
					delays[i] * MS - 2048, delays[i] * MS + 2048);
			v++;
		}
}

static void the_data_that_answers_is_noted_too(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, STAMPS(100, 7), DATA(1));
	for (uint32_t n = 0; n < 20; n++) {
		talk_pass(t, 3 * MS);
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, 3 * MS, UP, STAMPS(8 + n, 100 + n), DATA(9));
		talk_pass(t, 5 * MS);
		heard(t, RTT_INTERNET, RTT_TIMESTAMP, 5 * MS, DOWN, STAMPS(101 + n, 8 + n), DATA(9));
	}
}

static void only_the_first_echo_counts(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, STAMPS(100, 7), DATA(500));
	talk_pass(t, 10 * MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 10 * MS, UP, STAMPS(8, 100));
	talk_pass(t, 10 * MS);
	quiet(t, UP, STAMPS(18, 100));
	quiet(t, UP, STAMPS(19, 100), DATA(5));
}

static void only_the_first_of_a_value_counts(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, STAMPS(100, 7), DATA(500));
	talk_pass(t, 4 * MS);
	quiet(t, DOWN, STAMPS(100, 7), DATA(500));
	quiet(t, DOWN, STAMPS(99, 7), DATA(500)); /* overtaken */
	talk_pass(t, 6 * MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 10 * MS, UP, STAMPS(8, 100));
	quiet(t, DOWN, STAMPS(100, 8), DATA(500));
	quiet(t, UP, STAMPS(9, 100));
	quiet(t, UP, STAMPS(9, 99));
}

/* Its answer may be to anything; and data with its value is not the first. */
static void a_pure_acknowledgment_is_not_waited_for(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, STAMPS(100, 7), DATA(500));
	talk_pass(t, MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, MS, UP, STAMPS(8, 100));
	quiet(t, DOWN, STAMPS(101, 8));
	talk_pass(t, 20 * MS);
	quiet(t, DOWN, STAMPS(101, 8), DATA(500));
	talk_pass(t, MS);
	quiet(t, UP, STAMPS(9, 101));
	quiet(t, DOWN, STAMPS(102, 9), DATA(500));
	talk_pass(t, MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, MS, UP, STAMPS(10, 102));
}

/* What was echoed before we saw it sent is old: an answer on its way is not to this one. */
static void a_value_known_before_is_not_waited_for(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, UP, STAMPS(100, 7), DATA(500));
	talk_pass(t, 5 * MS);
	quiet(t, DOWN, STAMPS(7, 99), DATA(500));
	talk_pass(t, MS);
	quiet(t, UP, STAMPS(101, 7), DATA(500));
}

static void a_segment_without_acknowledgment_echoes_nothing(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, STAMPS(100, 7), DATA(500));
	quiet(t, UP, .flags = RST, STAMPS(8, 100));
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 0, UP, .flags = RST | ACK, STAMPS(8, 100));
}

static void values_wrap(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, STAMPS(0xfffffffe, 7), DATA(500));
	talk_pass(t, 2 * MS);
	quiet(t, DOWN, STAMPS(3, 7), DATA(500));
	talk_pass(t, 2 * MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 4 * MS, UP, STAMPS(8, 0xfffffffe));
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 2 * MS, UP, STAMPS(8, 3));
	quiet(t, DOWN, STAMPS(0x7fffffff, 8), DATA(500));
	quiet(t, DOWN, STAMPS(0x80000001, 8), DATA(500));
	talk_pass(t, 2 * MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 2 * MS, UP, STAMPS(8, 0x80000001));
	quiet(t, UP, STAMPS(8, 0x7fffffff));
}

/* 0 says that a note is free. */
static void the_value_0_is_not_waited_for(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, STAMPS(0xffffffff, 7), DATA(500));
	quiet(t, DOWN, STAMPS(0, 7), DATA(500));
	talk_pass(t, 2 * MS);
	quiet(t, UP, STAMPS(8, 0));
	quiet(t, DOWN, STAMPS(1, 8), DATA(500));
	talk_pass(t, 2 * MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 2 * MS, UP, STAMPS(8, 1));
}

static void time_wraps(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	talk_set_clock(t, (1ull << 42) - 3 * MS);
	quiet(t, DOWN, STAMPS(100, 7), DATA(500));
	talk_pass(t, 10 * MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 10 * MS, UP, STAMPS(8, 100));
	assert_in_range(RTT_SAMPLE_UNITS(t->got[0]) * 1024ull, 10 * MS - 2048, 10 * MS + 2048);
}

static void no_time_is_a_sample_too(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, STAMPS(100, 7), DATA(500));
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 0, UP, STAMPS(8, 100));
}

/* --- several at a time ------------------------------------------------------------------------- */

static void the_newer_of_two_frees_the_older(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, STAMPS(100, 7), DATA(500));
	talk_pass(t, 3 * MS);
	quiet(t, DOWN, STAMPS(101, 7), DATA(500));
	talk_pass(t, 7 * MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 7 * MS, UP, STAMPS(8, 101));
	quiet(t, UP, STAMPS(8, 100));
}

static void each_of_three_is_measured(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	for (uint32_t v = 100; v < 103; v++) {
		quiet(t, DOWN, STAMPS(v, 7), DATA(500));
		talk_pass(t, MS);
	}
	talk_pass(t, 9 * MS);
	for (uint32_t v = 100; v < 103; v++) {
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, 12 * MS, UP, STAMPS(8, v));
		talk_pass(t, MS);
	}
}

static void passed_over_notes_are_free_again(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	for (uint32_t v = 100; v < 200; v += 3) {
		for (uint32_t i = 0; i < 3; i++)
			quiet(t, DOWN, STAMPS(v + i, 7), DATA(500));
		talk_pass(t, 5 * MS);
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, 5 * MS, UP, STAMPS(8, v + 1));
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, 5 * MS, UP, STAMPS(8, v + 2));
	}
}

static void the_fourth_is_not_waited_for(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	for (uint32_t v = 100; v < 104; v++)
		quiet(t, DOWN, STAMPS(v, 7), DATA(500));
	talk_pass(t, 5 * MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 5 * MS, UP, STAMPS(8, 102));
	quiet(t, UP, STAMPS(8, 103));
	quiet(t, DOWN, STAMPS(104, 8), DATA(500));
	talk_pass(t, 5 * MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 5 * MS, UP, STAMPS(9, 104));
}

/* --- rest -------------------------------------------------------------------------------------- */

/* Three samples at once, then none before so many jiffies have passed. */
static void notes_rest(void **state)
{
	uint32_t v = 100, jiffies;
	uint64_t jiffy;
	struct talk *t;

	t = talk_open(TALK_CONF("rest: 40"));
	jiffy = t->rtt->jiffy_ns;
	jiffies = (uint32_t)((40 * MS + jiffy - 1) / jiffy);
	talk_set_clock(t, 2000 * SECOND / jiffy * jiffy);
	for (uint32_t i = 0; i < 3; i++, v++) {
		quiet(t, DOWN, STAMPS(v, 7), DATA(500));
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, 0, UP, STAMPS(8, v));
	}
	for (uint32_t i = 0; i < jiffies; i++, v++) {
		quiet(t, DOWN, STAMPS(v, 7), DATA(500));
		quiet(t, UP, STAMPS(8, v));
		talk_pass(t, jiffy);
	}
	for (uint32_t i = 0; i < 3; i++, v++) {
		quiet(t, DOWN, STAMPS(v, 7), DATA(500));
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, 0, UP, STAMPS(8, v));
	}
	quiet(t, DOWN, STAMPS(v, 7), DATA(500));
	quiet(t, UP, STAMPS(8, v));
}

static void each_direction_rests_alone(void **state)
{
	struct talk *t;

	t = talk_open(TALK_CONF("rest: 1000"));
	for (uint32_t v = 100; v < 110; v++) {
		if (v < 103) {
			quiet(t, DOWN, STAMPS(v, v - 1), DATA(500));
			heard(t, RTT_ACCESS, RTT_TIMESTAMP, 0, UP, STAMPS(v - 1, v));
		} else {
			quiet(t, DOWN, STAMPS(v, v - 1), DATA(500));
			quiet(t, UP, STAMPS(v - 1, v));
		}
	}
	quiet(t, UP, STAMPS(120, 109), DATA(500));
	heard(t, RTT_INTERNET, RTT_TIMESTAMP, 0, DOWN, STAMPS(121, 120));
}

static void without_rest_all_are_measured(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	for (uint32_t v = 100; v < 400; v++) {
		quiet(t, DOWN, STAMPS(v, 7), DATA(500));
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, 0, UP, STAMPS(8, v));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_side_is_measured_exactly),
		cmocka_unit_test(the_data_that_answers_is_noted_too),
		cmocka_unit_test(only_the_first_echo_counts),
		cmocka_unit_test(only_the_first_of_a_value_counts),
		cmocka_unit_test(a_pure_acknowledgment_is_not_waited_for),
		cmocka_unit_test(a_value_known_before_is_not_waited_for),
		cmocka_unit_test(a_segment_without_acknowledgment_echoes_nothing),
		cmocka_unit_test(values_wrap),
		cmocka_unit_test(the_value_0_is_not_waited_for),
		cmocka_unit_test(time_wraps),
		cmocka_unit_test(no_time_is_a_sample_too),
		cmocka_unit_test(the_newer_of_two_frees_the_older),
		cmocka_unit_test(each_of_three_is_measured),
		cmocka_unit_test(passed_over_notes_are_free_again),
		cmocka_unit_test(the_fourth_is_not_waited_for),
		cmocka_unit_test(notes_rest),
		cmocka_unit_test(each_direction_rests_alone),
		cmocka_unit_test(without_rest_all_are_measured),
	};

	return cmocka_run_group_tests_name("rtt", tests, bed_namespace, talk_leave);
}
