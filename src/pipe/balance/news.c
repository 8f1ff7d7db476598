/* SPDX-License-Identifier: GPL-2.0-only */
/* What a change did, in words: who came, went, changed, and how much of the traffic moved. */
#include <stdio.h>
#include <string.h>

#include "pipe/balance/live.h"

static const struct balance_member *find(const struct balance_members *members, const char *name)
{
	vec_foreach(&members->all, m)
		if (!strcmp(m->goal.name, name))
			return m;
	return NULL;
}

static double percent(uint32_t buckets)
{
	return 100.0 * buckets / BALANCE_BUCKETS;
}

/* Where nothing moved there is nothing to say of it. */
static void tell(struct balance_live *live, const struct balancer *b, const char *target,
		 const char *event, const char *what)
{
	if (b->moved && b->rules.policy != POLICY_ROUND_ROBIN)
		balance_tell(live, target, event, "%s; %.1f %% of '%s' moved", what,
			     percent(b->moved), b->name);
	else
		balance_tell(live, target, event, "%s", what);
}

/* Its buckets have new owners, but nothing that flows has moved. */
static void tell_draining(struct balance_live *live, const struct balancer *b, const char *target)
{
	balance_tell(live, target, "draining",
		     "drained from '%s': flows it knows stay, new ones go elsewhere", b->name);
}

static void tell_state(struct balance_live *live, const struct balancer *b,
		       const struct balance_member *was, const struct balance_member *is)
{
	const char *event = is->alive && !is->goal.drain ? "up" : "failed";
	char what[200];

	if (is->goal.drain && !was->goal.drain) {
		tell_draining(live, b, is->goal.name);
		return;
	} else if (was->goal.drain && !is->goal.drain) {
		event = "up";
		(void)snprintf(what, sizeof(what), "back in '%s', no longer drained", b->name);
	} else if (is->alive && !was->alive) {
		(void)snprintf(what, sizeof(what), "back in '%s'", b->name);
	} else if (!is->alive && was->alive) {
		(void)snprintf(what, sizeof(what), "out of '%s': %s", b->name,
			       balance_state_name(is->state));
	} else {
		return;
	}
	tell(live, b, is->goal.name, event, what);
}

static void tell_weight(struct balance_live *live, const struct balancer *b,
			const struct balance_member *was, const struct balance_member *is)
{
	char what[200];

	if (was->goal.weight == is->goal.weight)
		return;
	(void)snprintf(what, sizeof(what), "weight %u in '%s', was %u", is->goal.weight, b->name,
		       was->goal.weight);
	tell(live, b, is->goal.name, "changed", what);
}

static void tell_comings(struct balance_live *live, const struct balancer *b)
{
	char what[200];

	vec_foreach(&b->members.all, is) {
		const struct balance_member *was = find(&b->was, is->goal.name);

		if (was) {
			tell_state(live, b, was, is);
			tell_weight(live, b, was, is);
			continue;
		}
		(void)snprintf(what, sizeof(what), "joined '%s' with weight %u%s%s", b->name,
			       is->goal.weight, is->alive ? "" : ", but: ",
			       is->alive ? "" : balance_state_name(is->state));
		tell(live, b, is->goal.name, "joined", what);
	}
}

static void tell_goings(struct balance_live *live, const struct balancer *b)
{
	char what[200];

	vec_foreach(&b->was.all, was) {
		if (find(&b->members, was->goal.name))
			continue;
		(void)snprintf(what, sizeof(what), "left '%s'", b->name);
		tell(live, b, was->goal.name, "left", what);
	}
}

static unsigned count_alive(const struct balance_members *members)
{
	unsigned n = 0;

	vec_foreach(&members->all, m)
		n += m->alive && !m->backup && !m->goal.drain;
	return n;
}

static const char *where_to(const struct balancer *b)
{
	if (b->rules.none == NONE_DROP)
		return "packets are dropped";
	if (!b->on_backup)
		return "packets go on to the next stage or the kernel";
	return "packets go to the backup";
}

/* The one thing an operator must hear. */
static void tell_none(struct balance_live *live, const struct balancer *b)
{
	if (count_alive(&b->members) || (!b->fresh && !count_alive(&b->was)))
		return;
	balance_tell(live, b->name, "failed", "no target is left: %s", where_to(b));
}

static void tell_start(struct balance_live *live, const struct balancer *b)
{
	unsigned n = 0;

	vec_foreach(&b->members.all, m)
		n += !m->backup;
	balance_tell(live, b->name, "balancing", "%s over %u target%s, %u up",
		     balance_policy_names[b->rules.policy], n, n == 1 ? "" : "s",
		     count_alive(&b->members));
}

void balance_news(struct balance_live *live, const struct balancer *b)
{
	if (b->fresh) {
		tell_start(live, b);
	} else {
		tell_comings(live, b);
		tell_goings(live, b);
	}
	tell_none(live, b);
}
