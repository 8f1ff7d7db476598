/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests for classes and leaves, by the batch.  What the kernel did is noted in the classes when
 * the batch is through; what it refused leaves them as they were.
 */
#include <errno.h>
#include <inttypes.h>

#include "shaper/apply_private.h"

int shaper_jobs_begin(struct shaper_tree *t, struct shaper_jobs *ret)
{
	*ret = (struct shaper_jobs){ .t = t };
	return nl_batch_open(t->nl, &ret->batch);
}

void shaper_jobs_end(struct shaper_jobs *jobs)
{
	nl_batch_close(jobs->batch);
	vec_free(&jobs->list);
}

static struct nl_tc_place place_of(const struct shaper_device *dev, const struct shaper_class *cls)
{
	return (struct nl_tc_place){ dev->ifindex, cls->handle, cls->parent };
}

static int put(struct shaper_jobs *jobs, const struct nlmsghdr *request, struct shaper_job job)
{
	int r = vec_push(&jobs->list, job);

	if (r)
		return r;
	r = nl_batch_add(jobs->batch, request);
	if (r)
		jobs->list.n--;
	return r;
}

/* --- what comes of them ----------------------------------------------------------------------- */

static void note_leaf(const struct shaper_job *job)
{
	if (job->cls->leaf != job->leaf)
		shaper_leaf_give_back(job->dev, job->cls->leaf);
	job->cls->leaf = job->leaf;
	job->cls->leaf_has = job->spec;
	job->cls->leaf_found = false;
}

static void note_done(const struct shaper_job *job)
{
	switch (job->what) {
	case SHAPER_DO_ADD:
	case SHAPER_DO_CHANGE:
		job->cls->has = job->htb;
		job->cls->found = false;
		break;
	case SHAPER_DO_LEAF:
		note_leaf(job);
		break;
	case SHAPER_DO_DELETE:
		shaper_class_remove(job->dev, job->cls);
		break;
	}
}

static void describe(struct shaper_jobs *jobs, const struct shaper_job *job, int error,
		     const char *words)
{
	static const char *const names[] = {
		[SHAPER_DO_ADD] = "class",
		[SHAPER_DO_CHANGE] = "rate of class",
		[SHAPER_DO_DELETE] = "removal of class",
		[SHAPER_DO_LEAF] = "leaf of class",
	};
	const struct shaper_words *leaf = job->cls->wants.leaf;

	jobs->error = error;
	(void)snprintf(jobs->text, sizeof(jobs->text), "%s: %s %x:%x%s%s%s: %s%s%s", job->dev->name,
		       names[job->what], job->cls->handle >> 16, job->cls->handle & 0xffff,
		       leaf ? " (" : "", leaf ? leaf->text : "", leaf ? ")" : "", strerror(-error),
		       *words ? ": " : "", words);
}

static void note_refused(struct shaper_jobs *jobs, const struct shaper_job *job, int error,
			 const char *words)
{
	/* It went by itself, which is as good. */
	if (job->what == SHAPER_DO_DELETE && error == -ENOENT) {
		shaper_class_remove(job->dev, job->cls);
		return;
	}
	if (!jobs->refused++)
		describe(jobs, job, error, words);
	if (job->what == SHAPER_DO_LEAF && job->cls->leaf != job->leaf)
		shaper_leaf_give_back(job->dev, job->leaf);
	if (error == -ENODEV)
		job->dev->gone = true;
	/* What we believe to stand does not: the kernel is to be asked. */
	if (error == -ENOENT || error == -ENOBUFS)
		job->dev->known = false;
}

int shaper_jobs_flush(struct shaper_jobs *jobs)
{
	const struct nl_refusals *refusals = nl_batch_refusals(jobs->batch);
	int r = nl_batch_flush(jobs->batch);
	size_t done = nl_batch_done(jobs->batch);

	for (size_t i = 0; i < jobs->list.n; i++) {
		const struct nl_refusal *next =
			jobs->seen < refusals->n ? &refusals->at[jobs->seen] : NULL;
		const struct shaper_job *job = &jobs->list.at[i];

		if (jobs->begun + i >= done) {
			note_refused(jobs, job, r ?: -EIO, "it was not sent");
		} else if (next && next->index == jobs->begun + i) {
			note_refused(jobs, job, next->error, next->words);
			jobs->seen++;
		} else {
			note_done(job);
		}
	}
	jobs->begun += jobs->list.n;
	jobs->list.n = 0;
	return r;
}

/* --- classes ---------------------------------------------------------------------------------- */

/*
 * The kernel gives a new class a full bucket.  That is a gift to who only moves, so that classes
 * that come while others stand begin with a small one; the settling makes it larger, and time
 * fills it.
 */
