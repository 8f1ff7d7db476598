/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/options.h"

#include <getopt.h>
#include <string.h>

#include "base/near.h"

#define WRONG_USAGE 2

enum option_id {
	OPT_CONFIG = 1000,
	OPT_BUS,
	OPT_STATE,
	OPT_PINS,
	OPT_LOG_LEVEL,
	OPT_CHECK,
	OPT_SCHEMA,
	OPT_EXAMPLE,
	OPT_PLAN,
	OPT_JSON,
	OPT_VERSION,
	OPT_HELP,
};

static const struct {
	const char *name;
	char letter;
	const char *argument, *help;
} rows[] = {
#define OPTION(name, letter, argument, help) { name, letter, argument, help },
#include "base/weird_options.def"
#undef OPTION
};

static void make_getopt(struct option *out, char *letters)
{
	*letters++ = ':';
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		out[i] = (struct option){ rows[i].name,
					  rows[i].argument ? required_argument : no_argument, NULL,
					  OPT_CONFIG + (int)i };
		if (!rows[i].letter)
			continue;
		*letters++ = rows[i].letter;
		if (rows[i].argument)
			*letters++ = ':';
	}
	*letters = 0;
	out[ARRAY_LEN(rows)] = (struct option){ 0 };
}

void options_help(void)
{
	(void)printf(
		"Usage: weird [OPTION]...\nThe Weir daemon: one kernel packet path for all the "
		"work of a network's edge.\n\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%s%c%s--%s%s%s", rows[i].letter ? "-" : " ",
			       rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? ", " : "  ",
			       rows[i].name, rows[i].argument ? " " : "",
			       rows[i].argument ? rows[i].argument : "");
		(void)printf("  %-24s %s\n", left, rows[i].help);
	}
	(void)printf(
		"\nSIGHUP reloads the configuration, SIGTERM removes everything and restores every "
		"setting,\nSIGUSR2 ends the daemon and leaves the packet path running for the next "
		"one.\n");
}

static int unknown_option(const char *word)
{
	const char *names[ARRAY_LEN(rows)], *nearest;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		names[i] = rows[i].name;
	nearest = strncmp(word, "--", 2) ? NULL : near_word(word + 2, names, ARRAY_LEN(rows));
	(void)fprintf(stderr, "weird: unknown option '%s'", word);
	if (nearest)
		(void)fprintf(stderr, ": did you mean '--%s'?", nearest);
	(void)fprintf(stderr, "\nTry 'weird --help'.\n");
	return WRONG_USAGE;
}

static int set_level(struct options *o, const char *name)
{
	if (!log_level_from_name(name, &o->level))
		return 0;
	(void)fprintf(stderr, "weird: --log-level wants error, warning, info or debug, not '%s'\n",
		      name);
	return WRONG_USAGE;
}

static int take(struct options *o, int id, const char *value, const char *word)
{
	switch (id) {
	case 'c':
	case OPT_CONFIG:
		return vec_push(&o->files, value);
	case OPT_BUS:
		return o->bus = value, 0;
	case OPT_STATE:
		return o->state = value, 0;
	case OPT_PINS:
		return o->pins = value, 0;
	case OPT_LOG_LEVEL:
		return set_level(o, value);
	case OPT_CHECK:
		return o->action = ACTION_CHECK, 0;
	case OPT_SCHEMA:
		return o->action = ACTION_SCHEMA, 0;
	case OPT_EXAMPLE:
		return o->action = ACTION_EXAMPLE, 0;
	case OPT_PLAN:
		return o->plan = true, 0;
	case OPT_JSON:
		return o->json = true, 0;
	case 'V':
	case OPT_VERSION:
		return o->action = ACTION_VERSION, 0;
	case 'h':
	case OPT_HELP:
		return o->action = ACTION_HELP, 0;
	case ':':
		(void)fprintf(stderr, "weird: %s wants an argument\n", word);
		return WRONG_USAGE;
	default:
		return unknown_option(word);
	}
}

/* What stands behind the options: files to check, or a section's name. */
static int take_rest(struct options *o, int argc, char **argv)
{
	for (; optind < argc; optind++) {
		if (o->action == ACTION_CHECK) {
			if (vec_push(&o->files, argv[optind]))
				return 1;
		} else if (o->action == ACTION_EXAMPLE && !o->section) {
			o->section = argv[optind];
		} else {
			(void)fprintf(
				stderr,
				"weird: unexpected '%s'; a configuration is given by -c FILE\n",
				argv[optind]);
			return WRONG_USAGE;
		}
	}
	return 0;
}

static void set_defaults(struct options *o)
{
	static const char *const files[] = { "/etc/weir/weir.yaml", "/etc/lqos.conf", "/etc/lqos" };
	const char *state = getenv("STATE_DIRECTORY");

	for (size_t i = 0; !o->files.n && i < ARRAY_LEN(files); i++)
		if (!access(files[i], F_OK))
			(void)vec_push(&o->files, files[i]);
	if (!o->files.n)
		(void)vec_push(&o->files, files[0]);
	if (!o->state)
		o->state = state && *state ? state : "/var/lib/weir";
	if (!o->pins)
		o->pins = "/sys/fs/bpf/weir";
}

int options_parse(int argc, char **argv, struct options *ret)
{
	struct option longs[ARRAY_LEN(rows) + 1];
	char letters[2 * ARRAY_LEN(rows) + 2];
	int id, r = 0;

	*ret = (struct options){ .level = LOG_LEVEL_INFO };
	make_getopt(longs, letters);
	while (!r && (id = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		r = take(ret, id, optarg, argv[optind - 1]);
	if (!r)
		r = take_rest(ret, argc, argv);
	if (!r)
		set_defaults(ret);
	return r;
}

void options_free(struct options *options)
{
	vec_free(&options->files);
}
