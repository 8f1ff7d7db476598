/* SPDX-License-Identifier: GPL-2.0-only */
/* A saved file is told, in whatever way it is saved, and wherever it is. */
#include "daemon/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_USEC (20 * 1000 * 1000)

struct desk {
	char root[64];
	sd_event *loop;
	struct file_watch *watch;
	unsigned told;
};

static void on_changed(void *data)
{
	((struct desk *)data)->told++;
}

static const char *path_in(const struct desk *k, const char *name)
{
	static char paths[4][160];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", k->root, name);
	return path;
}

/* In place, as an editor that is careless. */
static void write_to(const struct desk *k, const char *name)
{
	FILE *f = fopen(path_in(k, name), "w");

	assert_non_null(f);
	(void)fputs("text\n", f);
	assert_int_equal(fclose(f), 0);
}

static void make(const struct desk *k, const char *name)
{
	assert_int_equal(mkdir(path_in(k, name), 0700), 0);
}

static void follow(struct desk *k, const char *name)
{
	_cleanup_name_list_ struct name_list list = { 0 };

	assert_int_equal(vec_push(&list.names, path_in(k, name)), 0);
	assert_int_equal(file_watch_set(k->watch, &list), 0);
}

static void expect_told(struct desk *k)
{
	for (int i = 0; i < 1000 && !k->told; i++)
		if (sd_event_run(k->loop, PATIENCE_USEC) <= 0)
			break;
	assert_int_equal(k->told, 1);
	k->told = 0;
}

static int begin(void **state)
{
	struct desk *k = calloc(1, sizeof(*k));

	*state = k;
	(void)snprintf(k->root, sizeof(k->root), "/tmp/weir-files-XXXXXX");
	if (!mkdtemp(k->root) || sd_event_new(&k->loop) < 0)
		return -1;
	make(k, "data");
	make(k, "far");
	return file_watch_new(k->loop, on_changed, k, &k->watch);
}

static int end(void **state)
{
	static const char *const names[] = { "data/list", "data/other", "data/fresh", "far/list",
					     "far/next" };
	struct desk *k = *state;

	file_watch_free(k->watch);
	(void)sd_event_unref(k->loop);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		(void)unlink(path_in(k, names[i]));
	(void)rmdir(path_in(k, "data"));
	(void)rmdir(path_in(k, "far"));
	(void)rmdir(k->root);
	free(k);
	return 0;
}

static void a_file_is_written(void **state)
{
	struct desk *k = *state;

	follow(k, "data/list");
	write_to(k, "data/list");
	expect_told(k);
}

static void another_takes_its_place(void **state)
{
	struct desk *k = *state;

	write_to(k, "data/list");
	write_to(k, "data/fresh");
	follow(k, "data/list");
	assert_int_equal(rename(path_in(k, "data/fresh"), path_in(k, "data/list")), 0);
	expect_told(k);
}

static void what_a_link_leads_to_is_written(void **state)
{
	struct desk *k = *state;

	write_to(k, "far/list");
	assert_int_equal(symlink(path_in(k, "far/list"), path_in(k, "data/list")), 0);
	follow(k, "data/list");
	write_to(k, "far/list");
	expect_told(k);
}

static void a_link_leads_elsewhere(void **state)
{
	struct desk *k = *state;

	write_to(k, "far/list");
	write_to(k, "far/next");
	assert_int_equal(symlink(path_in(k, "far/list"), path_in(k, "data/list")), 0);
	follow(k, "data/list");
	assert_int_equal(unlink(path_in(k, "data/list")), 0);
	assert_int_equal(symlink(path_in(k, "far/next"), path_in(k, "data/list")), 0);
	expect_told(k);
	write_to(k, "far/next"); /* which nobody named */
	expect_told(k);
}

static void a_directory_goes_and_comes(void **state)
{
	struct desk *k = *state;

	write_to(k, "data/list");
	follow(k, "data/list");
	assert_int_equal(unlink(path_in(k, "data/list")), 0);
	assert_int_equal(rmdir(path_in(k, "data")), 0);
	expect_told(k);
	assert_non_null(file_watch_blind(k->watch));
	make(k, "data");
	expect_told(k);
	assert_null(file_watch_blind(k->watch));
	write_to(k, "data/list");
	expect_told(k);
}

static void another_directory_takes_its_place(void **state)
{
	struct desk *k = *state;

	write_to(k, "data/list");
	follow(k, "data/list");
	assert_int_equal(rename(path_in(k, "data"), path_in(k, "old")), 0);
	make(k, "data");
	expect_told(k);
	write_to(k, "data/list");
	expect_told(k);
	assert_int_equal(unlink(path_in(k, "old/list")), 0);
	assert_int_equal(rmdir(path_in(k, "old")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_is_written, begin, end),
		cmocka_unit_test_setup_teardown(another_takes_its_place, begin, end),
		cmocka_unit_test_setup_teardown(what_a_link_leads_to_is_written, begin, end),
		cmocka_unit_test_setup_teardown(a_link_leads_elsewhere, begin, end),
		cmocka_unit_test_setup_teardown(a_directory_goes_and_comes, begin, end),
		cmocka_unit_test_setup_teardown(another_directory_takes_its_place, begin, end),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
