/* SPDX-License-Identifier: GPL-2.0-only */
/* The sift stage: its section of the configuration, its share of the plan, its table. */
#include <errno.h>
#include <string.h>

#include "pipe/counters.h"
#include "pipe/stage.h"

#include "pipe.skel.h" /* needs the types above */

struct sift_rule {
	struct conf_string name;
	struct conf_int limit;
};

struct sift_conf {
	struct conf_list rules;
};

struct sift_port {
	uint32_t limit;
};

#define RULES(conf) ((struct sift_rule *)(conf)->rules.items)

static const struct schema_row rule_rows[] = {
	{ .key = "name",
	  .kind = SCHEMA_IFNAME,
	  .offset = offsetof(struct sift_rule, name),
	  .required = true,
	  .help = "Interface on which frames arrive.",
	  .example = "eth1" },
	{ .key = "limit",
	  .kind = SCHEMA_INT,
	  .offset = offsetof(struct sift_rule, limit),
	  .required = true,
	  .min = 60,
	  .max = 65535,
	  .unit = "bytes",
	  .help = "Frames larger than this are dropped.",
	  .example = "1514" },
	{ .key = NULL },
};

static const struct schema_row rows[] = {
	{ .key = "interfaces",
	  .kind = SCHEMA_LIST,
	  .offset = offsetof(struct sift_conf, rules),
	  .rows = rule_rows,
	  .item_size = sizeof(struct sift_rule),
	  .help = "Where to sift." },
	{ .key = NULL },
};

static const struct schema schema = {
	.name = "sift",
	.help = "Drops frames above a size.",
	.rows = rows,
	.size = sizeof(struct sift_conf),
};

static int sift_plan(const void *data, const struct pipe_facts *facts, struct pipe_plan *plan,
		       const void *live)
{
	const struct sift_conf *conf = data;

	for (size_t i = 0; i < conf->rules.n; i++) {
		const struct pipe_link *link = pipe_facts_find(facts, RULES(conf)[i].name.text);
		struct port_plan *port;
		struct sift_port *s;

		if (!link || !link->ifindex)
			continue;
		port = pipe_plan_port(plan, link);
		s = port ? port_plan_data(port, STAGE_sift) : NULL;
		if (!s)
			return -ENOMEM;
		s->limit = (uint32_t)RULES(conf)[i].limit.value;
		port->xdp |= port->mode >= XDP_MODE_SKB;
		port->tc |= port->mode < XDP_MODE_SKB;
	}
	return 0;
}

static void sift_setup(const struct port_plan *port, struct pipe_bpf *bpf, struct switches *on,
			 void *live)
{
	const struct sift_port *s = port->data[STAGE_sift];

	if (!s)
		return;
	bpf->rodata->sift_const.limit = s->limit;
	on->on[SWITCH_sift] = port->mode >= XDP_MODE_SKB;
	on->on[SWITCH_sift_tc] = port->mode < XDP_MODE_SKB;
}

static const struct stage_column columns[] = {
	{ "interface", "INTERFACE", false },
	{ "limit", "LIMIT", true },
	{ "dropped", "DROPPED", true },
	{ NULL, NULL, false },
};

static json_t *sift_show(const struct pipe_plan *plan, const struct pipe_facts *facts,
			 const struct counter_view *view, void *live)
{
	json_t *list = json_array();

	vec_foreach(&plan->ports, p) {
		const struct sift_port *s = (*p)->data[STAGE_sift];
		struct pipe_count n = counter_view_sum(view, (*p)->ifindex, COUNT_sift_dropped);

		if (s)
			(void)json_array_append_new(
				list, json_pack("{s:s, s:i, s:I}", "interface", (*p)->name, "limit",
						(int)s->limit, "dropped", (json_int_t)n.packets));
	}
	return list;
}

static void sift_explain(const struct port_plan *port, const struct pipe_facts *facts,
			 struct strbuf *out, const void *live)
{
	const struct sift_port *s = port->data[STAGE_sift];

	if (s)
		strbuf_addf(out, "sift: frames above %u bytes are dropped\n", s->limit);
}

const struct stage_ops stage_sift = {
	.name = "sift",
	.title = "drop frames above a size",
	.schema = &schema,
	.port_size = sizeof(struct sift_port),
	.plan = sift_plan,
	.setup = sift_setup,
	.columns = columns,
	.show = sift_show,
	.explain = sift_explain,
};
