/* SPDX-License-Identifier: GPL-2.0-only */
/* Draining: what a target knows stays there, what is new goes elsewhere, and it ends by itself. */
#include "pipe/balance/balance_test_run.h"
#include "pipe/balance/flows.h"
#include "pipe/balance/hash.h"

#define FOUR "  in: [eth1, eth2]\n  out: [eth3, eth4, eth5, eth6]\n"
#define FLOW "balance:\n" FOUR
#define SYMMETRIC "balance:\n  policy: flow-symmetric\n" FOUR
#define DRAIN_3 "{\"interface\":\"eth3\"}"

#define TH_FIN 0x01
#define TH_SYN 0x02
#define TH_ACK 0x10

/* --- tools ------------------------------------------------------------------------------------- */

/* Flow number `nth` of those that the target now owns. */
static struct flow flow_of(const struct run *r, const char *target, uint8_t proto, unsigned nth)
{
	const int slot = slot_by_name(r, target);

	for (unsigned i = 0;; i++) {
		struct flow f = flow_number(i % 2 ? 4 : 6, proto, i);

		if (flow_owner(r, &f) == slot && !nth--)
			return f;
	}
}

static int run_tcp(const struct run *r, unsigned input, enum hook hook, const struct flow *f,
		   uint8_t flags)
{
	struct build b = { .payload = 10, .family = f->family, .proto = 6 };
	struct parse_view v;
	struct frame frame;

	make_frame(&frame, b, f);
	(void)build_frame((uint8_t[BUILD_MAX]){ 0 }, &b, &v);
	frame.bytes[v.l4 + 13] = flags;
	return run_sent(r, input, hook, &frame);
}

static int run_udp(const struct run *r, unsigned input, enum hook hook, const struct flow *f)
{
	return run_flow(r, input, hook, (struct build){ .payload = 10 }, f);
}

/* The draining of eth3 began so long ago. */
static void drained_since(struct run *r, int seconds)
{
	struct balance_change *c = balance_changes_find(&run_live(r)->changes, "eth1", "eth3");

	assert_non_null(c);
	c->since = balance_seconds() - seconds;
	run_sync(r);
	(void)balance_drain_tick(run_live(r), run_balancer(r));
}

static size_t n_words(const struct run *r)
{
	return (size_t)run_balancer(r)->n_lines * BALANCE_WAYS;
}

static __u64 *word_at(const struct run *r, size_t i)
{
	return &run_balancer(r)->lines[i / BALANCE_WAYS].flow[i % BALANCE_WAYS];
}

static unsigned known_flows(const struct run *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < n_words(r); i++)
		n += *word_at(r, i) != 0;
	return n;
}

/* No packet of any known flow was seen for so long. */
static void age_flows(const struct run *r, unsigned seconds)
{
	for (size_t i = 0; i < n_words(r); i++) {
		__u64 word = *word_at(r, i);

		if (word)
			*word_at(r, i) = (word & ~0xffffULL) | (__u16)(word - seconds);
	}
}

static uint64_t kept(const struct run *r)
{
	return run_counted(r, COUNT_balance_drain_kept).packets;
}

/* --- in the packet path ------------------------------------------------------------------------ */

