/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes of a frame of `flows`: Ethernet, tags or PPPoE, IP, and TCP, UDP or ICMP with right sums.
 * The last bytes of every frame are its mark, so that it is known again whatever was done to its head.
 */
#ifndef LAB_FLOWS_FRAME_H
#define LAB_FLOWS_FRAME_H

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "bytes.h"
#include "flows_tuple.h"

#define MARK_MAGIC 0x7766666cu
#define FRAME_BYTES 512
#define FRAGMENTS 3
#define FRAGMENT_BYTES 48
#define DATAGRAM_BYTES (FRAGMENTS * FRAGMENT_BYTES)
#define FILLER_MAX 64
#define FRAME_TTL 64

enum kind { KIND_DATA, KIND_FRAGMENT, KIND_ICMP, KIND_OTHER, KINDS };
static const char *const kind_names[KINDS] = { "data", "fragment", "icmp", "other" };

/* Sender and receiver are one process: host byte order. */
struct mark {
	uint32_t magic;
	uint32_t run;
	uint32_t serial;
	uint32_t flow;
	uint8_t direction;
	uint8_t kind;
	uint8_t part;
	uint8_t zero;
};

struct frame {
	uint8_t bytes[FRAME_BYTES];
	size_t len;
	size_t l3; /* where the network header begins */
};

/* `filler` bytes that differ from one another, then the mark. */
static inline uint8_t *put_payload(uint8_t *at, size_t filler, const struct mark *m)
{
	for (size_t i = 0; i < filler; i++)
		at[i] = (uint8_t)(m->serial + i * 7);
	return put_bytes(at + filler, m, sizeof(*m));
}

/* ---- sums ---- */

struct ends {
	bool v6;
	struct place src;
	struct place dst;
};

static inline struct ends ends_of(const struct tuple *t, enum direction d)
{
	return (struct ends){ t->v6, t->place[d], t->place[!d] };
}

static inline uint32_t sum_pseudo(const struct ends *e, uint8_t proto, size_t len)
{
	uint8_t a[16];
	uint32_t sum = proto + (uint32_t)len;

	sum = sum_add(sum, a, address_put(a, e->v6, e->src));
	return sum_add(sum, a, address_put(a, e->v6, e->dst));
}

/* A UDP sum of zero would mean that there is none. */
static inline void sum_l4_put(uint8_t *l4, size_t len, size_t at, const struct ends *e, uint8_t proto)
{
	uint32_t begin = proto == IPPROTO_ICMP ? 0 : sum_pseudo(e, proto, len);
	uint16_t sum = sum_fold(sum_add(begin, l4, len));

	put16(l4 + at, proto == IPPROTO_UDP && !sum ? 0xffff : sum);
}

/* ---- Ethernet ---- */

/* Each side has an address of its own, and nobody the one that is sent to: a bridge that learns floods. */
static inline uint8_t *macs_put(uint8_t *at, unsigned int side)
{
	at = put_bytes(at, (uint8_t[]){ 0x02, 0x77, 0, 0, 0, 0xfe }, ETH_ALEN);
	return put_bytes(at, (uint8_t[]){ 0x02, 0x77, 0, 0, 0, (uint8_t)(1 + side) }, ETH_ALEN);
}

static inline uint8_t *pppoe_put(uint8_t *at, const struct tuple *t, size_t l3_len)
{
	at = put16(put16(at, ETH_P_PPP_SES), 0x1100);
	at = put16(put16(at, t->session), 2 + (unsigned int)l3_len);
	return put16(at, t->v6 ? 0x57 : 0x21);
}

/* Begins a frame for `l3_len` bytes and answers where they go. */
static inline uint8_t *frame_begin(struct frame *f, const struct tuple *t, unsigned int side,
				   size_t l3_len)
{
	uint8_t *at = macs_put(f->bytes, side);

	if (t->tags == TAGS_QINQ)
		at = put16(put16(at, ETH_P_8021AD), 1000u + t->vid);
	if (t->tags == TAGS_QINQ || t->tags == TAGS_VLAN)
		at = put16(put16(at, ETH_P_8021Q), t->vid);
	if (t->tags == TAGS_PPPOE)
		at = pppoe_put(at, t, l3_len);
	else
		at = put16(at, t->v6 ? ETH_P_IPV6 : ETH_P_IP);
	f->l3 = (size_t)(at - f->bytes);
	f->len = f->l3 + l3_len;
	return at;
}

/* ---- IP ---- */

struct fragment {
	uint32_t id;
	unsigned int part;
};

