/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DEEP 1000000
#define MANY 20000

static const struct mark place = { "t", 1, 1 };

static void add_text(struct tree *map, const char *key, const char *text, unsigned line)
{
	struct mark at = { "t", line, 1 };

	assert_int_equal(tree_add(map, key, at, tree_new(TREE_SCALAR, text, at)), 0);
}

static void test_keeps_order_and_finds(void **state)
{
	_cleanup_(tree_freep) struct tree *map = tree_new(TREE_MAP, NULL, place);

	add_text(map, "b", "1", 1);
	add_text(map, "a", "2", 2);
	assert_int_equal(map->n, 2);
	assert_string_equal(map->children[0]->key, "b");
	assert_string_equal(tree_get(map, "a")->text, "2");
	assert_int_equal(tree_get(map, "a")->key_at.line, 2);
	assert_null(tree_get(map, "c"));
	assert_null(tree_get(map->children[0], "c"));
}

static void test_add_takes_child_on_failure(void **state)
{
	_cleanup_(tree_freep) struct tree *list = tree_new(TREE_LIST, NULL, place);

	assert_int_equal(tree_add(list, NULL, place, NULL), -ENOMEM);
	assert_int_equal(list->n, 0);
}

/* A recursive free would need more stack than there is. */
static void test_frees_a_deep_tree(void **state)
{
	struct tree *t = tree_new(TREE_SCALAR, "x", place);

	for (size_t i = 0; i < DEEP; i++) {
		struct tree *list = tree_new(TREE_LIST, i % 2 ? "text" : NULL, place);

		assert_int_equal(tree_add(list, i % 3 ? "key" : NULL, place, t), 0);
		t = list;
	}
	tree_free(t);
}

static void test_unique_keys_keeps_the_first(void **state)
{
	_cleanup_(tree_freep) struct tree *map = tree_new(TREE_MAP, NULL, place);
	_cleanup_diag_ struct diag d = { 0 };

	add_text(map, "x", "1", 1);
	add_text(map, "a", "2", 2);
	add_text(map, "x", "3", 3);
	add_text(map, "y", "4", 4);
	add_text(map, "x", "5", 5);
	tree_unique_keys(map, &d);
	assert_int_equal(d.errors, 2);
	assert_int_equal(map->n, 3);
	assert_string_equal(map->children[0]->text, "1");
	assert_string_equal(map->children[1]->text, "2");
	assert_string_equal(map->children[2]->text, "4");
	assert_string_equal(d.entries.at[0].text, "`x` is given twice, first at t:1:1");
	assert_int_equal(d.entries.at[0].line, 3);
	assert_int_equal(d.entries.at[1].line, 5);
	add_text(map, "z", "6", 6);
	assert_string_equal(tree_get(map, "z")->text, "6");
}

static void test_unique_keys_of_many(void **state)
{
	_cleanup_(tree_freep) struct tree *map = tree_new(TREE_MAP, NULL, place);
	_cleanup_diag_ struct diag d = { 0 };
	char key[16];

	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(key, sizeof(key), "k%u", i % (MANY / 2));
		add_text(map, key, "", i + 1);
	}
	tree_unique_keys(map, &d);
	assert_int_equal(map->n, MANY / 2);
	assert_int_equal(d.errors, MANY / 2);
}

static void test_copy_is_deep(void **state)
{
	_cleanup_(tree_freep) struct tree *map = tree_new(TREE_MAP, NULL, place), *copy = NULL;

	add_text(map, "a", "1", 7);
	map->children[0]->quoted = true;
	copy = tree_copy(map);
	map->children[0]->text[0] = '2';
	assert_string_equal(tree_get(copy, "a")->text, "1");
	assert_true(tree_get(copy, "a")->quoted);
	assert_int_equal(tree_get(copy, "a")->key_at.line, 7);
}

static void test_shown_is_short_and_harmless(void **state)
{
	char many[400];

	memset(many, 'a', sizeof(many) - 1);
	many[sizeof(many) - 1] = 0;
	assert_true(strlen(text_quoted(many).text) < 70);
	assert_string_equal(text_quoted("a\x1b[2Jb").text, "'a\\x1b[2Jb'");
	assert_string_equal(text_quoted("\xc2\x9b"
					"31m")
				    .text,
			    "'\\x9b31m'");
	assert_string_equal(text_quoted("grün €").text, "'grün €'");
	assert_string_equal(text_quoted("").text, "''");
	for (size_t i = 0; i + 3 < sizeof(many); i += 3)
		memcpy(many + i, "€", 3);
	assert_true(strlen(text_quoted(many).text) < 70);
}

static void test_shown_kinds(void **state)
{
	_cleanup_(tree_freep) struct tree *list = tree_new(TREE_LIST, NULL, place);

	assert_string_equal(tree_shown(list).text, "a list");
	list->kind = TREE_MAP;
	assert_string_equal(tree_shown(list).text, "a map");
	list->kind = TREE_NULL;
	assert_string_equal(tree_shown(list).text, "nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_order_and_finds),
		cmocka_unit_test(test_add_takes_child_on_failure),
		cmocka_unit_test(test_frees_a_deep_tree),
		cmocka_unit_test(test_unique_keys_keeps_the_first),
		cmocka_unit_test(test_unique_keys_of_many),
		cmocka_unit_test(test_copy_is_deep),
		cmocka_unit_test(test_shown_is_short_and_harmless),
		cmocka_unit_test(test_shown_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
