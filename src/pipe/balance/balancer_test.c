/* SPDX-License-Identifier: GPL-2.0-only */
/* One balancer at work: who has which slot, what the packet path is told, what is counted for whom. */
#include "pipe/balance/balance_test_run.h"

#define IN "balance:\n  in: [eth1, eth2]\n"
#define FOUR IN "  out: [eth3, eth4, eth5, eth6]\n"
#define TURNS FOUR "  policy: round-robin\n"

static struct balance_table *table_of(const struct run *r)
{
	return run_balancer(r)->table;
}

static const uint8_t *buckets_of(const struct run *r)
{
	return table_of(r)->bucket[table_of(r)->half & 1];
}

static unsigned owned(const struct run *r, const char *name)
{
	return balancer_owned(run_balancer(r), (unsigned)slot_by_name(r, name));
}

/* What XDP finds in the slot: an ifindex, or 0. */
static uint32_t port_of(const struct run *r, uint32_t slot)
{
	uint32_t ifindex = 0;

	if (bpf_map_lookup_elem(run_balancer(r)->ports_fd, &slot, &ifindex))
		return 0;
	return ifindex;
}

/* Both hooks find every living member in its slot, and nothing anywhere else. */
static void expect_slots(const struct run *r)
{
	uint32_t want[BALANCE_SLOTS] = { 0 };
	bool direct[BALANCE_SLOTS] = { false };

	vec_foreach(&run_balancer(r)->members.all, m) {
		assert_int_equal(want[m->slot], 0);
		want[m->slot] = m->alive ? m->ifindex : 0;
		direct[m->slot] = m->direct;
		assert_string_equal(table_of(r)->slot[m->slot].name, m->goal.name);
	}
	for (uint32_t slot = 0; slot < BALANCE_SLOTS; slot++) {
		assert_int_equal(table_of(r)->slot[slot].ifindex, want[slot]);
		assert_int_equal(port_of(r, slot), direct[slot] ? want[slot] : 0);
	}
}

static void expect_state(const struct run *r, const char *name, const char *want)
{
	assert_string_equal(balance_state_name(balancer_member(run_balancer(r), name)->state), want);
}

/* --- members and slots ------------------------------------------------------------------------- */

static void members_are_as_their_links(void **state)
{
	struct run r;

	need_root();
	run_begin(&r, IN "  out: [eth3, eth4, eth5, eth6, eth7, eth8]\n");
	world_link(&r.world, 4)->up = world_link(&r.world, 4)->carrier = false;
	world_link(&r.world, 5)->carrier = false;
	world_link(&r.world, 6)->ifindex = 0;
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	run_command(&r, "Drain", "{\"interface\":\"eth7\"}");
	run_command(&r, "Drain", "{\"interface\":\"eth8\"}");
	balance_changes_find(&run_live(&r)->changes, "eth1", "eth8")->drained = true;
	run_sync(&r);
	expect_state(&r, "eth3", "up");
	expect_state(&r, "eth4", "down");
	expect_state(&r, "eth5", "no carrier");
	expect_state(&r, "eth6", "away");
	expect_state(&r, "eth7", "draining");
	expect_state(&r, "eth8", "drained");
	assert_int_equal(owned(&r, "eth3"), BALANCE_BUCKETS);
	expect_slots(&r);
	assert_null(balancer_member(run_balancer(&r), "eth9"));
	run_close(&r);
}

/* A slot is a target's for as long as it is one, and not at once another's. */
static void slots_are_kept(void **state)
{
	struct run r;
	int three, four;

	need_root();
	run_open(&r, FOUR);
	three = slot_by_name(&r, "eth3");
	four = slot_by_name(&r, "eth4");
	expect_slots(&r);
	run_reload(&r, IN "  out: [eth6, eth4, eth7]\n");
	assert_int_equal(slot_by_name(&r, "eth4"), four);
	assert_int_not_equal(slot_by_name(&r, "eth7"), three);
	expect_slots(&r);
	assert_int_equal(table_of(&r)->slot[three].used, BALANCE_SLOT_FREE);
	run_close(&r);
}

