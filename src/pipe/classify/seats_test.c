/* SPDX-License-Identifier: GPL-2.0-only */
/* Who sat where, over a restart: as it was, or without what is damaged. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "pipe/classify/seats.h"

static char directory[64], path[96];

static int make_directory(void **state)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/weir-seats-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/seats.json", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)unlink(path);
	return rmdir(directory);
}

/* --- a plan ------------------------------------------------------------------------------------ */

static void add_item(struct shaper_plan *plan, enum shaper_kind kind, const char *name, int parent,
		     uint16_t queue, uint16_t minor)
{
	assert_int_equal(vec_push(&plan->items, { .kind = kind,
						  .name = name,
						  .parent = parent,
						  .queue = queue,
						  .minor = minor }),
			 0);
}

static void make_plan(struct shaper_plan *plan)
{
	*plan = (struct shaper_plan){ .queues = 2 };
	add_item(plan, SHAPER_NODE, "Tower", -1, 1, 16);
	add_item(plan, SHAPER_NODE, "Roof", 0, 1, 17);
	add_item(plan, SHAPER_CIRCUIT, "J\xc3\xb6rg \"x\"", 1, 1, 65535);
	add_item(plan, SHAPER_CIRCUIT, "alone", -1, 0, 16);
	assert_int_equal(vec_push(&plan->next, 17), 0);
	assert_int_equal(vec_push(&plan->next, 65535), 0);
}

static const struct shaper_line line = { .down_name = "eth1", .up_name = "eth2" };

static void make_ids(struct classify_ids *ids)
{
	assert_int_equal(classify_ids_give(ids, "J\xc3\xb6rg \"x\""), 2);
	assert_int_equal(classify_ids_give(ids, "gone"), 3);
	assert_int_equal(classify_ids_give(ids, "alone"), 4);
	ids->all.at[1].zero = (struct classify_count){ { 1, 2 }, { 3, 4 } };
	ids->all.at[2].zero = (struct classify_count){ { UINT64_MAX, 5 }, { 1ull << 63, 6 } };
	ids->all.at[3].zero = (struct classify_count){ { 7, 8 }, { 9, 10 } };
	classify_ids_mark(ids);
	classify_ids_use(ids, 2);
	classify_ids_use(ids, 4);
	assert_int_equal(classify_ids_sweep(ids), 0);
}

static void expect_seat(const struct classify_seats *seats, size_t i, const struct shaper_plan *plan)
{
	const struct shaper_seat *seat = &seats->past.seats.at[i];
	const struct shaper_item *item = &plan->items.at[i];

	assert_int_equal(seat->kind, item->kind);
	assert_string_equal(seat->name, item->name);
	assert_int_equal(seat->queue, item->queue);
	assert_int_equal(seat->minor, item->minor);
	assert_int_equal(seat->move_to, 0);
	assert_int_equal(!seat->parent, item->parent < 0);
	if (seat->parent)
		assert_string_equal(seat->parent, plan->items.at[item->parent].name);
}

static void what_is_saved_is_loaded(void **state)
{
	struct classify_ids ids = { 0 }, loaded = { 0 };
	struct classify_seats seats = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	struct shaper_plan plan;

	make_plan(&plan);
	make_ids(&ids);
	assert_int_equal(classify_seats_save(path, &line, &plan, &ids), 0);
	assert_int_equal(classify_seats_load(path, &seats, &loaded, &d), 0);
	assert_int_equal(d.entries.n, 0);
	assert_string_equal(seats.devices[0], "eth1");
	assert_string_equal(seats.devices[1], "eth2");
	assert_int_equal(seats.past.seats.n, plan.items.n);
	for (size_t i = 0; i < plan.items.n; i++)
		expect_seat(&seats, i, &plan);
	assert_int_equal(seats.past.next.n, 2);
	assert_int_equal(seats.past.next.at[1], 65535);
	assert_int_equal(loaded.all.n, ids.all.n);
	for (size_t i = 1; i < ids.all.n; i++)
		assert_memory_equal(&loaded.all.at[i].zero, &ids.all.at[i].zero,
				    sizeof(struct classify_count));
	assert_int_equal(classify_ids_find(&loaded, "alone"), 4);
	assert_int_equal(classify_ids_find(&loaded, "gone"), 0);
	/* Whoever comes next gets the number that is free, with what was counted under it. */
	assert_int_equal(classify_ids_give(&loaded, "new"), 3);
	assert_int_equal(loaded.all.at[3].zero.bytes[0], 7);
	classify_seats_free(&seats);
	classify_ids_free(&loaded);
	classify_ids_free(&ids);
	shaper_plan_free(&plan);
}

static void without_queues_there_is_no_device(void **state)
{
	struct classify_ids ids = { 0 };
	struct classify_seats seats = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	struct shaper_plan plan = { 0 };

	assert_int_equal(classify_seats_save(path, NULL, &plan, &ids), 0);
	assert_int_equal(classify_seats_load(path, &seats, &ids, &d), 0);
	assert_null(seats.devices[0]);
	assert_null(seats.devices[1]);
	assert_int_equal(seats.past.seats.n + d.entries.n, 0);
	classify_seats_free(&seats);
}

static void no_file_is_no_seat(void **state)
{
	struct classify_ids ids = { 0 };
	struct classify_seats seats = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	(void)unlink(path);
	assert_int_equal(classify_seats_load(path, &seats, &ids, &d), 0);
	assert_int_equal(seats.past.seats.n + ids.all.n + d.entries.n, 0);
}

