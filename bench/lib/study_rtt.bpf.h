/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The study's round-trip times: a packet with payload and a new TSval is noted with the time, and
 * the first one the other way that echoes it gives a sample, into a histogram of the subscriber's.
 * All of it stands inline in the program; part of pipeline_study.bpf.c, whose tables and packet it
 * uses.
 */
#pragma once

#include <linux/tcp.h>

const volatile __u32 flow_bits = STUDY_FLOW_BITS;
const volatile __u32 age_shift = 8; /* jiffies to units of age, about a second */
const volatile __u32 least_age = 4; /* a younger flow is not evicted */
const volatile __u32 idle_age = 120;
const volatile __u32 gate = 0;	/* jiffies of rest after a sample; 0 = none */
volatile __u32 histograms_half; /* the one in use */

TABLE(flows, struct study_set, 1 << STUDY_FLOW_BITS);
TABLE(histograms, struct study_histogram, STUDY_IDS);

struct ends {
	__u64 near[2], far[2]; /* the subscriber's first, whichever way the packet goes */
	__u32 ports;
};

struct segment {
	__u32 value, echo, id;
	bool timed; /* is echoed promptly: a mere acknowledgment is not */
};

static __always_inline __u32 clock_now(void)
{
	return bpf_ktime_get_ns() >> 10;
}

__noinline int find_stamps(struct xdp_md *ctx, __u32 l4_offset, __u32 header);

/* Where the values are behind the TCP header, 0: nowhere.  Only unusual options come here. */
__noinline int find_stamps(struct xdp_md *ctx, __u32 l4_offset, __u32 header)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 at = sizeof(struct tcphdr);
	__u8 *option;

	l4_offset &= 0x1ff;
	for (int i = 0; i < 20; i++) {
		if (at + 10 > header || at > 50)
			return 0;
		option = data + l4_offset + at;
		if ((void *)(option + 10) > end)
			return 0;
		if (option[0] == 1) {
			at++;
			continue;
		}
		if (option[0] == 8 && option[1] == 10)
			return at + 2;
		if (option[0] == 0 || option[1] < 2)
			return 0;
		at += option[1];
	}
	return 0;
}

static __always_inline bool read_segment(struct xdp_md *ctx, const struct packet *p, void *end,
					 struct segment *ret)
{
	struct tcphdr *th = p->l4;
	__be32 *words = (void *)(th + 1);
	__u32 header;
	int at;

	if ((void *)(words + 3) > end)
		return false;
	header = th->doff * 4;
	if (header < 32 || header > p->l4_length)
		return false;
	if (*words == bpf_htonl(0x0101080a)) {
		words++;
	} else {
		at = find_stamps(ctx, p->l4 - (void *)(long)ctx->data, header);
		if (at < 22 || at > 52)
			return false;
		words = p->l4 + at;
		if ((void *)(words + 2) > end)
			return false;
	}
	ret->value = bpf_ntohl(words[0]);
	ret->echo = bpf_ntohl(words[1]);
	ret->timed = p->l4_length > header || th->syn;
	return true;
}

static __always_inline void read_ends(const struct packet *p, bool up, struct ends *e)
{
	__u32 ports = *(__u32 *)p->l4;
	struct iphdr *ip = p->l3;
	__u64 *words = (void *)&((struct ipv6hdr *)p->l3)->saddr;

	e->ports = up ? ports << 16 | ports >> 16 : ports;
	if (!p->v6) {
		e->near[0] = up ? ip->saddr : ip->daddr;
		e->far[0] = up ? ip->daddr : ip->saddr;
		e->near[1] = e->far[1] = 0;
		return;
	}
	e->near[0] = words[up ? 0 : 2];
	e->near[1] = words[up ? 1 : 3];
	e->far[0] = words[up ? 2 : 0];
	e->far[1] = words[up ? 3 : 1];
}

static __always_inline __u64 mix(__u64 x)
{
	x *= 0xff51afd7ed558ccdULL;
	return x ^ x >> 32;
}

static __always_inline __u64 hash_ends(const struct ends *e, bool v6)
{
	__u64 x = e->near[0] << 32 ^ e->far[0];

	if (v6)
		x = mix(e->near[0] ^ mix(e->near[1]) ^ mix(e->far[0] ^ mix(e->far[1])));
	return mix((x ^ seed) + mix(e->ports ^ x));
}

