/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traffic control as it stands on a device: qdiscs, classes, filters, and the clsact hook with
 * everyone who is on it.  Filters are attached elsewhere; here they are only seen.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "base/vec.h"
#include "nl/sock.h"

/* A qdisc or a class. */
struct nl_tc {
	char kind[16];
	uint32_t handle, parent;
	uint32_t leaf;			      /* of a class: the handle of the qdisc under it */
	uint32_t ingress_block, egress_block; /* of a qdisc: filters shared with other devices */
};

struct nl_tcs {
	struct nl_tc *at;
	size_t n, cap;
};

struct nl_filter {
	char kind[16]; /* "bpf", "flower", ... */
	bool egress;   /* only meaningful on the clsact hook */
	uint32_t parent, handle, chain;
	uint16_t priority, protocol; /* protocol is an ETH_P_* in host order */
	char bpf_name[64];
	uint32_t bpf_id;
	bool direct_action;
};

struct nl_filters {
	struct nl_filter *at;
	size_t n, cap;
};

enum nl_hook_kind { NL_HOOK_NONE, NL_HOOK_INGRESS, NL_HOOK_CLSACT };

/* The hook of a device: NONE may become clsact; the old "ingress" qdisc has no egress side. */
struct nl_hook {
	enum nl_hook_kind kind;
	bool shared; /* its filters live in a block, maybe with other devices */
	struct nl_filters filters;
};

static inline void nl_tcs_free(struct nl_tcs *t)
{
	vec_free(t);
}
static inline void nl_filters_free(struct nl_filters *f)
{
	vec_free(f);
}
static inline void nl_hook_free(struct nl_hook *h)
{
	vec_free(&h->filters);
}
#define _cleanup_nl_tcs_ _cleanup_(nl_tcs_free)
#define _cleanup_nl_filters_ _cleanup_(nl_filters_free)
#define _cleanup_nl_hook_ _cleanup_(nl_hook_free)

int nl_tc_qdiscs(struct nl *nl, unsigned ifindex, struct nl_tcs *ret);
int nl_tc_classes(struct nl *nl, unsigned ifindex, struct nl_tcs *ret);
/* parent: a qdisc handle, or TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS or TC_H_MIN_EGRESS). */
int nl_tc_filters(struct nl *nl, unsigned ifindex, uint32_t parent, struct nl_filters *ret);

int nl_tc_hook_get(struct nl *nl, unsigned ifindex, struct nl_hook *ret);
/* -EEXIST when the device has a clsact or ingress qdisc already. */
int nl_tc_clsact_add(struct nl *nl, unsigned ifindex);
/* Takes everybody's filters with it: ask nl_tc_hook_get() first. */
int nl_tc_clsact_delete(struct nl *nl, unsigned ifindex);

/* "bpf priority 1 handle 0x1 \"name\" id 12" */
void nl_filter_describe(const struct nl_filter *f, struct strbuf *out);
