/* SPDX-License-Identifier: GPL-2.0-only */
/* What is counted of packets, on both sides. */
#pragma once

#include <linux/types.h>

struct pipe_count {
	__u64 packets, bytes;
};
