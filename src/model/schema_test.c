/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walker and what is made from rows, on trees built by hand; files are tested in config/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/tree_fixture.h"

static int setup(void **state)
{
	fixture_line = 0;
	return 0;
}

static const struct fixture_bridge *bridge_of(const struct model *m)
{
	return model_section(m, "bridge")->data;
}

static const struct fixture_shaper *shaper_of(const struct model *m)
{
	return model_section(m, "shaper")->data;
}

static void test_defaults(void **state)
{
	_cleanup_(model_freep) struct model *m = build(NULL, 0);
	const struct fixture_shaper *s = shaper_of(m);

	assert_false(model_section(m, "shaper")->present);
	assert_null(model_section(m, "relay"));
	assert_true(bridge_of(m)->enabled.value);
	assert_false(bridge_of(m)->enabled.set);
	assert_int_equal(s->interval.value, 1000);
	assert_string_equal(s->label.text, "the edge");
	assert_null(s->uplink.text);
	assert_int_equal(s->features.n, 2);
	assert_string_equal(((struct conf_string *)s->features.items)[1].text, "tso");
	assert_int_equal(s->limits.burst.value, 15);
}

/* The tree and its file name may go; the model has copies. */
static void test_values_and_marks_outlive_the_tree(void **state)
{
	char file[] = "one.yaml";
	struct tree *root = node(TREE_MAP, NULL, file);
	struct tree *shaper = put_map(root, "shaper");
	struct model *m;

	put_text(shaper, "leaf", "none");
	put_text(put_map(shaper, "limits"), "backlog", "7");
	put_text(put_list(shaper, "features"), NULL, "gro");
	m = build(&root, 1);
	tree_free(root);
	memset(file, 'x', sizeof(file) - 1);
	assert_int_equal(shaper_of(m)->leaf.value, 2);
	assert_int_equal(shaper_of(m)->limits.backlog.value, 7);
	assert_int_equal(shaper_of(m)->features.n, 1);
	assert_true(shaper_of(m)->features.set);
	assert_string_equal(shaper_of(m)->leaf.at.file, "one.yaml");
	assert_int_equal(shaper_of(m)->leaf.at.line, 3);
	assert_true(model_section(m, "shaper")->present);
	assert_string_equal(model_section(m, "shaper")->at.file, "one.yaml");
	model_free(m);
}

static void test_files_merge(void **state)
{
	struct tree *trees[] = { node(TREE_MAP, NULL, "a"), node(TREE_MAP, NULL, "b") };
	struct tree *one = put_map(trees[0], "bridge"), *two = put_map(trees[1], "bridge");
	struct tree *limits;
	struct model *m;

	put_mapping(put_list(one, "interface_mapping"), "e1", "e2");
	put_mapping(put_list(two, "interface_mapping"), "e2", "e1");
	put_text(two, "enabled", "false");
	limits = put_map(put_map(trees[0], "shaper"), "limits");
	put_text(limits, "burst", "3");
	/* Required keys may stand in any of the files. */
	put_text(put_map(put_map(trees[1], "shaper"), "limits"), "backlog", "9");
	m = build(trees, 2);
	assert_int_equal(bridge_of(m)->mappings.n, 2);
	assert_false(bridge_of(m)->enabled.value);
	assert_string_equal(((struct fixture_mapping *)bridge_of(m)->mappings.items)[1].name.at.file,
			    "b");
	assert_int_equal(shaper_of(m)->limits.burst.value, 3);
	assert_int_equal(shaper_of(m)->limits.backlog.value, 9);
	model_free(m);
	tree_free(trees[0]);
	tree_free(trees[1]);
}

static void test_scalar_in_two_files(void **state)
{
	struct tree *trees[] = { node(TREE_MAP, NULL, "a"), node(TREE_MAP, NULL, "b") };

	put_text(put_map(trees[0], "bridge"), "enabled", "true");
	put_text(put_map(trees[1], "bridge"), "enabled", "true");
	expect_errors(trees, 2, "b:6:1: error: `enabled` is given twice, first at a:4:1\n");
	tree_free(trees[0]);
	tree_free(trees[1]);
}

static void test_alias_is_noted_once(void **state)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_diag_ struct diag d = { 0 };

	put_text(put_map(root, "bridge"), "use_kernel_bridge", "false");
	assert_int_equal(model_build(fixture_schemas, FIXTURE_N, &root, 1, NULL, &m, &d), 0);
	assert_false(bridge_of(m)->enabled.value);
	assert_int_equal(d.entries.n, 1);
	assert_int_equal(d.entries.at[0].level, DIAG_NOTE);
	assert_string_equal(d.entries.at[0].text,
			    "`use_kernel_bridge` is an older spelling of `enabled`");
}

