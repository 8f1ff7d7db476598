/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of apply: devices in a namespace of their own, trees with what they told, and a
 * judge who compares what the kernel shows with what a plan says, class by class.
 */
#pragma once

#include "nl/monitor.h"
#include "nl/qdisc_test_util.h"
#include "shaper/apply.h"
#include "shaper/plan_world.h"
#include "shaper/stats.h"

#define FIRST 0x10000u /* htb 1: */

/* What this kernel has of leaves. */
static bool has_cake, has_fq_codel;

/* --- trees ------------------------------------------------------------------------------------ */

struct bench {
	struct shaper_tree *tree;
	struct shaper_line line;
	unsigned ifindex[2];
	struct strbuf told; /* a line each */
	struct diag d;
};

static inline void bench_told(const char *subject, const char *event, const char *text, void *data)
{
	strbuf_addf(data, "%s: %s: %s\n", subject, event, text);
}

static inline void bench_restart(struct bench *b)
{
	_cleanup_diag_ struct diag d = { 0 };

	shaper_tree_free(b->tree);
	assert_int_equal(shaper_tree_new(bench_told, &b->told, &b->tree, &d), 0);
}

static inline void bench_forget(struct bench *b)
{
	strbuf_free(&b->told);
	b->told = (struct strbuf){ 0 };
	diag_free(&b->d);
	b->d = (struct diag){ 0 };
}

/* ta towards subscribers, tb towards the internet; or ta alone, on a stick. */
static inline void bench_new(struct bench *b, struct nl *nl, unsigned queues, bool stick)
{
	int a = nl_test_add_queues(nl, "veth", "ta", "tb", queues);

	assert_true(a > 0);
	has_cake = qdisc_test_have(nl, (unsigned)a, "cake");
	has_fq_codel = qdisc_test_have(nl, (unsigned)a, "fq_codel");
	qdisc_test_up(nl);
	*b = (struct bench){ 0 };
	b->ifindex[0] = (unsigned)a;
	b->ifindex[1] = stick ? (unsigned)a : (unsigned)nl_test_index(nl, "tb");
	b->line = (struct shaper_line){ .down_ifindex = b->ifindex[0],
					.up_ifindex = b->ifindex[1],
					.down_name = "ta",
					.leaf = "pfifo limit 500" };
	(void)snprintf(b->line.up_name, sizeof(b->line.up_name), "%s", stick ? "ta" : "tb");
	bench_restart(b);
}

static inline void bench_end(struct nl *nl, struct bench *b)
{
	shaper_tree_free(b->tree);
	bench_forget(b);
	assert_int_equal(nl_test_delete(nl, (int)b->ifindex[0]), 0);
}

static inline void bench_prepare(struct bench *b, const struct shaper_plan *plan)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	if (!shaper_tree_prepare(b->tree, &b->line, plan, &b->d))
		return;
	diag_format_all(&b->d, &text);
	fail_msg("%s", strbuf_text(&text));
}

static inline void bench_apply(struct bench *b, const struct shaper_plan *plan)
{
	bench_prepare(b, plan);
	shaper_tree_settle(b->tree);
}

/* Until nothing is left to do. */
static inline void bench_ticks(struct bench *b)
{
	for (unsigned i = 0; shaper_tree_tick(b->tree); i++)
		assert_true(i < 20);
}

static inline void assert_told(const struct bench *b, const char *text)
{
	if (!strstr(strbuf_text(&b->told), text))
		fail_msg("\"%s\" is not told, but: %s", text, strbuf_text(&b->told));
}

static inline void assert_found(const struct bench *b, const char *text)
{
	_cleanup_strbuf_ struct strbuf all = { 0 };

	diag_format_all(&b->d, &all);
	if (!strstr(strbuf_text(&all), text))
		fail_msg("\"%s\" is not said, but: %s", text, strbuf_text(&all));
}

/* --- the kernel ------------------------------------------------------------------------------- */

struct standing {
	struct nl_qdiscs qdiscs;
	struct nl_classes classes;
};

static inline void standing_free(struct standing *s)
{
	nl_qdiscs_free(&s->qdiscs);
	nl_classes_free(&s->classes);
}
#define _cleanup_standing_ _cleanup_(standing_free)

static inline int by_handle(const void *x, const void *y)
{
	const struct nl_class *a = x, *b = y;

	return (a->handle > b->handle) - (a->handle < b->handle);
}

static inline int by_parent(const void *x, const void *y)
{
	const struct nl_qdisc *a = x, *b = y;

	return (a->parent > b->parent) - (a->parent < b->parent);
}

