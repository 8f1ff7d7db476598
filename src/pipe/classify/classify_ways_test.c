/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways of a packet: by XDP or TC, bridged, steered to a CPU, looked up where it leaves; with
 * queues of ours, of others, or none.
 */
#include "pipe/classify/classify_test_expect.h"

/* --- where packets leave ----------------------------------------------------------------------- */

/* It came unmarked: looked up here, and counted once. */
static void leaving_packets_get_their_class(void **state)
{
	struct bed b;

	bed_open(&b, TWO);
	foreach_person(p) foreach_way(up)
	{
		const enum side side = side_of(!*up);
		struct frame f = bed_frame((struct build){ .payload = 99 }, p->address, *up);
		struct classify_count before = bed_count(&b, p->id), after;
		struct pipe_count found = bed_counted(&b, side, COUNT_classify_found_leaving);
		struct enqueued out = bed_leave_by(&b, side, &f);

		after = bed_count(&b, p->id);
		assert_int_equal(out.verdict, TC_ACT_UNSPEC);
		assert_int_equal(out.priority, bed_handle(&b, p->id, *up));
		expect_more(&before, &after, *up, 1, f.len);
		assert_int_equal(bed_counted(&b, side, COUNT_classify_found_leaving).packets,
				 found.packets + 1);
	}
	bed_close(&b);
}

/* Somebody else's class, or that of TC where it came in: not looked at.  A priority alone is none. */
static void a_class_stays(void **state)
{
	struct frame f = bed_frame((struct build){ 0 }, people[0].address, false);
	struct classify_count none = { 0 }, after;
	struct enqueued out;
	struct bed b;

	bed_open(&b, TWO);
	out = bed_tc(b.port[ACCESS].instance->egress_fd, &f, 0x70012);
	assert_int_equal(out.verdict, TC_ACT_UNSPEC);
	assert_int_equal(out.priority, 0x70012);
	after = bed_count(&b, people[0].id);
	expect_more(&none, &after, false, 0, 0);
	out = bed_tc(b.port[ACCESS].instance->egress_fd, &f, 6);
	assert_int_equal(out.priority, bed_handle(&b, people[0].id, false));
	bed_close(&b);
}

static void leaving_strangers_and_control(void **state)
{
	struct frame f;
	struct bed b;

	bed_open(&b, TWO);
	f = bed_frame((struct build){ 0 }, strangers[0], false);
	assert_int_equal(bed_leave_by(&b, ACCESS, &f).priority, 0);
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_classify_unknown).packets, 1);
	expect_stranger(&b, strangers[0], 1, f.len);
	f = layer2_frame(0, 0);
	assert_int_equal(bed_leave_by(&b, INTERNET, &f).priority, CONTROL_DOWN);
	assert_int_equal(bed_counted(&b, INTERNET, COUNT_classify_control).packets, 1);
	assert_int_equal(bed_counted(&b, INTERNET, COUNT_classify_found_leaving).packets, 0);
	bed_close(&b);
}

/* In the subscribers' VLAN download leaves; the tag is in the frame where nothing took it out. */
static void a_stick_leaves_by_vlan(void **state)
{
	struct frame f;
	struct bed b;

	bed_open(&b, STICK);
	foreach_person(p) foreach_way(up)
	{
		f = bed_frame((struct build){ .tags = 1,
					      .tci = { (uint16_t)(0xe000 | vlan_of(!*up)) } },
			      p->address, *up);
		assert_int_equal(bed_leave_by(&b, ACCESS, &f).priority, bed_handle(&b, p->id, *up));
	}
	f = bed_frame((struct build){ .tags = 1, .tci = { 5 } }, people[0].address, false);
	assert_int_equal(bed_leave_by(&b, ACCESS, &f).priority, 0);
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_classify_other_vlan).packets, 1);
	bed_close(&b);
}

/* --- ways it may go ---------------------------------------------------------------------------- */

