/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/sections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/tree_fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_every_kind),
		cmocka_unit_test(test_names_of_absent_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
