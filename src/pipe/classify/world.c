/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/classify/world.h"

#include "base/cleanup.h"

#define ID_ROOM_LEAST 256

bool classify_world_shapes(const struct classify_world *world)
{
	return world->plan.queues != 0;
}

unsigned classify_world_cpu(const struct classify_world *world, unsigned queue)
{
	return world->cpus ? queue % world->cpus : 0;
}

int classify_world_find(const struct classify_world *world, const char *id)
{
	return network_find_circuit(&world->network, id);
}

void classify_world_free(struct classify_world *world)
{
	if (!world)
		return;
	classify_network_free(&world->network);
	vec_free(&world->everybody.addresses);
	shaper_plan_free(&world->plan);
	free(world->items);
	free(world->ids);
	free(world->maps);
	free(world->changed);
	vec_free(&world->circuit_of);
	vec_free(&world->entries);
	free(world);
}

/* --- where ------------------------------------------------------------------------------------- */

static unsigned place(const struct pipe_facts *facts, const struct conf_string *name,
		      char *ret_name, size_t size)
{
	const struct pipe_link *link = pipe_facts_find(facts, name->text);

	(void)snprintf(ret_name, size, "%s", name->text);
	return link ? (unsigned)link->ifindex : 0;
}

static void find_line(struct classify_world *w, const struct pipe_facts *facts)
{
	const struct classify_conf *conf = w->conf;
	struct shaper_line *line = &w->line;

	line->down_ifindex = place(facts, &conf->access, line->down_name, sizeof(line->down_name));
	line->up_ifindex = place(facts, &conf->internet, line->up_name, sizeof(line->up_name));
	line->leaf = conf->leaf.text;
	w->stick = !strcmp(conf->access.text, conf->internet.text);
	w->away = !line->down_ifindex || !line->up_ifindex;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* As many as both devices and the machine have; on a stick each direction has its own half. */
static void warn_of_queues(const struct conf_int *wanted, unsigned n, struct diag *d)
{
	if (wanted->value > (int64_t)n)
		(void)diag_warning(d, &wanted->at,
				   "%lld queues are wanted, but the interfaces have %u for each "
				   "direction",
				   (long long)wanted->value, n);
}

static int count_queues(const struct classify_world *w, const struct classify_surroundings *around,
			unsigned *ret, struct diag *d)
{
	unsigned down = SHAPER_QUEUES, up = SHAPER_QUEUES, n;
	int r = 0;

	if (around->tree && w->line.down_ifindex)
		r = shaper_tree_queues(around->tree, w->line.down_ifindex, &down);
	if (!r && around->tree && w->line.up_ifindex)
		r = shaper_tree_queues(around->tree, w->line.up_ifindex, &up);
	if (r == -ENODEV)
		r = 0; /* it is just going away */
	n = least(down, up);
	if (w->stick)
		n /= 2;
	n = least(n, SHAPER_QUEUES / 2);
	if (!w->away)
		warn_of_queues(&w->conf->queues, n ? n : 1, d);
	if (!w->conf->queues.value)
		n = least(n, w->cpus);
	else
		n = least(n, (unsigned)w->conf->queues.value);
	*ret = n ? n : 1;
	return r;
}

static int settings_of(const struct classify_world *w, const struct classify_surroundings *around,
		       struct shaper_settings *ret, struct diag *d)
{
	const struct classify_conf *conf = w->conf;
	unsigned queues;
	int r = count_queues(w, around, &queues, d);

	if (r)
		return r;
	*ret = (struct shaper_settings){
		.queues = queues,
		.up_offset = w->stick ? queues : 0,
		.uplink = { conf->downlink.value, conf->uplink.value },
		.generated = { conf->generated_downlink.value, conf->generated_uplink.value },
		.leaf = conf->leaf.text,
		.monitor_only = !classify_conf_shapes(conf),
	};
	return 0;
}

/* --- who --------------------------------------------------------------------------------------- */

static bool has_default(const struct classify_world *w, unsigned family)
{
	for (size_t i = 0; i < w->n_circuits; i++)
		vec_foreach(&w->network.circuits.at[i].devices, device)
			vec_foreach(&device->addresses, a)
				if (a->prefix.family == family && !a->prefix.length)
					return true;
	return false;
}

/* One circuit for all whom nobody knows. */
static int add_everybody(struct classify_world *w)
{
	const struct classify_conf *conf = w->conf;
	struct net_circuit circuit = { .id = (char *)CLASSIFY_DEFAULT_NAME,
				       .name = (char *)CLASSIFY_DEFAULT_NAME,
				       .max = { conf->default_plan.download.value,
						conf->default_plan.upload.value } };
	int r = 0;

	w->n_circuits = w->network.circuits.n;
	if (!circuit.max.down || !circuit.max.up)
		return 0;
	w->everybody = (struct net_device){
		.id = circuit.id, .name = (char *)"", .mac = (char *)"", .comment = (char *)""
	};
	for (uint8_t family = 4; family <= 6 && !r; family = (uint8_t)(family + 2))
		if (!has_default(w, family))
			r = vec_push(&w->everybody.addresses,
				     (struct net_address){ .prefix = { .family = family } });
	circuit.devices.at = &w->everybody;
	circuit.devices.n = circuit.devices.cap = 1;
	return r ? r : vec_push(&w->network.circuits, circuit);
}

static int find_changed(struct classify_world *w, const struct classify_changes *changes)
{
	_cleanup_net_index_ struct net_index index = { 0 };
	int r = 0;

	w->changed = calloc(w->network.circuits.n + 1, sizeof(*w->changed));
	if (!w->changed)
		return -ENOMEM;
	for (size_t i = 0; i < changes->circuits.n && !r; i++)
		r = net_index_add(&index, changes->circuits.at[i].id, i);
	for (size_t i = 0; index.n && i < w->network.circuits.n; i++)
		w->changed[i] = net_index_find(&index, w->network.circuits.at[i].id) &&
				!w->network.circuits.at[i].by_command;
	return r;
}

/* What commands added may meet what files say now. */
static int find_who(struct classify_world *w, const struct classify_surroundings *around,
		    struct diag *d)
{
	int r = classify_network_make(&w->conf->network, around->changes, &w->network,
				      around->ret_stale);

	if (!r && around->check && around->changes->circuits.n)
		r = network_check(&w->network, d);
	if (!r)
		r = find_changed(w, around->changes);
	return r ? r : add_everybody(w);
}

/* --- numbers ----------------------------------------------------------------------------------- */

static int find_items(struct classify_world *w)
{
	w->items = malloc((w->network.circuits.n + 1) * sizeof(*w->items));
	if (!w->items)
		return -ENOMEM;
	for (size_t i = 0; i < w->network.circuits.n; i++)
		w->items[i] = -1;
	for (size_t i = 0; i < w->plan.items.n; i++) {
		const struct shaper_item *item = &w->plan.items.at[i];

		if (item->kind == SHAPER_CIRCUIT && item->source >= 0)
			w->items[item->source] = (int)i;
	}
	return 0;
}

static int set_circuit(struct classify_world *w, uint32_t id, int circuit)
{
	int r = 0;

	while (w->circuit_of.n <= id && !r)
		r = vec_push(&w->circuit_of, -1);
	if (!r)
		w->circuit_of.at[id] = circuit;
	return r;
}

static int give_ids(struct classify_world *w, struct classify_ids *ids)
{
	int r = 0;

	w->ids = calloc(w->network.circuits.n + 1, sizeof(*w->ids));
	if (!w->ids)
		return -ENOMEM;
	for (size_t i = 0; i < w->network.circuits.n && !r; i++) {
		w->ids[i] = i < w->n_circuits ? classify_ids_give(ids, w->network.circuits.at[i].id) :
						CLASSIFY_ID_DEFAULT;
		r = w->ids[i] ? set_circuit(w, w->ids[i], (int)i) : -ENOSPC;
	}
	return r;
}

static int give_map_ids(struct classify_world *w, const struct classify_changes *changes,
			struct classify_ids *ids)
{
	int r = 0;

	w->n_maps = changes->mappings.n;
	w->maps = calloc(w->n_maps + 1, sizeof(*w->maps));
	if (!w->maps)
		return -ENOMEM;
	for (size_t i = 0; i < w->n_maps && !r; i++) {
		_cleanup_strbuf_ struct strbuf name = { 0 };

		strbuf_add(&name, "map ");
		net_prefix_format(&changes->mappings.at[i].prefix, &name);
		w->maps[i] = classify_ids_give(ids, strbuf_text(&name));
		r = w->maps[i] ? 0 : -ENOSPC;
	}
	return r;
}

/* Room is never taken back while it is used: programs have it as a constant. */
static void find_room(struct classify_world *w, const struct classify_ids *ids, uint32_t in_use)
{
	uint32_t room = in_use > ID_ROOM_LEAST ? in_use : ID_ROOM_LEAST;

	while (room < ids->all.n && room < CLASSIFY_IDS)
		room *= 2;
	if (room > in_use && in_use) /* growing: not again with the next subscriber */
		room *= room < CLASSIFY_IDS ? 2 : 1;
	w->id_room = room;
}

/* --- addresses --------------------------------------------------------------------------------- */

static uint64_t value_of(const struct classify_world *w, size_t circuit)
{
	const struct shaper_item *item =
		w->items[circuit] < 0 ? NULL : &w->plan.items.at[w->items[circuit]];
	uint32_t handle = item ? shaper_handle_down(&w->plan, item) : 0;

	return CLASSIFY_VALUE(handle, w->ids[circuit], item ? classify_world_cpu(w, item->queue) : 0);
}

static int add_circuit(struct classify_world *w, size_t i)
{
	const uint64_t value = value_of(w, i);
	int r = 0;

	vec_foreach(&w->network.circuits.at[i].devices, device)
		vec_foreach(&device->addresses, a)
			if (!r)
				r = vec_push(&w->entries,
					     (struct classify_entry){ a->prefix, value });
	return r;
}

static int compare_prefixes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct net_prefix));
}

