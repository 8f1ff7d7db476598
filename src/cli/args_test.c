/* SPDX-License-Identifier: GPL-2.0-only */
/* Command lines: what they are taken for, and what is said of the wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"

#define ARGV_MAX 12

/* "status --json" as main() would get it; the words live until the next call. */
static int split(const char *line, char **argv)
{
	static char text[256];
	int argc = 1;

	argv[0] = (char *)(uintptr_t) "weir";
	(void)snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok(text, " "); w && argc < ARGV_MAX; w = strtok(NULL, " "))
		argv[argc++] = w;
	return argc;
}

static struct cli good(const char *line)
{
	char *argv[ARGV_MAX];
	struct cli cli;
	int argc = split(line, argv);

	assert_int_equal(cli_parse(argc, argv, &cli), CLI_OK);
	return cli;
}

/* What is said on stderr, and that the status is "wrong usage". */
static void bad(const char *line, const char *words)
{
	char *argv[ARGV_MAX], said[1024] = "";
	int argc = split(line, argv), old = dup(2), fds[2];
	struct cli cli;
	enum cli_status s;

	assert_int_equal(pipe(fds), 0);
	(void)fflush(stderr);
	(void)dup2(fds[1], 2);
	s = cli_parse(argc, argv, &cli);
	(void)fflush(stderr);
	(void)dup2(old, 2);
	(void)close(fds[1]);
	(void)!read(fds[0], said, sizeof(said) - 1);
	(void)close(fds[0]);
	(void)close(old);
	cli_free(&cli);
	assert_int_equal(s, CLI_USAGE);
	assert_string_equal(said, words);
}

static void test_places(void **state)
{
	static const char *const lines[] = {
		"--bus /x --json counters --interface eth0",
		"counters --bus /x --interface eth0 --json",
		"counters --interface=eth0 --json --bus=/x",
		"--interface eth0 counters --bus /x --json",
		"--json --bus /y counters --interface eth0 --bus /x",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct cli cli = good(lines[i]);

		assert_string_equal(cli.command->name, "counters");
		assert_string_equal(cli.bus, "/x");
		assert_true(cli.json);
		assert_string_equal(cli_value(&cli, "interface"), "eth0");
		assert_null(cli_value(&cli, "stage"));
		assert_int_equal(cli.words.n, 0);
		cli_free(&cli);
	}
}

static void test_defaults(void **state)
{
	struct cli cli;

	(void)unsetenv("WEIR_BUS");
	cli = good("status");
	assert_string_equal(cli.bus, "/run/weir/bus");
	assert_int_equal(cli.timeout_ms, 10000);
	cli_free(&cli);
	(void)setenv("WEIR_BUS", "/else", 1);
	cli = good("status --timeout 0.5");
	assert_string_equal(cli.bus, "/else");
	assert_int_equal(cli.timeout_ms, 500);
	cli_free(&cli);
	(void)unsetenv("WEIR_BUS");
}

static void test_watch(void **state)
{
	struct cli cli = good("bridge show --watch");

	assert_string_equal(cli.command->stage, "bridge");
	assert_true(cli_has(&cli, "watch"));
	assert_true(cli_seconds(&cli, "watch", 1) == 1);
	cli_free(&cli);
	cli = good("counters --watch 2.5 --all");
	assert_true(cli_seconds(&cli, "watch", 1) == 2.5);
	assert_true(cli_has(&cli, "all"));
	cli_free(&cli);
	cli = good("counters --watch --all");
	assert_true(cli_seconds(&cli, "watch", 1) == 1);
	cli_free(&cli);
}

static void test_words(void **state)
{
	struct cli cli = good("check a.yaml --json b.yaml -- --c");

	assert_int_equal(cli.words.n, 3);
	assert_string_equal(cli_word(&cli, 0), "a.yaml");
	assert_string_equal(cli_word(&cli, 2), "--c");
	assert_null(cli_word(&cli, 3));
	cli_free(&cli);
	cli = good("config example bridge");
	assert_string_equal(cli.command->name, "config example");
	assert_string_equal(cli_word(&cli, 0), "bridge");
	cli_free(&cli);
	cli = good("explain interface --json -");
	assert_string_equal(cli_word(&cli, 0), "-");
	cli_free(&cli);
}

