/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/libreqos/network_json.h"

#include "base/near.h"
#include "config/text.h"
#include "config/yaml.h"
#include "model/show.h"
#include "model/tree.h"

struct reader {
	struct network *network;
	struct diag *d;
};

static int read_rate(struct reader *r, const struct tree *value, struct net_node *node);
static int read_type(struct reader *r, const struct tree *value, struct net_node *node);
static int read_virtual(struct reader *r, const struct tree *value, struct net_node *node);

/* What may stand in a node.  Without a reader: known, of no use for shaping. */
static const struct {
	const char *key;
	int (*read)(struct reader *r, const struct tree *value, struct net_node *node);
} keys[] = {
	{ "downloadBandwidthMbps", read_rate },
	{ "uploadBandwidthMbps", read_rate },
	{ "type", read_type },
	{ "virtual", read_virtual },
	{ "children", NULL }, /* read once the node has its place */
	{ "id", NULL },
	{ "name", NULL },
	{ "lat", NULL },
	{ "long", NULL },
	{ "lon", NULL },
	{ "latitude", NULL },
	{ "longitude", NULL },
};

static int read_rate(struct reader *r, const struct tree *value, struct net_node *node)
{
	uint64_t rate = 0;
	bool number = value->kind == TREE_SCALAR && !value->quoted;
	int e = number ? net_rate_parse_mbps(value->text, &rate) : -EINVAL;

	if (e == -ERANGE) {
		(void)diag_error(r->d, &value->at, "`%s`: %s Mbit/s is more than 1 Tbit/s",
				 value->key, text_shown(value->text).text);
		return 0;
	}
	if (e || !rate) {
		(void)diag_error(r->d, &value->at,
				 "`%s` of node `%s` wants a number of Mbit/s above 0, not %s",
				 value->key, text_shown(node->name).text, tree_shown(value).text);
		if (value->quoted && !net_rate_parse_mbps(value->text, &rate))
			diag_hint(r->d, "remove the quotes");
		return 0;
	}
	if (*value->key == 'd')
		node->max.down = rate;
	else
		node->max.up = rate;
	return 0;
}

static int read_type(struct reader *r, const struct tree *value, struct net_node *node)
{
	if (value->kind == TREE_NULL)
		return 0;
	if (value->kind != TREE_SCALAR) {
		(void)diag_error(r->d, &value->at, "`type` of node `%s` wants text, not %s",
				 text_shown(node->name).text, tree_shown(value).text);
		return 0;
	}
	free(node->type);
	node->type = strdup(value->text);
	node->is_virtual |= !strcasecmp(value->text, "virtual");
	return node->type ? 0 : -ENOMEM;
}

static int read_virtual(struct reader *r, const struct tree *value, struct net_node *node)
{
	bool yes = value->kind == TREE_SCALAR && !value->quoted && !strcmp(value->text, "true");
	bool no = value->kind == TREE_SCALAR && !value->quoted && !strcmp(value->text, "false");

	if (!yes && !no && value->kind != TREE_NULL)
		(void)diag_error(r->d, &value->at,
				 "`virtual` of node `%s` wants true or false, not %s",
				 text_shown(node->name).text, tree_shown(value).text);
	node->is_virtual |= yes;
	return 0;
}

static int read_key(struct reader *r, const struct tree *value, struct net_node *node)
{
	const char *names[ARRAY_LEN(keys)], *near;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		names[i] = keys[i].key;
		if (!strcmp(value->key, keys[i].key))
			return keys[i].read ? keys[i].read(r, value, node) : 0;
	}
	(void)diag_warning(r->d, &value->key_at, "unknown key `%s` of node `%s` is not read",
			   text_shown(value->key).text, text_shown(node->name).text);
	near = r->d->full ? NULL : near_word(value->key, names, ARRAY_LEN(names));
	if (near)
		diag_hint(r->d, "did you mean `%s`?", near);
	else if (value->kind == TREE_MAP)
		diag_hint(r->d, "nodes below a node stand in its `children`");
	return 0;
}

/* A rate that is not there at all; one that is wrong was reported. */
static void check_rate(struct reader *r, const struct tree *map, const char *key,
		       const struct net_node *node)
{
	if (node->is_virtual || tree_get(map, key))
		return;
	(void)diag_warning(r->d, &node->at, "node `%s` has no `%s`", text_shown(node->name).text,
			   key);
	diag_hint(r->d, "only what is above it limits it");
}

static int read_node(struct reader *r, const struct tree *map, int parent)
{
	struct net_node node = { strdup(map->key), strdup(""), parent, .at = map->key_at };
	int e = node.name && node.type ? 0 : -ENOMEM;

	for (size_t i = 0; !e && i < map->n; i++)
		e = read_key(r, map->children[i], &node);
	if (!e) {
		check_rate(r, map, "downloadBandwidthMbps", &node);
		check_rate(r, map, "uploadBandwidthMbps", &node);
		e = vec_push(&r->network->nodes, node);
	}
	if (e) {
		free(node.name);
		free(node.type);
	}
	return e;
}

/* Recursive: the parser refuses what is nested too deep. */
static int read_nodes(struct reader *r, const struct tree *map, int parent)
{
	int e = 0;

	for (size_t i = 0; !e && i < map->n; i++) {
		const struct tree *node = map->children[i], *below;

		if (node->kind != TREE_MAP) {
			(void)diag_warning(r->d, &node->key_at, "`%s` is no node: it is %s",
					   text_shown(node->key).text, tree_shown(node).text);
			diag_hint(r->d, "a node is a map with `downloadBandwidthMbps`");
			continue;
		}
		e = read_node(r, node, parent);
		below = tree_get(node, "children");
		if (e || !below || below->kind == TREE_NULL)
			continue;
		if (below->kind == TREE_MAP)
			e = read_nodes(r, below, (int)r->network->nodes.n - 1);
		else
			(void)diag_error(r->d, &below->at,
					 "`children` of node `%s` wants a map of nodes, not %s",
					 text_shown(node->key).text, tree_shown(below).text);
	}
	return e;
}

static int read_tree(struct reader *r, const struct tree *tree)
{
	if (tree->kind == TREE_MAP)
		return read_nodes(r, tree, -1);
	(void)diag_error(r->d, &tree->at, "the file wants a map of nodes, not %s",
			 tree_shown(tree).text);
	diag_hint(r->d, "a network without nodes is {}");
	return -EINVAL;
}

int network_json_read(const char *name, const char *text, size_t len, struct network *network,
		      struct diag *d)
{
	_cleanup_(tree_freep) struct tree *tree = NULL;
	struct reader r = { network, d };
	unsigned before = d->errors;
	int e = text_check(name, text, len, d);

	if (!e)
		e = yaml_parse(name, text, len, true, &tree, d);
	if (!e)
		e = read_tree(&r, tree);
	if (e == -ENOMEM)
		(void)diag_error(d, NULL, "out of memory");
	return e ? e : d->errors > before ? -EINVAL : 0;
}
