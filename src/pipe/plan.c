/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/plan.h"

#include <string.h>

#include "base/cleanup.h"
#include "pipe/stage.h"

/* A device whose frames cannot exceed this never gives XDP more than one buffer. */
#define ONE_BUFFER_MTU 1514

void port_plan_free(struct port_plan *port)
{
	if (!port)
		return;
	for (unsigned i = 0; port->data && i < STAGE_MAX; i++)
		free(port->data[i]);
	free(port->data);
	free(port);
}

void pipe_plan_free(struct pipe_plan *plan)
{
	vec_foreach(&plan->ports, port)
		port_plan_free(*port);
	vec_free(&plan->ports);
}

struct port_plan *pipe_plan_find(const struct pipe_plan *plan, int ifindex)
{
	vec_foreach(&plan->ports, port)
		if ((*port)->ifindex == ifindex)
			return *port;
	return NULL;
}

static struct port_plan *port_new(const struct pipe_link *link)
{
	struct port_plan *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->data = calloc(STAGE_MAX, sizeof(*port->data));
	if (!port->data) {
		free(port);
		return NULL;
	}
	memcpy(port->name, link->name, sizeof(port->name));
	port->ifindex = link->ifindex;
	port->mode = link->mode;
	port->frags = link->mtu > ONE_BUFFER_MTU;
	return port;
}

struct port_plan *pipe_plan_port(struct pipe_plan *plan, const struct pipe_link *link)
{
	struct port_plan *port = pipe_plan_find(plan, link->ifindex);

	if (port)
		return port;
	port = port_new(link);
	if (port && vec_push(&plan->ports, port)) {
		port_plan_free(port);
		return NULL;
	}
	return port;
}

void *port_plan_data(struct port_plan *port, unsigned stage)
{
	if (!port->data[stage])
		port->data[stage] = calloc(1, stages[stage]->port_size);
	return port->data[stage];
}

static bool same_data(const struct port_plan *a, const struct port_plan *b, unsigned stage)
{
	const void *x = a->data[stage], *y = b->data[stage];

	if (!x || !y)
		return x == y;
	return !memcmp(x, y, stages[stage]->port_size);
}

bool port_plan_equal(const struct port_plan *a, const struct port_plan *b)
{
	if (a->ifindex != b->ifindex || a->mode != b->mode || a->xdp != b->xdp || a->tc != b->tc ||
	    a->egress != b->egress || a->shaped != b->shaped || a->frags != b->frags ||
	    a->promisc != b->promisc || a->keep_tags != b->keep_tags)
		return false;
	for (unsigned i = 0; i < STAGE_MAX; i++)
		if (!same_data(a, b, i))
			return false;
	return true;
}
