/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/classify/changes.h"

#include "base/cleanup.h"
#include "model/net_index.h"

void classify_change_free(struct classify_change *change)
{
	free(change->id);
	free(change->name);
	free(change->parent);
	free(change->leaf_down);
	free(change->leaf_up);
	net_device_free(&change->device);
	*change = (struct classify_change){ 0 };
}

void classify_changes_free(struct classify_changes *changes)
{
	vec_foreach(&changes->circuits, c)
		classify_change_free(c);
	vec_free(&changes->circuits);
	vec_free(&changes->mappings);
}

/* --- copies ------------------------------------------------------------------------------------ */

static int copy_text(const char *from, char **ret)
{
	if (!from)
		return 0;
	*ret = strdup(from);
	return *ret ? 0 : -ENOMEM;
}

static int copy_device(const struct net_device *from, struct net_device *ret)
{
	int r = copy_text(from->id, &ret->id);

	if (!r)
		r = copy_text(from->name, &ret->name);
	if (!r)
		r = copy_text(from->mac, &ret->mac);
	if (!r)
		r = copy_text(from->comment, &ret->comment);
	vec_foreach(&from->addresses, a)
		if (!r)
			r = vec_push(&ret->addresses, *a);
	return r;
}

static int copy_change(const struct classify_change *from, struct classify_change *ret)
{
	int r;

	*ret = (struct classify_change){ .added = from->added,
					 .removed = from->removed,
					 .min = from->min,
					 .max = from->max,
					 .has_addresses = from->has_addresses };
	r = copy_text(from->id, &ret->id);
	if (!r)
		r = copy_text(from->name, &ret->name);
	if (!r)
		r = copy_text(from->parent, &ret->parent);
	if (!r)
		r = copy_text(from->leaf_down, &ret->leaf_down);
	if (!r)
		r = copy_text(from->leaf_up, &ret->leaf_up);
	if (!r)
		r = copy_device(&from->device, &ret->device);
	return r;
}

static int add_copy(struct classify_changes *to, const struct classify_change *from)
{
	struct classify_change copy;
	int r = copy_change(from, &copy);

	if (!r)
		r = vec_push(&to->circuits, copy);
	if (r)
		classify_change_free(&copy);
	return r;
}

int classify_changes_copy(const struct classify_changes *from, struct classify_changes *ret)
{
	struct classify_changes copy = { 0 };
	int r = 0;

	vec_foreach(&from->circuits, c)
		if (!r)
			r = add_copy(&copy, c);
	vec_foreach(&from->mappings, m)
		if (!r)
			r = vec_push(&copy.mappings, *m);
	if (r)
		classify_changes_free(&copy);
	else
		*ret = copy;
	return r;
}

/* --- one of them ------------------------------------------------------------------------------- */

struct classify_change *classify_changes_find(const struct classify_changes *changes, const char *id)
{
	vec_foreach(&changes->circuits, c)
		if (!strcmp(c->id, id))
			return c;
	return NULL;
}

static int make_change(struct classify_changes *changes, const char *id)
{
	struct classify_change fresh = { .id = strdup(id) };
	struct net_device *d = &fresh.device;
	int r;

	d->id = strdup(id);
	d->name = strdup("");
	d->mac = strdup("");
	d->comment = strdup("");
	r = fresh.id && d->id && d->name && d->mac && d->comment ?
		    vec_push(&changes->circuits, fresh) :
		    -ENOMEM;
	if (r)
		classify_change_free(&fresh);
	return r;
}

struct classify_change *classify_changes_at(struct classify_changes *changes, const char *id)
{
	struct classify_change *old = classify_changes_find(changes, id);

	if (old)
		return old;
	return make_change(changes, id) ? NULL : &changes->circuits.at[changes->circuits.n - 1];
}

void classify_changes_forget(struct classify_changes *changes, const char *id)
{
	for (size_t i = changes->circuits.n; i-- > 0;)
		if (!strcmp(changes->circuits.at[i].id, id)) {
			classify_change_free(&changes->circuits.at[i]);
			vec_remove(&changes->circuits, i);
		}
}

