/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What commands changed, on top of the configuration, and what comes of both: the targets that are
 * wanted.  Changes are kept in a file, so that a restart does not undo them.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "pipe/balance/conf.h"

#define BALANCER_NAME 64

/* Of one target of one balancer; a field that is not set leaves the configuration's word. */
struct balance_change {
	char balancer[BALANCER_NAME], target[IF_NAMESIZE];
	bool added, removed;
	unsigned weight; /* 0 = as configured */
	bool drain, drained;
	int64_t since; /* of draining, in balance_seconds() */
};

/* Since the machine was started: no clock that somebody sets.  Files have the wall clock's. */
int64_t balance_seconds(void);

struct balance_changes {
	VEC(struct balance_change) all;
};

void balance_changes_free(struct balance_changes *changes);
int balance_changes_copy(const struct balance_changes *from, struct balance_changes *ret);
struct balance_change *balance_changes_find(const struct balance_changes *changes,
					    const char *balancer, const char *target);
/* The same, made when new; NULL when memory ran out. */
struct balance_change *balance_changes_at(struct balance_changes *changes, const char *balancer,
					  const char *target);
/* Forgets entries that say nothing. */
void balance_changes_tidy(struct balance_changes *changes);
/* A file that is not there is an empty one. */
int balance_changes_load(struct balance_changes *changes, const char *path, struct diag *d);
int balance_changes_save(const struct balance_changes *changes, const char *path);

/* One target as wanted. */
struct balance_goal {
	char name[IF_NAMESIZE];
	unsigned weight;
	bool drain, drained;
	int64_t since;
	bool by_command; /* not in the configuration */
};

struct balance_goals {
	VEC(struct balance_goal) all;
};

void balance_goals_free(struct balance_goals *goals);
/* In the configuration's order, those added by command behind. */
int balance_goals_make(const struct balancer_conf *conf, const struct balance_changes *changes,
		       struct balance_goals *ret);
const struct balance_goal *balance_goals_find(const struct balance_goals *goals, const char *name);
