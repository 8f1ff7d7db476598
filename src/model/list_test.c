/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The forms in which a list may be written, and a section that may be one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/tree_fixture.h"

static int setup(void **state)
{
	fixture_line = 0;
	return 0;
}

static const struct conf_list *balances_of(const struct model *m)
{
	return &((const struct fixture_balances *)model_section(m, "balance")->data)->all;
}

static const struct fixture_balance *balance_of(const struct model *m, size_t i)
{
	assert_true(i < balances_of(m)->n);
	return (const struct fixture_balance *)balances_of(m)->items + i;
}

static const struct conf_string *text_of(const struct conf_list *list, size_t i)
{
	assert_true(i < list->n);
	return (const struct conf_string *)list->items + i;
}

static const struct fixture_target *target_of(const struct fixture_balance *b, size_t i)
{
	assert_true(i < b->out.n);
	return (const struct fixture_target *)b->out.items + i;
}

static void test_text_alone(void **state)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *m = NULL;
	struct tree *balance, *shaper;
	const struct fixture_balance *b;
	const struct fixture_shaper *s;

	balance = put_map(root, "balance");
	put_text(balance, "in", "eth1");
	put_text(balance, "ignore", "eth5");
	shaper = put_map(root, "shaper");
	put_text(shaper, "features", "gro");
	put_text(put_map(shaper, "limits"), "backlog", "1");
	m = build(&root, 1);
	b = balance_of(m, 0);
	s = model_section(m, "shaper")->data;
	assert_int_equal(b->in.n, 1);
	assert_true(b->in.set);
	assert_string_equal(text_of(&b->in, 0)->text, "eth1");
	assert_int_equal(text_of(&b->in, 0)->at.line, 3);
	assert_true(text_of(&b->in, 0)->set);
	/* It takes the place of a default, as a list does. */
	assert_int_equal(b->ignore.n, 1);
	assert_string_equal(text_of(&b->ignore, 0)->text, "eth5");
	assert_int_equal(s->features.n, 1);
	assert_string_equal(text_of(&s->features, 0)->text, "gro");
}

static void test_default_of_names(void **state)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *m = NULL;

	put_text(put_map(root, "balance"), "in", "eth1");
	m = build(&root, 1);
	assert_int_equal(balance_of(m, 0)->ignore.n, 2);
	assert_false(balance_of(m, 0)->ignore.set);
	assert_string_equal(text_of(&balance_of(m, 0)->ignore, 1)->text, "wg0");
}

static void test_map_alone(void **state)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *m = NULL;
	struct tree *map = put_map(put_map(root, "bridge"), "interface_mapping");
	const struct fixture_bridge *bridge;
	const struct fixture_mapping *mapping;

	put_text(map, "name", "e1");
	put_text(map, "redirect_to", "e2");
	m = build(&root, 1);
	bridge = model_section(m, "bridge")->data;
	assert_int_equal(bridge->mappings.n, 1);
	mapping = bridge->mappings.items;
	assert_string_equal(mapping->redirect_to.text, "e2");
	assert_false(mapping->scan_vlans.value);
	assert_int_equal(bridge->mappings.at.line, 3);
}

static void test_short_form(void **state)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *m = NULL;
	struct tree *balance = put_map(root, "balance"), *out, *long_form;
	const struct fixture_balance *b;

	put_text(balance, "in", "eth1");
	out = put_list(balance, "out");
	put_text(out, NULL, "eth2");
	long_form = put_map(out, NULL);
	put_text(long_form, "weight", "3");
	put_text(long_form, "name", "eth3");
	m = build(&root, 1);
	b = balance_of(m, 0);
	assert_int_equal(b->out.n, 2);
	assert_string_equal(target_of(b, 0)->name.text, "eth2");
	assert_int_equal(target_of(b, 0)->name.at.line, 5);
	assert_string_equal(target_of(b, 0)->name.at.file, "f");
	assert_int_equal(target_of(b, 0)->weight.value, 1);
	assert_false(target_of(b, 0)->weight.set);
	assert_string_equal(target_of(b, 1)->name.text, "eth3");
	assert_int_equal(target_of(b, 1)->weight.value, 3);
}

static void test_short_form_alone(void **state)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *m = NULL;
	struct tree *balance = put_map(root, "balance");

	put_text(balance, "in", "eth1");
	put_text(balance, "out", "eth9");
	m = build(&root, 1);
	assert_int_equal(balance_of(m, 0)->out.n, 1);
	assert_string_equal(target_of(balance_of(m, 0), 0)->name.text, "eth9");
}

static void test_listed_section(void **state)
{
	static const enum tree_kind kinds[] = { TREE_MAP, TREE_LIST };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
		_cleanup_(model_freep) struct model *m = NULL;
		struct tree *section = put(root, "balance", node(kinds[i], NULL, "f"));

		put_text(kinds[i] == TREE_MAP ? section : put_map(section, NULL), "in", "eth1");
		if (kinds[i] == TREE_LIST)
			put_text(put_map(section, NULL), "in", "eth2");
		m = build(&root, 1);
		assert_true(model_section(m, "balance")->present);
		assert_int_equal(balances_of(m)->n, i + 1);
		assert_string_equal(text_of(&balance_of(m, i)->in, 0)->text, i ? "eth2" : "eth1");
	}
}

