/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/methods.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "base/near.h"
#include "daemon/views.h"

static struct engine *engine_of(void *data)
{
	return ((struct methods *)data)->engine;
}

static const char *text_of(const json_t *parameters, const char *key)
{
	return json_string_value(json_object_get(parameters, key));
}

static int get_version(struct bus_call *call, const json_t *parameters, void *data)
{
	return bus_call_reply(call, view_version());
}

static int get_status(struct bus_call *call, const json_t *parameters, void *data)
{
	return bus_call_reply(call, view_status(engine_of(data)));
}

static int get_config(struct bus_call *call, const json_t *parameters, void *data)
{
	return bus_call_reply(call, view_config(engine_of(data)));
}

/* --- names in parameters ----------------------------------------------------------------------- */

static int unknown_stage(struct bus_call *call, const char *name)
{
	const char *names[STAGE_MAX], *nearest;

	for (unsigned i = 0; i < STAGE_MAX; i++)
		names[i] = stages[i]->name;
	nearest = near_word(name, names, STAGE_MAX);
	return bus_call_invalid(call, "stage", "there is no stage '%s'%s%s%s", name,
				nearest ? ": did you mean '" : "", nearest ? nearest : "",
				nearest ? "'?" : "");
}

static int unknown_interface(struct bus_call *call, const char *parameter, struct engine *engine,
			     const char *name)
{
	const char *nearest = pipe_facts_nearest(engine_facts(engine), name);

	return bus_call_invalid(call, parameter, "there is no interface '%s'%s%s%s", name,
				nearest ? ": did you mean '" : "", nearest ? nearest : "",
				nearest ? "'?" : "");
}

static int get_counters(struct bus_call *call, const json_t *parameters, void *data)
{
	const char *interface = text_of(parameters, "interface"),
		   *stage = text_of(parameters, "stage");
	struct engine *engine = engine_of(data);

	if (interface && !pipe_facts_find(engine_facts(engine), interface))
		return unknown_interface(call, "interface", engine, interface);
	if (stage && strcmp(stage, "pipe") && stage_by_name(stage) < 0)
		return unknown_stage(call, stage);
	return bus_call_reply(call, view_counters(engine, interface, stage));
}

static int show_stage(struct bus_call *call, const json_t *parameters, void *data)
{
	const char *name = text_of(parameters, "stage");
	int stage = stage_by_name(name);

	if (stage < 0)
		return unknown_stage(call, name);
	return bus_call_reply(call, view_stage(engine_of(data), (enum stage_id)stage));
}

static int explain_interface(struct bus_call *call, const json_t *parameters, void *data)
{
	const char *name = text_of(parameters, "name");
	json_t *reply = view_explain(engine_of(data), name);

	if (!reply)
		return unknown_interface(call, "name", engine_of(data), name);
	return bus_call_reply(call, reply);
}

/* --- reload ------------------------------------------------------------------------------------ */

void methods_log_diag(const struct diag *d)
{
	static const enum log_level levels[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

	vec_foreach(&d->entries, e) {
		struct strbuf text = { 0 };

		diag_format_plain(e, &text);
		log_write(levels[e->level], NULL, "%s", strbuf_text(&text));
		strbuf_free(&text);
	}
}

static uint64_t monotonic_usec(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int methods_reload(struct engine *engine, struct diag *d, struct strbuf *changed)
{
	int r;

	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)monotonic_usec());
	r = engine_load(engine, d, changed);
	methods_log_diag(d);
	if (r)
		engine_tell(engine, "config", "refused", "configuration refused; what runs stays");
	else
		engine_tell(engine, "config", "reloaded", "configuration reloaded%s",
			    changed->len ? "" : "; nothing changed");
	(void)sd_notify(0, "READY=1");
	return r;
}

static json_t *lines_of(const struct strbuf *text)
{
	json_t *lines = json_array();

	for (const char *at = strbuf_text(text); *at;) {
		size_t n = strcspn(at, "\n");

		(void)json_array_append_new(lines, json_stringn(at, n));
		at += n + (at[n] == '\n');
	}
	return lines;
}