/* A run in which so much of the headroom is taken that no metadata fit.  Older kernels allow 32
 * bytes of them at all. */
static int arrive_without_room(const struct bed *b, const struct frame *f)
{
	static const unsigned taken[] = { 208, 32 };
	uint8_t bytes[FRAME_MAX + 256] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		struct xdp_md ctx = { .data = taken[i],
				      .data_end = taken[i] + f->len,
				      .ingress_ifindex = 1 };
		LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = bytes,
			    .data_size_in = taken[i] + f->len, .ctx_in = &ctx,
			    .ctx_size_in = sizeof(ctx), .repeat = 1);

		memcpy(bytes + taken[i], f->bytes, f->len);
		if (!bpf_prog_test_run_opts(b->port[ACCESS].instance->xdp_fd, &run))
			return (int)run.retval;
	}
	return -1;
}

/* Counted where it leaves, not twice. */
static void without_metadata_it_is_counted_where_it_leaves(void **state)
{
	struct classify_count none = { 0 }, after;
	struct bed b;
	struct frame f;
	int r;

	bed_open(&b, TWO);
	f = bed_frame((struct build){ .payload = 70 }, people[0].address, true);
	r = arrive_without_room(&b, &f);
	if (r < 0) {
		bed_close(&b);
		print_message("skipped: this kernel cannot test-run XDP with a context\n");
		skip();
	}
	assert_int_equal(r, XDP_PASS);
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_pipe_no_metadata).packets, 1);
	after = bed_count(&b, people[0].id);
	expect_more(&none, &after, true, 0, 0);
	assert_int_equal(bed_leave_by(&b, INTERNET, &f).priority, bed_handle(&b, people[0].id, true));
	after = bed_count(&b, people[0].id);
	expect_more(&none, &after, true, 1, f.len);
	bed_close(&b);
}

/* Bridged frames that are shaped go through TC; XDP's answer goes along with where to. */
static void bridged_frames_carry_the_class(void **state)
{
	struct outcome out;
	struct frame f;
	struct bed b;

	bed_open(&b, TWO BRIDGE);
	foreach_way(up)
	{
		f = bed_frame((struct build){ 0 }, people[0].address, *up);
		out = bed_arrive(&b, side_of(*up), &f);
		expect_unchanged(&out, &f);
		assert_true(out.has_meta);
		assert_int_equal(out.meta.handle, bed_handle(&b, people[0].id, *up));
		assert_int_equal(out.meta.id_dir, bed_id(&b, people[0].id) << 1 | *up);
		assert_int_equal(out.meta.oif, bed_link(&b, side_of(!*up))->ifindex);
	}
	bed_close(&b);
}

static void begin_without_xdp(struct bed *b, const char *yaml)
{
	bed_begin(b, yaml, NULL, NULL);
	bed_link(b, ACCESS)->mode = bed_link(b, INTERNET)->mode = XDP_MODE_TC;
	bed_sync(b);
}

/* Without XDP the bridge's TC program looks up, once. */
static void tc_looks_up_where_there_is_no_xdp(void **state)
{
	struct bed b;

	begin_without_xdp(&b, TWO BRIDGE);
	foreach_person(p) foreach_way(up)
	{
		struct frame f = bed_frame((struct build){ .payload = 3 }, p->address, *up);
		struct classify_count before = bed_count(&b, p->id), after;
		struct enqueued out = bed_tc(b.port[side_of(*up)].instance->tc_fd, &f, 0);

		assert_int_equal(out.verdict, TC_ACT_REDIRECT);
		assert_int_equal(out.priority, bed_handle(&b, p->id, *up));
		out = bed_tc(b.port[side_of(!*up)].instance->egress_fd, &f, out.priority);
		assert_int_equal(out.priority, bed_handle(&b, p->id, *up));
		after = bed_count(&b, p->id);
		expect_more(&before, &after, *up, 1, f.len);
	}
	bed_close(&b);
}

