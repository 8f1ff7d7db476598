/* SPDX-License-Identifier: GPL-2.0-only */
/* Trees in a real kernel that change: by plan, and by what others do to them. */
#include "shaper/apply_fixture.h"

NL_TEST_FIXTURE

/* --- changed ---------------------------------------------------------------------------------- */

static void test_only_what_differs_is_asked_for(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, same = { 0 }, next = { 0 }, line = { 0 };
	_cleanup_nl_monitor_ struct nl_monitor *m = NULL;
	struct shaper_settings s = settings(4, 0);

	APPLY_NEEDS(4, false);
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	m = watch();
	same = plan_after(&net, &s, &p.plan);
	bench_apply(&b, &same.plan);
	assert_int_equal(changes_since(m), 0);
	net.circuits.at[0].max.down = MBIT(30);
	next = plan_after(&net, &s, &same.plan);
	bench_prepare(&b, &next.plan);
	assert_int_equal(changes_since(m), 0);
	judge(nl, &b, &same.plan);
	shaper_tree_settle(b.tree);
	assert_int_equal(changes_since(m), 1);
	judge(nl, &b, &next.plan);
	s.uplink.up = MBIT(600);
	line = plan_after(&net, &s, &next.plan);
	bench_apply(&b, &line.plan);
	judge(nl, &b, &line.plan);
	b.line.leaf = "pfifo limit 600";
	changes_since(m);
	bench_apply(&b, &line.plan);
	assert_int_equal(changes_since(m), 8);
	judge(nl, &b, &line.plan);
	bench_end(nl, &b);
}

/* A leaf keeps its packets where the kernel can change it in place, and its number. */
static void test_leaf_changes(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, next = { 0 }, other = { 0 };
	struct shaper_settings s = settings(1, 0);
	struct nl_class c;
	uint32_t leaf;

	APPLY_NEEDS(1, false);
	net.circuits.at[0].min.down = net.circuits.at[0].max.down = 8000;
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	assert_int_equal(qdisc_test_send((int)b.ifindex[0], handle(&p, "c1"), 0, 70), 0);
	leaf = qdisc_test_get_class(nl, b.ifindex[0], handle(&p, "c1")).leaf;
	net.circuits.at[0].leaf.down = strdup("pfifo limit 60");
	next = plan_after(&net, &s, &p.plan);
	bench_apply(&b, &next.plan);
	judge(nl, &b, &next.plan);
	c = qdisc_test_get_class(nl, b.ifindex[0], handle(&p, "c1"));
	assert_int_equal(c.leaf, leaf);
	assert_true(c.stats.qlen > 0);
	assert_string_equal(shaper_tree_leaf(b.tree, item_of(&next.plan, SHAPER_CIRCUIT, "c1"), 0),
			    "pfifo limit 60");
	free(net.circuits.at[0].leaf.down);
	net.circuits.at[0].leaf.down = strdup("bfifo limit 90000");
	other = plan_after(&net, &s, &next.plan);
	bench_apply(&b, &other.plan);
	judge(nl, &b, &other.plan);
	assert_int_not_equal(qdisc_test_get_class(nl, b.ifindex[0], handle(&p, "c1")).leaf, leaf);
	bench_end(nl, &b);
}

/* A class that is not wanted stays as long as packets wait in it, and two ticks longer. */
static void test_removed_when_empty(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, next = { 0 }, back = { 0 };
	struct shaper_settings s = settings(1, 0);
	struct nl_htb_class fast = { .rate = MBIT(100), .ceil = MBIT(100), .quantum = 1514 };
	uint32_t old;

	APPLY_NEEDS(1, false);
	net.circuits.at[3].min.down = net.circuits.at[3].max.down = 8000;
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	old = handle(&p, "c4");
	assert_int_equal(qdisc_test_send((int)b.ifindex[0], old, 0, 70), 0);
	net.circuits.n = 3;
	next = plan_after(&net, &s, &p.plan);
	net.circuits.n = 4;
	bench_apply(&b, &next.plan);
	for (int i = 0; i < 5; i++)
		assert_true(shaper_tree_tick(b.tree));
	/* Up had nothing to wait for; down still sends, at its own pace. */
	assert_true(qdisc_test_get_class(nl, b.ifindex[0], old).stats.qlen > 0);
	assert_int_equal(qdisc_test_class(nl, NL_TC_CHANGE,
					  (struct nl_tc_place){ b.ifindex[0], old, FIRST | 0x10 },
					  &fast),
			 0);
	QDISC_TEST_SOON(!qdisc_test_get_class(nl, b.ifindex[0], old).stats.qlen);
	assert_int_equal(qdisc_test_get_class(nl, b.ifindex[0], old).stats.packets, 70);
	assert_true(shaper_tree_tick(b.tree));
	assert_int_equal(qdisc_test_get_class(nl, b.ifindex[0], old).handle, old);
	assert_false(shaper_tree_tick(b.tree));
	judge(nl, &b, &next.plan);
	back = plan_after(&net, &s, &next.plan);
	bench_apply(&b, &back.plan);
	judge(nl, &b, &back.plan);
	bench_end(nl, &b);
}

