/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract of a stage.  A stage is a folder that exports one `const struct stage_ops`, last
 * thing in its file, and one line in stages.def.  It plans (pure: wish + facts -> data per port),
 * then writes that plan into each port's own copy of the program.
 */
#pragma once

#include <jansson.h>

#include "base/diag.h"
#include "base/names.h"
#include "model/schema.h"
#include "pipe/facts.h"
#include "pipe/plan.h"
#include "pipe/shared.h"
#include "pipe/switch.h"

struct pipe_bpf;     /* the skeleton of pipe.bpf.c */
struct counter_view; /* counters.h */
struct pipe_kernel;  /* instance.h */
struct lives;	     /* live.h */
struct pipe_who;     /* who.h */

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

/*
 * Some stages have more than the copies of their ports: maps which all copies share and that live
 * on from copy to copy, changes made by command.  Such a stage keeps it in an object of its own,
 * `live`, which the others of its functions are handed (NULL without these).
 */
struct stage_host {
	const char *pins;  /* directory on a bpffs; NULL = pin nothing */
	const char *state; /* directory for files; NULL = keep nothing */
	const struct pipe_kernel *kernel;
	const struct lives *lives; /* the others', once all are open */
	/* A line for people: "eth3", "drained", "no flow of its own is left". */
	void (*tell)(const char *subject, const char *event, const char *text, void *data);
	void *data;
};

/* A change of what is wished, by command: kept in `state`, on top of the configuration. */
struct stage_command {
	const char *name;      /* "add": `weir STAGE add` */
	const char *in, *help; /* as in a row of the bus; the answer is always (changed: []string) */
	/* Changes nothing on failure; every problem is in `d`, and `ret_wrong` names the parameter. */
	int (*run)(void *live, const struct pipe_facts *facts, const json_t *in,
		   const char **ret_wrong, struct diag *d);
};

/* A question that the stage answers beside `show`. */
struct stage_query {
	const char *name, *in, *out, *help; /* as in a row of the bus */
	int (*run)(void *live, const json_t *in, json_t **ret, const char **ret_wrong,
		   struct diag *d);
};

struct stage_live_ops {
	const char *interface; /* io.weir.NAME of its commands and questions; NULL = the stage's */
	int (*open)(const struct stage_host *host, void **ret, struct diag *d);
	void (*close)(void *live); /* handles only: what is pinned stays */
	void (*stop)(void *live);  /* everything of ours goes, pins too */
	/* Interfaces to be watched closely: a change of theirs is acted on at once. */
	int (*interfaces)(const void *live, struct name_list *out);
	/* The world changed: what can be done about it without a sync is done at once. */
	void (*look)(void *live, const struct pipe_facts *facts, const struct counter_view *counters);
	/*
	 * Before anything is planned: works out what it wants, for `plan` to look at; changes
	 * nothing.  `conf` is NULL without the section.  May be NULL.
	 */
	int (*wish)(void *live, const void *conf, const struct pipe_facts *facts, struct diag *d);
	/* Before copies are loaded: makes what they share.  `conf` is NULL without the section. */
	int (*prepare)(void *live, const void *conf, const struct pipe_facts *facts,
		       const struct pipe_plan *plan, struct diag *d);
	/* The copies are in place: brings the shared maps in line.  Cannot fail. */
	void (*settle)(void *live, const struct counter_view *counters);
	/* The sync failed; what was prepared is not to be.  Also ends a command that led to it. */
	void (*revert)(void *live);
	/* Once a second; true when a sync is wanted. */
	bool (*tick)(void *live, const struct counter_view *counters);
	const struct stage_command *commands; /* ends with a NULL name; may be NULL */
	const struct stage_query *queries;    /* the same */
	/* Adds lines below the stage's table.  May be NULL. */
	void (*notes)(void *live, json_t *notes);
	/* Of the stage that knows subscribers: who they are; and how often a number of theirs was
	 * given to somebody, false behind the last.  May be NULL. */
	int (*who)(const void *live, struct pipe_who *ret);
	bool (*given)(const void *live, uint32_t id, uint32_t *ret);
	/* What happens to packets of this address, a sentence per line, and as data.  May be NULL. */
	void (*address)(void *live, const char *address, struct strbuf *lines, json_t *facts);
};

struct stage_ops {
	const char *name;  /* as in stages.def; also the name of its section and its command */
	const char *title; /* one line for help */
	const struct schema *schema;
	const struct stage_ops *needs; /* its section makes no sense without that one's; or NULL */
	size_t port_size; /* bytes of plan per port; compared byte by byte to find what changed */

	/* What single keys cannot show; reports every problem.  The section is present. */
	int (*check)(const void *conf, const struct pipe_facts *facts, struct diag *d);
	/* Adds its wishes to the ports it concerns (pipe_plan_port).  Pure. */
	int (*plan)(const void *conf, const struct pipe_facts *facts, struct pipe_plan *plan,
		    const void *live);
	/* Before verification: switches and constants of this port's copy. */
	void (*setup)(const struct port_plan *port, struct pipe_bpf *bpf, struct switches *on,
		      void *live);
	/* After load, before it sees traffic: fills the copy's own maps.  0 or -errno. */
	int (*fill)(const struct port_plan *port, const struct pipe_bpf *bpf);

	const struct stage_column *columns; /* ends with a NULL key */
	/* Rows for `show`: objects with the columns' keys.  `counters` is asked per port. */
	json_t *(*show)(const struct pipe_plan *plan, const struct pipe_facts *facts,
			const struct counter_view *counters, void *live);
	/* What happens to frames of this port, a sentence per line. */
	void (*explain)(const struct port_plan *port, const struct pipe_facts *facts,
			struct strbuf *out, const void *live);
	/* What it would make of the section, for `weir check --plan`.  May be NULL. */
	int (*preview)(const void *conf, const struct pipe_facts *facts, struct strbuf *out,
		       struct diag *d);
	const struct stage_live_ops *live; /* NULL for most */
};

#define STAGE(s) extern const struct stage_ops stage_##s;
#include "pipe/stages.def"
#undef STAGE
extern const struct stage_ops *const stages[STAGE_MAX];
