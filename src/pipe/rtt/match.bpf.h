/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Noting what was sent and when, and matching what answers it.  Every note is one word, so another
 * CPU sees a pair of time and value or none; what may happen between two CPUs is that a sample is
 * lost or told twice.
 */
#pragma once

#include "pipe/rtt/flow.bpf.h"

#define RTT_NOTE(time, value) ((__u64)(time) << 32 | (value))
#define RTT_NOTE_VALUE(note) ((__u32)(note))
#define RTT_NOTE_TIME(note) ((__u32)((note) >> 32))
#define RTT_NOTE_SYN 1u /* of the time */

/* Which kind a match is of, when it was no SYN that was noted. */
static __always_inline bool rtt_wants_kind(__u32 kind)
{
	if (kind == RTT_TIMESTAMP)
		return rtt_const.timestamps;
	return kind == RTT_SEQUENCE ? rtt_const.sequence : rtt_const.handshake;
}

static __always_inline void rtt_put(__u64 sample)
{
	__u32 cpu, at;
	struct rtt_cpu *c = rtt_this_cpu(&cpu);
	volatile __u64 *place;

	if (!c)
		return;
	at = cpu * RTT_SAMPLES + (c->head & (RTT_SAMPLES - 1));
	place = bpf_map_lookup_elem(&rtt_samples, &at);
	if (!place)
		return;
	if (*place) {
		c->lost++;
		return;
	}
	*place = sample;
	c->head++;
}

/* `side`: the direction of what was answered. */
static __always_inline void rtt_sample(const struct rtt_packet *p, struct rtt_flow *f, __u32 side,
				       __u32 kind, __u32 units)
{
	struct rtt_details *d;

	if (!rtt_wants_kind(kind))
		return;
	rtt_put(RTT_SAMPLE(p->id, side, kind, units));
	d = rtt_details_of(f);
	if (!d)
		return;
	units = units ?: 1; /* 0 is none */
	side &= 1;
	d->last[side] = units;
	if (!d->least[side] || units < d->least[side])
		d->least[side] = units;
}

/* A packet that answers one and asks another looks at the clock once. */
static __always_inline __u32 rtt_now_once(__u32 *now)
{
	if (!*now)
		*now = rtt_now();
	return *now;
}

/* What the packet says it has got: notes of that are answered, older ones passed over. */
static __always_inline void rtt_match(const struct rtt_packet *p, struct rtt_flow *f, __u32 echo,
				      __u32 kind, __u32 *now)
{
	const __u32 side = !p->dir;
	volatile __u64 *notes = f->note[side & 1];

	PARSE_UNROLL
	for (int i = 0; i < RTT_NOTES; i++) {
		const __u64 note = notes[i];
		const __s32 past = echo - RTT_NOTE_VALUE(note);
		const __u32 then = RTT_NOTE_TIME(note);

		if (!RTT_NOTE_VALUE(note) || past < 0)
			continue;
		if (past > 0) {
			notes[i] = 0;
			continue;
		}
		notes[i] = (__u64)(__u32)rtt_jiffies() << 32;
		rtt_sample(p, f, side, then & RTT_NOTE_SYN ? RTT_HANDSHAKE : kind,
			   rtt_now_once(now) - (then & ~RTT_NOTE_SYN));
	}
}

/* 0 as value is what a free note has: such a one is not waited for. */
static __always_inline void rtt_note(const struct rtt_packet *p, struct rtt_flow *f, __u32 value,
				     __u32 *now)
{
	volatile __u64 *notes = f->note[p->dir & 1];

	if (!value)
		return;
	PARSE_UNROLL
	for (int i = 0; i < RTT_NOTES; i++) {
		const __u64 note = notes[i];

		if (RTT_NOTE_VALUE(note))
			continue;
		if (note && (__u32)rtt_jiffies() - RTT_NOTE_TIME(note) < rtt_const.rest)
			continue;
		notes[i] = RTT_NOTE(rtt_now_once(now), value);
		return;
	}
}

/* --- by timestamps ----------------------------------------------------------------------------- */

static __always_inline void rtt_by_timestamp(const struct rtt_packet *p, struct rtt_flow *f,
					     const struct tcphdr *th, __u32 value, __u32 echo,
					     bool payload)
{
	const __u32 dir = p->dir & 1;
	__u32 now = 0;

	if (th->ack) /* else it echoes nothing */
		rtt_match(p, f, echo, RTT_TIMESTAMP, &now);
	if ((__s32)(value - f->newest[dir]) <= 0)
		return;
	f->newest[dir] = value;
	if (payload) /* what carries nothing is answered by nothing */
		rtt_note(p, f, value, &now);
}

/* --- by sequence ------------------------------------------------------------------------------- */

/* Sent again: which of them an acknowledgment is for cannot be told (Karn's rule). */
static __always_inline void rtt_forget_behind(struct rtt_flow *f, __u32 dir, __u32 seq)
{
	volatile __u64 *notes = f->note[dir & 1];

	PARSE_UNROLL
	for (int i = 0; i < RTT_NOTES; i++)
		if (RTT_NOTE_VALUE(notes[i]) && (__s32)(RTT_NOTE_VALUE(notes[i]) - seq) > 0)
			notes[i] = 0;
}

static __always_inline void rtt_by_sequence(const struct rtt_packet *p, struct rtt_flow *f,
					    const struct tcphdr *th, __u32 payload)
{
	const __u32 dir = p->dir & 1, seq = bpf_ntohl(th->seq), end = seq + payload;
	const __s32 ahead = seq - f->newest[dir];
	__u32 now = 0;

	if (th->ack)
		rtt_match(p, f, bpf_ntohl(th->ack_seq), RTT_SEQUENCE, &now);
	if (!payload)
		return;
	if (ahead < 0)
		rtt_forget_behind(f, dir, seq);
	else if (!ahead) /* behind a gap the answer waits for what is missing */
		rtt_note(p, f, end, &now);
	if ((__s32)(end - f->newest[dir]) > 0)
		f->newest[dir] = end;
}