/* The number of a doomed class is wanted again: it is the same class, with what waits in it. */
static void test_comes_back(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, next = { 0 }, back = { 0 };
	struct shaper_settings s = settings(1, 0);

	APPLY_NEEDS(1, false);
	p = plan_fresh(&net, &s);
	back = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	assert_int_equal(qdisc_test_send((int)b.ifindex[0], handle(&p, "c4"), 0, 9), 0);
	net.circuits.n = 3;
	next = plan_after(&net, &s, &p.plan);
	net.circuits.n = 4;
	bench_apply(&b, &next.plan);
	assert_true(shaper_tree_tick(b.tree));
	bench_apply(&b, &back.plan);
	bench_ticks(&b);
	assert_int_equal(handle(&back, "c4"), handle(&p, "c4"));
	QDISC_TEST_SOON(qdisc_test_get_class(nl, b.ifindex[0], handle(&p, "c4")).stats.packets == 9);
	judge(nl, &b, &back.plan);
	bench_end(nl, &b);
}

/* --- moved ------------------------------------------------------------------------------------ */

static struct nl_htb_class rates_of(const struct bench *b, uint32_t class)
{
	return qdisc_test_get_class(nl, b->ifindex[0], class).htb;
}

/* Old and new class together have the subscriber's rate until the old one is empty. */
static void test_moves(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 }, next = { 0 }, third = { 0 };
	struct shaper_settings s = settings(1, 0);
	struct nl_htb_class fast = { .rate = MBIT(100), .ceil = MBIT(100), .quantum = 1514 };
	uint32_t old, new, last;

	APPLY_NEEDS(1, false);
	s.leaf = "pfifo limit 100";
	net.circuits.at[0].min.down = 12000;
	net.circuits.at[0].max.down = 24000;
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	old = handle(&p, "c1");
	assert_int_equal(qdisc_test_send((int)b.ifindex[0], old, 0, 78), 0);
	free(net.circuits.at[0].parent);
	net.circuits.at[0].parent = strdup("site");
	next = plan_after(&net, &s, &p.plan);
	new = handle(&next, "c1");
	assert_int_not_equal(old, new);
	bench_prepare(&b, &next.plan);
	assert_int_equal(rates_of(&b, old).ceil, 24000);
	shaper_tree_settle(b.tree);
	assert_int_equal(rates_of(&b, old).ceil, 12000);
	assert_int_equal(rates_of(&b, new).ceil, 12000);
	assert_int_equal(rates_of(&b, new).rate, 8000);
	/* Nothing waits in the other direction. */
	assert_int_equal(qdisc_test_get_class(nl, b.ifindex[1], new).htb.ceil, MBIT(50));
	/* Once more, while the first is not empty yet: packets wait in both. */
	assert_int_equal(qdisc_test_send((int)b.ifindex[0], new, 0, 78), 0);
	free(net.circuits.at[0].parent);
	net.circuits.at[0].parent = strdup("ap");
	third = plan_after(&net, &s, &next.plan);
	last = handle(&third, "c1");
	bench_apply(&b, &third.plan);
	assert_int_equal(rates_of(&b, old).ceil, 8000);
	assert_int_equal(rates_of(&b, new).ceil, 8000);
	assert_int_equal(rates_of(&b, last).ceil, 8000);
	for (int i = 0; i < 2; i++) {
		uint32_t one = i ? new : old;

		assert_int_equal(qdisc_test_class(nl, NL_TC_CHANGE,
						  (struct nl_tc_place){ b.ifindex[0], one, FIRST },
						  &fast),
				 0);
		QDISC_TEST_SOON(!qdisc_test_get_class(nl, b.ifindex[0], one).stats.qlen);
		assert_true(shaper_tree_tick(b.tree));
		assert_int_equal(rates_of(&b, last).ceil, i ? 24000 : 12000);
	}
	bench_ticks(&b);
	judge(nl, &b, &third.plan);
	bench_end(nl, &b);
}

