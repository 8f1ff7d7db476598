/* SPDX-License-Identifier: GPL-2.0-only */
/* The rows: everything that is said about a command is said here, once. */
#include <string.h>

#include "cli/cli.h"

#define WATCH                                                                    \
	{                                                                        \
		"watch", 0, TAKES_MAYBE_SECONDS, "[SECONDS]",                    \
			"Show again every SECONDS (default 1) until interrupted" \
	}

const struct cli_option cli_global_options[] = {
	{ "bus", 0, TAKES_VALUE, "PATH", "Socket of the bus (default: $WEIR_BUS, /run/weir/bus)",
	  OFFER_FILES },
	{ "json", 0, TAKES_NOTHING, NULL, "Print JSON, for programs" },
	{ "timeout", 0, TAKES_SECONDS, "SECONDS", "How long to wait for the daemon (default: 10)" },
	{ "help", 'h', TAKES_NOTHING, NULL, "Print help, of the command when one is named" },
	{ "version", 'V', TAKES_NOTHING, NULL, "The same as the command version" },
	{ "man", 0, TAKES_VALUE, "PAGE", "Print the manual page weir or weird", .hidden = true },
	{ 0 },
};

static const struct cli_option counters_options[] = {
	{ "interface", 0, TAKES_VALUE, "IF", "Only the counters of this interface", OFFER_INTERFACES },
	{ "stage", 0, TAKES_VALUE, "STAGE", "Only the counters of this stage", OFFER_STAGES },
	{ "all", 0, TAKES_NOTHING, NULL, "Also the counters that are zero" },
	{ "per-cpu", 0, TAKES_NOTHING, NULL, "A row for each CPU" },
	WATCH,
	{ 0 },
};

static const struct cli_option watch_options[] = { WATCH, { 0 } };

#define BALANCER                                                                              \
	{                                                                                     \
		"balancer", 0, TAKES_VALUE, "NAME", "Which balancer, where there are several" \
	}

static const struct cli_option balance_options[] = { BALANCER, { 0 } };

static const struct cli_option balance_add_options[] = {
	{ "weight", 0, TAKES_VALUE, "N", "Its share against the others' weights (default: 1)" },
	BALANCER,
	{ 0 },
};

static const struct cli_option monitor_options[] = {
	{ "figures", 0, TAKES_VALUE, "STAGE", "Also the rows of that stage's table, every second",
	  OFFER_STAGES },
	{ 0 },
};

const char *const cli_stages[] = {
#define STAGE(name) #name,
#include "pipe/stages.def"
#undef STAGE
	NULL,
};

const struct cli_command cli_commands[] = {
	{ "status", "", "What the daemon is doing, per interface",
	  "The mode is native (in the driver), skb (in the kernel's generic path), tc (no XDP at "
	  "all) "
	  "or none. Where it is not native, the reason is said below the table.",
	  "status", cmd_status },
	{ "counters", "", "Named counters of the packet path",
	  "Every packet that was not handled the fast way is in one of them. Counters that are "
	  "zero "
	  "are left out unless --all is given.",
	  "counters --interface eth1 --watch 2", cmd_counters, counters_options },
	{ "config show", "", "The configuration in force, defaults included", NULL, "config show",
	  cmd_config_show },
	{ "config schema", "", "A JSON Schema of the configuration",
	  "Give it to an editor, and it completes and checks the YAML. Needs no running daemon.",
	  "config schema >weir.schema.json", cmd_config_schema },
	{ "config example", "[SECTION]", "A commented example, of one section when named",
	  "Needs no running daemon.", "config example bridge", cmd_config_example },
	{ "check", "[FILE]...", "Check configuration files and change nothing",
	  "Prints every problem with file, line and column. Without FILE it checks what the daemon "
	  "would read. Needs no running daemon.",
	  "check /etc/weir/weir.yaml", cmd_check, .offer = OFFER_FILES },
	{ "reload", "", "Read the configuration again, apply what differs",
	  "All or nothing: when a file has an error, the daemon goes on as it is.", "reload",
	  cmd_reload },
	{ "balance add", "INTERFACE", "A target joins a running balancer",
	  "It takes its share of the flows, and no other flow moves. Like all changes by command "
	  "it survives a restart; 'weir balance reset' forgets them.",
	  "balance add eth4 --weight 2", cmd_balance, balance_add_options, OFFER_INTERFACES },
	{ "balance remove", "INTERFACE", "A target leaves at once",
	  "Only its own flows move. To let them end first, drain it.", "balance remove eth4",
	  cmd_balance, balance_options, OFFER_INTERFACES },
	{ "balance weight", "INTERFACE N", "Give a target another share",
	  "N is 1 to 100, against the weights of the others.", "balance weight eth4 3", cmd_balance,
	  balance_options, OFFER_INTERFACES },
	{ "balance drain", "INTERFACE", "Let a target's flows end, give it no new ones",
	  "It ends by itself when no known flow is left; 'weir balance show' tells how many are.",
	  "balance drain eth4", cmd_balance, balance_options, OFFER_INTERFACES },
	{ "balance undrain", "INTERFACE", "Give a drained target its share again", NULL,
	  "balance undrain eth4", cmd_balance, balance_options, OFFER_INTERFACES },
	{ "balance reset", "[INTERFACE]", "Forget what was changed by command",
	  "Of one target, or of all: the configuration counts again.", "balance reset", cmd_balance,
	  balance_options, OFFER_INTERFACES },
#define STAGE(name)                        \
	{ #name " show",                   \
	  "",                              \
	  "The table of the stage " #name, \
	  NULL,                            \
	  #name " show --watch",           \
	  cmd_stage_show,                  \
	  watch_options,                   \
	  .stage = #name },
#include "pipe/stages.def"
#undef STAGE
	{ "explain interface", "NAME", "What happens to an interface's packets, in words", NULL,
	  "explain interface eth1", cmd_explain_interface, .offer = OFFER_INTERFACES },
	{ "monitor", "", "Events as they happen, until interrupted",
	  "With --json each event is one object on one line. When the output is read too slowly, "
	  "events are lost and their number is said.",
	  "monitor --figures balance", cmd_monitor, monitor_options },
	{ "version", "", "The versions of weir, the daemon and its kernel",
	  "Says so when no daemon runs, which is no failure here.", "version", cmd_version },
	{ "help", "[COMMAND]...", "Help, of one command when named", NULL, "help counters",
	  cmd_help, .offer = OFFER_COMMANDS },
	{ "completion", "bash", "Print what makes a shell complete the commands", NULL,
	  "completion bash >/etc/bash_completion.d/weir", cmd_completion, .offer = OFFER_BASH },
	{ 0 },
};

/* How many of `words` the name is made of, 0 when they differ. */
static size_t match(const char *name, const char *const *words, size_t n)
{
	size_t used = 0;

	while (used < n) {
		size_t len = strcspn(name, " ");

		if (strlen(words[used]) != len || memcmp(name, words[used], len))
			return 0;
		used++;
		name += len;
		if (!*name)
			return used;
		name++;
	}
	return 0;
}

const struct cli_command *cli_command_find(const char *const *words, size_t n, size_t *ret_used)
{
	for (const struct cli_command *c = cli_commands; c->name; c++) {
		size_t used = match(c->name, words, n);

		if (!used)
			continue;
		*ret_used = used;
		return c;
	}
	return NULL;
}
