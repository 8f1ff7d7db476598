/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl/ethtool.h"
#include "nl/netdev.h"
#include "nl/nl_test_util.h"

NL_TEST_FIXTURE

static void test_features(void **state)
{
	_cleanup_nl_features_ struct nl_features all = { 0 };
	bool gro = false, vlan = false;
	unsigned index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	index = (unsigned)nl_test_veth(nl, "ea", "eb");
	assert_int_equal(nl_ethtool_features(nl, index, &all), 0);
	assert_true(all.n > 30);
	vec_foreach(&all, f) {
		gro |= !strcmp(f->name, "rx-gro");
		vlan |= !strcmp(f->name, "rx-vlan-hw-parse");
		if (f->fixed)
			assert_true(f->wanted == f->on);
	}
	assert_true(gro && vlan);
	assert_int_equal(nl_test_delete(nl, (int)index), 0);
}

static void toggle(unsigned index, const char *name)
{
	struct nl_feature before, f;

	assert_int_equal(nl_ethtool_feature_get(nl, index, name, &before), 0);
	assert_false(before.fixed);
	assert_int_equal(nl_ethtool_feature_set(nl, index, name, !before.on), 0);
	assert_int_equal(nl_ethtool_feature_get(nl, index, name, &f), 0);
	assert_true(f.on == !before.on && f.wanted == !before.on);
	assert_int_equal(nl_ethtool_feature_set(nl, index, name, before.on), 0);
	assert_int_equal(nl_ethtool_feature_get(nl, index, name, &f), 0);
	assert_true(f.on == before.on && f.wanted == before.wanted);
}

static void test_set_and_back(void **state)
{
	unsigned index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	index = (unsigned)nl_test_veth(nl, "ea", "eb");
	toggle(index, "rx-gro");
	toggle(index, "rx-vlan-hw-parse");
	toggle(index, "tx-vlan-hw-insert");
	assert_int_equal(nl_test_delete(nl, (int)index), 0);
}

static void test_refusals(void **state)
{
	struct nl_feature f = { .name = "kept" };
	unsigned index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	index = (unsigned)nl_test_veth(nl, "ea", "eb");
	assert_int_equal(nl_ethtool_feature_get(nl, index, "rx-lro", &f), 0);
	assert_true(f.fixed && !f.on);
	assert_int_equal(nl_ethtool_feature_set(nl, index, "rx-lro", false), 0);
	assert_int_equal(nl_ethtool_feature_set(nl, index, "rx-lro", true), -EOPNOTSUPP);
	assert_non_null(strstr(nl_words(nl), "rx-lro is fixed off"));
	f = (struct nl_feature){ .name = "kept" };
	assert_int_equal(nl_ethtool_feature_get(nl, index, "rx-gr0", &f), -ENOENT);
	assert_int_equal(nl_ethtool_feature_get(nl, index, "", &f), -ENOENT);
	assert_int_equal(nl_ethtool_feature_set(nl, index, "rx-gr0", true), -ENOENT);
	assert_int_equal(nl_ethtool_feature_get(nl, 123456, "rx-gro", &f), -ENODEV);
	assert_int_equal(nl_ethtool_feature_get(nl, 0, "rx-gro", &f), -ENODEV);
	assert_string_equal(f.name, "kept");
	assert_int_equal(nl_test_delete(nl, (int)index), 0);
}

static void test_driver_and_channels(void **state)
{
	struct nl_channels c;
	struct nl_driver d;
	unsigned index;
	int r;

	NL_TEST_NEEDS_NAMESPACE(nl);
	index = (unsigned)nl_test_veth(nl, "ea", "eb");
	assert_int_equal(nl_ethtool_driver(nl, index, &d), 0);
	assert_string_equal(d.name, "veth");
	r = nl_ethtool_channels(nl, index, &c);
	/* Before kernel 5.16 veth cannot tell its channels. */
	if (r)
		assert_int_equal(r, -EOPNOTSUPP);
	else
		assert_true(c.rx + c.tx + c.combined >= 1);
	assert_int_equal(nl_ethtool_driver(nl, 123456, &d), -ENODEV);
	assert_int_equal(nl_ethtool_channels(nl, 123456, &c), -ENODEV);
	assert_int_equal(nl_test_delete(nl, (int)index), 0);
}

/*
 * A veth takes redirected frames only when its peer has NAPI, which GRO on the peer gives it once
 * it is up.
 */
static void test_xdp_features_follow_the_peer(void **state)
{
	unsigned a, b;
	uint64_t bits;
	int r;

	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ea", "eb");
	b = (unsigned)nl_test_index(nl, "eb");
	r = nl_netdev_xdp_features(nl, a, &bits);
	if (r == -EOPNOTSUPP) {
		assert_int_equal(nl_test_delete(nl, (int)a), 0);
		print_message("# SKIP this kernel does not tell XDP features (needs 6.3)\n");
		skip();
	}
	assert_int_equal(r, 0);
	assert_true(bits & NL_XDP_BASIC && bits & NL_XDP_REDIRECT);
	assert_false(bits & NL_XDP_NDO_XMIT);
	assert_int_equal(nl_link_set_flag(nl, a, IFF_UP, true), 0);
	assert_int_equal(nl_link_set_flag(nl, b, IFF_UP, true), 0);
	assert_int_equal(nl_ethtool_feature_set(nl, b, "rx-gro", true), 0);
	assert_int_equal(nl_netdev_xdp_features(nl, a, &bits), 0);
	assert_true(bits & NL_XDP_NDO_XMIT);
	assert_int_equal(nl_ethtool_feature_set(nl, b, "rx-gro", false), 0);
	assert_int_equal(nl_netdev_xdp_features(nl, a, &bits), 0);
	assert_false(bits & NL_XDP_NDO_XMIT);
	assert_int_equal(nl_netdev_xdp_features(nl, 123456, &bits), -ENODEV);
	assert_int_equal(nl_netdev_xdp_features(nl, 0, &bits), -ENODEV);
	assert_string_equal(nl_xdp_feature_name(2), "ndo_xmit");
	assert_null(nl_xdp_feature_name(63));
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_set_and_back),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_driver_and_channels),
		cmocka_unit_test(test_xdp_features_follow_the_peer),
	};

	return cmocka_run_group_tests_name("nl/ethtool", tests, setup, teardown);
}
