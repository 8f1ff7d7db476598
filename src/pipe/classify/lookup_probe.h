/* SPDX-License-Identifier: GPL-2.0-only */
/* What the look-up's test program notes down, for both sides. */
#pragma once

#include <linux/types.h>

/* Kinds of answer, told apart by class: those up to LOOKUP_HANDLES, and all others. */
#define LOOKUP_HANDLES 4

struct lookup_notes {
	__u64 unknown, foreign, found[LOOKUP_HANDLES];
};
