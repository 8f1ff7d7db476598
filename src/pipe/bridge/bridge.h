/* SPDX-License-Identifier: GPL-2.0-only */
/* The bridge stage, both sides: counters, switches and per-interface constants. */
#pragma once

#include <linux/types.h>

#define bridge_COUNTERS(X)                                                                  \
	X(bridge, forwarded, "sent to the other port by XDP")                               \
	X(bridge, forwarded_tc, "sent to the other port by TC")                             \
	X(bridge, no_rule, "would return untranslated on its own port: left to the kernel") \
	X(bridge, vanished, "the other port is gone: left to the kernel")

#define bridge_SWITCHES(X)                                                    \
	X(bridge, vlans, "look at the outer VLAN tag and translate it")       \
	X(bridge, stick, "the other port is this port: only translated tags") \
	X(bridge, defer, "XDP decides, TC sends")                             \
	X(bridge, tc, "TC bridges what XDP did not see")

#define bridge_CPU

#define BRIDGE_VIDS 4096

struct bridge_const {
	__u32 target; /* ifindex */
};
