/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet parser: well-formed frames of every combination, every size, every cut, wrong and
 * random ones. What "check" means is in parse_check.h.
 */
#include "pipe/parse_check.h"
#include "pipe/parse_random.h"

/* --- well-formed frames ------------------------------------------------------------------------- */

static const uint16_t TCIS[][5] = {
	{ 1, 2, 3, 4, 5 },			    /* PCP 0 */
	{ 0xa003, 0xe004, 0x0005, 0x5006, 0xffff }, /* PCP 5, 7, 0, 2 with DEI, all ones */
	{ 0x1000, 0xffff, 0xf000, 0x0fff, 0x1001 }, /* VID 0 with DEI, VID 4095 */
};

static void combine_ip(struct build b, uint8_t *frame)
{
	static const uint8_t protos[] = { 6, 17, 1, 58, 47, 132 };
	size_t n = sizeof(protos) / sizeof(*protos);

	for (size_t i = 0; i < n; i++) {
		b.proto = protos[i];
		b.opt = b.proto == 6 ? (enum build_opt)(1 + b.tags % 3) : OPT_NONE;
		b.ds = (uint8_t)(0xb8 + i);
		for (int frag = FRAG_NONE; frag <= FRAG_LATER; frag++) {
			b.frag = (enum build_frag)frag;
			b.payload = 8 * frag;
			check_build(&b, frame);
		}
	}
}

static void combine_l2(struct build b, uint8_t *frame)
{
	for (b.labels = 0; b.labels <= 4; b.labels++) {
		combine_ip(b, frame);
		if (b.labels)
			continue;
		b.pppoe = true;
		combine_ip(b, frame);
		b.pppoe = false;
	}
}

static void test_combinations(void **state)
{
	uint8_t frame[BUILD_MAX];

	for (int tags = 0; tags <= 4; tags++)
		for (int tcis = 0; tcis < 3; tcis++)
			for (int family = 4; family <= 6; family += 2) {
				struct build b = { .tags = tags,
						   .family = family,
						   .service_tag = tcis == 2 };

				memcpy(b.tci, TCIS[tcis], sizeof(b.tci));
				combine_l2(b, frame);
			}
}

static void test_pcp_and_vid(void **state)
{
	uint8_t frame[BUILD_MAX];
	struct build b = { .tags = 1, .family = 4, .proto = 17 };
	struct parse_view v;

	for (int high = 0; high < 16; high++)
		for (int vid = 0; vid < 4096; vid += vid < 16 || vid > 4076 ? 1 : 679) {
			b.tci[0] = (uint16_t)(high << 12 | vid);
			parse_native(frame, check_build(&b, frame), 0, 0, &v);
			assert_int_equal(v.vid, vid);
			assert_int_equal(v.pcp_dei, high);
		}
}

static void test_dsfield(void **state)
{
	uint8_t frame[BUILD_MAX];

	for (int ds = 0; ds < 256; ds++)
		for (int family = 4; family <= 6; family += 2) {
			struct build b = { .family = family, .proto = 17, .ds = (uint8_t)ds };

			check_build(&b, frame);
		}
}

static void test_ext_headers(void **state)
{
	static const uint8_t kinds[] = { 0, 43, 51, 60, 135 };
	uint8_t frame[BUILD_MAX];

	for (int exts = 0; exts <= 4; exts++)
		for (int first = 0; first < 5; first++)
			for (int frag = FRAG_NONE; frag <= FRAG_ATOMIC; frag++) {
				struct build b = { .family = 6,
						   .exts = exts,
						   .proto = 6,
						   .frag = (enum build_frag)frag,
						   .payload = 16,
						   .opt = OPT_USUAL,
						   .tags = first % 3 };

				for (int i = 0; i < exts; i++)
					b.ext[i] = kinds[(first + i) % 5];
				check_build(&b, frame);
				b.proto = 17;
				check_build(&b, frame);
				b.proto = 59; /* no next header */
				check_build(&b, frame);
			}
}

