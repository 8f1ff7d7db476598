/* SPDX-License-Identifier: GPL-2.0-only */
/* Round trips by sequence numbers and by the handshake; what is switched off is not measured. */
#include "pipe/rtt/rtt_test_util.h"

#define PLAIN TALK_CONF("rest: 0")
#define BY_SEQUENCE(t, side, ms, ...) heard(t, side, RTT_SEQUENCE, (ms)*MS, __VA_ARGS__)
#define BY_HANDSHAKE(t, side, ms, ...) heard(t, side, RTT_HANDSHAKE, (ms)*MS, __VA_ARGS__)

/* --- by sequence ------------------------------------------------------------------------------- */

static void each_side_is_measured_exactly(void **state)
{
	static const unsigned delays[] = { 2, 10, 100, 300 };
	struct talk *t;

	t = talk_open(PLAIN);
	for (size_t i = 0; i < ARRAY_LEN(delays); i++)
		foreach_way(up)
		{
			const uint32_t s = 1000 + (uint32_t)i * 700, a = 9000 + (uint32_t)i * 700;
			const uint32_t seq = *up ? a : s, ack = *up ? s + 700 : a;

			quiet(t, .up = *up, SEQ(seq, ack), DATA(700));
			talk_pass(t, delays[i] * MS);
			BY_SEQUENCE(t, side_towards(*up), delays[i], .up = !*up, SEQ(ack, seq + 700));
		}
}

static void every_length_of_payload_is_measured(void **state)
{
	uint32_t s = 1000;
	struct talk *t;

	t = talk_open(PLAIN);
	for (int n = 1; n <= 1460; s += (uint32_t)n, n++) {
		quiet(t, DOWN, SEQ(s, 9), DATA(n));
		talk_pass(t, MS);
		BY_SEQUENCE(t, RTT_ACCESS, 1, UP, SEQ(9, s + (uint32_t)n));
	}
}

/* Frames are filled up to 60 bytes: that is no payload. */
static void padding_is_no_payload(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, SEQ(1000, 9), DATA(100), .as.padding = 30);
	quiet(t, UP, SEQ(9, 1000), .as.padding = 6);
	quiet(t, UP, SEQ(9, 1130), .as.padding = 6);
	quiet(t, DOWN, SEQ(1100, 15));
	quiet(t, DOWN, SEQ(1100, 9), DATA(100));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(9, 1200), .as.padding = 6);
}

static void only_the_first_answer_counts(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, SEQ(1000, 9), DATA(100));
	talk_pass(t, 10 * MS);
	quiet(t, UP, SEQ(9, 1000));
	quiet(t, UP, SEQ(9, 1099));
	BY_SEQUENCE(t, RTT_ACCESS, 10, UP, SEQ(9, 1100));
	quiet(t, UP, SEQ(9, 1100));
	quiet(t, UP, SEQ(9, 1100), DATA(20));
}

static void a_delayed_answer_is_for_the_last(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	for (uint32_t s = 1000; s < 20000; s += 200) {
		quiet(t, DOWN, SEQ(s, 9), DATA(100));
		talk_pass(t, 3 * MS);
		quiet(t, DOWN, SEQ(s + 100, 9), DATA(100));
		talk_pass(t, 7 * MS);
		BY_SEQUENCE(t, RTT_ACCESS, 7, UP, SEQ(9, s + 200));
	}
}

static void an_answer_beyond_frees(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	for (uint32_t s = 1000; s < 20000; s += 400) {
		for (uint32_t i = 0; i < 400; i += 100)
			quiet(t, DOWN, SEQ(s + i, 9), DATA(100));
		quiet(t, UP, SEQ(9, s + 400)); /* three are noted at a time */
	}
	quiet(t, DOWN, SEQ(21000, 9), DATA(100)); /* a gap */
	quiet(t, DOWN, SEQ(21100, 9), DATA(100));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(9, 21200));
}

