/* SPDX-License-Identifier: GPL-2.0-only */
/* Which way each input goes, when a new program is needed, and that what is off is not in it. */
#include "pipe/balance/balance_test_run.h"

#define FLOW "balance:\n  in: [eth1, eth2]\n  out: [eth3, eth4]\n"

static void plan_of(struct world *w, struct pipe_plan *plan)
{
	*plan = (struct pipe_plan){ 0 };
	assert_int_equal(stage_balance.plan(world_conf(w), &w->facts, plan, NULL), 0);
}

static const struct port_plan *port_of(const struct world *w, const struct pipe_plan *plan,
				       unsigned number)
{
	return pipe_plan_find(plan, w->facts.links.at[number - 1].ifindex);
}

/* --- the way ----------------------------------------------------------------------------------- */

static void expect_way(struct world *w, unsigned number, bool xdp, bool tc, const char *note)
{
	const struct port_plan *port;
	struct pipe_plan plan;

	plan_of(w, &plan);
	port = port_of(w, &plan, number);
	assert_non_null(port);
	assert_int_equal(port->xdp, xdp);
	assert_int_equal(port->tc, tc);
	assert_true(port->promisc);
	assert_int_equal(port->keep_tags, port->mode == XDP_MODE_NATIVE);
	assert_string_equal(port->note, note);
	pipe_plan_free(&plan);
}

static void modes_choose_the_hook(void **state)
{
	struct world w;

	world_open(&w, FLOW);
	expect_way(&w, 1, true, false, "");
	world_link(&w, 1)->mode = XDP_MODE_SKB;
	expect_way(&w, 1, true, false, "");
	world_link(&w, 1)->mode = XDP_MODE_TC;
	expect_way(&w, 1, false, true, "");
	expect_way(&w, 2, true, false, "");
	world_close(&w);
}

static void drivers_without_redirect_use_tc(void **state)
{
	struct world w;

	world_open(&w, FLOW);
	world_link(&w, 1)->no_redirect = true;
	expect_way(&w, 1, false, true,
		   "the driver veth runs XDP but does not redirect: balanced through TC, which is "
		   "slower");
	expect_way(&w, 2, true, false, "");
	world_link(&w, 1)->mode = XDP_MODE_SKB; /* there the driver is not asked */
	expect_way(&w, 1, true, false, "");
	world_close(&w);
}

#define NO_NAPI                                                                                  \
	"eth4 takes no XDP redirects (a veth whose other end has no NAPI): sent to through TC, " \
	"which is slower; remedy: ethtool -K PEER gro on"

static void targets_without_redirect_are_sent_to_by_tc(void **state)
{
	struct world w;

	world_open(&w, FLOW);
	world_link(&w, 4)->xmit = false;
	expect_way(&w, 1, true, true, NO_NAPI);
	/* Both have one map of targets: what it lacks for one it lacks for the other. */
	world_link(&w, 2)->mode = XDP_MODE_SKB;
	expect_way(&w, 1, true, true, NO_NAPI);
	expect_way(&w, 2, true, true, "");
	world_link(&w, 1)->mode = XDP_MODE_SKB; /* generic XDP needs nobody's help */
	expect_way(&w, 2, true, false, "");
	world_link(&w, 1)->mode = XDP_MODE_TC;
	expect_way(&w, 1, false, true, "");
	world_close(&w);
}

/* One input has larger frames than the target takes: both go the same way. */
static void targets_without_large_frames(void **state)
{
	struct world w;

	world_open(&w, FLOW);
	world_link(&w, 4)->xmit_frags = false;
	expect_way(&w, 1, true, false, "");
	world_link(&w, 1)->mtu = 9000;
	expect_way(
		&w, 1, true, true,
		"eth4 takes no XDP redirects of large frames (a veth whose other end has no NAPI): "
		"sent to through TC, which is slower; remedy: ethtool -K PEER gro on");
	expect_way(&w, 2, true, true, "");
	world_close(&w);
}

