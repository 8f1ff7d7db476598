/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests only: a network namespace that is the test process's own and ends with it, and the
 * interfaces in it.  Nothing has a name outside, so nothing can be left behind.
 */
#pragma once

#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "nl/link.h"
#include "nl/sock.h"

/* For the whole program: `nl`, a socket in a namespace of its own, and the functions for main(). */
#define NL_TEST_FIXTURE                   \
	static struct nl *nl;             \
	static int setup(void **state)    \
	{                                 \
		nl = nl_test_namespace(); \
		return 0;                 \
	}                                 \
	static int teardown(void **state) \
	{                                 \
		nl_close(nl);             \
		return 0;                 \
	}

/* In each test; a skip must say why. */
#define NL_TEST_NEEDS_NAMESPACE(nl)                                                            \
	do {                                                                                   \
		if (!(nl)) {                                                                   \
			print_message("# SKIP needs root: no network namespace of its own\n"); \
			skip();                                                                \
		}                                                                              \
	} while (0)

/* An empty namespace (lo only, down) for this process; NULL where that is not permitted. */
static inline struct nl *nl_test_namespace(void)
{
	struct nl *nl = NULL;

	if (unshare(CLONE_NEWNET)) {
		assert_true(errno == EPERM || errno == ENOSYS || errno == EINVAL);
		return NULL;
	}
	assert_int_equal(nl_open(&nl), 0);
	return nl;
}

static inline int nl_test_index(struct nl *nl, const char *name)
{
	struct nl_link l;
	int r = nl_link_get_by_name(nl, name, &l);

	return r ? r : l.ifindex;
}

static inline void nl_test_put_queues(struct nlmsghdr *h, unsigned queues)
{
	if (!queues)
		return;
	mnl_attr_put_u32(h, IFLA_NUM_TX_QUEUES, queues);
	mnl_attr_put_u32(h, IFLA_NUM_RX_QUEUES, queues);
}

/* queues: 0 = as many as that kind has. */
static inline int nl_test_add_queues(struct nl *nl, const char *kind, const char *name,
				     const char *peer, unsigned queues)
{
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request_link(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	struct nlattr *info, *data, *other;
	int r;

	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	nl_test_put_queues(h, queues);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, kind);
	if (peer) {
		data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
		other = mnl_attr_nest_start(h, VETH_INFO_PEER);
		memset(mnl_nlmsg_get_payload_tail(h), 0, sizeof(struct ifinfomsg));
		h->nlmsg_len += sizeof(struct ifinfomsg);
		mnl_attr_put_strz(h, IFLA_IFNAME, peer);
		nl_test_put_queues(h, queues);
		mnl_attr_nest_end(h, other);
		mnl_attr_nest_end(h, data);
	}
	mnl_attr_nest_end(h, info);
	r = nl_ask(nl, NL_ROUTE, h, NULL, NULL);
	return r ? r : nl_test_index(nl, name);
}

static inline int nl_test_add(struct nl *nl, const char *kind, const char *name, const char *peer)
{
	return nl_test_add_queues(nl, kind, name, peer, 0);
}

/* The ifindex, or -errno. */
static inline int nl_test_veth(struct nl *nl, const char *name, const char *peer)
{
	return nl_test_add(nl, "veth", name, peer);
}

static inline int nl_test_delete(struct nl *nl, int ifindex)
{
	char buffer[NL_REQUEST_MAX];

	return nl_ask(nl, NL_ROUTE, nl_request_link(buffer, RTM_DELLINK, 0, (unsigned)ifindex),
		      NULL, NULL);
}

/* One attribute of a link: IFLA_IFNAME, IFLA_ADDRESS, IFLA_MASTER, ... */
static inline int nl_test_change(struct nl *nl, int ifindex, uint16_t attribute, const void *value,
				 size_t len)
{
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request_link(buffer, RTM_SETLINK, 0, (unsigned)ifindex);

	mnl_attr_put(h, attribute, len, value);
	return nl_ask(nl, NL_ROUTE, h, NULL, NULL);
}

static inline int nl_test_rename(struct nl *nl, int ifindex, const char *name)
{
	return nl_test_change(nl, ifindex, IFLA_IFNAME, name, strlen(name) + 1);
}

static inline int nl_test_altname(struct nl *nl, int ifindex, const char *name)
{
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h =
		nl_request_link(buffer, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_APPEND | NLM_F_EXCL,
				(unsigned)ifindex);
	struct nlattr *list = mnl_attr_nest_start(h, IFLA_PROP_LIST);

	mnl_attr_put_strz(h, IFLA_ALT_IFNAME, name);
	mnl_attr_nest_end(h, list);
	return nl_ask(nl, NL_ROUTE, h, NULL, NULL);
}