static void leave_out_mapped(struct classify_world *w, const struct net_prefix *sorted,
			     size_t n_sorted)
{
	size_t n = 0;

	vec_foreach(&w->entries, e)
		if (!bsearch(&e->prefix, sorted, n_sorted, sizeof(*sorted), compare_prefixes))
			w->entries.at[n++] = *e;
	w->entries.n = n;
}

/* A mapping by hand goes before what the circuits say. */
static int add_mappings(struct classify_world *w, const struct classify_changes *changes)
{
	const size_t n = changes->mappings.n;
	_cleanup_free_ struct net_prefix *sorted = calloc(n + 1, sizeof(*sorted));
	int r = sorted ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !r; i++)
		sorted[i] = changes->mappings.at[i].prefix;
	if (!r && n) {
		qsort(sorted, n, sizeof(*sorted), compare_prefixes);
		leave_out_mapped(w, sorted, n);
	}
	for (size_t i = 0; i < n && !r; i++) {
		const struct classify_mapping *m = &changes->mappings.at[i];

		r = vec_push(&w->entries,
			     (struct classify_entry){
				     m->prefix, CLASSIFY_VALUE(m->handle, w->maps[i], m->cpu) });
	}
	return r;
}

static int find_entries(struct classify_world *w, const struct classify_changes *changes)
{
	int r = 0;

	for (size_t i = 0; i < w->network.circuits.n && !r; i++)
		r = add_circuit(w, i);
	return r ? r : add_mappings(w, changes);
}

