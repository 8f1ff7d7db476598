/* SPDX-License-Identifier: GPL-2.0-only */
/* What commands changed: on top of the configuration, kept in a file, and what comes of both. */
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "pipe/balance/balance_test_util.h"

/* --- in memory --------------------------------------------------------------------------------- */

static struct balance_change *at(struct balance_changes *changes, const char *balancer,
				 const char *target)
{
	struct balance_change *c = balance_changes_at(changes, balancer, target);

	assert_non_null(c);
	return c;
}

static void a_target_of_a_balancer_is_one_entry(void **state)
{
	struct balance_changes changes = { 0 };

	assert_null(balance_changes_find(&changes, "a", "eth3"));
	at(&changes, "a", "eth3")->weight = 5;
	at(&changes, "a", "eth4")->weight = 6;
	at(&changes, "b", "eth3")->weight = 7;
	assert_int_equal(changes.all.n, 3);
	assert_int_equal(at(&changes, "a", "eth3")->weight, 5);
	assert_int_equal(at(&changes, "b", "eth3")->weight, 7);
	assert_int_equal(changes.all.n, 3);
	assert_null(balance_changes_find(&changes, "b", "eth4"));
	balance_changes_free(&changes);
	assert_int_equal(changes.all.n, 0);
}

static void tidying_keeps_what_says_something(void **state)
{
	struct balance_changes changes = { 0 };

	(void)at(&changes, "a", "eth1");
	at(&changes, "a", "eth2")->weight = 1;
	at(&changes, "a", "eth3")->since = 5;
	at(&changes, "a", "eth4")->added = true;
	at(&changes, "a", "eth5")->removed = true;
	at(&changes, "a", "eth6")->drain = true;
	at(&changes, "a", "eth7")->drained = true; /* of nothing */
	balance_changes_tidy(&changes);
	assert_int_equal(changes.all.n, 4);
	assert_string_equal(changes.all.at[0].target, "eth2");
	assert_string_equal(changes.all.at[1].target, "eth4");
	assert_string_equal(changes.all.at[2].target, "eth5");
	assert_string_equal(changes.all.at[3].target, "eth6");
	balance_changes_free(&changes);
}

static void a_copy_is_another(void **state)
{
	struct balance_changes changes = { 0 }, copy = { 0 };

	at(&changes, "a", "eth3")->weight = 5;
	assert_int_equal(balance_changes_copy(&changes, &copy), 0);
	at(&changes, "a", "eth3")->weight = 6;
	(void)at(&changes, "a", "eth4");
	assert_int_equal(copy.all.n, 1);
	assert_int_equal(copy.all.at[0].weight, 5);
	balance_changes_free(&changes);
	balance_changes_free(&copy);
}

/* --- the file ---------------------------------------------------------------------------------- */

static char dir[] = "/tmp/weir-balance-test-XXXXXX", path[64];

static int make_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/balance.json", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)unlink(path);
	return rmdir(dir);
}

static struct balance_changes load(const char *findings)
{
	struct balance_changes changes = { 0 };
	_cleanup_strbuf_ struct strbuf want = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	assert_int_equal(balance_changes_load(&changes, path, &d), 0);
	if (findings)
		strbuf_addf(
			&want,
			"warning: %s is damaged: changes made by command may be lost (see 'weir "
			"balance show' and make them again)\n",
			path);
	expect_findings(&d, strbuf_text(&want));
	return changes;
}

