/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

const struct cli_alias *cli_alias_find(const struct cli_alias *aliases, const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;
	const char *name = slash ? slash + 1 : argv0;

	for (; name && aliases->name; aliases++)
		if (!strcmp(aliases->name, name))
			return aliases;
	return NULL;
}

static enum cli_status print_man(const char *page)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	if (cli_man(page, &out))
		return cli_wrong_usage("--man: there is no page '%s', only weir and weird", page);
	(void)fputs(strbuf_text(&out), stdout);
	return CLI_OK;
}

static enum cli_status print_help(const struct cli *cli)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	if (cli->command)
		cli_help_command(cli->command, &out);
	else
		cli_help(&out);
	(void)fputs(strbuf_text(&out), stdout);
	return CLI_OK;
}

static enum cli_status run(const struct cli *cli)
{
	if (cli_has(cli, "help"))
		return print_help(cli);
	if (cli_has(cli, "man"))
		return print_man(cli_value(cli, "man"));
	if (cli_has(cli, "version"))
		return cmd_version(cli);
	return cli->command->run(cli);
}

/* A full disk must not look like success. */
static enum cli_status finish(enum cli_status s)
{
	if (!fflush(stdout) && !ferror(stdout))
		return s;
	(void)fputs("weir: cannot write the output\n", stderr);
	return s ? s : CLI_FAILED;
}

int cli_main(int argc, char *const *argv)
{
	struct cli cli;
	enum cli_status s = cli_parse(argc, argv, &cli);

	if (!s)
		s = run(&cli);
	cli_free(&cli);
	return (int)finish(s);
}