/* --- what others do to it --------------------------------------------------------------------- */

static void test_taken_away(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 };
	struct shaper_settings s = settings(2, 0);
	const struct shaper_item *c1;
	struct nl_tc_place root, queue;

	APPLY_NEEDS(2, false);
	root = (struct nl_tc_place){ b.ifindex[1], 0x7fff0000, TC_H_ROOT };
	queue = (struct nl_tc_place){ b.ifindex[0], 0x90000000, 0x7fff0002 };
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	assert_int_equal(qdisc_test_do(nl, NL_TC_DELETE, root, "mq"), 0);
	assert_false(shaper_tree_tick(b.tree));
	assert_told(&b, "tb: lost: our queues are not there any more");
	judge(nl, &b, &p.plan);
	/* One queue only. */
	bench_forget(&b);
	assert_int_equal(qdisc_test_do(nl, NL_TC_REPLACE, queue, "pfifo limit 3"), 0);
	(void)shaper_tree_tick(b.tree);
	assert_told(&b, "ta: lost: ");
	judge(nl, &b, &p.plan);
	/* Somebody else's root is not ours to remove. */
	bench_forget(&b);
	assert_int_equal(qdisc_test_do(nl, NL_TC_DELETE, root, "mq"), 0);
	root.handle = 0x12340000;
	assert_int_equal(qdisc_test_do(nl, NL_TC_REPLACE, root, "pfifo limit 3"), 0);
	for (int i = 0; i < 3; i++)
		assert_true(shaper_tree_tick(b.tree));
	assert_told(&b, "is there: pfifo 1234:");
	assert_null(strstr(strstr(strbuf_text(&b.told), "1234:") + 1, "1234:"));
	assert_int_equal(qdisc_test_do(nl, NL_TC_DELETE, root, "pfifo limit 3"), 0);
	bench_ticks(&b);
	judge(nl, &b, &p.plan);
	/* A class alone is missed when it is to change. */
	c1 = item_of(&p.plan, SHAPER_CIRCUIT, "c1");
	assert_int_equal(qdisc_test_class(nl, NL_TC_DELETE,
					  (struct nl_tc_place){ b.ifindex[0],
								shaper_handle_down(&p.plan, c1), 0 },
					  NULL),
			 0);
	{
		_cleanup_planned_ struct planned next = { 0 };

		net.circuits.at[0].max.down = MBIT(33);
		next = plan_after(&net, &s, &p.plan);
		bench_apply(&b, &next.plan);
		assert_told(&b, "refused");
		bench_ticks(&b);
		judge(nl, &b, &next.plan);
		bench_end(nl, &b);
	}
}

/* A device that went and came back has another number: its tree is made anew, the other's stays. */
static void test_other_device(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 };
	_cleanup_nl_monitor_ struct nl_monitor *m = NULL;
	_cleanup_standing_ struct standing left = { 0 };
	struct shaper_settings s = settings(2, 0);
	int other;

	APPLY_NEEDS(2, false);
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	other = nl_test_add_queues(nl, "veth", "tc", "td", 2);
	assert_true(other > 0);
	b.line.up_ifindex = b.ifindex[1] = (unsigned)other;
	(void)snprintf(b.line.up_name, sizeof(b.line.up_name), "tc");
	bench_apply(&b, &p.plan);
	judge(nl, &b, &p.plan);
	/* Ours is gone from where we are no more. */
	left = standing_of(nl, (unsigned)nl_test_index(nl, "tb"));
	assert_int_equal(left.classes.n, 0);
	assert_int_equal(nl_test_delete(nl, other), 0);
	(void)shaper_tree_tick(b.tree);
	(void)shaper_tree_tick(b.tree);
	assert_string_equal(strbuf_text(&b.told), "");
	/* What is lost of the other one meanwhile comes back. */
	assert_int_equal(qdisc_test_do(nl, NL_TC_DELETE,
				       (struct nl_tc_place){ b.ifindex[0], 0x7fff0000, TC_H_ROOT },
				       "mq"),
			 0);
	(void)shaper_tree_tick(b.tree);
	assert_told(&b, "ta: lost: ");
	assert_int_equal(judge_side(nl, &b, &p.plan, 0), p.plan.items.n + 6);
	/* The direction that is left goes on without it. */
	m = watch();
	b.line.up_ifindex = 0;
	bench_apply(&b, &p.plan);
	assert_int_equal(changes_since(m), 0);
	assert_int_equal(judge_side(nl, &b, &p.plan, 0), p.plan.items.n + 6);
	b.line.up_ifindex = b.ifindex[1] = (unsigned)nl_test_index(nl, "tb");
	bench_apply(&b, &p.plan);
	judge(nl, &b, &p.plan);
	bench_end(nl, &b);
}

