/* SPDX-License-Identifier: GPL-2.0-only */
/* What engine.c (load, apply, stop) and follow.c (what the world does meanwhile) share. */
#pragma once

#include "daemon/engine.h"
#include "daemon/files.h"
#include "nl/monitor.h"
#include "tune/knob.h"

struct engine {
	struct engine_options options;
	engine_listener listener;
	void *listener_data;
	struct model *model;
	struct model *read; /* read, not yet in force */
	struct diag warnings;
	time_t loaded_at;
	struct pipe_facts facts;	   /* as of the last sync: what changes are told against */
	struct pipe_facts shown;	   /* as of the last question */
	const struct pipe_facts *applying; /* while a sync runs: what it goes by */
	struct pipe_memory memory;
	struct pipeline *pipeline;
	struct knobs knobs;
	char *knobs_path, *memory_path, *last_good;
	struct file_watch *watch;
	int lock;
	struct nl *nl;
	struct nl_monitor *monitor;
	sd_event *loop;
	sd_event_source *monitor_source, *settle_timer, *look_timer, *pulse_timer;
	struct strbuf *changed; /* where changes are noted during a load */
	char trouble[300];	/* the last failure to follow the world, told once */
	char refused[300]; /* why the files as they are now were refused; "" = they are in force */
};

/* Plans and syncs.  `retry`: the operator asks, so what was refused is tried again. */
int engine_apply(struct engine *engine, const struct model *model, bool retry, struct diag *d);
/* An interface went up: what its driver sets then is set as it is to be. */
void engine_came_up(struct engine *engine, int ifindex);
/* Which interfaces were in use, for the next start. */
int engine_remember(struct engine *engine);
