/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of the balance stage: interfaces that are only told of, a configuration, findings. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "config/load.h"
#include "pipe/balance/live.h"
#include "pipe/stage.h"

#define TEST_LINKS 132 /* eth1 to eth132 */

struct world {
	struct pipe_facts facts;
	struct model *model;
	struct diag d;
};

static inline int world_made_up_index(unsigned number)
{
	return 100 + (int)number;
}

/* eth1, eth2, ...: all up, native, and able to take redirects. */
static inline void world_add_links(struct world *w, int (*index_of)(unsigned number), unsigned n)
{
	for (unsigned i = 1; i <= n; i++) {
		struct pipe_link link = { .kind = "veth",
					  .driver = "veth",
					  .ifindex = index_of(i),
					  .mtu = 1500,
					  .up = true,
					  .carrier = true,
					  .xmit_known = true,
					  .xmit = true,
					  .xmit_frags = true,
					  .mode = XDP_MODE_NATIVE };

		(void)snprintf(link.name, sizeof(link.name), "eth%u", i);
		(void)snprintf(link.present_name, sizeof(link.present_name), "eth%u", i);
		assert_int_equal(vec_push(&w->facts.links, link), 0);
	}
}

/* eth5 is world_link(w, 5). */
static inline struct pipe_link *world_link(struct world *w, unsigned number)
{
	return &w->facts.links.at[number - 1];
}

static inline struct model *world_parse(struct world *w, const char *yaml)
{
	const struct schema *schemas[] = { stage_balance.schema, stage_bridge.schema };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct model *model = NULL;

	if (config_load_text("test.yaml", yaml, strlen(yaml), schemas, 2, &model, &w->d)) {
		diag_format_all(&w->d, &text);
		print_error("%s", strbuf_text(&text));
		fail();
	}
	return model;
}

static inline void world_open(struct world *w, const char *yaml)
{
	*w = (struct world){ 0 };
	world_add_links(w, world_made_up_index, TEST_LINKS);
	w->model = world_parse(w, yaml);
}

static inline void world_close(struct world *w)
{
	pipe_facts_free(&w->facts);
	model_free(w->model);
	diag_free(&w->d);
}

static inline const struct balance_conf *world_conf(const struct world *w)
{
	const struct section *s = model_section(w->model, "balance");

	return s->present ? s->data : NULL;
}

static inline const struct balancer_conf *world_balancer(const struct world *w)
{
	return BALANCERS(world_conf(w));
}

/* All findings, a line each, are exactly these. */
static inline void expect_findings(const struct diag *d, const char *want)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	diag_format_all(d, &text);
	assert_string_equal(strbuf_text(&text), want);
}
