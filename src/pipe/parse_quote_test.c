/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ends of packets: fragments and their identification, and what ICMP errors quote. What
 * "check" means is in parse_check.h.
 */
#include "pipe/parse_check.h"
#include "pipe/parse_random.h"

#define ALL BUILD_MAX /* the whole packet is quoted */

static const uint8_t KINDS[] = { 0, 43, 51, 60, 135 };

static uint8_t frame[BUILD_MAX];

/* --- fragments ----------------------------------------------------------------------------------- */

/* Extension headers before and behind the fragment header, in all places it can have among them. */
static void test_fragments(void **state)
{
	for (int exts = 0; exts <= 4; exts++)
		for (int behind = 0; behind <= exts; behind++)
			for (int frag = FRAG_NONE; frag <= FRAG_ATOMIC; frag++) {
				struct build b = { .family = 6,
						   .exts = exts,
						   .behind = behind,
						   .frag = (enum build_frag)frag,
						   .proto = 17,
						   .payload = 64,
						   .tags = frag };

				memcpy(b.ext, KINDS, sizeof(KINDS));
				check_build(&b, frame);
				b.proto = 6;
				check_build(&b, frame);
				b.proto = 58;
				check_build(&b, frame);
			}
}

static struct parse_view view_of(const struct build *b)
{
	struct parse_view v;

	parse_native(frame, check_build(b, frame), 0, 0, &v);
	return v;
}

/* The point of it all: a datagram's fragments have the same addresses and the same number. */
static void test_fragments_of_one_datagram(void **state)
{
	for (int family = 4; family <= 6; family += 2) {
		struct build b = { .family = family, .proto = 17, .payload = 64, .frag = FRAG_FIRST };
		struct parse_view first, later, whole;

		b.exts = b.behind = family == 6 ? 2 : 0;
		memcpy(b.ext, KINDS, sizeof(KINDS));
		first = view_of(&b);
		b.frag = FRAG_LATER;
		later = view_of(&b);
		b.frag = FRAG_NONE;
		whole = view_of(&b);
		assert_int_equal(first.frag_id, family == 4 ? BUILD_ID4 : BUILD_ID6);
		assert_int_equal(later.frag_id, first.frag_id);
		assert_int_equal(whole.frag_id, 0);
		assert_memory_equal(later.ends.saddr, first.ends.saddr, sizeof(first.ends.saddr));
		assert_memory_equal(later.ends.daddr, first.ends.daddr, sizeof(first.ends.daddr));
		assert_int_equal(first.ends.has_ports, 1);
		assert_int_equal(later.ends.has_ports, 0);
	}
}

/* The reserved bits and "don't fragment" make no fragment. */
static void test_other_bits(void **state)
{
	for (int family = 4; family <= 6; family += 2) {
		struct build b = { .family = family, .proto = 17, .payload = 64, .frag = FRAG_ATOMIC };
		struct parse_view v;
		size_t len = build_frame(frame, &b, &v);

		put(frame + (family == 4 ? 14 + 6 : 54 + 2), family == 4 ? 0xc000 : 6, 2);
		check_described(frame, len, &v);
	}
}

/* A fragment that was fragmented: the outer header is the one the network sees. */
static void test_fragment_in_fragment(void **state)
{
	struct build b = { .family = 6, .exts = 1, .ext = { 60 }, .proto = 17, .frag = FRAG_FIRST };
	static const uint8_t fields[] = { 0, 1, 8, 9 };
	struct parse_view v;
	uint8_t *second;
	size_t len;

	b.behind = 1;
	b.payload = 32;
	len = build_frame(frame, &b, &v);
	second = frame + v.l4 - 8;
	put(frame + v.l4 - 16, 44, 1);
	for (size_t i = 0; i < sizeof(fields); i++) {
		put(put(second, 0x1100, 2), fields[i], 2);
		put(second + 4, 0x11223344, 4);
		check(frame, len);
		parse_native(frame, len, 0, 0, &v);
		assert_int_equal(v.frag_id, BUILD_ID6);
		assert_int_equal(!(v.flags & PKT_FRAG_LATER), fields[i] < 8);
		assert_int_equal(v.ends.has_ports, fields[i] < 8);
	}
	put(frame + v.l4 - 14, 0, 2); /* and around a whole one it says nothing */
	put(second + 2, 0x0009, 2);
	check(frame, len);
	parse_native(frame, len, 0, 0, &v);
	assert_int_equal(v.frag_id, 0x11223344);
}

