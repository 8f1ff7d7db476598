/* SPDX-License-Identifier: GPL-2.0-only */
#include "shaper/plan.h"

#include <errno.h>

#include "shaper/plan_private.h"

static int index_nodes(struct shaper_build *b)
{
	for (size_t i = 0; i < b->network->nodes.n; i++)
		if (net_index_add(&b->nodes, b->network->nodes.at[i].name, i))
			return -ENOMEM;
	return 0;
}

/* A state file may say anything: of two seats with one name the first counts. */
static int index_seats(struct shaper_build *b)
{
	for (size_t i = 0; i < b->past->seats.n; i++) {
		const struct shaper_seat *seat = &b->past->seats.at[i];
		struct net_index *index = &b->seats[seat->kind == SHAPER_CIRCUIT];

		if (!net_index_find(index, seat->name) && net_index_add(index, seat->name, i))
			return -ENOMEM;
	}
	return 0;
}

const struct shaper_seat *shaper_seat_of(const struct shaper_build *b, const struct shaper_item *item)
{
	const size_t *i = net_index_find(&b->seats[item->kind == SHAPER_CIRCUIT], item->name);

	return i ? &b->past->seats.at[*i] : NULL;
}

static uint64_t line_rate(uint64_t uplink)
{
	return uplink ? MAX(uplink, SHAPER_RATE_LEAST) : SHAPER_RATE_MOST;
}

static uint64_t generated_rate(uint64_t wish, uint64_t line)
{
	return wish ? MAX(MIN(wish, line), SHAPER_RATE_LEAST) : line;
}

static void fill_line(struct shaper_build *b)
{
	const struct shaper_settings *s = b->settings;

	b->line = (struct rate_pair){ line_rate(s->uplink.down), line_rate(s->uplink.up) };
	b->generated = (struct rate_pair){ generated_rate(s->generated.down, b->line.down),
					   generated_rate(s->generated.up, b->line.up) };
	b->plan.queues = s->queues;
	b->plan.up_offset = s->up_offset;
	b->plan.uplink = b->line;
}

static int fill_queues(struct shaper_build *b)
{
	const struct shaper_past *past = b->past;

	for (unsigned q = 0; q < b->plan.queues; q++) {
		uint16_t next = q < past->next.n ? past->next.at[q] : 0;

		if (vec_push(&b->plan.load, 0) ||
		    vec_push(&b->plan.next, MAX(next, SHAPER_MINOR_FIRST)))
			return -ENOMEM;
	}
	return 0;
}

static void build_free(struct shaper_build *b)
{
	net_index_free(&b->nodes);
	for (size_t i = 0; i < ARRAY_LEN(b->seats); i++)
		net_index_free(&b->seats[i]);
	shaper_plan_free(&b->plan);
}

static int build(struct shaper_build *b)
{
	int (*const steps[])(struct shaper_build *) = {
		index_nodes,	    index_seats,	  fill_queues,	      shaper_build_tree,
		shaper_build_place, shaper_build_numbers, shaper_build_rates,
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(steps) && !r; i++)
		r = steps[i](b);
	return r;
}

static bool settings_valid(const struct shaper_settings *s)
{
	return s->queues && s->queues <= SHAPER_QUEUES && s->leaf &&
	       (!s->up_offset || (s->up_offset >= s->queues && s->up_offset <= SHAPER_QUEUES));
}

int shaper_plan_make(const struct network *network, const struct shaper_settings *settings,
		     const struct shaper_past *past, shaper_measured measured, const void *data,
		     struct shaper_plan *ret, struct diag *d)
{
	static const struct shaper_past nothing;
	_cleanup_(build_free) struct shaper_build b = { .network = network,
							.settings = settings,
							.past = past ?: &nothing,
							.measured = measured,
							.data = data,
							.d = d };
	int r;

	if (settings->monitor_only) {
		*ret = (struct shaper_plan){ 0 };
		return 0;
	}
	if (!settings_valid(settings))
		return -EINVAL;
	fill_line(&b);
	r = build(&b);
	if (r)
		return r;
	*ret = b.plan;
	b.plan = (struct shaper_plan){ 0 };
	return 0;
}

void shaper_plan_free(struct shaper_plan *plan)
{
	vec_foreach(&plan->strings, string)
		free(*string);
	vec_free(&plan->strings);
	vec_free(&plan->items);
	vec_free(&plan->load);
	vec_free(&plan->next);
}

static uint32_t handle(unsigned major, uint16_t minor)
{
	return (uint32_t)major << 16 | minor;
}

uint32_t shaper_handle_down(const struct shaper_plan *plan, const struct shaper_item *item)
{
	return handle(item->queue + 1u, item->minor);
}

uint32_t shaper_handle_up(const struct shaper_plan *plan, const struct shaper_item *item)
{
	return handle(item->queue + 1u + plan->up_offset, item->minor);
}
