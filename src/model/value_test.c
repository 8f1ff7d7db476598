/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const leaves[] = { "cake", "fq_codel", NULL };
static const struct schema_row row_bool = { .key = "b", .kind = SCHEMA_BOOL };
static const struct schema_row row_int = { .key = "i", .kind = SCHEMA_INT };
static const struct schema_row row_ms = {
	.key = "i", .kind = SCHEMA_INT, .min = 10, .max = 20, .unit = "ms"
};
static const struct schema_row row_enum = { .key = "e", .kind = SCHEMA_ENUM, .names = leaves };
static const struct schema_row row_string = { .key = "s", .kind = SCHEMA_STRING };
static const struct schema_row row_ifname = { .key = "n", .kind = SCHEMA_IFNAME };
static const struct schema_row row_path = { .key = "p", .kind = SCHEMA_PATH };

static const struct schema_row row_rate = {
	.key = "r", .kind = SCHEMA_RATE, .min = 8000, .max = 2000000000
};

union any {
	struct conf_rate r;
	struct conf_bool b;
	struct conf_int i;
	struct conf_enum e;
	struct conf_string s;
};

/* Reads `text` as the row says and compares the whole message; NULL: there must be none. */
static void read_as(const struct schema_row *row, const char *text, bool quoted, union any *v,
		    const char *message)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf found = { 0 };
	struct mark at = { "f", 3, 7 };
	_cleanup_(tree_freep) struct tree *t = tree_new(TREE_SCALAR, text, at);

	t->quoted = quoted;
	memset(v, 0, sizeof(*v));
	assert_int_equal(value_read(row, t, at, v, &d), message ? -EINVAL : 0);
	diag_format_all(&d, &found);
	if (!message)
		assert_string_equal(strbuf_text(&found), "");
	else
		assert_string_equal(strbuf_text(&found), message);
}

static void accept_int(const char *text, int64_t want)
{
	union any v;

	read_as(&row_int, text, false, &v, NULL);
	assert_int_equal(v.i.value, want);
	assert_true(v.i.set);
	assert_int_equal(v.i.at.line, 3);
}

static void accept_bool(const char *text, bool want)
{
	union any v;

	read_as(&row_bool, text, false, &v, NULL);
	assert_int_equal(v.b.value, want);
	assert_true(v.b.set);
}

static void test_bool(void **state)
{
	union any v;

	accept_bool("true", true);
	accept_bool("True", true);
	accept_bool("FALSE", false);
	read_as(&row_bool, "maybe", false, &v,
		"f:3:7: error: `b` wants true or false, not 'maybe'\n");
	read_as(&row_bool, "yes", false, &v,
		"f:3:7: error: `b` wants true or false, not 'yes' (write true)\n");
	read_as(&row_bool, "OFF", false, &v,
		"f:3:7: error: `b` wants true or false, not 'OFF' (write false)\n");
	read_as(&row_bool, "tRue", false, &v,
		"f:3:7: error: `b` wants true or false, not 'tRue' (write true)\n");
	read_as(&row_bool, "true", true, &v,
		"f:3:7: error: `b` wants true or false, not 'true' (remove the quotes)\n");
}

static void test_int(void **state)
{
	accept_int("0", 0);
	accept_int("-17", -17);
	accept_int("+4", 4);
	accept_int("0x1F", 31);
	accept_int("0o17", 15);
	accept_int("9223372036854775807", INT64_MAX);
	accept_int("-9223372036854775808", INT64_MIN);
}

static void test_int_refused(void **state)
{
	static const char *const wrong[] = { "",    "-",   "0x", "0o8", "1_000", "1.5",
					     "1e3", "ten", " 1", "1 ",	"0x-1",	 "--1" };
	_cleanup_strbuf_ struct strbuf want = { 0 };
	union any v;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		strbuf_free(&want);
		strbuf_addf(&want, "f:3:7: error: `i` wants a whole number, not '%s'\n", wrong[i]);
		read_as(&row_int, wrong[i], false, &v, strbuf_text(&want));
	}
	read_as(&row_int, "12", true, &v,
		"f:3:7: error: `i` wants a whole number, not '12' (remove the quotes)\n");
	read_as(&row_int, "010", false, &v,
		"f:3:7: error: `i`: the leading zero of '010' is ambiguous "
		"(write 10, or 0o… for an octal number)\n");
	read_as(&row_int, "9223372036854775808", false, &v,
		"f:3:7: error: `i`: '9223372036854775808' does not fit in 64 bits\n");
}

static void test_int_range_and_unit(void **state)
{
	union any v;

	read_as(&row_ms, "10", false, &v, NULL);
	read_as(&row_ms, "20", false, &v, NULL);
	read_as(&row_ms, "21", false, &v,
		"f:3:7: error: `i` wants a whole number of ms from 10 to 20, not '21'\n");
	read_as(&row_ms, "-1", false, &v,
		"f:3:7: error: `i` wants a whole number of ms from 10 to 20, not '-1'\n");
	read_as(&row_ms, "99999999999999999999", false, &v,
		"f:3:7: error: `i` wants a whole number of ms from 10 to 20, not "
		"'99999999999999999999'\n");
	read_as(&row_ms, "15 ms", false, &v,
		"f:3:7: error: `i` wants a whole number of ms from 10 to 20, not '15 ms' "
		"(write 15: the unit is always ms)\n");
}

