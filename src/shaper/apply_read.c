/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands on a device, by the kernel's word and not from memory: after a restart, a kill -9, or
 * when somebody else took our tree away.
 */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "nl/ethtool.h"
#include "nl/link.h"
#include "shaper/apply_private.h"

/* Of those that were made when the device was, the driver may use fewer. */
int shaper_device_queues(struct nl *nl, unsigned ifindex, unsigned *ret)
{
	struct nl_channels channels = { 0 };
	struct nl_link link;
	int r = nl_link_get_by_index(nl, ifindex, &link);

	if (r)
		return r;
	r = nl_ethtool_channels(nl, ifindex, &channels);
	*ret = MIN(r ? 0 : channels.tx + channels.combined, link.txq) ?: MAX(link.txq, 1);
	return 0;
}

static int read_device(struct nl *nl, struct shaper_device *dev)
{
	struct nl_link link;
	int r = nl_link_get_by_index(nl, dev->ifindex, &link);

	if (!r)
		r = shaper_device_queues(nl, dev->ifindex, &dev->queues);
	if (r)
		return r;
	dev->mtu = link.mtu;
	/* The kernel has no mq for a single queue. */
	dev->mq = dev->queues > 1;
	return 0;
}

/* --- whose root is it ------------------------------------------------------------------------- */

static bool is_our_htb(const struct nl_qdisc *q)
{
	return q->spec.kind == NL_QDISC_HTB && !(q->handle & 0xffff) &&
	       q->handle >> 16 < SHAPER_MAJORS && q->spec.htb.default_class == SHAPER_MINOR_DEFAULT;
}

/* With its q:1: a lone htb 1: is what everybody makes by hand. */
static bool is_our_lone_htb(const struct nl_qdisc *root, const struct nl_classes *classes)
{
	const struct nl_class *line = nl_class_find(classes, 0x10000 | SHAPER_MINOR_ROOT);

	return root->handle == 0x10000 && is_our_htb(root) && line && line->parent == TC_H_ROOT &&
	       nl_class_find(classes, 0x10000 | SHAPER_MINOR_DEFAULT);
}

static bool is_our_mq(const struct nl_qdisc *root)
{
	return root->spec.kind == NL_QDISC_MQ && root->handle == SHAPER_MQ_HANDLE;
}

static int refuse_foreign(const struct shaper_device *dev, const struct nl_qdisc *root,
			  struct diag *d)
{
	(void)diag_error(d, NULL, "%s: a root qdisc that is not ours is there: %s %x:", dev->name,
			 root->kind, root->handle >> 16);
	diag_hint(d, "if nobody needs it: tc qdisc del dev %s root", dev->name);
	return -EEXIST;
}

/* An htb below the mq that has another's number would stand in the way of that one. */
static bool misplaced(const struct nl_qdisc *q)
{
	return q->parent >> 16 == SHAPER_MQ_HANDLE >> 16 && q->spec.kind == NL_QDISC_HTB &&
	       (!is_our_htb(q) || q->handle >> 16 != (q->parent & 0xffff));
}

static bool shape_fits(const struct shaper_device *dev, const struct nl_qdiscs *qdiscs,
		       const struct nl_qdisc *root)
{
	if (dev->mq != (root->spec.kind == NL_QDISC_MQ))
		return false;
	vec_foreach(qdiscs, q) {
		if (dev->mq && misplaced(q))
			return false;
	}
	return true;
}

static void note_root(struct shaper_tree *t, struct shaper_device *dev,
		      const struct nl_qdiscs *qdiscs, const struct nl_qdisc *root)
{
	dev->root = shape_fits(dev, qdiscs, root);
	dev->misfit = !dev->root;
	dev->root_handle = root->handle;
	if (dev->misfit)
		shaper_say(t, dev->name, "replaced",
			   "our tree has another shape: it is made anew, as a whole");
}

/* --- what is below ---------------------------------------------------------------------------- */

static void take_htbs(struct shaper_device *dev, const struct nl_qdiscs *qdiscs)
{
	vec_foreach(qdiscs, q) {
		uint32_t parent = dev->mq ? SHAPER_MQ_HANDLE | q->handle >> 16 : TC_H_ROOT;

		if (is_our_htb(q) && q->parent == parent)
			dev->htb[q->handle >> 16] = true;
	}
}

