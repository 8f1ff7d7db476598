/* SPDX-License-Identifier: GPL-2.0-only */
/* Long histories at random in a real kernel, and the size that it is for. */
#include "shaper/apply_fixture.h"

NL_TEST_FIXTURE

#define QUEUES 9

/* --- histories -------------------------------------------------------------------------------- */

static void delete_qdisc(unsigned ifindex, uint32_t handle, uint32_t parent)
{
	(void)qdisc_test_do(nl, NL_TC_DELETE, (struct nl_tc_place){ ifindex, handle, parent }, NULL);
}

/* Somebody else at work: takes the root, or a queue, or a leaf class with what is in it. */
static void damage(struct bench *b, const struct shaper_plan *plan)
{
	unsigned ifindex = b->ifindex[draw(2)];
	const struct shaper_item *item;

	switch (draw(3)) {
	case 0:
		delete_qdisc(ifindex, 0x7fff0000, TC_H_ROOT);
		break;
	case 1:
		delete_qdisc(ifindex, FIRST, 0x7fff0001);
		break;
	default:
		if (!plan->items.n)
			break;
		item = &plan->items.at[draw((uint32_t)plan->items.n)];
		(void)qdisc_test_class(nl, NL_TC_DELETE,
				       (struct nl_tc_place){ b->ifindex[0],
							     shaper_handle_down(plan, item), 0 },
				       NULL);
		/* Told by nobody, so it is found by who starts anew. */
		bench_restart(b);
		bench_apply(b, plan);
	}
}

/* From one plan to the next, by one of the ways there are; returns whether all was waited for. */
static bool step(struct bench *b, const struct shaper_plan *last, const struct shaper_plan *next)
{
	bool restarted = !draw(8);

	if (restarted)
		bench_restart(b);
	if (!draw(4)) {
		bench_prepare(b, next);
		shaper_tree_revert(b->tree);
		if (!restarted && last->queues) {
			bench_ticks(b);
			judge(nl, b, last);
		}
	}
	bench_apply(b, next);
	if (!draw(3)) {
		if (draw(2))
			(void)shaper_tree_tick(b->tree);
		return false;
	}
	if (!draw(4))
		damage(b, next);
	bench_ticks(b);
	return true;
}

/* Now and then what was before is not known: all numbers are new, and stand where others stood. */
static struct planned next_plan(const struct network *net, const struct world *w,
				const struct planned *last)
{
	return last->plan.queues && draw(10) ? plan_after(net, &w->settings, &last->plan) :
					       plan_fresh(net, &w->settings);
}

static void history(struct bench *b, bool stick)
{
	_cleanup_planned_ struct planned last = { 0 };
	struct world w;

	world_make(&w, draw(NODES), draw(CIRCUITS));
	w.settings.up_offset = stick ? QUEUES : 0;
	for (unsigned i = 0; i < 14; i++) {
		_cleanup_(network_free) struct network net = world_network(&w);
		_cleanup_planned_ struct planned p = next_plan(&net, &w, &last);

		assert_int_equal(p.r, 0);
		if (step(b, &last.plan, &p.plan))
			judge(nl, b, &p.plan);
		planned_free(&last);
		last = p;
		p = (struct planned){ 0 };
		world_change(&w);
	}
	shaper_tree_free(b->tree);
	b->tree = NULL;
}

static void histories(bool stick)
{
	for (unsigned i = 0; i < 10; i++) {
		struct bench b;

		seed = 100 * stick + i;
		bench_new(&b, nl, stick ? 2 * QUEUES : QUEUES, stick);
		history(&b, stick);
		bench_end(nl, &b);
	}
}

static void test_two_devices(void **state)
{
	APPLY_NEEDS_HTB();
	histories(false);
}

static void test_stick(void **state)
{
	APPLY_NEEDS_HTB();
	histories(true);
}

/* --- the size it is for ----------------------------------------------------------------------- */

static double now_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct network big_network(unsigned circuits)
{
	struct network net = { 0 };
	char name[16], parent[16];

	for (unsigned i = 0; i < circuits / 20; i++) {
		(void)snprintf(name, sizeof(name), "n%u", i);
		(void)fixture_node(&net, name, i < 50 ? -1 : (int)draw(i / 2), 1 + draw(1000));
	}
	for (unsigned i = 0; i < circuits; i++) {
		(void)snprintf(name, sizeof(name), "c%u", i);
		(void)snprintf(parent, sizeof(parent), "n%u", draw(circuits / 20));
		(void)fixture_circuit(&net, name, draw(10) ? parent : NULL, 1, 10 + draw(200));
	}
	return net;
}

struct times {
	double cold, adopted, nothing, one, all, stats, tick;
};

static double timed_apply(struct bench *b, const struct shaper_plan *plan)
{
	double start = now_ms();

	bench_apply(b, plan);
	return now_ms() - start;
}

static double timed_change(struct bench *b, struct planned *p, const struct network *net,
			   const struct shaper_settings *s)
{
	struct planned next = plan_after(net, s, &p->plan);
	double took = timed_apply(b, &next.plan);

	planned_free(p);
	*p = next;
	return took;
}

static void change_rates(struct network *net)
{
	vec_foreach(&net->circuits, c)
		c->max = (struct rate_pair){ c->max.down + 800000, c->max.up + 800000 };
}

/*
 * Printed for whoever wants to know; a busy machine is no mistake.  It is for 10,000 circuits,
 * which the environment may ask for; most of their time is the kernel's, which on virtual devices
 * looks through all classes of all devices for each that is made.
 */
static void test_size(void **state)
{
	const char *wish = getenv("SHAPER_TEST_CIRCUITS");
	unsigned circuits = wish ? (unsigned)atoi(wish) : 1000;
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_shaper_stats_ struct shaper_stats stats = { 0 };
	_cleanup_planned_ struct planned p = { 0 };
	struct shaper_settings s = { .queues = 8,
				     .uplink = { MBIT(10000), MBIT(10000) },
				     .leaf = "pfifo limit 100" };
	struct times t;
	struct bench b;
	double start;

	APPLY_NEEDS_HTB();
	bench_new(&b, nl, 8, false);
	seed = 9;
	net = big_network(circuits);
	p = plan_fresh(&net, &s);
	t.cold = timed_apply(&b, &p.plan);
	bench_restart(&b);
	t.adopted = timed_apply(&b, &p.plan);
	t.nothing = timed_change(&b, &p, &net, &s);
	net.circuits.at[7].max.down = MBIT(3);
	t.one = timed_change(&b, &p, &net, &s);
	change_rates(&net);
	t.all = timed_change(&b, &p, &net, &s);
	judge(nl, &b, &p.plan);
	start = now_ms();
	assert_int_equal(shaper_tree_stats(b.tree, &stats), 0);
	t.stats = now_ms() - start;
	start = now_ms();
	assert_false(shaper_tree_tick(b.tree));
	t.tick = now_ms() - start;
	print_message(
		"%u circuits on two devices of 8 queues, ms: made %.0f, taken over %.0f, "
		"nothing changed %.2f, one rate %.2f, all rates %.0f, figures %.0f, tick %.2f\n",
		circuits, t.cold, t.adopted, t.nothing, t.one, t.all, t.stats, t.tick);
	bench_end(nl, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APPLY_TEST(test_two_devices),
		APPLY_TEST(test_stick),
		APPLY_TEST(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
