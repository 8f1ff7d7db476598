/* SPDX-License-Identifier: GPL-2.0-only */
/* All balancers at work, and what commands changed of them. */
#pragma once

#include <time.h>

#include "pipe/balance/balancer.h"
#include "pipe/stage.h"

struct balance_live {
	const struct pipe_kernel *kernel;
	char *pins, *path; /* NULL = pin, keep nothing */
	VEC(struct balancer *) balancers;
	struct balance_changes changes;
	struct balance_changes before;		     /* as they were, for a command that fails */
	bool commanded;				     /* `changes` differ from the file */
	const struct balance_conf *conf, *next_conf; /* in force; prepared.  Borrowed */
	bool wants_sync;
	struct timespec ticked;
	void (*tell)(const char *subject, const char *event, const char *text, void *data);
	void *tell_data;
};

extern const struct stage_live_ops balance_live_ops;
extern const struct stage_command balance_commands[];

struct balancer *balance_live_find(const struct balance_live *live, const char *name);
/* NULL-safe: without a live object nothing was changed. */
const struct balance_changes *balance_live_changes(const struct balance_live *live);
void balance_tell(struct balance_live *live, const char *subject, const char *event,
		  const char *format, ...) _printf_(4, 5);

/* Writes the changes to their file; says so when it cannot. */
void balance_live_save(struct balance_live *live);

/* news.c: what a change did, in words, to everybody who listens */
void balance_news(struct balance_live *live, const struct balancer *b);

/* show.c */
extern const struct stage_column balance_columns[];
json_t *balance_show(const struct pipe_plan *plan, const struct pipe_facts *facts,
		     const struct counter_view *counters, void *live);

/* drain.c */
/* Looks whether draining is over, and lets it end.  True when a sync is wanted. */
bool balance_drain_tick(struct balance_live *live, struct balancer *b);
