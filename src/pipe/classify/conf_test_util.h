/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of the section: interfaces that are only told of, and the section in a model. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/libreqos/directory.h"
#include "config/load.h"
#include "pipe/classify/conf.h"

static const struct schema *const world_schemas[] = { &classify_schema, &libreqos_schema };
#define WORLD_SCHEMAS ARRAY_LEN(world_schemas)

static inline void world_add_link(struct pipe_facts *facts, const char *name, const char *kind,
				  int ifindex)
{
	struct pipe_link link = { .ifindex = ifindex, .mtu = 1500, .up = true, .carrier = true };

	(void)snprintf(link.name, sizeof(link.name), "%s", name);
	(void)snprintf(link.kind, sizeof(link.kind), "%s", kind);
	assert_int_equal(vec_push(&facts->links, link), 0);
}

/* eth1 to eth3, eth4 that is away, and a VLAN. */
static inline void world_add_links(struct pipe_facts *facts)
{
	world_add_link(facts, "eth1", "veth", 11);
	world_add_link(facts, "eth2", "veth", 12);
	world_add_link(facts, "eth3", "veth", 13);
	world_add_link(facts, "eth4", "veth", 0);
	world_add_link(facts, "vlan5", "vlan", 15);
}

/* NULL without the section. */
static inline const struct classify_conf *world_conf(const struct model *m)
{
	const struct section *s = model_section(m, "shaper");

	return s->present ? s->data : NULL;
}
