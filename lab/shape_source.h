/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who of `shape` sends what: a group is some subscribers with the same traffic and the same plan, a
 * source one direction of it. Which frame is next, and when it is due.
 */
#ifndef LAB_SHAPE_SOURCE_H
#define LAB_SHAPE_SOURCE_H

#include "shape_seen.h"

#define GROUPS_MAX 64
#define PPS_MOST 500000
#define STALL_NS 20000000ull

enum family { FAMILY_4, FAMILY_6, FAMILY_MIXED };
static const char *const family_names[] = { "4", "6", "mixed", NULL };

struct group {
	uint32_t first, last;
	unsigned int direction; /* DIRECTIONS: both */
	unsigned int family;
	unsigned int dress; /* DRESSES: each in turn */
	unsigned int size;
	unsigned int vid;
	unsigned int flows;
	double pps;		 /* of the group, in each direction */
	double load;		 /* percent of the plan instead; 0 = pps */
	double plan[DIRECTIONS]; /* Mbit/s; 0 = not said */
};

struct source {
	const struct group *group;
	enum direction direction;
	size_t stream, streams; /* in `seen` */
	size_t turn;
	double pps, sent;
};

struct play {
	struct group group[GROUPS_MAX];
	unsigned int groups;
	struct source source[GROUPS_MAX * DIRECTIONS];
	unsigned int sources;
	uint64_t begin, last;
	uint64_t stalled;				/* ns that were not made good */
	uint8_t to[DIRECTIONS][6], from[DIRECTIONS][6]; /* MAC addresses */
};

static struct play play;

static inline double group_pps(const struct group *g, enum direction d)
{
	if (g->load <= 0)
		return g->pps;
	return (g->last - g->first + 1) * g->plan[d] * 1e6 / 8 / g->size * g->load / 100;
}

static inline void source_new(unsigned int number, enum direction d)
{
	const struct group *g = &play.group[number];
	struct source *s = &play.source[play.sources++];

	*s = (struct source){ .group = g,
			      .direction = d,
			      .stream = seen.streams,
			      .streams = g->last - g->first + 1,
			      .pps = group_pps(g, d) };
	for (uint32_t n = g->first; n <= g->last; n++) {
		struct stream *stream = stream_new();

		stream->group = number;
		stream->subscriber = n;
		stream->direction = d;
	}
}

static inline void sources_make(void)
{
	for (unsigned int i = 0; i < play.groups; i++)
		for (enum direction d = DOWN; d < DIRECTIONS; d++)
			if (play.group[i].direction == d || play.group[i].direction == DIRECTIONS)
				source_new(i, d);
}

/*
 * What a busy machine kept us from sending is not sent all at once afterwards: an offer below the
 * plan must never look like one above it.
 */
static inline void play_clock(uint64_t now)
{
	if (now - play.last > STALL_NS) {
		play.begin += now - play.last - STALL_NS;
		play.stalled += now - play.last - STALL_NS;
	}
	play.last = now;
}

static inline bool source_due(const struct source *s)
{
	return (double)(play.last - play.begin) / 1e9 * s->pps >= s->sent + 1;
}

static inline struct look source_look(const struct source *s, struct stream *stream)
{
	const struct group *g = s->group;
	uint32_t n = stream->datagrams++;
	struct look l = {
		.subscriber = stream->subscriber,
		.direction = s->direction,
		.dress = g->dress == DRESSES ? (enum dress)(n / 2 % DRESSES) : (enum dress)g->dress,
		.v6 = g->family == FAMILY_MIXED ? n & 1 : g->family == FAMILY_6,
		.vid = (uint16_t)g->vid,
		.source_port = (uint16_t)(SOURCE_PORT + n / 2 % g->flows),
		.size = (uint16_t)g->size,
		.id = n,
	};

	memcpy(l.to, play.to[s->direction], sizeof(l.to));
	memcpy(l.from, play.from[s->direction], sizeof(l.from));
	return l;
}

/* Frames of one flow keep their order; where there are many ports, nothing is said about it. */
static inline struct mark stream_mark(struct stream *stream, const struct look *l)
{
	return (struct mark){ .magic = MARK_MAGIC,
			      .run = seen.run,
			      .stream = (uint32_t)(stream - seen.stream),
			      .seq = ++stream->sent,
			      .flow = l->dress * 2u + l->v6 };
}

/* The next frame, or two fragments, by `put`, which answers where the bytes go. */
static inline void source_next(struct source *s, uint8_t *(*room)(enum direction d),
			       void (*done)(enum direction d, size_t len))
{
	struct stream *stream = &seen.stream[s->stream + s->turn];
	struct look l = source_look(s, stream);

	s->turn = s->turn + 1 < s->streams ? s->turn + 1 : 0;
	for (l.part = 0; l.part < (l.dress == FRAGMENTS ? 2u : 1u); l.part++) {
		struct mark m = stream_mark(stream, &l);
		size_t len = frame_put(room(s->direction), &l, &m);

		stream->sent_bytes += len;
		s->sent++;
		done(s->direction, len);
	}
}

#endif
