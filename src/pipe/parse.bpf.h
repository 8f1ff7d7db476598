/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parser: the only code that reads L2 to L4 headers. One pass over Ethernet, VLAN tags,
 * PPPoE, MPLS, IPv4 or IPv6 fills struct pkt; the same code serves XDP, TC and user space.
 */
#pragma once

#include "pipe/parse_ext.bpf.h"

#define PARSE_VID_MASK 0xfff
#define PARSE_PULL 256	   /* TC: bytes made linear when a header was cut */
#define PARSE_L2_MASK 0x3f /* 14 + 4 tags + 4 labels is 46 bytes */

/* Not struct ethhdr: that is packed, so the compiler reads its type byte by byte. */
struct parse_eth {
	__u8 dst[6], src[6];
	__be16 type;
};

struct parse_tag {
	__be16 tci, type;
};

struct parse_pppoe {
	__u8 vertype, code;
	__be16 session, length, proto;
};

static __always_inline int parse_is_tag(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

static __always_inline void parse_set_outer(struct pkt *p, __be16 proto, __u16 tci)
{
	p->vlan_proto = proto;
	p->vid = tci & PARSE_VID_MASK;
	p->pcp_dei = tci >> 12;
}

static __always_inline int parse_tags(struct pkt *p)
{
	const __u32 held = p->vlans; /* 1 when the skb holds a tag that is not in the bytes */

	PARSE_UNROLL
	for (int i = 0; i < PKT_MAX_TAGS; i++) {
		struct parse_tag *tag = p->l3;

		if (!parse_is_tag(p->ethertype))
			return 0;
		if (i == PKT_MAX_TAGS - 1 && held)
			return PARSE_TAGS;
		if ((void *)(tag + 1) > p->end)
			return PARSE_TRUNCATED;
		if (i == 0 && !held)
			parse_set_outer(p, p->ethertype, bpf_ntohs(tag->tci));
		p->vid_inner = bpf_ntohs(tag->tci) & PARSE_VID_MASK;
		p->vlans = held + i + 1;
		p->ethertype = tag->type;
		p->l3 = tag + 1;
	}
	return parse_is_tag(p->ethertype) ? PARSE_TAGS : 0;
}

static __always_inline int parse_pppoe(struct pkt *p)
{
	struct parse_pppoe *h = p->l3;

	if ((void *)(h + 1) > p->end)
		return PARSE_TRUNCATED;
	if (h->vertype != 0x11 || h->code)
		return PARSE_PPPOE_HEADER;
	p->l3 = h + 1;
	p->flags |= PKT_PPPOE;
	if (h->proto == bpf_htons(0x0021))
		p->ethertype = bpf_htons(ETH_P_IP);
	else if (h->proto == bpf_htons(0x0057))
		p->ethertype = bpf_htons(ETH_P_IPV6);
	else
		return PARSE_PPPOE_CONTROL;
	return 0;
}

/* MPLS does not say what it carries: the IP version has to tell. */
static __always_inline int parse_mpls_payload(struct pkt *p)
{
	__u8 *first = p->l3;

	if ((void *)(first + 1) > p->end)
		return PARSE_TRUNCATED;
	if (*first >> 4 == 4)
		p->ethertype = bpf_htons(ETH_P_IP);
	else if (*first >> 4 == 6)
		p->ethertype = bpf_htons(ETH_P_IPV6);
	else
		return PARSE_MPLS_NOT_IP;
	return 0;
}

static __always_inline int parse_mpls(struct pkt *p)
{
	PARSE_UNROLL
	for (int i = 0; i < PKT_MAX_LABELS; i++) {
		__be32 *label = p->l3;

		if ((void *)(label + 1) > p->end)
			return PARSE_TRUNCATED;
		p->l3 = label + 1;
		p->flags |= PKT_MPLS;
		if (*label & bpf_htonl(0x100)) /* bottom of stack */
			return parse_mpls_payload(p);
	}
	return PARSE_MPLS_DEEP;
}

static __always_inline int parse_other(struct pkt *p)
{
	if (p->ethertype == bpf_htons(ETH_P_ARP))
		return PARSE_ARP;
	if (p->ethertype == bpf_htons(ETH_P_PPP_DISC))
		return PARSE_PPPOE_DISCOVERY;
	return bpf_ntohs(p->ethertype) < ETH_P_802_3_MIN ? PARSE_LLC : PARSE_NOT_IP;
}

static __always_inline int parse_wrapping(struct pkt *p)
{
	int r = parse_tags(p);

	if (r)
		return r;
	if (p->ethertype == bpf_htons(ETH_P_IP) || p->ethertype == bpf_htons(ETH_P_IPV6))
		return 0;
	if (p->ethertype == bpf_htons(ETH_P_PPP_SES))
		return parse_pppoe(p);
	if (p->ethertype == bpf_htons(ETH_P_MPLS_UC) || p->ethertype == bpf_htons(ETH_P_MPLS_MC))
		return parse_mpls(p);
	return parse_other(p);
}

/* Everything but plain IP in Ethernet comes here; afterwards the verifier knows only one way. */
static __always_inline int parse_unwrap(struct pkt *p, const int hook)
{
	int r = parse_wrapping(p);
	__u32 known = p->vlans << 8 | p->flags, off;

	known = parse_forget_value(p->data, p->end, known);
	p->vlans = known >> 8 & 7;
	p->flags = known;
	off = parse_offset(p->data, p->l3) & PARSE_L2_MASK;
	parse_reload(p, hook);
	p->l3 = p->data + off;
	return r;
}

static __always_inline int parse_l4_has_header(__u8 next, __u8 icmp)
{
	return next == IPPROTO_TCP || next == IPPROTO_UDP || next == icmp;
}

static __always_inline __u32 parse_l4_need(__u8 next)
{
	return next == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr);
}

