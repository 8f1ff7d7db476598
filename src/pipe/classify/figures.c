/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/classify/figures.h"

#include <stdio.h>

#include "base/cleanup.h"

json_t *figures_pair(json_t *down, json_t *up)
{
	return json_pack("{s:o, s:o}", "download", down, "upload", up);
}

json_t *figures_rates(struct rate_pair max, struct rate_pair min)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "download", (json_int_t)max.down, "upload",
			 (json_int_t)max.up, "min_download", (json_int_t)min.down, "min_upload",
			 (json_int_t)min.up);
}

static json_t *one_way(const struct shaper_figures *f)
{
	json_t *json =
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "bytes", (json_int_t)f->bytes,
			  "packets", (json_int_t)f->packets, "drops", (json_int_t)f->drops, "marks",
			  (json_int_t)f->marks, "backlog_bytes", (json_int_t)f->backlog_bytes,
			  "backlog_packets", (json_int_t)f->backlog);

	if (f->delay_us)
		(void)json_object_set_new(json, "delay_us", json_integer(f->delay_us));
	return json;
}

json_t *figures_sent(const struct shaper_both *both)
{
	return figures_pair(one_way(&both->down), one_way(&both->up));
}

json_t *figures_speed(const double of[2])
{
	return figures_pair(json_integer((json_int_t)of[0]), json_integer((json_int_t)of[1]));
}

json_t *figures_prefix(const struct net_prefix *prefix)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	net_prefix_format(prefix, &text);
	return json_string(strbuf_text(&text));
}

json_t *figures_class(uint32_t handle)
{
	char text[16] = "";

	if (handle)
		(void)snprintf(text, sizeof(text), "%x:%x", handle >> 16, handle & 0xffff);
	return json_string(text);
}

/* --- a subscriber ------------------------------------------------------------------------------ */

static json_t *addresses_of(const struct net_device *device, json_t *list)
{
	vec_foreach(&device->addresses, a)
		(void)json_array_append_new(list, figures_prefix(&a->prefix));
	return list;
}

static json_t *all_addresses(const struct net_circuit *c)
{
	json_t *list = json_array();

	vec_foreach(&c->devices, device)
		(void)addresses_of(device, list);
	return list;
}

static json_t *devices_of(const struct net_circuit *c)
{
	json_t *list = json_array();

	vec_foreach(&c->devices, d)
		(void)json_array_append_new(list,
					    json_pack("{s:s, s:s, s:s, s:s, s:o}", "id",
						      d->id ?: "", "name", d->name ?: "", "mac",
						      d->mac ?: "", "comment", d->comment ?: "",
						      "addresses", addresses_of(d, json_array())));
	return list;
}

static json_t *arrived(const struct classify_count *count, int way)
{
	return json_pack("{s:I, s:I}", "bytes", (json_int_t)count->bytes[way], "packets",
			 (json_int_t)count->packets[way]);
}

static const struct shaper_item *item_of(const struct classify_world *w, size_t circuit)
{
	int at = w->items[circuit];

	return at < 0 ? NULL : &w->plan.items.at[at];
}

static void add_place(json_t *json, const struct classify_live *live,
		      const struct shaper_item *item, const struct shaper_stats *stats)
{
	const struct classify_world *w = live->now;
	const size_t at = (size_t)(item - w->plan.items.at);
	const char *down = shaper_tree_leaf(live->tree, item, false);
	const char *up = shaper_tree_leaf(live->tree, item, true);

	(void)json_object_set_new(json, "queue", json_integer(item->queue + 1));
	(void)json_object_set_new(json, "cpu", json_integer(classify_world_cpu(w, item->queue)));
	(void)json_object_set_new(json, "class_down",
				  figures_class(shaper_handle_down(&w->plan, item)));
	(void)json_object_set_new(json, "class_up", figures_class(shaper_handle_up(&w->plan, item)));
	(void)json_object_set_new(json, "rate", figures_rates(item->ceil, item->rate));
	if (item->kind == SHAPER_CIRCUIT)
		(void)json_object_set_new(
			json, "leaf", figures_pair(json_string(down ?: ""), json_string(up ?: "")));
	if (stats && at < stats->items.n)
		(void)json_object_set_new(json, "sent", figures_sent(&stats->items.at[at]));
}

/* The node it hangs on: its own, or the one that was made up for it. */
static const char *parent_of(const struct classify_world *w, const struct net_circuit *c,
			     const struct shaper_item *item)
{
	if (c->parent || !item || item->parent < 0)
		return c->parent ?: "";
	return w->plan.items.at[item->parent].name;
}

