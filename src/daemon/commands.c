/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/commands.h"

#include <errno.h>
#include <string.h>

#include "daemon/methods.h"
#include "daemon/views.h"

#define PREFIX "io.weir."
#define MAX_METHODS 24

struct stage_interface {
	char name[64];
	struct bus_interface interface;
	struct bus_method methods[MAX_METHODS + 1];
};

/* --- a call ------------------------------------------------------------------------------------ */

static const char *interface_of(const struct stage_ops *stage)
{
	return stage->live->interface ?: stage->name;
}

static int stage_of(struct bus_call *call)
{
	const char *name = bus_call_interface(call) + strlen(PREFIX);

	for (int i = 0; i < STAGE_MAX; i++)
		if (stages[i]->live && !strcmp(interface_of(stages[i]), name))
			return i;
	return -1;
}

static const struct stage_command *find_command(int stage, const char *name)
{
	const struct stage_command *c = stage >= 0 ? stages[stage]->live->commands : NULL;

	while (c && c->name && strcmp(c->name, name))
		c++;
	return c && c->name ? c : NULL;
}

static const struct stage_query *find_query(int stage, const char *name)
{
	const struct stage_query *q = stage >= 0 ? stages[stage]->live->queries : NULL;

	while (q && q->name && strcmp(q->name, name))
		q++;
	return q && q->name ? q : NULL;
}

static void first_error(const struct diag *d, struct strbuf *out)
{
	vec_foreach(&d->entries, e)
		if (e->level == DIAG_ERROR && !out->len)
			diag_format_plain(e, out);
}

static int answer_wrong(struct bus_call *call, const char *parameter, const struct diag *d, int r)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	first_error(d, &text);
	if (!text.len)
		strbuf_add(&text, strerror(-r));
	if (parameter)
		return bus_call_invalid(call, parameter, "%s", strbuf_text(&text));
	return bus_call_failed(call, "%s", strbuf_text(&text));
}

static int run_command(struct bus_call *call, const json_t *parameters, void *data)
{
	struct engine *engine = ((struct methods *)data)->engine;
	int stage = stage_of(call);
	const struct stage_command *command = find_command(stage, bus_call_method(call));
	_cleanup_strbuf_ struct strbuf changed = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	const char *wrong = NULL;
	int r;

	if (!command)
		return -ENOSYS;
	engine_refresh(engine);
	r = command->run(pipeline_live(engine_pipeline(engine), (enum stage_id)stage),
			 engine_facts(engine), parameters, &wrong, &d);
	if (!r)
		r = engine_change(engine, &d, &changed);
	if (r)
		return answer_wrong(call, wrong, &d, r);
	return bus_call_reply(call, json_pack("{s:o}", "changed", view_lines(&changed)));
}

static int run_query(struct bus_call *call, const json_t *parameters, void *data)
{
	struct engine *engine = ((struct methods *)data)->engine;
	int stage = stage_of(call);
	const struct stage_query *query = find_query(stage, bus_call_method(call));
	_cleanup_diag_ struct diag d = { 0 };
	const char *wrong = NULL;
	json_t *answer = NULL;
	int r;

	if (!query)
		return -ENOSYS;
	r = query->run(pipeline_live(engine_pipeline(engine), (enum stage_id)stage), parameters,
		       &answer, &wrong, &d);
	return r ? answer_wrong(call, wrong, &d, r) : bus_call_reply(call, answer);
}

/* --- the tables -------------------------------------------------------------------------------- */

static void describe(struct stage_interface *s, const struct stage_ops *stage)
{
	const struct stage_command *c = stage->live->commands;
	const struct stage_query *q = stage->live->queries;
	unsigned n = 0;

	(void)snprintf(s->name, sizeof(s->name), PREFIX "%s", interface_of(stage));
	for (; c && c->name && n < MAX_METHODS; c++)
		s->methods[n++] = (struct bus_method){ .name = c->name,
						       .access = BUS_WRITE,
						       .in = c->in,
						       .out = "(changed: []string)",
						       .help = c->help,
						       .handle = run_command };
	for (; q && q->name && n < MAX_METHODS; q++)
		s->methods[n++] = (struct bus_method){ .name = q->name,
						       .access = BUS_READ,
						       .in = q->in,
						       .out = q->out,
						       .help = q->help,
						       .handle = run_query };
	s->interface =
		(struct bus_interface){ .name = s->name, .help = stage->title, .methods = s->methods };
}

static bool has_methods(const struct stage_ops *stage)
{
	return stage->live && (stage->live->commands || stage->live->queries);
}

int commands_interfaces(const struct bus_interface *first, const struct bus_interface *const **ret)
{
	static struct stage_interface made[STAGE_MAX];
	const struct bus_interface **list = calloc(STAGE_MAX + 2, sizeof(*list));
	unsigned n = 0;

	if (!list)
		return -ENOMEM;
	list[n++] = first;
	for (unsigned i = 0; i < STAGE_MAX; i++) {
		if (!has_methods(stages[i]))
			continue;
		describe(&made[i], stages[i]);
		list[n++] = &made[i].interface;
	}
	*ret = list;
	return 0;
}
