/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/packet.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_VID 100
#define PPPOE_SESSION 77

struct wish {
	unsigned vlans, size;
	uint8_t proto;
	bool pppoe, v6, plain, frag, up;
};

struct pb_cfg pb_cfg_default(void)
{
	return (struct pb_cfg){
		.n_addr = 1,
		.n_flow = 1,
		.base = 0x0a000000,
		.mask = 0x00ffffff,
		.peer = 0xcb007107, /* 203.0.113.7 */
		.port_sub = 20000,
		.port_srv = 443,
		.sub_is_dst = 1,
	};
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static unsigned ip_checksum(const uint8_t *p, unsigned n)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i += 2)
		sum += (unsigned)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* --- the description --------------------------------------------------------------------------- */

static const struct word {
	const char *word;
	struct wish means; /* what is not zero is taken over */
} words[] = {
	{ "vlan", { .vlans = 1 } },
	{ "qinq", { .vlans = 2 } },
	{ "pppoe", { .pppoe = true } },
	{ "vlanpppoe", { .vlans = 1, .pppoe = true } },
	{ "tcp4", { .proto = IPPROTO_TCP } },
	{ "tcp6", { .proto = IPPROTO_TCP, .v6 = true } },
	{ "udp4", { .proto = IPPROTO_UDP } },
	{ "udp6", { .proto = IPPROTO_UDP, .v6 = true } },
	{ "icmp4", { .proto = IPPROTO_ICMP } },
	{ "nots", { .plain = true } },
	{ "frag", { .frag = true } },
	{ "up", { .up = true } },
};

static void wish_add(struct wish *wish, const struct wish *more)
{
	wish->vlans += more->vlans;
	wish->proto |= more->proto;
	wish->pppoe |= more->pppoe;
	wish->v6 |= more->v6;
	wish->plain |= more->plain;
	wish->frag |= more->frag;
	wish->up |= more->up;
}

static bool wish_read(struct wish *wish, const char *word)
{
	char *end;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (!strcmp(words[i].word, word)) {
			wish_add(wish, &words[i].means);
			return true;
		}
	wish->size = (unsigned)strtoul(word, &end, 10);
	return wish->size && !*end;
}

static int wish_parse(const char *spec, struct wish *ret, struct diag *d)
{
	_cleanup_free_ char *copy = strdup(spec);
	struct wish wish = { 0 };
	char *save = NULL;

	if (!copy)
		return -ENOMEM;
	for (char *w = strtok_r(copy, ".", &save); w; w = strtok_r(NULL, ".", &save))
		if (!wish_read(&wish, w))
			return diag_error(d, NULL, "packet '%s': unknown word '%s', expected %s",
					  spec, w, PACKET_SPEC);
	if (!wish.proto)
		return diag_error(d, NULL, "packet '%s': no protocol, expected %s", spec,
				  PACKET_SPEC);
	*ret = wish;
	return 0;
}

/* --- the layers -------------------------------------------------------------------------------- */

static unsigned l4_length(const struct wish *wish)
{
	if (wish->proto != IPPROTO_TCP)
		return 8;
	return wish->plain ? 20 : 32;
}

static unsigned put_ethernet(struct packet *p, const struct wish *wish)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	unsigned at = sizeof(macs);

	memcpy(p->bytes, macs, sizeof(macs));
	for (unsigned i = 0; i < wish->vlans; i++, at += 4) {
		put16(p->bytes + at, i == 0 && wish->vlans == 2 ? 0x88a8 : 0x8100);
		put16(p->bytes + at + 2, FIRST_VID + i);
	}
	put16(p->bytes + at, wish->pppoe ? 0x8864 : wish->v6 ? 0x86dd : 0x0800);
	return at + 2;
}

static void put_pppoe(uint8_t *at, const struct wish *wish, unsigned ip_len)
{
	at[0] = 0x11;
	put16(at + 2, PPPOE_SESSION);
	put16(at + 4, ip_len + 2);
	put16(at + 6, wish->v6 ? 0x57 : 0x21);
}

