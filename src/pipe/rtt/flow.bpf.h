/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of flows: sets of four lines of cache, found by a hash of both ends.  A tag stands for
 * the ends; that two flows share one is of no account, since what they wait for would have to be
 * equal, too.
 */
#pragma once

#include <stddef.h>

#include "pipe/map.bpf.h"
#include "pipe/parse.bpf.h"
#include "pipe/rtt/layout.h"
#include "pipe/rtt/rtt.h"

const volatile struct rtt_const rtt_const;

SHARED_ARRAY(rtt_flows, struct rtt_set);
SHARED_ARRAY(rtt_samples, __u64);
SHARED_ARRAY(rtt_cpus, struct rtt_cpu);
SHARED_ARRAY(rtt_clock, struct rtt_clock);

/* --- time -------------------------------------------------------------------------------------- */

static __always_inline const struct rtt_clock *rtt_test_time(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&rtt_clock, &zero);
}

/* A helper call, and not a cheap one: asked only when a packet is noted or answered. */
static __always_inline __u32 rtt_now(void)
{
	const struct rtt_clock *test;
	__u64 ns = 0;

	if (!rtt_const.test_clock)
		ns = bpf_ktime_get_ns();
	else if ((test = rtt_test_time()))
		ns = test->ns;
	return (__u32)(ns >> RTT_UNIT_SHIFT) & ~1u;
}

static __always_inline __u64 rtt_jiffies(void)
{
	const struct rtt_clock *test;

	if (!rtt_const.test_clock)
		return bpf_jiffies64();
	test = rtt_test_time();
	return test ? test->jiffies : 0;
}

static __always_inline __u32 rtt_age_now(void)
{
	return rtt_jiffies() >> rtt_const.age_shift;
}

/* --- one packet -------------------------------------------------------------------------------- */

/* The subscriber's end first, so that both directions give the same. */
struct rtt_ends {
	__u64 near[2], far[2];
	__u32 ports;
};

struct rtt_packet {
	void *data, *l3, *l4, *end;
	struct rtt_ends ends;
	__u64 hash;
	__u32 l4_off, l4_len, len;
	__u32 id, dir; /* dir: 0 download, 1 upload */
	__u8 family, proto;
};

#define RTT_MUL1 0x9e3779b97f4a7c15ULL /* odd and without pattern */
#define RTT_MUL2 0xbf58476d1ce4e5b9ULL
#define RTT_MUL3 0x94d049bb133111ebULL

static __always_inline __u64 rtt_mix(__u64 x)
{
	x *= RTT_MUL2;
	return x ^ x >> 32;
}

static __always_inline __u64 rtt_hash(const struct rtt_ends *e, __u8 family)
{
	__u64 h = e->near[0] << 32 ^ e->far[0];

	if (family == 6)
		h = rtt_mix(e->near[0] ^ rtt_mix(e->near[1])) +
		    rtt_mix(e->far[0] + rtt_mix(e->far[1]) * RTT_MUL3);
	h = (h ^ rtt_const.seed) * RTT_MUL1;
	h ^= h >> 32;
	h = (h + e->ports) * RTT_MUL3;
	return h ^ h >> 32;
}

/* Chosen after both were read: a place chosen before reading is not followed by older verifiers. */
static __always_inline __u64 rtt_choose(bool first, __u64 a, __u64 b)
{
	asm("" : "+r"(a), "+r"(b));
	return first ? a : b;
}

static __always_inline bool rtt_read_ends(struct rtt_packet *p)
{
	const __u32 ports = *(__u32 *)p->l4;
	const bool up = p->dir;
	struct rtt_ends *e = &p->ends;
	struct ipv6hdr *ip6 = p->l3;
	struct iphdr *ip4 = p->l3;
	__u64 *words;

	e->ports = up ? ports : ports << 16 | ports >> 16;
	e->near[1] = e->far[1] = 0;
	if (p->family == 4) {
		if ((void *)(ip4 + 1) > p->end)
			return false;
		e->near[0] = rtt_choose(up, ip4->saddr, ip4->daddr);
		e->far[0] = rtt_choose(up, ip4->daddr, ip4->saddr);
		return true;
	}
	if ((void *)(ip6 + 1) > p->end)
		return false;
	words = (void *)&ip6->saddr;
	e->near[0] = rtt_choose(up, words[0], words[2]);
	e->near[1] = rtt_choose(up, words[1], words[3]);
	e->far[0] = rtt_choose(up, words[2], words[0]);
	e->far[1] = rtt_choose(up, words[3], words[1]);
	return true;
}

/* --- places ------------------------------------------------------------------------------------ */

