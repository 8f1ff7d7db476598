/* SPDX-License-Identifier: GPL-2.0-only */
/* Sections that do more than hold values: when their hooks are called, and what shorthands may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/tree_fixture.h"

struct hooked {
	struct conf_int number;
	char *made;
};

static const struct schema_row hooked_rows[] = {
	{ .key = "number", .kind = SCHEMA_INT, .offset = offsetof(struct hooked, number), .def = "1" },
	{ .key = NULL },
};

static unsigned completed, released;
static const char *seen_context;

static int complete(void *data, const struct schema_context *context, struct diag *d)
{
	struct hooked *h = data;

	completed++;
	seen_context = context ? context->last_good : NULL;
	h->made = strdup("made");
	if (h->number.value == 13)
		return diag_error(d, &h->number.at, "unlucky");
	return h->number.value == 12 ? -ENOMEM : 0;
}

static void release(void *data)
{
	struct hooked *h = data;

	released++;
	free(h->made);
}

static const struct schema hooked = {
	.name = "relay",
	.rows = hooked_rows,
	.size = sizeof(struct hooked),
	.complete = complete,
	.release = release,
};

struct short_section {
	struct conf_string path;
};

static const struct schema_row short_rows[] = {
	{ .key = "libreqos",
	  .kind = SCHEMA_PATH,
	  .offset = offsetof(struct short_section, path),
	  .help = "A directory.",
	  .aside = true,
	  .example = "/x" },
	{ .key = NULL },
};

static const struct schema shorthand = {
	.name = "libreqos",
	.help = "Stands for others.",
	.rows = short_rows,
	.size = sizeof(struct short_section),
	.shorthand = true,
};

static const struct schema *const schemas[] = { &hooked, &shorthand };

static int setup(void **state)
{
	fixture_line = 0;
	completed = released = 0;
	seen_context = NULL;
	return 0;
}

/* Builds of one value, NULL = the section is not there; returns the result and all findings. */
static int build_hooked(const char *number, const struct schema_context *context, char **ret_findings)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_diag_ struct diag d = { 0 };
	struct strbuf text = { 0 };
	int r;

	if (number)
		put_text(put_map(root, "relay"), "number", number);
	r = model_build(schemas, 2, &root, 1, context, &m, &d);
	assert_int_equal(!r, !!m);
	diag_format_all(&d, &text);
	*ret_findings = strbuf_take(&text);
	return r;
}

static void expect_hooked(const char *number, int want, unsigned want_completed, const char *findings)
{
	_cleanup_free_ char *found = NULL;

	completed = released = 0;
	assert_int_equal(build_hooked(number, NULL, &found), want);
	assert_string_equal(found, findings);
	assert_int_equal(completed, want_completed);
	assert_int_equal(released, 1);
}

static void test_completes_what_is_there_and_right(void **state)
{
	expect_hooked("5", 0, 1, "");
	expect_hooked(NULL, 0, 0, "");
	expect_hooked("many", -EINVAL, 0,
		      "f:7:5: error: `number` wants a whole number, not 'many'\n");
}

static void test_what_cannot_be_completed_is_refused(void **state)
{
	expect_hooked("13", -EINVAL, 1, "f:3:5: error: unlucky\n");
	expect_hooked("12", -ENOMEM, 1, "");
}

static void test_context_is_handed_on(void **state)
{
	const struct schema_context context = { .last_good = "/state" };
	_cleanup_free_ char *found = NULL;

	assert_int_equal(build_hooked("1", &context, &found), 0);
	assert_string_equal(seen_context, "/state");
}

/* Whoever knows what it stands for replaces it before. */
static void test_shorthand_is_no_section(void **state)
{
	_cleanup_(tree_freep) struct tree *root = node(TREE_MAP, NULL, "f");
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_diag_ struct diag d = { 0 };
	json_t *json;

	assert_int_equal(model_build(schemas, 2, &root, 1, NULL, &m, &d), 0);
	json = model_to_json(m);
	assert_null(json_object_get(json, "libreqos"));
	assert_non_null(json_object_get(json, "relay"));
	json_decref(json);
	model_free(m);
	m = NULL;
	put_text(root, "libreqos", "/x");
	assert_int_equal(model_build(schemas, 2, &root, 1, NULL, &m, &d), -EINVAL);
	assert_int_equal(d.errors, 1);
	assert_string_equal(d.entries.at[0].text, "`libreqos` is not part of this build");
}

static void test_shorthand_in_example_and_schema(void **state)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	json_t *schema = schema_to_json_schema(schemas, 2), *one;

	one = json_object_get(json_object_get(schema, "properties"), "libreqos");
	assert_string_equal(json_string_value(json_object_get(one, "type")), "string");
	assert_string_equal(json_string_value(json_object_get(one, "description")),
			    "Stands for others.");
	json_decref(schema);
	schema_to_example(schemas, 2, "libreqos", &text);
	assert_string_equal(strbuf_text(&text),
			    "# Stands for others.\n# A directory.\n# libreqos: /x\n");
}

/* What not every machine has is shown, but does not count. */
static void test_aside_in_example(void **state)
{
	static const struct schema_row rows[] = {
		{ .key = "limits",
		  .kind = SCHEMA_GROUP,
		  .rows = fixture_limit_rows,
		  .aside = true,
		  .help = "Limits." },
		{ .key = NULL },
	};
	static const struct schema schema = { .name = "relay", .rows = rows, .size = 256 };
	const struct schema *const one = &schema;
	_cleanup_strbuf_ struct strbuf text = { 0 };

	schema_to_example(&one, 1, NULL, &text);
	assert_string_equal(strbuf_text(&text),
			    "relay:\n"
			    "  # Limits.\n"
			    "  # limits:\n"
			    "  #   # Longest burst. Wants a whole number of ms from 1 to 500. "
			    "Default: 15.\n"
			    "  #   burst: 15\n"
			    "  #   # Packets that may wait. Wants a whole number. Required.\n"
			    "  #   backlog: 1000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_completes_what_is_there_and_right, setup),
		cmocka_unit_test_setup(test_what_cannot_be_completed_is_refused, setup),
		cmocka_unit_test_setup(test_context_is_handed_on, setup),
		cmocka_unit_test_setup(test_shorthand_is_no_section, setup),
		cmocka_unit_test_setup(test_shorthand_in_example_and_schema, setup),
		cmocka_unit_test_setup(test_aside_in_example, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
