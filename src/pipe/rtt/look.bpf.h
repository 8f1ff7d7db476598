/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One packet of a subscriber: its flow, its place there, what it answers and what it asks.  A
 * function of its own for each hook, verified once, and so the packet path's own registers stay
 * free.
 */
#pragma once

#include "pipe/parse_tcp.bpf.h"
#include "pipe/rtt/match.bpf.h"
#include "pipe/stage.bpf.h"

#define RTT_FIN 0x01
#define RTT_SYN 0x02
#define RTT_RST 0x04
#define RTT_ACK 0x10

static __always_inline __u8 rtt_flags(const struct tcphdr *th)
{
	return ((const __u8 *)th)[13];
}

static __always_inline __u32 rtt_header_length(const struct tcphdr *th)
{
	return (((const __u8 *)th)[12] >> 4) * 4;
}

/* --- accounts ---------------------------------------------------------------------------------- */

static __always_inline __u8 rtt_dsfield(const struct rtt_packet *p)
{
	if (p->family == 4)
		return ((__u8 *)p->l3)[1];
	return bpf_ntohs(*(__be16 *)p->l3) >> 4;
}

static __always_inline void rtt_account_tcp(const struct rtt_packet *p, struct rtt_details *d,
					    __u32 payload)
{
	const struct tcphdr *th = p->l4;
	const __u32 dir = p->dir & 1, end = bpf_ntohl(th->seq) + payload;

	d->flags[dir] |= rtt_flags(th);
	if (!payload)
		return;
	if ((__s32)(end - d->next[dir]) > 0)
		d->next[dir] = end;
	else
		d->again[dir]++;
}

static __always_inline void rtt_account(const struct rtt_packet *p, struct rtt_flow *f, __u32 payload)
{
	struct rtt_details *d = rtt_details_of(f);
	const __u32 dir = p->dir & 1;
	__u8 dsfield;

	if (!d)
		return;
	dsfield = rtt_dsfield(p);
	d->bytes[dir] += p->len;
	d->packets[dir]++;
	d->dsfield[dir] = dsfield;
	if ((dsfield & 3) == 3)
		d->marked[dir]++;
	if (p->proto == IPPROTO_TCP)
		rtt_account_tcp(p, d, payload);
}

static __always_inline void rtt_expect(struct rtt_flow *f, __u32 dir, __u32 seq)
{
	struct rtt_details *d = rtt_details_of(f);

	if (d)
		d->next[dir & 1] = seq;
}

/* --- timestamps -------------------------------------------------------------------------------- */

struct rtt_stamps {
	__u32 value, echo;
	bool there;
};

static __always_inline void rtt_read_stamps(const struct rtt_packet *p, __u32 hlen,
					    struct rtt_stamps *ret)
{
	__be32 *usual = p->l4 + sizeof(struct tcphdr);
	__be32 *words;
	__u32 off;

	ret->there = false;
	if (hlen < 32)
		return;
	if ((void *)(usual + 3) <= p->end && *usual == bpf_htonl(PARSE_TS_LAYOUT)) {
		words = usual + 1;
	} else {
		off = parse_ts_scan(p->data, p->end, p->l4_off, hlen);
		if (!off || off > 52)
			return;
		words = p->l4 + off;
		if ((void *)(words + 2) > p->end)
			return;
	}
	ret->value = bpf_ntohl(words[0]);
	ret->echo = bpf_ntohl(words[1]);
	ret->there = true;
}

/* --- opening and closing ----------------------------------------------------------------------- */

/* Of an opening: note[dir][0] is the SYN, note[dir][1] says that its answer may be to another. */
static __always_inline void rtt_note_syn(struct rtt_flow *f, __u32 dir, __u32 expects, bool ambiguous)
{
	f->note[dir][0] = RTT_NOTE(rtt_now(), expects);
	f->note[dir][1] = ambiguous;
	rtt_expect(f, dir, expects);
}

/* The same ends: asked again though it was answered, or their former connection. */
static __always_inline bool rtt_is_open(const struct rtt_packet *p)
{
	return rtt_find(p, RTT_TAG(p->hash, RTT_BY_TIMESTAMP)) ||
	       rtt_find(p, RTT_TAG(p->hash, RTT_BY_SEQUENCE));
}