static void the_backup_too(void **state)
{
	struct world w;

	world_open(&w, "balance:\n  in: eth1\n  out: eth3\n  backup: eth4\n");
	expect_way(&w, 1, true, false, "");
	world_link(&w, 4)->xmit = false;
	expect_way(&w, 1, true, true, NO_NAPI);
	world_close(&w);
	world_open(&w, "balance:\n  in: eth1\n  out: eth3\n  backup: eth4\n  none_left: drop\n");
	world_link(&w, 4)->xmit = false; /* it is never used */
	expect_way(&w, 1, true, false, "");
	world_close(&w);
}

/* Kernels before 6.3 tell nothing of a device, and redirect no frame larger than a page. */
static void old_kernels_redirect_small_frames_only(void **state)
{
	struct world w;

	world_open(&w, FLOW);
	world_link(&w, 3)->xmit_known = world_link(&w, 3)->xmit = false;
	expect_way(&w, 1, true, false, "");
	world_link(&w, 1)->mtu = 9000;
	expect_way(&w, 1, true, true,
		   "this kernel redirects no frames larger than a page (6.3 does): sent to through "
		   "TC, which is slower");
	world_close(&w);
}

static void absent_interfaces(void **state)
{
	struct pipe_plan plan;
	struct world w;

	world_open(&w, FLOW);
	world_link(&w, 2)->ifindex = world_link(&w, 3)->ifindex = 0;
	plan_of(&w, &plan);
	assert_int_equal(plan.ports.n, 1);
	assert_non_null(port_of(&w, &plan, 1));
	pipe_plan_free(&plan);
	expect_way(&w, 1, true, false, "");
	world_close(&w);
}

/* --- when a new program is needed -------------------------------------------------------------- */

static bool same_program(const char *a, const char *b)
{
	struct pipe_plan x, y;
	struct world v, w;
	bool same;

	world_open(&v, a);
	world_open(&w, b);
	plan_of(&v, &x);
	plan_of(&w, &y);
	same = port_plan_equal(port_of(&v, &x, 1), port_of(&w, &y, 1));
	pipe_plan_free(&x);
	pipe_plan_free(&y);
	world_close(&v);
	world_close(&w);
	return same;
}

#define IN "balance:\n  in: eth1\n"

static void targets_come_and_go_without_a_new_program(void **state)
{
	assert_true(same_program(IN "  out: eth3\n", IN "  out: [eth4, eth5]\n"));
	assert_true(same_program(IN "  out: eth3\n",
				 IN "  out:\n  - { name: eth3, weight: 7 }\n  backup: eth9\n"));
	assert_true(same_program(IN "  out: eth3\n", IN "  out: eth3\n  drain: { learn: 5 }\n"));
	assert_true(same_program(FLOW, IN "  out: eth3\n"));
	assert_false(same_program(IN "  out: eth3\n", IN "  out: eth3\n  seed: 1\n"));
	assert_false(same_program(IN "  out: eth3\n", IN "  out: eth3\n  none_left: drop\n"));
	assert_false(
		same_program(IN "  out: eth3\n", IN "  out: eth3\n  policy: flow-symmetric\n"));
	assert_false(same_program(IN "  out: eth3\n", IN "  out: eth3\n  policy: round-robin\n"));
	assert_false(same_program(IN "  out: eth3\n", IN "  out: eth3\n  name: other\n"));
}

/* --- what is in the program -------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Names of the maps a program was loaded with. */
static void expect_maps(int program_fd, const char *want)
{
	struct bpf_prog_info info = { 0 };
	_cleanup_strbuf_ struct strbuf all = { 0 };
	uint32_t ids[32], len = sizeof(info);
	char names[32][BPF_OBJ_NAME_LEN];

	info.nr_map_ids = ARRAY_LEN(ids);
	info.map_ids = (uintptr_t)ids;
	assert_int_equal(bpf_obj_get_info_by_fd(program_fd, &info, &len), 0);
	for (uint32_t i = 0; i < info.nr_map_ids; i++) {
		_cleanup_close_ int fd = bpf_map_get_fd_by_id(ids[i]);
		struct bpf_map_info map = { 0 };
		uint32_t map_len = sizeof(map);

		assert_int_equal(bpf_obj_get_info_by_fd(fd, &map, &map_len), 0);
		memcpy(names[i], map.name, sizeof(names[i]));
	}
	qsort(names, info.nr_map_ids, sizeof(names[0]), compare_names);
	for (uint32_t i = 0; i < info.nr_map_ids; i++)
		strbuf_addf(&all, "%s%s", i ? " " : "", names[i]);
	assert_string_equal(strbuf_text(&all), want);
}