/* One header too many: still IPv6, but L4 is not looked for. */
static void test_too_many_ext_headers(void **state)
{
	struct build b = { .family = 6, .exts = 6, .ext = { 0, 60, 43, 60, 60, 60 }, .proto = 6 };
	uint8_t frame[BUILD_MAX];
	struct parse_view v;
	size_t len = build_frame(frame, &b, &v);

	check(frame, len);
	parse_native(frame, len, 0, 0, &v);
	assert_int_equal(v.result, PARSE_OK);
	assert_int_equal(v.family, 6);
	assert_int_equal(v.proto, 0);
	assert_int_equal(v.nexthdr, 60);
}

/* The class of bug where the payload's length is computed in the wrong unit. */
static void test_every_payload(void **state)
{
	uint8_t frame[BUILD_MAX];
	struct parse_view v;

	for (int payload = 1; payload <= 1448; payload++)
		for (int family = 4; family <= 6; family += 2) {
			struct build b = { .family = family,
					   .proto = 6,
					   .payload = payload,
					   .opt = payload % 8 ? OPT_USUAL : OPT_SACK_FIRST,
					   .padding = payload % 7 ? 0 : 18,
					   .tags = payload % 2 };

			parse_native(frame, check_build(&b, frame), 0, 0, &v);
			assert_int_equal(v.payload, payload);
			assert_true(v.ts_found);
		}
}

static void test_timestamps(void **state)
{
	uint8_t frame[BUILD_MAX];

	for (int opt = OPT_NONE; opt <= OPT_BAD_LEN; opt++)
		for (int tags = 0; tags <= 4; tags++)
			for (int family = 4; family <= 6; family += 2)
				for (int payload = 0; payload < 3; payload++) {
					struct build b = { .family = family,
							   .proto = 6,
							   .opt = (enum build_opt)opt,
							   .tags = tags,
							   .payload = payload };

					check_build(&b, frame);
				}
}

/* A jump over an option of each length, and every TCP header length, in every place. */
static void test_option_lengths(void **state)
{
	struct build b = { .family = 4, .proto = 6, .opt = OPT_NOPS, .payload = 40 };
	uint8_t frame[BUILD_MAX];
	struct parse_view v;
	size_t len = build_frame(frame, &b, &v);
	uint8_t *tcp = frame + v.l4;

	for (int doff = 0; doff < 16; doff++)
		for (int length = 0; length < 256; length++) {
			tcp[12] = (uint8_t)(doff << 4);
			tcp[20] = 254;
			tcp[21] = (uint8_t)length;
			check(frame, len);
		}
}

/* --- sizes and cuts ------------------------------------------------------------------------------- */

static void check_size(int size, int family, int tags, uint8_t *frame)
{
	struct build b = { .family = family, .tags = tags, .proto = 17, .tci = { 0xa064, 7 } };
	int empty = 14 + tags * 4 + (family == 4 ? 20 : 40) + 8;

	if (size >= empty) {
		b.payload = size - empty;
		assert_int_equal(check_build(&b, frame), size);
	} else { /* headers that do not fit */
		struct parse_view v;

		build_frame(frame, &b, &v);
		check(frame, (size_t)size);
	}
}

static void test_frame_sizes(void **state)
{
	uint8_t frame[BUILD_MAX];

	for (int size = 14; size <= 1514; size++) {
		check_size(size, size & 1 ? 4 : 6, size % 3, frame);
		check_size(size, size & 1 ? 6 : 4, 0, frame);
	}
}

/* Ethernet pads short frames: what follows the IP length is nobody's payload. */
static void test_padding(void **state)
{
	uint8_t frame[BUILD_MAX];

	for (int padding = 0; padding < 64; padding++)
		for (int family = 4; family <= 6; family += 2) {
			struct build b = { .family = family, .proto = 6, .padding = padding };

			check_build(&b, frame);
			b.proto = 17;
			check_build(&b, frame);
			b.proto = 47;
			check_build(&b, frame);
		}
}

