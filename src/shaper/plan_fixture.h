/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of this folder: networks by hand, plans with their findings as one string, and a
 * kernel of our own that takes the steps of a diff and refuses what the real one would.
 */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "shaper/plan.h"

#define MBIT(n) ((uint64_t)(n)*1000000)

/* --- networks --------------------------------------------------------------------------------- */

/* Rates in Mbit/s, the same in both directions; returns the index. */
static inline int fixture_node(struct network *net, const char *name, int parent, uint64_t max)
{
	struct net_node node = { .name = strdup(name),
				 .type = strdup(""),
				 .parent = parent,
				 .max = { MBIT(max), MBIT(max) } };

	assert_int_equal(vec_push(&net->nodes, node), 0);
	return (int)net->nodes.n - 1;
}

static inline struct net_circuit *fixture_circuit(struct network *net, const char *id,
						  const char *parent, uint64_t min, uint64_t max)
{
	struct net_circuit circuit = { .id = strdup(id),
				       .parent = parent ? strdup(parent) : NULL,
				       .min = { MBIT(min), MBIT(min) },
				       .max = { MBIT(max), MBIT(max) } };

	assert_int_equal(vec_push(&net->circuits, circuit), 0);
	return &net->circuits.at[net->circuits.n - 1];
}

#define FIXTURE_SETTINGS                                                                     \
	{                                                                                    \
		.queues = 2, .uplink = { MBIT(1000), MBIT(1000) }, .leaf = "cake diffserv4", \
	}

/* --- plans ------------------------------------------------------------------------------------ */

struct planned {
	struct shaper_plan plan;
	struct diag d;
	char *findings; /* a line each */
	int r;
};

static inline void planned_free(struct planned *p)
{
	shaper_plan_free(&p->plan);
	diag_free(&p->d);
	free(p->findings);
}
#define _cleanup_planned_ _cleanup_(planned_free)

static inline struct planned plan_with(const struct network *net, const struct shaper_settings *s,
				       const struct shaper_past *past, shaper_measured measured,
				       const void *data)
{
	struct strbuf text = { 0 };
	struct planned p = { 0 };

	p.r = shaper_plan_make(net, s, past, measured, data, &p.plan, &p.d);
	diag_format_all(&p.d, &text);
	p.findings = strbuf_take(&text);
	return p;
}

static inline struct planned plan_fresh(const struct network *net, const struct shaper_settings *s)
{
	return plan_with(net, s, NULL, NULL, NULL);
}

static inline struct planned plan_after(const struct network *net, const struct shaper_settings *s,
					const struct shaper_plan *before)
{
	_cleanup_shaper_past_ struct shaper_past past = { 0 };

	assert_int_equal(shaper_past_of(before, &past), 0);
	return plan_with(net, s, &past, NULL, NULL);
}

static inline int item_index(const struct shaper_plan *plan, enum shaper_kind kind, const char *name)
{
	for (size_t i = 0; i < plan->items.n; i++)
		if (plan->items.at[i].kind == kind && !strcmp(plan->items.at[i].name, name))
			return (int)i;
	return -1;
}

static inline const struct shaper_item *item_of(const struct shaper_plan *plan,
						enum shaper_kind kind, const char *name)
{
	int i = item_index(plan, kind, name);

	if (i < 0)
		fail_msg("%s is not in the plan", name);
	return &plan->items.at[i];
}

static inline const char *parent_name(const struct shaper_plan *plan, const struct shaper_item *item)
{
	return item->parent < 0 ? "" : plan->items.at[item->parent].name;
}

/* --- a kernel --------------------------------------------------------------------------------- */

struct class
{
	uint32_t handle, parent; /* parent: q:1 as well */
	uint64_t rate, ceil;
	const char *leaf; /* NULL = of a node */
};

struct kernel {
	VEC(struct class) tree[2]; /* down, up */
	struct rate_pair line;
};

static inline void kernel_free(struct kernel *k)
{
	vec_free(&k->tree[0]);
	vec_free(&k->tree[1]);
}
#define _cleanup_kernel_ _cleanup_(kernel_free)

static inline uint32_t kernel_handle(const struct shaper_plan *plan, const struct shaper_item *item,
				     int up)
{
	return up ? shaper_handle_up(plan, item) : shaper_handle_down(plan, item);
}

static inline int kernel_find(const struct kernel *k, int up, uint32_t handle)
{
	for (size_t i = 0; i < k->tree[up].n; i++)
		if (k->tree[up].at[i].handle == handle)
			return (int)i;
	return -1;
}