/* What the main function does, as the kernel runs it. */
struct traces {
	unsigned counts; /* accesses to this stage's counters */
	unsigned stores; /* to the stack */
};

static void look_at(const struct bpf_insn *insn, struct traces *t)
{
	const int first = COUNT_balance_spread * (int)sizeof(struct pipe_count);
	const int end = (COUNT_balance_drain_full + 1) * (int)sizeof(struct pipe_count);
	const unsigned class = BPF_CLASS(insn->code);
	const bool stores = class == BPF_STX || class == BPF_ST;

	if (stores && insn->dst_reg == BPF_REG_10)
		t->stores++;
	else if (stores && BPF_SIZE(insn->code) == BPF_DW && insn->off >= first && insn->off < end)
		t->counts++;
}

static struct traces traces_of(int program_fd)
{
	static struct bpf_insn code[4096];
	struct bpf_prog_info info = { 0 };
	struct traces t = { 0 };
	uint32_t len = sizeof(info);

	info.xlated_prog_len = sizeof(code);
	info.xlated_prog_insns = (uintptr_t)code;
	assert_int_equal(bpf_obj_get_info_by_fd(program_fd, &info, &len), 0);
	for (unsigned i = 0; i < translated_size(program_fd); i++)
		look_at(&code[i], &t);
	return t;
}

/* Small ones of functions that kernels before 6.8 verify whoever calls them. */
#define ALWAYS                                                            \
	"classify_overfl classify_prefix counters pipe_bpf.rodata ports " \
	"rtt_clock rtt_cpus rtt_flows rtt_samples"
#define SHARED "balance_ports balance_table " ALWAYS

static void a_program_has_what_it_needs(void **state)
{
	struct run r;

	need_root();
	run_open(&r, FLOW);
	expect_maps(r.port[0].instance->xdp_fd, "balance_fragmen " SHARED);
	assert_true(traces_of(r.port[0].instance->xdp_fd).counts > 0);
	run_close(&r);
}

#define BRIDGE                            \
	"bridge:\n  interface_mapping:\n" \
	"  - { name: eth1, redirect_to: eth2 }\n  - { name: eth2, redirect_to: eth1 }\n"

/* The bridge's programs beside a balancer on another input: no map, no counter; and headers that it
 * does not ask for are not cleared either, it hardly uses its stack. */
static void off_is_not_in_the_program(void **state)
{
	struct traces t;
	struct run r;

	need_root();
	run_begin(&r, BRIDGE "balance:\n  in: eth3\n  out: eth4\n");
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	expect_maps(r.port[0].instance->xdp_fd, ALWAYS);
	t = traces_of(r.port[0].instance->xdp_fd);
	assert_int_equal(t.counts, 0);
	assert_in_range(t.stores, 1, 4);
	run_close(&r);
}

/* --- sent by TC -------------------------------------------------------------------------------- */

/* eth4 takes no redirects: XDP decides and writes its number in front of the packet. */
static void what_xdp_cannot_send_carries_the_decision(void **state)
{
	struct pipe_count before[BALANCE_SLOTS], after[BALANCE_SLOTS];
	unsigned deferred = 0;
	struct outcome out;
	struct frame f;
	struct run r;

	need_root();
	run_begin(&r, FLOW);
	world_link(&r.world, 4)->xmit = world_link(&r.world, 4)->xmit_frags = false;
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	for (unsigned i = 0; i < 100; i++) {
		struct flow flow = flow_number(4, 6, i);
		bool there = flow_owner(&r, &flow) == slot_by_name(&r, "eth4");

		make_frame(&f, (struct build){ .payload = 10 }, &flow);
		count_slots(&r.port[0], before);
		run_xdp(r.port[0].instance, &f, &out);
		count_slots(&r.port[0], after);
		assert_int_equal(slot_between(before, after, f.len), flow_owner(&r, &flow));
		assert_int_equal(out.verdict, there ? XDP_PASS : XDP_REDIRECT);
		assert_int_equal(out.has_meta, there);
		assert_memory_equal(out.frame.bytes, f.bytes, f.len);
		if (!there)
			continue;
		deferred++;
		assert_int_equal(out.meta.magic, PIPE_META_MAGIC);
		assert_int_equal(out.meta.oif, world_link(&r.world, 4)->ifindex);
		assert_int_equal(out.meta.handle, 0);
		assert_int_equal(out.meta.id_dir, 0);
	}
	assert_in_range(deferred, 30, 70);
	assert_int_equal(run_counted(&r, COUNT_balance_spread).packets, 100 - deferred);
	run_close(&r);
}