/* Both ends count: bytes behind the IP length are padding, not L4. */
static __always_inline void parse_l4(struct pkt *p, __u8 next, __u8 icmp)
{
	__u32 need = parse_l4_need(next);

	p->nexthdr = next;
	if (!parse_l4_has_header(next, icmp) || p->l4_len < need)
		return;
	if (p->l4 + need > p->end)
		p->flags |= PKT_CUT;
	else
		p->proto = next;
}

/* 0: the first byte is not that of an IPv4 header. */
static __always_inline __u32 parse_ipv4_hlen(__u32 first)
{
	if (first - 0x45 > 10) /* version 4, ihl 5 to 15 in one comparison */
		return 0;
	return (first & 15) * 4;
}

static __always_inline __u8 parse_ipv4_frag(__be16 field)
{
	if (field & bpf_htons(0x1fff))
		return PKT_FRAG_LATER;
	return field & bpf_htons(0x2000) ? PKT_FRAG_FIRST : 0;
}

static __always_inline int parse_ipv4(struct pkt *p)
{
	struct iphdr *ip = p->l3;
	__u32 hl, tot;
	__u8 frag;

	if ((void *)(ip + 1) > p->end)
		return PARSE_TRUNCATED;
	hl = parse_ipv4_hlen(*(__u8 *)p->l3);
	if (!hl)
		return PARSE_IPV4_HEADER;
	tot = bpf_ntohs(ip->tot_len);
	if (tot < hl)
		return PARSE_IPV4_LENGTH;
	if (p->l3 + hl > p->end)
		return PARSE_TRUNCATED;
	p->family = 4;
	if (!PARSE_WANTS_L4(p))
		return 0;
	p->l4 = p->l3 + hl;
	p->l4_len = tot - hl;
	if (PARSE_RARE(ip->frag_off & bpf_htons(0x3fff))) {
		frag = parse_ipv4_frag(ip->frag_off);
		p->flags |= frag;
		if (frag == PKT_FRAG_LATER) {
			p->nexthdr = ip->protocol;
			return 0;
		}
	}
	parse_l4(p, ip->protocol, IPPROTO_ICMP);
	return 0;
}

/* Moves l4 behind the extension headers; returns the first protocol it did not pass. */
static __always_inline __u8 parse_ipv6_ext(struct pkt *p, const int hook, __u8 next)
{
	struct parse_walk w = { .off = p->l4 - p->data, .left = p->l4_len, .next = next };

	w = parse_walk_unpack(parse_ext_walk_here(p, hook, parse_walk_pack(&w)));
	p->l4 = p->data + (w.off & PARSE_L4_MASK);
	p->l4_len = w.left;
	p->flags |= w.flags;
	p->frag = w.frag;
	return w.next;
}