static void numbers_wrap(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, SEQ(0xffffff00, 9), DATA(0xff));
	quiet(t, DOWN, SEQ(0xffffffff, 9), DATA(100));
	talk_pass(t, 4 * MS);
	BY_SEQUENCE(t, RTT_ACCESS, 4, UP, SEQ(9, 0xffffffff));
	BY_SEQUENCE(t, RTT_ACCESS, 4, UP, SEQ(9, 99));
	quiet(t, DOWN, SEQ(99, 9), DATA(100));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(9, 199));
	quiet(t, DOWN, .near_port = 3, SEQ(0xffffff9c, 9), DATA(100));
	quiet(t, UP, .near_port = 3, SEQ(9, 0)); /* 0 is not waited for */
	quiet(t, DOWN, .near_port = 3, SEQ(0, 9), DATA(100));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, .near_port = 3, SEQ(9, 100));
}

/* --- sent again -------------------------------------------------------------------------------- */

static void what_was_sent_again_is_not_measured(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, SEQ(1000, 9), DATA(100));
	talk_pass(t, 200 * MS);
	quiet(t, DOWN, SEQ(1000, 9), DATA(100));
	talk_pass(t, MS);
	quiet(t, UP, SEQ(9, 1100));
	quiet(t, DOWN, SEQ(1100, 9), DATA(100));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(9, 1200));
	quiet(t, DOWN, SEQ(1100, 9), DATA(100)); /* after its answer */
	quiet(t, UP, SEQ(9, 1200));
}

static void a_part_sent_again_spoils_what_is_behind(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, SEQ(1000, 9), DATA(100));
	quiet(t, DOWN, SEQ(1100, 9), DATA(100));
	quiet(t, DOWN, SEQ(1200, 9), DATA(100));
	quiet(t, DOWN, SEQ(1150, 9), DATA(20));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(9, 1100));
	quiet(t, UP, SEQ(9, 1200));
	quiet(t, UP, SEQ(9, 1300));
}

/* Again, and more. */
static void old_and_new_in_one_is_not_measured(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, SEQ(1000, 9), DATA(100));
	quiet(t, DOWN, SEQ(1000, 9), DATA(300));
	quiet(t, UP, SEQ(9, 1300));
	quiet(t, DOWN, SEQ(1300, 9), DATA(100));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(9, 1400));
}

static void behind_a_gap_nothing_is_measured(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, SEQ(1000, 9), DATA(100));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(9, 1100));
	quiet(t, DOWN, SEQ(1200, 9), DATA(100)); /* 1100 is missing */
	quiet(t, DOWN, SEQ(1300, 9), DATA(100)); /* in order for us */
	quiet(t, UP, SEQ(9, 1100));
	talk_pass(t, 100 * MS);
	quiet(t, DOWN, SEQ(1100, 9), DATA(100));
	talk_pass(t, MS);
	quiet(t, UP, SEQ(9, 1400));
	quiet(t, DOWN, SEQ(1400, 9), DATA(100));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(9, 1500));
	quiet(t, DOWN, SEQ(1600, 9), DATA(100)); /* what is missing goes another way */
	quiet(t, UP, SEQ(9, 1700));
}

/* A question whether somebody is there: one byte of old. */
static void a_keepalive_is_not_measured(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, DOWN, SEQ(1000, 9), DATA(100));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(9, 1100));
	quiet(t, DOWN, SEQ(1099, 9), DATA(1));
	quiet(t, UP, SEQ(9, 1100));
	quiet(t, DOWN, SEQ(1099, 9));
	quiet(t, UP, SEQ(9, 1100));
}

/* --- rest -------------------------------------------------------------------------------------- */

static void notes_rest(void **state)
{
	uint32_t s = 1000;
	struct talk *t;

	t = talk_open(TALK_CONF("rest: 40"));
	for (unsigned i = 0; i < 5; i++, s += 100) {
		quiet(t, DOWN, SEQ(s, 9), DATA(100));
		if (i < 3)
			BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(9, s + 100));
		else
			quiet(t, UP, SEQ(9, s + 100));
	}
	talk_pass(t, 60 * MS);
	quiet(t, DOWN, SEQ(s, 9), DATA(100));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(9, s + 100));
}

/* --- the handshake ----------------------------------------------------------------------------- */