static void test_jumbo_frames(void **state)
{
	struct build b = { .tags = 1, .tci = { 0xa064 }, .proto = 6, .opt = OPT_USUAL };
	uint8_t frame[BUILD_MAX];
	struct parse_view want, got;
	size_t len;

	if (!probe_frags) {
		print_message("skipped: this kernel has no multi-buffer XDP test runs\n");
		skip();
	}
	for (int family = 4; family <= 6; family += 2) {
		b.family = family;
		b.payload = 9000 - (family == 4 ? 52 : 72);
		len = build_frame(frame, &b, &want);
		run_ok(probe->progs.probe_xdp_frags, frame, len, &got);
		same("XDP with fragments", &got, &want, frame, len);
	}
}

static void cut_everywhere(const struct build *b)
{
	uint8_t frame[BUILD_MAX];
	struct parse_view v;
	size_t len = build_frame(frame, b, &v);

	for (size_t cut = 0; cut <= len; cut++)
		check(frame, cut);
}

static void test_truncation(void **state)
{
	static const uint8_t protos[] = { 6, 17, 1, 58 };

	for (int tags = 0; tags <= 5; tags++)
		for (int labels = 0; labels <= 5; labels++)
			for (int i = 0; i < 4; i++) {
				struct build b = { .tags = tags % 5,
						   .labels = labels,
						   .pppoe = !labels && tags > 2,
						   .family = i % 2 ? 6 : 4,
						   .proto = protos[i],
						   .ihl = 5 + tags,
						   .payload = 2,
						   .opt = (enum build_opt)(1 + labels) };

				memcpy(b.tci, TCIS[1], sizeof(b.tci));
				cut_everywhere(&b);
			}
}

static void test_truncation_of_extensions(void **state)
{
	static const uint8_t kinds[] = { 60, 51, 43, 0, 135 };

	for (int exts = 1; exts <= 5; exts++)
		for (int frag = FRAG_NONE; frag <= FRAG_LATER; frag++) {
			struct build b = { .family = 6,
					   .exts = exts,
					   .proto = 6,
					   .tags = 1,
					   .frag = (enum build_frag)frag,
					   .opt = OPT_SYN };

			memcpy(b.ext, kinds, sizeof(kinds));
			cut_everywhere(&b);
		}
}

/* --- wrong and foreign frames ---------------------------------------------------------------------- */

static void test_ihl(void **state)
{
	uint8_t frame[BUILD_MAX];

	for (int ihl = 5; ihl <= 15; ihl++)
		for (int tags = 0; tags < 3; tags++) {
			struct build b = { .family = 4,
					   .ihl = ihl,
					   .proto = 6,
					   .opt = OPT_USUAL,
					   .tags = tags,
					   .payload = 3 };
			size_t len = check_build(&b, frame);
			uint8_t *ip = frame + 14 + tags * 4;

			for (int bad = 0; bad < 5; bad++) {
				*ip = (uint8_t)(0x40 | bad);
				check_reason(frame, len, PARSE_IPV4_HEADER);
			}
			for (int version = 0; version < 16; version++) {
				if (version == 4)
					continue;
				*ip = (uint8_t)(version << 4 | ihl);
				check_reason(frame, len, PARSE_IPV4_HEADER);
			}
		}
}

static void test_ipv4_total_length(void **state)
{
	uint8_t frame[BUILD_MAX];
	struct parse_view v;

	for (int ihl = 5; ihl <= 15; ihl += 5)
		for (int proto = 6; proto <= 17; proto += 11) {
			struct build b = { .family = 4,
					   .ihl = ihl,
					   .payload = 8,
					   .opt = OPT_USUAL,
					   .proto = (uint8_t)proto };
			size_t len = build_frame(frame, &b, &v);

			for (int total = 0; total < 120; total++) {
				put(frame + 16, (uint64_t)total, 2);
				if (total < ihl * 4)
					check_reason(frame, len, PARSE_IPV4_LENGTH);
				else
					check(frame, len);
			}
		}
}

