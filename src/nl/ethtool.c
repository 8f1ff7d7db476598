/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl/ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "nl/link.h"

/* The kernel has about 64 features. */
#define FEATURES_MAX 256

static int request(struct nl *nl, void *buffer, uint8_t command, struct nlmsghdr **ret)
{
	uint16_t family;
	int r = nl_generic_family(nl, ETHTOOL_GENL_NAME, &family);

	if (!r)
		*ret = nl_request_generic(buffer, family, command, 0);
	return r;
}

/* Every command has the same header, under its own attribute number, which is always 1. */
static int request_device(struct nl *nl, void *buffer, uint8_t command, unsigned ifindex,
			  uint32_t flags, struct nlmsghdr **ret)
{
	struct nlattr *nest;
	int r;

	if (!ifindex)
		return -ENODEV;
	r = request(nl, buffer, command, ret);
	if (r)
		return r;
	nest = mnl_attr_nest_start(*ret, ETHTOOL_A_FEATURES_HEADER);
	mnl_attr_put_u32(*ret, ETHTOOL_A_HEADER_DEV_INDEX, ifindex);
	if (flags)
		mnl_attr_put_u32(*ret, ETHTOOL_A_HEADER_FLAGS, flags);
	mnl_attr_nest_end(*ret, nest);
	return 0;
}

/* Features: names come from a string set of the kernel, states as bitmaps over it. */

static int add_name(struct nl_features *all, const struct nlattr *string)
{
	const struct nlattr *t[ETHTOOL_A_STRING_MAX + 1];
	struct nl_feature empty = { .fixed = true };
	uint64_t index;
	int r = 0;

	nl_attrs_nested(string, t, ETHTOOL_A_STRING_MAX);
	index = nl_attr_number(t[ETHTOOL_A_STRING_INDEX]);
	if (index >= FEATURES_MAX)
		return 0;
	while (!r && all->n <= index)
		r = vec_push(all, empty);
	if (!r)
		nl_attr_copy_text(t[ETHTOOL_A_STRING_VALUE], all->at[index].name,
				  sizeof(all->at[index].name));
	return r;
}

static int on_names(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *t[ETHTOOL_A_STRSET_MAX + 1], *sets[ETHTOOL_A_STRINGSETS_MAX + 1];
	const struct nlattr *set[ETHTOOL_A_STRINGSET_MAX + 1], *a;
	int r = 0;

	nl_attrs(h, sizeof(struct genlmsghdr), t, ETHTOOL_A_STRSET_MAX);
	nl_attrs_nested(t[ETHTOOL_A_STRSET_STRINGSETS], sets, ETHTOOL_A_STRINGSETS_MAX);
	nl_attrs_nested(sets[ETHTOOL_A_STRINGSETS_STRINGSET], set, ETHTOOL_A_STRINGSET_MAX);
	if (!set[ETHTOOL_A_STRINGSET_STRINGS])
		return 0;
	mnl_attr_for_each_nested(a, set[ETHTOOL_A_STRINGSET_STRINGS]) {
		r = add_name(data, a);
		if (r)
			break;
	}
	return r;
}

static int read_names(struct nl *nl, struct nl_features *all)
{
	char buffer[NL_REQUEST_MAX];
	struct nlattr *header, *sets, *set;
	struct nlmsghdr *h;
	int r = request(nl, buffer, ETHTOOL_MSG_STRSET_GET, &h);

	if (r)
		return r;
	header = mnl_attr_nest_start(h, ETHTOOL_A_STRSET_HEADER);
	mnl_attr_nest_end(h, header);
	sets = mnl_attr_nest_start(h, ETHTOOL_A_STRSET_STRINGSETS);
	set = mnl_attr_nest_start(h, ETHTOOL_A_STRINGSETS_STRINGSET);
	mnl_attr_put_u32(h, ETHTOOL_A_STRINGSET_ID, ETH_SS_FEATURES);
	mnl_attr_nest_end(h, set);
	mnl_attr_nest_end(h, sets);
	return nl_ask(nl, NL_GENERIC, h, on_names, all);
}

static bool bit_is_set(const struct nlattr *bitset, size_t bit)
{
	const struct nlattr *t[ETHTOOL_A_BITSET_MAX + 1], *value;
	uint32_t word;

	nl_attrs_nested(bitset, t, ETHTOOL_A_BITSET_MAX);
	value = t[ETHTOOL_A_BITSET_VALUE];
	if (!value || mnl_attr_get_payload_len(value) < (bit / 32 + 1) * sizeof(word))
		return false;
	memcpy(&word, (const char *)mnl_attr_get_payload(value) + bit / 32 * sizeof(word),
	       sizeof(word));
	return word & (1u << bit % 32);
}

static int on_states(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *t[ETHTOOL_A_FEATURES_MAX + 1];
	struct nl_features *all = data;

	nl_attrs(h, sizeof(struct genlmsghdr), t, ETHTOOL_A_FEATURES_MAX);
	for (size_t i = 0; i < all->n; i++) {
		struct nl_feature *f = &all->at[i];

		f->on = bit_is_set(t[ETHTOOL_A_FEATURES_ACTIVE], i);
		f->fixed = !bit_is_set(t[ETHTOOL_A_FEATURES_HW], i) ||
			   bit_is_set(t[ETHTOOL_A_FEATURES_NOCHANGE], i);
		/* The kernel keeps no wish for what nobody can change. */
		f->wanted = f->fixed ? f->on : bit_is_set(t[ETHTOOL_A_FEATURES_WANTED], i);
	}
	return 0;
}

