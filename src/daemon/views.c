/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/views.h"

#include <string.h>
#include <sys/utsname.h>

#include "pipe/counters.h"

time_t view_started_at(void)
{
	static time_t at;

	if (!at)
		at = time(NULL);
	return at;
}

static json_t *format_time(time_t at)
{
	char text[40];
	struct tm tm;

	if (!localtime_r(&at, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm))
		return json_string("");
	return json_string(text);
}

static const char *kernel_release(void)
{
	static struct utsname names;

	return uname(&names) ? "" : names.release;
}

json_t *view_version(void)
{
	return json_pack("{s:s, s:s}", "version", WEIR_VERSION, "kernel", kernel_release());
}

int stage_by_name(const char *name)
{
	for (int i = 0; i < STAGE_MAX; i++)
		if (!strcmp(stages[i]->name, name))
			return i;
	return -1;
}

/* --- diagnostics ------------------------------------------------------------------------------- */

json_t *view_diagnostics(const struct diag *d)
{
	json_t *list = json_array();

	vec_foreach(&d->entries, e)
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "level",
					diag_level_name(e->level), "file", e->file ? e->file : "",
					"line", (int)e->line, "column", (int)e->column, "message",
					e->text ? e->text : "", "hint", e->hint ? e->hint : ""));
	return list;
}

/* --- status ------------------------------------------------------------------------------------ */

static json_t *stage_names(const struct port_plan *plan)
{
	json_t *names = json_array();

	for (unsigned i = 0; plan && i < STAGE_MAX; i++)
		if (plan->data[i])
			(void)json_array_append_new(names, json_string(stages[i]->name));
	return names;
}

static const char *link_state(const struct pipe_link *link)
{
	if (!link->ifindex)
		return "absent";
	return link->up && link->carrier ? "up" : "down";
}

/* The mode in use: a port that XDP could serve may still be served by TC alone. */
static const char *port_mode(const struct port_plan *plan, const struct pipe_link *link)
{
	if (!plan || !link->ifindex || (!plan->xdp && !plan->tc && !plan->egress))
		return "none";
	return xdp_mode_name(plan->xdp ? plan->mode : XDP_MODE_TC);
}

static json_t *show_interface(const struct pipe_link *link, const struct port_plan *plan)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:s}", "name",
			 link->name, "present_name", link->present_name, "ifindex", link->ifindex,
			 "link", link_state(link), "mode", port_mode(plan, link), "reason",
			 plan ? link->reason : "", "stages", stage_names(plan), "rx_packets",
			 (json_int_t)link->rx_packets, "rx_bytes", (json_int_t)link->rx_bytes,
			 "tx_packets", (json_int_t)link->tx_packets, "tx_bytes",
			 (json_int_t)link->tx_bytes, "note", plan ? plan->note : "");
}

static json_t *show_interfaces(struct engine *engine)
{
	const struct pipe_plan *plan = pipeline_plan(engine_pipeline(engine));
	_cleanup_name_list_ struct name_list list = { 0 };
	json_t *shown = json_object(), *array = json_array();

	(void)sections_interfaces(engine_model(engine), &list);
	vec_foreach(&list.names, name) {
		const struct pipe_link *link = pipe_facts_find(engine_facts(engine), *name);

		if (!link || json_object_get(shown, *name))
			continue;
		(void)json_object_set_new(shown, *name, json_true());
		(void)json_array_append_new(
			array,
			show_interface(link,
				       link->ifindex ? pipe_plan_find(plan, link->ifindex) : NULL));
	}
	json_decref(shown);
	return array;
}

static json_t *show_warnings(struct engine *engine)
{
	json_t *array = json_array();

	vec_foreach(&engine_warnings(engine)->entries, e) {
		struct strbuf text = { 0 };

		diag_format_plain(e, &text);
		(void)json_array_append_new(array, json_string(strbuf_text(&text)));
		strbuf_free(&text);
	}
	return array;
}

static json_t *show_files(struct engine *engine)
{
	const struct model *model = engine_model(engine);
	json_t *files = json_array();

	for (size_t i = 0; i < model->n_files; i++)
		(void)json_array_append_new(files, json_string(model->files[i]));
	return files;
}

