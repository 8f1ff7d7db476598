/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/commands.h"

#include <errno.h>
#include <string.h>

#include "daemon/methods.h"
#include "daemon/views.h"

#define PREFIX "io.weir."
#define MAX_COMMANDS 16

struct stage_interface {
	char name[64];
	struct bus_interface interface;
	struct bus_method methods[MAX_COMMANDS + 1];
};

/* --- a call ------------------------------------------------------------------------------------ */

static const struct stage_command *find_command(int stage, const char *name)
{
	const struct stage_command *c =
		stage >= 0 && stages[stage]->live ? stages[stage]->live->commands : NULL;

	while (c && c->name && strcmp(c->name, name))
		c++;
	return c && c->name ? c : NULL;
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
	int stage = stage_by_name(bus_call_interface(call) + strlen(PREFIX));
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

/* --- the tables -------------------------------------------------------------------------------- */

static void describe(struct stage_interface *s, const struct stage_ops *stage)
{
	const struct stage_command *c = stage->live->commands;

	(void)snprintf(s->name, sizeof(s->name), PREFIX "%s", stage->name);
	for (unsigned i = 0; c[i].name && i < MAX_COMMANDS; i++)
		s->methods[i] = (struct bus_method){ .name = c[i].name,
						     .access = BUS_WRITE,
						     .in = c[i].in,
						     .out = "(changed: []string)",
						     .help = c[i].help,
						     .handle = run_command };
	s->interface =
		(struct bus_interface){ .name = s->name, .help = stage->title, .methods = s->methods };
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
		if (!stages[i]->live || !stages[i]->live->commands)
			continue;
		describe(&made[i], stages[i]);
		list[n++] = &made[i].interface;
	}
	*ret = list;
	return 0;
}
