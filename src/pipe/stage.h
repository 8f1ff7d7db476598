/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract of a stage.  A stage is a folder that exports one `const struct stage_ops`, last
 * thing in its file, and one line in stages.def.  It plans (pure: wish + facts -> data per port),
 * then writes that plan into each port's own copy of the program.
 */
#pragma once

#include <jansson.h>

#include "base/diag.h"
#include "model/schema.h"
#include "pipe/facts.h"
#include "pipe/plan.h"
#include "pipe/shared.h"
#include "pipe/switch.h"

struct pipe_bpf;     /* the skeleton of pipe.bpf.c */
struct counter_view; /* counters.h */

enum stage_id {
#define STAGE(s) STAGE_##s,
#include "pipe/stages.def"
#undef STAGE
	STAGE_MAX
};

/* A table for people and programs: `weir STAGE show` prints it without knowing the stage. */
struct stage_column {
	const char *key, *label;
	bool right; /* numbers */
};

struct stage_ops {
	const char *name;  /* as in stages.def; also the name of its section and its command */
	const char *title; /* one line for help */
	const struct schema *schema;
	size_t port_size; /* bytes of plan per port; compared byte by byte to find what changed */

	/* What single keys cannot show; reports every problem.  The section is present. */
	int (*check)(const void *conf, const struct pipe_facts *facts, struct diag *d);
	/* Adds its wishes to the ports it concerns (pipe_plan_port).  Pure. */
	int (*plan)(const void *conf, const struct pipe_facts *facts, struct pipe_plan *plan);
	/* Before verification: switches and constants of this port's copy. */
	void (*setup)(const struct port_plan *port, struct pipe_bpf *bpf, struct switches *on);
	/* After load, before it sees traffic: fills the copy's own maps.  0 or -errno. */
	int (*fill)(const struct port_plan *port, const struct pipe_bpf *bpf);

	const struct stage_column *columns; /* ends with a NULL key */
	/* Rows for `show`: objects with the columns' keys.  `counters` is asked per port. */
	json_t *(*show)(const struct pipe_plan *plan, const struct pipe_facts *facts,
			const struct counter_view *counters);
	/* What happens to frames of this port, a sentence per line. */
	void (*explain)(const struct port_plan *port, const struct pipe_facts *facts,
			struct strbuf *out);
};

#define STAGE(s) extern const struct stage_ops stage_##s;
#include "pipe/stages.def"
#undef STAGE
extern const struct stage_ops *const stages[STAGE_MAX];
