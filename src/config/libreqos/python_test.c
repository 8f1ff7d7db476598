/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/libreqos/python.h"

static void dump(const struct tree *t, struct strbuf *out)
{
	static const char *const brackets[] = { [TREE_LIST] = "[]", [TREE_MAP] = "{}" };

	if (t->kind == TREE_NULL)
		strbuf_add(out, "None");
	if (t->kind == TREE_SCALAR)
		strbuf_addf(out, t->quoted ? "'%s'" : "%s", t->text);
	if (t->kind == TREE_NULL || t->kind == TREE_SCALAR)
		return;
	strbuf_add_char(out, brackets[t->kind][0]);
	for (size_t i = 0; i < t->n; i++) {
		strbuf_addf(out, "%s%s%s", i ? ", " : "", t->children[i]->key ?: "",
			    t->children[i]->key ? ": " : "");
		dump(t->children[i], out);
	}
	strbuf_add_char(out, brackets[t->kind][1]);
}

/* What stands right of `x =`; NULL: it is no literal. */
static void expect_literal(const char *text, const char *value)
{
	_cleanup_(python_file_free) struct python_file file = { 0 };
	_cleanup_strbuf_ struct strbuf file_text = { 0 }, got = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	strbuf_addf(&file_text, "x = %s", text);
	if (python_read("f", strbuf_text(&file_text), file_text.len, &file, &d))
		fail_msg("%s: %s", text, d.entries.at[0].text);
	assert_true(file.assignments.n >= 1);
	if (!value) {
		if (file.assignments.at[0].value || !file.assignments.at[0].wrong)
			fail_msg("%s is accepted", text);
		return;
	}
	if (!file.assignments.at[0].value)
		fail_msg("%s: %s", text, file.assignments.at[0].wrong);
	dump(file.assignments.at[0].value, &got);
	assert_string_equal(strbuf_text(&got), value);
}

