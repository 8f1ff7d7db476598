/* SPDX-License-Identifier: GPL-2.0-only */
/* From argv to a command, its options and its arguments.  Options may stand anywhere. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "cli/cli.h"

#define DEFAULT_BUS "/run/weir/bus"
#define DEFAULT_TIMEOUT_MS 10000

enum cli_status cli_wrong_usage(const char *format, ...)
{
	va_list args;

	(void)fputs("weir: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return CLI_USAGE;
}

const char *cli_default_bus(void)
{
	const char *bus = getenv("WEIR_BUS");

	return bus && *bus ? bus : DEFAULT_BUS;
}

void cli_free(struct cli *cli)
{
	vec_free(&cli->words);
	vec_free(&cli->given);
}

/* --- options -------------------------------------------------------------------------------- */

static const struct cli_option *find_in(const struct cli_option *options, const char *name, size_t len)
{
	for (; options && options->name; options++)
		if ((strlen(options->name) == len && !memcmp(options->name, name, len)) ||
		    (len == 1 && options->letter == *name))
			return options;
	return NULL;
}

static const struct cli_option *find_option(const char *name, size_t len)
{
	const struct cli_option *found = find_in(cli_global_options, name, len);

	for (const struct cli_command *c = cli_commands; !found && c->name; c++)
		found = find_in(c->options, name, len);
	return found;
}

static enum cli_status unknown_option(const char *arg, size_t len)
{
	_cleanup_free_ char *name = strndup(arg, len);
	VEC(const char *) names = { 0 };
	const struct cli_option *o;
	const char *near;

	for (o = cli_global_options; o->name; o++)
		if (!o->hidden)
			(void)vec_push(&names, o->name);
	for (const struct cli_command *c = cli_commands; c->name; c++)
		for (o = c->options; o && o->name; o++)
			(void)vec_push(&names, o->name);
	near = name ? near_word(name + strspn(name, "-"), names.at, names.n) : NULL;
	vec_free(&names);
	if (near)
		return cli_wrong_usage("unknown option '%s', did you mean '--%s'?", name, near);
	return cli_wrong_usage("unknown option '%s'; 'weir help' lists them", name ? name : arg);
}

static bool is_seconds(const char *text)
{
	char *end;
	double v = strtod(text, &end);

	return end != text && !*end && isfinite(v) && v >= 0.01 && v <= 1e6;
}

static enum cli_status check_value(const struct cli_option *o, const char *value)
{
	if (o->takes == TAKES_NOTHING && value)
		return cli_wrong_usage("--%s takes no value", o->name);
	if ((o->takes == TAKES_VALUE || o->takes == TAKES_SECONDS) && !value)
		return cli_wrong_usage("--%s needs %s", o->name, o->value);
	if ((o->takes == TAKES_SECONDS || o->takes == TAKES_MAYBE_SECONDS) && value &&
	    !is_seconds(value))
		return cli_wrong_usage("--%s: '%s' is not a number of seconds (0.01 to 1000000)",
				       o->name, value);
	return CLI_OK;
}

/* `next` is the word behind, or NULL; *ret_took: it was the option's value. */
static enum cli_status take_option(struct cli *cli, const char *arg, const char *next, bool *ret_took)
{
	const char *name = arg + (arg[1] == '-' ? 2 : 1), *value = strchr(name, '=');
	size_t len = strcspn(name, "=");
	const struct cli_option *o = find_option(name, len);
	enum cli_status s;

	if (!o || (arg[1] != '-' && name[1]) || (arg[1] == '-' && len == 1))
		return unknown_option(arg, (size_t)(name - arg) + len);
	value = value ? value + 1 : NULL;
	if (!value && next &&
	    (o->takes == TAKES_VALUE || o->takes == TAKES_SECONDS ||
	     (o->takes == TAKES_MAYBE_SECONDS && is_seconds(next)))) {
		value = next;
		*ret_took = true;
	}
	s = check_value(o, value);
	if (!s && vec_push(&cli->given, { o, value }))
		s = CLI_FAILED;
	return s;
}

static enum cli_status split(int argc, char *const *argv, struct cli *cli)
{
	bool only_words = false;
	enum cli_status s = CLI_OK;

	for (int i = 1; !s && i < argc; i++) {
		bool took = false;

		if (only_words || argv[i][0] != '-' || !argv[i][1]) {
			if (vec_push(&cli->words, argv[i]))
				s = CLI_FAILED;
		} else if (!strcmp(argv[i], "--")) {
			only_words = true;
		} else {
			s = take_option(cli, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &took);
			i += took;
		}
	}
	return s;
}

bool cli_has(const struct cli *cli, const char *option)
{
	return cli_value(cli, option);
}

const char *cli_value(const struct cli *cli, const char *option)
{
	const char *value = NULL;

	vec_foreach(&cli->given, g)
		if (!strcmp(g->option->name, option))
			value = g->value ? g->value : "";
	return value;
}

const char *cli_word(const struct cli *cli, size_t i)
{
	return i < cli->words.n ? cli->words.at[i] : NULL;
}

double cli_seconds(const struct cli *cli, const char *option, double standard)
{
	const char *value = cli_value(cli, option);

	return value && *value ? strtod(value, NULL) : standard;
}

