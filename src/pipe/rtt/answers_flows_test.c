/* SPDX-License-Identifier: GPL-2.0-only */
/* The answer Flows: what is told of one, their order, who is asked for, and what is refused. */
#include "pipe/rtt/answers_test_util.h"

#include <arpa/inet.h>

static void flows_text(const json_t *answer, struct strbuf *out)
{
	const json_t *flow;
	size_t i;

	json_array_foreach(json_object_get(answer, "flows"), i, flow)
		strbuf_addf(out, "%s%d", i ? " " : "", (int)bed_integer(flow, "near_port"));
}

/* Flows are known by their place, which is their port. */
static void expect_flows(struct bed *b, const char *in, const char *want)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	json_t *answer = bed_ask(b, "Flows", in);

	flows_text(answer, &text);
	if (strcmp(strbuf_text(&text), want) != 0)
		fail_msg("%s: %s, not %s", in, strbuf_text(&text), want);
	json_decref(answer);
}

static struct rtt_details *put(struct bed *b, uint16_t place, const char *subscriber, uint32_t idle)
{
	struct rtt_details *d = bed_put_flow(b, place, subscriber, RTT_BY_TIMESTAMP, idle);

	d->near_port = htons(place);
	return d;
}

/* --- one --------------------------------------------------------------------------------------- */

#define FLOW                                                                                \
	"(subscriber: string, proto: string, near: string, near_port: int, far: string, "   \
	"far_port: int, state: string, mode: string, bytes: (download: int, upload: int), " \
	"packets: (download: int, upload: int), again: (download: int, upload: int), "      \
	"marked: (download: int, upload: int), dscp: (download: int, upload: int), "        \
	"ecn: (download: int, upload: int), rtt: (access: ?float, internet: ?float), "      \
	"rtt_min: (access: ?float, internet: ?float), age: float, idle: float)"

static void fill(struct rtt_details *d)
{
	assert_int_equal(inet_pton(AF_INET, "100.64.0.10", d->near), 1);
	assert_int_equal(inet_pton(AF_INET, "192.0.2.1", d->far), 1);
	d->far_port = htons(443);
	d->born = BED_NOW - 100;
	d->bytes[0] = 5000000000;
	d->bytes[1] = 2;
	d->packets[0] = 3;
	d->packets[1] = 4;
	d->again[0] = 5;
	d->again[1] = 6;
	d->marked[0] = 7;
	d->marked[1] = 8;
	d->flags[0] = d->flags[1] = 0x12;
	d->dsfield[0] = 46 << 2 | 1;
	d->dsfield[1] = 8 << 2 | 3;
	d->last[RTT_ACCESS] = 2000;
	d->least[RTT_ACCESS] = 1000;
}

