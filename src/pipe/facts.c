/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/facts.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/near.h"
#include "nl/ethtool.h"
#include "nl/link.h"
#include "nl/netdev.h"

const char *xdp_mode_name(enum xdp_mode mode)
{
	static const char *const names[] = { "none", "tc", "skb", "native" };

	return names[mode];
}

void pipe_facts_free(struct pipe_facts *facts)
{
	vec_free(&facts->links);
}

void pipe_memory_free(struct pipe_memory *memory)
{
	vec_free(&memory->seen);
}

const struct pipe_link *pipe_facts_find(const struct pipe_facts *facts, const char *name)
{
	vec_foreach(&facts->links, link)
		if (!strcmp(link->name, name))
			return link;
	return NULL;
}

const struct pipe_link *pipe_facts_find_index(const struct pipe_facts *facts, int ifindex)
{
	vec_foreach(&facts->links, link)
		if (link->ifindex == ifindex)
			return link;
	return NULL;
}

const char *pipe_facts_nearest(const struct pipe_facts *facts, const char *name)
{
	_cleanup_free_ const char **names = calloc(facts->links.n + 1, sizeof(*names));

	for (size_t i = 0; names && i < facts->links.n; i++)
		names[i] = facts->links.at[i].name;
	return names ? near_word(name, names, facts->links.n) : NULL;
}

/* The kernel takes any byte in a name; terminals and JSON do not. */
static void make_printable(char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name >= 0x7f)
			*name = '?';
}

static struct pipe_link from_kernel(const struct nl_link *l)
{
	struct pipe_link link = {
		.ifindex = l->ifindex,
		.mtu = l->mtu,
		.up = l->admin_up,
		.carrier = l->carrier,
		.rx_packets = l->stats.rx_packets,
		.rx_bytes = l->stats.rx_bytes,
		.tx_packets = l->stats.tx_packets,
		.tx_bytes = l->stats.tx_bytes,
	};

	memcpy(link.name, l->name, sizeof(link.name));
	memcpy(link.present_name, l->name, sizeof(link.present_name));
	memcpy(link.kind, l->kind, sizeof(link.kind));
	memcpy(link.mac, l->mac, sizeof(link.mac));
	make_printable(link.name);
	make_printable(link.present_name);
	return link;
}

static bool is_named(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void read_detail(struct nl *nl, struct pipe_link *link)
{
	struct nl_driver driver;
	uint64_t features;

	if (!link->ifindex)
		return;
	if (!nl_ethtool_driver(nl, (unsigned)link->ifindex, &driver))
		memcpy(link->driver, driver.name, sizeof(link->driver));
	if (nl_netdev_xdp_features(nl, (unsigned)link->ifindex, &features))
		return;
	link->xmit_known = true;
	link->xmit = features & NL_XDP_NDO_XMIT;
	link->xmit_frags = features & NL_XDP_NDO_XMIT_SG;
	link->no_redirect = (features & NL_XDP_BASIC) && !(features & NL_XDP_REDIRECT);
}

bool pipe_facts_outdated(struct nl *nl, const struct pipe_facts *facts, int ifindex)
{
	const struct pipe_link *link = pipe_facts_find_index(facts, ifindex);
	uint64_t features;

	if (!link || !link->xmit_known || nl_netdev_xdp_features(nl, (unsigned)ifindex, &features))
		return false;
	return link->xmit != !!(features & NL_XDP_NDO_XMIT) ||
	       link->xmit_frags != !!(features & NL_XDP_NDO_XMIT_SG);
}

bool pipe_memory_refuses(struct pipe_memory *memory, int ifindex)
{
	bool news = false;

	vec_foreach(&memory->seen, seen)
		if (seen->ifindex == ifindex && !seen->refuses)
			news = seen->refuses = true;
	return news;
}

/* What an old kernel does not tell, experience does. */
static void apply_experience(struct pipe_facts *facts, const struct pipe_memory *memory)
{
	vec_foreach(&memory->seen, seen)
		vec_foreach(&facts->links, link)
			if (seen->refuses && link->ifindex == seen->ifindex && !link->xmit_known)
				link->xmit_known = true;
}

/* A name we know but the kernel does not: the same device under another name, or away. */
static int recall(struct pipe_facts *facts, const struct pipe_seen *seen)
{
	const struct pipe_link *now = pipe_facts_find_index(facts, seen->ifindex);
	struct pipe_link link = { 0 };

	if (pipe_facts_find(facts, seen->name))
		return 0;
	if (now && !memcmp(now->mac, seen->mac, sizeof(now->mac)))
		link = *now;
	memcpy(link.name, seen->name, sizeof(link.name));
	if (!link.ifindex)
		memcpy(link.present_name, seen->name, sizeof(link.present_name));
	return vec_push(&facts->links, link);
}

static int collect(struct nl *nl, const struct nl_links *links, const struct pipe_memory *memory,
		   const char *const *names, size_t n, struct pipe_facts *facts)
{
	int r = 0;

	for (size_t i = 0; i < links->n && !r; i++)
		r = vec_push(&facts->links, from_kernel(&links->at[i]));
	for (size_t i = 0; memory && i < memory->seen.n && !r; i++)
		r = recall(facts, &memory->seen.at[i]);
	vec_foreach(&facts->links, link)
		if (is_named(link->name, names, n))
			read_detail(nl, link);
	if (memory)
		apply_experience(facts, memory);
	return r;
}

int pipe_facts_read(struct nl *nl, const struct pipe_memory *memory, const char *const *names,
		    size_t n_names, struct pipe_facts *ret)
{
	_cleanup_nl_links_ struct nl_links links = { 0 };
	struct pipe_facts facts = { 0 };
	int r = nl_link_list(nl, &links);

	if (!r)
		r = collect(nl, &links, memory, names, n_names, &facts);
	if (r) {
		pipe_facts_free(&facts);
		return r;
	}
	*ret = facts;
	return 0;
}

static bool same_seen(const struct pipe_seen *a, const struct pipe_seen *b)
{
	return a->ifindex == b->ifindex && !memcmp(a->mac, b->mac, sizeof(a->mac));
}

static int keep(struct pipe_memory *memory, const struct pipe_link *link, bool *news)
{
	struct pipe_seen seen = { .ifindex = link->ifindex };

	memcpy(seen.name, link->name, sizeof(seen.name));
	memcpy(seen.mac, link->mac, sizeof(seen.mac));
	vec_foreach(&memory->seen, old) {
		if (strcmp(old->name, seen.name))
			continue;
		if (same_seen(old, &seen))
			return 0;
		*old = seen;
		*news = true;
		return 0;
	}
	*news = true;
	return vec_push(&memory->seen, seen);
}

int pipe_memory_keep(struct pipe_memory *memory, const struct pipe_facts *facts,
		     const char *const *names, size_t n, bool *ret_news)
{
	int r = 0;

	vec_foreach(&facts->links, link)
		if (!r && link->ifindex && is_named(link->name, names, n))
			r = keep(memory, link, ret_news);
	return r;
}