/* A client on either side, with timestamps and without. */
static void a_handshake_measures_both_sides(void **state)
{
	uint16_t port = 1;
	struct talk *t;

	t = talk_open(PLAIN);
	for (unsigned stamps = 0; stamps < 2; stamps++)
		foreach_way(up)
		{
			const enum build_opt opt = stamps ? OPT_SYN : OPT_NONE;
			struct seg s = { .up = *up,
					 .near_port = ++port,
					 .flags = SYN,
					 .seq = 0xffffffff,
					 .stamps = stamps,
					 .value = 100,
					 .as.opt = opt };

			talk_expect_none(t, &s, __FILE__, __LINE__);
			talk_pass(t, 30 * MS);
			s = (struct seg){ .up = !*up,
					  .near_port = port,
					  .flags = SYN | ACK,
					  .seq = 5000,
					  .ack = 0,
					  .stamps = stamps,
					  .value = 900,
					  .echo = 100,
					  .as.opt = opt };
			talk_heard(t, &s, side_towards(*up), RTT_HANDSHAKE, 30 * MS, __FILE__,
				   __LINE__);
			talk_pass(t, 12 * MS);
			s = (struct seg){ .up = *up,
					  .near_port = port,
					  .ack = 5001,
					  .stamps = stamps,
					  .value = 142,
					  .echo = 900 };
			talk_heard(t, &s, side_towards(!*up), RTT_HANDSHAKE, 12 * MS, __FILE__,
				   __LINE__);
			talk_expect_none(t, &s, __FILE__, __LINE__);
		}
}

/* The handshake's end may carry data, and is noted then. */
static void data_may_end_the_handshake(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, UP, .flags = SYN, SEQ(1000, 0));
	BY_HANDSHAKE(t, RTT_INTERNET, 0, DOWN, .flags = SYN | ACK, SEQ(5000, 1001));
	talk_pass(t, 5 * MS);
	BY_HANDSHAKE(t, RTT_ACCESS, 5, UP, SEQ(1001, 5001), DATA(100));
	talk_pass(t, 7 * MS);
	BY_SEQUENCE(t, RTT_INTERNET, 7, DOWN, SEQ(5001, 1101), DATA(50));
	BY_SEQUENCE(t, RTT_ACCESS, 0, UP, SEQ(1101, 5051));
	quiet(t, UP, .near_port = 2, .flags = SYN, SEQ(1000, 0), STAMPS(7, 0));
	BY_HANDSHAKE(t, RTT_INTERNET, 0, DOWN, .near_port = 2, .flags = SYN | ACK, SEQ(5000, 1001),
		     STAMPS(100, 7));
	talk_pass(t, 5 * MS);
	BY_HANDSHAKE(t, RTT_ACCESS, 5, UP, .near_port = 2, STAMPS(12, 100), DATA(100));
	talk_pass(t, 7 * MS);
	heard(t, RTT_INTERNET, RTT_TIMESTAMP, 7 * MS, DOWN, .near_port = 2, STAMPS(110, 12));
}

static void a_repeated_syn_is_ambiguous(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, UP, .flags = SYN, SEQ(1000, 0));
	talk_pass(t, 1000 * MS);
	quiet(t, UP, .flags = SYN, SEQ(1000, 0));
	talk_pass(t, 10 * MS);
	quiet(t, DOWN, .flags = SYN | ACK, SEQ(5000, 1001));
	talk_pass(t, 4 * MS);
	BY_HANDSHAKE(t, RTT_ACCESS, 4, UP, SEQ(1001, 5001));
}

/* The client gave up and tries anew: that is another SYN. */
static void another_syn_is_not_a_repeated_one(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, UP, .flags = SYN, SEQ(1000, 0));
	talk_pass(t, 5000 * MS);
	quiet(t, UP, .flags = SYN, SEQ(77000, 0));
	talk_pass(t, 10 * MS);
	quiet(t, DOWN, .flags = SYN | ACK, SEQ(4000, 1001));
	BY_HANDSHAKE(t, RTT_INTERNET, 10, DOWN, .flags = SYN | ACK, SEQ(5000, 77001));
	talk_pass(t, 4 * MS);
	BY_HANDSHAKE(t, RTT_ACCESS, 4, UP, SEQ(77001, 5001));
}

