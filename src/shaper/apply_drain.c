/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Classes that are not in the plan any more.  Nobody sends there, but packets may wait in them or
 * be on their way, so they go once they have been empty for a while, children first.
 *
 * Where a subscriber has moved, his old class and the new one share his rate until the old one is
 * empty: together they are never faster than the plan.
 */
#include <stdlib.h>

#include "shaper/apply_private.h"

/* The kernel walks over all classes of an htb for each that goes. */
#define MOST_PER_TICK 2000

struct nl_htb_class shaper_class_due(const struct shaper_device *dev, const struct shaper_class *cls)
{
	if (cls->share && cls->share < cls->wants.htb.ceil)
		return shaper_htb_line(cls->share, dev->mtu);
	if (cls->state != SHAPER_DOOMED)
		return shaper_htb_part(cls->wants.htb, cls->parts, dev->mtu);
	if (cls->heir && cls->busy)
		return shaper_htb_part(cls->heir->wants.htb, cls->heir->parts, dev->mtu);
	return cls->has;
}

/* --- who waits where -------------------------------------------------------------------------- */

static void mark_busy(const struct shaper_device *dev, struct shaper_class *cls)
{
	for (; cls && cls->state == SHAPER_DOOMED && !cls->busy;
	     cls = shaper_class_find(dev, cls->parent))
		cls->busy = true;
}

static int look(struct shaper_tree *t, struct shaper_device *dev)
{
	_cleanup_nl_classes_ struct nl_classes classes = { 0 };
	int r = nl_class_list(t->nl, dev->ifindex, &classes);

	if (r)
		return r;
	vec_foreach(&dev->list, cls)
		(*cls)->busy = false;
	vec_foreach(&classes, c) {
		if (c->stats.qlen)
			mark_busy(dev, shaper_class_find(dev, c->handle));
	}
	return 0;
}

static void share(struct shaper_device *dev)
{
	dev->sharing = false;
	vec_foreach(&dev->list, it) {
		(*it)->parts_had = (*it)->parts;
		(*it)->parts = 1;
	}
	vec_foreach(&dev->list, it) {
		if ((*it)->heir && (*it)->busy) {
			(*it)->heir->parts++;
			dev->sharing = true;
		}
	}
}

/* Who moved twice has sent to three classes. */
static bool find_heirs(struct shaper_device *dev)
{
	bool any = false;

	if (!dev->loose)
		return false;
	vec_foreach(&dev->list, it) {
		struct shaper_class *cls = *it;

		while (cls->heir && cls->heir->state == SHAPER_DOOMED)
			cls->heir = cls->heir->heir;
		any |= cls->heir != NULL;
	}
	return any;
}

static int change_shares(struct shaper_jobs *jobs, struct shaper_device *dev)
{
	int r = 0;

	share(dev);
	vec_foreach(&dev->list, it) {
		struct shaper_class *cls = *it;

		if (!r && ((cls->heir && cls->busy) || cls->parts != cls->parts_had))
			r = shaper_job_change(jobs, dev, cls);
	}
	return r;
}

int shaper_drain_begin(struct shaper_tree *t, struct shaper_jobs *jobs)
{
	struct shaper_device *devs[SHAPER_SIDES];
	unsigned n = shaper_devices(t->dev, devs);
	int r = 0;

	for (unsigned i = 0; i < n && !r; i++) {
		if (find_heirs(devs[i]))
			r = look(t, devs[i]);
		else if (!devs[i]->sharing)
			continue;
		if (!r)
			r = change_shares(jobs, devs[i]);
	}
	return r;
}

/* --- the end ---------------------------------------------------------------------------------- */

struct leaving {
	struct shaper_class *cls;
	unsigned depth;
};
struct leavings {
	VEC(struct leaving) list;
};

static int deepest_first(const void *x, const void *y)
{
	const struct leaving *a = x, *b = y;

	return (a->depth < b->depth) - (a->depth > b->depth);
}

static int find_leaving(struct shaper_device *dev, struct leavings *ret)
{
	int r = 0;

	vec_foreach(&dev->list, it) {
		struct shaper_class *cls = *it;

		if (cls->state != SHAPER_DOOMED || r)
			continue;
		cls->quiet = cls->busy ? 0 : cls->quiet + 1;
		if (cls->quiet >= SHAPER_QUIET_TICKS)
			r = vec_push(&ret->list, { cls, shaper_class_depth(dev, cls) });
	}
	if (ret->list.n)
		qsort(ret->list.at, ret->list.n, sizeof(*ret->list.at), deepest_first);
	return r;
}

/* What is refused is asked for at the next tick again. */
static void remove_quiet(struct shaper_tree *t, struct shaper_device *dev)
{
	_cleanup_shaper_jobs_ struct shaper_jobs jobs = { 0 };
	struct leavings leaving = { 0 };
	int r = find_leaving(dev, &leaving);

	if (!r)
		r = shaper_jobs_begin(t, &jobs);
	for (size_t i = 0; i < MIN(leaving.list.n, MOST_PER_TICK) && !r; i++)
		r = shaper_job_delete(&jobs, dev, leaving.list.at[i].cls);
	if (jobs.batch)
		(void)shaper_jobs_flush(&jobs);
	vec_free(&leaving.list);
}

static void give_shares_back(struct shaper_tree *t, struct shaper_device *dev)
{
	_cleanup_shaper_jobs_ struct shaper_jobs jobs = { 0 };

	if ((!find_heirs(dev) && !dev->sharing) || shaper_jobs_begin(t, &jobs))
		return;
	(void)change_shares(&jobs, dev);
	(void)shaper_jobs_flush(&jobs);
	t->retry |= jobs.refused > 0;
}

static bool is_used(const struct shaper_tree *t, const struct shaper_device *dev, unsigned major)
{
	for (int side = 0; side < SHAPER_SIDES; side++) {
		unsigned first = 1 + (side == SHAPER_UP ? t->plan->up_offset : 0);

		if (t->dev[side] == dev && major >= first && major < first + t->plan->queues)
			return true;
	}
	return false;
}

static void retire_queues(struct shaper_tree *t, struct shaper_device *dev)
{
	bool has[SHAPER_MAJORS] = { false };

	vec_foreach(&dev->list, cls)
		has[(*cls)->handle >> 16] = true;
	for (unsigned major = 1; major < SHAPER_MAJORS && dev->mq; major++)
		if (dev->htb[major] && !has[major] && !is_used(t, dev, major))
			shaper_device_retire(t, dev, major);
}

static bool has_items(const struct shaper_device *dev)
{
	vec_foreach(&dev->list, cls)
		if (((*cls)->handle & 0xffff) >= SHAPER_MINOR_FIRST)
			return true;
	return false;
}

static bool drain(struct shaper_tree *t, struct shaper_device *dev)
{
	size_t was = dev->loose;

	if (was && !look(t, dev)) {
		give_shares_back(t, dev);
		remove_quiet(t, dev);
	}
	if (!t->plan->queues && (dev->root || dev->misfit) && !has_items(dev)) {
		shaper_device_stop(t, dev);
		dev->known = true;
	} else if (was != dev->loose) {
		retire_queues(t, dev);
	}
	return dev->loose > 0;
}

bool shaper_drain_tick(struct shaper_tree *t)
{
	struct shaper_device *devs[SHAPER_SIDES];
	unsigned n = shaper_devices(t->dev, devs);
	bool more = false;

	for (unsigned i = 0; i < n && t->plan; i++)
		if (devs[i]->known && !devs[i]->gone)
			more |= drain(t, devs[i]);
	return more;
}
