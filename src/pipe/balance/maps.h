/* SPDX-License-Identifier: GPL-2.0-only */
/* A balancer's maps: made, pinned, found again. */
#pragma once

#include "pipe/balance/balancer.h"

/* Of balance_slot.used. */
enum { BALANCE_SLOT_FREE, BALANCE_SLOT_USED, BALANCE_SLOT_NEW };

int balance_maps_open(struct balancer *b, const char *pins);
/* -1 when none is pinned there that fits; one of another version is removed. */
int balance_map_open_pinned(const char *path, uint32_t type, uint32_t value_size, uint32_t entries);
/* Without a path it is not pinned, and that is well. */
int balance_map_pin(int fd, const char *path);
/* Removes the pins of balancers that `is_known` does not know. */
void balance_maps_sweep(const char *pins, bool (*is_known)(const char *pin, const void *data),
			const void *data);
/* A stable hash of a name. */
uint64_t balance_key(const char *name);

_Static_assert(SPREAD_BUCKETS == BALANCE_BUCKETS && SPREAD_NONE == BALANCE_NONE &&
		       SPREAD_TARGETS == BALANCE_TARGETS &&
		       SPREAD_WEIGHT_MAX == BALANCE_WEIGHT_MAX && SPREAD_TURNS <= BALANCE_TURNS,
	       "what the builder makes must fit the packet path's table");