static void check_learning(const char *yaml, enum hook hook)
{
	struct flow udp, tcp, fresh, other, late;
	struct run r;
	int three;

	run_open_hook(&r, yaml, hook);
	three = slot_by_name(&r, "eth3");
	udp = flow_of(&r, "eth3", 17, 0);
	tcp = flow_of(&r, "eth3", 6, 1);
	fresh = flow_of(&r, "eth3", 6, 2);
	late = flow_of(&r, "eth3", 6, 3);
	other = flow_of(&r, "eth4", 6, 0);
	run_command(&r, "Drain", DRAIN_3);
	assert_int_equal(balancer_owned(run_balancer(&r), (unsigned)three), 0);
	/* A flow is known, unless it begins. */
	assert_int_equal(run_udp(&r, 0, hook, &udp), three);
	assert_int_equal(run_tcp(&r, 1, hook, &tcp, TH_ACK), three);
	assert_int_equal(run_tcp(&r, 0, hook, &fresh, TH_SYN), flow_owner(&r, &fresh));
	assert_int_equal(run_tcp(&r, 1, hook, &fresh, TH_ACK), flow_owner(&r, &fresh));
	assert_int_equal(run_tcp(&r, 0, hook, &other, TH_ACK), slot_by_name(&r, "eth4"));
	assert_int_equal(known_flows(&r), 3); /* not the other's */
	assert_int_equal(kept(&r), 0);
	/* From then on what is not known is new. */
	drained_since(&r, 1000);
	assert_int_equal(run_udp(&r, 1, hook, &udp), three);
	assert_int_equal(run_tcp(&r, 0, hook, &tcp, TH_ACK), three);
	assert_int_equal(run_tcp(&r, 0, hook, &tcp, TH_ACK | TH_FIN), three);
	assert_int_equal(run_tcp(&r, 0, hook, &fresh, TH_ACK), flow_owner(&r, &fresh));
	assert_int_equal(run_tcp(&r, 0, hook, &late, TH_ACK), flow_owner(&r, &late));
	assert_int_equal(run_tcp(&r, 0, hook, &other, TH_ACK), slot_by_name(&r, "eth4"));
	assert_int_equal(known_flows(&r), 3);
	assert_int_equal(kept(&r), 3);
	assert_int_equal(run_counted(&r, COUNT_balance_drain_full).packets, 0);
	run_close(&r);
}

static void known_flows_stay_and_new_ones_go_elsewhere(void **state)
{
	need_root();
	for (size_t h = 0; h < ARRAY_LEN(hooks); h++) {
		check_learning(FLOW, hooks[h]);
		check_learning(SYMMETRIC, hooks[h]);
	}
}

/* Both directions are one flow, in whichever it is seen first. */
static void directions_are_known_together(void **state)
{
	struct flow f, back;
	struct run r;

	need_root();
	run_open(&r, SYMMETRIC);
	f = flow_of(&r, "eth3", 6, 0);
	back = flow_back(f);
	run_command(&r, "Drain", DRAIN_3);
	assert_int_equal(run_tcp(&r, 0, HOOK_XDP, &f, TH_ACK), slot_by_name(&r, "eth3"));
	drained_since(&r, 1000);
	assert_int_equal(run_tcp(&r, 1, HOOK_XDP, &back, TH_ACK), slot_by_name(&r, "eth3"));
	assert_int_equal(known_flows(&r), 1);
	run_close(&r);
}

/* Where each direction is a flow of its own the answer begins one; else it belongs to what began. */
static void an_answer_begins_its_own_direction(void **state)
{
	struct flow f;
	struct run r;

	need_root();
	run_open(&r, FLOW);
	f = flow_of(&r, "eth3", 6, 0);
	run_command(&r, "Drain", DRAIN_3);
	assert_int_equal(run_tcp(&r, 0, HOOK_XDP, &f, TH_SYN | TH_ACK), flow_owner(&r, &f));
	run_close(&r);
	run_open(&r, SYMMETRIC);
	f = flow_of(&r, "eth3", 6, 0);
	run_command(&r, "Drain", DRAIN_3);
	assert_int_equal(run_tcp(&r, 0, HOOK_XDP, &f, TH_SYN | TH_ACK), slot_by_name(&r, "eth3"));
	run_close(&r);
}

/* The ports of an ended connection, used again. */
static void a_known_flow_that_begins_anew_is_new(void **state)
{
	struct flow f;
	struct run r;

	need_root();
	run_open(&r, FLOW);
	f = flow_of(&r, "eth3", 6, 0);
	run_command(&r, "Drain", DRAIN_3);
	assert_int_equal(run_tcp(&r, 0, HOOK_XDP, &f, TH_ACK), slot_by_name(&r, "eth3"));
	drained_since(&r, 1000);
	assert_int_equal(run_tcp(&r, 0, HOOK_XDP, &f, TH_ACK), slot_by_name(&r, "eth3"));
	assert_int_equal(run_tcp(&r, 0, HOOK_XDP, &f, TH_SYN), flow_owner(&r, &f));
	assert_int_equal(run_tcp(&r, 0, HOOK_XDP, &f, TH_ACK), flow_owner(&r, &f));
	assert_int_not_equal(flow_owner(&r, &f), slot_by_name(&r, "eth3"));
	run_close(&r);
}

