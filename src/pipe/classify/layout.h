/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table address -> subscriber as it lies in memory, for both sides: values, buckets, hashes.
 * Hosts and the most common length of IPv6 prefix are in hashed buckets, all else in one trie.
 */
#pragma once

#include <linux/types.h>

/* What is found: class, id and CPU of a subscriber; 0 = nobody. */
#define CLASSIFY_VALUE(handle, id, cpu) \
	((__u64)(handle) << 32 | (__u64)(id) << 12 | (__u64)(cpu) << 2)
#define CLASSIFY_HANDLE(value) ((__u32)((value) >> 32))
#define CLASSIFY_ID(value) ((__u32)(value) >> 12)
#define CLASSIFY_CPU(value) ((__u32)(value) >> 2 & (CLASSIFY_CPUS - 1))
#define CLASSIFY_IDS (1u << 20)
#define CLASSIFY_CPUS (1u << 10)

/* The table's own bits of a value.  The packet path yields OWN with each that it finds. */
#define CLASSIFY_DEEP 1ULL /* an IPv6 network: ask for more specific ones; in the trie: is one */
#define CLASSIFY_OWN 2ULL  /* somebody's, even if all else is 0 */
#define CLASSIFY_BITS (CLASSIFY_DEEP | CLASSIFY_OWN)

/*
 * One line of cache each, of hosts in IPv6 two.  Keys are in network order.  A key is stored after
 * its value, the upper half of an address last, and stays until the whole half of the table is
 * built anew, though its value may become 0: no reader ever pairs a key with the value of another.
 * Key 0 = free; what would have that key (0.0.0.0, and what lies in :: of the networks' length) is
 * in the trie.
 */
#define CLASSIFY_SLOTS4 5
#define CLASSIFY_SLOTS6 4
#define CLASSIFY_SLOTS128 5
struct classify_bucket4 {
	__be32 key[CLASSIFY_SLOTS4];
	__u32 pad;
	__u64 value[CLASSIFY_SLOTS4];
};
struct classify_bucket6 {
	__be64 key[CLASSIFY_SLOTS6];
	__u64 value[CLASSIFY_SLOTS6];
};
struct classify_bucket128 {
	__be64 high[CLASSIFY_SLOTS128], low[CLASSIFY_SLOTS128];
	__u64 value[CLASSIFY_SLOTS128];
	__u64 pad;
};

/* Keys of the trie; and of those that find their bucket full, in a hash table. */
struct classify_key {
	__u32 length; /* bits that count of what follows */
	__u8 half, kind, pad[2];
	__u8 address[16]; /* IPv4 in the first four */
};
#define CLASSIFY_KEY_BITS 32 /* in front of the address */
/* 4 and 6 are the trie's as well. */
enum classify_kind { CLASSIFY_HOST4 = 4, CLASSIFY_NET6 = 6, CLASSIFY_HOST6 = 128 };

enum classify_flag {
	CLASSIFY_HAS_LONGER6 = 1, /* in the trie: longer than the networks' length; is 1, as DEEP */
	CLASSIFY_HAS_SHORTER6 = 2,
	CLASSIFY_HAS_PREFIXES4 = 4,
	CLASSIFY_HAS_OVERFLOW = 8,
	CLASSIFY_HAS_HOSTS6 = 16,
	CLASSIFY_HAS_NETS6 = 32, /* anything of IPv6 that is not in the trie */
};

struct classify_place {
	__u64 seed;
	__u32 base; /* of this half's buckets */
	__u32 shift;
};

/* All that is needed to look into one half, so that it comes into force as one. */
struct classify_half {
	struct classify_place hosts4, nets6, hosts6;
	__be64 mask6; /* of the networks' length */
	__u32 flags;
	__u32 number; /* 0 or 1 */
};
struct classify_state {
	struct classify_half of[2];
	__u32 half; /* in force */
	__u32 pad[15];
};

_Static_assert(sizeof(struct classify_bucket4) == 64 && sizeof(struct classify_bucket6) == 64 &&
		       sizeof(struct classify_bucket128) == 128,
	       "a bucket is whole lines of cache");
_Static_assert(sizeof(struct classify_half) == 64 && sizeof(struct classify_key) == 24,
	       "without holes");

/* Multiply and shift: the number's low bits, in which neighbours differ, are spread upwards. */
static inline __u32 classify_hash(const struct classify_place *place, __u64 number)
{
	return place->base + (__u32)(number * place->seed >> place->shift);
}

static inline __u64 classify_number128(__u64 high, __u64 low)
{
	return high + low * 0x9e3779b97f4a7c15ULL;
}
