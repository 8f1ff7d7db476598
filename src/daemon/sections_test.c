/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/sections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/libreqos/directory.h"
#include "config/load.h"
#include "model/tree_fixture.h"
#include "pipe/classify/conf.h"

static void put_balance(struct tree *root)
{
	struct tree *balance = put_map(put_list(root, "balance"), NULL), *list;

	list = put_list(balance, "in");
	put_text(list, NULL, "in1");
	put_text(list, NULL, "in2");
	list = put_list(balance, "out");
	put_text(list, NULL, "out1");
	put_text(put_map(list, NULL), "name", "out2");
	put_text(balance, "label", "no-name");
}

/* Of the sections that are given, whatever kind of row the name stands in. */
static void test_names_of_every_kind(void **state)
{
	static const char *const want[] = { "e1", "e2", "in1", "in2", "out1", "out2", "lo", "wg0" };
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_name_list_ struct name_list list = { 0 };

	put_mapping(put_list(put_map(root, "bridge"), "interface_mapping"), "e1", "e2");
	put_balance(root);
	m = build(&root, 1);
	assert_int_equal(sections_interfaces(m, &list), 0);
	assert_int_equal(list.names.n, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(list.names.at[i], want[i]);
}

static void test_names_of_absent_sections(void **state)
{
	_cleanup_(model_freep) struct model *m = build(NULL, 0);
	_cleanup_name_list_ struct name_list list = { 0 };

	assert_int_equal(sections_interfaces(m, &list), 0);
	assert_int_equal(list.names.n, 0);
}

#define EXAMPLE "lab/examples/libreqos"

/* The libreqos key is expanded from the directory of the lab, so the test runs at the top. */
static struct model *load_example(void)
{
	static const char text[] = "libreqos: " EXAMPLE "\n";
	const struct schema *schemas[] = { &classify_schema, &libreqos_schema };
	_cleanup_diag_ struct diag d = { 0 };
	struct model *m = NULL;

	assert_int_equal(config_load_text("weir.yaml", text, strlen(text), schemas, 2, &m, &d), 0);
	return m;
}

/* Those of the configuration, those that they name, and what is named by those. */
static void test_files_of_all_kinds(void **state)
{
	static const char *const want[] = { "weir.yaml", EXAMPLE "/ispConfig.py",
					    EXAMPLE "/network.json", EXAMPLE "/ShapedDevices.csv" };
	_cleanup_(model_freep) struct model *m = load_example();
	_cleanup_name_list_ struct name_list list = { 0 };

	assert_int_equal(sections_files(m, &list), 0);
	assert_int_equal(list.names.n, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(list.names.at[i], want[i]);
}

static void test_keep(void **state)
{
	_cleanup_(model_freep) struct model *m = load_example(), *none = build(NULL, 0);
	char dir[] = "/tmp/weir_sections_test_XXXXXX", file[320];
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(sections_keep(none, "/nonexistent"), 0);
	assert_int_equal(sections_keep(m, dir), 0);
	d = opendir(dir);
	while ((e = readdir(d))) {
		(void)snprintf(file, sizeof(file), "%s/%s", dir, e->d_name);
		n += !unlink(file);
	}
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(n, 3); /* the data, and ispConfig.py; the rest is configuration */
	assert_true(sections_keep(m, "/dev/null/x") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_every_kind),
		cmocka_unit_test(test_names_of_absent_sections),
		cmocka_unit_test(test_files_of_all_kinds),
		cmocka_unit_test(test_keep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