static inline unsigned int fragment_field(const struct fragment *g, unsigned int more)
{
	return g->part + 1 < FRAGMENTS ? more : 0;
}

static inline uint8_t *ip4_put(uint8_t *at, const struct ends *e, uint8_t proto, size_t len,
			       const struct fragment *g)
{
	uint8_t *head = at, *end;

	at = put16(put16(at, 0x4500), 20 + (unsigned int)len);
	if (g)
		at = put16(put16(at, g->id),
			   fragment_field(g, 0x2000) | g->part * FRAGMENT_BYTES / 8);
	else
		at = put16(put16(at, 0), 0x4000);
	at = put16(put8(put8(at, FRAME_TTL), proto), 0);
	at += address_put(at, false, e->src);
	end = at + address_put(at, false, e->dst);
	put16(head + 10, sum_fold(sum_add(0, head, 20)));
	return end;
}

static inline uint8_t *ip6_put(uint8_t *at, const struct ends *e, uint8_t proto, size_t len,
			       const struct fragment *g)
{
	at = put16(put32(at, 0x60000000), (g ? 8 : 0) + (unsigned int)len);
	at = put8(put8(at, g ? IPPROTO_FRAGMENT : proto), FRAME_TTL);
	at += address_put(at, true, e->src);
	at += address_put(at, true, e->dst);
	if (!g)
		return at;
	at = put16(put8(put8(at, proto), 0), g->part * FRAGMENT_BYTES | fragment_field(g, 1));
	return put32(at, g->id);
}

static inline size_t ip_len(bool v6, bool fragment)
{
	return v6 ? 40 + (fragment ? 8 : 0) : 20;
}

static inline uint8_t *ip_put(uint8_t *at, const struct ends *e, uint8_t proto, size_t len,
			      const struct fragment *g)
{
	return e->v6 ? ip6_put(at, e, proto, len, g) : ip4_put(at, e, proto, len, g);
}

/* ---- TCP and UDP ---- */

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_ACK 0x10

struct segment {
	const struct tuple *tuple;
	enum direction direction;
	uint8_t flags;
	uint32_t seq;
	uint32_t ack;
	size_t filler;
};

static inline size_t segment_len(const struct segment *s)
{
	return (s->tuple->tcp ? 20 : 8) + s->filler + sizeof(struct mark);
}

static inline uint8_t *ports_put(uint8_t *at, const struct segment *s)
{
	return put16(put16(at, s->tuple->port[s->direction]), s->tuple->port[!s->direction]);
}

static inline void tcp_put(uint8_t *at, const struct segment *s, const struct mark *m)
{
	struct ends e = ends_of(s->tuple, s->direction);
	uint8_t *head = at;

	at = put32(put32(ports_put(at, s), s->seq), s->ack);
	at = put16(put8(put8(at, 0x50), s->flags), 64240);
	at = put32(at, 0);
	put_payload(at, s->filler, m);
	sum_l4_put(head, segment_len(s), 16, &e, IPPROTO_TCP);
}

static inline void udp_put(uint8_t *at, const struct segment *s, const struct mark *m)
{
	struct ends e = ends_of(s->tuple, s->direction);
	uint8_t *head = at;

	at = put16(put16(ports_put(at, s), (unsigned int)segment_len(s)), 0);
	put_payload(at, s->filler, m);
	sum_l4_put(head, segment_len(s), 6, &e, IPPROTO_UDP);
}

static inline size_t packet_len(const struct segment *s)
{
	return ip_len(s->tuple->v6, false) + segment_len(s);
}

static inline void packet_put(uint8_t *at, const struct segment *s, const struct mark *m)
{
	struct ends e = ends_of(s->tuple, s->direction);

	at = ip_put(at, &e, s->tuple->tcp ? IPPROTO_TCP : IPPROTO_UDP, segment_len(s), NULL);
	if (s->tuple->tcp)
		tcp_put(at, s, m);
	else
		udp_put(at, s, m);
}

static inline void frame_packet(struct frame *f, unsigned int side, const struct segment *s,
				const struct mark *m)
{
	packet_put(frame_begin(f, s->tuple, side, packet_len(s)), s, m);
}

/* ---- fragments ---- */

/* A whole UDP datagram; each of its fragments ends with a mark. */
static inline void datagram_put(uint8_t *at, const struct tuple *t, enum direction d,
				const struct mark *marks)
{
	struct segment s = { .tuple = t,
			     .direction = d,
			     .filler = DATAGRAM_BYTES - 8 - sizeof(struct mark) };
	struct ends e = ends_of(t, d);

	udp_put(at, &s, &marks[FRAGMENTS - 1]);
	for (unsigned int part = 0; part + 1 < FRAGMENTS; part++)
		put_bytes(at + (part + 1) * FRAGMENT_BYTES - sizeof(struct mark), &marks[part],
			  sizeof(struct mark));
	put16(at + 6, 0);
	sum_l4_put(at, DATAGRAM_BYTES, 6, &e, IPPROTO_UDP);
}

