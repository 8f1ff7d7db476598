/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps of one table address -> subscriber: made, mapped, lent to programs. */
#pragma once

#include <stddef.h>

#include "pipe/classify/layout.h"

struct bpf_object;

/* Buckets as powers of two; 0 = none needed. */
struct classify_sizes {
	unsigned bits4, bits6, bits128;
};

struct classify_maps {
	struct classify_sizes sizes;
	int state, hosts4, nets6, hosts6, overflow, prefixes; /* descriptors */
	struct classify_state *at_state;
	struct classify_bucket4 *at_hosts4; /* two halves each */
	struct classify_bucket6 *at_nets6;
	struct classify_bucket128 *at_hosts6;
};

/* Buckets of one half. */
static inline size_t classify_buckets(unsigned bits)
{
	return (size_t)1 << (bits ? bits : 1);
}

/* All empty, half 0 in force. */
int classify_maps_open(const struct classify_sizes *sizes, struct classify_maps *ret);
void classify_maps_close(struct classify_maps *maps);
/* Before it is loaded: the object uses these instead of its own. */
int classify_maps_lend(const struct classify_maps *maps, struct bpf_object *object);
