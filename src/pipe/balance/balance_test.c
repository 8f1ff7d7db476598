/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets through an input's copy of the program: who is sent where, and who is left alone. */
#include "pipe/balance/balance_test_run.h"

#include <sched.h>

#define FOUR "  in: [eth1, eth2]\n  out: [eth3, eth4, eth5, eth6]\n"
#define FLOW "balance:\n" FOUR
#define SYMMETRIC "balance:\n  policy: flow-symmetric\n" FOUR
#define TURNS "balance:\n  policy: round-robin\n" FOUR
#define SEED "  seed: 81985529216486895\n"

#define ALL(a, i) for (size_t i = 0; i < ARRAY_LEN(a); i++)

/* --- by flow ----------------------------------------------------------------------------------- */

static const uint8_t protos4[] = { 6, 17, 1, 47, 50, 132 }, protos6[] = { 6, 17, 58, 47, 50, 132 };

/* What may be around and inside of a packet without making it another flow's. */
static const struct build wrappings[] = {
	{ .payload = 10 },
	{ .tags = 1, .tci = { 0xb007 }, .payload = 0 },
	{ .tags = 2, .tci = { 7, 9 }, .service_tag = true, .payload = 200 },
	{ .pppoe = true, .payload = 30 },
	{ .tags = 1, .tci = { 4 }, .pppoe = true, .payload = 33 },
	{ .labels = 2, .payload = 5 },
	{ .ihl = 9, .exts = 2, .ext = { 0, 60 }, .payload = 60 },
	{ .opt = OPT_SYN, .payload = 0, .padding = 8 },
	{ .payload = 1400, .ds = 0xb8 },
};

static void expect_by_hash(const char *yaml, enum hook hook)
{
	unsigned used[BALANCE_SLOTS] = { 0 }, n = 0;
	struct run r;

	run_open_hook(&r, yaml, hook);
	for (int family = 4; family <= 6; family += 2)
		ALL(wrappings, w)
	ALL(protos4, p)
	for (unsigned i = 0; i < 8; i++, n++) {
		struct flow f = flow_number(family, (family == 4 ? protos4 : protos6)[p], n);
		int slot = run_flow(&r, i % 2, hook, wrappings[w], &f);

		assert_int_equal(slot, flow_owner(&r, &f));
		used[slot]++;
	}
	for (unsigned number = 3; number <= 6; number++)
		assert_in_range(used[slot_by_name(&r, world_link(&r.world, number)->name)], n / 5,
				n / 3);
	assert_int_equal(
		run_counted(&r, hook == HOOK_XDP ? COUNT_balance_spread : COUNT_balance_spread_tc).packets,
		n);
	assert_int_equal(run_counted(&r, COUNT_balance_not_ip).packets, 0);
	run_close(&r);
}

static void a_flow_goes_where_its_hash_says(void **state)
{
	need_root();
	ALL(hooks, h)
	{
		expect_by_hash(FLOW, hooks[h]);
		expect_by_hash(FLOW SEED, hooks[h]);
		expect_by_hash(SYMMETRIC, hooks[h]);
		expect_by_hash(SYMMETRIC SEED, hooks[h]);
	}
}

/* Each connection enters by one input and comes back by the other. */
static unsigned count_together(const char *yaml, enum hook hook, unsigned n)
{
	unsigned together = 0;
	struct run r;

	run_open_hook(&r, yaml, hook);
	for (unsigned i = 0; i < n; i++) {
		struct flow f = flow_number(i % 2 ? 4 : 6, i % 3 ? 6 : 17, i), back = flow_back(f);
		struct build there = wrappings[i % ARRAY_LEN(wrappings)];
		struct build here = wrappings[i % 4];

		together += run_flow(&r, i % 2, hook, there, &f) ==
			    run_flow(&r, (i + 1) % 2, hook, here, &back);
	}
	run_close(&r);
	return together;
}

static void directions_stay_together_when_asked(void **state)
{
	need_root();
	ALL(hooks, h)
	{
		assert_int_equal(count_together(SYMMETRIC, hooks[h], 400), 400);
		assert_int_equal(count_together(SYMMETRIC SEED, hooks[h], 100), 100);
		assert_in_range(count_together(FLOW, hooks[h], 400), 60, 140);
	}
}

static void another_seed_is_another_order(void **state)
{
	struct run a, b;
	unsigned same = 0;

	need_root();
	run_open(&a, FLOW);
	run_open(&b, FLOW SEED);
	for (unsigned i = 0; i < 400; i++) {
		struct flow f = flow_number(4, 6, i);

		same += run_flow(&a, 0, HOOK_XDP, wrappings[0], &f) ==
			run_flow(&b, 0, HOOK_XDP, wrappings[0], &f);
	}
	assert_in_range(same, 60, 140);
	run_close(&a);
	run_close(&b);
}