/* Where a driver had no room for it TC decides by the same rules. */
static void tc_decides_alike(void **state)
{
	struct run r;

	need_root();
	run_begin(&r, FLOW);
	world_link(&r.world, 4)->xmit = world_link(&r.world, 4)->xmit_frags = false;
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	for (unsigned i = 0; i < 100; i++) {
		struct flow flow = flow_number(6, 17, i);

		assert_int_equal(run_flow(&r, 0, HOOK_TC, (struct build){ .payload = 10 }, &flow),
				 flow_owner(&r, &flow));
	}
	run_close(&r);
}

/* --- in words ---------------------------------------------------------------------------------- */

static void expect_explained(struct run *r, const char *want)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	stage_balance.explain(port_of(&r->world, &r->plan, 1), &r->world.facts, &text, run_live(r));
	assert_string_equal(strbuf_text(&text), want);
}

static void explain_says_where_packets_go(void **state)
{
	struct run r;

	need_root();
	run_open(&r, "balance:\n  in: eth1\n  out: [{ name: eth3, weight: 3 }, eth4]\n");
	expect_explained(&r,
			 "balance: input of 'eth1': IP packets leave by a target chosen by their "
			 "flow (XDP); all others go on\n"
			 "balance: eth3, weight 3, has 75.0 % of it (up)\n"
			 "balance: eth4, weight 1, has 25.0 % of it (up)\n"
			 "balance: when no target is up, packets are left to the next stage or the "
			 "kernel\n");
	run_close(&r);
	run_begin(&r, "balance:\n  name: n\n  in: eth1\n  out: [eth3, eth4]\n"
		      "  policy: flow-symmetric\n  backup: eth5\n");
	world_link(&r.world, 3)->carrier = world_link(&r.world, 4)->up = false;
	world_link(&r.world, 5)->xmit = false;
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	expect_explained(&r,
			 "balance: input of 'n': IP packets leave by a target chosen by their "
			 "connection, both directions by the same (XDP, for some targets by way "
			 "of TC); all others go on\n"
			 "balance: eth3, weight 1, has 0.0 % of it (no carrier)\n"
			 "balance: eth4, weight 1, has 0.0 % of it (down)\n"
			 "balance: when no target is up, packets go to the backup, as they do "
			 "now\n");
	run_close(&r);
	run_begin(&r,
		  "balance:\n  in: eth1\n  out: eth3\n  policy: round-robin\n  none_left: drop\n");
	world_link(&r.world, 1)->mode = XDP_MODE_TC;
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	expect_explained(&r, "balance: input of 'eth1': untagged IPv4 packets leave by the targets "
			     "in turn (TC); all others go on\n"
			     "balance: eth3, weight 1, has 100.0 % of it (up)\n"
			     "balance: when no target is up, packets are dropped\n");
	run_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes_choose_the_hook),
		cmocka_unit_test(drivers_without_redirect_use_tc),
		cmocka_unit_test(targets_without_redirect_are_sent_to_by_tc),
		cmocka_unit_test(targets_without_large_frames),
		cmocka_unit_test(the_backup_too),
		cmocka_unit_test(old_kernels_redirect_small_frames_only),
		cmocka_unit_test(absent_interfaces),
		cmocka_unit_test(targets_come_and_go_without_a_new_program),
		cmocka_unit_test(a_program_has_what_it_needs),
		cmocka_unit_test(off_is_not_in_the_program),
		cmocka_unit_test(what_xdp_cannot_send_carries_the_decision),
		cmocka_unit_test(tc_decides_alike),
		cmocka_unit_test(explain_says_where_packets_go),
	};

	return cmocka_run_group_tests_name("balance plan", tests, run_namespace, NULL);
}
