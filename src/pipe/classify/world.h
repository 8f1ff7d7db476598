/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that follows from files, commands and interfaces: who there is, in which queue, under which
 * number, found by which address.  Made whole for every change; what differs from the one before
 * is then done.
 */
#pragma once

#include "pipe/classify/changes.h"
#include "pipe/classify/conf.h"
#include "pipe/classify/ids.h"
#include "pipe/classify/table.h"
#include "pipe/facts.h"
#include "shaper/apply.h"
#include "shaper/plan.h"

#define CLASSIFY_DEFAULT_NAME "(default plan)"

struct classify_world {
	const struct classify_conf *conf; /* NULL: there is none */
	struct network network;		  /* effective; names are borrowed */
	size_t n_circuits;		  /* of it; behind them the default plan, if any */
	struct net_device everybody;	  /* of the default plan: owned */
	struct shaper_line line;
	struct shaper_plan plan;
	bool *changed;	/* per circuit of it: one of a file, which a command changed */
	int *items;	/* per circuit: its item in the plan, -1 = none */
	uint32_t *ids;	/* per circuit */
	uint32_t *maps; /* per mapping: id */
	size_t n_maps;
	VEC(int) circuit_of; /* per id: index, -1 = nobody's or a mapping's */
	VEC(struct classify_entry) entries;
	struct classify_sizes sizes;
	uint32_t id_room; /* ids that the counts have room for */
	unsigned cpus;
	bool stick;
	bool away; /* one of the interfaces is not there */
	bool bare; /* made of the files alone: what commands changed does not go with them */
};

struct classify_surroundings {
	const struct pipe_facts *facts;
	const struct classify_changes *changes;
	const struct shaper_past *past;
	const struct classify_sizes *sizes; /* in use */
	uint32_t id_room;		    /* in use */
	struct shaper_tree *tree;	    /* asked for queues; NULL = as many as CPUs */
	struct classify_ids *ids;
	unsigned cpus;
	bool check; /* files and changes have not been seen together yet */
	size_t *ret_stale;
};

int classify_world_make(const struct classify_conf *conf, const struct classify_surroundings *around,
			struct classify_world **ret, struct diag *d);
void classify_world_free(struct classify_world *world);
DEFINE_CLEANUP(struct classify_world *, classify_world_free)
/* Is there a tree of ours? */
bool classify_world_shapes(const struct classify_world *world);
unsigned classify_world_cpu(const struct classify_world *world, unsigned queue);
/* Index of the circuit, -1 = none. */
int classify_world_find(const struct classify_world *world, const char *id);
