/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Builds test frames from a description, and says what a parser must find in them: a third
 * opinion that comes from the description and not from the bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "pipe/parse_probe.h"
#include "pipe/pkt.h"

#define BUILD_MAX 9216
#define BUILD_TSVAL 0x01020304u
#define BUILD_TSECR 0xa0b0c0d0u
#define BUILD_ID4 0x8a9bu
#define BUILD_ID6 0x8a9bacbdu
#define BUILD_SADDR4 0x0a000001u
#define BUILD_DADDR4 0xc0a80102u
#define BUILD_ADDR6 0x20010db8u /* word i of both addresses: this * (i + 1) */
#define BUILD_PORTS 0x1f90c350u

enum build_frag { FRAG_NONE, FRAG_FIRST, FRAG_LATER, FRAG_ATOMIC };
enum build_opt {
	OPT_NONE,
	OPT_USUAL,
	OPT_SYN,
	OPT_SACK_FIRST,
	OPT_NOPS,
	OPT_AFTER_EOL,
	OPT_BAD_LEN
};

struct build {
	int tags, labels;
	uint16_t tci[5];  /* outermost first */
	bool service_tag; /* outermost is 802.1ad */
	bool pppoe;
	int family;
	int ihl; /* 32-bit words; 0: 5 */
	int exts;
	uint8_t ext[6]; /* IPv6 header numbers, without fragment */
	int behind;	/* how many of them are behind the fragment header: the last */
	enum build_frag frag;
	uint8_t proto;
	enum build_opt opt;
	int payload, padding;
	uint8_t ds;
};

static inline uint8_t *put(uint8_t *p, uint64_t value, int bytes)
{
	while (bytes--)
		*p++ = (uint8_t)(value >> 8 * bytes);
	return p;
}

static inline uint8_t *build_l2(uint8_t *p, const struct build *b, struct parse_view *v)
{
	uint16_t type = b->family == 4 ? 0x0800 : 0x86dd;

	p = put(put(p, 0x020000000001, 6), 0x020000000002, 6);
	for (int i = 0; i < b->tags; i++)
		p = put(put(p, b->service_tag && !i ? 0x88a8 : 0x8100, 2), b->tci[i], 2);
	if (b->pppoe)
		p = put(put(put(p, 0x8864, 2), 0x1100004d0000, 6), type == 0x800 ? 0x21 : 0x57, 2);
	else
		p = put(p, b->labels ? 0x8847 : type, 2);
	for (int i = 0; i < b->labels; i++)
		p = put(p, (16u + (uint32_t)i) << 12 | (i == b->labels - 1) << 8 | 64, 4);
	v->ethertype = type;
	v->vlans = (uint8_t)b->tags;
	if (b->tags) {
		v->vlan_proto = b->service_tag ? 0x88a8 : 0x8100;
		v->vid = b->tci[0] & 0xfff;
		v->pcp_dei = (uint8_t)(b->tci[0] >> 12);
		v->vid_inner = b->tci[b->tags - 1] & 0xfff;
	}
	v->flags = (b->pppoe ? PKT_PPPOE : 0) | (b->labels ? PKT_MPLS : 0);
	return p;
}

static inline uint8_t *build_options(uint8_t *p, enum build_opt opt, struct parse_view *v)
{
	uint64_t stamps = (uint64_t)BUILD_TSVAL << 32 | BUILD_TSECR;

	v->ts_found = opt != OPT_NONE && opt < OPT_AFTER_EOL;
	switch (opt) {
	case OPT_NONE:
		return p;
	case OPT_USUAL:
		return put(put(p, 0x0101080a, 4), stamps, 8);
	case OPT_SYN: /* MSS, SACK permitted, timestamps, NOP, window scale */
		p = put(put(put(p, 0x020405b4, 4), 0x0402080a, 4), stamps, 8);
		return put(p, 0x01030307, 4);
	case OPT_SACK_FIRST:
		p = put(put(put(p, 0x0101050a, 4), 1, 4), 2, 4);
		return put(put(p, 0x0101080a, 4), stamps, 8);
	case OPT_NOPS: /* as many as fit */
		memset(p, 1, 30);
		return put(put(p + 30, 0x080a, 2), stamps, 8);
	case OPT_AFTER_EOL:
		return put(put(put(p, 0x0101, 2), 0x0000080a, 4), stamps, 8) + 2;
	case OPT_BAD_LEN:
		return put(put(put(p, 0x0101, 2), 0x0500080a, 4), stamps, 8) + 2;
	}
	return p;
}

