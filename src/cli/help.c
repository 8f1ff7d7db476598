/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdint.h>
#include <string.h>

#include "cli/cli.h"

#define WIDTH 78

/* Behind what stands in `out`, on a new line when the margin is too near. */
static void add_usage_item(struct strbuf *out, const char *item, size_t margin)
{
	const char *line = strrchr(strbuf_text(out), '\n');
	size_t column = out->len - (line ? (size_t)(line + 1 - out->text) : 0);

	strbuf_addf(out, "%s%s", column + 1 + strlen(item) > margin ? "\n            " : " ", item);
}

static void add_usage(const struct cli_command *c, struct strbuf *out, size_t margin)
{
	strbuf_addf(out, "weir %s", c->name);
	for (const struct cli_option *o = c->options; o && o->name; o++) {
		char item[64];

		(void)snprintf(item, sizeof(item), "%s--%s%s%s%s", o->required ? "" : "[", o->name,
			       o->value ? " " : "", o->value ? o->value : "", o->required ? "" : "]");
		add_usage_item(out, item, margin);
	}
	if (*c->arguments)
		add_usage_item(out, c->arguments, margin);
}

void cli_usage_line(const struct cli_command *c, struct strbuf *out)
{
	add_usage(c, out, SIZE_MAX);
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

static int option_left(const struct cli_option *o, char *text, size_t size)
{
	return snprintf(text, size, "%s%c%s--%s%s%s", o->letter ? "-" : " ",
			o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			o->value ? " " : "", o->value ? o->value : "");
}

static void add_options(struct strbuf *out, const struct cli_option *options)
{
	size_t width = 21;
	char left[64];

	for (const struct cli_option *o = options; o && o->name; o++)
		if (!o->hidden)
			width = MAX(width, (size_t)option_left(o, left, sizeof(left)));
	for (const struct cli_option *o = options; o && o->name; o++) {
		if (o->hidden)
			continue;
		(void)option_left(o, left, sizeof(left));
		add_row(out, left, o->help, width);
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
	add_usage(c, out, WIDTH);
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