/* Every packet has ports and a protocol; nothing else of it counts. */
static void a_flow_is_its_ends_and_protocol(void **state)
{
	struct flow f = flow_number(4, 6, 1);
	unsigned others = 0;
	struct run r;

	need_root();
	run_open(&r, FLOW);
	for (unsigned bit = 0; bit < 32; bit++) {
		struct flow src = f, dst = f, sport = f, dport = f, proto = f;

		src.src ^= 1u << bit;
		dst.dst ^= 1u << bit;
		sport.sport ^= (uint16_t)(1u << bit % 16);
		dport.dport ^= (uint16_t)(1u << bit % 16);
		proto.proto = 17;
		others += flow_hash(&r, &f) != flow_hash(&r, &src);
		assert_int_equal(run_flow(&r, 0, HOOK_XDP, wrappings[0], &src), flow_owner(&r, &src));
		assert_int_equal(run_flow(&r, 0, HOOK_XDP, wrappings[0], &dst), flow_owner(&r, &dst));
		assert_int_equal(run_flow(&r, 0, HOOK_XDP, wrappings[0], &sport),
				 flow_owner(&r, &sport));
		assert_int_equal(run_flow(&r, 0, HOOK_XDP, wrappings[0], &dport),
				 flow_owner(&r, &dport));
		assert_int_equal(run_flow(&r, 0, HOOK_XDP, wrappings[0], &proto),
				 flow_owner(&r, &proto));
	}
	assert_int_equal(others, 32);
	run_close(&r);
}

/* --- what is not spread ------------------------------------------------------------------------ */

/* A broadcast of that ethertype, with bytes that are no IP header behind it. */
static void make_other(struct frame *f, uint16_t type)
{
	put_ethernet(f, 64);
	put16(f->bytes + 12, type);
	f->bytes[14] = 0x11;
}

static const uint16_t not_ip[] = { 0x0806, 0x0026, 0x88cc, 0x8863, 0x8847, 0x88e5 };

static void what_is_not_ip_goes_on(void **state)
{
	static const char *const yaml[] = { FLOW, SYMMETRIC, TURNS };
	struct frame f;
	struct run r;

	need_root();
	ALL(hooks, h)
	ALL(yaml, y)
	{
		run_open_hook(&r, yaml[y], hooks[h]);
		ALL(not_ip, i)
		{
			make_other(&f, not_ip[i]);
			expect_fate(&r, hooks[h], &f, FATE_NEXT);
		}
		assert_int_equal(run_counted(&r, COUNT_balance_not_ip).packets, ARRAY_LEN(not_ip));
		assert_int_equal(run_counted(&r, COUNT_balance_not_ip).bytes, 64 * ARRAY_LEN(not_ip));
		run_close(&r);
	}
}

/* An Ethernet header and nothing, half an IP header, a header that lies. */
static void broken_packets_go_on(void **state)
{
	struct flow flow = flow_number(4, 6, 1);
	struct frame f;
	struct run r;

	need_root();
	run_open(&r, FLOW);
	for (unsigned len = 14; len < 34; len += 3) {
		make_frame(&f, wrappings[0], &flow);
		f.len = len;
		expect_fate(&r, HOOK_XDP, &f, FATE_NEXT);
	}
	make_frame(&f, wrappings[0], &flow);
	f.bytes[14] = 0x44;
	expect_fate(&r, HOOK_XDP, &f, FATE_NEXT);
	assert_int_equal(run_counted(&r, COUNT_balance_not_ip).packets, 8);
	run_close(&r);
}

/* Ports that are not there are none: the rest of the packet still has its flow. */
static void cut_headers_are_hashed_without_ports(void **state)
{
	struct flow flow = flow_number(4, 6, 1);
	struct frame f;
	struct run r;

	need_root();
	run_open(&r, FLOW);
	make_frame(&f, wrappings[0], &flow);
	f.len = 14 + 20 + 19; /* one byte of the TCP header is missing */
	assert_int_equal(run_sent(&r, 0, HOOK_XDP, &f),
			 run_owner(&r, flow_hash_parts(&r, &flow, false)));
	f.len++;
	assert_int_equal(run_sent(&r, 0, HOOK_XDP, &f), flow_owner(&r, &flow));
	run_close(&r);
}

#define BRIDGE "bridge:\n  interface_mapping:\n  - { name: eth1, redirect_to: eth2 }\n"
#define FROM_1 "  in: eth1\n  out: [eth3, eth4]\n"

