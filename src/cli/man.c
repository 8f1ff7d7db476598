/* SPDX-License-Identifier: GPL-2.0-only */
/* The manual pages in roff, written from the rows of commands and options. */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"

/* Text that roff must not take for its own; a newline begins a new line of text. */
static void add_text(struct strbuf *out, const char *text)
{
	bool start = true;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			strbuf_add(out, "\\&");
		start = *text == '\n';
		if (*text == '\\')
			strbuf_add(out, "\\e");
		else if (*text == '-')
			strbuf_add(out, "\\-");
		else
			strbuf_add_char(out, *text);
	}
}

static void add_line(struct strbuf *out, const char *text)
{
	add_text(out, text);
	strbuf_add_char(out, '\n');
}

/* Prose: roff fills lines itself, and its checkers want short ones in the source. */
static void add_prose(struct strbuf *out, const char *text)
{
	_cleanup_free_ char *broken = strdup(text);
	size_t column = 0;

	for (char *c = broken; c && *c; c++, column++)
		if (*c == ' ' && column + strcspn(c + 1, " ") >= 72) {
			*c = '\n';
			column = 0;
		}
	add_text(out, broken ? broken : text);
}

static void add_paragraph(struct strbuf *out, const char *text)
{
	add_prose(out, text);
	strbuf_add_char(out, '\n');
}

/* One line of help: the rows have no full stop, sentences have one. */
static void add_sentence(struct strbuf *out, const char *text)
{
	size_t len = strlen(text);

	add_prose(out, text);
	strbuf_add(out, len && text[len - 1] == '.' ? "\n" : ".\n");
}

static void add_option(struct strbuf *out, const char *name, char letter, const char *value,
		       const char *help)
{
	strbuf_add(out, ".TP\n");
	if (letter)
		strbuf_addf(out, "\\fB\\-%c\\fR, ", letter);
	strbuf_add(out, "\\fB\\-\\-");
	add_text(out, name);
	strbuf_add(out, "\\fR");
	if (value) {
		strbuf_add(out, " \\fI");
		add_text(out, value);
		strbuf_add(out, "\\fR");
	}
	strbuf_add_char(out, '\n');
	add_sentence(out, help);
}

static void add_options(struct strbuf *out, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++)
		if (!o->hidden)
			add_option(out, o->name, o->letter, o->value, o->help);
}

static void add_command(struct strbuf *out, const struct cli_command *c)
{
	_cleanup_strbuf_ struct strbuf usage = { 0 };

	cli_usage_line(c, &usage);
	strbuf_add(out, ".SS ");
	add_line(out, strbuf_text(&usage));
	add_sentence(out, c->help);
	if (c->more)
		add_paragraph(out, c->more);
	add_options(out, c->options);
}

static void add_examples(struct strbuf *out)
{
	strbuf_add(out, ".SH EXAMPLES\n.EX\n");
	for (const struct cli_command *c = cli_commands; c->name; c++)
		if (c->example) {
			strbuf_add(out, "weir ");
			add_line(out, c->example);
		}
	strbuf_add(out, ".EE\n");
}

static void add_term(struct strbuf *out, const char *term, const char *text)
{
	strbuf_add(out, ".TP\n.B ");
	add_line(out, term);
	add_paragraph(out, text);
}

static void add_head(struct strbuf *out, const char *name, const char *section, const char *what)
{
	strbuf_addf(out, ".TH %s %s \"\" \"weir %s\" \"Weir\"\n.SH NAME\n%s \\- ", name, section,
		    WEIR_VERSION, !strcmp(section, "1") ? "weir" : "weird");
	add_line(out, what);
	strbuf_add(out, ".SH SYNOPSIS\n");
}

static void add_weir(struct strbuf *out)
{
	add_head(out, "WEIR", "1", "ask and steer the packet path of a network's edge");
	strbuf_add(out, ".B weir\n[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...\n"
			".SH DESCRIPTION\n");
	add_paragraph(
		out,
		"The command line of weird(8). It talks to the running daemon over its bus and "
		"changes nothing by itself. Whoever is root or in the group weir-admin may use "
		"every command; the group weir may use those that change nothing.");
	add_paragraph(
		out,
		"Data goes to standard output, messages to standard error. Colours are used only "
		"on a terminal.");
	strbuf_add(out, ".SH OPTIONS\nOptions may stand before or behind the command.\n");
	add_options(out, cli_global_options);
	strbuf_add(out, ".SH COMMANDS\n");
	for (const struct cli_command *c = cli_commands; c->name; c++)
		add_command(out, c);
	strbuf_add(out, ".SH EXIT STATUS\n");
	add_term(out, "0", "It succeeded.");
	add_term(out, "1", "It failed, or the daemon refused it.");
	add_term(out, "2", "The command line was wrong.");
	add_term(out, "3", "No daemon answers.");
	strbuf_add(out, ".SH ENVIRONMENT\n");
	add_term(out, "WEIR_BUS", "Socket of the daemon, when --bus is not given.");
	add_term(out, "COLUMNS",
		 "How wide tables may be when the output is no terminal (default: 80).");
	add_term(out, "NO_COLOR", "When set and not empty: no colours.");
	strbuf_add(out, ".SH FILES\n");
	add_term(out, "/run/weir/bus", "The daemon's bus: a UNIX socket that speaks Varlink.");
	add_examples(out);
	strbuf_add(out, ".SH SEE ALSO\n.BR weird (8)\n");
}

static void add_weird(struct strbuf *out)
{
	add_head(out, "WEIRD", "8", "the packet path of a network's edge, as a daemon");
	strbuf_add(out, ".B weird\n[\\fIOPTION\\fR]...\n.SH DESCRIPTION\n");
	add_paragraph(
		out,
		"Loads one packet path into the kernel, attaches it to the configured interfaces "
		"and keeps it there while they come and go. It runs in the foreground and logs to "
		"standard error, or to the journal when the service manager started it.");
	strbuf_add(out, ".SH OPTIONS\n");
#define OPTION(name, letter, value, help) add_option(out, name, letter, value, help);
#include "base/weird_options.def"
#undef OPTION
	strbuf_add(out, ".SH SIGNALS\n");
	add_term(out, "SIGHUP",
		 "Read the configuration again and apply what differs, like weir reload.");
	add_term(out, "SIGTERM, SIGINT",
		 "Remove everything that was attached, restore every setting and end.");
	add_term(out, "SIGUSR2",
		 "End and leave the packet path running for the next daemon to adopt.");
	add_term(out, "SIGKILL", "Packets keep flowing; the next start adopts what was left.");
	strbuf_add(out, ".SH EXIT STATUS\n");
	add_term(out, "0", "It was asked to end, or what was asked for was printed.");
	add_term(out, "1", "It could not start, or the checked configuration has errors.");
	add_term(out, "2", "The command line was wrong.");
	strbuf_add(out, ".SH FILES\n");
	add_term(out, "/etc/weir/weir.yaml", "The configuration; see weir config example.");
	add_term(out, "/run/weir/bus", "The bus: a UNIX socket that speaks Varlink.");
	strbuf_add(out, ".SH SEE ALSO\n.BR weir (1)\n");
}

int cli_man(const char *page, struct strbuf *out)
{
	if (!strcmp(page, "weir"))
		add_weir(out);
	else if (!strcmp(page, "weird"))
		add_weird(out);
	else
		return -EINVAL;
	return 0;
}
