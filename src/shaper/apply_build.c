/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is wanted and does not stand is made: the root, an htb per queue, classes from the top down,
 * then leaves.  Transmit queues beyond those of the plan keep the kernel's default: the packet path
 * says for each packet which queue it takes, so that nothing comes there by chance, and a tree per
 * queue that is not used would be a line more than there is.
 */
#include <errno.h>
#include <stdlib.h>

#include "shaper/apply_private.h"

#define RETIRED_LIMIT 1000

static int ask(struct shaper_tree *t, enum nl_tc_verb verb, struct nl_tc_place at,
	       const struct nl_qdisc_spec *spec)
{
	char buffer[NL_REQUEST_MAX];

	return nl_ask(t->nl, NL_ROUTE, nl_qdisc_request(buffer, verb, &at, spec), NULL, NULL);
}

static struct nl_qdisc_spec htb_spec(void)
{
	struct nl_qdisc_spec spec = { .kind = NL_QDISC_HTB };

	(void)nl_qdisc_give(&spec, "default", SHAPER_MINOR_DEFAULT);
	return spec;
}

/* --- root and trunk --------------------------------------------------------------------------- */

static int delete_root(struct shaper_tree *t, struct shaper_device *dev)
{
	return ask(t, NL_TC_DELETE,
		   (struct nl_tc_place){ dev->ifindex, dev->root_handle, TC_H_ROOT }, NULL);
}

static int make_root(struct shaper_tree *t, struct shaper_device *dev)
{
	struct nl_qdisc_spec spec =
		dev->mq ? (struct nl_qdisc_spec){ .kind = NL_QDISC_MQ } : htb_spec();
	int r = dev->misfit ? delete_root(t, dev) : 0;

	if (r || dev->root)
		return r;
	dev->misfit = false;
	dev->root_handle = dev->mq ? SHAPER_MQ_HANDLE : 0x10000;
	r = ask(t, NL_TC_REPLACE, (struct nl_tc_place){ dev->ifindex, dev->root_handle, TC_H_ROOT },
		&spec);
	if (r)
		return r;
	dev->root = dev->root_made = true;
	dev->htb[1] = dev->htb_made[1] = !dev->mq;
	return 0;
}

static int make_htb(struct shaper_tree *t, struct shaper_device *dev, uint32_t major)
{
	struct nl_qdisc_spec spec = htb_spec();
	int r;

	if (dev->htb[major])
		return 0;
	r = ask(t, NL_TC_REPLACE,
		(struct nl_tc_place){ dev->ifindex, major << 16, SHAPER_MQ_HANDLE | major }, &spec);
	if (r)
		return r;
	dev->htb[major] = dev->htb_made[major] = true;
	dev->shun = 0;
	return 0;
}

static int make_trunk(struct shaper_tree *t, int side, struct shaper_device **ret_where)
{
	struct shaper_device *dev = t->next.dev[side];
	unsigned offset = side == SHAPER_UP ? t->next.to.up_offset : 0;
	int r;

	if (!dev)
		return 0;
	*ret_where = dev;
	r = make_root(t, dev);
	for (unsigned q = 0; q < t->next.to.queues && !r; q++)
		r = make_htb(t, dev, q + 1 + offset);
	return r;
}

static int make_trunks(struct shaper_tree *t, struct diag *d)
{
	struct shaper_device *where = NULL;
	int r = 0;

	for (int side = 0; side < SHAPER_SIDES && !r && t->next.to.queues; side++)
		r = make_trunk(t, side, &where);
	if (r)
		(void)diag_error(d, NULL, "%s: no tree can be made: %s", where->name,
				 nl_error_text(t->nl, r));
	return r;
}

/* --- what is in the way ----------------------------------------------------------------------- */

/* A class cannot be hung elsewhere, and one with classes below can have no leaf. */
static bool fits(const struct shaper_class *cls, const struct shaper_want *want)
{
	return cls->parent == want->parent && (want->wish.leaf ? !cls->inner : !cls->leaf);
}

struct in_the_way {
	struct shaper_class *cls;
	unsigned depth;
};

static int deepest_first(const void *x, const void *y)
{
	const struct in_the_way *a = x, *b = y;

	return (a->depth < b->depth) - (a->depth > b->depth);
}

static bool stands_in_the_way(const struct shaper_device *dev, const struct shaper_class *cls)
{
	for (unsigned i = 0; cls && i < SHAPER_CLASS_DEPTH; i++) {
		if (cls->kill)
			return true;
		cls = shaper_class_find(dev, cls->parent);
	}
	return false;
}

/* Between two plans nothing is but what the last but one doomed. */
static bool mark_those_in_the_way(struct shaper_tree *t)
{
	bool any = false;

	vec_foreach(&t->next.wants, want) {
		struct shaper_class *cls = shaper_class_find(want->dev, want->handle);

		if (cls && !fits(cls, want))
			any = cls->kill = true;
	}
	return any;
}

static int delete_those_in_the_way(struct shaper_jobs *jobs, struct shaper_device *dev)
{
	VEC(struct in_the_way) list = { 0 };
	int r = 0;

	vec_foreach(&dev->list, it) {
		struct shaper_class *cls = *it;

		if (stands_in_the_way(dev, cls->heir))
			cls->heir = NULL;
		if (!r && stands_in_the_way(dev, cls))
			r = vec_push(&list, { cls, shaper_class_depth(dev, cls) });
	}
	if (list.n) {
		qsort(list.at, list.n, sizeof(*list.at), deepest_first);
		shaper_say(jobs->t, dev->name, "replaced",
			   "%zu classes stood elsewhere in the tree: they are made anew", list.n);
	}
	vec_foreach(&list, it) {
		it->cls->kill = false;
		if (!r)
			r = shaper_job_delete(jobs, dev, it->cls);
	}
	vec_free(&list);
	return r ?: shaper_jobs_flush(jobs);
}

