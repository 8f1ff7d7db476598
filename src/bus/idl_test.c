/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bus/idl.h"

static struct idl_type *parse(const char *text)
{
	struct idl_type *type = NULL;
	size_t at = 0;

	assert_int_equal(idl_parse(text, &type, &at), 0);
	return type;
}

static void check(const char *idl, const char *json, const char *path, const char *reason)
{
	_cleanup_(idl_freep) struct idl_type *type = parse(idl);
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	struct idl_fault fault = { 0 };

	assert_non_null(value);
	assert_int_equal(idl_check(type, value, &fault), reason ? -EINVAL : 0);
	if (reason) {
		assert_string_equal(strbuf_text(&fault.path), path);
		assert_string_equal(strbuf_text(&fault.reason), reason);
	}
	idl_fault_free(&fault);
	json_decref(value);
}

static void test_parse(void **state)
{
	_cleanup_(idl_freep) struct idl_type *t =
		parse(" ( a : int, b:?[]string,c:[string](x, y), d: () ) ");

	assert_int_equal(t->kind, IDL_STRUCT);
	assert_int_equal(t->n, 4);
	assert_string_equal(t->fields[1].name, "b");
	assert_int_equal(t->fields[1].type->kind, IDL_MAYBE);
	assert_int_equal(t->fields[1].type->element->kind, IDL_ARRAY);
	assert_int_equal(t->fields[2].type->kind, IDL_MAP);
	assert_int_equal(t->fields[2].type->element->kind, IDL_ENUM);
	assert_int_equal(t->fields[3].type->kind, IDL_STRUCT);
}

static void test_parse_bad(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} bad[] = { { "", 0 },		 { "(", 1 },	       { "(a)b", 3 },
		    { "(a: it)", 4 },	 { "(a, b: int)", 6 }, { "(a: int, b)", 10 },
		    { "(a: int b)", 8 }, { "(A: int)", 1 },    { "[int]bool", 0 } };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct idl_type *type = NULL;
		size_t at = 99;

		assert_int_equal(idl_parse(bad[i].text, &type, &at), -EINVAL);
		assert_null(type);
		assert_int_equal(at, bad[i].at);
	}
}

static void test_parse_deep(void **state)
{
	char text[4096];
	struct idl_type *type = NULL;
	size_t at;

	memset(text, '?', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	assert_int_equal(idl_parse(text, &type, &at), -EINVAL);
}

static void test_check_good(void **state)
{
	check("(a: int, b: ?string)", "{\"a\": 5}", NULL, NULL);
	check("(a: int, b: ?string)", "{\"a\": 5, \"b\": null}", NULL, NULL);
	check("(a: float)", "{\"a\": 5}", NULL, NULL);
	check("(a: [](x, y))", "{\"a\": [\"x\", \"y\"]}", NULL, NULL);
	check("(a: [string]bool, b: object)", "{\"a\": {\"k\": true}, \"b\": {\"z\": []}}", NULL,
	      NULL);
	check("()", "{}", NULL, NULL);
}

static void test_check_bad(void **state)
{
	check("(a: int)", "{}", "a", "expected int, got nothing");
	check("(a: int)", "{\"a\": 1.5}", "a", "expected int, got float");
	check("(a: string)", "{\"a\": null}", "a", "expected string, got null");
	check("(a: object)", "{\"a\": []}", "a", "expected object, got array");
	check("(l: [](n: int))", "{\"l\": [{\"n\": 1}, {\"n\": true}]}", "l[1].n",
	      "expected int, got bool");
	check("(m: [string]int)", "{\"m\": {\"k\": \"v\"}}", "m.k", "expected int, got string");
	check("(e: (left, right))", "{\"e\": \"lefft\"}", "e", "not known, did you mean 'left'?");
	check("(interface: ?string, stage: ?string)", "{\"interfce\": \"x\"}", "interfce",
	      "not known, did you mean 'interface'?");
	check("(one: ?int, two: ?int)", "{\"zebra\": 1}", "zebra", "not known: expected one, two");
	check("()", "{\"zebra\": 1}", "zebra", "not known: none is taken here");
	check("(s: (inner: ?int))", "{\"s\": {\"iner\": 1}}", "s.iner",
	      "not known, did you mean 'inner'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),	   cmocka_unit_test(test_parse_bad),
		cmocka_unit_test(test_parse_deep), cmocka_unit_test(test_check_good),
		cmocka_unit_test(test_check_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