/* An option of another command. */
static enum cli_status check_options(const struct cli *cli)
{
	vec_foreach(&cli->given, g) {
		size_t len = strlen(g->option->name);

		if (!find_in(cli_global_options, g->option->name, len) &&
		    !find_in(cli->command->options, g->option->name, len))
			return cli_wrong_usage("'weir %s' has no option --%s; see 'weir help %s'",
					       cli->command->name, g->option->name,
					       cli->command->name);
	}
	return CLI_OK;
}

static enum cli_status check_required(const struct cli *cli)
{
	for (const struct cli_option *o = cli->command->options; o && o->name; o++)
		if (o->required && !cli_has(cli, o->name))
			return cli_wrong_usage("'weir %s' needs --%s %s", cli->command->name,
					       o->name, o->value);
	return CLI_OK;
}

/* --- command and arguments ------------------------------------------------------------------ */

/* "config": the first word of some commands, but not a command. */
static enum cli_status incomplete(const char *first)
{
	_cleanup_strbuf_ struct strbuf seconds = { 0 };
	size_t len = strlen(first);

	for (const struct cli_command *c = cli_commands; c->name; c++)
		if (!strncmp(c->name, first, len) && c->name[len] == ' ')
			strbuf_addf(&seconds, "%s%s", seconds.len ? ", " : "", c->name + len + 1);
	if (!seconds.len)
		return CLI_OK;
	return cli_wrong_usage("'%s' needs one of: %s", first, strbuf_text(&seconds));
}

/* The nearest of all commands to the first two words, or to the first alone. */
static const char *nearest(const char *const *words, size_t n)
{
	_cleanup_strbuf_ struct strbuf two = { 0 };
	VEC(const char *) names = { 0 };
	const char *near = NULL;

	for (const struct cli_command *c = cli_commands; c->name; c++)
		(void)vec_push(&names, c->name);
	if (n > 1) {
		strbuf_addf(&two, "%s %s", words[0], words[1]);
		near = near_word(strbuf_text(&two), names.at, names.n);
	}
	if (!near)
		near = near_word(words[0], names.at, names.n);
	vec_free(&names);
	return near;
}

static enum cli_status no_command(const struct cli *cli)
{
	const char *near;

	if (!cli->words.n)
		return cli_wrong_usage("no command; 'weir help' lists them");
	if (cli->words.n == 1 && incomplete(cli->words.at[0]))
		return CLI_USAGE;
	near = nearest(cli->words.at, cli->words.n);
	if (near)
		return cli_wrong_usage("unknown command '%s%s%s', did you mean '%s'?",
				       cli->words.at[0], cli->words.n > 1 ? " " : "",
				       cli->words.n > 1 ? cli->words.at[1] : "", near);
	if (incomplete(cli->words.at[0]))
		return CLI_USAGE;
	return cli_wrong_usage("unknown command '%s'; 'weir help' lists them", cli->words.at[0]);
}

/* "[FILE]...": from 0 to any; "NAME WEIGHT": exactly 2; "[SECTION]": 0 or 1. */
static void count_words(const char *spec, size_t *ret_least, size_t *ret_most)
{
	*ret_least = *ret_most = 0;
	while (*spec) {
		size_t len = strcspn(spec, " ");

		*ret_least += *spec != '[';
		*ret_most += 1;
		spec += len + strspn(spec + len, " ");
	}
}

static enum cli_status check_words(const struct cli *cli)
{
	const char *spec = cli->command->arguments;
	size_t least, most;

	count_words(spec, &least, &most);
	if (strstr(spec, "..."))
		most = SIZE_MAX;
	if (cli->words.n < least)
		return cli_wrong_usage("'weir %s' needs %s", cli->command->name, spec);
	if (cli->words.n > most)
		return cli_wrong_usage("'weir %s' takes %s%s, not '%s'", cli->command->name,
				       most == 1 ? "one " :
				       most	 ? "" :
						   "no argument",
				       spec, cli->words.at[most]);
	return CLI_OK;
}

static enum cli_status find_command(struct cli *cli)
{
	size_t used = 0;

	cli->command = cli_command_find(cli->words.at, cli->words.n, &used);
	if (!cli->command)
		return cli_has(cli, "help") || cli_has(cli, "man") || cli_has(cli, "version") ?
			       CLI_OK :
			       no_command(cli);
	while (used--)
		vec_remove(&cli->words, 0);
	if (cli_has(cli, "help"))
		return CLI_OK;
	return check_options(cli) || check_words(cli) ? CLI_USAGE : check_required(cli);
}

enum cli_status cli_parse(int argc, char *const *argv, struct cli *ret)
{
	enum cli_status s;

	*ret = (struct cli){ .bus = cli_default_bus(), .timeout_ms = DEFAULT_TIMEOUT_MS };
	s = split(argc, argv, ret);
	if (!s)
		s = find_command(ret);
	if (s)
		return s;
	ret->json = cli_has(ret, "json");
	if (cli_has(ret, "bus"))
		ret->bus = cli_value(ret, "bus");
	ret->timeout_ms = (int)(cli_seconds(ret, "timeout", DEFAULT_TIMEOUT_MS / 1000.0) * 1000);
	return CLI_OK;
}
