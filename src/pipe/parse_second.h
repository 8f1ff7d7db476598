/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second packet parser for tests, written differently on purpose: a cursor over bytes that
 * says no at the end and tables of what follows what. It shares only constants with the first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pipe/parse_probe.h"
#include "pipe/pkt.h"

/* A tag the kernel has moved out of the frame (TC): protocol 0 means there is none. */
struct second_tag {
	uint16_t proto, tci;
};

struct second_cursor {
	const uint8_t *frame;
	size_t len, at;
	struct parse_view *v;
};

/* -1 beyond the end. */
static inline int second_byte_at(const struct second_cursor *c, size_t offset)
{
	return offset < c->len ? c->frame[offset] : -1;
}

static inline uint32_t second_number_at(const struct second_cursor *c, size_t offset, int bytes)
{
	uint32_t n = 0;

	for (int i = 0; i < bytes; i++)
		n = n * 256 + (uint32_t)second_byte_at(c, offset + (size_t)i);
	return n;
}

static inline bool second_has(const struct second_cursor *c, size_t bytes)
{
	return c->at + bytes <= c->len;
}

/* Adds a tag to what is known; the first is the outermost. */
static inline void second_tag_note(struct parse_view *v, uint16_t proto, uint16_t tci)
{
	if (v->vlans++ == 0) {
		v->vlan_proto = proto;
		v->vid = tci % 4096;
		v->pcp_dei = (uint8_t)(tci / 4096);
	}
	v->vid_inner = tci % 4096;
}

/* Each layer returns the reason to stop, or -1 to look at v->ethertype again. */
static inline int second_layer_tag(struct second_cursor *c)
{
	if (c->v->vlans == 4)
		return PARSE_TAGS;
	if (!second_has(c, 4))
		return PARSE_TRUNCATED;
	second_tag_note(c->v, c->v->ethertype, (uint16_t)second_number_at(c, c->at, 2));
	c->v->ethertype = (uint16_t)second_number_at(c, c->at + 2, 2);
	c->at += 4;
	return -1;
}

static inline int second_layer_pppoe(struct second_cursor *c)
{
	uint32_t ppp;

	if (!second_has(c, 8))
		return PARSE_TRUNCATED;
	if (second_number_at(c, c->at, 2) != 0x1100)
		return PARSE_PPPOE_HEADER;
	ppp = second_number_at(c, c->at + 6, 2);
	c->at += 8;
	c->v->flags |= PKT_PPPOE;
	if (ppp != 0x21 && ppp != 0x57)
		return PARSE_PPPOE_CONTROL;
	c->v->ethertype = ppp == 0x21 ? 0x0800 : 0x86dd;
	return -1;
}

static inline int second_layer_mpls(struct second_cursor *c)
{
	bool bottom = false;
	int labels = 0, version;

	while (!bottom) {
		if (labels++ == 4)
			return PARSE_MPLS_DEEP;
		if (!second_has(c, 4))
			return PARSE_TRUNCATED;
		bottom = second_byte_at(c, c->at + 2) & 1;
		c->at += 4;
		c->v->flags |= PKT_MPLS;
	}
	version = second_byte_at(c, c->at);
	if (version < 0)
		return PARSE_TRUNCATED;
	if (version / 16 != 4 && version / 16 != 6)
		return PARSE_MPLS_NOT_IP;
	c->v->ethertype = version / 16 == 4 ? 0x0800 : 0x86dd;
	return -1;
}

static inline void second_timestamps(struct second_cursor *c, size_t start, size_t end)
{
	for (size_t o = start; o < end;) {
		int kind = second_byte_at(c, o), length = second_byte_at(c, o + 1);

		if (kind == 1) {
			o++;
			continue;
		}
		if (kind == 8 && length == 10) {
			if (o + 10 > end || o + 10 > c->len)
				return;
			c->v->ts_found = 1;
			c->v->tsval = second_number_at(c, o + 2, 4);
			c->v->tsecr = second_number_at(c, o + 6, 4);
			return;
		}
		if (kind <= 0 || length < 2)
			return;
		o += (size_t)length;
	}
}

