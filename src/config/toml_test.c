/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/toml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/text.h"
#include "model/tree.h"

static struct tree *parse(const char *text)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf found = { 0 };
	struct tree *t = NULL;
	int r = toml_parse("f", text, strlen(text), &t, &d);

	diag_format_all(&d, &found);
	if (r || d.entries.n)
		fail_msg("%s: %s", text, strbuf_text(&found));
	return t;
}

/* The message must begin so; behind that stand the library's own words. */
static void refuse(const char *text, const char *want)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf found = { 0 };
	struct tree *t = NULL;

	assert_int_equal(toml_parse("f", text, strlen(text), &t, &d), -EINVAL);
	assert_null(t);
	diag_format_all(&d, &found);
	if (strncmp(strbuf_text(&found), want, strlen(want)))
		assert_string_equal(strbuf_text(&found), want);
}

static void assert_place(const struct mark *at, unsigned line, unsigned column)
{
	assert_string_equal(at->file, "f");
	assert_int_equal(at->line, line);
	assert_int_equal(at->column, column);
}

static void test_order_and_places(void **state)
{
	_cleanup_(tree_freep) struct tree *t =
		parse("z = 1\n[b]\ny = 'é'\nx = [ \"é\", 2 ]\n[a]\nk.j = true\n");
	struct tree *b = tree_get(t, "b"), *a = tree_get(t, "a");

	assert_string_equal(t->children[0]->key, "z");
	assert_string_equal(t->children[1]->key, "b");
	assert_string_equal(t->children[2]->key, "a");
	assert_place(&t->at, 1, 1);
	assert_place(&t->children[0]->at, 1, 5);
	assert_place(&b->key_at, 2, 2);
	assert_string_equal(b->children[0]->key, "y");
	assert_place(&b->children[0]->key_at, 3, 1);
	assert_true(b->children[0]->quoted);
	assert_place(&b->children[1]->at, 4, 5);
	assert_place(&b->children[1]->children[1]->at, 4, 12);
	assert_false(b->children[1]->children[1]->quoted);
	assert_string_equal(tree_get(tree_get(a, "k"), "j")->text, "true");
	assert_int_equal(tree_get(a, "k")->key_at.line, 6);
}

static void test_scalars(void **state)
{
	_cleanup_(tree_freep) struct tree *t = parse("a = 0x1f\nb = -3\nc = 1.5\nd = 1979-05-27\n"
						     "e = 07:32:00\nf = 1979-05-27T07:32:00Z\n"
						     "g = \"\"\"\nx\"\"\"\"\nh = false\n");

	assert_string_equal(tree_get(t, "a")->text, "31");
	assert_string_equal(tree_get(t, "b")->text, "-3");
	assert_string_equal(tree_get(t, "c")->text, "1.5");
	assert_string_equal(tree_get(t, "d")->text, "1979-05-27");
	assert_string_equal(tree_get(t, "e")->text, "07:32:00");
	assert_string_equal(tree_get(t, "f")->text, "1979-05-27T07:32:00Z");
	assert_string_equal(tree_get(t, "g")->text, "x\"");
	assert_string_equal(tree_get(t, "h")->text, "false");
	assert_false(tree_get(t, "h")->quoted);
}

static void test_bom_and_crlf(void **state)
{
	_cleanup_(tree_freep) struct tree *t = parse("\xef\xbb\xbf"
						     "a = 1\r\nb = 2\r\n");

	assert_place(&tree_get(t, "a")->key_at, 1, 1);
	assert_place(&tree_get(t, "b")->at, 2, 5);
}

static void test_tables_of_arrays(void **state)
{
	_cleanup_(tree_freep) struct tree *t = parse("[[m]]\na = 1\n[[m]]\na = 2\n");
	struct tree *m = tree_get(t, "m");

	assert_int_equal(m->kind, TREE_LIST);
	assert_int_equal(m->n, 2);
	assert_string_equal(tree_get(m->children[1], "a")->text, "2");
	assert_int_equal(m->children[1]->at.line, 3);
}

static void test_refused(void **state)
{
	refuse("a = 1\na = 2\n", "f:2:");
	refuse("a = [1, \n", "f:1:10: error: ");
	refuse("a = \"x\n", "f:1:");
	refuse("a = 99999999999999999999\n", "f:1:");
	refuse("a = \"x\\u0000y\"\n", "f:1:5: error: a NUL character within text\n");
	refuse("[.a]\n", "f:1:2: error: ");
	refuse("é = 1\n", "f:1:1: error: ");
	refuse("a = 1 \u00e9\n", "f:1:7: error: ");
	refuse("\xef\xbb\x9f = 1\n", "f:1:1: error: ");
	refuse("\"x\\u0000y\" = 1\n", "f:1:1: error: a NUL character within a key\n");
}

/* 200 000 parts once ran the parser out of stack. */
static void test_dotted_key(void **state)
{
	size_t parts = 200000;
	_cleanup_free_ char *text = malloc(parts * 2 + 16);
	size_t n = 0;

	while (n < parts * 2) {
		text[n++] = 'a';
		text[n++] = '.';
	}
	strcpy(text + n - 1, " = 1\n");
	refuse(text, "f:1:1: error: a key of more than 32 parts\n");
	memcpy(text, "x=1\n[a", 6);
	refuse(text, "f:2:2: error: a key of more than 32 parts\n");
	strcpy(text, "v = 'a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.1.2.3.4.5.6.7.8'\n"
		     "# a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.1.2.3.4.5.6.7.8\n");
	tree_free(parse(text));
	strcpy(text,
	       "'a'.\"b\" . c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.1.2.3.4.5.6.7.8=1\n");
	refuse(text, "f:1:1: error: a key of more than 32 parts\n");
}

static void test_depth(void **state)
{
	size_t n = 100000;
	_cleanup_free_ char *text = malloc(n + 16);

	memset(text, '[', n);
	memcpy(text, "a = ", 4);
	text[n] = 0;
	refuse(text, "f:1:69: error: nested deeper than 64 levels\n");
	for (size_t i = 0; i + 4 <= n; i += 4)
		memcpy(text + i, "{b= ", 4);
	memcpy(text, "a = ", 4);
	refuse(text, "f:1:261: error: nested deeper than 64 levels\n");
	/* Every bracket may hold a long key: together they must not go deep either. */
	strcpy(text, "k = ");
	for (int i = 0; i < 60; i++)
		strcat(text, "{a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z = ");
	strcat(text, "1");
	for (int i = 0; i < 60; i++)
		strcat(text, "}");
	refuse(text, "f:1:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_places),
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_bom_and_crlf),
		cmocka_unit_test(test_tables_of_arrays),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_dotted_key),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
