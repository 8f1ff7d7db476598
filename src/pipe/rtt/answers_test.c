/* SPDX-License-Identifier: GPL-2.0-only */
/* The answer List: its rows and cuts, their order, merges by node, and what is refused. */
#include "pipe/rtt/answers_test_util.h"

/* Each row as subscriber or node / side / kind = samples. */
static void rows_text(const json_t *answer, struct strbuf *out)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, "rows"), i, row)
		strbuf_addf(out, "%s%s/%s/%s=%d", i ? " " : "",
			    bed_text(row, json_object_get(row, "subscriber") ? "subscriber" : "node"),
			    bed_text(row, "side"), bed_text(row, "kind"),
			    (int)bed_integer(row, "samples"));
}

static void expect_rows(struct bed *b, const char *in, const char *want)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	json_t *answer = bed_ask(b, "List", in);

	rows_text(answer, &text);
	if (strcmp(strbuf_text(&text), want) != 0)
		fail_msg("%s:\n  %s, not\n  %s", in, strbuf_text(&text), want);
	json_decref(answer);
}

static void expect_number(struct bed *b, const char *in, const char *key, json_int_t want)
{
	json_t *answer = bed_ask(b, "List", in);

	assert_int_equal(bed_integer(answer, key), want);
	json_decref(answer);
}

/* --- rows -------------------------------------------------------------------------------------- */

