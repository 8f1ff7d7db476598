/* SPDX-License-Identifier: GPL-2.0-only */
/* What is made of the rows: manual pages that mandoc accepts, completion that bash runs. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "cli/cli.h"

static char dir[] = "/tmp/weir-pages-test.XXXXXX";

/* Runs a program, keeps what it says on both outputs. */
static int run(const char *const *argv, char *said, size_t size)
{
	int fds[2], status = 0;
	size_t len = 0;
	ssize_t n;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (!child) {
		(void)dup2(fds[1], 1);
		(void)dup2(fds[1], 2);
		(void)close(fds[0]);
		(void)execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	(void)close(fds[1]);
	while ((n = read(fds[0], said + len, size - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = 0;
	(void)close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_text(const char *name, struct strbuf *text, char *ret_path, size_t size)
{
	(void)snprintf(ret_path, size, "%s/%s", dir, name);
	assert_false(text->failed);
	assert_int_equal(file_write_atomic(ret_path, text->text, text->len, 0600), 0);
}

static void lint(const char *page, const char *const *wanted)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	char path[64], said[65536];
	const char *const check[] = { "mandoc", "-T", "lint", "-W", "error", path, NULL };
	const char *const show[] = { "mandoc", "-T", "ascii", path, NULL };

	assert_int_equal(cli_man(page, &text), 0);
	write_text(page, &text, path, sizeof(path));
	if (run(check, said, sizeof(said)) == 127) {
		print_message("# skipped: there is no mandoc\n");
		(void)unlink(path);
		skip();
	}
	assert_string_equal(said, "");
	assert_int_equal(run(show, said, sizeof(said)), 0);
	for (char *from = said, *to = said; (*to = *from); from++) /* "x\bx" is a bold x */
		to = *from == '\b' ? to - 1 : to + 1;
	for (; *wanted; wanted++)
		assert_non_null(strstr(said, *wanted));
	(void)unlink(path);
}

static void test_man_weir(void **state)
{
	static const char *const wanted[] = { "--interface IF",
					      "weir config example [SECTION]",
					      "EXIT STATUS",
					      "weir-admin",
					      "weir subscribers show ID",
					      "--min-upload RATE",
					      "weir rtt show",
					      "weir flows [--subscriber ID]",
					      "WEIR_BUS",
					      NULL };

	lint("weir", wanted);
}

static void test_man_weird(void **state)
{
	static const char *const wanted[] = { "-c, --config FILE", "SIGHUP", "--pins DIR", NULL };

	lint("weird", wanted);
}

/* Each command and each option stands in the page and in the help; what is hidden in neither. */
static void test_complete(void **state)
{
	_cleanup_strbuf_ struct strbuf man = { 0 }, help = { 0 };

	assert_int_equal(cli_man("weir", &man), 0);
	cli_help(&help);
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		_cleanup_strbuf_ struct strbuf heading = { 0 }, own = { 0 };

		strbuf_addf(&heading, "\n.SS weir %s", c->name);
		assert_non_null(strstr(man.text, heading.text));
		assert_non_null(strstr(help.text, c->help));
		cli_help_command(c, &own);
		for (const struct cli_option *o = c->options; o && o->name; o++)
			assert_non_null(strstr(own.text, o->help));
	}
	assert_null(strstr(man.text, "PAGE"));
	assert_null(strstr(help.text, "--man"));
	assert_int_not_equal(cli_man("nope", &man), 0);
}

static void test_help_fits(void **state)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	cli_help(&text);
	for (const struct cli_command *c = cli_commands; c->name; c++)
		cli_help_command(c, &text);
	for (const char *line = text.text; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 0, 80);
}

/* What bash offers after `line`, sorted words parted by blanks. */
static void completes(const char *script, const char *line, const char *wanted)
{
	static const char driver[] =
		"source \"$1\"; IFS=' ' read -ra COMP_WORDS <<<\"weir $2\"; "
		"[[ $2 == *' ' || -z $2 ]] && COMP_WORDS+=(''); "
		"COMP_CWORD=$((${#COMP_WORDS[@]}-1)); "
		"compopt() { :; }; _weir; printf '%s\\n' \"${COMPREPLY[@]}\" | sort | paste -sd' '";
	const char *const argv[] = { "bash", "-c", driver, "bash", script, line, NULL };
	char said[4096];

	assert_int_equal(run(argv, said, sizeof(said)), 0);
	said[strcspn(said, "\n")] = 0;
	assert_string_equal(said, wanted);
}

static void assert_once(const char *text, const char *part)
{
	const char *first = strstr(text, part);

	assert_non_null(first);
	assert_null(strstr(first + 1, part));
}

static void test_completion(void **state)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	char script[64], said[4096], line[128];
	const char *const check[] = { "bash", "-n", script, NULL };

	cli_completion_bash(&text);
	write_text("completion", &text, script, sizeof(script));
	assert_int_equal(run(check, said, sizeof(said)), 0);
	assert_string_equal(said, "");
	assert_once(text.text, "\t--balancer) ");
	completes(script, "st", "status");
	completes(script, "co", "completion config counters");
	completes(script, "config ", "example schema show");
	completes(script, "--bus /x --json config s", "schema show");
	completes(script, "counters --p", "--per-cpu");
	completes(script, "status --p", "");
	completes(script, "status --", "--bus --help --json --timeout --version");
	completes(script, "bridge show --w", "--watch");
	completes(script, "counters --stage br", "bridge");
	completes(script, "monitor --figures ba", "balance");
	completes(script, "counters --interface l", "lo");
	completes(script, "explain ", "interface ip");
	completes(script, "subscribers ", "add list remove reset set show top unknown");
	completes(script, "subscribers list --sort d", "download drops");
	completes(script, "subscribers add --min-", "--min-download --min-upload");
	completes(script, "tree --c", "--circuits");
	completes(script, "rtt ", "show");
	completes(script, "rtt --s", "--side --sort --subscriber");
	completes(script, "rtt --subscriber 17 --sort p", "p50 p90 p99");
	completes(script, "rtt --kind e", "each");
	completes(script, "rtt show --", "--bus --help --json --timeout --version --watch");
	completes(script, "flows --sort a", "again age");
	completes(script, "check --p", "--plan");
	completes(script, "explain interface l", "lo");
	completes(script, "completion ", "bash");
	completes(script, "help mon", "monitor");
	completes(script, "status ", "");
	(void)snprintf(line, sizeof(line), "check %s/comp", dir);
	completes(script, line, script);
	(void)unlink(script);
}

static int setup(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_man_weir),   cmocka_unit_test(test_man_weird),
		cmocka_unit_test(test_complete),   cmocka_unit_test(test_help_fits),
		cmocka_unit_test(test_completion),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
