/* SPDX-License-Identifier: GPL-2.0-only */
/* Subscribers by command: what is done, what is refused and in which words, and that it leaves no trace. */
#include <unistd.h>

#include "base/file.h"
#include "pipe/classify/classify_test_util.h"

static char directory[64], path[96];

static int begin_group(void **state)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/weir-commands-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/subscribers.json", directory);
	return bed_namespace(state);
}

static int end_group(void **state)
{
	char seats[96];

	(void)snprintf(seats, sizeof(seats), "%s/seats.json", directory);
	(void)unlink(seats);
	(void)unlink(path);
	(void)rmdir(directory);
	return bed_leave(state);
}

static void open_bed(struct bed *b, const char *yaml)
{
	bed_begin(b, yaml, NULL, NULL);
	b->no_load = true;
	bed_sync(b);
}

/* All that was noted of commands, as text. */
static char *noted(const struct bed *b)
{
	char *text = NULL;
	size_t len;

	assert_int_equal(classify_changes_save(&bed_live(b)->changes, path), 0);
	assert_int_equal(file_read(path, 1 << 20, &text, &len), 0);
	return text;
}

/* Everything that can be asked of who there is. */
static char *told(struct bed *b)
{
	json_t *list = bed_ask(b, "List", "{}"), *mappings = bed_ask(b, "Mappings", "{}");
	json_t *all = json_pack("{s:o, s:o}", "list", list, "mappings", mappings);
	char *text = json_dumps(all, JSON_SORT_KEYS);

	json_decref(all);
	return text;
}

static const struct net_circuit *circuit(const struct bed *b, const char *id)
{
	int at = classify_world_find(bed_world(b), id);

	return at < 0 ? NULL : &bed_world(b)->network.circuits.at[at];
}

/* --- done -------------------------------------------------------------------------------------- */

static void one_is_added(void **state)
{
	const struct net_circuit *c;
	struct bed b;

	open_bed(&b, BED_TWO BED_PEOPLE);
	bed_command(&b, "Add",
		    "{\"id\": \"new\", \"download\": 5000000, \"upload\": 3000000, \"min_upload\": "
		    "8000, \"parent\": \"Tower\", \"leaf\": \"pfifo limit 7/bfifo limit 9k\", "
		    "\"addresses\": [\"100.64.50.1\", \"2001:db8:50::/64\"]}");
	c = circuit(&b, "new");
	assert_non_null(c);
	assert_true(c->by_command);
	assert_string_equal(c->name, "new");
	assert_int_equal(c->max.down, 5000000);
	assert_int_equal(c->max.up, 3000000);
	assert_int_equal(c->min.down, 0);
	assert_int_equal(c->min.up, 8000);
	assert_string_equal(c->leaf.down, "pfifo limit 7");
	assert_string_equal(c->leaf.up, "bfifo limit 9k");
	assert_int_not_equal(bed_handle(&b, "new", false), 0);
	assert_int_equal(bed_world(&b)->entries.n, 7);
	bed_command(&b, "Remove", "{\"id\": \"new\"}");
	assert_null(circuit(&b, "new"));
	assert_int_equal(bed_live(&b)->changes.circuits.n, 0);
	bed_close(&b);
}

static void one_is_changed_bit_by_bit(void **state)
{
	const struct net_circuit *c;
	uint32_t handle, id;
	struct bed b;

	open_bed(&b, BED_TWO BED_PEOPLE);
	handle = bed_handle(&b, "host", false);
	id = bed_id(&b, "host");
	bed_command(&b, "Set", "{\"id\": \"host\", \"name\": \"first\"}");
	bed_command(&b, "Set", "{\"id\": \"host\", \"name\": \"second\", \"download\": 7000000}");
	bed_command(&b, "Set", "{\"id\": \"host\", \"min_download\": 1000000, \"upload\": null}");
	c = circuit(&b, "host");
	assert_string_equal(c->name, "second");
	assert_int_equal(c->max.down, 7000000);
	assert_int_equal(c->max.up, 10000000);
	assert_int_equal(c->min.down, 1000000);
	assert_string_equal(c->parent, "Tower");
	assert_false(c->by_command);
	assert_int_equal(bed_handle(&b, "host", false), handle);
	assert_int_equal(bed_id(&b, "host"), id);
	bed_command(&b, "Set", "{\"id\": \"host\", \"parent\": \"\"}");
	assert_null(circuit(&b, "host")->parent);
	bed_command(&b, "Set",
		    "{\"id\": \"host\", \"addresses\": [\"100.64.0.5\", \"100.64.51.1\"]}");
	assert_int_equal(bed_world(&b)->entries.n, 6);
	bed_command(&b, "Set", "{\"id\": \"host\", \"addresses\": [\"100.64.51.1\"]}");
	assert_int_equal(bed_world(&b)->entries.n, 5);
	bed_command(&b, "Reset", "{\"id\": \"host\"}");
	c = circuit(&b, "host");
	assert_string_equal(c->name, "Name host");
	assert_int_equal(c->max.down, 20000000);
	assert_string_equal(c->parent, "Tower");
	bed_close(&b);
}

