/* SPDX-License-Identifier: GPL-2.0-only */
/* For the random test: a network of numbers that changes by chance, the same way in every run. */
#pragma once

#include "shaper/plan_fixture.h"

static uint64_t seed;

/* The same numbers in every run. */
static inline uint32_t draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

#define NODES 40
#define CIRCUITS 160

/* Names are numbers; a parent is another node's, 0 = none. */
struct world_node {
	unsigned name, parent;
	struct rate_pair max;
	bool is_virtual;
};
struct world_circuit {
	unsigned name, parent;
	struct rate_pair min, max;
	const char *leaf;
};
struct world {
	struct world_node nodes[NODES]; /* parents first */
	struct world_circuit circuits[CIRCUITS];
	unsigned n_nodes, n_circuits, names;
	struct shaper_settings settings;
};

/* Mostly whole megabits, now and then anything; 0 = not said. */
static inline uint64_t draw_rate(uint32_t mbit)
{
	uint32_t what = draw(12);

	return what == 0 ? 0 :
	       what == 1 ? 1 + draw(20000) :
			   MBIT(1 + draw(mbit)) + draw(2) * draw(999);
}

static inline struct rate_pair draw_rates(uint32_t mbit)
{
	struct rate_pair rates = { draw_rate(mbit), 0 };

	rates.up = draw(2) ? rates.down : draw_rate(mbit);
	return rates;
}

static inline unsigned draw_node(const struct world *w)
{
	return w->n_nodes && draw(5) ? w->nodes[draw(w->n_nodes)].name : 0;
}

static inline uint64_t least(uint64_t min, uint64_t max)
{
	return max ? MIN(min, max) : min;
}

static inline void draw_tariff(struct world_circuit *c)
{
	struct rate_pair min = draw_rates(draw(4) ? 5 : 100);

	c->max = draw_rates(200);
	c->min = (struct rate_pair){ least(min.down, c->max.down), least(min.up, c->max.up) };
}

static inline void add_node(struct world *w)
{
	if (w->n_nodes == NODES)
		return;
	w->nodes[w->n_nodes] = (struct world_node){ .name = ++w->names,
						    .parent = draw_node(w),
						    .max = draw_rates(900),
						    .is_virtual = !draw(8) };
	w->n_nodes++;
}

static inline void add_circuit(struct world *w)
{
	struct world_circuit *c = &w->circuits[w->n_circuits];

	if (w->n_circuits == CIRCUITS)
		return;
	*c = (struct world_circuit){ .name = ++w->names, .parent = draw_node(w) };
	draw_tariff(c);
	w->n_circuits++;
}

static inline void remove_circuit(struct world *w)
{
	if (!w->n_circuits)
		return;
	w->circuits[draw(w->n_circuits)] = w->circuits[w->n_circuits - 1];
	w->n_circuits--;
}

/* What hung on it hangs on what it hung on. */
static inline void remove_node(struct world *w)
{
	unsigned at = w->n_nodes ? draw(w->n_nodes) : 0;
	struct world_node gone = w->nodes[at];

	if (!w->n_nodes)
		return;
	memmove(&w->nodes[at], &w->nodes[at + 1], (w->n_nodes - at - 1) * sizeof(gone));
	w->n_nodes--;
	for (unsigned i = 0; i < w->n_nodes; i++)
		if (w->nodes[i].parent == gone.name)
			w->nodes[i].parent = gone.parent;
	for (unsigned i = 0; i < w->n_circuits; i++)
		if (w->circuits[i].parent == gone.name)
			w->circuits[i].parent = gone.parent;
}

static inline void change_node(struct world *w)
{
	unsigned at = w->n_nodes ? draw(w->n_nodes) : 0;
	struct world_node *node = &w->nodes[at];

	if (!w->n_nodes)
		return;
	if (draw(2))
		node->max = draw_rates(900);
	else if (draw(2))
		node->is_virtual = !node->is_virtual;
	else
		node->parent = at && draw(4) ? w->nodes[draw(at)].name : 0;
}

static inline void change_circuit(struct world *w)
{
	struct world_circuit *c = &w->circuits[w->n_circuits ? draw(w->n_circuits) : 0];
	uint32_t what = draw(4);

	if (what == 0)
		c->parent = draw_node(w);
	else if (what == 1)
		c->leaf = c->leaf ? NULL : "fq_codel";
	else
		draw_tariff(c);
}

static inline void change_settings(struct world *w)
{
	struct shaper_settings *s = &w->settings;

	switch (draw(6)) {
	case 0:
		s->uplink = (struct rate_pair){ MBIT(100 + draw(2000)), MBIT(100 + draw(2000)) };
		break;
	case 1:
		s->generated = draw_rates(500);
		break;
	case 2:
		s->queues = 1 + draw(9);
		break;
	case 3:
		s->leaf = draw(2) ? "cake diffserv4" : "fq_codel";
		break;
	default:
		break;
	}
}

static inline void world_change(struct world *w)
{
	static void (*const changes[])(struct world *) = {
		add_node,	add_circuit,	add_circuit,	add_circuit, remove_circuit,
		remove_circuit, change_circuit, change_circuit, change_node, remove_node,
	};

	for (uint32_t n = draw(6); n; n--)
		changes[draw(ARRAY_LEN(changes))](w);
	if (!draw(8))
		change_settings(w);
}

static inline void world_make(struct world *w, unsigned nodes, unsigned circuits)
{
	*w = (struct world){ .settings = FIXTURE_SETTINGS };
	w->settings.queues = 1 + draw(9);
	w->settings.up_offset = draw(2) ? SHAPER_QUEUES : 0;
	while (w->n_nodes < nodes)
		add_node(w);
	while (w->n_circuits < circuits)
		add_circuit(w);
}

static inline int index_of(const struct world *w, unsigned name)
{
	for (unsigned i = 0; i < w->n_nodes; i++)
		if (w->nodes[i].name == name)
			return (int)i;
	return -1;
}

static inline struct network world_network(const struct world *w)
{
	struct network net = { 0 };
	char name[16], parent[16];

	for (unsigned i = 0; i < w->n_nodes; i++) {
		const struct world_node *node = &w->nodes[i];

		(void)snprintf(name, sizeof(name), "n%u", node->name);
		(void)fixture_node(&net, name, index_of(w, node->parent), 0);
		net.nodes.at[i].max = node->max;
		net.nodes.at[i].is_virtual = node->is_virtual;
	}
	for (unsigned i = 0; i < w->n_circuits; i++) {
		const struct world_circuit *c = &w->circuits[i];
		struct net_circuit *to;

		(void)snprintf(name, sizeof(name), "c%u", c->name);
		(void)snprintf(parent, sizeof(parent), "n%u", c->parent);
		to = fixture_circuit(&net, name, c->parent ? parent : NULL, 0, 0);
		to->min = c->min;
		to->max = c->max;
		to->leaf.down = c->leaf ? strdup(c->leaf) : NULL;
	}
	return net;
}
