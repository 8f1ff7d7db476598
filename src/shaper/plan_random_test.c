/* SPDX-License-Identifier: GPL-2.0-only */
/* Networks at random, long histories of changes, and the size that it is for. */
#include <time.h>

#include "shaper/plan_check.h"

static void plans_are_right_and_changes_small(void **state)
{
	for (unsigned history = 0; history < 60; history++) {
		_cleanup_planned_ struct planned last = { 0 };
		struct world w;

		seed = history;
		world_make(&w, draw(NODES), draw(CIRCUITS));
		for (unsigned step = 0; step < 30; step++) {
			_cleanup_(network_free) struct network net = world_network(&w);
			_cleanup_planned_ struct planned p = { 0 }, again = { 0 };

			p = plan_after(&net, &w.settings, &last.plan);
			check_plan(&net, &w.settings, &p);
			check_seats(&last.plan, &p.plan);
			(void)assert_diff_arrives(&last.plan, &p.plan);
			again = plan_after(&net, &w.settings, &p.plan);
			assert_int_equal(assert_diff_arrives(&p.plan, &again.plan), 0);
			planned_free(&last);
			last = p;
			p = (struct planned){ 0 };
			world_change(&w);
		}
	}
}

/* Returns whether the pieces were small enough for the average to be met. */
static bool check_balance(const struct shaper_plan *plan)
{
	uint64_t sum = 0, biggest = check_loads(plan);
	bool small;

	vec_foreach(&plan->load, load)
		sum += *load;
	small = biggest * plan->queues * 10 <= sum;
	vec_foreach(&plan->load, load) {
		assert_true((*load - MIN(biggest, *load)) * plan->queues <= sum);
		if (small)
			assert_true(*load * plan->queues * 10 <= sum * 11);
	}
	return small;
}

/* Biggest first leaves nobody more than a piece above the average.  Every other network is flat. */
static void fresh_plans_are_balanced(void **state)
{
	unsigned small = 0;

	for (unsigned i = 0; i < 200; i++) {
		_cleanup_(network_free) struct network net = { 0 };
		_cleanup_planned_ struct planned p = { 0 };
		struct world w;

		seed = 1000 + i;
		world_make(&w, i % 2 ? draw(NODES) : 0, 1 + draw(CIRCUITS - 1));
		for (unsigned k = 0; k < w.n_circuits && !(i % 2); k++)
			w.circuits[k].max.down = w.circuits[k].max.up = MBIT(1 + draw(100));
		net = world_network(&w);
		p = plan_fresh(&net, &w.settings);
		check_plan(&net, &w.settings, &p);
		small += check_balance(&p.plan);
	}
	assert_true(small > 25); /* or the second rule was not tried */
}

/* Seats at random for all circuits that have no node. */
static struct planned plan_at_random(const struct network *net, const struct world *w)
{
	_cleanup_shaper_past_ struct shaper_past past = { 0 };

	vec_foreach(&net->circuits, c) {
		struct shaper_seat seat = { SHAPER_CIRCUIT, c->id, NULL, 0, 0, 0 };

		seat.queue = (uint16_t)draw(w->settings.queues);
		assert_int_equal(vec_push(&past.seats, seat), 0);
	}
	return plan_with(net, &w->settings, &past, NULL, NULL);
}

static struct planned plan_moved(const struct network *net, const struct world *w,
				 const struct shaper_plan *plan, const struct shaper_moves *moves)
{
	_cleanup_shaper_past_ struct shaper_past past = { 0 };

	assert_int_equal(shaper_past_of(plan, &past), 0);
	shaper_past_move(&past, moves);
	return plan_with(net, &w->settings, &past, NULL, NULL);
}

static uint64_t fullest(const struct shaper_plan *plan)
{
	uint64_t most = 0;

	vec_foreach(&plan->load, load)
		most = MAX(most, *load);
	return most;
}