static int clear_the_way(struct shaper_tree *t, struct shaper_jobs *jobs)
{
	struct shaper_device *devs[SHAPER_SIDES];
	unsigned n = shaper_devices(t->next.dev, devs);
	int r = 0;

	if (!mark_those_in_the_way(t))
		return 0;
	/* Until the settling the plan in force is not what stands. */
	t->rebuild = true;
	for (unsigned i = 0; i < n && !r; i++)
		r = delete_those_in_the_way(jobs, devs[i]);
	return r;
}

/* --- classes and leaves ----------------------------------------------------------------------- */

static int place(struct shaper_tree *t, struct shaper_want *want)
{
	want->cls = shaper_class_find(want->dev, want->handle);
	if (!want->cls) {
		want->cls = shaper_class_add(want->dev, want->handle, want->parent, SHAPER_NEW);
		if (!want->cls)
			return -ENOMEM;
		want->cls->wants = want->wish;
		want->cls->inner = !want->wish.leaf;
	}
	want->cls->claim = t->serial;
	return 0;
}

/*
 * Each leaf behind its class: the fifo that the kernel puts under a class is in one list with all
 * of its kind, which would be long if the leaves came later.
 */
static int make_new(struct shaper_jobs *jobs, struct shaper_want *want)
{
	int r;

	if (want->cls->state != SHAPER_NEW)
		return 0;
	r = shaper_job_add(jobs, want->dev, want->cls);
	return r ?: shaper_job_leaf(jobs, want->dev, want->cls);
}

static int make_classes(struct shaper_tree *t, struct shaper_jobs *jobs)
{
	int r = clear_the_way(t, jobs);

	vec_foreach(&t->next.wants, want) {
		if (!r)
			r = place(t, want);
	}
	vec_foreach(&t->next.wants, want) {
		if (!r)
			r = make_new(jobs, want);
	}
	return r ?: shaper_jobs_flush(jobs);
}

static int explain(struct shaper_jobs *jobs, int r, struct diag *d)
{
	if (jobs->refused)
		(void)diag_error(d, NULL, "%s%s", jobs->text,
				 jobs->refused > 1 ? ", and others" : "");
	else if (r == -ENOSPC)
		(void)diag_error(d, NULL,
				 "a device has no more numbers for queues: 65,000 is the most");
	return jobs->refused ? jobs->error : r;
}

int shaper_build(struct shaper_tree *t, struct diag *d)
{
	_cleanup_shaper_jobs_ struct shaper_jobs jobs = { 0 };
	int r = make_trunks(t, d);

	if (r || !t->next.wants.n)
		return r;
	r = shaper_jobs_begin(t, &jobs);
	return r ?: explain(&jobs, make_classes(t, &jobs), d);
}

/* --- and back --------------------------------------------------------------------------------- */

void shaper_device_retire(struct shaper_tree *t, struct shaper_device *dev, unsigned major)
{
	struct nl_qdisc_spec spec = { .kind = NL_QDISC_PFIFO };
	struct nl_tc_place at = { dev->ifindex, shaper_leaf_number(dev), SHAPER_MQ_HANDLE | major };

	/* Deleted, it would leave a queue that drops everything: the kernel's default does not come. */
	(void)nl_qdisc_give(&spec, "limit", RETIRED_LIMIT);
	if (at.handle && !ask(t, NL_TC_REPLACE, at, &spec))
		dev->htb[major] = dev->htb_made[major] = false;
}

void shaper_device_stop(struct shaper_tree *t, struct shaper_device *dev)
{
	if (!dev->gone && (dev->root || dev->misfit))
		(void)delete_root(t, dev);
	shaper_device_forget(dev);
}

static void take_back_classes(struct shaper_tree *t, struct shaper_device *dev)
{
	_cleanup_shaper_jobs_ struct shaper_jobs jobs = { 0 };
	int r = shaper_jobs_begin(t, &jobs);

	/* The last made are the last in the list: children before parents. */
	for (size_t i = dev->list.n; i-- > 0 && !r;)
		if (dev->list.at[i]->state == SHAPER_NEW)
			r = shaper_job_delete(&jobs, dev, dev->list.at[i]);
	if (jobs.batch)
		(void)shaper_jobs_flush(&jobs);
	/* What would not go is found at the next look. */
	for (size_t i = dev->list.n; i-- > 0;)
		if (dev->list.at[i]->state == SHAPER_NEW)
			shaper_class_remove(dev, dev->list.at[i]);
}

static void take_back(struct shaper_tree *t, struct shaper_device *dev)
{
	if (dev->root_made) {
		shaper_device_stop(t, dev);
		return;
	}
	take_back_classes(t, dev);
	for (unsigned major = 1; major < SHAPER_MAJORS; major++)
		if (dev->htb_made[major])
			shaper_device_retire(t, dev, major);
}

void shaper_build_take_back(struct shaper_tree *t)
{
	struct shaper_device *devs[SHAPER_SIDES];
	unsigned n = shaper_devices(t->next.dev, devs);

	for (unsigned i = 0; i < n; i++)
		take_back(t, devs[i]);
}