static void a_repeated_syn_ack_is_ambiguous_without_timestamps(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, UP, .flags = SYN, SEQ(1000, 0));
	talk_pass(t, 10 * MS);
	BY_HANDSHAKE(t, RTT_INTERNET, 10, DOWN, .flags = SYN | ACK, SEQ(5000, 1001));
	talk_pass(t, 1000 * MS);
	quiet(t, DOWN, .flags = SYN | ACK, SEQ(5000, 1001));
	talk_pass(t, 5 * MS);
	quiet(t, UP, SEQ(1001, 5001));
	quiet(t, UP, SEQ(1001, 5001), DATA(100));
	BY_SEQUENCE(t, RTT_INTERNET, 0, DOWN, SEQ(5001, 1101));
}

static void a_repeated_syn_ack_with_a_new_timestamp_is_exact(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, UP, .flags = SYN, SEQ(1000, 0), STAMPS(7, 0));
	BY_HANDSHAKE(t, RTT_INTERNET, 0, DOWN, .flags = SYN | ACK, SEQ(5000, 1001), STAMPS(100, 7));
	talk_pass(t, 1000 * MS);
	quiet(t, DOWN, .flags = SYN | ACK, SEQ(5000, 1001), STAMPS(1100, 7));
	talk_pass(t, 5 * MS);
	BY_HANDSHAKE(t, RTT_ACCESS, 5, UP, SEQ(1001, 5001), STAMPS(8, 1100));
}

/* The network's own copy has the same one: the first is meant. */
static void a_copy_of_the_syn_ack_changes_nothing(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, UP, .flags = SYN, SEQ(1000, 0), STAMPS(7, 0));
	BY_HANDSHAKE(t, RTT_INTERNET, 0, DOWN, .flags = SYN | ACK, SEQ(5000, 1001), STAMPS(100, 7));
	talk_pass(t, 3 * MS);
	quiet(t, DOWN, .flags = SYN | ACK, SEQ(5000, 1001), STAMPS(100, 7));
	talk_pass(t, 2 * MS);
	BY_HANDSHAKE(t, RTT_ACCESS, 5, UP, SEQ(1001, 5001), STAMPS(8, 100));
	quiet(t, DOWN, STAMPS(102, 8), DATA(100));
	quiet(t, DOWN, .flags = SYN | ACK, SEQ(5000, 1001), STAMPS(100, 7)); /* a late one */
	talk_pass(t, 9 * MS);
	quiet(t, DOWN, STAMPS(102, 8), DATA(100));
	quiet(t, UP, STAMPS(9, 100)); /* answers the first one, not what came late */
	talk_pass(t, MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 10 * MS, UP, STAMPS(10, 102));
}

/* Lost behind us: client and server both try again, and who answers whom is not known. */
static void when_both_try_again_nothing_is_told_of_the_syn(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	for (unsigned stamps = 0; stamps < 2; stamps++) {
		struct seg syn = { .up = true,
				   .near_port = (uint16_t)(7 + stamps),
				   .flags = SYN,
				   .seq = 1000,
				   .stamps = stamps,
				   .value = 7 };
		struct seg answer = { .near_port = (uint16_t)(7 + stamps),
				      .flags = SYN | ACK,
				      .seq = 5000,
				      .ack = 1001,
				      .stamps = stamps,
				      .value = 100,
				      .echo = 7 };

		talk_expect_none(t, &syn, __FILE__, __LINE__);
		talk_pass(t, 10 * MS);
		talk_heard(t, &answer, RTT_INTERNET, RTT_HANDSHAKE, 10 * MS, __FILE__, __LINE__);
		talk_pass(t, 990 * MS);
		syn.value = 1007;
		talk_expect_none(t, &syn, __FILE__, __LINE__);
		talk_pass(t, 2 * MS);
		answer.value = 1100;
		talk_expect_none(t, &answer, __FILE__, __LINE__);
		talk_pass(t, 3 * MS);
		if (stamps)
			BY_HANDSHAKE(t, RTT_ACCESS, 3, UP, .near_port = 8, STAMPS(1012, 1100));
		else
			quiet(t, UP, .near_port = 7, SEQ(1001, 5001));
	}
}