static void test_texts(void **state)
{
	static const char *const cases[][2] = {
		{ "''", "''" },
		{ "'a' \"b\"", "'ab'" },
		{ "'''a'b\n'''", "'a'b\n'" },
		{ "\"\"\"\"a\"\"\"", "'\"a'" },
		{ "'\\'\\\"\\\\'", "''\"\\'" },
		{ "'\\n\\t\\x41\\101\\7'", "'\n\tAA\a'" },
		{ "'\\u00e9\\u20ac\\U0001f600\\xff'", "'é€😀ÿ'" },
		{ "'\\q\\8'", "'\\q\\8'" },
		{ "'a\\\nb'", "'ab'" },
		{ "'a\\\r\nb'", "'ab'" },
		{ "r'\\n\\''", "'\\n\\''" },
		{ "u'a' R'\\x' U\"b\"", "'a\\xb'" },
		{ "'#'# comment", "'#'" },
		{ "f'a'", NULL },
		{ "'a' f'{b}'", NULL },
		{ "b'a'", NULL },
		{ "rb'a'", NULL },
		{ "'\\x4'", NULL },
		{ "'\\u12'", NULL },
		{ "'\\U00110000'", NULL },
		{ "'\\ud800'", NULL },
		{ "'\\0'", NULL },
		{ "'\\N{BULLET}'", NULL },
		{ "'a' + 'b'", NULL },
		{ "'%s' % 'b'", NULL },
		{ "'a'.upper()", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_literal(cases[i][0], cases[i][1]);
}

static void test_numbers(void **state)
{
	static const char *const cases[][2] = {
		{ "0", "0" },		{ "00", "00" },
		{ "1_000", "1000" },	{ "-5", "-5" },
		{ "+ 5", "5" },		{ "0x1F", "31" },
		{ "0x_ff", "255" },	{ "0o17", "15" },
		{ "0b1_01", "5" },	{ "0xffffffffffffffff", "18446744073709551615" },
		{ "1.5", "1.5" },	{ ".5", ".5" },
		{ "5.", "5." },		{ "1e-3", "1e-3" },
		{ "1_0.2_5", "10.25" }, { "0x10000000000000000", NULL },
		{ "010", NULL },	{ "1_", NULL },
		{ "1__0", NULL },	{ "1_e5", NULL },
		{ "0x", NULL },		{ "0o8", NULL },
		{ "0b2", NULL },	{ "0x-1", NULL },
		{ "5j", NULL },		{ "1.2.3", NULL },
		{ "1e", NULL },		{ "12ab", NULL },
		{ "--5", NULL },	{ "~5", NULL },
		{ "1 + 2", NULL },	{ "-'5'", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_literal(cases[i][0], cases[i][1]);
}

static void test_containers(void **state)
{
	static const char *const cases[][2] = {
		{ "True", "true" },
		{ "False", "false" },
		{ "None", "None" },
		{ "[]", "[]" },
		{ "()", "[]" },
		{ "{}", "{}" },
		{ "(5)", "5" },
		{ "(5,)", "[5]" },
		{ "((5,))", "[5]" },
		{ "5,", "[5]" },
		{ "1, 2; y = 3", "[1, 2]" },
		{ "[1,\n# comment\n 2,\n]", "[1, 2]" },
		{ "{'a': [1, (2, 3)], 5: None, 'b': {}}", "{a: [1, [2, 3]], 5: None, b: {}}" },
		{ "\\\n 5", "5" },
		{ "true", NULL },
		{ "{1, 2}", NULL },
		{ "{**a}", NULL },
		{ "[*a]", NULL },
		{ "[,]", NULL },
		{ "[1 2]", NULL },
		{ "[x for x in y]", NULL },
		{ "{[]: 1}", NULL },
		{ "{None: 1}", NULL },
		{ "list()", NULL },
		{ "not True", NULL },
		{ "1 if a else 2", NULL },
		{ "lambda: 5", NULL },
		{ "", NULL },
		{ "...", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_literal(cases[i][0], cases[i][1]);
}

/* All names that may be set, those that are not certain in brackets, then what else there is. */
static void expect_names(const char *text, const char *names)
{
	_cleanup_(python_file_free) struct python_file file = { 0 };
	_cleanup_strbuf_ struct strbuf got = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	assert_int_equal(python_read("f", text, strlen(text), &file, &d), 0);
	vec_foreach(&file.assignments, a)
		strbuf_addf(&got, a->perhaps ? "(%s) " : "%s ", a->name);
	strbuf_add(&got, "|");
	vec_foreach(&file.others, o)
		strbuf_addf(&got, " %s", o->word);
	if (strcmp(strbuf_text(&got), names))
		fail_msg("%s: '%s' instead of '%s'", text, strbuf_text(&got), names);
}

static void test_statements(void **state)
{
	static const char *const cases[][2] = {
		{ "", "|" },
		{ "# a = 5", "|" },
		{ "a = 5\nb = 6; c = 7", "a b c |" },
		{ "a == 5", "| a" },
		{ "f(a = 5)", "| f" },
		{ "a = b = 5", "a (b) |" },
		{ "a, b = 1, 2", "(a) (b) | a" },
		{ "(a, b) = 1, 2", "(a) (b) | (" },
		{ "a: int = 5", "(a) (int) | a" },
		{ "a += 5", "(a) | a" },
		{ "a //= 5", "(a) | a" },
		{ "a >= 5", "| a" },
		{ "if b: a = 5", "(if) (b) (a) | if" },
		{ "if b:\n\ta = 5\nc = 6", "(a) c | if" },
		{ "if b == 5:\n  c = 6\nelse:\n  print(d)", "(c) | if else" },
		{ "(a := 5)", "(a) | (" },
		{ "import a, b", "(import) (a) (b) | import" },
		{ "for a in b: pass", "(for) (a) (in) (b) (pass) | for" },
		{ "with b as a: pass", "(with) (b) (as) (a) (pass) | with" },
		{ "del a", "(del) (a) | del" },
		{ "def a(): pass", "(def) (a) (pass) | def" },
		{ "'text: a = 5'\na = 6", "a |" },
		{ "'''\na = 5\n'''\nb = 6", "b |" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_names(cases[i][0], cases[i][1]);
}

static void test_broken(void **state)
{
	static const char *const cases[] = {
		"a = 'b", "a = 'b\n'", "a = '''b''", "a = (",	"a = (]",   "a = 5)",
		"a = $",  "a = b!",    "a = \\ 5",   "a = `b`", "a = 'b\\", "a = '",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct python_file file = { { (void *)&file, 77 } };
		_cleanup_diag_ struct diag d = { 0 };

		assert_int_equal(python_read("f", cases[i], strlen(cases[i]), &file, &d), -EINVAL);
		assert_int_equal(d.errors, 1);
		assert_int_equal(file.assignments.n, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),	   cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_containers), cmocka_unit_test(test_statements),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
