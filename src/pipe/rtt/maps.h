/* SPDX-License-Identifier: GPL-2.0-only */
/* What the copies of all ports share, as it lies in our memory, too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "pipe/rtt/layout.h"
#include "pipe/rtt/rtt.h"

struct bpf_object;

enum rtt_map { RTT_MAP_FLOWS, RTT_MAP_SAMPLES, RTT_MAP_CPUS, RTT_MAP_CLOCK, RTT_MAPS };

struct rtt_maps {
	unsigned n_cpus;
	size_t n_sets;
	bool details;	/* flows are accounted */
	void *flows;	/* n_sets * RTT_WAYS places: rtt_flow_at(), rtt_details_at() */
	__u64 *samples; /* [cpu][RTT_SAMPLES] */
	struct rtt_cpu *cpus;
	struct rtt_clock *clock;
	struct rtt_array {
		int fd;
		void *at;
		size_t bytes;
	} array[RTT_MAPS];
};

/* Sets for so many flows: a power of two. */
size_t rtt_maps_sets(size_t flows);
int rtt_maps_new(size_t n_sets, bool details, unsigned n_cpus, struct rtt_maps **ret);
void rtt_maps_free(struct rtt_maps *m);
DEFINE_CLEANUP(struct rtt_maps *, rtt_maps_free)
/* A copy that is not loaded yet gets to share them. */
int rtt_maps_lend(const struct rtt_maps *m, struct bpf_object *object);
