/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `flows` sent and what arrived where. Arrivals are only noted while frames flow; they are judged
 * at the end, in the order of the kernel's time stamps, since one thread reads the receivers in turn.
 */
#ifndef LAB_FLOWS_SEEN_H
#define LAB_FLOWS_SEEN_H

#include "flows_frame.h"
#include "tally.h"
#include "tool.h"

#define RECEIVERS_MAX 32
#define NO_FLOW UINT32_MAX
#define NO_DATAGRAM UINT32_MAX
#define NOWHERE (-1)

struct sent {
	uint32_t flow;
	uint32_t datagram;
	uint32_t sum; /* over the last `len` bytes: everything from the network header on */
	uint16_t len;
	uint8_t kind;
	uint8_t direction;
};

struct arrival {
	uint64_t ns;
	uint32_t serial;
	uint16_t bytes;
	uint8_t receiver;
	bool corrupt;
};

struct connection {
	uint32_t first; /* serial that came first, 0 for none yet; where it came is home */
	int home;
	bool split;
	uint32_t last[2]; /* highest serial of each direction so far */
};

struct receiver {
	const char *name;
	uint64_t flows;
	uint64_t frames;
	uint64_t bytes;
	uint64_t other;
};

struct seen {
	uint32_t run;
	uint32_t first_flow;
	uint32_t flows;
	struct connection *connection;
	struct receiver receiver[RECEIVERS_MAX];
	unsigned int receivers;
	struct sent *sent; /* of serial 1 first */
	size_t sents;
	size_t sents_room;
	struct arrival *arrival;
	size_t arrivals;
	size_t arrivals_room;
	int *datagram; /* where its first fragment to come came, SPLIT_DATAGRAM once another did elsewhere */
	size_t datagrams;
	size_t datagrams_room;
	struct tally tally;
	uint64_t split_by[KINDS];
	uint64_t reordered;
	uint64_t corrupt;
};

#define SPLIT_DATAGRAM (-2)

static struct seen seen;

static inline void *seen_grow(void *list, size_t used, size_t *room, size_t size)
{
	if (used < *room)
		return list;
	*room = *room ? *room * 2 : 4096;
	list = realloc(list, *room * size);
	if (!list)
		die("what was seen");
	return list;
}

static inline uint32_t bytes_sum(const uint8_t *at, size_t len)
{
	uint32_t sum = 0x811c9dc5u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ at[i]) * 0x01000193u;
	return sum;
}

/* ---- while frames flow ---- */

static inline uint32_t datagram_new(void)
{
	seen.datagram = seen_grow(seen.datagram, seen.datagrams, &seen.datagrams_room,
				  sizeof(*seen.datagram));
	seen.datagram[seen.datagrams] = NOWHERE;
	return (uint32_t)seen.datagrams++;
}

/* The next serial and the mark that carries it; the frame itself is noted when it is made. */
static inline struct mark sent_new(enum kind kind, uint32_t flow, enum direction d, unsigned int part)
{
	seen.sent = seen_grow(seen.sent, seen.sents, &seen.sents_room, sizeof(*seen.sent));
	seen.sent[seen.sents++] = (struct sent){
		.flow = flow, .datagram = NO_DATAGRAM, .kind = (uint8_t)kind, .direction = (uint8_t)d
	};
	return (struct mark){ .magic = MARK_MAGIC,
			      .run = seen.run,
			      .serial = (uint32_t)seen.sents,
			      .flow = flow,
			      .direction = (uint8_t)d,
			      .kind = (uint8_t)kind,
			      .part = (uint8_t)part };
}

static inline void sent_note(const struct frame *f)
{
	struct sent *s;
	struct mark m;

	memcpy(&m, f->bytes + f->len - sizeof(m), sizeof(m));
	s = &seen.sent[m.serial - 1];
	s->len = (uint16_t)(f->len - f->l3);
	s->sum = bytes_sum(f->bytes + f->l3, s->len);
}

/* False for a frame of somebody else. `hidden`: bytes of the tag that the kernel keeps beside the frame. */
static inline bool seen_take(unsigned int receiver, const uint8_t *frame, size_t len, size_t hidden,
			     uint64_t ns)
{
	const struct sent *s;
	struct mark m;

	if (len < ETH_HLEN + sizeof(m))
		return false;
	memcpy(&m, frame + len - sizeof(m), sizeof(m));
	if (m.magic != MARK_MAGIC || m.run != seen.run || !m.serial || m.serial > seen.sents)
		return false;
	s = &seen.sent[m.serial - 1];
	seen.arrival =
		seen_grow(seen.arrival, seen.arrivals, &seen.arrivals_room, sizeof(*seen.arrival));
	seen.arrival[seen.arrivals++] =
		(struct arrival){ .ns = ns,
				  .serial = m.serial,
				  .bytes = (uint16_t)(len + hidden),
				  .receiver = (uint8_t)receiver,
				  .corrupt = len < s->len ||
					     bytes_sum(frame + len - s->len, s->len) != s->sum };
	return true;
}

/* ---- the judgement ---- */

static inline int arrival_order(const void *one, const void *two)
{
	const struct arrival *a = one, *b = two;

	if (a->ns != b->ns)
		return a->ns < b->ns ? -1 : 1;
	return a->serial < b->serial ? -1 : a->serial > b->serial;
}