static inline uint8_t *build_tcp(uint8_t *p, const struct build *b, struct parse_view *v)
{
	uint8_t *start = p;

	p = put(put(put(p, BUILD_PORTS, 4), 1, 4), 2, 4);
	p = put(p, 0x0010ffff00000000, 8);
	p = build_options(p, b->opt, v);
	start[12] = (uint8_t)((p - start) / 4 << 4);
	v->payload = (uint32_t)b->payload;
	return p;
}

static inline uint8_t *build_l4(uint8_t *p, const struct build *b, struct parse_view *v)
{
	uint8_t *start = p;

	switch (b->proto) {
	case 6:
		p = build_tcp(p, b, v);
		break;
	case 17:
		p = put(put(put(p, BUILD_PORTS, 4), 8u + (uint32_t)b->payload, 2), 0, 2);
		break;
	case 1:
	case 58:
		p = put(put(p, b->proto == 1 ? 8 : 128, 1), 0x00000012340001, 7); /* echo request */
		break;
	default: /* something without an L4 header that is known */
		p = put(p, 0xdeadbeefcafe0000, 8);
	}
	if (b->proto == 6 || b->proto == 17)
		memcpy(&v->ports, start, 4);
	if (b->proto == 6 || b->proto == 17 || b->proto == (b->family == 4 ? 1 : 58))
		v->proto = b->proto;
	memset(p, 0xaa, (size_t)b->payload);
	return p + b->payload;
}

/* Returns the end of the IPv4 header; the total length comes later. */
static inline uint8_t *build_ipv4(uint8_t *p, const struct build *b, struct parse_view *v)
{
	int ihl = b->ihl ? b->ihl : 5;
	uint16_t frag = b->frag == FRAG_FIRST ? 0x2000 : b->frag == FRAG_LATER ? 0x20b9 : 0x4000;
	uint8_t *start = p;

	p = put(put(put(p, 0x40u | (uint32_t)ihl, 1), b->ds, 1), 0, 2);
	p = put(put(put(put(put(p, BUILD_ID4, 2), frag, 2), 64, 1), b->proto, 1), 0, 2);
	p = put(put(p, BUILD_SADDR4, 4), BUILD_DADDR4, 4);
	memset(p, 1, (size_t)(ihl - 5) * 4);
	put((uint8_t *)&v->addr, BUILD_SADDR4 ^ BUILD_DADDR4, 4);
	v->nexthdr = b->proto;
	return start + ihl * 4;
}

static inline uint8_t *build_ext(uint8_t *p, uint8_t kind, uint8_t next)
{
	int len = kind == 51 ? 24 : kind == 43 ? 24 : 8;

	memset(p, 0, (size_t)len);
	p[0] = next;
	p[1] = (uint8_t)(kind == 51 ? len / 4 - 2 : len / 8 - 1);
	return p + len;
}

static inline uint8_t *build_exts(uint8_t *p, const struct build *b, int from, int to, uint8_t last)
{
	for (int i = from; i < to; i++)
		p = build_ext(p, b->ext[i], i + 1 < to ? b->ext[i + 1] : last);
	return p;
}

/* Behind the fragment header of a later fragment comes the middle of something. */
static inline uint8_t *build_fragment(uint8_t *p, const struct build *b, int exts,
				      struct parse_view *v)
{
	const uint64_t field = b->frag == FRAG_FIRST ? 1 : b->frag == FRAG_LATER ? 0x5c9 : 0;
	const uint8_t next = exts < b->exts ? b->ext[exts] : b->proto;

	p = put(put(put(put(p, next, 1), 0, 1), field, 2), BUILD_ID6, 4);
	if (b->frag != FRAG_LATER)
		return build_exts(p, b, exts, b->exts, b->proto);
	v->nexthdr = next;
	return p;
}

static inline uint8_t *build_ipv6(uint8_t *p, const struct build *b, struct parse_view *v)
{
	const int exts = b->frag ? b->exts - b->behind : b->exts; /* before the fragment header */
	uint8_t first = b->frag ? 44 : b->proto, *start = p;

	p = put(p, 6u << 28 | (uint32_t)b->ds << 20 | 0xfedcb, 4);
	p = put(put(put(p, 0, 2), exts ? b->ext[0] : first, 1), 64, 1);
	for (int i = 0; i < 8; i++)
		p = put(p, BUILD_ADDR6 * (uint32_t)(i + 1), 4);
	for (int i = 0; i < 8; i++) {
		uint32_t word;

		memcpy(&word, start + 8 + i * 4, 4);
		v->addr ^= word;
	}
	p = build_exts(p, b, 0, exts, first);
	v->nexthdr = b->proto;
	return b->frag ? build_fragment(p, b, exts, v) : p;
}

