/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames through a bridge port's copy of the program; plans and checks without any kernel. */
#include "pipe/pipe_test_util.h"

#include <linux/if_ether.h>

#include "config/load.h"
#include "pipe.skel.h" /* needs the types above */

#define A 1 /* lo: exists in every namespace, so that a devmap slot can name it */
#define B 77
#define PCP5_DEI 0xb000

static const struct pipe_link links[] = {
	{ .name = "eth1",
	  .present_name = "eth1",
	  .ifindex = B,
	  .mtu = 1500,
	  .mode = XDP_MODE_NATIVE,
	  .xmit_known = true,
	  .xmit = true,
	  .xmit_frags = true },
	{ .name = "eth2",
	  .present_name = "eth2",
	  .ifindex = A,
	  .mtu = 1500,
	  .mode = XDP_MODE_NATIVE,
	  .xmit_known = true,
	  .xmit = true,
	  .xmit_frags = true },
	{ .name = "eth3.7",
	  .present_name = "eth3.7",
	  .kind = "vlan",
	  .ifindex = 9,
	  .mtu = 1500,
	  .mode = XDP_MODE_NATIVE },
	{ .name = "gone", .present_name = "gone", .mode = XDP_MODE_NATIVE },
};

struct world {
	struct pipe_facts facts;
	struct pipe_plan plan;
	struct model *model;
	struct diag d;
};

static const struct section *load(struct world *w, const char *yaml)
{
	const struct schema *schemas[] = { stage_bridge.schema };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	int r;

	*w = (struct world){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		assert_int_equal(vec_push(&w->facts.links, links[i]), 0);
	r = config_load_text("test.yaml", yaml, strlen(yaml), schemas, 1, &w->model, &w->d);
	if (r) {
		diag_format_all(&w->d, &text);
		print_error("%s", strbuf_text(&text));
	}
	assert_int_equal(r, 0);
	return model_section(w->model, "bridge");
}

static struct port_plan *make_port(struct world *w, const char *yaml, int ifindex)
{
	const struct section *s = load(w, yaml);

	assert_int_equal(stage_bridge.check(s->data, &w->facts, &w->d), 0);
	assert_int_equal(stage_bridge.plan(s->data, &w->facts, &w->plan, NULL), 0);
	return pipe_plan_find(&w->plan, ifindex);
}

/* The same where the kernel says that eth2 cannot take redirects. */
static struct port_plan *make_port_without_xmit(struct world *w, const char *yaml, int ifindex)
{
	const struct section *s = load(w, yaml);

	w->facts.links.at[1].xmit = w->facts.links.at[1].xmit_frags = false;
	assert_int_equal(stage_bridge.plan(s->data, &w->facts, &w->plan, NULL), 0);
	return pipe_plan_find(&w->plan, ifindex);
}

static void test_clear_slot(const struct instance *instance)
{
	uint32_t slot = PORT_BRIDGE;

	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(instance->bpf->maps.ports), &slot), 0);
}

static void world_free(struct world *w)
{
	pipe_plan_free(&w->plan);
	pipe_facts_free(&w->facts);
	model_free(w->model);
	diag_free(&w->d);
}

#define PAIR                              \
	"bridge:\n  interface_mapping:\n" \
	"  - { name: eth1, redirect_to: eth2 }\n  - { name: eth2, redirect_to: eth1 }\n"
#define PAIR_VLANS                                                        \
	"bridge:\n  interface_mapping:\n"                                 \
	"  - { name: eth1, redirect_to: eth2, scan_vlans: true }\n"       \
	"  - { name: eth2, redirect_to: eth1, scan_vlans: true }\n"       \
	"  vlan_mapping:\n  - { parent: eth1, tag: 3, redirect_to: 4 }\n" \
	"  - { parent: eth2, tag: 4, redirect_to: 3 }\n"
#define STICK                                                             \
	"bridge:\n  interface_mapping:\n"                                 \
	"  - { name: eth2, redirect_to: eth2, scan_vlans: true }\n"       \
	"  vlan_mapping:\n  - { parent: eth2, tag: 3, redirect_to: 4 }\n" \
	"  - { parent: eth2, tag: 4, redirect_to: 3 }\n"

/* --- frames ------------------------------------------------------------------------------------ */

