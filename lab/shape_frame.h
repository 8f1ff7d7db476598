/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frames of `shape`: UDP to or from a subscriber, whose number says its addresses, in every
 * dress that a provider's edge sees. The last bytes of each are its mark.
 */
#ifndef LAB_SHAPE_FRAME_H
#define LAB_SHAPE_FRAME_H

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "bytes.h"

#define MARK_MAGIC 0x77736870u
#define FRAME_BYTES 9216
#define SIZE_LEAST 128 /* the mark fits whatever is in front of it */
#define SUBSCRIBER_MOST 65000
#define SINK_PORT 20000
#define SOURCE_PORT 30000
#define FRAME_TTL 64

enum direction { DOWN, UP, DIRECTIONS };
static const char *const direction_names[] = { "down", "up", "both", NULL };

enum dress { NAKED, VLAN, QINQ, PPPOE, OPTIONS, FRAGMENTS, DRESSES };
static const char *const dress_names[] = { "none",    "vlan",	   "qinq",  "pppoe",
					   "options", "fragments", "mixed", NULL };

/* Sender and receiver are one process: host byte order. */
struct mark {
	uint32_t magic;
	uint32_t run;
	uint32_t stream;
	uint32_t seq;
	uint32_t flow; /* of the stream: whose frames must keep their order */
};

struct look {
	uint32_t subscriber;
	enum direction direction;
	enum dress dress;
	bool v6;
	uint16_t vid;
	uint16_t source_port;
	uint16_t size; /* of the whole frame, without the sum at its end */
	uint8_t to[ETH_ALEN], from[ETH_ALEN];
	/* Of a datagram in two fragments: which of them, and both have one id. */
	unsigned int part;
	uint32_t id;
};

/* 100.64.N and 100.127.0.1; 2001:db8:64:N::1 and 2001:db8:7f::1: as in lab/subscribers.sh. */
static inline uint8_t *subscriber_put(uint8_t *at, bool v6, uint32_t number)
{
	if (!v6)
		return put32(at, 100u << 24 | 64u << 16 | number);
	at = put32(put32(at, 0x20010db8), 0x00640000u | number);
	return put32(put32(at, 0), 1);
}

static inline uint8_t *internet_put(uint8_t *at, bool v6)
{
	if (!v6)
		return put32(at, 0x647f0001);
	at = put32(put32(at, 0x20010db8), 0x007f0000);
	return put32(put32(at, 0), 1);
}

static inline uint8_t *ends_put(uint8_t *at, const struct look *l)
{
	if (l->direction == UP)
		return internet_put(subscriber_put(at, l->v6, l->subscriber), l->v6);
	return subscriber_put(internet_put(at, l->v6), l->v6, l->subscriber);
}

static inline size_t look_options(const struct look *l)
{
	return l->dress == OPTIONS ? 8 : 0;
}

static inline size_t look_ip(const struct look *l)
{
	return (l->v6 ? 40 + (l->dress == FRAGMENTS ? 8 : 0) : 20) + look_options(l);
}

/* ---- Ethernet, tags, PPPoE ---- */

static inline uint8_t *ethernet_put(uint8_t *at, const struct look *l, size_t ip_len)
{
	at = put_bytes(put_bytes(at, l->to, ETH_ALEN), l->from, ETH_ALEN);
	if (l->dress == QINQ)
		at = put16(put16(at, ETH_P_8021AD), 1000u + l->vid);
	if (l->dress == QINQ || l->dress == VLAN)
		at = put16(put16(at, ETH_P_8021Q), l->vid);
	if (l->dress != PPPOE)
		return put16(at, l->v6 ? ETH_P_IPV6 : ETH_P_IP);
	at = put16(put16(at, ETH_P_PPP_SES), 0x1100);
	at = put16(put16(at, l->subscriber), 2 + (unsigned int)ip_len);
	return put16(at, l->v6 ? 0x57 : 0x21);
}

