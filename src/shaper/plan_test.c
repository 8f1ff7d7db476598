/* SPDX-License-Identifier: GPL-2.0-only */
/* One thing at a time; all of them together are in plan_random_test.c. */
#include "shaper/plan_fixture.h"

static const struct shaper_settings usual = FIXTURE_SETTINGS;

static void assert_rates(const struct shaper_plan *plan, enum shaper_kind kind, const char *name,
			 uint64_t rate, uint64_t ceil)
{
	const struct shaper_item *item = item_of(plan, kind, name);

	assert_int_equal(item->rate.down, rate);
	assert_int_equal(item->ceil.down, ceil);
}

/* --- rates ------------------------------------------------------------------------------------ */

static void a_plan_is_what_was_said(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned p = { 0 };
	struct net_circuit *c;

	(void)fixture_node(&net, "Site", -1, 100);
	c = fixture_circuit(&net, "a", "Site", 0, 0);
	c->min = (struct rate_pair){ 1234567, 8001 };
	c->max = (struct rate_pair){ 76543210, 1000001 };
	p = plan_fresh(&net, &usual);
	assert_int_equal(p.r, 0);
	assert_string_equal(p.findings, "");
	assert_rates(&p.plan, SHAPER_CIRCUIT, "a", 1234567, 76543210);
	assert_int_equal(item_of(&p.plan, SHAPER_CIRCUIT, "a")->rate.up, 8001);
	assert_int_equal(item_of(&p.plan, SHAPER_CIRCUIT, "a")->ceil.up, 1000001);
	assert_rates(&p.plan, SHAPER_NODE, "Site", MBIT(100), MBIT(100));
}

static void what_was_not_said(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned p = { 0 };
	struct shaper_settings s = usual;

	(void)fixture_node(&net, "Site", -1, 0);
	(void)fixture_circuit(&net, "a", "Site", 0, 0);
	(void)fixture_circuit(&net, "slow", "Site", 0, 0);
	net.circuits.at[1].min.down = net.circuits.at[1].max.down = 1;
	(void)fixture_circuit(&net, "alone", NULL, 0, 0);
	p = plan_fresh(&net, &s);
	assert_string_equal(p.findings, "");
	assert_rates(&p.plan, SHAPER_CIRCUIT, "a", SHAPER_RATE_LEAST, MBIT(1000));
	assert_rates(&p.plan, SHAPER_CIRCUIT, "slow", SHAPER_RATE_LEAST, SHAPER_RATE_LEAST);
	assert_rates(&p.plan, SHAPER_CIRCUIT, "alone", SHAPER_RATE_LEAST, MBIT(1000));
	planned_free(&p);
	s.uplink.down = 0;
	p = plan_fresh(&net, &s);
	assert_rates(&p.plan, SHAPER_CIRCUIT, "a", SHAPER_RATE_LEAST, SHAPER_RATE_MOST);
	assert_int_equal(p.plan.uplink.down, SHAPER_RATE_MOST);
}

/* What is above its node was found by network_check(), what is above the line only we know. */
static void who_tells_what_is_clamped(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned p = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	(void)fixture_node(&net, "Small", -1, 50);
	(void)fixture_node(&net, "Large", -1, 3000);
	(void)fixture_circuit(&net, "a", "Small", 1, 2000);
	fixture_circuit(&net, "b", "Large", 1, 2000)->max.up = MBIT(1);
	p = plan_fresh(&net, &usual);
	assert_string_equal(p.findings, "warning: node `Large`: download of 3000 Mbit/s is above "
					"the line (it gets 1000 Mbit/s)\n"
					"warning: node `Large`: upload of 3000 Mbit/s is above the "
					"line (it gets 1000 Mbit/s)\n"
					"warning: circuit `b`: download of 2000 Mbit/s is above "
					"the line (it gets 1000 Mbit/s)\n");
	assert_rates(&p.plan, SHAPER_CIRCUIT, "a", MBIT(1), MBIT(50));
	assert_rates(&p.plan, SHAPER_CIRCUIT, "b", MBIT(1), MBIT(1000));
	assert_int_equal(network_check(&net, &d), 0);
	assert_int_equal(d.warnings, 4); /* two of "no address", two of `a` */
}

