/* SPDX-License-Identifier: GPL-2.0-only */
/* Bash completion, written from the rows.  It needs no helper package and starts no daemon. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define INTERFACES "$(cd /sys/class/net 2>/dev/null && echo *)"

static bool takes_value(const struct cli_option *o)
{
	return !o->hidden && (o->takes == TAKES_VALUE || o->takes == TAKES_SECONDS);
}

static void add_stages(struct strbuf *out)
{
	strbuf_add(out, "pipe");
	for (const char *const *s = cli_stages; *s; s++)
		strbuf_addf(out, " %s", *s);
}

/* The compgen arguments that make the offer. */
static void add_offer(struct strbuf *out, enum cli_offer offer, const char *words)
{
	static const char *const sort_keys[] = { CLI_SORT_KEYS };

	switch (offer) {
	case OFFER_FILES:
		strbuf_add(out, "-f");
		break;
	case OFFER_INTERFACES:
		strbuf_add(out, "-W \"" INTERFACES "\"");
		break;
	case OFFER_STAGES:
		strbuf_add(out, "-W \"");
		add_stages(out);
		strbuf_add(out, "\"");
		break;
	case OFFER_SORT_KEYS:
		strbuf_add(out, "-W \"");
		for (size_t i = 0; i < ARRAY_LEN(sort_keys); i++)
			strbuf_addf(out, "%s%s", i ? " " : "", sort_keys[i]);
		strbuf_add(out, "\"");
		break;
	case OFFER_WORDS:
		strbuf_addf(out, "-W \"%s\"", words);
		break;
	case OFFER_BASH:
		strbuf_add(out, "-W bash");
		break;
	default:
		strbuf_add(out, "-W \"\"");
	}
}

static bool has_option(const struct cli_option *options, const char *name)
{
	for (const struct cli_option *o = options; o && o->name; o++)
		if (!strcmp(o->name, name))
			return true;
	return false;
}

static bool seen_before(const struct cli_command *command, const char *name)
{
	for (const struct cli_command *c = cli_commands; c < command; c++)
		if (has_option(c->options, name))
			return true;
	return false;
}

/* Each option once, whichever commands have it. */
static void each_option(struct strbuf *out, void (*add)(struct strbuf *, const struct cli_option *))
{
	for (const struct cli_option *o = cli_global_options; o->name; o++)
		add(out, o);
	for (const struct cli_command *c = cli_commands; c->name; c++)
		for (const struct cli_option *o = c->options; o && o->name; o++)
			if (!seen_before(c, o->name))
				add(out, o);
}

static void add_value_case(struct strbuf *out, const struct cli_option *o)
{
	if (!takes_value(o))
		return;
	strbuf_addf(out, "\t--%s) _weir_offer ", o->name);
	add_offer(out, o->offer, o->words);
	strbuf_add(out, "; return ;;\n");
}

/* Before the cases for all: the same option offers other words at this command. */
static void add_word_cases(struct strbuf *out, const struct cli_command *c)
{
	for (const struct cli_option *o = c->options; o && o->name; o++)
		if (o->offer == OFFER_WORDS && seen_before(c, o->name))
			strbuf_addf(out, "\t\"%s \"*--%s) _weir_offer -W \"%s\"; return ;;\n",
				    c->name, o->name, o->words);
}

static void add_value_name(struct strbuf *out, const struct cli_option *o)
{
	if (takes_value(o))
		strbuf_addf(out, "%s--%s", out->text[out->len - 1] == '\t' ? "" : " | ", o->name);
}

static void add_option_names(struct strbuf *out, const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++)
		if (!o->hidden)
			strbuf_addf(out, " --%s", o->name);
}

/* The first words of all commands, each once. */
static void add_first_words(struct strbuf *out)
{
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		size_t len = strcspn(c->name, " ");
		bool seen = false;

		for (const struct cli_command *b = cli_commands; b < c; b++)
			seen |= strcspn(b->name, " ") == len && !memcmp(b->name, c->name, len);
		if (!seen)
			strbuf_addf(out, " %.*s", (int)len, c->name);
	}
}

