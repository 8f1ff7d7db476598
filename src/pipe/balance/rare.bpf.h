/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hashes of the packets whose headers are not where they usually are: fragments, and ICMP errors,
 * which go by the packet they quote.  A function of its own per hook, so that it is verified once
 * and the usual path does not carry it along; older kernels let it take only plain numbers.
 */
#pragma once

#include "pipe/balance/balance.h"
#include "pipe/balance/hash.h"
#include "pipe/parse_quote.bpf.h"
#include "pipe/stage.bpf.h"

const volatile struct balance_const balance_const;

enum balance_ask {
	BALANCE_ASK_FLOW,      /* of the flow; 0 where its ports are not known */
	BALANCE_ASK_ADDRESSES, /* of its ends without ports */
	BALANCE_ASK_FRAGMENT,  /* of the datagram; 0 when it is whole */
};
#define BALANCE_NO_QUOTE (~0ULL) /* an ICMP packet that reports on no other */

/* Which packet is asked for: offsets and lengths, in one number. */
struct balance_where {
	__u32 l3, l4, l4_len, family, quoted, ask;
};

static __always_inline __u64 balance_where_pack(const struct balance_where *w)
{
	return (__u64)w->l3 | (__u64)w->l4 << 14 | (__u64)w->l4_len << 28 | (__u64)w->family << 44 |
	       (__u64)w->quoted << 48 | (__u64)w->ask << 49;
}

static __always_inline struct balance_where balance_where_unpack(__u64 v)
{
	return (struct balance_where){ .l3 = v & 0x3fff,
				       .l4 = v >> 14 & 0x3fff,
				       .l4_len = v >> 28 & 0xffff,
				       .family = v >> 44 & 15,
				       .quoted = v >> 48 & 1,
				       .ask = v >> 49 & 3 };
}

static __always_inline __u64 balance_end_of(const struct pkt_ends *e, const __be32 *address,
					    __u16 port)
{
	return e->family == 4 ? balance_end4(address[0], port) : balance_end6(address, port);
}

static __always_inline __u64 balance_hash_of(const struct pkt_ends *e, bool ports)
{
	__u64 a = balance_end_of(e, e->saddr, ports ? bpf_ntohs(e->sport) : 0);
	__u64 b = balance_end_of(e, e->daddr, ports ? bpf_ntohs(e->dport) : 0);

	if (balance_const.symmetric)
		return balance_hash_symmetric(a, b, e->proto, balance_const.seed);
	return balance_hash_directed(a, b, e->proto, balance_const.seed);
}

static __always_inline __u64 balance_answer(const struct pkt_ends *e, __u32 ask)
{
	__u64 a, b;

	switch (ask) {
	case BALANCE_ASK_FRAGMENT:
		if (!(e->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER)))
			return 0;
		a = balance_end_of(e, e->saddr, 0);
		b = balance_end_of(e, e->daddr, 0);
		return balance_hash_directed(a, b + e->frag_id, 0, balance_const.seed) | 1;
	case BALANCE_ASK_ADDRESSES:
		return balance_hash_of(e, false);
	default:
		return e->flags & PKT_FRAG_LATER ? 0 : balance_hash_of(e, e->has_ports);
	}
}

__noinline __u64 balance_rare_xdp(struct xdp_md *xdp, __u64 where);
__noinline __u64 balance_rare_skb(struct __sk_buff *skb, __u64 where);

__noinline __u64 balance_rare_xdp(struct xdp_md *xdp, __u64 where)
{
	struct balance_where w = balance_where_unpack(where);
	struct pkt_ends ends = { 0 };
	int r = w.quoted ? parse_quote_xdp(xdp, w.l4, w.l4_len, w.family, &ends) :
			   parse_ends_xdp(xdp, w.l3, w.family, &ends);

	return r ? BALANCE_NO_QUOTE : balance_answer(&ends, w.ask);
}

__noinline __u64 balance_rare_skb(struct __sk_buff *skb, __u64 where)
{
	struct balance_where w = balance_where_unpack(where);
	struct pkt_ends ends = { 0 };
	int r = w.quoted ? parse_quote_skb(skb, w.l4, w.l4_len, w.family, &ends) :
			   parse_ends_skb(skb, w.l3, w.family, &ends);

	return r ? BALANCE_NO_QUOTE : balance_answer(&ends, w.ask);
}

static __always_inline __u64 balance_rare(struct stage_ctx *s, bool quoted, enum balance_ask ask)
{
	const struct pkt *p = &s->pkt;
	struct balance_where w = { .l3 = p->l3 - p->data,
				   .l4 = p->l4 - p->data,
				   .l4_len = p->l4_len,
				   .family = p->family,
				   .quoted = quoted,
				   .ask = ask };

	return s->skb ? balance_rare_skb(s->skb, balance_where_pack(&w)) :
			balance_rare_xdp(s->xdp, balance_where_pack(&w));
}
