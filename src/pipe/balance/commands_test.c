/* SPDX-License-Identifier: GPL-2.0-only */
/* What each command notes, what it refuses and in which words; nothing is in force before a sync. */
#include <jansson.h>
#include <time.h>

#include "pipe/balance/balance_test_util.h"

/* Two balancers; eth3 is a target of both. */
#define TWO                                                                     \
	"balance:\n"                                                            \
	"  - { name: north, in: eth1, out: [eth3, { name: eth4, weight: 4 }], " \
	"backup: eth9 }\n"                                                      \
	"  - { name: south, in: eth2, out: [eth3, eth5] }\n"
#define ONE "balance:\n  in: eth1\n  out: [eth3, { name: eth4, weight: 4 }]\n  backup: eth9\n"

static struct world w;
static struct balance_live *live;

/* As after a sync, but that nothing runs. */
static void begin(const char *yaml)
{
	struct stage_host host = { 0 };
	void *data = NULL;

	world_open(&w, yaml);
	assert_int_equal(balance_live_ops.open(&host, &data, &w.d), 0);
	live = data;
	live->conf = world_conf(&w);
}

static void end(void)
{
	balance_live_ops.close(live);
	world_close(&w);
}

static int call(const char *name, const char *parameters, const char **ret_wrong)
{
	const struct stage_command *c = balance_commands;
	json_t *in = json_loads(parameters, 0, NULL);
	int r;

	assert_non_null(in);
	while (strcmp(c->name, name))
		c++;
	diag_free(&w.d);
	w.d = (struct diag){ 0 };
	r = c->run(live, &w.facts, in, ret_wrong, &w.d);
	json_decref(in);
	return r;
}

/* The sync that follows: here only as far as commands are concerned. */
static void settle(void)
{
	assert_true(live->commanded);
	live->commanded = false;
	balance_changes_free(&live->before);
	balance_changes_tidy(&live->changes);
}

static void expect_changes(const char *want)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	vec_foreach(&live->changes.all, c)
		strbuf_addf(&text, "%s%s/%s%s%s%s%s weight %u", text.len ? ", " : "", c->balancer,
			    c->target, c->added ? " added" : "", c->removed ? " removed" : "",
			    c->drain ? " drain" : "", c->drained ? "ed" : "", c->weight);
	assert_string_equal(strbuf_text(&text), want);
}

static void accepted(const char *name, const char *parameters, const char *want)
{
	const char *wrong = NULL;

	assert_int_equal(call(name, parameters, &wrong), 0);
	assert_null(wrong);
	expect_findings(&w.d, "");
	settle();
	expect_changes(want);
}

/* Refused: nothing is noted, the parameter is named. */
static void refused(const char *name, const char *parameters, const char *which, const char *text)
{
	_cleanup_strbuf_ struct strbuf want = { 0 };
	struct balance_changes before = { 0 };
	const char *wrong = NULL;

	assert_int_equal(balance_changes_copy(&live->changes, &before), 0);
	assert_int_equal(call(name, parameters, &wrong), -EINVAL);
	strbuf_addf(&want, "error: %s\n", text);
	expect_findings(&w.d, strbuf_text(&want));
	assert_non_null(wrong);
	assert_string_equal(wrong, which);
	assert_false(live->commanded);
	assert_int_equal(live->changes.all.n, before.all.n);
	for (size_t i = 0; i < before.all.n; i++)
		assert_memory_equal(&live->changes.all.at[i], &before.all.at[i],
				    sizeof(*before.all.at));
	balance_changes_free(&before);
}

/* --- what they note ---------------------------------------------------------------------------- */

