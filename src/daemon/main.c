/* SPDX-License-Identifier: GPL-2.0-only */
/* weird: parses its command line, starts engine and bus, and waits for signals. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "daemon/commands.h"
#include "daemon/methods.h"
#include "daemon/options.h"
#include "daemon/privilege.h"
#include "daemon/views.h"
#include "pipe/pins.h"

#define DEFAULT_BUS "/run/weir/bus"
#define SECOND_USEC (1000 * 1000)

struct daemon {
	struct options *options;
	sd_event *loop;
	struct engine *engine;
	struct bus_server *bus;
	struct methods methods;
	const struct bus_interface *const *interfaces; /* of the bus */
	bool leave;				       /* end without taking the packet path away */
};

/* --- one-shot actions -------------------------------------------------------------------------- */

static int print_json(json_t *json)
{
	int r = json ? json_dumpf(json, stdout, JSON_INDENT(2)) : -1;

	json_decref(json);
	(void)putchar('\n');
	return r ? 1 : 0;
}

static int action_check(const struct options *o)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 }, plan = { 0 };
	int r;

	privilege_forgo_files(); /* what the daemon could not read is not good */
	r = engine_preview((const char *const *)o->files.at, o->files.n, o->plan ? &plan : NULL, &d);

	pins_check(o->pins, &d);

	if (r && !d.errors)
		(void)diag_error(&d, NULL, "cannot check: %s", strerror(-r));
	if (o->json) {
		(void)print_json(json_pack("{s:b, s:o, s:s?}", "ok", !d.errors, "diagnostics",
					   view_diagnostics(&d), "plan",
					   o->plan ? strbuf_text(&plan) : NULL));
		return d.errors ? 1 : 0;
	}
	(void)fputs(strbuf_text(&plan), stdout);
	diag_format_all(&d, &text);
	(void)fputs(strbuf_text(&text), stderr);
	if (d.errors)
		(void)fprintf(stderr, "%u error%s, %u warning%s\n", d.errors,
			      d.errors == 1 ? "" : "s", d.warnings, d.warnings == 1 ? "" : "s");
	else
		(void)printf("configuration is good%s\n", d.warnings ? ", with warnings" : "");
	return d.errors ? 1 : 0;
}

static int action_schema(void)
{
	size_t n;
	const struct schema *const *schemas = sections_all(&n);

	return print_json(schema_to_json_schema(schemas, n));
}

static int action_example(const struct options *o)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	size_t n;
	const struct schema *const *schemas = sections_all(&n);

	schema_to_example(schemas, n, o->section, &text);
	if (!text.len) {
		(void)fprintf(stderr, "weird: there is no section '%s'\n", o->section);
		return 2;
	}
	(void)fputs(strbuf_text(&text), stdout);
	return 0;
}

/* --- events and signals ------------------------------------------------------------------------ */

static void on_event(const struct engine_event *event, void *data)
{
	struct daemon *daemon = data;
	bool bad = !strcmp(event->event, "failed") || !strcmp(event->event, "refused") ||
		   !strcmp(event->event, "vanished") || !strcmp(event->event, "lost");

	log_write(bad ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, event->subject, "%s", event->text);
	methods_publish(&daemon->methods, event);
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	struct daemon *daemon = data;

	daemon->leave = info->ssi_signo == SIGUSR2;
	(void)sd_notify(0, "STOPPING=1");
	return sd_event_exit(daemon->loop, 0);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	struct daemon *daemon = data;
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf changed = { 0 };

	(void)methods_reload(daemon->engine, &d, &changed);
	return 0;
}

static void on_files_changed(void *data)
{
	struct daemon *daemon = data;
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf changed = { 0 };

	(void)methods_reload(daemon->engine, &d, &changed);
}

static int on_second(sd_event_source *source, uint64_t usec, void *data)
{
	struct daemon *daemon = data;

	methods_publish_figures(&daemon->methods);
	(void)sd_event_source_set_time(source, usec + SECOND_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int catch_signals(struct daemon *daemon)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGUSR2 };
	int r = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_LEN(ends) && r >= 0; i++)
		r = sd_event_add_signal(daemon->loop, NULL, ends[i] | SD_EVENT_SIGNAL_PROCMASK,
					on_stop, daemon);
	if (r >= 0)
		r = sd_event_add_signal(daemon->loop, NULL, SIGHUP | SD_EVENT_SIGNAL_PROCMASK,
					on_hangup, daemon);
	return r;
}

/* --- run --------------------------------------------------------------------------------------- */