static void every_size_goes_across_unchanged(void **state)
{
	struct world w;
	struct instance *instance;
	struct outcome out;
	struct frame f;
	uint64_t bytes = 0;
	unsigned n = 0;

	need_root();
	instance = test_load(make_port(&w, PAIR, B));
	for (unsigned size = ETH_HLEN; size <= 1514; size += size < 128 ? 1 : 13) {
		put_ethernet(&f, size);
		run_xdp(instance, &f, &out);
		assert_int_equal(out.verdict, XDP_REDIRECT);
		assert_int_equal(out.frame.len, size);
		assert_memory_equal(out.frame.bytes, f.bytes, size);
		bytes += size;
		n++;
	}
	assert_int_equal(test_count(instance, COUNT_bridge_forwarded).packets, n);
	assert_int_equal(test_count(instance, COUNT_bridge_forwarded).bytes, bytes);
	assert_int_equal(test_count(instance, COUNT_pipe_retagged).packets, 0);
	instance_free(instance);
	world_free(&w);
}

/* Every priority stays, every other VID too; the inner tag of a double-tagged frame is not touched. */
static void tags_are_translated(void **state)
{
	static const uint16_t types[] = { ETH_P_8021Q, ETH_P_8021AD };
	struct world w;
	struct instance *instance;
	struct outcome out;
	struct frame f;

	need_root();
	instance = test_load(make_port(&w, PAIR_VLANS, B));
	for (unsigned i = 0; i < 2 * 16 * 2; i++) {
		uint16_t priority = (uint16_t)((i / 4) << 12), vid = i & 1 ? 3 : 5;

		put_ethernet(&f, 100);
		put_tag(&f, 0, types[(i >> 1) & 1], priority | vid);
		put_tag(&f, 1, ETH_P_8021Q, 3);
		run_xdp(instance, &f, &out);
		assert_int_equal(out.verdict, XDP_REDIRECT);
		put_tag(&f, 0, types[(i >> 1) & 1], priority | (vid == 3 ? 4 : 5));
		put_tag(&f, 1, ETH_P_8021Q, 3);
		assert_memory_equal(out.frame.bytes, f.bytes, f.len);
	}
	assert_int_equal(test_count(instance, COUNT_pipe_retagged).packets, 32);
	assert_int_equal(test_count(instance, COUNT_bridge_forwarded).packets, 64);
	instance_free(instance);
	world_free(&w);
}

static void stick_returns_only_translated_tags(void **state)
{
	struct world w;
	struct instance *instance;
	struct outcome out;
	struct frame f;

	need_root();
	instance = test_load(make_port(&w, STICK, A));
	for (unsigned vid = 0; vid < 4096; vid++) {
		put_ethernet(&f, 64);
		put_tag(&f, 0, ETH_P_8021Q, (uint16_t)(PCP5_DEI | vid));
		run_xdp(instance, &f, &out);
		assert_int_equal(out.verdict, vid == 3 || vid == 4 ? XDP_REDIRECT : XDP_PASS);
		if (vid == 3 || vid == 4)
			put_tag(&f, 0, ETH_P_8021Q, (uint16_t)(PCP5_DEI | (7 - vid)));
		assert_memory_equal(out.frame.bytes, f.bytes, f.len);
	}
	put_ethernet(&f, 64);
	run_xdp(instance, &f, &out);
	assert_int_equal(out.verdict, XDP_PASS);
	assert_int_equal(test_count(instance, COUNT_bridge_no_rule).packets, 4095);
	instance_free(instance);
	world_free(&w);
}

/* A tag cut off by the end of the frame is no tag. */
static void cut_tags_are_left_alone(void **state)
{
	struct world w;
	struct instance *instance;
	struct outcome out;
	struct frame f;

	need_root();
	instance = test_load(make_port(&w, STICK, A));
	for (unsigned size = ETH_HLEN; size < 20; size++) {
		put_ethernet(&f, 64);
		put_tag(&f, 0, ETH_P_8021Q, 3);
		f.len = size;
		run_xdp(instance, &f, &out);
		assert_int_equal(out.verdict, size < 18 ? XDP_PASS : XDP_REDIRECT);
	}
	instance_free(instance);
	world_free(&w);
}