static inline void second_tcp(struct second_cursor *c)
{
	size_t header = (size_t)second_byte_at(c, c->at + 12) / 16 * 4;

	if (header < 20 || header > c->v->l4_len)
		return;
	c->v->payload = c->v->l4_len - (uint32_t)header;
	second_timestamps(c, c->at + 20, c->at + header);
}

static inline void second_transport(struct second_cursor *c, int icmp)
{
	struct parse_view *v = c->v;
	size_t need = v->nexthdr == 6 ? 20 : 8;

	v->l4 = (uint32_t)c->at;
	if (v->flags & (PKT_FRAG_LATER | PKT_CUT))
		return;
	if (v->nexthdr != 6 && v->nexthdr != 17 && v->nexthdr != icmp)
		return;
	if (v->l4_len < need)
		return;
	if (!second_has(c, need)) {
		v->flags |= PKT_CUT;
		return;
	}
	v->proto = v->nexthdr;
	if (v->proto == 6 || v->proto == 17)
		memcpy(&v->ports, c->frame + c->at, 4);
	if (v->proto == 6)
		second_tcp(c);
}

static inline void second_addresses(struct second_cursor *c, size_t offset, int words)
{
	for (int i = 0; i < words; i++) {
		uint32_t word;

		memcpy(&word, c->frame + c->at + offset + (size_t)i * 4, 4);
		c->v->addr ^= word;
	}
}

static inline void second_ipv4_fragment(struct second_cursor *c)
{
	uint32_t fragment = second_number_at(c, c->at + 6, 2);

	if (fragment % 8192)
		c->v->flags |= PKT_FRAG_LATER;
	else if (fragment & 0x2000)
		c->v->flags |= PKT_FRAG_FIRST;
	else
		return;
	c->v->frag_id = second_number_at(c, c->at + 4, 2);
}

static inline int second_layer_ipv4(struct second_cursor *c)
{
	struct parse_view *v = c->v;
	uint32_t header, total;

	if (!second_has(c, 20))
		return PARSE_TRUNCATED;
	header = second_number_at(c, c->at, 1) % 16 * 4;
	if (second_byte_at(c, c->at) / 16 != 4 || header < 20)
		return PARSE_IPV4_HEADER;
	total = second_number_at(c, c->at + 2, 2);
	if (total < header)
		return PARSE_IPV4_LENGTH;
	if (!second_has(c, header))
		return PARSE_TRUNCATED;
	v->family = 4;
	v->dsfield = (uint8_t)second_byte_at(c, c->at + 1);
	v->nexthdr = (uint8_t)second_byte_at(c, c->at + 9);
	v->l4_len = total - header;
	second_addresses(c, 12, 2);
	second_ipv4_fragment(c);
	c->at += header;
	second_transport(c, 1);
	return PARSE_OK;
}

/* How long an extension header is: (field + plus) * unit; 0: not an extension header. */
static const struct {
	uint8_t plus, unit;
} second_ext_size[256] = {
	[0] = { 1, 8 }, [43] = { 1, 8 }, [60] = { 1, 8 }, [135] = { 1, 8 }, [51] = { 2, 4 },
};

static inline uint32_t second_ext_length(const struct second_cursor *c, int kind)
{
	if (kind == 44)
		return 8;
	return (second_number_at(c, c->at + 1, 1) + second_ext_size[kind].plus) *
	       second_ext_size[kind].unit;
}

static inline bool second_is_ext(int kind)
{
	return kind == 44 || second_ext_size[kind].unit;
}

static inline void second_note_fragment(struct second_cursor *c)
{
	uint32_t field = second_number_at(c, c->at + 2, 2), id = second_number_at(c, c->at + 4, 4);
	const bool nested = c->v->flags & PKT_FRAG_FIRST;

	if (!nested && (field / 8 || field & 1))
		c->v->frag_id = id;
	if (field / 8)
		c->v->flags |= PKT_FRAG_LATER;
	else if (field & 1)
		c->v->flags |= PKT_FRAG_FIRST;
}

