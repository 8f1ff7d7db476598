/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/balance/balancer.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pipe/balance/flows.h"
#include "pipe/balance/maps.h"
#include "pipe/target.h"

const char *balance_state_name(enum balance_state state)
{
	static const char *const names[] = {
		[BALANCE_UP] = "up",
		[BALANCE_DOWN] = "down",
		[BALANCE_NO_CARRIER] = "no carrier",
		[BALANCE_AWAY] = "away",
		[BALANCE_DRAINING] = "draining",
		[BALANCE_DRAINED] = "drained",
	};

	return names[state];
}

static struct balance_member *find_member(const struct balance_members *members, const char *name)
{
	vec_foreach(&members->all, m)
		if (!strcmp(m->goal.name, name))
			return m;
	return NULL;
}

const struct balance_member *balancer_member(const struct balancer *b, const char *name)
{
	return find_member(&b->members, name);
}

/* --- life -------------------------------------------------------------------------------------- */

void balancer_free(struct balancer *b)
{
	if (!b)
		return;
	if (b->table)
		(void)munmap(b->table, sizeof(*b->table));
	cleanup_close(&b->table_fd);
	cleanup_close(&b->ports_fd);
	cleanup_close(&b->fragments_fd);
	balance_flows_release(b);
	vec_free(&b->members.all);
	vec_free(&b->next.all);
	vec_free(&b->was.all);
	vec_free(&b->inputs);
	vec_free(&b->next_inputs);
	free(b->table_pin);
	free(b->flows_pin);
	free(b);
}

void balancer_unpin(struct balancer *b)
{
	if (b->table_pin)
		(void)unlink(b->table_pin);
	if (b->flows_pin)
		(void)unlink(b->flows_pin);
}

int balancer_new(const char *name, const char *pins, struct balancer **ret, struct diag *d)
{
	_cleanup_(balancer_freep) struct balancer *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	b->table_fd = b->ports_fd = b->fragments_fd = b->flows_fd = -1;
	b->fresh = true;
	(void)snprintf(b->name, sizeof(b->name), "%s", name);
	r = balance_maps_open(b, pins);
	if (r)
		return diag_error(d, NULL, "balancer '%s': cannot make its maps: %s", name,
				  strerror(-r)),
		       r;
	*ret = TAKE_PTR(b);
	return 0;
}

/* --- what is to be ----------------------------------------------------------------------------- */

static enum balance_state state_of(const struct balance_goal *goal, const struct pipe_link *link)
{
	if (!link || !link->ifindex)
		return BALANCE_AWAY;
	if (!link->up)
		return BALANCE_DOWN;
	if (!link->carrier)
		return BALANCE_NO_CARRIER;
	if (goal->drain)
		return goal->drained ? BALANCE_DRAINED : BALANCE_DRAINING;
	return BALANCE_UP;
}

static void set_state(struct balance_member *m, const struct pipe_link *link)
{
	m->state = state_of(&m->goal, link);
	m->alive = link && link->ifindex && link->up && link->carrier;
	m->ifindex = link ? (uint32_t)link->ifindex : 0;
}

/* Native inputs can redirect only to what takes it; generic XDP can always. */
static bool takes_all(const struct balancer *b, const struct pipe_link *link,
		      const struct pipe_plan *plan)
{
	vec_foreach(&b->next_inputs, input) {
		const struct port_plan *port = pipe_plan_find(plan, (int)*input);

		if (port && port->mode == XDP_MODE_NATIVE &&
		    !target_takes_redirects(link, port->frags))
			return false;
	}
	return true;
}

static int free_slot(struct balancer *b)
{
	for (unsigned i = 0; i < BALANCE_NONE; i++) {
		unsigned slot = b->next_slot++ % BALANCE_NONE;

		if (!b->table->slot[slot].used)
			return (int)slot;
	}
	return -ENOSPC;
}

/* A target keeps its slot for as long as it is one, also over restarts. */
static int slot_of(struct balancer *b, const char *name)
{
	struct balance_slot *s;
	int slot;

	for (unsigned i = 0; i < BALANCE_SLOTS; i++)
		if (b->table->slot[i].used && !strcmp(b->table->slot[i].name, name))
			return (int)i;
	slot = free_slot(b);
	if (slot < 0)
		return slot;
	s = &b->table->slot[slot];
	*s = (struct balance_slot){ .used = BALANCE_SLOT_NEW };
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	return slot;
}