/* The target is deleted while frames flow: they go to the kernel, counted, until the plan changes. */
static void a_vanished_target_eats_nothing(void **state)
{
	struct world w;
	struct instance *instance;
	struct outcome out;
	struct frame f;
	struct pipe_kernel kernel;
	struct port_plan *port;
	_cleanup_diag_ struct diag d = { 0 };

	need_root();
	port = make_port(&w, PAIR, A); /* its target, ifindex 77, does not exist here */
	pipe_kernel_probe(&kernel);
	assert_int_not_equal(instance_load(port, &kernel, -1, NULL, &instance, &d), 0);
	assert_int_equal(d.errors, 1);
	world_free(&w);
	port = make_port(&w, PAIR, B);
	instance = test_load(port);
	test_clear_slot(instance);
	put_ethernet(&f, 64);
	run_xdp(instance, &f, &out);
	assert_int_equal(out.verdict, XDP_PASS);
	assert_int_equal(test_count(instance, COUNT_bridge_vanished).packets, 1);
	assert_int_equal(test_count(instance, COUNT_bridge_forwarded).packets, 0);
	instance_free(instance);
	world_free(&w);
}

/* While its target is away, the port's program has nothing in it. */
static void without_a_target_the_program_is_empty(void **state)
{
	struct world w;
	struct instance *instance;

	need_root();
	instance = test_load(make_port(
		&w, "bridge:\n  interface_mapping:\n  - { name: eth1, redirect_to: gone }\n", B));
	assert_int_equal(translated_size(instance->xdp_fd), 4);
	instance_free(instance);
	world_free(&w);
}

/* --- metadata ---------------------------------------------------------------------------------- */

/* A target without XDP transmit: XDP changes the tag, writes the port, and passes. */
static void deferred_frames_carry_the_decision(void **state)
{
	struct world w;
	struct instance *instance;
	struct outcome out;
	struct frame f;
	struct port_plan *port;

	need_root();
	port = make_port_without_xmit(&w, PAIR_VLANS, B);
	assert_true(port->xdp && port->tc);
	assert_non_null(strstr(port->note, "takes no XDP redirects"));
	instance = test_load(port);
	put_ethernet(&f, 64);
	put_tag(&f, 0, ETH_P_8021Q, PCP5_DEI | 3);
	run_xdp(instance, &f, &out);
	assert_int_equal(out.verdict, XDP_PASS);
	assert_true(out.has_meta);
	assert_int_equal(out.meta.magic, PIPE_META_MAGIC);
	assert_int_equal(out.meta.oif, A);
	put_tag(&f, 0, ETH_P_8021Q, PCP5_DEI | 4);
	assert_memory_equal(out.frame.bytes, f.bytes, f.len);
	instance_free(instance);
	world_free(&w);
}

static void tc_redirects_without_metadata(void **state)
{
	struct world w;
	struct instance *instance;
	struct frame f;
	struct port_plan *port;
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = f.bytes, .repeat = 1);

	need_root();
	port = make_port_without_xmit(&w, PAIR, B);
	instance = test_load(port);
	put_ethernet(&f, 64);
	run.data_size_in = f.len;
	assert_int_equal(bpf_prog_test_run_opts(instance->tc_fd, &run), 0);
	assert_int_equal(run.retval, 7 /* TC_ACT_REDIRECT */);
	assert_int_equal(test_count(instance, COUNT_bridge_forwarded_tc).packets, 1);
	assert_int_equal(test_count(instance, COUNT_pipe_from_metadata).packets, 0);
	instance_free(instance);
	world_free(&w);
}

/* --- plan and check ---------------------------------------------------------------------------- */

static void expect_finding(const char *yaml, enum diag_level level, const char *text)
{
	struct world w;
	const struct section *s = load(&w, yaml);
	bool found = false;

	(void)stage_bridge.check(s->data, &w.facts, &w.d);
	vec_foreach(&w.d.entries, e) {
		_cleanup_strbuf_ struct strbuf line = { 0 };

		diag_format(e, &line);
		found |= e->level == level && strstr(strbuf_text(&line), text);
	}
	if (!found) {
		_cleanup_strbuf_ struct strbuf all = { 0 };

		diag_format_all(&w.d, &all);
		print_error("expected '%s' in:\n%s", text, strbuf_text(&all));
	}
	assert_true(found);
	world_free(&w);
}

#define ONE(line) "bridge:\n  interface_mapping:\n  - " line "\n"
#define TAGS(line) "  vlan_mapping:\n  - " line "\n"