static void test_help_forms(void **state)
{
	struct cli cli = good("counters -h");

	assert_string_equal(cli.command->name, "counters");
	assert_true(cli_has(&cli, "help"));
	cli_free(&cli);
	cli = good("--help");
	assert_null(cli.command);
	cli_free(&cli);
	cli = good("-V");
	assert_true(cli_has(&cli, "version"));
	cli_free(&cli);
	cli = good("explain interface --help"); /* its NAME may be left out then */
	cli_free(&cli);
}

static void test_wrong(void **state)
{
	bad("", "weir: no command; 'weir help' lists them\n");
	bad("stauts", "weir: unknown command 'stauts', did you mean 'status'?\n");
	bad("config", "weir: 'config' needs one of: show, schema, example\n");
	bad("config shwo", "weir: unknown command 'config shwo', did you mean 'config show'?\n");
	bad("conifg show", "weir: unknown command 'conifg show', did you mean 'config show'?\n");
	bad("config zzzzzzzz", "weir: 'config' needs one of: show, schema, example\n");
	bad("zzzzzzzzzz", "weir: unknown command 'zzzzzzzzzz'; 'weir help' lists them\n");
	bad("status --jsno", "weir: unknown option '--jsno', did you mean '--json'?\n");
	bad("status -x", "weir: unknown option '-x'; 'weir help' lists them\n");
	bad("status -json", "weir: unknown option '-json', did you mean '--json'?\n");
	bad("status --h", "weir: unknown option '--h'; 'weir help' lists them\n");
	bad("status --interface eth0",
	    "weir: 'weir status' has no option --interface; see 'weir help status'\n");
	bad("status --bus", "weir: --bus needs PATH\n");
	bad("status --json=yes", "weir: --json takes no value\n");
	bad("counters --watch=soon",
	    "weir: --watch: 'soon' is not a number of seconds (0.01 to 1000000)\n");
	bad("counters --watch=0",
	    "weir: --watch: '0' is not a number of seconds (0.01 to 1000000)\n");
	bad("counters --watch=inf",
	    "weir: --watch: 'inf' is not a number of seconds (0.01 to 1000000)\n");
	bad("status --timeout -5",
	    "weir: --timeout: '-5' is not a number of seconds (0.01 to 1000000)\n");
	bad("status now", "weir: 'weir status' takes no argument, not 'now'\n");
	bad("explain interface", "weir: 'weir explain interface' needs NAME\n");
	bad("explain interface a b", "weir: 'weir explain interface' takes one NAME, not 'b'\n");
}

/* The parser looks an option up before it knows the command: one name must be one thing. */
static void test_rows_agree(void **state)
{
	for (const struct cli_command *a = cli_commands; a->name; a++)
		for (const struct cli_option *x = a->options; x && x->name; x++) {
			for (const struct cli_option *g = cli_global_options; g->name; g++)
				assert_string_not_equal(x->name, g->name);
			for (const struct cli_command *b = cli_commands; b->name; b++)
				for (const struct cli_option *y = b->options; y && y->name; y++)
					if (!strcmp(x->name, y->name))
						assert_int_equal(x->takes, y->takes);
		}
}

/* No command's name may begin that of one behind it: the first row that fits is taken. */
static void test_names_differ(void **state)
{
	for (const struct cli_command *a = cli_commands; a->name; a++)
		for (const struct cli_command *b = a + 1; b->name; b++) {
			size_t len = strlen(a->name);

			assert_true(strncmp(a->name, b->name, len) ||
				    (b->name[len] && b->name[len] != ' '));
		}
}

static int other_main(int argc, char *const *argv)
{
	return 42;
}

static void test_alias(void **state)
{
	static const struct cli_alias aliases[] = { { "old_name", other_main }, { 0 } };

	assert_ptr_equal(cli_alias_find(aliases, "old_name"), &aliases[0]);
	assert_ptr_equal(cli_alias_find(aliases, "/usr/bin/old_name"), &aliases[0]);
	assert_int_equal(cli_alias_find(aliases, "./old_name")->main(0, NULL), 42);
	assert_null(cli_alias_find(aliases, "weir"));
	assert_null(cli_alias_find(aliases, "old_name/"));
	assert_null(cli_alias_find(aliases, NULL));
	assert_null(cli_alias_find(cli_aliases, "weir"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),	   cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_watch),	   cmocka_unit_test(test_words),
		cmocka_unit_test(test_help_forms), cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_rows_agree), cmocka_unit_test(test_names_differ),
		cmocka_unit_test(test_alias),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
