/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of flows: which are found, the first of them against sorting all, states and ages. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "pipe/rtt/flows.h"

#define NOW 5000
#define EVER UINT32_MAX
#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_RST 4
#define TCP_ACK 16

static uint64_t seed;

/* The same numbers in every run. */
static uint32_t draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

/* --- a table ----------------------------------------------------------------------------------- */

struct bed {
	struct rtt_place *places;
	struct rtt_flow_table table;
};

static void bed_open(struct bed *b, size_t n_sets)
{
	b->places = calloc(n_sets * RTT_WAYS, sizeof(*b->places));
	assert_non_null(b->places);
	b->table = (struct rtt_flow_table){ b->places, n_sets, NOW };
}

static void bed_close(struct bed *b)
{
	free(b->places);
}

static struct rtt_flow *flow_at(struct bed *b, size_t place)
{
	return &b->places[place].flow;
}

/* Of subscriber 7, seen just now. */
static struct rtt_details *put(struct bed *b, size_t place, uint8_t proto, enum rtt_mode mode)
{
	struct rtt_flow *flow = flow_at(b, place);
	struct rtt_details *d = &b->places[place].details;

	flow->tag = d->tag = RTT_TAG(0x1000 + place * 8, mode);
	flow->seen = NOW << RTT_SEEN_SHIFT | RTT_SEEN_BOTH;
	d->proto = proto;
	d->family = 4;
	d->id = 7;
	d->born = NOW;
	return d;
}

static void see(struct bed *b, size_t place, uint32_t age)
{
	flow_at(b, place)->seen = age << RTT_SEEN_SHIFT | 1;
}

/* The places found, in their order, with spaces between. */
static void expect_found(struct bed *b, struct rtt_flow_wish wish, const char *want)
{
	_cleanup_rtt_flow_list_ struct rtt_flow_list list = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };

	assert_int_equal(rtt_flows_find(&b->table, &wish, &list), 0);
	vec_foreach(&list.found, f)
		strbuf_addf(&text, "%s%zu", text.len ? " " : "", f->place);
	assert_string_equal(strbuf_text(&text), want);
}

/* --- what is found ----------------------------------------------------------------------------- */

static void an_empty_table_has_no_flows(void **state)
{
	_cleanup_rtt_flow_list_ struct rtt_flow_list list = { 0 };
	struct rtt_flow_wish wish = { .idle = EVER, .top = SIZE_MAX };
	struct rtt_flow_view view;
	struct bed b;

	bed_open(&b, 4);
	assert_int_equal(rtt_flows_find(&b.table, &wish, &list), 0);
	assert_int_equal(list.found.n, 0);
	assert_int_equal(list.used, 0);
	assert_false(rtt_flows_look(&b.table, 3, &view));
	bed_close(&b);
}

static void flows_are_narrowed(void **state)
{
	_cleanup_rtt_flow_list_ struct rtt_flow_list list = { 0 };
	struct rtt_flow_wish all = { .idle = EVER, .top = SIZE_MAX };
	struct bed b;

	bed_open(&b, 2);
	put(&b, 0, IPPROTO_TCP, RTT_BY_TIMESTAMP);
	put(&b, 2, IPPROTO_TCP, RTT_BY_TIMESTAMP)->id = 8;
	put(&b, 5, IPPROTO_UDP, RTT_NOT_TIMED);
	put(&b, 7, IPPROTO_TCP, RTT_BY_SEQUENCE)->id = 8;
	see(&b, 5, NOW - 60);
	see(&b, 7, NOW - 61);
	expect_found(&b, all, "0 2 5 7");
	expect_found(&b, (struct rtt_flow_wish){ .id = 8, .idle = EVER, .top = 9 }, "2 7");
	expect_found(&b, (struct rtt_flow_wish){ .id = 9, .idle = EVER, .top = 9 }, "");
	expect_found(&b, (struct rtt_flow_wish){ .idle = 60, .top = 9 }, "0 2 5");
	expect_found(&b, (struct rtt_flow_wish){ .idle = 0, .top = 9 }, "0 2");
	expect_found(&b, (struct rtt_flow_wish){ .id = 8, .idle = 60, .top = 9 }, "2");
	assert_int_equal(rtt_flows_find(&b.table, &(struct rtt_flow_wish){ .top = 1 }, &list), 0);
	assert_int_equal(list.used, 4); /* whatever was asked for */
	bed_close(&b);
}