json_t *figures_subscriber(const struct classify_live *live, size_t circuit,
			   const struct shaper_stats *stats, bool devices)
{
	const struct classify_world *w = live->now;
	const struct net_circuit *c = &w->network.circuits.at[circuit];
	const struct shaper_item *item = item_of(w, circuit);
	const struct classify_rate *rate = classify_rate_of(live, w->ids[circuit]);
	struct classify_count count = classify_counts_of(live, w->ids[circuit]);
	json_t *json =
		json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:o, s:o, s:o}", "id", c->id, "name",
			  c->name ?: "", "parent", parent_of(w, c, item), "addresses",
			  all_addresses(c), "plan", figures_rates(c->max, c->min), "by_command",
			  c->by_command, "changed", circuit < w->n_circuits && w->changed[circuit],
			  "bps", figures_speed(rate->bps), "pps", figures_speed(rate->pps),
			  "offered", figures_pair(arrived(&count, 0), arrived(&count, 1)));

	if (item)
		add_place(json, live, item, stats);
	if (devices)
		(void)json_object_set_new(json, "devices", devices_of(c));
	return json;
}

/* --- the tree ---------------------------------------------------------------------------------- */

void figures_sums_free(struct figures_sums *sums)
{
	free(sums->at);
	sums->at = NULL;
}

static void add_circuit(struct figures_sum *sum, const struct classify_live *live, uint32_t id)
{
	const struct classify_rate *rate = classify_rate_of(live, id);

	sum->circuits = 1;
	sum->bps[0] = rate->bps[0];
	sum->bps[1] = rate->bps[1];
}

void figures_add_leaf(struct shaper_figures *to, const struct shaper_figures *from)
{
	to->drops += from->drops;
	to->marks += from->marks;
	to->backlog += from->backlog;
	to->backlog_bytes += from->backlog_bytes;
}

/* A node has no queue of its own. */
static void clear_leaf(struct shaper_figures *f)
{
	f->drops = f->marks = f->backlog = f->backlog_bytes = 0;
}

static void add_leaves(const struct shaper_plan *plan, struct shaper_stats *stats)
{
	for (size_t i = 0; i < stats->items.n; i++) {
		if (plan->items.at[i].kind != SHAPER_NODE)
			continue;
		clear_leaf(&stats->items.at[i].down);
		clear_leaf(&stats->items.at[i].up);
	}
	for (size_t i = stats->items.n; i-- > 0;) {
		int parent = plan->items.at[i].parent;

		if (parent < 0)
			continue;
		figures_add_leaf(&stats->items.at[parent].down, &stats->items.at[i].down);
		figures_add_leaf(&stats->items.at[parent].up, &stats->items.at[i].up);
	}
}

/* Children stand behind their parents: from the end every sum is whole when it is added. */
int figures_sum_up(const struct classify_live *live, struct shaper_stats *stats,
		   struct figures_sums *ret)
{
	const struct classify_world *w = live->now;
	const struct shaper_plan *plan = &w->plan;
	struct figures_sum *at = calloc(plan->items.n + 1, sizeof(*at));

	if (!at)
		return -ENOMEM;
	if (stats->items.n == plan->items.n)
		add_leaves(plan, stats);
	for (size_t i = 0; i < plan->items.n; i++) {
		int parent = plan->items.at[i].parent;

		at[i].depth = parent < 0 ? 1 : at[parent].depth + 1;
	}
	for (size_t i = plan->items.n; i-- > 0;) {
		const struct shaper_item *item = &plan->items.at[i];

		if (item->kind == SHAPER_CIRCUIT && item->source >= 0)
			add_circuit(&at[i], live, w->ids[item->source]);
		if (item->parent < 0)
			continue;
		at[item->parent].circuits += at[i].circuits;
		at[item->parent].bps[0] += at[i].bps[0];
		at[item->parent].bps[1] += at[i].bps[1];
	}
	ret->at = at;
	return 0;
}

static const char *kind_of(const struct shaper_item *item)
{
	if (item->kind == SHAPER_CIRCUIT)
		return "circuit";
	return item->source < 0 ? "generated" : "node";
}

json_t *figures_item(const struct classify_live *live, size_t at, const struct shaper_stats *stats,
		     const struct figures_sums *sums)
{
	const struct classify_world *w = live->now;
	const struct shaper_item *item = &w->plan.items.at[at];
	const struct figures_sum *sum = &sums->at[at];
	const char *name = item->name;
	json_t *json;

	if (item->kind == SHAPER_CIRCUIT && item->source >= 0)
		name = w->network.circuits.at[item->source].name ?: item->name;
	json = json_pack("{s:s, s:s, s:s, s:i, s:s, s:i, s:o}", "name", name, "id", item->name,
			 "kind", kind_of(item), "depth", (int)sum->depth, "parent",
			 item->parent < 0 ? "" : w->plan.items.at[item->parent].name, "circuits",
			 (int)sum->circuits, "bps", figures_speed(sum->bps));
	add_place(json, live, item, stats);
	return json;
}
