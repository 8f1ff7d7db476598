/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ends of a packet, and those of the packet that an ICMP error quotes. For rare packets, in a
 * global function that has no struct pkt: l3 and l4 are offsets (parse_offset), family and l4_len
 * those of struct pkt; a quote is asked for if pkt_is_icmp_error. 0: *ret is set. -ENOENT: there is
 * no IP header, *ret is as it was. What is cut behind the IP header only leaves something out.
 */
#pragma once

#include <linux/errno.h>

#include "pipe/parse.bpf.h"

#define PARSE_ICMP_HLEN 8  /* of an error of either family; behind it is the quote */
#define PARSE_PORTS_LEN 4U /* of TCP and UDP: all of L4 that a quote must have */

static __always_inline void parse_ends_l4(const struct pkt *p, const struct parse_walk *w,
					  const int quoted, struct pkt_ends *ends)
{
	const __u32 need = quoted ? PARSE_PORTS_LEN : parse_l4_need(w->next);
	__be16 *ports = parse_at(p->data, w->off);

	ends->proto = w->next;
	ends->flags = w->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER);
	if ((w->next != IPPROTO_TCP && w->next != IPPROTO_UDP) || w->flags & PKT_FRAG_LATER)
		return;
	if (w->left < need || parse_at(p->data, w->off + need) > p->end)
		return;
	/* Once more with a constant: a verifier may have lost sight of `need`. */
	if ((void *)ports + PARSE_PORTS_LEN > p->end)
		return;
	ends->sport = ports[0];
	ends->dport = ports[1];
	ends->has_ports = 1;
}

/* w is at the IP header. A quote ends with the message, which w.left says: its own length field
 * counts what is not quoted, and some hosts return it changed. */
static __always_inline int parse_ends_ipv4(struct pkt *p, struct parse_walk w, const int quoted,
					   struct pkt_ends *ret)
{
	struct iphdr *ip = parse_at(p->data, w.off);
	__u32 hl;

	if (w.left < sizeof(*ip) || (void *)(ip + 1) > p->end)
		return -ENOENT;
	hl = parse_ipv4_hlen(*(__u8 *)ip);
	if (!hl)
		return -ENOENT;
	if (!quoted)
		w.left = bpf_ntohs(ip->tot_len);
	w.off += hl;
	w.left = w.left > hl ? w.left - hl : 0;
	w.next = ip->protocol;
	w.flags = parse_ipv4_frag(ip->frag_off);
	*ret = (struct pkt_ends){ .saddr = { ip->saddr }, .daddr = { ip->daddr }, .family = 4 };
	if (w.flags)
		ret->frag_id = bpf_ntohs(ip->id);
	parse_ends_l4(p, &w, quoted, ret);
	return 0;
}

static __always_inline int parse_ends_ipv6(struct pkt *p, const int hook, struct parse_walk w,
					   const int quoted, struct pkt_ends *ret)
{
	struct ipv6hdr *ip = parse_at(p->data, w.off);

	if (w.left < sizeof(*ip) || (void *)(ip + 1) > p->end || *(__u8 *)ip >> 4 != 6)
		return -ENOENT;
	*ret = (struct pkt_ends){ .family = 6 };
	__builtin_memcpy(ret->saddr, &ip->saddr, sizeof(ret->saddr));
	__builtin_memcpy(ret->daddr, &ip->daddr, sizeof(ret->daddr));
	w.off += sizeof(*ip);
	w.left = quoted ? w.left - sizeof(*ip) : bpf_ntohs(ip->payload_len);
	w.next = ip->nexthdr;
	if (parse_is_ext(w.next))
		w = parse_walk_unpack(parse_ext_walk_here(p, hook, parse_walk_pack(&w)));
	if (w.frag)
		ret->frag_id = parse_frag_id(p->data, p->end, w.frag);
	parse_ends_l4(p, &w, quoted, ret);
	return 0;
}

static __always_inline int parse_ends_at(struct pkt *p, const int hook, __u32 l3, __u32 family,
					 struct pkt_ends *ret)
{
	struct parse_walk w = { .off = l3, .left = 0xffff };

	return family == 4 ? parse_ends_ipv4(p, w, 0, ret) : parse_ends_ipv6(p, hook, w, 0, ret);
}

/* An error reports on its own family only. */
static __always_inline int parse_quote_at(struct pkt *p, const int hook, __u32 l4, __u32 l4_len,
					  __u32 family, struct pkt_ends *ret)
{
	struct parse_walk w = { .off = l4 + PARSE_ICMP_HLEN, .left = l4_len - PARSE_ICMP_HLEN };

	if (l4_len < PARSE_ICMP_HLEN)
		return -ENOENT;
	return family == 4 ? parse_ends_ipv4(p, w, 1, ret) : parse_ends_ipv6(p, hook, w, 1, ret);
}

/* --- the entries: with a context, as the parser has them, and without --------------------------- */

static __always_inline int parse_ends(void *data, void *end, __u32 l3, __u32 family,
				      struct pkt_ends *ret)
{
	struct pkt p = { .data = data, .end = end };

	return parse_ends_at(&p, PARSE_PLAIN, l3, family, ret);
}

static __always_inline int parse_quote(void *data, void *end, __u32 l4, __u32 l4_len, __u32 family,
				       struct pkt_ends *ret)
{
	struct pkt p = { .data = data, .end = end };

	return parse_quote_at(&p, PARSE_PLAIN, l4, l4_len, family, ret);
}

#ifdef __bpf__
#define PARSE_CTX_PKT(context)                                              \
	{                                                                   \
		.ctx = (context), .data = PARSE_CTX_POINTER(context, data), \
		.end = PARSE_CTX_POINTER(context, data_end),                \
	}

static __always_inline int parse_ends_xdp(struct xdp_md *xdp, __u32 l3, __u32 family,
					  struct pkt_ends *ret)
{
	struct pkt p = PARSE_CTX_PKT(xdp);

	return parse_ends_at(&p, PARSE_XDP, l3, family, ret);
}

static __always_inline int parse_ends_skb(struct __sk_buff *skb, __u32 l3, __u32 family,
					  struct pkt_ends *ret)
{
	struct pkt p = PARSE_CTX_PKT(skb);

	return parse_ends_at(&p, PARSE_SKB, l3, family, ret);
}

static __always_inline int parse_quote_xdp(struct xdp_md *xdp, __u32 l4, __u32 l4_len, __u32 family,
					   struct pkt_ends *ret)
{
	struct pkt p = PARSE_CTX_PKT(xdp);

	return parse_quote_at(&p, PARSE_XDP, l4, l4_len, family, ret);
}

static __always_inline int parse_quote_skb(struct __sk_buff *skb, __u32 l4, __u32 l4_len,
					   __u32 family, struct pkt_ends *ret)
{
	struct pkt p = PARSE_CTX_PKT(skb);

	return parse_quote_at(&p, PARSE_SKB, l4, l4_len, family, ret);
}
#endif
