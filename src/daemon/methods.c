/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/methods.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/near.h"
#include "daemon/views.h"
#include "model/network.h"

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

static int unknown_stage(struct bus_call *call, const char *parameter, const char *name)
{
	const char *names[STAGE_MAX], *nearest;

	for (unsigned i = 0; i < STAGE_MAX; i++)
		names[i] = stages[i]->name;
	nearest = near_word(name, names, STAGE_MAX);
	return bus_call_invalid(call, parameter, "there is no stage '%s'%s%s%s", name,
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
		return unknown_stage(call, "stage", stage);
	return bus_call_reply(call, view_counters(engine, interface, stage));
}

static int show_stage(struct bus_call *call, const json_t *parameters, void *data)
{
	const char *name = text_of(parameters, "stage");
	int stage = stage_by_name(name);

	if (stage < 0)
		return unknown_stage(call, "stage", name);
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

static int explain_address(struct bus_call *call, const json_t *parameters, void *data)
{
	const char *address = text_of(parameters, "address"), *wrong = "";
	struct net_prefix host;

	if (net_prefix_parse(address, &host, &wrong))
		return bus_call_invalid(call, "address", "'%s' is no IP address: %s", address, wrong);
	return bus_call_reply(call, view_address(engine_of(data), address));
}

/* --- reload ------------------------------------------------------------------------------------ */

void methods_log_diag(const struct diag *d, bool notes)
{
	static const enum log_level levels[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

	vec_foreach(&d->entries, e) {
		struct strbuf text = { 0 };

		if (e->level == DIAG_NOTE && !notes)
			continue;
		diag_format_plain(e, &text);
		log_write(levels[e->level], NULL, "%s", strbuf_text(&text));
		strbuf_free(&text);
	}
}

int methods_reload(struct engine *engine, struct diag *d, struct strbuf *changed)
{
	int r;

	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
			 (unsigned long long)clock_now_ns(CLOCK_MONOTONIC) / 1000);
	r = engine_load(engine, d, changed);
	methods_log_diag(d, false); /* a start has said them, and `weir reload` shows them */
	if (r)
		engine_tell(engine, "config", "refused", "configuration refused; what runs stays");
	else
		engine_tell(engine, "config", "reloaded", "configuration reloaded%s",
			    changed->len ? "" : "; nothing changed");
	(void)sd_notify(0, "READY=1");
	return r;
}

static int reload(struct bus_call *call, const json_t *parameters, void *data)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf changed = { 0 };

	if (methods_reload(engine_of(data), &d, &changed))
		return bus_call_error(call, "ConfigInvalid",
				      json_pack("{s:o}", "diagnostics", view_diagnostics(&d)));
	return bus_call_reply(call, json_pack("{s:o, s:o}", "changed", view_lines(&changed),
					      "diagnostics", view_diagnostics(&d)));
}

/* --- monitor ----------------------------------------------------------------------------------- */

static void listener_gone(struct bus_call *call, void *data)
{
	struct methods *methods = data;

	for (size_t i = 0; i < methods->listeners.n; i++)
		if (methods->listeners.at[i].call == call) {
			vec_remove(&methods->listeners, i);
			return;
		}
}

static int monitor(struct bus_call *call, const json_t *parameters, void *data)
{
	const char *figures = text_of(parameters, "figures");
	struct methods *methods = data;
	struct listener listener = { call, figures ? stage_by_name(figures) : -1 };
	int r;

	if (figures && listener.figures < 0)
		return unknown_stage(call, "figures", figures);
	r = vec_push(&methods->listeners, listener);
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
			(void)bus_call_event(methods->listeners.at[i].call, json);
	json_decref(json);
}

/* "eth1 eth2: state up, weight 1, ...": the first two columns name the row. */
static void describe_row(const json_t *columns, const json_t *row, struct strbuf *out)
{
	for (size_t i = 0; i < json_array_size(columns); i++) {
		const json_t *column = json_array_get(columns, i);
		const json_t *value = json_object_get(row, text_of(column, "key"));
		_cleanup_free_ char *text =
			json_is_string(value) ?
				strdup(json_string_value(value)) :
				json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));

		if (i < 2)
			strbuf_addf(out, "%s%s", i ? " " : "", text ? text : "");
		else
			strbuf_addf(out, "%s%s %s", i == 2 ? ": " : ", ", text_of(column, "key"),
				    text ? text : "");
	}
}

static json_t *figures_to_json(const char *stage, const json_t *columns, json_t *row)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct engine_event event = { .subject = stage, .event = "figures" };
	json_t *json;

	describe_row(columns, row, &text);
	event.text = strbuf_text(&text);
	(void)clock_gettime(CLOCK_REALTIME, &event.at);
	json = event_to_json(&event);
	if (json)
		(void)json_object_set(json, "row", row);
	return json;
}

static void publish_rows(struct methods *methods, int stage)
{
	json_t *view = view_stage(methods->engine, (enum stage_id)stage), *row;
	size_t r;

	json_array_foreach(json_object_get(view, "rows"), r, row) {
		json_t *json =
			figures_to_json(stages[stage]->name, json_object_get(view, "columns"), row);

		for (size_t i = methods->listeners.n; json && i-- > 0;)
			if (i < methods->listeners.n && methods->listeners.at[i].figures == stage)
				(void)bus_call_event(methods->listeners.at[i].call, json);
		json_decref(json);
	}
	json_decref(view);
}

void methods_publish_figures(struct methods *methods)
{
	bool wanted[STAGE_MAX] = { 0 };

	vec_foreach(&methods->listeners, l)
		if (l->figures >= 0)
			wanted[l->figures] = true;
	for (int i = 0; i < STAGE_MAX; i++)
		if (wanted[i])
			publish_rows(methods, i);
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
	{ "ExplainAddress", BUS_READ, "(address: string)",
	  "(address: string, lines: []string, facts: object)",
	  "What happens to packets from and to an address, in words.", explain_address, false },
	{ "Monitor", BUS_READ, "(figures: ?string)",
	  "(time: string, subject: string, event: string, text: string, row: ?object, lost: ?int)",
	  "Events as they happen; with the name of a stage in `figures` also the rows of its\n"
	  "table, every second.",
	  monitor, true },
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