/* The packet path makes them anew at any moment. */
static void what_is_another_flows_is_left_out(void **state)
{
	struct rtt_flow_wish all = { .idle = EVER, .top = SIZE_MAX };
	struct rtt_flow_view view;
	struct bed b;

	bed_open(&b, 1);
	put(&b, 0, IPPROTO_TCP, RTT_BY_TIMESTAMP)->tag = 0;
	put(&b, 1, IPPROTO_TCP, RTT_BY_TIMESTAMP)->tag += 8;
	put(&b, 2, IPPROTO_TCP, RTT_OPENING)->tag |= RTT_BY_SEQUENCE; /* it just opens */
	put(&b, 3, IPPROTO_TCP, RTT_BY_TIMESTAMP);
	flow_at(&b, 3)->tag = 0;
	expect_found(&b, all, "2");
	assert_false(rtt_flows_look(&b.table, 0, &view));
	assert_false(rtt_flows_look(&b.table, 1, &view));
	assert_true(rtt_flows_look(&b.table, 2, &view));
	assert_false(rtt_flows_look(&b.table, 3, &view));
	bed_close(&b);
}

/* --- the first of many ------------------------------------------------------------------------- */

static uint64_t naive_weight(const struct rtt_details *d, enum rtt_flow_sort sort)
{
	const uint64_t of[RTT_FLOW_SORTS] = {
		[RTT_FLOW_BYTES] = d->bytes[0] + d->bytes[1],
		[RTT_FLOW_PACKETS] = d->packets[0] + d->packets[1],
		[RTT_FLOW_AGAIN] = (uint64_t)d->again[0] + d->again[1],
		[RTT_FLOW_RTT] = d->last[0] > d->last[1] ? d->last[0] : d->last[1],
		[RTT_FLOW_AGE] = NOW - d->born,
	};

	return of[sort];
}

