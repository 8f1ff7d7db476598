/* SPDX-License-Identifier: GPL-2.0-only */
/* The live object of classify: the world in force, its maps and queues, what commands changed. */
#pragma once

#include "pipe/classify/seats.h"
#include "pipe/classify/world.h"
#include "pipe/counters.h"
#include "pipe/stage.h"

/* What arrived over the last second, for rates. */
struct classify_rate {
	struct classify_count last;
	double bps[2], pps[2];
};

struct classify_live {
	const struct pipe_kernel *kernel;
	void (*tell)(const char *subject, const char *event, const char *text, void *data);
	void *tell_data;
	char *pins;
	char *changes_path, *seats_path; /* NULL: nothing outlives us */
	struct classify_changes changes, before;
	bool commanded; /* a command changed `changes`, no sync has settled it yet */
	bool unchecked; /* by more than was looked at: all are to be checked against all */
	bool knows_ids; /* an earlier run left who had which number: its counts can go on */
	bool dirty;	/* the seats on disk are not those in force */
	bool unsaved;	/* they could not be written: again after `pause` seconds */
	bool stopped;	/* nothing of ours is left behind */
	unsigned pause;
	struct classify_seats seats; /* an earlier run's, until the first world is in force */
	struct classify_ids ids;
	struct shaper_tree *tree;
	struct classify_world *now, *next;	   /* next: prepared; NULL = nothing */
	struct classify_table *table, *next_table; /* next: only when its size changes */
	bool behind;				   /* the table is not what `now` says */
	int cpus_fd, strangers_fd;		   /* -1 = not made yet */
	bool made_cpus;				   /* by us, not by an earlier run */
	uint64_t cpu_lost;			   /* frames that found a CPU's queue full */
	int counts_fd, next_counts_fd;
	struct classify_count *counts, *next_counts; /* mapped: [cpu][id_room] */
	size_t counts_bytes, next_counts_bytes;
	VEC(struct classify_rate) rates; /* by id */
	struct timespec ticked;
};

void classify_tell(struct classify_live *live, const char *subject, const char *event,
		   const char *format, ...) _printf_(4, 5);

/* kept.c */
int classify_kept_open(struct classify_live *live, const struct stage_host *host, struct diag *d);
void classify_kept_save_changes(struct classify_live *live);
/* If they are not saved yet. */
void classify_kept_save_seats(struct classify_live *live);
/* Those that a run which was killed had on interfaces that are not `now`'s. */
void classify_kept_drop_leftover(struct classify_live *live);

/* counts.c */
int classify_counts_make(struct classify_live *live, uint32_t room);
/* The prepared ones come into force; what the old ones counted is not lost. */
void classify_counts_settle(struct classify_live *live, uint32_t room_before);
void classify_counts_revert(struct classify_live *live);
void classify_counts_close(struct classify_live *live);
void classify_counts_unpin(struct classify_live *live);
void classify_counts_clear(struct classify_live *live, uint32_t id);
struct classify_count classify_counts_of(const struct classify_live *live, uint32_t id);
void classify_counts_tick(struct classify_live *live, double seconds);
/* 1 for a moment after start: of nothing. */
const struct classify_rate *classify_rate_of(const struct classify_live *live, uint32_t id);

/* cpus.c */
int classify_cpus_open(struct classify_live *live);
/* A CPU that has a queue gets a thread of the kernel's. */
void classify_cpus_fill(struct classify_live *live, const struct classify_world *w);
void classify_cpus_unpin(const struct classify_live *live);
/* Tells of frames that found a CPU's queue full. */
void classify_cpus_tick(struct classify_live *live, const struct counter_view *counters);
void classify_cpus_notes(void *live, json_t *notes);

/* news.c */
void classify_tell_news(struct classify_live *live, const struct classify_world *was,
			const struct classify_world *is);

/* commands.c, answers.c, address.c */
extern const struct stage_command classify_commands[];
/* What was changed since the last sync that settled is as it was. */
void classify_command_revert(struct classify_live *live);
extern const struct stage_query classify_queries[];
void classify_address(void *live, const char *address, struct strbuf *lines, json_t *facts);

/* who.c */
int classify_who(const void *live, struct pipe_who *ret);
bool classify_given(const void *live, uint32_t id, uint32_t *ret);

extern const struct stage_live_ops classify_live_ops;
