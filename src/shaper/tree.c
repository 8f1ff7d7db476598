/* SPDX-License-Identifier: GPL-2.0-only */
/* The network's nodes and circuits as items: who hangs on whom, and the most that each can get. */
#include <errno.h>

#include "model/show.h"
#include "shaper/plan_private.h"

/* What there is for those below a node. */
struct above {
	int item;	       /* that they hang on, SHAPER_TOP = the line */
	unsigned depth;	       /* of that item, 0 = the line */
	struct rate_pair most; /* that is to be had */
	struct rate_pair said; /* by the nodes above alone, 0 = nothing */
};

/* The plan outlives the network that it was made from.  Takes `text`; NULL when memory ran out. */
static const char *own(struct shaper_build *b, char *text)
{
	if (text && !vec_push(&b->plan.strings, text))
		return text;
	free(text);
	return NULL;
}

static const char *copy(struct shaper_build *b, const char *text)
{
	return own(b, strdup(text));
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a && b ? MIN(a, b) : a + b;
}

static uint64_t most_of(uint64_t wish, uint64_t above)
{
	return MAX(lower(wish, above), SHAPER_RATE_LEAST);
}

static struct rate_pair most_pair(struct rate_pair wish, struct rate_pair above)
{
	return (struct rate_pair){ most_of(wish.down, above.down), most_of(wish.up, above.up) };
}

/* --- what is clamped -------------------------------------------------------------------------- */

struct wish {
	const struct mark *at;
	const char *what, *name, *beyond;
	struct rate_pair most;
};

static void warn_beyond(struct shaper_build *b, const struct wish *wish, const char *direction,
			uint64_t most, uint64_t has, uint64_t said)
{
	_cleanup_strbuf_ struct strbuf wants = { 0 }, gets = { 0 };

	if (most <= has || (said && most > said)) /* the latter network_check() tells */
		return;
	net_rate_format_mbps(most, &wants);
	net_rate_format_mbps(has, &gets);
	(void)diag_warning(b->d, wish->at, "%s `%s`: %s of %s Mbit/s is above %s", wish->what,
			   text_shown(wish->name).text, direction, strbuf_text(&wants), wish->beyond);
	diag_hint(b->d, "it gets %s Mbit/s", strbuf_text(&gets));
}

static void warn_wish(struct shaper_build *b, const struct wish *wish, const struct above *above)
{
	warn_beyond(b, wish, "download", wish->most.down, above->most.down, above->said.down);
	warn_beyond(b, wish, "upload", wish->most.up, above->most.up, above->said.up);
}

/* --- nodes ------------------------------------------------------------------------------------ */

static void warn_deep(struct shaper_build *b, const struct net_node *node, int item)
{
	(void)diag_warning(b->d, &node->at,
			   "node `%s` is below %d others, more than the kernel takes",
			   text_shown(node->name).text, SHAPER_DEPTH);
	diag_hint(b->d, "what is below it hangs on `%s`",
		  text_shown(b->plan.items.at[item].name).text);
}

/* Takes `name`. */
static int push_node(struct shaper_build *b, char *name, struct shaper_item item)
{
	item.name = own(b, name);
	return item.name ? vec_push(&b->plan.items, item) : -ENOMEM;
}

/* A node without a class still says how much each circuit below can have, unless it only groups. */
static int add_node(struct shaper_build *b, size_t i, struct above *all)
{
	const struct net_node *node = &b->network->nodes.at[i];
	struct above *me = &all[i];

	*me = node->parent >= 0 ? all[node->parent] :
				  (struct above){ .item = SHAPER_TOP, .most = b->line };
	if (node->is_virtual)
		return 0;
	warn_wish(b, &(struct wish){ &node->at, "node", node->name, "the line", node->max }, me);
	me->most = most_pair(node->max, me->most);
	me->said = (struct rate_pair){ lower(me->said.down, node->max.down),
				       lower(me->said.up, node->max.up) };
	if (me->depth == SHAPER_DEPTH) {
		warn_deep(b, node, me->item);
		return 0;
	}
	if (push_node(b, strdup(node->name),
		      (struct shaper_item){ .source = (int)i, .parent = me->item, .ceil = me->most }))
		return -ENOMEM;
	me->item = (int)b->plan.items.n - 1;
	me->depth++;
	return 0;
}

