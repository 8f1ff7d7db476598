/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config_fixture.h"

#define NO_DIRECTORY \
	"f:1:1: warning: `lqos_directory` is missing: LibreQoS' other files are not read\n"

static const struct fixture_bridge *bridge_of(const struct loaded *l)
{
	if (!l->model)
		fail_msg("%s", l->findings);
	return model_section(l->model, "bridge")->data;
}

static const struct fixture_mapping *mapping(const struct loaded *l, size_t i)
{
	assert_true(i < bridge_of(l)->mappings.n);
	return (const struct fixture_mapping *)bridge_of(l)->mappings.items + i;
}

static void expect(const char *text, const char *findings)
{
	_cleanup_loaded_ struct loaded l = load_string("f", text);

	assert_string_equal(l.findings, findings);
}

static void test_two_interfaces(void **state)
{
	_cleanup_loaded_ struct loaded l =
		load_string("f",
			    "[bridge]\n"
			    "use_kernel_bridge = true\n"
			    "interface_mapping = [\n"
			    "\t{ name = \"eth1\", redirect_to = \"eth2\", scan_vlans = false },\n"
			    "\t{ name = \"eth2\", redirect_to = \"eth1\", scan_vlans = false }\n"
			    "]\n"
			    "vlan_mapping = []\n");

	assert_string_equal(l.findings, NO_DIRECTORY);
	assert_true(bridge_of(&l)->enabled.value);
	assert_int_equal(bridge_of(&l)->mappings.n, 2);
	assert_string_equal(mapping(&l, 1)->name.text, "eth2");
	assert_string_equal(mapping(&l, 1)->redirect_to.text, "eth1");
	assert_false(mapping(&l, 1)->scan_vlans.value);
	assert_int_equal(mapping(&l, 1)->redirect_to.at.line, 5);
	assert_int_equal(mapping(&l, 1)->redirect_to.at.column, 33);
	assert_int_equal(bridge_of(&l)->vlans.n, 0);
}

static void test_on_a_stick(void **state)
{
	_cleanup_loaded_ struct loaded l =
		load_string("f",
			    "[bridge]\n"
			    "use_xdp_bridge = true\n"
			    "interface_mapping = [\n"
			    "\t{ name = \"eth1\", redirect_to = \"eth1\", scan_vlans = true },\n"
			    "]\n"
			    "vlan_mapping = [\n"
			    "\t{ parent = \"eth1\", tag = 3, redirect_to = 4 },\n"
			    "\t{ parent = \"eth1\", tag = 4, redirect_to = 3 },\n"
			    "]\n");
	const struct fixture_vlan *v = bridge_of(&l)->vlans.items;

	assert_string_equal(l.findings, NO_DIRECTORY);
	assert_true(mapping(&l, 0)->scan_vlans.value);
	assert_int_equal(bridge_of(&l)->vlans.n, 2);
	assert_string_equal(v[1].parent.text, "eth1");
	assert_int_equal(v[1].tag.value, 4);
	assert_int_equal(v[1].redirect_to.value, 3);
}

static void test_whole_file(void **state)
{
	_cleanup_loaded_ struct loaded l =
		load_string("f", "lqos_directory = '/'\n"
				 "queue_check_period_ms = 1000\n"
				 "node_id = \"x\"\n"
				 "node_name = \"y\"\n"
				 "packet_capture_time = 10\n"
				 "[usage_stats]\nsend_anonymous = true\n"
				 "anonymous_server = \"stats.example.com:9125\"\n"
				 "[tuning]\nstop_irq_balance = true\nnetdev_budget_usecs = 8000\n"
				 "netdev_budget_packets = 300\nrx_usecs = 8\ntx_usecs = 8\n"
				 "disable_rxvlan = true\ndisable_txvlan = true\n"
				 "disable_offload = [ \"gso\", \"tso\" ]\n"
				 "[long_term_stats]\ngather_stats = false\n"
				 "collation_period_seconds = 60\nlicense_key = \"\"\n"
				 "uisp_reporting_interval_seconds = 300\n");

	assert_int_equal(l.r, 0);
	assert_string_equal(
		l.findings,
		"f:1:1: note: read, not applied by this version: `lqos_directory`, "
		"`queue_check_period_ms`, `node_id`, `node_name`, `packet_capture_time`\n"
		"f:6:2: note: [usage_stats] is read, not applied by this version\n"
		"f:9:2: note: [tuning] is read, not applied by this version\n"
		"f:18:2: note: [long_term_stats] is read, not applied by this version\n");
	assert_false(model_section(l.model, "bridge")->present);
}