/* --- all of it --------------------------------------------------------------------------------- */

static int make(struct classify_world *w, const struct classify_surroundings *around, struct diag *d)
{
	struct shaper_settings settings;
	int r = find_who(w, around, d);

	if (!r)
		r = settings_of(w, around, &settings, d);
	if (!r)
		r = shaper_plan_make(&w->network, &settings, around->past, NULL, NULL, &w->plan, d);
	if (!r)
		r = find_items(w);
	if (!r)
		r = give_ids(w, around->ids);
	if (!r)
		r = give_map_ids(w, around->changes, around->ids);
	if (!r)
		r = find_entries(w, around->changes);
	if (!r) {
		find_room(w, around->ids, around->id_room);
		classify_sizes_for(w->entries.at, w->entries.n, around->sizes, &w->sizes);
	}
	return r;
}

int classify_world_make(const struct classify_conf *conf, const struct classify_surroundings *around,
			struct classify_world **ret, struct diag *d)
{
	_cleanup_(classify_world_freep) struct classify_world *w = calloc(1, sizeof(*w));
	int r = 0;

	if (!w)
		return -ENOMEM;
	w->conf = conf;
	w->cpus = around->cpus;
	if (conf) {
		find_line(w, around->facts);
		r = make(w, around, d);
	}
	if (!r)
		*ret = TAKE_PTR(w);
	return r;
}