static int add_member(struct balancer *b, const struct balance_goal *goal, bool backup,
		      const struct pipe_facts *facts, const struct pipe_plan *plan)
{
	const struct pipe_link *link = pipe_facts_find(facts, goal->name);
	const struct balance_member *old = find_member(&b->members, goal->name);
	struct balance_member m = { .goal = *goal, .backup = backup };
	int slot = slot_of(b, goal->name);

	if (slot < 0)
		return slot;
	m.slot = (uint8_t)slot;
	set_state(&m, link);
	m.direct = link && takes_all(b, link, plan);
	if (old) {
		m.last = old->last;
		m.pps = old->pps;
		m.bps = old->bps;
	}
	return vec_push(&b->next.all, m);
}

static int find_inputs(struct balancer *b, const struct balancer_conf *conf,
		       const struct pipe_facts *facts)
{
	int r = 0;

	b->next_inputs.n = 0;
	for (size_t i = 0; i < conf->in.n && !r; i++) {
		const struct pipe_link *link = pipe_facts_find(facts, INPUTS(conf)[i].text);

		if (link && link->ifindex)
			r = vec_push(&b->next_inputs, (uint32_t)link->ifindex);
	}
	return r;
}

int balancer_prepare(struct balancer *b, const struct balancer_conf *conf,
		     const struct balance_goals *goals, const struct pipe_facts *facts,
		     const struct pipe_plan *plan)
{
	struct balance_goal backup = { .weight = 1 };
	int r = find_inputs(b, conf, facts);

	b->wanted = true;
	b->next.all.n = 0;
	vec_foreach(&goals->all, goal)
		if (!r)
			r = add_member(b, goal, false, facts, plan);
	if (!r && balancer_conf_none(conf) == NONE_BACKUP && conf->backup.text &&
	    !find_member(&b->next, conf->backup.text)) {
		(void)snprintf(backup.name, sizeof(backup.name), "%s", conf->backup.text);
		r = add_member(b, &backup, true, facts, plan);
	}
	if (r)
		return r;
	b->next_rules = (struct balance_rules){ .policy = conf->policy.value,
						.none = balancer_conf_none(conf),
						.learn = conf->drain.learn.value,
						.idle = conf->drain.idle.value,
						.max = conf->drain.max.value };
	return 0;
}

/* Slots that were taken for what now is not to be. */
static void drop_slots(struct balancer *b, const struct balance_members *keep)
{
	for (unsigned i = 0; i < BALANCE_SLOTS; i++)
		if (b->table->slot[i].used && !find_member(keep, b->table->slot[i].name))
			b->table->slot[i].used = 0;
}

void balancer_revert(struct balancer *b)
{
	b->next.all.n = 0;
	b->next_inputs.n = 0;
	if (!b->fresh)
		drop_slots(b, &b->members);
}

/* --- counts ------------------------------------------------------------------------------------ */

static void add_input(struct pipe_count *sum, const struct counter_view *counters, uint32_t input,
		      unsigned slot)
{
	const struct counter_block *block = counters->find(counters->source, (int)input);

	for (unsigned i = 0; block && i < block->n_cpus; i++) {
		const volatile struct pipe_count *c = &block->cpu[i].balance.target[slot];

		sum->packets += c->packets;
		sum->bytes += c->bytes;
	}
}

static struct pipe_count raw_count(const struct balancer *b, unsigned slot,
				   const struct counter_view *counters)
{
	struct pipe_count sum = { 0 };

	vec_foreach(&b->inputs, input)
		add_input(&sum, counters, *input, slot);
	return sum;
}