/* Every target and the backup replaced at once, again and again. */
static void all_targets_can_be_replaced(void **state)
{
	static const char half[] = "  backup: eth%u\n  out:\n";
	struct run r;

	need_root();
	run_open(&r, FOUR);
	for (unsigned turn = 0; turn < 8; turn++) {
		_cleanup_strbuf_ struct strbuf yaml = { 0 };

		strbuf_add(&yaml, IN);
		strbuf_addf(&yaml, half, 131 + turn % 2);
		for (unsigned i = 0; i < BALANCE_TARGETS; i++)
			strbuf_addf(&yaml, "  - eth%u\n", 3 + i + turn % 2 * BALANCE_TARGETS);
		run_reload(&r, strbuf_text(&yaml));
		assert_int_equal(run_balancer(&r)->members.all.n, BALANCE_TARGETS + 1);
	}
	run_close(&r);
}

/* An interface that was made anew has another number: same target, same slot, same flows. */
static void a_new_number_is_the_same_target(void **state)
{
	uint8_t before[BALANCE_BUCKETS];
	struct run r;
	int slot;

	need_root();
	run_open(&r, FOUR);
	slot = slot_by_name(&r, "eth3");
	memcpy(before, buckets_of(&r), sizeof(before));
	world_link(&r.world, 3)->ifindex = world_link(&r.world, 12)->ifindex;
	run_sync(&r);
	assert_int_equal(slot_by_name(&r, "eth3"), slot);
	assert_int_equal(port_of(&r, (uint32_t)slot), world_link(&r.world, 12)->ifindex);
	assert_memory_equal(buckets_of(&r), before, sizeof(before));
	assert_int_equal(run_balancer(&r)->moved, 0);
	expect_slots(&r);
	run_close(&r);
}

/* --- shares ------------------------------------------------------------------------------------ */

static void the_others_keep_their_flows(void **state)
{
	uint8_t before[BALANCE_BUCKETS];
	unsigned share, moved = 0;
	struct run r;
	int five;

	need_root();
	run_open(&r, IN "  out: [eth3, eth4, eth5, eth6, eth7, eth8, eth9, eth10, eth11, eth12]\n");
	five = slot_by_name(&r, "eth5");
	share = owned(&r, "eth5");
	assert_in_range(share, 6553, 6554);
	memcpy(before, buckets_of(&r), sizeof(before));
	world_link(&r.world, 5)->carrier = false;
	run_sync(&r);
	for (unsigned i = 0; i < BALANCE_BUCKETS; i++)
		moved += before[i] != five && before[i] != buckets_of(&r)[i];
	assert_int_equal(moved, 0);
	assert_int_equal(owned(&r, "eth5"), 0);
	assert_int_equal(run_balancer(&r)->moved, share);
	expect_slots(&r);
	run_sync(&r); /* nothing changed, nothing moves */
	assert_int_equal(run_balancer(&r)->moved, 0);
	assert_int_equal(run_balancer(&r)->change.moved,
			 share); /* still what is told of the last time */
	world_link(&r.world, 5)->carrier = true;
	run_sync(&r);
	assert_memory_equal(buckets_of(&r), before, sizeof(before));
	expect_slots(&r);
	run_close(&r);
}

static void shares_are_those_of_the_weights(void **state)
{
	struct run r;

	need_root();
	run_open(&r, IN "  out: [{ name: eth3, weight: 50 }, { name: eth4, weight: 10 }, eth5]\n");
	assert_in_range(owned(&r, "eth3"), BALANCE_BUCKETS * 50 / 61, BALANCE_BUCKETS * 50 / 61 + 1);
	assert_in_range(owned(&r, "eth4"), BALANCE_BUCKETS * 10 / 61, BALANCE_BUCKETS * 10 / 61 + 1);
	assert_in_range(owned(&r, "eth5"), BALANCE_BUCKETS / 61, BALANCE_BUCKETS / 61 + 1);
	run_command(&r, "SetWeight", "{\"interface\":\"eth5\",\"weight\":60}");
	assert_int_equal(owned(&r, "eth5"), BALANCE_BUCKETS / 2);
	run_close(&r);
}

