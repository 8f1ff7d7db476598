/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Brings a plan into the kernel and keeps it there: mq at the root, an htb below each transmit
 * queue that is used, the plan's classes and leaves in them.  What stands already is taken over:
 * only what differs is touched, so that a restart or a change of one rate disturbs nobody's queue.
 */
#pragma once

#include <net/if.h>

#include "base/diag.h"
#include "shaper/plan.h"

struct shaper_tree; /* what stands in the kernel */

/* Where.  An ifindex of 0: that direction is not to be had now.  On a stick both are the same. */
struct shaper_line {
	unsigned down_ifindex, up_ifindex; /* towards subscribers, towards the internet */
	char down_name[IF_NAMESIZE], up_name[IF_NAMESIZE];
	const char *leaf; /* of what nobody claimed (q:2), as a circuit's; NULL = "fq_codel" */
};

/* A line for people: "eth1", "adopted", "12 classes stand already". */
typedef void (*shaper_tell)(const char *subject, const char *event, const char *text, void *data);

/* Works in the network namespace of the calling thread. */
int shaper_tree_new(shaper_tell tell, void *data, struct shaper_tree **ret, struct diag *d);
/* Handles only: what stands in the kernel stays. */
void shaper_tree_free(struct shaper_tree *t);
DEFINE_CLEANUP(struct shaper_tree *, shaper_tree_free)
#define _cleanup_shaper_tree_ _cleanup_(shaper_tree_freep)

/* How many transmit queues a device uses: a plan has no more queues than that. */
int shaper_tree_queues(struct shaper_tree *t, unsigned ifindex, unsigned *ret);

/*
 * Makes every class and leaf of `to` that does not stand yet, and changes nothing that is in use:
 * but a tree of ours which is of another shape, as after a restart with other queues, must go, in
 * part or as a whole, before the new one can stand.  That is told.  On failure, with the reasons in
 * `d`, everything made is taken back.  A foreign root qdisc is such a failure, never removed.
 *
 * What is in `to` stays the caller's, unchanged until another plan is settled or the tree is freed;
 * the struct itself may move.  A plan without queues: the tree is to go.
 */
int shaper_tree_prepare(struct shaper_tree *t, const struct shaper_line *line,
			const struct shaper_plan *to, struct diag *d);
/*
 * After prepare, once packets are sent to the new classes: rates and leaves change in place, what
 * is not in the plan is doomed.  Cannot fail: what is refused is told and tried again at each tick.
 */
void shaper_tree_settle(struct shaper_tree *t);
/* Instead of settle. */
void shaper_tree_revert(struct shaper_tree *t);
/*
 * Once a second: removes doomed classes that have been empty for two ticks, and makes the tree anew
 * where somebody took it away.  True while something is left to do.
 */
bool shaper_tree_tick(struct shaper_tree *t);
/* Our root qdiscs go, with all below; the kernel's default comes back. */
void shaper_tree_stop(struct shaper_tree *t);

/*
 * Words of the leaf that an item of the plan in force really has: the item's own, or "fq_codel",
 * "pfifo" where this kernel has no better one.  NULL: it has none.
 */
const char *shaper_tree_leaf(const struct shaper_tree *t, const struct shaper_item *item, bool up);
