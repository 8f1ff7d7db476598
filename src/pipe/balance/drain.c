/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of draining: known flows are looked through once a second until none of them lives. */
#include "pipe/balance/flows.h"
#include "pipe/balance/live.h"

static const char *why_over(const struct balancer *b, const struct balance_member *m, unsigned living)
{
	int64_t age = balance_seconds() - m->goal.since;

	if (b->rules.policy == POLICY_ROUND_ROBIN)
		return "turns know no flows";
	if (age >= b->rules.max)
		return "its time is over";
	if (age < b->rules.learn || living)
		return NULL;
	return "no flow of its own is left";
}

static bool end(struct balance_live *live, struct balancer *b, const struct balance_member *m,
		const char *why)
{
	struct balance_change *c = balance_changes_find(&live->changes, b->name, m->goal.name);

	if (!c || c->drained)
		return false;
	c->drained = true;
	balance_live_save(live);
	balance_tell(live, m->goal.name, "drained", "drained from '%s': %s", b->name, why);
	return true;
}

bool balance_drain_tick(struct balance_live *live, struct balancer *b)
{
	unsigned living[BALANCE_SLOTS];
	bool ended = false, learns;

	if (!b->draining)
		return false;
	learns = balancer_learns(b, &b->members);
	/* As long as it is learned, forgetting a new flow would make it a known one. */
	balance_flows_count(b, b->rules.idle, !learns, living);
	vec_foreach(&b->members.all, m) {
		const char *why = why_over(b, m, living[m->slot]);

		m->flows = living[m->slot];
		if (m->goal.drain && !m->goal.drained && why)
			ended |= end(live, b, m, why);
	}
	return ended;
}