/* "config ") the second words; nothing for a command of one word.  The cases below are looked at
 * besides: the first word may be a command of its own. */
static void add_second_words(struct strbuf *out)
{
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		size_t len = strcspn(c->name, " ");
		const char *space = c->name + len;
		bool first = *space;

		for (const struct cli_command *b = cli_commands; first && b < c; b++)
			first = strncmp(b->name, c->name, len + 1);
		if (!first)
			continue;
		strbuf_addf(out, "\t\"%.*s \") words=\"", (int)len, c->name);
		for (const struct cli_command *b = c; b->name; b++)
			if (!strncmp(b->name, c->name, len + 1))
				strbuf_addf(out, "%s%s", b == c ? "" : " ", b->name + len + 1);
		strbuf_add(out, "\" ;;&\n");
	}
}

static void add_command(struct strbuf *out, const struct cli_command *c)
{
	if (!*c->arguments && !c->options)
		return;
	strbuf_addf(out, "\t\"%s \"*)\n", c->name);
	if (c->options) {
		strbuf_add(out, "\t\toptions+=\"");
		add_option_names(out, c->options);
		strbuf_add(out, "\"\n");
	}
	if (c->offer == OFFER_COMMANDS) {
		strbuf_add(out, "\t\twords=\"");
		add_first_words(out);
		strbuf_add(out, "\"\n");
	} else if (c->offer) {
		strbuf_add(out, "\t\t[[ $current == -* ]] || { _weir_offer ");
		add_offer(out, c->offer, NULL);
		strbuf_add(out, "; return; }\n");
	}
	strbuf_add(out, "\t\t;;\n");
}

void cli_completion_bash(struct strbuf *out)
{
	strbuf_add(out,
		   "# Completion of weir for bash, made by: weir completion bash\n"
		   "_weir_offer()\n{\n"
		   "\t[[ $1 == -f ]] && compopt -o filenames\n"
		   "\tmapfile -t COMPREPLY < <(compgen \"$@\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
		   "}\n\n_weir()\n{\n"
		   "\tlocal current=${COMP_WORDS[COMP_CWORD]} line=\"\" words=\"\" i\n"
		   "\tlocal options=\"");
	add_option_names(out, cli_global_options);
	strbuf_add(out, "\"\n\n"
			"\t# The words so far, without options and their values.\n"
			"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			"\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	each_option(out, add_value_name);
	strbuf_add(out, ") ((i++)) ;;\n\t\t-*) ;;\n\t\t*) line+=\"${COMP_WORDS[i]} \" ;;\n"
			"\t\tesac\n\tdone\n\tcase $line${COMP_WORDS[COMP_CWORD-1]} in\n");
	for (const struct cli_command *c = cli_commands; c->name; c++)
		add_word_cases(out, c);
	strbuf_add(out, "\tesac\n\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n");
	each_option(out, add_value_case);
	strbuf_add(out, "\tesac\n\tcase $line in\n\t\"\") words=\"");
	add_first_words(out);
	strbuf_add(out, "\" ;;\n");
	add_second_words(out);
	for (const struct cli_command *c = cli_commands; c->name; c++)
		add_command(out, c);
	strbuf_add(out, "\tesac\n\t[[ $current == -* ]] && words=$options\n"
			"\t_weir_offer -W \"$words\"\n}\n\ncomplete -F _weir weir\n");
}

enum cli_status cmd_completion(const struct cli *cli)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	if (strcmp(cli_word(cli, 0), "bash"))
		return cli_wrong_usage("there is no completion for '%s', only for bash",
				       cli_word(cli, 0));
	cli_completion_bash(&out);
	(void)fputs(strbuf_text(&out), stdout);
	return CLI_OK;
}