static void test_switch(void **state)
{
	expect("[bridge]\ninterface_mapping = []\n", NO_DIRECTORY
	       "f:1:2: warning: the bridge stays off (`use_kernel_bridge = true` turns "
	       "it on)\n");
	expect("[bridge]\nuse_kernel_bridge = true\nuse_xdp_bridge = true\n", NO_DIRECTORY
	       "f:3:1: error: `use_xdp_bridge` is the same as `use_kernel_bridge` at f:2:1\n");
}

static void test_pair_left_to_linux(void **state)
{
	_cleanup_loaded_ struct loaded l =
		load_string("f", "[bridge]\nuse_xdp_bridge = false\nto_internet = \"eth0\"\n"
				 "to_network = \"eth1\"\n");

	assert_false(bridge_of(&l)->enabled.value);
	assert_int_equal(bridge_of(&l)->mappings.n, 0);
	assert_string_equal(l.findings,
			    NO_DIRECTORY "f:2:18: note: eth0 and eth1 are left to the kernel's own "
					 "bridge, as `use_xdp_bridge = false` says\n");
}

static void test_pair_bridged(void **state)
{
	_cleanup_loaded_ struct loaded l =
		load_string("f", "[bridge]\nuse_xdp_bridge = true\nto_internet = \"eth0\"\n"
				 "to_network = \"eth1\"\n");

	assert_true(bridge_of(&l)->enabled.value);
	assert_int_equal(bridge_of(&l)->mappings.n, 2);
	assert_string_equal(mapping(&l, 0)->name.text, "eth0");
	assert_string_equal(mapping(&l, 0)->redirect_to.text, "eth1");
	assert_string_equal(mapping(&l, 1)->name.text, "eth1");
	assert_string_equal(l.findings, NO_DIRECTORY
			    "f:3:15: note: eth0 and eth1 are bridged in both directions\n");
	expect("[bridge]\nuse_xdp_bridge = true\nto_internet = \"eth0\"\n",
	       NO_DIRECTORY "f:3:15: error: `to_network` is missing: a bridge has two sides\n");
}

static void test_later_version(void **state)
{
	expect("version = \"1.5\"\nlqos_directory = \"/\"\n[queues]\ndefault_sqm = \"cake\"\n"
	       "[long_term_stats]\nnew_key = 1\n[uisp_integration]\nenable_uisp = true\n",
	       "f:1:1: note: of LibreQoS 1.5 or later, read, not applied by this version: "
	       "`version`, "
	       "`queues`, `long_term_stats`, `uisp_integration`\n"
	       "f:2:1: note: read, not applied by this version: `lqos_directory`\n");
}

static void test_wrong_keys(void **state)
{
	expect("lqos_dir = \"/\"\n[tuning]\nrx_usecs = \"8\"\n[brigde]\n"
	       "[bridge]\nuse_kernel_brige = true\n",
	       "f:1:1: error: unknown key `lqos_dir` (known keys here are `lqos_directory`, "
	       "`queue_check_period_ms`, `node_id`, `node_name`, `packet_capture_time`, `bridge`, "
	       "`tuning`, `usage_stats`, `long_term_stats`)\n"
	       "f:3:12: error: `rx_usecs` wants a whole number of us from 0 to 2147483647, not '8' "
	       "(remove the quotes)\n"
	       "f:4:2: error: unknown key `brigde` (did you mean `bridge`?)\n"
	       "f:6:1: error: unknown key `use_kernel_brige` (did you mean "
	       "`use_kernel_bridge`?)\n");
}

static void test_directory(void **state)
{
	expect("lqos_directory = \"/nonexistent/x\"\n",
	       "f:1:1: note: read, not applied by this version: `lqos_directory`\n"
	       "f:1:18: warning: `lqos_directory` '/nonexistent/x': No such file or directory\n");
	expect("lqos_directory = \"/dev/null\"\n",
	       "f:1:1: note: read, not applied by this version: `lqos_directory`\n"
	       "f:1:18: warning: `lqos_directory` '/dev/null': Not a directory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_interfaces),	   cmocka_unit_test(test_on_a_stick),
		cmocka_unit_test(test_whole_file),	   cmocka_unit_test(test_switch),
		cmocka_unit_test(test_pair_left_to_linux), cmocka_unit_test(test_pair_bridged),
		cmocka_unit_test(test_later_version),	   cmocka_unit_test(test_wrong_keys),
		cmocka_unit_test(test_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
