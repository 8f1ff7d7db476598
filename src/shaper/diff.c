/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way from one tree to another.  A class stays the same one as long as its number, its place
 * and its kind are the same; else it is a new one, and the old one goes.  So a circuit that moves
 * is there twice until nothing is sent to the old place.
 *
 * Rates go from the top down, whether they grow or shrink: HTB compares no rate with the parent's,
 * a class keeps its own account, and both orders are right again at the end.
 */
#include <errno.h>

#include "shaper/plan_private.h"

struct walk {
	const struct shaper_plan *from, *to;
	struct net_index index[2]; /* items of `from`, by kind and name */
	int *twin;		   /* per item of `to`: the same class in `from`, -1 = none */
	bool *stays;		   /* per item of `from` */
	uint32_t *taken;	   /* handles of `from`, sorted */
	struct shaper_diff diff;
};

static void walk_free(struct walk *w)
{
	for (size_t i = 0; i < ARRAY_LEN(w->index); i++)
		net_index_free(&w->index[i]);
	free(w->twin);
	free(w->stays);
	free(w->taken);
	shaper_diff_free(&w->diff);
}

/* --- who is who ------------------------------------------------------------------------------- */

static int handle_compare(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

static int index_from(struct walk *w)
{
	size_t n = w->from->items.n;

	w->stays = calloc(n + 1, sizeof(*w->stays));
	w->taken = calloc(n + 1, sizeof(*w->taken));
	w->twin = calloc(w->to->items.n + 1, sizeof(*w->twin));
	if (!w->stays || !w->taken || !w->twin)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct shaper_item *item = &w->from->items.at[i];

		w->taken[i] = shaper_handle_down(w->from, item);
		if (net_index_add(&w->index[item->kind], item->name, i))
			return -ENOMEM;
	}
	qsort(w->taken, n, sizeof(*w->taken), handle_compare);
	return 0;
}

static bool same_place(const struct walk *w, const struct shaper_item *old,
		       const struct shaper_item *new)
{
	if (old->queue != new->queue || old->minor != new->minor)
		return false;
	return new->parent < 0 ? old->parent < 0 : w->twin[new->parent] == old->parent;
}

/* Parents come first, so it is known whether they stay. */
static int find_twins(struct walk *w)
{
	for (size_t i = 0; i < w->to->items.n; i++) {
		const struct shaper_item *item = &w->to->items.at[i];
		const size_t *old = net_index_find(&w->index[item->kind], item->name);
		uint32_t handle = shaper_handle_down(w->to, item);

		w->twin[i] = -1;
		if (old && same_place(w, &w->from->items.at[*old], item)) {
			w->twin[i] = (int)*old;
			w->stays[*old] = true;
		} else if (w->from->items.n && bsearch(&handle, w->taken, w->from->items.n,
						       sizeof(handle), handle_compare)) {
			return -EEXIST;
		}
	}
	return 0;
}

/* --- the steps -------------------------------------------------------------------------------- */

static int step(struct walk *w, enum shaper_step step, int item, bool down, bool up)
{
	return down || up ? vec_push(&w->diff.changes, { step, item, down, up }) : 0;
}

static int step_add(struct walk *w)
{
	int r = 0;

	for (size_t i = 0; i < w->to->items.n && !r; i++)
		if (w->twin[i] < 0)
			r = step(w, SHAPER_ADD, (int)i, true, true);
	return r;
}

static int step_line(struct walk *w)
{
	struct rate_pair old = w->from->uplink, new = w->to->uplink;

	if (!w->from->queues || !w->to->queues)
		return 0;
	return step(w, SHAPER_RATE, SHAPER_LINE, old.down != new.down, old.up != new.up);
}

static int step_rate(struct walk *w, int i, const struct shaper_item *old,
		     const struct shaper_item *new)
{
	return step(w, SHAPER_RATE, i,
		    old->rate.down != new->rate.down || old->ceil.down != new->ceil.down,
		    old->rate.up != new->rate.up || old->ceil.up != new->ceil.up);
}

static int step_leaf(struct walk *w, int i, const struct shaper_item *old,
		     const struct shaper_item *new)
{
	if (new->kind != SHAPER_CIRCUIT)
		return 0;
	return step(w, SHAPER_LEAF, i, strcmp(old->leaf.down, new->leaf.down),
		    strcmp(old->leaf.up, new->leaf.up));
}

static int step_twins(struct walk *w, int (*one)(struct walk *, int i, const struct shaper_item *old,
						 const struct shaper_item *new))
{
	int r = 0;

	for (size_t i = 0; i < w->to->items.n && !r; i++)
		if (w->twin[i] >= 0)
			r = one(w, (int)i, &w->from->items.at[w->twin[i]], &w->to->items.at[i]);
	return r;
}

static int step_remove(struct walk *w)
{
	int r = 0;

	for (size_t i = w->from->items.n; i-- > 0 && !r;)
		if (!w->stays[i])
			r = step(w, SHAPER_REMOVE, (int)i, true, true);
	return r;
}

static int walk(struct walk *w)
{
	int r = index_from(w);

	if (!r)
		r = find_twins(w);
	if (!r)
		r = step_add(w);
	if (!r)
		r = step_line(w);
	if (!r)
		r = step_twins(w, step_rate);
	if (!r)
		r = step_twins(w, step_leaf);
	return r ? r : step_remove(w);
}

int shaper_plan_diff(const struct shaper_plan *from, const struct shaper_plan *to,
		     struct shaper_diff *ret)
{
	_cleanup_(walk_free) struct walk w = { .from = from, .to = to };
	int r;

	if (from->items.n && to->items.n && from->up_offset != to->up_offset)
		return -EXDEV;
	r = walk(&w);
	if (r)
		return r;
	*ret = w.diff;
	w.diff = (struct shaper_diff){ 0 };
	return 0;
}

void shaper_diff_free(struct shaper_diff *diff)
{
	vec_free(&diff->changes);
}
