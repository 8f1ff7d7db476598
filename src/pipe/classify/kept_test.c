/* SPDX-License-Identifier: GPL-2.0-only */
/* What one daemon leaves to the next: seats, and queues that somebody must take away. */
#include <linux/pkt_sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nl/qdisc_dump.h"
#include "pipe/classify/classify_test_util.h"

#define OURS 0x7fff0000u
#define NO_SHAPER "bridge:\n  interface_mapping:\n  - { name: acc, redirect_to: net }\n"

static char directory[64];

static int begin_group(void **state)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/weir-kept-XXXXXX");
	return mkdtemp(directory) ? bed_namespace(state) : -1;
}

static void forget_state(void)
{
	static const char *const names[] = { "seats.json", "subscribers.json" };
	char path[160];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)unlink(path);
	}
}

static int end_group(void **state)
{
	forget_state();
	(void)rmdir(directory);
	return bed_leave(state);
}

static void start(struct bed *b, const char *yaml)
{
	bed_begin(b, yaml, NULL, directory);
	b->no_load = true;
	bed_sync(b);
}

static void finish(struct bed *b)
{
	bed_close(b);
	forget_state();
}

/* Handle of the root; 0 = the kernel's default. */
static uint32_t root_of(const char *name)
{
	_cleanup_nl_qdiscs_ struct nl_qdiscs list = { 0 };
	const struct nl_qdisc *root;

	assert_int_equal(nl_qdisc_list(bed_nl, (unsigned)nl_test_index(bed_nl, name), &list), 0);
	root = nl_qdisc_find(&list, TC_H_ROOT);
	return root ? root->handle : 0;
}

/* --- queues ------------------------------------------------------------------------------------ */

static void queues_go_with_the_section(void **state)
{
	struct bed b;

	start(&b, BED_TWO BED_PEOPLE);
	bed_tick(&b);
	bed_close_daemon(&b, false);
	assert_int_equal(root_of("acc"), OURS);
	start(&b, NO_SHAPER);
	assert_int_equal(root_of("acc"), 0);
	assert_int_equal(root_of("net"), 0);
	assert_non_null(strstr(strbuf_text(&b.told),
			       "acc note: queues of an earlier run are taken away\n"));
	finish(&b);
}

static void queues_go_from_interfaces_that_are_not_named_any_more(void **state)
{
	struct bed b;

	start(&b, BED_TWO BED_PEOPLE);
	bed_tick(&b);
	bed_close_daemon(&b, false);
	start(&b, BED_STICK BED_PEOPLE);
	assert_int_equal(root_of("acc"), OURS);
	assert_int_equal(root_of("net"), 0);
	finish(&b);
}

/* Of the same shape, as LibreQoS makes it. */
static void queues_of_others_stay_after_a_stop(void **state)
{
	struct bed b, other;

	start(&b, BED_TWO BED_PEOPLE);
	bed_tick(&b);
	bed_close_daemon(&b, true);
	assert_int_equal(root_of("acc"), 0);
	bed_open(&other, BED_TWO BED_PEOPLE);
	start(&b, BED_TWO "  tree: none\n" BED_PEOPLE);
	bed_tick(&b);
	assert_int_equal(root_of("acc"), OURS);
	bed_close_daemon(&b, true);
	start(&b, NO_SHAPER);
	assert_int_equal(root_of("acc"), OURS);
	finish(&b);
	assert_int_equal(root_of("acc"), OURS);
	bed_close(&other);
}

/* --- seats ------------------------------------------------------------------------------------- */

static void the_last_second_is_not_lost(void **state)
{
	struct classify_seats seats = { 0 };
	_cleanup_(classify_ids_free) struct classify_ids ids = { 0 };
	char path[160];
	struct bed b;

	start(&b, BED_TWO BED_PEOPLE);
	bed_close_daemon(&b, false); /* before the tick that saves */
	(void)snprintf(path, sizeof(path), "%s/seats.json", directory);
	assert_int_equal(classify_seats_load(path, &seats, &ids, &b.d), 0);
	assert_int_equal(seats.past.seats.n, 6); /* and their tower */
	assert_string_equal(seats.devices[0], "acc");
	classify_seats_free(&seats);
	start(&b, BED_TWO BED_PEOPLE);
	finish(&b);
}

static unsigned count_told(const struct bed *b, const char *what)
{
	unsigned n = 0;

	for (const char *at = strbuf_text(&b->told); (at = strstr(at, what)); at++)
		n++;
	return n;
}

static void a_full_disk_is_told_once(void **state)
{
	struct bed b;

	start(&b, BED_TWO BED_PEOPLE);
	assert_int_equal(rmdir(directory), 0);
	for (int i = 0; i < 130; i++)
		bed_tick(&b);
	assert_int_equal(count_told(&b, "seats.json"), 1);
	assert_int_equal(mkdir(directory, 0700), 0);
	for (int i = 0; i < 61; i++)
		bed_tick(&b);
	assert_false(bed_live(&b)->dirty);
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queues_go_with_the_section),
		cmocka_unit_test(queues_go_from_interfaces_that_are_not_named_any_more),
		cmocka_unit_test(queues_of_others_stay_after_a_stop),
		cmocka_unit_test(the_last_second_is_not_lost),
		cmocka_unit_test(a_full_disk_is_told_once),
	};

	return cmocka_run_group_tests_name("classify kept", tests, begin_group, end_group);
}
