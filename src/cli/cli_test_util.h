/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of whole commands: a daemon made for the test, and what a command printed where. */
#pragma once

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "bus/server.h"
#include "cli/cli.h"

/* --- the daemon ----------------------------------------------------------------------------- */

static char dir[] = "/tmp/weir-cli-test.XXXXXX", bus[64];
static pid_t daemon_pid;
/* What the daemon answers to, set before start_daemon(); ends with NULL. */
static const struct bus_interface *served[3];

static void daemon_main(int ready_fd)
{
	struct bus_config config = { .path = bus, .interfaces = served };
	struct bus_server *server = NULL;
	struct diag d = { 0 };
	sd_event *event = NULL;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sd_event_new(&event) < 0 || bus_server_new(event, &config, &server, &d))
		_exit(1);
	(void)!write(ready_fd, "", 1);
	_exit(sd_event_loop(event) < 0);
}

static int start_daemon(void **state)
{
	int fds[2];
	char c;

	(void)unsetenv("COLUMNS");
	if (!mkdtemp(dir) || pipe(fds))
		return -1;
	(void)snprintf(bus, sizeof(bus), "%s/bus", dir);
	(void)fflush(NULL);
	daemon_pid = fork();
	if (!daemon_pid)
		daemon_main(fds[1]);
	(void)close(fds[1]);
	if (read(fds[0], &c, 1) != 1)
		return -1;
	return close(fds[0]);
}

static int stop_daemon(void **state)
{
	(void)kill(daemon_pid, SIGKILL);
	(void)waitpid(daemon_pid, NULL, 0);
	(void)unlink(bus);
	return rmdir(dir);
}

/* --- a command ------------------------------------------------------------------------------ */

struct said {
	int status;
	char *out, *err;
};

static void said_free(struct said *s)
{
	free(s->out);
	free(s->err);
}
#define _cleanup_said_ _cleanup_(said_free)

/* What is run: weir, unless the test says otherwise. */
static int (*program)(int argc, char *const *argv) = cli_main;
static const char *program_name = "weir";

/* Words parted by blanks; a ~ is a blank inside a word. */
static int make_argv(const char *line, char *text, size_t size, char **argv)
{
	size_t len = MIN(strlen(line), size - 1);
	int argc = 1;

	argv[0] = (char *)(uintptr_t)program_name;
	(void)snprintf(text, size, "%s", line);
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	for (char *c = text; c < text + len; c++)
		*c = (char)(*c == '~' ? ' ' : *c);
	argv[argc] = NULL;
	return argc;
}

static void command_main(const char *line, const char *out, const char *err)
{
	char text[512], *argv[32];
	int argc = make_argv(line, text, sizeof(text), argv);

	(void)alarm(30);
	if (!freopen(out, "w", stdout) || !freopen(err, "w", stderr))
		_exit(99);
	exit(program(argc, argv));
}

/* `wait_for`, when not NULL: once stdout has it, the command is interrupted as by Ctrl-C. */
static struct said run_until(const char *line, const char *wait_for)
{
	char out[80], err[80];
	struct said s = { 0 };
	size_t len;
	int status;
	pid_t child;

	(void)snprintf(out, sizeof(out), "%s/out", dir);
	(void)snprintf(err, sizeof(err), "%s/err", dir);
	(void)unlink(out);
	(void)fflush(NULL);
	child = fork();
	if (!child)
		command_main(line, out, err);
	while (wait_for) {
		_cleanup_free_ char *text = NULL;

		if (!file_read(out, 1 << 20, &text, &len) && strstr(text, wait_for))
			break;
		assert_int_equal(waitpid(child, &status, WNOHANG), 0);
		(void)usleep(1000);
	}
	if (wait_for)
		(void)kill(child, SIGINT);
	assert_int_equal(waitpid(child, &status, 0), child);
	s.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	assert_int_equal(file_read(out, 1 << 20, &s.out, &len), 0);
	assert_int_equal(file_read(err, 1 << 20, &s.err, &len), 0);
	(void)unlink(out);
	(void)unlink(err);
	return s;
}

static struct said run(const char *line)
{
	struct strbuf full = { 0 };
	struct said s;

	strbuf_addf(&full, "--bus %s %s", bus, line);
	s = run_until(strbuf_text(&full), NULL);
	strbuf_free(&full);
	return s;
}

static void expect(const char *line, int status, const char *out, const char *err)
{
	_cleanup_said_ struct said s = run(line);

	assert_string_equal(s.out, out);
	assert_string_equal(s.err, err);
	assert_int_equal(s.status, status);
}

_unused_ static void expect_json(const char *line, int status, const char *key)
{
	_cleanup_said_ struct said s = run(line);
	json_t *json = json_loads(s.out, 0, NULL);

	assert_non_null(json);
	if (key)
		assert_non_null(json_object_get(json, key));
	else
		assert_true(json_is_array(json));
	json_decref(json);
	assert_string_equal(s.err, "");
	assert_int_equal(s.status, status);
}

_unused_ static void expect_watch(const char *command, const char *wait_for)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	_cleanup_said_ struct said s = { 0 };

	strbuf_addf(&line, "--bus %s %s", bus, command);
	s = run_until(strbuf_text(&line), wait_for);
	assert_int_equal(s.status, 0);
}
