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

static const struct cli_option check_options[] = {
	{ "plan", 0, TAKES_NOTHING, NULL, "Also print the tree of queues it would build" },
	{ 0 },
};

#define SORT(help)                                                   \
	{                                                            \
		"sort", 0, TAKES_VALUE, "KEY", help, OFFER_SORT_KEYS \
	}
#define LIMIT(help)                                 \
	{                                           \
		"limit", 0, TAKES_VALUE, "N", help, \
	}
#define MATCH                                                                 \
	{                                                                     \
		"match", 0, TAKES_VALUE, "TEXT",                              \
			"Only those with TEXT in id, name, parent or address" \
	}

static const struct cli_option list_options[] = {
	SORT("Sort by KEY (default: id)"),
	LIMIT("At most N rows (default: 50), 0 for all"),
	MATCH,
	WATCH,
	{ 0 },
};

static const struct cli_option top_options[] = {
	SORT("Sort by KEY (default: download)"),
	LIMIT("At most N rows (default: 20), 0 for all"),
	MATCH,
	WATCH,
	{ 0 },
};

static const struct cli_option unknown_options[] = {
	LIMIT("At most N rows (default: 50), 0 for all"),
	WATCH,
	{ 0 },
};

/* `is`: whether what every plan has must be given. */
#define PLAN(is)                                                                                       \
	{ "download", 0, TAKES_VALUE, "RATE", "The plan towards the subscriber", .required = is },     \
		{ "upload", 0, TAKES_VALUE, "RATE", "The plan towards the internet", .required = is }, \
		{ "address",	 0, TAKES_VALUE, "A[,A...]", "Addresses and prefixes, all of them",    \
		  .required = is },                                                                    \
		{ "name", 0, TAKES_VALUE, "NAME", "Name shown to people" },                            \
		{ "parent", 0, TAKES_VALUE, "NODE", "Node it hangs on (default: one is chosen)" },     \
		{ "min-download", 0, TAKES_VALUE, "RATE", "What is guaranteed of the download" },      \
		{ "min-upload", 0, TAKES_VALUE, "RATE", "What is guaranteed of the upload" },          \
	{                                                                                              \
		"leaf", 0, TAKES_VALUE, "WORDS", "Its queue: cake, fq_codel, fifo, as in tc(8)"        \
	}

static const struct cli_option add_options[] = { PLAN(true), { 0 } };
static const struct cli_option set_options[] = { PLAN(false), { 0 } };

static const struct cli_option tree_options[] = {
	{ "circuits", 0, TAKES_NOTHING, NULL, "Also the circuits, not only the nodes" },
	WATCH,
	{ 0 },
};

#define WHOSE                                                              \
	{                                                                  \
		"subscriber", 0, TAKES_VALUE, "ID", "Only this subscriber" \
	}
#define ONE_OF(name, value, list, help)                                       \
	{                                                                     \
		name, 0, TAKES_VALUE, value, help, OFFER_WORDS, .words = list \
	}

static const struct cli_option rtt_options[] = {
	WHOSE,
	{ "node", 0, TAKES_VALUE, "NODE", "Only what is below this node" },
	ONE_OF("by", "GROUP", "subscriber node", "A row per subscriber (the default) or node"),
	ONE_OF("side", "SIDE", "access internet both",
	       "Only access or internet; both: merged in one row"),
	ONE_OF("kind", "KIND", "timestamp sequence handshake all each",
	       "Only this kind of sample; each: a row per kind"),
	{ "interval", 0, TAKES_SECONDS, "SECONDS", "Of the last SECONDS (default: 60)" },
	ONE_OF("sort", "KEY", "name samples mean p50 p90 p99 max", "Sort by KEY (default: name)"),
	{ "top", 0, TAKES_VALUE, "N", "At most N rows (default: all)" },
	WATCH,
	{ 0 },
};

