/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All queueing disciplines or all classes of a device as they stand, with what they have counted:
 * one dump each, however many there are.
 */
#pragma once

#include "base/vec.h"
#include "nl/qdisc.h"

/* Those of 32 bits come round: the kernel has no more. */
struct nl_tc_stats {
	uint64_t bytes, packets;
	uint32_t drops, overlimits, requeues;
	uint32_t backlog, qlen; /* bytes and packets that wait now */
};

struct nl_cake_tin {
	uint64_t sent_bytes, dropped_bytes, acks_dropped_bytes, marked_bytes;
	uint64_t threshold; /* bits/s */
	uint32_t sent, dropped, acks_dropped, marked;
	uint32_t backlog_bytes, backlog;
	uint32_t peak_delay_us, avg_delay_us, base_delay_us;
	uint32_t sparse_flows, bulk_flows, unresponsive_flows;
};

struct nl_qdisc {
	uint32_t handle, parent;
	char kind[16];
	struct nl_qdisc_spec spec;
	struct nl_tc_stats stats;
	uint32_t direct; /* of htb: packets that no class claimed and that went unshaped */
	/* Of fq_codel and cake. */
	uint32_t marked;      /* by ECN instead of dropped */
	uint32_t memory_used; /* bytes */
	/* Of cake: nl_qdisc_tins(), the first being the tin of lowest priority. */
	uint32_t first_tin, tins;
};

struct nl_qdiscs {
	struct nl_qdisc *at;
	size_t n, cap;
	VEC(struct nl_cake_tin) tins;
};

struct nl_class {
	uint32_t handle, parent;
	uint32_t leaf; /* handle of the qdisc under it; 0: an inner class, or a leaf without a name */
	char kind[16];
	struct nl_tc_stats stats;
	/* Of htb. */
	struct nl_htb_class htb;
	uint32_t level; /* 0 = a leaf */
	uint32_t lends, borrows, giants;
	int32_t tokens, ctokens;
};

struct nl_classes {
	struct nl_class *at;
	size_t n, cap;
};

static inline void nl_qdiscs_free(struct nl_qdiscs *q)
{
	vec_free(q);
	vec_free(&q->tins);
}
static inline void nl_classes_free(struct nl_classes *c)
{
	vec_free(c);
}
#define _cleanup_nl_qdiscs_ _cleanup_(nl_qdiscs_free)
#define _cleanup_nl_classes_ _cleanup_(nl_classes_free)

int nl_qdisc_list(struct nl *nl, unsigned ifindex, struct nl_qdiscs *ret);
int nl_class_list(struct nl *nl, unsigned ifindex, struct nl_classes *ret);
/* One of them; -ENOENT where there is none. */
int nl_class_get(struct nl *nl, unsigned ifindex, uint32_t handle, struct nl_class *ret);
static inline const struct nl_cake_tin *nl_qdisc_tins(const struct nl_qdiscs *list,
						      const struct nl_qdisc *q)
{
	return q->tins ? &list->tins.at[q->first_tin] : NULL;
}
/* NULL where there is none.  A walk: for the many, sort or hash what was listed. */
const struct nl_qdisc *nl_qdisc_find(const struct nl_qdiscs *list, uint32_t parent);
const struct nl_class *nl_class_find(const struct nl_classes *list, uint32_t handle);
