/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/rtt/flows.h"

#include <netinet/in.h>

#include "base/cleanup.h"

#define AGES (UINT32_MAX >> RTT_SEEN_SHIFT)
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
/* What the packet path may write at any moment is read once. */
#define READ(word) __atomic_load_n(&(word), __ATOMIC_RELAXED)

/* --- one flow ---------------------------------------------------------------------------------- */

/* What was seen since `now` was asked for is no age. */
static uint32_t since(uint32_t now, uint32_t then)
{
	uint32_t age = (now - then) & AGES;

	return age > AGES / 2 ? 0 : age;
}

static uint32_t idle_of(const struct rtt_flow_table *table, const struct rtt_flow *flow)
{
	return since(table->now, READ(flow->seen) >> RTT_SEEN_SHIFT);
}

/* The mode changes while a flow lives. */
static bool is_same(uint32_t a, uint32_t b)
{
	return !((a ^ b) & ~RTT_TAG_MODES);
}

static const struct rtt_flow *flow_at(const struct rtt_flow_table *table, size_t place)
{
	return rtt_flow_at(table->flows, true, place);
}

bool rtt_flows_look(const struct rtt_flow_table *table, size_t place, struct rtt_flow_view *ret)
{
	const struct rtt_flow *flow = flow_at(table, place);
	const struct rtt_details *details = rtt_details_at(table->flows, place);
	const uint32_t tag = READ(flow->tag);
	struct rtt_flow_view view = { .mode = tag & RTT_TAG_MODES };

	if (!tag || !is_same(READ(details->tag), tag))
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	view.details = *details;
	view.idle = idle_of(table, flow);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!is_same(READ(flow->tag), tag) || !is_same(READ(details->tag), tag))
		return false;
	view.age = since(table->now, view.details.born);
	*ret = view;
	return true;
}

const char *rtt_flow_state(const struct rtt_flow_view *flow)
{
	const struct rtt_details *d = &flow->details;
	const unsigned flags = d->flags[0] | d->flags[1];
	const bool both = d->packets[0] && d->packets[1];

	if (d->proto != IPPROTO_TCP)
		return both ? "two way" : "one way";
	if (flags & RST)
		return "reset";
	if (flags & FIN)
		return "closing";
	if (flow->mode == RTT_OPENING || (!both && flags & SYN))
		return "opening";
	return both ? "established" : "one way";
}

const char *rtt_flow_mode(const struct rtt_flow_view *flow)
{
	switch (flow->mode) {
	case RTT_OPENING:
		return "handshake";
	case RTT_BY_TIMESTAMP:
		return "timestamps";
	case RTT_BY_SEQUENCE:
		return "sequence";
	default:
		return "none";
	}
}

/* --- the first of many ------------------------------------------------------------------------- */

void rtt_flow_list_free(struct rtt_flow_list *list)
{
	vec_free(&list->found);
}

static bool goes_before(const struct rtt_flow_place *a, const struct rtt_flow_place *b)
{
	return a->weight != b->weight ? a->weight > b->weight : a->place < b->place;
}

static int compare(const void *x, const void *y)
{
	const struct rtt_flow_place *a = x, *b = y;

	return goes_before(b, a) - goes_before(a, b);
}

/* A heap with the last of them on top: who wants in must go before that one. */
static void sink(struct rtt_flow_place *heap, size_t n, size_t i)
{
	for (size_t kid; (kid = 2 * i + 1) < n; i = kid) {
		struct rtt_flow_place moved = heap[i];

		if (kid + 1 < n && goes_before(&heap[kid], &heap[kid + 1]))
			kid++;
		if (!goes_before(&moved, &heap[kid]))
			return;
		heap[i] = heap[kid];
		heap[kid] = moved;
	}
}

static int offer(struct rtt_flow_list *list, size_t top, struct rtt_flow_place place)
{
	struct rtt_flow_place *heap = list->found.at;
	int r;

	if (list->found.n < top) {
		r = vec_push(&list->found, place);
		for (size_t i = list->found.n / 2; !r && list->found.n == top && i-- > 0;)
			sink(list->found.at, top, i);
		return r;
	}
	if (top && goes_before(&place, heap)) {
		heap[0] = place;
		sink(heap, top, 0);
	}
	return 0;
}

static uint64_t weight_of(const struct rtt_flow_table *table, const struct rtt_details *d,
			  enum rtt_flow_sort sort)
{
	switch (sort) {
	case RTT_FLOW_PACKETS:
		return READ(d->packets[0]) + READ(d->packets[1]);
	case RTT_FLOW_AGAIN:
		return (uint64_t)READ(d->again[0]) + READ(d->again[1]);
	case RTT_FLOW_RTT:
		return MAX(READ(d->last[0]), READ(d->last[1]));
	case RTT_FLOW_AGE:
		return since(table->now, READ(d->born));
	default:
		return READ(d->bytes[0]) + READ(d->bytes[1]);
	}
}

static bool is_wanted(const struct rtt_flow_wish *wish, uint32_t tag, const struct rtt_details *d)
{
	return is_same(READ(d->tag), tag) && (!wish->id || READ(d->id) == wish->id);
}

/* Of most places only the flow's own line is read. */
int rtt_flows_find(const struct rtt_flow_table *table, const struct rtt_flow_wish *wish,
		   struct rtt_flow_list *ret)
{
	_cleanup_rtt_flow_list_ struct rtt_flow_list list = { 0 };
	int r = 0;

	for (size_t i = 0; i < table->n_sets * RTT_WAYS && !r; i++) {
		const struct rtt_flow *flow = flow_at(table, i);
		const struct rtt_details *d = rtt_details_at(table->flows, i);
		const uint32_t tag = READ(flow->tag);

		list.used += tag != 0;
		if (!tag || idle_of(table, flow) > wish->idle || !is_wanted(wish, tag, d))
			continue;
		r = offer(&list, wish->top,
			  (struct rtt_flow_place){ weight_of(table, d, wish->sort), i });
	}
	if (r)
		return r;
	if (list.found.n)
		qsort(list.found.at, list.found.n, sizeof(*list.found.at), compare);
	*ret = list;
	list = (struct rtt_flow_list){ 0 };
	return 0;
}
