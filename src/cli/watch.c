/* SPDX-License-Identifier: GPL-2.0-only */
/* Showing something again and again, until the person has seen enough. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

static volatile sig_atomic_t stop;

static void on_stop(int signal_number)
{
	stop = 1;
}

const volatile sig_atomic_t *cli_catch_stop(void)
{
	struct sigaction act = { .sa_handler = on_stop };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)sigaction(SIGINT, &act, NULL);
	(void)sigaction(SIGTERM, &act, NULL);
	return &stop;
}

static void pause_for(double seconds)
{
	struct timespec t = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };
	sigset_t none;

	(void)sigemptyset(&none);
	if (!stop)
		(void)ppoll(NULL, 0, &t, &none);
}

static void begin_screen(const struct cli *cli, bool first)
{
	if (isatty(STDOUT_FILENO) && !cli->json)
		(void)fputs("\033[H\033[J", stdout);
	else if (!first && !cli->json)
		(void)putchar('\n');
}

enum cli_status cli_watch(const struct cli *cli, double seconds, cli_once once, void *state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = NULL;
	enum cli_status s = cli_connect(cli, &client);
	bool first = true;

	if (s)
		return s;
	bus_client_set_stop(client, cli_catch_stop());
	while (!stop) {
		begin_screen(cli, first);
		s = once(cli, client, state);
		if (s || fflush(stdout))
			return stop ? CLI_OK : s ? s : CLI_FAILED;
		first = false;
		pause_for(seconds);
	}
	return CLI_OK;
}

enum cli_status cli_look(const struct cli *cli, cli_once once, void *state)
{
	_cleanup_(bus_client_freep) struct bus_client *client = NULL;
	enum cli_status s;

	if (cli_has(cli, "watch"))
		return cli_watch(cli, cli_seconds(cli, "watch", 1), once, state);
	s = cli_connect(cli, &client);
	return s ? s : once(cli, client, state);
}
