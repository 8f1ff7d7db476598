/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a frame through the parser in user space and, where the kernel allows, in XDP and TC by
 * BPF_PROG_TEST_RUN, and compares each with the second parser. For the parser's tests.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <unistd.h>

#include "pipe/parse_build.h"
#include "pipe/parse_native.h"
#include "pipe/parse_second.h"

#include "parse_probe.skel.h"

static const struct second_tag NO_TAG;
static struct parse_probe_bpf *probe; /* NULL: user space only */
static bool probe_frags;
static unsigned long runs_xdp, runs_tc, runs_native;

/* --- the three places where the parser runs ----------------------------------------------------- */

static inline void show(const char *where, const char *field, const uint8_t *frame, size_t len)
{
	print_error("%s: differs in %s, %zu bytes:", where, field, len);
	for (size_t i = 0; i < len && i < 160; i++)
		print_error(" %02x", frame[i]);
	print_error("\n");
}

static inline void same(const char *where, const struct parse_view *got,
			const struct parse_view *want, const uint8_t *frame, size_t len)
{
	const char *field = second_difference(got, want);

	if (field)
		show(where, field, frame, len);
	assert_null(field);
}

static inline int run(const struct bpf_program *prog, const uint8_t *frame, size_t len,
		      struct parse_view *ret_view)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (__u32)len,
		    .repeat = 1);
	int r;

	memset(&probe->bss->view, 0xff, sizeof(probe->bss->view));
	r = bpf_prog_test_run_opts(bpf_program__fd(prog), &opts);
	*ret_view = probe->bss->view;
	return r;
}

static inline void run_ok(const struct bpf_program *prog, const uint8_t *frame, size_t len,
			  struct parse_view *ret_view)
{
	int r = run(prog, frame, len, ret_view);

	if (r)
		print_error("test run of %zu bytes: %s\n", len, strerror(-r));
	assert_int_equal(r, 0);
}

/* A kernel makes no skb without a byte behind Ethernet, newer ones none with half an IP header. */
static inline bool skb_is_possible(const uint8_t *frame, size_t len)
{
	if (len <= 14)
		return false;
	if (frame[12] == 0x08 && frame[13] == 0x00)
		return len >= 14 + 20;
	return frame[12] != 0x86 || frame[13] != 0xdd || len >= 14 + 40;
}

static inline void run_tc(const uint8_t *frame, size_t len, struct second_tag held,
			  struct parse_view *ret_view)
{
	probe->bss->tag_proto = held.proto;
	probe->bss->tag_tci = held.tci;
	run_ok(probe->progs.probe_tc, frame, len, ret_view);
	runs_tc++;
}

/* TC with the outermost tag moved into the skb must say the same as XDP, four bytes earlier. */
static inline void check_tc_held(const uint8_t *frame, size_t len, const struct parse_view *xdp)
{
	struct second_tag held = { (uint16_t)(frame[12] << 8 | frame[13]),
				   (uint16_t)(frame[14] << 8 | frame[15]) };
	struct parse_view got, want = *xdp;
	uint8_t *rest = malloc(len);

	assert_non_null(rest);
	memcpy(rest, frame, 12);
	memcpy(rest + 12, frame + 16, len - 16);
	if (!skb_is_possible(rest, len - 4)) {
		free(rest);
		return;
	}
	run_tc(rest, len - 4, held, &got);
	want.flags |= PKT_HW_TAG;
	want.l3 -= 4;
	if (want.l4 != PARSE_NONE)
		want.l4 -= 4;
	same("TC, tag in the skb, against XDP", &got, &want, frame, len);
	second_parse(rest, len - 4, held, &want);
	same("TC, tag in the skb", &got, &want, rest, len - 4);
	free(rest);
}

static inline bool is_tagged(const uint8_t *frame, size_t len)
{
	return len > 18 && ((frame[12] == 0x81 && frame[13] == 0x00) ||
			    (frame[12] == 0x88 && frame[13] == 0xa8));
}

/* TEST_RUN wants a whole Ethernet header. */
static inline void check_kernel(const uint8_t *frame, size_t len, const struct parse_view *want)
{
	struct parse_view got;

	if (!probe || len < 14)
		return;
	run_ok(probe->progs.probe_xdp, frame, len, &got);
	runs_xdp++;
	same("XDP", &got, want, frame, len);
	if (probe_frags) {
		run_ok(probe->progs.probe_xdp_frags, frame, len, &got);
		same("XDP without a context", &got, want, frame, len);
	}
	if (!skb_is_possible(frame, len))
		return;
	run_tc(frame, len, NO_TAG, &got);
	same("TC", &got, want, frame, len);
	if (is_tagged(frame, len))
		check_tc_held(frame, len, want);
}

