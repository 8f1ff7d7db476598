/* SPDX-License-Identifier: GPL-2.0-only */
#include <sys/socket.h>

#include "nl/monitor.h"
#include "nl/nl_test_util.h"

struct seen {
	int links, gone, resyncs, others;
	char last_name[IF_NAMESIZE], gone_name[IF_NAMESIZE];
	bool last_up;
};

NL_TEST_FIXTURE

static void note(const struct nl_event *e, void *data)
{
	struct seen *s = data;

	switch (e->type) {
	case NL_EVENT_LINK:
		s->links++;
		memcpy(s->last_name, e->link.name, sizeof(s->last_name));
		s->last_up = e->link.admin_up;
		assert_non_null(e->raw);
		break;
	case NL_EVENT_LINK_GONE:
		s->gone++;
		memcpy(s->gone_name, e->link.name, sizeof(s->gone_name));
		break;
	case NL_EVENT_RESYNC:
		s->resyncs++;
		assert_null(e->raw);
		break;
	case NL_EVENT_OTHER:
		s->others++;
		break;
	}
}

static struct seen look(struct nl_monitor *m)
{
	struct seen s = { 0 };

	assert_int_equal(nl_monitor_read(m, note, &s), 0);
	return s;
}

static void test_life_of_a_link(void **state)
{
	_cleanup_nl_monitor_ struct nl_monitor *m = NULL;
	struct seen s;
	int index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	assert_int_equal(nl_monitor_open(0, &m), 0);
	s = look(m);
	assert_int_equal(s.links + s.gone + s.resyncs + s.others, 0);
	index = nl_test_veth(nl, "ma", "mb");
	s = look(m);
	assert_true(s.links >= 2);
	assert_int_equal(nl_test_rename(nl, index, "mc"), 0);
	s = look(m);
	assert_true(s.links >= 1);
	assert_string_equal(s.last_name, "mc");
	assert_int_equal(nl_link_set_flag(nl, (unsigned)index, IFF_UP, true), 0);
	s = look(m);
	assert_string_equal(s.last_name, "mc");
	assert_true(s.last_up);
	assert_int_equal(nl_test_delete(nl, index), 0);
	s = look(m);
	assert_int_equal(s.gone, 2);
	s = look(m);
	assert_int_equal(s.links + s.gone, 0);
}

/* The kernel reports a port leaving its bridge with the message that reports a deletion. */
static void test_bridge_port_leaves(void **state)
{
	_cleanup_nl_monitor_ struct nl_monitor *m = NULL;
	int bridge, port;
	uint32_t master;

	NL_TEST_NEEDS_NAMESPACE(nl);
	bridge = nl_test_add(nl, "bridge", "br", NULL);
	if (bridge == -EOPNOTSUPP) {
		print_message("# SKIP this kernel has no bridge\n");
		skip();
	}
	port = nl_test_veth(nl, "ma", "mb");
	master = (uint32_t)bridge;
	assert_int_equal(nl_test_change(nl, port, IFLA_MASTER, &master, sizeof(master)), 0);
	assert_int_equal(nl_monitor_open(0, &m), 0);
	master = 0;
	assert_int_equal(nl_test_change(nl, port, IFLA_MASTER, &master, sizeof(master)), 0);
	assert_int_equal(look(m).gone, 0);
	assert_int_equal(nl_test_delete(nl, port), 0);
	assert_int_equal(look(m).gone, 2);
	assert_int_equal(nl_test_delete(nl, bridge), 0);
}

/* More than a small buffer holds: the loss is told once, and later events arrive again. */
static void test_overflow(void **state)
{
	_cleanup_nl_monitor_ struct nl_monitor *m = NULL;
	struct seen s, total = { 0 };
	int size = 4096, index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	index = nl_test_veth(nl, "ma", "mb");
	assert_int_equal(nl_monitor_open(0, &m), 0);
	assert_int_equal(setsockopt(nl_monitor_fd(m), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(nl_link_set_flag(nl, (unsigned)index, IFF_UP, !(i & 1)), 0);
	do {
		s = look(m);
		total.resyncs += s.resyncs;
	} while (s.links || s.resyncs);
	assert_int_equal(total.resyncs, 1);
	assert_int_equal(nl_test_rename(nl, index, "again"), 0);
	s = look(m);
	assert_int_equal(s.resyncs, 0);
	assert_string_equal(s.last_name, "again");
	assert_int_equal(nl_test_delete(nl, index), 0);
}

static void test_additional_group(void **state)
{
	_cleanup_nl_monitor_ struct nl_monitor *m = NULL;
	struct seen s;

	NL_TEST_NEEDS_NAMESPACE(nl);
	assert_int_equal(nl_monitor_open(NL_GROUP(RTNLGRP_IPV4_IFADDR), &m), 0);
	/* lo gets 127.0.0.1 when it comes up. */
	assert_int_equal(nl_link_set_flag(nl, 1, IFF_UP, true), 0);
	s = look(m);
	assert_true(s.links >= 1);
	assert_true(s.others >= 1);
	assert_int_equal(nl_link_set_flag(nl, 1, IFF_UP, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life_of_a_link),
		cmocka_unit_test(test_bridge_port_leaves),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_additional_group),
	};

	return cmocka_run_group_tests_name("nl/monitor", tests, setup, teardown);
}