static void nodes_share_what_is_left(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned p = { 0 };
	int site = fixture_node(&net, "Site", -1, 400);

	(void)fixture_node(&net, "Busy", site, 100);
	(void)fixture_node(&net, "Half", site, 200);
	(void)fixture_node(&net, "Whole", site, 400);
	(void)fixture_circuit(&net, "of-site", "Site", 10, 100);
	(void)fixture_circuit(&net, "busy", "Busy", 90, 100);
	(void)fixture_circuit(&net, "half", "Half", 1, 100);
	p = plan_fresh(&net, &usual);
	assert_string_equal(p.findings, "");
	assert_rates(&p.plan, SHAPER_CIRCUIT, "of-site", MBIT(10), MBIT(100));
	assert_rates(&p.plan, SHAPER_NODE, "Busy", MBIT(90), MBIT(100));
	assert_rates(&p.plan, SHAPER_NODE, "Half", MBIT(100), MBIT(200));
	assert_rates(&p.plan, SHAPER_NODE, "Whole", MBIT(200), MBIT(400));
}

/* 50 promises of 10 on 100 Mbit/s: each gets a fifth, in steps, so that a 51st changes no other. */
static void too_many_promises_shrink_in_steps(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned p = { 0 }, more = { 0 };
	char id[16];

	(void)fixture_node(&net, "Site", -1, 100);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(id, sizeof(id), "c%d", i);
		(void)fixture_circuit(&net, id, "Site", 10, 20);
	}
	p = plan_fresh(&net, &usual);
	assert_string_equal(
		p.findings,
		"warning: node `Site`: the least download rates are 500 Mbit/s together "
		"(they are lowered to fit its 100 Mbit/s)\n");
	assert_rates(&p.plan, SHAPER_CIRCUIT, "c0", MBIT(10) * 25 / 128, MBIT(20));
	(void)fixture_circuit(&net, "c50", "Site", 10, 20);
	more = plan_after(&net, &usual, &p.plan);
	assert_int_equal(assert_diff_arrives(&p.plan, &more.plan), 1);
}

/* --- the tree --------------------------------------------------------------------------------- */

static void a_generated_name_may_be_taken(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned p = { 0 };

	(void)fixture_node(&net, "Generated_PN_2", -1, 100);
	(void)fixture_circuit(&net, "below", "Generated_PN_2", 1, 10);
	(void)fixture_circuit(&net, "a", NULL, 1, 10);
	(void)fixture_circuit(&net, "b", NULL, 1, 10);
	p = plan_fresh(&net, &usual);
	assert_int_equal(item_of(&p.plan, SHAPER_NODE, "Generated_PN_2")->source, 0);
	assert_int_equal(item_of(&p.plan, SHAPER_NODE, "Generated_PN_2_")->queue, 1);
	assert_int_equal(item_of(&p.plan, SHAPER_NODE, "Generated_PN_1")->queue, 0);
}

static void what_cannot_be_planned(void **state)
{
	static const struct shaper_settings wrong[] = {
		{ .queues = 0, .leaf = "fifo" },
		{ .queues = SHAPER_QUEUES + 1, .leaf = "fifo" },
		{ .queues = 4, .up_offset = 3, .leaf = "fifo" },
		{ .queues = 4 },
	};
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned p = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		p = plan_fresh(&net, &wrong[i]);
		assert_int_equal(p.r, -EINVAL);
		assert_int_equal(p.plan.queues, 0);
		planned_free(&p);
	}
	(void)fixture_circuit(&net, "a", "Nowhere", 1, 10);
	p = plan_fresh(&net, &usual);
	assert_int_equal(p.r, -EINVAL);
	assert_string_equal(p.findings, "error: node `Nowhere` does not exist\n");
}

static uint64_t measured_by_table(const char *circuit, const void *data)
{
	return strtoull(circuit, NULL, 10) * *(const uint64_t *)data;
}

/* By plans the four are equal; by what was measured the last is as much as the rest. */
static void what_was_measured_weighs(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned p = { 0 };
	uint64_t unit = MBIT(3);

	(void)fixture_node(&net, "Site", -1, 5);
	(void)fixture_circuit(&net, "60", "Site", 1, 10);
	(void)fixture_circuit(&net, "10", NULL, 1, 10);
	(void)fixture_circuit(&net, "20", NULL, 1, 10);
	(void)fixture_circuit(&net, "30", NULL, 1, 10);
	p = plan_with(&net, &usual, NULL, measured_by_table, &unit);
	assert_int_equal(p.plan.load.at[0], 60 * unit);
	assert_int_equal(p.plan.load.at[1], 60 * unit);
	assert_int_equal(item_of(&p.plan, SHAPER_NODE, "Site")->weight, 60 * unit);
}