struct pipe_count balancer_count(const struct balancer *b, const struct balance_member *m,
				 const struct counter_view *counters)
{
	const struct balance_slot *s = &b->table->slot[m->slot];
	const struct pipe_count raw = raw_count(b, m->slot, counters);
	const struct pipe_count sum = { .packets = raw.packets - s->base_packets,
					.bytes = raw.bytes - s->base_bytes };

	/* Less than nothing: counters that began anew know nothing of the base.  The base itself
	 * may be less, by what an input counted that is none any more. */
	return (int64_t)sum.packets < 0 || (int64_t)sum.bytes < 0 ? raw : sum;
}

static bool is_input(const uint32_t *list, size_t n, uint32_t input)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == input)
			return true;
	return false;
}

/* What an input counted before it came, or takes away when it goes, must not show in the sums. */
static void change_inputs(struct balancer *b, const struct counter_view *counters)
{
	for (unsigned slot = 0; slot < BALANCE_SLOTS; slot++) {
		struct balance_slot *s = &b->table->slot[slot];
		struct pipe_count come = { 0 }, go = { 0 };

		if (s->used != BALANCE_SLOT_USED)
			continue;
		vec_foreach(&b->next_inputs, input)
			if (!is_input(b->inputs.at, b->inputs.n, *input))
				add_input(&come, counters, *input, slot);
		vec_foreach(&b->inputs, input)
			if (!is_input(b->next_inputs.at, b->next_inputs.n, *input))
				add_input(&go, counters, *input, slot);
		s->base_packets += come.packets - go.packets;
		s->base_bytes += come.bytes - go.bytes;
	}
}

static void take_inputs(struct balancer *b, const struct counter_view *counters)
{
	if (counters && b->inputs.n)
		change_inputs(b, counters);
	b->inputs.n = 0;
	vec_foreach(&b->next_inputs, input)
		(void)vec_push(&b->inputs, *input);
}

/* A slot's counters are those of its former owner until then. */
static void begin_counts(struct balancer *b, const struct counter_view *counters)
{
	for (unsigned i = 0; i < BALANCE_SLOTS && counters; i++) {
		struct balance_slot *s = &b->table->slot[i];
		struct pipe_count raw;

		if (s->used != BALANCE_SLOT_NEW)
			continue;
		raw = raw_count(b, i, counters);
		s->base_packets = raw.packets;
		s->base_bytes = raw.bytes;
		s->used = BALANCE_SLOT_USED;
	}
}

/* --- from one state to the next ---------------------------------------------------------------- */

static size_t collect(const struct balance_members *members, bool backup,
		      struct spread_target *targets)
{
	size_t n = 0;

	vec_foreach(&members->all, m) {
		if (m->backup != backup || !m->alive || m->goal.drain || n == BALANCE_TARGETS)
			continue;
		targets[n++] = (struct spread_target){ .slot = m->slot,
						       .weight = m->goal.weight,
						       .key = balance_key(m->goal.name) };
	}
	return n;
}

/* The targets that share the packets from now on; without any, the backup. */
static size_t collect_targets(struct balancer *b, struct spread_target *targets)
{
	size_t n = collect(&b->next, false, targets);

	b->on_backup = false;
	if (n || b->rules.none != NONE_BACKUP)
		return n;
	n = collect(&b->next, true, targets);
	b->on_backup = n != 0;
	return n;
}

bool balancer_learns(struct balancer *b, const struct balance_members *members)
{
	uint8_t learning[BALANCE_SLOTS] = { 0 };
	bool any = false;

	vec_foreach(&members->all, m)
		any |= learning[m->slot] = m->goal.drain && !m->goal.drained &&
					   balance_seconds() - m->goal.since < b->rules.learn;
	memcpy(b->table->learning, learning, sizeof(learning));
	return any;
}

/* Buckets of a target whose draining begins remember it; those of one that came back forget. */
static void mark_drained(struct balancer *b)
{
	const uint8_t *owner = b->table->bucket[b->table->half & 1];
	bool drains[BALANCE_NONE + 1] = { 0 };

	b->draining = false;
	vec_foreach(&b->next.all, m)
		b->draining |= drains[m->slot] = m->goal.drain && !m->goal.drained;
	(void)balancer_learns(b, &b->next);
	for (unsigned i = 0; i < BALANCE_BUCKETS; i++) {
		if (drains[owner[i]])
			b->table->was[i] = owner[i];
		else if (!drains[b->table->was[i]])
			b->table->was[i] = BALANCE_NONE;
	}
}

