/* SPDX-License-Identifier: GPL-2.0-only */
/* Loaded programs and the maps they use: how the balancer is found, whoever loaded it. */
#pragma once

#include <bpf/bpf.h>
#include <stdint.h>

#include "base/cleanup.h"

struct classic_map {
	int fd;
	uint32_t id;
};

static inline void classic_map_close(struct classic_map *m)
{
	cleanup_close(&m->fd);
	m->fd = -1;
}
#define _cleanup_classic_map_ _cleanup_(classic_map_close)
#define CLASSIC_MAP_NONE ((struct classic_map){ .fd = -1 })

/* The kernel's numbers of a program's maps. */
struct classic_map_ids {
	uint32_t at[64];
	unsigned n;
};

int classic_program_map_ids(uint32_t program, struct classic_map_ids *ret);
/* The map of that name the program uses; -ENOENT when it has none that is the balancer's. */
int classic_program_map(uint32_t program, const char *name, struct classic_map *ret);
/* The next loaded program behind *id (0: the first); -ENOENT behind the last. */
int classic_program_next(uint32_t *id);

int classic_map_by_id(uint32_t id, struct classic_map *ret);
/* Whether this is what the balancer's program has by that name. */
bool classic_map_is(const struct bpf_map_info *info, const char *name);
