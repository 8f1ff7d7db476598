/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "cli/cli.h"

#define WIDTH 78

void cli_usage_line(const struct cli_command *c, struct strbuf *out)
{
	strbuf_addf(out, "weir %s", c->name);
	for (const struct cli_option *o = c->options; o && o->name; o++)
		strbuf_addf(out, " [--%s%s%s]", o->name, o->value ? " " : "",
			    o->value ? o->value : "");
	if (*c->arguments)
		strbuf_addf(out, " %s", c->arguments);
}

/* Words of `text`, broken before the margin. */
static void add_wrapped(struct strbuf *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column && column + 1 + len > WIDTH) {
			strbuf_add_char(out, '\n');
			column = 0;
		} else if (column) {
			strbuf_add_char(out, ' ');
			column++;
		}
		strbuf_add_bytes(out, text, len);
		column += len;
		text += len + (text[len] == ' ');
	}
	strbuf_add_char(out, '\n');
}

static void add_row(struct strbuf *out, const char *left, const char *help, size_t width)
{
	size_t from = out->len;

	strbuf_addf(out, "  %s", left);
	strbuf_pad(out, from, width + 4);
	strbuf_addf(out, "%s\n", help);
}

static void add_options(struct strbuf *out, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		char left[64];

		if (o->hidden)
			continue;
		(void)snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : " ",
			       o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			       o->value ? " " : "", o->value ? o->value : "");
		add_row(out, left, o->help, 21);
	}
}

static void add_command(struct strbuf *out, const struct cli_command *c)
{
	char left[64];

	(void)snprintf(left, sizeof(left), "%s%s%s", c->name, *c->arguments ? " " : "", c->arguments);
	add_row(out, left, c->help, 28);
}

/* The commands that begin with that word. */
static void help_group(const char *word, struct strbuf *out)
{
	size_t len = strlen(word);

	for (const struct cli_command *c = cli_commands; c->name; c++) {
		if (strncmp(c->name, word, len) || c->name[len] != ' ')
			continue;
		if (!out->len)
			strbuf_addf(out, "Usage: weir %s COMMAND [ARGUMENT]...\n\nCommands:\n", word);
		add_command(out, c);
	}
	if (out->len)
		strbuf_addf(out, "\n'weir help %s COMMAND' tells more of one.\n", word);
}

void cli_help(struct strbuf *out)
{
	strbuf_add(out,
		   "Usage: weir [OPTION]... COMMAND [ARGUMENT]...\n"
		   "Asks and steers weird, the daemon with the packet path of a network's edge.\n\n"
		   "Commands:\n");
	for (const struct cli_command *c = cli_commands; c->name; c++)
		add_command(out, c);
	strbuf_add(out, "\nOptions, at any place:\n");
	add_options(out, cli_global_options);
	strbuf_add(
		out,
		"\nExit status: 0, 1 when it failed, 2 when used wrongly, 3 without a daemon.\n");
}

void cli_help_command(const struct cli_command *c, struct strbuf *out)
{
	strbuf_add(out, "Usage: ");
	cli_usage_line(c, out);
	strbuf_addf(out, "\n\n%s.\n", c->help);
	if (c->more)
		add_wrapped(out, c->more);
	if (c->options) {
		strbuf_add(out, "\nOptions:\n");
		add_options(out, c->options);
	}
	if (c->example)
		strbuf_addf(out, "\nExample:\n  weir %s\n", c->example);
}

enum cli_status cmd_help(const struct cli *cli)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	const struct cli_command *command;
	size_t used = 0;

	if (cli->words.n) {
		command = cli_command_find(cli->words.at, cli->words.n, &used);
		if (!command && cli->words.n == 1)
			help_group(cli->words.at[0], &out);
		if (!out.len && (!command || used != cli->words.n))
			return cli_wrong_usage(
				"there is no command '%s%s%s'; 'weir help' lists them",
				cli->words.at[0], cli->words.n > 1 ? " " : "",
				cli->words.n > 1 ? cli->words.at[1] : "");
		if (!out.len)
			cli_help_command(command, &out);
	} else {
		cli_help(&out);
	}
	(void)fputs(strbuf_text(&out), stdout);
	return CLI_OK;
}
