/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a packet of an address is treated as it is, in words. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "pipe/classify/figures.h"

static void say_rate(struct strbuf *out, const char *what, uint64_t rate)
{
	strbuf_addf(out, "%s ", what);
	net_rate_format_mbps(rate, out);
	strbuf_add(out, " Mbit/s");
}

static void say_plan(const struct net_circuit *c, const struct shaper_item *item, struct strbuf *out)
{
	strbuf_add(out, "plan: ");
	say_rate(out, "download", c->max.down);
	say_rate(out, ", upload", c->max.up);
	strbuf_add(out, "\n");
	if (!item || (item->ceil.down == c->max.down && item->ceil.up == c->max.up))
		return;
	strbuf_add(out, "but a node above it, or the line, allows only ");
	say_rate(out, "download", item->ceil.down);
	say_rate(out, ", upload", item->ceil.up);
	strbuf_add(out, "\n");
}

static void say_place(const struct classify_live *live, const struct shaper_item *item,
		      struct strbuf *out)
{
	const struct classify_world *w = live->now;
	const char *down = shaper_tree_leaf(live->tree, item, false);
	const char *up = shaper_tree_leaf(live->tree, item, true);
	uint32_t a = shaper_handle_down(&w->plan, item), b = shaper_handle_up(&w->plan, item);

	strbuf_addf(out, "download leaves %s by class %x:%x, as %s\n", w->line.down_name, a >> 16,
		    a & 0xffff, down ?: "it is");
	strbuf_addf(out, "upload leaves %s by class %x:%x, as %s\n", w->line.up_name, b >> 16,
		    b & 0xffff, up ?: "it is");
	strbuf_addf(out, "CPU %u has both\n", classify_world_cpu(w, item->queue));
}

static void say_parents(const struct classify_world *w, const struct shaper_item *item,
			struct strbuf *out)
{
	strbuf_add(out, "below: ");
	for (int at = item->parent; at >= 0; at = w->plan.items.at[at].parent)
		strbuf_addf(out, "%s, ", w->plan.items.at[at].name);
	strbuf_add(out, "the line\n");
}

static void say_counts(const struct classify_live *live, uint32_t id, struct strbuf *out)
{
	struct classify_count c = classify_counts_of(live, id);

	strbuf_addf(out,
		    "arrived so far: %" PRIu64 " packets (%" PRIu64 " bytes) down, %" PRIu64
		    " packets (%" PRIu64 " bytes) up\n",
		    (uint64_t)c.packets[0], (uint64_t)c.bytes[0], (uint64_t)c.packets[1],
		    (uint64_t)c.bytes[1]);
	if (!c.packets[0] && !c.packets[1])
		strbuf_add(out, "nothing of his was seen yet: does his traffic pass these "
				"interfaces?\n");
}

static void say_why_not(const struct classify_live *live, struct strbuf *out)
{
	const struct classify_world *w = live->now;

	if (w->conf->mode.value == CLASSIFY_MONITOR)
		strbuf_add(out, "not shaped: shaper.mode is monitor, packets are only counted\n");
	else if (!classify_world_shapes(w))
		strbuf_add(out, "not shaped by us: shaper.tree is none, the queues are somebody "
				"else's\n");
	if (!w->line.down_ifindex)
		strbuf_addf(out, "%s is not there: downloads are not shaped\n", w->line.down_name);
	if (!w->line.up_ifindex)
		strbuf_addf(out, "%s is not there: uploads are not shaped\n", w->line.up_name);
}

static void say_circuit(const struct classify_live *live, size_t circuit, struct strbuf *out)
{
	const struct classify_world *w = live->now;
	const struct net_circuit *c = &w->network.circuits.at[circuit];
	const struct shaper_item *item =
		w->items[circuit] < 0 ? NULL : &w->plan.items.at[w->items[circuit]];

	if (circuit >= w->n_circuits)
		strbuf_add(out, "nobody's: it shares the default plan with all that is nobody's\n");
	else
		strbuf_addf(out, "subscriber %s%s%s%s%s\n", c->id, c->name && *c->name ? " (" : "",
			    c->name ?: "", c->name && *c->name ? ")" : "",
			    c->by_command ? ", added by command" : "");
	say_plan(c, item, out);
	if (item) {
		say_parents(w, item, out);
		say_place(live, item, out);
	}
	say_why_not(live, out);
	say_counts(live, w->ids[circuit], out);
}

static void say_mapped(const struct classify_live *live, uint64_t value, struct strbuf *out)
{
	strbuf_addf(out, "mapped by hand to class %x:%x on CPU %u\n", CLASSIFY_HANDLE(value) >> 16,
		    CLASSIFY_HANDLE(value) & 0xffff, CLASSIFY_CPU(value));
	say_counts(live, CLASSIFY_ID(value), out);
}

void classify_address(void *data, const char *address, struct strbuf *lines, json_t *facts)
{
	struct classify_live *live = data;
	const struct classify_world *w = live->now;
	_cleanup_shaper_stats_ struct shaper_stats stats = { 0 };
	struct net_prefix host, by = { 0 };
	const char *wrong;
	uint64_t value;
	int circuit;

	if (!w || !w->conf || !live->table || net_prefix_parse(address, &host, &wrong))
		return;
	value = classify_table_find(live->table, &host, &by);
	if (!value) {
		strbuf_add(lines, "nobody's address: its packets pass unshaped, by the default "
				  "class\n");
		(void)json_object_set_new(facts, "known", json_false());
		return;
	}
	circuit = CLASSIFY_ID(value) < w->circuit_of.n ? w->circuit_of.at[CLASSIFY_ID(value)] : -1;
	(void)json_object_set_new(facts, "known", json_boolean(circuit < (int)w->n_circuits));
	(void)json_object_set_new(facts, "prefix", figures_prefix(&by));
	if (circuit < 0) {
		say_mapped(live, value, lines);
		(void)json_object_set_new(facts, "class", figures_class(CLASSIFY_HANDLE(value)));
		return;
	}
	if (live->tree && classify_world_shapes(w))
		(void)shaper_tree_stats(live->tree, &stats);
	say_circuit(live, (size_t)circuit, lines);
	(void)json_object_set_new(facts, "subscriber",
				  figures_subscriber(live, (size_t)circuit, &stats, true));
}
