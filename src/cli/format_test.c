/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers, YAML and tables, to the character. */
#include "cli/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "cli/table.h"

#define EXPECT(call, text)                                   \
	do {                                                 \
		struct strbuf _b = { 0 };                    \
		struct strbuf *out = &_b;                    \
		call;                                        \
		assert_string_equal(strbuf_text(&_b), text); \
		strbuf_free(&_b);                            \
	} while (0)

static void test_count(void **state)
{
	EXPECT(format_count(out, 0), "0");
	EXPECT(format_count(out, 999), "999");
	EXPECT(format_count(out, 1000), "1,000");
	EXPECT(format_count(out, 1234567), "1,234,567");
	EXPECT(format_count(out, -100), "-100");
	EXPECT(format_count(out, -123456), "-123,456");
	EXPECT(format_count(out, INT64_MIN), "-9,223,372,036,854,775,808");
}

static void test_bytes(void **state)
{
	EXPECT(format_bytes(out, 0), "0 B");
	EXPECT(format_bytes(out, 999), "999 B");
	EXPECT(format_bytes(out, 1000), "1.00 kB");
	EXPECT(format_bytes(out, 9999), "10.0 kB");
	EXPECT(format_bytes(out, 123456), "123 kB");
	EXPECT(format_bytes(out, 999999), "1.00 MB");
	EXPECT(format_bytes(out, INT64_MAX), "9.22 EB");
	EXPECT(format_bits(out, 1.5e9), "1.50 Gbit/s");
	EXPECT(format_bits(out, 0), "0 bit/s");
}

static void test_rate(void **state)
{
	EXPECT(format_rate(out, 20000000), "20 Mbit/s");
	EXPECT(format_rate(out, 1500000), "1.5 Mbit/s");
	EXPECT(format_rate(out, 1000050), "1.00005 Mbit/s");
	EXPECT(format_rate(out, 1234000000), "1.234 Gbit/s");
	EXPECT(format_rate(out, 950), "950 bit/s");
	EXPECT(format_rate(out, 64000), "64 kbit/s");
	EXPECT(format_rate(out, 0), "0 bit/s");
	EXPECT(format_use(out, 0, 50000000), "0 of 50 Mbit/s");
	EXPECT(format_use(out, 800000, 50000000), "0.80 of 50 Mbit/s");
	EXPECT(format_use(out, 12345678, 50000000), "12.3 of 50 Mbit/s");
	EXPECT(format_use(out, 949600000, 950000000), "950 of 950 Mbit/s");
	EXPECT(format_use(out, 12345678, 0), "12.3 Mbit/s");
}

static void test_duration(void **state)
{
	EXPECT(format_duration(out, 59), "59 s");
	EXPECT(format_duration(out, 61), "1 min 1 s");
	EXPECT(format_duration(out, 3 * 3600 + 240), "3 h 4 min");
	EXPECT(format_duration(out, 90000), "1 d 1 h");
}

static void value(const char *json, const char *text)
{
	json_t *v = json_loads(json, JSON_DECODE_ANY, NULL);

	EXPECT(format_value(out, v), text);
	json_decref(v);
}

static void test_value(void **state)
{
	EXPECT(format_value(out, NULL), "-");
	value("null", "-");
	value("true", "yes");
	value("12345", "12,345");
	value("1.5", "1.50");
	value("[]", "-");
	value("[\"a\", 2]", "a, 2");
	value("{\"a\":1}", "{\"a\":1}");
}

static void yaml(const char *json, const char *text)
{
	json_t *v = json_loads(json, 0, NULL);

	assert_non_null(v);
	EXPECT(format_yaml(out, v), text);
	json_decref(v);
}

static void test_yaml(void **state)
{
	yaml("{}", "{}\n");
	yaml("{\"a\":{\"b\":1,\"c\":\"x\"},\"d\":[]}", "a:\n  b: 1\n  c: x\nd: []\n");
	yaml("{\"l\":[{\"name\":\"eth0\",\"v\":[1,2]},{\"name\":\"eth1\",\"v\":{}}]}",
	     "l:\n  - name: eth0\n    v:\n      - 1\n      - 2\n  - name: eth1\n    v: {}\n");
	yaml("{\"l\":[[1,[2]],\"x\"]}", "l:\n  -\n    - 1\n    -\n      - 2\n  - x\n");
	/* What a YAML reader would take for something else is quoted. */
	yaml("{\"a\":\"yes\",\"b\":\"5\",\"c\":\"\",\"d\":\"a: "
	     "b\",\"e\":\"-x\",\"f\":null,\"g\":\"No\"}",
	     "a: \"yes\"\nb: \"5\"\nc: \"\"\nd: \"a: b\"\ne: \"-x\"\nf: null\ng: \"No\"\n");
	yaml("{\"on\":\"line\\nbreak\",\"/p\":\"00:11:22:33:44:55\"}",
	     "\"on\": \"line\\nbreak\"\n/p: \"00:11:22:33:44:55\"\n");
}

static void test_clean(void **state)
{
	_cleanup_free_ char *text = format_clean("a\033[2Jb\tc\177\302\233d\303\274");

	assert_string_equal(text, "a?[2Jb?c??\233d\303\274");
}

static void test_width(void **state)
{
	assert_int_equal(format_width(""), 0);
	assert_int_equal(format_width("abc"), 3);
	assert_int_equal(format_width("m\303\274de"), 4);
}

static struct table sample(void)
{
	struct table t = { 0 };

	table_column(&t, "NAME", false, false);
	table_column(&t, "N", true, false);
	table_column(&t, "MEANING", false, true);
	table_cell(&t, "eth0", STYLE_GOOD);
	table_cellf(&t, "%d", 12345);
	table_cell(&t, "in", STYLE_PLAIN);
	table_cell(&t, "m\303\274", STYLE_PLAIN);
	table_cell(&t, "7", STYLE_PLAIN);
	table_cell(&t, "", STYLE_PLAIN);
	return t;
}

static void test_table(void **state)
{
	_cleanup_table_ struct table t = sample();

	EXPECT(table_print(&t, 80, false, out), "NAME      N  MEANING\n"
						"eth0  12345  in\n"
						"m\303\274        7\n");
	EXPECT(table_print(&t, 20, false, out), "NAME      N  MEANING\n"
						"eth0  12345  in\n"
						"m\303\274        7\n");
	/* One column less, and the spare one goes. */
	EXPECT(table_print(&t, 19, false, out), "NAME      N\neth0  12345\nm\303\274        7\n");
}

static void test_table_colour(void **state)
{
	_cleanup_table_ struct table t = sample();

	EXPECT(table_print(&t, 19, true, out), "\033[1mNAME\033[0m      \033[1mN\033[0m\n"
					       "\033[32meth0\033[0m  12345\n"
					       "m\303\274        7\n");
}

static void test_table_hostile(void **state)
{
	_cleanup_table_ struct table t = { 0 };

	EXPECT(table_print(&t, 80, true, out), "");
	table_column(&t, "A\033B", false, false);
	EXPECT(table_print(&t, 80, false, out), "A?B\n");
	table_cell(&t, "\r\nroot", STYLE_PLAIN);
	EXPECT(table_print(&t, 80, false, out), "A?B\n??root\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),	      cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_rate),	      cmocka_unit_test(test_duration),
		cmocka_unit_test(test_value),	      cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_clean),	      cmocka_unit_test(test_width),
		cmocka_unit_test(test_table),	      cmocka_unit_test(test_table_colour),
		cmocka_unit_test(test_table_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