static void one_of_a_file_is_taken_out_and_comes_back(void **state)
{
	struct bed b;

	open_bed(&b, BED_TWO BED_PEOPLE);
	bed_command(&b, "Set", "{\"id\": \"host\", \"download\": 7000000}");
	bed_command(&b, "Remove", "{\"id\": \"host\"}");
	assert_null(circuit(&b, "host"));
	assert_int_equal(bed_world(&b)->entries.n, 4);
	bed_reload(&b, BED_TWO BED_PEOPLE);
	assert_null(circuit(&b, "host"));
	bed_command(&b, "Add",
		    "{\"id\": \"host\", \"download\": 6000000, \"upload\": 6000000, \"addresses\": "
		    "[\"100.64.0.5\"]}");
	assert_int_equal(circuit(&b, "host")->max.down, 6000000);
	assert_false(circuit(&b, "host")->by_command);
	bed_command(&b, "Remove", "{\"id\": \"host\"}");
	bed_command(&b, "Remove", "{\"id\": \"net64\"}");
	assert_int_equal(bed_world(&b)->n_circuits, 3);
	bed_command(&b, "Reset", "{}");
	assert_int_equal(bed_world(&b)->n_circuits, 5);
	assert_int_equal(circuit(&b, "host")->max.down, 20000000);
	bed_close(&b);
}

static void addresses_are_mapped_by_hand(void **state)
{
	struct bed b;

	open_bed(&b, BED_TWO BED_PEOPLE);
	bed_command(
		&b, "Map",
		"{\"address\": \"100.64.0.5\", \"cpu\": 0, \"class\": \"1:1a\", \"upload\": true}");
	bed_command(&b, "Map",
		    "{\"address\": \"2001:db8::/32\", \"cpu\": 0, \"class\": \"ffff:ffff\"}");
	bed_command(&b, "Map", "{\"address\": \"100.64.0.5\", \"cpu\": 0, \"class\": \"2:0\"}");
	assert_int_equal(bed_live(&b)->changes.mappings.n, 2);
	assert_int_equal(bed_live(&b)->changes.mappings.at[0].handle, 0x20000);
	assert_false(bed_live(&b)->changes.mappings.at[0].upload);
	assert_int_equal(bed_live(&b)->changes.mappings.at[1].handle, 0xffffffff);
	assert_int_equal(bed_world(&b)->entries.n, 6);
	bed_command(&b, "Unmap", "{\"address\": \"100.64.0.5\"}");
	assert_int_equal(bed_live(&b)->changes.mappings.n, 1);
	bed_command(&b, "ClearMap", "{}");
	bed_command(&b, "ClearMap", "{}");
	assert_int_equal(bed_live(&b)->changes.mappings.n, 0);
	assert_int_equal(bed_world(&b)->entries.n, 5);
	bed_close(&b);
}

/* --- refused ----------------------------------------------------------------------------------- */

#define NEW(more) "{\"id\": \"new\", \"download\": 9000000, \"upload\": 9000000" more "}"
#define AT1 ", \"addresses\": [\"100.64.50.1\"]"
#define HOST(more) "{\"id\": \"host\", " more "}"

