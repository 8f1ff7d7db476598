/* SPDX-License-Identifier: GPL-2.0-only */
/* The account of each flow. */
#include "pipe/rtt/rtt_test_util.h"

#define SMALL TALK_CONF("rest: 0, flows: 1024")

static const struct {
	const char *near, *far;
} ends[] = { { TALK_HOST, PEER4 }, { "2001:db8:1::5", PEER6 } };

static void expect_address(const __be32 *got, const char *want)
{
	struct net_prefix p;
	const char *wrong;

	assert_int_equal(net_prefix_parse(want, &p, &wrong), 0);
	assert_memory_equal(got, p.address, p.family == 4 ? 4 : 16);
}

static unsigned send_counted(struct talk *t, struct seg s)
{
	const struct frame f = seg_frame(&s);

	talk_run(t, s.up, &f);
	talk_collect(t);
	return f.len;
}

static void tcp_is_accounted(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct talk *t = talk_open(SMALL);
		const struct rtt_details *d;
		unsigned bytes[2] = { 0 };
		struct seg s = { .who = ends[i].near,
				 .near_port = 1234,
				 .far_port = 80,
				 .seq = 1000,
				 .ack = 500,
				 .payload = 300,
				 .as.ds = 0x28 };

		talk_pass(t, 5000 * SECOND);
		bytes[0] += send_counted(t, s);
		s.as.ds = 0x2b; /* congestion */
		s.seq = 1300;
		s.flags = PSH | ACK;
		bytes[0] += send_counted(t, s);
		s.seq = 1000; /* again, and a part of it */
		bytes[0] += send_counted(t, s);
		s.as.ds = 0xb8;
		s.payload = 100;
		bytes[0] += send_counted(t, s);
		s = (struct seg){ .up = true,
				  .who = ends[i].near,
				  .near_port = 1234,
				  .far_port = 80,
				  .seq = 500,
				  .ack = 1600,
				  .as.ds = 3,
				  .as.tags = 1 };
		bytes[1] += send_counted(t, s);
		d = find_details(t, 1234);
		assert_int_equal(d->bytes[0], bytes[0]);
		assert_int_equal(d->bytes[1], bytes[1]);
		assert_int_equal(d->packets[0], 4);
		assert_int_equal(d->packets[1], 1);
		assert_int_equal(d->again[0], 2);
		assert_int_equal(d->again[1], 0);
		assert_int_equal(d->next[0], 1600);
		assert_int_equal(d->next[1], 500);
		assert_int_equal(d->marked[0], 2);
		assert_int_equal(d->marked[1], 1);
		assert_int_equal(d->dsfield[0], 0xb8);
		assert_int_equal(d->dsfield[1], 3);
		assert_int_equal(d->flags[0], PSH | ACK);
		assert_int_equal(d->flags[1], ACK);
		assert_int_equal(d->family, i ? 6 : 4);
		assert_int_equal(d->proto, 6);
		assert_int_equal(d->id, talk_id(t, ends[i].near));
		assert_int_equal(d->near_port, htons(1234));
		assert_int_equal(d->far_port, htons(80));
		expect_address(d->near, ends[i].near);
		expect_address(d->far, ends[i].far);
		assert_int_equal(d->born, t->rtt->maps->clock->jiffies >> t->rtt->age_shift);
		assert_int_equal(d->tag & (RTT_TAG_MODES | RTT_TAG_USED),
				 RTT_BY_SEQUENCE | RTT_TAG_USED);
	}
}

/* The same flow whichever end spoke first. */
static void ends_are_the_same_for_both_directions(void **state)
{
	struct talk *t = talk_open(SMALL);

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		foreach_way(up)
		{
			const uint16_t port = (uint16_t)(100 + i * 2 + *up);
			const struct rtt_details *d;

			quiet(t, .up = *up, .who = ends[i].near, .near_port = port, .far_port = 99,
			      SEQ(1, 1), DATA(9));
			quiet(t, .up = !*up, .who = ends[i].near, .near_port = port, .far_port = 99,
			      SEQ(1, 1), DATA(9));
			d = find_details(t, port);
			assert_int_equal(d->packets[0], 1);
			assert_int_equal(d->packets[1], 1);
			assert_int_equal(d->far_port, htons(99));
			expect_address(d->near, ends[i].near);
			expect_address(d->far, ends[i].far);
		}
	assert_int_equal(flows_used(t), 4);
}

