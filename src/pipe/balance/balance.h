/* SPDX-License-Identifier: GPL-2.0-only */
/* The balance stage, both sides: counters, switches, constants and the layout of its shared table. */
#pragma once

#include <linux/types.h>

#include "pipe/count.h"

#define balance_COUNTERS(X)                                                                   \
	X(balance, spread, "sent to a target by XDP")                                         \
	X(balance, spread_tc, "sent to a target by TC")                                       \
	X(balance, not_ip, "not what the policy spreads: on to the next stage")               \
	X(balance, none_passed, "no target was left: on to the next stage")                   \
	X(balance, none_dropped, "no target was left: dropped, as configured")                \
	X(balance, vanished, "its target went away this moment: on to the next stage")        \
	X(balance, fragments, "fragments, sent where the first of their datagram went")       \
	X(balance, fragments_early, "fragments before the first: spread by addresses only")   \
	X(balance, icmp_errors, "ICMP errors, sent where the connection they report on goes") \
	X(balance, drain_kept, "flows known to a draining target: kept there")                \
	X(balance, drain_full, "no room to remember a flow of a draining target")

#define balance_SWITCHES(X)                                                 \
	X(balance, turns, "round robin, else by a hash of the flow")        \
	X(balance, symmetric, "both directions of a connection hash alike") \
	X(balance, drain, "a target is drained: ask for flows known to it") \
	X(balance, defer, "some target takes no redirects: TC sends to it") \
	X(balance, drop, "drop when no target is left")                     \
	X(balance, tc, "TC spreads what XDP did not see")

#define BALANCE_TARGETS 64
#define BALANCE_SLOTS 256 /* every byte is one, which the verifier knows of each byte */
#define BALANCE_BUCKETS 65536
#define BALANCE_TURNS 8192 /* a power of two above 64 targets of weight 100 */
#define BALANCE_NONE 255   /* the slot that is nobody's */

/* Of one CPU and input. */
struct balance_cpu {
	__u64 turn;
	struct pipe_count target[BALANCE_SLOTS];
};
#define balance_CPU struct balance_cpu balance;

struct balance_const {
	__u64 seed;
	__u32 symmetric; /* for functions, where switches do not reach */
	__u32 line_mask; /* of the table of flows */
};

struct balance_slot {
	__u32 ifindex; /* 0 = nothing may be sent there now */
	/* From here on for the daemon alone; kept here to outlive it. */
	__u32 used;
	char name[16];
	__u64 base_packets, base_bytes; /* counted before this target had the slot */
};

/*
 * One per balancer, for all its inputs, written by the daemon through mmap.  Of `bucket` and
 * `turns` there are two; `half` says which is in force, so that a change is one store.
 */
struct balance_table {
	__u32 layout; /* BALANCE_LAYOUT, or the map is not ours to continue */
	__u32 half;
	__u32 now; /* seconds, for the ages of flows: the packet path needs no clock */
	__u32 n_turns[2];
	__u8 learning[BALANCE_SLOTS]; /* its draining began a moment ago: what is not new is known */
	struct balance_slot slot[BALANCE_SLOTS];
	__u8 bucket[2][BALANCE_BUCKETS];
	__u8 was[BALANCE_BUCKETS]; /* the owner before it was drained, or BALANCE_NONE */
	__u8 turns[2][BALANCE_TURNS];
	char name[64]; /* of the balancer */
};
#define BALANCE_LAYOUT 0x62616c02

/*
 * Flows seen while a target drains.  The low bits of a flow's hash choose a line, which is one line
 * of cache; its word there is the upper 40 bits, its slot, and when it was seen (the low 16 bits of
 * balance_table.now).  Written whole, so that nobody ever reads half of one.
 */
#define BALANCE_WAYS 8
struct balance_line {
	__u64 flow[BALANCE_WAYS]; /* 0 = free */
};
#define BALANCE_TAG_MASK (~0ULL << 24)
#define BALANCE_TAG_USED (1ULL << 24) /* in every word: none is 0 */

static inline __u64 balance_tag(__u64 hash)
{
	return (hash & BALANCE_TAG_MASK) | BALANCE_TAG_USED;
}

static inline __u64 balance_word(__u64 hash, __u8 slot, __u32 now)
{
	return balance_tag(hash) | (__u64)slot << 16 | (__u16)now;
}

static inline __u8 balance_word_slot(__u64 word)
{
	return word >> 16;
}

/* Seconds since it was seen: right up to 18 hours. */
static inline __u16 balance_word_age(__u64 word, __u32 now)
{
	return (__u16)now - (__u16)word;
}

/* Where a datagram's fragments go; the key is the hash of addresses, protocol and identification. */
struct balance_fragment {
	__u64 hash, at; /* nanoseconds */
};
#define BALANCE_FRAGMENTS 16384		  /* datagrams whose fragments are on their way */
#define BALANCE_FRAGMENT_NS 1000000000ULL /* identifications come around again */
