/* SPDX-License-Identifier: GPL-2.0-only */
/* Sift: drops frames above a size. */
#pragma once

#include "pipe/stage.bpf.h"

const volatile struct sift_const sift_const;

static __always_inline int sift_xdp(struct stage_ctx *s)
{
	if (s->len <= sift_const.limit)
		return STAGE_NEXT;
	COUNT(s, sift_dropped);
	return XDP_DROP;
}

static __always_inline int sift_tc(struct stage_ctx *s)
{
	if (!ON(s, sift_tc) || s->len <= sift_const.limit)
		return STAGE_NEXT;
	COUNT(s, sift_dropped);
	return TC_ACT_SHOT;
}

STAGE_NO_EGRESS(sift)
