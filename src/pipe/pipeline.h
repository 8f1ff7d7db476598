/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet path on all interfaces.  One verb does start, reload and every change of the world:
 * bring what runs in line with wish and facts, all or nothing, without a packet missed (but for a
 * port that changes between native and generic XDP, which the kernel cannot exchange in place).
 */
#pragma once

#include <jansson.h>

#include "pipe/hook.h"
#include "pipe/settings.h"
#include "pipe/stage.h"

struct pipeline;

/* What the operator wants: a section per stage (NULL = absent) and the settings (NULL = default). */
struct pipe_wish {
	const void *stage[STAGE_MAX];
	const struct mark *at[STAGE_MAX]; /* where the sections begin; may be NULL */
	const struct pipe_settings *settings;
	bool retry; /* the operator asks: try again what was refused before */
};

/* What surrounds the pipeline does before a port carries traffic and after it stopped doing so. */
struct pipe_surroundings {
	int (*before)(const struct port_plan *port, void *data, struct diag *d);
	void (*after)(int ifindex, void *data);
	/* A line for people: "eth1: attached in native mode". */
	void (*tell)(const char *subject, const char *event, const char *text, void *data);
	void *data;
};

/* `pins` must be a directory on a bpffs; `state` is where stages keep what was told them. */
int pipeline_new(const char *pins, const char *state, const struct pipe_surroundings *surroundings,
		 struct pipeline **ret, struct diag *d);
/* Frees our handles; what is attached stays attached and pinned. */
void pipeline_free(struct pipeline *p);
DEFINE_CLEANUP(struct pipeline *, pipeline_free)

/* Every section by itself and against the facts. */
int pipe_wish_check(const struct pipe_wish *wish, const struct pipe_facts *facts, struct diag *d);
/* `facts` gets the modes reached.  On failure everything is as it was. */
int pipeline_sync(struct pipeline *p, const struct pipe_wish *wish, struct pipe_facts *facts,
		  struct diag *d);
/* What stages can do about changed facts without a sync. */
void pipeline_look(struct pipeline *p, const struct pipe_facts *facts);
/* Takes back what a command asked for when it failed before there was a sync; else does nothing. */
void pipeline_revert(struct pipeline *p);
/* True when somebody took a program of ours out of its hook; the next sync puts it back. */
bool pipeline_was_disturbed(struct pipeline *p);
/* Interfaces that a stage follows closely: what happens to them must not wait. */
int pipeline_interfaces(const struct pipeline *p, struct name_list *out);
/* Once a second: true when a stage wants a sync. */
bool pipeline_tick(struct pipeline *p);
/* Takes away what an earlier run left on interfaces that are not ours any more. */
void pipeline_sweep(struct pipeline *p);
/* Detaches all that is ours, also what an earlier run left. */
void pipeline_stop(struct pipeline *p);

/* What runs now. */
const struct pipe_plan *pipeline_plan(const struct pipeline *p);
struct counter_view pipeline_counters(const struct pipeline *p);
void *pipeline_live(const struct pipeline *p, enum stage_id stage);
const struct pipe_kernel *pipeline_kernel(const struct pipeline *p);