static void targets_come_and_go(void **state)
{
	begin(ONE);
	accepted("Add", "{\"interface\":\"eth5\"}", "eth1/eth5 added weight 0");
	accepted("Add", "{\"interface\":\"eth6\",\"weight\":100}",
		 "eth1/eth5 added weight 0, eth1/eth6 added weight 100");
	accepted("Remove", "{\"interface\":\"eth5\"}", "eth1/eth6 added weight 100");
	accepted("Remove", "{\"interface\":\"eth3\"}",
		 "eth1/eth6 added weight 100, eth1/eth3 removed weight 0");
	accepted("Add", "{\"interface\":\"eth3\",\"weight\":null}", "eth1/eth6 added weight 100");
	accepted("Remove", "{\"interface\":\"eth3\"}",
		 "eth1/eth6 added weight 100, eth1/eth3 removed weight 0");
	accepted("Add", "{\"interface\":\"eth3\",\"weight\":2,\"balancer\":null}",
		 "eth1/eth6 added weight 100, eth1/eth3 weight 2");
	end();
}

static void weights_change(void **state)
{
	begin(ONE);
	accepted("SetWeight", "{\"interface\":\"eth4\",\"weight\":1}", "eth1/eth4 weight 1");
	accepted("SetWeight", "{\"interface\":\"eth4\",\"weight\":100}", "eth1/eth4 weight 100");
	accepted("Drain", "{\"interface\":\"eth4\"}", "eth1/eth4 drain weight 100");
	accepted("SetWeight", "{\"interface\":\"eth4\",\"weight\":3}", "eth1/eth4 drain weight 3");
	end();
}

static void draining_begins_now(void **state)
{
	const int64_t before = balance_seconds();

	begin(ONE);
	accepted("Drain", "{\"interface\":\"eth3\"}", "eth1/eth3 drain weight 0");
	assert_in_range(live->changes.all.at[0].since, before, balance_seconds());
	accepted("Undrain", "{\"interface\":\"eth3\"}", "");
	accepted("Drain", "{\"interface\":\"eth3\"}", "eth1/eth3 drain weight 0");
	live->changes.all.at[0].drained = true;
	accepted("Undrain", "{\"interface\":\"eth3\"}", "");
	end();
}

/* Whoever leaves is not drained any more when he comes back. */
static void leaving_ends_draining(void **state)
{
	begin(ONE);
	accepted("Drain", "{\"interface\":\"eth3\"}", "eth1/eth3 drain weight 0");
	accepted("Remove", "{\"interface\":\"eth3\"}", "eth1/eth3 removed weight 0");
	accepted("Add", "{\"interface\":\"eth3\"}", "");
	accepted("Add", "{\"interface\":\"eth5\"}", "eth1/eth5 added weight 0");
	accepted("Drain", "{\"interface\":\"eth5\"}", "eth1/eth5 added drain weight 0");
	accepted("Remove", "{\"interface\":\"eth5\"}", "");
	end();
}

static void reset_forgets(void **state)
{
	begin(TWO);
	accepted("SetWeight", "{\"interface\":\"eth4\",\"weight\":9}", "north/eth4 weight 9");
	accepted("Add", "{\"interface\":\"eth6\",\"balancer\":\"south\"}",
		 "north/eth4 weight 9, south/eth6 added weight 0");
	accepted("Drain", "{\"interface\":\"eth5\"}",
		 "north/eth4 weight 9, south/eth6 added weight 0, south/eth5 drain weight 0");
	accepted("Reset", "{\"interface\":\"eth6\"}",
		 "north/eth4 weight 9, south/eth5 drain weight 0");
	accepted("Reset", "{\"balancer\":\"south\"}", "north/eth4 weight 9");
	accepted("Drain", "{\"interface\":\"eth5\"}",
		 "north/eth4 weight 9, south/eth5 drain weight 0");
	accepted("Reset", "{}", "");
	accepted("Reset", "{\"interface\":null,\"balancer\":null}", "");
	end();
}

/* A removed target is none any more, but what was said of it can still be taken back. */
static void reset_brings_back_who_was_removed(void **state)
{
	begin(TWO);
	accepted("Remove", "{\"interface\":\"eth4\"}", "north/eth4 removed weight 0");
	accepted("Reset", "{\"interface\":\"eth4\"}", "");
	end();
}

/* --- which balancer ---------------------------------------------------------------------------- */

