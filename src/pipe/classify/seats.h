/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which queue, class and number everybody has, in a file: after a restart all sit where they sat,
 * and the queues that still stand are taken over as they are.
 */
#pragma once

#include "base/diag.h"
#include "pipe/classify/ids.h"
#include "shaper/apply.h"

struct classify_seats {
	struct shaper_past past;
	VEC(char *) strings;	/* what the past's names point to */
	const char *devices[2]; /* where the queues stand, NULL = nowhere */
};

void classify_seats_free(struct classify_seats *seats);
/* No file, or one that cannot be read: nobody has a seat yet. */
int classify_seats_load(const char *path, struct classify_seats *ret, struct classify_ids *ids,
			struct diag *d);
/* `line` NULL: there are no queues of ours any more. */
int classify_seats_save(const char *path, const struct shaper_line *line,
			const struct shaper_plan *plan, const struct classify_ids *ids);
