/* SPDX-License-Identifier: GPL-2.0-only */
#include "tune/knob_test_util.h"

static void test_set_and_restore(void **state_)
{
	struct fixture f;
	bool gro;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	gro = feature_on(f.index, "rx-gro");
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(f.index), "promisc", "on", &f.d), 0);
	assert_int_equal(knobs_set(&f.k, &knob_feature, KNOB_LINK(f.index), "rx-gro",
				   gro ? "off" : "on", &f.d),
			 0);
	assert_true(promisc(f.index));
	assert_true(feature_on(f.index, "rx-gro") == !gro);
	assert_int_equal(f.k.n, 2);
	assert_int_equal(access(state, F_OK), 0);
	/* Again: nothing to do, nothing more to remember. */
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(f.index), "promisc", "on", &f.d), 0);
	assert_int_equal(f.k.n, 2);
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_false(promisc(f.index));
	assert_true(feature_on(f.index, "rx-gro") == gro);
	assert_int_equal(f.k.n, 0);
	assert_int_equal(access(state, F_OK), -1);
	assert_int_equal(f.d.entries.n, 0);
	end(&f);
}

static void test_already_so_is_not_ours(void **state_)
{
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	assert_int_equal(nl_link_set_flag(nl, f.index, IFF_PROMISC, true), 0);
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(f.index), "promisc", "on", &f.d), 0);
	assert_int_equal(f.k.n, 0);
	assert_int_equal(access(state, F_OK), -1);
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_true(promisc(f.index));
	end(&f);
}

static void test_first_value_is_kept(void **state_)
{
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	assert_int_equal(file_write_value(RMEM, "4096 100000 200000"), 0);
	assert_int_equal(
		knobs_set(&f.k, &knob_file, KNOB_FILE(RMEM), "", "4096 100001 200000", &f.d), 0);
	assert_int_equal(
		knobs_set(&f.k, &knob_file, KNOB_FILE(RMEM), "", "4096 100002 200000", &f.d), 0);
	assert_int_equal(f.k.n, 1);
	assert_string_equal(f.k.at[0].before, "4096 100000 200000");
	assert_true(file_has(RMEM, "100002"));
	start_anew(&f);
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_true(file_has(RMEM, "4096\t100000\t200000"));
	/* Set to what was there at first: nothing of ours remains. */
	assert_int_equal(
		knobs_set(&f.k, &knob_file, KNOB_FILE(RMEM), "", "4096 100001 200000", &f.d), 0);
	assert_int_equal(
		knobs_set(&f.k, &knob_file, KNOB_FILE(RMEM), "", "4096 100000 200000", &f.d), 0);
	assert_int_equal(f.k.n, 0);
	assert_int_equal(access(state, F_OK), -1);
	end(&f);
}

static void test_foreign_change_is_left(void **state_)
{
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	assert_int_equal(file_write_value(RMEM, "4096 100000 200000"), 0);
	assert_int_equal(
		knobs_set(&f.k, &knob_file, KNOB_FILE(RMEM), "", "4096 100001 200000", &f.d), 0);
	assert_int_equal(file_write_value(RMEM, "4096 123456 200000"), 0);
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_true(file_has(RMEM, "123456"));
	assert_true(said(&f.d, "somebody has changed it to \"4096 123456 200000\""));
	assert_int_equal(f.k.n, 0);
	end(&f);
}

static void test_one_subject_only(void **state_)
{
	struct fixture f;
	unsigned other;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	other = (unsigned)nl_test_index(nl, "kb");
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(f.index), "promisc", "on", &f.d), 0);
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(other), "promisc", "on", &f.d), 0);
	assert_int_equal(knobs_set(&f.k, &knob_file, KNOB_FILE(FORWARD), "", "1", &f.d), 0);
	assert_int_equal(knobs_restore_subject(&f.k, KNOB_LINK(f.index), &f.d), 0);
	assert_false(promisc(f.index));
	assert_true(promisc(other));
	assert_true(file_has(FORWARD, "1"));
	assert_int_equal(knobs_restore_subject(&f.k, KNOB_FILE(FORWARD), &f.d), 0);
	assert_true(file_has(FORWARD, "0"));
	assert_int_equal(f.k.n, 1);
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_false(promisc(other));
	end(&f);
}

static void test_reload_restores_the_unwanted(void **state_)
{
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(f.index), "promisc", "on", &f.d), 0);
	assert_int_equal(knobs_set(&f.k, &knob_file, KNOB_FILE(FORWARD), "", "1", &f.d), 0);
	knobs_mark(&f.k);
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(f.index), "promisc", "on", &f.d), 0);
	assert_int_equal(knobs_restore_unwanted(&f.k, &f.d), 0);
	assert_true(promisc(f.index));
	assert_true(file_has(FORWARD, "0"));
	/* What an earlier run recorded counts as unwanted until it is set again. */
	start_anew(&f);
	assert_int_equal(f.k.n, 1);
	assert_int_equal(knobs_restore_unwanted(&f.k, &f.d), 0);
	assert_false(promisc(f.index));
	end(&f);
}

