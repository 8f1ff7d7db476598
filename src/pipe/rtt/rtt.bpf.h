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

/*
 * What nearly all packets are: TCP with timestamps in their usual place, of a flow that is known.
 * It stands in the packet path itself, since calls are dear.  False: look closer.
 */
static __always_inline bool rtt_quick(struct stage_ctx *s)
{
	const struct tcphdr *th = s->pkt.l4;
	const __be32 *option = (void *)(th + 1);
	struct rtt_packet p = {
		.data = s->pkt.data,
		.l3 = s->pkt.l3,
		.l4 = s->pkt.l4,
		.end = s->pkt.end,
		.l4_len = s->pkt.l4_len,
		.proto = IPPROTO_TCP,
		.family = s->pkt.family,
		.id = s->meta.id_dir >> 1,
		.dir = s->meta.id_dir & 1,
		.len = s->len,
	};
	struct rtt_flow *f;
	__u32 hlen;

	if (s->pkt.proto != IPPROTO_TCP || (void *)(option + 3) > p.end)
		return false;
	if (rtt_flags(th) & (RTT_SYN | RTT_FIN | RTT_RST) || *option != bpf_htonl(PARSE_TS_LAYOUT))
		return false;
	hlen = rtt_header_length(th);
	if (hlen < 32 || hlen > p.l4_len || !rtt_read_ends(&p))
		return false;
	p.hash = rtt_hash(&p.ends, p.family);
	f = rtt_find(&p, RTT_TAG(p.hash, RTT_BY_TIMESTAMP));
	if (!f)
		return false;
	rtt_touch(f, p.dir);
	rtt_account(&p, f, p.l4_len - hlen);
	rtt_by_timestamp(&p, f, th, bpf_ntohl(option[1]), bpf_ntohl(option[2]), p.l4_len > hlen);
	return true;
}

static __always_inline int rtt_xdp(struct stage_ctx *s)
{
	if (!rtt_wants(s))
		return STAGE_NEXT;
	if (!ON(s, rtt_timestamps) || !rtt_quick(s))
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