static void what_weighs_nothing_is_spread_too(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned p = { 0 };
	struct shaper_settings s = usual;
	unsigned on[4] = { 0 };
	char name[32];

	s.queues = 4;
	(void)fixture_node(&net, "Full", -1, 100);
	(void)fixture_circuit(&net, "a", "Full", 1, 10);
	for (int i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "Empty %d", i);
		(void)fixture_node(&net, name, -1, 100);
	}
	p = plan_fresh(&net, &s);
	for (size_t i = 1; i < p.plan.items.n; i++)
		on[p.plan.items.at[i].queue] += p.plan.items.at[i].kind == SHAPER_NODE;
	for (unsigned queue = 0; queue < 4; queue++)
		assert_int_equal(on[queue], 3);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void push_seat(struct shaper_past *past, enum shaper_kind kind, const char *name,
		      const char *parent, uint16_t queue, uint16_t minor)
{
	assert_int_equal(vec_push(&past->seats, { kind, name, parent, queue, minor, 0 }), 0);
}

static void a_state_file_may_say_anything(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_shaper_past_ struct shaper_past past = { 0 };
	_cleanup_planned_ struct planned p = { 0 };

	(void)fixture_node(&net, "Site", -1, 100);
	for (char id[2] = "a"; *id < 'g'; id[0]++)
		(void)fixture_circuit(&net, id, "Site", 1, 10);
	push_seat(&past, SHAPER_NODE, "Site", NULL, 1, 0x20);
	push_seat(&past, SHAPER_CIRCUIT, "a", "Site", 1, 0x21);
	push_seat(&past, SHAPER_CIRCUIT, "b", "Site", 1, 0x21); /* the number of another */
	push_seat(&past, SHAPER_CIRCUIT, "b", "Site", 1, 0x22); /* twice */
	push_seat(&past, SHAPER_CIRCUIT, "c", "Site", 1, SHAPER_MINOR_DEFAULT);
	push_seat(&past, SHAPER_CIRCUIT, "d", "Site", 300, 0x23);
	push_seat(&past, SHAPER_CIRCUIT, "e", "Other", 1, 0x24);
	push_seat(&past, SHAPER_CIRCUIT, "gone", "Site", 1, 0x10);
	p = plan_with(&net, &usual, &past, NULL, NULL);
	assert_int_equal(p.r, 0);
	assert_int_equal(item_of(&p.plan, SHAPER_NODE, "Site")->minor, 0x20);
	assert_int_equal(item_of(&p.plan, SHAPER_CIRCUIT, "a")->minor, 0x21);
	/* 0x10 was just set free */
	assert_int_equal(item_of(&p.plan, SHAPER_CIRCUIT, "b")->minor, 0x11);
	assert_int_equal(item_of(&p.plan, SHAPER_CIRCUIT, "c")->minor, 0x12);
	assert_int_equal(item_of(&p.plan, SHAPER_CIRCUIT, "d")->minor, 0x13);
	assert_int_equal(item_of(&p.plan, SHAPER_CIRCUIT, "e")->minor, 0x14);
	assert_int_equal(item_of(&p.plan, SHAPER_CIRCUIT, "f")->minor, 0x15);
}

static void replace_with(struct network *net, const char *id)
{
	free(net->circuits.at[0].id);
	net->circuits.at[0].id = strdup(id);
}

/* One circuit after the other in the place of the last: numbers come back only at the very end. */
static void free_numbers_go_around(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_shaper_past_ struct shaper_past past = { 0 };
	struct shaper_settings s = usual;
	uint16_t want = 0xfffe;
	char id[16];

	s.queues = 1;
	(void)fixture_node(&net, "Site", -1, 100);
	(void)fixture_circuit(&net, "c", "Site", 1, 10);
	push_seat(&past, SHAPER_NODE, "Site", NULL, 0, SHAPER_MINOR_FIRST);
	assert_int_equal(vec_push(&past.next, want), 0);
	for (int i = 0; i < 5; i++) {
		_cleanup_planned_ struct planned p = { 0 };

		(void)snprintf(id, sizeof(id), "c%d", i);
		replace_with(&net, id);
		p = plan_with(&net, &s, &past, NULL, NULL);
		assert_int_equal(item_of(&p.plan, SHAPER_CIRCUIT, id)->minor, want);
		want = want == 0xffff ? SHAPER_MINOR_FIRST + 1 : (uint16_t)(want + 1);
		past.next.at[0] = p.plan.next.at[0];
	}
}