static const struct refusal {
	const char *command, *in, *wrong, *says;
} refusals[] = {
	{ "Add", "{\"id\": \"\", \"download\": 1, \"upload\": 1}", "id", "a subscriber needs an id" },
	{ "Add", "{\"id\": \"host\", \"download\": 9000000, \"upload\": 9000000" AT1 "}", "id",
	  "there is a subscriber 'host' already" },
	{ "Add", "{\"id\": \"(default plan)\", \"download\": 9000000, \"upload\": 9000000" AT1 "}",
	  "id", "that is the default plan: see shaper.default_plan" },
	{ "Add", NEW(""), "addresses", "a subscriber needs at least one address" },
	{ "Add", NEW(", \"addresses\": []"), "addresses", "a subscriber needs at least one address" },
	{ "Add", "{\"id\": \"new\", \"upload\": 9000000" AT1 "}", "download",
	  "a subscriber needs a download and an upload rate" },
	{ "Add", "{\"id\": \"new\", \"download\": 9000000" AT1 "}", "upload",
	  "a subscriber needs a download and an upload rate" },
	{ "Add", "{\"id\": \"new\", \"download\": 7999, \"upload\": 9000000" AT1 "}", "download",
	  "7999 bit/s: expected 8000 to 1000000000000" },
	{ "Add", "{\"id\": \"new\", \"download\": 9000000, \"upload\": 1000000000001" AT1 "}",
	  "upload", "1000000000001 bit/s: expected 8000 to 1000000000000" },
	{ "Add", "{\"id\": \"new\", \"download\": -5, \"upload\": 1" AT1 "}", "download",
	  "-5 bit/s: expected 8000 to 1000000000000" },
	{ "Add", NEW(", \"min_download\": 9000001" AT1), "min_download",
	  "the minimum is above the maximum" },
	{ "Add", NEW(", \"min_upload\": 9000001" AT1), "min_upload",
	  "the minimum is above the maximum" },
	{ "Add", NEW(", \"parent\": \"Hill\"" AT1), "parent",
	  "there is no node 'Hill' (see weir tree)" },
	{ "Add", NEW(", \"leaf\": \"bogus\"" AT1), "leaf", "'bogus'" },
	{ "Add", NEW(", \"leaf\": \"pfifo/bogus\"" AT1), "leaf", "'bogus'" },
	{ "Add", NEW(", \"leaf\": \"bogus/pfifo\"" AT1), "leaf", "'bogus'" },
	{ "Add", NEW(", \"leaf\": \"htb\"" AT1), "leaf",
	  "htb is no queue: it only holds others (cake, fq_codel and fifo are)" },
	{ "Add", NEW(", \"leaf\": \"pfifo/mq\"" AT1), "leaf", "mq is no queue" },
	{ "Add", NEW(", \"addresses\": [\"100.64.0.256\"]"), "addresses", "100.64.0.256" },
	{ "Add", NEW(", \"addresses\": [\"100.64.0.1/24\"]"), "addresses", "100.64.0.0/24" },
	{ "Add", NEW(", \"addresses\": [7]"), "addresses", "" },
	{ "Add", NEW(", \"addresses\": [\"100.64.50.1\", \"100.64.50.1\"]"), "addresses",
	  "100.64.50.1 is given twice" },
	{ "Add", NEW(", \"addresses\": [\"100.64.50.1\", \"100.64.8.0/22\"]"), "addresses",
	  "100.64.8.0/22 is that of 'prefix'" },
	{ "Set", "{\"id\": \"nobody\", \"download\": 9000000}", "id",
	  "there is no subscriber 'nobody'" },
	{ "Set", "{\"id\": \"(default plan)\", \"download\": 9000000}", "id",
	  "that is the default plan: see shaper.default_plan" },
	{ "Set", HOST("\"download\": 0"), "download", "0 bit/s: expected 8000 to 1000000000000" },
	{ "Set", HOST("\"min_download\": 20000001"), "min_download",
	  "the minimum is above the maximum" },
	{ "Set", HOST("\"name\": \"x\", \"parent\": \"Hill\""), "parent", "there is no node 'Hill'" },
	{ "Set", HOST("\"parent\": \"\", \"addresses\": [\"2001:db8:1::5\"]"), "addresses",
	  "2001:db8:1::5 is that of 'host6'" },
	{ "Set", HOST("\"download\": 9000000, \"leaf\": \"pfifo limit x\""), "leaf", "'x'" },
	{ "Remove", "{\"id\": \"nobody\"}", "id", "there is no subscriber 'nobody'" },
	{ "Remove", "{\"id\": \"\"}", "id", "a subscriber needs an id" },
	{ "Remove", "{\"id\": \"(default plan)\"}", "id",
	  "that is the default plan: see shaper.default_plan" },
	{ "Reset", "{\"id\": \"host\"}", "id", "'host' was not changed by command" },
	{ "Map", "{\"address\": \"100.64\", \"cpu\": 0, \"class\": \"1:1a\"}", "address", "100.64" },
	{ "Map", "{\"address\": \"100.64.0.1/8\", \"cpu\": 0, \"class\": \"1:1a\"}", "address",
	  "100.0.0.0/8" },
	{ "Map", "{\"address\": \"100.64.0.1\", \"cpu\": 100000, \"class\": \"1:1a\"}", "cpu",
	  "there is no CPU 100000" },
	{ "Map", "{\"address\": \"100.64.0.1\", \"cpu\": -1, \"class\": \"1:1a\"}", "cpu",
	  "there is no CPU -1" },
	{ "Map", "{\"address\": \"100.64.0.1\", \"cpu\": 0, \"class\": \"1\"}", "class",
	  "expected a class such as 1:1a, in hexadecimal as tc shows it" },
	{ "Map", "{\"address\": \"100.64.0.1\", \"cpu\": 0, \"class\": \"0:1a\"}", "class",
	  "expected a class" },
	{ "Map", "{\"address\": \"100.64.0.1\", \"cpu\": 0, \"class\": \"1:1a:\"}", "class",
	  "expected a class" },
	{ "Map", "{\"address\": \"100.64.0.1\", \"cpu\": 0, \"class\": \"1:10000\"}", "class",
	  "expected a class" },
	{ "Map", "{\"address\": \"100.64.0.1\", \"cpu\": 0, \"class\": \"-1:1\"}", "class",
	  "expected a class" },
	{ "Map", "{\"address\": \"100.64.0.1\", \"cpu\": 0, \"class\": \"1: 1\"}", "class",
	  "expected a class" },
	{ "Map", "{\"address\": \"100.64.0.1\", \"cpu\": 0, \"class\": \"0x1:1\"}", "class",
	  "expected a class" },
	{ "Map", "{\"address\": \"100.64.0.1\", \"cpu\": 0, \"class\": \"\"}", "class",
	  "expected a class" },
	{ "Unmap", "{\"address\": \"100.64.0.5\"}", "address",
	  "no such address was mapped by hand (addresses of subscribers are changed with weir "
	  "subscribers set)" },
	{ "Unmap", "{\"address\": \"x\"}", "address", "'x'" },
};

