/* SPDX-License-Identifier: GPL-2.0-only */
#include "shaper/stats.h"

#include "shaper/apply_private.h"

/* What a device's classes and leaves have counted, beside its table of classes. */
struct counted {
	const struct shaper_device *dev;
	struct shaper_figures *at; /* by the place of the class in the table */
};

static void counted_free(struct counted *c)
{
	free(c->at);
}

void shaper_stats_free(struct shaper_stats *stats)
{
	vec_free(&stats->items);
	vec_free(&stats->queues);
}

static void count_class(const struct counted *c, const struct nl_class *class)
{
	const struct shaper_class *cls = shaper_class_find(c->dev, class->handle);

	if (!cls)
		return;
	c->at[cls->at] = (struct shaper_figures){
		.bytes = class->stats.bytes,
		.packets = class->stats.packets,
		.drops = class->stats.drops,
		.backlog_bytes = class->stats.backlog,
		.backlog = class->stats.qlen,
		.there = true,
	};
}

static void count_tins(struct shaper_figures *f, const struct nl_qdiscs *list,
		       const struct nl_qdisc *q)
{
	const struct nl_cake_tin *tins = nl_qdisc_tins(list, q);

	for (uint32_t i = 0; i < q->tins; i++) {
		f->delay_us = MAX(f->delay_us, tins[i].avg_delay_us);
		f->peak_delay_us = MAX(f->peak_delay_us, tins[i].peak_delay_us);
	}
}

static void count_leaf(const struct counted *c, const struct nl_qdiscs *list,
		       const struct nl_qdisc *q)
{
	const struct shaper_class *cls = shaper_class_find(c->dev, q->parent);
	struct shaper_figures *f = cls ? &c->at[cls->at] : NULL;

	if (!f || !f->there)
		return;
	/* The class counts what its leaf took and then dropped as none of its own. */
	f->drops = MAX(f->drops, q->stats.drops);
	f->marks = q->marked;
	count_tins(f, list, q);
}

static int count(struct shaper_tree *t, const struct shaper_device *dev, struct counted *c)
{
	_cleanup_nl_classes_ struct nl_classes classes = { 0 };
	_cleanup_nl_qdiscs_ struct nl_qdiscs qdiscs = { 0 };
	int r;

	c->dev = dev;
	c->at = calloc(dev->list.n + 1, sizeof(*c->at));
	if (!c->at)
		return -ENOMEM;
	r = nl_class_list(t->nl, dev->ifindex, &classes);
	if (!r)
		r = nl_qdisc_list(t->nl, dev->ifindex, &qdiscs);
	if (r)
		return r;
	vec_foreach(&classes, class)
		count_class(c, class);
	vec_foreach(&qdiscs, q)
		count_leaf(c, &qdiscs, q);
	return 0;
}

static struct shaper_figures figures(const struct counted *c, uint32_t handle)
{
	const struct shaper_class *cls = c ? shaper_class_find(c->dev, handle) : NULL;

	return cls ? c->at[cls->at] : (struct shaper_figures){ 0 };
}

static struct shaper_both both(const struct counted *const *side, const struct shaper_plan *plan,
			       const struct shaper_item *item)
{
	return (struct shaper_both){ figures(side[SHAPER_DOWN], shaper_handle_down(plan, item)),
				     figures(side[SHAPER_UP], shaper_handle_up(plan, item)) };
}

static struct shaper_queue_stats queue_stats(const struct counted *const *side,
					     const struct shaper_plan *plan, unsigned queue)
{
	struct shaper_item line = { .queue = (uint16_t)queue, .minor = SHAPER_MINOR_ROOT };
	struct shaper_item rest = { .queue = (uint16_t)queue, .minor = SHAPER_MINOR_DEFAULT };
	struct shaper_item control = { .queue = (uint16_t)queue, .minor = SHAPER_MINOR_CONTROL };

	return (struct shaper_queue_stats){ both(side, plan, &line), both(side, plan, &rest),
					    both(side, plan, &control) };
}

static int collect(const struct shaper_plan *plan, const struct counted *const *side,
		   struct shaper_stats *ret)
{
	int r = 0;

	vec_foreach(&plan->items, item) {
		if (!r)
			r = vec_push(&ret->items, both(side, plan, item));
	}
	for (unsigned q = 0; q < plan->queues && !r; q++)
		r = vec_push(&ret->queues, queue_stats(side, plan, q));
	return r;
}

int shaper_tree_stats(struct shaper_tree *t, struct shaper_stats *ret)
{
	_cleanup_(counted_free) struct counted down = { 0 }, up = { 0 };
	_cleanup_shaper_stats_ struct shaper_stats stats = { 0 };
	const struct counted *side[SHAPER_SIDES] = { t->dev[SHAPER_DOWN] ? &down : NULL,
						     t->dev[SHAPER_UP] ? &up : NULL };
	int r = 0;

	if (t->dev[SHAPER_DOWN] && t->plan)
		r = count(t, t->dev[SHAPER_DOWN], &down);
	if (!r && t->dev[SHAPER_UP] == t->dev[SHAPER_DOWN])
		side[SHAPER_UP] = side[SHAPER_DOWN];
	else if (!r && t->dev[SHAPER_UP] && t->plan)
		r = count(t, t->dev[SHAPER_UP], &up);
	if (!r && t->plan)
		r = collect(t->plan, side, &stats);
	if (r)
		return r;
	*ret = stats;
	stats = (struct shaper_stats){ 0 };
	return 0;
}
