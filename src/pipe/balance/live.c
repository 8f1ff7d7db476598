/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/balance/live.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "pipe/balance/flows.h"
#include "pipe/balance/maps.h"

struct balancer *balance_live_find(const struct balance_live *live, const char *name)
{
	vec_foreach(&live->balancers, b)
		if (!strcmp((*b)->name, name))
			return *b;
	return NULL;
}

const struct balance_changes *balance_live_changes(const struct balance_live *live)
{
	static const struct balance_changes none;

	return live ? &live->changes : &none;
}

void balance_tell(struct balance_live *live, const char *subject, const char *event,
		  const char *format, ...)
{
	char text[400];
	va_list args;

	if (!live->tell)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	live->tell(subject, event, text, live->tell_data);
}

/* --- life -------------------------------------------------------------------------------------- */

static void live_close(void *data)
{
	struct balance_live *live = data;

	if (!live)
		return;
	vec_foreach(&live->balancers, b)
		balancer_free(*b);
	vec_free(&live->balancers);
	balance_changes_free(&live->changes);
	balance_changes_free(&live->before);
	free(live->pins);
	free(live->path);
	free(live);
}

static int open_files(struct balance_live *live, const struct stage_host *host, struct diag *d)
{
	if (host->pins) {
		live->pins = strdup(host->pins);
		if (!live->pins)
			return -ENOMEM;
	}
	if (!host->state)
		return 0;
	if (asprintf(&live->path, "%s/balance.json", host->state) < 0) {
		live->path = NULL;
		return -ENOMEM;
	}
	return balance_changes_load(&live->changes, live->path, d);
}

static int live_open(const struct stage_host *host, void **ret, struct diag *d)
{
	struct balance_live *live = calloc(1, sizeof(*live));
	int r;

	if (!live)
		return -ENOMEM;
	live->kernel = host->kernel;
	live->tell = host->tell;
	live->tell_data = host->data;
	r = open_files(live, host, d);
	if (r) {
		live_close(live);
		return r;
	}
	*ret = live;
	return 0;
}

static bool no_pin_is_known(const char *pin, const void *data)
{
	return false;
}

static void live_stop(void *data)
{
	struct balance_live *live = data;

	if (live->pins)
		balance_maps_sweep(live->pins, no_pin_is_known, NULL);
}

static bool pin_is_known(const char *pin, const void *data)
{
	const struct balance_live *live = data;

	vec_foreach(&live->balancers, b) {
		const char *table = strrchr((*b)->table_pin, '/'),
			   *flows = strrchr((*b)->flows_pin, '/');

		if (!strcmp(table + 1, pin) || !strcmp(flows + 1, pin))
			return true;
	}
	return false;
}

static int live_interfaces(const void *data, struct name_list *out)
{
	const struct balance_live *live = data;
	int r = 0;

	vec_foreach(&live->changes.all, c)
		if (c->added && !r)
			r = vec_push(&out->names, c->target);
	vec_foreach(&live->balancers, b)
		vec_foreach(&(*b)->members.all, m)
			if (!r)
				r = vec_push(&out->names, m->goal.name);
	return r;
}

/* --- a sync ------------------------------------------------------------------------------------ */

static struct balancer *find_or_make(struct balance_live *live, const char *name, struct diag *d)
{
	struct balancer *b = balance_live_find(live, name);

	if (b || balancer_new(name, live->pins, &b, d))
		return b;
	if (vec_push(&live->balancers, b)) {
		balancer_free(b);
		return NULL;
	}
	return b;
}

static bool any_drains(const struct balance_goals *goals)
{
	vec_foreach(&goals->all, goal)
		if (goal->drain && !goal->drained)
			return true;
	return false;
}

/* Known flows are forgotten only after no copy of the program asks for them any more. */
static int prepare_flows(struct balancer *b, const struct balancer_conf *conf,
			 const struct balance_goals *goals)
{
	if (any_drains(goals) && conf->policy.value != POLICY_ROUND_ROBIN) {
		/* Those of a draining that ended a moment ago have moved since. */
		if (!b->fresh && !b->draining && b->flows_fd >= 0)
			balance_flows_clear(b);
		return balance_flows_open(b, (uint32_t)conf->drain.flows.value);
	}
	/* A daemon that was killed may have left a pin. */
	if (!b->draining && (b->fresh || b->flows_fd >= 0))
		balance_flows_close(b);
	return 0;
}

static int prepare_one(struct balance_live *live, const struct balancer_conf *conf,
		       const struct pipe_facts *facts, const struct pipe_plan *plan, struct diag *d)
{
	struct balance_goals goals = { 0 };
	struct balancer *b = find_or_make(live, balancer_conf_name(conf), d);
	int r = b ? balance_goals_make(conf, &live->changes, &goals) : -ENOMEM;

	if (!r)
		r = prepare_flows(b, conf, &goals);
	if (!r)
		r = balancer_prepare(b, conf, &goals, facts, plan);
	balance_goals_free(&goals);
	/* No packet meets it yet, and the first that does must find it ready. */
	if (!r && b->fresh)
		balancer_make_ready(b);
	return r;
}

