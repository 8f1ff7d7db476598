/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Subscribers changed by command, on top of what files say, and addresses mapped to classes by
 * hand. Kept in a file, so that a restart does not undo them.
 */
#pragma once

#include "model/network.h"

/* Of one circuit; what is not given leaves the file's word. */
struct classify_change {
	char *id;
	bool added;   /* it is in no file */
	bool removed; /* it is in a file, and not wanted */
	char *name, *parent, *leaf_down, *leaf_up;
	struct rate_pair min, max; /* 0 = not given */
	bool has_addresses;
	struct net_device device; /* with the addresses given */
};

/* "xdp_iphash_to_cpu_cmdline add": an address to a class of somebody's tree. */
struct classify_mapping {
	struct net_prefix prefix;
	uint32_t handle, cpu;
	bool upload; /* as it was asked for; one record serves both directions */
};

struct classify_changes {
	VEC(struct classify_change) circuits;
	VEC(struct classify_mapping) mappings;
};

void classify_change_free(struct classify_change *change);
void classify_changes_free(struct classify_changes *changes);
int classify_changes_copy(const struct classify_changes *from, struct classify_changes *ret);
struct classify_change *classify_changes_find(const struct classify_changes *changes, const char *id);
/* The same, made when new; NULL when memory ran out. */
struct classify_change *classify_changes_at(struct classify_changes *changes, const char *id);
void classify_changes_forget(struct classify_changes *changes, const char *id);
int classify_changes_find_mapping(const struct classify_changes *changes,
				  const struct net_prefix *prefix); /* index, -1 = none */
/* A file that is not there is an empty one; a damaged one is moved aside, with a warning. */
int classify_changes_load(struct classify_changes *changes, const char *path, struct diag *d);
int classify_changes_save(const struct classify_changes *changes, const char *path);

/*
 * The files' network with the changes: the arrays are the result's own, all that they point to is
 * borrowed from both (free with classify_network_free).  `ret_stale`: how many changes say nothing
 * any more, because what they changed is in no file.
 */
int classify_network_make(const struct network *files, const struct classify_changes *changes,
			  struct network *ret, size_t *ret_stale);
void classify_network_free(struct network *network);
