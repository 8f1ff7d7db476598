/* SPDX-License-Identifier: GPL-2.0-only */
/* What people read: a line for everything that changed, a row for every target. */
#include "pipe/balance/balance_test_run.h"

#define ONE "balance:\n  in: eth1\n  out: [eth3, eth4, eth5, eth6]\n"

/* --- what is told ------------------------------------------------------------------------------ */

static void comings_and_goings_are_told(void **state)
{
	struct run r;

	need_root();
	run_open(&r, ONE);
	expect_told(&r, "eth1 balancing: flow over 4 targets, 4 up\n");
	run_command(&r, "Add", "{\"interface\":\"eth7\",\"weight\":4}");
	expect_told(&r, "eth7 joined: joined 'eth1' with weight 4; 50.0 % of 'eth1' moved\n");
	run_command(&r, "SetWeight", "{\"interface\":\"eth7\",\"weight\":12}");
	expect_told(&r, "eth7 changed: weight 12 in 'eth1', was 4; 25.0 % of 'eth1' moved\n");
	run_command(&r, "Remove", "{\"interface\":\"eth7\"}");
	expect_told(&r, "eth7 left: left 'eth1'; 75.0 % of 'eth1' moved\n");
	world_link(&r.world, 3)->carrier = false;
	run_sync(&r);
	expect_told(&r, "eth3 failed: out of 'eth1': no carrier; 25.0 % of 'eth1' moved\n");
	world_link(&r.world, 3)->carrier = true;
	run_sync(&r);
	expect_told(&r, "eth3 up: back in 'eth1'; 25.0 % of 'eth1' moved\n");
	run_command(&r, "Drain", "{\"interface\":\"eth3\"}");
	expect_told(&r, "eth3 draining: drained from 'eth1': flows it knows stay, new ones go "
			"elsewhere\n");
	run_command(&r, "Undrain", "{\"interface\":\"eth3\"}");
	expect_told(&r, "eth3 up: back in 'eth1', no longer drained; 25.0 % of 'eth1' moved\n");
	run_sync(&r);
	expect_told(&r, "");
	run_close(&r);
}

static void by_turns_nothing_moves(void **state)
{
	struct run r;

	need_root();
	run_begin(&r, "balance:\n  in: eth1\n  out: eth3\n  policy: round-robin\n");
	world_link(&r.world, 7)->up = false;
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	expect_told(&r, "eth1 balancing: round-robin over 1 target, 1 up\n");
	run_command(&r, "Add", "{\"interface\":\"eth4\"}");
	expect_told(&r, "eth4 joined: joined 'eth1' with weight 1\n");
	run_command(&r, "Add", "{\"interface\":\"eth7\"}");
	expect_told(&r, "eth7 joined: joined 'eth1' with weight 1, but: down\n");
	run_close(&r);
}

/* Told once, when the last one goes, whoever takes over then. */
static void expect_last_told(const char *yaml, const char *where)
{
	_cleanup_strbuf_ struct strbuf want = { 0 };
	struct run r;

	run_open(&r, yaml);
	strbuf_free(&r.told);
	r.told = (struct strbuf){ 0 };
	world_link(&r.world, 3)->up = false;
	run_sync(&r);
	strbuf_addf(&want,
		    "eth3 failed: out of 'eth1': down; 100.0 %% of 'eth1' moved\n"
		    "eth1 failed: no target is left: %s\n",
		    where);
	expect_told(&r, strbuf_text(&want));
	run_sync(&r);
	expect_told(&r, "");
	run_close(&r);
}

static void the_last_to_go_is_told(void **state)
{
	need_root();
	expect_last_told("balance:\n  in: eth1\n  out: eth3\n",
			 "packets go on to the next stage or the kernel");
	expect_last_told("balance:\n  in: eth1\n  out: eth3\n  none_left: drop\n",
			 "packets are dropped");
	expect_last_told("balance:\n  in: eth1\n  out: eth3\n  backup: eth9\n",
			 "packets go to the backup");
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
	struct run r;

	need_root();
	run_begin(&r, ONE);
	run_open_live(&r, NULL, "/nowhere/at/all");
	run_sync(&r);
	strbuf_free(&r.told);
	r.told = (struct strbuf){ 0 };
	run_command(&r, "SetWeight", "{\"interface\":\"eth3\",\"weight\":2}");
	assert_non_null(
		strstr(strbuf_text(&r.told),
		       "balance failed: cannot write /nowhere/at/all/balance.json: the change "
		       "will not survive a restart\n"));
	run_close(&r);
}

