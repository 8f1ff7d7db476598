/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests: every golden file of a folder, at least so many of them, judged by `check`. */
#pragma once

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* Names in messages are as given, so the test stands in the folder. */
static inline void golden_folder(const char *folder, int (*is_meant)(const struct dirent *),
				 bool (*check)(const char *name, bool bad), bool bad, int at_least)
{
	char before[4096];
	struct dirent **names = NULL;
	int n, wrong = 0;

	assert_non_null(getcwd(before, sizeof(before)));
	if (chdir(folder))
		fail_msg("%s is not here: run the tests from the top of the checkout", folder);
	n = scandir(".", &names, is_meant, alphasort);
	for (int i = 0; i < n; i++) {
		wrong += !check(names[i]->d_name, bad);
		free(names[i]);
	}
	free(names);
	assert_int_equal(chdir(before), 0);
	assert_true(n >= at_least);
	assert_int_equal(wrong, 0);
}
