/* SPDX-License-Identifier: GPL-2.0-only */
/* What a change did to subscribers: each by name while they are few, else how many. */
#include "base/cleanup.h"
#include "pipe/classify/live.h"

#define NAMED 8

enum news {
	NEWS_ADDED,
	NEWS_REMOVED,
	NEWS_RATE,
	NEWS_MOVED,
	NEWS_LEAF,
	NEWS_ADDRESSES,
	NEWS_KINDS
};

static const char *const one[] = {
	[NEWS_ADDED] = "added",
	[NEWS_REMOVED] = "removed",
	[NEWS_RATE] = "has another rate",
	[NEWS_MOVED] = "has another place in the tree",
	[NEWS_LEAF] = "has another leaf queue",
	[NEWS_ADDRESSES] = "has other addresses",
};
static const char *const many[] = {
	[NEWS_ADDED] = "added",
	[NEWS_REMOVED] = "removed",
	[NEWS_RATE] = "have another rate",
	[NEWS_MOVED] = "have another place in the tree",
	[NEWS_LEAF] = "have another leaf queue",
	[NEWS_ADDRESSES] = "have other addresses",
};

struct tally {
	size_t n[NEWS_KINDS], named;
};

static const struct shaper_item *item_of(const struct classify_world *w, int circuit)
{
	int at = w->items ? w->items[circuit] : -1;

	return at < 0 ? NULL : &w->plan.items.at[at];
}

static void say(struct classify_live *live, struct tally *t, const struct classify_world *w,
		int circuit, enum news what)
{
	const struct net_circuit *c = &w->network.circuits.at[circuit];
	const struct shaper_item *item = item_of(w, circuit);
	_cleanup_strbuf_ struct strbuf rate = { 0 };

	if (t->n[what]++ >= NAMED || t->named >= NAMED)
		return;
	t->named++;
	if (item && (what == NEWS_ADDED || what == NEWS_RATE)) {
		strbuf_add(&rate, ": ");
		net_rate_format_mbps(item->ceil.down, &rate);
		strbuf_add(&rate, "/");
		net_rate_format_mbps(item->ceil.up, &rate);
		strbuf_add(&rate, " Mbit/s");
	}
	classify_tell(live, "subscribers", "changed", "%s %s%s", c->id, one[what],
		      rate.len ? strbuf_text(&rate) : "");
}

/* --- what differs ------------------------------------------------------------------------------ */

/* What is guaranteed follows from all others below a node: that is nobody's own news. */
static bool same_ceils(const struct shaper_item *a, const struct shaper_item *b)
{
	return a->ceil.down == b->ceil.down && a->ceil.up == b->ceil.up;
}

static bool same_wish(const struct classify_world *was, int before, const struct classify_world *is,
		      int after)
{
	const struct net_circuit *a = &was->network.circuits.at[before];
	const struct net_circuit *b = &is->network.circuits.at[after];

	return a->max.down == b->max.down && a->max.up == b->max.up && a->min.down == b->min.down &&
	       a->min.up == b->min.up;
}

static bool same_leaf(const struct shaper_item *a, const struct shaper_item *b)
{
	return !strcmp(a->leaf.down, b->leaf.down) && !strcmp(a->leaf.up, b->leaf.up);
}

static size_t count_addresses(const struct net_circuit *c)
{
	size_t n = 0;

	vec_foreach(&c->devices, device)
		n += device->addresses.n;
	return n;
}

static const struct net_prefix *address_at(const struct net_circuit *c, size_t i)
{
	vec_foreach(&c->devices, device) {
		if (i < device->addresses.n)
			return &device->addresses.at[i].prefix;
		i -= device->addresses.n;
	}
	return NULL;
}

static bool same_addresses(const struct net_circuit *a, const struct net_circuit *b)
{
	const size_t n = count_addresses(a);

	if (n != count_addresses(b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (memcmp(address_at(a, i), address_at(b, i), sizeof(struct net_prefix)))
			return false;
	return true;
}

static void compare(struct classify_live *live, struct tally *t, const struct classify_world *was,
		    int before, const struct classify_world *is, int after)
{
	const struct shaper_item *a = item_of(was, before), *b = item_of(is, after);

	if (a && b && (a->minor != b->minor || a->queue != b->queue))
		say(live, t, is, after, NEWS_MOVED);
	if (!same_wish(was, before, is, after) || (a && b && !same_ceils(a, b)))
		say(live, t, is, after, NEWS_RATE);
	if (a && b && !same_leaf(a, b))
		say(live, t, is, after, NEWS_LEAF);
	if (!same_addresses(&was->network.circuits.at[before], &is->network.circuits.at[after]))
		say(live, t, is, after, NEWS_ADDRESSES);
}

static int circuit_with(const struct classify_world *w, uint32_t id)
{
	return id < w->circuit_of.n ? w->circuit_of.at[id] : -1;
}

static void tell_line(struct classify_live *live, const struct classify_world *was,
		      const struct classify_world *is)
{
	const struct rate_pair a = was->plan.uplink, b = is->plan.uplink;
	_cleanup_strbuf_ struct strbuf rate = { 0 };

	if (a.down == b.down && a.up == b.up)
		return;
	net_rate_format_mbps(b.down, &rate);
	strbuf_add(&rate, "/");
	net_rate_format_mbps(b.up, &rate);
	classify_tell(live, "shaper", "changed", "the line has %s Mbit/s now", strbuf_text(&rate));
}

void classify_tell_news(struct classify_live *live, const struct classify_world *was,
			const struct classify_world *is)
{
	struct tally t = { 0 };

	if (classify_world_shapes(was) && classify_world_shapes(is))
		tell_line(live, was, is);
	else if (classify_world_shapes(was) != classify_world_shapes(is))
		classify_tell(live, "shaper", "changed",
			      classify_world_shapes(is) ? "subscribers are shaped from now on" :
							  "subscribers are not shaped any more");

	/* Who came and who went first: that is what most changes are about. */
	for (size_t i = 0; i < is->network.circuits.n; i++)
		if (circuit_with(was, is->ids[i]) < 0)
			say(live, &t, is, (int)i, NEWS_ADDED);
	for (size_t i = 0; i < was->network.circuits.n; i++)
		if (circuit_with(is, was->ids[i]) < 0)
			say(live, &t, was, (int)i, NEWS_REMOVED);
	for (size_t i = 0; i < is->network.circuits.n; i++) {
		int before = circuit_with(was, is->ids[i]);

		if (before >= 0)
			compare(live, &t, was, before, is, (int)i);
	}
	for (int what = 0; what < NEWS_KINDS; what++)
		if (t.n[what] && t.named >= NAMED)
			classify_tell(live, "subscribers", "changed", "%zu %s in all", t.n[what],
				      many[what]);
}