static inline struct connection *connection_of(const struct sent *s)
{
	return s->flow == NO_FLOW ? NULL : &seen.connection[s->flow - seen.first_flow];
}

static inline void judge_home(const struct arrival *a)
{
	struct connection *c = connection_of(&seen.sent[a->serial - 1]);

	if (!c || (c->first && c->first <= a->serial))
		return;
	c->first = a->serial;
	c->home = a->receiver;
}

static inline void judge_datagram(uint32_t datagram, int receiver)
{
	if (datagram == NO_DATAGRAM)
		return;
	if (seen.datagram[datagram] == NOWHERE)
		seen.datagram[datagram] = receiver;
	else if (seen.datagram[datagram] != receiver)
		seen.datagram[datagram] = SPLIT_DATAGRAM;
}

static inline void judge_order(struct connection *c, const struct sent *s, uint32_t serial)
{
	if (serial < c->last[s->direction])
		seen.reordered++;
	else
		c->last[s->direction] = serial;
}

static inline void judge_arrival(const struct arrival *a)
{
	const struct sent *s = &seen.sent[a->serial - 1];
	struct connection *c = connection_of(s);
	struct receiver *to = &seen.receiver[a->receiver];
	bool again = tally_has(&seen.tally, a->serial);

	(void)tally_add(&seen.tally, a->serial);
	seen.corrupt += a->corrupt;
	if (!c) {
		to->other++;
		return;
	}
	to->frames++;
	to->bytes += a->bytes;
	if (c->home != a->receiver) {
		seen.split_by[s->kind]++;
		c->split = true;
	}
	judge_datagram(s->datagram, a->receiver);
	if (!again)
		judge_order(c, s, a->serial);
}

static inline void seen_judge(void)
{
	if (!seen.arrivals)
		return;
	qsort(seen.arrival, seen.arrivals, sizeof(*seen.arrival), arrival_order);
	for (size_t i = 0; i < seen.arrivals; i++)
		judge_home(&seen.arrival[i]);
	for (size_t i = 0; i < seen.arrivals; i++)
		judge_arrival(&seen.arrival[i]);
	for (uint32_t i = 0; i < seen.flows; i++)
		if (seen.connection[i].home != NOWHERE)
			seen.receiver[seen.connection[i].home].flows++;
}

/* ---- the report ---- */

static inline void print_by_kind(const char *name, const uint64_t *count, unsigned int kinds)
{
	printf("\"%s\":{", name);
	for (unsigned int k = 0; k < kinds; k++)
		printf("%s\"%s\":%" PRIu64, k ? "," : "", kind_names[k], count[k]);
	printf("},");
}

static inline void print_frames(void)
{
	uint64_t sent[KINDS] = { 0 }, missing[KINDS] = { 0 };

	for (size_t i = 0; i < seen.sents; i++) {
		if (!seen.sent[i].len)
			continue; /* fragments that an early end kept back */
		sent[seen.sent[i].kind]++;
		missing[seen.sent[i].kind] += !tally_has(&seen.tally, i + 1);
	}
	printf("\"sent\":%" PRIu64 ",\"received\":%zu,\"lost\":%" PRIu64 ",\"duplicates\":%" PRIu64
	       ",\"reordered\":%" PRIu64 ",\"corrupt\":%" PRIu64 ",",
	       sent[KIND_DATA] + sent[KIND_FRAGMENT] + sent[KIND_ICMP] + sent[KIND_OTHER],
	       seen.arrivals, missing[KIND_DATA] + missing[KIND_FRAGMENT] + missing[KIND_ICMP],
	       seen.tally.duplicates, seen.reordered, seen.corrupt);
	print_by_kind("sent_by", sent, KINDS);
	print_by_kind("missing", missing, KINDS);
}

static inline void print_split(void)
{
	uint32_t split = 0, unseen = 0, datagrams = 0;

	for (uint32_t i = 0; i < seen.flows; i++) {
		split += seen.connection[i].split;
		unseen += seen.connection[i].home == NOWHERE;
	}
	for (size_t i = 0; i < seen.datagrams; i++)
		datagrams += seen.datagram[i] == SPLIT_DATAGRAM;
	printf("\"unseen\":%u,\"split\":%u,", unseen, split);
	print_by_kind("split_by", seen.split_by, KIND_OTHER);
	printf("\"datagrams\":%zu,\"split_datagrams\":%u,", seen.datagrams, datagrams);
}

static inline void print_receivers(void)
{
	printf("\"receivers\":[");
	for (unsigned int i = 0; i < seen.receivers; i++) {
		const struct receiver *r = &seen.receiver[i];

		printf("%s{\"to\":\"%s\",\"flows\":%" PRIu64 ",\"frames\":%" PRIu64
		       ",\"bytes\":%" PRIu64 ",\"other\":%" PRIu64 "}",
		       i ? "," : "", r->name, r->flows, r->frames, r->bytes, r->other);
	}
	putchar(']');
}

static inline void seen_free(void)
{
	free(seen.connection);
	free(seen.sent);
	free(seen.arrival);
	free(seen.datagram);
	tally_free(&seen.tally);
}

#endif