/* `balance: []`, `balance:` and no word of it. */
static void test_listed_section_without_entries(void **state)
{
	_cleanup_(tree_freep) struct tree *empty = node(TREE_MAP, NULL, "f");
	_cleanup_(tree_freep) struct tree *bare = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *a = NULL, *b = NULL, *c = build(NULL, 0);

	(void)put_list(empty, "balance");
	(void)put(bare, "balance", node(TREE_NULL, NULL, "f"));
	a = build(&empty, 1);
	b = build(&bare, 1);
	assert_true(model_section(a, "balance")->present);
	assert_true(model_section(b, "balance")->present);
	assert_false(model_section(c, "balance")->present);
	assert_int_equal(balances_of(a)->n, 0);
	assert_int_equal(balances_of(b)->n, 0);
	assert_int_equal(balances_of(c)->n, 0);
}

/* Lists of several files are joined, whatever their form; a map is one more entry. */
static void test_files_append(void **state)
{
	struct tree *trees[] = { node(TREE_MAP, NULL, "a"), node(TREE_MAP, NULL, "b"),
				 node(TREE_MAP, NULL, "c"), node(TREE_MAP, NULL, "d") };
	struct tree *list;
	struct model *m;

	put_text(put_map(trees[0], "balance"), "in", "eth1");
	list = put_list(trees[1], "balance");
	put_text(put_map(list, NULL), "in", "eth2");
	put_text(put_map(list, NULL), "in", "eth3");
	(void)put(trees[2], "balance", node(TREE_NULL, NULL, "c"));
	put_text(put_map(trees[3], "balance"), "in", "eth4");
	m = build(trees, ARRAY_LEN(trees));
	assert_int_equal(balances_of(m)->n, 4);
	assert_string_equal(text_of(&balance_of(m, 3)->in, 0)->text, "eth4");
	assert_string_equal(text_of(&balance_of(m, 3)->in, 0)->at.file, "d");
	assert_string_equal(model_section(m, "balance")->at.file, "a");
	model_free(m);
	for (size_t i = 0; i < ARRAY_LEN(trees); i++)
		tree_free(trees[i]);
}

/* A list within a section is joined in the same way. */
static void test_alone_in_two_files(void **state)
{
	struct tree *trees[] = { node(TREE_MAP, NULL, "a"), node(TREE_MAP, NULL, "b") };
	const struct fixture_shaper *s;
	struct model *m;

	put_text(put_map(put_map(trees[0], "shaper"), "limits"), "backlog", "1");
	put_text(trees[0]->children[0], "tags", "x");
	put_text(put_list(put_map(trees[1], "shaper"), "tags"), NULL, "y");
	m = build(trees, 2);
	s = model_section(m, "shaper")->data;
	assert_int_equal(s->tags.n, 2);
	assert_string_equal(text_of(&s->tags, 0)->text, "x");
	assert_string_equal(text_of(&s->tags, 1)->text, "y");
	model_free(m);
	tree_free(trees[0]);
	tree_free(trees[1]);
}

/* All that is found stands in the order of the rows; the places are those of the values. */
static void test_errors(void **state)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	struct tree *list = put_list(root, "balance"), *balance, *out;

	put_text(list, NULL, "north");
	balance = put_map(list, NULL);
	put_text(put_map(balance, "in"), "eth1", "x");
	out = put_list(balance, "out");
	put_text(out, NULL, "a/b");
	(void)put_list(out, NULL);
	put_text(put_map(out, NULL), "nam", "eth2");
	put_text(put_list(balance, "ignore"), NULL, "..");
	expect_errors(
		&root, 1,
		"f:3:5: error: an entry of `balance` is a map of keys, not 'north' "
		"(it begins with `in`)\n"
		"f:5:5: error: `in` wants a list of interface names, not a map\n"
		"f:8:5: error: `name` wants an interface name, not 'a/b' (it holds a '/' or ':')\n"
		"f:9:5: error: an entry of `out` is a map of keys, not a list "
		"(it begins with `name`; the value of that alone is enough)\n"
		"f:11:1: error: unknown key `nam` (did you mean `name`?)\n"
		"f:10:5: error: `name` is missing here (it wants an interface name)\n"
		"f:13:5: error: `ignore` wants an interface name, not '..' "
		"(it is a directory, not a name)\n");
}

static void test_scalar_section(void **state)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");

	put_text(root, "balance", "flow");
	expect_errors(&root, 1,
		      "f:2:5: error: `balance` wants keys of its own or a list of entries, not "
		      "'flow' (the first is `in`)\n");
}

