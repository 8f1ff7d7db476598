/* SPDX-License-Identifier: GPL-2.0-only */
/* Trees in a real kernel: made, taken over, taken back, and what is refused. */
#include "shaper/apply_fixture.h"

NL_TEST_FIXTURE

/* --- made ------------------------------------------------------------------------------------- */

static void test_cold(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 };
	struct shaper_settings s = settings(4, 0);
	char out[16384];

	APPLY_NEEDS(4, false);
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	judge(nl, &b, &p.plan);
	assert_string_equal(strbuf_text(&b.told), "");
	assert_false(shaper_tree_tick(b.tree));
	if (qdisc_test_have_tc()) {
		assert_int_equal(qdisc_test_tc("-d class show dev tb", out, sizeof(out)), 0);
		assert_non_null(strstr(out, "class htb 1:1 root rate 500Mbit ceil 500Mbit"));
		assert_int_equal(qdisc_test_tc("qdisc show dev ta", out, sizeof(out)), 0);
		assert_non_null(strstr(out, "qdisc mq 7fff: root"));
		assert_non_null(strstr(out, "qdisc htb 4: parent 7fff:4 r2q 10 default 0x2"));
	}
	bench_end(nl, &b);
}

/* A device of a single queue has no mq; without a queue to itself a second direction has no place. */
static void test_single_queue(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, two = { 0 };
	struct shaper_settings s = settings(1, 0), more = settings(2, 0);
	unsigned queues = 0;

	APPLY_NEEDS(1, false);
	assert_int_equal(shaper_tree_queues(b.tree, b.ifindex[0], &queues), 0);
	assert_int_equal(queues, 1);
	p = plan_fresh(&net, &s);
	two = plan_fresh(&net, &more);
	bench_apply(&b, &p.plan);
	judge(nl, &b, &p.plan);
	assert_int_equal(shaper_tree_prepare(b.tree, &b.line, &two.plan, &b.d), -EINVAL);
	assert_found(&b, "ta has 1 transmit queue, 2 are wanted");
	judge(nl, &b, &p.plan);
	bench_restart(&b);
	bench_apply(&b, &p.plan);
	judge(nl, &b, &p.plan);
	assert_told(&b, "ta: adopted: ");
	shaper_tree_stop(b.tree);
	bench_end(nl, &b);
}

static void test_on_a_stick(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, wrong = { 0 }, fewer = { 0 };
	struct shaper_settings s = settings(3, 3), bad = settings(3, 0), less = settings(2, 2);

	APPLY_NEEDS(6, true);
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	judge(nl, &b, &p.plan);
	wrong = plan_fresh(&net, &bad);
	assert_int_equal(shaper_tree_prepare(b.tree, &b.line, &wrong.plan, &b.d), -EINVAL);
	assert_found(&b, "carries both directions");
	/* Upload's queues are others then: what was download's is upload's. */
	fewer = plan_after(&net, &less, &p.plan);
	bench_apply(&b, &fewer.plan);
	bench_ticks(&b);
	judge(nl, &b, &fewer.plan);
	bench_end(nl, &b);
}

static void test_stop(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 };
	_cleanup_standing_ struct standing left = { 0 };
	struct shaper_settings s = settings(2, 0);

	APPLY_NEEDS(2, false);
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	shaper_tree_stop(b.tree);
	left = standing_of(nl, b.ifindex[0]);
	assert_int_equal(left.classes.n, 0);
	assert_int_equal(leaf_at(&left, TC_H_ROOT)->handle, 0);
	assert_false(shaper_tree_tick(b.tree));
	bench_apply(&b, &p.plan);
	judge(nl, &b, &p.plan);
	bench_end(nl, &b);
}

/* --- taken over ------------------------------------------------------------------------------- */

/* After a restart nothing at all is asked of the kernel that it has already. */
static void test_adopted(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, next = { 0 };
	_cleanup_nl_monitor_ struct nl_monitor *m = NULL;
	struct shaper_settings s = settings(4, 0);

	APPLY_NEEDS(4, false);
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	m = watch();
	bench_restart(&b);
	bench_apply(&b, &p.plan);
	assert_int_equal(changes_since(m), 0);
	assert_told(&b, "ta: adopted: ");
	judge(nl, &b, &p.plan);
	bench_restart(&b);
	net.circuits.at[0].max.down = MBIT(40);
	free(net.circuits.at[3].id);
	net.circuits.at[3].id = strdup("c5");
	next = plan_after(&net, &s, &p.plan);
	bench_apply(&b, &next.plan);
	bench_ticks(&b);
	judge(nl, &b, &next.plan);
	bench_end(nl, &b);
}

