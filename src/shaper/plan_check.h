/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the random test: what must hold of every plan and every change, reckoned in another, slower
 * way: from the network upwards, circuit by circuit.
 */
#pragma once

#include "shaper/plan_world.h"

/* --- what a plan must be ---------------------------------------------------------------------- */

/* Indexes of the nodes that count, from the top down to `node`. */
static inline unsigned chain_of(const struct network *net, int node, int *chain)
{
	int all[NODES];
	unsigned n = 0, m = 0;

	for (; node >= 0; node = net->nodes.at[node].parent)
		all[n++] = node;
	while (n-- > 0)
		if (!net->nodes.at[all[n]].is_virtual)
			chain[m++] = all[n];
	return m;
}

static inline uint64_t side(struct rate_pair rates, bool up)
{
	return up ? rates.up : rates.down;
}

static inline uint64_t expected_most(const struct network *net, const struct shaper_settings *s,
				     const int *chain, unsigned n, uint64_t own, bool up)
{
	uint64_t most = side(s->uplink, up);

	if (own)
		most = MIN(most, own);
	if (!n && side(s->generated, up))
		most = MIN(most, side(s->generated, up));
	for (unsigned i = 0; i < n; i++)
		if (side(net->nodes.at[chain[i]].max, up))
			most = MIN(most, side(net->nodes.at[chain[i]].max, up));
	return MAX(most, SHAPER_RATE_LEAST);
}

/* `chain` are the nodes above the circuit. */
static inline void check_circuit(const struct network *net, const struct shaper_settings *s,
				 const struct shaper_plan *plan, const struct shaper_item *item,
				 const int *chain, unsigned n)
{
	const struct net_circuit *c = &net->circuits.at[item->source];
	const struct shaper_item *above = &plan->items.at[item->parent];

	for (int up = 0; up < 2; up++)
		assert_int_equal(side(item->ceil, up),
				 expected_most(net, s, chain, n, side(c->max, up), up));
	assert_int_equal(above->source, n ? chain[MIN(n, SHAPER_DEPTH) - 1] : -1);
	assert_string_equal(item->name, c->id);
	assert_string_equal(item->leaf.down, c->leaf.down ?: s->leaf);
	assert_string_equal(item->leaf.up, c->leaf.up ?: s->leaf);
}

static inline void check_nodes(const struct network *net, const struct shaper_settings *s,
			       const struct shaper_plan *plan)
{
	size_t found = 0;

	vec_foreach(&plan->items, item) {
		int chain[NODES];
		unsigned n;

		if (item->kind != SHAPER_NODE || item->source < 0)
			continue;
		found++;
		n = chain_of(net, item->source, chain);
		assert_in_range(n, 1, SHAPER_DEPTH);
		assert_string_equal(item->name, net->nodes.at[item->source].name);
		for (int up = 0; up < 2; up++)
			assert_int_equal(side(item->ceil, up),
					 expected_most(net, s, chain, n, 0, up));
		if (n > 1)
			assert_int_equal(plan->items.at[item->parent].source, chain[n - 2]);
		else
			assert_int_equal(item->parent, -1);
	}
	for (size_t i = 0; i < net->nodes.n; i++) {
		int chain[NODES];

		found -= !net->nodes.at[i].is_virtual && chain_of(net, (int)i, chain) <= SHAPER_DEPTH;
	}
	assert_int_equal(found, 0);
}

static inline void check_circuits(const struct network *net, const struct shaper_settings *s,
				  const struct shaper_plan *plan)
{
	size_t found = 0;

	vec_foreach(&plan->items, item) {
		const struct net_circuit *c;
		int chain[NODES];
		unsigned n = 0;

		if (item->kind != SHAPER_CIRCUIT)
			continue;
		assert_int_equal(item->source, found++);
		c = &net->circuits.at[item->source];
		if (c->parent)
			n = chain_of(net, network_find_node(net, c->parent), chain);
		check_circuit(net, s, plan, item, chain, n);
	}
	assert_int_equal(found, net->circuits.n);
}

static inline void check_numbers(const struct shaper_plan *plan)
{
	for (size_t i = 0; i < plan->items.n; i++) {
		const struct shaper_item *item = &plan->items.at[i];

		assert_true(item->parent < (int)i);
		assert_true(item->queue < plan->queues && item->minor >= SHAPER_MINOR_FIRST);
		if (item->parent >= 0)
			assert_int_equal(item->queue, plan->items.at[item->parent].queue);
		for (size_t k = 0; k < i; k++) {
			assert_int_not_equal(shaper_handle_down(plan, item),
					     shaper_handle_down(plan, &plan->items.at[k]));
			assert_int_not_equal(shaper_handle_up(plan, item),
					     shaper_handle_up(plan, &plan->items.at[k]));
		}
	}
}

static inline uint64_t wish_of(const struct network *net, const struct shaper_item *item, bool up)
{
	uint64_t min = side(net->circuits.at[item->source].min, up);

	return MAX(MIN(min, side(item->ceil, up)), SHAPER_RATE_LEAST);
}

/* An empty node is a class as well and cannot have less than the least. */
static inline uint64_t promise_of(const struct network *net, const struct shaper_plan *plan, int i,
				  bool up)
{
	if (plan->items.at[i].kind == SHAPER_CIRCUIT)
		return wish_of(net, &plan->items.at[i], up);
	vec_foreach(&plan->items, item)
		if (item->parent == i)
			return 0;
	return SHAPER_RATE_LEAST;
}

