/* SPDX-License-Identifier: GPL-2.0-only */
/* xdp_config: the targets of xdp_loadbalancer.o, without the daemon. */
#include "cli/xdp_config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "cli/cli.h"
#include "pipe/balance/classic/map.h"
#include "pipe/balance/classic/targets.h"

#define TRACE_PIPE "/sys/kernel/debug/tracing/trace_pipe"

static const char help[] =
	"usage: xdp_config MAP TARGET...          send IPv4 to these interfaces in turn\n"
	"       xdp_config --show [MAP]           who is sent to, by whom\n"
	"       xdp_config --trace on|off [MAP]   tell every redirect to trace_pipe\n"
	"\n"
	"The program itself: ip link set dev INPUT xdp obj xdp_loadbalancer.o sec xdp\n"
	"                    ip link set dev INPUT xdp off\n"
	"\n"
	"MAP is where redirect_map is pinned, usually " CLASSIC_PATH ". Where nothing is\n"
	"pinned yet, the map of the loaded program is found and pinned there.\n"
	"TARGET is an interface, 1 to 64 of them. One named twice gets two frames of every round. "
	"Nothing\n"
	"is written unless all of them can be sent to; targets of an earlier call are removed.\n"
	"\n"
	"  -h, --help     this text\n"
	"  --version      which version this is\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage.\n";

/* What every verb works on. */
struct tool {
	const char *path;
	struct nl *nl;
	struct classic_facts facts;
	struct classic_map map;
	bool pinned; /* at `path` */
};

static void tool_free(struct tool *t)
{
	classic_map_close(&t->map);
	classic_facts_free(&t->facts);
	if (t->nl)
		nl_close(t->nl);
}

static enum cli_status wrong_usage(const char *text, const char *about)
{
	(void)fprintf(stderr, "xdp_config: %s%s; see xdp_config --help\n", text, about);
	return CLI_USAGE;
}

static void print_diag(const struct diag *d)
{
	(void)fflush(stdout);
	vec_foreach(&d->entries, e) {
		_cleanup_strbuf_ struct strbuf text = { 0 };

		diag_format(e, &text);
		(void)fprintf(stderr, "xdp_config: %s\n", strbuf_text(&text));
	}
}

/* --- opening ----------------------------------------------------------------------------------- */

static int facts_open(struct tool *t, struct diag *d)
{
	int r = nl_open(&t->nl);

	if (!r)
		r = classic_facts_read(t->nl, &t->facts);
	return r ? classic_cannot(d, r, "the interfaces", "look at them") : 0;
}

static int map_open(struct tool *t, struct diag *d)
{
	int r = classic_map_open(t->path, &t->map, d);

	t->pinned = !r;
	if (r != -ENOENT)
		return r ? r : classic_map_check_used(&t->facts, &t->map, t->path, d);
	return classic_map_find(&t->facts, CLASSIC_PIN, &t->map, d);
}

/* Of the interfaces that what is told depends on. */
static int ask_powers(struct tool *t, const struct classic_targets *targets)
{
	int r = 0;

	vec_foreach(&t->facts.inputs, in)
		if (!r)
			r = classic_facts_ask(t->nl, in->link->ifindex, &t->facts);
	for (unsigned i = 0; !r && i < targets->n; i++)
		r = classic_facts_ask(t->nl, targets->at[i]->ifindex, &t->facts);
	return r;
}

/* --- telling ------------------------------------------------------------------------------------ */

static void print_inputs(const struct tool *t)
{
	vec_foreach(&t->facts.inputs, in)
		if (in->map_id == t->map.id)
			printf("input %s (ifindex %d), %s XDP\n", in->link->name, in->link->ifindex,
			       in->native ? "native" : "generic");
}

static void print_row(const struct tool *t, const struct classic_row *row, bool reached)
{
	const struct nl_link *l = classic_facts_find_index(&t->facts, row->ifindex);

	printf("target %u: ", row->key);
	if (l)
		printf("%s (ifindex %u)", l->name, row->ifindex);
	else
		printf("ifindex %u, which is no interface here: its frames are lost", row->ifindex);
	puts(reached ? "" : ", never reached: a target before it is missing");
}

static void print_rows(const struct tool *t)
{
	struct classic_rows rows;

	classic_map_read(t->map.fd, &rows);
	for (unsigned i = 0; i < rows.n; i++)
		print_row(t, &rows.at[i], rows.at[i].key == i);
	if (!rows.n)
		puts("no target: everything is left to the kernel");
}

static void print_trace(const struct tool *t)
{
	unsigned on, programs;

	if (classic_trace_get(t->map.id, &on, &programs) || !programs)
		return;
	if (on)
		puts("trace on: cat " TRACE_PIPE);
	else
		puts("trace off; to see each redirect: xdp_config --trace on, then "
		     "cat " TRACE_PIPE);
}

/* --- verbs -------------------------------------------------------------------------------------- */

static int write_targets(struct tool *t, const struct classic_targets *targets, struct diag *d)
{
	uint32_t ifindexes[CLASSIC_TARGETS_MAX];
	int r = t->pinned ? 0 : classic_map_pin(&t->map, t->path, d);

	if (r)
		return r;
	if (!t->pinned)
		printf("pinned the loaded program's map at %s\n", t->path);
	for (unsigned i = 0; i < targets->n; i++)
		ifindexes[i] = (uint32_t)targets->at[i]->ifindex;
	r = classic_map_write(t->map.fd, ifindexes, targets->n);
	return r ? classic_cannot(d, r, t->path, "write the targets") : 0;
}

