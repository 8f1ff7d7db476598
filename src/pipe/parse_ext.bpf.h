/* SPDX-License-Identifier: GPL-2.0-only */
/* The walk over IPv6 extension headers, of a packet or of what an ICMP error quotes. */
#pragma once

#include "pipe/parse_base.bpf.h"

static __always_inline int parse_is_ext(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_AH || next == IPPROTO_MH || next == IPPROTO_FRAGMENT;
}

static __always_inline __u32 parse_ext_len(__u8 next, __u8 field)
{
	if (next == IPPROTO_FRAGMENT)
		return 8;
	return next == IPPROTO_AH ? (field + 2) * 4 : (field + 1) * 8;
}

/* Where the walk over extension headers stands: plain numbers, so that it can be a function
 * of its own in BPF. */
struct parse_walk {
	__u32 off, left; /* of the next header; bytes of the IP packet from there */
	__u32 frag;	 /* offset of the fragment header, 0: the packet is whole */
	__u8 next, flags;
};

static __always_inline __u64 parse_walk_pack(const struct parse_walk *w)
{
	return (__u64)w->frag << 48 | (__u64)w->left << 32 | (__u32)w->flags << 24 |
	       (__u32)w->next << 16 | w->off;
}

static __always_inline struct parse_walk parse_walk_unpack(__u64 v)
{
	return (struct parse_walk){ .off = v & 0xffff,
				    .left = v >> 32 & 0xffff,
				    .frag = v >> 48,
				    .next = v >> 16,
				    .flags = v >> 24 };
}

/* Notes the fragment header at the offset `frag`; returns 1 if headers follow, 0 if the middle of
 * something does. The outermost counts, since that is what the network sees; one around a whole
 * packet ("atomic") does not. */
static __always_inline int parse_frag_step(struct parse_walk *w, __u32 frag, __be16 field)
{
	if (!(field & bpf_htons(0xfff9)))
		return 1;
	if (!w->frag)
		w->frag = frag;
	if (field & bpf_htons(0xfff8)) {
		w->flags |= PKT_FRAG_LATER;
		return 0;
	}
	w->flags |= PKT_FRAG_FIRST;
	return 1;
}

/* The identification in a fragment header that the walk has passed. */
static __always_inline __u32 parse_frag_id(void *data, void *end, __u32 frag)
{
	__be32 *id = parse_at(data, frag + 4);

	/* It lies in the frame; the verifier has forgotten. */
	return (void *)(id + 1) <= end ? bpf_ntohl(*id) : 0;
}

/* Passes one extension header and returns 1, or 0 when there is none to pass. */
static __always_inline int parse_ext_step(struct parse_walk *w, void *data, void *end)
{
	__u8 *ext = data + (w->off & PARSE_L4_MASK);
	__u32 len, off = w->off;
	__u8 here = w->next;

	if (!parse_is_ext(here) || w->left < 8)
		return 0;
	if ((void *)(ext + 8) > end) {
		w->flags |= PKT_CUT;
		return 0;
	}
	len = parse_ext_len(here, ext[1]);
	if (len > w->left)
		return 0;
	if ((void *)ext + len > end) {
		w->flags |= PKT_CUT;
		return 0;
	}
	w->next = ext[0];
	w->off += len;
	w->left -= len;
	return here == IPPROTO_FRAGMENT ? parse_frag_step(w, off, *(__be16 *)(ext + 2)) : 1;
}

/* In and out are the numbers of struct parse_walk. */
static __always_inline __u64 parse_ext_walk(void *data, void *end, __u64 packed)
{
	struct parse_walk w = parse_walk_unpack(packed);

	PARSE_LOOP
	for (int i = 0; i < PKT_MAX_EXT; i++)
		if (!parse_ext_step(&w, data, end))
			break;
	return parse_walk_pack(&w);
}

/* Without a loop: up to 6.1 the verifier refuses loops that the code around them has bent. */
static __always_inline __u64 parse_ext_walk_inline(void *data, void *end, __u64 packed)
{
	struct parse_walk w = parse_walk_unpack(packed);

	PARSE_UNROLL
	for (int i = 0; i < PKT_MAX_EXT; i++)
		if (!parse_ext_step(&w, data, end))
			break;
	return parse_walk_pack(&w);
}

#ifdef __bpf__
/*
 * What is rare and loops is a global function of plain numbers: verified once, whichever
 * headers led there. In pairs, because the context's type is part of what is verified.
 */
__noinline __u64 parse_ext_walk_xdp(struct xdp_md *xdp, __u64 packed);
__noinline __u64 parse_ext_walk_skb(struct __sk_buff *skb, __u64 packed);

__noinline __u64 parse_ext_walk_xdp(struct xdp_md *xdp, __u64 packed)
{
	return parse_ext_walk(PARSE_CTX_POINTER(xdp, data), PARSE_CTX_POINTER(xdp, data_end), packed);
}

__noinline __u64 parse_ext_walk_skb(struct __sk_buff *skb, __u64 packed)
{
	return parse_ext_walk(PARSE_CTX_POINTER(skb, data), PARSE_CTX_POINTER(skb, data_end), packed);
}
#endif

static __always_inline __u64 parse_ext_walk_here(struct pkt *p, const int hook, __u64 packed)
{
#ifdef __bpf__
	if (hook == PARSE_XDP)
		return parse_ext_walk_xdp(p->ctx, packed);
	if (hook == PARSE_SKB)
		return parse_ext_walk_skb(p->ctx, packed);
#endif
	return parse_ext_walk_inline(p->data, p->end, packed);
}
