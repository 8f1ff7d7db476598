/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of draining: known flows are looked through once a second until none of them lives. */
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "pipe/balance/live.h"
#include "pipe/balance/maps.h"

#define CHUNK 1024

struct flow_page {
	uint64_t key[CHUNK];
	struct balance_flow flow[CHUNK];
	uint32_t n;
};

static int64_t age_of(const struct balancer *b, const struct balance_flow *flow)
{
	return (int32_t)(b->table->now - flow->seen);
}

static void look_at_page(struct balancer *b, struct flow_page *page, unsigned *living)
{
	for (uint32_t i = 0; i < page->n; i++) {
		const struct balance_flow *flow = &page->flow[i];

		if (age_of(b, flow) <= b->idle)
			living[flow->slot]++;
		else if (!b->table->learning) /* till then forgetting a new one would make it known */
			(void)bpf_map_delete_elem(b->flows_fd, &page->key[i]);
	}
}

/* How many flows live, by slot. */
static void look_at_flows(struct balancer *b, unsigned *living)
{
	static struct flow_page page;
	uint32_t at = 0;
	int r;

	memset(living, 0, sizeof(*living) * (BALANCE_NONE + 1));
	if (b->flows_fd < 0)
		return;
	for (bool first = true;; first = false) {
		page.n = CHUNK;
		r = bpf_map_lookup_batch(b->flows_fd, first ? NULL : &at, &at, page.key, page.flow,
					 &page.n, NULL);
		if (r && r != -ENOENT)
			return;
		look_at_page(b, &page, living);
		if (r)
			return; /* the last of them */
	}
}

static const char *why_over(const struct balancer *b, const struct balance_member *m, unsigned living)
{
	int64_t age = time(NULL) - m->goal.since;

	if (b->policy == POLICY_ROUND_ROBIN)
		return "turns know no flows";
	if (age >= b->max)
		return "its time is over";
	if (age < b->learn || living)
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
	unsigned living[BALANCE_NONE + 1];
	bool ended = false;

	if (!b->draining)
		return false;
	b->table->learning = balancer_learns(b, &b->members);
	look_at_flows(b, living);
	vec_foreach(&b->members.all, m) {
		const char *why = why_over(b, m, living[m->slot]);

		m->flows = living[m->slot];
		if (m->goal.drain && !m->goal.drained && why)
			ended |= end(live, b, m, why);
	}
	return ended;
}
