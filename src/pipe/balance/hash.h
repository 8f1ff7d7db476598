/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hash of a flow, the same in the packet path and in the daemon.  Both ends of a flow are first
 * made one word each; the top 16 bits of the hash choose the bucket, all 64 stand for the flow.
 */
#pragma once

#include <linux/types.h>

#define BALANCE_MUL1 0x9e3779b97f4a7c15ULL /* odd and without pattern */
#define BALANCE_MUL2 0xbf58476d1ce4e5b9ULL
#define BALANCE_MUL3 0x94d049bb133111ebULL

static __always_inline __u64 balance_end4(__u32 address, __u16 port)
{
	return (__u64)address << 16 | port;
}

static __always_inline __u64 balance_end6(const __u32 *address, __u16 port)
{
	__u64 high = (__u64)address[0] << 32 | address[1];
	__u64 low = (__u64)address[2] << 32 | address[3];

	high *= BALANCE_MUL2;
	return (high ^ high >> 32) + low * BALANCE_MUL1 + port;
}

static __always_inline __u64 balance_finish(__u64 h)
{
	h ^= h >> 32;
	h *= BALANCE_MUL2;
	h ^= h >> 29;
	return h * BALANCE_MUL3;
}

/* From `a` to `b`; the other direction is another flow. */
static __always_inline __u64 balance_hash_directed(__u64 a, __u64 b, __u8 proto, __u64 seed)
{
	__u64 h = (a ^ seed) * BALANCE_MUL1;

	h ^= h >> 32;
	return balance_finish((h + b) * BALANCE_MUL3 + proto);
}

/* All ones if a < b, else 0: which end is the smaller is a draw, and a branch would be mispredicted. */
static __always_inline __u64 balance_less(__u64 a, __u64 b)
{
	return -(((~a & b) | (~(a ^ b) & (a - b))) >> 63);
}

/*
 * The larger end first, whoever sends.  Sums and products do not care for the order either, but by
 * them neighbouring addresses of equal ports fall together.
 */
static __always_inline __u64 balance_hash_symmetric(__u64 a, __u64 b, __u8 proto, __u64 seed)
{
	__u64 swap = (a ^ b) & balance_less(a, b);

	return balance_hash_directed(a ^ swap, b ^ swap, proto, seed);
}

static __always_inline __u32 balance_bucket(__u64 hash)
{
	return hash >> 48;
}
