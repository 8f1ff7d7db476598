/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets that arrive: whose they are, which queue, what is counted. */
#include "pipe/classify/classify_test_expect.h"

/* --- whose ------------------------------------------------------------------------------------- */

static void everybody_is_found_and_nobody_else(void **state)
{
	struct bed b;
	struct frame f;

	bed_open(&b, TWO);
	assert_true(bed_world(&b)->plan.queues > 0);
	foreach_person(p) foreach_way(up)
	{
		uint32_t handle = bed_handle(&b, p->id, *up);

		assert_in_range(handle >> 16, 1, bed_world(&b)->plan.queues);
		assert_true((handle & 0xffff) >= SHAPER_MINOR_FIRST);
		f = bed_frame((struct build){ .payload = 40 }, p->address, *up);
		expect_his(&b, p->id, side_of(*up), &f, *up);
		f = bed_frame((struct build){ .proto = 6, .opt = OPT_USUAL, .payload = 1200 },
			      p->last, *up);
		expect_his(&b, p->id, side_of(*up), &f, *up);
		f = bed_frame((struct build){ .payload = 40 }, p->beside, *up);
		expect_nobodys(&b, side_of(*up), &f, *up, COUNT_classify_unknown, 0);
	}
	bed_close(&b);
}

/* Download is known by the destination alone, upload by the source. */
static void the_wrong_end_is_not_asked(void **state)
{
	struct bed b;

	bed_open(&b, TWO);
	foreach_person(p) foreach_way(up)
	{
		struct frame f = bed_frame((struct build){ 0 }, p->address, *up);

		expect_nobodys(&b, side_of(!*up), &f, !*up, COUNT_classify_unknown, 0);
	}
	bed_close(&b);
}

/* What may be around an IP packet, and what its head may look like. */
static const struct build wraps[] = {
	{ .tags = 1, .tci = { 0x6064 } },
	{ .tags = 2, .tci = { 100, 200 }, .service_tag = true },
	{ .tags = 3, .tci = { 1, 2, 3 } },
	{ .tags = 4, .tci = { 1, 2, 3, 4 }, .service_tag = true },
	{ .pppoe = true },
	{ .pppoe = true, .tags = 1, .tci = { 7 } },
	{ .pppoe = true, .tags = 2, .tci = { 7, 8 } },
	{ .labels = 1 },
	{ .labels = 3, .tags = 1, .tci = { 9 } },
	{ .frag = FRAG_FIRST, .payload = 600 },
	{ .frag = FRAG_LATER, .payload = 600 },
	{ .proto = 6, .opt = OPT_SYN },
	{ .proto = 47 },
	{ .padding = 30 },
};
static const struct build wraps4[] = { { .ihl = 15 }, { .proto = 1 } };
static const struct build wraps6[] = {
	{ .exts = 1, .ext = { 0 } },
	{ .exts = 3, .ext = { 0, 60, 43 } },
	{ .exts = 2, .ext = { 0, 60 }, .frag = FRAG_FIRST },
	{ .exts = 2, .ext = { 0, 43 }, .frag = FRAG_LATER },
	{ .frag = FRAG_ATOMIC },
	{ .proto = 58 },
};

static void expect_wrapped(const struct bed *b, const struct person *p, const struct build *wrap,
			   size_t n)
{
	for (size_t i = 0; i < n; i++)
		foreach_way(up)
		{
			struct frame f = bed_frame(wrap[i], p->address, *up);

			expect_his(b, p->id, side_of(*up), &f, *up);
		}
}

static void wraps_change_nothing(void **state)
{
	struct bed b;

	bed_open(&b, TWO);
	foreach_person(p)
	{
		expect_wrapped(&b, p, wraps, ARRAY_LEN(wraps));
		if (strchr(p->address, ':'))
			expect_wrapped(&b, p, wraps6, ARRAY_LEN(wraps6));
		else
			expect_wrapped(&b, p, wraps4, ARRAY_LEN(wraps4));
	}
	bed_close(&b);
}

