/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>

#include "nl/batch.h"
#include "nl/qdisc_test_util.h"

#define QUEUES 8
#define CLASSES 1000
#define MQ_HANDLE 0x7fff0000u
#define FIRST_MINOR 16

NL_TEST_FIXTURE

static unsigned devices(unsigned queues)
{
	int r = nl_test_add_queues(nl, "veth", "ta", "tb", queues);

	assert_true(r > 0);
	return (unsigned)r;
}

static void add(struct nl *on, unsigned a, uint32_t handle, uint32_t parent, struct nl_htb_class class)
{
	int r = qdisc_test_class(on, NL_TC_ADD, (struct nl_tc_place){ a, handle, parent }, &class);

	if (r)
		fail_msg("class %x: %s", handle, nl_error_text(on, r));
}

/* Rates beyond 32 bits of bytes, bursts to the next tick, and everything else as it was given. */
static void test_what_a_class_holds(void **state)
{
	unsigned a;
	struct nl_class c;

	NL_TEST_NEEDS_NAMESPACE(nl);
	a = devices(0);
	QDISC_TEST_NEEDS(nl, a, "htb");
	assert_int_equal(qdisc_test_do(nl, NL_TC_ADD, (struct nl_tc_place){ a, 0x10000, TC_H_ROOT },
				       "htb"),
			 0);
	add(nl, a, 0x10001, 0x10000,
	    (struct nl_htb_class){
		    .rate = 40000000000, .ceil = 100000000000, .burst = 1700, .quantum = 60000 });
	add(nl, a, 0x10010, 0x10001,
	    (struct nl_htb_class){ .rate = 10000000,
				   .ceil = 20000000,
				   .burst = 16384,
				   .cburst = 32768,
				   .quantum = 1514,
				   .prio = 3,
				   .overhead = 18,
				   .mpu = 64 });
	add(nl, a, 0x10011, 0x10001, (struct nl_htb_class){ .rate = 8, .ceil = 8, .quantum = 1514 });
	c = qdisc_test_get_class(nl, a, 0x10001);
	assert_true(c.htb.rate == 40000000000 && c.htb.ceil == 100000000000);
	assert_int_equal(c.htb.quantum, 60000);
	assert_true(c.htb.burst >= 1700 && c.htb.burst < 1700 + 5000000000 * 64 / 1000000000);
	assert_true(c.htb.cburst >= 1600);
	assert_int_equal(c.parent, TC_H_ROOT);
	c = qdisc_test_get_class(nl, a, 0x10010);
	assert_true(c.htb.rate == 10000000 && c.htb.ceil == 20000000);
	assert_true(c.htb.burst == 16384 && c.htb.cburst == 32768);
	assert_int_equal(c.htb.quantum, 1514);
	assert_int_equal(c.htb.prio, 3);
	assert_int_equal(c.htb.overhead, 18);
	assert_int_equal(c.htb.mpu, 64);
	assert_int_equal(c.parent, 0x10001);
	assert_int_equal(c.level, 0);
	assert_string_equal(c.kind, "htb");
	/* So slow that its burst takes more time than can be said. */
	c = qdisc_test_get_class(nl, a, 0x10011);
	assert_true(c.htb.rate == 8 &&
		    c.htb.burst == (UINT32_MAX * UINT64_C(64) + 500000000) / 1000000000);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

static void check_says(const char *said, const char *wanted)
{
	if (!strstr(said, wanted))
		fail_msg("tc says no '%s' but %s", wanted, said);
}

/* tc sees of our classes what was meant, and we see of tc's what it meant. */
static void test_tc_agrees(void **state)
{
	struct nl_class c;
	char out[8192];
	unsigned a;

	NL_TEST_NEEDS_NAMESPACE(nl);
	if (!qdisc_test_have_tc()) {
		print_message("# SKIP there is no tc to compare with\n");
		skip();
	}
	a = devices(0);
	QDISC_TEST_NEEDS(nl, a, "htb");
	assert_int_equal(qdisc_test_do(nl, NL_TC_ADD, (struct nl_tc_place){ a, 0x10000, TC_H_ROOT },
				       "htb"),
			 0);
	add(nl, a, 0x10001, 0x10000,
	    (struct nl_htb_class){ .rate = 40000000000, .ceil = 100000000000, .quantum = 60000 });
	add(nl, a, 0x10010, 0x10001,
	    (struct nl_htb_class){ .rate = 10000000,
				   .ceil = 20000000,
				   .burst = 16384,
				   .cburst = 32768,
				   .quantum = 1514,
				   .prio = 3 });
	assert_int_equal(qdisc_test_tc("-s -d class show dev ta", out, sizeof(out)), 0);
	check_says(out, "class htb 1:1 root rate 40Gbit ceil 100Gbit");
	check_says(out, "class htb 1:10 parent 1:1 prio 3 quantum 1514 rate 10Mbit ceil 20Mbit");
	check_says(out, "burst 16Kb");
	check_says(out, "cburst 32Kb");
	assert_int_equal(
		qdisc_test_tc("class add dev ta parent 1:1 classid 1:20 htb rate 36gbit ceil "
			      "37gbit burst 1m cburst 2m prio 5 quantum 9000 overhead 4 mpu 84",
			      out, sizeof(out)),
		0);
	c = qdisc_test_get_class(nl, a, 0x10020);
	assert_true(c.htb.rate == 36000000000 && c.htb.ceil == 37000000000);
	/* tc rounds down to a microsecond, 4625 bytes at that rate. */
	assert_true(c.htb.burst <= 1 << 20 && c.htb.burst > (1 << 20) - 5000);
	assert_true(c.htb.cburst <= 2 << 20 && c.htb.cburst > (2 << 20) - 5000);
	assert_int_equal(c.htb.prio, 5);
	assert_int_equal(c.htb.quantum, 9000);
	assert_int_equal(c.htb.overhead, 4);
	assert_int_equal(c.htb.mpu, 84);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

static void test_refused(void **state)
{
	const struct nl_htb_class some = { .rate = 1000000, .ceil = 1000000, .quantum = 1514 };
	const struct nl_htb_class none = { .rate = 0, .ceil = 0, .quantum = 1514 };
	unsigned a;

	NL_TEST_NEEDS_NAMESPACE(nl);
	a = devices(0);
	QDISC_TEST_NEEDS(nl, a, "htb");
	assert_int_equal(qdisc_test_do(nl, NL_TC_ADD, (struct nl_tc_place){ a, 0x10000, TC_H_ROOT },
				       "htb"),
			 0);
	add(nl, a, 0x10001, 0x10000, some);
	add(nl, a, 0x10002, 0x10001, some);
	assert_int_equal(qdisc_test_class(nl, NL_TC_ADD,
					  (struct nl_tc_place){ a, 0x10001, 0x10000 }, &some),
			 -EEXIST);
	assert_int_equal(qdisc_test_class(nl, NL_TC_CHANGE,
					  (struct nl_tc_place){ a, 0x10003, 0x10000 }, &some),
			 -ENOENT);
	assert_int_equal(qdisc_test_class(nl, NL_TC_ADD,
					  (struct nl_tc_place){ a, 0x10003, 0x10000 }, &none),
			 -EINVAL);
	assert_int_equal(qdisc_test_class(nl, NL_TC_DELETE,
					  (struct nl_tc_place){ a, 0x10001, 0x10000 }, NULL),
			 -EBUSY);
	assert_int_equal(qdisc_test_class(nl, NL_TC_DELETE,
					  (struct nl_tc_place){ a, 0x10002, 0x10001 }, NULL),
			 0);
	assert_int_equal(qdisc_test_class(nl, NL_TC_DELETE,
					  (struct nl_tc_place){ a, 0x10001, 0x10000 }, NULL),
			 0);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

/* A rate that changes disturbs neither the leaf nor what either has counted. */
static void check_change_keeps_leaf(const char *words)
{
	struct nl_htb_class class = {
		.rate = 8000000, .ceil = 10000000, .burst = 16384, .cburst = 16384, .quantum = 1514
	};
	unsigned a = devices(0);
	const struct nl_tc_place at = { a, 0x10010, 0x10001 }, leaf = { a, 0x100000, 0x10010 };
	struct nl_class c;

	qdisc_test_up(nl);
	assert_int_equal(qdisc_test_do(nl, NL_TC_ADD, (struct nl_tc_place){ a, 0x10000, TC_H_ROOT },
				       "htb"),
			 0);
	add(nl, a, 0x10001, 0x10000, class);
	add(nl, a, 0x10010, 0x10001, class);
	assert_int_equal(qdisc_test_do(nl, NL_TC_ADD, leaf, words), 0);
	assert_int_equal(qdisc_test_send((int)a, 0x10010, 0, 10), 0);
	QDISC_TEST_SOON(qdisc_test_get_class(nl, a, 0x10010).stats.packets == 10);
	class.rate = 9000000;
	class.ceil = 20000000;
	assert_int_equal(qdisc_test_class(nl, NL_TC_CHANGE, at, &class), 0);
	c = qdisc_test_get_class(nl, a, 0x10010);
	assert_true(c.htb.rate == 9000000 && c.htb.ceil == 20000000);
	assert_int_equal(c.leaf, 0x100000);
	assert_int_equal(c.stats.packets, 10);
	assert_int_equal(c.stats.bytes, 1000);
	assert_int_equal(c.lends + c.borrows, 10);
	assert_int_equal(qdisc_test_send((int)a, 0x10010, 0, 5), 0);
	QDISC_TEST_SOON(qdisc_test_get_class(nl, a, 0x10010).stats.packets == 15);
	assert_int_equal(qdisc_test_get(nl, a, 0x10010).stats.packets, 15);
	assert_int_equal(qdisc_test_get(nl, a, 0x10010).handle, 0x100000);
	assert_int_equal(qdisc_test_get(nl, a, 0x10010).stats.bytes, 1500);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

/* What no class claims is counted where it went by. */
static void test_unshaped(void **state)
{
	unsigned a;

	NL_TEST_NEEDS_NAMESPACE(nl);
	a = devices(0);
	QDISC_TEST_NEEDS(nl, a, "htb");
	qdisc_test_up(nl);
	assert_int_equal(qdisc_test_do(nl, NL_TC_ADD, (struct nl_tc_place){ a, 0x10000, TC_H_ROOT },
				       "htb"),
			 0);
	assert_int_equal(qdisc_test_send((int)a, 0x10010, 0, 6), 0);
	/* The kernel says hello on a new link, too. */
	QDISC_TEST_SOON(qdisc_test_get(nl, a, TC_H_ROOT).direct >= 6);
	assert_true(qdisc_test_get(nl, a, TC_H_ROOT).stats.bytes >= 600);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

static void check_change(const char *kind)
{
	unsigned a;

	NL_TEST_NEEDS_NAMESPACE(nl);
	a = devices(0);
	QDISC_TEST_NEEDS(nl, a, "htb");
	if (!qdisc_test_have(nl, a, kind)) {
		assert_int_equal(nl_test_delete(nl, (int)a), 0);
		print_message("# SKIP this kernel has no %s\n", kind);
		skip();
	}
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
	check_change_keeps_leaf(kind);
}

static void test_change_keeps_fifo(void **state)
{
	check_change("pfifo limit 100");
}

static void test_change_keeps_fq_codel(void **state)
{
	check_change("fq_codel");
}

static void test_change_keeps_cake(void **state)
{
	check_change("cake diffserv4");
}

/* The class of a number, spread over the queues. */
static struct nl_tc_place place(unsigned ifindex, unsigned i)
{
	uint32_t major = (1 + i % QUEUES) << 16;

	return (struct nl_tc_place){ ifindex, major | (FIRST_MINOR + i / QUEUES), major | 1 };
}

static uint64_t rate_of(unsigned i, unsigned round)
{
	return 1000000 + 8 * i + 800000 * round;
}

static struct nl_htb_class class_of(unsigned i, unsigned round)
{
	return (struct nl_htb_class){ .rate = rate_of(i, round),
				      .ceil = 2 * rate_of(i, round),
				      .burst = 16384,
				      .cburst = 16384,
				      .quantum = 1514 };
}

static void put_qdisc(struct nl_batch *b, enum nl_tc_verb verb, struct nl_tc_place at,
		      const char *words)
{
	struct nl_qdisc_spec spec = qdisc_test_spec(words);
	char buffer[NL_REQUEST_MAX];

	assert_int_equal(nl_batch_add(b, nl_qdisc_request(buffer, verb, &at, &spec)), 0);
}

static void put_class(struct nl_batch *b, enum nl_tc_verb verb, struct nl_tc_place at,
		      struct nl_htb_class class)
{
	char buffer[NL_REQUEST_MAX];

	assert_int_equal(nl_batch_add(b, nl_class_request(buffer, verb, &at, &class)), 0);
}

/* The trunk: mq, an htb under each of its queues, and its class :1. */
static void put_trunk(struct nl_batch *b, unsigned ifindex)
{
	const struct nl_htb_class line = { .rate = 10000000000,
					   .ceil = 10000000000,
					   .burst = 65536,
					   .cburst = 65536,
					   .quantum = 60000 };

	put_qdisc(b, NL_TC_REPLACE, (struct nl_tc_place){ ifindex, MQ_HANDLE, TC_H_ROOT }, "mq");
	for (uint32_t i = 1; i <= QUEUES; i++) {
		put_qdisc(b, NL_TC_REPLACE, (struct nl_tc_place){ ifindex, i << 16, MQ_HANDLE | i },
			  "htb default 2");
		put_class(b, NL_TC_ADD, (struct nl_tc_place){ ifindex, i << 16 | 1, i << 16 }, line);
	}
}

/* Each tenth class is asked for twice: the second is refused. */
static size_t put_classes(struct nl_batch *b, unsigned ifindex)
{
	size_t twice = 0;

	for (unsigned i = 0; i < CLASSES; i++) {
		struct nl_tc_place at = place(ifindex, i);

		put_class(b, NL_TC_ADD, at, class_of(i, 0));
		if (i % 10 == 0 && ++twice)
			put_class(b, NL_TC_ADD, at, class_of(i, 0));
		put_qdisc(b, NL_TC_ADD, (struct nl_tc_place){ ifindex, (0x100 + i) << 16, at.handle },
			  "pfifo limit 50");
	}
	return twice;
}

static void check_dump(unsigned ifindex, unsigned round)
{
	_cleanup_nl_classes_ struct nl_classes classes = { 0 };
	_cleanup_nl_qdiscs_ struct nl_qdiscs qdiscs = { 0 };

	assert_int_equal(nl_class_list(nl, ifindex, &classes), 0);
	assert_int_equal(nl_qdisc_list(nl, ifindex, &qdiscs), 0);
	assert_int_equal(classes.n, QUEUES + QUEUES + CLASSES);
	assert_int_equal(qdiscs.n, 1 + QUEUES + CLASSES);
	for (unsigned i = 0; i < CLASSES; i++) {
		struct nl_tc_place at = place(ifindex, i);
		const struct nl_class *c = nl_class_find(&classes, at.handle);
		const struct nl_qdisc *q = nl_qdisc_find(&qdiscs, at.handle);

		assert_true(c && q);
		assert_int_equal(c->parent, at.parent);
		assert_int_equal(c->leaf, (0x100 + i) << 16);
		assert_true(c->htb.rate == rate_of(i, round));
		assert_true(c->htb.ceil == 2 * rate_of(i, round));
		assert_int_equal(q->handle, (0x100 + i) << 16);
		assert_int_equal(q->spec.kind, NL_QDISC_PFIFO);
		assert_int_equal(q->spec.fifo.limit, 50);
	}
}

static void check_refused_twice(const struct nl_batch *b, size_t twice)
{
	const struct nl_refusals *r = nl_batch_refusals(b);
	/* Behind the trunk: a class, the same again, its leaf; then nine with their leaves. */
	size_t first = 1 + 2 * QUEUES + 1, step = 21;

	assert_int_equal(r->n, 2 * twice);
	for (size_t i = 0; i < r->n; i++) {
		size_t device = i / twice * (1 + 2 * QUEUES + 2 * CLASSES + twice);

		assert_int_equal(r->at[i].error, -EEXIST);
		assert_int_equal(r->at[i].index, device + first + i % twice * step);
	}
}

static void make_all(unsigned a, unsigned b)
{
	_cleanup_nl_batch_ struct nl_batch *batch = NULL;
	size_t twice;

	assert_int_equal(nl_batch_open(nl, &batch), 0);
	put_trunk(batch, a);
	twice = put_classes(batch, a);
	put_trunk(batch, b);
	assert_int_equal(put_classes(batch, b), twice);
	assert_int_equal(nl_batch_flush(batch), 0);
	check_refused_twice(batch, twice);
}

static void change_all(unsigned a, unsigned b, unsigned round)
{
	_cleanup_nl_batch_ struct nl_batch *batch = NULL;

	assert_int_equal(nl_batch_open(nl, &batch), 0);
	for (unsigned i = 0; i < CLASSES; i++) {
		put_class(batch, NL_TC_CHANGE, place(a, i), class_of(i, round));
		put_class(batch, NL_TC_CHANGE, place(b, i), class_of(i, round));
	}
	assert_int_equal(nl_batch_flush(batch), 0);
	assert_int_equal(nl_batch_refusals(batch)->n, 0);
}

/* The classes one by one, then the trunk at once. */
static void delete_all(unsigned ifindex)
{
	_cleanup_nl_batch_ struct nl_batch *batch = NULL;
	_cleanup_nl_classes_ struct nl_classes left = { 0 };
	char buffer[NL_REQUEST_MAX];

	assert_int_equal(nl_batch_open(nl, &batch), 0);
	for (unsigned i = 0; i < CLASSES; i++) {
		struct nl_tc_place at = place(ifindex, i);

		assert_int_equal(
			nl_batch_add(batch, nl_class_request(buffer, NL_TC_DELETE, &at, NULL)), 0);
	}
	assert_int_equal(nl_batch_flush(batch), 0);
	assert_int_equal(nl_batch_refusals(batch)->n, 0);
	assert_int_equal(nl_class_list(nl, ifindex, &left), 0);
	assert_int_equal(left.n, 2 * QUEUES);
	assert_int_equal(qdisc_test_do(nl, NL_TC_DELETE,
				       (struct nl_tc_place){ ifindex, MQ_HANDLE, TC_H_ROOT }, "mq"),
			 0);
}

static void test_thousands(void **state)
{
	_cleanup_nl_qdiscs_ struct nl_qdiscs left = { 0 };
	unsigned a, b;

	NL_TEST_NEEDS_NAMESPACE(nl);
	a = devices(QUEUES);
	b = (unsigned)nl_test_index(nl, "tb");
	QDISC_TEST_NEEDS(nl, a, "htb");
	make_all(a, b);
	check_dump(a, 0);
	check_dump(b, 0);
	change_all(a, b, 1);
	check_dump(a, 1);
	check_dump(b, 1);
	delete_all(a);
	check_dump(b, 1);
	delete_all(b);
	assert_int_equal(nl_qdisc_list(nl, a, &left), 0);
	vec_foreach(&left, q) {
		assert_true(q->spec.kind != NL_QDISC_HTB && q->spec.kind != NL_QDISC_PFIFO);
	}
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_class_holds),
		cmocka_unit_test(test_tc_agrees),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unshaped),
		cmocka_unit_test(test_change_keeps_fifo),
		cmocka_unit_test(test_change_keeps_fq_codel),
		cmocka_unit_test(test_change_keeps_cake),
		cmocka_unit_test(test_thousands),
	};

	return cmocka_run_group_tests_name("nl/qdisc_class", tests, setup, teardown);
}