static __always_inline struct rtt_cpu *rtt_this_cpu(__u32 *ret_number)
{
	__u32 cpu = bpf_get_smp_processor_id();

	*ret_number = cpu;
	return bpf_map_lookup_elem(&rtt_cpus, &cpu);
}

static __always_inline void *rtt_find_set(const struct rtt_packet *p)
{
	__u32 set = p->hash >> rtt_const.shift;

	return bpf_map_lookup_elem(&rtt_flows, &set);
}

static __always_inline struct rtt_flow *rtt_way(void *set, __u32 way)
{
	return set + way * (__u32)RTT_PLACE_BYTES(rtt_const.details);
}

/* NULL: it is not there. */
static __always_inline struct rtt_flow *rtt_find(const struct rtt_packet *p, __u32 tag)
{
	void *set = rtt_find_set(p);
	struct rtt_flow *f;

	if (!set)
		return NULL;
	PARSE_UNROLL
	for (int i = 0; i < RTT_WAYS; i++) { /* each is a line of cache: mostly the first is enough */
		f = rtt_way(set, i);
		if (f->tag == tag)
			return f;
	}
	return NULL;
}

/* How readily a place is given to a new flow: 0 = not at all. */
static __always_inline __u32 rtt_worth_taking(const struct rtt_flow *f, __u32 now)
{
	const __u32 seen = f->seen;
	__s32 age = (now - (seen >> RTT_SEEN_SHIFT)) << RTT_SEEN_SHIFT;

	age >>= RTT_SEEN_SHIFT; /* `seen` has fewer bits */
	if (!f->tag)
		return ~0u;
	if (age < 0) /* another CPU is ahead */
		age = 0;
	if ((seen & RTT_SEEN_BOTH) != RTT_SEEN_BOTH)
		return 0x40000000 + (age & 0x3fffffff);
	return age > (__s32)rtt_const.idle ? age : 0;
}

/* Seen anew, in this direction.  About once a second: the line is mostly read. */
static __always_inline void rtt_touch(struct rtt_flow *f, __u32 dir)
{
	const __u32 now = rtt_age_now() << RTT_SEEN_SHIFT, seen = f->seen;
	const __u32 want = now | (seen & RTT_SEEN_BOTH) | 1u << (dir & 1);

	if (seen == want)
		return;
	if ((__s32)(now - seen) > (__s32)(rtt_const.idle << RTT_SEEN_SHIFT))
		__builtin_memset(f->note, 0, sizeof(f->note)); /* of another time */
	f->seen = want;
}

static __always_inline struct rtt_details *rtt_details_of(struct rtt_flow *f)
{
	return rtt_const.details ? &((struct rtt_place *)f)->details : NULL;
}

static __always_inline void rtt_begin_details(const struct rtt_packet *p, struct rtt_flow *f,
					      __u32 tag, __u32 now)
{
	struct rtt_details *d = rtt_details_of(f);

	if (!d)
		return;
	d->tag = 0; /* whoever reads at this moment leaves it */
	__builtin_memset(d->bytes, 0, offsetof(struct rtt_details, tag));
	__builtin_memcpy(d->near, p->ends.near, sizeof(d->near));
	__builtin_memcpy(d->far, p->ends.far, sizeof(d->far));
	d->near_port = p->ends.ports;
	d->far_port = p->ends.ports >> 16;
	d->family = p->family;
	d->proto = p->proto;
	d->id = p->id;
	d->born = now;
	__builtin_memset(d->last, 0, sizeof(d->last) + sizeof(d->least));
	d->tag = tag;
}

/*
 * A place for a new flow: a free one, or that of one nobody answered, or of one long silent.  Two
 * CPUs may take the same one, or put one flow in two: a sample is lost.
 */
static __always_inline struct rtt_flow *rtt_take(const struct rtt_packet *p, __u32 tag)
{
	struct rtt_flow *f = NULL, *way;
	const __u32 now = rtt_age_now();
	void *set = rtt_find_set(p);
	__u32 best = 0, worth, cpu;
	struct rtt_cpu *c;

	if (!set)
		return NULL;
	PARSE_UNROLL
	for (int i = 0; i < RTT_WAYS; i++) {
		way = rtt_way(set, i);
		worth = rtt_worth_taking(way, now);
		if (worth > best) {
			best = worth;
			f = way;
		}
	}
	if (!f) {
		c = rtt_this_cpu(&cpu);
		if (c)
			c->full++;
		return NULL;
	}
	f->tag = 0;
	__builtin_memset(f->note, 0, sizeof(f->note));
	f->seen = now << RTT_SEEN_SHIFT | 1u << (p->dir & 1);
	rtt_begin_details(p, f, tag, now);
	f->tag = tag;
	return f;
}