static void check_moved(const struct shaper_plan *old, const struct shaper_plan *new,
			const struct shaper_moves *moves)
{
	vec_foreach(&moves->moves, move)
		assert_int_not_equal(move->queue, old->items.at[move->item].queue);
	for (size_t i = 0; i < old->items.n; i++) {
		const struct shaper_item *item = &old->items.at[i];
		unsigned queue = item->queue;

		vec_foreach(&moves->moves, move)
			if (move->item == (int)i)
				queue = move->queue;
		if (is_piece(old, item))
			assert_int_equal(item_of(new, item->kind, item->name)->queue, queue);
	}
}

/* A few moves bring the fullest queue down and move nothing else; all that help leave none that does. */
static void rebalancing_helps(void **state)
{
	unsigned helped = 0;

	for (unsigned i = 0; i < 60; i++) {
		_cleanup_(network_free) struct network net = { 0 };
		_cleanup_shaper_moves_ struct shaper_moves moves = { 0 }, rest = { 0 };
		_cleanup_planned_ struct planned p = { 0 }, after = { 0 };
		size_t most = i % 2 ? 8 : 100000;
		struct world w;

		seed = 5000 + i;
		world_make(&w, draw(NODES), CIRCUITS);
		net = world_network(&w);
		p = plan_at_random(&net, &w);
		check_plan(&net, &w.settings, &p);
		assert_int_equal(shaper_plan_rebalance(&p.plan, most, &moves), 0);
		assert_true(moves.moves.n <= most);
		after = plan_moved(&net, &w, &p.plan, &moves);
		check_plan(&net, &w.settings, &after);
		check_moved(&p.plan, &after.plan, &moves);
		(void)assert_diff_arrives(&p.plan, &after.plan);
		assert_true(fullest(&after.plan) <= fullest(&p.plan));
		helped += fullest(&after.plan) < fullest(&p.plan);
		assert_int_equal(shaper_plan_rebalance(&after.plan, most, &rest), 0);
		assert_true(most == 8 || !rest.moves.n);
	}
	assert_true(helped > 40);
}

/* --- the size it is for ----------------------------------------------------------------------- */

static double now_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct network ten_thousand(void)
{
	struct network net = { 0 };
	char name[16], parent[16];

	for (unsigned i = 0; i < 500; i++) {
		(void)snprintf(name, sizeof(name), "n%u", i);
		(void)fixture_node(&net, name, i < 50 ? -1 : (int)draw(i / 2), 1 + draw(1000));
	}
	for (unsigned i = 0; i < 10000; i++) {
		(void)snprintf(name, sizeof(name), "c%u", i);
		(void)snprintf(parent, sizeof(parent), "n%u", draw(500));
		(void)fixture_circuit(&net, name, draw(10) ? parent : NULL, 1, 1 + draw(200));
	}
	return net;
}

/* Printed for whoever wants to know; a busy machine is no mistake. */
static void ten_thousand_circuits(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_shaper_diff_ struct shaper_diff all = { 0 }, one = { 0 };
	_cleanup_planned_ struct planned p = { 0 }, next = { 0 };
	struct shaper_settings s = FIXTURE_SETTINGS;
	struct shaper_plan nothing = { 0 };
	double start, made, changed, compared;

	seed = 9;
	net = ten_thousand();
	s.queues = 8;
	s.uplink = (struct rate_pair){ MBIT(10000), MBIT(10000) };
	start = now_ms();
	p = plan_fresh(&net, &s);
	made = now_ms();
	assert_int_equal(shaper_plan_diff(&nothing, &p.plan, &all), 0);
	net.circuits.at[7].max.down = MBIT(1); /* at most what it had */
	changed = now_ms();
	next = plan_after(&net, &s, &p.plan);
	assert_int_equal(shaper_plan_diff(&p.plan, &next.plan, &one), 0);
	compared = now_ms();
	print_message("10,000 circuits: made in %.1f ms, compared with nothing in %.1f ms; "
		      "one changed: made and compared in %.1f ms\n",
		      made - start, changed - made, compared - changed);
	assert_int_equal(all.changes.n, p.plan.items.n);
	assert_int_equal(one.changes.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_are_right_and_changes_small),
		cmocka_unit_test(fresh_plans_are_balanced),
		cmocka_unit_test(rebalancing_helps),
		cmocka_unit_test(ten_thousand_circuits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
