/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/text.h"

static struct tree *parse(const char *text, bool json)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf found = { 0 };
	struct tree *t = NULL;
	int r = yaml_parse("f", text, strlen(text), json, &t, &d);

	diag_format_all(&d, &found);
	if (r || d.entries.n)
		fail_msg("%s: %s", text, strbuf_text(&found));
	return t;
}

static void refuse(const char *text, bool json, const char *want)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf found = { 0 };
	struct tree *t = NULL;

	assert_int_equal(yaml_parse("f", text, strlen(text), json, &t, &d), -EINVAL);
	assert_null(t);
	diag_format_all(&d, &found);
	assert_string_equal(strbuf_text(&found), want);
}

static void assert_place(const struct mark *at, unsigned line, unsigned column)
{
	assert_string_equal(at->file, "f");
	assert_int_equal(at->line, line);
	assert_int_equal(at->column, column);
}

static void test_places(void **state)
{
	_cleanup_(tree_freep) struct tree *t = parse("ä:\n  é: \"x\"\n  b: [1, 'two']\n", false);
	struct tree *a = tree_get(t, "ä"), *e = tree_get(a, "é"), *b = tree_get(a, "b");

	assert_place(&a->key_at, 1, 1);
	assert_place(&a->at, 2, 3);
	assert_place(&e->key_at, 2, 3);
	assert_place(&e->at, 2, 6);
	assert_true(e->quoted);
	assert_place(&b->at, 3, 6);
	assert_place(&b->children[0]->at, 3, 7);
	assert_false(b->children[0]->quoted);
	assert_place(&b->children[1]->at, 3, 10);
}

static void test_line_ends_and_bom(void **state)
{
	_cleanup_(tree_freep) struct tree *t = parse("\xef\xbb\xbf"
						     "a: 1\r\nb: 2\r\n",
						     false);

	assert_string_equal(tree_get(t, "a")->text, "1");
	assert_place(&tree_get(t, "a")->key_at, 1, 1);
	assert_place(&tree_get(t, "b")->at, 2, 4);
}

static void test_null(void **state)
{
	_cleanup_(tree_freep) struct tree *t =
		parse("a:\nb: ~\nc: null\nd: 'null'\ne: |\n  x\n", false);

	assert_int_equal(tree_get(t, "a")->kind, TREE_NULL);
	assert_place(&tree_get(t, "a")->key_at, 1, 1);
	assert_int_equal(tree_get(t, "b")->kind, TREE_NULL);
	assert_int_equal(tree_get(t, "c")->kind, TREE_NULL);
	assert_string_equal(tree_get(t, "d")->text, "null");
	assert_string_equal(tree_get(t, "e")->text, "x\n");
}

static void test_nothing(void **state)
{
	static const char *const texts[] = { "", "# only\n", "---\n", "...\n", "\n\n" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		_cleanup_(tree_freep) struct tree *t = parse(texts[i], false);

		assert_int_equal(t->kind, TREE_NULL);
	}
}

static void test_json(void **state)
{
	const char *text = "{\"a\": \"\\ud83d\\ude00\\/\",\n\t\"b\": [1, true, null]}";

	for (int json = 0; json < 2; json++) {
		_cleanup_(tree_freep) struct tree *t = parse(text, json);

		assert_string_equal(tree_get(t, "a")->text, "😀/");
		assert_place(&tree_get(t, "a")->at, 1, 7);
		assert_place(&tree_get(t, "b")->key_at, 2, 2);
		assert_int_equal(tree_get(t, "b")->children[2]->kind, TREE_NULL);
	}
	refuse("{\"a\": 1,}", true,
	       "f:1:8: error: JSON disallows trailing comma before closing brace\n");
	refuse("{\"a\": b}", true,
	       "f:1:7: error: Invalid JSON plain scalar (JSON wants text between double quotes)\n");
	refuse("{\"a\": 1} x", true,
	       "f:1:10: error: Invalid JSON plain scalar"
	       " (JSON wants text between double quotes)\n");
}

static void test_duplicates(void **state)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_(tree_freep) struct tree *t = NULL;
	const char *text = "a: 1\nb: {x: 1, 'x': 2}\na: 3\n";

	assert_int_equal(yaml_parse("f", text, strlen(text), false, &t, &d), 0);
	assert_int_equal(d.errors, 2);
	assert_string_equal(d.entries.at[0].text, "`x` is given twice, first at f:2:5");
	assert_string_equal(d.entries.at[1].text, "`a` is given twice, first at f:1:1");
	assert_string_equal(tree_get(t, "a")->text, "1");
}

