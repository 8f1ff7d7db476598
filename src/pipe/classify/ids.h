/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Subscribers' numbers: a dense one for each, under which the packet path counts.  A number stays
 * with its name for as long as the name is in use, also over restarts, so that counts go on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "model/net_index.h"
#include "pipe/classify/classify.h"

struct classify_id {
	char *name; /* NULL = free */
	bool used;
	uint32_t given;		    /* how often the number was given to somebody */
	struct classify_count zero; /* what was counted under the number before, modulo 2^64 */
};

struct classify_ids {
	VEC(struct classify_id) all; /* by number; 0 is nobody, 1 the default plan */
	VEC(uint32_t) spare;	     /* numbers to be given again */
	struct net_index index;
};

void classify_ids_free(struct classify_ids *ids);
/* 0 = none left, or no memory. */
uint32_t classify_ids_find(const struct classify_ids *ids, const char *name);
uint32_t classify_ids_give(struct classify_ids *ids, const char *name);
/* Makes that number that name's, as an earlier run had it; NULL: only what was counted under it. */
int classify_ids_restore(struct classify_ids *ids, uint32_t id, const char *name,
			 const struct classify_count *zero);
/* After the last of them: what is nobody's may be given. */
int classify_ids_find_spare(struct classify_ids *ids);
/* Between these two, classify_ids_use() those in use; the others may be given again from then on. */
void classify_ids_mark(struct classify_ids *ids);
void classify_ids_use(struct classify_ids *ids, uint32_t id);
int classify_ids_sweep(struct classify_ids *ids);
