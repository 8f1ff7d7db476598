/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which queue, and so which CPU.  Pieces are what can be placed: a top node with all below it, or a
 * circuit without a node.  What had a queue keeps it; the rest goes, biggest first, where least is.
 */
#include <errno.h>

#include "shaper/plan_private.h"

struct piece {
	int item;
	uint64_t weight;
	const char *name;
};

struct pieces {
	VEC(struct piece) list;	      /* not placed yet */
	unsigned idle[SHAPER_QUEUES]; /* pieces without weight, per queue */
};

static void pieces_free(struct pieces *pieces)
{
	vec_free(&pieces->list);
}

/* Plans say what could pass: a node weighs no more than it lets through.  What was measured did pass. */
static void weigh_nodes(struct shaper_build *b)
{
	for (size_t i = b->plan.items.n; i-- > 0;) {
		struct shaper_item *item = &b->plan.items.at[i];

		if (item->kind == SHAPER_NODE && !b->measured)
			item->weight = MIN(item->weight, item->ceil.down + item->ceil.up);
		if (item->parent >= 0)
			b->plan.items.at[item->parent].weight += item->weight;
	}
}

static void piece_put(struct shaper_build *b, struct pieces *pieces, struct shaper_item *item,
		      unsigned queue)
{
	item->queue = (uint16_t)queue;
	b->plan.load.at[queue] += item->weight;
	pieces->idle[queue] += !item->weight;
	if (item->parent == SHAPER_UNPLACED) {
		item->parent = b->first_generated + (int)queue;
		b->plan.items.at[item->parent].weight += item->weight;
	}
}

/* The queue it had or is to move to; -1 = none. */
static int queue_before(const struct shaper_build *b, const struct shaper_item *item)
{
	const struct shaper_seat *seat = shaper_seat_of(b, item);
	unsigned queue;

	if (!seat)
		return -1;
	queue = seat->move_to ? seat->move_to - 1u : seat->queue;
	return queue < b->plan.queues ? (int)queue : -1;
}

static bool is_piece(const struct shaper_item *item)
{
	return item->parent == SHAPER_UNPLACED ||
	       (item->parent == SHAPER_TOP && !shaper_item_generated(item));
}

static int place_seated(struct shaper_build *b, struct pieces *pieces)
{
	for (size_t i = 0; i < b->plan.items.n; i++) {
		struct shaper_item *item = &b->plan.items.at[i];
		int queue = is_piece(item) ? queue_before(b, item) : -1;

		if (queue >= 0)
			piece_put(b, pieces, item, (unsigned)queue);
		else if (is_piece(item) &&
			 vec_push(&pieces->list, { (int)i, item->weight, item->name }))
			return -ENOMEM;
	}
	return 0;
}

/* Equals by name, so that the order of a file does not matter. */
static int piece_compare(const void *x, const void *y)
{
	const struct piece *a = x, *b = y;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return strcmp(a->name, b->name) ?: a->item - b->item;
}

/* What weighs nothing yet may do so later: it is spread by number. */
static bool queue_is_better(const struct shaper_build *b, const struct pieces *pieces,
			    uint64_t weight, unsigned queue, unsigned than)
{
	if (!weight && pieces->idle[queue] != pieces->idle[than])
		return pieces->idle[queue] < pieces->idle[than];
	return b->plan.load.at[queue] < b->plan.load.at[than];
}

static void place_rest(struct shaper_build *b, struct pieces *pieces)
{
	if (pieces->list.n)
		qsort(pieces->list.at, pieces->list.n, sizeof(*pieces->list.at), piece_compare);
	vec_foreach(&pieces->list, piece) {
		unsigned best = 0;

		for (unsigned queue = 1; queue < b->plan.queues; queue++)
			if (queue_is_better(b, pieces, piece->weight, queue, best))
				best = queue;
		piece_put(b, pieces, &b->plan.items.at[piece->item], best);
	}
}

static void place_below(struct shaper_build *b)
{
	vec_foreach(&b->plan.items, item)
		if (item->parent >= 0)
			item->queue = b->plan.items.at[item->parent].queue;
}

int shaper_build_place(struct shaper_build *b)
{
	_cleanup_(pieces_free) struct pieces pieces = { 0 };
	int r;

	weigh_nodes(b);
	r = place_seated(b, &pieces);
	if (r)
		return r;
	place_rest(b, &pieces);
	place_below(b);
	return 0;
}