static void the_balancer_is_found(void **state)
{
	begin(TWO);
	accepted("SetWeight", "{\"interface\":\"eth5\",\"weight\":2}", "south/eth5 weight 2");
	accepted("SetWeight", "{\"interface\":\"eth3\",\"weight\":3,\"balancer\":\"south\"}",
		 "south/eth5 weight 2, south/eth3 weight 3");
	refused("SetWeight", "{\"interface\":\"eth3\",\"weight\":3}", "balancer",
		"'eth3' is a target of several balancers: say which");
	refused("Add", "{\"interface\":\"eth6\"}", "balancer",
		"'eth6' is a target of no balancer: say which one is meant");
	refused("Add", "{\"interface\":\"eth6\",\"balancer\":\"nroth\"}", "balancer",
		"there is no balancer 'nroth': did you mean 'north'?");
	refused("Reset", "{\"balancer\":\"elsewhere\"}", "balancer",
		"there is no balancer 'elsewhere'");
	end();
}

static void without_balancers_nothing_is_to_be_changed(void **state)
{
	static const char *const names[] = { "Add",   "Remove",	 "SetWeight",
					     "Drain", "Undrain", "Reset" };

	begin("balance: []\n");
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			refused(names[k], "{\"interface\":\"eth3\",\"weight\":1}", "balancer",
				"no balancer is configured");
		live->conf = NULL; /* not even a section */
	}
	end();
}

/* --- which target ------------------------------------------------------------------------------ */

static void only_others_join(void **state)
{
	begin(ONE);
	world_link(&w, 7)->ifindex = 0;
	refused("Add", "{\"interface\":\"eth3\"}", "interface",
		"'eth3' cannot join 'eth1': it is a target of it already: 'weir balance weight' "
		"changes its share");
	refused("Add", "{\"interface\":\"eth1\"}", "interface",
		"'eth1' cannot join 'eth1': it is an input of it: packets would go straight back");
	refused("Add", "{\"interface\":\"eth9\"}", "interface",
		"'eth9' cannot join 'eth1': it is its backup");
	refused("Add", "{\"interface\":\"etx5\"}", "interface",
		"there is no interface 'etx5': did you mean 'eth5'?");
	refused("Add", "{\"interface\":\"eth7\"}", "interface", "interface 'eth7' is away");
	refused("Add", "{\"interface\":\"wlan\"}", "interface", "there is no interface 'wlan'");
	end();
}

/* One that was renamed is the one it was, by either name. */
static void renamed_interfaces_do_not_join_twice(void **state)
{
	static const unsigned numbers[] = { 1, 3, 9 };

	begin(ONE);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		struct pipe_link again = *world_link(&w, numbers[i]);

		(void)snprintf(again.name, sizeof(again.name), "new%u", numbers[i]);
		assert_int_equal(vec_push(&w.facts.links, again), 0);
	}
	refused("Add", "{\"interface\":\"new1\"}", "interface",
		"'new1' cannot join 'eth1': it is an input of it: packets would go straight back");
	refused("Add", "{\"interface\":\"new3\"}", "interface",
		"'new3' cannot join 'eth1': it is a target of it already: 'weir balance weight' "
		"changes its share");
	refused("Add", "{\"interface\":\"new9\"}", "interface",
		"'new9' cannot join 'eth1': it is its backup");
	end();
}

static void sixty_four_are_all(void **state)
{
	char parameters[40], text[100];

	begin(ONE);
	for (unsigned i = 10; i < 72; i++) {
		const char *wrong = NULL;

		(void)snprintf(parameters, sizeof(parameters), "{\"interface\":\"eth%u\"}", i);
		assert_int_equal(call("Add", parameters, &wrong), 0);
		settle();
	}
	assert_int_equal(live->changes.all.n, 62);
	(void)snprintf(
		text, sizeof(text),
		"'eth72' cannot join 'eth1': it would be one more than the 64 targets it can "
		"have");
	refused("Add", "{\"interface\":\"eth72\"}", "interface", text);
	end();
}

