/* SPDX-License-Identifier: GPL-2.0-only */
/* The standalone balancer: frames through its program, its maps in the kernel, and its checks. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nl/netdev.h"
#include "pipe/balance/classic/map.h"
#include "pipe/balance/classic/targets.h"
#include "pipe/pipe_test_util.h"
#include "xdp_loadbalancer.skel.h"

/* --- the program ------------------------------------------------------------------------------- */

/* On one CPU, as each has turns of its own; not pinned, so that nothing is shared. */
static struct xdp_loadbalancer_bpf *load(void)
{
	struct xdp_loadbalancer_bpf *bpf;
	cpu_set_t one;

	need_root();
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	bpf = xdp_loadbalancer_bpf__open();
	assert_non_null(bpf);
	assert_int_equal(bpf_map__set_pin_path(bpf->maps.redirect_map, NULL), 0);
	assert_int_equal(xdp_loadbalancer_bpf__load(bpf), 0);
	return bpf;
}

static int map_fd(const struct xdp_loadbalancer_bpf *bpf)
{
	return bpf_map__fd(bpf->maps.redirect_map);
}

static void put(int fd, uint32_t key, uint32_t ifindex)
{
	assert_int_equal(bpf_map_update_elem(fd, &key, &ifindex, BPF_ANY), 0);
}

static int send_frame(const struct xdp_loadbalancer_bpf *bpf, const uint8_t *type, size_t type_len,
		      size_t len)
{
	uint8_t in[256] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 }, out[256];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in, .data_size_in = (uint32_t)len,
		    .data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	memcpy(in + 2 * (size_t)ETH_ALEN, type, type_len);
	for (size_t i = 2 * ETH_ALEN + type_len; i < len; i++)
		in[i] = (uint8_t)(i * 7);
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(bpf->progs.xdp_loadbalancer), &run),
			 0);
	assert_int_equal(run.data_size_out, len);
	assert_memory_equal(in, out, len);
	return (int)run.retval;
}

static int send_ipv4(const struct xdp_loadbalancer_bpf *bpf)
{
	return send_frame(bpf, (const uint8_t[]){ 8, 0 }, 2, 64);
}

/* The key whose turn is next, of all CPUs together: only one has any. */
static uint32_t next_turn(const struct xdp_loadbalancer_bpf *bpf)
{
	int n = libbpf_num_possible_cpus();
	_cleanup_free_ uint64_t *turns = calloc((size_t)n, sizeof(*turns));
	uint32_t key = 0, sum = 0;

	assert_non_null(turns);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(bpf->maps.redirect_turn), &key, turns), 0);
	for (int i = 0; i < n; i++)
		sum += (uint32_t)turns[i];
	return sum;
}

/* Frame n goes to key n mod N: behind it, the turn is the one after that key. */
static void frames_go_round(void **state)
{
	for (uint32_t n = 1; n <= CLASSIC_TARGETS_MAX; n = n < 4 ? n + 1 : n * 4) {
		struct xdp_loadbalancer_bpf *bpf = load();

		for (uint32_t key = 0; key < n; key++)
			put(map_fd(bpf), key, 1);
		for (uint32_t i = 0; i < 3 * n + 1; i++) {
			assert_int_equal(send_ipv4(bpf), XDP_REDIRECT);
			assert_int_equal(next_turn(bpf), i % n + 1);
		}
		xdp_loadbalancer_bpf__destroy(bpf);
	}
}

static void what_is_not_plain_ipv4_takes_no_turn(void **state)
{
	static const struct {
		uint8_t type[6];
		size_t type_len;
	} others[] = {
		{ { 0x86, 0xdd }, 2 },
		{ { 0x08, 0x06 }, 2 },
		{ { 0x81, 0x00, 0, 5, 0x08, 0x00 }, 6 },
		{ { 0x88, 0xa8, 0, 5, 0x08, 0x00 }, 6 },
		{ { 0x00, 0x08 }, 2 },
	};
	struct xdp_loadbalancer_bpf *bpf = load();

	put(map_fd(bpf), 0, 1);
	put(map_fd(bpf), 1, 1);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(send_frame(bpf, others[i].type, others[i].type_len, 64), XDP_PASS);
	assert_int_equal(next_turn(bpf), 0);
	assert_int_equal(send_frame(bpf, (const uint8_t[]){ 8, 0 }, 2, ETH_HLEN), XDP_REDIRECT);
	assert_int_equal(next_turn(bpf), 1);
	xdp_loadbalancer_bpf__destroy(bpf);
}