static void test_ipv6_payload_length(void **state)
{
	struct build b = { .family = 6,
			   .exts = 3,
			   .ext = { 0, 51, 60 },
			   .proto = 6,
			   .frag = FRAG_FIRST,
			   .opt = OPT_USUAL,
			   .payload = 8 };
	uint8_t frame[BUILD_MAX];
	struct parse_view v;
	size_t len = build_frame(frame, &b, &v);

	for (int length = 0; length < 160; length++) {
		put(frame + 18, (uint64_t)length, 2);
		check(frame, len);
	}
	for (int version = 0; version < 16; version++) {
		frame[14] = (uint8_t)(version << 4);
		if (version != 6)
			check_reason(frame, len, PARSE_IPV6_HEADER);
	}
}

/* An L4 header of the other family's ICMP, and every protocol number there is. */
static void test_protocol_numbers(void **state)
{
	uint8_t frame[BUILD_MAX];

	for (int proto = 0; proto < 256; proto++)
		for (int family = 4; family <= 6; family += 2) {
			struct build b = { .family = family, .proto = 6, .payload = 200 };
			struct parse_view v;
			size_t len = build_frame(frame, &b, &v);

			frame[family == 4 ? 23 : 20] = (uint8_t)proto;
			check(frame, len);
		}
}