static void test_enum(void **state)
{
	union any v;

	read_as(&row_enum, "fq_codel", false, &v, NULL);
	assert_int_equal(v.e.value, 1);
	read_as(&row_enum, "fqcodel", false,
		&v, "f:3:7: error: `e` wants cake or fq_codel, not 'fqcodel' (did you mean fq_codel?)\n");
	read_as(&row_enum, "zzzzzz", false, &v,
		"f:3:7: error: `e` wants cake or fq_codel, not 'zzzzzz'\n");
}

static void test_strings(void **state)
{
	union any v;

	read_as(&row_string, "1", false, &v, NULL);
	assert_string_equal(v.s.text, "1");
	free(v.s.text);
	read_as(&row_string, "", true, &v, NULL);
	assert_string_equal(v.s.text, "");
	free(v.s.text);
	read_as(&row_path, "", true, &v, "f:3:7: error: `p` wants a path, not '' (it is empty)\n");
	assert_null(v.s.text);
}

static void test_ifname(void **state)
{
	static const char *const good[] = { "1", "eth0", "abcdefghijklmno", "a.100", "...", "wan@x" };
	static const char *const bad[] = { "",	   ".",	   "..",  "a/b",
					   "a b",  "a\tb", "a:1", "abcdefghijklmnop",
					   "a\x01" };
	union any v;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_null(ifname_problem(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_non_null(ifname_problem(bad[i]));
	read_as(&row_ifname, "a/b", false, &v,
		"f:3:7: error: `n` wants an interface name, not 'a/b' (it holds a '/' or ':')\n");
}

static void accept_rate(const char *text, bool quoted, uint64_t want)
{
	union any v;

	read_as(&row_rate, text, quoted, &v, NULL);
	assert_int_equal(v.r.value, want);
	assert_true(v.r.set);
	assert_int_equal(v.r.at.column, 7);
}

#define RATE_WANTS                                                                            \
	"f:3:7: error: `r` wants a rate from 0.008 to 2000 Mbit/s, or with a suffix such as " \
	"500k, 2.5M or 1G, not "

static void test_rate(void **state)
{
	union any v;

	accept_rate("2.5", false, 2500000);
	accept_rate("0.008", false, 8000);
	accept_rate("2000", false, 2000000000);
	accept_rate("0.100001", false, 100001);
	accept_rate("8k", false, 8000);
	accept_rate("8.001K", false, 8001);
	accept_rate("2.5M", true, 2500000); /* JSON has no other way */
	accept_rate("1 mbit", false, 1000000);
	accept_rate("1.5Gbit", false, 1500000000);
	read_as(&row_rate, "7.999k", false, &v, RATE_WANTS "'7.999k'\n");
	read_as(&row_rate, "2.000001G", false, &v, RATE_WANTS "'2.000001G'\n");
	read_as(&row_rate, "8.0001k", false, &v, RATE_WANTS "'8.0001k'\n");
	read_as(&row_rate, "2000001G", false, &v, RATE_WANTS "'2000001G'\n");
	read_as(&row_rate, "-1", false, &v, RATE_WANTS "'-1'\n");
	read_as(&row_rate, "", true, &v, RATE_WANTS "''\n");
	read_as(&row_rate, "k", false, &v, RATE_WANTS "'k'\n");
	read_as(&row_rate, "1 ", true, &v, RATE_WANTS "'1 ' (write 1)\n");
}

static void test_rate_hints(void **state)
{
	union any v;

	read_as(&row_rate, "10", true, &v, RATE_WANTS "'10' (remove the quotes)\n");
	read_as(&row_rate, "10Mbps", false, &v, RATE_WANTS "'10Mbps' (write 10M)\n");
	read_as(&row_rate, "1 Gbit/s", false, &v, RATE_WANTS "'1 Gbit/s' (write 1G)\n");
	read_as(&row_rate, "2,5", false, &v, RATE_WANTS "'2,5' (write 2.5)\n");
	read_as(&row_rate, "1,000,000", false, &v, RATE_WANTS "'1,000,000'\n");
	read_as(&row_rate, "10 miles", false, &v, RATE_WANTS "'10 miles'\n");
}

static void test_rate_as_json(void **state)
{
	static const uint64_t rates[] = { 0, 8000, 100001, 1000000, 2300000, 999999999999 };

	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		json_t *json = value_rate_to_json(rates[i]);
		_cleanup_free_ char *text =
			json_dumps(json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		uint64_t rate = 1;

		json_decref(json);
		assert_int_equal(value_rate_parse(text, &rate), 0);
		assert_true(rate == rates[i]);
	}
}

static void test_defaults(void **state)
{
	struct schema_row row = { .key = "s", .kind = SCHEMA_STRING, .def = "'a b'" };
	_cleanup_diag_ struct diag d = { 0 };
	union any v = { 0 };

	assert_int_equal(value_default(&row, &v, &d), 0);
	assert_string_equal(v.s.text, "a b");
	assert_false(v.s.set);
	value_free(&row, &v);
	row = (struct schema_row){ .key = "i", .kind = SCHEMA_INT, .def = "many" };
	assert_int_equal(value_default(&row, &v, &d), -EINVAL);
	assert_int_equal(d.errors, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bool),	     cmocka_unit_test(test_int),
		cmocka_unit_test(test_int_refused),  cmocka_unit_test(test_int_range_and_unit),
		cmocka_unit_test(test_enum),	     cmocka_unit_test(test_strings),
		cmocka_unit_test(test_ifname),	     cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_rate),	     cmocka_unit_test(test_rate_hints),
		cmocka_unit_test(test_rate_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
