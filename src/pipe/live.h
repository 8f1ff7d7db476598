/* SPDX-License-Identifier: GPL-2.0-only */
/* The stages' live objects (stage_live_ops), all of them at once. */
#pragma once

#include "pipe/stage.h"

struct pipe_wish;

struct lives {
	void *at[STAGE_MAX]; /* NULL for a stage without one */
};

int lives_open(const struct stage_host *host, struct lives *lives, struct diag *d);
void lives_close(struct lives *lives);
void lives_stop(struct lives *lives);
int lives_interfaces(const struct lives *lives, struct name_list *out);
void lives_look(struct lives *lives, const struct pipe_facts *facts,
		const struct counter_view *counters);
int lives_wish(struct lives *lives, const struct pipe_wish *wish, const struct pipe_facts *facts,
	       struct diag *d);
int lives_prepare(struct lives *lives, const struct pipe_wish *wish, const struct pipe_facts *facts,
		  const struct pipe_plan *plan, struct diag *d);
void lives_settle(struct lives *lives, const struct counter_view *counters);
void lives_revert(struct lives *lives);
/* From the stage that knows subscribers; nobody without one. */
int lives_who(const struct lives *lives, struct pipe_who *ret);
bool lives_given(const struct lives *lives, uint32_t id, uint32_t *ret);
bool lives_tick(struct lives *lives, const struct counter_view *counters);