static void without_targets_frames_are_the_kernels(void **state)
{
	struct xdp_loadbalancer_bpf *bpf = load();
	uint32_t key = 0;

	assert_int_equal(send_ipv4(bpf), XDP_PASS);
	put(map_fd(bpf), 7, 1); /* out of reach */
	assert_int_equal(send_ipv4(bpf), XDP_PASS);
	put(map_fd(bpf), 0, 0); /* no interface has number 0 */
	assert_int_equal(send_ipv4(bpf), XDP_PASS);
	assert_int_equal(next_turn(bpf), 0);
	put(map_fd(bpf), 0, 1);
	assert_int_equal(send_ipv4(bpf), XDP_REDIRECT);
	assert_int_equal(bpf_map_delete_elem(map_fd(bpf), &key), 0);
	assert_int_equal(send_ipv4(bpf), XDP_PASS);
	xdp_loadbalancer_bpf__destroy(bpf);
}

static void a_hole_begins_the_round_again(void **state)
{
	static const uint32_t turns[] = { 1, 2, 1, 2, 1 };
	struct xdp_loadbalancer_bpf *bpf = load();

	put(map_fd(bpf), 0, 1);
	put(map_fd(bpf), 1, 1);
	put(map_fd(bpf), 3, 1);
	for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
		assert_int_equal(send_ipv4(bpf), XDP_REDIRECT);
		assert_int_equal(next_turn(bpf), turns[i]);
	}
	xdp_loadbalancer_bpf__destroy(bpf);
}

/* --- rows and the trace ------------------------------------------------------------------------ */

static void assert_rows(int fd, const uint32_t *ifindexes, unsigned n)
{
	struct classic_rows rows;

	classic_map_read(fd, &rows);
	assert_int_equal(rows.n, n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(rows.at[i].key, i);
		assert_int_equal(rows.at[i].ifindex, ifindexes[i]);
	}
}