/* From the SYN on, though its tag changes. */
static void an_opening_is_accounted(void **state)
{
	struct talk *t = talk_open(SMALL);
	const struct rtt_details *d;

	quiet(t, UP, .flags = SYN, SEQ(1000, 0), .near_port = 7);
	d = find_details(t, 7);
	assert_int_equal(d->tag & RTT_TAG_MODES, RTT_OPENING);
	assert_int_equal(d->packets[1], 1);
	assert_int_equal(d->flags[1], SYN);
	quiet(t, UP, .flags = SYN, SEQ(1000, 0), .near_port = 7);
	quiet(t, DOWN, .flags = SYN | ACK, SEQ(5000, 1001), .near_port = 7);
	d = find_details(t, 7);
	assert_int_equal(d->tag & RTT_TAG_MODES, RTT_BY_SEQUENCE);
	talk_pass(t, 4 * MS);
	heard(t, RTT_ACCESS, RTT_HANDSHAKE, 4 * MS, UP, SEQ(1001, 5001), .near_port = 7, DATA(10));
	quiet(t, UP, .flags = RST, SEQ(1001, 0), .near_port = 7);
	assert_int_equal(d->packets[0], 1);
	assert_int_equal(d->packets[1], 4);
	assert_int_equal(d->flags[0], SYN | ACK);
	assert_int_equal(d->flags[1], SYN | ACK | RST);
	assert_int_equal(d->again[0] + d->again[1], 0);
	assert_int_equal(d->next[1], 1011);
	assert_int_equal(d->next[0], 5001);
	assert_int_equal(flows_used(t), 1);
}

static void round_trips_are_accounted(void **state)
{
	static const unsigned trips[] = { 9, 4, 6 };
	struct talk *t = talk_open(SMALL);
	const struct rtt_details *d;
	uint32_t v = 100, least = ~0u, last = 0;

	quiet(t, DOWN, STAMPS(v, 7), DATA(9), .near_port = 7);
	d = find_details(t, 7);
	assert_int_equal(d->last[RTT_ACCESS], 0);
	for (size_t i = 0; i < ARRAY_LEN(trips); i++, v++) {
		talk_pass(t, trips[i] * MS);
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, trips[i] * MS, UP, STAMPS(8, v), .near_port = 7);
		last = RTT_SAMPLE_UNITS(t->got[0]);
		least = MIN(least, last);
		quiet(t, DOWN, STAMPS(v + 1, 8), DATA(9), .near_port = 7);
	}
	assert_int_equal(d->last[RTT_ACCESS], last);
	assert_int_equal(d->least[RTT_ACCESS], least);
	assert_int_equal(d->last[RTT_INTERNET], 0);
	assert_int_equal(d->least[RTT_INTERNET], 0);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 0, UP, STAMPS(8, v), .near_port = 7);
	assert_int_equal(d->last[RTT_ACCESS], 1); /* 0 would be none */
	assert_int_equal(d->least[RTT_ACCESS], 1);
}

static void udp_is_accounted(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct talk *t = talk_open(SMALL);
		const struct rtt_details *d;
		struct seg s = { .who = ends[i].near,
				 .near_port = 53,
				 .far_port = 5353,
				 .payload = 40,
				 .as.proto = 17,
				 .as.ds = 0xba };
		unsigned down, up;

		down = send_counted(t, s);
		s.up = true;
		s.payload = 900;
		up = send_counted(t, s) + send_counted(t, s);
		assert_int_equal(t->n, 0);
		d = find_details(t, 53);
		assert_int_equal(d->bytes[0], down);
		assert_int_equal(d->bytes[1], up);
		assert_int_equal(d->packets[0], 1);
		assert_int_equal(d->packets[1], 2);
		assert_int_equal(d->again[0] + d->again[1] + d->marked[0] + d->marked[1], 0);
		assert_int_equal(d->flags[0] | d->flags[1], 0);
		assert_int_equal(d->dsfield[1], 0xba);
		assert_int_equal(d->proto, 17);
		assert_int_equal(d->tag & RTT_TAG_MODES, RTT_NOT_TIMED);
		assert_int_equal(d->id, talk_id(t, ends[i].near));
		expect_address(d->near, ends[i].near);
		expect_address(d->far, ends[i].far);
		assert_int_equal(flows_used(t), 1);
	}
}

static void other_protocols_are_not_looked_at(void **state)
{
	struct talk *t = talk_open(SMALL);

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		quiet(t, DOWN, .who = ends[i].near, .as.proto = i ? 58 : 1, DATA(30));
		quiet(t, DOWN, .who = ends[i].near, .as.proto = 47, DATA(30));
		quiet(t, DOWN, .who = ends[i].near, .as.proto = 17, .as.frag = FRAG_FIRST, DATA(30));
		quiet(t, DOWN, .who = ends[i].near, .as.proto = 17, .as.frag = FRAG_LATER, DATA(30));
	}
	quiet(t, DOWN, .who = "100.64.0.4", .as.proto = 17, DATA(30)); /* nobody's */
	assert_int_equal(flows_used(t), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_is_accounted),
		cmocka_unit_test(ends_are_the_same_for_both_directions),
		cmocka_unit_test(an_opening_is_accounted),
		cmocka_unit_test(round_trips_are_accounted),
		cmocka_unit_test(udp_is_accounted),
		cmocka_unit_test(other_protocols_are_not_looked_at),
	};

	return cmocka_run_group_tests_name("rtt details", tests, bed_namespace, talk_leave);
}