static inline void second_extensions(struct second_cursor *c)
{
	struct parse_view *v = c->v;

	for (int seen = 0; seen < 5 && second_is_ext(v->nexthdr) && v->l4_len >= 8; seen++) {
		bool whole = second_has(c, 8);
		uint32_t length = whole ? second_ext_length(c, v->nexthdr) : 8;

		if (length > v->l4_len)
			return;
		if (!second_has(c, length)) {
			v->flags |= PKT_CUT;
			return;
		}
		if (v->nexthdr == 44)
			second_note_fragment(c);
		v->nexthdr = (uint8_t)second_byte_at(c, c->at);
		c->at += length;
		v->l4_len -= length;
		if (v->flags & PKT_FRAG_LATER)
			return;
	}
}

static inline int second_layer_ipv6(struct second_cursor *c)
{
	struct parse_view *v = c->v;

	if (!second_has(c, 40))
		return PARSE_TRUNCATED;
	if (second_byte_at(c, c->at) / 16 != 6)
		return PARSE_IPV6_HEADER;
	v->family = 6;
	v->dsfield = (uint8_t)(second_number_at(c, c->at, 4) / (1u << 20) % 256);
	v->l4_len = second_number_at(c, c->at + 4, 2);
	v->nexthdr = (uint8_t)second_byte_at(c, c->at + 6);
	second_addresses(c, 8, 8);
	c->at += 40;
	second_extensions(c);
	second_transport(c, 58);
	return PARSE_OK;
}

/* --- ends: those of the packet, and those of what an ICMP error quotes --------------------------- */

static inline void second_ends(const struct second_cursor *c, size_t ip, const uint8_t *ports,
			       struct pkt_ends *ret)
{
	const struct parse_view *v = c->v;
	const size_t size = v->family == 4 ? 4 : 16, at = ip + (v->family == 4 ? 12 : 8);

	memset(ret, 0, sizeof(*ret));
	ret->family = v->family;
	ret->proto = v->nexthdr;
	ret->flags = v->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER);
	ret->frag_id = v->frag_id;
	memcpy(ret->saddr, c->frame + at, size);
	memcpy(ret->daddr, c->frame + at + size, size);
	if (!ports)
		return;
	ret->has_ports = 1;
	memcpy(&ret->sport, ports, 2);
	memcpy(&ret->dport, ports + 2, 2);
}

/* What is an error: the types from first to last. */
static inline bool second_is_error(int proto, int type)
{
	static const struct {
		uint8_t proto, first, last;
	} rows[] = { { 1, 3, 5 }, { 1, 11, 12 }, { 58, 1, 127 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].proto == proto && rows[i].first <= type && type <= rows[i].last)
			return true;
	return false;
}

/* The quoted headers, up to its L4. A cursor whose end is the message's. */
static inline bool second_quoted_ip(struct second_cursor *q)
{
	const size_t need = q->v->family == 4 ? 20 : 40;
	int first = second_byte_at(q, q->at);

	if (!second_has(q, need) || first / 16 != q->v->family)
		return false;
	if (q->v->family == 4) {
		if (first % 16 < 5)
			return false;
		second_ipv4_fragment(q);
		q->v->nexthdr = (uint8_t)second_byte_at(q, q->at + 9);
		q->at += (size_t)first % 16 * 4;
		return true;
	}
	q->v->nexthdr = (uint8_t)second_byte_at(q, q->at + 6);
	q->at += need;
	q->v->l4_len = (uint32_t)(q->len - q->at);
	second_extensions(q);
	return true;
}

static inline void second_quote(const struct second_cursor *c)
{
	struct parse_view *v = c->v, quoted = { .family = v->family };
	const size_t ip = v->l4 + 8, message_end = (size_t)v->l4 + v->l4_len;
	struct second_cursor q = { c->frame, message_end < c->len ? message_end : c->len, ip,
				   &quoted };
	bool ports;

	if (!v->proto || !second_is_error(v->proto, c->frame[v->l4]))
		return;
	v->icmp_error = 1;
	if (!second_quoted_ip(&q))
		return;
	v->has_quote = 1;
	ports = (quoted.nexthdr == 6 || quoted.nexthdr == 17) && !(quoted.flags & PKT_FRAG_LATER) &&
		second_has(&q, 4);
	second_ends(&q, ip, ports ? c->frame + q.at : NULL, &v->quote);
}