static void numbers_run_out(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned full = { 0 }, p = { 0 };
	struct shaper_settings s = usual;
	char id[16];

	s.queues = 1;
	(void)fixture_node(&net, "Site", -1, 0);
	for (unsigned i = 0; i < 65519; i++) {
		(void)snprintf(id, sizeof(id), "c%u", i);
		(void)fixture_circuit(&net, id, "Site", 0, 10);
	}
	full = plan_fresh(&net, &s);
	assert_int_equal(full.r, 0);
	replace_with(&net, "other"); /* the number of c0 is not free at once */
	p = plan_after(&net, &s, &full.plan);
	assert_int_equal(p.r, -ENOSPC);
	assert_string_equal(p.d.entries.at[p.d.entries.n - 1].text,
			    "queue 0 has no number left for a class");
	planned_free(&p);
	p = plan_fresh(&net, &s);
	assert_int_equal(p.r, 0);
}

/* --- from one plan to another ----------------------------------------------------------------- */

static struct network two_sites(void)
{
	struct network net = { 0 };
	int one = fixture_node(&net, "One", -1, 100);

	(void)fixture_node(&net, "AP", one, 50);
	(void)fixture_node(&net, "Two", -1, 100);
	(void)fixture_circuit(&net, "a", "AP", 1, 10);
	(void)fixture_circuit(&net, "b", "AP", 1, 10);
	(void)fixture_circuit(&net, "c", "Two", 1, 10);
	return net;
}

/* "+name ~name =name -name": add, rate, leaf, remove; < or > where it is one direction only. */
static void add_change(struct strbuf *out, const struct shaper_plan *plan,
		       const struct shaper_change *c)
{
	const char *name = c->item == SHAPER_LINE ? "line" : plan->items.at[c->item].name;
	const char *side = c->down && c->up ? "" : c->down ? "<" : ">";

	strbuf_addf(out, "%s%c%s%s", out->len ? " " : "", "+~=-"[c->step], name, side);
}

static char *diff_text(const struct shaper_plan *from, const struct shaper_plan *to)
{
	_cleanup_shaper_diff_ struct shaper_diff diff = { 0 };
	struct strbuf out = { 0 };
	int r = shaper_plan_diff(from, to, &diff);

	if (r)
		strbuf_add(&out, r == -EEXIST ? "EEXIST" : r == -EXDEV ? "EXDEV" : "?");
	vec_foreach(&diff.changes, change)
		add_change(&out, change->step == SHAPER_REMOVE ? from : to, change);
	return strbuf_take(&out);
}

static void assert_diff(const struct shaper_plan *from, const struct shaper_plan *to, const char *want)
{
	_cleanup_free_ char *has = diff_text(from, to);

	assert_string_equal(has, want);
	if (strcmp(want, "EEXIST") && strcmp(want, "EXDEV"))
		(void)assert_diff_arrives(from, to);
}

/* Makes the plan, changes the network, plans again and compares. */
static void assert_change(void (*change)(struct network *, struct shaper_settings *), const char *want)
{
	_cleanup_(network_free) struct network old = two_sites(), new = two_sites();
	_cleanup_planned_ struct planned from = { 0 }, to = { 0 };
	struct shaper_settings s = usual;

	from = plan_fresh(&old, &s);
	change(&new, &s);
	to = plan_after(&new, &s, &from.plan);
	assert_int_equal(from.r, 0);
	assert_int_equal(to.r, 0);
	assert_diff(&from.plan, &to.plan, want);
}

static void change_nothing(struct network *net, struct shaper_settings *s)
{
}

static void change_order(struct network *net, struct shaper_settings *s)
{
	struct net_circuit first = net->circuits.at[0];

	net->circuits.at[0] = net->circuits.at[2];
	net->circuits.at[2] = first;
}

static void change_tariff(struct network *net, struct shaper_settings *s)
{
	net->circuits.at[1].max.down = MBIT(20);
}

static void change_promise(struct network *net, struct shaper_settings *s)
{
	net->circuits.at[1].min = (struct rate_pair){ MBIT(5), MBIT(5) };
}

