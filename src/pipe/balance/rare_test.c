/* SPDX-License-Identifier: GPL-2.0-only */
/* Fragments follow the first of their datagram, ICMP errors the packet they report on. */
#include "pipe/balance/balance_test_run.h"

#define FOUR "  in: [eth1, eth2]\n  out: [eth3, eth4, eth5, eth6]\n"
#define FLOW "balance:\n" FOUR
#define SYMMETRIC "balance:\n  policy: flow-symmetric\n" FOUR
#define ALL_QUOTED 1000

static const char *const policies[] = { FLOW, SYMMETRIC };

static void for_each(void (*check)(struct run *r, enum hook hook, int family))
{
	need_root();
	for (size_t p = 0; p < ARRAY_LEN(policies); p++)
		for (size_t h = 0; h < ARRAY_LEN(hooks); h++)
			for (int family = 4; family <= 6; family += 2) {
				struct run r;

				run_open_hook(&r, policies[p], hooks[h]);
				check(&r, hooks[h], family);
				run_close(&r);
			}
}

static void expect_counted(const struct run *r, unsigned fragments, unsigned early, unsigned errors)
{
	assert_int_equal(run_counted(r, COUNT_balance_fragments).packets, fragments);
	assert_int_equal(run_counted(r, COUNT_balance_fragments_early).packets, early);
	assert_int_equal(run_counted(r, COUNT_balance_icmp_errors).packets, errors);
}

/* --- fragments --------------------------------------------------------------------------------- */

/* What may be around fragments, and in IPv6 in front of their header. */
static struct build as_fragment(enum build_frag frag, unsigned i)
{
	static const struct build around[] = {
		{ .payload = 64 },
		{ .payload = 64, .tags = 1, .tci = { 5 } },
		{ .payload = 64, .tags = 2, .tci = { 5, 6 }, .service_tag = true },
		{ .payload = 64, .pppoe = true },
		{ .payload = 64, .exts = 1, .ext = { 60 }, .ihl = 8 },
	};
	struct build b = around[i % ARRAY_LEN(around)];

	b.frag = frag;
	return b;
}

static void make_fragment(struct frame *frame, struct build as, const struct flow *f, uint32_t id)
{
	struct parse_view v;
	uint8_t *at;

	make_frame(frame, as, f);
	as.family = f->family;
	as.proto = f->proto;
	(void)build_frame((uint8_t[BUILD_MAX]){ 0 }, &as, &v);
	at = frame->bytes + (f->family == 4 ? v.l3 + 4 : v.l4 - 4);
	(void)put(at, id, f->family == 4 ? 2 : 4);
}

static int run_fragment(const struct run *r, unsigned input, enum hook hook, struct build as,
			const struct flow *f, uint32_t id)
{
	struct frame frame;

	make_fragment(&frame, as, f, id);
	return run_sent(r, input, hook, &frame);
}

/* The usual order, whichever input each comes in by. */
static void check_in_order(struct run *r, enum hook hook, int family)
{
	static const uint8_t protos[] = { 17, 6, 47 };

	for (unsigned i = 0; i < 30; i++) {
		struct flow f = flow_number(family, protos[i % 3], i);
		int owner = flow_owner(r, &f);

		assert_int_equal(run_fragment(r, 0, hook, as_fragment(FRAG_FIRST, i), &f, 1000 + i),
				 owner);
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(run_fragment(r, k % 2, hook, as_fragment(FRAG_LATER, i),
						      &f, 1000 + i),
					 owner);
		/* And a whole one of the same connection goes there too. */
		assert_int_equal(run_flow(r, 0, hook, as_fragment(FRAG_NONE, i), &f), owner);
	}
	expect_counted(r, 120, 0, 0);
}

static void fragments_follow_the_first(void **state)
{
	for_each(check_in_order);
}

/* Who comes before the first is known by addresses only, and the first follows. */
static void check_later_first(struct run *r, enum hook hook, int family)
{
	unsigned elsewhere = 0;

	for (unsigned i = 0; i < 40; i++) {
		struct flow f = flow_number(family, 17, i);
		int owner = run_owner(r, flow_hash_parts(r, &f, false));

		elsewhere += owner != flow_owner(r, &f);
		assert_int_equal(run_fragment(r, 0, hook, as_fragment(FRAG_LATER, i), &f, i), owner);
		assert_int_equal(run_fragment(r, 1, hook, as_fragment(FRAG_FIRST, i), &f, i), owner);
		assert_int_equal(run_fragment(r, 0, hook, as_fragment(FRAG_LATER, i), &f, i), owner);
	}
	assert_in_range(elsewhere, 15, 40); /* it makes a difference */
	expect_counted(r, 120, 40, 0);
}