static void a_syn_ack_for_another_is_none(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	quiet(t, UP, .flags = SYN, SEQ(1000, 0));
	quiet(t, DOWN, .flags = SYN | ACK, SEQ(5000, 1002));
	quiet(t, DOWN, .flags = SYN | ACK, SEQ(5000, 0));
	quiet(t, UP, .flags = SYN | ACK, SEQ(5000, 1001));
	quiet(t, UP, .flags = SYN | ACK, SEQ(5000, 0)); /* what nobody asked */
	talk_pass(t, 6 * MS);
	BY_HANDSHAKE(t, RTT_INTERNET, 6, DOWN, .flags = SYN | ACK, SEQ(5000, 1001));
	quiet(t, DOWN, .near_port = 9, .flags = SYN | ACK, SEQ(5000, 1001)); /* without a SYN */
	quiet(t, UP, .near_port = 9, SEQ(1001, 5001));
}

/* --- the same ends again ----------------------------------------------------------------------- */

/* Ports come round: numbers and timestamps of the connection before say nothing of this one. */
static void ports_are_used_again(void **state)
{
	static const struct {
		uint32_t client, server, value;
	} talks[] = { { 1000, 5000, 0x10000000 },
		      { 0x60000000, 0x70000000, 0x70000000 },
		      { 0x50000000, 0x10000000, 0x6f000000 },
		      { 0x500, 0xf0000000, 0x600 } };
	struct talk *t;

	t = talk_open(PLAIN);
	for (unsigned i = 0; i < 2 * ARRAY_LEN(talks); i++) {
		const bool stamps = i % 2;
		const uint32_t c = talks[i / 2].client, s = talks[i / 2].server;
		const uint32_t v = talks[i / 2].value;
		struct seg g = {
			.up = true, .near_port = 50, .flags = SYN, .seq = c, .stamps = stamps, .value = v
		};

		talk_expect_none(t, &g, __FILE__, __LINE__);
		talk_pass(t, 5 * MS);
		g = (struct seg){ .near_port = 50,
				  .flags = SYN | ACK,
				  .seq = s,
				  .ack = c + 1,
				  .stamps = stamps,
				  .value = v,
				  .echo = v };
		talk_send(t, &g); /* whether it is a new one is not always known by then */
		talk_pass(t, 5 * MS);
		g = (struct seg){ .up = true,
				  .near_port = 50,
				  .seq = c + 1,
				  .ack = s + 1,
				  .stamps = stamps,
				  .value = v + 1,
				  .echo = v };
		talk_heard(t, &g, RTT_ACCESS, RTT_HANDSHAKE, 5 * MS, __FILE__, __LINE__);
		g = (struct seg){ .near_port = 50,
				  .seq = s + 1,
				  .ack = c + 1,
				  .payload = 100,
				  .stamps = stamps,
				  .value = v + 2,
				  .echo = v + 1 };
		talk_expect_none(t, &g, __FILE__, __LINE__);
		talk_pass(t, 8 * MS);
		g = (struct seg){ .up = true,
				  .near_port = 50,
				  .seq = c + 1,
				  .ack = s + 101,
				  .payload = 9,
				  .stamps = stamps,
				  .value = v + 3,
				  .echo = v + 2 };
		talk_heard(t, &g, RTT_ACCESS, stamps ? RTT_TIMESTAMP : RTT_SEQUENCE, 8 * MS,
			   __FILE__, __LINE__);
		talk_pass(t, 9 * MS);
		g = (struct seg){ .near_port = 50,
				  .flags = FIN | ACK,
				  .seq = s + 101,
				  .ack = c + 10,
				  .stamps = stamps,
				  .value = v + 4,
				  .echo = v + 3 };
		talk_heard(t, &g, RTT_INTERNET, stamps ? RTT_TIMESTAMP : RTT_SEQUENCE, 9 * MS,
			   __FILE__, __LINE__);
		talk_pass(t, 300 * MS);
	}
}

/* --- kinds ------------------------------------------------------------------------------------- */

enum { T = 1 << RTT_TIMESTAMP, S = 1 << RTT_SEQUENCE, H = 1 << RTT_HANDSHAKE };

