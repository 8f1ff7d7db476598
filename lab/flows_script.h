/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a connection of `flows` says, frame by frame: greeting, packets in turn from both ends,
 * goodbye, and what a router has to say about it. Many connections are under way at a time.
 */
#ifndef LAB_FLOWS_SCRIPT_H
#define LAB_FLOWS_SCRIPT_H

#include "flows_seen.h"

#define LIVE_MAX 128

struct script {
	struct mix mix;
	uint32_t flows;
	unsigned int packets;
	unsigned int other;
	unsigned int fragments; /* percent */
	unsigned int icmp;	/* percent */
	bool shuffled;
	bool syn;
	bool fin;
};

struct live {
	struct tuple t;
	unsigned int step;
	unsigned int steps;
	bool icmp;
	uint32_t seq[2];
	/* Fragments of a datagram that are still to be sent. */
	unsigned int parts_left;
	enum direction direction;
	uint32_t id;
	uint8_t datagram[DATAGRAM_BYTES];
};

struct play {
	const struct script *script;
	struct live live[LIVE_MAX];
	unsigned int lives;
	uint32_t begun; /* flows */
	uint32_t others;
	uint64_t random;
};

static struct play play;

/* Not the order of numbers: who takes turns among the targets would look as if it knew connections. */
static inline uint32_t play_random(uint32_t below)
{
	play.random += ODD_GOLDEN;
	return (uint32_t)(mix64(play.random) % below);
}

static inline unsigned int live_greeting(const struct live *l)
{
	return l->t.tcp && play.script->syn ? 2 : 0;
}

static inline void live_begin(struct live *l, uint32_t flow)
{
	const struct script *s = play.script;
	uint64_t seq = mix_draw(&s->mix, flow, DRAW_SEQ);

	*l = (struct live){ .t = tuple_make(&s->mix, flow),
			    .seq = { (uint32_t)seq, (uint32_t)(seq >> 32) } };
	l->icmp = mix_draw(&s->mix, flow, DRAW_ICMP) % 100 < s->icmp;
	l->steps = live_greeting(l) + 2 * s->packets + (l->t.tcp && s->fin ? 2 : 0) + l->icmp;
}

static inline uint64_t live_draw(const struct live *l, unsigned int step)
{
	return mix_draw(&play.script->mix, l->t.flow, DRAW_PACKET + step);
}

static inline uint8_t live_flags(const struct live *l, unsigned int step)
{
	unsigned int greeting = live_greeting(l);

	if (step < greeting)
		return step ? TCP_SYN | TCP_ACK : TCP_SYN;
	return step < greeting + 2 * play.script->packets ? TCP_ACK : TCP_FIN | TCP_ACK;
}

/* Directions alternate, so no two TCP packets of one acknowledge the same: GRO never joins them. */
static inline enum direction live_packet(struct live *l, struct frame *f, const unsigned int *side,
					 unsigned int step)
{
	enum direction d = step & 1;
	struct mark m = sent_new(KIND_DATA, l->t.flow, d, 0);
	struct segment s = { .tuple = &l->t,
			     .direction = d,
			     .flags = live_flags(l, step),
			     .seq = l->seq[d],
			     .filler = live_draw(l, step) % FILLER_MAX };

	if (s.flags & TCP_ACK)
		s.ack = l->seq[!d];
	frame_packet(f, side[d], &s, &m);
	l->seq[d] += (uint32_t)(s.filler + sizeof(m)) + (s.flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
	return d;
}

static inline bool live_wants_fragments(const struct live *l, unsigned int step)
{
	return !l->t.tcp && live_draw(l, step) / FILLER_MAX % 100 < play.script->fragments;
}

static inline unsigned int fragment_part(unsigned int turn)
{
	return play.script->shuffled ? (turn + 1) % FRAGMENTS : turn;
}

/* The datagram is made whole, as its sum covers every fragment's mark. */
static inline void live_datagram(struct live *l, enum direction d)
{
	struct mark marks[FRAGMENTS];
	uint32_t datagram = datagram_new();

	for (unsigned int turn = 0; turn < FRAGMENTS; turn++) {
		unsigned int part = fragment_part(turn);

		marks[part] = sent_new(KIND_FRAGMENT, l->t.flow, d, part);
		seen.sent[seen.sents - 1].datagram = datagram;
	}
	datagram_put(l->datagram, &l->t, d, marks);
	l->parts_left = FRAGMENTS;
	l->direction = d;
	l->id = seen.run + datagram;
}

static inline enum direction live_fragment(struct live *l, struct frame *f, const unsigned int *side)
{
	struct fragment g = { l->id, fragment_part(FRAGMENTS - l->parts_left) };

	l->parts_left--;
	frame_fragment(f, side[l->direction], &l->t, l->direction, &g, l->datagram);
	return l->direction;
}

/* The error travels against the packet that it is about. */
static inline enum direction live_icmp(struct live *l, struct frame *f, const unsigned int *side)
{
	uint64_t draw = mix_draw(&play.script->mix, l->t.flow, DRAW_ICMP) / 100;
	enum direction about = draw & 1;
	struct mark m = sent_new(KIND_ICMP, l->t.flow, !about, 0);
	struct segment s = { .tuple = &l->t,
			     .direction = about,
			     .flags = TCP_ACK,
			     .seq = l->seq[about],
			     .ack = l->seq[!about] };

	frame_icmp(f, side[!about], &s, draw >> 1, &m);
	return !about;
}

static inline enum direction live_next(struct live *l, struct frame *f, const unsigned int *side)
{
	unsigned int step;

	if (l->parts_left)
		return live_fragment(l, f, side);
	step = l->step++;
	if (l->icmp && l->step == l->steps)
		return live_icmp(l, f, side);
	if (!live_wants_fragments(l, step))
		return live_packet(l, f, side, step);
	live_datagram(l, step & 1);
	return live_fragment(l, f, side);
}

/* In equal portions over the whole run. */
static inline bool play_other_due(void)
{
	return play.others < (uint64_t)play.begun * play.script->other / play.script->flows;
}

/* The next frame and its direction, `side` being where each direction is sent; false at the end. */
static inline bool play_next(struct frame *f, const unsigned int *side, enum direction *ret)
{
	struct live *l;

	if (play_other_due()) {
		struct mark m = sent_new(KIND_OTHER, NO_FLOW, FORWARD, 0);

		frame_other(f, play.others++, &m);
		*ret = FORWARD;
		return true;
	}
	while (play.lives < LIVE_MAX && play.begun < play.script->flows)
		live_begin(&play.live[play.lives++], seen.first_flow + play.begun++);
	if (!play.lives)
		return false;
	l = &play.live[play_random(play.lives)];
	*ret = live_next(l, f, side);
	if (l->step == l->steps && !l->parts_left)
		*l = play.live[--play.lives];
	return true;
}

#endif