/* --- errors ------------------------------------------------------------------------------------------ */

static size_t check_error(const struct build *outer, int type, const struct build *inner, size_t keep)
{
	struct parse_view want;
	size_t len = build_error(frame, *outer, type, inner, keep, &want);

	check_described(frame, len, &want);
	return len;
}

static struct build packet(int family)
{
	return (struct build){ .family = family, .proto = 17, .payload = 40 };
}

static void test_error_types(void **state)
{
	for (int family = 4; family <= 6; family += 2)
		for (int type = 0; type < 256; type++) {
			struct build outer = packet(family), inner = packet(family);

			check_error(&outer, type, &inner, ALL);
			outer.frag = FRAG_FIRST;
			check_error(&outer, type, &inner, ALL);
			outer.frag = FRAG_LATER;
			check_error(&outer, type, &inner, ALL);
		}
}

/* The same bytes under the other family's number are no ICMP. */
static void test_error_of_the_other_family(void **state)
{
	for (int family = 4; family <= 6; family += 2) {
		struct build outer = packet(family), inner = packet(family);
		size_t len = check_error(&outer, 3, &inner, ALL);
		struct parse_view v;

		frame[family == 4 ? 14 + 9 : 14 + 6] = family == 4 ? 58 : 1;
		check(frame, len);
		parse_native(frame, len, 0, 0, &v);
		assert_int_equal(v.icmp_error, 0);
	}
}

static void test_quoted_ipv4(void **state)
{
	static const uint8_t protos[] = { 6, 17, 1, 47, 58, 132 };

	for (int ihl = 5; ihl <= 15; ihl++)
		for (size_t i = 0; i < sizeof(protos); i++)
			for (int frag = FRAG_NONE; frag <= FRAG_ATOMIC; frag++) {
				struct build outer = packet(4), inner = packet(4);

				outer.tags = frag;
				outer.ihl = 20 - ihl;
				outer.labels = ihl % 3;
				inner.ihl = ihl;
				inner.proto = protos[i];
				inner.frag = (enum build_frag)frag;
				inner.opt = OPT_USUAL;
				check_error(&outer, 11, &inner, ALL);
				check_error(&outer, 3, &inner, (size_t)ihl * 4 + 8);
				check_error(&outer, 3, &inner, (size_t)ihl * 4 + 4);
				check_error(&outer, 3, &inner, (size_t)ihl * 4 + 3);
			}
}

static void quote_ipv6(int exts, int behind, enum build_frag frag, uint8_t proto)
{
	struct build outer = packet(6), inner = packet(6);

	memcpy(outer.ext, KINDS, sizeof(KINDS));
	memcpy(inner.ext, KINDS, sizeof(KINDS));
	outer.exts = 4 - exts;
	outer.tags = exts % 3;
	inner.exts = exts;
	inner.behind = behind;
	inner.frag = frag;
	inner.proto = proto;
	check_error(&outer, 1, &inner, ALL);
	outer.frag = FRAG_FIRST;
	check_error(&outer, 2, &inner, ALL);
}

static void test_quoted_ipv6(void **state)
{
	static const uint8_t protos[] = { 6, 17, 58, 1, 47, 59 };

	for (int exts = 0; exts <= 4; exts++)
		for (int behind = 0; behind <= exts; behind++)
			for (int frag = FRAG_NONE; frag <= FRAG_ATOMIC; frag++)
				for (size_t i = 0; i < sizeof(protos); i++)
					quote_ipv6(exts, behind, (enum build_frag)frag, protos[i]);
}