static void what_is_saved_is_loaded(void **state)
{
	struct balance_changes changes = { 0 }, again;
	struct balance_change *c;
	struct stat st;

	c = at(&changes, "a \"strange\" näme", "eth3");
	*c = (struct balance_change){ .weight = 100, .drain = true, .since = 123 };
	(void)snprintf(c->balancer, sizeof(c->balancer), "a \"strange\" n\xc3\xa4me");
	(void)snprintf(c->target, sizeof(c->target), "eth3");
	at(&changes, "b", "fifteen-letters")->added = true;
	at(&changes, "b", "eth5")->removed = true;
	*at(&changes, "b", "eth6") = (struct balance_change){
		.balancer = "b", .target = "eth6", .drain = true, .drained = true, .since = 7
	};
	assert_int_equal(balance_changes_save(&changes, path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	again = load(NULL);
	assert_int_equal(again.all.n, 4);
	for (size_t i = 0; i < again.all.n; i++)
		assert_memory_equal(&again.all.at[i], &changes.all.at[i], sizeof(*again.all.at));
	balance_changes_free(&again);
	/* No changes are a file too: it replaces the one before. */
	changes.all.n = 0;
	assert_int_equal(balance_changes_save(&changes, path), 0);
	again = load(NULL);
	assert_int_equal(again.all.n, 0);
	balance_changes_free(&changes);
	balance_changes_free(&again);
}

static void no_file_is_an_empty_one(void **state)
{
	struct balance_changes changes;

	(void)unlink(path);
	changes = load(NULL);
	assert_int_equal(changes.all.n, 0);
}

static void nowhere_to_save_is_an_error(void **state)
{
	struct balance_changes changes = { 0 };

	assert_int_equal(balance_changes_save(&changes, "/nowhere/at/all/balance.json"), -ENOENT);
}

#define ROW(row) "{\"changes\":[{\"balancer\":\"a\",\"target\":\"eth3\",\"weight\":7}," row "]}"

static void put_file(const char *text)
{
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0600), 0);
}

/* A damaged file costs what cannot be read of it, not the start. */
static void a_damaged_file_is_a_warning(void **state)
{
	static const char *const rows[] = {
		ROW("5"),
		ROW("{}"),
		ROW("{\"balancer\":\"a\"}"),
		ROW("{\"target\":\"eth4\"}"),
		ROW("{\"balancer\":5,\"target\":\"eth4\"}"),
		ROW("{\"balancer\":\"a\",\"target\":\"sixteen--letters\"}"),
		ROW("{\"balancer\":\"a\",\"target\":\"eth4\",\"weight\":-1}"),
		ROW("{\"balancer\":\"a\",\"target\":\"eth4\",\"weight\":101}"),
	};
	static const char *const files[] = { "",
					     "{",
					     "[]",
					     "5",
					     "{\"changes\":5}",
					     "{}",
					     "{\"changes\":[],\"changes\":[]}",
					     "not json" };
	struct balance_changes changes;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put_file(rows[i]);
		changes = load("damaged");
		assert_int_equal(changes.all.n, 1);
		assert_int_equal(changes.all.at[0].weight, 7);
		balance_changes_free(&changes);
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		put_file(files[i]);
		changes = load("damaged");
		assert_int_equal(changes.all.n, 0);
	}
}

static void an_unreadable_file_is_a_warning(void **state)
{
	struct balance_changes changes;

	(void)unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	changes = load("damaged");
	assert_int_equal(changes.all.n, 0);
	assert_int_equal(rmdir(path), 0);
}

/* --- goals ------------------------------------------------------------------------------------- */

static const char CONF[] = "balance:\n"
			   "  - name: a\n    in: eth1\n"
			   "    out: [eth3, { name: eth4, weight: 4 }, eth5]\n"
			   "  - { name: b, in: eth2, out: [eth3] }\n";

static void expect_goals(const struct world *w, size_t which, const struct balance_changes *changes,
			 const char *want)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct balance_goals goals = { 0 };

	assert_int_equal(balance_goals_make(&BALANCERS(world_conf(w))[which], changes, &goals), 0);
	vec_foreach(&goals.all, g)
		strbuf_addf(&text, "%s%s=%u%s%s%s", text.len ? " " : "", g->name, g->weight,
			    g->drain ? " drain" : "", g->drained ? "ed" : "",
			    g->by_command ? " by command" : "");
	assert_string_equal(strbuf_text(&text), want);
	balance_goals_free(&goals);
}

