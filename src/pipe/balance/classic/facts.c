/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/balance/classic/facts.h"

#include <errno.h>
#include <string.h>

#include "nl/ethtool.h"
#include "nl/netdev.h"
#include "pipe/balance/classic/classic.h"
#include "pipe/balance/classic/program.h"

void classic_facts_free(struct classic_facts *facts)
{
	nl_links_free(&facts->links);
	vec_free(&facts->inputs);
	vec_free(&facts->powers);
}

const struct nl_link *classic_facts_find(const struct classic_facts *facts, const char *name)
{
	vec_foreach(&facts->links, l)
		if (nl_link_has_name(l, name))
			return l;
	return NULL;
}

const struct nl_link *classic_facts_find_index(const struct classic_facts *facts, uint32_t ifindex)
{
	vec_foreach(&facts->links, l)
		if ((uint32_t)l->ifindex == ifindex)
			return l;
	return NULL;
}

const struct classic_power *classic_facts_power(const struct classic_facts *facts, int ifindex)
{
	vec_foreach(&facts->powers, p)
		if (p->ifindex == ifindex)
			return p;
	return NULL;
}

/* 1: its program uses a redirect_map. */
static int input_read(const struct nl_link *l, struct classic_input *ret)
{
	const struct {
		uint32_t program;
		bool native;
	} hooks[] = {
		{ l->xdp.native_id, true },
		{ l->xdp.hw_id, true },
		{ l->xdp.skb_id, false },
		{ l->xdp.prog_id, l->xdp.mode != NL_XDP_SKB },
	};

	for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
		_cleanup_classic_map_ struct classic_map map = CLASSIC_MAP_NONE;
		int r = hooks[i].program ? classic_program_map(hooks[i].program, CLASSIC_MAP, &map) :
					   -ENOENT;

		if (r == -EPERM)
			return r;
		if (r)
			continue;
		*ret = (struct classic_input){ l, map.id, hooks[i].native };
		return 1;
	}
	return 0;
}

static int inputs_read(struct classic_facts *facts)
{
	int r = 0;

	vec_foreach(&facts->links, l) {
		struct classic_input input;

		r = input_read(l, &input);
		if (r > 0)
			r = vec_push(&facts->inputs, input);
		if (r < 0)
			break;
	}
	return r;
}

int classic_facts_read(struct nl *nl, struct classic_facts *ret)
{
	struct classic_facts facts = { 0 };
	int r = nl_link_list(nl, &facts.links);

	if (!r)
		r = inputs_read(&facts);
	if (r)
		classic_facts_free(&facts);
	else
		*ret = facts;
	return r;
}

int classic_facts_ask(struct nl *nl, int ifindex, struct classic_facts *facts)
{
	struct classic_power power = { .ifindex = ifindex };
	struct nl_driver driver = { 0 };
	struct nl_feature tags = { 0 };

	if (classic_facts_power(facts, ifindex))
		return 0;
	power.known = !nl_netdev_xdp_features(nl, (unsigned)ifindex, &power.features);
	if (!nl_ethtool_driver(nl, (unsigned)ifindex, &driver))
		memcpy(power.driver, driver.name, sizeof(power.driver));
	if (!nl_ethtool_feature_get(nl, (unsigned)ifindex, "rx-vlan-hw-parse", &tags))
		power.strips_tags = tags.on;
	return vec_push(&facts->powers, power);
}
