/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * add, remove, weight, drain, undrain, reset: each notes a change on top of the configuration; the
 * sync that follows puts it in force, and a sync that fails takes it back.
 */
#include <errno.h>
#include <string.h>

#include "base/near.h"
#include "pipe/balance/live.h"

struct command {
	struct balance_live *live;
	const struct pipe_facts *facts;
	const char *interface, *balancer; /* NULL = not given */
	json_int_t weight;		  /* 0 = not given */
	const struct balancer_conf *conf; /* of the balancer that is meant */
	struct balance_goals goals;	  /* as they are */
	const char *wrong;		  /* parameter */
	struct diag *d;
};

static int wrong(struct command *c, const char *parameter)
{
	c->wrong = parameter;
	return -EINVAL;
}

/* --- which balancer ---------------------------------------------------------------------------- */

static int unknown_balancer(struct command *c)
{
	const char *names[64], *nearest;
	size_t n = 0;

	for (size_t i = 0; i < c->live->conf->balancers.n && n < ARRAY_LEN(names); i++)
		names[n++] = balancer_conf_name(&BALANCERS(c->live->conf)[i]);
	nearest = near_word(c->balancer, names, n);
	(void)diag_error(c->d, NULL, "there is no balancer '%s'%s%s%s", c->balancer,
			 nearest ? ": did you mean '" : "", nearest ? nearest : "",
			 nearest ? "'?" : "");
	return wrong(c, "balancer");
}

static int get_goals(struct command *c, const struct balancer_conf *conf)
{
	balance_goals_free(&c->goals);
	c->goals = (struct balance_goals){ 0 };
	c->conf = conf;
	return balance_goals_make(conf, &c->live->changes, &c->goals);
}

static int find_by_name(struct command *c)
{
	for (size_t i = 0; i < c->live->conf->balancers.n; i++)
		if (!strcmp(balancer_conf_name(&BALANCERS(c->live->conf)[i]), c->balancer))
			return get_goals(c, &BALANCERS(c->live->conf)[i]);
	return unknown_balancer(c);
}

/* Not named: the only one there is, or that has that target, or that had it. */
static int find_by_target(struct command *c)
{
	const struct balance_conf *conf = c->live->conf;
	const struct balancer_conf *found = NULL, *former = NULL;
	unsigned n = 0, n_former = 0;

	for (size_t i = 0; i < conf->balancers.n; i++) {
		int r = get_goals(c, &BALANCERS(conf)[i]);

		if (r)
			return r;
		if (conf->balancers.n == 1 || balance_goals_find(&c->goals, c->interface)) {
			found = &BALANCERS(conf)[i];
			n++;
		} else if (balance_changes_find(&c->live->changes,
						balancer_conf_name(&BALANCERS(conf)[i]),
						c->interface)) {
			former = &BALANCERS(conf)[i];
			n_former++;
		}
	}
	if (!n) {
		found = former;
		n = n_former;
	}
	if (n == 1)
		return get_goals(c, found);
	(void)diag_error(c->d, NULL,
			 n ? "'%s' is a target of several balancers: say which" :
			     "'%s' is a target of no balancer: say which one is meant",
			 c->interface);
	return wrong(c, "balancer");
}

static int find_balancer(struct command *c)
{
	if (!c->live->conf || !c->live->conf->balancers.n) {
		(void)diag_error(c->d, NULL, "no balancer is configured");
		return wrong(c, "balancer");
	}
	if (c->balancer)
		return find_by_name(c);
	return c->interface ? find_by_target(c) : 0;
}

/* --- which target ------------------------------------------------------------------------------ */

static int unknown_target(struct command *c)
{
	const char *names[BALANCE_TARGETS], *nearest;
	size_t n = 0;

	vec_foreach(&c->goals.all, goal)
		if (n < ARRAY_LEN(names))
			names[n++] = goal->name;
	nearest = near_word(c->interface, names, n);
	(void)diag_error(c->d, NULL, "'%s' is no target of '%s'%s%s%s", c->interface,
			 balancer_conf_name(c->conf), nearest ? ": did you mean '" : "",
			 nearest ? nearest : "", nearest ? "'?" : "");
	return wrong(c, "interface");
}

