/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which connection a flow number stands for. Number and seed say everything: a later run with the
 * same seed makes the same connection again.
 */
#ifndef LAB_FLOWS_TUPLE_H
#define LAB_FLOWS_TUPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum family { FAMILY_MIXED, FAMILY_4, FAMILY_6 };
enum proto { PROTO_MIXED, PROTO_TCP, PROTO_UDP };
enum tags { TAGS_MIXED, TAGS_NONE, TAGS_VLAN, TAGS_QINQ, TAGS_PPPOE };

/* The words of the command line, in the order of the enums; the first of each is drawn per flow. */
static const char *const family_names[] = { "mixed", "4", "6", NULL };
static const char *const proto_names[] = { "mixed", "tcp", "udp", NULL };
static const char *const tags_names[] = { "mixed", "none", "vlan", "qinq", "pppoe", NULL };

struct mix {
	uint64_t seed;
	enum family family;
	enum proto proto;
	enum tags tags;
};

enum direction { FORWARD, BACKWARD };

/* Networks: 10.1.0.0/16 and fd77:1::/64 and so on. */
enum net { NET_CLIENTS = 1, NET_SERVERS, NET_ROUTERS };

struct place {
	enum net net;
	uint16_t host;
};

struct tuple {
	uint32_t flow;
	bool v6;
	bool tcp;
	enum tags tags;
	uint16_t vid;
	uint16_t session;
	struct place place[2]; /* who sends what goes FORWARD and BACKWARD */
	uint16_t port[2];
};

/* What one flow draws independently of each other. */
enum draw { DRAW_FAMILY, DRAW_PROTO, DRAW_TAGS, DRAW_PORT, DRAW_SEQ, DRAW_ICMP, DRAW_PACKET };

/* Odd numbers with no pattern in their bits: the golden ratio's and pi's. */
#define ODD_GOLDEN 0x9e3779b97f4a7c15ull
#define ODD_PI 0x243f6a8885a308d3ull

static inline uint64_t mix64(uint64_t x)
{
	x = (x ^ x >> 32) * ODD_GOLDEN;
	x = (x ^ x >> 29) * ODD_PI;
	return x ^ x >> 32;
}

static inline uint64_t mix_draw(const struct mix *m, uint32_t flow, uint32_t what)
{
	return mix64(mix64(m->seed * ODD_GOLDEN + flow) + (what + 1) * ODD_PI);
}

/* One to one, so that no two flows are the same connection. */
static inline uint32_t flow_scatter(const struct mix *m, uint32_t flow)
{
	uint32_t x = flow + (uint32_t)mix64(m->seed);

	x = (x ^ x >> 16) * (uint32_t)ODD_GOLDEN;
	x = (x ^ x >> 15) * (uint32_t)ODD_PI;
	return x ^ x >> 16;
}

static inline struct tuple tuple_make(const struct mix *m, uint32_t flow)
{
	static const uint16_t services[] = { 443, 443, 80, 853, 5201, 8080, 1194, 3478 };
	uint32_t x = flow_scatter(m, flow);
	struct tuple t = { .flow = flow, .tags = m->tags };

	t.v6 = m->family ? m->family == FAMILY_6 : mix_draw(m, flow, DRAW_FAMILY) & 1;
	t.tcp = m->proto ? m->proto == PROTO_TCP : mix_draw(m, flow, DRAW_PROTO) & 1;
	if (!t.tags)
		t.tags = TAGS_NONE + (unsigned int)(mix_draw(m, flow, DRAW_TAGS) % 4);
	t.place[FORWARD] = (struct place){ NET_CLIENTS, (uint16_t)(1 + (x & 0xff)) };
	t.place[BACKWARD] = (struct place){ NET_SERVERS, (uint16_t)(1 + (x >> 8 & 0x3ff)) };
	t.port[FORWARD] = (uint16_t)(32768 + (x >> 18));
	t.port[BACKWARD] = services[mix_draw(m, flow, DRAW_PORT) % 8];
	t.vid = (uint16_t)(100 + x % 8);
	t.session = (uint16_t)(1 + (x & 0xff));
	return t;
}

static inline size_t address_put(uint8_t *at, bool v6, struct place place)
{
	if (!v6) {
		memcpy(at,
		       (uint8_t[4]){ 10, (uint8_t)place.net, (uint8_t)(place.host >> 8),
				     (uint8_t)place.host },
		       4);
		return 4;
	}
	memset(at, 0, 16);
	memcpy(at, (uint8_t[4]){ 0xfd, 0x77, 0, (uint8_t)place.net }, 4);
	at[14] = (uint8_t)(place.host >> 8);
	at[15] = (uint8_t)place.host;
	return 16;
}

#endif