int nl_ethtool_features(struct nl *nl, unsigned ifindex, struct nl_features *ret)
{
	_cleanup_nl_features_ struct nl_features all = { 0 };
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h;
	int r = read_names(nl, &all);

	if (r)
		return r;
	r = request_device(nl, buffer, ETHTOOL_MSG_FEATURES_GET, ifindex,
			   ETHTOOL_FLAG_COMPACT_BITSETS, &h);
	if (!r)
		r = nl_ask(nl, NL_GENERIC, h, on_states, &all);
	if (r)
		return r;
	*ret = all;
	all = (struct nl_features){ 0 };
	return 0;
}

int nl_ethtool_feature_get(struct nl *nl, unsigned ifindex, const char *name, struct nl_feature *ret)
{
	_cleanup_nl_features_ struct nl_features all = { 0 };
	int r = nl_ethtool_features(nl, ifindex, &all);

	if (r)
		return r;
	vec_foreach(&all, f) {
		if (strcmp(f->name, name) || !*name)
			continue;
		*ret = *f;
		return 0;
	}
	nl_say(nl, "the kernel knows no feature \"%s\"", name);
	return -ENOENT;
}

static void put_wanted(struct nlmsghdr *h, const char *name, bool on)
{
	struct nlattr *set = mnl_attr_nest_start(h, ETHTOOL_A_FEATURES_WANTED);
	struct nlattr *bits = mnl_attr_nest_start(h, ETHTOOL_A_BITSET_BITS);
	struct nlattr *bit = mnl_attr_nest_start(h, ETHTOOL_A_BITSET_BITS_BIT);

	mnl_attr_put_strz(h, ETHTOOL_A_BITSET_BIT_NAME, name);
	if (on)
		mnl_attr_put(h, ETHTOOL_A_BITSET_BIT_VALUE, 0, NULL);
	mnl_attr_nest_end(h, bit);
	mnl_attr_nest_end(h, bits);
	mnl_attr_nest_end(h, set);
}

int nl_ethtool_feature_set(struct nl *nl, unsigned ifindex, const char *name, bool on)
{
	char buffer[NL_REQUEST_MAX];
	struct nl_feature now;
	struct nlmsghdr *h;
	int r = nl_ethtool_feature_get(nl, ifindex, name, &now);

	if (r)
		return r;
	if (now.wanted == on && (now.fixed || now.on == on))
		return 0;
	/* The kernel would accept the request and do nothing. */
	if (now.fixed) {
		nl_say(nl, "%s is fixed %s on this device", name, now.on ? "on" : "off");
		return -EOPNOTSUPP;
	}
	r = request_device(nl, buffer, ETHTOOL_MSG_FEATURES_SET, ifindex, 0, &h);
	if (r)
		return r;
	put_wanted(h, name, on);
	return nl_ask(nl, NL_GENERIC, h, NULL, NULL);
}

/* Driver: only the old ioctl tells it, and that by name. */

int nl_ethtool_driver(struct nl *nl, unsigned ifindex, struct nl_driver *ret)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct nl_driver d = { 0 };
	struct ifreq request = { 0 };
	struct nl_link link;
	int r = nl_link_get_by_index(nl, ifindex, &link);

	if (r)
		return r;
	memcpy(request.ifr_name, link.name, sizeof(request.ifr_name));
	request.ifr_data = (void *)&info;
	/* Any socket answers for its namespace, and this one is the handle's. */
	if (ioctl(nl_fd(nl, NL_ROUTE), SIOCETHTOOL, &request))
		return -errno;
	/* The kernel fills fixed fields, not always ended. */
	memcpy(d.name, info.driver, sizeof(d.name) - 1);
	memcpy(d.version, info.version, sizeof(d.version) - 1);
	memcpy(d.firmware, info.fw_version, sizeof(d.firmware) - 1);
	memcpy(d.bus_info, info.bus_info, sizeof(d.bus_info) - 1);
	*ret = d;
	return 0;
}

static int on_channels(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *t[ETHTOOL_A_CHANNELS_MAX + 1];
	struct nl_channels *c = data;

	nl_attrs(h, sizeof(struct genlmsghdr), t, ETHTOOL_A_CHANNELS_MAX);
	c->rx = (unsigned)nl_attr_number(t[ETHTOOL_A_CHANNELS_RX_COUNT]);
	c->tx = (unsigned)nl_attr_number(t[ETHTOOL_A_CHANNELS_TX_COUNT]);
	c->combined = (unsigned)nl_attr_number(t[ETHTOOL_A_CHANNELS_COMBINED_COUNT]);
	c->other = (unsigned)nl_attr_number(t[ETHTOOL_A_CHANNELS_OTHER_COUNT]);
	c->max_rx = (unsigned)nl_attr_number(t[ETHTOOL_A_CHANNELS_RX_MAX]);
	c->max_tx = (unsigned)nl_attr_number(t[ETHTOOL_A_CHANNELS_TX_MAX]);
	c->max_combined = (unsigned)nl_attr_number(t[ETHTOOL_A_CHANNELS_COMBINED_MAX]);
	c->max_other = (unsigned)nl_attr_number(t[ETHTOOL_A_CHANNELS_OTHER_MAX]);
	return 0;
}

int nl_ethtool_channels(struct nl *nl, unsigned ifindex, struct nl_channels *ret)
{
	char buffer[NL_REQUEST_MAX];
	struct nl_channels c = { 0 };
	struct nlmsghdr *h;
	int r = request_device(nl, buffer, ETHTOOL_MSG_CHANNELS_GET, ifindex, 0, &h);

	if (!r)
		r = nl_ask(nl, NL_GENERIC, h, on_channels, &c);
	if (!r)
		*ret = c;
	return r;
}