static const struct cli_option flows_options[] = {
	WHOSE,
	{ "top", 0, TAKES_VALUE, "N", "At most N rows (default: 20), 0 for all" },
	ONE_OF("sort", "KEY", "bytes packets again rtt age", "Sort by KEY (default: bytes)"),
	{ "idle", 0, TAKES_SECONDS, "SECONDS", "Not those silent for longer (default: 60)" },
	WATCH,
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

#define RATES "RATE is Mbit/s, like 20 or 1.5, or has a suffix: 500k, 2.5M, 1G. "
#define CHANGES                                                                      \
	"Changes by command survive reloads and restarts; 'weir subscribers reset' " \
	"forgets them."

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
	  "check --plan /etc/weir/weir.yaml", cmd_check, check_options, OFFER_FILES },
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
	{ "subscribers list", "", "Subscribers, their rates and their use now",
	  "A star marks a rate below the plan, because a node above has less. Names, addresses, "
	  "waiting bytes and CPUs are shown where the terminal is wide enough.",
	  "subscribers list --match Tower --sort drops", cmd_subscribers_list, list_options },
	{ "subscribers top", "", "Who uses most at the moment", NULL,
	  "subscribers top --sort upload --watch 2", cmd_subscribers_top, top_options },
	{ "subscribers unknown", "", "Addresses that were seen and are nobody's",
	  "Their packets pass unshaped, or share the default plan where there is one.",
	  "subscribers unknown --limit 20", cmd_subscribers_unknown, unknown_options },
	{ "subscribers show", "ID", "Everything about one subscriber", NULL, "subscribers show 17",
	  cmd_subscribers_show },
	{ "subscribers add", "ID", "A new subscriber, from now on",
	  RATES CHANGES " To change one that exists: 'weir subscribers set'.",
	  "subscribers add 17 --download 50 --upload 10 --address 100.64.0.5", cmd_subscribers_add,
	  add_options },
	{ "subscribers set", "ID", "Change a subscriber's plan or addresses",
	  "What is not given stays as it is; addresses are replaced. " RATES CHANGES,
	  "subscribers set 17 --download 100 --upload 2.5M", cmd_subscribers_set, set_options },
	{ "subscribers remove", "ID", "A subscriber goes, its addresses are nobody's", CHANGES,
	  "subscribers remove 17", cmd_subscribers_remove },
	{ "subscribers reset", "[ID]", "Forget what was changed by command",
	  "Of one subscriber, or of all: the files count again.", "subscribers reset 17",
	  cmd_subscribers_reset },
	{ "tree", "[NODE]", "The tree of nodes: rates, use, drops",
	  "Everything, or what is below NODE, there with its circuits. The percentage is the use "
	  "now of the rate in force. CPU, class, waiting bytes and the number of circuits are "
	  "shown "
	  "where the terminal is wide enough.",
	  "tree Tower --watch", cmd_tree, tree_options },
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
	/* Behind the stages: "rtt show" is the stage's table. */
	{ "rtt", "", "Round-trip times of subscribers or nodes",
	  "Measured on the packets that pass: to the subscriber and back (access), to the rest "
	  "of the world and back (internet), in milliseconds. Kinds: timestamp, sequence, "
	  "handshake. Keys: name, samples, mean, p50, p90, p99, max. The stage's own table is "
	  "'weir rtt show'.",
	  "rtt --side access --sort p90 --top 10", cmd_rtt, rtt_options },
	{ "flows", "", "Who talks to whom, how much, how far away",
	  "AGAIN counts segments that were sent more than once. ACCESS and INTERNET are the "
	  "last round trips on that side, in milliseconds. Keys: bytes, packets, again, rtt, "
	  "age. States and ages are shown where the terminal is wide enough; --json has more.",
	  "flows --subscriber 17 --sort again", cmd_flows, flows_options },
	{ "explain interface", "NAME", "What happens to an interface's packets, in words", NULL,
	  "explain interface eth1", cmd_explain_interface, .offer = OFFER_INTERFACES },
	{ "explain ip", "ADDRESS", "What happens to an address's packets, in words",
	  "Whose it is, which plan and queue it has, on which CPU, and why.",
	  "explain ip 100.64.0.5", cmd_explain_ip },
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
