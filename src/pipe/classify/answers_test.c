/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions about subscribers: the shape of each answer, its order, and what is in it. */
#include "pipe/classify/classify_test_util.h"

#define NUMBERED(id, name, address)                                                            \
	"  - { id: \"" id "\", name: " name ", download: 20, upload: 10, addresses: [" address \
	"] }\n"
#define SITES                                                                     \
	"  nodes:\n  - { name: Hill, download: 300, upload: 150 }\n"              \
	"  - { name: Roof, parent: Hill, download: 100, upload: 50 }\n"           \
	"  - { name: Lake, download: 200, upload: 90 }\n  circuits:\n"            \
	"  - { id: \"10\", name: Anna, parent: Roof, download: 20, upload: 10, "  \
	"min_download: 5, addresses: [100.64.0.10] }\n"                           \
	"  - { id: \"9\", name: Bert, parent: Hill, download: 20, upload: 10, "   \
	"addresses: [100.64.0.9, \"2001:db8:9::/56\"] }\n"                        \
	"  - { id: \"100\", name: Cleo, parent: Lake, download: 20, upload: 10, " \
	"addresses: [100.64.1.0/24] }\n"                                          \
	"  - { id: x, name: Dora, download: 20, upload: 10, addresses: [192.0.2.7] }\n"

static void open_bed(struct bed *b, const char *yaml)
{
	bed_begin(b, yaml, NULL, NULL);
	b->no_load = true;
	bed_sync(b);
}

/* As if so many bytes had arrived, and so much each second. */
static void set_figures(struct bed *b, const char *id, uint64_t total, double down, double up)
{
	struct classify_live *live = bed_live(b);
	const uint32_t number = bed_id(b, id), at = number;
	struct classify_count count = { { total / 2, total - total / 2 }, { 3, 4 } };

	while (live->rates.n <= number)
		assert_int_equal(vec_push(&live->rates, (struct classify_rate){ 0 }), 0);
	live->rates.at[number].bps[0] = down;
	live->rates.at[number].bps[1] = up;
	assert_int_equal(bpf_map_update_elem(live->counts_fd, &at, &count, BPF_ANY), 0);
}

/* --- list -------------------------------------------------------------------------------------- */

#define SUBSCRIBER                                                                               \
	"(id: string, name: string, parent: string, addresses: []string, plan: (download: int, " \
	"upload: int, min_download: int, min_upload: int), by_command: bool, changed: bool, "    \
	"bps: (download: int, upload: int), pps: (download: int, upload: int), offered: "        \
	"(download: (bytes: int, packets: int), upload: (bytes: int, packets: int))"
#define PLACE                                                                                  \
	", queue: int, cpu: int, class_down: string, class_up: string, rate: (download: int, " \
	"upload: int, min_download: int, min_upload: int)"
#define SENT                                                                      \
	"(bytes: int, packets: int, drops: int, marks: int, backlog_bytes: int, " \
	"backlog_packets: int, delay_us: ?int)"
#define QUEUES                                                                     \
	PLACE ", leaf: (download: string, upload: string), sent: (download: " SENT \
	      ", upload: " SENT ")"
#define DEVICES                                                                             \
	", devices: [](id: string, name: string, mac: string, comment: string, addresses: " \
	"[]string)"

static void shapes_are_as_described(void **state)
{
	struct bed b;
	json_t *answer;

	open_bed(&b, BED_TWO SITES);
	answer = bed_ask(&b, "List", "{}");
	expect_type("(subscribers: []" SUBSCRIBER QUEUES "), total: int, shaped: bool)", answer);
	json_decref(answer);
	answer = bed_ask(&b, "Show", "{\"id\": \"9\"}");
	expect_type("(subscriber: " SUBSCRIBER QUEUES DEVICES "))", answer);
	json_decref(answer);
	answer = bed_ask(&b, "Mappings", "{}");
	expect_type("(mappings: [](address: string, prefix: int, cpu: int, class: string, upload: "
		    "bool, subscriber: ?string))",
		    answer);
	json_decref(answer);
	answer = bed_ask(&b, "Tree", "{\"circuits\": true}");
	expect_type("(nodes: []object, shaped: bool)", answer);
	json_decref(answer);
	bed_close(&b);
}

/* Without queues there is no place in them. */
static void shapes_without_queues(void **state)
{
	struct bed b;
	json_t *answer;

	open_bed(&b, BED_TWO "  mode: monitor\n" SITES);
	answer = bed_ask(&b, "List", "{}");
	expect_type("(subscribers: []" SUBSCRIBER "), total: int, shaped: bool)", answer);
	assert_true(json_is_false(json_object_get(answer, "shaped")));
	json_decref(answer);
	answer = bed_ask(&b, "Show", "{\"id\": \"9\"}");
	expect_type("(subscriber: " SUBSCRIBER DEVICES "))", answer);
	json_decref(answer);
	expect_column(&b, "Tree", "{}", "nodes", "name", "line");
	bed_close(&b);
}