/* Leaves are told by the kernel with every option there is, and times not quite as they were given. */
static void test_adopted_leaves(void **state)
{
	static const char *const words[] = { "cake diffserv4 rtt 20ms nat", "cake besteffort",
					     "fq_codel target 7ms interval 130ms limit 3000",
					     "fq_codel flows 256" };
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, next = { 0 };
	_cleanup_nl_monitor_ struct nl_monitor *m = NULL;
	struct shaper_settings s = settings(2, 0);

	APPLY_NEEDS(2, false);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		net.circuits.at[i].leaf.up = strdup(words[i]);
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	m = watch();
	bench_restart(&b);
	bench_apply(&b, &p.plan);
	assert_int_equal(changes_since(m), 0);
	judge(nl, &b, &p.plan);
	/* And they can be changed in place, which is one step. */
	free(net.circuits.at[0].leaf.up);
	net.circuits.at[0].leaf.up = strdup("cake besteffort");
	next = plan_after(&net, &s, &p.plan);
	bench_apply(&b, &next.plan);
	assert_int_equal(changes_since(m), has_cake ? 1 : 0);
	judge(nl, &b, &next.plan);
	bench_end(nl, &b);
}

/* What waits in a queue and what it has counted outlive a restart and a change of the rate. */
static void test_nothing_is_lost(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, next = { 0 };
	struct shaper_settings s = settings(1, 0);
	struct nl_class c;

	APPLY_NEEDS(1, false);
	net.circuits.at[0].min.down = net.circuits.at[0].max.down = 8000;
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	assert_int_equal(qdisc_test_send((int)b.ifindex[0], handle(&p, "c1"), 0, 70), 0);
	c = qdisc_test_get_class(nl, b.ifindex[0], handle(&p, "c1"));
	assert_true(c.stats.qlen && c.stats.packets + c.stats.qlen == 70);
	bench_restart(&b);
	bench_apply(&b, &p.plan);
	c = qdisc_test_get_class(nl, b.ifindex[0], handle(&p, "c1"));
	assert_int_equal(c.stats.packets + c.stats.qlen, 70);
	net.circuits.at[0].min.down = net.circuits.at[0].max.down = 9000;
	next = plan_after(&net, &s, &p.plan);
	bench_apply(&b, &next.plan);
	judge(nl, &b, &next.plan);
	c = qdisc_test_get_class(nl, b.ifindex[0], handle(&next, "c1"));
	assert_true(c.stats.qlen && c.stats.packets + c.stats.qlen == 70);
	bench_end(nl, &b);
}

/* Another number of queues than the one before us had. */
static void test_adopted_with_other_queues(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned four = { 0 }, two = { 0 }, more = { 0 };
	struct shaper_settings s = settings(4, 0), few = settings(2, 0);

	APPLY_NEEDS(4, false);
	four = plan_fresh(&net, &s);
	bench_apply(&b, &four.plan);
	bench_restart(&b);
	two = plan_fresh(&net, &few);
	bench_apply(&b, &two.plan);
	bench_ticks(&b);
	judge(nl, &b, &two.plan);
	more = plan_after(&net, &s, &two.plan);
	bench_apply(&b, &more.plan);
	bench_ticks(&b);
	judge(nl, &b, &more.plan);
	bench_end(nl, &b);
}

static void add_class(unsigned ifindex, uint32_t handle, uint32_t parent)
{
	const struct nl_htb_class some = { .rate = MBIT(10), .ceil = MBIT(10), .quantum = 1514 };

	assert_int_equal(qdisc_test_class(nl, NL_TC_ADD,
					  (struct nl_tc_place){ ifindex, handle, parent }, &some),
			 0);
}

/* A tree that others made, with the same numbers elsewhere: what is in the way goes, and is told. */
static void test_another_tree_below_our_root(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 };
	struct shaper_settings s = settings(2, 0);

	APPLY_NEEDS(2, false);
	for (int up = 0; up < 2; up++) {
		unsigned i = b.ifindex[up];

		assert_int_equal(qdisc_test_do(nl, NL_TC_REPLACE,
					       (struct nl_tc_place){ i, 0x7fff0000, TC_H_ROOT }, "mq"),
				 0);
		assert_int_equal(qdisc_test_do(nl, NL_TC_ADD,
					       (struct nl_tc_place){ i, FIRST, 0x7fff0001 },
					       "htb default 2"),
				 0);
		add_class(i, FIRST | 1, FIRST);
		add_class(i, FIRST | 2, FIRST | 1);
		add_class(i, FIRST | 3, FIRST); /* below q:1 in ours */
		add_class(i, FIRST | 0x10, FIRST | 3);
		add_class(i, FIRST | 0x11, FIRST | 0x10);
		add_class(i, FIRST | 0x12, FIRST | 0x11);
		assert_int_equal(qdisc_test_do(nl, NL_TC_ADD,
					       (struct nl_tc_place){ i, 0x3330000, FIRST | 0x12 },
					       "pfifo"),
				 0);
	}
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	bench_ticks(&b);
	judge(nl, &b, &p.plan);
	assert_told(&b, "ta: replaced: 4 classes stood elsewhere");
	bench_end(nl, &b);
}

