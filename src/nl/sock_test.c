/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/pkt_sched.h>
#include <sys/socket.h>

#include "nl/nl_test_util.h"

NL_TEST_FIXTURE

static int count(const struct nlmsghdr *h, void *data)
{
	++*(int *)data;
	return 0;
}

static int give_up(const struct nlmsghdr *h, void *data)
{
	++*(int *)data;
	return -ECANCELED;
}

/* A dump of several datagrams, given up at its first message, must not spoil what comes after. */
static void test_given_up_dump(void **state)
{
	char buffer[NL_REQUEST_MAX], name[IF_NAMESIZE], peer[IF_NAMESIZE];
	int seen = 0;

	NL_TEST_NEEDS_NAMESPACE(nl);
	for (int i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "sock%da", i);
		(void)snprintf(peer, sizeof(peer), "sock%db", i);
		assert_true(nl_test_veth(nl, name, peer) > 0);
	}
	assert_int_equal(nl_ask(nl, NL_ROUTE, nl_request_link(buffer, RTM_GETLINK, NLM_F_DUMP, 0),
				give_up, &seen),
			 -ECANCELED);
	assert_int_equal(seen, 1);
	seen = 0;
	assert_int_equal(nl_ask(nl, NL_ROUTE, nl_request_link(buffer, RTM_GETLINK, NLM_F_DUMP, 0),
				count, &seen),
			 0);
	assert_int_equal(seen, 121);
}

/* The words are the kernel's: only that there are some, and that they go away, is ours. */
static void test_words(void **state)
{
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h;
	struct nl_link l;
	int r;

	NL_TEST_NEEDS_NAMESPACE(nl);
	h = nl_request_link(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	mnl_attr_put_strz(h, IFLA_IFNAME, "odd");
	mnl_attr_put_u32(h, IFLA_MTU, 1500);
	r = nl_ask(nl, NL_ROUTE, h, NULL, NULL);
	assert_true(r < 0);
	h = nl_request(buffer, RTM_NEWQDISC, NLM_F_CREATE);
	((struct tcmsg *)mnl_nlmsg_put_extra_header(h, sizeof(struct tcmsg)))->tcm_ifindex = 1;
	((struct tcmsg *)mnl_nlmsg_get_payload(h))->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(h, TCA_KIND, "no-such-qdisc");
	r = nl_ask(nl, NL_ROUTE, h, NULL, NULL);
	assert_true(r < 0);
	assert_true(strlen(nl_words(nl)) > 0);
	assert_non_null(strstr(nl_error_text(nl, r), strerror(-r)));
	assert_non_null(strstr(nl_error_text(nl, r), nl_words(nl)));
	assert_int_equal(nl_link_get_by_name(nl, "lo", &l), 0);
	assert_string_equal(nl_words(nl), "");
}

/* The words stand behind the echoed request where the kernel echoes it. */
static void test_words_behind_an_echo(void **state)
{
	int off = 0;

	NL_TEST_NEEDS_NAMESPACE(nl);
	assert_int_equal(
		setsockopt(nl_fd(nl, NL_ROUTE), SOL_NETLINK, NETLINK_CAP_ACK, &off, sizeof(off)), 0);
	test_words(state);
}

/* A reply to somebody's earlier, forgotten question must not be taken for ours. */
static void test_late_reply(void **state)
{
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h;
	struct nl_link l;
	int index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	index = nl_test_veth(nl, "late", "early");
	h = nl_request_link(buffer, RTM_GETLINK, 0, 1);
	h->nlmsg_seq = 4000000000u;
	assert_int_equal(send(nl_fd(nl, NL_ROUTE), h, h->nlmsg_len, 0), h->nlmsg_len);
	assert_int_equal(nl_link_get_by_index(nl, (unsigned)index, &l), 0);
	assert_string_equal(l.name, "late");
	h->nlmsg_type = RTM_SETLINK;
	h->nlmsg_seq--;
	((struct ifinfomsg *)mnl_nlmsg_get_payload(h))->ifi_index = 123456;
	assert_int_equal(send(nl_fd(nl, NL_ROUTE), h, h->nlmsg_len, 0), h->nlmsg_len);
	assert_int_equal(nl_link_get_by_index(nl, (unsigned)index, &l), 0);
	assert_string_equal(nl_words(nl), "");
	assert_int_equal(nl_test_delete(nl, index), 0);
}

static void test_unknown_family(void **state)
{
	uint16_t id = 7;

	NL_TEST_NEEDS_NAMESPACE(nl);
	assert_int_equal(nl_generic_family(nl, "no-such-family", &id), -EOPNOTSUPP);
	assert_int_equal(id, 7);
	assert_non_null(strstr(nl_words(nl), "no-such-family"));
	assert_int_equal(nl_generic_family(nl, "nlctrl", &id), 0);
	assert_int_equal(id, 16);
}

/* Attributes that are absent, short or unended must not be read past. */
static void test_attributes(void **state)
{
	char buffer[256] __attribute__((aligned(8))), text[4];
	struct nlmsghdr *h = nl_request(buffer, 16, 0);
	const struct nlattr *t[8];

	mnl_attr_put_u8(h, 1, 0xfe);
	mnl_attr_put_u16(h, 2, 0xfedc);
	mnl_attr_put_u32(h, 3, 0xfedcba98);
	mnl_attr_put_u64(h, 4, UINT64_C(0xfedcba9876543210));
	mnl_attr_put(h, 5, 3, "abc");
	mnl_attr_put(h, 6, 0, NULL);
	mnl_attr_put_u32(h, 99, 1);
	nl_attrs(h, 0, t, 7);
	assert_int_equal(nl_attr_number(t[1]), 0xfe);
	assert_int_equal(nl_attr_number(t[2]), 0xfedc);
	assert_int_equal(nl_attr_number(t[3]), 0xfedcba98);
	assert_true(nl_attr_number(t[4]) == UINT64_C(0xfedcba9876543210));
	assert_int_equal(nl_attr_number(t[5]), 0);
	assert_int_equal(nl_attr_number(t[6]), 0);
	assert_null(t[7]);
	nl_attr_copy_text(t[5], text, sizeof(text));
	assert_string_equal(text, "abc");
	nl_attr_copy_text(t[5], text, 3);
	assert_string_equal(text, "ab");
	nl_attr_copy_text(t[6], text, sizeof(text));
	assert_string_equal(text, "");
	nl_attr_copy_text(NULL, text, sizeof(text));
	assert_string_equal(text, "");
	nl_attrs(h, 4096, t, 7);
	assert_null(t[1]);
	nl_attrs_nested(NULL, t, 7);
	assert_null(t[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_up_dump),	     cmocka_unit_test(test_words),
		cmocka_unit_test(test_words_behind_an_echo), cmocka_unit_test(test_late_reply),
		cmocka_unit_test(test_unknown_family),	     cmocka_unit_test(test_attributes),
	};

	return cmocka_run_group_tests_name("nl/sock", tests, setup, teardown);
}