/* Are all promises below `top` (-1 = the line) together within what it can? */
static inline bool can_keep(const struct network *net, const struct shaper_plan *plan, int top,
			    bool up)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < plan->items.n; i++) {
		int at = (int)i;

		while (at >= 0 && at != top)
			at = plan->items.at[at].parent;
		if (at == top)
			sum += promise_of(net, plan, (int)i, up);
	}
	return sum <= side(top < 0 ? plan->uplink : plan->items.at[top].ceil, up);
}

/* Who is promised what nobody above has promised too often, has it. */
static inline void check_promises(const struct network *net, const struct shaper_plan *plan,
				  bool up, const bool *kept, bool line)
{
	vec_foreach(&plan->items, item) {
		uint64_t rate = side(item->rate, up);
		bool all = line;

		assert_in_range(rate, SHAPER_RATE_LEAST, side(item->ceil, up));
		if (item->kind != SHAPER_CIRCUIT)
			continue;
		for (int at = item->parent; at >= 0; at = plan->items.at[at].parent)
			all &= kept[at];
		if (all)
			assert_int_equal(rate, wish_of(net, item, up));
		else
			assert_true(rate <= wish_of(net, item, up));
	}
}

/* No parent's children are promised more than it has, but for the least that everyone gets. */
static inline void check_sums(const struct shaper_plan *plan, bool up)
{
	for (int top = -1; top < (int)plan->items.n; top++) {
		uint64_t sum = 0, has = side(top < 0 ? plan->uplink : plan->items.at[top].rate, up);

		vec_foreach(&plan->items, item)
			if (item->parent == top && side(item->rate, up) > SHAPER_RATE_LEAST)
				sum += side(item->rate, up);
		assert_true(sum <= has);
	}
}

static inline void check_rates(const struct network *net, const struct shaper_plan *plan,
			       const char *findings)
{
	_cleanup_free_ bool *kept = calloc(plan->items.n + 1, sizeof(*kept));
	bool broken = false;

	assert_non_null(kept);
	for (int up = 0; up < 2; up++) {
		bool line = can_keep(net, plan, -1, up);

		for (size_t i = 0; i < plan->items.n; i++) {
			kept[i] = plan->items.at[i].kind == SHAPER_CIRCUIT ||
				  can_keep(net, plan, (int)i, up);
			broken |= !kept[i];
		}
		broken |= !line;
		check_promises(net, plan, up, kept, line);
		check_sums(plan, up);
	}
	if (!broken)
		assert_null(strstr(findings, "together"));
	else
		assert_non_null(strstr(findings, "together"));
}

/* Weights are reckoned from the circuits; what weighs most. */
static inline uint64_t check_loads(const struct shaper_plan *plan)
{
	uint64_t most = 0;

	for (unsigned queue = 0; queue < plan->queues; queue++) {
		uint64_t sum = 0;

		vec_foreach(&plan->items, item) {
			bool alone = item->parent >= 0 && plan->items.at[item->parent].source < 0;

			if (item->queue != queue ||
			    !(alone || (item->parent < 0 && item->source >= 0)))
				continue;
			sum += item->weight;
			most = MAX(most, item->weight);
		}
		assert_int_equal(plan->load.at[queue], sum);
	}
	return most;
}

static inline void check_plan(const struct network *net, const struct shaper_settings *s,
			      const struct planned *p)
{
	assert_int_equal(p->r, 0);
	check_numbers(&p->plan);
	check_nodes(net, s, &p->plan);
	check_circuits(net, s, &p->plan);
	check_rates(net, &p->plan, p->findings);
	(void)check_loads(&p->plan);
}

/* --- what a change must leave ----------------------------------------------------------------- */

static const struct shaper_item *before_of(const struct shaper_plan *old,
					   const struct shaper_item *item)
{
	int i = item_index(old, item->kind, item->name);

	return i < 0 ? NULL : &old->items.at[i];
}

static inline bool is_piece(const struct shaper_plan *plan, const struct shaper_item *item)
{
	return item->parent < 0 ? item->source >= 0 : plan->items.at[item->parent].source < 0;
}

static inline bool number_was_used(const struct shaper_plan *old, const struct shaper_item *item)
{
	vec_foreach(&old->items, was)
		if (was->queue == item->queue && was->minor == item->minor)
			return true;
	return false;
}

/* Who could stay did, and who did not has a number that nobody had just before. */
static inline void check_seats(const struct shaper_plan *old, const struct shaper_plan *new)
{
	_cleanup_free_ bool *stays = calloc(new->items.n + 1, sizeof(*stays));

	assert_non_null(stays);
	for (size_t i = 0; i < new->items.n; i++) {
		const struct shaper_item *item = &new->items.at[i], *was = before_of(old, item);

		if (was && is_piece(new, item) && was->queue < new->queues)
			assert_int_equal(item->queue, was->queue);
		stays[i] = was && was->queue == item->queue &&
			   !strcmp(parent_name(old, was), parent_name(new, item)) &&
			   (item->parent < 0 || stays[item->parent]);
		if (stays[i])
			assert_int_equal(item->minor, was->minor);
		else
			assert_false(number_was_used(old, item));
	}
}
