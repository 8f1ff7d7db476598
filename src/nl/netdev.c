/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl/netdev.h"

#include <errno.h>
#include <linux/genetlink.h>

#define FAMILY "netdev"

enum { CMD_DEV_GET = 1 };
enum { DEV_IFINDEX = 1, DEV_XDP_FEATURES = 3 };

static const char *const feature_names[] = {
	"basic", "redirect", "ndo_xmit", "xsk_zerocopy", "hw_offload", "rx_sg", "ndo_xmit_sg",
};

const char *nl_xdp_feature_name(unsigned bit)
{
	return bit < ARRAY_LEN(feature_names) ? feature_names[bit] : NULL;
}

static int on_device(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *t[DEV_XDP_FEATURES + 1];

	nl_attrs(h, sizeof(struct genlmsghdr), t, DEV_XDP_FEATURES);
	*(uint64_t *)data = nl_attr_number(t[DEV_XDP_FEATURES]);
	return 0;
}

int nl_netdev_xdp_features(struct nl *nl, unsigned ifindex, uint64_t *ret)
{
	char buffer[NL_REQUEST_MAX];
	uint64_t features = 0;
	uint16_t family;
	struct nlmsghdr *h;
	int r = nl_generic_family(nl, FAMILY, &family);

	if (r)
		return r;
	if (!ifindex)
		return -ENODEV;
	h = nl_request_generic(buffer, family, CMD_DEV_GET, 0);
	mnl_attr_put_u32(h, DEV_IFINDEX, ifindex);
	r = nl_ask(nl, NL_GENERIC, h, on_device, &features);
	if (!r)
		*ret = features;
	return r;
}