static inline void build_ends(const struct build *b, struct parse_view *v)
{
	struct pkt_ends *ends = &v->ends;
	const bool real = b->frag == FRAG_FIRST || b->frag == FRAG_LATER;

	v->frag_id = !real ? 0 : b->family == 4 ? BUILD_ID4 : BUILD_ID6;
	v->has_ends = 1;
	ends->frag_id = v->frag_id;
	ends->family = (uint8_t)b->family;
	ends->proto = v->nexthdr;
	ends->flags = v->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER);
	if (b->family == 4) {
		put((uint8_t *)ends->saddr, BUILD_SADDR4, 4);
		put((uint8_t *)ends->daddr, BUILD_DADDR4, 4);
	}
	for (int i = 0; b->family == 6 && i < 4; i++) {
		put((uint8_t *)(ends->saddr + i), BUILD_ADDR6 * (uint32_t)(i + 1), 4);
		put((uint8_t *)(ends->daddr + i), BUILD_ADDR6 * (uint32_t)(i + 5), 4);
	}
	if (b->frag == FRAG_LATER || (b->proto != 6 && b->proto != 17))
		return;
	ends->has_ports = 1;
	put((uint8_t *)&ends->sport, BUILD_PORTS >> 16, 2);
	put((uint8_t *)&ends->dport, BUILD_PORTS, 2);
}

/* A later fragment has no L4 header, whatever its bytes look like. */
static inline void build_expect_later(struct parse_view *v)
{
	v->proto = 0;
	v->ports = v->ts_found = 0;
	v->payload = PARSE_NONE;
	v->flags |= PKT_FRAG_LATER;
}

static inline size_t build_frame(uint8_t *frame, const struct build *b, struct parse_view *ret_view)
{
	struct parse_view v = { .payload = PARSE_NONE };
	uint8_t *l3 = build_l2(frame, b, &v), *l4, *end;

	l4 = b->family == 4 ? build_ipv4(l3, b, &v) : build_ipv6(l3, b, &v);
	end = build_l4(l4, b, &v);
	if (b->family == 4)
		put(l3 + 2, (uint64_t)(end - l3), 2);
	else
		put(l3 + 4, (uint64_t)(end - l3 - 40), 2);
	memset(end, 0x55, (size_t)b->padding);
	v.family = (uint8_t)b->family;
	v.dsfield = b->ds;
	v.l3 = (uint32_t)(l3 - frame);
	v.l4 = (uint32_t)(l4 - frame);
	v.l4_len = (uint32_t)(end - l4);
	if (v.ts_found) {
		v.tsval = BUILD_TSVAL;
		v.tsecr = BUILD_TSECR;
	}
	if (b->frag == FRAG_LATER)
		build_expect_later(&v);
	else if (b->frag == FRAG_FIRST)
		v.flags |= PKT_FRAG_FIRST;
	if (!v.ts_found)
		v.tsval = v.tsecr = 0;
	build_ends(b, &v);
	*ret_view = v;
	return (size_t)(end - frame) + (size_t)b->padding;
}

static inline bool build_is_error(int family, int type)
{
	return family == 4 ? type < 32 && 0x1838 >> type & 1 : type && type < 128;
}

/* An ICMP message of that type, as `outer` says, about the packet `inner`, of which the first
 * `keep` bytes are quoted. What is found in a quote that ends in front of L4 is not described. */
static inline size_t build_error(uint8_t *frame, struct build outer, int type,
				 const struct build *inner, size_t keep, struct parse_view *ret_view)
{
	static uint8_t quoted[BUILD_MAX];
	struct parse_view in, v;
	size_t len = build_frame(quoted, inner, &in);

	len -= in.l3 + (size_t)inner->padding;
	keep = keep < len ? keep : len;
	outer.proto = outer.family == 4 ? 1 : 58;
	outer.payload = (int)keep;
	len = build_frame(frame, &outer, &v);
	frame[v.l4] = (uint8_t)type;
	memcpy(frame + v.l4 + 8, quoted + in.l3, keep);
	v.icmp_error = outer.frag != FRAG_LATER && build_is_error(outer.family, type);
	v.has_quote = v.icmp_error && inner->family == outer.family && keep >= in.l4 - in.l3;
	if (keep < in.l4 - in.l3 + 4)
		in.ends.has_ports = in.ends.sport = in.ends.dport = 0;
	if (v.has_quote)
		v.quote = in.ends;
	*ret_view = v;
	return len;
}
