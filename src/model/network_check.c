/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules for the whole.  Everything is sorted or hashed: a hundred thousand circuits must not
 * take seconds.  Errors go first, since a diag keeps only so many findings.
 */
#include <errno.h>

#include "base/near.h"
#include "model/net_index.h"
#include "model/network_private.h"
#include "model/show.h"

/* The lowest rate on the way up, and the node that sets it; -1 = none. */
struct limit {
	struct rate_pair rate;
	int down_by, up_by;
};

/* A name that no node has. */
struct missing {
	const char *name;
	const struct mark *at;
	size_t circuits;
};

struct check {
	const struct network *network;
	struct diag *d;
	struct net_index nodes, circuits, missing_index;
	VEC(struct missing) missing;
};

static void check_free(struct check *c)
{
	net_index_free(&c->nodes);
	net_index_free(&c->circuits);
	net_index_free(&c->missing_index);
	vec_free(&c->missing);
}

static int check_nodes(struct check *c)
{
	for (size_t i = 0; i < c->network->nodes.n; i++) {
		const struct net_node *node = &c->network->nodes.at[i];
		const size_t *first = net_index_find(&c->nodes, node->name);

		if (!*node->name)
			(void)diag_error(c->d, &node->at, "a node has no name");
		else if (first)
			(void)diag_error(c->d, &node->at, "node `%s` is there twice, first %s",
					 text_shown(node->name).text,
					 net_place(&c->network->nodes.at[*first].at).text);
		if (node->parent >= (int)i)
			(void)diag_error(c->d, &node->at, "node `%s` stands before the one above it",
					 text_shown(node->name).text);
		if (!first && net_index_add(&c->nodes, node->name, i))
			return -ENOMEM;
	}
	return 0;
}

/* A misspelt node is one mistake, however many circuits hang on it. */
static int note_missing(struct check *c, const struct net_circuit *circuit)
{
	const size_t *known = net_index_find(&c->missing_index, circuit->parent);
	const struct mark *at = circuit->parent_at.file ? &circuit->parent_at : &circuit->at;

	if (known && *known < c->missing.n) {
		c->missing.at[*known].circuits++;
		return 0;
	}
	if (net_index_add(&c->missing_index, circuit->parent, c->missing.n))
		return -ENOMEM;
	return vec_push(&c->missing, { circuit->parent, at, 1 });
}

static int report_missing(struct check *c)
{
	size_t n = c->network->nodes.n;
	_cleanup_free_ const char **names = calloc(n + 1, sizeof(*names));

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		names[i] = c->network->nodes.at[i].name;
	vec_foreach(&c->missing, m) {
		const char *near = c->d->full ? NULL : near_word(m->name, names, n);

		if (m->circuits > 1)
			(void)diag_error(c->d, m->at,
					 "node `%s` does not exist, but %zu circuits hang on it",
					 text_shown(m->name).text, m->circuits);
		else
			(void)diag_error(c->d, m->at, "node `%s` does not exist",
					 text_shown(m->name).text);
		if (near)
			diag_hint(c->d, "did you mean `%s`?", text_shown(near).text);
		else if (!n)
			diag_hint(c->d, "there are no nodes at all");
	}
	return 0;
}

static void check_minimum(struct check *c, const struct net_circuit *circuit, const char *direction,
			  uint64_t min, uint64_t max)
{
	_cleanup_strbuf_ struct strbuf low = { 0 }, high = { 0 };

	if (!min || !max || min <= max)
		return;
	net_rate_format_mbps(min, &low);
	net_rate_format_mbps(max, &high);
	(void)diag_error(c->d, &circuit->at,
			 "circuit `%s`: the least %s rate, %s Mbit/s, is above the most, %s Mbit/s",
			 text_shown(circuit->id).text, direction, strbuf_text(&low),
			 strbuf_text(&high));
}