static void put_ipv4(struct packet *p, unsigned at, const struct wish *wish, unsigned ip_len)
{
	uint8_t *ip = p->bytes + at;
	unsigned subscriber = wish->up ? 12 : 16, peer = wish->up ? 16 : 12;

	ip[0] = 0x45;
	put16(ip + 2, ip_len);
	put16(ip + 6, wish->frag ? 0x2010 : 0x4000);
	ip[8] = 60;
	ip[9] = wish->proto;
	put32(ip + peer, p->cfg.peer);
	put32(ip + subscriber, pb_address(&p->cfg, 0));
	put16(ip + 10, ip_checksum(ip, 20));
	p->cfg.off_addr = at + subscriber;
	p->cfg.off_peer = at + peer;
}

/* 2001:db8:RRRR:RRRR::1, the rotated bits being 32..63. */
static void put_ipv6(struct packet *p, unsigned at, const struct wish *wish, unsigned ip_len)
{
	uint8_t *ip = p->bytes + at;
	unsigned subscriber = wish->up ? 8 : 24, peer = wish->up ? 24 : 8;

	ip[0] = 0x60;
	put16(ip + 4, ip_len - 40);
	ip[6] = wish->proto;
	ip[7] = 60;
	put32(ip + subscriber, 0x20010db8);
	put32(ip + subscriber + 4, pb_address(&p->cfg, 0));
	ip[subscriber + 15] = 1;
	put32(ip + peer, 0x20010db8);
	put32(ip + peer + 4, p->cfg.peer);
	ip[peer + 15] = 7;
	p->cfg.off_addr = at + subscriber + 4;
	p->cfg.off_peer = at + peer + 4;
}

static void put_tcp(struct packet *p, unsigned at, const struct wish *wish)
{
	uint8_t *tcp = p->bytes + at;

	put32(tcp + 4, 1000);
	put32(tcp + 8, 2000);
	tcp[12] = (uint8_t)(l4_length(wish) / 4 << 4);
	tcp[13] = 0x10;
	put16(tcp + 14, 512);
	if (wish->plain)
		return;
	tcp[20] = tcp[21] = 1;
	tcp[22] = 8;
	tcp[23] = 10;
	put32(tcp + 24, 5000);
	put32(tcp + 28, 4000);
	p->cfg.off_ts = at + 24;
}

static void put_l4(struct packet *p, unsigned at, const struct wish *wish, unsigned len)
{
	put16(p->bytes + at, wish->up ? p->cfg.port_sub : p->cfg.port_srv);
	put16(p->bytes + at + 2, wish->up ? p->cfg.port_srv : p->cfg.port_sub);
	if (wish->proto != IPPROTO_ICMP)
		p->cfg.off_sport = at;
	if (wish->proto == IPPROTO_TCP)
		put_tcp(p, at, wish);
	else
		put16(p->bytes + at + 4, len);
}

int packet_build(const char *spec, const struct pb_cfg *cfg, struct packet *ret, struct diag *d)
{
	struct packet p = { .cfg = *cfg };
	struct wish wish = { 0 };
	unsigned l3, ip_header, ip_len;
	int r = wish_parse(spec, &wish, d);

	if (r)
		return r;
	l3 = put_ethernet(&p, &wish) + (wish.pppoe ? 8 : 0);
	ip_header = wish.v6 ? 40 : 20;
	ip_len = MAX(ip_header + l4_length(&wish), wish.size > l3 ? wish.size - l3 : 0);
	if (l3 + ip_len > PACKET_MAX)
		return diag_error(d, NULL, "packet '%s': longer than %d bytes", spec, PACKET_MAX);
	if (wish.pppoe)
		put_pppoe(p.bytes + l3 - 8, &wish, ip_len);
	if (wish.v6)
		put_ipv6(&p, l3, &wish, ip_len);
	else
		put_ipv4(&p, l3, &wish, ip_len);
	put_l4(&p, l3 + ip_header, &wish, ip_len - ip_header);
	p.len = MAX(l3 + ip_len, 60U);
	p.cfg.sub_is_dst = !wish.up;
	*ret = p;
	return 0;
}
