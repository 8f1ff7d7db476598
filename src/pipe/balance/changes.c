/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/balance/changes.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"

#define FILE_LIMIT (1 << 20)

void balance_changes_free(struct balance_changes *changes)
{
	vec_free(&changes->all);
}

int balance_changes_copy(const struct balance_changes *from, struct balance_changes *ret)
{
	struct balance_changes copy = { 0 };
	int r = 0;

	vec_foreach(&from->all, c)
		if (!r)
			r = vec_push(&copy.all, *c);
	if (r)
		balance_changes_free(&copy);
	else
		*ret = copy;
	return r;
}

struct balance_change *balance_changes_find(const struct balance_changes *changes,
					    const char *balancer, const char *target)
{
	vec_foreach(&changes->all, c)
		if (!strcmp(c->balancer, balancer) && !strcmp(c->target, target))
			return c;
	return NULL;
}

struct balance_change *balance_changes_at(struct balance_changes *changes, const char *balancer,
					  const char *target)
{
	struct balance_change *old = balance_changes_find(changes, balancer, target);
	struct balance_change new = { 0 };

	if (old)
		return old;
	(void)snprintf(new.balancer, sizeof(new.balancer), "%s", balancer);
	(void)snprintf(new.target, sizeof(new.target), "%s", target);
	if (vec_push(&changes->all, new))
		return NULL;
	return &changes->all.at[changes->all.n - 1];
}

void balance_changes_tidy(struct balance_changes *changes)
{
	for (size_t i = changes->all.n; i-- > 0;) {
		const struct balance_change *c = &changes->all.at[i];

		if (!c->added && !c->removed && !c->weight && !c->drain)
			vec_remove(&changes->all, i);
	}
}

/* --- time --------------------------------------------------------------------------------------- */

int64_t balance_seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

/* What the wall clock shows beyond ours, rounded, so that it is the same at each asking. */
static int64_t wall_offset(void)
{
	struct timespec wall, ours;

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	(void)clock_gettime(CLOCK_BOOTTIME, &ours);
	return wall.tv_sec - ours.tv_sec + (wall.tv_nsec - ours.tv_nsec > 500000000) -
	       (ours.tv_nsec - wall.tv_nsec > 500000000);
}

/* A clock that was set back in between must not make it begin in the future. */
static int64_t from_wall(int64_t seconds)
{
	int64_t since = seconds - wall_offset(), now = balance_seconds();

	return since < now ? since : now;
}

/* --- the file ---------------------------------------------------------------------------------- */

static int take(struct balance_changes *changes, const json_t *row)
{
	const char *balancer = json_string_value(json_object_get(row, "balancer"));
	const char *target = json_string_value(json_object_get(row, "target"));
	json_int_t weight = json_integer_value(json_object_get(row, "weight"));
	struct balance_change *c;

	if (!balancer || !target || strlen(balancer) >= BALANCER_NAME ||
	    strlen(target) >= IF_NAMESIZE || weight < 0 || weight > BALANCE_WEIGHT_MAX)
		return -EINVAL;
	c = balance_changes_at(changes, balancer, target);
	if (!c)
		return -ENOMEM;
	c->added = json_is_true(json_object_get(row, "added"));
	c->removed = json_is_true(json_object_get(row, "removed"));
	c->weight = (unsigned)weight;
	c->drain = json_is_true(json_object_get(row, "drain"));
	c->drained = json_is_true(json_object_get(row, "drained"));
	c->since = from_wall(json_integer_value(json_object_get(row, "since")));
	return 0;
}

int balance_changes_load(struct balance_changes *changes, const char *path, struct diag *d)
{
	_cleanup_free_ char *text = NULL;
	json_t *json, *list, *row;
	size_t len, i;
	int r = file_read(path, FILE_LIMIT, &text, &len), bad = 0;

	if (r == -ENOENT)
		return 0;
	json = r ? NULL : json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	list = json_object_get(json, "changes");
	json_array_foreach(list, i, row)
		bad |= take(changes, row);
	if (!json_is_array(list) || bad) {
		(void)diag_warning(d, NULL, "%s is damaged: changes made by command may be lost",
				   path);
		diag_hint(d, "see 'weir balance show' and make them again");
	}
	json_decref(json);
	return 0;
}

static json_t *to_json(const struct balance_change *c)
{
	json_int_t since = c->since + wall_offset();

	return json_pack("{s:s, s:s, s:b, s:b, s:i, s:b, s:b, s:I}", "balancer", c->balancer,
			 "target", c->target, "added", c->added, "removed", c->removed, "weight",
			 (int)c->weight, "drain", c->drain, "drained", c->drained, "since", since);
}

int balance_changes_save(const struct balance_changes *changes, const char *path)
{
	_cleanup_free_ char *text = NULL;
	json_t *list = json_array(), *json;
	int r = -ENOMEM;

	vec_foreach(&changes->all, c)
		(void)json_array_append_new(list, to_json(c));
	json = json_pack("{s:o}", "changes", list);
	text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
	json_decref(json);
	if (text)
		r = file_write_atomic(path, text, strlen(text), 0600);
	return r;
}

/* --- goals ------------------------------------------------------------------------------------- */

void balance_goals_free(struct balance_goals *goals)
{
	vec_free(&goals->all);
}

static int add_goal(struct balance_goals *goals, const char *name, unsigned weight, bool by_command,
		    const struct balance_change *change)
{
	struct balance_goal goal = { .weight = weight, .by_command = by_command };

	(void)snprintf(goal.name, sizeof(goal.name), "%s", name);
	if (change) {
		goal.weight = change->weight ? change->weight : weight;
		goal.drain = change->drain;
		goal.drained = change->drained;
		goal.since = change->since;
	}
	return vec_push(&goals->all, goal);
}

/* Since the command the configuration may have become one that it does not fit. */
static bool still_fits(const struct balancer_conf *conf, const struct balance_goals *goals,
		       const char *target)
{
	for (size_t i = 0; i < conf->in.n; i++)
		if (!strcmp(INPUTS(conf)[i].text, target))
			return false;
	return goals->all.n < BALANCE_TARGETS && !balance_goals_find(goals, target);
}

int balance_goals_make(const struct balancer_conf *conf, const struct balance_changes *changes,
		       struct balance_goals *ret)
{
	const char *balancer = balancer_conf_name(conf);
	struct balance_goals goals = { 0 };
	int r = 0;

	for (size_t i = 0; i < conf->out.n && !r; i++) {
		const struct balance_target_conf *t = &TARGETS(conf)[i];
		const struct balance_change *c =
			balance_changes_find(changes, balancer, t->name.text);

		if (!c || !c->removed)
			r = add_goal(&goals, t->name.text, (unsigned)t->weight.value, false, c);
	}
	vec_foreach(&changes->all, c)
		if (!r && c->added && !c->removed && !strcmp(c->balancer, balancer) &&
		    still_fits(conf, &goals, c->target))
			r = add_goal(&goals, c->target, 1, true, c);
	if (r)
		balance_goals_free(&goals);
	else
		*ret = goals;
	return r;
}

const struct balance_goal *balance_goals_find(const struct balance_goals *goals, const char *name)
{
	vec_foreach(&goals->all, g)
		if (!strcmp(g->name, name))
			return g;
	return NULL;
}
