/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/show.h"
#include "shaper/plan_private.h"

struct text {
	const struct shaper_plan *plan;
	const struct network *network;
	struct shaper_kids kids;
	struct strbuf *out;
};

/* "100/20": download and upload in Mbit/s. */
static void add_rates(struct strbuf *out, struct rate_pair rate)
{
	net_rate_format_mbps(rate.down, out);
	strbuf_add_char(out, '/');
	net_rate_format_mbps(rate.up, out);
}

static void add_handle(struct strbuf *out, uint32_t handle)
{
	strbuf_addf(out, "%x:%x", handle >> 16, handle & 0xffff);
}

/* Upload has a number of its own only where both trees are on one device. */
static void add_handles(const struct text *t, const struct shaper_item *item)
{
	add_handle(t->out, shaper_handle_down(t->plan, item));
	if (t->plan->up_offset) {
		strbuf_add_char(t->out, ' ');
		add_handle(t->out, shaper_handle_up(t->plan, item));
	}
}

static void add_node(const struct text *t, const struct shaper_item *item)
{
	const char *type = shaper_item_generated(item)		   ? "" :
			   t->network->nodes.at[item->source].type ?:
								     "";

	strbuf_addf(t->out, "  node %s", text_shown(item->name).text);
	if (*type)
		strbuf_addf(t->out, " (%s)", text_shown(type).text);
}

static void add_circuit(const struct text *t, const struct shaper_item *item)
{
	const char *name = t->network->circuits.at[item->source].name;

	strbuf_addf(t->out, "  circuit %s", text_shown(item->name).text);
	if (name && *name)
		strbuf_addf(t->out, " (%s)", text_shown(name).text);
}

static void add_leaf(struct strbuf *out, const struct shaper_leaf *leaf)
{
	strbuf_addf(out, "  %s", leaf->down);
	if (strcmp(leaf->down, leaf->up))
		strbuf_addf(out, " / %s", leaf->up);
}

static void add_item(const struct text *t, int i, int depth)
{
	const struct shaper_item *item = &t->plan->items.at[i];

	strbuf_addf(t->out, "%*s", 2 * depth, "");
	add_handles(t, item);
	if (item->kind == SHAPER_NODE)
		add_node(t, item);
	else
		add_circuit(t, item);
	strbuf_add(t->out, "  ");
	add_rates(t->out, item->rate);
	strbuf_add(t->out, " to ");
	add_rates(t->out, item->ceil);
	if (item->kind == SHAPER_CIRCUIT)
		add_leaf(t->out, &item->leaf);
	strbuf_add_char(t->out, '\n');
	shaper_kids_foreach(&t->kids, i, kid)
		add_item(t, *kid, depth + 1);
}

static void add_queue(const struct text *t, unsigned queue)
{
	strbuf_addf(t->out, "queue %u: load ", queue);
	net_rate_format_mbps(t->plan->load.at[queue], t->out);
	strbuf_add_char(t->out, '\n');
	shaper_kids_foreach(&t->kids, SHAPER_TOP, kid)
		if (t->plan->items.at[*kid].queue == queue)
			add_item(t, *kid, 1);
}

void shaper_plan_format(const struct shaper_plan *plan, const struct network *network,
			struct strbuf *out)
{
	_cleanup_shaper_kids_ struct shaper_kids kids = { 0 };
	struct text t = { .plan = plan, .network = network, .out = out };

	if (!plan->queues) {
		strbuf_add(out, "no queues: traffic is counted and left alone\n");
		return;
	}
	if (shaper_kids_make(plan, &kids)) {
		out->failed = true;
		return;
	}
	t.kids = kids;
	strbuf_add(out, "line ");
	add_rates(out, plan->uplink);
	strbuf_add(out, " Mbit/s; all rates are download/upload, guaranteed to most\n");
	for (unsigned queue = 0; queue < plan->queues; queue++)
		add_queue(&t, queue);
}
