/* SPDX-License-Identifier: GPL-2.0-only */
/* redirect_map: found, pinned where it was asked for, read and written; and the switch beside it. */
#pragma once

#include <stdint.h>

#include "base/diag.h"
#include "pipe/balance/classic/classic.h"
#include "pipe/balance/classic/facts.h"
#include "pipe/balance/classic/program.h"

/* Where `ip link ... xdp obj` pins by name. */
#define CLASSIC_PIN "/sys/fs/bpf/tc/globals/" CLASSIC_MAP
/* Where people look for it. */
#define CLASSIC_PATH "/sys/fs/bpf/" CLASSIC_MAP

/* "SUBJECT: cannot WHAT: reason", with the remedy where a privilege is missing; returns r. */
int classic_cannot(struct diag *d, int r, const char *subject, const char *what);

struct classic_row {
	uint32_t key, ifindex;
};

struct classic_rows {
	struct classic_row at[CLASSIC_TARGETS_MAX];
	unsigned n;
};

/* The map pinned at `path`.  -ENOENT when nothing is there yet, which is not told; else says what is wrong. */
int classic_map_open(const char *path, struct classic_map *ret, struct diag *d);
/*
 * find.c: the map to pin: the one at `by_name` unless the programs here use another, else theirs,
 * else that of the only loaded program that has one.
 */
int classic_map_find(const struct classic_facts *facts, const char *by_name,
		     struct classic_map *ret, struct diag *d);
/* An error when the programs that run here use another map than this one, pinned at `path`. */
int classic_map_check_used(const struct classic_facts *facts, const struct classic_map *map,
			   const char *path, struct diag *d);
int classic_map_pin(const struct classic_map *map, const char *path, struct diag *d);

/* In the order of keys. */
void classic_map_read(int fd, struct classic_rows *ret);
/*
 * Keys 0..n-1 lead to these, and there are no others.  A frame that passes meanwhile goes to an old
 * or a new target.
 */
int classic_map_write(int fd, const uint32_t *ifindexes, unsigned n);

/* trace.c: of every program that uses the map.  *ret_programs of them there are. */
int classic_trace_set(uint32_t map_id, bool on, unsigned *ret_programs);
int classic_trace_get(uint32_t map_id, unsigned *ret_on, unsigned *ret_programs);