static __always_inline int rtt_syn(const struct rtt_packet *p, const struct tcphdr *th)
{
	const __u32 tag = RTT_TAG(p->hash, RTT_OPENING), dir = p->dir & 1;
	const __u32 expects = bpf_ntohl(th->seq) + 1;
	struct rtt_flow *f;
	__u64 note;

	if (!rtt_const.handshake && !rtt_const.details)
		return 0;
	f = rtt_find(p, tag);
	if (f) {
		note = f->note[dir][0];
		if (note && RTT_NOTE_VALUE(note) == expects)
			f->note[dir][1] = 1;
		else
			rtt_note_syn(f, dir, expects, false);
	} else {
		f = rtt_take(p, tag);
		if (!f)
			return 0;
		rtt_note_syn(f, dir, expects, rtt_is_open(p));
	}
	rtt_account(p, f, 0);
	return 0;
}

/* As it is answered: by its timestamp, or what is acknowledged. */
static __always_inline void rtt_note_syn_ack(struct rtt_flow *f, __u32 dir, __u32 value)
{
	f->newest[dir] = value;
	if (rtt_const.handshake && value)
		f->note[dir][0] = RTT_NOTE(rtt_now() | RTT_NOTE_SYN, value);
}

/* The opening becomes a flow like any other, with the SYN of the one who was asked noted. */
static __always_inline void rtt_opened(const struct rtt_packet *p, struct rtt_flow *f,
				       const struct tcphdr *th, const struct rtt_stamps *stamps)
{
	const __u32 dir = p->dir & 1, seq = bpf_ntohl(th->seq) + 1;

	__builtin_memset(f->note, 0, sizeof(f->note));
	f->newest[!dir] = stamps->there ? stamps->echo : bpf_ntohl(th->ack_seq);
	rtt_note_syn_ack(f, dir, stamps->there ? stamps->value : seq);
	rtt_expect(f, dir, seq);
}

/* Once more: without timestamps it cannot be told to which the answer is, and a copy of the network
 * has the same one. */
static __always_inline void rtt_opened_again(const struct rtt_packet *p, struct rtt_flow *f,
					     const struct rtt_stamps *stamps)
{
	const __u32 dir = p->dir & 1;

	if (!stamps->there)
		f->note[dir][0] = 0;
	else if ((__s32)(stamps->value - f->newest[dir]) > 0)
		rtt_note_syn_ack(f, dir, stamps->value);
}

/* `tag`: from now on.  A flow that has it already is the ends' former connection, or this one when
 * both of them tried again. */
static __always_inline void rtt_open(const struct rtt_packet *p, struct rtt_flow *f,
				     const struct tcphdr *th, const struct rtt_stamps *stamps,
				     __u32 tag)
{
	const __u32 dir = p->dir & 1;
	struct rtt_flow *former;
	struct rtt_details *d;
	bool again = false;

	rtt_opened(p, f, th, stamps);
	former = rtt_find(p, tag);
	if (former) {
		again = former->newest[dir] == f->newest[dir];
		former->tag = 0;
	}
	if (again)
		f->note[dir][0] = 0;
	rtt_touch(f, dir);
	d = rtt_details_of(f);
	if (d)
		d->tag = tag;
	f->tag = tag;
}

static __always_inline int rtt_syn_ack(const struct rtt_packet *p, const struct tcphdr *th,
				       const struct rtt_stamps *stamps)
{
	const __u32 mode = stamps->there ? RTT_BY_TIMESTAMP : RTT_BY_SEQUENCE;
	const __u32 tag = RTT_TAG(p->hash, mode), asked = !p->dir;
	struct rtt_flow *f = rtt_find(p, RTT_TAG(p->hash, RTT_OPENING));
	__u64 note = 0;

	if (f)
		note = f->note[asked & 1][0];
	if (note && RTT_NOTE_VALUE(note) == bpf_ntohl(th->ack_seq)) {
		if (!f->note[asked & 1][1])
			rtt_sample(p, f, asked, RTT_HANDSHAKE, rtt_now() - RTT_NOTE_TIME(note));
		rtt_open(p, f, th, stamps, tag);
	} else {
		f = rtt_find(p, tag);
		if (!f)
			return 0;
		rtt_opened_again(p, f, stamps);
	}
	rtt_account(p, f, 0);
	return 0;
}

/* --- a packet ---------------------------------------------------------------------------------- */

/* Mid-stream: where it stands is where it begins for us. */
static __always_inline void rtt_start(const struct rtt_packet *p, struct rtt_flow *f,
				      const struct tcphdr *th, const struct rtt_stamps *stamps)
{
	const __u32 dir = p->dir & 1;
	const __u32 seq = bpf_ntohl(th->seq), ack = bpf_ntohl(th->ack_seq);

	f->newest[dir] = stamps->there ? stamps->value - 1 : seq;
	f->newest[!dir] = stamps->there ? stamps->echo : ack; /* was seen there */
	rtt_expect(f, dir, seq);
	rtt_expect(f, !dir, ack);
}