static int check_is_target(struct command *c)
{
	return balance_goals_find(&c->goals, c->interface) ? 0 : unknown_target(c);
}

static int check_exists(struct command *c)
{
	const struct pipe_link *link = pipe_facts_find(c->facts, c->interface);
	const char *nearest;

	if (link && link->ifindex)
		return 0;
	if (link) {
		(void)diag_error(c->d, NULL, "interface '%s' is away", c->interface);
		return wrong(c, "interface");
	}
	nearest = pipe_facts_nearest(c->facts, c->interface);
	(void)diag_error(c->d, NULL, "there is no interface '%s'%s%s%s", c->interface,
			 nearest ? ": did you mean '" : "", nearest ? nearest : "",
			 nearest ? "'?" : "");
	return wrong(c, "interface");
}

/* One that was renamed is found by both of its names. */
static bool is_meant(const struct command *c, const char *name)
{
	const struct pipe_link *a = pipe_facts_find(c->facts, c->interface);
	const struct pipe_link *b = pipe_facts_find(c->facts, name);

	return !strcmp(c->interface, name) || (a && b && a->ifindex && a->ifindex == b->ifindex);
}

static int check_joins(struct command *c)
{
	const char *problem = NULL;
	bool is_target = false;

	vec_foreach(&c->goals.all, goal)
		is_target |= is_meant(c, goal->name);
	for (size_t i = 0; i < c->conf->in.n; i++)
		if (is_meant(c, INPUTS(c->conf)[i].text))
			problem = "is an input of it: packets would go straight back";
	if (c->conf->backup.text && is_meant(c, c->conf->backup.text))
		problem = "is its backup";
	if (c->goals.all.n >= BALANCE_TARGETS)
		problem = "would be one more than the 64 targets it can have";
	if (is_target)
		problem = "is a target of it already: 'weir balance weight' changes its share";
	if (!problem)
		return check_exists(c);
	(void)diag_error(c->d, NULL, "'%s' cannot join '%s': it %s", c->interface,
			 balancer_conf_name(c->conf), problem);
	return wrong(c, "interface");
}

/* --- the changes ------------------------------------------------------------------------------- */

static bool is_configured(const struct command *c)
{
	for (size_t i = 0; i < c->conf->out.n; i++)
		if (!strcmp(TARGETS(c->conf)[i].name.text, c->interface))
			return true;
	return false;
}

/* What commands say of the target, to be said anew. */
static int change_of(struct command *c, struct balance_change **ret)
{
	*ret = balance_changes_at(&c->live->changes, balancer_conf_name(c->conf), c->interface);
	return *ret ? 0 : -ENOMEM;
}

static void forget(struct balance_change *change)
{
	change->added = change->removed = change->drain = change->drained = false;
	change->weight = 0;
}

static int add(struct command *c)
{
	struct balance_change *change;
	int r = check_joins(c);

	if (!r)
		r = change_of(c, &change);
	if (r)
		return r;
	forget(change);
	change->added = !is_configured(c);
	change->weight = (unsigned)c->weight;
	return 0;
}

static int take_out(struct command *c)
{
	struct balance_change *change;
	int r = check_is_target(c);

	if (!r)
		r = change_of(c, &change);
	if (r)
		return r;
	forget(change);
	change->removed = is_configured(c);
	return 0;
}

static int set_weight(struct command *c)
{
	struct balance_change *change;
	int r = check_is_target(c);

	if (!r)
		r = change_of(c, &change);
	if (!r)
		change->weight = (unsigned)c->weight;
	return r;
}

static int check_drains(struct command *c, bool wanted)
{
	const struct balance_goal *goal = balance_goals_find(&c->goals, c->interface);

	if (!goal)
		return unknown_target(c);
	if (goal->drain != wanted)
		return 0;
	(void)diag_error(c->d, NULL, "'%s' is %s", c->interface,
			 !wanted       ? "not drained" :
			 goal->drained ? "drained already" :
					 "draining already");
	return wrong(c, "interface");
}

