/* SPDX-License-Identifier: GPL-2.0-only */
/* What the section takes, and every complaint about it, word for word. */
#include "pipe/balance/balance_test_util.h"

#define OUT "  out: [eth3, eth4]\n"
#define ONE "balance:\n  in: eth1\n" OUT

/* --- what is taken ----------------------------------------------------------------------------- */

static void defaults_are_the_documented_ones(void **state)
{
	const struct balancer_conf *b;
	struct world w;

	world_open(&w, ONE);
	b = world_balancer(&w);
	assert_int_equal(world_conf(&w)->balancers.n, 1);
	assert_string_equal(balancer_conf_name(b), "eth1");
	assert_int_equal(b->in.n, 1);
	assert_int_equal(b->out.n, 2);
	assert_string_equal(TARGETS(b)[1].name.text, "eth4");
	assert_int_equal(TARGETS(b)[1].weight.value, 1);
	assert_int_equal(b->policy.value, POLICY_FLOW);
	assert_int_equal(balancer_conf_none(b), NONE_PASS);
	assert_null(b->backup.text);
	assert_int_equal(b->seed.value, 0);
	assert_int_equal(b->drain.learn.value, 30);
	assert_int_equal(b->drain.idle.value, 60);
	assert_int_equal(b->drain.max.value, 3600);
	assert_int_equal(b->drain.flows.value, 262144);
	assert_int_equal(balance_conf_check(world_conf(&w), &w.facts, &w.d), 0);
	expect_findings(&w.d, "");
	world_close(&w);
}

static void all_keys_are_taken(void **state)
{
	const struct balancer_conf *b;
	struct world w;

	world_open(&w, "balance:\n"
		       "  - name: sensors\n"
		       "    in: [eth1, eth2]\n"
		       "    out: [eth3, { name: eth4, weight: 100 }]\n"
		       "    policy: flow-symmetric\n"
		       "    none_left: drop\n"
		       "    seed: 9223372036854775807\n"
		       "    drain: { learn: 1, idle: 36000, max: 604800, flows: 1024 }\n"
		       "  - { in: eth5, out: eth6, policy: round-robin, backup: eth7 }\n");
	b = world_balancer(&w);
	assert_int_equal(world_conf(&w)->balancers.n, 2);
	assert_string_equal(balancer_conf_name(b), "sensors");
	assert_string_equal(INPUTS(b)[1].text, "eth2");
	assert_int_equal(TARGETS(b)[0].weight.value, 1);
	assert_int_equal(TARGETS(b)[1].weight.value, 100);
	assert_int_equal(b->policy.value, POLICY_FLOW_SYMMETRIC);
	assert_int_equal(balancer_conf_none(b), NONE_DROP);
	assert_true(b->seed.value == INT64_MAX);
	assert_int_equal(b->drain.learn.value, 1);
	assert_int_equal(b->drain.flows.value, 1024);
	b++;
	assert_string_equal(balancer_conf_name(b), "eth5");
	assert_int_equal(b->policy.value, POLICY_ROUND_ROBIN);
	assert_int_equal(balancer_conf_none(b), NONE_BACKUP); /* because one is named */
	assert_int_equal(balance_conf_check(world_conf(&w), &w.facts, &w.d), 0);
	expect_findings(&w.d, "");
	world_close(&w);
}

/* --- what the rows refuse ---------------------------------------------------------------------- */

static void expect_refused(const char *yaml, const char *want)
{
	const struct schema *schemas[] = { stage_balance.schema };
	_cleanup_diag_ struct diag d = { 0 };
	struct model *model = NULL;

	assert_int_not_equal(
		config_load_text("test.yaml", yaml, strlen(yaml), schemas, 1, &model, &d), 0);
	assert_null(model);
	expect_findings(&d, want);
}

#define OUT_ITEM(item) "balance:\n  in: eth1\n  out:\n    - " item "\n"

static void wrong_keys_are_named(void **state)
{
	expect_refused(
		"balance:\n  in: eth1\n",
		"test.yaml:2:3: error: `out` is missing here (it wants a list of entries)\n");
	expect_refused("balance:\n" OUT, "test.yaml:2:3: error: `in` is missing here (it wants a "
					 "list of interface names)\n");
	expect_refused(
		OUT_ITEM("{ weight: 2 }"),
		"test.yaml:4:7: error: `name` is missing here (it wants an interface name)\n");
	expect_refused(
		ONE "  output: eth9\n",
		"test.yaml:4:3: error: unknown key `output` (known keys here are `name`, `in`, "
		"`out`, `policy`, `none_left`, `backup`, `seed`, `drain`)\n");
	expect_refused(
		"balance:\n  in: a/b\n" OUT,
		"test.yaml:2:7: error: `in` wants an interface name, not 'a/b' (it holds a '/' "
		"or ':')\n");
}