/* The order of turns is written too, whichever policy there is: a reload changes only a switch. */
static void turns_are_as_configured(void **state)
{
	struct run r;
	const struct balance_table *t;

	need_root();
	run_open(&r, TURNS);
	t = table_of(&r);
	assert_int_equal(t->n_turns[t->half & 1], 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(t->turns[t->half & 1][i],
				 slot_by_name(&r, world_link(&r.world, 3 + i)->name));
	world_link(&r.world, 4)->carrier = false;
	run_sync(&r);
	assert_int_equal(t->n_turns[t->half & 1], 3);
	assert_int_equal(t->turns[t->half & 1][1], slot_by_name(&r, "eth5"));
	for (unsigned i = 3; i <= 6; i++)
		world_link(&r.world, i)->carrier = false;
	run_sync(&r);
	assert_int_equal(t->n_turns[t->half & 1], 1);
	assert_int_equal(t->turns[t->half & 1][0], BALANCE_NONE);
	assert_false(balancer_is_served(run_balancer(&r)));
	run_close(&r);
}

/* --- the backup -------------------------------------------------------------------------------- */

static void check_backup(const char *yaml, enum hook hook)
{
	struct flow f = flow_number(4, 6, 1);
	struct run r;

	run_open_hook(&r, yaml, hook);
	assert_false(run_balancer(&r)->on_backup);
	assert_int_equal(owned(&r, "eth9"), 0);
	for (unsigned i = 3; i <= 6; i++) {
		assert_false(run_balancer(&r)->on_backup);
		assert_int_not_equal(run_flow(&r, 0, hook, (struct build){ 0 }, &f),
				     slot_by_name(&r, "eth9"));
		world_link(&r.world, i)->carrier = false;
		run_sync(&r);
	}
	assert_true(run_balancer(&r)->on_backup);
	assert_true(balancer_is_served(run_balancer(&r)));
	assert_int_equal(owned(&r, "eth9"), BALANCE_BUCKETS);
	expect_slots(&r);
	assert_int_equal(run_flow(&r, 0, hook, (struct build){ 0 }, &f), slot_by_name(&r, "eth9"));
	world_link(&r.world, 6)->carrier = true;
	run_sync(&r);
	assert_false(run_balancer(&r)->on_backup);
	assert_int_equal(run_flow(&r, 0, hook, (struct build){ 0 }, &f), slot_by_name(&r, "eth6"));
	run_close(&r);
}

static void the_backup_has_all_or_nothing(void **state)
{
	need_root();
	for (size_t h = 0; h < ARRAY_LEN(hooks); h++) {
		check_backup(FOUR "  backup: eth9\n", hooks[h]);
		check_backup(TURNS "  backup: eth9\n", hooks[h]);
	}
}

/* With the backup down too, or never asked for, there is nobody. */
static void no_backup_is_nobody(void **state)
{
	struct flow f = flow_number(4, 6, 1);
	struct frame frame;
	struct run r;

	need_root();
	run_begin(&r, IN "  out: eth3\n  backup: eth9\n");
	world_link(&r.world, 3)->carrier = world_link(&r.world, 9)->up = false;
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	make_frame(&frame, (struct build){ 0 }, &f);
	expect_fate(&r, HOOK_XDP, &frame, FATE_NEXT);
	assert_int_equal(run_counted(&r, COUNT_balance_none_passed).packets, 1);
	assert_false(run_balancer(&r)->on_backup);
	world_link(&r.world, 9)->up = true;
	run_sync(&r);
	assert_int_equal(run_sent(&r, 0, HOOK_XDP, &frame), slot_by_name(&r, "eth9"));
	run_reload(&r, IN "  out: eth3\n  backup: eth9\n  none_left: drop\n");
	assert_null(balancer_member(run_balancer(&r), "eth9"));
	expect_fate(&r, HOOK_XDP, &frame, FATE_DROPPED);
	run_close(&r);
}

/* A backup that takes no redirects is reached by way of TC. */
static void a_backup_without_redirects_is_reached(void **state)
{
	struct flow f = flow_number(4, 6, 1);
	struct outcome out = { 0 };
	struct frame frame;
	struct run r;

	need_root();
	run_begin(&r, IN "  out: eth3\n  backup: eth9\n");
	world_link(&r.world, 3)->carrier = world_link(&r.world, 9)->xmit = false;
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	expect_slots(&r);
	make_frame(&frame, (struct build){ 0 }, &f);
	run_xdp(r.port[0].instance, &frame, &out);
	assert_int_equal(out.verdict, XDP_PASS);
	assert_true(out.has_meta);
	assert_int_equal(out.meta.oif, world_link(&r.world, 9)->ifindex);
	assert_int_equal(run_counted(&r, COUNT_balance_vanished).packets, 0);
	run_close(&r);
}

/* --- counts ------------------------------------------------------------------------------------ */

static uint64_t packets_of(const struct run *r, const char *name)
{
	const struct counter_view view = run_view(r);

	return balancer_count(run_balancer(r), balancer_member(run_balancer(r), name), &view).packets;
}

static void send_packets(const struct run *r, unsigned input, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct flow f = flow_number(4, 6, i);

		(void)run_flow(r, input, HOOK_XDP, (struct build){ .payload = 100 }, &f);
	}
}

