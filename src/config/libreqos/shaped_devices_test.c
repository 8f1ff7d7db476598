/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/libreqos/inputs_fixture.h"

#define HEADER \
	"Circuit ID,Circuit Name,Parent Node,IPv4,Download Max Mbps,Upload Max Mbps,Comment\n"

static void expect(const char *text, const char *findings, const char *circuits)
{
	_cleanup_network_ struct network n = { 0 };
	_cleanup_strbuf_ struct strbuf said = { 0 }, got = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	int r = shaped_devices_read("f", text, strlen(text), &n, &d);

	diag_format_all(&d, &said);
	dump_circuits(&got, &n, true);
	assert_string_equal(strbuf_text(&said), findings);
	if (circuits)
		assert_string_equal(strbuf_text(&got), circuits);
	assert_int_equal(r, d.errors ? -EINVAL : 0);
}

static void test_quotes(void **state)
{
	expect(HEADER "1,\" a \"\"b\"\", c \",,\"\",5,5,\"\"\"\"\n", "",
	       "circuit '1' 'a \"b\", c' on - min 0/0 max 5/5 leaf -/- line 2\n"
	       "  device '' '' mac '' comment '\"' line 2\n");
	expect(HEADER "1, a \"b\" ,,,5,5,  \"x\"  ", "",
	       "circuit '1' 'a \"b\"' on - min 0/0 max 5/5 leaf -/- line 2\n"
	       "  device '' '' mac '' comment 'x' line 2\n");
	expect(HEADER "1,a,,,5,5,\"x\" y\n",
	       "f:2:15: error: text behind the closing quote (within quotes, a quote is written "
	       "twice)\n",
	       "");
}

/* A quote that is not closed costs its own line, and no other. */
static void test_open_quote(void **state)
{
	expect(HEADER "1,\"a,,192.0.2.1,5,5,\n2,b,,192.0.2.2,5,5,\n",
	       "f:2:3: error: this quote is never "
	       "closed (the line is left out)\n",
	       "circuit '2' 'b' on - min 0/0 max 5/5 leaf -/- line 3\n"
	       "  device '' '' mac '' comment '' line 3\n"
	       "    192.0.2.2 at 3:6\n");
	expect(HEADER "1,\"a,,192.0.2.1,5,5,\n2,\"b\",,192.0.2.2,5,5,\n",
	       "f:2:3: error: this quote is not closed before line 3 (the line is left out)\n",
	       "circuit '2' 'b' on - min 0/0 max 5/5 leaf -/- line 3\n"
	       "  device '' '' mac '' comment '' line 3\n"
	       "    192.0.2.2 at 3:8\n");
	expect(HEADER "1,\"a,,192.0.2.1,5,5,\n2,b,,192.0.2.2,5,5,\"\n3,c,,192.0.2.3,5,5,\n",
	       "f:2:1: error: 2 fields, but the header has 7 (a quote that opens in this line "
	       "closes in "
	       "line 3)\n"
	       "f:3:20: error: this quote is never closed (the line is left out)\n",
	       "circuit '3' 'c' on - min 0/0 max 5/5 leaf -/- line 4\n"
	       "  device '' '' mac '' comment '' line 4\n"
	       "    192.0.2.3 at 4:6\n");
}

static void test_places(void **state)
{
	/* Columns count characters; each address has its own. */
	expect(HEADER "1,é€,,\" 192.0.2.1 ,,\t10.0.0.0/8,\n  192.0.2.3\",5,5,\n", "",
	       "circuit '1' 'é€' on - min 0/0 max 5/5 leaf -/- line 2\n"
	       "  device '' '' mac '' comment '' line 2\n"
	       "    192.0.2.1 at 2:9\n"
	       "    10.0.0.0/8 at 2:22\n"
	       "    192.0.2.3 at 3:3\n");
}

static void test_merge(void **state)
{
	expect(HEADER "1,a,P,192.0.2.1,5,5,\n"
		      "2,b,,192.0.2.2,5,5,\n"
		      "1,other,P,192.0.2.3,5,5,second\n"
		      "1,a,P,192.0.2.4,5,6,\n"
		      "1,a,Q,192.0.2.5,5,5,\n"
		      "1,a,,192.0.2.6,5,5,\n",
	       "f:5:1: warning: circuit `1` has other rates at f:2:1, and those count\n"
	       "f:6:5: error: circuit `1` hangs on `Q` here, but on `P` at f:2:1\n"
	       "f:7:1: error: circuit `1` hangs on `(none)` here, but on `P` at f:2:1\n",
	       "circuit '1' 'a' on P min 0/0 max 5/5 leaf -/- line 2\n"
	       "  device '' '' mac '' comment '' line 2\n"
	       "    192.0.2.1 at 2:7\n"
	       "  device '' '' mac '' comment 'second' line 4\n"
	       "    192.0.2.3 at 4:11\n"
	       "  device '' '' mac '' comment '' line 5\n"
	       "    192.0.2.4 at 5:7\n"
	       "circuit '2' 'b' on - min 0/0 max 5/5 leaf -/- line 3\n"
	       "  device '' '' mac '' comment '' line 3\n"
	       "    192.0.2.2 at 3:6\n");
}

/* Two files: the checker, not the reader, finds circuits that are in both. */
static void test_two_files(void **state)
{
	static const char text[] = HEADER "1,a,,192.0.2.1,5,5,\n";
	_cleanup_network_ struct network n = { 0 };
	_cleanup_strbuf_ struct strbuf said = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	assert_int_equal(shaped_devices_read("f", text, strlen(text), &n, &d), 0);
	assert_int_equal(shaped_devices_read("g", text, strlen(text), &n, &d), 0);
	assert_int_equal(n.circuits.n, 2);
	assert_int_equal(network_check(&n, &d), -EINVAL);
	diag_format_all(&d, &said);
	assert_string_equal(
		strbuf_text(&said),
		"g:2:1: error: circuit `1` is there twice, first at f:2:1\n"
		"g:2:6: error: 192.0.2.1 is of circuit `1`, but also of `1`, at f:2:6\n");
}

/* All of many errors are counted, and the good rows between them read. */
static void test_many(void **state)
{
	_cleanup_network_ struct network n = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	strbuf_add(&text, HEADER);
	for (unsigned i = 0; i < 100000; i++)
		strbuf_addf(&text, "%u,,,\"10.%u.%u.%u, 2001:db8:%x:%x::/64\",%s,5,\n", i / 2,
			    i >> 16, i >> 8 & 255, i & 255, i >> 16, i & 0xffff,
			    i % 100 ? "5.5" : "x");
	assert_int_equal(shaped_devices_read("f", text.text, text.len, &n, &d), -EINVAL);
	assert_int_equal(d.errors, 1000);
	assert_int_equal(n.circuits.n, 50000);
	assert_int_equal(n.circuits.at[0].devices.n, 1);
	assert_int_equal(n.circuits.at[1].devices.n, 2);
	assert_int_equal(network_check(&n, &d), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quotes),	  cmocka_unit_test(test_open_quote),
		cmocka_unit_test(test_places),	  cmocka_unit_test(test_merge),
		cmocka_unit_test(test_two_files), cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