static void a_full_line_is_counted(void **state)
{
	struct flow f;
	uint64_t hash;
	struct run r;
	int three;

	need_root();
	run_open(&r, FLOW);
	three = slot_by_name(&r, "eth3");
	f = flow_of(&r, "eth3", 17, 0);
	hash = flow_hash(&r, &f);
	run_command(&r, "Drain", DRAIN_3);
	for (uint64_t i = 1; i <= BALANCE_WAYS; i++)
		assert_true(balance_flows_put(run_balancer(&r), hash ^ i << 32, (uint8_t)three));
	assert_false(balance_flows_put(run_balancer(&r), hash, (uint8_t)three));
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), three);
	assert_int_equal(run_counted(&r, COUNT_balance_drain_full).packets, 1);
	assert_int_equal(known_flows(&r), BALANCE_WAYS);
	run_close(&r);
}

/* Those of a draining that ended a moment ago have moved since. */
static void the_next_draining_learns_anew(void **state)
{
	struct flow f;
	struct run r;

	need_root();
	run_open(&r, FLOW);
	f = flow_of(&r, "eth3", 17, 0);
	run_command(&r, "Drain", DRAIN_3);
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), slot_by_name(&r, "eth3"));
	assert_int_equal(known_flows(&r), 1);
	run_command(&r, "Undrain", DRAIN_3);
	run_command(&r, "Drain", DRAIN_3);
	assert_int_equal(known_flows(&r), 0);
	drained_since(&r, 1000);
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), flow_owner(&r, &f));
	run_close(&r);
}

/* A target that goes down while it drains keeps nobody. */
static void a_dead_target_keeps_nobody(void **state)
{
	struct flow f;
	struct run r;

	need_root();
	for (size_t h = 0; h < ARRAY_LEN(hooks); h++) {
		run_open_hook(&r, FLOW, hooks[h]);
		f = flow_of(&r, "eth3", 17, 0);
		run_command(&r, "Drain", DRAIN_3);
		assert_int_equal(run_udp(&r, 0, hooks[h], &f), slot_by_name(&r, "eth3"));
		world_link(&r.world, 3)->carrier = false;
		run_sync(&r);
		assert_int_equal(run_udp(&r, 0, hooks[h], &f), flow_owner(&r, &f));
		world_link(&r.world, 3)->carrier = true;
		run_sync(&r);
		assert_int_equal(run_udp(&r, 0, hooks[h], &f), slot_by_name(&r, "eth3"));
		run_close(&r);
	}
}

/* What moved from one to another that is drained next is still with the first. */
static void two_drain_at_once(void **state)
{
	struct flow stays, moved, second;
	struct run r;

	need_root();
	run_open(&r, FLOW);
	stays = flow_of(&r, "eth3", 17, 0);
	second = flow_of(&r, "eth4", 17, 0);
	run_command(&r, "Drain", DRAIN_3);
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &stays), slot_by_name(&r, "eth3"));
	moved = flow_of(&r, "eth4", 6, 0);
	for (unsigned i = 1;
	     run_balancer(&r)->table->was[balance_bucket(flow_hash(&r, &moved))] == BALANCE_NONE; i++)
		moved = flow_of(&r, "eth4", 6, i);
	assert_int_equal(run_tcp(&r, 0, HOOK_XDP, &moved, TH_SYN), slot_by_name(&r, "eth4"));
	run_command(&r, "Drain", "{\"interface\":\"eth4\"}");
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &stays), slot_by_name(&r, "eth3"));
	assert_int_equal(run_tcp(&r, 0, HOOK_XDP, &moved, TH_ACK), slot_by_name(&r, "eth4"));
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &second), slot_by_name(&r, "eth4"));
	run_close(&r);
}

