/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/live.h"

#include "pipe/pipeline.h"
#include "pipe/who.h"

#define lives_foreach(lives, ops_)                                                                \
	for (unsigned i = 0; i < STAGE_MAX; i++)                                                  \
		for (const struct stage_live_ops *ops_ = (lives)->at[i] ? stages[i]->live : NULL; \
		     ops_; ops_ = NULL)

int lives_open(const struct stage_host *host, struct lives *lives, struct diag *d)
{
	int r = 0;

	for (unsigned i = 0; i < STAGE_MAX && !r; i++)
		if (stages[i]->live)
			r = stages[i]->live->open(host, &lives->at[i], d);
	if (r)
		lives_close(lives);
	return r;
}

void lives_close(struct lives *lives)
{
	lives_foreach(lives, ops)
	{
		ops->close(lives->at[i]);
		lives->at[i] = NULL;
	}
}

void lives_stop(struct lives *lives)
{
	lives_foreach(lives, ops) ops->stop(lives->at[i]);
}

int lives_interfaces(const struct lives *lives, struct name_list *out)
{
	int r = 0;

	lives_foreach(lives, ops) if (!r) r = ops->interfaces(lives->at[i], out);
	return r;
}

void lives_look(struct lives *lives, const struct pipe_facts *facts,
		const struct counter_view *counters)
{
	lives_foreach(lives, ops) ops->look(lives->at[i], facts, counters);
}

int lives_wish(struct lives *lives, const struct pipe_wish *wish, const struct pipe_facts *facts,
	       struct diag *d)
{
	int r = 0;

	lives_foreach(lives, ops) if (!r && ops->wish) r =
		ops->wish(lives->at[i], wish->stage[i], facts, d);
	return r;
}

int lives_prepare(struct lives *lives, const struct pipe_wish *wish, const struct pipe_facts *facts,
		  const struct pipe_plan *plan, struct diag *d)
{
	int r = 0;

	lives_foreach(lives, ops) if (!r) r =
		ops->prepare(lives->at[i], wish->stage[i], facts, plan, d);
	return r;
}

void lives_settle(struct lives *lives, const struct counter_view *counters)
{
	lives_foreach(lives, ops) ops->settle(lives->at[i], counters);
}

void lives_revert(struct lives *lives)
{
	lives_foreach(lives, ops) ops->revert(lives->at[i]);
}

int lives_who(const struct lives *lives, struct pipe_who *ret)
{
	*ret = (struct pipe_who){ 0 };
	lives_foreach(lives, ops) if (ops->who) return ops->who(lives->at[i], ret);
	return 0;
}

bool lives_given(const struct lives *lives, uint32_t id, uint32_t *ret)
{
	lives_foreach(lives, ops) if (ops->given) return ops->given(lives->at[i], id, ret);
	return false;
}

bool lives_tick(struct lives *lives, const struct counter_view *counters)
{
	bool wanted = false;

	lives_foreach(lives, ops) wanted |= ops->tick(lives->at[i], counters);
	return wanted;
}
