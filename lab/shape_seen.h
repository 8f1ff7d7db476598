/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `shape` sent to and from each subscriber and what arrived when: exact losses, duplicates and
 * disorder, and bytes per tenth of a second, from which the fullest second of all is known.
 */
#ifndef LAB_SHAPE_SEEN_H
#define LAB_SHAPE_SEEN_H

#include "shape_frame.h"
#include "tally.h"
#include "tool.h"

#define SLOTS 10 /* per second */
#define SLOT_NS (1000000000ull / SLOTS)
#define FLOWS (2 * DRESSES)
#define TALLY_WORDS 16

/* Bytes on the wire as a queue counts them: whole frames without the sum at the end. */
struct rate {
	uint32_t *slot;
	size_t slots;
	uint64_t bytes;
};

struct stream {
	unsigned int group;
	uint32_t subscriber;
	enum direction direction;
	uint32_t sent;	    /* frames */
	uint32_t datagrams; /* of which some go as two fragments */
	uint64_t sent_bytes;
	struct tally tally;
	uint64_t reordered;
	uint32_t last[FLOWS]; /* highest number of each so far */
	struct rate rate;
};

struct seen {
	uint32_t run;
	uint64_t begin_ns; /* of CLOCK_REALTIME, as the kernel's time stamps */
	size_t skip;	   /* slots at the begin that no rate is made of */
	double seconds;	   /* while frames were sent */
	struct stream *stream;
	size_t streams, room;
	uint64_t foreign;
};

static struct seen seen;

static inline struct stream *stream_new(void)
{
	struct stream *s;

	if (seen.streams == seen.room) {
		seen.room = seen.room ? seen.room * 2 : 64;
		seen.stream = realloc(seen.stream, seen.room * sizeof(*seen.stream));
		if (!seen.stream)
			die("streams");
	}
	s = &seen.stream[seen.streams++];
	*s = (struct stream){ .tally = { .words = TALLY_WORDS } };
	s->tally.bits = calloc(TALLY_WORDS, sizeof(*s->tally.bits));
	if (!s->tally.bits)
		die("streams");
	return s;
}

static inline void rate_add(struct rate *r, size_t slot, uint32_t bytes)
{
	size_t slots = r->slots ? r->slots : 4 * SLOTS;

	while (slots <= slot)
		slots *= 2;
	if (slots != r->slots) {
		r->slot = realloc(r->slot, slots * sizeof(*r->slot));
		if (!r->slot)
			die("rates");
		memset(r->slot + r->slots, 0, (slots - r->slots) * sizeof(*r->slot));
		r->slots = slots;
	}
	r->slot[slot] += bytes;
	r->bytes += bytes;
}

static inline size_t slot_of(uint64_t ns)
{
	uint64_t slot = ns > seen.begin_ns ? (ns - seen.begin_ns) / SLOT_NS : 0;

	return slot < 2 * 3600 * SLOTS ? slot : 2 * 3600 * SLOTS;
}

/* A direction's frames are looked for at its end only: elsewhere they come from a loop. */
static inline bool seen_take(const uint8_t *frame, size_t len, size_t hidden, enum direction d,
			     uint64_t ns)
{
	struct stream *s;
	struct mark m;

	if (len < SIZE_LEAST - 16)
		return false;
	memcpy(&m, frame + len - sizeof(m), sizeof(m));
	if (m.magic != MARK_MAGIC || m.run != seen.run || m.stream >= seen.streams ||
	    m.flow >= FLOWS || seen.stream[m.stream].direction != d) {
		seen.foreign += m.magic == MARK_MAGIC;
		return false;
	}
	s = &seen.stream[m.stream];
	if (!tally_has(&s->tally, m.seq) && m.seq < s->last[m.flow])
		s->reordered++;
	if (m.seq > s->last[m.flow])
		s->last[m.flow] = m.seq;
	(void)tally_add(&s->tally, m.seq);
	rate_add(&s->rate, slot_of(ns), (uint32_t)(len + hidden));
	return true;
}

static inline uint64_t stream_lost(const struct stream *s)
{
	return tally_lost(&s->tally, s->sent);
}

/* ---- rates, in Mbit/s ---- */

/* The fullest second, wherever it begins: ten slots that follow each other. */
static inline double rate_peak(const struct rate *r)
{
	uint64_t sum = 0, most = 0;

	for (size_t i = seen.skip; i < r->slots; i++) {
		sum += r->slot[i];
		if (i >= seen.skip + SLOTS)
			sum -= r->slot[i - SLOTS];
		most = sum > most ? sum : most;
	}
	return (double)most * 8 / 1e6;
}

/* While frames were sent: what a queue let out afterwards is not part of it. */
static inline double rate_mean(const struct rate *r)
{
	size_t end = (size_t)(seen.seconds * SLOTS);
	uint64_t sum = 0;

	for (size_t i = seen.skip; i < end && i < r->slots; i++)
		sum += r->slot[i];
	return end > seen.skip ? (double)sum * 8 / 1e6 / ((double)(end - seen.skip) / SLOTS) : 0;
}

static inline void rate_join(struct rate *sum, const struct rate *r)
{
	for (size_t i = 0; i < r->slots; i++)
		if (r->slot[i])
			rate_add(sum, i, r->slot[i]);
}

/* Whole seconds, the last of them may be a part. */
static inline void rate_print_bins(const struct rate *r)
{
	size_t end = r->slots;

	while (end && !r->slot[end - 1])
		end--;
	printf(",\"bins\":[");
	for (size_t i = 0; i < end; i += SLOTS) {
		uint64_t sum = 0;

		for (size_t k = i; k < i + SLOTS && k < end; k++)
			sum += r->slot[k];
		printf("%s%" PRIu64, i ? "," : "", sum);
	}
	putchar(']');
}

static inline void seen_free(void)
{
	for (size_t i = 0; i < seen.streams; i++) {
		tally_free(&seen.stream[i].tally);
		free(seen.stream[i].rate.slot);
	}
	free(seen.stream);
}

#endif
