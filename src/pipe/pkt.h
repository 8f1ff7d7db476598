/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct pkt: what the parser found in a frame, filled once and read by every stage; and struct
 * pkt_ends for what is rare. Pure data: whoever wants header bytes uses the accessors of parse.bpf.h.
 */
#pragma once

#include <linux/types.h>

#define PKT_MAX_TAGS 4
#define PKT_MAX_LABELS 4
#define PKT_MAX_EXT 5 /* IPv6: four extension headers and a fragment header */

enum pkt_flag {
	PKT_PPPOE = 1 << 0,	 /* a PPPoE session header was passed */
	PKT_MPLS = 1 << 1,	 /* at least one MPLS label was passed */
	PKT_FRAG_FIRST = 1 << 2, /* first of several fragments: L4 header present */
	PKT_FRAG_LATER = 1 << 3, /* offset > 0: no L4 header here */
	PKT_CUT = 1 << 4,	 /* an L3 or L4 header goes on beyond `end` */
	PKT_HW_TAG = 1 << 5,	 /* TC: the outermost tag is in the skb, not in the bytes */
};

/*
 * Pointers, not offsets: the verifier remembers the bounds of a pointer it has seen checked,
 * while an offset would have to be added and checked again by every stage.
 * l3 and l4 never lie beyond end. All other multi-byte values are in host order except where
 * the type is __be16.
 */
struct pkt {
	void *ctx;	   /* struct xdp_md or struct __sk_buff */
	void *known;	   /* of the packet path, for its switches; NULL = parse all there is */
	void *data, *end;  /* the frame's linear part */
	void *l3;	   /* behind Ethernet, tags, PPPoE, MPLS: also for what is not IP */
	void *l4;	   /* behind the IP headers; NULL unless family is set */
	__u32 l4_len;	   /* bytes from l4 to the end of the IP packet, by its own length */
	__be16 ethertype;  /* of l3; below PPPoE and MPLS that of the IP found there */
	__be16 vlan_proto; /* outermost tag: 0x8100 or 0x88a8, 0 without a tag */
	__u16 vid;	   /* outermost VLAN id, 0 without a tag */
	__u16 vid_inner;   /* innermost VLAN id; with one tag the same as vid */
	__u16 frag;	   /* offset of an IPv6 fragment header, for pkt_frag_id(); or 0 */
	__u8 pcp_dei;	   /* outermost priority: PCP << 1 | DEI */
	__u8 vlans;	   /* tags seen, 0..PKT_MAX_TAGS */
	__u8 family;	   /* 4, 6, or 0 when parsing failed */
	__u8 proto;	   /* TCP, UDP, ICMP, ICMPv6 with their header at l4, or 0 */
	__u8 nexthdr;	   /* protocol number at l4 whether known or not */
	__u8 flags;	   /* enum pkt_flag */
};

/*
 * Who sends to whom, copied out of a packet or out of what an ICMP error quotes: no pointer into
 * the frame, so it can be hashed wherever it is. What all fragments of a datagram have in common
 * are the addresses and frag_id. The ports are in the first fragment only, and in IPv6 not even
 * proto is the same: it is the number behind all extension headers there, and in later ones that of
 * the first header behind the fragment header.
 */
struct pkt_ends {
	__be32 saddr[4], daddr[4]; /* IPv4: the first word, then zeros */
	__u32 frag_id;		   /* of a fragment; host order, 16 bits in IPv4 */
	__be16 sport, dport;
	__u8 family;
	__u8 proto;	/* what pkt.nexthdr would be */
	__u8 has_ports; /* TCP or UDP, and they are there */
	__u8 flags;	/* PKT_FRAG_FIRST, PKT_FRAG_LATER */
};

/* Why a frame is not an IP packet for us: name, one line for counters and `explain`. */
#define PARSE_REASONS(X)                                                         \
	X(OK, "IP packet")                                                       \
	X(TRUNCATED, "a header goes on beyond the end of the frame")             \
	X(LLC, "802.3 length instead of an ethertype (STP and other LLC)")       \
	X(ARP, "ARP")                                                            \
	X(NOT_IP, "ethertype that does not carry IP")                            \
	X(TAGS, "more than four VLAN tags")                                      \
	X(PPPOE_DISCOVERY, "PPPoE discovery")                                    \
	X(PPPOE_HEADER, "PPPoE session header with wrong version, type or code") \
	X(PPPOE_CONTROL, "PPP control protocol in a PPPoE session")              \
	X(MPLS_DEEP, "more than four MPLS labels")                               \
	X(MPLS_NOT_IP, "no IP version below the MPLS labels")                    \
	X(IPV4_HEADER, "IPv4 version is not 4 or header shorter than 20 bytes")  \
	X(IPV4_LENGTH, "IPv4 total length shorter than its header")              \
	X(IPV6_HEADER, "IPv6 version is not 6")

enum parse_reason {
#define X(name, text) PARSE_##name,
	PARSE_REASONS(X)
#undef X
		PARSE_REASON_COUNT
};