/* Its one finding says so; afterwards all is as before, what is noted and what is answered. */
static void expect_refused(struct bed *b, const struct refusal *r)
{
	_cleanup_free_ char *before = noted(b), *told_before = told(b), *after = NULL;
	_cleanup_free_ char *told_after = NULL;
	_cleanup_strbuf_ struct strbuf text = { 0 };
	const char *wrong = NULL;

	diag_free(&b->d);
	b->d = (struct diag){ 0 };
	if (!bed_try_command(b, r->command, r->in, &wrong))
		fail_msg("%s %s was done", r->command, r->in);
	diag_format_all(&b->d, &text);
	if (!wrong || strcmp(wrong, r->wrong) || !strstr(strbuf_text(&text), r->says) ||
	    b->d.errors != 1)
		fail_msg("%s %s: '%s' is wrong: %s", r->command, r->in, wrong ? wrong : "nothing",
			 strbuf_text(&text));
	assert_false(bed_live(b)->commanded);
	after = noted(b);
	assert_string_equal(after, before);
	told_after = told(b);
	assert_string_equal(told_after, told_before);
}

static void refusals_leave_no_trace(void **state)
{
	struct bed b;

	open_bed(&b, BED_TWO "  default_plan: { download: 5, upload: 2 }\n" BED_PEOPLE);
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		expect_refused(&b, &refusals[i]);
	bed_close(&b);
}

/* The same where there are changes already, some of those who are meant. */
static void refusals_keep_what_was_changed(void **state)
{
	struct bed b;

	open_bed(&b, BED_TWO "  default_plan: { download: 5, upload: 2 }\n" BED_PEOPLE);
	bed_command(&b, "Set", "{\"id\": \"prefix\", \"name\": \"changed\", \"leaf\": \"pfifo\"}");
	bed_command(
		&b, "Add",
		"{\"id\": \"added\", \"download\": 9000000, \"upload\": 9000000, \"addresses\": "
		"[\"100.64.60.1\"]}");
	bed_command(&b, "Map", "{\"address\": \"100.64.70.0/24\", \"cpu\": 0, \"class\": \"1:1a\"}");
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		expect_refused(&b, &refusals[i]);
	expect_refused(&b, &(struct refusal){ "Set",
					      "{\"id\": \"added\", \"name\": \"other\", "
					      "\"addresses\": [\"100.64.0.5\"]}",
					      "addresses", "100.64.0.5 is that of 'host'" });
	bed_close(&b);
}

