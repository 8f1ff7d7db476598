/* SPDX-License-Identifier: GPL-2.0-only */
/* Named counters of the packet path, read without a system call. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "pipe/shared.h"
#include "pipe/watch.h"

struct counter_row {
	const char *stage, *name, *help;
};

extern const struct counter_row counter_rows[PIPE_COUNTER_MAX];

/* One port's counters: an mmapped array of one struct pipe_cpu per possible CPU. */
struct counter_block {
	const struct pipe_cpu *cpu;
	unsigned n_cpus;
	size_t bytes; /* mapped */
};

int counter_block_map(int map_fd, unsigned n_cpus, struct counter_block *ret);
/* A new map: writes each CPU's number, which the packet path reads there. */
int counter_block_number(int map_fd, unsigned n_cpus);
void counter_block_unmap(struct counter_block *block);
struct pipe_count counter_sum(const struct counter_block *block, enum pipe_counter which);

/* Hands a stage the counters of any port without knowing where they are kept. */
struct counter_view {
	const struct counter_block *(*find)(const void *source, int ifindex);
	/* Frames that redirects to that interface lost. */
	struct watch_loss (*loss)(const void *source, int ifindex);
	const void *source;
};
struct pipe_count counter_view_sum(const struct counter_view *view, int ifindex,
				   enum pipe_counter which);