int shaper_job_add(struct shaper_jobs *jobs, struct shaper_device *dev, struct shaper_class *cls)
{
	const struct nl_tc_place at = place_of(dev, cls);
	struct shaper_job job = { SHAPER_DO_ADD, dev, cls, .htb = shaper_class_due(dev, cls) };
	char buffer[NL_REQUEST_MAX];

	if (jobs->t->plan)
		shaper_htb_empty(&job.htb, dev->mtu);
	return put(jobs, nl_class_request(buffer, NL_TC_ADD, &at, &job.htb), job);
}

int shaper_job_change(struct shaper_jobs *jobs, struct shaper_device *dev, struct shaper_class *cls)
{
	const struct nl_tc_place at = place_of(dev, cls);
	struct shaper_job job = { SHAPER_DO_CHANGE, dev, cls, .htb = shaper_class_due(dev, cls) };
	char buffer[NL_REQUEST_MAX];

	if (cls->found && shaper_htb_same(&cls->has, &job.htb)) {
		cls->has = job.htb;
		cls->found = false;
	}
	if (!cls->found && shaper_htb_equal(&cls->has, &job.htb))
		return 0;
	return put(jobs, nl_class_request(buffer, NL_TC_CHANGE, &at, &job.htb), job);
}

int shaper_job_delete(struct shaper_jobs *jobs, struct shaper_device *dev, struct shaper_class *cls)
{
	const struct nl_tc_place at = place_of(dev, cls);
	char buffer[NL_REQUEST_MAX];

	return put(jobs, nl_class_request(buffer, NL_TC_DELETE, &at, NULL),
		   (struct shaper_job){ SHAPER_DO_DELETE, dev, cls });
}

/* --- leaves ----------------------------------------------------------------------------------- */

/*
 * What is to be sent; NULL = nothing.  A leaf that changes in place keeps its packets.  Another
 * kind takes the place of the old one, whose packets are lost: only a new class could keep them,
 * and one subscriber's packets of a moment are not worth another number for him.
 */
static struct nlmsghdr *leaf_request(struct shaper_job *job, void *buffer)
{
	struct shaper_class *cls = job->cls;
	struct nl_tc_place at = { job->dev->ifindex, cls->leaf, cls->handle };
	struct nl_qdisc_spec sent;

	if (cls->leaf && cls->leaf_found && shaper_leaf_same(&cls->leaf_has, &job->spec)) {
		cls->leaf_has = job->spec;
		cls->leaf_found = false;
	}
	if (cls->leaf && !cls->leaf_found && nl_qdisc_equal(&cls->leaf_has, &job->spec))
		return NULL;
	job->leaf = cls->leaf;
	if (cls->leaf && shaper_leaf_in_place(&cls->leaf_has, &job->spec, &sent))
		return nl_qdisc_request(buffer, NL_TC_CHANGE, &at, &sent);
	job->leaf = at.handle = shaper_leaf_number(job->dev);
	return nl_qdisc_request(buffer, NL_TC_REPLACE, &at, &job->spec);
}

static bool is_tried(const struct shaper_tree *t, enum nl_qdisc_kind kind)
{
	return t->kinds[kind] != SHAPER_UNTRIED || kind == NL_QDISC_PFIFO || kind == NL_QDISC_BFIFO;
}

/* The first of its kind goes alone: whether the kernel has it decides what the others are. */
static int try_kind(struct shaper_jobs *jobs, struct shaper_job *job, struct nlmsghdr *request)
{
	struct shaper_tree *t = jobs->t;
	int r = shaper_jobs_flush(jobs);

	if (r)
		return r;
	r = nl_ask(t->nl, NL_ROUTE, request, NULL, NULL);
	if (!r) {
		t->kinds[job->spec.kind] = SHAPER_HAVE;
		note_done(job);
		return 0;
	}
	/* So the kernel says, old and new; of a class that is not there it says something else. */
	if (r == -ENOENT && strstr(nl_words(t->nl), "Specified qdisc")) {
		shaper_leaf_give_back(job->dev, job->leaf != job->cls->leaf ? job->leaf : 0);
		shaper_leaf_lacks(t, job->dev->name, job->spec.kind);
		return -EAGAIN;
	}
	note_refused(jobs, job, r, nl_words(t->nl));
	return 0;
}

int shaper_job_leaf(struct shaper_jobs *jobs, struct shaper_device *dev, struct shaper_class *cls)
{
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *request;
	int r;

	if (!cls->wants.leaf)
		return 0;
	do {
		struct shaper_job job = { SHAPER_DO_LEAF, dev, cls };

		job.spec = shaper_leaf_spec(jobs->t, cls->wants.leaf, cls->wants.htb.ceil);
		request = leaf_request(&job, buffer);
		if (!request)
			return 0;
		if (!job.leaf)
			return -ENOSPC;
		r = is_tried(jobs->t, job.spec.kind) ? put(jobs, request, job) :
						       try_kind(jobs, &job, request);
	} while (r == -EAGAIN);
	return r;
}
