/* SPDX-License-Identifier: GPL-2.0-only */
/* Round trips in all kinds of frame, and whose they are. */
#include "pipe/rtt/rtt_test_util.h"

#define PLAIN TALK_CONF("rest: 0")

/* --- frames ------------------------------------------------------------------------------------ */

static void every_length_of_payload_is_measured(void **state)
{
	uint32_t v = 100;
	struct talk *t;

	t = talk_open(PLAIN);
	for (int n = 1; n <= 1448; n++)
		foreach_way(up)
		{
			quiet(t, .up = *up, STAMPS(v, v - 1), DATA(n));
			talk_pass(t, MS);
			heard(t, side_towards(*up), RTT_TIMESTAMP, MS, .up = !*up, STAMPS(v, v));
			v++;
		}
}

static void unusual_options_are_read(void **state)
{
	static const enum build_opt layouts[] = { OPT_USUAL, OPT_SYN, OPT_SACK_FIRST, OPT_NOPS };
	uint32_t v = 100;
	struct talk *t;

	t = talk_open(PLAIN);
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++)
		for (size_t k = 0; k < ARRAY_LEN(layouts); k++, v++) {
			quiet(t, DOWN, STAMPS(v, 7), DATA(30), .as.opt = layouts[i]);
			talk_pass(t, MS);
			heard(t, RTT_ACCESS, RTT_TIMESTAMP, MS, UP, STAMPS(8, v),
			      .as.opt = layouts[k]);
		}
}

static void what_is_no_option_is_not_read(void **state)
{
	static const enum build_opt layouts[] = { OPT_NONE, OPT_AFTER_EOL, OPT_BAD_LEN };
	uint32_t v = 100;
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, STAMPS(99, 7), DATA(30));
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++, v += 2) {
		struct seg s = { .payload = 30, .as.opt = layouts[i], .value = v, .echo = 7 };

		talk_expect_none(t, &s, __FILE__, __LINE__);
		quiet(t, UP, STAMPS(8, v));
		quiet(t, DOWN, STAMPS(v + 1, 7), DATA(30));
		s = (struct seg){ .up = true, .as.opt = layouts[i], .value = 8, .echo = v + 1 };
		talk_expect_none(t, &s, __FILE__, __LINE__);
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, 0, UP, STAMPS(8, v + 1));
	}
}

/* What lies around IP, and which kinds of it. */
static const struct {
	const char *who;
	struct build as;
} wraps[] = {
	{ TALK_HOST, { 0 } },
	{ TALK_HOST, { .ihl = 15 } },
	{ TALK_HOST, { .tags = 1, .tci = { 0x2005 } } },
	{ TALK_HOST, { .tags = 2, .tci = { 5, 77 }, .service_tag = true } },
	{ TALK_HOST, { .pppoe = true } },
	{ TALK_HOST, { .tags = 2, .tci = { 5, 6 }, .pppoe = true } },
	{ TALK_HOST, { .labels = 2 } },
	{ "100.64.9.7", { .padding = 9 } },
	{ "2001:db8:1::5", { 0 } },
	{ "2001:db8:1::5", { .tags = 2, .tci = { 5, 6 }, .service_tag = true } },
	{ "2001:db8:1::5", { .pppoe = true } },
	{ "2001:db8:2:3::77", { .exts = 1, .ext = { 0 } } },
	{ "2001:db8:2:3::77", { .exts = 3, .ext = { 0, 60, 43 } } },
	{ "2001:db8:2:3::77", { .frag = FRAG_ATOMIC } },
};

static void whatever_is_around_it(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	for (size_t i = 0; i < ARRAY_LEN(wraps); i++)
		foreach_way(up)
		{
			const uint32_t v = 100 + (uint32_t)i * 4 + *up * 2;

			quiet(t, .up = *up, .who = wraps[i].who, STAMPS(v, v - 1), DATA(30),
			      .as = wraps[i].as);
			talk_pass(t, 10 * MS);
			heard(t, side_towards(*up), RTT_TIMESTAMP, 10 * MS, .up = !*up,
			      .who = wraps[i].who, STAMPS(v, v), .as = wraps[i].as);
		}
	assert_int_equal(talk_sums(t).full, 0);
}