static void the_first_follows_who_came_before_it(void **state)
{
	for_each(check_later_first);
}

/* Two connections of one pair, whose fragments come mixed. */
static void check_mixed(struct run *r, enum hook hook, int family)
{
	unsigned elsewhere = 0;

	for (unsigned i = 0; i < 20; i++) {
		struct flow a = flow_number(family, 17, i), b = a;

		b.sport = (uint16_t)(b.sport + 1 + i);
		elsewhere += flow_owner(r, &a) != flow_owner(r, &b);
		for (enum build_frag frag = FRAG_FIRST; frag <= FRAG_LATER; frag++) {
			assert_int_equal(run_fragment(r, 0, hook, as_fragment(frag, i), &a, i),
					 flow_owner(r, &a));
			assert_int_equal(run_fragment(r, 0, hook, as_fragment(frag, i), &b, 99 + i),
					 flow_owner(r, &b));
		}
	}
	assert_in_range(elsewhere, 5, 20);
	expect_counted(r, 80, 0, 0);
}

static void datagrams_do_not_mix(void **state)
{
	for_each(check_mixed);
}

/* The other direction uses the same numbers for other datagrams. */
static void check_directions(struct run *r, enum hook hook, int family)
{
	for (unsigned i = 0; i < 20; i++) {
		struct flow f = flow_number(family, 17, i), back = flow_back(f);

		for (enum build_frag frag = FRAG_FIRST; frag <= FRAG_LATER; frag++) {
			assert_int_equal(run_fragment(r, 0, hook, as_fragment(frag, i), &f, 7),
					 flow_owner(r, &f));
			assert_int_equal(run_fragment(r, 1, hook, as_fragment(frag, i), &back, 7),
					 flow_owner(r, &back));
		}
	}
	expect_counted(r, 80, 0, 0);
}

static void directions_do_not_mix(void **state)
{
	for_each(check_directions);
}

/* Makes what is remembered of the only datagram that much older. */
static void age_fragments(const struct run *r, __u64 ns)
{
	const int fd = run_balancer(r)->fragments_fd;
	struct balance_fragment known;
	__u64 key;

	assert_int_equal(bpf_map_get_next_key(fd, NULL, &key), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &key, &known), 0);
	known.at -= ns;
	assert_int_equal(bpf_map_update_elem(fd, &key, &known, BPF_EXIST), 0);
}

/* Identifications come around again. */
static void check_age(struct run *r, enum hook hook, int family)
{
	struct flow a = flow_number(family, 17, 1), b = a;

	while (flow_owner(r, &b) == flow_owner(r, &a))
		b.sport++;
	(void)run_fragment(r, 0, hook, as_fragment(FRAG_FIRST, 0), &a, 5);
	age_fragments(r, 2 * BALANCE_FRAGMENT_NS);
	assert_int_equal(run_fragment(r, 0, hook, as_fragment(FRAG_FIRST, 0), &b, 5),
			 flow_owner(r, &b));
	assert_int_equal(run_fragment(r, 0, hook, as_fragment(FRAG_LATER, 0), &b, 5),
			 flow_owner(r, &b));
	age_fragments(r, 2 * BALANCE_FRAGMENT_NS);
	assert_int_equal(run_fragment(r, 0, hook, as_fragment(FRAG_LATER, 0), &a, 5),
			 run_owner(r, flow_hash_parts(r, &a, false)));
	expect_counted(r, 4, 1, 0);
}

static void old_fragments_are_forgotten(void **state)
{
	for_each(check_age);
}

/* A header that says "fragment", around a datagram that is whole. */
static void check_atomic(struct run *r, enum hook hook, int family)
{
	for (unsigned i = 0; i < 10; i++) {
		struct flow f = flow_number(family, 17, i);

		assert_int_equal(run_flow(r, 0, hook, as_fragment(FRAG_ATOMIC, i), &f),
				 flow_owner(r, &f));
	}
	expect_counted(r, 0, 0, 0);
}