static inline void frame_fragment(struct frame *f, unsigned int side, const struct tuple *t,
				  enum direction d, const struct fragment *g, const uint8_t *datagram)
{
	struct ends e = ends_of(t, d);
	uint8_t *at = frame_begin(f, t, side, ip_len(t->v6, true) + FRAGMENT_BYTES);

	at = ip_put(at, &e, IPPROTO_UDP, FRAGMENT_BYTES, g);
	put_bytes(at, datagram + (size_t)g->part * FRAGMENT_BYTES, FRAGMENT_BYTES);
}

/* ---- ICMP errors ---- */

/* Port unreachable, packet too big, time exceeded: type and code of ICMP and of ICMPv6. */
static const struct {
	uint8_t type[2];
	uint8_t code[2];
	uint32_t rest;
} icmp_errors[] = {
	{ { 3, 1 }, { 3, 4 }, 0 },
	{ { 3, 2 }, { 4, 0 }, 1400 },
	{ { 11, 3 }, { 0, 0 }, 0 },
};
#define ICMP_ERRORS (sizeof(icmp_errors) / sizeof(*icmp_errors))

/* What a router says about the quoted packet to its sender; the mark ends the quote's payload. */
static inline void frame_icmp(struct frame *f, unsigned int side, const struct segment *quoted,
			      uint64_t draw, const struct mark *m)
{
	bool v6 = quoted->tuple->v6;
	uint8_t proto = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	unsigned int error = (unsigned int)(draw % ICMP_ERRORS);
	struct ends e = { v6,
			  { NET_ROUTERS, (uint16_t)(1 + draw / ICMP_ERRORS % 16) },
			  quoted->tuple->place[quoted->direction] };
	size_t len = 8 + packet_len(quoted);
	uint8_t *at = frame_begin(f, quoted->tuple, side, ip_len(v6, false) + len), *head;

	head = at = ip_put(at, &e, proto, len, NULL);
	at = put8(put8(at, icmp_errors[error].type[v6]), icmp_errors[error].code[v6]);
	at = put32(put16(at, 0), icmp_errors[error].rest);
	packet_put(at, quoted, m);
	sum_l4_put(head, len, 2, &e, proto);
}

/* ---- what is no IP ---- */

static inline uint8_t *arp_put(uint8_t *at)
{
	at = put32(put16(put16(at, 1), ETH_P_IP), 0x06040001);
	at = put_bytes(at, (uint8_t[]){ 0x02, 0x77, 0, 0, 0, 1 }, ETH_ALEN);
	at += address_put(at, false, (struct place){ NET_CLIENTS, 1 });
	memset(at, 0, ETH_ALEN);
	at += ETH_ALEN;
	return at + address_put(at, false, (struct place){ NET_SERVERS, 1 });
}

/* Chassis, port, time to live, end. */
static inline uint8_t *lldp_put(uint8_t *at)
{
	at = put8(put16(at, 1 << 9 | 7), 4);
	at = put_bytes(at, (uint8_t[]){ 0x02, 0x77, 0, 0, 0, 1 }, ETH_ALEN);
	at = put_bytes(put8(put16(at, 2 << 9 | 6), 5), "flows", 5);
	return put16(put16(put16(at, 3 << 9 | 2), 120), 0);
}

/* The mark is the padding that brings a frame to its least size. */
static inline void frame_other(struct frame *f, unsigned int which, const struct mark *m)
{
	uint8_t *at = macs_put(f->bytes, 0);

	switch (which % 3) {
	case 0:
		memset(f->bytes, 0xff, ETH_ALEN);
		at = arp_put(put16(at, ETH_P_ARP));
		break;
	case 1:
		at = put16(at, 0x88b5);
		break;
	default:
		put_bytes(f->bytes, (uint8_t[]){ 0x01, 0x80, 0xc2, 0, 0, 0x0e }, ETH_ALEN);
		at = lldp_put(put16(at, ETH_P_LLDP));
		break;
	}
	f->l3 = ETH_HLEN;
	while (at < f->bytes + ETH_ZLEN - sizeof(*m))
		at = put8(at, 0);
	f->len = (size_t)(put_bytes(at, m, sizeof(*m)) - f->bytes);
}

#endif