static void writing_replaces_what_was_there(void **state)
{
	struct xdp_loadbalancer_bpf *bpf = load();
	uint32_t many[CLASSIC_TARGETS_MAX];
	int fd = map_fd(bpf);

	for (uint32_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = 100 + i;
	assert_int_equal(classic_map_write(fd, many, 3), 0);
	assert_rows(fd, many, 3);
	assert_int_equal(classic_map_write(fd, many + 9, 2), 0);
	assert_rows(fd, many + 9, 2);
	/* Full of keys that another tool wrote: they make room. */
	for (uint32_t i = 2; i < CLASSIC_TARGETS_MAX; i++)
		put(fd, i + 1000, 1);
	assert_int_equal(classic_map_write(fd, many, CLASSIC_TARGETS_MAX), 0);
	assert_rows(fd, many, CLASSIC_TARGETS_MAX);
	assert_int_equal(classic_map_write(fd, many + 1, CLASSIC_TARGETS_MAX - 1), 0);
	assert_rows(fd, many + 1, CLASSIC_TARGETS_MAX - 1);
	xdp_loadbalancer_bpf__destroy(bpf);
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	return info.id;
}

static void the_trace_is_off_until_it_is_asked_for(void **state)
{
	struct xdp_loadbalancer_bpf *one = load(), *two = xdp_loadbalancer_bpf__open();
	uint32_t id = map_id(map_fd(one));
	unsigned on = 9, programs = 9;

	/* As a second input: its own program, the same targets. */
	assert_non_null(two);
	assert_int_equal(bpf_map__set_pin_path(two->maps.redirect_map, NULL), 0);
	assert_int_equal(bpf_map__reuse_fd(two->maps.redirect_map, map_fd(one)), 0);
	assert_int_equal(xdp_loadbalancer_bpf__load(two), 0);
	assert_int_equal(classic_trace_get(id, &on, &programs), 0);
	assert_int_equal(on, 0);
	assert_int_equal(programs, 2);
	assert_int_equal(classic_trace_set(id, true, &programs), 0);
	assert_int_equal(programs, 2);
	assert_int_equal(classic_trace_get(id, &on, &programs), 0);
	assert_int_equal(on, 2);
	assert_int_equal(classic_trace_set(id, false, &programs), 0);
	assert_int_equal(classic_trace_get(id, &on, &programs), 0);
	assert_int_equal(on, 0);
	assert_int_equal(
		classic_trace_get(map_id(bpf_map__fd(one->maps.redirect_turn)), &on, &programs), 0);
	assert_int_equal(programs, 1);
	xdp_loadbalancer_bpf__destroy(two);
	xdp_loadbalancer_bpf__destroy(one);
}

/* --- which map --------------------------------------------------------------------------------- */

static char pin_path[96];

static int pin_remove(void **state)
{
	(void)unlink(pin_path);
	return 0;
}

static void pin_here(int fd)
{
	(void)unlink(pin_path);
	assert_int_equal(bpf_obj_pin(fd, pin_path), 0);
}

static void assert_said(struct diag *d, const char *text)
{
	_cleanup_strbuf_ struct strbuf all = { 0 };

	diag_format_all(d, &all);
	if (!strstr(strbuf_text(&all), text)) {
		print_error("'%s' is not in: %s", text, strbuf_text(&all));
		fail();
	}
	diag_free(d);
}

/* What is at the path is refused, and `text` said. */
static void refused(const char *path, const char *text)
{
	_cleanup_diag_ struct diag d = { 0 };
	struct classic_map map = CLASSIC_MAP_NONE;

	assert_int_equal(classic_map_open(path, &map, &d), -EINVAL);
	assert_int_equal(map.fd, -1);
	assert_said(&d, text);
}

static void other_pins_are_refused(void **state)
{
	struct xdp_loadbalancer_bpf *bpf = load();

	pin_here(bpf_map__fd(bpf->maps.redirect_turn));
	refused(pin_path, "another map: 'redirect_turn' of type percpu_array with 4-byte keys");
	pin_here(bpf_map__fd(bpf->maps.redirect_trace));
	refused(pin_path, "another map: 'redirect_trace' of type array");
	pin_here(bpf_program__fd(bpf->progs.xdp_loadbalancer));
	refused(pin_path, "is no map");
	refused("/proc/redirect_map", "/proc: no BPF file system is mounted there (mount -t bpf");
	refused("/proc/none/redirect_map", "/proc/none: cannot look into it: No such file");
	refused("/sys/fs/bpf/a.b", "no names with dots");
	xdp_loadbalancer_bpf__destroy(bpf);
}

static void nothing_pinned_is_not_an_error(void **state)
{
	_cleanup_diag_ struct diag d = { 0 };
	struct classic_map map = CLASSIC_MAP_NONE;

	need_root();
	(void)unlink(pin_path);
	assert_int_equal(classic_map_open(pin_path, &map, &d), -ENOENT);
	assert_int_equal(d.entries.n, 0);
}

static struct classic_facts two_inputs(const struct nl_link *links, uint32_t first, uint32_t second)
{
	struct classic_facts facts = { 0 };

	assert_int_equal(vec_push(&facts.inputs, { &links[0], first, true }), 0);
	assert_int_equal(vec_push(&facts.inputs, { &links[1], second, false }), 0);
	return facts;
}

static const struct nl_link two_links[] = { { .ifindex = 2, .name = "in1" },
					    { .ifindex = 3, .name = "in2" } };

/* The pinned map counts for as long as the programs here use it, or none runs. */
static void the_map_of_the_programs_here_is_found(void **state)
{
	struct xdp_loadbalancer_bpf *old = load(), *now = load();
	uint32_t old_id = map_id(map_fd(old)), now_id = map_id(map_fd(now));
	_cleanup_classic_facts_ struct classic_facts none = { 0 };
	_cleanup_classic_facts_ struct classic_facts both = two_inputs(two_links, now_id, now_id);
	_cleanup_classic_facts_ struct classic_facts torn = two_inputs(two_links, now_id, old_id);
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_classic_map_ struct classic_map of_none = CLASSIC_MAP_NONE,
						 of_both = CLASSIC_MAP_NONE,
						 of_torn = CLASSIC_MAP_NONE;

	pin_here(map_fd(old));
	assert_int_equal(classic_map_find(&none, pin_path, &of_none, &d), 0);
	assert_int_equal(of_none.id, old_id);
	assert_int_equal(classic_map_find(&both, pin_path, &of_both, &d), 0);
	assert_int_equal(of_both.id, now_id);
	(void)unlink(pin_path);
	assert_int_equal(classic_map_find(&torn, pin_path, &of_torn, &d), -EINVAL);
	assert_said(&d, "the programs on in1 and in2 use different maps (`bpftool map pin id ");
	assert_int_equal(classic_map_check_used(&none, &of_none, pin_path, &d), 0);
	assert_int_equal(classic_map_check_used(&both, &of_both, pin_path, &d), 0);
	assert_int_equal(classic_map_check_used(&both, &of_none, pin_path, &d), -EINVAL);
	assert_said(&d, "is not the map that the program on in1 uses (`rm ");
	xdp_loadbalancer_bpf__destroy(now);
	xdp_loadbalancer_bpf__destroy(old);
}

/* --- targets ----------------------------------------------------------------------------------- */

#define MAP 40
#define REDIRECTS (NL_XDP_BASIC | NL_XDP_REDIRECT | NL_XDP_NDO_XMIT)

/* eth1 is the input, native; eth2 and eth3 take everything. */
struct world {
	struct classic_facts facts;
	struct classic_targets targets;
	struct diag d;
};

static void world_make(struct world *w)
{
	*w = (struct world){ 0 };
	for (int i = 1; i <= 3; i++) {
		struct nl_link l = {
			.ifindex = i + 1, .kind = "veth", .mtu = 1500, .admin_up = true, .carrier = true
		};
		struct classic_power p = {
			.ifindex = i + 1, .known = true, .features = REDIRECTS, .driver = "veth"
		};

		(void)snprintf(l.name, sizeof(l.name), "eth%d", i);
		assert_int_equal(vec_push(&w->facts.links, l), 0);
		assert_int_equal(vec_push(&w->facts.powers, p), 0);
	}
	assert_int_equal(vec_push(&w->facts.inputs, { &w->facts.links.at[0], MAP, true }), 0);
}

static void world_free(struct world *w)
{
	classic_facts_free(&w->facts);
	diag_free(&w->d);
}

static int find(struct world *w, const char *const *names, size_t n)
{
	return classic_targets_find(names, n, &w->facts, &w->targets, &w->d);
}

/* Both targets, checked; `text` is said, or nothing at all when it is NULL. */
static void checked(struct world *w, int r, const char *text)
{
	static const char *const names[] = { "eth2", "eth3" };

	assert_int_equal(find(w, names, 2), 0);
	assert_int_equal(classic_targets_check(&w->targets, &w->facts, MAP, &w->d), r);
	if (text)
		assert_said(&w->d, text);
	assert_int_equal(w->d.entries.n, 0);
	world_free(w);
	world_make(w);
}

static void names_are_all_looked_at(void **state)
{
	static const char *const wrong[] = { "eth2", "eht3", "wlan0", "eth3" };
	const char *many[CLASSIC_TARGETS_MAX + 1];
	struct world w;

	world_make(&w);
	assert_int_equal(find(&w, wrong, 4), -EINVAL);
	assert_int_equal(w.d.errors, 2);
	assert_int_equal(w.targets.n, 0);
	assert_said(&w.d, "eht3: there is no such interface here (did you mean `eth3`?)\n"
			  "error: wlan0: there is no such interface here\n");
	assert_int_equal(find(&w, wrong, 0), -EINVAL);
	assert_said(&w.d, "no target was given");
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = "eth2";
	assert_int_equal(find(&w, many, CLASSIC_TARGETS_MAX + 1), -EINVAL);
	assert_said(&w.d, "65 targets, at most 64");
	assert_int_equal(find(&w, many, CLASSIC_TARGETS_MAX), 0);
	assert_int_equal(w.targets.n, CLASSIC_TARGETS_MAX);
	world_free(&w);
}

static void good_targets_are_silent(void **state)
{
	struct world w;

	world_make(&w);
	checked(&w, 0, NULL);
	/* A generic program sends as the kernel does. */
	w.facts.inputs.at[0].native = false;
	w.facts.powers.at[1].features = 0;
	checked(&w, 0, NULL);
	/* A kernel that cannot tell says nothing against a device. */
	w.facts.powers.at[1].known = false;
	w.facts.powers.at[1].features = 0;
	checked(&w, 0, NULL);
	world_free(&w);
}

static void what_stands_against_a_target_is_said(void **state)
{
	struct world w;

	world_make(&w);
	w.facts.inputs.at[0].link = &w.facts.links.at[2];
	checked(&w, -EINVAL, "error: eth3 runs the program itself");
	w.facts.links.at[1].admin_up = w.facts.links.at[1].carrier = false;
	checked(&w, 0,
		"warning: eth2 is down: frames sent to it are lost (ip link set dev eth2 up)\n");
	w.facts.links.at[2].carrier = false;
	checked(&w, 0, "warning: eth3 has no carrier");
	w.facts.powers.at[2].features = NL_XDP_BASIC | NL_XDP_REDIRECT;
	checked(&w,
		0, "eth3 takes no XDP redirects, its driver is veth: frames sent to it are lost (ethtool -K");
	memcpy(w.facts.powers.at[1].driver, "hv_netvsc", 10);
	w.facts.powers.at[1].known = false;
	w.facts.links.at[1].kind[0] = 0;
	checked(&w,
		0, "eth2 takes no XDP redirects, its driver is hv_netvsc: frames sent to it are lost (load");
	w.facts.links.at[0].mtu = 9000;
	checked(&w, 0, "eth2 has MTU 1500, eth1 has 9000: larger frames are lost");
	world_free(&w);
}

static void what_stands_against_the_input_is_said(void **state)
{
	struct world w;

	world_make(&w);
	w.facts.powers.at[0].strips_tags = true;
	checked(&w, 0, "eth1 takes VLAN tags off before the program sees them");
	w.facts.powers.at[0].features = NL_XDP_BASIC;
	checked(&w, 0, "eth1: its driver veth does not redirect from XDP");
	w.facts.inputs.at[0].map_id = MAP + 1;
	checked(&w, 0, "no interface here runs the program yet (ip link set dev INPUT xdp obj");
	world_free(&w);
}

static void twice_named_is_a_double_share(void **state)
{
	static const char *const names[] = { "eth3", "eth2", "eth3" };
	struct world w;

	world_make(&w);
	w.facts.links.at[2].carrier = false;
	assert_int_equal(find(&w, names, 3), 0);
	assert_int_equal(classic_targets_check(&w.targets, &w.facts, MAP, &w.d), 0);
	assert_int_equal(w.targets.n, 3);
	assert_int_equal(w.d.entries.n, 2); /* what is wrong with it is said once */
	assert_said(&w.d, "note: eth3 is named 2 times: it gets 2 of every 3 frames");
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_go_round),
		cmocka_unit_test(what_is_not_plain_ipv4_takes_no_turn),
		cmocka_unit_test(without_targets_frames_are_the_kernels),
		cmocka_unit_test(a_hole_begins_the_round_again),
		cmocka_unit_test(writing_replaces_what_was_there),
		cmocka_unit_test(the_trace_is_off_until_it_is_asked_for),
		cmocka_unit_test_teardown(other_pins_are_refused, pin_remove),
		cmocka_unit_test(nothing_pinned_is_not_an_error),
		cmocka_unit_test_teardown(the_map_of_the_programs_here_is_found, pin_remove),
		cmocka_unit_test(names_are_all_looked_at),
		cmocka_unit_test(good_targets_are_silent),
		cmocka_unit_test(what_stands_against_a_target_is_said),
		cmocka_unit_test(what_stands_against_the_input_is_said),
		cmocka_unit_test(twice_named_is_a_double_share),
	};

	(void)snprintf(pin_path, sizeof(pin_path), "/sys/fs/bpf/classic-test-%d", (int)getpid());
	return cmocka_run_group_tests_name("classic", tests, NULL, NULL);
}
