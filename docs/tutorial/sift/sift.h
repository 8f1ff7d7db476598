/* SPDX-License-Identifier: GPL-2.0-only */
/* The sift stage, both sides: counters, switches and per-interface constants. */
#pragma once

#include <linux/types.h>

#define sift_COUNTERS(X) X(sift, dropped, "frames larger than the limit, dropped")

#define sift_SWITCHES(X) X(sift, tc, "sift where XDP is not in use")

#define sift_CPU

struct sift_const {
	__u32 limit; /* bytes of a whole frame */
};