/* The longest way to a quoted L4 there is: no offset may wrap. */
static void test_longest_headers(void **state)
{
	struct build outer = packet(6), inner = packet(6);
	static uint8_t quoted[BUILD_MAX], large[32768];
	struct parse_view in, v;
	size_t inner_len = build_frame(quoted, &inner, &in), at, len;

	len = build_error(large, outer, 1, &inner, 0, &v) - 8;
	large[14 + 6] = 60;
	for (int ext = 0; ext < 5; ext++, len += 2048) {
		memset(large + len, 0, 2048);
		put(large + len, ext < 4 ? 60 : 58, 1);
		large[len + 1] = 255;
	}
	put(large + len, 0x0300000000000000, 8);
	at = len + 8;
	memcpy(large + at, quoted + in.l3, 40);
	large[at + 6] = 60;
	len = at + 40;
	for (int ext = 0; ext < 5; ext++, len += 2048) {
		memset(large + len, 0, 2048);
		put(large + len, ext < 4 ? 60 : 17, 1);
		large[len + 1] = 255;
	}
	memcpy(large + len, quoted + in.l4, inner_len - in.l4);
	len += inner_len - in.l4;
	put(large + 14 + 4, len - 14 - 40, 2);
	put(large + at + 4, len - at - 40, 2);
	check_native(large, len, &v);
	assert_int_equal(v.has_quote, 1);
	assert_memory_equal(&v.quote, &in.ends, sizeof(in.ends));
}

/* --- quotes that are short, wrong or changed --------------------------------------------------------- */

static void cut_error(const struct build *outer, const struct build *inner)
{
	struct parse_view v;
	size_t len = build_error(frame, *outer, 3, inner, ALL, &v);

	for (size_t cut = 0; cut <= len; cut++)
		check(frame, cut);
	for (size_t keep = 0; keep <= len - v.l4 - 8; keep++) {
		size_t got = build_error(frame, *outer, 3, inner, keep, &v);

		check(frame, got);
	}
}

static void test_cut_quotes(void **state)
{
	for (int frag = FRAG_NONE; frag <= FRAG_ATOMIC; frag++) {
		struct build outer = packet(4), inner = packet(4);

		inner.frag = (enum build_frag)frag;
		inner.ihl = 5 + frag * 2;
		outer.tags = frag;
		cut_error(&outer, &inner);
		outer.family = inner.family = 6;
		outer.exts = 1;
		inner.exts = 4;
		inner.behind = frag;
		memcpy(inner.ext, KINDS + 1, 4);
		outer.ext[0] = 60;
		cut_error(&outer, &inner);
	}
}

/* What lies behind the message's end by its own length is not quoted. */
static void test_padding_is_not_quoted(void **state)
{
	for (int family = 4; family <= 6; family += 2) {
		struct build outer = packet(family), inner = packet(family);
		size_t ip = family == 4 ? 20 : 40;
		struct parse_view v;

		outer.padding = 30;
		for (size_t keep = 0; keep <= ip + 8; keep++) {
			size_t len = build_error(frame, outer, 3, &inner, keep, &v);

			memset(frame + len - 30, family == 4 ? 0x45 : 0x60, 30);
			check(frame, len);
			parse_native(frame, len, 0, 0, &v);
			assert_int_equal(v.has_quote, keep >= ip);
			assert_int_equal(v.quote.has_ports, keep >= ip + 4);
		}
	}
}

static void test_quote_of_another_family_or_version(void **state)
{
	for (int family = 4; family <= 6; family += 2)
		for (int other = 4; other <= 6; other += 2) {
			struct build outer = packet(family), inner = packet(other);
			size_t len = check_error(&outer, 3, &inner, ALL), at = family == 4 ? 42 : 62;

			for (int first = 0; first < 256; first++) {
				frame[at] = (uint8_t)first;
				check(frame, len);
			}
		}
}

