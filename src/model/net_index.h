/* SPDX-License-Identifier: GPL-2.0-only */
/* Names to numbers, for whoever has a hundred thousand of them.  The names stay the caller's. */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"

struct net_index {
	struct net_index_seat {
		const char *name; /* NULL = free */
		size_t value;
	} * seats;
	size_t n, cap; /* cap is a power of two, or 0 */
};

void net_index_free(struct net_index *index);
#define _cleanup_net_index_ _cleanup_(net_index_free)
/* The name's number, NULL = not there.  Good until the next net_index_add(). */
const size_t *net_index_find(const struct net_index *index, const char *name);
/* The name must not be there yet. */
int net_index_add(struct net_index *index, const char *name, size_t value);
