/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What keeps a network together and must not wait behind anybody's download.  Asked only of what
 * is no subscriber's, so that nobody gets ahead by the look of his packets.  It is the only part of
 * classify that asks for more than addresses, and looks for itself, so that the packets of
 * subscribers need not be parsed beyond them.
 */
#pragma once

#include "pipe/stage.bpf.h"

#define CONTROL_ETH_SLOW 0x8809 /* LACP */
#define CONTROL_ETH_LLDP 0x88cc
#define CONTROL_ETH_CFM 0x8902
#define CONTROL_ETH_EAPOL 0x888e
#define CONTROL_ETH_ISIS 0x8870 /* in jumbo frames; else it is LLC */

enum {
	CONTROL_IGMP = 2,
	CONTROL_EIGRP = 88,
	CONTROL_OSPF = 89,
	CONTROL_PIM = 103,
	CONTROL_VRRP = 112
};
enum { CONTROL_BFD = 3784, CONTROL_BFD_ECHO = 3785, CONTROL_BFD_MULTIHOP = 4784 };
/* ICMPv6: who listens to what (MLD), routers and neighbours; and the second version of the first. */
enum { CONTROL_ICMP6_FIRST = 130, CONTROL_ICMP6_LAST = 137, CONTROL_MLD2 = 143 };

static __always_inline bool control_is_frame(const struct pkt *p)
{
	switch (bpf_ntohs(p->ethertype)) {
	case ETH_P_ARP:
	case ETH_P_PPP_DISC:
	case ETH_P_PPP_SES: /* not IP inside: PPP's own protocols */
	case CONTROL_ETH_SLOW:
	case CONTROL_ETH_LLDP:
	case CONTROL_ETH_CFM:
	case CONTROL_ETH_EAPOL:
	case CONTROL_ETH_ISIS:
		return true;
	default:
		return bpf_ntohs(p->ethertype) < ETH_P_802_3_MIN; /* LLC: spanning tree, IS-IS */
	}
}

static __always_inline bool control_is_bfd(const struct pkt *p)
{
	struct udphdr *udp = p->l4;
	__u16 port;

	if (p->proto != IPPROTO_UDP || (void *)(udp + 1) > p->end)
		return false;
	port = bpf_ntohs(udp->dest);
	return port == CONTROL_BFD || port == CONTROL_BFD_ECHO || port == CONTROL_BFD_MULTIHOP;
}

static __always_inline bool control_is_neighbour(const struct pkt *p)
{
	__u8 *type = p->l4;

	if (p->proto != IPPROTO_ICMPV6 || (void *)(type + 1) > p->end)
		return false;
	return (*type >= CONTROL_ICMP6_FIRST && *type <= CONTROL_ICMP6_LAST) || *type == CONTROL_MLD2;
}

static __always_inline bool control_is(const struct pkt *p)
{
	if (!p->family)
		return control_is_frame(p);
	switch (p->nexthdr) {
	case CONTROL_IGMP:
	case CONTROL_EIGRP:
	case CONTROL_OSPF:
	case CONTROL_PIM:
	case CONTROL_VRRP:
		return true;
	default:
		return control_is_bfd(p) || control_is_neighbour(p);
	}
}

__noinline int classify_control_xdp(struct xdp_md *xdp);
__noinline int classify_control_skb(struct __sk_buff *skb);

__noinline int classify_control_xdp(struct xdp_md *xdp)
{
	struct pkt p;

	p.known = NULL;
	(void)parse_xdp(&p, xdp);
	return control_is(&p);
}

__noinline int classify_control_skb(struct __sk_buff *skb)
{
	struct pkt p;

	p.known = NULL;
	(void)parse_skb(&p, skb);
	return control_is(&p);
}
