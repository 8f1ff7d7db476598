/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who the subscribers are, for stages that know no more of them than their numbers: names, classes
 * and the tree, as they are in force.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "base/vec.h"

struct pipe_who_subscriber {
	uint32_t id;
	uint32_t handle;	/* of the class for download; 0 = none */
	const char *subscriber; /* as `weir subscribers` has it; of a mapping by hand its address */
	const char *name;	/* "" = none */
	int node;		/* it hangs on; -1 = on none */
};

struct pipe_who_node {
	const char *name;
	int parent; /* -1 = top */
};

/* All texts are those of the world in force, or its own: for as long as one answer takes. */
struct pipe_who {
	VEC(struct pipe_who_subscriber) all;
	VEC(struct pipe_who_node) nodes; /* a parent stands before its children */
	VEC(int) of_id;			 /* index into `all`, -1 = nobody */
	VEC(char *) strings;
};

void pipe_who_free(struct pipe_who *who);
#define _cleanup_pipe_who_ _cleanup_(pipe_who_free)

/* NULL = nobody's. */
const struct pipe_who_subscriber *pipe_who_of_id(const struct pipe_who *who, uint32_t id);
/* By subscriber, or by a name that no other has.  Its index, or -EINVAL with the words in `d`. */
int pipe_who_find(const struct pipe_who *who, const char *text, struct diag *d);
int pipe_who_find_node(const struct pipe_who *who, const char *name, struct diag *d);
/* Is the node that one, or anywhere below it? */
bool pipe_who_is_below(const struct pipe_who *who, int node, int top);
/* "3:1a", "" without a class. */
json_t *pipe_who_class(const struct pipe_who_subscriber *s);