/* A listed section whose entries have a short form is that form alone, too. */
static void test_scalar_section_in_short_form(void **state)
{
	static const struct schema_row rows[] = {
		{ .key = "targets",
		  .kind = SCHEMA_LIST,
		  .rows = fixture_target_rows,
		  .item_size = sizeof(struct fixture_target),
		  .short_form = true },
		{ .key = NULL },
	};
	static const struct schema schema = {
		.name = "targets", .rows = rows, .size = sizeof(struct conf_list), .listed = true
	};
	const struct schema *const schemas[] = { &schema };
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_diag_ struct diag d = { 0 };
	const struct conf_list *list;

	put_text(root, "targets", "eth1");
	assert_int_equal(model_build(schemas, 1, &root, 1, NULL, &m, &d), 0);
	list = m->sections[0].data;
	assert_int_equal(list->n, 1);
	assert_string_equal(((const struct fixture_target *)list->items)->name.text, "eth1");
}

/* What the short form leaves out must be optional. */
static void test_short_form_lacks_a_key(void **state)
{
	struct schema_row rows[] = { fixture_bridge_rows[1], { .key = NULL } };
	const struct schema schema = { .name = "x",
				       .rows = rows,
				       .size = sizeof(struct fixture_bridge) };
	const struct schema *const schemas[] = { &schema };
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_strbuf_ struct strbuf text = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	struct model *m = NULL;

	rows[0].short_form = true;
	put_text(put_map(root, "x"), "interface_mapping", "eth1");
	assert_int_equal(model_build(schemas, 1, &root, 1, NULL, &m, &d), -EINVAL);
	diag_format_all(&d, &text);
	assert_string_equal(strbuf_text(&text),
			    "f:3:5: error: `redirect_to` is missing here (it wants an interface "
			    "name)\n");
}

/* The rows of another program's file take lists as that program does. */
static void test_exact(void **state)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_strbuf_ struct strbuf text = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	struct fixture_balance b = { 0 };

	put_text(root, "in", "eth1");
	(void)put_map(root, "out");
	assert_int_equal(schema_fill(fixture_balance_rows, root, &b, &d), -EINVAL);
	diag_format_all(&d, &text);
	assert_string_equal(strbuf_text(&text),
			    "f:2:5: error: `in` wants a list of interface names, not 'eth1' "
			    "(write [eth1])\n"
			    "f:3:5: error: `out` wants a list of entries, not a map\n");
	schema_free(fixture_balance_rows, &b);
}

static struct model *build_balance(bool long_form, const char *in)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	struct tree *balance;

	balance = long_form ? put_map(put_list(root, "balance"), NULL) : put_map(root, "balance");
	if (long_form) {
		put_text(put_list(balance, "in"), NULL, in);
		put_text(put_map(put_list(balance, "out"), NULL), "name", "eth2");
	} else {
		put_text(balance, "in", in);
		put_text(balance, "out", "eth2");
	}
	return build(&root, 1);
}

static void test_forms_mean_the_same(void **state)
{
	_cleanup_(model_freep) struct model *one = build_balance(false, "eth1");
	_cleanup_(model_freep) struct model *same = build_balance(true, "eth1");
	_cleanup_(model_freep) struct model *other = build_balance(true, "eth2");
	const void *data = model_section(one, "balance")->data;

	assert_true(schema_equal(fixture_balances_rows, data, model_section(same, "balance")->data));
	assert_false(schema_equal(fixture_balances_rows, data, model_section(other, "balance")->data));
}

/* Shown is the long form, whichever was written. */
static void test_json(void **state)
{
	_cleanup_(model_freep) struct model *m = build_balance(false, "eth1");
	_cleanup_(model_freep) struct model *none = build(NULL, 0);
	json_t *json = model_to_json(m), *json_none = model_to_json(none);
	_cleanup_free_ char *text = json_dumps(json_object_get(json, "balance"), JSON_COMPACT);

	assert_string_equal(text, "[{\"in\":[\"eth1\"],\"out\":[{\"name\":\"eth2\",\"weight\":1}],"
				  "\"ignore\":[\"lo\",\"wg0\"]}]");
	assert_true(json_is_array(json_object_get(json_none, "balance")));
	assert_int_equal(json_array_size(json_object_get(json_none, "balance")), 0);
	json_decref(json);
	json_decref(json_none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_text_alone, setup),
		cmocka_unit_test_setup(test_default_of_names, setup),
		cmocka_unit_test_setup(test_map_alone, setup),
		cmocka_unit_test_setup(test_short_form, setup),
		cmocka_unit_test_setup(test_short_form_alone, setup),
		cmocka_unit_test_setup(test_listed_section, setup),
		cmocka_unit_test_setup(test_listed_section_without_entries, setup),
		cmocka_unit_test_setup(test_files_append, setup),
		cmocka_unit_test_setup(test_alone_in_two_files, setup),
		cmocka_unit_test_setup(test_errors, setup),
		cmocka_unit_test_setup(test_scalar_section, setup),
		cmocka_unit_test_setup(test_scalar_section_in_short_form, setup),
		cmocka_unit_test_setup(test_short_form_lacks_a_key, setup),
		cmocka_unit_test_setup(test_exact, setup),
		cmocka_unit_test_setup(test_forms_mean_the_same, setup),
		cmocka_unit_test_setup(test_json, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
