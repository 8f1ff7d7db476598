/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of flows: who gets a place in it, and who keeps it. */
#include "pipe/rtt/rtt_test_util.h"

#define SMALL TALK_CONF("rest: 0, flows: 1024")

/* --- who meets --------------------------------------------------------------------------------- */

#define CROWD 7

/* Ports whose flows meet in one set. */
static void find_crowd(struct talk *t, uint16_t *ret_ports)
{
	const size_t sets = t->rtt->maps->n_sets;
	_cleanup_free_ uint16_t(*found)[CROWD] = calloc(sets, sizeof(*found));
	_cleanup_free_ uint8_t *n = calloc(sets, 1);

	assert_true(found && n);
	for (uint16_t port = 1; port < 20000; port++) {
		size_t set;

		quiet(t, DOWN, .near_port = port, STAMPS(100, 7), DATA(9));
		set = (size_t)find_place(t, port) / RTT_WAYS;
		found[set][n[set]++] = port;
		if (n[set] < CROWD)
			continue;
		memcpy(ret_ports, found[set], sizeof(*found));
		talk_empty(t);
		return;
	}
	fail();
}

/* --- conversations ----------------------------------------------------------------------------- */

static uint32_t said; /* the last timestamp of either side */

/* Nobody answers. */
static void ask(struct talk *t, uint16_t port)
{
	said += 2;
	quiet(t, DOWN, .near_port = port, STAMPS(said, said - 1), DATA(9));
}

static void converse(struct talk *t, uint16_t port)
{
	ask(t, port);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 0, UP, .near_port = port, STAMPS(said, said));
}

/* It has no place, so nothing is heard of it. */
static void converse_in_vain(struct talk *t, uint16_t port)
{
	const uint64_t full = talk_sums(t).full;

	ask(t, port);
	assert_int_equal(talk_sums(t).full, full + 1);
	quiet(t, UP, .near_port = port, STAMPS(said, said));
	assert_int_equal(talk_sums(t).full, full + 1); /* it asks for none */
	assert_int_equal(find_place(t, port), -1);
}

static void finish(struct talk *t, uint16_t port, bool up, uint8_t flags)
{
	quiet(t, .up = up, .near_port = port, .flags = flags, STAMPS(said, said - 1));
}

/* --- places ------------------------------------------------------------------------------------ */

static void a_full_set_gives_no_place(void **state)
{
	struct talk *t = talk_open(SMALL);
	uint16_t ports[CROWD];

	find_crowd(t, ports);
	for (unsigned i = 0; i < RTT_WAYS; i++)
		converse(t, ports[i]);
	assert_int_equal(talk_sums(t).full, 0);
	for (unsigned s = 0; s < 11; s++) {
		talk_pass(t, 10 * SECOND);
		converse_in_vain(t, ports[RTT_WAYS]);
		if (s % 5 == 0)
			for (unsigned i = 0; i < RTT_WAYS; i++)
				converse(t, ports[i]);
	}
	assert_int_equal(flows_used(t), RTT_WAYS);
}

static void idle_flows_lose_their_place(void **state)
{
	struct talk *t = talk_open(SMALL);
	uint16_t ports[CROWD];

	find_crowd(t, ports);
	for (unsigned i = 0; i < RTT_WAYS; i++) {
		converse(t, ports[i]);
		talk_pass(t, 5 * SECOND);
	}
	talk_pass(t, 40 * SECOND);
	converse(t, ports[0]);
	converse(t, ports[2]);
	talk_pass(t, 50 * SECOND);
	converse_in_vain(t, ports[4]); /* the others are silent for 100 to 105 s */
	talk_pass(t, 25 * SECOND);
	ask(t, ports[4]);
	assert_true(find_place(t, ports[4]) >= 0);
	assert_int_equal(find_place(t, ports[1]), -1); /* the longest silent one */
	converse(t, ports[0]);
	converse(t, ports[2]);
	converse(t, ports[4]);
	talk_pass(t, 10 * SECOND);
	converse(t, ports[5]);
	assert_int_equal(find_place(t, ports[3]), -1);
	converse_in_vain(t, ports[6]);
}

static void unanswered_flows_go_first_and_oldest_first(void **state)
{
	struct talk *t = talk_open(SMALL);
	uint16_t ports[CROWD];

	find_crowd(t, ports);
	converse(t, ports[0]);
	ask(t, ports[1]);
	talk_pass(t, 10 * SECOND);
	ask(t, ports[2]);
	talk_pass(t, 10 * SECOND);
	converse(t, ports[3]);
	ask(t, ports[4]);
	assert_int_equal(find_place(t, ports[1]), -1);
	assert_true(find_place(t, ports[2]) >= 0);
	talk_pass(t, 10 * SECOND);
	ask(t, ports[5]);
	assert_int_equal(find_place(t, ports[2]), -1);
	talk_pass(t, 10 * SECOND);
	ask(t, ports[6]);
	assert_int_equal(find_place(t, ports[4]), -1);
	assert_true(find_place(t, ports[5]) >= 0);
	converse(t, ports[0]);
	converse(t, ports[3]);
	assert_int_equal(talk_sums(t).full, 0);
}

