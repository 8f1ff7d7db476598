/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One direction of `delay`: frames in the order they came, each with the moment it is due. The
 * delay is the same for all, so that the first in is the first due.
 */
#ifndef LAB_DELAY_LINE_H
#define LAB_DELAY_LINE_H

#include <stdbool.h>

#include "flows_place.h"

#define FRAME_MOST \
	2048 /* more than a wire carries: what is larger was put together by GRO or TSO */
#define LINE_FRAMES 16384

struct frame {
	uint64_t due, came;
	uint32_t len;
	uint8_t data[FRAME_MOST];
};

struct line {
	int in, out;
	uint64_t delay; /* ns */
	uint32_t loss;	/* of a million */
	struct frame *frame;
	uint64_t head, tail; /* frames that went, frames that came; modulo LINE_FRAMES a place */

	uint64_t lost;	  /* as asked */
	uint64_t dropped; /* no place, or the other end did not take it */
	uint64_t large;
	uint64_t late, late_most, held; /* ns; what came after it was due, and what was between */
};

static inline void line_make(struct line *l, int in, int out, uint64_t delay, uint32_t loss)
{
	*l = (struct line){ .in = in, .out = out, .delay = delay, .loss = loss };
	l->frame = calloc(LINE_FRAMES, sizeof(*l->frame));
	if (!l->frame)
		die("calloc");
}

static inline bool line_empty(const struct line *l)
{
	return l->head == l->tail;
}

static inline struct frame *line_first(const struct line *l)
{
	return &l->frame[l->head % LINE_FRAMES];
}

/* Where the next frame goes; there is always one place to receive into, if only to drop. */
static inline struct frame *line_room(const struct line *l)
{
	return &l->frame[l->tail % LINE_FRAMES];
}

/* The same frames are lost each time that as many have come. */
static inline bool line_loses(const struct line *l)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;

	if (!l->loss)
		return false;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % 1000000 < l->loss;
}

/* What lies in line_room() has come. */
static inline void line_take(struct line *l, uint32_t len, uint64_t came)
{
	struct frame *f = line_room(l);

	if (len > FRAME_MOST) {
		l->large++;
	} else if (line_loses(l)) {
		l->lost++;
	} else if (l->tail - l->head == LINE_FRAMES - 1) {
		l->dropped++;
	} else {
		f->len = len;
		f->came = came;
		f->due = came + l->delay;
		l->tail++;
	}
}

static inline void line_send(struct line *l, uint64_t now)
{
	struct frame *f = line_first(l);

	if (send(l->out, f->data, f->len, 0) < 0)
		l->dropped++;
	l->late += now - f->due;
	l->held += now - f->came;
	if (now - f->due > l->late_most)
		l->late_most = now - f->due;
	l->head++;
}

static inline void line_report(const struct line *l, const char *name)
{
	double frames = l->head ? (double)l->head * 1e3 : 1;
	struct tpacket_stats stats = { 0 };
	socklen_t len = sizeof(stats);

	if (getsockopt(l->in, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		die("PACKET_STATISTICS");
	printf("\"%s\":{\"frames\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"dropped\":%" PRIu64
	       ",\"large\":%" PRIu64 ",\"socket_drops\":%u,\"held_us\":%.1f"
	       ",\"late_us\":%.1f,\"late_most_us\":%.1f}",
	       name, l->head, l->lost, l->dropped, l->large, stats.tp_drops,
	       (double)l->held / frames, (double)l->late / frames, (double)l->late_most / 1e3);
}

#endif