/* Of a first one it is not known how long the segment is; later ones have no header. */
static void fragments_are_not_looked_at(void **state)
{
	static const enum build_frag frags[] = { FRAG_FIRST, FRAG_LATER };
	static const char *const who[] = { TALK_HOST, "2001:db8:1::5" };
	uint32_t v = 100;
	struct talk *t;

	t = talk_open(PLAIN);
	for (size_t i = 0; i < 4; i++, v += 2) {
		const struct build as = { .frag = frags[i % 2] };

		quiet(t, DOWN, .who = who[i / 2], STAMPS(v, 7), DATA(30), .as = as);
		quiet(t, UP, .who = who[i / 2], STAMPS(8, v));
		assert_int_equal(flows_used(t), (i + 1) / 2);
		quiet(t, DOWN, .who = who[i / 2], STAMPS(v + 1, 7), DATA(30));
		quiet(t, UP, .who = who[i / 2], STAMPS(8, v + 1), .as = as);
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, 0, UP, .who = who[i / 2], STAMPS(8, v + 1));
	}
}

static void headers_that_lie_are_not_believed(void **state)
{
	struct frame f = seg_frame(&(struct seg){ DOWN, STAMPS(100, 7), DATA(30) });
	static const uint8_t lengths[] = { 0, 4, 15 };
	struct talk *t;

	t = talk_open(PLAIN);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		f.bytes[14 + 20 + 12] = (uint8_t)(lengths[i] << 4);
		f.len = lengths[i] == 15 ? 14 + 20 + 32 : f.len;
		put(f.bytes + 16, f.len - 14, 2);
		talk_run(t, false, &f);
		talk_collect(t);
		assert_int_equal(t->n, 0);
		assert_int_equal(flows_used(t), 0);
	}
}

/* --- whose ------------------------------------------------------------------------------------- */

static void each_subscriber_has_his_own(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	for (size_t i = 0; i < ARRAY_LEN(talk_people); i++)
		quiet(t, DOWN, .who = talk_people[i].address, STAMPS(100, 7), DATA(500));
	talk_pass(t, 4 * MS);
	for (size_t i = 0; i < ARRAY_LEN(talk_people); i++)
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, 4 * MS, UP, .who = talk_people[i].address,
		      STAMPS(8, 100));
}

/* Same addresses, other ports. */
static void flows_are_not_mixed(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, .near_port = 1, .far_port = 2, STAMPS(100, 7), DATA(500));
	quiet(t, UP, .near_port = 2, .far_port = 1, STAMPS(8, 100));
	quiet(t, UP, .near_port = 1, .far_port = 3, STAMPS(8, 100));
	quiet(t, UP, .near_port = 1, .far_port = 2, .who = "100.64.9.7", STAMPS(8, 100));
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 0, UP, .near_port = 1, .far_port = 2, STAMPS(8, 100));
}

static void others_are_not_measured(void **state)
{
	static const char *const others[] = { "100.64.0.4", "2001:db8:1::4" };
	struct talk *t;

	t = talk_open(PLAIN);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		foreach_way(up)
		{
			quiet(t, .up = *up, .who = others[i], STAMPS(100, 99), DATA(500));
			quiet(t, .up = !*up, .who = others[i], STAMPS(100, 100), DATA(500));
		}
	assert_int_equal(flows_used(t), 0);
}

static void the_default_plan_is_somebody(void **state)
{
	struct talk *t;

	t = talk_open(BED_TWO
		      "  steer: false\n  default_plan: { download: 5, upload: 2 }\n" BED_PEOPLE
		      "rtt: { rest: 0 }\n");
	quiet(t, DOWN, .who = "100.64.0.4", STAMPS(100, 7), DATA(500));
	talk_pass(t, 4 * MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 4 * MS, UP, .who = "100.64.0.4", STAMPS(8, 100));
	assert_int_equal(RTT_SAMPLE_ID(t->got[0]), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_of_payload_is_measured),
		cmocka_unit_test(unusual_options_are_read),
		cmocka_unit_test(what_is_no_option_is_not_read),
		cmocka_unit_test(whatever_is_around_it),
		cmocka_unit_test(fragments_are_not_looked_at),
		cmocka_unit_test(headers_that_lie_are_not_believed),
		cmocka_unit_test(each_subscriber_has_his_own),
		cmocka_unit_test(flows_are_not_mixed),
		cmocka_unit_test(others_are_not_measured),
		cmocka_unit_test(the_default_plan_is_somebody),
	};

	return cmocka_run_group_tests_name("rtt frames", tests, bed_namespace, talk_leave);
}
