/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Test packets from a short description, words joined by dots:
 *   [vlan|qinq|pppoe|vlanpppoe] (tcp4|tcp6|udp4|udp6|icmp4) [SIZE] [nots] [frag] [up]
 * SIZE is the whole frame (default 66 for TCP, 64 for UDP); nots = no TCP timestamps; up = the
 * subscriber is the source.
 */
#pragma once

#include <stdint.h>

#include "base/diag.h"
#include "lib/pb_cfg.h"

#define PACKET_MAX 2048
#define PACKET_SPEC \
	"[vlan|qinq|pppoe|vlanpppoe.](tcp4|tcp6|udp4|udp6|icmp4)[.SIZE][.nots][.frag][.up]"

struct packet {
	uint8_t bytes[PACKET_MAX];
	unsigned len;
	struct pb_cfg cfg; /* what the driver rewrites in it */
};

/* What a test says when it has no wish: one subscriber, one flow. */
struct pb_cfg pb_cfg_default(void);
/* `cfg` gives addresses and ports; the offsets are filled in. */
int packet_build(const char *spec, const struct pb_cfg *cfg, struct packet *ret, struct diag *d);