static void test_equal(void **state)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *none = build(NULL, 0), *same = NULL, *other = NULL;
	struct tree *bridge = put_map(root, "bridge"), *list;

	put_text(bridge, "enabled", "true");
	list = put_list(bridge, "interface_mapping");
	same = build(&root, 1);
	assert_true(schema_equal(fixture_bridge_rows, bridge_of(none), bridge_of(same)));
	put_mapping(list, "e1", "e2");
	other = build(&root, 1);
	assert_false(schema_equal(fixture_bridge_rows, bridge_of(none), bridge_of(other)));
	assert_true(schema_equal(fixture_shaper_rows, shaper_of(none), shaper_of(other)));
}

static void test_json_leaves_out_what_was_not_given(void **state)
{
	_cleanup_(model_freep) struct model *m = build(NULL, 0);
	json_t *json = model_to_json(m), *shaper = json_object_get(json, "shaper");

	assert_true(json_is_true(json_object_get(json_object_get(json, "bridge"), "enabled")));
	assert_int_equal(json_integer_value(json_object_get(shaper, "interval")), 1000);
	assert_string_equal(json_string_value(json_object_get(shaper, "leaf")), "cake");
	assert_int_equal(json_array_size(json_object_get(shaper, "features")), 2);
	assert_null(json_object_get(shaper, "uplink"));
	assert_null(json_object_get(shaper, "offset"));
	assert_null(json_object_get(shaper, "limits"));
	json_decref(json);
}

/* What the list in a row's schema holds; the row takes a list of it, or one alone. */
static json_t *entry_of(json_t *one, const struct schema_row *row)
{
	json_t *forms = json_object_get(one, "anyOf"), *list = json_array_get(forms, 0);
	json_t *entry = json_object_get(list, "items");

	assert_string_equal(json_string_value(json_object_get(list, "type")), "array");
	assert_int_equal(json_array_size(forms), 2);
	assert_true(json_equal(json_array_get(forms, 1), entry));
	if (!row->short_form)
		return entry;
	forms = json_object_get(entry, "anyOf");
	assert_int_equal(json_array_size(forms), 2);
	assert_non_null(json_object_get(json_array_get(forms, 1), "type"));
	return json_array_get(forms, 0);
}

static void check_type(json_t *one, const struct schema_row *row)
{
	static const char *const types[] = {
		[SCHEMA_STRING] = "string", [SCHEMA_IFNAME] = "string", [SCHEMA_PATH] = "string",
		[SCHEMA_INT] = "integer",   [SCHEMA_BOOL] = "boolean",	[SCHEMA_GROUP] = "object",
	};
	json_t *type = json_object_get(one, "type"), *items = json_object_get(one, "items");

	switch (row->kind) {
	case SCHEMA_ENUM:
		assert_true(json_array_size(json_object_get(one, "enum")) > 0);
		break;
	case SCHEMA_RATE:
		assert_string_equal(json_string_value(json_array_get(type, 0)), "number");
		assert_string_equal(json_string_value(json_array_get(type, 1)), "string");
		break;
	case SCHEMA_STRINGS:
	case SCHEMA_IFNAMES:
	case SCHEMA_PATHS:
		assert_string_equal(json_string_value(json_array_get(type, 0)), "string");
		assert_string_equal(json_string_value(json_array_get(type, 1)), "array");
		assert_string_equal(json_string_value(json_object_get(items, "type")), "string");
		assert_int_equal(!!json_object_get(items, "pattern"), row->kind != SCHEMA_STRINGS);
		break;
	case SCHEMA_LIST:
		assert_null(type);
		break;
	default:
		assert_string_equal(json_string_value(type), types[row->kind]);
	}
}

/* Every row must be there with its type; nothing else may be. */
static void check_object(json_t *object, const struct schema_row *rows)
{
	json_t *properties = json_object_get(object, "properties"), *one;
	size_t n = 0;

	assert_true(json_is_false(json_object_get(object, "additionalProperties")));
	for (const struct schema_row *row = rows; row->key; row++, n++) {
		one = json_object_get(properties, row->key);
		assert_non_null(one);
		check_type(one, row);
		assert_non_null(
			strstr(json_string_value(json_object_get(one, "description")), row->help));
		if (row->kind == SCHEMA_INT && row->max)
			assert_int_equal(json_integer_value(json_object_get(one, "maximum")),
					 row->max);
		if (row->def)
			assert_non_null(json_object_get(one, "default"));
		if (row->kind == SCHEMA_GROUP)
			check_object(one, row->rows);
		if (row->kind == SCHEMA_LIST)
			check_object(entry_of(one, row), row->rows);
		for (const char *s = row->aliases; s; s = strchr(s, ' ') ? strchr(s, ' ') + 1 : NULL)
			n++;
	}
	assert_int_equal(json_object_size(properties), n);
}

