/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every file of tests/golden/config/bad is refused with exactly the findings in FILE.expect beside
 * it; every one of good/ loads with exactly those, and none where there is no such file.
 * UPDATE_GOLDEN=1 writes the .expect files anew: read them before you keep them.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/config_fixture.h"
#include "config/golden_folder.h"

#define ROOT "tests/golden/config"
#define AT_LEAST_BAD 40
#define AT_LEAST_GOOD 8

static int is_config(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && (n < 7 || strcmp(e->d_name + n - 7, ".expect"));
}

/* True when the findings are those expected. */
static bool check_file(const char *name, bool bad)
{
	_cleanup_loaded_ struct loaded l = load_files(&name, 1);
	_cleanup_free_ char *expect_name = NULL, *want = NULL;
	size_t len = 0;

	if (asprintf(&expect_name, "%s.expect", name) < 0)
		return false;
	if (getenv("UPDATE_GOLDEN") && *l.findings)
		(void)file_write_atomic(expect_name, l.findings, l.findings_len, 0644);
	(void)file_read(expect_name, 1 << 20, &want, &len);
	if (bad ? l.r < 0 && l.errors && want : !l.r && l.model)
		if (!strcmp(want ?: "", l.findings))
			return true;
	print_error("%s: result %d, found:\n%sexpected:\n%s", name, l.r, l.findings, want ?: "");
	return false;
}

static void test_bad(void **state)
{
	golden_folder(ROOT "/bad", is_config, check_file, true, AT_LEAST_BAD);
}

static void test_good(void **state)
{
	golden_folder(ROOT "/good", is_config, check_file, false, AT_LEAST_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