static uint64_t packets_of_all(const struct run *r)
{
	uint64_t n = 0;

	vec_foreach(&run_balancer(r)->members.all, m)
		n += packets_of(r, m->goal.name);
	return n;
}

static void counts_are_of_all_inputs(void **state)
{
	struct counter_view view;
	struct pipe_count c;
	struct run r;

	need_root();
	run_open(&r, IN "  out: [eth3, eth4]\n");
	send_packets(&r, 0, 40);
	send_packets(&r, 1, 20);
	assert_int_equal(packets_of_all(&r), 60);
	assert_in_range(packets_of(&r, "eth3"), 15, 45);
	view = run_view(&r);
	c = balancer_count(run_balancer(&r), balancer_member(run_balancer(&r), "eth3"), &view);
	assert_int_equal(c.bytes, c.packets * (14 + 20 + 20 + 100));
	run_close(&r);
}

/* Who joins begins at zero, in a slot that somebody used before. */
static void counts_begin_when_a_target_joins(void **state)
{
	struct run r;

	need_root();
	run_open(&r, IN "  out: eth3\n");
	send_packets(&r, 0, 10);
	for (unsigned i = 0; i < BALANCE_NONE + 5; i++) {
		run_reload(&r, i % 2 ? IN "  out: eth3\n" : IN "  out: eth4\n");
		assert_int_equal(packets_of_all(&r), 0);
		send_packets(&r, i % 2, 2);
		assert_int_equal(packets_of_all(&r), 2);
	}
	run_close(&r);
}

/* An input that goes takes its counters away, one that comes may bring some along. */
static void counts_do_not_jump_with_the_inputs(void **state)
{
	struct run r;

	need_root();
	run_open(&r, IN "  out: eth3\n");
	send_packets(&r, 0, 30);
	send_packets(&r, 1, 12);
	assert_int_equal(packets_of(&r, "eth3"), 42);
	run_reload(&r, "balance:\n  name: eth1\n  in: eth1\n  out: eth3\n");
	assert_int_equal(packets_of(&r, "eth3"), 42);
	send_packets(&r, 0, 1);
	assert_int_equal(packets_of(&r, "eth3"), 43);
	run_reload(&r, IN "  out: eth3\n");
	assert_int_equal(packets_of(&r, "eth3"), 43);
	send_packets(&r, 1, 1);
	assert_int_equal(packets_of(&r, "eth3"), 44);
	run_close(&r);
}