static int naive_compare(const void *x, const void *y)
{
	const struct rtt_flow_place *a = x, *b = y;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static void fill(struct bed *b, size_t places)
{
	for (size_t i = 0; i < places; i++) {
		struct rtt_details *d;

		if (!draw(4))
			continue;
		d = put(b, i, IPPROTO_TCP, RTT_BY_TIMESTAMP);
		for (int way = 0; way < 2; way++) {
			d->bytes[way] = (uint64_t)draw(50) << 33;
			d->packets[way] = draw(50);
			d->again[way] = UINT32_MAX - draw(9);
			d->last[way] = draw(100);
		}
		d->born = NOW - draw(40);
	}
}

static void expect_first(struct bed *b, size_t places, enum rtt_flow_sort sort, size_t top)
{
	_cleanup_rtt_flow_list_ struct rtt_flow_list list = { 0 };
	struct rtt_flow_wish wish = { .idle = EVER, .sort = sort, .top = top };
	_cleanup_free_ struct rtt_flow_place *want = calloc(places, sizeof(*want));
	size_t n = 0;

	assert_non_null(want);
	for (size_t i = 0; i < places; i++)
		if (flow_at(b, i)->tag)
			want[n++] =
				(struct rtt_flow_place){ naive_weight(&b->places[i].details, sort),
							 i };
	qsort(want, n, sizeof(*want), naive_compare);
	assert_int_equal(rtt_flows_find(&b->table, &wish, &list), 0);
	assert_int_equal(list.used, n);
	assert_int_equal(list.found.n, top < n ? top : n);
	if (list.found.n)
		assert_memory_equal(list.found.at, want, list.found.n * sizeof(*want));
}

static void the_first_are_those_of_all_sorted(void **state)
{
	static const size_t tops[] = { 0, 1, 2, 3, 10, 100, 299, 300, 301, 1000, SIZE_MAX };
	const size_t places = 400;
	struct bed b;

	seed = 1;
	for (unsigned round = 0; round < 5; round++) {
		bed_open(&b, places / RTT_WAYS);
		fill(&b, places);
		for (enum rtt_flow_sort sort = 0; sort < RTT_FLOW_SORTS; sort++)
			for (size_t i = 0; i < ARRAY_LEN(tops); i++)
				expect_first(&b, places, sort, tops[i]);
		bed_close(&b);
	}
}

/* --- one --------------------------------------------------------------------------------------- */

static void states_follow_from_what_was_seen(void **state)
{
	static const struct {
		uint8_t proto, mode, down, up; /* flags */
		unsigned packets[2];
		const char *state, *mode_name;
	} cases[] = {
		{ IPPROTO_TCP, RTT_OPENING, 0, TCP_SYN, { 0, 1 }, "opening", "handshake" },
		{ IPPROTO_TCP, RTT_OPENING, TCP_SYN, TCP_SYN, { 1, 1 }, "opening", "handshake" },
		{ IPPROTO_TCP, RTT_BY_SEQUENCE, 0, TCP_SYN | TCP_ACK, { 0, 2 }, "opening", "sequence" },
		{ IPPROTO_TCP,
		  RTT_BY_TIMESTAMP,
		  TCP_SYN | TCP_ACK,
		  TCP_SYN,
		  { 1, 1 },
		  "established",
		  "timestamps" },
		{ IPPROTO_TCP, RTT_BY_TIMESTAMP, TCP_ACK, TCP_ACK, { 5, 6 }, "established", "timestamps" },
		{ IPPROTO_TCP, RTT_BY_SEQUENCE, TCP_ACK, 0, { 5, 0 }, "one way", "sequence" },
		{ IPPROTO_TCP, RTT_BY_SEQUENCE, TCP_ACK, TCP_ACK | TCP_FIN, { 5, 6 }, "closing", "sequence" },
		{ IPPROTO_TCP,
		  RTT_BY_SEQUENCE,
		  TCP_ACK | TCP_FIN,
		  TCP_ACK | TCP_FIN,
		  { 5, 6 },
		  "closing",
		  "sequence" },
		{ IPPROTO_TCP, RTT_BY_TIMESTAMP, TCP_ACK | TCP_FIN, TCP_RST, { 5, 6 }, "reset", "timestamps" },
		{ IPPROTO_TCP, RTT_OPENING, TCP_RST, TCP_SYN, { 1, 1 }, "reset", "handshake" },
		{ IPPROTO_UDP, RTT_NOT_TIMED, 0, 0, { 0, 9 }, "one way", "none" },
		{ IPPROTO_UDP, RTT_NOT_TIMED, 0, 0, { 9, 0 }, "one way", "none" },
		{ IPPROTO_UDP, RTT_NOT_TIMED, 0, 0, { 1, 9 }, "two way", "none" },
	};
	struct bed b;

	bed_open(&b, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rtt_details *d = put(&b, 1, cases[i].proto, cases[i].mode);
		struct rtt_flow_view view;

		d->flags[0] = cases[i].down;
		d->flags[1] = cases[i].up;
		d->packets[0] = cases[i].packets[0];
		d->packets[1] = cases[i].packets[1];
		assert_true(rtt_flows_look(&b.table, 1, &view));
		assert_string_equal(rtt_flow_state(&view), cases[i].state);
		assert_string_equal(rtt_flow_mode(&view), cases[i].mode_name);
	}
	bed_close(&b);
}

/* Units of age have 30 bits in a flow, and other CPUs go on while we look. */
static void ages_go_round(void **state)
{
	static const struct {
		uint32_t now, seen, born, idle, age;
	} cases[] = {
		{ NOW, NOW, NOW, 0, 0 },
		{ NOW, NOW - 7, NOW - 100, 7, 100 },
		{ NOW, NOW + 1, NOW + 1, 0, 0 },
		{ 5, (1u << 30) - 5, (1u << 30) - 20, 10, 25 },
		{ (1u << 30) + 5, 3, (1u << 30) + 1, 2, 4 },
		{ 2, UINT32_MAX, UINT32_MAX - 1, 3, 4 },
	};
	struct bed b;

	bed_open(&b, 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rtt_details *d = put(&b, 2, IPPROTO_TCP, RTT_BY_TIMESTAMP);
		struct rtt_flow_view view;

		b.table.now = cases[i].now;
		see(&b, 2, cases[i].seen);
		d->born = cases[i].born;
		assert_true(rtt_flows_look(&b.table, 2, &view));
		assert_int_equal(view.idle, cases[i].idle);
		assert_int_equal(view.age, cases[i].age);
		expect_found(&b, (struct rtt_flow_wish){ .idle = cases[i].idle, .top = 1 }, "2");
		if (cases[i].idle)
			expect_found(&b,
				     (struct rtt_flow_wish){ .idle = cases[i].idle - 1, .top = 1 },
				     "");
	}
	bed_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_has_no_flows),
		cmocka_unit_test(flows_are_narrowed),
		cmocka_unit_test(what_is_another_flows_is_left_out),
		cmocka_unit_test(the_first_are_those_of_all_sorted),
		cmocka_unit_test(states_follow_from_what_was_seen),
		cmocka_unit_test(ages_go_round),
	};

	return cmocka_run_group_tests_name("rtt flows", tests, NULL, NULL);
}