static void test_reasons(void **state)
{
	static const struct {
		const char *bytes;
		enum parse_reason reason;
	} rows[] = {
		{ "\x08\x06", PARSE_ARP },
		{ "\x00\x26\x42\x42\x03", PARSE_LLC }, /* spanning tree */
		{ "\x05\xff", PARSE_LLC },
		{ "\x06\x00", PARSE_NOT_IP },
		{ "\x88\xcc", PARSE_NOT_IP }, /* LLDP */
		{ "\x88\x63\x11\x09", PARSE_PPPOE_DISCOVERY },
		{ "\x88\x64\x21\x00\x00\x01\x00\x02\x00\x21", PARSE_PPPOE_HEADER },
		{ "\x88\x64\x12\x00\x00\x01\x00\x02\x00\x21", PARSE_PPPOE_HEADER },
		{ "\x88\x64\x11\x01\x00\x01\x00\x02\x00\x21", PARSE_PPPOE_HEADER },
		{ "\x88\x64\x11\x00\x00\x01\x00\x02\xc0\x21", PARSE_PPPOE_CONTROL },
		{ "\x88\x47\x00\x00\x10\xff\x00\x00\x10\xff\x00\x00\x10\xff\x00\x00\x10\xff",
		  PARSE_MPLS_DEEP },
		{ "\x88\x47\x00\x00\x11\xff\x00\x11\x22", PARSE_MPLS_NOT_IP },
		{ "\x88\x48\x00\x00\x11\xff\x50\x11\x22", PARSE_MPLS_NOT_IP },
		{ "\x08\x00\x44", PARSE_IPV4_HEADER },
		{ "\x08\x00\x45\x00\x00\x13", PARSE_IPV4_LENGTH },
		{ "\x86\xdd\x40", PARSE_IPV6_HEADER },
		{ "\x81\x00\x00\x01\x81\x00\x00\x02\x81\x00\x00\x03\x88\xa8\x00\x04\x81\x00",
		  PARSE_TAGS },
	};
	static const int lengths[] = { 2, 5, 2, 2, 2, 4, 10, 10, 10, 10, 18, 9, 9, 3, 6, 3, 18 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (int tags = 0; tags <= (rows[i].reason == PARSE_TAGS ? 0 : 4); tags++) {
			uint8_t frame[96] = { 2, 0, 0, 0, 0, 1, 2 }, *p = frame + 12;

			for (int t = 0; t < tags; t++)
				p = put(put(p, 0x8100, 2), TCIS[1][t], 2);
			memcpy(p, rows[i].bytes, (size_t)lengths[i]);
			check_reason(frame, sizeof(frame), rows[i].reason);
		}
}

static void test_reason_texts(void **state)
{
	static const char *const texts[] = {
#define X(name, text) text,
		PARSE_REASONS(X)
#undef X
	};

	assert_int_equal(sizeof(texts) / sizeof(*texts), PARSE_REASON_COUNT);
	for (int i = 0; i < PARSE_REASON_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(texts[i], texts[j]);
}

/* The tag in the skb is the fourth or the fifth: the limit counts it. */
static void test_tag_limit_with_held_tag(void **state)
{
	for (int tags = 0; tags <= 5; tags++) {
		struct build b = { .tags = tags, .family = 4, .proto = 17 };
		struct second_tag held = { 0x88a8, 0xa00a };
		struct parse_view want, got;
		uint8_t frame[BUILD_MAX];
		size_t len;

		memcpy(b.tci, TCIS[0], sizeof(b.tci));
		len = build_frame(frame, &b, &want);
		second_parse(frame, len, held, &want);
		assert_int_equal(want.result, tags < 4 ? PARSE_OK : PARSE_TAGS);
		assert_int_equal(want.vid, 10);
		assert_int_equal(want.pcp_dei, 10);
		assert_int_equal(want.vlans, tags < 4 ? tags + 1 : 4);
		parse_native(frame, len, held.proto, held.tci, &got);
		same("user space, tag in the skb", &got, &want, frame, len);
		if (!probe)
			continue;
		run_tc(frame, len, held, &got);
		same("TC, tag in the skb", &got, &want, frame, len);
	}
}

/* Older kernels leave the last tag's numbers in an skb that has no tag any more. */
static void test_stale_tag_in_skb(void **state)
{
	uint8_t frame[14] = { 0 };
	struct pkt p;

	parse_start(&p, frame, frame + sizeof(frame));
	parse_held_tag(&p, 0, bpf_htons(0x8100), 0xffff);
	assert_int_equal(p.vlans, 0);
	assert_int_equal(p.vlan_proto, 0);
	assert_int_equal(p.vid, 0);
	assert_int_equal(p.vid_inner, 0);
	assert_int_equal(p.pcp_dei, 0);
	assert_int_equal(p.flags, 0);
}

/* --- random frames ---------------------------------------------------------------------------------- */

static void test_random_in_user_space(void **state)
{
	uint8_t frame[BUILD_MAX];
	struct parse_view want;

	random_state = 1;
	for (int i = 0; i < 400000; i++)
		check_native(frame, random_frame(frame), &want);
}

static void test_random_in_kernel(void **state)
{
	uint8_t frame[BUILD_MAX];

	if (!probe) {
		print_message("skipped: BPF programs cannot run here\n");
		skip();
	}
	random_state = 2;
	for (int i = 0; i < 5000; i++)
		check(frame, random_frame(frame));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_combinations),
		cmocka_unit_test(test_pcp_and_vid),
		cmocka_unit_test(test_dsfield),
		cmocka_unit_test(test_ext_headers),
		cmocka_unit_test(test_too_many_ext_headers),
		cmocka_unit_test(test_every_payload),
		cmocka_unit_test(test_timestamps),
		cmocka_unit_test(test_option_lengths),
		cmocka_unit_test(test_frame_sizes),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_jumbo_frames),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_truncation_of_extensions),
		cmocka_unit_test(test_ihl),
		cmocka_unit_test(test_ipv4_total_length),
		cmocka_unit_test(test_ipv6_payload_length),
		cmocka_unit_test(test_protocol_numbers),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_reason_texts),
		cmocka_unit_test(test_tag_limit_with_held_tag),
		cmocka_unit_test(test_stale_tag_in_skb),
		cmocka_unit_test(test_random_in_user_space),
		cmocka_unit_test(test_random_in_kernel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