static void change_node(struct network *net, struct shaper_settings *s)
{
	net->nodes.at[0].max.up = MBIT(40);
}

static void change_leaf(struct network *net, struct shaper_settings *s)
{
	net->circuits.at[0].leaf.up = strdup("fq_codel");
}

static void change_every_leaf(struct network *net, struct shaper_settings *s)
{
	s->leaf = "fq_codel";
}

static void change_line(struct network *net, struct shaper_settings *s)
{
	s->uplink.down = MBIT(2000);
}

static void change_parent(struct network *net, struct shaper_settings *s)
{
	free(net->circuits.at[0].parent);
	net->circuits.at[0].parent = strdup("Two");
}

static void change_node_parent(struct network *net, struct shaper_settings *s)
{
	struct net_node ap = net->nodes.at[1];

	net->nodes.at[1] = net->nodes.at[2];
	net->nodes.at[2] = ap;
	net->nodes.at[2].parent = 1;
}

static void change_to_virtual(struct network *net, struct shaper_settings *s)
{
	net->nodes.at[1].is_virtual = true;
}

static void change_monitor_only(struct network *net, struct shaper_settings *s)
{
	s->monitor_only = true;
}

static void add_alone(struct network *net, struct shaper_settings *s)
{
	(void)fixture_circuit(net, "alone", NULL, 1, 10);
}

static void changes_take_the_steps_they_need(void **state)
{
	assert_change(change_nothing, "");
	assert_change(change_order, "");
	assert_change(change_tariff, "~b<");
	assert_change(change_promise, "~b");
	assert_change(change_node, "~One> ~AP>");
	assert_change(change_leaf, "=a>");
	assert_change(change_every_leaf, "=a =b =c");
	assert_change(change_line, "~line<");
	assert_change(change_parent, "+a -a");
	assert_change(change_node_parent, "+AP +a +b -b -a -AP");
	assert_change(change_to_virtual, "+a +b -b -a -AP");
	assert_change(change_monitor_only, "-c -b -a -Two -AP -One");
	/* the first without a node: the line is shared out anew, once */
	assert_change(add_alone, "+Generated_PN_1 +Generated_PN_2 +alone ~One ~Two");
}

static void from_and_to_nothing(void **state)
{
	_cleanup_(network_free) struct network net = two_sites(), empty = { 0 };
	_cleanup_planned_ struct planned all = { 0 }, none = { 0 };
	struct shaper_plan nothing = { 0 };

	all = plan_fresh(&net, &usual);
	none = plan_fresh(&empty, &usual);
	assert_diff(&nothing, &all.plan, "+One +AP +Two +a +b +c");
	assert_diff(&all.plan, &none.plan, "-c -b -a -Two -AP -One");
	assert_diff(&nothing, &nothing, "");
}

/* Plans that do not come from one another give the same numbers to others, or in other places. */
static void strangers_cannot_stand_beside_each_other(void **state)
{
	_cleanup_(network_free) struct network net = two_sites(), other = { 0 }, moved = two_sites();
	_cleanup_planned_ struct planned p = { 0 }, stranger = { 0 }, cousin = { 0 }, stick = { 0 };
	struct shaper_settings s = usual;

	s.queues = 1;
	(void)fixture_node(&other, "Elsewhere", -1, 100);
	change_parent(&moved, &s);
	p = plan_fresh(&net, &s);
	stranger = plan_fresh(&other, &s);
	cousin = plan_fresh(&moved, &s);
	assert_diff(&p.plan, &stranger.plan, "EEXIST");
	assert_int_equal(item_of(&p.plan, SHAPER_CIRCUIT, "a")->minor,
			 item_of(&cousin.plan, SHAPER_CIRCUIT, "a")->minor);
	assert_diff(&p.plan, &cousin.plan, "EEXIST");
	s.up_offset = 2;
	stick = plan_after(&net, &s, &p.plan);
	assert_diff(&p.plan, &stick.plan, "EXDEV");
}

