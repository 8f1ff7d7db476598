/* SPDX-License-Identifier: GPL-2.0-only */
/* Round trips by each of the programs, and the ring that samples go through. */
#include "pipe/rtt/rtt_test_util.h"

#define PLAIN TALK_CONF("rest: 0")

/* --- by which programs ------------------------------------------------------------------------- */

/* One exchange by timestamps and one handshake. */
static void converse(struct talk *t, const char *who)
{
	quiet(t, DOWN, .who = who, STAMPS(100, 7), DATA(500));
	talk_pass(t, 10 * MS);
	heard(t, RTT_ACCESS, RTT_TIMESTAMP, 10 * MS, UP, .who = who, STAMPS(8, 100), DATA(20));
	talk_pass(t, 20 * MS);
	heard(t, RTT_INTERNET, RTT_TIMESTAMP, 20 * MS, DOWN, .who = who, STAMPS(101, 8));
	quiet(t, UP, .who = who, .near_port = 5, .flags = SYN, SEQ(1000, 0));
	talk_pass(t, 30 * MS);
	heard(t, RTT_INTERNET, RTT_HANDSHAKE, 30 * MS, DOWN, .who = who, .near_port = 5,
	      .flags = SYN | ACK, SEQ(5000, 1001));
	talk_pass(t, MS);
	heard(t, RTT_ACCESS, RTT_HANDSHAKE, MS, UP, .who = who, .near_port = 5, SEQ(1001, 5001));
	quiet(t, UP, .who = who, .near_port = 5, SEQ(1001, 5001), DATA(10));
	talk_pass(t, 2 * MS);
	heard(t, RTT_INTERNET, RTT_SEQUENCE, 2 * MS, DOWN, .who = who, .near_port = 5,
	      SEQ(5001, 1011));
}

static void converse_all(struct talk *t)
{
	for (size_t i = 0; i < ARRAY_LEN(talk_people); i++)
		converse(t, talk_people[i].address);
}

static void by_xdp(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	converse_all(t);
}

static void by_xdp_of_a_bridge(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN TALK_BRIDGE);
	converse_all(t);
}

static void by_tc_where_there_is_no_xdp(void **state)
{
	struct talk *t;

	t = talk_begin(PLAIN TALK_BRIDGE);
	bed_link(&t->bed, ACCESS)->mode = bed_link(&t->bed, INTERNET)->mode = XDP_MODE_TC;
	talk_sync(t);
	t->way = TALK_TC;
	converse_all(t);
}

static void where_it_leaves(void **state)
{
	struct talk *t;

	t = talk_open(PLAIN);
	t->way = TALK_EGRESS;
	converse_all(t);
}

static void where_it_leaves_when_nobody_shapes(void **state)
{
	struct talk *t;

	t = talk_begin(BED_TWO "  mode: monitor\n" BED_PEOPLE "rtt: { rest: 0 }\n" TALK_BRIDGE);
	bed_link(&t->bed, ACCESS)->mode = bed_link(&t->bed, INTERNET)->mode = XDP_MODE_TC;
	talk_sync(t);
	t->way = TALK_EGRESS;
	converse_all(t);
}

/* In by TC, out by the other port's program: one packet is one packet. */
static void what_was_looked_at_is_not_looked_at_again(void **state)
{
	struct frame f = seg_frame(&(struct seg){ DOWN, STAMPS(100, 7), DATA(500) });
	const struct rtt_details *d = NULL;
	struct enqueued out;
	struct talk *t;

	t = talk_begin(PLAIN TALK_BRIDGE);
	bed_link(&t->bed, ACCESS)->mode = bed_link(&t->bed, INTERNET)->mode = XDP_MODE_TC;
	talk_sync(t);
	out = bed_tc(t->bed.port[INTERNET].instance->tc_fd, &f, 0);
	assert_true(out.priority >> 16);
	(void)bed_tc(t->bed.port[ACCESS].instance->egress_fd, &f, out.priority);
	for (size_t i = 0; i < t->rtt->maps->n_sets * RTT_WAYS; i++)
		if (flow_at(t, i)->tag)
			d = rtt_details_at(t->rtt->maps->flows, i);
	assert_non_null(d);
	assert_int_equal(d->packets[0], 1);
	assert_int_equal(d->bytes[0], f.len);
}

static void without_the_section_it_is_not_in_the_program(void **state)
{
	unsigned with, without;
	struct talk *t;

	t = talk_open(PLAIN);
	with = translated_size(t->bed.port[ACCESS].instance->xdp_fd);
	talk_reload(t, BED_TWO "  steer: false\n" BED_PEOPLE);
	assert_null(t->rtt->maps);
	without = translated_size(t->bed.port[ACCESS].instance->xdp_fd);
	assert_true(without < with);
	talk_reload(t, PLAIN);
	converse(t, TALK_HOST);
	talk_reload(t, TALK_CONF("timestamps: false, sequence: false, handshake: false, "
				 "details: false"));
	assert_int_equal(translated_size(t->bed.port[ACCESS].instance->xdp_fd), without);
}