/* Cut anywhere: it passes, and is nobody's before the address is whole. */
static void cut_frames_pass(void **state)
{
	struct bed b;

	bed_open(&b, TWO);
	foreach_person(p) foreach_way(up)
	{
		const struct build as = { .tags = 1, .tci = { 5 }, .payload = 8 };
		struct frame f = bed_frame(as, p->address, *up);
		const unsigned head = 18 + (strchr(p->address, ':') ? 40 : 20), whole = f.len;
		struct classify_count before = bed_count(&b, p->id), after;

		for (f.len = ETH_HLEN; f.len < whole; f.len++) {
			struct outcome out = bed_arrive(&b, side_of(*up), &f);

			expect_unchanged(&out, &f);
			after = bed_count(&b, p->id);
			if (f.len < head)
				expect_more(&before, &after, *up, 0, 0);
		}
		expect_his(&b, p->id, side_of(*up), &f, *up);
	}
	bed_close(&b);
}

/* --- nobody's ---------------------------------------------------------------------------------- */

/* Each address once down and twice up, 100 bytes and more longer each time. */
static void send_strangers(const struct bed *b, enum pipe_counter which, uint32_t down, uint32_t up,
			   uint32_t id)
{
	for (unsigned i = 0; i < ARRAY_LEN(strangers); i++)
		for (unsigned n = 0; n < 3; n++) {
			const bool upload = n > 0;
			struct frame f = bed_frame((struct build){ .payload = (int)(i * 100 + 1) },
						   strangers[i], upload);
			struct pipe_count before = bed_counted(b, side_of(upload), which);
			struct outcome out = bed_arrive(b, side_of(upload), &f);

			expect_unchanged(&out, &f);
			expect_meta(&out, upload ? up : down, id, upload);
			assert_int_equal(bed_counted(b, side_of(upload), which).packets,
					 before.packets + 1);
			assert_int_equal(
				bed_counted(b, side_of(upload), COUNT_classify_found).packets, 0);
		}
}

static unsigned length_of_stranger(unsigned i)
{
	return bed_frame((struct build){ .payload = (int)(i * 100 + 1) }, strangers[i], false).len;
}

static void strangers_are_listed(void **state)
{
	struct bed b;

	bed_open(&b, TWO);
	send_strangers(&b, COUNT_classify_unknown, 0, 0, 0);
	for (unsigned i = 0; i < ARRAY_LEN(strangers); i++)
		expect_stranger(&b, strangers[i], 3, 3 * length_of_stranger(i));
	expect_column(&b, "Unknown", "{}", "addresses", "address",
		      "2001:db8:77::1 203.0.113.9 100.64.200.1");
	expect_column(&b, "Unknown", "{\"limit\": 2}", "addresses", "address",
		      "2001:db8:77::1 203.0.113.9");
	bed_close(&b);
}

/* What nobody wants to know of is left out of the list, not of the counters. */
static void subnets_filter_the_list(void **state)
{
	struct bed b;

	bed_open(&b, BED_TWO STEER_NOT "  allowed_subnets: [100.64.0.0/10, \"2001:db8::/32\"]\n"
				       "  ignored_subnets: [\"2001:db8:77::/48\"]\n" BED_PEOPLE);
	send_strangers(&b, COUNT_classify_unknown, 0, 0, 0);
	expect_column(&b, "Unknown", "{}", "addresses", "address", "100.64.200.1");
	bed_reload(&b, BED_TWO STEER_NOT "  ignored_subnets: [100.64.0.0/10]\n" BED_PEOPLE);
	expect_column(&b, "Unknown", "{}", "addresses", "address", "2001:db8:77::1 203.0.113.9");
	bed_close(&b);
}

/* Strangers share its class and are counted for it, and are listed all the same. */
static void default_plan_takes_strangers(void **state)
{
	struct classify_count sum;
	unsigned bytes = 0;
	struct bed b;

	bed_open(&b, BED_TWO STEER_NOT "  default_plan: { download: 5, upload: 2 }\n" BED_PEOPLE);
	assert_int_not_equal(bed_handle(&b, CLASSIFY_DEFAULT_NAME, false), 0);
	send_strangers(&b, COUNT_classify_default_plan, bed_handle(&b, CLASSIFY_DEFAULT_NAME, false),
		       bed_handle(&b, CLASSIFY_DEFAULT_NAME, true), CLASSIFY_ID_DEFAULT);
	for (unsigned i = 0; i < ARRAY_LEN(strangers); i++) {
		expect_stranger(&b, strangers[i], 3, 3 * length_of_stranger(i));
		bytes += length_of_stranger(i);
	}
	sum = classify_counts_of(bed_live(&b), CLASSIFY_ID_DEFAULT);
	assert_int_equal(sum.packets[0], 3);
	assert_int_equal(sum.bytes[0], bytes);
	assert_int_equal(sum.packets[1], 6);
	assert_int_equal(sum.bytes[1], 2 * bytes);
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_classify_unknown).packets, 0);
	foreach_person(p)
	{
		struct frame f = bed_frame((struct build){ 0 }, p->address, false);

		expect_his(&b, p->id, INTERNET, &f, false);
	}
	bed_close(&b);
}