static void a_row_has_all_of_it(void **state)
{
	_cleanup_free_ char *text = NULL;
	json_t *answer, *rows;
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	bed_add(&b, "10", RTT_ACCESS, RTT_TIMESTAMP, 1000, 1);
	answer = bed_ask(&b, "List", "{}");
	rows = json_object_get(answer, "rows");
	expect_type("[](subscriber: string, name: string, node: string, class: string, side: "
		    "string, kind: string, samples: int, mean: float, min: float, p50: float, "
		    "p90: float, p99: float, max: float, total: int)",
		    rows);
	assert_string_not_equal(bed_text(json_array_get(rows, 0), "class"), "");
	(void)json_object_del(json_array_get(rows, 0), "class");
	text = json_dumps(rows, JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
	assert_string_equal(text, "[{\"kind\": \"all\", \"max\": 1.024, \"mean\": 1.024, \"min\": "
				  "1.024, \"name\": \"Anna\", \"node\": \"Roof\", \"p50\": 1.024, "
				  "\"p90\": 1.024, \"p99\": 1.024, \"samples\": 1, \"side\": "
				  "\"access\", \"subscriber\": \"10\", \"total\": 1}]");
	json_decref(answer);
	bed_close(&b);
}

static void figures_are_of_all_that_is_merged(void **state)
{
	json_t *answer, *row;
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	bed_add(&b, "10", RTT_ACCESS, RTT_TIMESTAMP, 1000, 1);
	bed_add(&b, "10", RTT_INTERNET, RTT_SEQUENCE, 10, 2);
	bed_add(&b, "10", RTT_ACCESS, RTT_HANDSHAKE, 2000, 1);
	answer = bed_ask(&b, "List", "{\"side\": \"both\"}");
	row = json_array_get(json_object_get(answer, "rows"), 0);
	assert_int_equal(bed_integer(row, "samples"), 4);
	assert_true(json_real_value(json_object_get(row, "mean")) == 3020 * 0.001024 / 4);
	assert_true(json_real_value(json_object_get(row, "min")) == 10 * 0.001024);
	assert_true(json_real_value(json_object_get(row, "max")) == 2000 * 0.001024);
	assert_true(json_real_value(json_object_get(row, "p50")) == 10 * 0.001024);
	json_decref(answer);
	bed_close(&b);
}

/* Those without a class or a node are there, too. */
static void everybody_has_a_name_for_himself(void **state)
{
	static const char want[] = "(default plan)|(default plan)| "
				   "203.0.113.0/24||3:1a|access x|Twin| y|Twin|Lake ";
	_cleanup_strbuf_ struct strbuf text = { 0 };
	json_t *answer, *row;
	struct bed b;
	size_t i;

	bed_open(&b, BED_LINE BED_PEOPLE);
	bed_add(&b, "(default plan)", RTT_ACCESS, RTT_TIMESTAMP, 1000, 1);
	bed_add(&b, BED_MAPPED, RTT_ACCESS, RTT_TIMESTAMP, 1000, 1);
	bed_add(&b, "y", RTT_ACCESS, RTT_TIMESTAMP, 1000, 1);
	bed_add(&b, "x", RTT_ACCESS, RTT_TIMESTAMP, 1000, 1);
	answer = bed_ask(&b, "List", "{}");
	json_array_foreach(json_object_get(answer, "rows"), i, row) {
		const char *id = bed_text(row, "subscriber"), *node = bed_text(row, "node");

		if (!strcmp(id, BED_MAPPED))
			strbuf_addf(&text, "%s|%s|%s|%s ", id, bed_text(row, "name"),
				    bed_text(row, "class"), bed_text(row, "side"));
		else /* a node that was made up has a name of its own */
			strbuf_addf(&text, "%s|%s|%s ", id, bed_text(row, "name"),
				    !strcmp(id, "y") ? node : "");
		assert_int_equal(!*node, !strcmp(id, BED_MAPPED));
	}
	assert_string_equal(strbuf_text(&text), want);
	json_decref(answer);
	bed_close(&b);
}

/* The tree is in force without a queue, too. */
static void monitors_have_nodes_but_no_classes(void **state)
{
	json_t *answer, *row;
	struct bed b;

	bed_open(&b, BED_LINE "  mode: monitor\n" BED_PEOPLE);
	bed_add(&b, "10", RTT_ACCESS, RTT_TIMESTAMP, 1000, 1);
	bed_add(&b, "x", RTT_ACCESS, RTT_TIMESTAMP, 1000, 1);
	answer = bed_ask(&b, "List", "{\"subscriber\": \"10\"}");
	row = json_array_get(json_object_get(answer, "rows"), 0);
	assert_string_equal(bed_text(row, "class"), "");
	assert_string_equal(bed_text(row, "node"), "Roof");
	json_decref(answer);
	expect_rows(&b, "{\"by\": \"node\"}", "Hill/access/all=1 Roof/access/all=1");
	bed_close(&b);
}

/* --- cuts -------------------------------------------------------------------------------------- */

static void sides_and_kinds_are_cut(void **state)
{
	static const struct {
		const char *in, *rows;
	} cuts[] = {
		{ "{}", "10/access/all=6 10/internet/all=8" },
		{ "{\"kind\": \"all\"}", "10/access/all=6 10/internet/all=8" },
		{ "{\"side\": \"access\"}", "10/access/all=6" },
		{ "{\"side\": \"internet\"}", "10/internet/all=8" },
		{ "{\"side\": \"both\"}", "10/both/all=14" },
		{ "{\"kind\": \"timestamp\"}", "10/access/timestamp=1" },
		{ "{\"kind\": \"sequence\"}", "10/access/sequence=2 10/internet/sequence=8" },
		{ "{\"kind\": \"handshake\"}", "10/access/handshake=3" },
		{ "{\"kind\": \"handshake\", \"side\": \"internet\"}", "" },
		{ "{\"kind\": \"each\"}",
		  "10/access/timestamp=1 10/access/sequence=2 10/access/handshake=3 "
		  "10/internet/sequence=8" },
		{ "{\"kind\": \"each\", \"side\": \"both\"}",
		  "10/both/timestamp=1 10/both/sequence=10 10/both/handshake=3" },
	};
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	bed_add(&b, "10", RTT_ACCESS, RTT_TIMESTAMP, 1000, 1);
	bed_add(&b, "10", RTT_ACCESS, RTT_SEQUENCE, 1000, 2);
	bed_add(&b, "10", RTT_ACCESS, RTT_HANDSHAKE, 1000, 3);
	bed_add(&b, "10", RTT_INTERNET, RTT_SEQUENCE, 1000, 8);
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++)
		expect_rows(&b, cuts[i].in, cuts[i].rows);
	expect_number(&b, "{}", "samples", 14);
	expect_number(&b, "{\"kind\": \"sequence\"}", "samples", 10);
	expect_number(&b, "{\"top\": 1}", "samples", 14);
	bed_close(&b);
}

