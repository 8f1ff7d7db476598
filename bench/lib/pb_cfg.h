/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver program changes in the test packet before each run of the program under test, so
 * that every repeat sees another packet.  Both sides include it.  An offset of 0 = leave alone.
 */
#pragma once

#include <linux/types.h>

struct pb_cfg {
	__u32 n_addr;	  /* distinct subscriber addresses, >= 1 */
	__u32 n_flow;	  /* distinct ports per subscriber, >= 1 */
	__u32 base;	  /* host order: top bits of the rotated 32 bits */
	__u32 mask;	  /* host order: the bits that rotate */
	__u32 peer;	  /* host order: the fixed address of the other side */
	__u32 peer_xor;	  /* host order: peer = subscriber ^ this; 0: `peer` */
	__u32 port_sub;	  /* first port of the subscriber */
	__u32 port_srv;	  /* port of the server */
	__u32 off_addr;	  /* the rotated 4 bytes */
	__u32 off_peer;	  /* the same place in the other address */
	__u32 off_sport;  /* source port; the destination's is 2 bytes further */
	__u32 off_ts;	  /* TSval; TSecr is 4 bytes further */
	__u32 off_tci;	  /* outer VLAN tag, written anew each time */
	__u32 tci;	  /* host order */
	__u32 ts_step;	  /* TSval grows by this per packet */
	__u32 conv;	  /* 1: every second packet is the reply */
	__u32 sub_is_dst; /* 1: the subscriber is the destination */
	__u32 priority;	  /* of an skb: a run must not begin with what the one before it left */
};

/* Spreads i over 32 bits; one to one under any mask of low ones. */
static inline __u32 pb_mix(__u32 i)
{
	return i * 0x9E3779B1u;
}

static inline __u32 pb_address(const struct pb_cfg *cfg, __u32 i)
{
	return cfg->base | (pb_mix(i) & cfg->mask);
}
