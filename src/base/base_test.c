/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings, vectors, findings, nearest words, files. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/log.h"
#include "base/near.h"
#include "base/strbuf.h"

static void strings_grow(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct strbuf b = { 0 };

	assert_string_equal(strbuf_text(&b), "");
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&b, "%d,", i);
	assert_int_equal(b.len, 3890);
	strbuf_pad(&b, b.len, 3);
	strbuf_add_char(&b, '|');
	text = strbuf_take(&b);
	assert_string_equal(text + 3886, "999,   |");
	assert_null(b.text);
	free(TAKE_PTR(text));
	text = strbuf_take(&b);
	assert_string_equal(text, "");
}

static void vectors_keep_order(void **state)
{
	VEC(int) v = { 0 };
	int sum = 0;

	vec_foreach(&v, p)
		sum += *p;
	assert_int_equal(sum, 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(vec_push(&v, i), 0);
	vec_remove(&v, 50);
	vec_remove(&v, 0);
	vec_remove(&v, 97);
	assert_int_equal(v.n, 97);
	assert_int_equal(v.at[0], 1);
	assert_int_equal(v.at[49], 51);
	assert_int_equal(v.at[96], 98);
	vec_free(&v);
	assert_int_equal(v.n, 0);
}

static void findings_name_their_place(void **state)
{
	_cleanup_diag_ struct diag d = { 0 }, more = { 0 };
	_cleanup_strbuf_ struct strbuf out = { 0 };
	struct mark at = { "a.yaml", 3, 7 };

	assert_int_equal(diag_error(&d, &at, "no %s", "luck"), -EINVAL);
	diag_hint(&d, "try '%s'", "again");
	(void)diag_warning(&more, NULL, "beware");
	diag_move(&d, &more);
	diag_format_all(&d, &out);
	assert_string_equal(strbuf_text(&out),
			    "a.yaml:3:7: error: no luck (try 'again')\nwarning: beware\n");
	assert_int_equal(d.errors, 1);
	assert_int_equal(d.warnings, 1);
	assert_int_equal(more.entries.n, 0);
}

/* A generator gone wrong must not fill memory; the count stays true. */
static void findings_are_bounded(void **state)
{
	_cleanup_diag_ struct diag d = { 0 };

	for (int i = 0; i < 100000; i++)
		(void)diag_error(&d, NULL, "again");
	assert_int_equal(d.errors, 100000);
	assert_true(d.entries.n <= 201);
	assert_string_equal(d.entries.at[d.entries.n - 1].text, "more findings were left out");
}

static void the_nearest_word_is_found(void **state)
{
	static const char *const words[] = { "bridge",	"shaper", "rtt",
					     "balance", "relay",  "capture" };
	static const struct {
		const char *wrong, *right;
	} cases[] = { { "brigde", "bridge" },
		      { "Bridge", "bridge" },
		      { "shapper", "shaper" },
		      { "rt", "rtt" },
		      { "balence", "balance" },
		      { "xyzzy", NULL },
		      { "q", NULL },
		      { "", NULL } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = near_word(cases[i].wrong, words, ARRAY_LEN(words));

		if (cases[i].right)
			assert_string_equal(got, cases[i].right);
		else
			assert_null(got);
	}
	assert_int_equal(near_distance("kitten", "sitting"), 3);
	assert_int_equal(near_distance("ab", "ba"), 1);
	assert_int_equal(near_distance("", "abc"), 3);
}

static void files_are_whole_or_absent(void **state)
{
	char dir[] = "/tmp/weir-base-XXXXXX", path[64], deep[128];
	_cleanup_free_ char *text = NULL;
	struct stat st;
	size_t len;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	assert_int_equal(file_write_atomic(path, "one\0two", 7, 0640), 0);
	assert_int_equal(file_read(path, 7, &text, &len), 0);
	assert_int_equal(len, 7);
	assert_memory_equal(text, "one\0two", 8);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(file_read(path, 6, &text, &len), -EFBIG);
	assert_int_equal(file_read(dir, 100, &text, &len), -EISDIR);
	assert_int_equal(file_write_value(path, "x"), 0);
	(void)snprintf(deep, sizeof(deep), "%s/a/b/c", dir);
	assert_int_equal(file_make_dirs(deep, 0700), 0);
	assert_int_equal(file_make_dirs(deep, 0700), 0);
	assert_int_equal(stat(deep, &st), 0);
	for (const char *tail = "/a/b/c"; *tail; tail = deep + strlen(dir)) {
		assert_int_equal(rmdir(deep), 0);
		*strrchr(deep, '/') = 0;
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(file_read(path, 6, &text, &len), -ENOENT);
	assert_int_equal(rmdir(dir), 0);
}

static void log_levels_have_names(void **state)
{
	enum log_level level = LOG_LEVEL_ERROR;

	assert_int_equal(log_level_from_name("debug", &level), 0);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
	assert_int_equal(log_level_from_name("loud", &level), -EINVAL);
	assert_int_equal(level, LOG_LEVEL_DEBUG);
}

static void clocks_are_numbers(void **state)
{
	struct timespec last = { 0 }, t;
	uint64_t before = clock_now_ns(CLOCK_MONOTONIC), after;
	double seconds;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	after = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	assert_true(before > 0 && before <= after);
	assert_true(after <= clock_now_ns(CLOCK_MONOTONIC));

	seconds = clock_seconds_since(CLOCK_MONOTONIC, &last);
	assert_true(last.tv_sec > 0 || last.tv_nsec > 0);
	assert_true(seconds == (double)last.tv_sec + (double)last.tv_nsec / 1e9);
	last.tv_sec += 1000000;
	assert_true(clock_seconds_since(CLOCK_MONOTONIC, &last) < 0);
	assert_true(clock_seconds_since(CLOCK_MONOTONIC, &last) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_grow),
		cmocka_unit_test(vectors_keep_order),
		cmocka_unit_test(findings_name_their_place),
		cmocka_unit_test(findings_are_bounded),
		cmocka_unit_test(the_nearest_word_is_found),
		cmocka_unit_test(files_are_whole_or_absent),
		cmocka_unit_test(log_levels_have_names),
		cmocka_unit_test(clocks_are_numbers),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