/* Whole intervals: the current one, and so many before it. */
static void intervals_are_counted_back(void **state)
{
	static const struct {
		const char *in;
		int samples, seconds;
	} intervals[] = {
		{ "{}", 127, 60 },
		{ "{\"interval\": 1}", 3, 10 },
		{ "{\"interval\": 10}", 3, 10 },
		{ "{\"interval\": 11}", 7, 20 },
		{ "{\"interval\": 30}", 15, 30 },
		{ "{\"interval\": 60}", 127, 60 },
		{ "{\"interval\": 3600}", 127, 60 },
	};
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	for (int i = 7; i >= 0; i--) { /* the first is forgotten */
		bed_add(&b, "10", RTT_ACCESS, RTT_TIMESTAMP, 1000, 1u << i);
		if (i)
			rtt_store_turn(b.live.store);
	}
	for (size_t i = 0; i < ARRAY_LEN(intervals); i++) {
		expect_number(&b, intervals[i].in, "samples", intervals[i].samples);
		expect_number(&b, intervals[i].in, "seconds", intervals[i].seconds);
	}
	bed_close(&b);
}

/* What is only in the totals makes no row. */
static void who_is_silent_has_no_row(void **state)
{
	json_t *answer;
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	bed_add(&b, "10", RTT_ACCESS, RTT_TIMESTAMP, 1000, 5);
	for (int i = 0; i < 7; i++)
		rtt_store_turn(b.live.store);
	bed_add(&b, "9", RTT_ACCESS, RTT_TIMESTAMP, 1000, 2);
	expect_rows(&b, "{}", "9/access/all=2");
	expect_rows(&b, "{\"subscriber\": \"10\"}", "");
	expect_rows(&b, "{\"by\": \"node\", \"node\": \"Roof\"}", "");
	answer = bed_ask(&b, "List", "{\"by\": \"node\", \"node\": \"Hill\"}");
	assert_int_equal(bed_integer(json_array_get(json_object_get(answer, "rows"), 0), "total"), 7);
	json_decref(answer);
	bed_close(&b);
}

static void what_waits_is_gathered_first(void **state)
{
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	b.maps.samples[0] = RTT_SAMPLE(bed_id(&b, "10"), RTT_INTERNET, RTT_SEQUENCE, 7);
	b.maps.samples[RTT_SAMPLES] = RTT_SAMPLE(bed_id(&b, "9"), RTT_ACCESS, RTT_TIMESTAMP, 7);
	b.cpus[0].lost = 3;
	b.cpus[1].lost = 4;
	expect_rows(&b, "{}", "10/internet/all=1 9/access/all=1");
	expect_number(&b, "{}", "lost", 7);
	expect_number(&b, "{}", "since", BED_SINCE);
	bed_close(&b);
}

/* --- order ------------------------------------------------------------------------------------- */

static void rows_are_sorted(void **state)
{
	static const struct {
		const char *in, *rows;
	} orders[] = {
		{ "{}", "10/access/all=3 9/access/all=9 100/access/all=1 x/access/all=5" },
		{ "{\"sort\": \"name\", \"top\": 2}", "10/access/all=3 9/access/all=9" },
		{ "{\"sort\": \"samples\"}",
		  "9/access/all=9 x/access/all=5 10/access/all=3 100/access/all=1" },
		{ "{\"sort\": \"max\", \"top\": 1}", "x/access/all=5" },
		{ "{\"sort\": \"max\"}",
		  "x/access/all=5 100/access/all=1 10/access/all=3 9/access/all=9" },
		{ "{\"sort\": \"p99\", \"top\": 1}", "x/access/all=5" },
		{ "{\"sort\": \"p90\", \"top\": 1}", "x/access/all=5" },
		{ "{\"sort\": \"p50\"}",
		  "100/access/all=1 10/access/all=3 9/access/all=9 x/access/all=5" },
		{ "{\"sort\": \"mean\", \"top\": 4}",
		  "100/access/all=1 x/access/all=5 10/access/all=3 9/access/all=9" },
		{ "{\"top\": 0, \"node\": \"Hill\"}",
		  "10/access/all=3 9/access/all=9 100/access/all=1" },
	};
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	bed_add(&b, "10", RTT_ACCESS, RTT_TIMESTAMP, 3000, 3);
	bed_add(&b, "9", RTT_ACCESS, RTT_TIMESTAMP, 2000, 9);
	bed_add(&b, "100", RTT_ACCESS, RTT_TIMESTAMP, 9000, 1);
	bed_add(&b, "x", RTT_ACCESS, RTT_TIMESTAMP, 1, 4);
	bed_add(&b, "x", RTT_ACCESS, RTT_TIMESTAMP, 20000, 1);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		expect_rows(&b, orders[i].in, orders[i].rows);
	bed_close(&b);
}