/* --- control ----------------------------------------------------------------------------------- */

static void control_frames_go_first(void **state)
{
	struct bed b;

	bed_open(&b, TWO);
	for (size_t i = 0; i < ARRAY_LEN(layer2); i++)
		for (unsigned tags = 0; tags < 3; tags++)
			foreach_way(up)
			{
				struct frame f = layer2_frame(i, tags);

				if (layer2[i].control)
					expect_nobodys(&b, side_of(*up), &f, *up,
						       COUNT_classify_control, CONTROL_DOWN);
				else
					expect_nobodys(&b, side_of(*up), &f, *up,
						       COUNT_classify_not_ip, 0);
			}
	bed_close(&b);
}

/* IP: protocol, and of UDP the port, of ICMPv6 the type. */
static const struct {
	int family;
	uint8_t proto;
	int detail;
	bool control;
} layer3[] = {
	{ 4, 89, 0, true },	{ 6, 89, 0, true },    { 4, 112, 0, true },
	{ 6, 112, 0, true },	{ 4, 2, 0, true },     { 4, 103, 0, true },
	{ 4, 88, 0, true },	{ 4, 17, 3784, true }, { 6, 17, 3784, true },
	{ 4, 17, 3785, true },	{ 6, 17, 4784, true }, { 6, 58, 133, true },
	{ 6, 58, 134, true },	{ 6, 58, 135, true },  { 6, 58, 136, true },
	{ 6, 58, 137, true },	{ 6, 58, 130, true },  { 6, 58, 131, true },
	{ 6, 58, 132, true },	{ 6, 58, 143, true },  { 6, 58, 128, false },
	{ 6, 58, 138, false },	{ 6, 58, 129, false }, { 6, 58, 142, false },
	{ 6, 58, 144, false },	{ 4, 17, 53, false },  { 4, 17, 3783, false },
	{ 6, 17, 3786, false }, { 4, 6, 3784, false }, { 4, 1, 0, false },
	{ 4, 47, 0, false },
};

static struct frame layer3_frame(size_t i, const char *address, bool upload)
{
	const struct build as = { .proto = layer3[i].proto, .payload = 24 };
	struct frame f = bed_frame(as, address, upload);
	const unsigned l4 = ETH_HLEN + (layer3[i].family == 4 ? 20 : 40);

	if (as.proto == 17 || as.proto == 6)
		put16(f.bytes + l4 + 2, (uint16_t)layer3[i].detail);
	if (as.proto == 58)
		f.bytes[l4] = (uint8_t)layer3[i].detail;
	return f;
}

static void control_packets_go_first(void **state)
{
	struct bed b;

	bed_open(&b, TWO);
	for (size_t i = 0; i < ARRAY_LEN(layer3); i++)
		foreach_way(up)
		{
			const char *who = layer3[i].family == 4 ? "192.168.9.9" : "fe80::9";
			struct frame f = layer3_frame(i, who, *up);

			if (layer3[i].control)
				expect_nobodys(&b, side_of(*up), &f, *up, COUNT_classify_control,
					       CONTROL_DOWN);
			else
				expect_nobodys(&b, side_of(*up), &f, *up, COUNT_classify_unknown, 0);
		}
	bed_close(&b);
}

/* Nobody gets ahead of others by the look of his packets. */
static void subscribers_control_is_their_own(void **state)
{
	struct bed b;

	bed_open(&b, TWO);
	for (size_t i = 0; i < ARRAY_LEN(layer3); i++)
		foreach_way(up)
		{
			const struct person *p = &people[layer3[i].family == 4 ? i % 2 : 2 + i % 3];
			struct frame f = layer3_frame(i, p->address, *up);

			expect_his(&b, p->id, side_of(*up), &f, *up);
		}
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_classify_control).packets, 0);
	assert_int_equal(bed_counted(&b, INTERNET, COUNT_classify_control).packets, 0);
	bed_close(&b);
}