static int check_circuit(struct check *c, size_t i)
{
	const struct net_circuit *circuit = &c->network->circuits.at[i];
	const size_t *first = net_index_find(&c->circuits, circuit->id);

	if (!*circuit->id)
		(void)diag_error(c->d, &circuit->at, "a circuit has no id");
	else if (first)
		(void)diag_error(c->d, &circuit->at, "circuit `%s` is there twice, first %s",
				 text_shown(circuit->id).text,
				 net_place(&c->network->circuits.at[*first].at).text);
	check_minimum(c, circuit, "download", circuit->min.down, circuit->max.down);
	check_minimum(c, circuit, "upload", circuit->min.up, circuit->max.up);
	if (!first && net_index_add(&c->circuits, circuit->id, i))
		return -ENOMEM;
	if (circuit->parent && !net_index_find(&c->nodes, circuit->parent))
		return note_missing(c, circuit);
	return 0;
}

static void limit_lower(uint64_t *rate, int *by, uint64_t own, int node)
{
	if (own && (!*rate || own < *rate)) {
		*rate = own;
		*by = node;
	}
}

static void warn_above(struct check *c, const struct mark *at, const char *what, const char *name,
		       const char *direction, uint64_t rate, uint64_t limit, int node)
{
	_cleanup_strbuf_ struct strbuf wish = { 0 }, has = { 0 };

	if (!limit || rate <= limit)
		return;
	net_rate_format_mbps(rate, &wish);
	net_rate_format_mbps(limit, &has);
	(void)diag_warning(c->d, at, "%s `%s`: %s of %s Mbit/s is above node `%s`", what,
			   text_shown(name).text, direction, strbuf_text(&wish),
			   text_shown(c->network->nodes.at[node].name).text);
	diag_hint(c->d, "it gets %s Mbit/s", strbuf_text(&has));
}

/* What every node can give, its own rate included. */
static void fill_limits(struct check *c, struct limit *limits)
{
	for (size_t i = 0; i < c->network->nodes.n; i++) {
		const struct net_node *node = &c->network->nodes.at[i];
		struct limit *l = &limits[i];

		*l = node->parent >= 0 && node->parent < (int)i ? limits[node->parent] :
								  (struct limit){ { 0, 0 }, -1, -1 };
		if (node->is_virtual)
			continue;
		warn_above(c, &node->at, "node", node->name, "download", node->max.down,
			   l->rate.down, l->down_by);
		warn_above(c, &node->at, "node", node->name, "upload", node->max.up, l->rate.up,
			   l->up_by);
		limit_lower(&l->rate.down, &l->down_by, node->max.down, (int)i);
		limit_lower(&l->rate.up, &l->up_by, node->max.up, (int)i);
	}
}

static bool has_address(const struct net_circuit *circuit)
{
	vec_foreach(&circuit->devices, device)
		if (device->addresses.n)
			return true;
	return false;
}

static int warn_circuits(struct check *c)
{
	_cleanup_free_ struct limit *limits = calloc(c->network->nodes.n + 1, sizeof(*limits));

	if (!limits)
		return -ENOMEM;
	fill_limits(c, limits);
	vec_foreach(&c->network->circuits, circuit) {
		const size_t *node =
			circuit->parent ? net_index_find(&c->nodes, circuit->parent) : NULL;
		const struct limit *l = node ? &limits[*node] : NULL;

		if (!has_address(circuit))
			(void)diag_warning(c->d, &circuit->at,
					   "circuit `%s` has no address: nothing is shaped by it",
					   text_shown(circuit->id).text);
		if (!l)
			continue;
		warn_above(c, &circuit->at, "circuit", circuit->id, "download",
			   MAX(circuit->max.down, circuit->min.down), l->rate.down, l->down_by);
		warn_above(c, &circuit->at, "circuit", circuit->id, "upload",
			   MAX(circuit->max.up, circuit->min.up), l->rate.up, l->up_by);
	}
	return 0;
}

static int check_all(struct check *c)
{
	int r = check_nodes(c);

	for (size_t i = 0; !r && i < c->network->circuits.n; i++)
		r = check_circuit(c, i);
	if (!r)
		r = report_missing(c);
	if (!r)
		r = net_addresses_check(c->network, c->d);
	return r ? r : warn_circuits(c);
}

int network_check(const struct network *network, struct diag *d)
{
	_cleanup_(check_free) struct check c = { .network = network, .d = d };
	unsigned before = d->errors;
	int r = check_all(&c);

	if (r == -ENOMEM)
		(void)diag_error(d, NULL, "out of memory");
	return r ? r : d->errors > before ? -EINVAL : 0;
}
