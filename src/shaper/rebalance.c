/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moves between the queue with most and the one with least, one after the other: each time the
 * piece that leaves both most alike.
 */
#include <errno.h>

#include "shaper/plan_private.h"

#define WORTH_IT 50 /* a move must take at least this part of the average from the fullest queue */

struct loads {
	uint64_t *of;	    /* per queue */
	uint16_t *queue_of; /* per item: where the moves so far put it */
	unsigned most, least;
};

static void loads_free(struct loads *loads)
{
	free(loads->of);
	free(loads->queue_of);
}

static int loads_fill(struct loads *loads, const struct shaper_plan *plan)
{
	loads->of = calloc(plan->queues + 1, sizeof(*loads->of));
	loads->queue_of = calloc(plan->items.n + 1, sizeof(*loads->queue_of));
	if (!loads->of || !loads->queue_of)
		return -ENOMEM;
	for (unsigned queue = 0; queue < plan->queues; queue++)
		loads->of[queue] = plan->load.at[queue];
	for (size_t i = 0; i < plan->items.n; i++)
		loads->queue_of[i] = plan->items.at[i].queue;
	return 0;
}

static void loads_compare(struct loads *loads, const struct shaper_plan *plan)
{
	loads->most = loads->least = 0;
	for (unsigned queue = 1; queue < plan->queues; queue++) {
		if (loads->of[queue] > loads->of[loads->most])
			loads->most = queue;
		if (loads->of[queue] < loads->of[loads->least])
			loads->least = queue;
	}
}

static bool is_piece(const struct shaper_plan *plan, const struct shaper_item *item)
{
	if (item->parent == SHAPER_TOP)
		return !shaper_item_generated(item);
	return shaper_item_generated(&plan->items.at[item->parent]);
}

/* How much lower the fuller of the two queues will be. */
static uint64_t gain_of(const struct loads *loads, uint64_t weight)
{
	uint64_t gap = loads->of[loads->most] - loads->of[loads->least];

	return weight < gap ? MIN(weight, gap - weight) : 0;
}

static uint64_t least_gain(const struct shaper_plan *plan)
{
	uint64_t sum = 0;

	vec_foreach(&plan->load, load)
		sum += *load;
	return MAX(sum / plan->queues / WORTH_IT, 1);
}

/* The item of the best move, -1 = none is worth it.  Of equals the first: a change moves few. */
static int best_piece(const struct shaper_plan *plan, const struct loads *loads, uint64_t least)
{
	uint64_t best = least - 1;
	int found = -1;

	for (size_t i = 0; i < plan->items.n; i++) {
		const struct shaper_item *item = &plan->items.at[i];
		uint64_t gain = gain_of(loads, item->weight);

		if (loads->queue_of[i] != loads->most || !is_piece(plan, item) || gain <= best)
			continue;
		best = gain;
		found = (int)i;
	}
	return found;
}

/* A piece that was moved on is moved once, one that came back not at all. */
static int moves_of(const struct shaper_plan *plan, const struct loads *loads,
		    struct shaper_moves *moves)
{
	for (size_t i = 0; i < plan->items.n; i++)
		if (loads->queue_of[i] != plan->items.at[i].queue &&
		    vec_push(&moves->moves, { (int)i, loads->queue_of[i] }))
			return -ENOMEM;
	return 0;
}

int shaper_plan_rebalance(const struct shaper_plan *plan, size_t most, struct shaper_moves *ret)
{
	_cleanup_(loads_free) struct loads loads = { 0 };
	_cleanup_shaper_moves_ struct shaper_moves moves = { 0 };
	int item;

	if (loads_fill(&loads, plan))
		return -ENOMEM;
	for (size_t i = 0; plan->queues && i < most; i++) {
		loads_compare(&loads, plan);
		item = best_piece(plan, &loads, least_gain(plan));
		if (item < 0)
			break;
		loads.of[loads.most] -= plan->items.at[item].weight;
		loads.of[loads.least] += plan->items.at[item].weight;
		loads.queue_of[item] = (uint16_t)loads.least;
	}
	if (moves_of(plan, &loads, &moves))
		return -ENOMEM;
	*ret = moves;
	moves = (struct shaper_moves){ 0 };
	return 0;
}

void shaper_moves_free(struct shaper_moves *moves)
{
	vec_free(&moves->moves);
}
