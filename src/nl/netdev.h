/* SPDX-License-Identifier: GPL-2.0-only */
/* Which XDP powers a device has, as the kernel's "netdev" family tells it (from kernel 6.3). */
#pragma once

#include <stdint.h>

#include "nl/sock.h"

/* The kernel's numbers; Debian 12 has no header with them. */
enum nl_xdp_feature {
	NL_XDP_BASIC = 1 << 0,	  /* aborted, drop, pass, tx */
	NL_XDP_REDIRECT = 1 << 1, /* its programs may redirect */
	NL_XDP_NDO_XMIT = 1 << 2, /* others may redirect to it, now */
	NL_XDP_XSK_ZEROCOPY = 1 << 3,
	NL_XDP_HW_OFFLOAD = 1 << 4,
	NL_XDP_RX_SG = 1 << 5,	     /* frames in several buffers */
	NL_XDP_NDO_XMIT_SG = 1 << 6, /* such frames may be redirected to it */
};

/* -EOPNOTSUPP: the kernel is too old to tell, which says nothing about the device. */
int nl_netdev_xdp_features(struct nl *nl, unsigned ifindex, uint64_t *ret);
/* "basic", "redirect", "ndo_xmit", ...; NULL for a bit this program does not know. */
const char *nl_xdp_feature_name(unsigned bit);
