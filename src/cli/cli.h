/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command line: rows of commands and options, from which come the parser, the help, the manual
 * and the completion.  A command is a client of the bus and nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "base/vec.h"
#include "bus/client.h"

/* What main() returns. */
enum cli_status { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_NO_DAEMON = 3 };

enum cli_takes {
	TAKES_NOTHING,
	TAKES_VALUE,
	TAKES_SECONDS,	     /* a number above 0 */
	TAKES_MAYBE_SECONDS, /* the same, or nothing */
};

/* What a shell may offer where a value or an argument stands. */
enum cli_offer {
	OFFER_NOTHING,
	OFFER_FILES,
	OFFER_INTERFACES,
	OFFER_STAGES,
	OFFER_COMMANDS,
	OFFER_SORT_KEYS,
	OFFER_WORDS, /* those of the option's row */
	OFFER_BASH
};

/* What lists of subscribers are sorted by. */
#define CLI_SORT_KEYS "id", "name", "download", "upload", "drops", "backlog", "total"

/* The same name means the same thing at every command that has it. */
struct cli_option {
	const char *name;
	char letter;
	enum cli_takes takes;
	const char *value; /* "PATH"; NULL when it takes nothing */
	const char *help;
	enum cli_offer offer;
	bool hidden, required;
	const char *words; /* "access internet both": what it may be */
};

struct cli;

struct cli_command {
	const char *name;      /* "config show" */
	const char *arguments; /* "NAME", "[SECTION]", "[FILE]..."; "" for none */
	const char *help;      /* one line, without a full stop */
	const char *more;      /* what else there is to know, or NULL */
	const char *example;   /* what stands after "weir ", or NULL */
	enum cli_status (*run)(const struct cli *cli);
	const struct cli_option *options; /* ends with a NULL name; NULL for none */
	enum cli_offer offer;
	const char *stage; /* of a stage's command */
};

struct cli_given {
	const struct cli_option *option;
	const char *value;
};

/* A command line, understood.  Everything is borrowed from argv and the rows. */
struct cli {
	const struct cli_command *command; /* NULL when only --help or --man was asked */
	const char *bus;
	int timeout_ms;
	bool json;
	VEC(const char *) words; /* the arguments behind the command */
	VEC(struct cli_given) given;
};

/* commands.c; both end with a NULL name */
extern const struct cli_command cli_commands[];
extern const struct cli_option cli_global_options[];
extern const char *const cli_stages[]; /* ends with NULL */
/* The row whose words begin `words`; *ret_used = how many words its name has. */
const struct cli_command *cli_command_find(const char *const *words, size_t n, size_t *ret_used);

/* args.c */
enum cli_status cli_parse(int argc, char *const *argv, struct cli *ret);
void cli_free(struct cli *cli);
/* $WEIR_BUS, or the usual socket. */
const char *cli_default_bus(void);
bool cli_has(const struct cli *cli, const char *option);
/* The option's value, "" when it was given without one, NULL when it was not given. */
const char *cli_value(const struct cli *cli, const char *option);
const char *cli_word(const struct cli *cli, size_t i);
/* Of --watch and the like; `standard` when no number was given. */
double cli_seconds(const struct cli *cli, const char *option, double standard);
/* "weir: …" on stderr, and the status. */
enum cli_status cli_wrong_usage(const char *format, ...) _printf_(1, 2);

/* help.c */
void cli_help(struct strbuf *out);
void cli_help_command(const struct cli_command *command, struct strbuf *out);
void cli_usage_line(const struct cli_command *command, struct strbuf *out);

/* man.c, completion.c */
int cli_man(const char *page, struct strbuf *out);
void cli_completion_bash(struct strbuf *out);

/* ask.c */
/* Connects; says why not. */
enum cli_status cli_connect(const struct cli *cli, struct bus_client **ret);
/* Prints "weir: error: …" for each entry. */
void cli_print_diag(const struct diag *d);
/* A refused call in words a person can act on. */
enum cli_status cli_refused(const struct bus_reply *reply);
/* One call over a connection of its own; a named error is told and ends in CLI_FAILED. */
enum cli_status cli_ask(const struct cli *cli, const char *method, json_t *parameters,
			struct bus_reply *ret);
enum cli_status cli_ask_over(struct bus_client *client, const char *method, json_t *parameters,
			     struct bus_reply *ret);
/* Indented, with a newline. */
enum cli_status cli_print_json(const json_t *json);
/* The same, but one line when it is one of many of --watch. */
enum cli_status cli_print_json_round(const struct cli *cli, const json_t *json);

/* watch.c */
typedef enum cli_status (*cli_once)(const struct cli *cli, struct bus_client *client, void *state);
/* Calls `once` every so often over one connection, each time on a fresh screen, until Ctrl-C. */
enum cli_status cli_watch(const struct cli *cli, double seconds, cli_once once, void *state);
/* Once, or again and again where --watch was given. */
enum cli_status cli_look(const struct cli *cli, cli_once once, void *state);
/* SIGINT and SIGTERM set this from now on, and are let in only while the client waits. */
const volatile sig_atomic_t *cli_catch_stop(void);

/* run.c */
int cli_main(int argc, char *const *argv);

/* Another name this program can be called by: a link of that name to it. */
struct cli_alias {
	const char *name;
	int (*main)(int argc, char *const *argv);
};
extern const struct cli_alias cli_aliases[]; /* ends with a NULL name */
const struct cli_alias *cli_alias_find(const struct cli_alias *aliases, const char *argv0);

/* cmd_*.c */
enum cli_status cmd_status(const struct cli *cli);
enum cli_status cmd_version(const struct cli *cli);
enum cli_status cmd_counters(const struct cli *cli);
enum cli_status cmd_config_show(const struct cli *cli);
enum cli_status cmd_config_schema(const struct cli *cli);
enum cli_status cmd_config_example(const struct cli *cli);
enum cli_status cmd_check(const struct cli *cli);
enum cli_status cmd_reload(const struct cli *cli);
enum cli_status cmd_stage_show(const struct cli *cli);
enum cli_status cmd_explain_interface(const struct cli *cli);
enum cli_status cmd_explain_ip(const struct cli *cli);
enum cli_status cmd_monitor(const struct cli *cli);
enum cli_status cmd_balance(const struct cli *cli);
enum cli_status cmd_subscribers_list(const struct cli *cli);
enum cli_status cmd_subscribers_top(const struct cli *cli);
enum cli_status cmd_subscribers_unknown(const struct cli *cli);
enum cli_status cmd_subscribers_show(const struct cli *cli);
enum cli_status cmd_subscribers_add(const struct cli *cli);
enum cli_status cmd_subscribers_set(const struct cli *cli);
enum cli_status cmd_subscribers_remove(const struct cli *cli);
enum cli_status cmd_subscribers_reset(const struct cli *cli);
enum cli_status cmd_tree(const struct cli *cli);
enum cli_status cmd_rtt(const struct cli *cli);
enum cli_status cmd_flows(const struct cli *cli);
enum cli_status cmd_help(const struct cli *cli);
enum cli_status cmd_completion(const struct cli *cli);