static void one_has_what_was_configured(void **state)
{
	static const char want[] =
		"{\"addresses\": [\"100.64.0.10\"], \"bps\": {\"download\": 7, \"upload\": 8}, "
		"\"by_command\": false, \"changed\": false, \"id\": \"10\", \"name\": \"Anna\", "
		"\"offered\": {\"download\": {\"bytes\": 50, \"packets\": 3}, \"upload\": "
		"{\"bytes\": 51, \"packets\": 4}}, \"parent\": \"Roof\", \"plan\": {\"download\": "
		"20000000, \"min_download\": 5000000, \"min_upload\": 0, \"upload\": 10000000}, "
		"\"pps\": {\"download\": 0, \"upload\": 0}}";
	static const char *const place[] = { "queue", "cpu",  "class_down", "class_up",
					     "rate",  "leaf", "sent",	    "devices" };
	_cleanup_free_ char *text = NULL;
	json_t *answer, *one;
	struct bed b;

	open_bed(&b, BED_TWO SITES);
	set_figures(&b, "10", 101, 7, 8);
	answer = bed_ask(&b, "Show", "{\"id\": \"10\"}");
	one = json_object_get(answer, "subscriber");
	assert_int_equal(json_integer_value(json_object_get(one, "queue")),
			 bed_handle(&b, "10", false) >> 16);
	for (size_t i = 0; i < ARRAY_LEN(place); i++)
		assert_int_equal(json_object_del(one, place[i]), 0);
	text = json_dumps(one, JSON_SORT_KEYS);
	assert_string_equal(text, want);
	json_decref(answer);
	bed_close(&b);
}

static void lists_are_sorted(void **state)
{
	static const struct {
		const char *in, *ids;
	} orders[] = {
		{ "{}", "9 10 100 x" },
		{ "{\"sort\": \"id\"}", "9 10 100 x" },
		{ "{\"sort\": \"name\"}", "10 9 100 x" },
		{ "{\"sort\": \"download\"}", "100 9 10 x" },
		{ "{\"sort\": \"upload\"}", "x 9 10 100" },
		{ "{\"sort\": \"total\"}", "10 x 9 100" },
		{ "{\"sort\": \"drops\"}", "9 10 100 x" },
		{ "{\"sort\": \"backlog\"}", "9 10 100 x" },
		{ "{\"sort\": \"upload\", \"limit\": 2}", "x 9" },
		{ "{\"limit\": 1}", "9" },
		{ "{\"limit\": 4}", "9 10 100 x" },
		{ "{\"limit\": 5}", "9 10 100 x" },
		{ "{\"limit\": 0}", "9 10 100 x" },
	};
	struct bed b;

	open_bed(&b, BED_TWO SITES);
	set_figures(&b, "9", 500, 20, 10);
	set_figures(&b, "10", 9000, 10, 0);
	set_figures(&b, "100", 100, 30, 0);
	set_figures(&b, "x", 1000, 0, 11);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		expect_column(&b, "List", orders[i].in, "subscribers", "id", orders[i].ids);
	bed_close(&b);
}

static void lists_are_narrowed(void **state)
{
	static const struct {
		const char *match, *ids;
	} matches[] = {
		{ "10", "9 10 100" }, /* all with 100.64 */
		{ "an", "10" },	      { "LAKE", "100" },    { "100.64.0", "9 10" },
		{ "2001:DB8", "9" },  { "/24", "100" },	    { "dora", "x" },
		{ "nobody", "" },     { "", "9 10 100 x" },
	};
	struct bed b;
	json_t *answer;

	open_bed(&b, BED_TWO SITES);
	for (size_t i = 0; i < ARRAY_LEN(matches); i++) {
		_cleanup_strbuf_ struct strbuf in = { 0 };

		strbuf_addf(&in, "{\"match\": \"%s\"}", matches[i].match);
		expect_column(&b, "List", strbuf_text(&in), "subscribers", "id", matches[i].ids);
	}
	answer = bed_ask(&b, "List", "{\"match\": \"100.64.0\", \"limit\": 1}");
	assert_int_equal(json_integer_value(json_object_get(answer, "total")), 2);
	assert_int_equal(json_array_size(json_object_get(answer, "subscribers")), 1);
	json_decref(answer);
	bed_close(&b);
}

/* --- what cannot be answered ------------------------------------------------------------------- */

