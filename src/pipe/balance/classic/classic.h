/* SPDX-License-Identifier: GPL-2.0-only */
/* The standalone balancer's maps, as its program and xdp_config know them. */
#pragma once

#include <linux/types.h>

/* The kernel cuts names to 15 characters. */
#define CLASSIC_MAP "redirect_map"
#define CLASSIC_TRACE_MAP "redirect_trace"
#define CLASSIC_TARGETS_MAX 64
/* The remedy where no program is found. */
#define CLASSIC_LOAD "ip link set dev INPUT xdp obj xdp_loadbalancer.o sec xdp"

/* Value of redirect_map; its key is the target's turn, from 0 on. */
struct classic_target {
	__u32 ifindex;
};