/* --- damage ------------------------------------------------------------------------------------ */

static void expect_loaded(const char *text, size_t n, size_t want_seats, size_t want_next,
			  size_t want_ids, unsigned warnings)
{
	struct classify_ids ids = { 0 };
	struct classify_seats seats = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	size_t named = 0;

	assert_int_equal(file_write_atomic(path, text, n, 0600), 0);
	assert_int_equal(classify_seats_load(path, &seats, &ids, &d), 0);
	vec_foreach(&ids.all, id)
		named += id->name != NULL;
	if (seats.past.seats.n != want_seats || seats.past.next.n != want_next ||
	    named != want_ids || d.warnings != warnings)
		fail_msg("%.*s: %zu seats, %zu next, %zu ids, %u warnings", (int)n, text,
			 seats.past.seats.n, seats.past.next.n, named, d.warnings);
	assert_int_equal(d.errors, 0);
	classify_seats_free(&seats);
	classify_ids_free(&ids);
}

static void expect_damaged(const char *text, size_t seats, size_t next, size_t ids)
{
	expect_loaded(text, strlen(text), seats, next, ids, 1);
}

#define SEATS(rows) "{\"seats\": [" rows "], \"next\": [], \"ids\": []}"
#define IDS(rows) "{\"seats\": [], \"next\": [], \"ids\": [" rows "]}"
#define GOOD "[\"circuit\", \"good\", null, 0, 16]"

/* A row that is wrong costs that row. */
static void one_row_costs_one_seat(void **state)
{
	expect_damaged("", 0, 0, 0);
	expect_damaged("[1]", 0, 0, 0);
	expect_damaged("{\"seats\":", 0, 0, 0);
	expect_damaged(SEATS(GOOD ", null, 7, [], {}"), 1, 0, 0);
	expect_damaged(SEATS("[7, \"x\", null, 0, 16], " GOOD), 1, 0, 0);
	expect_damaged(SEATS("[\"circuit\", null, null, 0, 16], " GOOD), 1, 0, 0);
	expect_damaged(SEATS("[\"circuit\", \"x\", null, 256, 16], " GOOD), 1, 0, 0);
	expect_damaged(SEATS("[\"circuit\", \"x\", null, -1, 16], " GOOD), 1, 0, 0);
	expect_damaged(SEATS("[\"circuit\", \"x\", null, 0, 65536], " GOOD), 1, 0, 0);
	expect_damaged(SEATS("[\"circuit\", \"x\", null, 0, \"16\"], " GOOD), 1, 0, 0);
	expect_damaged(SEATS("[\"circuit\", \"x\", null, 0], " GOOD), 1, 0, 0);
	expect_damaged("{\"next\": [16, -1, 65536, 17]}", 0, 2, 0);
	expect_damaged(IDS("[2, \"a\", 0, 0, 0, 0], [2, \"b\", 0, 0, 0, 0]"), 0, 0, 1);
	expect_damaged(IDS("[2, \"a\", 0, 0, 0, 0], [3, \"a\", 0, 0, 0, 0]"), 0, 0, 1);
	expect_damaged(IDS("[2, \"a\", 0, 0, 0, 0], [1048576, \"b\", 0, 0, 0, 0]"), 0, 0, 1);
	expect_damaged(IDS("[2, \"a\", 0, 0, 0, 0], [0, \"b\", 0, 0, 0, 0]"), 0, 0, 1);
	expect_damaged(IDS("[2, \"a\", 0, 0, 0, 0], [-5, \"b\", 0, 0, 0, 0]"), 0, 0, 1);
	expect_damaged(IDS("[2, \"a\", 0, 0, 0, 0], [3, 7, 0, 0, 0, 0]"), 0, 0, 1);
	expect_damaged(IDS("[2, \"a\", 0, 0, 0, 0], [\"3\", \"b\", 0, 0, 0, 0]"), 0, 0, 1);
}

/* Holes in what was counted are zeros; nothing is missing that was not there. */
static void what_is_not_said_is_no_damage(void **state)
{
	static const char empty[] = "{}", short_row[] = IDS("[2, \"a\"]");

	expect_loaded(empty, strlen(empty), 0, 0, 0, 0);
	expect_loaded(short_row, strlen(short_row), 0, 0, 1, 0);
}

static void cut_files_are_noticed(void **state)
{
	struct classify_ids ids = { 0 };
	_cleanup_free_ char *text = NULL;
	struct shaper_plan plan;
	size_t len;

	make_plan(&plan);
	make_ids(&ids);
	assert_int_equal(classify_seats_save(path, &line, &plan, &ids), 0);
	assert_int_equal(file_read(path, 1 << 20, &text, &len), 0);
	expect_loaded(text, len, 4, 2, 2, 0);
	for (size_t n = 0; n < len; n++)
		expect_loaded(text, n, 0, 0, 0, 1);
	classify_ids_free(&ids);
	shaper_plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(without_queues_there_is_no_device),
		cmocka_unit_test(no_file_is_no_seat),
		cmocka_unit_test(one_row_costs_one_seat),
		cmocka_unit_test(what_is_not_said_is_no_damage),
		cmocka_unit_test(cut_files_are_noticed),
	};

	return cmocka_run_group_tests_name("classify seats", tests, make_directory, remove_directory);
}