static void expect_no_answer(struct bed *b, const char *name, const char *in, const char *parameter,
			     const char *says)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	const char *wrong = NULL;
	json_t *answer = NULL;

	diag_free(&b->d);
	b->d = (struct diag){ 0 };
	assert_int_not_equal(bed_try_ask(b, name, in, &answer, &wrong), 0);
	assert_null(answer);
	diag_format_all(&b->d, &text);
	assert_int_equal(b->d.errors, 1);
	assert_non_null(strstr(strbuf_text(&text), says));
	assert_int_equal(!wrong, !parameter);
	if (parameter)
		assert_string_equal(wrong, parameter);
}

static void wrong_questions_are_refused(void **state)
{
	struct bed b;

	open_bed(&b, BED_TWO SITES);
	expect_no_answer(
		&b, "List", "{\"sort\": \"size\"}", "sort",
		"'size' is nothing to sort by: expected id, name, download, upload, drops, "
		"backlog or total");
	expect_no_answer(&b, "Show", "{\"id\": \"nobody\"}", "id", "there is no subscriber 'nobody'");
	expect_no_answer(&b, "Show", "{\"id\": \"1000\"}", "id", "(did you mean '100'?)");
	expect_no_answer(&b, "Tree", "{\"node\": \"Hull\"}", "node", "there is no node 'Hull'");
	expect_no_answer(&b, "Tree", "{\"node\": \"10\"}", "node", "there is no node '10'");
	bed_close(&b);
	open_bed(&b, "bridge:\n  interface_mapping:\n  - { name: acc, redirect_to: net }\n");
	for (const struct stage_query *q = classify_queries; q->name; q++)
		expect_no_answer(&b, q->name, "{\"id\": \"9\"}", NULL,
				 "there is no `shaper` section in the configuration");
	bed_close(&b);
}

/* --- tree -------------------------------------------------------------------------------------- */

static json_t *node(const json_t *answer, const char *name)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, "nodes"), i, row)
		if (!strcmp(json_string_value(json_object_get(row, "name")), name))
			return row;
	fail_msg("no node %s", name);
	return NULL;
}

static void expect_node(const json_t *answer, const char *name, const char *kind,
			const char *parent, unsigned depth, unsigned circuits, unsigned down)
{
	const json_t *row = node(answer, name);

	assert_string_equal(json_string_value(json_object_get(row, "kind")), kind);
	assert_string_equal(json_string_value(json_object_get(row, "parent")), parent);
	assert_int_equal(json_integer_value(json_object_get(row, "depth")), depth);
	assert_int_equal(json_integer_value(json_object_get(row, "circuits")), circuits);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(row, "bps"), "download")), down);
}

/* Parents stand before what is below them; a node sums up all of it. */
static void the_tree_is_told_from_the_top(void **state)
{
	struct bed b;
	json_t *answer;

	open_bed(&b, BED_TWO SITES);
	set_figures(&b, "9", 500, 20, 10);
	set_figures(&b, "10", 9000, 10, 0);
	set_figures(&b, "100", 100, 30, 0);
	set_figures(&b, "x", 0, 1, 0);
	answer = bed_ask(&b, "Tree", "{\"circuits\": true}");
	expect_node(answer, "line", "line", "", 0, 4, 61);
	expect_node(answer, "Hill", "node", "", 1, 2, 30);
	expect_node(answer, "Roof", "node", "Hill", 2, 1, 10);
	expect_node(answer, "Lake", "node", "", 1, 1, 30);
	expect_node(answer, "Anna", "circuit", "Roof", 3, 1, 10);
	expect_node(answer, "Bert", "circuit", "Hill", 2, 1, 20);
	json_decref(answer);
	expect_column(&b, "Tree", "{\"node\": \"Roof\"}", "nodes", "name", "Roof Anna");
	expect_column(&b, "Tree", "{\"node\": \"Roof\"}", "nodes", "id", "Roof 10");
	expect_column(&b, "Tree", "{\"node\": \"Lake\"}", "nodes", "name", "Lake Cleo");
	bed_close(&b);
}

/* Each with all below it before the next; the generated ones too. */
static void every_branch_is_whole(void **state)
{
	unsigned depth_before = 0;
	json_t *answer, *row;
	struct bed b;
	size_t i, n = 0;

	open_bed(&b, BED_TWO SITES);
	answer = bed_ask(&b, "Tree", "{\"circuits\": true}");
	json_array_foreach(json_object_get(answer, "nodes"), i, row) {
		unsigned depth = (unsigned)json_integer_value(json_object_get(row, "depth"));

		assert_true(depth <= depth_before + 1);
		depth_before = depth;
		n += !strcmp(json_string_value(json_object_get(row, "kind")), "circuit");
		if (depth)
			assert_true(json_is_object(json_object_get(row, "sent")));
	}
	assert_int_equal(n, 4);
	json_decref(answer);
	answer = bed_ask(&b, "Tree", "{}");
	json_array_foreach(json_object_get(answer, "nodes"), i, row)
		assert_string_not_equal(json_string_value(json_object_get(row, "kind")), "circuit");
	json_decref(answer);
	bed_close(&b);
}