/* --- what is shown ----------------------------------------------------------------------------- */

static json_t *show(const struct run *r)
{
	const struct counter_view view = run_view(r);

	return stage_balance.show(&r->plan, &r->world.facts, &view, run_live(r));
}

/* Every column is a key of every row. */
static void expect_columns(const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		for (const struct stage_column *c = stage_balance.columns; c->key; c++)
			assert_non_null(json_object_get(row, c->key));
}

static void expect_row(const json_t *rows, size_t i, const char *want)
{
	static const char *const keys[] = { "balancer",	     "target",	  "state", "weight",
					    "share_percent", "packets",	  "bytes", "known_flows",
					    "policy",	     "by_command" };
	_cleanup_strbuf_ struct strbuf text = { 0 };

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		char *value = json_dumps(json_object_get(json_array_get(rows, i), keys[k]),
					 JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));

		strbuf_addf(&text, "%s%s", k ? " " : "", value);
		free(value);
	}
	assert_string_equal(strbuf_text(&text), want);
}

static void a_row_per_target(void **state)
{
	struct flow f = flow_number(4, 6, 1);
	json_t *rows;
	struct run r;

	need_root();
	run_begin(
		&r,
		"balance:\n  in: eth1\n  out: [{ name: eth3, weight: 3 }, eth4]\n  backup: eth9\n");
	world_link(&r.world, 4)->carrier = false;
	run_open_live(&r, NULL, NULL);
	run_sync(&r);
	run_command(&r, "Add", "{\"interface\":\"eth7\"}");
	world_link(&r.world, 7)->carrier = false;
	run_sync(&r);
	(void)run_flow(&r, 0, HOOK_XDP, (struct build){ 0 }, &f);
	rows = show(&r);
	assert_int_equal(json_array_size(rows), 4);
	expect_columns(rows);
	expect_row(rows, 0, "\"eth1\" \"eth3\" \"up\" 3 100.0 1 54 0 \"flow\" false");
	expect_row(rows, 1, "\"eth1\" \"eth4\" \"no carrier\" 1 0.0 0 0 0 \"flow\" false");
	expect_row(rows, 2, "\"eth1\" \"eth7\" \"no carrier\" 1 0.0 0 0 0 \"flow\" true");
	expect_row(rows, 3, "\"eth1\" \"eth9\" \"backup\" 1 0.0 0 0 0 \"flow\" false");
	json_decref(rows);
	world_link(&r.world, 3)->up = false;
	run_sync(&r);
	rows = show(&r);
	expect_row(rows, 0, "\"eth1\" \"eth3\" \"down\" 3 0.0 1 54 0 \"flow\" false");
	expect_row(rows, 3, "\"eth1\" \"eth9\" \"backup, in use\" 1 100.0 0 0 0 \"flow\" false");
	json_decref(rows);
	run_close(&r);
}

static double number_of(const json_t *rows, size_t i, const char *key)
{
	return json_number_value(json_object_get(json_array_get(rows, i), key));
}

/* By turns the shares are those of the weights. */
static void shares_by_turns(void **state)
{
	json_t *rows;
	struct run r;

	need_root();
	run_open(&r, "balance:\n  in: eth1\n  policy: round-robin\n"
		     "  out: [{ name: eth3, weight: 3 }, eth4]\n");
	rows = show(&r);
	assert_true(number_of(rows, 0, "share_percent") == 75.0);
	assert_true(number_of(rows, 1, "share_percent") == 25.0);
	/* What redirects lost is of the interface, not of its number here. */
	assert_true(number_of(rows, 1, "redirect_errors") == world_link(&r.world, 4)->ifindex);
	json_decref(rows);
	run_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comings_and_goings_are_told),
		cmocka_unit_test(by_turns_nothing_moves),
		cmocka_unit_test(the_last_to_go_is_told),
		cmocka_unit_test(a_file_that_cannot_be_written_is_told),
		cmocka_unit_test(a_row_per_target),
		cmocka_unit_test(shares_by_turns),
	};

	return cmocka_run_group_tests_name("balance news", tests, run_namespace, NULL);
}