static void wrong_values_are_named(void **state)
{
	expect_refused(ONE "  policy: random\n",
		       "test.yaml:4:11: error: `policy` wants flow, flow-symmetric or round-robin, "
		       "not 'random'\n");
	expect_refused(ONE "  policy: flow-symetric\n",
		       "test.yaml:4:11: error: `policy` wants flow, flow-symmetric or round-robin, "
		       "not 'flow-symetric' (did you mean flow-symmetric?)\n");
	expect_refused(
		ONE "  none_left: flood\n",
		"test.yaml:4:14: error: `none_left` wants pass, drop or backup, not 'flood'\n");
	expect_refused(ONE "  seed: -1\n",
		       "test.yaml:4:9: error: `seed` wants a whole number from 0 to "
		       "9223372036854775807, not '-1'\n");
	expect_refused(
		ONE "  drain: { learn: 0, idle: 36001, max: 0, flows: 1023 }\n",
		"test.yaml:4:19: error: `learn` wants a whole number of seconds from 1 to 3600, "
		"not '0'\n"
		"test.yaml:4:28: error: `idle` wants a whole number of seconds from 1 to 36000, "
		"not '36001'\n"
		"test.yaml:4:40: error: `max` wants a whole number of seconds from 1 to 604800, "
		"not '0'\n"
		"test.yaml:4:50: error: `flows` wants a whole number from 1024 to 16777216, "
		"not '1023'\n");
}

static void wrong_weights_are_named(void **state)
{
	static const char *const wrong[] = { "0", "-1", "101", "half", "1.5" };

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		char yaml[200], want[200];

		(void)snprintf(yaml, sizeof(yaml), OUT_ITEM("{ name: eth3, weight: %s }"), wrong[i]);
		(void)snprintf(
			want, sizeof(want),
			"test.yaml:4:29: error: `weight` wants a whole number from 1 to 100, "
			"not '%s'\n",
			wrong[i]);
		expect_refused(yaml, want);
	}
}

/* --- what the check finds ---------------------------------------------------------------------- */

static void expect_said(const char *yaml, const char *want)
{
	struct world w;
	int r;

	world_open(&w, yaml);
	world_link(&w, 74)->no_redirect = true;
	world_link(&w, 75)->xmit = false;
	memcpy(world_link(&w, 75)->kind, "", 1);
	memcpy(world_link(&w, 75)->driver, "slow", 5);
	world_link(&w, 76)->xmit = false;
	world_link(&w, 77)->mtu = 1400;
	memcpy(world_link(&w, 78)->kind, "vlan", 5);
	world_link(&w, 79)->carrier = false;
	world_link(&w, 80)->up = world_link(&w, 80)->carrier = false;
	world_link(&w, 81)->ifindex = 0;
	r = balance_conf_check(world_conf(&w), &w.facts, &w.d);
	expect_findings(&w.d, want);
	assert_int_equal(r, w.d.errors ? -EINVAL : 0);
	world_close(&w);
}

static void empty_lists(void **state)
{
	expect_said("balance:\n  in: []\n" OUT,
		    "test.yaml:2:7: error: 'in' is empty: expected at least one interface\n");
	expect_said(
		"balance:\n  in: eth1\n  out: []\n",
		"test.yaml:3:8: error: 'out' is empty: expected at least one target (for example "
		"out: [eth2, eth3])\n");
	expect_said("balance: []\n", "");
}

/* `key` with eth`first` and n - 1 more. */
static void expect_count(const char *rest, const char *key, unsigned first, unsigned n,
			 const char *want)
{
	_cleanup_strbuf_ struct strbuf yaml = { 0 };

	strbuf_addf(&yaml, "balance:\n  %s\n  %s:\n", rest, key);
	for (unsigned i = 0; i < n; i++)
		strbuf_addf(&yaml, "  - eth%u\n", first + i);
	expect_said(strbuf_text(&yaml), want);
}

static void lists_that_are_too_long(void **state)
{
	expect_count("out: eth40", "in", 1, 16, "");
	expect_count("out: eth40", "in", 1, 17,
		     "test.yaml:20:5: error: 17 inputs: a balancer takes at most 16\n");
	expect_count("in: eth1", "out", 2, 64, "");
	expect_count("in: eth1", "out", 2, 65,
		     "test.yaml:68:5: error: 65 targets: a balancer has at most 64\n");
}