/* There is nobody for new flows; the known ones are served. */
static void all_drain(void **state)
{
	struct flow f, fresh;
	struct frame frame;
	struct run r;

	need_root();
	run_open(&r, "balance:\n  in: eth1\n  out: eth3\n  none_left: drop\n");
	f = flow_of(&r, "eth3", 17, 0);
	fresh = flow_of(&r, "eth3", 6, 1);
	run_command(&r, "Drain", DRAIN_3);
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), slot_by_name(&r, "eth3"));
	drained_since(&r, 1000);
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), slot_by_name(&r, "eth3"));
	make_frame(&frame, (struct build){ .payload = 1 }, &fresh);
	expect_fate(&r, HOOK_XDP, &frame, FATE_DROPPED);
	run_close(&r);
}

static void undrained_gets_its_share_again(void **state)
{
	struct flow f, fresh;
	struct run r;
	unsigned share;
	int three;

	need_root();
	run_open(&r, FLOW);
	three = slot_by_name(&r, "eth3");
	share = balancer_owned(run_balancer(&r), (unsigned)three);
	f = flow_of(&r, "eth3", 17, 0);
	fresh = flow_of(&r, "eth3", 6, 0);
	run_command(&r, "Drain", DRAIN_3);
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), three);
	assert_int_not_equal(run_tcp(&r, 0, HOOK_XDP, &fresh, TH_SYN), three);
	run_command(&r, "Undrain", DRAIN_3);
	assert_int_equal(balancer_owned(run_balancer(&r), (unsigned)three), share);
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), three);
	assert_int_equal(run_tcp(&r, 0, HOOK_XDP, &fresh, TH_ACK), three);
	for (unsigned i = 0; i < BALANCE_BUCKETS; i++)
		assert_int_equal(run_balancer(&r)->table->was[i], BALANCE_NONE);
	assert_false(run_balancer(&r)->draining);
	assert_true(run_tick(&r)); /* a program that does not ask any more */
	assert_int_equal(run_balancer(&r)->flows_fd, -1);
	assert_int_equal(slot_by_name(&r, "eth3"), three);
	run_close(&r);
}

/* --- the end ----------------------------------------------------------------------------------- */

#define BEGUN "eth3 draining: drained from 'eth1': flows it knows stay, new ones go elsewhere\n"

static void start_told(struct run *r, const char *yaml)
{
	run_open(r, yaml);
	strbuf_free(&r->told);
	r->told = (struct strbuf){ 0 };
	(void)run_tick(r);
}

static const struct balance_change *change_3(const struct run *r)
{
	return balance_changes_find(&run_live(r)->changes, "eth1", "eth3");
}

static void it_ends_with_its_last_flow(void **state)
{
	struct flow f, fresh;
	struct run r;

	need_root();
	start_told(&r, FLOW);
	f = flow_of(&r, "eth3", 17, 0);
	fresh = flow_of(&r, "eth3", 6, 1);
	run_command(&r, "Drain", DRAIN_3);
	expect_told(&r, BEGUN);
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), slot_by_name(&r, "eth3"));
	(void)run_tcp(&r, 0, HOOK_XDP, &fresh, TH_SYN);
	assert_int_equal(balancer_member(run_balancer(&r), "eth3")->state, BALANCE_DRAINING);
	/* Not while flows are learned, though none would be left. */
	age_flows(&r, 1000);
	assert_false(run_tick(&r));
	assert_int_equal(known_flows(&r), 2);
	/* Not while one lives. */
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), slot_by_name(&r, "eth3"));
	drained_since(&r, 1000);
	assert_int_equal(known_flows(&r), 1);
	assert_int_equal(balancer_member(run_balancer(&r), "eth3")->flows, 1);
	assert_false(run_tick(&r));
	expect_told(&r, "");
	assert_false(change_3(&r)->drained);
	/* But then. */
	age_flows(&r, 1000);
	assert_true(run_tick(&r));
	expect_told(&r, "eth3 drained: drained from 'eth1': no flow of its own is left\n");
	assert_true(change_3(&r)->drained);
	assert_int_equal(balancer_member(run_balancer(&r), "eth3")->state, BALANCE_DRAINED);
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), flow_owner(&r, &f));
	assert_true(run_tick(&r)); /* a program that does not ask any more */
	assert_int_equal(run_balancer(&r)->flows_fd, -1);
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), flow_owner(&r, &f));
	assert_false(run_tick(&r));
	expect_told(&r, "");
	run_close(&r);
}

