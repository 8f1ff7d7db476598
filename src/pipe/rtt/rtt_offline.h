/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests: which round trips could be told of one connection, by somebody who remembers every
 * packet that passed.  It shares nothing with the packet path but the meaning of a sample.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "pipe/rtt/layout.h"

#define OFFLINE_KEPT 512 /* of what is unanswered, in each direction */
#define OFFLINE_MAX 64	 /* samples that one packet may give */

/* As it passed. */
struct offline_packet {
	uint64_t ns;
	bool up, syn, has_ack;
	uint32_t seq, ack, value, echo, payload;
};

struct offline_sample {
	unsigned side, kind;
	uint64_t from; /* ns: when the packet passed that is answered */
};

struct offline_list {
	struct offline_sample at[OFFLINE_MAX];
	unsigned n;
};

/* A value of TCP's timestamps, or a segment, that waits for its answer. */
struct offline_wait {
	uint64_t ns;
	uint32_t seq, end; /* with timestamps: the value */
	bool syn, spoilt;
};

struct offline_direction {
	struct offline_wait wait[OFFLINE_KEPT];
	unsigned n;
	bool begun, asked;    /* anything was seen of what is below */
	uint32_t newest;      /* value, or end of what was sent */
	uint32_t answered;    /* newest echo of its values, or acknowledgment */
	unsigned syns;	      /* how often the SYN was seen */
	uint32_t syn_expects; /* what acknowledges it */
	uint64_t syn_ns;
	bool syn_answered;
};

struct offline {
	bool stamps;
	struct offline_direction way[2]; /* 1: upload */
};

static inline bool offline_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static inline void offline_tell(struct offline_list *list, bool up, unsigned kind, uint64_t from)
{
	assert(list->n < OFFLINE_MAX);
	list->at[list->n++] = (struct offline_sample){ up ? RTT_INTERNET : RTT_ACCESS, kind, from };
}

static inline void offline_add(struct offline_direction *d, struct offline_wait w)
{
	if (d->n == OFFLINE_KEPT) {
		memmove(d->wait, d->wait + 1, sizeof(*d->wait) * (OFFLINE_KEPT - 1));
		d->n--;
	}
	d->wait[d->n++] = w;
}

/* --- what is asked ----------------------------------------------------------------------------- */

/* First of its value, newer than all before, and not answered yet. */
static inline void offline_stamp(struct offline_direction *d, const struct offline_packet *p)
{
	if (d->begun && !offline_after(p->value, d->newest))
		return;
	d->begun = true;
	d->newest = p->value;
	if (d->asked && !offline_after(p->value, d->answered))
		return;
	if (p->payload || (p->syn && p->has_ack))
		offline_add(d, (struct offline_wait){ p->ns, 0, p->value, p->syn, false });
}

/* Sent once, behind nothing that is missing.  What is sent again may be what the answer to all
 * behind it waited for; but nobody waits for a late SYN. */
static inline void offline_segment(struct offline_direction *d, const struct offline_packet *p)
{
	const uint32_t end = p->seq + p->payload + p->syn;
	struct offline_wait w = { p->ns, p->seq, end, p->syn, false };

	if (end == p->seq)
		return;
	w.spoilt = d->begun && p->seq != d->newest;
	if (d->begun && offline_after(d->newest, p->seq))
		for (unsigned i = 0; i < d->n; i++)
			d->wait[i].spoilt |=
				p->syn ? d->wait[i].syn : offline_after(d->wait[i].end, p->seq);
	if (!d->begun || offline_after(end, d->newest))
		d->newest = end;
	d->begun = true;
	if (!p->syn || p->has_ack)
		offline_add(d, w);
}

static inline void offline_syn(struct offline_direction *d, const struct offline_packet *p)
{
	d->syn_expects = p->seq + 1;
	d->syn_ns = p->ns;
	d->syns++;
}

/* --- what is answered -------------------------------------------------------------------------- */

static inline void offline_answer(struct offline_direction *d, bool up, uint32_t value, bool stamps,
				  struct offline_list *list)
{
	unsigned left = 0;

	for (unsigned i = 0; i < d->n; i++) {
		const struct offline_wait w = d->wait[i];

		if (offline_after(w.end, value))
			d->wait[left++] = w;
		else if (w.end == value && !w.spoilt)
			offline_tell(list, up,
				     w.syn  ? RTT_HANDSHAKE :
				     stamps ? RTT_TIMESTAMP :
					      RTT_SEQUENCE,
				     w.ns);
	}
	d->n = left;
	if (!d->asked || offline_after(value, d->answered))
		d->answered = value;
	d->asked = true;
}

static inline void offline_answer_syn(struct offline_direction *d, bool up,
				      const struct offline_packet *p, struct offline_list *list)
{
	if (d->syns == 1 && !d->syn_answered && p->ack == d->syn_expects)
		offline_tell(list, up, RTT_HANDSHAKE, d->syn_ns);
	d->syn_answered = true;
}

/* What the packet that passes now may tell. */
static inline void offline_see(struct offline *o, const struct offline_packet *p,
			       struct offline_list *ret)
{
	struct offline_direction *own = &o->way[p->up], *other = &o->way[!p->up];

	ret->n = 0;
	if (p->syn && p->has_ack)
		offline_answer_syn(other, !p->up, p, ret);
	else if (p->has_ack)
		offline_answer(other, !p->up, o->stamps ? p->echo : p->ack, o->stamps, ret);
	if (p->syn && !p->has_ack)
		offline_syn(own, p);
	if (o->stamps)
		offline_stamp(own, p);
	else
		offline_segment(own, p);
}