/* A circuit that comes and one that goes touch nothing else, though all could be spread better. */
static void a_change_moves_nothing_else(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_planned_ struct planned from = { 0 }, more = { 0 }, less = { 0 };

	(void)fixture_circuit(&net, "a", NULL, 1, 90);
	(void)fixture_circuit(&net, "b", NULL, 1, 50);
	(void)fixture_circuit(&net, "c", NULL, 1, 40);
	from = plan_fresh(&net, &usual);
	(void)fixture_circuit(&net, "d", NULL, 1, 200);
	more = plan_after(&net, &usual, &from.plan);
	assert_diff(&from.plan, &more.plan, "+d");
	net_circuit_free(&net.circuits.at[0]);
	vec_remove(&net.circuits, 0);
	less = plan_after(&net, &usual, &more.plan);
	assert_int_equal(less.plan.items.n, 5);
	assert_int_equal(item_of(&less.plan, SHAPER_CIRCUIT, "b")->queue,
			 item_of(&from.plan, SHAPER_CIRCUIT, "c")->queue);
}

/* --- rebalance -------------------------------------------------------------------------------- */

/* 300 against 100: the largest piece would only turn that around. */
static void one_move_may_be_enough(void **state)
{
	_cleanup_(network_free) struct network net = { 0 };
	_cleanup_shaper_past_ struct shaper_past past = { 0 };
	_cleanup_shaper_moves_ struct shaper_moves moves = { 0 }, rest = { 0 };
	_cleanup_planned_ struct planned p = { 0 }, after = { 0 };

	(void)fixture_node(&net, "Site", -1, 100);
	(void)fixture_circuit(&net, "below", "Site", 1, 60);
	(void)fixture_circuit(&net, "x", NULL, 1, 90);
	(void)fixture_circuit(&net, "y", NULL, 1, 30);
	(void)fixture_circuit(&net, "z", NULL, 1, 20);
	push_seat(&past, SHAPER_NODE, "Site", NULL, 0, 0x20);
	push_seat(&past, SHAPER_CIRCUIT, "x", NULL, 0, 0x21);
	push_seat(&past, SHAPER_CIRCUIT, "y", NULL, 1, 0x22);
	push_seat(&past, SHAPER_CIRCUIT, "z", NULL, 1, 0x23);
	p = plan_with(&net, &usual, &past, NULL, NULL);
	assert_int_equal(p.plan.load.at[0], MBIT(300));
	assert_int_equal(shaper_plan_rebalance(&p.plan, 10, &moves), 0);
	assert_int_equal(moves.moves.n, 1);
	assert_int_equal(moves.moves.at[0].item, item_index(&p.plan, SHAPER_NODE, "Site"));
	assert_int_equal(moves.moves.at[0].queue, 1);
	shaper_past_free(&past);
	assert_int_equal(shaper_past_of(&p.plan, &past), 0);
	shaper_past_move(&past, &moves);
	after = plan_with(&net, &usual, &past, NULL, NULL);
	assert_diff(&p.plan, &after.plan, "+Site +below -below -Site");
	assert_int_equal(after.plan.load.at[0], MBIT(180));
	assert_int_equal(after.plan.load.at[1], MBIT(220));
	assert_int_equal(shaper_plan_rebalance(&after.plan, 10, &rest), 0);
	assert_int_equal(rest.moves.n, 0);
}

static void none_where_there_is_nothing(void **state)
{
	_cleanup_shaper_moves_ struct shaper_moves moves = { 0 };
	struct shaper_plan nothing = { 0 };

	assert_int_equal(shaper_plan_rebalance(&nothing, 10, &moves), 0);
	assert_int_equal(moves.moves.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_is_what_was_said),
		cmocka_unit_test(what_was_not_said),
		cmocka_unit_test(who_tells_what_is_clamped),
		cmocka_unit_test(nodes_share_what_is_left),
		cmocka_unit_test(too_many_promises_shrink_in_steps),
		cmocka_unit_test(a_generated_name_may_be_taken),
		cmocka_unit_test(what_cannot_be_planned),
		cmocka_unit_test(what_was_measured_weighs),
		cmocka_unit_test(what_weighs_nothing_is_spread_too),
		cmocka_unit_test(a_state_file_may_say_anything),
		cmocka_unit_test(free_numbers_go_around),
		cmocka_unit_test(numbers_run_out),
		cmocka_unit_test(changes_take_the_steps_they_need),
		cmocka_unit_test(from_and_to_nothing),
		cmocka_unit_test(strangers_cannot_stand_beside_each_other),
		cmocka_unit_test(a_change_moves_nothing_else),
		cmocka_unit_test(one_move_may_be_enough),
		cmocka_unit_test(none_where_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