/* --- mappings ---------------------------------------------------------------------------------- */

static void mappings_say_whose_they_are(void **state)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_strbuf_ struct strbuf want = { 0 };
	uint32_t handle;
	json_t *answer;
	struct bed b;

	open_bed(&b,
		 BED_TWO "  queues: 1\n  circuits:\n" NUMBERED("1", "One", "\"2001:db8:1::/56\""));
	bed_command(
		&b, "Map",
		"{\"address\": \"100.64.0.5\", \"cpu\": 0, \"class\": \"3:1a\", \"upload\": true}");
	handle = bed_handle(&b, "1", false);
	answer = bed_ask(&b, "Mappings", "{}");
	text = json_dumps(answer, JSON_SORT_KEYS);
	strbuf_addf(
		&want,
		"{\"mappings\": [{\"address\": \"2001:db8:1::\", \"class\": \"%x:%x\", \"cpu\": 0, "
		"\"prefix\": 56, \"subscriber\": \"1\", \"upload\": false}, {\"address\": "
		"\"100.64.0.5\", \"class\": \"3:1a\", \"cpu\": 0, \"prefix\": 32, \"upload\": "
		"true}]}",
		handle >> 16, handle & 0xffff);
	assert_string_equal(text, strbuf_text(&want));
	json_decref(answer);
	bed_close(&b);
}

/* --- one address ------------------------------------------------------------------------------- */

/* In words, and what of it is known. */
static void expect_address(struct bed *b, const char *address, const char *says, const char *prefix,
			   const char *id)
{
	_cleanup_strbuf_ struct strbuf lines = { 0 };
	json_t *facts = json_object(), *subscriber;

	classify_address(bed_live(b), address, &lines, facts);
	if (!strstr(strbuf_text(&lines), says))
		fail_msg("%s: %s", address, strbuf_text(&lines));
	if (prefix)
		assert_string_equal(json_string_value(json_object_get(facts, "prefix")), prefix);
	else
		assert_null(json_object_get(facts, "prefix"));
	subscriber = json_object_get(facts, "subscriber");
	assert_int_equal(!subscriber, !id);
	if (id)
		assert_string_equal(json_string_value(json_object_get(subscriber, "id")), id);
	json_decref(facts);
}

static void addresses_are_explained(void **state)
{
	struct bed b;

	open_bed(&b, BED_TWO SITES);
	bed_command(&b, "Map", "{\"address\": \"203.0.113.0/24\", \"cpu\": 0, \"class\": \"3:1a\"}");
	expect_address(&b, "100.64.0.10", "subscriber 10 (Anna)\n", "100.64.0.10", "10");
	expect_address(&b, "100.64.0.10", "plan: download 20 Mbit/s, upload 10 Mbit/s\n",
		       "100.64.0.10", "10");
	expect_address(&b, "100.64.0.10", "below: Roof, Hill, the line\n", "100.64.0.10", "10");
	expect_address(&b, "100.64.0.10", "as pfifo limit 100", "100.64.0.10", "10");
	expect_address(&b, "2001:db8:9:11::1", "subscriber 9 (Bert)\n", "2001:db8:9::/56", "9");
	expect_address(&b, "203.0.113.77", "mapped by hand to class 3:1a on CPU 0\n",
		       "203.0.113.0/24", NULL);
	expect_address(&b, "198.51.100.1", "nobody's address", NULL, NULL);
	bed_reload(&b, BED_TWO "  default_plan: { download: 5, upload: 2 }\n" SITES);
	expect_address(&b, "198.51.100.1", "it shares the default plan", "0.0.0.0/0",
		       CLASSIFY_DEFAULT_NAME);
	bed_reload(&b, BED_TWO "  mode: monitor\n" SITES);
	expect_address(&b, "100.64.0.10", "shaper.mode is monitor", "100.64.0.10", "10");
	bed_reload(&b, BED_TWO "  tree: none\n" SITES);
	expect_address(&b, "100.64.0.10", "shaper.tree is none", "100.64.0.10", "10");
	bed_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_are_as_described),
		cmocka_unit_test(shapes_without_queues),
		cmocka_unit_test(one_has_what_was_configured),
		cmocka_unit_test(lists_are_sorted),
		cmocka_unit_test(lists_are_narrowed),
		cmocka_unit_test(wrong_questions_are_refused),
		cmocka_unit_test(the_tree_is_told_from_the_top),
		cmocka_unit_test(every_branch_is_whole),
		cmocka_unit_test(mappings_say_whose_they_are),
		cmocka_unit_test(addresses_are_explained),
	};

	return cmocka_run_group_tests_name("classify answers", tests, bed_namespace, bed_leave);
}