static void take_leaf(struct shaper_device *dev, const struct nl_qdisc *q)
{
	struct shaper_class *cls = shaper_class_find(dev, q->parent);

	if (q->handle)
		shaper_leaf_take(dev, q->handle);
	if (!cls || !q->handle)
		return;
	cls->leaf = q->handle;
	cls->leaf_has = q->spec;
	cls->leaf_found = true;
}

static int take_class(struct shaper_device *dev, const struct nl_class *c)
{
	uint32_t top = c->handle & 0xffff0000;
	struct shaper_class *cls;

	if (c->handle >> 16 >= SHAPER_MAJORS || !dev->htb[c->handle >> 16])
		return 0;
	cls = shaper_class_add(dev, c->handle, c->parent == TC_H_ROOT ? top : c->parent,
			       SHAPER_FOUND);
	if (!cls)
		return -ENOMEM;
	cls->has = c->htb;
	cls->found = true;
	cls->inner = c->level > 0;
	return 0;
}

static int take_all(struct shaper_device *dev, const struct nl_qdiscs *qdiscs,
		    const struct nl_classes *classes)
{
	int r = 0;

	if (dev->root)
		take_htbs(dev, qdiscs);
	vec_foreach(classes, c) {
		if (!r)
			r = take_class(dev, c);
	}
	vec_foreach(qdiscs, q)
		take_leaf(dev, q);
	return r;
}

static void tell_adopted(struct shaper_tree *t, const struct shaper_device *dev)
{
	if (dev->root && dev->list.n)
		shaper_say(t, dev->name, "adopted", "%zu classes stand already", dev->list.n);
}

static int read_tree(struct shaper_tree *t, struct shaper_device *dev, bool want_tree, struct diag *d)
{
	_cleanup_nl_qdiscs_ struct nl_qdiscs qdiscs = { 0 };
	_cleanup_nl_classes_ struct nl_classes classes = { 0 };
	int r = nl_qdisc_list(t->nl, dev->ifindex, &qdiscs);
	const struct nl_qdisc *root;

	if (!r)
		r = nl_class_list(t->nl, dev->ifindex, &classes);
	if (r)
		return r;
	root = nl_qdisc_find(&qdiscs, TC_H_ROOT);
	/* The kernel's own default has no number. */
	if (root && root->handle) {
		if (is_our_mq(root) || is_our_lone_htb(root, &classes))
			note_root(t, dev, &qdiscs, root);
		else if (want_tree)
			return refuse_foreign(dev, root, d);
	}
	return take_all(dev, &qdiscs, &classes);
}

int shaper_device_read(struct shaper_tree *t, struct shaper_device *dev, bool want_tree,
		       struct diag *d)
{
	int r;

	shaper_device_forget(dev);
	r = read_device(t->nl, dev);
	if (!r)
		r = read_tree(t, dev, want_tree, d);
	if (r) {
		shaper_device_forget(dev);
		if (r != -EEXIST)
			(void)diag_error(d, NULL, "%s: its queues cannot be read: %s", dev->name,
					 nl_error_text(t->nl, r));
		return r;
	}
	dev->known = true;
	dev->gone = false;
	tell_adopted(t, dev);
	return 0;
}

/* --- is it still there ------------------------------------------------------------------------ */

static int ask_for(struct nl_batch *batch, const struct shaper_device *dev, uint32_t handle,
		   uint32_t parent)
{
	const struct nl_tc_place at = { dev->ifindex, handle, parent };
	char buffer[NL_REQUEST_MAX];

	return nl_batch_add(batch, nl_request_tc(buffer, RTM_GETQDISC, 0, &at));
}

/* The kernel refuses to show on a parent what has another number; the answer itself is not needed. */
int shaper_device_check(struct shaper_tree *t, struct shaper_device *dev)
{
	_cleanup_nl_batch_ struct nl_batch *batch = NULL;
	const struct nl_refusals *refusals;
	int r = nl_batch_open(t->nl, &batch);

	if (!r)
		r = ask_for(batch, dev, dev->mq ? SHAPER_MQ_HANDLE : 0x10000, TC_H_ROOT);
	for (uint32_t major = 1; major < SHAPER_MAJORS && !r && dev->mq; major++)
		if (dev->htb[major])
			r = ask_for(batch, dev, major << 16, SHAPER_MQ_HANDLE | major);
	if (!r)
		r = nl_batch_flush(batch);
	if (r)
		return r;
	refusals = nl_batch_refusals(batch);
	if (!refusals->n)
		return 0;
	return refusals->at[0].error == -ENODEV ? -ENODEV : -ENOENT;
}