static int set_drain(struct command *c, bool drain)
{
	struct balance_change *change;
	int r = check_drains(c, drain);

	if (!r)
		r = change_of(c, &change);
	if (r)
		return r;
	change->drain = drain;
	change->drained = false;
	change->since = balance_seconds();
	return 0;
}

static int drain(struct command *c)
{
	return set_drain(c, true);
}

static int undrain(struct command *c)
{
	return set_drain(c, false);
}

/* Of one target, or of all: the configuration's word counts again. */
static int reset(struct command *c)
{
	struct balance_change *change;

	if (!c->interface) {
		vec_foreach(&c->live->changes.all, any)
			if (!c->balancer || !strcmp(any->balancer, c->balancer))
				forget(any);
		return 0;
	}
	change = balance_changes_find(&c->live->changes, balancer_conf_name(c->conf), c->interface);
	if (!change) {
		(void)diag_error(c->d, NULL, "nothing was changed of '%s' by command", c->interface);
		return wrong(c, "interface");
	}
	forget(change);
	return 0;
}

/* --- the frame around each --------------------------------------------------------------------- */

static int check_weight(struct command *c, const json_t *in)
{
	const json_t *weight = json_object_get(in, "weight");

	if (!weight || json_is_null(weight) || (c->weight >= 1 && c->weight <= BALANCE_WEIGHT_MAX))
		return 0;
	(void)diag_error(c->d, NULL, "%lld is no weight: expected 1 to %d", (long long)c->weight,
			 BALANCE_WEIGHT_MAX);
	return wrong(c, "weight");
}

static int run(struct command *c, const json_t *in, int (*change)(struct command *c))
{
	int r = check_weight(c, in);

	if (!r && !c->interface && change != reset)
		r = wrong(c, "interface"); /* which the bus asks for */
	if (!r)
		r = find_balancer(c);
	if (!r)
		r = balance_changes_copy(&c->live->changes, &c->live->before);
	if (r)
		return r;
	r = change(c);
	if (r)
		balance_changes_free(&c->live->before);
	else
		c->live->commanded = true;
	if (r)
		c->live->before = (struct balance_changes){ 0 };
	return r;
}

static int frame(void *live, const struct pipe_facts *facts, const json_t *in,
		 const char **ret_wrong, struct diag *d, int (*change)(struct command *c))
{
	struct command c = {
		.live = live,
		.facts = facts,
		.interface = json_string_value(json_object_get(in, "interface")),
		.balancer = json_string_value(json_object_get(in, "balancer")),
		.weight = json_integer_value(json_object_get(in, "weight")),
		.d = d,
	};
	int r = run(&c, in, change);

	balance_goals_free(&c.goals);
	if (r)
		*ret_wrong = c.wrong;
	return r;
}

#define COMMAND(name, change)                                                         \
	static int name(void *live, const struct pipe_facts *facts, const json_t *in, \
			const char **ret_wrong, struct diag *d)                       \
	{                                                                             \
		return frame(live, facts, in, ret_wrong, d, change);                  \
	}

COMMAND(run_add, add)
COMMAND(run_remove, take_out)
COMMAND(run_weight, set_weight)
COMMAND(run_drain, drain)
COMMAND(run_undrain, undrain)
COMMAND(run_reset, reset)

#define TARGET "(interface: string, balancer: ?string)"

const struct stage_command balance_commands[] = {
	{ "Add", "(interface: string, weight: ?int, balancer: ?string)",
	  "A target joins; it takes its share of the flows and no other moves.", run_add },
	{ "Remove", TARGET, "A target leaves at once; only its own flows move.", run_remove },
	{ "SetWeight", "(interface: string, weight: int, balancer: ?string)",
	  "Another share for a target.", run_weight },
	{ "Drain", TARGET, "Flows a target knows stay until they end, new ones go elsewhere.",
	  run_drain },
	{ "Undrain", TARGET, "A drained target gets its share again.", run_undrain },
	{ "Reset", "(interface: ?string, balancer: ?string)",
	  "Forgets what was changed by command, of one target or of all.", run_reset },
	{ .name = NULL },
};