/* Even where answered ones are silent for much longer. */
static void unanswered_flows_go_before_idle_ones(void **state)
{
	struct talk *t = talk_open(SMALL);
	uint16_t ports[CROWD];

	find_crowd(t, ports);
	for (unsigned i = 0; i < 3; i++)
		converse(t, ports[i]);
	talk_pass(t, 1000 * SECOND);
	ask(t, ports[3]);
	ask(t, ports[4]);
	assert_int_equal(find_place(t, ports[3]), -1);
	for (unsigned i = 0; i < 3; i++)
		assert_true(find_place(t, ports[i]) >= 0);
}

static void closed_flows_lose_their_place(void **state)
{
	static const uint8_t ends[] = { FIN | ACK, RST, RST | ACK };
	uint16_t ports[CROWD];

	for (unsigned i = 0; i < 2 * ARRAY_LEN(ends); i++) {
		struct talk *t = talk_open(SMALL);

		find_crowd(t, ports);
		for (unsigned k = 0; k < RTT_WAYS; k++)
			converse(t, ports[k]);
		converse_in_vain(t, ports[4]);
		finish(t, ports[2], i % 2, ends[i / 2]);
		converse(t, ports[4]);
		assert_int_equal(find_place(t, ports[2]), -1);
		converse_in_vain(t, ports[5]);
	}
}

/* The last acknowledgment does not keep it, but a half that goes on does. */
static void a_closed_half_may_go_on(void **state)
{
	struct talk *t = talk_open(SMALL);
	uint16_t ports[CROWD];

	find_crowd(t, ports);
	for (unsigned i = 0; i < RTT_WAYS; i++)
		converse(t, ports[i]);
	finish(t, ports[0], true, FIN | ACK);
	converse(t, ports[0]); /* download goes on */
	converse_in_vain(t, ports[4]);
	finish(t, ports[0], false, FIN | ACK);
	finish(t, ports[0], true, ACK);
	converse(t, ports[4]);
	assert_int_equal(find_place(t, ports[0]), -1);
}

static void free_places_are_taken_first(void **state)
{
	struct talk *t = talk_open(SMALL);
	uint16_t ports[CROWD];

	find_crowd(t, ports);
	for (unsigned i = 0; i < RTT_WAYS; i++) {
		ask(t, ports[i]);
		talk_pass(t, 500 * SECOND);
	}
	assert_int_equal(flows_used(t), RTT_WAYS);
}

static void only_payload_makes_a_flow(void **state)
{
	struct talk *t = talk_open(SMALL);

	foreach_way(up)
	{
		quiet(t, .up = *up, STAMPS(100, 7));
		quiet(t, .up = *up, SEQ(100, 7));
		quiet(t, .up = *up, .flags = RST, SEQ(100, 0));
		quiet(t, .up = *up, .flags = FIN | ACK, SEQ(100, 5));
		quiet(t, .up = *up, .flags = SYN | ACK, SEQ(100, 5));
	}
	assert_int_equal(flows_used(t), 0);
	quiet(t, UP, .flags = SYN, SEQ(100, 0));
	assert_int_equal(flows_used(t), 1);
}

/* What was sent before a long silence is not waited for any more. */
static void notes_are_forgotten_after_a_silence(void **state)
{
	struct talk *t = talk_open(SMALL);

	converse(t, 5);
	ask(t, 5);
	talk_pass(t, 100 * SECOND);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 100 * SECOND, UP, .near_port = 5, STAMPS(said, said));
	ask(t, 5);
	talk_pass(t, 130 * SECOND);
	quiet(t, UP, .near_port = 5, STAMPS(said, said));
	converse(t, 5);
}

