/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of the shaper's stage: subscribers of each kind, frames of others, and what is expected. */
#pragma once

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <sched.h>

#include "pipe/classify/classify_test_util.h"

#define STEER_NOT "  steer: false\n"
#define TWO BED_TWO STEER_NOT BED_PEOPLE
#define STICK BED_STICK STEER_NOT BED_PEOPLE
#define BRIDGE                            \
	"bridge:\n  interface_mapping:\n" \
	"  - { name: acc, redirect_to: net }\n  - { name: net, redirect_to: acc }\n"

/* Each kind of subscriber, by an address of his and by one that is just not. */
static const struct person {
	const char *id, *address, *last, *beside;
} people[] = {
	{ "host", "100.64.0.5", "100.64.0.5", "100.64.0.4" },
	{ "prefix", "100.64.8.0", "100.64.11.255", "100.64.12.0" },
	{ "host6", "2001:db8:1::5", "2001:db8:1::5", "2001:db8:1::4" },
	{ "net64", "2001:db8:2:3::", "2001:db8:2:3:ffff:ffff:ffff:ffff", "2001:db8:2:4::" },
	{ "net56", "2001:db8:3:500::1", "2001:db8:3:5ff::9", "2001:db8:3:600::" },
};
static const bool ways[] = { false, true };

#define foreach_person(p) for (const struct person *p = people; p < people + ARRAY_LEN(people); p++)
#define foreach_way(way) for (const bool *way = ways; way < ways + ARRAY_LEN(ways); way++)

/* --- expectations ------------------------------------------------------------------------------ */

static inline void expect_unchanged(const struct outcome *out, const struct frame *f)
{
	assert_int_equal(out->verdict, XDP_PASS);
	assert_int_equal(out->frame.len, f->len);
	assert_memory_equal(out->frame.bytes, f->bytes, f->len);
}

static inline void expect_meta(const struct outcome *out, uint32_t handle, uint32_t id, bool upload)
{
	assert_true(out->has_meta);
	assert_int_equal(out->meta.magic, PIPE_META_MAGIC);
	assert_int_equal(out->meta.handle, handle);
	assert_int_equal(out->meta.id_dir, id << 1 | upload);
	assert_int_equal(out->meta.oif, 0);
}

static inline void expect_more(const struct classify_count *before,
			       const struct classify_count *after, bool upload, unsigned packets,
			       unsigned bytes)
{
	assert_int_equal(after->packets[upload] - before->packets[upload], packets);
	assert_int_equal(after->bytes[upload] - before->bytes[upload], bytes);
	assert_int_equal(after->packets[!upload] - before->packets[!upload], 0);
	assert_int_equal(after->bytes[!upload] - before->bytes[!upload], 0);
}

/* It is his: class, id and way, and one packet more of just its length. */
static inline void expect_his(const struct bed *b, const char *id, enum side side,
			      const struct frame *f, bool upload)
{
	struct classify_count before = bed_count(b, id), after;
	struct pipe_count found = bed_counted(b, side, COUNT_classify_found);
	struct outcome out = bed_arrive(b, side, f);

	after = bed_count(b, id);
	expect_unchanged(&out, f);
	expect_meta(&out, bed_handle(b, id, upload), bed_id(b, id), upload);
	expect_more(&before, &after, upload, 1, f->len);
	found.packets++;
	found.bytes += f->len;
	assert_int_equal(bed_counted(b, side, COUNT_classify_found).packets, found.packets);
	assert_int_equal(bed_counted(b, side, COUNT_classify_found).bytes, found.bytes);
}

