/* SPDX-License-Identifier: GPL-2.0-only */
/* Network interfaces as the kernel knows them: list, find by any of their names, set a flag. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "nl/sock.h"

#define NL_ALTNAME_MAX 128
#define NL_ALTNAMES 6

enum nl_xdp_mode { NL_XDP_NONE, NL_XDP_NATIVE, NL_XDP_SKB, NL_XDP_HW, NL_XDP_MULTI };

struct nl_xdp {
	enum nl_xdp_mode mode;
	uint32_t prog_id; /* of the one program; 0 in mode multi */
	uint32_t native_id, skb_id, hw_id;
};

struct nl_link {
	int ifindex;
	char name[IF_NAMESIZE];
	char altnames[NL_ALTNAMES][NL_ALTNAME_MAX]; /* unused ones are "" */
	char kind[16];				    /* "veth", "bridge", ...; "" for hardware */
	unsigned flags;				    /* IFF_*; IFF_PROMISC is the administrator's */
	bool admin_up, carrier;
	unsigned mtu;
	unsigned master;     /* ifindex of the bridge, bond, ... it belongs to */
	unsigned link;	     /* ifindex of the peer or lower device, 0 = none */
	bool link_elsewhere; /* ... which lives in another network namespace */
	int link_netnsid;    /* only when link_elsewhere */
	unsigned rxq, txq;
	unsigned promiscuity; /* how many asked for it, packet sockets and bridges included */
	uint8_t mac[6];
	bool has_mac;
	struct nl_xdp xdp;
	struct {
		uint64_t rx_packets, rx_bytes, rx_dropped, rx_errors;
		uint64_t tx_packets, tx_bytes, tx_dropped, tx_errors;
	} stats;
};

struct nl_links {
	struct nl_link *at;
	size_t n, cap;
};

static inline void nl_links_free(struct nl_links *l)
{
	vec_free(l);
}
#define _cleanup_nl_links_ _cleanup_(nl_links_free)

int nl_link_list(struct nl *nl, struct nl_links *ret);
/* -ENODEV when no interface has that name or alternative name. */
int nl_link_get_by_name(struct nl *nl, const char *name, struct nl_link *ret);
int nl_link_get_by_index(struct nl *nl, unsigned ifindex, struct nl_link *ret);
/* One or more IFF_* bits, the others stay. */
int nl_link_set_flag(struct nl *nl, unsigned ifindex, unsigned flag, bool on);
bool nl_link_has_name(const struct nl_link *l, const char *name);
/* "native", "skb", ...; "none". */
const char *nl_xdp_mode_name(enum nl_xdp_mode mode);
/* -ENOMSG when `h` does not describe an interface (bridge port notes look alike). */
int nl_link_parse(const struct nlmsghdr *h, struct nl_link *ret);