static void a_place_taken_begins_anew(void **state)
{
	struct talk *t = talk_open(SMALL);
	const struct rtt_details *d;
	uint16_t ports[CROWD];
	ssize_t place;

	find_crowd(t, ports);
	for (unsigned i = 0; i < RTT_WAYS; i++) {
		for (unsigned n = 0; n < 5; n++)
			converse(t, ports[i]);
		quiet(t, UP, .near_port = ports[i], .as.ds = 3, STAMPS(said + 1, said), DATA(9));
	}
	place = find_place(t, ports[1]);
	finish(t, ports[1], true, RST);
	talk_pass(t, 77 * SECOND);
	quiet(t, DOWN, .near_port = ports[4], SEQ(1000, 9), DATA(100));
	assert_int_equal(find_place(t, ports[4]), place);
	d = find_details(t, ports[4]);
	assert_int_equal(d->packets[0], 1);
	assert_int_equal(d->packets[1] + d->bytes[1] + d->marked[1] + d->again[0], 0);
	assert_int_equal(d->last[0] + d->least[0] + d->flags[1] + d->dsfield[1], 0);
	assert_int_equal(d->next[0], 1100);
	assert_int_equal(d->born, t->rtt->maps->clock->jiffies >> t->rtt->age_shift);
	heard(t, RTT_ACCESS, RTT_SEQUENCE, 0, UP, .near_port = ports[4], SEQ(9, 1100));
}

/* --- sprays ------------------------------------------------------------------------------------ */

#define ANSWERED 200
#define SPRAY 100000
#define PORT_OF_FLOW 30000

static void spray(struct talk *t, unsigned n, struct seg s)
{
	for (unsigned i = 0; i < n; i++) {
		struct frame f;

		s.near_port = (uint16_t)(1 + i % 29000);
		s.far_port = (uint16_t)(1 + i / 29000);
		s.up = i % 3 == 0;
		f = seg_frame(&s);
		talk_run(t, s.up, &f);
		talk_pass(t, MS);
	}
	talk_collect(t);
	assert_int_equal(t->n, 0);
}

/* Asked before the spray and answered after it: whoever lost his place lost the question, too. */
static void spray_between(struct talk *t, unsigned n, struct seg s)
{
	uint32_t asked[ANSWERED];

	for (uint16_t i = 0; i < ANSWERED; i++) {
		ask(t, PORT_OF_FLOW + i);
		asked[i] = said;
	}
	spray(t, n, s);
	for (uint16_t i = 0; i < ANSWERED; i++)
		heard(t, RTT_ACCESS, RTT_TIMESTAMP, n * MS, UP, .near_port = PORT_OF_FLOW + i,
		      STAMPS(asked[i], asked[i]));
}

static void sprays_push_no_answered_flow_out(void **state)
{
	struct talk *t = talk_open(SMALL);
	const struct seg udp = { .as.proto = 17, .payload = 30 };
	const struct seg opening = { .flags = SYN, .seq = 77 };
	const struct seg data = { .payload = 30, .stamps = true, .value = 9 };

	for (uint16_t i = 0; i < ANSWERED; i++)
		converse(t, PORT_OF_FLOW + i);
	assert_int_equal(talk_sums(t).full, 0); /* true for this seed */
	spray_between(t, SPRAY, udp);
	assert_true(flows_used(t) > 1000);
	assert_true(talk_sums(t).full < SPRAY / 10);
	spray_between(t, SPRAY / 10, opening);
	spray_between(t, SPRAY / 10, data);
	assert_int_equal(talk_sums(t).lost, 0);
}

static void without_details_only_tcp_has_flows(void **state)
{
	struct talk *t = talk_open(TALK_CONF("rest: 0, flows: 1024, details: false"));

	assert_false(t->rtt->maps->details);
	quiet(t, DOWN, .as.proto = 17, DATA(30));
	assert_int_equal(flows_used(t), 0);
	converse(t, 5);
	quiet(t, UP, .flags = SYN, SEQ(1000, 0));
	heard(t, RTT_INTERNET, RTT_HANDSHAKE, 0, DOWN, .flags = SYN | ACK, SEQ(5000, 1001));
	heard(t, RTT_ACCESS, RTT_HANDSHAKE, 0, UP, SEQ(1001, 5001));
	assert_int_equal(flows_used(t), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_set_gives_no_place),
		cmocka_unit_test(idle_flows_lose_their_place),
		cmocka_unit_test(unanswered_flows_go_first_and_oldest_first),
		cmocka_unit_test(unanswered_flows_go_before_idle_ones),
		cmocka_unit_test(closed_flows_lose_their_place),
		cmocka_unit_test(a_closed_half_may_go_on),
		cmocka_unit_test(free_places_are_taken_first),
		cmocka_unit_test(only_payload_makes_a_flow),
		cmocka_unit_test(notes_are_forgotten_after_a_silence),
		cmocka_unit_test(a_place_taken_begins_anew),
		cmocka_unit_test(sprays_push_no_answered_flow_out),
		cmocka_unit_test(without_details_only_tcp_has_flows),
	};

	said = 1000;
	return cmocka_run_group_tests_name("rtt flows", tests, bed_namespace, talk_leave);
}