static void atomic_fragments_are_whole(void **state)
{
	for_each(check_atomic);
}

/* --- ICMP errors ------------------------------------------------------------------------------- */

/* Sent by somebody on the way back to who sent the quoted packet. */
static void make_error(struct frame *frame, struct build outer, int type, struct build inner,
		       const struct flow *about, size_t keep)
{
	struct flow report = { .family = about->family,
			       .proto = about->family == 4 ? 1 : 58,
			       .src = 0x0b0b0b0b,
			       .dst = about->src };
	struct parse_view v, in;
	uint8_t *quoted;

	outer.family = inner.family = about->family;
	inner.proto = about->proto;
	(void)build_frame((uint8_t[BUILD_MAX]){ 0 }, &inner, &in);
	frame->len = (unsigned)build_error(frame->bytes, outer, type, &inner, keep, &v);
	quoted = frame->bytes + v.l4 + 8;
	put_flow(frame->bytes + v.l3, NULL, &report);
	put_flow(quoted, inner.frag == FRAG_LATER ? NULL : quoted + in.l4 - in.l3, about);
	if (inner.frag == FRAG_FIRST || inner.frag == FRAG_LATER)
		(void)put(about->family == 4 ? quoted + 4 : quoted + in.l4 - in.l3 - 4, 5,
			  about->family == 4 ? 2 : 4);
}

static int run_error(const struct run *r, enum hook hook, unsigned i, int type, struct build inner,
		     const struct flow *about, size_t keep)
{
	struct build outer = as_fragment(FRAG_NONE, i);
	struct frame frame;

	make_error(&frame, outer, type, inner, about, keep);
	return run_sent(r, i % 2, hook, &frame);
}

static const int errors4[] = { 3, 4, 5, 11, 12 }, errors6[] = { 1, 2, 3, 4, 100 };

/* Of all that is quoted, and of the eight bytes that are the least. */
static void check_errors(struct run *r, enum hook hook, int family)
{
	static const uint8_t protos[] = { 6, 17, 47, 132 };
	const size_t least = (family == 4 ? 20 : 40) + 8;
	unsigned n = 0;

	for (size_t p = 0; p < ARRAY_LEN(protos); p++)
		for (size_t e = 0; e < ARRAY_LEN(errors4); e++)
			for (unsigned i = 0; i < 6; i++, n++) {
				struct flow f = flow_number(family, protos[p], n);

				assert_int_equal(run_error(r, hook, i,
							   (family == 4 ? errors4 : errors6)[e],
							   (struct build){ .payload = 40 }, &f,
							   i % 2 ? least : ALL_QUOTED),
						 flow_owner(r, &f));
			}
	expect_counted(r, 0, 0, n);
}

static void errors_go_where_their_connection_goes(void **state)
{
	for_each(check_errors);
}

/* Echoes are a flow of their own: those of their two addresses. */
static void check_echoes(struct run *r, enum hook hook, int family)
{
	static const int echo[2][2] = { { 8, 0 }, { 128, 129 } };

	for (unsigned i = 0; i < 20; i++) {
		struct flow f = flow_number(family, family == 4 ? 1 : 58, i);
		struct frame frame;
		struct parse_view v;
		struct build b = as_fragment(FRAG_NONE, i);

		b.family = family;
		b.proto = f.proto;
		make_frame(&frame, b, &f);
		(void)build_frame((uint8_t[BUILD_MAX]){ 0 }, &b, &v);
		frame.bytes[v.l4] = (uint8_t)echo[family == 6][i % 2];
		assert_int_equal(run_sent(r, 0, hook, &frame), flow_owner(r, &f));
	}
	expect_counted(r, 0, 0, 0);
}

static void echoes_are_flows_of_their_own(void **state)
{
	for_each(check_echoes);
}