static __always_inline int rtt_look_tcp(const struct rtt_packet *p)
{
	struct tcphdr *th = p->l4;
	struct rtt_stamps stamps = { 0 };
	struct rtt_flow *f;
	__u32 hlen, payload, tag;
	__u8 flags;

	if ((void *)(th + 1) > p->end)
		return 0;
	flags = rtt_flags(th);
	hlen = rtt_header_length(th);
	if (hlen < sizeof(*th) || hlen > p->l4_len)
		return 0;
	payload = p->l4_len - hlen;
	if (rtt_const.timestamps)
		rtt_read_stamps(p, hlen, &stamps);
	if (PARSE_RARE(flags & RTT_SYN)) {
		if (flags & RTT_ACK)
			return rtt_syn_ack(p, th, &stamps);
		return rtt_syn(p, th);
	}
	if (!stamps.there && !rtt_const.sequence && !rtt_const.details && !rtt_const.handshake)
		return 0;
	tag = RTT_TAG(p->hash, stamps.there ? RTT_BY_TIMESTAMP : RTT_BY_SEQUENCE);
	f = rtt_find(p, tag);
	if (PARSE_RARE(!f)) {
		f = payload ? rtt_take(p, tag) : NULL;
		if (!f)
			return 0;
		rtt_start(p, f, th, &stamps);
	}
	rtt_touch(f, p->dir);
	rtt_account(p, f, payload);
	if (stamps.there)
		rtt_by_timestamp(p, f, th, stamps.value, stamps.echo, payload);
	else
		rtt_by_sequence(p, f, th, payload);
	/* It may still be talked about, but a new flow need not wait for that. */
	if (PARSE_RARE(flags & (RTT_FIN | RTT_RST)))
		f->seen &= ~RTT_SEEN_BOTH;
	return 0;
}

/* Only for its account. */
static __always_inline int rtt_look_udp(const struct rtt_packet *p)
{
	const __u32 tag = RTT_TAG(p->hash, RTT_NOT_TIMED);
	struct rtt_flow *f = rtt_find(p, tag);

	if (!f)
		f = rtt_take(p, tag);
	if (!f)
		return 0;
	rtt_touch(f, p->dir);
	rtt_account(p, f, 0);
	return 0;
}

/*
 * Where the headers are, in one number: older kernels hand a function of its own nothing but
 * numbers.
 */
#define RTT_WHERE(l3, l4, l4_len, family, proto)                                         \
	((__u64)(l3) | (__u64)(l4) << 8 | (__u64)(l4_len) << 24 | (__u64)(proto) << 48 | \
	 (__u64)((family) == 6) << 56)

static __always_inline int rtt_look(void *data, void *end, __u64 where, __u32 id_dir, __u32 len)
{
	struct rtt_packet p = {
		.data = data,
		.l3 = data + (where & PARSE_L2_MASK),
		.l4 = data + (where >> 8 & PARSE_L4_MASK),
		.l4_off = where >> 8 & PARSE_L4_MASK,
		.end = end,
		.l4_len = where >> 24 & 0xffff,
		.proto = where >> 48,
		.family = where >> 56 & 1 ? 6 : 4,
		.id = id_dir >> 1,
		.dir = id_dir & 1,
		.len = len,
	};

	if (p.l4 + sizeof(struct udphdr) > end || !rtt_read_ends(&p))
		return 0;
	p.hash = rtt_hash(&p.ends, p.family);
	if (p.proto == IPPROTO_TCP)
		return rtt_look_tcp(&p);
	if (rtt_const.details)
		return rtt_look_udp(&p);
	return 0;
}

__noinline int rtt_look_xdp(struct xdp_md *xdp, __u64 where, __u32 id_dir, __u32 len);

__noinline int rtt_look_xdp(struct xdp_md *xdp, __u64 where, __u32 id_dir, __u32 len)
{
	return rtt_look((void *)(long)xdp->data, (void *)(long)xdp->data_end, where, id_dir, len);
}

__noinline int rtt_look_skb(struct __sk_buff *skb, __u64 where, __u32 id_dir, __u32 len);

__noinline int rtt_look_skb(struct __sk_buff *skb, __u64 where, __u32 id_dir, __u32 len)
{
	return rtt_look((void *)(long)skb->data, (void *)(long)skb->data_end, where, id_dir, len);
}