static __always_inline int parse_ipv6(struct pkt *p, const int hook)
{
	struct ipv6hdr *ip = p->l3;
	__u8 next;

	if ((void *)(ip + 1) > p->end)
		return PARSE_TRUNCATED;
	if (*(__u8 *)p->l3 >> 4 != 6)
		return PARSE_IPV6_HEADER;
	p->family = 6;
	if (!PARSE_WANTS_L4(p))
		return 0;
	p->l4 = ip + 1;
	p->l4_len = bpf_ntohs(ip->payload_len);
	next = ip->nexthdr;
	if (PARSE_RARE(parse_is_ext(next))) {
		next = parse_ipv6_ext(p, hook, next);
		if (p->flags & PKT_FRAG_LATER) {
			p->nexthdr = next;
			return 0;
		}
	}
	parse_l4(p, next, IPPROTO_ICMPV6);
	return 0;
}

/* --- header access for stages: NULL when the packet has no such header ------------------------ */

static __always_inline struct iphdr *pkt_ipv4(const struct pkt *p)
{
	return p->family == 4 ? p->l3 : NULL;
}

static __always_inline struct ipv6hdr *pkt_ipv6(const struct pkt *p)
{
	return p->family == 6 ? p->l3 : NULL;
}

/* The bounds are known to hold; the verifier forgets them where paths meet. */
static __always_inline struct tcphdr *pkt_tcp(const struct pkt *p)
{
	struct tcphdr *th = p->l4;

	return p->proto == IPPROTO_TCP && (void *)(th + 1) <= p->end ? th : NULL;
}

static __always_inline struct udphdr *pkt_udp(const struct pkt *p)
{
	struct udphdr *uh = p->l4;

	return p->proto == IPPROTO_UDP && (void *)(uh + 1) <= p->end ? uh : NULL;
}

/* With PKT_FRAG_FIRST or PKT_FRAG_LATER: what all fragments of the datagram have in common. */
static __always_inline __u32 pkt_frag_id(const struct pkt *p)
{
	struct iphdr *ip = pkt_ipv4(p);

	return ip ? bpf_ntohs(ip->id) : parse_frag_id(p->data, p->end, p->frag);
}

/* DSCP << 2 | ECN. In IPv6 it straddles two bytes: version 4, class 8, flow label 20 bits. */
static __always_inline __u8 pkt_dsfield(const struct pkt *p)
{
	if (p->family == 4)
		return ((__u8 *)p->l3)[1];
	return p->family == 6 ? (bpf_ntohs(*(__be16 *)p->l3) >> 4) & 0xff : 0;
}

/* An ICMP message about another packet, which it quotes: see parse_quote.bpf.h. */
static __always_inline int pkt_is_icmp_error(const struct pkt *p)
{
	/* unreachable, source quench, redirect, time exceeded, parameter problem */
	const __u32 errors = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 11 | 1 << 12;
	__u8 *type = p->l4;

	if (p->proto != IPPROTO_ICMP && p->proto != IPPROTO_ICMPV6)
		return 0;
	if ((void *)(type + 1) > p->end)
		return 0;
	if (p->proto == IPPROTO_ICMP)
		return *type < 32 && errors >> *type & 1;
	return *type - 1u < 127; /* in IPv6 the upper half only informs */
}

/* TCP header length in bytes, 0 when it is impossible. */
static __always_inline __u32 pkt_tcp_hlen(const struct pkt *p, const struct tcphdr *th)
{
	__u32 hlen = (((const __u8 *)th)[12] >> 4) * 4;

	return hlen >= sizeof(*th) && hlen <= p->l4_len ? hlen : 0;
}

/* --- the entries ------------------------------------------------------------------------------- */

static __always_inline void parse_start(struct pkt *p, void *data, void *end)
{
	p->data = data;
	p->end = end;
	p->l3 = data;
	p->ethertype = p->vlan_proto = 0;
	p->vid = p->vid_inner = 0;
	p->pcp_dei = p->vlans = p->family = p->flags = 0;
	if (!PARSE_WANTS_L4(p))
		return;
	p->l4 = NULL;
	p->l4_len = p->frag = 0;
	p->proto = p->nexthdr = 0;
}

/*
 * Plain IPv4 in Ethernet is most of what comes.  What makes a frame another one is asked here with
 * nothing kept from it, and found out again below: kept values would be stored and loaded at each
 * question for every packet.
 */
