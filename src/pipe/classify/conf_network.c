/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "base/near.h"
#include "model/net_index.h"
#include "model/show.h"
#include "pipe/classify/conf_private.h"

/* Where a node of the section stands on its way into the network. */
enum place { PLACE_NONE, PLACE_WAY, PLACE_DONE };

struct adder {
	const struct classify_conf *conf;
	struct network *network;
	struct net_index known; /* name -> index in the network */
	struct net_index own;	/* name -> index in the section */
	enum place *places;
	VEC(size_t) way; /* nodes whose parent is to be placed first */
	struct diag *d;
};

static void adder_free(struct adder *a)
{
	net_index_free(&a->known);
	net_index_free(&a->own);
	vec_free(&a->way);
	free(a->places);
}

static int index_once(struct net_index *index, const char *name, size_t value)
{
	return net_index_find(index, name) ? 0 : net_index_add(index, name, value);
}

static int index_names(struct adder *a)
{
	int r = 0;

	a->places = calloc(a->conf->nodes.n + 1, sizeof(*a->places));
	if (!a->places)
		return -ENOMEM;
	for (size_t i = 0; !r && i < a->network->nodes.n; i++)
		r = index_once(&a->known, a->network->nodes.at[i].name, i);
	for (size_t i = 0; !r && i < a->conf->nodes.n; i++)
		r = index_once(&a->own, NODES(a->conf)[i].name.text, i);
	return r;
}

static int add_node(struct adder *a, size_t i, int parent)
{
	const struct classify_node_conf *from = &NODES(a->conf)[i];
	struct net_node node = {
		.name = strdup(from->name.text),
		.type = strdup(from->type.text ?: ""),
		.parent = parent,
		.max = { from->download.value, from->upload.value },
		.is_virtual = from->is_virtual.value,
		.at = from->name.at,
	};
	int r = node.name && node.type ? vec_push(&a->network->nodes, node) : -ENOMEM;

	a->places[i] = PLACE_DONE;
	if (!r)
		return index_once(&a->known, node.name, a->network->nodes.n - 1);
	free(node.name);
	free(node.type);
	return r;
}

static void report_missing(struct adder *a, const struct conf_string *parent)
{
	size_t n = a->network->nodes.n, own = a->conf->nodes.n;
	_cleanup_free_ const char **names = calloc(n + own + 1, sizeof(*names));
	const char *near;

	(void)diag_error(a->d, &parent->at, "node `%s` does not exist",
			 text_shown(parent->text).text);
	if (!names || a->d->full)
		return;
	for (size_t i = 0; i < n; i++)
		names[i] = a->network->nodes.at[i].name;
	for (size_t i = 0; i < own; i++)
		names[n + i] = NODES(a->conf)[i].name.text;
	near = near_word(parent->text, names, n + own);
	if (near)
		diag_hint(a->d, "did you mean `%s`?", text_shown(near).text);
}

/* The index of the node above, -1 = none, -2 = one of the section that is not there yet (*ret_own). */
static int parent_of(struct adder *a, size_t i, size_t *ret_own)
{
	const struct conf_string *parent = &NODES(a->conf)[i].parent;
	const size_t *known, *own;

	if (!parent->text)
		return -1;
	known = net_index_find(&a->known, parent->text);
	if (known)
		return (int)*known;
	own = net_index_find(&a->own, parent->text);
	if (own && a->places[*own] == PLACE_NONE) {
		*ret_own = *own;
		return -2;
	}
	if (own)
		(void)diag_error(a->d, &parent->at, "node `%s` would stand above itself",
				 text_shown(NODES(a->conf)[i].name.text).text);
	else
		report_missing(a, parent);
	return -1;
}

/* The node and whatever of the section is above it, from the top; without recursion, since the way
 * up may be as long as the file. */
static int place_node(struct adder *a, size_t i)
{
	int r = 0;

	if (a->places[i] == PLACE_NONE)
		r = vec_push(&a->way, i);
	while (!r && a->way.n) {
		size_t last = a->way.at[a->way.n - 1], above = 0;
		int parent;

		a->places[last] = PLACE_WAY;
		parent = parent_of(a, last, &above);
		if (parent == -2) {
			r = vec_push(&a->way, above);
			continue;
		}
		a->way.n--;
		r = add_node(a, last, parent);
	}
	return r;
}

static int add_addresses(const struct conf_list *from, struct net_device *device, struct diag *d)
{
	int r = 0;

	for (size_t i = 0; !r && i < from->n; i++) {
		const struct conf_string *text = &TEXTS(from)[i];
		struct net_address address = { 0 };

		if (!net_address_read(text->text, &text->at, &address, d))
			r = vec_push(&device->addresses, address);
	}
	return r;
}

/* One device has all the addresses: the section knows no more. */
static int fill_device(const struct classify_circuit_conf *from, struct net_circuit *c,
		       struct diag *d)
{
	struct net_device *device;

	if (vec_push(&c->devices, { .at = c->at }))
		return -ENOMEM;
	device = &c->devices.at[0];
	device->id = strdup(c->id);
	device->name = strdup(c->name);
	device->mac = strdup("");
	device->comment = strdup("");
	if (!device->id || !device->name || !device->mac || !device->comment)
		return -ENOMEM;
	return add_addresses(&from->addresses, device, d);
}

int classify_leaf_split(const char *text, struct leaf_pair *ret)
{
	const char *slash = strchr(text, '/');
	struct leaf_pair leaf = {
		.down = strndup(text, slash ? (size_t)(slash - text) : strlen(text)),
		.up = strdup(slash ? slash + 1 : text),
	};

	if (leaf.down && leaf.up) {
		*ret = leaf;
		return 0;
	}
	free(leaf.down);
	free(leaf.up);
	return -ENOMEM;
}

static int fill_circuit(const struct classify_circuit_conf *from, struct net_circuit *c,
			struct diag *d)
{
	*c = (struct net_circuit){
		.id = strdup(from->id.text),
		.name = strdup(from->name.text ?: from->id.text),
		.parent = from->parent.text ? strdup(from->parent.text) : NULL,
		.min = { from->min_download.value, from->min_upload.value },
		.max = { from->download.value, from->upload.value },
		.at = from->id.at,
		.parent_at = from->parent.at,
	};
	if (!c->id || !c->name || !c->parent != !from->parent.text)
		return -ENOMEM;
	if (from->leaf.text && classify_leaf_split(from->leaf.text, &c->leaf))
		return -ENOMEM;
	return fill_device(from, c, d);
}

/* One with a wrong address is left out: that it then has none is not what is wrong. */
static int add_circuit(struct adder *a, const struct classify_circuit_conf *from)
{
	struct net_circuit c = { 0 };
	unsigned before = a->d->errors;
	int r = fill_circuit(from, &c, a->d);
	bool whole = !r && a->d->errors == before;

	if (whole)
		r = vec_push(&a->network->circuits, c);
	if (r || !whole)
		net_circuit_free(&c);
	return r;
}

int classify_network_add(const struct classify_conf *conf, struct network *network, struct diag *d)
{
	_cleanup_(adder_free) struct adder a = { .conf = conf, .network = network, .d = d };
	int r = index_names(&a);

	for (size_t i = 0; !r && i < conf->nodes.n; i++)
		r = place_node(&a, i);
	for (size_t i = 0; !r && i < conf->circuits.n; i++)
		r = add_circuit(&a, &CIRCUITS(conf)[i]);
	return r;
}