static void without_a_section_there_is_nobody(void **state)
{
	const char *wrong = NULL;
	struct bed b;

	open_bed(&b, "bridge:\n  interface_mapping:\n  - { name: acc, redirect_to: net }\n");
	for (const struct stage_command *c = classify_commands; c->name; c++) {
		assert_int_not_equal(bed_try_command(&b, c->name,
						     "{\"id\": \"host\", \"address\": \"1.2.3.4\"}",
						     &wrong),
				     0);
		assert_null(wrong);
		assert_string_equal(b.d.entries.at[b.d.entries.n - 1].text,
				    "there is no `shaper` section in the configuration");
	}
	bed_close(&b);
}

/* --- failed later ------------------------------------------------------------------------------ */

/* All was well with the command, and then the kernel refused something. */
static void a_failed_sync_brings_all_back(void **state)
{
	static const struct {
		const char *name, *in;
	} commands[] = {
		{ "Add", NEW(AT1) },
		{ "Set", HOST("\"name\": \"other\", \"leaf\": \"bfifo\", \"addresses\": "
			      "[\"100.64.50.9\"]") },
		{ "Set", "{\"id\": \"added\", \"name\": \"other\", \"download\": 8000000}" },
		{ "Remove", "{\"id\": \"host\"}" },
		{ "Remove", "{\"id\": \"added\"}" },
		{ "Reset", "{}" },
		{ "Reset", "{\"id\": \"prefix\"}" },
		{ "Map", "{\"address\": \"100.64.0.5\", \"cpu\": 0, \"class\": \"1:1a\"}" },
		{ "Unmap", "{\"address\": \"100.64.70.0/24\"}" },
		{ "ClearMap", "{}" },
	};
	struct bed b;

	open_bed(&b, BED_TWO BED_PEOPLE);
	bed_command(
		&b, "Add",
		"{\"id\": \"added\", \"download\": 9000000, \"upload\": 9000000, \"addresses\": "
		"[\"100.64.60.1\"]}");
	bed_command(&b, "Set", "{\"id\": \"prefix\", \"name\": \"changed\", \"leaf\": \"pfifo\"}");
	bed_command(&b, "Map", "{\"address\": \"100.64.70.0/24\", \"cpu\": 0, \"class\": \"1:1a\"}");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		_cleanup_free_ char *before = noted(&b), *told_before = told(&b), *after = NULL;
		_cleanup_free_ char *told_after = NULL;
		const char *wrong = NULL;

		b.fail = true;
		assert_int_equal(bed_try_command(&b, commands[i].name, commands[i].in, &wrong), -EIO);
		assert_false(bed_live(&b)->commanded);
		after = noted(&b);
		assert_string_equal(after, before);
		told_after = told(&b);
		assert_string_equal(told_after, told_before);
		bed_sync(&b); /* a later one has nothing of it */
		free(told_after);
		told_after = told(&b);
		assert_string_equal(told_after, told_before);
	}
	bed_close(&b);
}

static void expect_no_twins(const struct bed *b)
{
	const struct classify_world *w = bed_world(b);

	for (size_t i = 0; i < w->entries.n; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(&w->entries.at[i].prefix, &w->entries.at[k].prefix,
						sizeof(w->entries.at[i].prefix));
}

/* The file's address of one was given to another while he had a new one. */
static void a_reset_gives_nobody_what_is_anothers_by_now(void **state)
{
	const char *wrong = NULL;
	struct bed b;

	open_bed(&b, BED_TWO BED_PEOPLE);
	bed_command(&b, "Set", HOST("\"addresses\": [\"100.64.50.9\"]"));
	bed_command(&b, "Add", NEW(", \"addresses\": [\"100.64.0.5\"]"));
	assert_int_equal(bed_try_command(&b, "Reset", "{\"id\": \"host\"}", &wrong), -EINVAL);
	assert_int_equal(bed_live(&b)->changes.circuits.n, 2);
	expect_no_twins(&b);
	diag_free(&b.d);
	b.d = (struct diag){ 0 };
	bed_command(&b, "Remove", "{\"id\": \"new\"}");
	bed_command(&b, "Reset", "{\"id\": \"host\"}");
	bed_close(&b);
}

/* --- kept -------------------------------------------------------------------------------------- */

static void what_was_done_outlives_the_daemon(void **state)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct bed b;

	bed_begin(&b, BED_TWO BED_PEOPLE, NULL, directory);
	b.no_load = true;
	bed_sync(&b);
	bed_command(&b, "Set", HOST("\"name\": \"other\", \"download\": 7000000"));
	bed_command(&b, "Add", NEW(AT1));
	bed_command(&b, "Remove", "{\"id\": \"net64\"}");
	bed_command(&b, "Map", "{\"address\": \"100.64.70.0/24\", \"cpu\": 0, \"class\": \"1:1a\"}");
	bed_tick(&b);
	before = told(&b);
	bed_close_daemon(&b, false);
	bed_begin(&b, BED_TWO BED_PEOPLE, NULL, directory);
	b.no_load = true;
	bed_sync(&b);
	after = told(&b);
	assert_string_equal(after, before); /* classes too */
	bed_close(&b);
}

