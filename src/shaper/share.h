/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One line over many queues: each queue's tree ends in a class of its own, and none knows of the
 * others.  What each may have is shared out anew every second, by what it used.  Pure.
 */
#pragma once

#include <stdint.h>

#define SHAPER_SHARE_FULL 95 /* percent of the line: from here on it is shared out */
#define SHAPER_SHARE_FREE 85 /* percent: below, everybody may have all again */

struct shaper_share {
	uint64_t used;	 /* bits/s over the last second */
	uint64_t weight; /* when not all can have what they want: at least 1 counts */
	uint64_t cap;	 /* in force; the new one is written here */
};

/*
 * Returns how many caps changed by more than a hundredth; the others are left as they are.  All
 * caps together are the line while it is full, and each is the line while it is not.
 */
unsigned shaper_share_out(uint64_t line, struct shaper_share *queues, unsigned n);
