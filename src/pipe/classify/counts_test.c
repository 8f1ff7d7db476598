/* SPDX-License-Identifier: GPL-2.0-only */
/* What is counted per subscriber goes on over growth and restarts, and never passes to another. */
#include <sys/vfs.h>
#include <unistd.h>

#include "pipe/classify/classify_test_util.h"

#define BPFFS_MAGIC 0xcafe4a11

static char directory[64], pins[64];

static int begin_group(void **state)
{
	struct statfs fs;

	(void)snprintf(directory, sizeof(directory), "/tmp/weir-counts-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	(void)snprintf(pins, sizeof(pins), "/sys/fs/bpf/counts_test_XXXXXX");
	if (statfs("/sys/fs/bpf", &fs) || fs.f_type != BPFFS_MAGIC || !mkdtemp(pins))
		pins[0] = 0;
	return bed_namespace(state);
}

static void remove_file(const char *where, const char *name)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", where, name);
	(void)unlink(path);
}

static void forget_state(void)
{
	remove_file(directory, "seats.json");
	remove_file(directory, "subscribers.json");
	remove_file(pins, "classify_counts");
	remove_file(pins, "classify_cpus");
}

static int end_group(void **state)
{
	forget_state();
	(void)rmdir(directory);
	if (pins[0])
		(void)rmdir(pins);
	return bed_leave(state);
}

static void need_pins(void)
{
	need_root();
	if (pins[0])
		return;
	print_message("skipped: no bpffs is mounted on /sys/fs/bpf\n");
	skip();
}

/* --- a daemon and its subscribers -------------------------------------------------------------- */

/* Subscribers of one letter each. */
static void start(struct bed *b, const char *letters, bool reload)
{
	_cleanup_strbuf_ struct strbuf yaml = { 0 };

	strbuf_add(&yaml, BED_TWO "  mode: monitor\n  circuits:\n");
	for (const char *c = letters; *c; c++)
		strbuf_addf(&yaml,
			    "  - { id: %c, download: 2, upload: 1, addresses: [100.64.0.%d] }\n",
			    *c, *c);
	if (reload) {
		bed_reload(b, strbuf_text(&yaml));
		return;
	}
	bed_begin(b, strbuf_text(&yaml), pins[0] ? pins : NULL, directory);
	b->no_load = true;
	bed_sync(b);
}

static void restart(struct bed *b, const char *letters)
{
	bed_tick(b);
	bed_close_daemon(b, false);
	start(b, letters, false);
}

/* As the packet path does, on the last CPU. */
static void count(const struct bed *b, const char *id, uint64_t packets)
{
	const struct classify_live *live = bed_live(b);
	uint32_t at = (live->kernel->n_cpus - 1) * live->now->id_room + bed_id(b, id);
	struct classify_count c;

	assert_int_equal(bpf_map_lookup_elem(live->counts_fd, &at, &c), 0);
	for (int way = 0; way < 2; way++) {
		c.packets[way] += packets + (unsigned)way;
		c.bytes[way] += 100 * packets;
	}
	assert_int_equal(bpf_map_update_elem(live->counts_fd, &at, &c, BPF_ANY), 0);
}

static void expect_count(const struct bed *b, const char *id, uint64_t packets)
{
	struct classify_count c = bed_count(b, id);

	assert_int_equal(c.packets[0], packets);
	assert_int_equal(c.bytes[0], 100 * packets);
	assert_int_equal(c.bytes[1], 100 * packets);
}

/* --- one life ---------------------------------------------------------------------------------- */

static void counts_stay_over_a_reload(void **state)
{
	struct bed b;

	start(&b, "abc", false);
	count(&b, "b", 7);
	count(&b, "c", 9);
	start(&b, "dcb", true);
	expect_count(&b, "b", 7);
	expect_count(&b, "c", 9);
	expect_count(&b, "d", 0);
	count(&b, "b", 1);
	expect_count(&b, "b", 8);
	bed_close(&b);
	forget_state();
}

/* The number is given to another, the counts are not. */
static void who_comes_begins_at_zero(void **state)
{
	uint32_t id;
	struct bed b;

	start(&b, "ab", false);
	count(&b, "b", 7);
	id = bed_id(&b, "b");
	start(&b, "a", true);
	start(&b, "ac", true);
	assert_int_equal(bed_id(&b, "c"), id);
	expect_count(&b, "c", 0);
	count(&b, "c", 3);
	expect_count(&b, "c", 3);
	start(&b, "acb", true);
	assert_int_not_equal(bed_id(&b, "b"), id);
	expect_count(&b, "b", 0);
	expect_count(&b, "c", 3);
	bed_close(&b);
	forget_state();
}

/* The subscriber b, and many more than there is room for now: other maps. */
static void grow(struct bed *b)
{
	_cleanup_strbuf_ struct strbuf yaml = { 0 };
	const uint32_t room = bed_world(b)->id_room;

	strbuf_add(&yaml,
		   BED_TWO "  mode: monitor\n  circuits:\n"
			   "  - { id: b, download: 2, upload: 1, addresses: [100.64.0.98] }\n");
	for (unsigned i = 0; i < room; i++)
		strbuf_addf(&yaml,
			    "  - { id: n%u, download: 2, upload: 1, addresses: [10.0.%u.%u] }\n", i,
			    i >> 8, i & 255);
	bed_reload(b, strbuf_text(&yaml));
	assert_true(bed_world(b)->id_room > room);
}