/* An error about a datagram's fragment goes where the fragments went. */
static void check_about_fragments(struct run *r, enum hook hook, int family)
{
	const int type = family == 4 ? 11 : 3;

	for (unsigned i = 0; i < 10; i++) {
		struct flow f = flow_number(family, 17, i);
		int owner = run_fragment(r, 0, hook, as_fragment(FRAG_FIRST, i), &f, 5);

		assert_int_equal(owner, flow_owner(r, &f));
		assert_int_equal(run_error(r, hook, i, type,
					   (struct build){ .payload = 40, .frag = FRAG_FIRST }, &f,
					   ALL_QUOTED),
				 owner);
		assert_int_equal(run_error(r, hook, i, type,
					   (struct build){ .payload = 40, .frag = FRAG_LATER }, &f,
					   ALL_QUOTED),
				 owner);
	}
	expect_counted(r, 10, 0, 20);
}

static void errors_about_fragments_go_with_them(void **state)
{
	for_each(check_about_fragments);
}

/* Of a datagram never seen: by addresses only, and nothing is remembered of it. */
static void check_about_unknown(struct run *r, enum hook hook, int family)
{
	const int type = family == 4 ? 11 : 3;

	for (unsigned i = 0; i < 10; i++) {
		struct flow f = flow_number(family, 17, i);

		assert_int_equal(run_error(r, hook, i, type,
					   (struct build){ .payload = 40, .frag = FRAG_LATER }, &f,
					   ALL_QUOTED),
				 run_owner(r, flow_hash_parts(r, &f, false)));
		assert_int_equal(run_fragment(r, 0, hook, as_fragment(FRAG_FIRST, i), &f, 5),
				 flow_owner(r, &f));
	}
	expect_counted(r, 10, 10, 10);
}

static void errors_about_unknown_fragments_decide_nothing(void **state)
{
	for_each(check_about_unknown);
}

/* A quote too short to tell, or of the other family: an ICMP packet like any other. */
static void check_no_quote(struct run *r, enum hook hook, int family)
{
	for (unsigned i = 0; i < 10; i++) {
		struct flow f = flow_number(family, 17, i);
		struct flow report = { .family = family,
				       .proto = family == 4 ? 1 : 58,
				       .src = 0x0b0b0b0b,
				       .dst = f.src };

		assert_int_equal(run_error(r, hook, i, family == 4 ? 3 : 1,
					   (struct build){ .payload = 40 }, &f, i),
				 flow_owner(r, &report));
	}
	expect_counted(r, 0, 0, 0);
}

static void errors_without_a_quote_are_flows_of_their_own(void **state)
{
	for_each(check_no_quote);
}

/* Its first fragment has the quote in it, but its others have not: all go by their datagram. */
static void check_fragmented_error(struct run *r, enum hook hook, int family)
{
	for (unsigned i = 0; i < 10; i++) {
		struct flow f = flow_number(family, 17, i);
		struct flow report = { .family = family,
				       .proto = family == 4 ? 1 : 58,
				       .src = 0x0b0b0b0b,
				       .dst = f.src };
		struct frame frame;

		make_error(&frame, as_fragment(FRAG_FIRST, 0), family == 4 ? 3 : 1,
			   (struct build){ .payload = 40 }, &f, ALL_QUOTED);
		assert_int_equal(run_sent(r, 0, hook, &frame), flow_owner(r, &report));
		assert_int_equal(run_fragment(r, 0, hook, as_fragment(FRAG_LATER, 0), &report,
					      family == 4 ? BUILD_ID4 : BUILD_ID6),
				 flow_owner(r, &report));
	}
	expect_counted(r, 20, 0, 0);
}

static void fragments_of_errors_stay_together(void **state)
{
	for_each(check_fragmented_error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_follow_the_first),
		cmocka_unit_test(the_first_follows_who_came_before_it),
		cmocka_unit_test(datagrams_do_not_mix),
		cmocka_unit_test(directions_do_not_mix),
		cmocka_unit_test(old_fragments_are_forgotten),
		cmocka_unit_test(atomic_fragments_are_whole),
		cmocka_unit_test(errors_go_where_their_connection_goes),
		cmocka_unit_test(echoes_are_flows_of_their_own),
		cmocka_unit_test(errors_about_fragments_go_with_them),
		cmocka_unit_test(errors_about_unknown_fragments_decide_nothing),
		cmocka_unit_test(errors_without_a_quote_are_flows_of_their_own),
		cmocka_unit_test(fragments_of_errors_stay_together),
	};

	return cmocka_run_group_tests_name("balance rare", tests, run_namespace, NULL);
}