static json_t *show_message(struct engine *engine)
{
	const struct pipe_plan *plan = pipeline_plan(engine_pipeline(engine));
	const char *refused = engine_refused(engine);

	return json_sprintf(
		"%zu interface%s in work%s%s", plan->ports.n, plan->ports.n == 1 ? "" : "s",
		*refused ? "; the files as they are now are refused, what was good runs on: " : "",
		refused);
}

json_t *view_status(struct engine *engine)
{
	time_t began = view_started_at();

	engine_refresh(engine);
	return json_pack("{s:s, s:i, s:I, s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "version",
			 WEIR_VERSION, "pid", (int)getpid(), "uptime_seconds",
			 (json_int_t)(time(NULL) - began), "state", "running", "message",
			 show_message(engine), "kernel", kernel_release(), "files",
			 show_files(engine), "loaded_at", format_time(engine_loaded_at(engine)),
			 "interfaces", show_interfaces(engine), "warnings", show_warnings(engine));
}

json_t *view_config(struct engine *engine)
{
	return json_pack("{s:o, s:o}", "files", show_files(engine), "config",
			 model_to_json(engine_model(engine)));
}

/* --- counters ---------------------------------------------------------------------------------- */

static json_t *show_cpus(const struct counter_block *block, unsigned which)
{
	json_t *cpus = json_array();

	for (unsigned i = 0; i < block->n_cpus; i++) {
		const volatile struct pipe_count *c = &block->cpu[i].count[which];

		(void)json_array_append_new(cpus, json_pack("{s:i, s:I, s:I}", "cpu", (int)i,
							    "packets", (json_int_t)c->packets,
							    "bytes", (json_int_t)c->bytes));
	}
	return cpus;
}

static void add_port_counters(json_t *list, const struct port_plan *port,
			      const struct counter_block *block, const char *stage)
{
	for (unsigned i = 0; i < PIPE_COUNTER_MAX; i++) {
		const struct counter_row *row = &counter_rows[i];
		struct pipe_count sum;

		if (stage && strcmp(stage, row->stage))
			continue;
		sum = counter_sum(block, i);
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:o}", "interface",
					port->name, "stage", row->stage, "name", row->name, "help",
					row->help, "packets", (json_int_t)sum.packets, "bytes",
					(json_int_t)sum.bytes, "cpu", show_cpus(block, i)));
	}
}

json_t *view_counters(struct engine *engine, const char *interface, const char *stage)
{
	struct counter_view view = pipeline_counters(engine_pipeline(engine));
	json_t *list = json_array();

	vec_foreach(&pipeline_plan(engine_pipeline(engine))->ports, port) {
		const struct counter_block *block = view.find(view.source, (*port)->ifindex);

		if (block && (!interface || !strcmp(interface, (*port)->name)))
			add_port_counters(list, *port, block, stage);
	}
	return json_pack("{s:o}", "counters", list);
}

/* --- one stage --------------------------------------------------------------------------------- */

static json_t *show_columns(const struct stage_column *columns)
{
	json_t *list = json_array();

	for (const struct stage_column *c = columns; c && c->key; c++)
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "key", c->key,
							    "label", c->label, "align",
							    c->right ? "right" : "left"));
	return list;
}

static json_t *show_notes(struct engine *engine, enum stage_id stage)
{
	json_t *notes = json_array();

	vec_foreach(&pipeline_plan(engine_pipeline(engine))->ports, port)
		if ((*port)->data[stage] && (*port)->note[0])
			(void)json_array_append_new(notes, json_sprintf("%s: %s", (*port)->name,
									(*port)->note));
	if (stages[stage]->live && stages[stage]->live->notes)
		stages[stage]->live->notes(pipeline_live(engine_pipeline(engine), stage), notes);
	return notes;
}

json_t *view_stage(struct engine *engine, enum stage_id stage)
{
	const struct stage_ops *ops = stages[stage];
	struct counter_view view = pipeline_counters(engine_pipeline(engine));
	json_t *rows =
		ops->show ? ops->show(pipeline_plan(engine_pipeline(engine)), engine_facts(engine),
				      &view, pipeline_live(engine_pipeline(engine), stage)) :
			    json_array();

	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "stage", ops->name, "title", ops->title,
			 "columns", show_columns(ops->columns), "rows", rows, "notes",
			 show_notes(engine, stage));
}

