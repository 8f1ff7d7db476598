/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What needs the daemon's knowledge but no running daemon: the daemon's own program says it.  It
 * replaces this process, so that its output and its exit status are the answer.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

typedef VEC(const char *) argument_list;

/* Beside this very program, as in a build; then where the package puts it; then anywhere. */
static void run_weird(char *const *argv)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("weird"));
	char *slash;

	if (n > 0) {
		path[n] = 0;
		slash = strrchr(path, '/');
		if (slash) {
			memcpy(slash + 1, "weird", sizeof("weird"));
			(void)execv(path, argv);
		}
	}
	(void)execv("/usr/sbin/weird", argv);
	(void)execvp("weird", argv);
}

static enum cli_status hand_over(const struct cli *cli, const char *action)
{
	argument_list list = { 0 };
	int r = vec_push(&list, "weird");

	if (!r)
		r = vec_push(&list, action);
	if (!r && cli_has(cli, "plan"))
		r = vec_push(&list, "--plan");
	if (!r && cli->json)
		r = vec_push(&list, "--json");
	if (!r && cli->words.n)
		r = vec_push(&list, "--");
	for (size_t i = 0; !r && i < cli->words.n; i++)
		r = vec_push(&list, cli->words.at[i]);
	if (!r)
		r = vec_push(&list, NULL);
	if (!r) {
		(void)fflush(stdout);
		run_weird((char *const *)list.at);
		r = -errno;
	}
	(void)fprintf(stderr, "weir: error: cannot start weird: %s\n", strerror(-r));
	vec_free(&list);
	return CLI_FAILED;
}

enum cli_status cmd_check(const struct cli *cli)
{
	return hand_over(cli, "--check");
}

enum cli_status cmd_config_schema(const struct cli *cli)
{
	return hand_over(cli, "--schema");
}

enum cli_status cmd_config_example(const struct cli *cli)
{
	return hand_over(cli, "--example");
}
