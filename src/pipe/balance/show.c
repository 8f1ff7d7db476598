/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of `weir balance show`: a row per target. */
#include "pipe/balance/live.h"

const struct stage_column balance_columns[] = {
	{ "balancer", "BALANCER", false },
	{ "target", "TARGET", false },
	{ "state", "STATE", false },
	{ "weight", "WEIGHT", true },
	{ "share_percent", "SHARE %", true },
	{ "packets", "PACKETS", true },
	{ "bytes", "BYTES", true },
	{ "packets_per_second", "PACKETS/S", true },
	{ "bits_per_second", "BITS/S", true },
	{ "redirect_errors", "ERRORS", true },
	{ "moved_percent", "MOVED %", true },
	{ "known_flows", "KNOWN", true },
	{ NULL, NULL, false },
};

/* Two digits behind the point are what the table's size can tell. */
static double percent(double part)
{
	return (double)(long long)(part * 10000 / BALANCE_BUCKETS + 0.5) / 100;
}

/* By turns the shares are those of the weights, by flows those of the table. */
static double share_of(const struct balancer *b, const struct balance_member *m)
{
	const uint32_t half = b->table->half & 1;
	unsigned turns = 0;

	if (b->rules.policy != POLICY_ROUND_ROBIN)
		return percent(balancer_owned(b, m->slot));
	for (unsigned i = 0; i < b->table->n_turns[half]; i++)
		turns += b->table->turns[half][i] == m->slot;
	return percent((double)turns * BALANCE_BUCKETS / b->table->n_turns[half]);
}

/* By the last change that moved anything: what came to it, or went. */
static double moved(const struct spread_change *change, unsigned slot)
{
	return percent(change->in[slot]) - percent(change->out[slot]);
}

static const char *state_of(const struct balancer *b, const struct balance_member *m)
{
	if (m->backup && m->alive)
		return b->on_backup ? "backup, in use" : "backup";
	return balance_state_name(m->state);
}

static json_t *show_member(const struct balancer *b, const struct balance_member *m,
			   const struct counter_view *counters)
{
	struct pipe_count n = balancer_count(b, m, counters);
	struct watch_loss loss = counters->loss(counters->source, (int)m->ifindex);

	return json_pack("{s:s, s:s, s:s, s:i, s:f, s:I, s:I, s:I, s:I, s:I, s:f, s:i, s:s, "
			 "s:b}",
			 "balancer", b->name, "target", m->goal.name, "state", state_of(b, m),
			 "weight", (int)m->goal.weight, "share_percent", share_of(b, m), "packets",
			 (json_int_t)n.packets, "bytes", (json_int_t)n.bytes, "packets_per_second",
			 (json_int_t)(m->pps + 0.5), "bits_per_second", (json_int_t)(m->bps + 0.5),
			 "redirect_errors", (json_int_t)loss.lost, "moved_percent",
			 moved(&b->change, m->slot), "known_flows", (int)m->flows, "policy",
			 balance_policy_names[b->rules.policy], "by_command", m->goal.by_command);
}

json_t *balance_show(const struct pipe_plan *plan, const struct pipe_facts *facts,
		     const struct counter_view *counters, void *data)
{
	const struct balance_live *live = data;
	json_t *list = json_array();

	if (!live)
		return list;
	vec_foreach(&live->balancers, b)
		vec_foreach(&(*b)->members.all, m)
			(void)json_array_append_new(list, show_member(*b, m, counters));
	return list;
}
