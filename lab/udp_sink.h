/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a datagram of udpgen carries, and what its sink knows of the flows that arrived: exact
 * losses, duplicates and reordering per flow, and the report.
 */
#ifndef LAB_UDP_SINK_H
#define LAB_UDP_SINK_H

#include <stdbool.h>

#include "histogram.h"
#include "tally.h"

#define STAMP_MAGIC 0x77656972u
#define FLOWS_MAX 1024

enum stamp_kind { STAMP_DATA, STAMP_END };

/* Both ends are on one machine: host byte order, one clock. */
struct stamp {
	uint32_t magic;
	uint32_t run;
	uint16_t flow;
	uint16_t flows;
	uint32_t kind;
	uint64_t seq;
	uint64_t ns;
};

struct flow {
	uint32_t run;
	uint16_t number;
	bool ended;
	uint64_t announced;
	struct tally tally;
};

struct sink {
	struct flow flow[FLOWS_MAX];
	unsigned int flows;
	unsigned int ended;
	unsigned int flows_meant;
	uint64_t datagrams;
	uint64_t bytes;
	uint64_t foreign;
	uint32_t socket_drops;
	uint64_t first_ns;
	uint64_t last_ns;
	uint64_t ended_ns;
	uint64_t gap_ns;
	struct histogram latency;
};

static struct sink sink;

static inline struct flow *sink_flow(const struct stamp *s)
{
	for (unsigned int i = 0; i < sink.flows; i++)
		if (sink.flow[i].run == s->run && sink.flow[i].number == s->flow)
			return &sink.flow[i];
	if (sink.flows == FLOWS_MAX)
		return NULL;
	sink.flow[sink.flows] = (struct flow){ .run = s->run, .number = s->flow };
	sink.flows_meant = s->flows;
	return &sink.flow[sink.flows++];
}

static inline void sink_take(const char *data, unsigned int len, uint64_t now)
{
	struct flow *flow;
	struct stamp s;

	if (len < sizeof(s)) {
		sink.foreign++;
		return;
	}
	memcpy(&s, data, sizeof(s));
	flow = s.magic == STAMP_MAGIC ? sink_flow(&s) : NULL;
	if (!flow) {
		sink.foreign++;
		return;
	}
	if (s.kind == STAMP_END) {
		sink.ended += !flow->ended;
		flow->ended = true;
		flow->announced = s.seq;
		sink.ended_ns = sink.ended_ns ? sink.ended_ns : now;
		return;
	}
	if (tally_add(&flow->tally, s.seq) < 0)
		sink.foreign++;
	sink.datagrams++;
	sink.bytes += len;
	histogram_add(&sink.latency, now > s.ns ? now - s.ns : 0);
}

static inline uint64_t flow_last(uint64_t expect, const struct flow *f)
{
	if (expect)
		return expect;
	return f->ended ? f->announced : f->tally.highest;
}

static inline void sink_print_flows(uint64_t expect)
{
	printf("\"per_flow\":[");
	for (unsigned int i = 0; i < sink.flows; i++) {
		const struct flow *f = &sink.flow[i];
		uint64_t last = flow_last(expect, f);

		printf("%s{\"run\":%u,\"flow\":%u,\"ended\":%s,\"sent\":%" PRIu64
		       ",\"received\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"duplicates\":%" PRIu64
		       ",\"reordered\":%" PRIu64 ",\"missing\":",
		       i ? "," : "", f->run, f->number, f->ended ? "true" : "false", last,
		       f->tally.unique, tally_lost(&f->tally, last), f->tally.duplicates,
		       f->tally.reordered);
		tally_print_missing(stdout, &f->tally, last);
		putchar('}');
	}
	putchar(']');
}

static inline void sink_print(uint64_t expect)
{
	uint64_t sent = 0, lost = 0, duplicates = 0, reordered = 0;
	double span = (double)(sink.last_ns - sink.first_ns) / 1e9;

	for (unsigned int i = 0; i < sink.flows; i++) {
		sent += flow_last(expect, &sink.flow[i]);
		lost += tally_lost(&sink.flow[i].tally, flow_last(expect, &sink.flow[i]));
		duplicates += sink.flow[i].tally.duplicates;
		reordered += sink.flow[i].tally.reordered;
	}
	if (!sink.flows)
		lost = sent = expect;
	printf("{\"mode\":\"sink\",\"datagrams\":%" PRIu64 ",\"bytes\":%" PRIu64
	       ",\"flows\":%u,\"ended\":%s,\"sent\":%" PRIu64 ",\"lost\":%" PRIu64
	       ",\"duplicates\":%" PRIu64 ",\"reordered\":%" PRIu64
	       ",\"socket_drops\":%u,\"foreign\":%" PRIu64 ",\"seconds\":%.3f,\"pps\":%.0f,"
	       "\"longest_gap_us\":%.1f,",
	       sink.datagrams, sink.bytes, sink.flows,
	       sink.ended && sink.ended == sink.flows ? "true" : "false", sent, lost, duplicates,
	       reordered, sink.socket_drops, sink.foreign, span,
	       span > 0 ? (double)sink.datagrams / span : 0, (double)sink.gap_ns / 1e3);
	histogram_print(stdout, "latency_us", &sink.latency);
	putchar(',');
	sink_print_flows(expect);
	printf("}\n");
}

#endif