static int configure(struct tool *t, const char *const *names, size_t n, struct diag *d)
{
	struct classic_targets targets = { 0 };
	int r = facts_open(t, d), s;

	if (r)
		return r;
	/* Both are looked at, so that one call tells all that is wrong. */
	r = classic_targets_find(names, n, &t->facts, &targets, d);
	s = map_open(t, d);
	if (r || s)
		return r ? r : s;
	r = ask_powers(t, &targets);
	if (!r)
		r = classic_targets_check(&targets, &t->facts, t->map.id, d);
	if (!r)
		r = write_targets(t, &targets, d);
	if (!r) {
		print_inputs(t);
		print_rows(t);
		print_trace(t);
	}
	return r;
}

static int show(struct tool *t, struct diag *d)
{
	int r = facts_open(t, d);

	if (!r)
		r = map_open(t, d);
	if (r)
		return r;
	if (!t->pinned)
		printf("nothing is pinned at %s yet; the loaded program's map has:\n", t->path);
	print_inputs(t);
	print_rows(t);
	print_trace(t);
	return 0;
}

static int trace(struct tool *t, bool on, struct diag *d)
{
	unsigned programs = 0;
	int r = facts_open(t, d);

	if (!r)
		r = map_open(t, d);
	if (r)
		return r;
	r = classic_trace_set(t->map.id, on, &programs);
	if (r)
		return classic_cannot(d, r, t->path, "set the trace of its programs");
	if (!programs) {
		(void)diag_error(d, NULL, "no program that uses %s is loaded", t->path);
		diag_hint(d, CLASSIC_LOAD);
		return -ENOENT;
	}
	print_trace(t);
	return 0;
}

/* --- the command line --------------------------------------------------------------------------- */

static enum cli_status run_configure(int argc, char *const *argv, struct tool *t, struct diag *d)
{
	t->path = argv[0];
	if (argc < 2)
		return wrong_usage("a map and the interfaces to send to are needed", "");
	return configure(t, (const char *const *)argv + 1, (size_t)argc - 1, d) ? CLI_FAILED : CLI_OK;
}

static enum cli_status run_show(int argc, char *const *argv, struct tool *t, struct diag *d)
{
	if (argc > 1)
		return wrong_usage("--show takes one map, not also ", argv[1]);
	t->path = argc ? argv[0] : CLASSIC_PATH;
	return show(t, d) ? CLI_FAILED : CLI_OK;
}

static enum cli_status run_trace(int argc, char *const *argv, struct tool *t, struct diag *d)
{
	bool on = argc && !strcmp(argv[0], "on");

	if (!on && (!argc || strcmp(argv[0], "off")))
		return wrong_usage("--trace needs on or off", "");
	if (argc > 2)
		return wrong_usage("--trace takes one map, not also ", argv[2]);
	t->path = argc > 1 ? argv[1] : CLASSIC_PATH;
	return trace(t, on, d) ? CLI_FAILED : CLI_OK;
}

static enum cli_status run_help(int argc, char *const *argv, struct tool *t, struct diag *d)
{
	(void)fputs(help, stdout);
	return CLI_OK;
}

static enum cli_status run_version(int argc, char *const *argv, struct tool *t, struct diag *d)
{
	puts("xdp_config " WEIR_VERSION);
	return CLI_OK;
}

static const struct {
	const char *name;
	enum cli_status (*run)(int argc, char *const *argv, struct tool *t, struct diag *d);
} verbs[] = {
	{ "--show", run_show }, { "--trace", run_trace },     { "--help", run_help },
	{ "-h", run_help },	{ "--version", run_version },
};

static enum cli_status unknown_option(const char *option)
{
	const char *names[ARRAY_LEN(verbs)], *near;

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		names[i] = verbs[i].name;
	near = near_word(option, names, ARRAY_LEN(names));
	if (!near)
		return wrong_usage("unknown option ", option);
	(void)fprintf(stderr, "xdp_config: unknown option '%s', did you mean '%s'?\n", option, near);
	return CLI_USAGE;
}

static bool has_word(int argc, char *const *argv, const char *word)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], word))
			return true;
	return false;
}

/* An option stands first, but help is given wherever it is asked for. */
static enum cli_status run(int argc, char *const *argv, struct tool *t, struct diag *d)
{
	if (argc < 2)
		return wrong_usage("a map and the interfaces to send to are needed", "");
	if (has_word(argc, argv, "--help") || has_word(argc, argv, "-h"))
		return run_help(argc, argv, t, d);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (!strcmp(argv[1], verbs[i].name))
			return verbs[i].run(argc - 2, argv + 2, t, d);
	if (argv[1][0] == '-')
		return unknown_option(argv[1]);
	return run_configure(argc - 1, argv + 1, t, d);
}

int xdp_config_main(int argc, char *const *argv)
{
	_cleanup_(tool_free) struct tool tool = { .map = CLASSIC_MAP_NONE };
	_cleanup_diag_ struct diag d = { 0 };
	enum cli_status s = run(argc, argv, &tool, &d);

	print_diag(&d);
	if (fflush(stdout) || ferror(stdout)) {
		(void)fputs("xdp_config: cannot write the output\n", stderr);
		s = s ? s : CLI_FAILED;
	}
	return (int)s;
}