/* The bridge takes what the balancer leaves, and only that. */
static void the_bridge_takes_the_rest(void **state)
{
	struct flow flow = flow_number(4, 6, 1);
	struct frame f;
	struct run r;

	need_root();
	ALL(hooks, h)
	{
		run_open_hook(&r, BRIDGE "balance:\n" FROM_1, hooks[h]);
		make_other(&f, 0x0806);
		expect_fate(&r, hooks[h], &f, FATE_SENT);
		(void)run_flow(&r, 0, hooks[h], wrappings[0], &flow);
		assert_int_equal(run_counted(&r, hooks[h] == HOOK_XDP ? COUNT_bridge_forwarded :
									COUNT_bridge_forwarded_tc)
					 .packets,
				 1);
		run_close(&r);
	}
}

/* --- by turns ---------------------------------------------------------------------------------- */

/* Turns are counted per CPU: on one of them they are taken strictly in order. */
static void stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

static void leave_cpu(void)
{
	cpu_set_t all;

	memset(&all, 0xff, sizeof(all));
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

static void expect_turns(const char *yaml, enum hook hook, const char *order)
{
	struct flow flow = flow_number(4, 6, 1);
	struct run r;

	run_open_hook(&r, yaml, hook);
	for (unsigned i = 0; i < 40; i++) {
		char name[] = { 'e', 't', 'h', order[i % strlen(order)], 0 };

		assert_int_equal(run_flow(&r, 0, hook, wrappings[i % 2 ? 0 : 8], &flow),
				 slot_by_name(&r, name));
	}
	run_close(&r);
}

#define TURNS_OF(out) "balance:\n  policy: round-robin\n  in: eth1\n  out: [" out "]\n"

static void turns_are_taken_in_order(void **state)
{
	need_root();
	stay_on_one_cpu();
	ALL(hooks, h)
	{
		expect_turns(TURNS_OF("eth3"), hooks[h], "3");
		expect_turns(TURNS_OF("eth3, eth4"), hooks[h], "34");
		expect_turns(TURNS_OF("eth5, eth3, eth4"), hooks[h], "534");
		expect_turns(TURNS_OF("{ name: eth3, weight: 50 }, { name: eth4, weight: 10 }, "
				      "{ name: eth5, weight: 10 }"),
			     hooks[h], "3343533");
	}
	leave_cpu();
}

/* Two inputs are two orders. */
static void each_input_counts_its_own_turns(void **state)
{
	struct flow flow = flow_number(4, 6, 1);
	struct run r;

	need_root();
	stay_on_one_cpu();
	run_open(&r, TURNS);
	for (unsigned i = 0; i < 16; i++)
		for (unsigned input = 0; input < 2; input++) {
			char name[] = { 'e', 't', 'h', (char)('3' + i % 4), 0 };

			assert_int_equal(run_flow(&r, input, HOOK_XDP, wrappings[0], &flow),
					 slot_by_name(&r, name));
		}
	leave_cpu();
	run_close(&r);
}

/* Fewer turns than before: who stood behind the last begins anew. */
static void turns_go_on_when_targets_change(void **state)
{
	struct flow flow = flow_number(4, 6, 1);
	unsigned used[BALANCE_SLOTS] = { 0 };
	struct run r;

	need_root();
	stay_on_one_cpu();
	run_open(&r, TURNS);
	for (unsigned i = 0; i < 3; i++)
		(void)run_flow(&r, 0, HOOK_XDP, wrappings[0], &flow);
	run_reload(&r,
		   "balance:\n  policy: round-robin\n  in: [eth1, eth2]\n  out: [eth3, eth4]\n");
	for (unsigned i = 0; i < 20; i++)
		used[run_flow(&r, 0, HOOK_XDP, wrappings[0], &flow)]++;
	assert_int_equal(used[slot_by_name(&r, "eth3")], 10);
	assert_int_equal(used[slot_by_name(&r, "eth4")], 10);
	leave_cpu();
	run_close(&r);
}

/* As it says: untagged IPv4, of whatever is in it. */
static void turns_are_for_untagged_ipv4(void **state)
{
	static const struct build others[] = { { .tags = 1, .tci = { 5 } },
					       { .tags = 2, .tci = { 5, 6 }, .service_tag = true },
					       { .pppoe = true },
					       { .labels = 1 } };
	struct flow flow = flow_number(4, 6, 1), six = flow_number(6, 6, 1);
	struct frame f;
	struct run r;

	need_root();
	ALL(hooks, h)
	{
		run_open_hook(&r, TURNS, hooks[h]);
		ALL(others, i)
		{
			make_frame(&f, others[i], &flow);
			expect_fate(&r, hooks[h], &f, FATE_NEXT);
		}
		make_frame(&f, wrappings[0], &six);
		expect_fate(&r, hooks[h], &f, FATE_NEXT);
		assert_int_equal(run_counted(&r, COUNT_balance_not_ip).packets, 5);
		ALL(protos4, p)
		{
			flow.proto = protos4[p];
			(void)run_flow(&r, 0, hooks[h], wrappings[0], &flow);
		}
		(void)run_flow(&r, 0, hooks[h], (struct build){ .frag = FRAG_LATER }, &flow);
		run_close(&r);
	}
}

/* --- nobody to send to ------------------------------------------------------------------------- */

static void expect_none_left(const char *yaml, enum hook hook, enum fate fate, enum pipe_counter which)
{
	struct flow flow = flow_number(4, 6, 1);
	struct frame f;
	struct run r;

	run_begin(&r, yaml);
	run_choose_hook(&r, hook);
	world_link(&r.world, 3)->carrier = world_link(&r.world, 4)->up = false;
	world_link(&r.world, 5)->ifindex = 0;
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	make_frame(&f, wrappings[0], &flow);
	expect_fate(&r, hook, &f, fate);
	assert_int_equal(run_counted(&r, which).packets, 1);
	make_other(&f, 0x0806); /* never was ours */
	expect_fate(&r, hook, &f, FATE_NEXT);
	assert_int_equal(run_counted(&r, which).packets, 1);
	run_close(&r);
}

#define DOWN "  in: eth1\n  out: [eth3, eth4, eth5]\n"

static void none_left_is_as_configured(void **state)
{
	need_root();
	ALL(hooks, h)
	{
		expect_none_left("balance:\n" DOWN, hooks[h], FATE_NEXT, COUNT_balance_none_passed);
		expect_none_left("balance:\n  none_left: drop\n" DOWN, hooks[h], FATE_DROPPED,
				 COUNT_balance_none_dropped);
		expect_none_left("balance:\n  policy: round-robin\n" DOWN, hooks[h], FATE_NEXT,
				 COUNT_balance_none_passed);
		expect_none_left("balance:\n  policy: round-robin\n  none_left: drop\n" DOWN,
				 hooks[h], FATE_DROPPED, COUNT_balance_none_dropped);
	}
}

/* The kernel has closed the slot; the daemon has not heard of it. */
static void a_vanished_target_eats_nothing(void **state)
{
	struct flow flow = flow_number(4, 6, 1);
	struct frame f;
	struct run r;
	uint32_t slot;

	need_root();
	ALL(hooks, h)
	{
		run_open_hook(&r, FLOW, hooks[h]);
		slot = (uint32_t)flow_owner(&r, &flow);
		if (hooks[h] == HOOK_XDP)
			assert_int_equal(bpf_map_delete_elem(run_balancer(&r)->ports_fd, &slot), 0);
		else
			run_balancer(&r)->table->slot[slot].ifindex = 0;
		make_frame(&f, wrappings[0], &flow);
		expect_fate(&r, hooks[h], &f, FATE_NEXT);
		assert_int_equal(run_counted(&r, COUNT_balance_vanished).packets, 1);
		run_close(&r);
	}
}

/* The same with an interface that is deleted. */
static void a_deleted_interface_eats_nothing(void **state)
{
	struct flow flow = flow_number(4, 6, 1);
	struct frame f;
	struct run r;
	int ifindex;

	need_root();
	ifindex = nl_test_veth(run_nl, "gone1", "gone2");
	assert_true(ifindex > 0);
	run_begin(&r, "balance:\n  in: eth1\n  out: eth3\n");
	world_link(&r.world, 3)->ifindex = ifindex;
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	make_frame(&f, wrappings[0], &flow);
	(void)run_sent(&r, 0, HOOK_XDP, &f);
	assert_int_equal(nl_test_delete(run_nl, ifindex), 0);
	expect_fate(&r, HOOK_XDP, &f, FATE_NEXT);
	assert_int_equal(run_counted(&r, COUNT_balance_vanished).packets, 1);
	run_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_goes_where_its_hash_says),
		cmocka_unit_test(directions_stay_together_when_asked),
		cmocka_unit_test(another_seed_is_another_order),
		cmocka_unit_test(a_flow_is_its_ends_and_protocol),
		cmocka_unit_test(what_is_not_ip_goes_on),
		cmocka_unit_test(broken_packets_go_on),
		cmocka_unit_test(cut_headers_are_hashed_without_ports),
		cmocka_unit_test(the_bridge_takes_the_rest),
		cmocka_unit_test(turns_are_taken_in_order),
		cmocka_unit_test(each_input_counts_its_own_turns),
		cmocka_unit_test(turns_go_on_when_targets_change),
		cmocka_unit_test(turns_are_for_untagged_ipv4),
		cmocka_unit_test(none_left_is_as_configured),
		cmocka_unit_test(a_vanished_target_eats_nothing),
		cmocka_unit_test(a_deleted_interface_eats_nothing),
	};

	return cmocka_run_group_tests_name("balance", tests, run_namespace, NULL);
}
