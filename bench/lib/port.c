/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/load.h"
#include "pipe/pipeline.h"

struct making {
	const struct schema *schemas[STAGE_MAX];
	struct pipe_wish wish;
	struct pipe_facts facts;
	struct pipe_plan plan;
};

struct pipe_link bench_link(const char *name, int ifindex, unsigned mtu)
{
	struct pipe_link link = {
		.ifindex = ifindex,
		.mtu = mtu,
		.up = true,
		.carrier = true,
		.xmit_known = true,
		.xmit = true,
		.xmit_frags = true,
		.mode = XDP_MODE_NATIVE,
	};

	(void)snprintf(link.name, sizeof(link.name), "%s", name);
	(void)snprintf(link.present_name, sizeof(link.present_name), "%s", name);
	return link;
}

static const struct pipe_kernel *this_kernel(void)
{
	static struct pipe_kernel kernel;

	if (!kernel.n_cpus)
		pipe_kernel_probe(&kernel);
	return &kernel;
}

/* --- from YAML to a plan ----------------------------------------------------------------------- */

static int read_wish(struct making *m, const char *yaml, struct model **ret, struct diag *d)
{
	int r;

	for (unsigned i = 0; i < STAGE_MAX; i++)
		m->schemas[i] = stages[i]->schema;
	r = config_load_text("bench", yaml, strlen(yaml), m->schemas, STAGE_MAX, ret, d);
	for (unsigned i = 0; i < STAGE_MAX && !r; i++) {
		const struct section *section = model_section(*ret, stages[i]->schema->name);

		m->wish.stage[i] = section && section->present ? section->data : NULL;
	}
	return r;
}

static int make_plan(struct making *m, struct lives *lives, struct diag *d)
{
	int r = lives_wish(lives, &m->wish, &m->facts, d);

	pipe_plan_free(&m->plan);
	m->plan = (struct pipe_plan){ 0 };
	for (unsigned i = 0; i < STAGE_MAX && !r; i++)
		if (m->wish.stage[i])
			r = stages[i]->plan(m->wish.stage[i], &m->facts, &m->plan, lives->at[i]);
	return r ? r : lives_prepare(lives, &m->wish, &m->facts, &m->plan, d);
}

/* --- a command --------------------------------------------------------------------------------- */

static const struct stage_command *find_command(const struct bench_command *c)
{
	const struct stage_live_ops *ops = stages[c->stage]->live;

	for (const struct stage_command *row = ops ? ops->commands : NULL; row && row->name; row++)
		if (!strcmp(row->name, c->name))
			return row;
	return NULL;
}

static int run_command(const struct making *m, const struct bench_command *c,
		       const struct lives *lives, struct diag *d)
{
	const struct stage_command *command = find_command(c);
	const char *wrong = NULL;
	json_t *in;
	int r;

	if (!command)
		return diag_error(d, NULL, "there is no command '%s'", c->name);
	in = json_pack("{s:s}", "interface", c->interface);
	r = in ? command->run(lives->at[c->stage], &m->facts, in, &wrong, d) : -ENOMEM;
	json_decref(in);
	return r;
}

/* --- the copy ---------------------------------------------------------------------------------- */

static int load_copy(const struct making *m, const char *name, struct bench_port *ret,
		     struct instance **ret_copy, struct diag *d)
{
	const struct pipe_link *link = pipe_facts_find(&m->facts, name);
	const struct port_plan *port = link ? pipe_plan_find(&m->plan, link->ifindex) : NULL;

	if (!port)
		return diag_error(d, NULL, "the plan has no port '%s'", name);
	(void)snprintf(ret->note, sizeof(ret->note), "%s", port->note);
	return instance_load(port, this_kernel(), -1, ret->lives.at, ret_copy, d);
}

static int load_copies(const struct making *m, const struct bench_wish *wish,
		       struct bench_port *ret, struct diag *d)
{
	int r = wish->other ? load_copy(m, wish->other, ret, &ret->other, d) : 0;

	r = r ? r : load_copy(m, wish->name, ret, &ret->instance, d);
	return r ? r :
		   counter_block_map(instance_counters_fd(ret->instance), this_kernel()->n_cpus,
				     &ret->counters);
}

static int make_port(struct making *m, const struct bench_wish *wish, struct bench_port *ret,
		     struct diag *d)
{
	const struct stage_host host = { .kernel = this_kernel(), .lives = &ret->lives };
	int r = lives_open(&host, &ret->lives, d);

	r = r ? r : read_wish(m, wish->yaml, &ret->model, d);
	r = r ? r : make_plan(m, &ret->lives, d);
	if (!r && wish->command) {
		lives_settle(&ret->lives, NULL);
		r = run_command(m, wish->command, &ret->lives, d);
		r = r ? r : make_plan(m, &ret->lives, d);
	}
	r = r ? r : load_copies(m, wish, ret, d);
	if (!r)
		lives_settle(&ret->lives, NULL);
	return r;
}

int bench_port_load(const struct bench_wish *wish, struct bench_port *ret, struct diag *d)
{
	struct making m = { 0 };
	int r = 0;

	*ret = (struct bench_port){ 0 };
	for (size_t i = 0; i < wish->n_links && !r; i++)
		r = vec_push(&m.facts.links, wish->links[i]);
	r = r ? r : make_port(&m, wish, ret, d);
	pipe_plan_free(&m.plan);
	pipe_facts_free(&m.facts);
	if (r)
		bench_port_free(ret);
	return r;
}

void bench_port_free(struct bench_port *port)
{
	counter_block_unmap(&port->counters);
	instance_free(port->instance);
	instance_free(port->other);
	lives_close(&port->lives);
	model_free(port->model);
	*port = (struct bench_port){ 0 };
}

unsigned long long bench_port_count(const struct bench_port *port, enum pipe_counter which)
{
	return counter_sum(&port->counters, which).packets;
}
