/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>

#include "nl/nl_test_util.h"

NL_TEST_FIXTURE

static const struct nl_link *find(const struct nl_links *all, const char *name)
{
	vec_foreach(all, l)
		if (!strcmp(l->name, name))
			return l;
	return NULL;
}

static void test_list(void **state)
{
	_cleanup_nl_links_ struct nl_links all = { 0 };
	const struct nl_link *a, *b, *lo;
	int index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	index = nl_test_veth(nl, "la", "lb");
	assert_true(index > 0);
	assert_int_equal(nl_link_list(nl, &all), 0);
	assert_int_equal(all.n, 3);
	a = find(&all, "la");
	b = find(&all, "lb");
	lo = find(&all, "lo");
	assert_true(a && b && lo);
	assert_int_equal(a->ifindex, index);
	assert_string_equal(a->kind, "veth");
	assert_string_equal(lo->kind, "");
	assert_int_equal(a->link, b->ifindex);
	assert_int_equal(b->link, a->ifindex);
	assert_false(a->link_elsewhere);
	assert_false(a->admin_up);
	assert_int_equal(a->mtu, 1500);
	assert_true(a->rxq >= 1 && a->txq >= 1);
	assert_true(a->has_mac);
	assert_memory_not_equal(a->mac, b->mac, 6);
	assert_int_equal(a->xdp.mode, NL_XDP_NONE);
	assert_int_equal(nl_test_delete(nl, index), 0);
}

/* More than one datagram of the kernel's answer. */
static void test_list_many(void **state)
{
	_cleanup_nl_links_ struct nl_links all = { 0 };
	char name[IF_NAMESIZE], peer[IF_NAMESIZE];
	int index[100];

	NL_TEST_NEEDS_NAMESPACE(nl);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof(name), "many%da", i);
		(void)snprintf(peer, sizeof(peer), "many%db", i);
		index[i] = nl_test_veth(nl, name, peer);
		assert_true(index[i] > 0);
	}
	assert_int_equal(nl_link_list(nl, &all), 0);
	assert_int_equal(all.n, 201);
	for (int i = 0; i < 100; i++)
		assert_int_equal(nl_test_delete(nl, index[i]), 0);
}

static void test_flags_and_carrier(void **state)
{
	struct nl_link l;
	unsigned a, b;

	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "la", "lb");
	b = (unsigned)nl_test_index(nl, "lb");
	assert_int_equal(nl_link_set_flag(nl, a, IFF_UP, true), 0);
	assert_int_equal(nl_link_get_by_index(nl, a, &l), 0);
	assert_true(l.admin_up);
	assert_false(l.carrier);
	assert_int_equal(nl_link_set_flag(nl, b, IFF_UP, true), 0);
	assert_int_equal(nl_link_get_by_index(nl, a, &l), 0);
	assert_true(l.carrier);
	assert_int_equal(l.promiscuity, 0);

	assert_int_equal(nl_link_set_flag(nl, a, IFF_PROMISC, true), 0);
	assert_int_equal(nl_link_get_by_index(nl, a, &l), 0);
	assert_true(l.flags & IFF_PROMISC);
	assert_true(l.admin_up);
	assert_int_equal(l.promiscuity, 1);
	assert_int_equal(nl_link_set_flag(nl, a, IFF_PROMISC, false), 0);
	assert_int_equal(nl_link_get_by_index(nl, a, &l), 0);
	assert_false(l.flags & IFF_PROMISC);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

static void test_names(void **state)
{
	static const char long_name[] = "a-name-longer-than-fifteen-characters";
	struct nl_link l;
	int index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	index = nl_test_veth(nl, "la", "lb");
	assert_int_equal(nl_test_altname(nl, index, "short-alt"), 0);
	assert_int_equal(nl_test_altname(nl, index, long_name), 0);
	assert_int_equal(nl_link_get_by_name(nl, "short-alt", &l), 0);
	assert_int_equal(l.ifindex, index);
	assert_string_equal(l.name, "la");
	assert_int_equal(nl_link_get_by_name(nl, long_name, &l), 0);
	assert_int_equal(l.ifindex, index);
	assert_true(nl_link_has_name(&l, "la"));
	assert_true(nl_link_has_name(&l, "short-alt"));
	assert_true(nl_link_has_name(&l, long_name));
	assert_false(nl_link_has_name(&l, "lb"));
	assert_false(nl_link_has_name(&l, ""));

	assert_int_equal(nl_test_rename(nl, index, "renamed"), 0);
	assert_int_equal(nl_link_get_by_name(nl, "la", &l), -ENODEV);
	assert_int_equal(nl_link_get_by_name(nl, "renamed", &l), 0);
	assert_int_equal(l.ifindex, index);
	assert_int_equal(nl_test_delete(nl, index), 0);
}

