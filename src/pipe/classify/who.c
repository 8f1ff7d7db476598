/* SPDX-License-Identifier: GPL-2.0-only */
/* Who there is in the world in force, for stages that know no more of subscribers than their numbers. */
#include "pipe/who.h"

#include "pipe/classify/live.h"

/* --- the tree ---------------------------------------------------------------------------------- */

static int add_nodes(struct pipe_who *who, const struct network *network)
{
	int r = 0;

	for (size_t i = 0; i < network->nodes.n && !r; i++)
		r = vec_push(&who->nodes, (struct pipe_who_node){ network->nodes.at[i].name,
								  network->nodes.at[i].parent });
	return r;
}

/* Those that were made up for what has no parent stand behind the network's. */
static int add_generated(struct pipe_who *who, const struct shaper_plan *plan, int *generated)
{
	int r = 0;

	for (size_t i = 0; i < plan->items.n && !r; i++) {
		const struct shaper_item *item = &plan->items.at[i];

		generated[i] = -1;
		if (item->kind != SHAPER_NODE || item->source >= 0)
			continue;
		generated[i] = (int)who->nodes.n;
		r = vec_push(&who->nodes, (struct pipe_who_node){ item->name, -1 });
	}
	return r;
}

/* Both are borrowed from the world, but for what is looked up often. */
struct places {
	const struct classify_world *world;
	struct net_index nodes; /* by name */
	int *generated;		/* per item of the plan: the node that was made up, -1 = none */
};

static void places_free(struct places *p)
{
	net_index_free(&p->nodes);
	free(p->generated);
}

static int find_places(struct pipe_who *who, struct places *p)
{
	const struct network *network = &p->world->network;
	int r = add_nodes(who, network);

	for (size_t i = 0; i < network->nodes.n && !r; i++)
		r = net_index_add(&p->nodes, network->nodes.at[i].name, i);
	p->generated = r ? NULL : calloc(p->world->plan.items.n + 1, sizeof(*p->generated));
	if (!r && !p->generated)
		r = -ENOMEM;
	return r ? r : add_generated(who, &p->world->plan, p->generated);
}

static int node_of(const struct places *p, const struct net_circuit *c, const struct shaper_item *item)
{
	const size_t *node = c->parent && p->nodes.n ? net_index_find(&p->nodes, c->parent) : NULL;

	if (c->parent || !item || item->parent < 0)
		return node ? (int)*node : -1;
	return p->generated[item->parent];
}

/* --- who --------------------------------------------------------------------------------------- */

static int add(struct pipe_who *who, struct pipe_who_subscriber s)
{
	int r = 0;

	while (who->of_id.n <= s.id && !r)
		r = vec_push(&who->of_id, -1);
	if (!r)
		who->of_id.at[s.id] = (int)who->all.n;
	return r ? r : vec_push(&who->all, s);
}

static int add_circuit(struct pipe_who *who, const struct places *p, size_t i)
{
	const struct classify_world *w = p->world;
	const struct net_circuit *c = &w->network.circuits.at[i];
	const struct shaper_item *item = w->items[i] < 0 ? NULL : &w->plan.items.at[w->items[i]];

	return add(who, (struct pipe_who_subscriber){
				.id = w->ids[i],
				.handle = item ? shaper_handle_down(&w->plan, item) : 0,
				.subscriber = c->id,
				.name = c->name ?: "",
				.node = node_of(p, c, item) });
}

static int add_mapping(struct pipe_who *who, const struct classify_entry *e)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	char *own;
	int r;

	net_prefix_format(&e->prefix, &text);
	own = strbuf_take(&text);
	r = own ? vec_push(&who->strings, own) : -ENOMEM;
	if (r) {
		free(own);
		return r;
	}
	return add(who, (struct pipe_who_subscriber){ .id = CLASSIFY_ID(e->value),
						      .handle = CLASSIFY_HANDLE(e->value),
						      .subscriber = own,
						      .name = "",
						      .node = -1 });
}

static int add_all(struct pipe_who *who, struct places *p)
{
	const struct classify_world *w = p->world;
	int r = find_places(who, p);

	for (size_t i = 0; i < w->network.circuits.n && !r; i++)
		r = add_circuit(who, p, i);
	for (size_t i = 0; i < w->entries.n && !r; i++)
		if (!pipe_who_of_id(who, CLASSIFY_ID(w->entries.at[i].value)))
			r = add_mapping(who, &w->entries.at[i]);
	return r;
}

int classify_who(const void *data, struct pipe_who *ret)
{
	const struct classify_live *live = data;
	_cleanup_(places_free) struct places places = { .world = live->now };
	_cleanup_pipe_who_ struct pipe_who who = { 0 };
	int r = live->now && live->now->conf ? add_all(&who, &places) : 0;

	if (r)
		return r;
	*ret = who;
	who = (struct pipe_who){ 0 };
	return 0;
}

bool classify_given(const void *data, uint32_t id, uint32_t *ret)
{
	const struct classify_live *live = data;

	if (id >= live->ids.all.n)
		return false;
	*ret = live->ids.all.at[id].given;
	return true;
}