/* What was said by command does not go with what the files say now: a start goes on without. */
static void a_start_does_without_what_does_not_fit(void **state)
{
	const char *wrong = NULL;
	struct bed b;

	bed_begin(&b, BED_TWO BED_PEOPLE, NULL, directory);
	b.no_load = true;
	bed_sync(&b);
	bed_command(&b, "Reset", "{}");
	bed_command(&b, "Add", NEW(AT1));
	bed_close_daemon(&b, true);
	bed_begin(&b, BED_TWO BED_PEOPLE BED_CIRCUIT("thief", "100.64.50.1"), NULL, directory);
	b.no_load = true;
	bed_sync(&b);
	assert_null(circuit(&b, "new"));
	assert_non_null(circuit(&b, "thief"));
	assert_non_null(
		strstr(strbuf_text(&b.told), "subscribers changed by command are left out"));
	expect_no_twins(&b);
	strbuf_free(&b.told);
	b.told = (struct strbuf){ 0 };
	bed_sync(&b); /* an interface went up, say */
	expect_no_twins(&b);
	assert_null(circuit(&b, "new"));
	assert_string_equal(strbuf_text(&b.told), "");
	assert_int_equal(bed_try_command(&b, "Set", HOST("\"download\": 7000000"), &wrong), -EINVAL);
	expect_no_twins(&b);
	assert_int_equal(bed_live(&b)->changes.circuits.n, 1);
	diag_free(&b.d);
	b.d = (struct diag){ 0 };
	bed_reload(&b, BED_TWO BED_PEOPLE);
	assert_non_null(circuit(&b, "new")); /* the files were mended */
	bed_command(&b, "Reset", "{}");
	bed_close(&b);
}

/* Mapped by hand: that has nothing to do with who is in the files. */
static void addresses_by_hand_stay_when_others_are_left_out(void **state)
{
	struct bed b;

	bed_begin(&b, BED_TWO BED_PEOPLE, NULL, directory);
	b.no_load = true;
	bed_sync(&b);
	bed_command(&b, "ClearMap", "{}");
	bed_command(&b, "Add", NEW(AT1));
	bed_command(&b, "Map", "{\"address\": \"100.64.70.1\", \"cpu\": 0, \"class\": \"1:1a\"}");
	bed_close_daemon(&b, true);
	bed_begin(&b, BED_TWO BED_PEOPLE BED_CIRCUIT("thief", "100.64.50.1"), NULL, directory);
	b.no_load = true;
	bed_sync(&b);
	assert_null(circuit(&b, "new"));
	assert_int_equal(bed_world(&b)->n_maps, 1);
	bed_command(&b, "Reset", "{}");
	bed_command(&b, "ClearMap", "{}");
	bed_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_added),
		cmocka_unit_test(one_is_changed_bit_by_bit),
		cmocka_unit_test(one_of_a_file_is_taken_out_and_comes_back),
		cmocka_unit_test(addresses_are_mapped_by_hand),
		cmocka_unit_test(refusals_leave_no_trace),
		cmocka_unit_test(refusals_keep_what_was_changed),
		cmocka_unit_test(without_a_section_there_is_nobody),
		cmocka_unit_test(a_failed_sync_brings_all_back),
		cmocka_unit_test(what_was_done_outlives_the_daemon),
		cmocka_unit_test(a_reset_gives_nobody_what_is_anothers_by_now),
		cmocka_unit_test(a_start_does_without_what_does_not_fit),
		cmocka_unit_test(addresses_by_hand_stay_when_others_are_left_out),
	};

	return cmocka_run_group_tests_name("classify commands", tests, begin_group, end_group);
}