/* --- the ring ---------------------------------------------------------------------------------- */

static void sample_once(struct talk *t, uint32_t v)
{
	const struct frame down = seg_frame(&(struct seg){ DOWN, STAMPS(v, 7), DATA(9) });
	const struct frame up = seg_frame(&(struct seg){ UP, STAMPS(8, v) });

	talk_run(t, false, &down);
	talk_run(t, true, &up);
}

#define TOO_MANY 77

static void expect_sums(const struct talk *t, uint64_t put, uint64_t lost)
{
	const struct rtt_cpu sums = talk_sums(t);

	assert_int_equal(sums.head, put);
	assert_int_equal(sums.lost, lost);
}

static void a_full_ring_loses_and_goes_on(void **state)
{
	uint32_t v = 100, id;
	struct talk *t;

	talk_stay();
	t = talk_open(PLAIN);
	id = talk_id(t, TALK_HOST);
	for (unsigned i = 0; i < RTT_SAMPLES; i++)
		sample_once(t, v++);
	expect_sums(t, RTT_SAMPLES, 0);
	for (unsigned i = 0; i < TOO_MANY; i++)
		sample_once(t, v++);
	expect_sums(t, RTT_SAMPLES, TOO_MANY);
	rtt_live_drain(t->rtt);
	assert_int_equal(rtt_store_total(t->rtt->store, id, RTT_ALL_SIDES, RTT_ALL_KINDS),
			 RTT_SAMPLES);
	assert_int_equal(rtt_store_total(t->rtt->store, id, 1 << RTT_ACCESS, 1 << RTT_TIMESTAMP),
			 RTT_SAMPLES);
	for (unsigned i = 0; i < TOO_MANY; i++)
		sample_once(t, v++);
	expect_sums(t, RTT_SAMPLES + TOO_MANY, TOO_MANY);
	rtt_live_drain(t->rtt);
	assert_int_equal(rtt_store_total(t->rtt->store, id, RTT_ALL_SIDES, RTT_ALL_KINDS),
			 RTT_SAMPLES + TOO_MANY);
}

/* The samples of each CPU are in a ring of its own; all are gathered. */
static void samples_of_all_cpus_are_gathered(void **state)
{
	struct talk *t;
	cpu_set_t set;
	uint32_t v = 100;
	unsigned cpus;

	t = talk_open(PLAIN);
	cpus = MIN(t->rtt->n_cpus, (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
	for (unsigned i = 0; i < 10 * cpus; i++) {
		CPU_ZERO(&set);
		CPU_SET(i % cpus, &set);
		assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
		sample_once(t, v++);
	}
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		assert_int_equal(t->rtt->maps->cpus[cpu].head, 10);
	rtt_live_drain(t->rtt);
	assert_int_equal(rtt_store_total(t->rtt->store, talk_id(t, TALK_HOST), RTT_ALL_SIDES,
					 RTT_ALL_KINDS),
			 10 * cpus);
}

/* By the kernel's own clock: ages are in its jiffies, which the daemon works out. */
static void the_daemon_knows_what_time_it_is_in_the_table(void **state)
{
	struct talk *t = talk_begin(TALK_CONF(""));
	uint32_t seen, now;

	t->rtt->test_clock = false;
	talk_sync(t);
	quiet(t, DOWN, .near_port = 9, STAMPS(5, 1), DATA(3));
	seen = flow_at(t, (size_t)find_place(t, 9))->seen >> RTT_SEEN_SHIFT;
	now = rtt_live_age_now(t->rtt);
	assert_in_range((now - seen + 1) & (UINT32_MAX >> RTT_SEEN_SHIFT), 0, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_xdp),
		cmocka_unit_test(by_xdp_of_a_bridge),
		cmocka_unit_test(by_tc_where_there_is_no_xdp),
		cmocka_unit_test(where_it_leaves),
		cmocka_unit_test(where_it_leaves_when_nobody_shapes),
		cmocka_unit_test(what_was_looked_at_is_not_looked_at_again),
		cmocka_unit_test(without_the_section_it_is_not_in_the_program),
		cmocka_unit_test(a_full_ring_loses_and_goes_on),
		cmocka_unit_test(samples_of_all_cpus_are_gathered),
		cmocka_unit_test(the_daemon_knows_what_time_it_is_in_the_table),
	};

	return cmocka_run_group_tests_name("rtt ways", tests, bed_namespace, talk_leave);
}