static int live_prepare(void *data, const void *section, const struct pipe_facts *facts,
			const struct pipe_plan *plan, struct diag *d)
{
	struct balance_live *live = data;
	const struct balance_conf *conf = section;
	int r = 0;

	vec_foreach(&live->balancers, b)
		(*b)->wanted = false;
	for (size_t i = 0; conf && i < conf->balancers.n && !r; i++)
		r = prepare_one(live, &BALANCERS(conf)[i], facts, plan, d);
	if (!r)
		live->next_conf = conf;
	else if (!d->errors)
		(void)diag_error(d, NULL, "balance: %s", strerror(-r));
	return r;
}

void balance_live_save(struct balance_live *live)
{
	balance_changes_tidy(&live->changes);
	if (live->path && balance_changes_save(&live->changes, live->path))
		balance_tell(live, "balance", "failed",
			     "cannot write %s: the change will not survive a restart", live->path);
}

static void end_command(struct balance_live *live)
{
	if (!live->commanded)
		return;
	live->commanded = false;
	balance_changes_free(&live->before);
	balance_live_save(live);
}

static void drop_unwanted(struct balance_live *live, bool only_fresh)
{
	for (size_t i = live->balancers.n; i-- > 0;) {
		struct balancer *b = live->balancers.at[i];

		if (only_fresh ? !b->fresh : b->wanted)
			continue;
		vec_remove(&live->balancers, i);
		/* After a start that failed the programs of an earlier run go on, and with them its table. */
		if (!only_fresh || !b->continued)
			balancer_unpin(b);
		balancer_free(b);
	}
}

/* Which target is up must not wait for a sync that may fail for somebody else's reasons. */
static void live_look(void *data, const struct pipe_facts *facts, const struct counter_view *counters)
{
	struct balance_live *live = data;

	vec_foreach(&live->balancers, at) {
		if ((*at)->fresh || !balancer_look(*at, facts))
			continue;
		balancer_settle(*at, counters);
		balance_news(live, *at);
	}
}

static void live_settle(void *data, const struct counter_view *counters)
{
	struct balance_live *live = data;

	vec_foreach(&live->balancers, at) {
		struct balancer *b = *at;
		bool drained = b->draining;

		if (!b->wanted)
			continue;
		balancer_settle(b, counters);
		balance_news(live, b);
		b->fresh = false;
		live->wants_sync |= drained && !b->draining;
	}
	live->conf = live->next_conf;
	drop_unwanted(live, false);
	if (live->pins)
		balance_maps_sweep(live->pins, pin_is_known, live);
	end_command(live);
}

static void live_revert(void *data)
{
	struct balance_live *live = data;

	vec_foreach(&live->balancers, b)
		balancer_revert(*b);
	drop_unwanted(live, true);
	if (!live->commanded)
		return;
	live->commanded = false;
	balance_changes_free(&live->changes);
	live->changes = live->before;
	live->before = (struct balance_changes){ 0 };
}

/* --- every second ------------------------------------------------------------------------------ */

static void measure(struct balancer *b, const struct counter_view *counters, double seconds)
{
	vec_foreach(&b->members.all, m) {
		struct pipe_count now = balancer_count(b, m, counters);

		if (seconds > 0 && seconds < 10 && now.packets >= m->last.packets) {
			m->pps = (double)(now.packets - m->last.packets) / seconds;
			m->bps = (double)(now.bytes - m->last.bytes) * 8 / seconds;
		}
		m->last = now;
	}
}

/* A flow's age counts only while a daemon runs: one that was seen when there was none is not old. */
static bool live_tick(void *data, const struct counter_view *counters)
{
	struct balance_live *live = data;
	const int64_t before = live->ticked.tv_sec;
	double seconds = clock_seconds_since(CLOCK_BOOTTIME, &live->ticked);
	uint32_t passed = before ? (uint32_t)(live->ticked.tv_sec - before) : 0;
	bool wanted = live->wants_sync;

	live->wants_sync = false;
	vec_foreach(&live->balancers, b) {
		(*b)->table->now += passed;
		measure(*b, counters, seconds);
		wanted |= balance_drain_tick(live, *b);
	}
	return wanted;
}

const struct stage_live_ops balance_live_ops = {
	.open = live_open,
	.close = live_close,
	.stop = live_stop,
	.interfaces = live_interfaces,
	.look = live_look,
	.prepare = live_prepare,
	.settle = live_settle,
	.revert = live_revert,
	.tick = live_tick,
	.commands = balance_commands,
};