/* An htb of ours below the wrong queue, or one with another default: all is made anew. */
static void test_root_of_another_shape(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 };
	struct shaper_settings s = settings(2, 0);

	APPLY_NEEDS(2, false);
	p = plan_fresh(&net, &s);
	assert_int_equal(qdisc_test_do(nl, NL_TC_REPLACE,
				       (struct nl_tc_place){ b.ifindex[0], 0x7fff0000, TC_H_ROOT },
				       "mq"),
			 0);
	assert_int_equal(qdisc_test_do(nl, NL_TC_REPLACE,
				       (struct nl_tc_place){ b.ifindex[0], 0x20000, 0x7fff0001 },
				       "htb default 2"),
			 0);
	assert_int_equal(qdisc_test_do(nl, NL_TC_REPLACE,
				       (struct nl_tc_place){ b.ifindex[1], FIRST, TC_H_ROOT },
				       "htb default 2"),
			 0);
	add_class(b.ifindex[1], FIRST | 1, FIRST);
	add_class(b.ifindex[1], FIRST | 2, FIRST | 1);
	bench_apply(&b, &p.plan);
	assert_told(&b, "ta: replaced: our tree has another shape");
	assert_told(&b, "tb: replaced: our tree has another shape");
	judge(nl, &b, &p.plan);
	bench_end(nl, &b);
}

static void check_foreign(struct bench *b, const struct shaper_plan *plan, uint32_t handle,
			  const char *words, const char *said)
{
	const struct nl_tc_place at = { b->ifindex[1], handle, TC_H_ROOT };
	_cleanup_standing_ struct standing first = { 0 };

	assert_int_equal(qdisc_test_do(nl, NL_TC_REPLACE, at, words), 0);
	assert_int_equal(shaper_tree_prepare(b->tree, &b->line, plan, &b->d), -EEXIST);
	assert_found(b, said);
	assert_found(b, "tc qdisc del dev tb root");
	assert_int_equal(qdisc_test_get(nl, b->ifindex[1], TC_H_ROOT).handle, handle);
	/* Of the other device nothing is kept. */
	first = standing_of(nl, b->ifindex[0]);
	assert_int_equal(first.classes.n, 0);
	assert_int_equal(leaf_at(&first, TC_H_ROOT)->handle, 0);
	assert_int_equal(qdisc_test_do(nl, NL_TC_DELETE, at, words), 0);
}

static void test_foreign_root(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 };
	struct shaper_settings s = settings(2, 0);

	APPLY_NEEDS(2, false);
	p = plan_fresh(&net, &s);
	check_foreign(&b, &p.plan, 0x80010000, "pfifo limit 7", "is there: pfifo 8001:");
	check_foreign(&b, &p.plan, FIRST, "htb default 30", "is there: htb 1:");
	check_foreign(&b, &p.plan, FIRST, "htb default 2", "is there: htb 1:"); /* without classes */
	check_foreign(&b, &p.plan, 0x10000, "mq", "is there: mq 1:");
	bench_apply(&b, &p.plan);
	judge(nl, &b, &p.plan);
	bench_end(nl, &b);
}

/* --- taken back ------------------------------------------------------------------------------- */

static void assert_same_standing(const struct standing *a, const struct standing *b)
{
	assert_int_equal(a->classes.n, b->classes.n);
	for (size_t i = 0; i < a->classes.n; i++) {
		const struct nl_class *x = &a->classes.at[i], *y = &b->classes.at[i];

		assert_true(x->handle == y->handle && x->parent == y->parent && x->leaf == y->leaf);
		assert_memory_equal(&x->htb, &y->htb, sizeof(x->htb));
	}
	assert_int_equal(a->qdiscs.n, b->qdiscs.n);
	for (size_t i = 0; i < a->qdiscs.n; i++) {
		const struct nl_qdisc *x = &a->qdiscs.at[i], *y = &b->qdiscs.at[i];

		assert_int_equal(x->parent, y->parent);
		/* An unused queue may have another default than before. */
		if (x->handle || x->parent >> 16 != 0x7fff)
			assert_true(x->handle == y->handle && x->spec.kind == y->spec.kind);
	}
}