static const char *bus_path(const struct daemon *daemon)
{
	const char *from_config = sections_bus_path(engine_model(daemon->engine));
	const char *from_environment = getenv("WEIR_BUS");

	if (daemon->options->bus)
		return daemon->options->bus;
	if (from_config)
		return from_config;
	return from_environment && *from_environment ? from_environment : DEFAULT_BUS;
}

static int start_bus(struct daemon *daemon, struct diag *d)
{
	struct bus_config config = {
		.path = bus_path(daemon),
		.vendor = "Weir",
		.product = "weird",
		.version = WEIR_VERSION,
		.url = "https://weir.example/",
		.groups = bus_groups_find(),
		.userdata = &daemon->methods,
	};

	int r = commands_interfaces(&methods_interface, &daemon->interfaces);

	config.interfaces = daemon->interfaces;
	return r ? r : bus_server_new(daemon->loop, &config, &daemon->bus, d);
}

static int start_engine(struct daemon *daemon, struct diag *d)
{
	const struct engine_options options = {
		.files = (const char *const *)daemon->options->files.at,
		.n_files = daemon->options->files.n,
		.pins = daemon->options->pins,
		.state = daemon->options->state,
		.files_changed = on_files_changed,
	};
	int r = engine_new(daemon->loop, &options, on_event, daemon, &daemon->engine, d);

	daemon->methods.engine = daemon->engine;
	return r ? r : engine_read(daemon->engine, d);
}

static int start_path(struct daemon *daemon, struct diag *d)
{
	int r = engine_load(daemon->engine, d, NULL);

	if (!r)
		r = engine_follow(daemon->engine, d);
	if (r)
		return r;
	r = sd_event_add_time_relative(daemon->loop, NULL, CLOCK_MONOTONIC, SECOND_USEC,
				       SECOND_USEC / 10, on_second, daemon);
	return r < 0 ? r : 0;
}

static void say_ready(struct daemon *daemon)
{
	size_t n = pipeline_plan(engine_pipeline(daemon->engine))->ports.n;

	(void)sd_event_set_watchdog(daemon->loop, 1);
	log_info(NULL, "ready: %zu interface%s in work, bus %s", n, n == 1 ? "" : "s",
		 bus_path(daemon));
	(void)sd_notifyf(0, "READY=1\nSTATUS=%zu interface%s in work", n, n == 1 ? "" : "s");
}

static int start(struct daemon *daemon)
{
	_cleanup_diag_ struct diag d = { 0 };
	int r = sd_event_new(&daemon->loop);

	/* What moves packets between CPUs competes with programs: this one can wait. */
	(void)setpriority(PRIO_PROCESS, 0, 5);
	privilege_forgo_files();
	if (r >= 0)
		r = catch_signals(daemon);
	if (r >= 0)
		r = start_engine(daemon, &d);
	if (r >= 0)
		r = start_bus(daemon, &d); /* first: a second daemon must notice before it acts */
	if (r >= 0)
		r = start_path(daemon, &d);
	if (r >= 0)
		(void)privilege_drop(&d);
	methods_log_diag(&d, true);
	if (r < 0 && !d.errors)
		log_error(NULL, "cannot start: %s", strerror(-r));
	return r;
}

static void finish(struct daemon *daemon)
{
	bus_server_free(daemon->bus);
	free((void *)daemon->interfaces);
	if (daemon->engine && !daemon->leave)
		engine_stop(daemon->engine);
	engine_free(daemon->engine);
	methods_free(&daemon->methods);
	(void)sd_event_unref(daemon->loop);
}

static int run(struct options *options)
{
	struct daemon daemon = { .options = options };
	int r;

	log_open("weird");
	(void)view_started_at();
	log_set_level(options->level);
	r = start(&daemon);
	if (r >= 0) {
		say_ready(&daemon);
		r = sd_event_loop(daemon.loop);
		log_info(NULL, daemon.leave ? "leaving; the packet path runs on" : "stopping");
	} else {
		/* What an earlier run left keeps forwarding: a bad file must not cut the line. */
		daemon.leave = true;
	}
	finish(&daemon);
	return r < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options options;
	int r = options_parse(argc, argv, &options);

	if (r)
		goto out;
	switch (options.action) {
	case ACTION_HELP:
		options_help();
		break;
	case ACTION_VERSION:
		(void)puts("weird " WEIR_VERSION);
		break;
	case ACTION_CHECK:
		r = action_check(&options);
		break;
	case ACTION_SCHEMA:
		r = action_schema();
		break;
	case ACTION_EXAMPLE:
		r = action_example(&options);
		break;
	case ACTION_RUN:
		r = run(&options);
		break;
	}
out:
	options_free(&options);
	return r;
}