/* In by the access port's TC, out by the other's: no class is changed on the way. */
static uint32_t upload_by_tc(const struct bed *b, const struct frame *f)
{
	uint32_t priority = bed_tc(b->port[ACCESS].instance->tc_fd, f, 0).priority;

	assert_int_equal(bed_tc(b->port[INTERNET].instance->egress_fd, f, priority).priority,
			 priority);
	return priority;
}

/* Others get theirs there too, and are not looked up where they leave. */
static void tc_marks_everything_once(void **state)
{
	uint32_t priority;
	struct bed b;
	struct frame f;

	begin_without_xdp(&b, BED_TWO BED_PEOPLE BRIDGE);
	f = layer2_frame(0, 0);
	assert_int_equal(upload_by_tc(&b, &f), CONTROL_DOWN);
	f = bed_frame((struct build){ 0 }, strangers[0], true);
	priority = upload_by_tc(&b, &f);
	assert_int_equal(priority & 0xffff, SHAPER_MINOR_DEFAULT);
	assert_in_range(priority >> 16, 1, bed_world(&b)->plan.queues);
	expect_stranger(&b, strangers[0], 1, f.len);
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_classify_unknown).packets, 1);
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_classify_control).packets, 1);
	assert_int_equal(bed_counted(&b, INTERNET, COUNT_classify_unknown).packets, 0);
	assert_int_equal(bed_counted(&b, INTERNET, COUNT_classify_control).packets, 0);
	bed_reload(&b, BED_TWO "  default_plan: { download: 5, upload: 2 }\n" BED_PEOPLE BRIDGE);
	assert_int_equal(upload_by_tc(&b, &f), bed_handle(&b, CLASSIFY_DEFAULT_NAME, true));
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_classify_found_tc).packets, 0);
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_classify_default_plan).packets, 1);
	bed_close(&b);
}

/* On a stick without XDP: as with it, and other VLANs get no class. */
static void tc_knows_the_stick(void **state)
{
	struct bed b;

	begin_without_xdp(&b, BED_STICK BED_PEOPLE
			  "bridge:\n  interface_mapping:\n"
			  "  - { name: acc, redirect_to: acc, scan_vlans: true }\n  vlan_mapping:\n"
			  "  - { parent: acc, tag: 3, redirect_to: 4 }\n"
			  "  - { parent: acc, tag: 4, redirect_to: 3 }\n");
	for (uint16_t vid = 1; vid < 6; vid++) {
		const struct build as = { .tags = 1, .tci = { (uint16_t)(0x8000 | vid) } };
		const bool up = vid == VLAN_ACCESS, ours = up || vid == VLAN_INTERNET;
		struct frame f = bed_frame(as, people[0].address, up);
		struct enqueued out = bed_tc(b.port[ACCESS].instance->tc_fd, &f, 0);

		assert_int_equal(out.priority, ours ? bed_handle(&b, people[0].id, up) : 0);
	}
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_classify_other_vlan).packets, 3);
	bed_close(&b);
}

/* Counted where it arrives, else untouched: no metadata, no other CPU, nothing where it leaves. */
static void monitor_only_counts(void **state)
{
	struct bed b;

	bed_open(&b, BED_TWO "  mode: monitor\n" BED_PEOPLE);
	assert_int_equal(bed_world(&b)->plan.queues, 0);
	assert_false(pipe_plan_find(&b.plan, bed_link(&b, ACCESS)->ifindex)->egress);
	foreach_person(p) foreach_way(up)
	{
		struct frame f = bed_frame((struct build){ .payload = 30 }, p->address, *up);
		struct classify_count before = bed_count(&b, p->id), after;
		struct outcome out = bed_arrive(&b, side_of(*up), &f);

		after = bed_count(&b, p->id);
		expect_unchanged(&out, &f);
		assert_false(out.has_meta);
		expect_more(&before, &after, *up, 1, f.len);
	}
	bed_close(&b);
}