/* A node of the network may have the name that we would give. */
static char *generated_name(const struct shaper_build *b, unsigned queue)
{
	_cleanup_strbuf_ struct strbuf name = { 0 };

	strbuf_addf(&name, "Generated_PN_%u", queue + 1);
	while (!name.failed && net_index_find(&b->nodes, strbuf_text(&name)))
		strbuf_add_char(&name, '_');
	return strbuf_take(&name);
}

static int add_generated(struct shaper_build *b)
{
	b->first_generated = (int)b->plan.items.n;
	for (unsigned queue = 0; queue < b->plan.queues; queue++)
		if (push_node(b, generated_name(b, queue),
			      (struct shaper_item){ .source = -1,
						    .parent = SHAPER_TOP,
						    .queue = (uint16_t)queue,
						    .ceil = b->generated }))
			return -ENOMEM;
	return 0;
}

/* --- circuits --------------------------------------------------------------------------------- */

/* Index of the circuit's node, -1 = none. */
static int find_node(const struct shaper_build *b, const struct net_circuit *circuit, int *ret)
{
	const size_t *i = circuit->parent ? net_index_find(&b->nodes, circuit->parent) : NULL;

	if (circuit->parent && !i)
		return diag_error(b->d, &circuit->parent_at, "node `%s` does not exist",
				  text_shown(circuit->parent).text);
	*ret = i ? (int)*i : -1;
	return 0;
}

/* What is below no node with a class is on its own, whatever groups it. */
static struct above above_circuit(const struct shaper_build *b, const struct above *all, int node)
{
	if (node >= 0 && all[node].item != SHAPER_TOP)
		return all[node];
	return (struct above){ .item = SHAPER_UNPLACED, .most = b->generated };
}

static void warn_circuit(struct shaper_build *b, const struct net_circuit *circuit,
			 const struct above *above)
{
	bool alone = above->item == SHAPER_UNPLACED && !shaper_rates_equal(b->generated, b->line);
	struct wish wish = { &circuit->at,
			     "circuit",
			     circuit->id,
			     alone ? "what circuits without a node have" : "the line",
			     { MAX(circuit->max.down, circuit->min.down),
			       MAX(circuit->max.up, circuit->min.up) } };

	warn_wish(b, &wish, above);
}

/* Nearly all have the same one, which is kept once. */
static const char *leaf_of(struct shaper_build *b, const char *own_leaf)
{
	return own_leaf ? copy(b, own_leaf) : b->leaf;
}

static int add_circuit(struct shaper_build *b, size_t i, const struct above *above)
{
	const struct net_circuit *circuit = &b->network->circuits.at[i];
	struct rate_pair ceil = most_pair(circuit->max, above->most);
	struct shaper_item item = {
		.kind = SHAPER_CIRCUIT,
		.name = copy(b, circuit->id),
		.source = (int)i,
		.parent = above->item,
		.ceil = ceil,
		.rate = { MAX(MIN(circuit->min.down, ceil.down), SHAPER_RATE_LEAST),
			  MAX(MIN(circuit->min.up, ceil.up), SHAPER_RATE_LEAST) },
		.leaf = { leaf_of(b, circuit->leaf.down), leaf_of(b, circuit->leaf.up) },
		.weight = b->measured ? b->measured(circuit->id, b->data) : ceil.down + ceil.up,
	};

	if (!item.name || !item.leaf.down || !item.leaf.up)
		return -ENOMEM;
	warn_circuit(b, circuit, above);
	return vec_push(&b->plan.items, item);
}

static int add_circuits(struct shaper_build *b, const struct above *all)
{
	size_t n = b->network->circuits.n;
	_cleanup_free_ struct above *above = calloc(n + 1, sizeof(*above));
	bool unplaced = false;
	int r = above ? 0 : -ENOMEM, node = -1;

	for (size_t i = 0; i < n && !r; i++) {
		r = find_node(b, &b->network->circuits.at[i], &node);
		if (r)
			break;
		above[i] = above_circuit(b, all, node);
		unplaced |= above[i].item == SHAPER_UNPLACED;
	}
	if (!r && unplaced)
		r = add_generated(b);
	for (size_t i = 0; i < n && !r; i++)
		r = add_circuit(b, i, &above[i]);
	return r;
}

int shaper_build_tree(struct shaper_build *b)
{
	size_t n = b->network->nodes.n;
	_cleanup_free_ struct above *all = calloc(n + 1, sizeof(*all));

	b->leaf = copy(b, b->settings->leaf);
	if (!all || !b->leaf)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (add_node(b, i, all))
			return -ENOMEM;
	return add_circuits(b, all);
}