static void names_are_one_balancers(void **state)
{
	expect_said("balance:\n  - { name: a, in: eth1, out: eth3 }\n"
		    "  - { name: a, in: eth2, out: eth4 }\n",
		    "test.yaml:3:13: error: there are two balancers called 'a' (the other is at "
		    "test.yaml:2:13)\n");
	expect_said("balance:\n  - { name: eth2, in: eth1, out: eth3 }\n"
		    "  - { in: eth2, out: eth4 }\n",
		    "test.yaml:3:11: error: there are two balancers called 'eth2' (the other is at "
		    "test.yaml:2:13)\n");
	expect_said("balance:\n  - { in: eth1, out: eth3 }\n"
		    "  - { name: eth1, in: eth2, out: eth4 }\n",
		    "test.yaml:3:13: error: there are two balancers called 'eth1' (the other is at "
		    "test.yaml:2:11)\n");
	expect_said("balance:\n  - { in: eth1, out: eth3 }\n  - { in: eth2, out: eth3 }\n", "");
}

#define NAME_ERROR(name)                                                                           \
	"test.yaml:4:9: error: '" name "' is no name: expected 1 to 63 characters without spaces " \
	"and quotes\n"
#define LONG "a23456789b123456789c123456789d123456789e123456789f123456789g123"

static void names_are_usable(void **state)
{
	expect_said(ONE "  name: two words\n", NAME_ERROR("two words"));
	expect_said(ONE "  name: it's\n", NAME_ERROR("it's"));
	expect_said(ONE "  name: ''\n", NAME_ERROR(""));
	expect_said(ONE "  name: " LONG "4\n", NAME_ERROR(LONG "4"));
	expect_said(ONE "  name: " LONG "\n", "");
}

/* Every packet has one balancer to go to. */
static void inputs_are_one_balancers(void **state)
{
	expect_said(
		"balance:\n  in: [eth1, eth1]\n" OUT,
		"test.yaml:2:14: error: 'eth1' is the input of a balancer already (the other is "
		"at test.yaml:2:8)\n");
	expect_said(
		"balance:\n  - { in: [eth1, eth2], out: eth3 }\n"
		"  - { in: eth2, out: eth4 }\n",
		"test.yaml:3:11: error: 'eth2' is the input of a balancer already (the other is "
		"at test.yaml:2:18)\n");
}

static void inputs_that_are_not_as_they_should(void **state)
{
	expect_said("balance:\n  in: [eht1, eth78, eth81]\n" OUT,
		    "test.yaml:2:8: error: there is no interface 'eht1' (did you mean 'eth1'?)\n"
		    "test.yaml:2:14: error: 'eth78' is a VLAN of another interface\n"
		    "test.yaml:2:21: warning: interface 'eth81' is away; what it receives is "
		    "balanced when it comes back\n");
	expect_said("balance:\n  in: eth74\n" OUT,
		    "test.yaml:2:7: warning: the driver of 'eth74' (veth) runs XDP but does not "
		    "redirect: its packets go through TC, which is slower (another NIC or driver "
		    "can; see 'ethtool -i eth74')\n");
}

static void targets_that_cannot_be(void **state)
{
	expect_said(
		"balance:\n  in: [eth1, eth2]\n  out: [eth3, eth2]\n",
		"test.yaml:3:15: error: 'eth2' is a target and an input of the same balancer: "
		"its packets would go straight back (name another interface in 'in' or here)\n");
	expect_said("balance:\n  in: eth1\n  out: [eth3, eth4, eth3]\n",
		    "test.yaml:3:21: error: 'eth3' is a target twice (for a larger share give it a "
		    "weight; the other is at test.yaml:3:9)\n");
	expect_said("balance:\n  in: eth1\n  out: [etx3, eth78]\n",
		    "test.yaml:3:9: error: there is no interface 'etx3' (did you mean 'eth3'?)\n"
		    "test.yaml:3:15: error: 'eth78' is a VLAN of another interface\n");
}

static void targets_that_are_not_as_they_should(void **state)
{
	expect_said(
		"balance:\n  in: eth1\n  out: [eth81, eth80, eth79]\n",
		"test.yaml:3:9: warning: interface 'eth81' is away; it gets its share when it "
		"comes back\n"
		"test.yaml:3:16: warning: 'eth80' is set down: nothing is sent there until it is "
		"up (ip link set eth80 up)\n"
		"test.yaml:3:23: warning: 'eth79' has no carrier: nothing is sent there until it "
		"is up (look at the cable and the other end)\n");
	expect_said(
		"balance:\n  in: eth1\n  out: [eth77, eth76, eth75]\n",
		"test.yaml:3:9: warning: 'eth1' has MTU 1500 but 'eth77' only 1400: larger "
		"frames are lost on the way (give both the same MTU)\n"
		"test.yaml:3:16: warning: 'eth76' takes no XDP redirects (a veth whose other end "
		"has no NAPI): sent to through TC, which is slower (remedy: ethtool -K PEER gro "
		"on)\n"
		"test.yaml:3:23: warning: 'eth75' takes no XDP redirects (slow): sent to through "
		"TC, which is slower (another NIC or driver can)\n");
}