static inline size_t look_l2(const struct look *l)
{
	static const size_t more[DRESSES] = { [VLAN] = 4, [QINQ] = 8, [PPPOE] = 8 };

	return ETH_HLEN + more[l->dress];
}

/* ---- IP ---- */

/* The first of two fragments has `len` bytes, a multiple of 8; the second begins there. */
static inline unsigned int fragment_field(const struct look *l, size_t len, unsigned int more)
{
	return l->part ? (unsigned int)len : more;
}

static inline uint8_t *ip4_put(uint8_t *at, const struct look *l, size_t len)
{
	static const uint8_t nops[8] = { 1, 1, 1, 1, 1, 1, 1, 0 };
	unsigned int words = 5 + (unsigned int)look_options(l) / 4;
	uint8_t *head = at, *end;

	at = put16(put16(at, (0x40 + words) << 8), words * 4 + (unsigned int)len);
	if (l->dress == FRAGMENTS)
		at = put16(put16(at, l->id), l->part ? (unsigned int)len / 8 : 0x2000);
	else
		at = put16(put16(at, 0), 0x4000);
	at = put16(put8(put8(at, FRAME_TTL), IPPROTO_UDP), 0);
	end = put_bytes(ends_put(at, l), nops, look_options(l));
	put16(head + 10, sum_fold(sum_add(0, head, words * 4)));
	return end;
}

static inline uint8_t next_header(const struct look *l)
{
	if (l->dress == OPTIONS)
		return IPPROTO_DSTOPTS;
	return l->dress == FRAGMENTS ? IPPROTO_FRAGMENT : IPPROTO_UDP;
}

static inline uint8_t *ip6_put(uint8_t *at, const struct look *l, size_t len)
{
	static const uint8_t padding[8] = { IPPROTO_UDP, 0, 1, 4 };

	at = put16(put32(at, 0x60000000), (unsigned int)(look_ip(l) - 40 + len));
	at = ends_put(put8(put8(at, next_header(l)), FRAME_TTL), l);
	at = put_bytes(at, padding, look_options(l));
	if (l->dress != FRAGMENTS)
		return at;
	at = put16(put8(put8(at, IPPROTO_UDP), 0), fragment_field(l, len, 1));
	return put32(at, l->id);
}

/* ---- UDP ---- */

static inline uint16_t udp_sum(const uint8_t *udp, size_t len, const struct look *l)
{
	uint8_t ends[32];
	size_t n = (size_t)(ends_put(ends, l) - ends);
	uint32_t sum = sum_add(IPPROTO_UDP + (uint32_t)len, ends, n);
	uint16_t folded = sum_fold(sum_add(sum, udp, len));

	return folded ? folded : 0xffff;
}

/* Nobody reads what is in the fragments, so they go without a sum. */
static inline void udp_put(uint8_t *at, const struct look *l, size_t len)
{
	bool fragment = l->dress == FRAGMENTS;

	put16(put16(at, l->source_port), SINK_PORT);
	put16(put16(at + 4, (unsigned int)(fragment ? 2 * len : len)), 0);
	if (!fragment)
		put16(at + 6, udp_sum(at, len, l));
}

/* Answers its length: fragments are cut to a multiple of 8 bytes. */
static inline size_t frame_put(uint8_t *frame, const struct look *l, const struct mark *m)
{
	size_t ip = look_ip(l), len = l->size - look_l2(l) - ip;
	uint8_t *at;

	if (l->dress == FRAGMENTS)
		len &= ~(size_t)7;
	at = ethernet_put(frame, l, ip + len);
	at = l->v6 ? ip6_put(at, l, len) : ip4_put(at, l, len);
	memset(at, 0, len);
	memcpy(at + len - sizeof(*m), m, sizeof(*m));
	if (!l->part)
		udp_put(at, l, len);
	return (size_t)(at - frame) + len;
}

#endif