/* Nobody's: `handle` is 0 or that of control traffic; just `which` counts it. */
static inline void expect_nobodys(const struct bed *b, enum side side, const struct frame *f,
				  bool upload, enum pipe_counter which, uint32_t handle)
{
	struct pipe_count before = bed_counted(b, side, which);
	struct pipe_count found = bed_counted(b, side, COUNT_classify_found);
	struct outcome out = bed_arrive(b, side, f);

	expect_unchanged(&out, f);
	expect_meta(&out, handle, 0, upload);
	assert_int_equal(bed_counted(b, side, which).packets - before.packets, 1);
	assert_int_equal(bed_counted(b, side, which).bytes - before.bytes, f->len);
	assert_int_equal(bed_counted(b, side, COUNT_classify_found).packets, found.packets);
}

/* --- others ------------------------------------------------------------------------------------ */

static inline json_t *stranger(const json_t *answer, const char *address)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, "addresses"), i, row)
		if (!strcmp(json_string_value(json_object_get(row, "address")), address))
			return row;
	return NULL;
}

static inline void expect_stranger(struct bed *b, const char *address, unsigned packets,
				   unsigned bytes)
{
	json_t *answer = bed_ask(b, "Unknown", "{}"), *row = stranger(answer, address);

	if (!packets) {
		assert_null(row);
		json_decref(answer);
		return;
	}
	assert_non_null(row);
	assert_int_equal(json_integer_value(json_object_get(row, "packets")), packets);
	assert_int_equal(json_integer_value(json_object_get(row, "bytes")), bytes);
	assert_true(json_real_value(json_object_get(row, "seconds_ago")) >= 0);
	json_decref(answer);
}

static const char *const strangers[] = { "100.64.200.1", "203.0.113.9", "2001:db8:77::1" };

/* Not IP: Ethernet type, or length of an LLC frame, and what follows. */
static const struct {
	uint16_t type;
	const char *payload;
	size_t len;
	bool control;
} layer2[] = {
	{ 0x0806, "\0\1\10\0\6\4\0\1", 8, true },		  /* ARP */
	{ 38, "\x42\x42\3\0\0\0\0\0", 8, true },		  /* spanning tree */
	{ 200, "\xfe\xfe\3\x83", 4, true },			  /* IS-IS */
	{ 0x8870, "\xfe\xfe\3\x83", 4, true },			  /* the same, of a large frame */
	{ 0x8809, "\1\1\1\24", 4, true },			  /* LACP */
	{ 0x88cc, "\2\7\4", 3, true },				  /* LLDP */
	{ 0x8902, "\xa0\1", 2, true },				  /* CFM */
	{ 0x888e, "\1\0", 2, true },				  /* EAPOL */
	{ 0x8863, "\x11\x09\0\0\0\0", 6, true },		  /* PPPoE discovery */
	{ 0x8864, "\x11\0\0\1\0\12\xc0\x21\1\1\0\10", 12, true }, /* LCP in a session */
	{ 0x88f7, "\0\2", 2, false },				  /* PTP */
	{ 0x0842, "\xff\xff", 2, false },			  /* wake on LAN */
};

static inline struct frame layer2_frame(size_t i, unsigned tags)
{
	struct frame f = { .len = 0 };
	uint8_t *p = f.bytes;

	p = put(put(p, 0x0180c2000000, 6), 0x020000000002, 6);
	for (unsigned t = 0; t < tags; t++)
		p = put(put(p, 0x8100, 2), 77 + t, 2);
	p = put(p, layer2[i].type, 2);
	memcpy(p, layer2[i].payload, layer2[i].len);
	f.len = 64;
	return f;
}

#define CONTROL_DOWN (1u << 16 | CLASSIFY_MINOR_CONTROL)

/* On a stick: where it comes from. */
static inline uint16_t vlan_of(bool upload)
{
	return upload ? VLAN_ACCESS : VLAN_INTERNET;
}

/* --- CPUs --------------------------------------------------------------------------------------- */

static inline void run_on(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

static inline void run_anywhere(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
		CPU_SET(cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static inline void need_cpus(void)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) >= 2)
		return;
	print_message("skipped: needs two CPUs\n");
	skip();
}