/* Classes of htb by their handle, qdiscs by their parent. */
static inline struct standing standing_of(struct nl *nl, unsigned ifindex)
{
	struct standing s = { 0 };
	size_t n = 0;

	assert_int_equal(nl_class_list(nl, ifindex, &s.classes), 0);
	assert_int_equal(nl_qdisc_list(nl, ifindex, &s.qdiscs), 0);
	for (size_t i = 0; i < s.classes.n; i++)
		if (!strcmp(s.classes.at[i].kind, "htb"))
			s.classes.at[n++] = s.classes.at[i];
	s.classes.n = n;
	if (n)
		qsort(s.classes.at, n, sizeof(*s.classes.at), by_handle);
	if (s.qdiscs.n)
		qsort(s.qdiscs.at, s.qdiscs.n, sizeof(*s.qdiscs.at), by_parent);
	return s;
}

static inline const struct nl_class *class_at(const struct standing *s, uint32_t handle)
{
	const struct nl_class key = { .handle = handle };

	return s->classes.n ? bsearch(&key, s->classes.at, s->classes.n, sizeof(key), by_handle) :
			      NULL;
}

static inline const struct nl_qdisc *leaf_at(const struct standing *s, uint32_t class)
{
	const struct nl_qdisc key = { .parent = class };

	return s->qdiscs.n ? bsearch(&key, s->qdiscs.at, s->qdiscs.n, sizeof(key), by_parent) : NULL;
}

/* --- the judge -------------------------------------------------------------------------------- */

static inline void judge_class(const struct standing *s, uint32_t handle, uint32_t parent,
			       uint64_t rate, uint64_t ceil, unsigned prio)
{
	const struct nl_class *c = class_at(s, handle);

	if (!c)
		fail_msg("class %x:%x does not stand", handle >> 16, handle & 0xffff);
	assert_int_equal(c->parent, parent & 0xffff ? parent : TC_H_ROOT);
	if (c->htb.rate / 8 != rate / 8 || c->htb.ceil / 8 != ceil / 8)
		fail_msg("class %x:%x has %llu/%llu and not %llu/%llu", handle >> 16, handle & 0xffff,
			 (unsigned long long)c->htb.rate, (unsigned long long)c->htb.ceil,
			 (unsigned long long)rate, (unsigned long long)ceil);
	assert_in_range(c->htb.quantum, 1514, 60000);
	assert_true(c->htb.cburst + 8 >= (ceil >= MBIT(10) ? 16384 : 3028));
	assert_true(c->level || c->htb.prio == prio || (handle & 0xffff) == SHAPER_MINOR_ROOT);
}

/* What is to be had of a wish: 100 ms at the ceil where only a fifo is. */
static inline struct nl_qdisc_spec leaf_to_expect(const char *words, uint64_t ceil)
{
	struct nl_qdisc_spec wish = qdisc_test_spec(words);
	bool fifo = wish.kind == NL_QDISC_PFIFO;

	if (wish.kind == NL_QDISC_CAKE && !has_cake)
		wish = qdisc_test_spec("fq_codel");
	if (wish.kind == NL_QDISC_FQ_CODEL && !has_fq_codel)
		wish = qdisc_test_spec("pfifo");
	if (wish.kind == NL_QDISC_PFIFO && !wish.given)
		wish.fifo.limit = fifo ? 1000 : (uint32_t)MAX(MIN(ceil / 80 / 1514, 1000), 20);
	return wish;
}

static inline void judge_leaf(const struct standing *s, uint32_t class, const char *words)
{
	const struct nl_qdisc *q = leaf_at(s, class);
	const struct nl_class *c = class_at(s, class);
	struct nl_qdisc_spec wish;

	if (!q || !c->leaf)
		fail_msg("class %x:%x has no leaf", class >> 16, class & 0xffff);
	wish = leaf_to_expect(words, c->htb.ceil);
	assert_int_equal(q->handle, c->leaf);
	if (q->spec.kind != wish.kind)
		fail_msg("class %x:%x has %s and not %s", class >> 16, class & 0xffff, q->kind,
			 words);
	if (wish.kind == NL_QDISC_PFIFO)
		assert_int_equal(q->spec.fifo.limit, wish.fifo.limit);
	if (wish.kind == NL_QDISC_CAKE) {
		assert_int_equal(q->spec.cake.bandwidth, 0);
		assert_int_equal(q->spec.cake.diffserv, wish.cake.diffserv);
	}
}

static inline void judge_trunk(const struct standing *s, const struct bench *b, uint32_t top,
			       uint64_t line, bool lone)
{
	const struct nl_qdisc *htb = leaf_at(s, lone ? TC_H_ROOT : 0x7fff0000 | top >> 16);
	const struct nl_class *rest = class_at(s, top | 2), *control = class_at(s, top | 3);

	assert_non_null(htb);
	assert_int_equal(htb->handle, top);
	assert_int_equal(htb->spec.htb.default_class, 2);
	judge_class(s, top | 1, top, line, line, 0);
	assert_true(rest && control);
	judge_class(s, top | 2, top | 1, rest->htb.rate, line, 5);
	assert_true(rest->htb.rate <= MAX(line / 100 + 8, 100000));
	judge_class(s, top | 3, top | 1, control->htb.rate, control->htb.ceil, 0);
	assert_true(control->htb.rate <= 1000000 && control->htb.ceil <= line);
	assert_true(control->htb.ceil <= MAX(line / 20, MBIT(1)));
	judge_leaf(s, top | 2, b->line.leaf);
	judge_leaf(s, top | 3, "pfifo limit 200");
}

