/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose address is it?  Usually one look at the state, which is always in the cache, and one into a
 * bucket.  What is rarer (full buckets, prefixes of odd lengths) is a function of its own, so
 * that it is verified once.
 */
#pragma once

#include <stdbool.h>

#include "pipe/classify/layout.h"
#include "pipe/map.bpf.h"
#include "pipe/parse.bpf.h"

SHARED_ARRAY(classify_state, struct classify_state);
SHARED_ARRAY(classify_hosts4, struct classify_bucket4);
SHARED_ARRAY(classify_nets6, struct classify_bucket6);
SHARED_ARRAY(classify_hosts6, struct classify_bucket128);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct classify_key);
	__type(value, __u64);
} classify_overflow SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct classify_key);
	__type(value, __u64);
} classify_prefixes SEC(".maps");

/* --- rarely ------------------------------------------------------------------------------------ */

#define CLASSIFY_ASK_TRIE 0x200 /* else the overflow */
#define CLASSIFY_ASK(half, kind) ((half) << 8 | (kind))

/* Half, kind and map are one number, since older kernels take only plain numbers. */
__noinline __u64 classify_ask(__u32 what, __u64 high, __u64 low);

__noinline __u64 classify_ask(__u32 what, __u64 high, __u64 low)
{
	struct classify_key key = { .half = what >> 8 & 1, .kind = what & 0xff };
	__u64 *value;

	key.length = CLASSIFY_KEY_BITS + (key.kind == CLASSIFY_HOST4 ? 32 : 128);
	__builtin_memcpy(key.address, &high, sizeof(high));
	__builtin_memcpy(key.address + 8, &low, sizeof(low));
	if (what & CLASSIFY_ASK_TRIE)
		value = bpf_map_lookup_elem(&classify_prefixes, &key);
	else
		value = bpf_map_lookup_elem(&classify_overflow, &key);
	return value ? *value : 0;
}

static __always_inline __u64 classify_ask_trie(const struct classify_half *now, __u32 kind,
					       __u64 high, __u64 low)
{
	return classify_ask(CLASSIFY_ASK(now->number, kind) | CLASSIFY_ASK_TRIE, high, low);
}

/* Of a key whose bucket is full, if any did not find room in its own. */
static __always_inline __u64 classify_ask_overflow(const struct classify_half *now, __u32 kind,
						   __u64 high, __u64 low)
{
	if (!(now->flags & CLASSIFY_HAS_OVERFLOW))
		return 0;
	return classify_ask(CLASSIFY_ASK(now->number, kind), high, low);
}

/* --- IPv4 -------------------------------------------------------------------------------------- */

static __always_inline __u64 classify_find_host4(const struct classify_half *now, __be32 address)
{
	__u32 at = classify_hash(&now->hosts4, bpf_ntohl(address));
	struct classify_bucket4 *b = bpf_map_lookup_elem(&classify_hosts4, &at);

	if (!b || !address)
		return 0;
	PARSE_UNROLL
	for (int i = 0; i < CLASSIFY_SLOTS4; i++)
		if (b->key[i] == address)
			return b->value[i];
	if (!b->key[CLASSIFY_SLOTS4 - 1])
		return 0;
	return classify_ask_overflow(now, CLASSIFY_HOST4, address, 0);
}

static __always_inline __u64 classify_find4(const struct classify_half *now, __be32 address)
{
	__u64 value = classify_find_host4(now, address);

	if (__builtin_expect(value != 0, 1) || !(now->flags & CLASSIFY_HAS_PREFIXES4))
		return value;
	return classify_ask_trie(now, CLASSIFY_HOST4, address, 0);
}

/* --- IPv6 -------------------------------------------------------------------------------------- */

static __always_inline __u64 classify_find_net6(const struct classify_half *now, __be64 high)
{
	__be64 key = high & now->mask6;
	__u32 at = classify_hash(&now->nets6, bpf_be64_to_cpu(key));
	struct classify_bucket6 *b = bpf_map_lookup_elem(&classify_nets6, &at);

	if (!b || !key)
		return 0;
	PARSE_UNROLL
	for (int i = 0; i < CLASSIFY_SLOTS6; i++)
		if (b->key[i] == key)
			return b->value[i];
	if (!b->key[CLASSIFY_SLOTS6 - 1])
		return 0;
	return classify_ask_overflow(now, CLASSIFY_NET6, key, 0);
}

static __always_inline __u64 classify_find_host6(const struct classify_half *now, __be64 high,
						 __be64 low)
{
	__u64 number = classify_number128(bpf_be64_to_cpu(high), bpf_be64_to_cpu(low));
	__u32 at = classify_hash(&now->hosts6, number);
	struct classify_bucket128 *b = bpf_map_lookup_elem(&classify_hosts6, &at);

	if (!b)
		return 0;
	PARSE_UNROLL
	for (int i = 0; i < CLASSIFY_SLOTS128; i++)
		if (b->high[i] == high && b->low[i] == low)
			return b->value[i];
	if (!(b->high[CLASSIFY_SLOTS128 - 1] | b->low[CLASSIFY_SLOTS128 - 1]))
		return 0;
	return classify_ask_overflow(now, CLASSIFY_HOST6, high, low);
}

/* `net` is what the network's entry says: 0 when there is none, or only DEEP. */
static __always_inline __u64 classify_find_other6(const struct classify_half *now, __u64 net,
						  __be64 high, __be64 low)
{
	__u32 ask = 0;
	__u64 value = 0;

	if (net & CLASSIFY_DEEP) {
		if (now->flags & CLASSIFY_HAS_HOSTS6)
			value = classify_find_host6(now, high, low);
		if (value)
			return value;
		ask = CLASSIFY_HAS_LONGER6;
	}
	if (!(net & CLASSIFY_OWN))
		ask |= CLASSIFY_HAS_SHORTER6;
	if (now->flags & ask)
		value = classify_ask_trie(now, CLASSIFY_NET6, high, low);
	if (net & CLASSIFY_OWN && !(value & CLASSIFY_DEEP))
		value = net;
	return value & ~CLASSIFY_DEEP;
}

static __always_inline __u64 classify_find6(const struct classify_half *now, __be64 high, __be64 low)
{
	__u64 net = 0;

	if (now->flags & CLASSIFY_HAS_NETS6)
		net = classify_find_net6(now, high);
	if (__builtin_expect((net & CLASSIFY_BITS) == CLASSIFY_OWN, 1))
		return net;
	return classify_find_other6(now, net, high, low);
}

/* --- either ------------------------------------------------------------------------------------ */

static __always_inline const struct classify_half *classify_half_in_force(void)
{
	__u32 zero = 0;
	struct classify_state *state = bpf_map_lookup_elem(&classify_state, &zero);

	return state ? &state->of[state->half & 1] : NULL;
}

/* The subscriber whose address it is, with CLASSIFY_OWN; 0 = nobody's, or not IP. */
static __always_inline __u64 classify_find(const struct pkt *p, bool destination)
{
	const struct classify_half *now = classify_half_in_force();
	struct iphdr *ip4 = p->l3;
	struct ipv6hdr *ip6 = p->l3;
	const __be64 *words;

	if (!now)
		return 0;
	if (p->family == 4) {
		if ((void *)(ip4 + 1) > p->end)
			return 0;
		return classify_find4(now, destination ? ip4->daddr : ip4->saddr);
	}
	if (p->family != 6 || (void *)(ip6 + 1) > p->end)
		return 0;
	words = (void *)(destination ? &ip6->daddr : &ip6->saddr);
	return classify_find6(now, words[0], words[1]);
}