static void test_refusals(void **state)
{
	struct nl_link l = { .ifindex = 77 };
	char name[200];

	NL_TEST_NEEDS_NAMESPACE(nl);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_int_equal(nl_link_get_by_name(nl, "absent", &l), -ENODEV);
	assert_int_equal(nl_link_get_by_name(nl, "", &l), -ENODEV);
	assert_int_equal(nl_link_get_by_name(nl, name, &l), -ENODEV);
	assert_int_equal(nl_link_get_by_name(nl, "absent-and-also-rather-long", &l), -ENODEV);
	assert_int_equal(nl_link_get_by_index(nl, 0, &l), -ENODEV);
	assert_int_equal(nl_link_get_by_index(nl, 123456, &l), -ENODEV);
	assert_int_equal(nl_link_get_by_index(nl, UINT32_MAX, &l), -ENODEV);
	assert_int_equal(nl_link_set_flag(nl, 0, IFF_PROMISC, true), -ENODEV);
	assert_int_equal(nl_link_set_flag(nl, 123456, IFF_PROMISC, true), -ENODEV);
	/* The out-parameter is untouched by failures. */
	assert_int_equal(l.ifindex, 77);
}

/* Left in the bridge's wake: a port leaving must not look like a device vanishing. */
static void test_master(void **state)
{
	struct nl_link l;
	int bridge, port;
	uint32_t master;

	NL_TEST_NEEDS_NAMESPACE(nl);
	bridge = nl_test_add(nl, "bridge", "br", NULL);
	if (bridge == -EOPNOTSUPP) {
		print_message("# SKIP this kernel has no bridge\n");
		skip();
	}
	assert_true(bridge > 0);
	port = nl_test_veth(nl, "la", "lb");
	master = (uint32_t)bridge;
	assert_int_equal(nl_test_change(nl, port, IFLA_MASTER, &master, sizeof(master)), 0);
	assert_int_equal(nl_link_get_by_index(nl, (unsigned)port, &l), 0);
	assert_int_equal(l.master, bridge);
	assert_int_equal(nl_test_delete(nl, port), 0);
	assert_int_equal(nl_test_delete(nl, bridge), 0);
}

static int load_xdp_pass(void)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", pass, ARRAY_LEN(pass), NULL);
}

static void test_xdp(void **state)
{
	_cleanup_close_ int fd = -1;
	struct nl_link l;
	int index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	fd = load_xdp_pass();
	if (fd < 0) {
		print_message("# SKIP no BPF program may be loaded here\n");
		skip();
	}
	index = nl_test_veth(nl, "la", "lb");
	assert_int_equal(bpf_xdp_attach(index, fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(nl_link_get_by_index(nl, (unsigned)index, &l), 0);
	assert_int_equal(l.xdp.mode, NL_XDP_NATIVE);
	assert_true(l.xdp.prog_id > 0);
	assert_int_equal(l.xdp.native_id, l.xdp.prog_id);
	assert_string_equal(nl_xdp_mode_name(l.xdp.mode), "native");
	assert_int_equal(bpf_xdp_detach(index, XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(bpf_xdp_attach(index, fd, XDP_FLAGS_SKB_MODE, NULL), 0);
	assert_int_equal(nl_link_get_by_index(nl, (unsigned)index, &l), 0);
	assert_int_equal(l.xdp.mode, NL_XDP_SKB);
	assert_int_equal(l.xdp.skb_id, l.xdp.prog_id);
	assert_int_equal(nl_test_delete(nl, index), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_many),
		cmocka_unit_test(test_flags_and_carrier),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_master),
		cmocka_unit_test(test_xdp),
	};

	return cmocka_run_group_tests_name("nl/link", tests, setup, teardown);
}
