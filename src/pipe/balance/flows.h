/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of flows, which exists only while a target drains.  The packet path writes it, too. */
#pragma once

#include "pipe/balance/balancer.h"

/* Room for `flows` at least, or what an earlier run left.  0 when it is there already. */
int balance_flows_open(struct balancer *b, uint32_t flows);
void balance_flows_close(struct balancer *b);
void balance_flows_clear(struct balancer *b);
/* The handles alone; what is pinned stays. */
void balance_flows_release(struct balancer *b);
/* As the packet path would; false when its line is full. */
bool balance_flows_put(struct balancer *b, uint64_t hash, uint8_t slot);
/*
 * How many flows were seen within `idle` seconds, by slot (256 numbers).  Those that were not are
 * forgotten when `forget` says so.
 */
void balance_flows_count(struct balancer *b, int64_t idle, bool forget, unsigned *ret);