/* Which kinds a conversation with timestamps and one without gave, as bits. */
static unsigned kinds_of(const char *options, unsigned *ret_samples)
{
	unsigned kinds = 0, samples = 0;
	struct talk *t;

	t = talk_open(options);
	for (unsigned stamps = 0; stamps < 2; stamps++) {
		const uint16_t port = (uint16_t)(1 + stamps);
		const struct seg segs[] = {
			{ UP, .near_port = port, .flags = SYN, SEQ(1000, 0), STAMPS(1, 0) },
			{ DOWN, .near_port = port, .flags = SYN | ACK, SEQ(5000, 1001), STAMPS(1, 1) },
			{ UP, .near_port = port, SEQ(1001, 5001), STAMPS(2, 1) },
			{ UP, .near_port = port, SEQ(1001, 5001), STAMPS(3, 1), DATA(99) },
			{ DOWN, .near_port = port, SEQ(5001, 1100), STAMPS(2, 3), DATA(9) },
			{ UP, .near_port = port, SEQ(1100, 5010), STAMPS(4, 2) },
		};

		for (size_t i = 0; i < ARRAY_LEN(segs); i++) {
			struct seg s = segs[i];

			s.stamps = stamps;
			talk_send(t, &s);
			for (unsigned k = 0; k < t->n; k++)
				kinds |= 1u << RTT_SAMPLE_KIND(t->got[k]);
			samples += t->n;
		}
	}
	*ret_samples = samples;
	return kinds;
}

static void each_kind_can_be_switched_off(void **state)
{
	static const struct {
		const char *options;
		unsigned kinds, samples;
	} cases[] = {
		{ TALK_CONF(""), T | S | H, 8 },
		{ TALK_CONF("handshake: false"), T | S, 4 },
		{ TALK_CONF("handshake: false, details: false"), T | S, 4 },
		{ TALK_CONF("sequence: false"), T | H, 6 },
		{ TALK_CONF("sequence: false, details: false"), T | H, 6 },
		{ TALK_CONF("sequence: false, handshake: false, details: false"), T, 2 },
		{ TALK_CONF("timestamps: false"), S | H, 8 },
		{ TALK_CONF("timestamps: false, details: false, handshake: false"), S, 4 },
		{ TALK_CONF("timestamps: false, sequence: false"), H, 4 },
		{ TALK_CONF("timestamps: false, sequence: false, details: false"), H, 4 },
		{ TALK_CONF("timestamps: false, sequence: false, handshake: false"), 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned samples, kinds = kinds_of(cases[i].options, &samples);

		if (kinds == cases[i].kinds && samples == cases[i].samples)
			continue;
		print_error("%s\n  expected kinds %u and %u samples, got %u and %u\n",
			    strstr(cases[i].options, "rtt:"), cases[i].kinds, cases[i].samples,
			    kinds, samples);
		fail();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_side_is_measured_exactly),
		cmocka_unit_test(every_length_of_payload_is_measured),
		cmocka_unit_test(padding_is_no_payload),
		cmocka_unit_test(only_the_first_answer_counts),
		cmocka_unit_test(a_delayed_answer_is_for_the_last),
		cmocka_unit_test(an_answer_beyond_frees),
		cmocka_unit_test(numbers_wrap),
		cmocka_unit_test(what_was_sent_again_is_not_measured),
		cmocka_unit_test(a_part_sent_again_spoils_what_is_behind),
		cmocka_unit_test(old_and_new_in_one_is_not_measured),
		cmocka_unit_test(behind_a_gap_nothing_is_measured),
		cmocka_unit_test(a_keepalive_is_not_measured),
		cmocka_unit_test(notes_rest),
		cmocka_unit_test(a_handshake_measures_both_sides),
		cmocka_unit_test(data_may_end_the_handshake),
		cmocka_unit_test(a_repeated_syn_is_ambiguous),
		cmocka_unit_test(another_syn_is_not_a_repeated_one),
		cmocka_unit_test(a_repeated_syn_ack_is_ambiguous_without_timestamps),
		cmocka_unit_test(a_repeated_syn_ack_with_a_new_timestamp_is_exact),
		cmocka_unit_test(a_copy_of_the_syn_ack_changes_nothing),
		cmocka_unit_test(when_both_try_again_nothing_is_told_of_the_syn),
		cmocka_unit_test(a_syn_ack_for_another_is_none),
		cmocka_unit_test(ports_are_used_again),
		cmocka_unit_test(each_kind_can_be_switched_off),
	};

	return cmocka_run_group_tests_name("rtt sequence", tests, bed_namespace, talk_leave);
}
