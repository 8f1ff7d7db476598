/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *text, size_t len, const char *want)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf found = { 0 };

	assert_int_equal(text_check("f", text, len, &d), *want ? -EINVAL : 0);
	diag_format_all(&d, &found);
	assert_string_equal(strbuf_text(&found), want);
}
#define CHECK(text, want) check(text, sizeof(text) - 1, want)

static void test_good(void **state)
{
	CHECK("", "");
	CHECK("a: 1\r\n\tb\n", "");
	CHECK("\xef\xbb\xbf"
	      "a: 1",
	      "");
	CHECK("ü € 😀 \xf4\x8f\xbf\xbd \xed\x9f\xbf \xee\x80\x80", "");
}

static void test_bad_utf8(void **state)
{
	CHECK("a: 1\nb: \xfc\n",
	      "f:2:4: error: byte 0xfc is not UTF-8 text (save the file as UTF-8)\n");
	CHECK("ü\xff", "f:1:2: error: byte 0xff is not UTF-8 text (save the file as UTF-8)\n");
	CHECK("\x80", "f:1:1: error: byte 0x80 is not UTF-8 text (save the file as UTF-8)\n");
	CHECK("\xc0\x80", "f:1:1: error: byte 0xc0 is not UTF-8 text (save the file as UTF-8)\n");
	CHECK("\xc3", "f:1:1: error: byte 0xc3 is not UTF-8 text (save the file as UTF-8)\n");
	CHECK("\xe2\x82", "f:1:1: error: byte 0xe2 is not UTF-8 text (save the file as UTF-8)\n");
	CHECK("\xe0\x80\x80",
	      "f:1:1: error: byte 0xe0 is not UTF-8 text (save the file as UTF-8)\n");
	CHECK("\xed\xa0\x80",
	      "f:1:1: error: byte 0xed is not UTF-8 text (save the file as UTF-8)\n");
	CHECK("\xf4\x90\x80\x80",
	      "f:1:1: error: byte 0xf4 is not UTF-8 text (save the file as UTF-8)\n");
	CHECK("\xf8\x88\x80\x80\x80",
	      "f:1:1: error: byte 0xf8 is not UTF-8 text (save the file as UTF-8)\n");
	CHECK("\xff\xfe"
	      "a\0",
	      "f:1:1: error: the file is UTF-16, not UTF-8 (save the file as UTF-8)\n");
}

static void test_control(void **state)
{
	CHECK("a\0b", "f:1:2: error: control character U+0000 "
		      "(this looks like a binary file, or like UTF-16)\n");
	CHECK("\n\n\x1b[2J", "f:3:1: error: control character U+001B (only tabs and line ends may "
			     "stand in a file)\n");
	CHECK("a\rb", "f:1:2: error: control character U+000D (only tabs and line ends may stand "
		      "in a file)\n");
	CHECK("a\r", "f:1:2: error: control character U+000D (only tabs and line ends may stand in "
		     "a file)\n");
	CHECK("\x7f", "f:1:1: error: control character U+007F (only tabs and line ends may stand "
		      "in a file)\n");
	CHECK("\xc2\x85", "f:1:1: error: control character U+0085 (only tabs and line ends may "
			  "stand in a file)\n");
	CHECK("\xef\xbf\xbf", "f:1:1: error: control character U+FFFF (only tabs and line ends may "
			      "stand in a file)\n");
}

static void test_long_line(void **state)
{
	size_t len = 1 << 20;
	_cleanup_free_ char *text = malloc(len + 8);

	memset(text, 'a', len);
	memcpy(text, "x: 1\n", 5);
	check(text, len, "f:2:1: error: line longer than 65536 bytes\n");
	text[5 + TEXT_MAX_LINE] = '\n';
	check(text, 5 + TEXT_MAX_LINE + 2, "");
	text[5 + TEXT_MAX_LINE] = 'a';
	check(text, 5 + TEXT_MAX_LINE + 1, "f:2:1: error: line longer than 65536 bytes\n");
}

static void test_size(void **state)
{
	size_t len = TEXT_MAX_BYTES;
	_cleanup_free_ char *text = malloc(len + 1);

	memset(text, '\n', len + 1);
	check(text, len, "");
	check(text, len + 1, "f: error: larger than 16 MiB\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	cmocka_unit_test(test_bad_utf8),
		cmocka_unit_test(test_control), cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