/* Only counting: what stands is emptied and goes; a foreign root does not matter then. */
static void test_without_a_tree(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_planned_ struct planned p = { 0 };
	struct shaper_settings s = settings(2, 0);
	const struct shaper_plan none = { 0 };
	struct nl_tc_place root;

	APPLY_NEEDS(2, false);
	p = plan_fresh(&net, &s);
	for (int restart = 0; restart < 2; restart++) {
		bench_apply(&b, &p.plan);
		if (restart)
			bench_restart(&b);
		bench_apply(&b, &none);
		bench_ticks(&b);
		for (int up = 0; up < 2; up++)
			assert_int_equal(qdisc_test_get(nl, b.ifindex[up], TC_H_ROOT).handle, 0);
		bench_restart(&b);
	}
	root = (struct nl_tc_place){ b.ifindex[0], 0x12340000, TC_H_ROOT };
	assert_int_equal(qdisc_test_do(nl, NL_TC_REPLACE, root, "pfifo limit 3"), 0);
	bench_apply(&b, &none);
	bench_ticks(&b);
	shaper_tree_stop(b.tree);
	assert_int_equal(qdisc_test_get(nl, b.ifindex[0], TC_H_ROOT).handle, 0x12340000);
	bench_end(nl, &b);
}

/* --- figures ---------------------------------------------------------------------------------- */

static void test_figures(void **state)
{
	_cleanup_(network_free) struct network net = some_network();
	_cleanup_shaper_stats_ struct shaper_stats stats = { 0 };
	_cleanup_planned_ struct planned p = { 0 };
	struct shaper_settings s = settings(1, 0);
	const struct shaper_both *c1, *c4;

	APPLY_NEEDS(1, false);
	assert_int_equal(shaper_tree_stats(b.tree, &stats), 0);
	assert_int_equal(stats.items.n, 0);
	net.circuits.at[0].min.down = net.circuits.at[0].max.down = 8000;
	p = plan_fresh(&net, &s);
	bench_apply(&b, &p.plan);
	(void)qdisc_test_send((int)b.ifindex[0], handle(&p, "c1"), 0, 100);
	assert_int_equal(qdisc_test_send((int)b.ifindex[1], handle(&p, "c4"), 0, 5), 0);
	assert_int_equal(qdisc_test_send((int)b.ifindex[1], FIRST | 3, 0, 7), 0);
	assert_int_equal(qdisc_test_send((int)b.ifindex[0], 0, 0, 3), 0);
	shaper_stats_free(&stats);
	assert_int_equal(shaper_tree_stats(b.tree, &stats), 0);
	assert_int_equal(stats.items.n, p.plan.items.n);
	assert_int_equal(stats.queues.n, 1);
	c1 = &stats.items.at[item_index(&p.plan, SHAPER_CIRCUIT, "c1")];
	c4 = &stats.items.at[item_index(&p.plan, SHAPER_CIRCUIT, "c4")];
	assert_true(c1->down.there && c1->up.there && c1->up.packets == 0);
	assert_in_range(c1->down.backlog, 1, 50);
	assert_int_equal(c1->down.backlog_bytes, 100 * c1->down.backlog);
	assert_int_equal(c1->down.packets + c1->down.drops + c1->down.backlog, 100);
	assert_true(c1->down.drops > 10);
	assert_true(c4->up.packets == 5 && c4->up.bytes == 500 && c4->down.packets == 0);
	assert_true(stats.items.at[0].down.packets == c1->down.packets); /* of the node above */
	assert_true(stats.queues.at[0].control.up.packets >= 7);
	assert_true(stats.queues.at[0].rest.down.packets >= 3);
	assert_true(stats.queues.at[0].line.up.packets >= 12);
	bench_end(nl, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APPLY_TEST(test_only_what_differs_is_asked_for),
		APPLY_TEST(test_leaf_changes),
		APPLY_TEST(test_removed_when_empty),
		APPLY_TEST(test_comes_back),
		APPLY_TEST(test_moves),
		APPLY_TEST(test_taken_away),
		APPLY_TEST(test_other_device),
		APPLY_TEST(test_without_a_tree),
		APPLY_TEST(test_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
