/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every part of the parser stands on: the headers' types, the three places it runs in, and
 * what the verifiers of old kernels have to be shown, or kept from seeing.
 */
#pragma once

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#ifdef __bpf__
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#elif !defined(__always_inline)
#define __always_inline inline __attribute__((__always_inline__))
#endif
#include <bpf/bpf_endian.h>
#include "pipe/pkt.h"

#define PARSE_L4_MASK 0x7fff /* + 40 + PKT_MAX_EXT * 2048, and once more in a quote */

/*
 * Whether anybody asks for more than addresses: what is behind the IP header (l4, l4_len, proto,
 * nexthdr, frag and the flags of fragments) is then not looked at, and not even cleared.
 */
#ifndef PARSE_WANTS_L4
#define PARSE_WANTS_L4(p) 1
#endif

#define PARSE_RARE(cond) __builtin_expect(!!(cond), 0)
#ifdef __bpf__
#define PARSE_UNROLL _Pragma("unroll")
#define PARSE_LOOP _Pragma("clang loop unroll(disable)")
#else
#define PARSE_UNROLL
#define PARSE_LOOP
#endif

/* Known at compile time: which kind of context leads to the frame. */
enum parse_hook { PARSE_PLAIN, PARSE_XDP, PARSE_SKB };

/*
 * To the verifier the difference of two packet pointers is any number. A pointer rebuilt from
 * it looks the same whichever headers led here, so the stages behind the parser are verified
 * once and not once per combination of tags, PPPoE and MPLS.
 */
static __always_inline __u32 parse_offset(void *data, void *at)
{
	asm volatile("" : "+r"(at)); /* or the compiler knows the difference */
	return at - data;
}

/* The other way, as one pointer: the compiler likes to add once for the check and once more for the
 * access, and the verifier knows nothing of the second. */
static __always_inline void *parse_at(void *data, __u32 off)
{
	void *at = data + (off & PARSE_L4_MASK);

	asm volatile("" : "+r"(at));
	return at;
}

/* As parse_offset, for a small number: what is added is 0 for every frame, which the verifier does
 * not know. */
static __always_inline __u32 parse_forget_value(void *data, void *end, __u32 value)
{
	__u64 none = end - data;

	asm volatile("" : "+r"(none));
	return value + (__u32)(none >> 32);
}

#ifdef __bpf__
/* A packet pointer from the context, where it is declared as 32 bits: in C the compiler may
 * put a 32-bit move behind the load, after which the verifier sees no pointer any more. */
#define PARSE_CTX_POINTER(ctx, field)                                                     \
	({                                                                                \
		void *pointer_;                                                           \
		asm volatile("%0 = *(u32 *)(%1 + %2)"                                     \
			     : "=r"(pointer_)                                             \
			     : "r"(ctx), "i"(__builtin_offsetof(typeof(*(ctx)), field))); \
		pointer_;                                                                 \
	})
#endif

/* Forgets how many bytes behind `data` were checked. */
static __always_inline void parse_reload(struct pkt *p, const int hook)
{
#ifdef __bpf__
	if (hook == PARSE_XDP)
		p->data = PARSE_CTX_POINTER((struct xdp_md *)p->ctx, data);
	if (hook == PARSE_SKB)
		p->data = PARSE_CTX_POINTER((struct __sk_buff *)p->ctx, data);
#endif
}
