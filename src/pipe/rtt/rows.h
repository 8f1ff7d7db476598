/* SPDX-License-Identifier: GPL-2.0-only */
/* What a list of round-trip times is made of: who was asked for, in which cuts, and the rows. */
#pragma once

#include "pipe/rtt/store.h"
#include "pipe/who.h"

/* What of the samples goes into one row. */
struct rtt_cut {
	unsigned sides, kinds; /* masks */
	const char *side, *kind;
};
#define RTT_CUTS (RTT_SIDES * RTT_KINDS) /* at most */

enum rtt_row_sort {
	RTT_ROW_NAME,
	RTT_ROW_SAMPLES,
	RTT_ROW_MEAN,
	RTT_ROW_P50,
	RTT_ROW_P90,
	RTT_ROW_P99,
	RTT_ROW_MAX,
	RTT_ROW_SORTS
};

struct rtt_row_wish {
	int subscriber, node; /* of `who`; -1 = all */
	bool by_node;
	struct rtt_cut cuts[RTT_CUTS];
	unsigned n_cuts;
	unsigned intervals; /* before the current one */
	enum rtt_row_sort sort;
};

struct rtt_row {
	const struct pipe_who_subscriber *of; /* NULL: of a node */
	int node;
	unsigned subscribers; /* of the node: that had any */
	const struct rtt_cut *cut;
	struct rtt_figures figures;
	uint64_t total; /* since the start */
};
struct rtt_rows {
	VEC(struct rtt_row) list;
	uint64_t samples; /* in all of them; what several nodes have once */
};

/* Sorted; rows without samples are left out.  They refer to `who` and to the wish's cuts. */
int rtt_rows_find(const struct rtt_store *store, const struct pipe_who *who,
		  const struct rtt_row_wish *wish, struct rtt_rows *ret);
void rtt_rows_free(struct rtt_rows *rows);
#define _cleanup_rtt_rows_ _cleanup_(rtt_rows_free)