static void backups_that_cannot_be(void **state)
{
	expect_said(ONE "  none_left: backup\n",
		    "test.yaml:4:14: error: none_left is 'backup', but no backup is named\n");
	expect_said(ONE "  backup: eth3\n",
		    "test.yaml:4:11: error: 'eth3' is a target and the backup\n");
	expect_said(
		ONE "  backup: eth1\n",
		"test.yaml:4:11: error: 'eth1' is the backup and an input of the same balancer: "
		"its packets would go straight back (name another interface in 'in' or here)\n");
	expect_said(ONE "  backup: etx5\n", "test.yaml:4:11: error: there is no interface 'etx5' "
					    "(did you mean 'eth5'?)\n");
}

static void backups_that_are_not_as_they_should(void **state)
{
	expect_said(ONE "  backup: eth5\n  none_left: drop\n",
		    "test.yaml:4:11: warning: 'eth5' is never used: none_left is 'drop'\n");
	expect_said(ONE "  backup: eth5\n  none_left: pass\n",
		    "test.yaml:4:11: warning: 'eth5' is never used: none_left is 'pass'\n");
	expect_said(ONE "  backup: eth81\n", "test.yaml:4:11: warning: interface 'eth81' is away; "
					     "it can be used when it comes back\n");
	expect_said(
		ONE "  backup: eth80\n",
		"test.yaml:4:11: warning: 'eth80' is set down: nothing is sent there until it is "
		"up (ip link set eth80 up)\n");
	expect_said(ONE "  backup: eth5\n  none_left: backup\n", "");
	expect_said(ONE "  backup: eth5\n", "");
}

static void turns_do_not_drain(void **state)
{
	expect_said(ONE "  policy: round-robin\n  drain: { learn: 5 }\n",
		    "test.yaml:5:19: warning: round-robin knows no flows: draining ends at once\n");
	expect_said(ONE "  policy: round-robin\n", "");
	expect_said(ONE "  drain: { learn: 5 }\n", "");
}

/* All at once: nothing is found only after something else was repaired. */
static void every_problem_is_told(void **state)
{
	expect_said(
		"balance:\n  - { in: eth1, out: eth1, backup: eth1, name: 'a b' }\n"
		"  - { in: eth1, out: [eth3, eth3], none_left: backup }\n",
		"test.yaml:2:48: error: 'a b' is no name: expected 1 to 63 characters without "
		"spaces and quotes\n"
		"test.yaml:2:22: error: 'eth1' is a target and an input of the same balancer: "
		"its packets would go straight back (name another interface in 'in' or here)\n"
		"test.yaml:2:36: error: 'eth1' is the backup and an input of the same balancer: "
		"its packets would go straight back (name another interface in 'in' or here)\n"
		"test.yaml:2:36: error: 'eth1' is a target and the backup\n"
		"test.yaml:3:11: error: 'eth1' is the input of a balancer already (the other is "
		"at test.yaml:2:11)\n"
		"test.yaml:3:29: error: 'eth3' is a target twice (for a larger share give it a "
		"weight; the other is at test.yaml:3:23)\n"
		"test.yaml:3:47: error: none_left is 'backup', but no backup is named\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_the_documented_ones),
		cmocka_unit_test(all_keys_are_taken),
		cmocka_unit_test(wrong_keys_are_named),
		cmocka_unit_test(wrong_values_are_named),
		cmocka_unit_test(wrong_weights_are_named),
		cmocka_unit_test(empty_lists),
		cmocka_unit_test(lists_that_are_too_long),
		cmocka_unit_test(names_are_one_balancers),
		cmocka_unit_test(names_are_usable),
		cmocka_unit_test(inputs_are_one_balancers),
		cmocka_unit_test(inputs_that_are_not_as_they_should),
		cmocka_unit_test(targets_that_cannot_be),
		cmocka_unit_test(targets_that_are_not_as_they_should),
		cmocka_unit_test(backups_that_cannot_be),
		cmocka_unit_test(backups_that_are_not_as_they_should),
		cmocka_unit_test(turns_do_not_drain),
		cmocka_unit_test(every_problem_is_told),
	};

	return cmocka_run_group_tests_name("balance configuration", tests, NULL, NULL);
}
