/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rtt: how long subscribers wait, seen from packets that pass.  Classify has said whose the packet
 * is and which way it goes; whose it is not, or what carries no TCP, costs a comparison.
 */
#pragma once

#include "pipe/rtt/look.bpf.h"

static __always_inline bool rtt_wants(struct stage_ctx *s)
{
	if (!(s->meta.id_dir >> 1) || s->pkt.flags & PKT_FRAG_FIRST)
		return false;
	if (s->pkt.proto == IPPROTO_TCP)
		return true;
	return ON(s, rtt_udp) && s->pkt.proto == IPPROTO_UDP;
}

static __always_inline __u64 rtt_where(const struct pkt *p)
{
	return RTT_WHERE((__u64)(p->l3 - p->data) & 0xff, (__u64)(p->l4 - p->data) & 0xffff,
			 p->l4_len & 0xffff, p->family, p->proto);
}

static __always_inline int rtt_xdp(struct stage_ctx *s)
{
	if (rtt_wants(s))
		(void)rtt_look_xdp(s->xdp, rtt_where(&s->pkt), s->meta.id_dir, s->len);
	return STAGE_NEXT;
}

static __always_inline int rtt_tc(struct stage_ctx *s)
{
	if (ON(s, rtt_tc) && rtt_wants(s))
		(void)rtt_look_skb(s->skb, rtt_where(&s->pkt), s->meta.id_dir, s->len);
	return STAGE_NEXT;
}

/* What was looked up where it came in is not looked up, nor measured, again: it has no headers here. */
static __always_inline int rtt_egress(struct stage_ctx *s)
{
	if (ON(s, rtt_egress) && s->pkt.family && rtt_wants(s))
		(void)rtt_look_skb(s->skb, rtt_where(&s->pkt), s->meta.id_dir, s->len);
	return STAGE_NEXT;
}
