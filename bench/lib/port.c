/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/port.h"

#include <stdio.h>
#include <string.h>

#include "config/load.h"
#include "pipe/stage.h"

struct making {
	const struct schema *schemas[STAGE_MAX];
	struct model *model;
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

static int read_wish(struct making *m, const char *yaml, struct diag *d)
{
	for (unsigned i = 0; i < STAGE_MAX; i++)
		m->schemas[i] = stages[i]->schema;
	return config_load_text("bench", yaml, strlen(yaml), m->schemas, STAGE_MAX, &m->model, d);
}

static int make_plan(struct making *m)
{
	int r = 0;

	for (unsigned i = 0; i < STAGE_MAX && !r; i++) {
		const struct section *section = model_section(m->model, stages[i]->name);

		if (section)
			r = stages[i]->plan(section->data, &m->facts, &m->plan);
	}
	return r;
}

static int load_one(const struct making *m, const char *name, struct bench_port *ret, struct diag *d)
{
	const struct pipe_link *link = pipe_facts_find(&m->facts, name);
	const struct port_plan *port = link ? pipe_plan_find(&m->plan, link->ifindex) : NULL;
	struct instance *instance;
	struct pipe_kernel kernel;
	int r;

	if (!port)
		return diag_error(d, NULL, "the plan has no port '%s'", name);
	pipe_kernel_probe(&kernel);
	r = instance_load(port, &kernel, -1, &instance, d);
	if (r)
		return r;
	ret->instance = instance;
	(void)snprintf(ret->note, sizeof(ret->note), "%s", port->note);
	return 0;
}

int bench_port_load(const char *yaml, const struct pipe_link *links, size_t n_links,
		    const char *name, struct bench_port *ret, struct diag *d)
{
	struct making m = { 0 };
	int r = 0;

	for (size_t i = 0; i < n_links && !r; i++)
		r = vec_push(&m.facts.links, links[i]);
	if (!r)
		r = read_wish(&m, yaml, d);
	if (!r)
		r = make_plan(&m);
	if (!r)
		r = load_one(&m, name, ret, d);
	pipe_plan_free(&m.plan);
	pipe_facts_free(&m.facts);
	model_free(m.model);
	return r;
}

void bench_port_free(struct bench_port *port)
{
	instance_free(port->instance);
	*port = (struct bench_port){ 0 };
}