/* The spare half is made ready, then one store puts it in force. */
static void exchange(struct balancer *b)
{
	static struct spread_change change; /* too large for the stack */
	struct spread_target targets[BALANCE_TARGETS];
	const uint32_t now = b->table->half & 1, then = !now;
	size_t n = collect_targets(b, targets);

	memcpy(b->table->bucket[then], b->table->bucket[now], BALANCE_BUCKETS);
	if (spread_plan(b->table->bucket[then], targets, n, &change))
		return; /* no memory: the old order is better than none */
	b->table->n_turns[then] =
		(uint32_t)spread_turns(b->table->turns[then], BALANCE_TURNS, targets, n);
	if (!b->table->n_turns[then]) {
		b->table->turns[then][0] = BALANCE_NONE;
		b->table->n_turns[then] = 1;
	}
	__atomic_store_n(&b->table->half, then, __ATOMIC_RELEASE);
	b->moved = change.moved;
	if (change.moved)
		b->change = change;
}

/* TC and the metadata go by the interface's number, XDP by the devmap. */
static void open_slot(struct balancer *b, const struct balance_member *m)
{
	uint32_t slot = m->slot;

	b->table->slot[slot].ifindex = m->ifindex;
	if (m->direct)
		(void)bpf_map_update_elem(b->ports_fd, &slot, &m->ifindex, BPF_ANY);
	else
		(void)bpf_map_delete_elem(b->ports_fd, &slot);
}

static void close_slots(struct balancer *b)
{
	for (uint32_t slot = 0; slot < BALANCE_SLOTS; slot++) {
		bool open = false;

		vec_foreach(&b->next.all, m)
			open |= m->slot == slot && m->alive;
		if (open || !b->table->slot[slot].ifindex)
			continue;
		b->table->slot[slot].ifindex = 0;
		(void)bpf_map_delete_elem(b->ports_fd, &slot);
	}
}

static void open_slots(struct balancer *b)
{
	vec_foreach(&b->next.all, m)
		if (m->alive)
			open_slot(b, m);
}

/* A table that an earlier run's programs still use is not touched before ours are in place. */
void balancer_make_ready(struct balancer *b)
{
	b->rules = b->next_rules;
	open_slots(b);
	if (!b->continued)
		exchange(b);
}

static void fill(struct balancer *b)
{
	b->moved = 0;
	open_slots(b);
	mark_drained(b);
	exchange(b);
	close_slots(b);
}

void balancer_settle(struct balancer *b, const struct counter_view *counters)
{
	struct balance_members spare = b->was;

	b->rules = b->next_rules;
	fill(b);
	take_inputs(b, counters);
	begin_counts(b, counters);
	drop_slots(b, &b->next);
	spare.all.n = 0;
	b->was = b->members;
	b->members = b->next;
	b->next = spare;
}

static bool look_at(struct balance_member *m, const struct pipe_facts *facts)
{
	const struct pipe_link *link = pipe_facts_find(facts, m->goal.name);
	const struct balance_member was = *m;

	set_state(m, link);
	return m->state != was.state || m->alive != was.alive || m->ifindex != was.ifindex;
}

bool balancer_look(struct balancer *b, const struct pipe_facts *facts)
{
	bool changed = false;

	b->next.all.n = b->next_inputs.n = 0;
	vec_foreach(&b->members.all, m) {
		if (vec_push(&b->next.all, *m))
			return false;
		changed |= look_at(&b->next.all.at[b->next.all.n - 1], facts);
	}
	vec_foreach(&b->inputs, input)
		if (vec_push(&b->next_inputs, *input))
			return false;
	b->next_rules = b->rules;
	return changed;
}

unsigned balancer_owned(const struct balancer *b, unsigned slot)
{
	const uint8_t *owner = b->table->bucket[b->table->half & 1];
	unsigned n = 0;

	for (unsigned i = 0; i < BALANCE_BUCKETS; i++)
		n += owner[i] == slot;
	return n;
}

bool balancer_is_served(const struct balancer *b)
{
	return b->table->bucket[b->table->half & 1][0] != BALANCE_NONE;
}