static void checks_say_what_is_wrong(void **state)
{
	expect_finding(
		ONE("{ name: eth1, redirect_to: eth2 }"), DIAG_WARNING,
		"test.yaml:3:13: warning: 'eth1' leads to 'eth2', but 'eth2' does not lead back "
		"(mappings are one-way: add { name: eth2, redirect_to: eth1 })");
	expect_finding(
		ONE("{ name: eht1, redirect_to: eth2 }"), DIAG_ERROR,
		"test.yaml:3:13: error: there is no interface 'eht1' (did you mean 'eth1'?)");
	expect_finding(ONE("{ name: eth1, redirect_to: eth1 }"), DIAG_ERROR,
		       "'eth1' redirects to itself");
	expect_finding(ONE("{ name: eth1, redirect_to: eth1, scan_vlans: true }"), DIAG_WARNING,
		       "without any vlan_mapping");
	expect_finding(ONE("{ name: eth3.7, redirect_to: eth1 }"), DIAG_ERROR,
		       "'eth3.7' is a VLAN of another interface");
	expect_finding(ONE("{ name: gone, redirect_to: eth1 }"), DIAG_WARNING,
		       "interface 'gone' is away");
	expect_finding(PAIR "  - { name: eth1, redirect_to: eth2 }\n", DIAG_ERROR,
		       "'eth1' has a mapping already, at test.yaml:3:13");
	expect_finding(PAIR TAGS("{ parent: eth1, tag: 3, redirect_to: 4 }"), DIAG_WARNING,
		       "'eth1' does not scan VLANs");
	expect_finding(PAIR TAGS("{ parent: eth9, tag: 3, redirect_to: 4 }"), DIAG_WARNING,
		       "'eth9' has no interface_mapping");
	expect_finding(STICK "  - { parent: eth2, tag: 3, redirect_to: 9 }\n", DIAG_ERROR,
		       "tag 3 of 'eth2' has a mapping already");
	expect_finding(STICK "  - { parent: eth2, tag: 9, redirect_to: 9 }\n", DIAG_ERROR,
		       "tag 9 on 'eth2' leads to itself");
	expect_finding(STICK "  - { parent: eth2, tag: 8, redirect_to: 9 }\n", DIAG_WARNING,
		       "on 'eth2' tag 9 does not become 8");
}

static void good_samples_are_silent(void **state)
{
	static const char *const good[] = { PAIR, PAIR_VLANS, STICK };

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct world w;
		const struct section *s = load(&w, good[i]);

		assert_int_equal(stage_bridge.check(s->data, &w.facts, &w.d), 0);
		assert_int_equal(w.d.entries.n, 0);
		world_free(&w);
	}
}

static void disabled_and_absent_plan_nothing(void **state)
{
	struct world w;

	assert_null(make_port(&w,
			      "bridge:\n  enabled: false\n  interface_mapping:\n"
			      "  - { name: eth1, redirect_to: eth2 }\n",
			      B));
	assert_int_equal(w.plan.ports.n, 0);
	world_free(&w);
	assert_non_null(make_port(&w, ONE("{ name: eth1, redirect_to: gone }"), B));
	assert_true(w.plan.ports.at[0]->xdp); /* stays attached, and passes everything */
	assert_false(w.plan.ports.at[0]->tc);
	assert_non_null(strstr(w.plan.ports.at[0]->note, "gone is away"));
	world_free(&w);
}

/* Kernels before 6.3 tell nothing of the device, and redirect no frame of several buffers. */
static void old_kernels_redirect_small_frames_only(void **state)
{
	struct world w;
	const struct section *s = load(&w, PAIR);

	w.facts.links.at[1].xmit_known = false;
	assert_int_equal(stage_bridge.plan(s->data, &w.facts, &w.plan, NULL), 0);
	assert_false(pipe_plan_find(&w.plan, B)->tc);
	pipe_plan_free(&w.plan);
	w.facts.links.at[0].mtu = 9000;
	assert_int_equal(stage_bridge.plan(s->data, &w.facts, &w.plan, NULL), 0);
	assert_true(pipe_plan_find(&w.plan, B)->tc);
	assert_non_null(strstr(pipe_plan_find(&w.plan, B)->note, "larger than a page"));
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_goes_across_unchanged),
		cmocka_unit_test(tags_are_translated),
		cmocka_unit_test(stick_returns_only_translated_tags),
		cmocka_unit_test(cut_tags_are_left_alone),
		cmocka_unit_test(a_vanished_target_eats_nothing),
		cmocka_unit_test(without_a_target_the_program_is_empty),
		cmocka_unit_test(deferred_frames_carry_the_decision),
		cmocka_unit_test(tc_redirects_without_metadata),
		cmocka_unit_test(checks_say_what_is_wrong),
		cmocka_unit_test(good_samples_are_silent),
		cmocka_unit_test(old_kernels_redirect_small_frames_only),
		cmocka_unit_test(disabled_and_absent_plan_nothing),
	};

	return cmocka_run_group_tests_name("bridge", tests, NULL, NULL);
}