static void goals_are_configuration_and_changes(void **state)
{
	struct balance_changes changes = { 0 };
	struct balance_goals goals = { 0 };
	struct world w;

	world_open(&w, CONF);
	expect_goals(&w, 0, &changes, "eth3=1 eth4=4 eth5=1");
	at(&changes, "a", "eth4")->weight = 9;
	at(&changes, "a", "eth3")->removed = true;
	expect_goals(&w, 0, &changes, "eth4=9 eth5=1");
	expect_goals(&w, 1, &changes, "eth3=1");
	at(&changes, "a", "eth8")->added = true;
	at(&changes, "a", "eth7")->added = true;
	at(&changes, "a", "eth7")->weight = 3;
	expect_goals(&w, 0, &changes, "eth4=9 eth5=1 eth8=1 by command eth7=3 by command");
	*at(&changes, "a", "eth5") = (struct balance_change){
		.balancer = "a", .target = "eth5", .drain = true, .drained = true, .since = 77
	};
	at(&changes, "a", "eth8")->drain = true;
	expect_goals(&w, 0, &changes,
		     "eth4=9 eth5=1 drained eth8=1 drain by command eth7=3 by command");
	assert_int_equal(balance_goals_make(world_balancer(&w), &changes, &goals), 0);
	assert_int_equal(balance_goals_find(&goals, "eth5")->since, 77);
	assert_null(balance_goals_find(&goals, "eth3"));
	balance_goals_free(&goals);
	balance_changes_free(&changes);
	world_close(&w);
}

/* The configuration was edited after a command: each says of a target what it says of it. */
static void changes_outlive_the_configuration(void **state)
{
	struct balance_changes changes = { 0 };
	struct world w;

	world_open(&w, CONF);
	at(&changes, "a", "eth5")->added = true; /* now in the file as well: once */
	at(&changes, "a", "eth9")->weight = 5;	 /* not in the file any more: not there */
	at(&changes, "a", "eth8")->removed = true;
	at(&changes, "c", "eth8")->added = true; /* of no balancer that there is */
	at(&changes, "a", "eth1")->added = true; /* now an input: packets would go straight back */
	expect_goals(&w, 0, &changes, "eth3=1 eth4=4 eth5=1");
	expect_goals(&w, 1, &changes, "eth3=1");
	balance_changes_free(&changes);
	world_close(&w);
}

/* More of them than fit, since the file has more: the first ones join. */
static void no_more_goals_than_targets(void **state)
{
	struct balance_changes changes = { 0 };
	struct balance_goals goals = { 0 };
	struct world w;

	world_open(&w, CONF);
	for (unsigned i = 10; i < 80; i++) {
		char name[IF_NAMESIZE];

		(void)snprintf(name, sizeof(name), "eth%u", i);
		at(&changes, "a", name)->added = true;
	}
	assert_int_equal(balance_goals_make(world_balancer(&w), &changes, &goals), 0);
	assert_int_equal(goals.all.n, BALANCE_TARGETS);
	assert_non_null(balance_goals_find(&goals, "eth10"));
	assert_non_null(balance_goals_find(&goals, "eth70"));
	assert_null(balance_goals_find(&goals, "eth71"));
	balance_goals_free(&goals);
	balance_changes_free(&changes);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_of_a_balancer_is_one_entry),
		cmocka_unit_test(tidying_keeps_what_says_something),
		cmocka_unit_test(a_copy_is_another),
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(no_file_is_an_empty_one),
		cmocka_unit_test(nowhere_to_save_is_an_error),
		cmocka_unit_test(a_damaged_file_is_a_warning),
		cmocka_unit_test(an_unreadable_file_is_a_warning),
		cmocka_unit_test(goals_are_configuration_and_changes),
		cmocka_unit_test(changes_outlive_the_configuration),
		cmocka_unit_test(no_more_goals_than_targets),
	};

	return cmocka_run_group_tests_name("balance changes", tests, make_dir, remove_dir);
}