/* It is not in the default plan either, and counts for nobody. */
static void control_is_before_the_default_plan(void **state)
{
	struct classify_count sum;
	struct bed b;

	bed_open(&b, BED_TWO STEER_NOT "  default_plan: { download: 5, upload: 2 }\n" BED_PEOPLE);
	for (size_t i = 0; i < ARRAY_LEN(layer3); i++) {
		const char *who = layer3[i].family == 4 ? "192.168.9.9" : "fe80::9";
		struct frame f = layer3_frame(i, who, true);

		if (layer3[i].control)
			expect_nobodys(&b, ACCESS, &f, true, COUNT_classify_control, CONTROL_DOWN);
	}
	for (uint32_t id = 0; id <= CLASSIFY_ID_DEFAULT; id++) {
		sum = classify_counts_of(bed_live(&b), id);
		assert_int_equal(sum.packets[0] + sum.packets[1], 0);
	}
	bed_close(&b);
}

/* --- on a stick -------------------------------------------------------------------------------- */

static void the_vlan_tells_the_direction(void **state)
{
	uint32_t queues;
	struct bed b;

	bed_open(&b, STICK);
	queues = bed_world(&b)->plan.queues;
	assert_int_equal(bed_world(&b)->plan.up_offset, queues);
	foreach_person(p) foreach_way(up) for (unsigned bits = 0; bits < 16; bits++)
	{
		const struct build as = { .tags = 1 + bits % 2,
					  .tci = { (uint16_t)(bits << 12 | vlan_of(*up)), 4 } };
		struct frame f = bed_frame(as, p->address, *up);
		uint32_t queue = bed_handle(&b, p->id, *up) >> 16;

		assert_in_range(queue, *up ? queues + 1 : 1, *up ? 2 * queues : queues);
		expect_his(&b, p->id, ACCESS, &f, *up);
	}
	foreach_way(up)
	{
		struct frame f = layer2_frame(0, 1);

		put16(f.bytes + 14, vlan_of(*up));
		expect_nobodys(&b, ACCESS, &f, *up, COUNT_classify_control,
			       CONTROL_DOWN + (*up ? queues << 16 : 0));
		f = bed_frame((struct build){ .tags = 1, .tci = { vlan_of(*up) } }, strangers[0],
			      *up);
		expect_nobodys(&b, ACCESS, &f, *up, COUNT_classify_unknown, 0);
	}
	bed_close(&b);
}

/* Each VLAN but the two, and no tag at all. */
static void other_vlans_are_left_alone(void **state)
{
	struct classify_count none = { 0 }, after;
	unsigned n = 0, bytes = 0;
	struct bed b;

	bed_open(&b, STICK);
	for (unsigned vid = 0; vid < 4096; vid += vid < 20 ? 1 : 97) {
		const struct build as = { .tags = vid != 1, .tci = { (uint16_t)(0xb000 | vid) } };
		struct frame f = bed_frame(as, people[0].address, vid & 1);
		struct outcome out;

		if (vid == VLAN_ACCESS || vid == VLAN_INTERNET)
			continue;
		out = bed_arrive(&b, ACCESS, &f);
		expect_unchanged(&out, &f);
		assert_true(!out.has_meta || !out.meta.handle);
		n++;
		bytes += f.len;
	}
	after = bed_count(&b, people[0].id);
	expect_more(&none, &after, false, 0, 0);
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_classify_other_vlan).packets, n);
	assert_int_equal(bed_counted(&b, ACCESS, COUNT_classify_other_vlan).bytes, bytes);
	bed_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_is_found_and_nobody_else),
		cmocka_unit_test(the_wrong_end_is_not_asked),
		cmocka_unit_test(wraps_change_nothing),
		cmocka_unit_test(cut_frames_pass),
		cmocka_unit_test(strangers_are_listed),
		cmocka_unit_test(subnets_filter_the_list),
		cmocka_unit_test(default_plan_takes_strangers),
		cmocka_unit_test(control_frames_go_first),
		cmocka_unit_test(control_packets_go_first),
		cmocka_unit_test(subscribers_control_is_their_own),
		cmocka_unit_test(control_is_before_the_default_plan),
		cmocka_unit_test(the_vlan_tells_the_direction),
		cmocka_unit_test(other_vlans_are_left_alone),
	};

	return cmocka_run_group_tests_name("classify", tests, bed_namespace, bed_leave);
}