static void a_flow_has_all_of_it(void **state)
{
	static const char want[] =
		"[{\"again\": {\"download\": 5, \"upload\": 6}, \"age\": 100.0, \"bytes\": "
		"{\"download\": 5000000000, \"upload\": 2}, \"dscp\": {\"download\": 46, "
		"\"upload\": 8}, \"ecn\": {\"download\": 1, \"upload\": 3}, \"far\": "
		"\"192.0.2.1\", \"far_port\": 443, \"idle\": 4.0, \"marked\": {\"download\": 7, "
		"\"upload\": 8}, \"mode\": \"timestamps\", \"near\": \"100.64.0.10\", "
		"\"near_port\": 40, \"packets\": {\"download\": 3, \"upload\": 4}, \"proto\": "
		"\"tcp\", \"rtt\": {\"access\": 2.048, \"internet\": null}, \"rtt_min\": "
		"{\"access\": 1.024, \"internet\": null}, \"state\": \"established\", "
		"\"subscriber\": \"10\"}]";
	_cleanup_free_ char *text = NULL;
	json_t *answer;
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	fill(put(&b, 40, "10", 4));
	answer = bed_ask(&b, "Flows", "{}");
	expect_type("[]" FLOW, json_object_get(answer, "flows"));
	text = json_dumps(json_object_get(answer, "flows"), JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
	assert_string_equal(text, want);
	json_decref(answer);
	bed_close(&b);
}

static void the_other_protocols_are_told_apart(void **state)
{
	struct rtt_details *d;
	json_t *answer, *flow;
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	d = bed_put_flow(&b, 3, BED_MAPPED, RTT_NOT_TIMED, 0);
	d->family = 6;
	d->packets[1] = 1;
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", d->near), 1);
	assert_int_equal(inet_pton(AF_INET6, "2001:db8:9::2", d->far), 1);
	answer = bed_ask(&b, "Flows", "{}");
	flow = json_array_get(json_object_get(answer, "flows"), 0);
	assert_string_equal(bed_text(flow, "proto"), "udp");
	assert_string_equal(bed_text(flow, "mode"), "none");
	assert_string_equal(bed_text(flow, "state"), "one way");
	assert_string_equal(bed_text(flow, "near"), "2001:db8::1");
	assert_string_equal(bed_text(flow, "far"), "2001:db8:9::2");
	assert_string_equal(bed_text(flow, "subscriber"), BED_MAPPED);
	json_decref(answer);
	d->id = 4711; /* he has gone since */
	answer = bed_ask(&b, "Flows", "{}");
	flow = json_array_get(json_object_get(answer, "flows"), 0);
	assert_string_equal(bed_text(flow, "subscriber"), "");
	json_decref(answer);
	bed_close(&b);
}

/* --- many -------------------------------------------------------------------------------------- */

static void flows_are_sorted_and_narrowed(void **state)
{
	static const struct {
		const char *in, *flows;
	} wishes[] = {
		{ "{}", "3 2 1" },
		{ "{\"sort\": \"bytes\"}", "3 2 1" },
		{ "{\"sort\": \"packets\"}", "1 2 3" },
		{ "{\"sort\": \"again\"}", "2 1 3" },
		{ "{\"sort\": \"rtt\"}", "1 3 2" },
		{ "{\"sort\": \"age\"}", "2 1 3" },
		{ "{\"sort\": \"age\", \"top\": 2}", "2 1" },
		{ "{\"top\": 1}", "3" },
		{ "{\"top\": 0}", "3 2 1" },
		{ "{\"top\": 4}", "3 2 1" },
		{ "{\"idle\": 61}", "4 3 2 1" },
		{ "{\"idle\": 29}", "3 1" },
		{ "{\"idle\": 0}", "1" },
		{ "{\"idle\": 100000000000}", "4 3 2 1" },
		{ "{\"subscriber\": \"9\"}", "2" },
		{ "{\"subscriber\": \"Anna\"}", "3 1" },
		{ "{\"subscriber\": \"Anna\", \"top\": 1}", "3" },
		{ "{\"subscriber\": \"100\"}", "" },
	};
	struct rtt_details *d;
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	for (uint16_t place = 1; place <= 4; place++) {
		d = put(&b, place, place % 2 ? "10" : "9", (uint32_t[]){ 0, 0, 30, 20, 61 }[place]);
		d->bytes[place % 2] = place * 100;
		d->packets[place % 2] = 10u - place;
	}
	rtt_details_at(b.maps.flows, 2)->again[0] = 3;
	rtt_details_at(b.maps.flows, 1)->again[1] = 2;
	rtt_details_at(b.maps.flows, 1)->last[0] = 50;
	rtt_details_at(b.maps.flows, 3)->last[1] = 40;
	rtt_details_at(b.maps.flows, 2)->born -= 100;
	rtt_details_at(b.maps.flows, 1)->born -= 50;
	for (size_t i = 0; i < ARRAY_LEN(wishes); i++)
		expect_flows(&b, wishes[i].in, wishes[i].flows);
	bed_close(&b);
}

/* Its measure is coarse: who was seen a moment ago is never left out for a second's sake. */
static void a_short_wait_is_a_unit_of_age(void **state)
{
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	b.live.jiffy_ns = 1500000000;
	put(&b, 1, "10", 0)->bytes[0] = 2;
	put(&b, 2, "10", 1)->bytes[0] = 1;
	put(&b, 3, "10", 2);
	expect_flows(&b, "{\"idle\": 0}", "1");
	expect_flows(&b, "{\"idle\": 1}", "1 2");
	expect_flows(&b, "{\"idle\": 2}", "1 2");
	expect_flows(&b, "{\"idle\": 3}", "1 2 3");
	bed_close(&b);
}

static void the_table_is_told_of(void **state)
{
	json_t *answer;
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	b.cpus[0].full = 5;
	b.cpus[1].full = 6;
	put(&b, 1, "10", 0);
	put(&b, 2, "10", 500);
	answer = bed_ask(&b, "Flows", "{\"subscriber\": \"9\"}");
	assert_int_equal(bed_integer(answer, "places"), BED_SETS * RTT_WAYS);
	assert_int_equal(bed_integer(answer, "used"), 2);
	assert_int_equal(bed_integer(answer, "full"), 11);
	assert_int_equal(json_array_size(json_object_get(answer, "flows")), 0);
	json_decref(answer);
	bed_close(&b);
}

/* --- what cannot be answered ------------------------------------------------------------------- */

static void wrong_questions_are_refused(void **state)
{
	struct bed b;

	bed_open(&b, BED_LINE BED_PEOPLE);
	bed_expect_refused(
		&b, "Flows", "{\"sort\": \"byte\"}", "sort",
		"'byte' is nothing to sort by: expected bytes, packets, again, rtt or age "
		"(did you mean 'bytes'?)");
	bed_expect_refused(&b, "Flows", "{\"subscriber\": \"Ana\"}", "subscriber",
			   "there is no subscriber 'Ana' (did you mean 'Anna'?)");
	bed_expect_refused(&b, "Flows", "{\"idle\": -1}", "idle", "-1 seconds: expected 0 or more");
	b.maps.details = false;
	bed_expect_refused(&b, "Flows", "{\"sort\": \"byte\"}", "",
			   "flows are not accounted: `rtt.details` is false (set rtt.details to "
			   "true)");
	b.maps.details = true;
	bed_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_has_all_of_it),
		cmocka_unit_test(the_other_protocols_are_told_apart),
		cmocka_unit_test(flows_are_sorted_and_narrowed),
		cmocka_unit_test(a_short_wait_is_a_unit_of_age),
		cmocka_unit_test(the_table_is_told_of),
		cmocka_unit_test(wrong_questions_are_refused),
	};

	return cmocka_run_group_tests_name("rtt flows' answers", tests, NULL, NULL);
}
