/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tree has done so far, per item and per queue: one dump of classes and qdiscs per device. */
#pragma once

#include "base/vec.h"
#include "shaper/apply.h"

/* Counted since the class was made.  Those of 32 bits come round: the kernel has no more. */
struct shaper_figures {
	uint64_t bytes, packets; /* sent */
	uint32_t drops, marks;	 /* by the leaf; marked by ECN instead of dropped */
	uint32_t backlog_bytes, backlog;
	uint32_t delay_us;	/* cake: the worst average of its tins; 0 = not known */
	uint32_t peak_delay_us; /* cake, the same */
	bool there;		/* else all are 0 */
};

struct shaper_both {
	struct shaper_figures down, up;
};

struct shaper_stats {
	VEC(struct shaper_both) items; /* as in the plan in force; of a node: of all below */
	/* Per queue: the line, what nobody claimed, control traffic. */
	VEC(struct shaper_queue_stats {
		struct shaper_both line;
		struct shaper_both rest;
		struct shaper_both control;
	})
	queues;
};

/* An empty answer where no plan is in force. */
int shaper_tree_stats(struct shaper_tree *t, struct shaper_stats *ret);
void shaper_stats_free(struct shaper_stats *stats);
#define _cleanup_shaper_stats_ _cleanup_(shaper_stats_free)