static inline struct class kernel_class(const struct shaper_plan *plan, int i, int up)
{
	const struct shaper_item *item = &plan->items.at[i];
	uint32_t handle = kernel_handle(plan, item, up);

	return (struct class){
		.handle = handle,
		.parent = item->parent < 0 ? (handle & 0xffff0000) | SHAPER_MINOR_ROOT :
					     kernel_handle(plan, &plan->items.at[item->parent], up),
		.rate = up ? item->rate.up : item->rate.down,
		.ceil = up ? item->ceil.up : item->ceil.down,
		.leaf = up ? item->leaf.up : item->leaf.down,
	};
}

static inline void kernel_add(struct kernel *k, const struct shaper_plan *plan, int i, int up)
{
	struct class class = kernel_class(plan, i, up);
	bool top = (class.parent & 0xffff) == SHAPER_MINOR_ROOT;

	assert_int_equal(kernel_find(k, up, class.handle), -1);
	assert_true(top || kernel_find(k, up, class.parent) >= 0);
	assert_int_equal(vec_push(&k->tree[up], class), 0);
}

static inline void kernel_remove(struct kernel *k, const struct shaper_plan *plan, int i, int up)
{
	uint32_t handle = kernel_handle(plan, &plan->items.at[i], up);
	int at = kernel_find(k, up, handle);

	assert_true(at >= 0);
	vec_foreach(&k->tree[up], class)
		assert_int_not_equal(class->parent, handle);
	vec_remove(&k->tree[up], (size_t)at);
}

/* A step that changes nothing is one too many. */
static inline void kernel_change(struct kernel *k, enum shaper_step step,
				 const struct shaper_plan *plan, int i, int up)
{
	struct class new = kernel_class(plan, i, up);
	int at = kernel_find(k, up, new.handle);
	struct class *class = at < 0 ? NULL : &k->tree[up].at[at];

	assert_non_null(class);
	assert_int_equal(class->parent, new.parent);
	if (step == SHAPER_RATE) {
		assert_true(class->rate != new.rate || class->ceil != new.ceil);
		class->rate = new.rate;
		class->ceil = new.ceil;
	} else {
		assert_string_not_equal(class->leaf, new.leaf);
		class->leaf = new.leaf;
	}
}

static inline void kernel_step(struct kernel *k, const struct shaper_plan *from,
			       const struct shaper_plan *to, const struct shaper_change *change,
			       int up)
{
	if (change->step == SHAPER_ADD)
		kernel_add(k, to, change->item, up);
	else if (change->step == SHAPER_REMOVE)
		kernel_remove(k, from, change->item, up);
	else if (change->item != SHAPER_LINE)
		kernel_change(k, change->step, to, change->item, up);
	else if (up)
		k->line.up = to->uplink.up;
	else
		k->line.down = to->uplink.down;
}

static inline struct kernel kernel_of(const struct shaper_plan *plan)
{
	struct kernel k = { .line = plan->uplink };

	for (int up = 0; up < 2; up++)
		for (size_t i = 0; i < plan->items.n; i++)
			kernel_add(&k, plan, (int)i, up);
	return k;
}

static inline void assert_kernel_is(const struct kernel *k, const struct shaper_plan *plan)
{
	if (plan->queues)
		assert_memory_equal(&k->line, &plan->uplink, sizeof(k->line));
	for (int up = 0; up < 2; up++) {
		assert_int_equal(k->tree[up].n, plan->items.n);
		for (size_t i = 0; i < plan->items.n; i++) {
			struct class want = kernel_class(plan, (int)i, up);
			int at = kernel_find(k, up, want.handle);
			const struct class *has = at < 0 ? NULL : &k->tree[up].at[at];

			assert_non_null(has);
			assert_true(has->parent == want.parent && has->rate == want.rate &&
				    has->ceil == want.ceil);
			assert_int_equal(!has->leaf, !want.leaf);
			assert_true(!want.leaf || !strcmp(has->leaf, want.leaf));
		}
	}
}

/* Walks the diff and checks that it arrives; returns how many steps it took. */
static inline size_t assert_diff_arrives(const struct shaper_plan *from, const struct shaper_plan *to)
{
	_cleanup_shaper_diff_ struct shaper_diff diff = { 0 };
	_cleanup_kernel_ struct kernel k = kernel_of(from);
	enum shaper_step last = SHAPER_ADD;

	if (!from->queues)
		k.line = to->uplink;
	assert_int_equal(shaper_plan_diff(from, to, &diff), 0);
	vec_foreach(&diff.changes, change) {
		assert_true(change->step >= last);
		last = change->step;
		if (change->down)
			kernel_step(&k, from, to, change, 0);
		if (change->up)
			kernel_step(&k, from, to, change, 1);
	}
	assert_kernel_is(&k, to);
	return diff.changes.n;
}