static void test_refused_forms(void **state)
{
	refuse("a: &x 1\nb: *x\n", false,
	       "f:1:4: error: anchors (&name) are not allowed in a configuration "
	       "(write the value itself)\n");
	refuse("b: *x\n", false,
	       "f:1:4: error: aliases (*name) are not allowed in a configuration "
	       "(write the value itself)\n");
	refuse("a: !!int 1\n", false,
	       "f:1:4: error: tags (!name) are not allowed in a configuration "
	       "(write the value itself)\n");
	refuse("a: !x [1]\n", false,
	       "f:1:4: error: tags (!name) are not allowed in a configuration "
	       "(write the value itself)\n");
	refuse("? [a]\n: b\n", false, "f:1:3: error: a key must be one word, not a list or a map\n");
	refuse("a: \"x\\0y\"\n", false, "f:1:4: error: a NUL character within text\n");
	refuse("a: 1\n---\nb: 2\n", false,
	       "f:2:1: error: a second document begins here "
	       "(one file holds one document: remove the --- or use another file)\n");
	refuse("a:\n\tb: 1\n", false,
	       "f:2:1: error: tab character may not be used as indentation (indent with spaces)\n");
}

static void test_syntax(void **state)
{
	refuse("a: [1,\n", false,
	       "f:2:1: error: did not find expected node content (a bracket may still be open)\n");
	refuse("a: b: c\n", false,
	       "f:1:5: error: invalid nested block mapping on the same line"
	       " (quote a value that holds ': ')\n");
	refuse("a: \"x\n", false,
	       "f:1:5: error: double-quoted scalar without closing quote"
	       " (close it on the same line)\n");
	refuse("a: 1\n b: 2\n", false,
	       "f:1:4: error: invalid multiline plain key"
	       " (a ':' and a space may be missing above)\n");
}

/* Each anchor doubles ten times; the first is refused before anything grows. */
static void test_alias_bomb(void **state)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	strbuf_add(&text, "a0: &a0 [x, x]\n");
	for (int i = 1; i < 60; i++)
		strbuf_addf(&text, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
	refuse(strbuf_text(&text), false,
	       "f:1:5: error: anchors (&name) are not allowed in a configuration "
	       "(write the value itself)\n");
}

static void test_depth(void **state)
{
	size_t n = 100000;
	_cleanup_free_ char *text = malloc(n + 1);
	struct tree *t;

	memset(text, '[', n);
	text[n] = 0;
	refuse(text, false, "f:1:65: error: nested deeper than 64 levels\n");
	refuse(text, true, "f:1:65: error: nested deeper than 64 levels\n");
	memset(text + TEXT_MAX_DEPTH, ']', TEXT_MAX_DEPTH);
	text[2 * TEXT_MAX_DEPTH] = 0;
	t = parse(text, false);
	assert_int_equal(t->kind, TREE_LIST);
	tree_free(t);
}

static void test_too_many_values(void **state)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	strbuf_add(&text, "[");
	for (unsigned i = 0; i < TEXT_MAX_VALUES; i++)
		strbuf_add(&text, i % 1000 ? "1," : "1,\n");
	strbuf_add(&text, "]");
	refuse(strbuf_text(&text), false, "f:1001:1997: error: more than 1000000 values\n");
}

/* Whatever characters pass text_check() must not end the document before its end. */
static void test_no_character_hides_what_follows(void **state)
{
	char text[64];

	for (unsigned c = 0x20; c < 0x11000; c = c < 0x3000 ? c + 1 : c + 97) {
		_cleanup_diag_ struct diag d = { 0 };
		_cleanup_(tree_freep) struct tree *t = NULL;
		char utf8[5] = { 0 };

		if (c < 0x80)
			utf8[0] = (char)c;
		else if (c < 0x800)
			utf8[0] = (char)(0xc0 | c >> 6), utf8[1] = (char)(0x80 | (c & 0x3f));
		else if (c < 0x10000)
			utf8[0] = (char)(0xe0 | c >> 12), utf8[1] = (char)(0x80 | (c >> 6 & 0x3f)),
			utf8[2] = (char)(0x80 | (c & 0x3f));
		else
			utf8[0] = (char)(0xf0 | c >> 18), utf8[1] = (char)(0x80 | (c >> 12 & 0x3f)),
			utf8[2] = (char)(0x80 | (c >> 6 & 0x3f)),
			utf8[3] = (char)(0x80 | (c & 0x3f));
		(void)snprintf(text, sizeof(text), "# x%s\na: x%sy\nb: 2\n", utf8, utf8);
		if (text_check("f", text, strlen(text), &d))
			continue;
		if (yaml_parse("f", text, strlen(text), false, &t, &d))
			continue;
		if (!tree_get(t, "b"))
			fail_msg("U+%04X hid the key behind it", c);
		assert_int_equal(tree_get(t, "b")->key_at.line, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_line_ends_and_bom),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_refused_forms),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_alias_bomb),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_too_many_values),
		cmocka_unit_test(test_no_character_hides_what_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