static inline void judge_items(const struct standing *s, const struct shaper_plan *plan, int up)
{
	vec_foreach(&plan->items, item) {
		uint32_t handle = kernel_handle(plan, item, up);
		uint32_t parent = item->parent < 0 ?
					  (handle & 0xffff0000) | 1 :
					  kernel_handle(plan, &plan->items.at[item->parent], up);

		judge_class(s, handle, parent, up ? item->rate.up : item->rate.down,
			    up ? item->ceil.up : item->ceil.down, 3);
		if (item->kind == SHAPER_CIRCUIT)
			judge_leaf(s, handle, up ? item->leaf.up : item->leaf.down);
	}
}

static inline size_t judge_side(struct nl *nl, const struct bench *b,
				const struct shaper_plan *plan, int up)
{
	_cleanup_standing_ struct standing s = standing_of(nl, b->ifindex[up]);
	const struct nl_qdisc *root = leaf_at(&s, TC_H_ROOT);
	bool lone = root && !strcmp(root->kind, "htb");

	assert_non_null(root);
	assert_int_equal(root->handle, lone ? FIRST : 0x7fff0000);
	for (uint32_t q = 0; q < plan->queues; q++)
		judge_trunk(&s, b, (q + 1 + (up ? plan->up_offset : 0)) << 16,
			    up ? plan->uplink.up : plan->uplink.down, lone);
	judge_items(&s, plan, up);
	return s.classes.n;
}

/* All that the plan says and nothing else. */
static inline void judge(struct nl *nl, const struct bench *b, const struct shaper_plan *plan)
{
	size_t each = plan->queues * 3 + plan->items.n;
	bool stick = b->ifindex[0] == b->ifindex[1];

	for (int up = 0; up < 2; up++)
		assert_int_equal(judge_side(nl, b, plan, up), stick ? 2 * each : each);
}

/* --- what others see of it -------------------------------------------------------------------- */

static inline void count_event(const struct nl_event *e, void *data)
{
	*(unsigned *)data += e->type == NL_EVENT_OTHER;
}

/* How many changes of queues there have been since it was asked last. */
static inline unsigned changes_since(struct nl_monitor *m)
{
	unsigned n = 0, last;

	do {
		last = n;
		assert_int_equal(nl_monitor_read(m, count_event, &n), 0);
	} while (n != last);
	return n;
}

/* --- what most of them start with ------------------------------------------------------------- */

/* Each in a namespace of its own: one that fails leaves nothing to the others. */
#define APPLY_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#define LEAF "pfifo limit 50"

static inline bool have_htb(struct nl *nl)
{
	int a = nl_test_veth(nl, "ta", "tb");
	bool have;

	assert_true(a > 0);
	have = qdisc_test_have(nl, (unsigned)a, "htb");
	assert_int_equal(nl_test_delete(nl, a), 0);
	return have;
}

/* In each test; a skip must say why. */
#define APPLY_NEEDS_HTB()                                                 \
	do {                                                              \
		NL_TEST_NEEDS_NAMESPACE(nl);                              \
		if (!have_htb(nl)) {                                      \
			print_message("# SKIP this kernel has no htb\n"); \
			skip();                                           \
		}                                                         \
	} while (0)
/* Declares `b`. */
#define APPLY_NEEDS(queues, stick) \
	struct bench b;            \
                                   \
	APPLY_NEEDS_HTB();         \
	bench_new(&b, nl, queues, stick)

/* Two nodes, a circuit or two on each, one without. */
static inline struct network some_network(void)
{
	struct network net = { 0 };
	int site = fixture_node(&net, "site", -1, 800);

	(void)fixture_node(&net, "ap", site, 200);
	(void)fixture_circuit(&net, "c1", "ap", 5, 50);
	(void)fixture_circuit(&net, "c2", "ap", 10, 100);
	(void)fixture_circuit(&net, "c3", "site", 10, 300);
	(void)fixture_circuit(&net, "c4", NULL, 1, 20);
	return net;
}

static inline struct shaper_settings settings(unsigned queues, unsigned up_offset)
{
	return (struct shaper_settings){ .queues = queues,
					 .up_offset = up_offset,
					 .uplink = { MBIT(1000), MBIT(500) },
					 .leaf = LEAF };
}

static inline uint32_t handle(const struct planned *p, const char *circuit)
{
	return shaper_handle_down(&p->plan, item_of(&p->plan, SHAPER_CIRCUIT, circuit));
}

static inline struct nl_monitor *watch(void)
{
	struct nl_monitor *m = NULL;

	assert_int_equal(nl_monitor_open(NL_GROUP(RTNLGRP_TC), &m), 0);
	return m;
}
