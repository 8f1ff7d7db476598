/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl/link.h"

#include <errno.h>
#include <linux/rtnetlink.h>

static const char *const mode_names[] = {
	[NL_XDP_NONE] = "none", [NL_XDP_NATIVE] = "native", [NL_XDP_SKB] = "skb",
	[NL_XDP_HW] = "hw",	[NL_XDP_MULTI] = "multi",
};

const char *nl_xdp_mode_name(enum nl_xdp_mode mode)
{
	return (size_t)mode < ARRAY_LEN(mode_names) ? mode_names[mode] : "unknown";
}

bool nl_link_has_name(const struct nl_link *l, const char *name)
{
	if (!strcmp(l->name, name))
		return true;
	for (size_t i = 0; i < NL_ALTNAMES; i++)
		if (l->altnames[i][0] && !strcmp(l->altnames[i], name))
			return true;
	return false;
}

static void parse_xdp(const struct nlattr *nest, struct nl_xdp *xdp)
{
	const struct nlattr *t[IFLA_XDP_MAX + 1];

	nl_attrs_nested(nest, t, IFLA_XDP_MAX);
	xdp->mode = (enum nl_xdp_mode)nl_attr_number(t[IFLA_XDP_ATTACHED]);
	xdp->prog_id = (uint32_t)nl_attr_number(t[IFLA_XDP_PROG_ID]);
	xdp->native_id = (uint32_t)nl_attr_number(t[IFLA_XDP_DRV_PROG_ID]);
	xdp->skb_id = (uint32_t)nl_attr_number(t[IFLA_XDP_SKB_PROG_ID]);
	xdp->hw_id = (uint32_t)nl_attr_number(t[IFLA_XDP_HW_PROG_ID]);
}

static void parse_stats(const struct nlattr *a, struct nl_link *l)
{
	struct rtnl_link_stats64 s = { 0 };

	/* Newer kernels append fields, older ones have fewer. */
	if (a)
		memcpy(&s, mnl_attr_get_payload(a), MIN(sizeof(s), mnl_attr_get_payload_len(a)));
	l->stats.rx_packets = s.rx_packets;
	l->stats.rx_bytes = s.rx_bytes;
	l->stats.rx_dropped = s.rx_dropped;
	l->stats.rx_errors = s.rx_errors;
	l->stats.tx_packets = s.tx_packets;
	l->stats.tx_bytes = s.tx_bytes;
	l->stats.tx_dropped = s.tx_dropped;
	l->stats.tx_errors = s.tx_errors;
}

static void parse_names(const struct nlattr *const *t, struct nl_link *l)
{
	const struct nlattr *info[IFLA_INFO_MAX + 1], *a;
	size_t n = 0;

	nl_attr_copy_text(t[IFLA_IFNAME], l->name, sizeof(l->name));
	nl_attrs_nested(t[IFLA_LINKINFO], info, IFLA_INFO_MAX);
	nl_attr_copy_text(info[IFLA_INFO_KIND], l->kind, sizeof(l->kind));
	if (!t[IFLA_PROP_LIST])
		return;
	mnl_attr_for_each_nested(a, t[IFLA_PROP_LIST]) {
		if (mnl_attr_get_type(a) == IFLA_ALT_IFNAME && n < NL_ALTNAMES)
			nl_attr_copy_text(a, l->altnames[n++], NL_ALTNAME_MAX);
	}
}

static void parse_mac(const struct nlattr *a, struct nl_link *l)
{
	l->has_mac = a && mnl_attr_get_payload_len(a) == sizeof(l->mac);
	if (l->has_mac)
		memcpy(l->mac, mnl_attr_get_payload(a), sizeof(l->mac));
}