/* However a packet goes, through all programs of its way, it counts once. */
static void monitor_counts_once_without_xdp(void **state)
{
	struct bed b;

	begin_without_xdp(&b, BED_TWO "  mode: monitor\n" BED_PEOPLE BRIDGE);
	foreach_way(up)
	{
		struct frame f = bed_frame((struct build){ 0 }, people[0].address, *up);
		struct classify_count before = bed_count(&b, people[0].id), after;
		struct enqueued out = bed_tc(b.port[side_of(*up)].instance->tc_fd, &f, 0);

		assert_int_equal(out.priority, 0);
		out = bed_tc(b.port[side_of(!*up)].instance->egress_fd, &f, 0);
		assert_int_equal(out.priority, 0);
		after = bed_count(&b, people[0].id);
		expect_more(&before, &after, *up, 1, f.len);
	}
	bed_close(&b);
}

/* Somebody else's queues: subscribers are counted, mapped addresses get their class, no more. */
static void foreign_trees_get_what_was_mapped(void **state)
{
	struct frame f;
	struct bed b;

	bed_open(&b, BED_TWO STEER_NOT "  tree: none\n" BED_PEOPLE);
	bed_command(&b, "Map", "{\"address\": \"100.64.0.5\", \"cpu\": 0, \"class\": \"3:1a\"}");
	bed_command(&b, "Map", "{\"address\": \"100.64.9.0/24\", \"cpu\": 0, \"class\": \"2:20\"}");
	assert_int_equal(bed_world(&b)->plan.queues, 0);
	foreach_way(up)
	{
		f = bed_frame((struct build){ 0 }, "100.64.0.5", *up);
		assert_int_equal(bed_arrive(&b, side_of(*up), &f).meta.handle, 0x3001a);
		assert_int_equal(bed_leave_by(&b, side_of(!*up), &f).priority, 0x3001a);
		f = bed_frame((struct build){ 0 }, "100.64.9.7", *up);
		assert_int_equal(bed_arrive(&b, side_of(*up), &f).meta.handle, 0x20020);
		f = bed_frame((struct build){ 0 }, "100.64.8.7", *up);
		expect_his(&b, "prefix", side_of(*up), &f, *up);
		assert_int_equal(bed_leave_by(&b, side_of(!*up), &f).priority, 0);
		f = layer2_frame(0, 0); /* its 1:3 may be anybody's */
		expect_nobodys(&b, side_of(*up), &f, *up, COUNT_classify_control, 0);
	}
	bed_close(&b);
}

/* --- what is off ------------------------------------------------------------------------------- */

static unsigned size_of(const struct bed *b, bool tc)
{
	const struct instance *instance = b->port[ACCESS].instance;

	return translated_size(tc ? instance->tc_fd : instance->xdp_fd);
}

/* Off, by a reload, leaves what is there without the stage; on is more. */
static void off_leaves_no_instruction(void **state)
{
	unsigned xdp, tc, without_xdp, without_tc;
	struct instance *alone;
	struct bed b;

	bed_begin(&b, TWO BRIDGE, NULL, NULL);
	bed_link(&b, INTERNET)->xmit = bed_link(&b, INTERNET)->xmit_frags = false;
	bed_sync(&b);
	xdp = size_of(&b, false);
	tc = size_of(&b, true);
	bed_reload(&b, BRIDGE);
	without_xdp = size_of(&b, false);
	without_tc = size_of(&b, true);
	assert_true(without_xdp < xdp && without_tc <= tc);
	alone = test_load(pipe_plan_find(&b.plan, bed_link(&b, ACCESS)->ifindex));
	assert_int_equal(translated_size(alone->xdp_fd), without_xdp);
	assert_int_equal(translated_size(alone->tc_fd), without_tc);
	assert_false(pipe_plan_find(&b.plan, bed_link(&b, ACCESS)->ifindex)->egress);
	instance_free(alone);
	bed_close(&b);
}