/* --- syncs that fail --------------------------------------------------------------------------- */

static void a_failed_sync_changes_nothing(void **state)
{
	static struct balance_table before;
	struct run r;

	need_root();
	run_open(&r, FOUR);
	memcpy(&before, table_of(&r), sizeof(before));
	world_link(&r.world, 3)->carrier = false;
	(void)balance_changes_at(&run_live(&r)->changes, "eth1", "eth8");
	run_live(&r)->changes.all.at[0].added = true;
	r.fail = true;
	assert_int_not_equal(run_try_sync(&r), 0);
	assert_int_equal(table_of(&r)->half, before.half);
	assert_memory_equal(table_of(&r)->bucket, before.bucket, sizeof(before.bucket));
	assert_int_equal(run_balancer(&r)->members.all.n, 4);
	expect_slots(&r);
	for (unsigned i = 0; i < BALANCE_SLOTS; i++)
		assert_int_equal(table_of(&r)->slot[i].used, before.slot[i].used);
	run_sync(&r); /* and then it does */
	assert_int_equal(run_balancer(&r)->members.all.n, 5);
	assert_int_equal(owned(&r, "eth3"), 0);
	expect_slots(&r);
	run_close(&r);
}

/* A balancer that never was in force leaves with the sync that failed. */
static void a_failed_first_sync_leaves_nothing(void **state)
{
	struct run r;

	need_root();
	run_begin(&r, FOUR);
	run_open_live(&r, NULL, NULL);
	r.fail = true;
	assert_int_not_equal(run_try_sync(&r), 0);
	assert_int_equal(run_live(&r)->balancers.n, 0);
	run_sync(&r);
	assert_int_equal(run_live(&r)->balancers.n, 1);
	run_close(&r);
}

/* Copies are put in place one after the other: the first packet already finds the table. */
static void a_new_balancer_is_ready_before_its_first_packet(void **state)
{
	struct run r;
	struct pipe_plan plan = { 0 };

	need_root();
	run_begin(&r, FOUR);
	run_open_live(&r, NULL, NULL);
	assert_int_equal(run_plan(&r, &plan), 0);
	assert_int_equal(balance_live_ops.prepare(run_live(&r), world_conf(&r.world),
						  &r.world.facts, &plan, &r.world.d),
			 0);
	assert_true(balancer_is_served(run_balancer(&r)));
	run_load(&r, &plan);
	send_packets(&r, 0, 20);
	assert_int_equal(run_counted(&r, COUNT_balance_spread).packets, 20);
	balance_live_ops.revert(run_live(&r));
	pipe_plan_free(&plan);
	run_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_as_their_links),
		cmocka_unit_test(slots_are_kept),
		cmocka_unit_test(all_targets_can_be_replaced),
		cmocka_unit_test(a_new_number_is_the_same_target),
		cmocka_unit_test(the_others_keep_their_flows),
		cmocka_unit_test(shares_are_those_of_the_weights),
		cmocka_unit_test(turns_are_as_configured),
		cmocka_unit_test(the_backup_has_all_or_nothing),
		cmocka_unit_test(no_backup_is_nobody),
		cmocka_unit_test(a_backup_without_redirects_is_reached),
		cmocka_unit_test(counts_are_of_all_inputs),
		cmocka_unit_test(counts_begin_when_a_target_joins),
		cmocka_unit_test(counts_do_not_jump_with_the_inputs),
		cmocka_unit_test(a_failed_sync_changes_nothing),
		cmocka_unit_test(a_failed_first_sync_leaves_nothing),
		cmocka_unit_test(a_new_balancer_is_ready_before_its_first_packet),
	};

	return cmocka_run_group_tests_name("balancer", tests, run_namespace, NULL);
}
