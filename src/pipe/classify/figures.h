/* SPDX-License-Identifier: GPL-2.0-only */
/* One subscriber, one node, one unknown address as JSON, for answers. */
#pragma once

#include <jansson.h>

#include "pipe/classify/live.h"
#include "shaper/stats.h"

/* {"download": down, "upload": up} */
json_t *figures_pair(json_t *down, json_t *up);
json_t *figures_rates(struct rate_pair max, struct rate_pair min);
/* What the queues did; all 0 where there are none. */
json_t *figures_sent(const struct shaper_both *both);
json_t *figures_speed(const double of[2]);
json_t *figures_prefix(const struct net_prefix *prefix);
/* "3:1a", "" without a class. */
json_t *figures_class(uint32_t handle);
/* `stats` may be empty. */
json_t *figures_subscriber(const struct classify_live *live, size_t circuit,
			   const struct shaper_stats *stats, bool devices);
/* Of all items: circuits below, and what arrives for them each second. */
struct figures_sums {
	struct figures_sum {
		unsigned circuits, depth;
		double bps[2];
	} * at;
};
/* Drops, marks and what waits. */
void figures_add_leaf(struct shaper_figures *to, const struct shaper_figures *from);
/* Also adds up in `stats` what the kernel tells of leaves alone. */
int figures_sum_up(const struct classify_live *live, struct shaper_stats *stats,
		   struct figures_sums *ret);
void figures_sums_free(struct figures_sums *sums);
json_t *figures_item(const struct classify_live *live, size_t item,
		     const struct shaper_stats *stats, const struct figures_sums *sums);
