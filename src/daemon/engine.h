/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sequence of start, reload, change of the world and stop: load, validate, plan, apply, commit
 * or keep what was.  Knows the order of things, none of their insides.
 */
#pragma once

#include <systemd/sd-event.h>
#include <time.h>

#include "daemon/sections.h"
#include "pipe/pipeline.h"

struct engine;

struct engine_options {
	const char *const *files; /* of the configuration */
	size_t n_files;
	const char *pins, *state;
	void (*files_changed)(void *data); /* a data file of the configuration was saved */
};

/* Told to everybody who listens: subject first. */
struct engine_event {
	const char *subject, *event, *text;
	struct timespec at;
};
typedef void (*engine_listener)(const struct engine_event *event, void *data);

int engine_new(sd_event *loop, const struct engine_options *options, engine_listener listener,
	       void *data, struct engine **ret, struct diag *d);
/* Frees handles; what is attached stays.  engine_stop() first to take it away. */
void engine_free(struct engine *engine);
DEFINE_CLEANUP(struct engine *, engine_free)

/* Reads files and checks them against this machine; changes nothing. */
int engine_check(const char *const *files, size_t n, struct diag *d);
/* The same; then what the sections would make of it, in words. */
int engine_preview(const char *const *files, size_t n, struct strbuf *out, struct diag *d);
/* Reads the files, which the next engine_load() then puts in force. */
int engine_read(struct engine *engine, struct diag *d);
/* First load and every later one; reads the files unless that was done.  On failure what runs
 * stays.  `changed` gets a line per change. */
int engine_load(struct engine *engine, struct diag *d, struct strbuf *changed);
/* A command changed what a stage wishes: brings what runs in line, or leaves it. */
int engine_change(struct engine *engine, struct diag *d, struct strbuf *changed);
/* Starts following interfaces. */
int engine_follow(struct engine *engine, struct diag *d);
/* Detaches everything and puts every knob back. */
void engine_stop(struct engine *engine);

/* What is in force; before the first load, what was read. */
const struct model *engine_model(const struct engine *engine);
const struct pipe_facts *engine_facts(const struct engine *engine);
struct pipeline *engine_pipeline(const struct engine *engine);
/* Warnings of the load in force. */
const struct diag *engine_warnings(const struct engine *engine);
/* Why the configuration on disk is not the one in force, as of the last reload; "" = it is. */
const char *engine_refused(const struct engine *engine);
time_t engine_loaded_at(const struct engine *engine);
/* Reads the interfaces anew, for an answer that must not be stale. */
void engine_refresh(struct engine *engine);
void engine_tell(struct engine *engine, const char *subject, const char *event, const char *format,
		 ...) _printf_(4, 5);