static void only_targets_are_changed(void **state)
{
	static const char *const names[] = { "Remove", "SetWeight", "Drain", "Undrain" };

	begin(ONE);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		refused(names[i], "{\"interface\":\"eth33\",\"weight\":1}", "interface",
			"'eth33' is no target of 'eth1': did you mean 'eth3'?");
		refused(names[i], "{\"interface\":\"wlan\",\"weight\":1}", "interface",
			"'wlan' is no target of 'eth1'");
		refused(names[i], "{\"interface\":\"eth9\",\"weight\":1,\"balancer\":\"eth1\"}",
			"interface", "'eth9' is no target of 'eth1': did you mean 'eth3'?");
	}
	accepted("Remove", "{\"interface\":\"eth3\"}", "eth1/eth3 removed weight 0");
	refused("Remove", "{\"interface\":\"eth3\"}", "interface",
		"'eth3' is no target of 'eth1': did you mean 'eth4'?");
	refused("Reset", "{\"interface\":\"eth4\"}", "interface",
		"nothing was changed of 'eth4' by command");
	end();
}

static void draining_is_begun_and_ended_once(void **state)
{
	begin(ONE);
	refused("Undrain", "{\"interface\":\"eth3\"}", "interface", "'eth3' is not drained");
	accepted("Drain", "{\"interface\":\"eth3\"}", "eth1/eth3 drain weight 0");
	refused("Drain", "{\"interface\":\"eth3\"}", "interface", "'eth3' is draining already");
	live->changes.all.at[0].drained = true;
	refused("Drain", "{\"interface\":\"eth3\"}", "interface", "'eth3' is drained already");
	end();
}

static void weights_are_one_to_a_hundred(void **state)
{
	static const struct {
		const char *weight, *text;
	} wrong[] = { { "0", "0 is no weight: expected 1 to 100" },
		      { "-1", "-1 is no weight: expected 1 to 100" },
		      { "101", "101 is no weight: expected 1 to 100" },
		      { "4294967297", "4294967297 is no weight: expected 1 to 100" } };
	char in[80];

	begin(ONE);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		(void)snprintf(in, sizeof(in), "{\"interface\":\"eth3\",\"weight\":%s}",
			       wrong[i].weight);
		refused("SetWeight", in, "weight", wrong[i].text);
		(void)snprintf(in, sizeof(in), "{\"interface\":\"eth5\",\"weight\":%s}",
			       wrong[i].weight);
		refused("Add", in, "weight", wrong[i].text);
	}
	end();
}

/* --- what is not to be ------------------------------------------------------------------------- */

/* The sync after it failed: it is as if it had not been said, and what was said before stands. */
static void a_failed_sync_takes_the_command_back(void **state)
{
	const char *wrong = NULL;

	begin(ONE);
	accepted("SetWeight", "{\"interface\":\"eth4\",\"weight\":9}", "eth1/eth4 weight 9");
	assert_int_equal(call("Drain", "{\"interface\":\"eth4\"}", &wrong), 0);
	expect_changes("eth1/eth4 drain weight 9");
	balance_live_ops.revert(live);
	expect_changes("eth1/eth4 weight 9");
	balance_live_ops.revert(live); /* of a sync that no command led to */
	expect_changes("eth1/eth4 weight 9");
	accepted("Drain", "{\"interface\":\"eth3\"}", "eth1/eth4 weight 9, eth1/eth3 drain weight 0");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_come_and_go),
		cmocka_unit_test(weights_change),
		cmocka_unit_test(draining_begins_now),
		cmocka_unit_test(leaving_ends_draining),
		cmocka_unit_test(reset_forgets),
		cmocka_unit_test(reset_brings_back_who_was_removed),
		cmocka_unit_test(the_balancer_is_found),
		cmocka_unit_test(without_balancers_nothing_is_to_be_changed),
		cmocka_unit_test(only_others_join),
		cmocka_unit_test(renamed_interfaces_do_not_join_twice),
		cmocka_unit_test(sixty_four_are_all),
		cmocka_unit_test(only_targets_are_changed),
		cmocka_unit_test(draining_is_begun_and_ended_once),
		cmocka_unit_test(weights_are_one_to_a_hundred),
		cmocka_unit_test(a_failed_sync_takes_the_command_back),
	};

	return cmocka_run_group_tests_name("balance commands", tests, NULL, NULL);
}