static __always_inline int parse_plain_ipv4(struct pkt *p)
{
	struct parse_eth *eth = p->data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 tot;

	if ((void *)(ip + 1) > p->end || eth->type != bpf_htons(ETH_P_IP) || *(__u8 *)ip != 0x45)
		return 0;
	tot = bpf_ntohs(ip->tot_len);
	if (tot < sizeof(*ip))
		return 0;
	if (PARSE_WANTS_L4(p)) {
		if (ip->frag_off & bpf_htons(0x3fff))
			return 0;
		p->l4 = ip + 1;
		p->l4_len = tot - sizeof(*ip);
		parse_l4(p, ip->protocol, IPPROTO_ICMP);
	}
	p->ethertype = eth->type;
	p->l3 = ip;
	p->family = 4;
	return 1;
}

static __always_inline int parse_headers(struct pkt *p, const int hook)
{
	struct parse_eth *eth = p->data;
	int r;

	if (__builtin_expect(parse_plain_ipv4(p), 1))
		return 0;
	if ((void *)(eth + 1) > p->end)
		return PARSE_TRUNCATED;
	p->l3 = eth + 1;
	p->ethertype = eth->type;
	if (__builtin_expect(p->ethertype == bpf_htons(ETH_P_IP), 1))
		return parse_ipv4(p);
	if (p->ethertype != bpf_htons(ETH_P_IPV6)) {
		r = parse_unwrap(p, hook);
		if (r)
			return r;
	}
	return p->ethertype == bpf_htons(ETH_P_IP) ? parse_ipv4(p) : parse_ipv6(p, hook);
}

/* TC: the kernel may have moved the outermost tag from the bytes into the skb. No branch, or
 * everything would be verified twice; with present == 0 the other two may be stale. */
static __always_inline void parse_held_tag(struct pkt *p, __u32 present, __be16 proto, __u16 tci)
{
	const __u32 mask = -present;

	parse_set_outer(p, proto & mask, tci & mask);
	p->vid_inner = p->vid;
	p->vlans = present;
	p->flags = present * PKT_HW_TAG;
}

/* 0: an IP packet, everything in *p is set. Otherwise an enum parse_reason: family is 0, and
 * what was found until then (tags, ethertype, l3) is set. */
static __always_inline int parse_packet(struct pkt *p, void *data, void *end)
{
	p->ctx = NULL;
	parse_start(p, data, end);
	return parse_headers(p, PARSE_PLAIN);
}

/* The same for an skb whose outermost tag is not in the bytes. */
static __always_inline int parse_packet_tagged(struct pkt *p, void *data, void *end,
					       __be16 tag_proto, __u16 tci)
{
	p->ctx = NULL;
	parse_start(p, data, end);
	parse_held_tag(p, 1, tag_proto, tci);
	return parse_headers(p, PARSE_PLAIN);
}

#ifdef __bpf__
static __always_inline int parse_xdp(struct pkt *p, struct xdp_md *xdp)
{
	parse_start(p, PARSE_CTX_POINTER(xdp, data), PARSE_CTX_POINTER(xdp, data_end));
	p->ctx = xdp;
	return parse_headers(p, PARSE_XDP);
}

static __always_inline int parse_skb(struct pkt *p, struct __sk_buff *skb)
{
	parse_start(p, PARSE_CTX_POINTER(skb, data), PARSE_CTX_POINTER(skb, data_end));
	p->ctx = skb;
	parse_held_tag(p, skb->vlan_present, skb->vlan_proto, skb->vlan_tci);
	return parse_headers(p, PARSE_SKB);
}

/* Two parsers' worth of instructions, but a function of its own: verified once. */
__noinline int parse_skb_linearize(struct __sk_buff *skb);

__noinline int parse_skb_linearize(struct __sk_buff *skb)
{
	struct pkt p;

	p.known = NULL;
	if (parse_skb(&p, skb) != PARSE_TRUNCATED && !(p.flags & PKT_CUT) && !pkt_is_icmp_error(&p))
		return 0;
	return bpf_skb_pull_data(skb, skb->len < PARSE_PULL ? skb->len : PARSE_PULL);
}

/*
 * As parse_skb, but headers behind the skb's linear part are pulled in, and only then; those that
 * an ICMP error quotes are headers too. It moves the data: packet pointers from before are gone.
 * What stays cut is more than PARSE_PULL away.
 */
static __always_inline int parse_skb_pull(struct pkt *p, struct __sk_buff *skb)
{
	__u32 linear = skb->data_end - skb->data;

	if (PARSE_RARE(linear < PARSE_PULL && linear < skb->len))
		(void)parse_skb_linearize(skb);
	return parse_skb(p, skb);
}
#endif
