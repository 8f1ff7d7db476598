/* SPDX-License-Identifier: GPL-2.0-only */
/* A balancer's maps: made, pinned, found again. */
#pragma once

#include "pipe/balance/balancer.h"

/* Of balance_slot.used. */
enum { BALANCE_SLOT_FREE, BALANCE_SLOT_USED, BALANCE_SLOT_NEW };

int balance_maps_open(struct balancer *b, const char *pins);
/* The map of flows exists only while a target drains. */
int balance_flows_open(struct balancer *b, uint32_t max);
void balance_flows_close(struct balancer *b);
/* Removes the pins of balancers that `is_known` does not know. */
void balance_maps_sweep(const char *pins, bool (*is_known)(const char *pin, const void *data),
			const void *data);
/* A stable hash of a name. */
uint64_t balance_key(const char *name);

_Static_assert(SPREAD_BUCKETS == BALANCE_BUCKETS && SPREAD_NONE == BALANCE_NONE &&
		       SPREAD_TARGETS == BALANCE_TARGETS &&
		       SPREAD_WEIGHT_MAX == BALANCE_WEIGHT_MAX && SPREAD_TURNS <= BALANCE_TURNS,
	       "what the builder makes must fit the packet path's table");
