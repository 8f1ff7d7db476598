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

#define AHEAD 8 /* how far the next of the same order is looked for */

struct walk {
	const struct shaper_plan *from, *to;
	int *old;    /* per item of `to`: the one of the same kind and name in `from`, -1 = none */
	int *twin;   /* the same, where it is the same class */
	bool *known; /* per item of `from`: somebody's old one */
	bool *stays; /* ... and his twin */
	uint32_t *taken; /* handles of `from`, sorted; NULL until it is asked for */
	struct shaper_diff diff;
};

static void walk_free(struct walk *w)
{
	free(w->old);
	free(w->twin);
	free(w->known);
	free(w->stays);
	free(w->taken);
	shaper_diff_free(&w->diff);
}

/* --- who is who ------------------------------------------------------------------------------- */

static int prepare(struct walk *w)
{
	w->old = calloc(w->to->items.n + 1, sizeof(*w->old));
	w->twin = calloc(w->to->items.n + 1, sizeof(*w->twin));
	w->known = calloc(w->from->items.n + 1, sizeof(*w->known));
	w->stays = calloc(w->from->items.n + 1, sizeof(*w->stays));
	return w->old && w->twin && w->known && w->stays ? 0 : -ENOMEM;
}

static bool same_name(const struct shaper_item *a, const struct shaper_item *b)
{
	return a->kind == b->kind && !strcmp(a->name, b->name);
}

/* From `at` on, a few only. */
static int find_ahead(const struct walk *w, size_t at, const struct shaper_item *item)
{
	for (size_t i = at; i < w->from->items.n && i < at + AHEAD; i++)
		if (!w->known[i] && same_name(&w->from->items.at[i], item))
			return (int)i;
	return -1;
}

/* Most have the order they had: what follows one follows it still.  Returns how many were not found. */
static size_t find_in_order(struct walk *w)
{
	size_t next = 0, left = 0;

	for (size_t i = 0; i < w->to->items.n; i++) {
		w->old[i] = find_ahead(w, next, &w->to->items.at[i]);
		if (w->old[i] < 0) {
			left++;
			continue;
		}
		w->known[w->old[i]] = true;
		next = (size_t)w->old[i] + 1;
	}
	return left;
}

static int index_unknown(const struct walk *w, struct net_index index[2])
{
	for (size_t i = 0; i < w->from->items.n; i++) {
		const struct shaper_item *item = &w->from->items.at[i];

		if (!w->known[i] && net_index_add(&index[item->kind], item->name, i))
			return -ENOMEM;
	}
	return 0;
}

static int find_the_rest(struct walk *w)
{
	struct net_index index[2] = { 0 }; /* by kind and name */
	int r = index_unknown(w, index);

	for (size_t i = 0; i < w->to->items.n && !r; i++) {
		const struct shaper_item *item = &w->to->items.at[i];
		const size_t *found =
			w->old[i] < 0 ? net_index_find(&index[item->kind], item->name) : NULL;

		if (found)
			w->old[i] = (int)*found;
	}
	net_index_free(&index[0]);
	net_index_free(&index[1]);
	return r;
}

/* --- who has whose place ---------------------------------------------------------------------- */

static int handle_compare(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

static int sort_taken(struct walk *w)
{
	size_t n = w->from->items.n;

	w->taken = calloc(n + 1, sizeof(*w->taken));
	if (!w->taken)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		w->taken[i] = shaper_handle_down(w->from, &w->from->items.at[i]);
	qsort(w->taken, n, sizeof(*w->taken), handle_compare);
	return 0;
}

/* -EEXIST: the number of a new class was another's. */
static int check_number(struct walk *w, const struct shaper_item *item)
{
	uint32_t handle = shaper_handle_down(w->to, item);
	int r = w->taken ? 0 : sort_taken(w);

	if (r || !w->from->items.n)
		return r;
	return bsearch(&handle, w->taken, w->from->items.n, sizeof(handle), handle_compare) ?
		       -EEXIST :
		       0;
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
	int r = 0;

	for (size_t i = 0; i < w->to->items.n && !r; i++) {
		const struct shaper_item *item = &w->to->items.at[i];
		int old = w->old[i];

		w->twin[i] = -1;
		if (old >= 0 && same_place(w, &w->from->items.at[old], item)) {
			w->twin[i] = old;
			w->stays[old] = true;
		} else {
			r = check_number(w, item);
		}
	}
	return r;
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
	int r = prepare(w);

	if (!r && find_in_order(w))
		r = find_the_rest(w);
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