static void test_reverted(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, next = { 0 };
	struct shaper_settings s = settings(2, 0);

	APPLY_NEEDS(4, false);
	p = plan_fresh(&net, &s);
	for (int cold = 1; cold >= 0; cold--) {
		_cleanup_standing_ struct standing was = standing_of(nl, b.ifindex[0]), is = { 0 };

		bench_prepare(&b, cold ? &p.plan : &next.plan);
		shaper_tree_revert(b.tree);
		is = standing_of(nl, b.ifindex[0]);
		assert_same_standing(&was, &is);
		(void)shaper_tree_tick(b.tree);
		if (!cold)
			break;
		bench_apply(&b, &p.plan);
		s.queues = 3;
		net.circuits.at[0].max.down = MBIT(10);
		(void)fixture_circuit(&net, "new", "ap", 1, 10);
		next = plan_after(&net, &s, &p.plan);
	}
	judge(nl, &b, &p.plan);
	bench_apply(&b, &next.plan);
	judge(nl, &b, &next.plan);
	bench_end(nl, &b);
}

/* Deeper than HTB goes: what stood before the refusal is taken back, what ran runs on. */
static void test_refused_by_the_kernel(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, deep = { 0 };
	_cleanup_standing_ struct standing was = { 0 }, is = { 0 };
	struct shaper_settings s = settings(2, 0);

	APPLY_NEEDS(2, false);
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	was = standing_of(nl, b.ifindex[1]);
	deep = plan_after(&net, &s, &p.plan);
	for (int i = 0; i < 9; i++) {
		struct shaper_item item = deep.plan.items.at[1];

		item.name = "deeper";
		item.parent = i ? (int)deep.plan.items.n - 1 : 1;
		item.minor = (uint16_t)(0x200 + i);
		assert_int_equal(vec_push(&deep.plan.items, item), 0);
	}
	assert_int_not_equal(shaper_tree_prepare(b.tree, &b.line, &deep.plan, &b.d), 0);
	assert_found(&b, "ta: class 1:20");
	is = standing_of(nl, b.ifindex[1]);
	assert_same_standing(&was, &is);
	assert_false(shaper_tree_tick(b.tree));
	judge(nl, &b, &p.plan);
	bench_end(nl, &b);
}

static void test_bad_leaves(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, bad = { 0 };
	struct shaper_settings s = settings(2, 0);

	APPLY_NEEDS(2, false);
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	net.circuits.at[1].leaf.up = strdup("htb default 3");
	bad = plan_after(&net, &s, &p.plan);
	assert_int_equal(shaper_tree_prepare(b.tree, &b.line, &bad.plan, &b.d), -EINVAL);
	assert_found(&b, "leaf \"htb default 3\": not a queue for a subscriber");
	judge(nl, &b, &p.plan);
	bench_end(nl, &b);
}

/* --- leaves that are not to be had ------------------------------------------------------------ */

static void test_next_best_leaf(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, next = { 0 };
	struct shaper_settings s = settings(2, 0);
	const char *leaf;

	APPLY_NEEDS(2, false);
	s.leaf = "cake diffserv4";
	b.line.leaf = "fifo";
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	judge(nl, &b, &p.plan);
	leaf = shaper_tree_leaf(b.tree, item_of(&p.plan, SHAPER_CIRCUIT, "c1"), true);
	assert_string_equal(leaf, has_cake     ? "cake diffserv4" :
				  has_fq_codel ? "fq_codel" :
						 "pfifo");
	assert_null(shaper_tree_leaf(b.tree, item_of(&p.plan, SHAPER_NODE, "ap"), true));
	if (!has_cake)
		assert_told(&b, "ta: leaf: cake is not available in this kernel: fq_codel is used");
	if (!has_fq_codel)
		assert_told(&b,
			    "ta: leaf: fq_codel is not available in this kernel: pfifo is used");
	/* Told once; and a fifo's limit follows the rate. */
	bench_forget(&b);
	net.circuits.at[0].max.down = MBIT(5);
	next = plan_after(&net, &s, &p.plan);
	bench_apply(&b, &next.plan);
	judge(nl, &b, &next.plan);
	assert_string_equal(strbuf_text(&b.told), "");
	bench_restart(&b);
	bench_apply(&b, &next.plan);
	judge(nl, &b, &next.plan);
	bench_end(nl, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APPLY_TEST(test_cold),
		APPLY_TEST(test_single_queue),
		APPLY_TEST(test_on_a_stick),
		APPLY_TEST(test_stop),
		APPLY_TEST(test_adopted),
		APPLY_TEST(test_adopted_leaves),
		APPLY_TEST(test_nothing_is_lost),
		APPLY_TEST(test_adopted_with_other_queues),
		APPLY_TEST(test_another_tree_below_our_root),
		APPLY_TEST(test_root_of_another_shape),
		APPLY_TEST(test_foreign_root),
		APPLY_TEST(test_reverted),
		APPLY_TEST(test_refused_by_the_kernel),
		APPLY_TEST(test_bad_leaves),
		APPLY_TEST(test_next_best_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