static void counts_stay_when_room_grows(void **state)
{
	struct bed b;

	start(&b, "ab", false);
	count(&b, "b", 7);
	grow(&b);
	expect_count(&b, "b", 7);
	expect_count(&b, "n0", 0);
	expect_count(&b, "n200", 0);
	count(&b, "b", 2);
	expect_count(&b, "b", 9);
	start(&b, "b", true);
	expect_count(&b, "b", 9);
	bed_close(&b);
	forget_state();
}

/* A sync that fails changes no count, also where it was to bring other maps. */
static void a_failed_sync_keeps_the_counts(void **state)
{
	struct bed b;

	start(&b, "ab", false);
	count(&b, "b", 7);
	b.fail = true;
	assert_int_equal(bed_try_reload(&b, BED_TWO BED_PEOPLE), -EIO);
	expect_count(&b, "b", 7);
	bed_sync(&b);
	assert_int_equal(classify_world_find(bed_world(&b), "b"), -1);
	bed_close(&b);
	forget_state();
}

/* Without the section nobody is counted; with it again all begin anew. */
static void the_section_goes_and_comes(void **state)
{
	struct bed b;

	start(&b, "ab", false);
	count(&b, "b", 7);
	bed_reload(&b, "bridge:\n  interface_mapping:\n  - { name: acc, redirect_to: net }\n");
	assert_null(bed_world(&b)->conf);
	start(&b, "ab", true);
	expect_count(&b, "b", 0);
	count(&b, "b", 2);
	expect_count(&b, "b", 2);
	bed_close(&b);
	forget_state();
}

/* --- the next daemon --------------------------------------------------------------------------- */

static void counts_go_on_after_a_restart(void **state)
{
	uint32_t id;
	struct bed b;

	need_pins();
	start(&b, "abc", false);
	count(&b, "b", 7);
	id = bed_id(&b, "b");
	restart(&b, "cb");
	assert_int_equal(bed_id(&b, "b"), id);
	expect_count(&b, "b", 7);
	expect_count(&b, "c", 0);
	count(&b, "b", 1);
	expect_count(&b, "b", 8);
	bed_close(&b);
	forget_state();
}

/* The room was larger than the next daemon would choose. */
static void a_restart_after_growth(void **state)
{
	struct bed b;

	need_pins();
	start(&b, "ab", false);
	count(&b, "b", 7);
	grow(&b);
	count(&b, "b", 2);
	restart(&b, "b");
	expect_count(&b, "b", 9);
	bed_close(&b);
	forget_state();
}

/* Somebody had gone before the restart: nobody who comes after it gets what he left. */
static void what_was_left_is_nobodys(void **state)
{
	struct bed b;

	need_pins();
	start(&b, "abc", false);
	count(&b, "b", 7);
	count(&b, "c", 9);
	start(&b, "a", true);
	restart(&b, "a");
	start(&b, "axyz", true);
	assert_true(bed_id(&b, "x") <= 4 && bed_id(&b, "y") <= 4);
	expect_count(&b, "x", 0);
	expect_count(&b, "y", 0);
	expect_count(&b, "z", 0);
	bed_close(&b);
	forget_state();
}

/* Somebody's number was another's before; with the counts gone that is of no matter any more. */
static void lost_counts_begin_anew(void **state)
{
	struct bed b;

	need_pins();
	start(&b, "ab", false);
	count(&b, "b", 7);
	start(&b, "a", true);
	start(&b, "ac", true);
	count(&b, "c", 3);
	expect_count(&b, "c", 3);
	remove_file(pins, "classify_counts");
	restart(&b, "ac");
	expect_count(&b, "c", 0);
	count(&b, "c", 5);
	expect_count(&b, "c", 5);
	bed_close(&b);
	forget_state();
}

/* Numbers were lost: what was counted under them is nobody's. */
static void lost_numbers_begin_anew(void **state)
{
	struct bed b;

	need_pins();
	start(&b, "ab", false);
	count(&b, "a", 7);
	bed_tick(&b);
	bed_close_daemon(&b, false);
	remove_file(directory, "seats.json");
	start(&b, "x", false);
	expect_count(&b, "x", 0);
	bed_close(&b);
	forget_state();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_stay_over_a_reload),
		cmocka_unit_test(who_comes_begins_at_zero),
		cmocka_unit_test(counts_stay_when_room_grows),
		cmocka_unit_test(a_failed_sync_keeps_the_counts),
		cmocka_unit_test(the_section_goes_and_comes),
		cmocka_unit_test(counts_go_on_after_a_restart),
		cmocka_unit_test(a_restart_after_growth),
		cmocka_unit_test(what_was_left_is_nobodys),
		cmocka_unit_test(lost_counts_begin_anew),
		cmocka_unit_test(lost_numbers_begin_anew),
	};

	return cmocka_run_group_tests_name("classify counts", tests, begin_group, end_group);
}