/* Four buckets per doubling. */
static __always_inline __u32 bucket_of(__u32 units)
{
	__u32 log = 6, x = units >> 6;

	if (units < 64)
		return 0;
	if (units >= 1u << 22)
		return STUDY_BUCKETS - 1;
	if (x >= 1 << 8) {
		log += 8;
		x >>= 8;
	}
	if (x >= 1 << 4) {
		log += 4;
		x >>= 4;
	}
	if (x >= 1 << 2) {
		log += 2;
		x >>= 2;
	}
	if (x >= 1 << 1)
		log++;
	return (log - 6) * 4 + (units >> (log - 2) & 3);
}

static __always_inline void add_sample(__u32 id, __u32 side, __u32 units)
{
	__u32 bucket = bucket_of(units) & (STUDY_BUCKETS - 1);
	struct study_histogram *h;

	id += histograms_half * (STUDY_IDS / 2);
	h = bpf_map_lookup_elem(&histograms, &id);
	if (h)
		__sync_fetch_and_add(&h->n[side & 1][bucket], 1);
}

/* A free place, or that of the flow that was idle longest. */
static __always_inline struct study_flow *take_flow(struct study_set *set, __u32 age_now)
{
	struct study_flow *f = NULL;
	__u32 age, best = 0;

#pragma unroll
	for (int i = 0; i < STUDY_WAYS; i++) {
		age = set->way[i].tag ? age_now - set->way[i].seen : ~0u;
		if (set->way[i].tag && (__s32)age < 0)
			age = 0;
		if (age > best) {
			best = age;
			f = &set->way[i];
		}
	}
	if (f && best >= least_age)
		return f;
	add_total(TOTAL_FLOWS_FULL);
	return NULL;
}

static __always_inline struct study_flow *find_flow(const struct segment *s, __u64 hash, bool up,
						    __u32 age_now)
{
	__u32 at = hash >> (64 - flow_bits), tag = (__u32)hash | 1;
	struct study_set *set = bpf_map_lookup_elem(&flows, &at);
	struct study_flow *f;

	if (!set)
		return NULL;
#pragma unroll
	for (int i = 0; i < STUDY_WAYS; i++)
		if (set->way[i].tag == tag)
			return &set->way[i];
	f = s->timed ? take_flow(set, age_now) : NULL;
	if (!f)
		return NULL;
	__builtin_memset(f->wait, 0, sizeof(f->wait));
	f->newest[up] = s->value - 1;
	f->newest[!up] = s->echo - 1;
	f->seen = age_now;
	f->tag = tag;
	return f;
}

/* What is echoed, or passed over, is not waited for any more. */
static __always_inline void match_echo(struct study_flow *f, const struct segment *s, bool up,
				       __u32 *now)
{
#pragma unroll
	for (int i = 0; i < STUDY_WAITS; i++) {
		volatile __u64 *wait = &f->wait[!up][i];
		__u64 waited = *wait, rest = 0;
		__s32 past = s->echo - (__u32)waited;

		if (!(__u32)waited || past < 0)
			continue;
		if (gate && !past)
			rest = bpf_jiffies64() << 32;
		*wait = rest;
		if (past)
			continue;
		if (!*now)
			*now = clock_now();
		add_sample(s->id, !up, *now - (__u32)(waited >> 32));
	}
}

static __always_inline void wait_for(struct study_flow *f, const struct segment *s, bool up,
				     __u32 *now)
{
	if ((__s32)(s->value - f->newest[up]) <= 0)
		return;
	f->newest[up] = s->value;
	if (!s->timed)
		return;
#pragma unroll
	for (int i = 0; i < STUDY_WAITS; i++) {
		__u64 waited = f->wait[up][i];

		if ((__u32)waited)
			continue;
		if (gate && waited && (__u32)bpf_jiffies64() - (__u32)(waited >> 32) < gate)
			continue;
		if (!*now)
			*now = clock_now();
		*(volatile __u64 *)&f->wait[up][i] = (__u64)*now << 32 | s->value;
		return;
	}
}

static __always_inline void measure(struct xdp_md *ctx, const struct packet *p, void *end, bool up,
				    __u32 id)
{
	struct segment s = { .id = id };
	struct study_flow *f;
	__u32 age_now, now = 0;
	struct ends ends;

	if (!read_segment(ctx, p, end, &s))
		return;
	read_ends(p, up, &ends);
	age_now = bpf_jiffies64() >> age_shift;
	f = find_flow(&s, hash_ends(&ends, p->v6), up, age_now);
	if (!f)
		return;
	if (f->seen != age_now) { /* about once a second: the line is mostly read */
		if ((__s32)(age_now - f->seen) > (__s32)idle_age)
			__builtin_memset(f->wait, 0, sizeof(f->wait));
		f->seen = age_now;
	}
	match_echo(f, &s, up, &now);
	wait_for(f, &s, up, &now);
}