static void it_ends_when_its_time_is_over(void **state)
{
	struct flow f;
	struct run r;

	need_root();
	start_told(&r, FLOW);
	f = flow_of(&r, "eth3", 17, 0);
	run_command(&r, "Drain", DRAIN_3);
	expect_told(&r, BEGUN);
	(void)run_udp(&r, 0, HOOK_XDP, &f);
	drained_since(&r, 3000);
	assert_false(run_tick(&r));
	expect_told(&r, "");
	drained_since(&r, 4000);
	expect_told(&r, "eth3 drained: drained from 'eth1': its time is over\n");
	assert_true(change_3(&r)->drained);
	run_close(&r);
}

static void turns_know_no_flows(void **state)
{
	struct run r;

	need_root();
	start_told(&r, "balance:\n  policy: round-robin\n" FOUR);
	run_command(&r, "Drain", DRAIN_3);
	expect_told(&r, BEGUN);
	assert_int_equal(run_balancer(&r)->flows_fd, -1);
	assert_true(run_tick(&r));
	expect_told(&r, "eth3 drained: drained from 'eth1': turns know no flows\n");
	run_close(&r);
}

/* The flows that are learned are those of all that drain. */
static void each_ends_for_itself(void **state)
{
	struct flow f;
	struct run r;

	need_root();
	start_told(&r, FLOW);
	f = flow_of(&r, "eth4", 17, 0);
	run_command(&r, "Drain", DRAIN_3);
	run_command(&r, "Drain", "{\"interface\":\"eth4\"}");
	strbuf_free(&r.told);
	r.told = (struct strbuf){ 0 };
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), slot_by_name(&r, "eth4"));
	drained_since(&r, 1000);
	expect_told(&r, "eth3 drained: drained from 'eth1': no flow of its own is left\n");
	run_sync(&r);
	assert_int_equal(run_udp(&r, 0, HOOK_XDP, &f), slot_by_name(&r, "eth4"));
	assert_true(run_balancer(&r)->draining);
	assert_true(run_balancer(&r)->flows_fd >= 0);
	run_close(&r);
}

/* More known flows than are looked at in one go. */
static void all_known_flows_are_looked_at(void **state)
{
	const unsigned n = 5000;
	struct run r;

	need_root();
	start_told(&r, FLOW);
	run_command(&r, "Drain", DRAIN_3);
	for (uint64_t i = 1; i <= n; i++)
		assert_true(balance_flows_put(run_balancer(&r), i * BALANCE_MUL1,
					      (__u8)slot_by_name(&r, "eth3")));
	drained_since(&r, 1000);
	assert_int_equal(balancer_member(run_balancer(&r), "eth3")->flows, n);
	assert_int_equal(known_flows(&r), n);
	age_flows(&r, 1000);
	assert_true(run_tick(&r));
	assert_true(change_3(&r)->drained);
	assert_int_equal(known_flows(&r), 0);
	run_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_flows_stay_and_new_ones_go_elsewhere),
		cmocka_unit_test(directions_are_known_together),
		cmocka_unit_test(an_answer_begins_its_own_direction),
		cmocka_unit_test(a_known_flow_that_begins_anew_is_new),
		cmocka_unit_test(a_full_line_is_counted),
		cmocka_unit_test(the_next_draining_learns_anew),
		cmocka_unit_test(a_dead_target_keeps_nobody),
		cmocka_unit_test(two_drain_at_once),
		cmocka_unit_test(all_drain),
		cmocka_unit_test(undrained_gets_its_share_again),
		cmocka_unit_test(it_ends_with_its_last_flow),
		cmocka_unit_test(it_ends_when_its_time_is_over),
		cmocka_unit_test(turns_know_no_flows),
		cmocka_unit_test(each_ends_for_itself),
		cmocka_unit_test(all_known_flows_are_looked_at),
	};

	return cmocka_run_group_tests_name("balance drain", tests, run_namespace, NULL);
}
