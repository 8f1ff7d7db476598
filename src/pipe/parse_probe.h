/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parser's tests compare: struct pkt with offsets instead of pointers, and what its
 * accessors say, filled in the same way in the kernel and in user space.
 */
#ifndef PIPE_PARSE_PROBE_H
#define PIPE_PARSE_PROBE_H

#include <linux/types.h>

#include "pipe/pkt.h"

#define PARSE_NONE 0xffffffffu /* no offset, no payload length */

struct parse_view {
	__u32 result; /* enum parse_reason */
	__u32 l3, l4; /* offsets from the frame's start */
	__u32 l4_len;
	__u32 payload; /* TCP bytes behind header and options */
	__u32 ts_found, tsval, tsecr;
	__u32 ports; /* the first four bytes of TCP and UDP, as they lie there */
	__u32 addr;  /* exclusive or of all address words, as they lie there */
	__u32 frag_id;
	__u16 ethertype, vlan_proto, vid, vid_inner;
	__u8 pcp_dei, vlans, family, proto, nexthdr, flags, dsfield;
	__u8 icmp_error, has_ends, has_quote;
	struct pkt_ends ends, quote; /* if has_... */
};
#endif

#if defined(PARSE_VIEW_FILL) && !defined(PIPE_PARSE_PROBE_FILL)
#define PIPE_PARSE_PROBE_FILL
static __always_inline __u32 parse_view_addr(const struct pkt *p)
{
	struct iphdr *ip = pkt_ipv4(p);
	struct ipv6hdr *ip6 = pkt_ipv6(p);
	__u32 x = 0;

	if (ip)
		return ip->saddr ^ ip->daddr;
	if (ip6)
		for (int i = 0; i < 8; i++)
			x ^= ((__u32 *)&ip6->saddr)[i];
	return x;
}

static __always_inline void parse_view_l4(struct parse_view *v, const struct pkt *p)
{
	struct tcphdr *th = pkt_tcp(p);
	struct udphdr *uh = pkt_udp(p);
	__u32 hlen;

	if (uh)
		v->ports = *(__u32 *)uh;
	if (!th)
		return;
	v->ports = *(__u32 *)th;
	hlen = pkt_tcp_hlen(p, th);
	if (hlen)
		v->payload = p->l4_len - hlen;
}

/* Everything but timestamps and ends, whose functions differ between XDP, TC and user space. */
static __always_inline void parse_view_fill(struct parse_view *v, const struct pkt *p, int result)
{
	__builtin_memset(v, 0, sizeof(*v));
	v->result = result;
	v->l3 = p->l3 - p->data;
	v->l4 = p->family ? p->l4 - p->data : PARSE_NONE;
	v->l4_len = p->l4_len;
	v->payload = PARSE_NONE;
	v->ethertype = bpf_ntohs(p->ethertype);
	v->vlan_proto = bpf_ntohs(p->vlan_proto);
	v->vid = p->vid;
	v->vid_inner = p->vid_inner;
	v->pcp_dei = p->pcp_dei;
	v->vlans = p->vlans;
	v->family = p->family;
	v->proto = p->proto;
	v->nexthdr = p->nexthdr;
	v->flags = p->flags;
	v->dsfield = pkt_dsfield(p);
	v->addr = parse_view_addr(p);
	if (p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER))
		v->frag_id = pkt_frag_id(p);
	v->icmp_error = pkt_is_icmp_error(p);
	parse_view_l4(v, p);
}
#endif
