/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each queue has a tree of its own, with the whole line at its top, and none knows of the others:
 * together they could send more than the line has.  So what each used is looked at every second,
 * and while the line is full it is shared out.
 */
#include "base/clock.h"
#include "shaper/apply_private.h"
#include "shaper/share.h"

static struct shaper_class *top_of(const struct shaper_tree *t, int side, unsigned queue)
{
	uint32_t major = queue + 1 + (side == SHAPER_UP ? t->plan->up_offset : 0);
	const struct shaper_device *dev = t->dev[side];

	return dev && dev->known && !dev->gone ?
		       shaper_class_find(dev, major << 16 | SHAPER_MINOR_ROOT) :
		       NULL;
}

/* False when nothing can be said of the last second. */
static bool look(struct shaper_tree *t, int side, struct shaper_class *cls, double seconds,
		 struct shaper_share *ret)
{
	struct nl_class class;
	uint64_t sent;
	bool known = cls->watched;

	if (nl_class_get(t->nl, t->dev[side]->ifindex, cls->handle, &class))
		return false;
	known &= class.stats.bytes >= cls->seen;
	sent = class.stats.bytes - cls->seen;
	cls->seen = class.stats.bytes;
	cls->watched = true;
	if (!known || seconds < 0.1 || seconds > 10)
		return false;
	ret->used = (uint64_t)((double)sent * 8 / seconds);
	ret->cap = cls->share ?: cls->wants.htb.ceil;
	return true;
}

static void apply(struct shaper_tree *t, int side, const struct shaper_share *shares, uint64_t line)
{
	_cleanup_shaper_jobs_ struct shaper_jobs jobs = { 0 };
	int r = shaper_jobs_begin(t, &jobs);

	for (unsigned q = 0; q < t->plan->queues && !r; q++) {
		struct shaper_class *cls = top_of(t, side, q);

		if (!cls)
			continue;
		cls->share = shares[q].cap < line ? shares[q].cap : 0;
		r = shaper_job_change(&jobs, t->dev[side], cls);
	}
	if (jobs.batch)
		(void)shaper_jobs_flush(&jobs);
}

static void share(struct shaper_tree *t, int side, double seconds)
{
	struct shaper_share shares[SHAPER_QUEUES] = { 0 };
	const uint64_t line = side == SHAPER_UP ? t->plan->uplink.up : t->plan->uplink.down;
	bool whole = true;

	for (unsigned q = 0; q < t->plan->queues; q++) {
		struct shaper_class *cls = top_of(t, side, q);

		shares[q].weight = q < t->plan->load.n ? t->plan->load.at[q] : 1;
		if (!cls || !look(t, side, cls, seconds, &shares[q]))
			whole = false;
	}
	if (whole && shaper_share_out(line, shares, t->plan->queues))
		apply(t, side, shares, line);
}

void shaper_share_tick(struct shaper_tree *t)
{
	const double seconds = clock_seconds_since(CLOCK_MONOTONIC, &t->shared);

	if (!t->plan || t->plan->queues < 2 || t->plan->queues > SHAPER_QUEUES)
		return;
	for (int side = 0; side < SHAPER_SIDES; side++)
		if (t->dev[side])
			share(t, side, seconds);
}