/* --- steering ---------------------------------------------------------------------------------- */

/* On his CPU a packet goes on, from another it is moved; a stranger's stays where it is. */
static void packets_go_to_their_cpu(void **state)
{
	struct bed b;
	struct frame f;

	need_cpus();
	bed_open(&b, BED_TWO BED_PEOPLE);
	assert_true(bed_world(&b)->plan.queues >= 2);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		run_on(cpu);
		foreach_person(p) foreach_way(up)
		{
			unsigned own = classify_world_cpu(bed_world(&b), bed_item(&b, p->id)->queue);
			struct outcome out;

			f = bed_frame((struct build){ 0 }, p->address, *up);
			out = bed_arrive(&b, side_of(*up), &f);
			assert_int_equal(out.verdict, own == cpu ? XDP_PASS : XDP_REDIRECT);
			expect_meta(&out, bed_handle(&b, p->id, *up), bed_id(&b, p->id), *up);
		}
		f = bed_frame((struct build){ 0 }, strangers[0], true);
		assert_int_equal(bed_arrive(&b, ACCESS, &f).verdict, XDP_PASS);
		f = layer2_frame(0, 0);
		assert_int_equal(bed_arrive(&b, ACCESS, &f).verdict, XDP_PASS);
	}
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_pipe_not_steered).packets,
			 ARRAY_LEN(people) + 4);
	run_anywhere();
	bed_close(&b);
}

/* Nobody has a CPU where the queues are not ours. */
static void foreign_trees_steer_nobody(void **state)
{
	struct bed b;

	need_cpus();
	bed_open(&b, BED_TWO BED_PEOPLE);
	bed_reload(&b, BED_TWO "  tree: none\n" BED_PEOPLE);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		run_on(cpu);
		foreach_person(p)
		{
			struct frame f = bed_frame((struct build){ 0 }, p->address, true);

			assert_int_equal(bed_arrive(&b, ACCESS, &f).verdict, XDP_PASS);
		}
	}
	run_anywhere();
	bed_close(&b);
}

/* But what was mapped by hand has the CPU that was named. */
static void mapped_addresses_go_to_their_cpu(void **state)
{
	struct frame f = bed_frame((struct build){ 0 }, "100.64.0.5", true);
	struct bed b;

	need_cpus();
	bed_open(&b, BED_TWO "  tree: none\n" BED_PEOPLE);
	bed_command(&b, "Map", "{\"address\": \"100.64.0.5\", \"cpu\": 1, \"class\": \"2:1a\"}");
	run_on(0);
	assert_int_equal(bed_arrive(&b, ACCESS, &f).verdict, XDP_REDIRECT);
	run_on(1);
	assert_int_equal(bed_arrive(&b, ACCESS, &f).verdict, XDP_PASS);
	run_anywhere();
	bed_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaving_packets_get_their_class),
		cmocka_unit_test(a_class_stays),
		cmocka_unit_test(leaving_strangers_and_control),
		cmocka_unit_test(a_stick_leaves_by_vlan),
		cmocka_unit_test(without_metadata_it_is_counted_where_it_leaves),
		cmocka_unit_test(bridged_frames_carry_the_class),
		cmocka_unit_test(tc_looks_up_where_there_is_no_xdp),
		cmocka_unit_test(tc_marks_everything_once),
		cmocka_unit_test(tc_knows_the_stick),
		cmocka_unit_test(monitor_only_counts),
		cmocka_unit_test(monitor_counts_once_without_xdp),
		cmocka_unit_test(foreign_trees_get_what_was_mapped),
		cmocka_unit_test(off_leaves_no_instruction),
		cmocka_unit_test(packets_go_to_their_cpu),
		cmocka_unit_test(foreign_trees_steer_nobody),
		cmocka_unit_test(mapped_addresses_go_to_their_cpu),
	};

	return cmocka_run_group_tests_name("classify ways", tests, bed_namespace, bed_leave);
}