int nl_link_parse(const struct nlmsghdr *h, struct nl_link *ret)
{
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	const struct nlattr *t[IFLA_MAX + 1];
	struct nl_link l = { 0 };

	if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK)
		return -ENOMSG;
	/* AF_BRIDGE tells about ports: its RTM_DELLINK means "left the bridge", not "gone". */
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*i) || i->ifi_family != AF_UNSPEC)
		return -ENOMSG;
	nl_attrs(h, sizeof(*i), t, IFLA_MAX);
	l.ifindex = i->ifi_index;
	l.flags = i->ifi_flags;
	l.admin_up = i->ifi_flags & IFF_UP;
	l.carrier = nl_attr_number(t[IFLA_CARRIER]);
	l.mtu = (unsigned)nl_attr_number(t[IFLA_MTU]);
	l.master = (unsigned)nl_attr_number(t[IFLA_MASTER]);
	l.link = (unsigned)nl_attr_number(t[IFLA_LINK]);
	l.link_elsewhere = t[IFLA_LINK_NETNSID];
	l.link_netnsid = (int)nl_attr_number(t[IFLA_LINK_NETNSID]);
	l.rxq = (unsigned)nl_attr_number(t[IFLA_NUM_RX_QUEUES]);
	l.txq = (unsigned)nl_attr_number(t[IFLA_NUM_TX_QUEUES]);
	l.promiscuity = (unsigned)nl_attr_number(t[IFLA_PROMISCUITY]);
	parse_names(t, &l);
	parse_mac(t[IFLA_ADDRESS], &l);
	parse_xdp(t[IFLA_XDP], &l.xdp);
	parse_stats(t[IFLA_STATS64], &l);
	*ret = l;
	return 0;
}

static int on_list(const struct nlmsghdr *h, void *data)
{
	struct nl_links *links = data;
	struct nl_link l;
	int r = nl_link_parse(h, &l);

	return r == -ENOMSG ? 0 : r ?: vec_push(links, l);
}

int nl_link_list(struct nl *nl, struct nl_links *ret)
{
	char buffer[NL_REQUEST_MAX];
	_cleanup_nl_links_ struct nl_links links = { 0 };
	int r;

	r = nl_dump(nl, NL_ROUTE, nl_request_link(buffer, RTM_GETLINK, 0, 0), on_list, &links,
		    &links.n);
	if (r)
		return r;
	*ret = links;
	links = (struct nl_links){ 0 };
	return 0;
}

static int on_one(const struct nlmsghdr *h, void *data)
{
	return nl_link_parse(h, data);
}

static int get(struct nl *nl, struct nlmsghdr *h, struct nl_link *ret)
{
	struct nl_link l = { 0 };
	int r = nl_ask(nl, NL_ROUTE, h, on_one, &l);

	if (!r && !l.ifindex)
		r = -ENODEV;
	if (!r)
		*ret = l;
	return r;
}

int nl_link_get_by_index(struct nl *nl, unsigned ifindex, struct nl_link *ret)
{
	char buffer[NL_REQUEST_MAX];

	/* To the kernel 0 is a wildcard and more than an int is malformed; to us, no device. */
	if (!ifindex || ifindex > INT32_MAX)
		return -ENODEV;
	return get(nl, nl_request_link(buffer, RTM_GETLINK, 0, ifindex), ret);
}

int nl_link_get_by_name(struct nl *nl, const char *name, struct nl_link *ret)
{
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request_link(buffer, RTM_GETLINK, 0, 0);
	size_t len = strlen(name);

	if (!len || len >= NL_ALTNAME_MAX)
		return -ENODEV;
	/* The short attribute finds alternative names too, but has no room for long ones. */
	mnl_attr_put_strz(h, len < IF_NAMESIZE ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
	return get(nl, h, ret);
}

int nl_link_set_flag(struct nl *nl, unsigned ifindex, unsigned flag, bool on)
{
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request_link(buffer, RTM_SETLINK, 0, ifindex);
	struct ifinfomsg *i = mnl_nlmsg_get_payload(h);

	if (!ifindex)
		return -ENODEV;
	i->ifi_change = flag;
	i->ifi_flags = on ? flag : 0;
	return nl_ask(nl, NL_ROUTE, h, NULL, NULL);
}