/* What the length field in a quote says does not count: some change it, and it is of the whole packet. */
static void test_changed_length_in_quote(void **state)
{
	for (int family = 4; family <= 6; family += 2) {
		struct build outer = packet(family), inner = packet(family);
		size_t len = check_error(&outer, 3, &inner, ALL);
		uint8_t *field = frame + (family == 4 ? 42 + 2 : 62 + 4);
		struct parse_view v;

		for (int shift = 0; shift <= 16; shift++) {
			put(field, 0xffffu >> shift, 2);
			check(frame, len);
			parse_native(frame, len, 0, 0, &v);
			assert_int_equal(v.quote.has_ports, 1);
		}
	}
}

/* An ICMP message is one by its own IP length, whatever follows. */
static void test_short_messages(void **state)
{
	for (int family = 4; family <= 6; family += 2) {
		struct build outer = packet(family), inner = packet(family);
		size_t len = check_error(&outer, 3, &inner, ALL);

		for (unsigned length = 0; length < 150; length++) {
			put(frame + (family == 4 ? 14 + 2 : 14 + 4), length, 2);
			check(frame, len);
		}
	}
}

static void test_message_without_a_header(void **state)
{
	for (__u32 family = 4; family <= 6; family += 2) {
		struct build outer = packet((int)family), inner = packet((int)family);
		struct pkt_ends ends;
		struct parse_view v;
		size_t len = build_error(frame, outer, 3, &inner, ALL, &v);

		for (__u32 length = 0; length < 8; length++)
			assert_int_equal(parse_quote(frame, frame + len, v.l4, length, family, &ends),
					 -ENOENT);
		assert_int_equal(parse_quote(frame, frame + len, v.l4, v.l4_len, family, &ends), 0);
	}
}

/* --- random ones: nearly all quote something --------------------------------------------------------- */

static size_t random_error(struct parse_view *ret_view)
{
	struct build outer, inner;
	size_t len;

	random_spec(&outer);
	random_spec(&inner);
	outer.frag = FRAG_NONE;
	outer.exts %= 3;
	inner.family = outer.family;
	len = build_error(frame, outer, 3, &inner, random_below(4) ? ALL : random_below(140),
			  ret_view);
	for (uint32_t i = random_below(4); i; i--)
		frame[ret_view->l4 + random_below((uint32_t)len - ret_view->l4)] =
			(uint8_t)random_below(256);
	return random_below(4) ? len : random_below((uint32_t)len + 1);
}

static void test_random_in_user_space(void **state)
{
	unsigned long quotes = 0, ports = 0;
	struct parse_view v;

	random_state = 3;
	for (int i = 0; i < 200000; i++) {
		check_native(frame, random_error(&v), &v);
		quotes += v.has_quote;
		ports += v.quote.has_ports;
	}
	assert_in_range(quotes, 100000, 199999);
	assert_in_range(ports, 30000, 199999);
}

static void test_random_in_kernel(void **state)
{
	struct parse_view v;

	if (!probe) {
		print_message("skipped: BPF programs cannot run here\n");
		skip();
	}
	random_state = 4;
	for (int i = 0; i < 3000; i++)
		check(frame, random_error(&v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_fragments_of_one_datagram),
		cmocka_unit_test(test_other_bits),
		cmocka_unit_test(test_fragment_in_fragment),
		cmocka_unit_test(test_error_types),
		cmocka_unit_test(test_error_of_the_other_family),
		cmocka_unit_test(test_quoted_ipv4),
		cmocka_unit_test(test_quoted_ipv6),
		cmocka_unit_test(test_longest_headers),
		cmocka_unit_test(test_cut_quotes),
		cmocka_unit_test(test_padding_is_not_quoted),
		cmocka_unit_test(test_quote_of_another_family_or_version),
		cmocka_unit_test(test_changed_length_in_quote),
		cmocka_unit_test(test_short_messages),
		cmocka_unit_test(test_message_without_a_header),
		cmocka_unit_test(test_random_in_user_space),
		cmocka_unit_test(test_random_in_kernel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