/* --- who --------------------------------------------------------------------------------------- */

static void add_one_each(struct bed *b)
{
	static const char *const all[] = { "10", "9", "100", "x", "y", "(default plan)", BED_MAPPED };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		bed_add(b, all[i], RTT_ACCESS, RTT_TIMESTAMP, 1000, 1u << i);
}

static void lists_are_narrowed(void **state)
{
	static const struct {
		const char *in, *rows;
	} narrow[] = {
		{ "{\"subscriber\": \"9\"}", "9/access/all=2" },
		{ "{\"subscriber\": \"Anna\"}", "10/access/all=1" },
		{ "{\"subscriber\": \"(default plan)\"}", "(default plan)/access/all=32" },
		{ "{\"subscriber\": \"203.0.113.0/24\"}", "203.0.113.0/24/access/all=64" },
		{ "{\"node\": \"Roof\"}", "10/access/all=1" },
		{ "{\"node\": \"Street\"}", "100/access/all=4" },
		{ "{\"node\": \"Hill\"}", "10/access/all=1 9/access/all=2 100/access/all=4" },
		{ "{\"node\": \"Hill\", \"subscriber\": \"9\"}", "9/access/all=2" },
		{ "{\"node\": \"Roof\", \"subscriber\": \"9\"}", "" },
		{ "{\"node\": \"Lake\"}", "y/access/all=16" },
	};
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	add_one_each(&b);
	for (size_t i = 0; i < ARRAY_LEN(narrow); i++)
		expect_rows(&b, narrow[i].in, narrow[i].rows);
	bed_close(&b);
}

/* Each has all below it. */
static void nodes_are_merged(void **state)
{
	static const struct {
		const char *in, *rows;
		int samples;
	} merges[] = {
		{ "{\"by\": \"node\", \"node\": \"Hill\"}",
		  "Hill/access/all=7 Roof/access/all=1 Street/access/all=4", 7 },
		{ "{\"by\": \"node\", \"node\": \"Hill\", \"sort\": \"samples\", \"top\": 2}",
		  "Hill/access/all=7 Street/access/all=4", 7 },
		{ "{\"by\": \"node\", \"node\": \"Street\"}", "Street/access/all=4", 4 },
		{ "{\"by\": \"node\", \"subscriber\": \"10\"}",
		  "Hill/access/all=1 Roof/access/all=1", 1 },
		{ "{\"by\": \"node\", \"subscriber\": \"10\", \"node\": \"Lake\"}", "", 0 },
		{ "{\"by\": \"node\", \"node\": \"Lake\", \"kind\": \"each\"}",
		  "Lake/access/timestamp=16", 16 },
		{ "{\"by\": \"node\", \"node\": \"Lake\", \"side\": \"both\"}", "Lake/both/all=16",
		  16 },
	};
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	add_one_each(&b);
	for (size_t i = 0; i < ARRAY_LEN(merges); i++) {
		expect_rows(&b, merges[i].in, merges[i].rows);
		expect_number(&b, merges[i].in, "samples", merges[i].samples);
	}
	/* Also the one that was made up for those without a node; not the mapping, which has none. */
	expect_number(&b, "{\"by\": \"node\"}", "samples", 63);
	bed_close(&b);
}