static void test_vanished_renamed_replaced(void **state_)
{
	struct fixture f;
	unsigned other;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	other = (unsigned)nl_test_index(nl, "kb");
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(f.index), "promisc", "on", &f.d), 0);
	/* Another name only: still the same device. */
	assert_int_equal(nl_test_rename(nl, (int)f.index, "kc"), 0);
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_false(promisc(f.index));
	assert_int_equal(f.d.entries.n, 0);
	/* Another name and another address: the index means another device. */
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(f.index), "promisc", "on", &f.d), 0);
	assert_int_equal(nl_test_rename(nl, (int)f.index, "kd"), 0);
	assert_int_equal(nl_test_change(nl, (int)f.index, IFLA_ADDRESS, "\x02weir!", 6), 0);
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_true(promisc(f.index));
	assert_true(
		said(&f.d, "kc: promisc: not put back to \"off\": its index belongs to another"));
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(other), "promisc", "on", &f.d), 0);
	assert_int_equal(nl_test_delete(nl, (int)f.index), 0);
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_true(said(&f.d, "the interface has vanished"));
	assert_int_equal(f.k.n, 0);
	end(&f);
}

/* Segmentation needs checksums: without them the wish for it stands, but it is not in force. */
static void test_wish_not_in_force(void **state_)
{
	static const char name[] = "tx-tcp-segmentation";
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	assert_int_equal(nl_ethtool_feature_set(nl, f.index, "tx-checksum-ip-generic", false), 0);
	assert_false(feature_on(f.index, name));
	assert_int_equal(knobs_set(&f.k, &knob_feature, KNOB_LINK(f.index), name, "on", &f.d),
			 -EOPNOTSUPP);
	assert_true(said(&f.d, "it stays off"));
	assert_int_equal(f.k.n, 0);
	assert_int_equal(knobs_set(&f.k, &knob_feature, KNOB_LINK(f.index), name, "off", &f.d), 0);
	assert_int_equal(f.k.n, 1);
	assert_string_equal(f.k.at[0].before, "on");
	assert_int_equal(nl_ethtool_feature_set(nl, f.index, "tx-checksum-ip-generic", true), 0);
	assert_false(feature_on(f.index, name));
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_true(feature_on(f.index, name));
	/* Turned on while it cannot be: refused, and the wish is taken back. */
	assert_int_equal(nl_ethtool_feature_set(nl, f.index, name, false), 0);
	assert_int_equal(nl_ethtool_feature_set(nl, f.index, "tx-checksum-ip-generic", false), 0);
	assert_int_equal(knobs_set(&f.k, &knob_feature, KNOB_LINK(f.index), name, "on", &f.d),
			 -EOPNOTSUPP);
	assert_int_equal(nl_ethtool_feature_set(nl, f.index, "tx-checksum-ip-generic", true), 0);
	assert_false(feature_on(f.index, name));
	assert_int_equal(f.k.n, 0);
	end(&f);
}

static void test_refusals(void **state_)
{
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	assert_int_equal(knobs_set(&f.k, &knob_feature, KNOB_LINK(f.index), "rx-gr0", "on", &f.d),
			 -ENOENT);
	assert_true(said(&f.d, "did you mean \"rx-gro\"?"));
	assert_int_equal(knobs_set(&f.k, &knob_feature, KNOB_LINK(f.index), "rx-lro", "on", &f.d),
			 -EOPNOTSUPP);
	assert_true(said(&f.d, "rx-lro is fixed off"));
	assert_int_equal(knobs_set(&f.k, &knob_feature, KNOB_LINK(f.index), "rx-gro", "yes", &f.d),
			 -EINVAL);
	assert_true(said(&f.d, "neither \"on\" nor \"off\""));
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(f.index), "promiscuous", "on", &f.d),
			 -EINVAL);
	assert_true(said(&f.d, "no flag \"promiscuous\""));
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(123456), "promisc", "on", &f.d),
			 -ENODEV);
	assert_true(said(&f.d, "interface 123456"));
	assert_int_equal(knobs_set(&f.k, &knob_file, KNOB_FILE("/proc/sys/net/none"), "", "1", &f.d),
			 -ENOENT);
	assert_int_equal(knobs_set(&f.k, &knob_file, KNOB_FILE(RMEM), "", "many", &f.d), -EINVAL);
	assert_int_equal(f.k.n, 0);
	assert_int_equal(access(state, F_OK), -1);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_and_restore),
		cmocka_unit_test(test_already_so_is_not_ours),
		cmocka_unit_test(test_first_value_is_kept),
		cmocka_unit_test(test_foreign_change_is_left),
		cmocka_unit_test(test_one_subject_only),
		cmocka_unit_test(test_reload_restores_the_unwanted),
		cmocka_unit_test(test_vanished_renamed_replaced),
		cmocka_unit_test(test_wish_not_in_force),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests_name("tune/knob", tests, setup, teardown);
}