static inline void second_copy_ends(const struct second_cursor *c)
{
	struct parse_view *v = c->v;
	bool ports = v->proto == 6 || v->proto == 17;

	v->has_ends = 1;
	second_ends(c, v->l3, ports ? c->frame + v->l4 : NULL, &v->ends);
	second_quote(c);
}

static inline int second_layer_other(struct second_cursor *c)
{
	if (c->v->ethertype <= 1535)
		return PARSE_LLC;
	return c->v->ethertype == 0x0806 ? PARSE_ARP :
	       c->v->ethertype == 0x8863 ? PARSE_PPPOE_DISCOVERY :
					   PARSE_NOT_IP;
}

static inline int (*second_layer_of(uint16_t ethertype))(struct second_cursor *)
{
	static const struct {
		uint16_t type;
		int (*layer)(struct second_cursor *);
	} table[] = {
		{ 0x0800, second_layer_ipv4 },	{ 0x86dd, second_layer_ipv6 },
		{ 0x8100, second_layer_tag },	{ 0x88a8, second_layer_tag },
		{ 0x8864, second_layer_pppoe }, { 0x8847, second_layer_mpls },
		{ 0x8848, second_layer_mpls },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (table[i].type == ethertype)
			return table[i].layer;
	return second_layer_other;
}

static inline void second_parse(const uint8_t *frame, size_t len, struct second_tag held,
				struct parse_view *ret_view)
{
	struct second_cursor c = { .frame = frame, .len = len, .v = ret_view };
	int reason = -1;

	memset(ret_view, 0, sizeof(*ret_view));
	ret_view->l4 = ret_view->payload = PARSE_NONE;
	if (held.proto) {
		second_tag_note(ret_view, held.proto, held.tci);
		ret_view->flags = PKT_HW_TAG;
	}
	if (!second_has(&c, 14)) {
		ret_view->result = PARSE_TRUNCATED;
		return;
	}
	ret_view->ethertype = (uint16_t)second_number_at(&c, 12, 2);
	c.at = 14;
	while (reason < 0) {
		ret_view->l3 = (uint32_t)c.at;
		reason = second_layer_of(ret_view->ethertype)(&c);
		if (reason > 0)
			ret_view->l3 = (uint32_t)c.at;
	}
	ret_view->result = (uint32_t)reason;
	if (reason == PARSE_OK)
		second_copy_ends(&c);
}

static inline const char *second_difference(const struct parse_view *a, const struct parse_view *b)
{
#define DIFFERS(field)            \
	if (a->field != b->field) \
	return #field
	DIFFERS(result);
	DIFFERS(ethertype);
	DIFFERS(vlans);
	DIFFERS(vlan_proto);
	DIFFERS(vid);
	DIFFERS(vid_inner);
	DIFFERS(pcp_dei);
	DIFFERS(family);
	DIFFERS(flags);
	DIFFERS(l3);
	DIFFERS(l4);
	DIFFERS(l4_len);
	DIFFERS(nexthdr);
	DIFFERS(proto);
	DIFFERS(dsfield);
	DIFFERS(addr);
	DIFFERS(ports);
	DIFFERS(payload);
	DIFFERS(ts_found);
	DIFFERS(tsval);
	DIFFERS(tsecr);
	DIFFERS(frag_id);
	DIFFERS(icmp_error);
	DIFFERS(has_ends);
	DIFFERS(has_quote);
#undef DIFFERS
	if (memcmp(&a->ends, &b->ends, sizeof(a->ends)))
		return "ends";
	if (memcmp(&a->quote, &b->quote, sizeof(a->quote)))
		return "quote";
	return NULL;
}