static void check_section(json_t *object, const struct schema *schema)
{
	assert_string_equal(json_string_value(json_object_get(object, "description")), schema->help);
	if (schema->listed)
		check_object(entry_of(object, schema->rows), schema->rows[0].rows);
	else
		check_object(object, schema->rows);
}

static void test_json_schema(void **state)
{
	json_t *schema = schema_to_json_schema(fixture_schemas, FIXTURE_N);
	json_t *sections = json_object_get(schema, "properties"), *bridge, *old, *entry;

	assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
			    "https://json-schema.org/draft/2020-12/schema");
	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
	assert_int_equal(json_object_size(sections), FIXTURE_N);
	for (size_t i = 0; i < FIXTURE_N; i++)
		check_section(json_object_get(sections, fixture_schemas[i]->name),
			      fixture_schemas[i]);
	bridge = json_object_get(json_object_get(sections, "bridge"), "properties");
	old = json_object_get(bridge, "use_kernel_bridge");
	assert_true(json_is_true(json_object_get(old, "deprecated")));
	entry = entry_of(json_object_get(bridge, "vlan_mapping"), &fixture_bridge_rows[2]);
	assert_int_equal(json_array_size(json_object_get(entry, "required")), 3);
	json_decref(schema);
}

static void test_example(void **state)
{
	_cleanup_strbuf_ struct strbuf all = { 0 }, one = { 0 };

	schema_to_example(fixture_schemas, FIXTURE_N, NULL, &all);
	schema_to_example(fixture_schemas, FIXTURE_N, "bridge", &one);
	assert_non_null(strstr(strbuf_text(&all), "\nshaper:\n"));
	assert_non_null(strstr(strbuf_text(&all), "\n  # uplink:\n"));
	assert_non_null(strstr(strbuf_text(&all), "\n    - name: eth1\n"));
	assert_null(strstr(strbuf_text(&one), "shaper"));
	assert_int_equal(strncmp(strbuf_text(&all), strbuf_text(&one), one.len), 0);
}

static void test_example_of_several_lines(void **state)
{
	static const struct schema_row rows[] = {
		{ .key = "list",
		  .kind = SCHEMA_LIST,
		  .rows = fixture_vlan_rows,
		  .item_size = sizeof(struct fixture_vlan),
		  .example = "- {tag: 1}\n- {tag: 2}" },
		{ .key = NULL },
	};
	static const struct schema schema = { .name = "x",
					      .rows = rows,
					      .size = sizeof(struct conf_list) };
	const struct schema *const schemas[] = { &schema };
	_cleanup_strbuf_ struct strbuf out = { 0 };

	schema_to_example(schemas, 1, NULL, &out);
	assert_int_equal(strncmp(strbuf_text(&out), "x:\n  list:\n", 11), 0);
	assert_non_null(strstr(strbuf_text(&out), "\n    - parent:"));
	assert_non_null(strstr(strbuf_text(&out), "\n    - {tag: 1}\n    - {tag: 2}\n"));
}

/* A listed section is shown as one entry, or as a list when its row has more of them. */
static void test_example_of_a_listed_section(void **state)
{
	struct schema_row rows[] = { fixture_balances_rows[0], { .key = NULL } };
	struct schema schema = fixture_balance;
	const struct schema *const schemas[] = { &schema };
	_cleanup_strbuf_ struct strbuf one = { 0 }, more = { 0 };

	schema_to_example(schemas, 1, NULL, &one);
	assert_non_null(strstr(strbuf_text(&one), "\nbalance:\n  # "));
	assert_non_null(strstr(strbuf_text(&one), "\n  in: eth1\n"));
	assert_non_null(strstr(strbuf_text(&one), "\n    - name: eth2\n"));
	rows[0].example = "- { in: eth8, out: eth9 }";
	schema.rows = rows;
	schema_to_example(schemas, 1, NULL, &more);
	assert_non_null(strstr(strbuf_text(&more), "\n  - in: eth1\n"));
	assert_non_null(strstr(strbuf_text(&more), "\n  - { in: eth8, out: eth9 }\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_defaults, setup),
		cmocka_unit_test_setup(test_values_and_marks_outlive_the_tree, setup),
		cmocka_unit_test_setup(test_files_merge, setup),
		cmocka_unit_test_setup(test_scalar_in_two_files, setup),
		cmocka_unit_test_setup(test_alias_is_noted_once, setup),
		cmocka_unit_test_setup(test_equal, setup),
		cmocka_unit_test_setup(test_json_leaves_out_what_was_not_given, setup),
		cmocka_unit_test_setup(test_json_schema, setup),
		cmocka_unit_test_setup(test_example, setup),
		cmocka_unit_test_setup(test_example_of_several_lines, setup),
		cmocka_unit_test_setup(test_example_of_a_listed_section, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