static void a_nodes_row_has_all_of_it(void **state)
{
	_cleanup_free_ char *text = NULL;
	json_t *answer;
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	bed_add(&b, "10", RTT_ACCESS, RTT_TIMESTAMP, 10, 1);
	bed_add(&b, "100", RTT_ACCESS, RTT_HANDSHAKE, 20, 1);
	bed_add(&b, "9", RTT_ACCESS, RTT_SEQUENCE, 30, 1);
	answer = bed_ask(&b, "List", "{\"by\": \"node\", \"node\": \"Hill\", \"top\": 1}");
	text = json_dumps(json_object_get(answer, "rows"), JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
	assert_string_equal(text,
			    "[{\"kind\": \"all\", \"max\": 0.03072, \"mean\": 0.02048, \"min\": "
			    "0.01024, \"node\": \"Hill\", \"p50\": 0.02048, \"p90\": 0.03072, "
			    "\"p99\": 0.03072, \"samples\": 3, \"side\": \"access\", "
			    "\"subscribers\": 3, \"total\": 3}]");
	json_decref(answer);
	bed_close(&b);
}

/* --- what cannot be answered ------------------------------------------------------------------- */

static void wrong_questions_are_refused(void **state)
{
	static const struct {
		const char *in, *parameter, *says;
	} wrong[] = {
		{ "{\"subscriber\": \"nobody\"}", "subscriber", "there is no subscriber 'nobody'" },
		{ "{\"subscriber\": \"1000\"}", "subscriber", "(did you mean '100'?)" },
		{ "{\"subscriber\": \"Berd\"}", "subscriber", "(did you mean 'Bert'?)" },
		{ "{\"subscriber\": \"\"}", "subscriber", "there is no subscriber ''" },
		{ "{\"subscriber\": \"Twin\"}", "subscriber",
		  "2 subscribers have the name 'Twin' ('y' is the id of one of them)" },
		{ "{\"node\": \"Hull\"}", "node", "there is no node 'Hull' (did you mean 'Hill'?)" },
		{ "{\"side\": \"acces\"}",
		  "side", "'acces' is no side: expected access, internet or both (did you mean 'access'?)" },
		{ "{\"kind\": \"timestamps\"}", "kind",
		  "'timestamps' is no kind of sample: expected timestamp, sequence, handshake, all "
		  "or each (did you mean 'timestamp'?)" },
		{ "{\"sort\": \"size\"}",
		  "sort", "'size' is nothing to sort by: expected name, samples, mean, p50, p90, p99 or max" },
		{ "{\"by\": \"nodes\"}", "by",
		  "'nodes' is nothing to list by: expected subscriber or node (did you mean "
		  "'node'?)" },
		{ "{\"interval\": 0}", "interval", "0 seconds: expected 1 or more" },
		{ "{\"interval\": -5}", "interval", "-5 seconds: expected 1 or more" },
	};
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		bed_expect_refused(&b, "List", wrong[i].in, wrong[i].parameter, wrong[i].says);
	b.live.conf = NULL;
	for (const struct stage_query *q = rtt_queries; q->name; q++)
		bed_expect_refused(&b, q->name, "{\"subscriber\": \"nobody\"}", "",
				   "there is no `rtt` section in the configuration");
	bed_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_has_all_of_it),
		cmocka_unit_test(figures_are_of_all_that_is_merged),
		cmocka_unit_test(everybody_has_a_name_for_himself),
		cmocka_unit_test(monitors_have_nodes_but_no_classes),
		cmocka_unit_test(sides_and_kinds_are_cut),
		cmocka_unit_test(intervals_are_counted_back),
		cmocka_unit_test(who_is_silent_has_no_row),
		cmocka_unit_test(what_waits_is_gathered_first),
		cmocka_unit_test(rows_are_sorted),
		cmocka_unit_test(lists_are_narrowed),
		cmocka_unit_test(nodes_are_merged),
		cmocka_unit_test(a_nodes_row_has_all_of_it),
		cmocka_unit_test(wrong_questions_are_refused),
	};

	return cmocka_run_group_tests_name("rtt answers", tests, NULL, NULL);
}