/* What is copied must be what struct pkt leads to. */
static inline void check_ends(const struct parse_view *v, const uint8_t *frame, size_t len)
{
	const struct pkt_ends *e = &v->ends;
	bool agree = v->has_ends == !!v->family && e->family == v->family &&
		     e->proto == v->nexthdr && e->frag_id == v->frag_id &&
		     !(e->flags & ~v->flags) && e->has_ports == (v->proto == 6 || v->proto == 17) &&
		     v->has_quote <= v->icmp_error;
	uint32_t addr = 0;

	for (int i = 0; i < 4; i++)
		addr ^= e->saddr[i] ^ e->daddr[i];
	agree = agree && addr == v->addr && !memcmp(&e->sport, &v->ports, sizeof(v->ports));
	if (!agree)
		show("struct pkt against", "ends", frame, len);
	assert_true(agree);
}

static inline void check_bounds(const struct parse_view *v, const uint8_t *frame, size_t len)
{
	bool inside = v->l3 <= len && (v->l4 == PARSE_NONE || (v->l4 <= len && v->l4 >= v->l3));

	if (v->proto)
		inside = inside && v->l4 + (v->proto == 6 ? 20u : 8u) <= len;
	if (!inside)
		show("bounds", "l3 or l4", frame, len);
	assert_true(inside);
}

static inline void check_native(const uint8_t *frame, size_t len, struct parse_view *ret_second)
{
	struct parse_view got;

	second_parse(frame, len, NO_TAG, ret_second);
	parse_native(frame, len, 0, 0, &got);
	runs_native++;
	check_bounds(&got, frame, len);
	check_ends(&got, frame, len);
	same("user space", &got, ret_second, frame, len);
}

static inline void check(const uint8_t *frame, size_t len)
{
	struct parse_view want;

	check_native(frame, len, &want);
	check_kernel(frame, len, &want);
}

/* A frame for which both parsers must say what its description says. */
static inline void check_described(const uint8_t *frame, size_t len, const struct parse_view *want)
{
	struct parse_view second;

	second_parse(frame, len, NO_TAG, &second);
	same("second parser against the description", &second, want, frame, len);
	check(frame, len);
}

static inline size_t check_build(const struct build *b, uint8_t *frame)
{
	struct parse_view want;
	size_t len = build_frame(frame, b, &want);

	check_described(frame, len, &want);
	return len;
}

/* One frame that must be refused for one reason. */
static inline void check_reason(const uint8_t *frame, size_t len, enum parse_reason reason)
{
	struct parse_view second;

	second_parse(frame, len, NO_TAG, &second);
	assert_int_equal(second.result, reason);
	assert_int_equal(second.family, 0);
	assert_int_equal(second.l4, PARSE_NONE);
	check(frame, len);
}

/* --- set-up ------------------------------------------------------------------------------------------- */

static inline struct parse_probe_bpf *probe_load(bool frags)
{
	struct parse_probe_bpf *skel = parse_probe_bpf__open();

	if (!skel)
		return NULL;
	bpf_program__set_autoload(skel->progs.probe_xdp_frags, frags);
	if (parse_probe_bpf__load(skel)) {
		parse_probe_bpf__destroy(skel);
		return NULL;
	}
	return skel;
}

static inline bool probe_runs(void)
{
	struct parse_view v;
	uint8_t frame[64] = { 0 };

	return !run(probe->progs.probe_xdp, frame, sizeof(frame), &v) &&
	       !run(probe->progs.probe_tc, frame, sizeof(frame), &v);
}

static inline int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static inline int probe_setup(void **state)
{
	libbpf_print_fn_t old;

	if (geteuid()) {
		print_message("skipped in the kernel: not root\n");
		return 0;
	}
	old = libbpf_set_print(silent);
	probe = probe_load(true);
	probe_frags = probe;
	libbpf_set_print(old);
	if (!probe)
		probe = probe_load(false);
	assert_non_null(probe); /* root, and the verifier refuses: a failure */
	if (!probe_runs()) {
		print_message("skipped in the kernel: BPF_PROG_TEST_RUN is refused\n");
		parse_probe_bpf__destroy(probe);
		probe = NULL;
		probe_frags = false;
	}
	return 0;
}

static inline int probe_teardown(void **state)
{
	if (runs_native)
		print_message("frames parsed: %lu in user space, %lu in XDP, %lu in TC\n",
			      runs_native, runs_xdp, runs_tc);
	parse_probe_bpf__destroy(probe);
	return 0;
}