static int reload(struct bus_call *call, const json_t *parameters, void *data)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf changed = { 0 };

	if (methods_reload(engine_of(data), &d, &changed))
		return bus_call_error(call, "ConfigInvalid",
				      json_pack("{s:o}", "diagnostics", view_diagnostics(&d)));
	return bus_call_reply(call, json_pack("{s:o, s:o}", "changed", lines_of(&changed),
					      "diagnostics", view_diagnostics(&d)));
}

/* --- monitor ----------------------------------------------------------------------------------- */

static void listener_gone(struct bus_call *call, void *data)
{
	struct methods *methods = data;

	for (size_t i = 0; i < methods->listeners.n; i++)
		if (methods->listeners.at[i] == call) {
			vec_remove(&methods->listeners, i);
			return;
		}
}

static int monitor(struct bus_call *call, const json_t *parameters, void *data)
{
	struct methods *methods = data;
	int r = vec_push(&methods->listeners, call);

	if (!r)
		bus_call_defer(call, listener_gone, methods);
	return r;
}

static json_t *event_to_json(const struct engine_event *event)
{
	char text[40], when[64];
	struct tm tm;

	if (!localtime_r(&event->at.tv_sec, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		text[0] = 0;
	(void)snprintf(when, sizeof(when), "%s.%03ld", text, event->at.tv_nsec / 1000000);
	return json_pack("{s:s, s:s, s:s, s:s}", "time", when, "subject", event->subject, "event",
			 event->event, "text", event->text);
}

void methods_publish(struct methods *methods, const struct engine_event *event)
{
	json_t *json;

	if (!methods->listeners.n)
		return;
	json = event_to_json(event);
	/* From the end: one that is dropped on the way removes itself from the list. */
	for (size_t i = methods->listeners.n; json && i-- > 0;)
		if (i < methods->listeners.n)
			(void)bus_call_event(methods->listeners.at[i], json);
	json_decref(json);
}

void methods_free(struct methods *methods)
{
	vec_free(&methods->listeners);
}

static const struct bus_method method_rows[] = {
	{ "GetVersion", BUS_READ, "()", "(version: string, kernel: string)",
	  "Versions of daemon and kernel.", get_version, false },
	{ "GetStatus", BUS_READ, "()",
	  "(version: string, pid: int, uptime_seconds: int, state: string, message: string, "
	  "kernel: string, files: []string, loaded_at: string, interfaces: []object, "
	  "warnings: []string)",
	  "What the daemon is doing, per interface.", get_status, false },
	{ "GetCounters", BUS_READ, "(interface: ?string, stage: ?string)", "(counters: []object)",
	  "Named counters of the packet path, in all and per CPU.", get_counters, false },
	{ "GetConfig", BUS_READ, "()", "(files: []string, config: object)",
	  "The configuration in force, defaults included.", get_config, false },
	{ "Reload", BUS_WRITE, "()", "(changed: []string, diagnostics: []object)",
	  "Reads the configuration again and applies what differs, all or nothing.", reload, false },
	{ "ShowStage", BUS_READ, "(stage: string)",
	  "(stage: string, title: string, columns: []object, rows: []object, notes: []string)",
	  "A stage's table.", show_stage, false },
	{ "ExplainInterface", BUS_READ, "(name: string)",
	  "(name: string, lines: []string, facts: object)",
	  "What happens to the packets of an interface, in words.", explain_interface, false },
	{ "Monitor", BUS_READ, "()",
	  "(time: string, subject: string, event: string, text: string, lost: ?int)",
	  "Events as they happen.", monitor, true },
	{ .name = NULL },
};

static const struct bus_error error_rows[] = {
	{ "ConfigInvalid", "(diagnostics: []object)",
	  "The configuration was refused; what runs stays as it is." },
	{ .name = NULL },
};

const struct bus_interface methods_interface = {
	.name = "io.weir",
	.help = "Weir, the packet path of a network's edge.",
	.methods = method_rows,
	.errors = error_rows,
};