/* --- explain ----------------------------------------------------------------------------------- */

static void explain_link(const struct pipe_link *link, struct strbuf *out)
{
	if (!link->ifindex) {
		strbuf_addf(out,
			    "%s is away: it was here before and will be taken up when it returns\n",
			    link->name);
		return;
	}
	strbuf_addf(out, "%s is interface %d, a %s%s%s, %s, MTU %u\n", link->name, link->ifindex,
		    link->kind[0] ? link->kind : "device", link->driver[0] ? " of driver " : "",
		    link->driver, link_state(link), link->mtu);
	if (strcmp(link->name, link->present_name))
		strbuf_addf(out, "the kernel calls it %s now\n", link->present_name);
	if (link->xmit_known && !link->xmit)
		strbuf_add(out, "other interfaces cannot send XDP redirects to it\n");
}

static void explain_port(const struct port_plan *plan, const struct pipe_link *link,
			 struct engine *engine, struct strbuf *out)
{
	const struct pipe_facts *facts = engine_facts(engine);

	if (!plan) {
		strbuf_add(out, "no stage uses it: weir does not touch its packets\n");
		return;
	}
	strbuf_addf(out, "the packet path runs in %s mode%s%s\n", port_mode(plan, link),
		    link->reason[0] ? ": " : "", link->reason);
	for (unsigned i = 0; i < STAGE_MAX; i++)
		if (plan->data[i] && stages[i]->explain)
			stages[i]->explain(plan, facts, out,
					   pipeline_live(engine_pipeline(engine), i));
	if (plan->note[0])
		strbuf_addf(out, "%s\n", plan->note);
}

static void explain_counts(const struct counter_block *block, struct strbuf *out)
{
	for (unsigned i = 0; i < PIPE_COUNTER_MAX; i++) {
		struct pipe_count sum = counter_sum(block, i);

		if (sum.packets)
			strbuf_addf(out, "%llu packets: %s %s, %s\n",
				    (unsigned long long)sum.packets, counter_rows[i].stage,
				    counter_rows[i].name, counter_rows[i].help);
	}
}

json_t *view_lines(const struct strbuf *text)
{
	json_t *lines = json_array();

	for (const char *at = strbuf_text(text); *at;) {
		size_t n = strcspn(at, "\n");

		(void)json_array_append_new(lines, json_stringn(at, n));
		at += n + (at[n] == '\n');
	}
	return lines;
}

json_t *view_explain(struct engine *engine, const char *name)
{
	const struct pipe_facts *facts = engine_facts(engine);
	struct counter_view view = pipeline_counters(engine_pipeline(engine));
	_cleanup_strbuf_ struct strbuf text = { 0 };
	const struct counter_block *block;
	const struct port_plan *plan;
	const struct pipe_link *link;

	engine_refresh(engine);
	link = pipe_facts_find(facts, name);
	if (!link)
		return NULL;
	plan = link->ifindex ? pipe_plan_find(pipeline_plan(engine_pipeline(engine)), link->ifindex) :
			       NULL;
	explain_link(link, &text);
	if (link->ifindex)
		explain_port(plan, link, engine, &text);
	block = plan ? view.find(view.source, link->ifindex) : NULL;
	if (block)
		explain_counts(block, &text);
	return json_pack("{s:s, s:o, s:o}", "name", name, "lines", view_lines(&text), "facts",
			 show_interface(link, plan));
}

json_t *view_address(struct engine *engine, const char *address)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	json_t *facts = json_object();

	for (unsigned i = 0; i < STAGE_MAX; i++) {
		void *live = pipeline_live(engine_pipeline(engine), (enum stage_id)i);

		if (live && stages[i]->live->address)
			stages[i]->live->address(live, address, &text, facts);
	}
	if (!text.len)
		strbuf_add(&text, "no stage asks for addresses: its packets are treated as all\n");
	return json_pack("{s:s, s:o, s:o}", "address", address, "lines", view_lines(&text), "facts",
			 facts);
}