int classify_changes_find_mapping(const struct classify_changes *changes,
				  const struct net_prefix *prefix)
{
	for (size_t i = 0; i < changes->mappings.n; i++)
		if (!memcmp(&changes->mappings.at[i].prefix, prefix, sizeof(*prefix)))
			return (int)i;
	return -1;
}

/* --- files and changes ------------------------------------------------------------------------- */

/* What it borrows stays the change's. */
static void apply(const struct classify_change *c, struct net_circuit *circuit)
{
	if (c->name)
		circuit->name = c->name;
	if (c->parent)
		circuit->parent = *c->parent ? c->parent : NULL;
	if (c->leaf_down)
		circuit->leaf = (struct leaf_pair){ c->leaf_down, c->leaf_up };
	circuit->min.down = c->min.down ?: circuit->min.down;
	circuit->min.up = c->min.up ?: circuit->min.up;
	circuit->max.down = c->max.down ?: circuit->max.down;
	circuit->max.up = c->max.up ?: circuit->max.up;
	if (!c->has_addresses)
		return;
	/* A view of one device; never freed as an array of its own. */
	circuit->devices.at = (struct net_device *)&c->device;
	circuit->devices.n = circuit->devices.cap = 1;
}

static int add_new(const struct classify_change *c, struct network *to)
{
	struct net_circuit circuit = { .id = c->id, .name = c->id, .by_command = true };

	apply(c, &circuit);
	return vec_push(&to->circuits, circuit);
}

static int index_changes(const struct classify_changes *changes, struct net_index *ret)
{
	int r = 0;

	for (size_t i = 0; i < changes->circuits.n && !r; i++)
		r = net_index_add(ret, changes->circuits.at[i].id, i);
	return r;
}

static int add_circuits(const struct network *files, const struct classify_changes *changes,
			const struct net_index *index, struct network *ret, bool *met)
{
	int r = 0;

	for (size_t i = 0; i < files->circuits.n && !r; i++) {
		struct net_circuit circuit = files->circuits.at[i];
		const size_t *at = index->n ? net_index_find(index, circuit.id) : NULL;

		if (at)
			met[*at] = true;
		if (at && changes->circuits.at[*at].removed)
			continue;
		if (at)
			apply(&changes->circuits.at[*at], &circuit);
		r = vec_push(&ret->circuits, circuit);
	}
	return r;
}

static int add_rest(const struct classify_changes *changes, const bool *met, struct network *ret,
		    size_t *stale)
{
	int r = 0;

	for (size_t i = 0; i < changes->circuits.n && !r; i++) {
		if (met[i])
			continue;
		if (changes->circuits.at[i].added)
			r = add_new(&changes->circuits.at[i], ret);
		else
			(*stale)++;
	}
	return r;
}

static int add_nodes(const struct network *files, struct network *ret)
{
	int r = 0;

	for (size_t i = 0; i < files->nodes.n && !r; i++)
		r = vec_push(&ret->nodes, files->nodes.at[i]);
	return r;
}

int classify_network_make(const struct network *files, const struct classify_changes *changes,
			  struct network *ret, size_t *ret_stale)
{
	_cleanup_net_index_ struct net_index index = { 0 };
	_cleanup_free_ bool *met = calloc(changes->circuits.n + 1, sizeof(*met));
	struct network network = { 0 };
	size_t stale = 0;
	int r = met ? index_changes(changes, &index) : -ENOMEM;

	if (!r)
		r = add_nodes(files, &network);
	if (!r)
		r = add_circuits(files, changes, &index, &network, met);
	if (!r)
		r = add_rest(changes, met, &network, &stale);
	if (r) {
		classify_network_free(&network);
		return r;
	}
	*ret = network;
	*ret_stale = stale;
	return 0;
}

void classify_network_free(struct network *network)
{
	vec_free(&network->nodes);
	vec_free(&network->circuits);
}
