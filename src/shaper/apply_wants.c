/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From plans to classes.  Between two plans it is their difference that counts; where what stands
 * is not what a plan said (a start, another device), everything is wanted, and what is there
 * already is found to be so.
 */
#include <errno.h>

#include "shaper/apply_private.h"
#include "shaper/plan_private.h"

#define REST_LEAF "fq_codel"
#define CONTROL_LEAF "pfifo limit 200"

struct collect {
	struct shaper_tree *t;
	const struct shaper_plan *from, *to;
	struct net_index added[2]; /* items of `to` that are new, by kind and name */
	struct diag *d;
};

static void collect_free(struct collect *c)
{
	for (size_t i = 0; i < ARRAY_LEN(c->added); i++)
		net_index_free(&c->added[i]);
}

static uint32_t handle_of(const struct shaper_plan *plan, const struct shaper_item *item, int side)
{
	return side == SHAPER_UP ? shaper_handle_up(plan, item) : shaper_handle_down(plan, item);
}

static uint32_t parent_of(const struct shaper_plan *plan, const struct shaper_item *item, int side)
{
	if (item->parent >= 0)
		return handle_of(plan, &plan->items.at[item->parent], side);
	return (handle_of(plan, item, side) & 0xffff0000) | SHAPER_MINOR_ROOT;
}

static uint64_t side_of(struct rate_pair rates, int side)
{
	return side == SHAPER_UP ? rates.up : rates.down;
}

/* --- wanted ----------------------------------------------------------------------------------- */

static int want(struct collect *c, int side, uint32_t handle, uint32_t parent,
		struct nl_htb_class htb, const char *leaf)
{
	struct shaper_want w = { c->t->next.dev[side], handle, parent, .wish.htb = htb };
	int r = leaf ? shaper_words_get(c->t, leaf, &w.wish.leaf, c->d) : 0;

	return r ?: vec_push(&c->t->next.wants, w);
}

static int want_item(struct collect *c, const struct shaper_item *item, int side)
{
	const struct shaper_device *dev = c->t->next.dev[side];
	const char *leaf = side == SHAPER_UP ? item->leaf.up : item->leaf.down;

	if (!dev)
		return 0;
	return want(c, side, handle_of(c->to, item, side), parent_of(c->to, item, side),
		    shaper_htb(side_of(item->rate, side), side_of(item->ceil, side),
			       SHAPER_PRIO_ITEM, dev->mtu),
		    item->kind == SHAPER_CIRCUIT ? leaf : NULL);
}

static uint32_t top_of(const struct shaper_plan *plan, unsigned queue, int side)
{
	return (queue + 1 + (side == SHAPER_UP ? plan->up_offset : 0)) << 16;
}

static int want_trunk(struct collect *c, unsigned queue, int side)
{
	const struct shaper_device *dev = c->t->next.dev[side];
	uint64_t line = side_of(c->to->uplink, side);
	uint32_t top = top_of(c->to, queue, side), root = top | SHAPER_MINOR_ROOT;
	int r;

	if (!dev)
		return 0;
	r = want(c, side, root, top, shaper_htb_line(line, dev->mtu), NULL);
	if (!r)
		r = want(c, side, top | SHAPER_MINOR_DEFAULT, root, shaper_htb_rest(line, dev->mtu),
			 c->t->next.rest_leaf ?: REST_LEAF);
	if (!r)
		r = want(c, side, top | SHAPER_MINOR_CONTROL, root,
			 shaper_htb_control(line, dev->mtu), CONTROL_LEAF);
	return r;
}

static int want_trunks(struct collect *c, unsigned from_queue)
{
	int r = 0;

	for (int side = 0; side < SHAPER_SIDES; side++)
		for (unsigned q = from_queue; q < c->to->queues && !r; q++)
			r = want_trunk(c, q, side);
	return r;
}

static int want_all(struct collect *c)
{
	int r = want_trunks(c, 0);

	for (int side = 0; side < SHAPER_SIDES; side++)
		for (size_t i = 0; i < c->to->items.n && !r; i++)
			r = want_item(c, &c->to->items.at[i], side);
	return r;
}

/* --- not wanted any more ---------------------------------------------------------------------- */

static int not_wanted(struct collect *c, int side, uint32_t handle, uint32_t heir)
{
	struct shaper_device *dev = c->t->next.dev[side];
	struct shaper_class *cls = dev ? shaper_class_find(dev, handle) : NULL;

	/* The heir may not be in the table yet: it is found at the settling. */
	return cls ? vec_push(&c->t->next.gone, { dev, handle, heir }) : 0;
}

static int item_goes(struct collect *c, const struct shaper_item *item)
{
	const size_t *moved = net_index_find(&c->added[item->kind], item->name);
	const struct shaper_item *now = moved ? &c->to->items.at[*moved] : NULL;
	int r = 0;

	for (int side = 0; side < SHAPER_SIDES && !r; side++)
		r = not_wanted(c, side, handle_of(c->from, item, side),
			       now ? handle_of(c->to, now, side) : 0);
	return r;
}

/* Of a plan without queues they stay until all else is empty. */
static int trunks_go(struct collect *c)
{
	int r = 0;

	for (int side = 0; side < SHAPER_SIDES && c->to->queues; side++)
		for (unsigned q = c->to->queues; q < c->from->queues; q++)
			for (unsigned minor = 1; minor <= SHAPER_MINOR_CONTROL && !r; minor++)
				r = not_wanted(c, side, top_of(c->from, q, side) | minor, 0);
	return r;
}

/* --- the difference --------------------------------------------------------------------------- */

static int on_change(struct collect *c, const struct shaper_change *change)
{
	const struct shaper_item *item;
	int r = 0;

	if (change->step == SHAPER_REMOVE)
		return item_goes(c, &c->from->items.at[change->item]);
	if (change->item == SHAPER_LINE)
		return want_trunks(c, 0);
	item = &c->to->items.at[change->item];
	if (change->step == SHAPER_ADD)
		r = net_index_add(&c->added[item->kind], item->name, (size_t)change->item);
	if (!r && change->down)
		r = want_item(c, item, SHAPER_DOWN);
	if (!r && change->up)
		r = want_item(c, item, SHAPER_UP);
	return r;
}

static bool leaf_differs(const struct shaper_tree *t)
{
	return strcmp(t->rest_leaf ?: REST_LEAF, t->next.rest_leaf ?: REST_LEAF);
}

static int want_difference(struct collect *c)
{
	_cleanup_shaper_diff_ struct shaper_diff diff = { 0 };
	int r = shaper_plan_diff(c->from, c->to, &diff);

	if (r)
		return r;
	r = want_trunks(c, leaf_differs(c->t) ? 0 : c->from->queues);
	vec_foreach(&diff.changes, change) {
		if (!r)
			r = on_change(c, change);
	}
	return r ?: trunks_go(c);
}

int shaper_wants_collect(struct shaper_tree *t, struct diag *d)
{
	_cleanup_(collect_free) struct collect c = {
		.t = t, .from = t->plan, .to = &t->next.to, .d = d
	};
	int r = -EXDEV;

	if (!t->next.all && c.from->up_offset == c.to->up_offset)
		r = want_difference(&c);
	if (r != -EXDEV && r != -EEXIST)
		return r;
	t->next.all = true;
	return want_all(&c);
}
