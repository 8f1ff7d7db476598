/* SPDX-License-Identifier: GPL-2.0-only */
/* rtt, flows and xdp_pping: what they ask of a daemon, what they print, how they end. */
#include "cli/cli_test_util.h"
#include "cli/xdp_pping.h"

/* --- the daemon --------------------------------------------------------------------------------- */

static json_t *row(const char *id, const char *name, const char *class, const char *side,
		   int samples, const double ms[6])
{
	return json_pack("{sssssssssssssisfsfsfsfsfsf}", "subscriber", id, "name", name, "node",
			 "Tower", "class", class, "side", side, "kind", "all", "samples", samples,
			 "mean", ms[0], "min", ms[1], "p50", ms[2], "p90", ms[3], "p99", ms[4],
			 "max", ms[5]);
}
#define MS(...) ((const double[6]){ __VA_ARGS__ })

static json_t *subscribers(void)
{
	return json_pack("[ooo]",
			 row("17", "Smith", "3:1a", "access", 1234,
			     MS(12.34, 0.1234, 9.994, 99.94, 100.2, 12345.6)),
			 row("17", "Smith", "3:1a", "internet", 5,
			     MS(1.0, 1.024, 0.9996, 9.996, 99.96, 999.6)),
			 row("18", "evil\033[2J", "", "access", 1, MS(7, 7, 7, 7, 7, 7)));
}

static json_t *nodes(void)
{
	return json_pack("[{sssisssssisfsnsf}]", "node", "Tower", "subscribers", 1234, "side",
			 "access", "kind", "handshake", "samples", 7, "mean", 1.5, "min", "max", 1.5);
}

/* Two good ones, and four that must not be printed. */
static json_t *classes(void)
{
	return json_pack(
		"[oooooo]", row("1", "a", "1:5", "access", 123, MS(4.0, 3.8, 4.001, 5, 6, 9.1234)),
		row("2", "b", "", "access", 9, MS(1, 1, 1, 1, 1, 1)),
		row("3", "c", "0x1F:0xAB", "access", 1, MS(100.0, 0.004, 0.996, 5, 6, 1200.5)),
		row("4", "d", "1:6", "access", 0, MS(1, 1, 1, 1, 1, 1)),
		row("5", "e", "1:7\"}", "access", 1, MS(1, 1, 1, 1, 1, 1)),
		row("6", "f", "1", "access", 1, MS(1, 1, 1, 1, 1, 1)));
}

static json_t *both(int download, int upload)
{
	return json_pack("{sisi}", "download", download, "upload", upload);
}

static json_t *flow(const char *near, const char *far, const char *state, int again, json_t *access)
{
	return json_pack("{sssssssisssisssososos{sosf}si}", "subscriber", "17", "proto", "tcp",
			 "near", near, "near_port", 51234, "far", far, "far_port", 443, "state",
			 state, "bytes", both(1234567, 999), "packets", both(60, 40), "again",
			 both(again, again), "rtt", "access", access, "internet", 0.5, "age", 125);
}

/* "refuse" gets back what it asked. */
static int repeat(struct bus_call *call, const json_t *parameters)
{
	_cleanup_free_ char *text = json_dumps(parameters, JSON_COMPACT | JSON_SORT_KEYS);

	return bus_call_failed(call, "%s", text);
}

static bool is(const json_t *parameters, const char *key, const char *wanted)
{
	const char *text = json_string_value(json_object_get(parameters, key));

	return text && !strcmp(text, wanted);
}

static json_t *rows_for(const json_t *parameters)
{
	if (is(parameters, "by", "node"))
		return nodes();
	return is(parameters, "side", "access") ? classes() : subscribers();
}

static int list(struct bus_call *call, const json_t *parameters, void *userdata)
{
	bool none = is(parameters, "subscriber", "nothing") || is(parameters, "side", "internet");
	int lost = none ? 1234 : is(parameters, "by", "node");

	if (is(parameters, "subscriber", "refuse") || is(parameters, "side", "both"))
		return repeat(call, parameters);
	if (is(parameters, "sort", "p5"))
		return bus_call_invalid(call, "sort", "'p5' is nothing to sort by");
	return bus_call_reply(call, json_pack("{sosisisisi}", "rows",
					      none ? json_array() : rows_for(parameters), "seconds",
					      60, "samples", 1, "lost", lost, "since", 1));
}

static int list_flows(struct bus_call *call, const json_t *parameters, void *userdata)
{
	if (is(parameters, "subscriber", "refuse"))
		return repeat(call, parameters);
	if (is(parameters, "subscriber", "nothing"))
		return bus_call_reply(call, json_pack("{s[]sisisi}", "flows", "places", 1024,
						      "used", 0, "full", 0));
	return bus_call_reply(
		call, json_pack("{s[oo]sisisi}", "flows",
				flow("100.64.0.5", "192.0.2.1", "established", 2, json_real(12.345)),
				flow("2001:db8::5", "2001:db8:1::1", "one way", 0, json_null()),
				"places", 65536, "used", 1200, "full", 3));
}

static int show_stage(struct bus_call *call, const json_t *parameters, void *userdata)
{
	return repeat(call, parameters);
}

static const struct bus_method methods[] = {
	{ "List", BUS_READ,
	  "(subscriber: ?string, node: ?string, side: ?string, kind: ?string, interval: ?int, "
	  "sort: ?string, top: ?int, by: ?string)",
	  "(rows: []object, seconds: int, samples: int, lost: int, since: int)", "", list },
	{ "Flows", BUS_READ, "(subscriber: ?string, top: ?int, sort: ?string, idle: ?int)",
	  "(flows: []object, places: int, used: int, full: int)", "", list_flows },
	{ 0 },
};
static const struct bus_method stage_methods[] = {
	{ "ShowStage", BUS_READ, "(stage: string)", "(rows: []object)", "", show_stage },
	{ 0 },
};
static const struct bus_interface interface = { "io.weir.rtt", "", methods, NULL };
static const struct bus_interface stage_interface = { "io.weir", "", stage_methods, NULL };

static int start(void **state)
{
	served[0] = &interface;
	served[1] = &stage_interface;
	return start_daemon(state);
}

static int be_pping(void **state)
{
	program = xdp_pping_main;
	program_name = "xdp_pping";
	return 0;
}

static int be_weir(void **state)
{
	program = cli_main;
	program_name = "weir";
	return 0;
}

/* --- rtt ---------------------------------------------------------------------------------------- */

static void test_rtt(void **state)
{
	expect("rtt", 0,
	       "SUBSCRIBER  SIDE      SAMPLES  MEAN    MIN   P50   P90   P99     MAX\n"
	       "17          access      1,234  12.3  0.123  9.99  99.9   100  12,346\n"
	       "17          internet        5  1.00   1.02  1.00  10.0   100   1,000\n"
	       "18          access          1  7.00   7.00  7.00  7.00  7.00    7.00\n"
	       "milliseconds, of the last 60 s\n",
	       "");
	expect("rtt --by node --kind each", 0,
	       "NODE   SUBSCRIBERS  SIDE    KIND       SAMPLES  MEAN  MIN  P50  P90  P99   "
	       "MAX\n"
	       "Tower        1,234  access  handshake        7  1.50    -    -    -    -  "
	       "1.50\n"
	       "milliseconds, of the last 60 s\n"
	       "1 sample was lost since the start: more came at once than there was room for\n",
	       "");
	expect("rtt --subscriber nothing", 0,
	       "no samples in the last 60 s\n"
	       "1,234 samples were lost since the start: more came at once than there was room "
	       "for\n",
	       "");
	expect_json("rtt --json", 0, "rows");
	expect_watch("rtt --watch 0.05", "60 s\n\nSUBSCRIBER");
	expect_watch("rtt --watch 0.05 --json", "}\n{\"rows\":");
}

static void test_rtt_wide(void **state)
{
	_cleanup_said_ struct said s = { 0 };

	(void)setenv("COLUMNS", "140", 1);
	s = run("rtt");
	(void)unsetenv("COLUMNS");
	assert_non_null(strstr(s.out, "SUBSCRIBER  NAME      NODE   CLASS  SIDE "));
	assert_non_null(strstr(s.out, "\n17          Smith     Tower  3:1a   access "));
	assert_non_null(strstr(s.out, "\n18          evil?[2J  Tower  -      access "));
}

static void test_rtt_asks(void **state)
{
	expect("rtt --subscriber refuse", 1, "", "weir: error: {\"subscriber\":\"refuse\"}\n");
	expect("rtt --subscriber refuse --node A~B --by node --side both --kind each --interval "
	       "9.5 "
	       "--sort p90 --top 3",
	       1, "",
	       "weir: error: {\"by\":\"node\",\"interval\":10,\"kind\":\"each\",\"node\":\"A B\","
	       "\"side\":\"both\",\"sort\":\"p90\",\"subscriber\":\"refuse\",\"top\":3}\n");
	expect("rtt --subscriber refuse --interval 30 --top 0 --watch", 1, "",
	       "weir: error: {\"interval\":30,\"subscriber\":\"refuse\"}\n");
	expect("rtt --sort p5", 1, "", "weir: error: sort: 'p5' is nothing to sort by\n");
	expect("rtt --top -1", 2, "", "weir: --top: '-1' is no number of rows, 0 for all\n");
	expect("rtt --top 1234567890", 2, "",
	       "weir: --top: '1234567890' is no number of rows, 0 for all\n");
	expect("rtt --interval soon", 2, "",
	       "weir: --interval: 'soon' is not a number of seconds (0.01 to 1000000)\n");
	expect("rtt --subscriber \xff", 2, "", "weir: --subscriber: '\xff' is no text\n");
	expect("rtt 17", 2, "", "weir: 'weir rtt' takes no argument, not '17'\n");
}

/* The stage's own table goes on being shown by the words of every stage. */
static void test_rtt_show(void **state)
{
	expect("rtt show", 1, "", "weir: error: {\"stage\":\"rtt\"}\n");
	expect("rtt show --top 3", 2, "",
	       "weir: 'weir rtt show' has no option --top; see 'weir help rtt show'\n");
}

static void test_no_daemon(void **state)
{
	_cleanup_said_ struct said s = run_until("rtt --bus /nonexistent/bus", NULL);

	assert_int_equal(s.status, 3);
	assert_string_equal(s.out, "");
	assert_non_null(strstr(s.err, "weir: error: no daemon answers at /nonexistent/bus"));
}

/* --- flows -------------------------------------------------------------------------------------- */

static void test_flows(void **state)
{
	static const char end[] =
		"round trips in milliseconds; 1,200 of 65,536 places for flows are in use\n"
		"3 flows found no place\n";
	_cleanup_strbuf_ struct strbuf narrow = { 0 }, wide = { 0 };

	strbuf_add(&narrow, "PROTO  NEAR                 FAR                     DOWN     UP  "
			    "ACCESS  INTERNET\n"
			    "tcp    100.64.0.5:51234     192.0.2.1:443        1.23 MB  999 B    "
			    "12.3     0.500\n"
			    "tcp    [2001:db8::5]:51234  [2001:db8:1::1]:443  1.23 MB  999 B       "
			    "-     0.500\n");
	strbuf_add(
		&wide,
		"PROTO  SUBSCRIBER  NEAR                 FAR                  STATE           DOWN"
		"     UP  AGAIN  ACCESS  INTERNET        AGE\n"
		"tcp    17          100.64.0.5:51234     192.0.2.1:443        established  1.23 MB"
		"  999 B      4    12.3     0.500  2 min 5 s\n"
		"tcp    17          [2001:db8::5]:51234  [2001:db8:1::1]:443  one way      1.23 MB"
		"  999 B      0       -     0.500  2 min 5 s\n");
	strbuf_add(&narrow, end);
	strbuf_add(&wide, end);
	expect("flows", 0, strbuf_text(&narrow), "");
	(void)setenv("COLUMNS", "140", 1);
	expect("flows", 0, strbuf_text(&wide), "");
	(void)unsetenv("COLUMNS");
	expect("flows --subscriber nothing", 0,
	       "no such flow; 0 of 1,024 places for flows are in use\n", "");
	expect_json("flows --json", 0, "flows");
	expect_watch("flows --watch 0.05", "no place\n\nPROTO");
}

static void test_flows_asks(void **state)
{
	expect("flows --subscriber refuse", 1, "",
	       "weir: error: {\"subscriber\":\"refuse\",\"top\":20}\n");
	expect("flows --subscriber refuse --top 5 --sort again --idle 2.5", 1,
	       "", "weir: error: {\"idle\":3,\"sort\":\"again\",\"subscriber\":\"refuse\",\"top\":5}\n");
	expect("flows --subscriber refuse --top 0 --json", 1, "",
	       "weir: error: {\"subscriber\":\"refuse\"}\n");
	expect("flows --interval 3", 2, "",
	       "weir: 'weir flows' has no option --interval; see 'weir help flows'\n");
}

/* --- xdp_pping ---------------------------------------------------------------------------------- */

static void test_pping(void **state)
{
	static const char lines[] =
		"[\n"
		"{\"tc\":\"1:5\", \"avg\" : 4, \"min\" : 3.8, \"max\" : 9.12, \"median\" : 4, "
		"\"samples\" : 123},\n"
		"{\"tc\":\"1f:ab\", \"avg\" : 100, \"min\" : 0, \"max\" : 1200.5, \"median\" : "
		"1, \"samples\" : 1},\n"
		"{}]\n";

	expect_json("", 0, NULL);
	expect("", 0, lines, "");
	expect("--side=access", 0, lines, "");
	expect("--side internet", 0, "[\n{}]\n", "");
	expect_json("--side internet", 0, NULL);
	expect("--side both", 1, "", "xdp_pping: error: {\"interval\":60,\"side\":\"both\"}\n");
}

static void test_pping_wrong(void **state)
{
	_cleanup_said_ struct said alone = run_until("--bus /nonexistent/bus", NULL);

	assert_int_equal(alone.status, 3);
	assert_string_equal(alone.out, "");
	assert_non_null(
		strstr(alone.err, "xdp_pping: error: no daemon answers at /nonexistent/bus"));
	expect("--side near", 2,
	       "", "xdp_pping: near: no side, expected access, internet or both; see xdp_pping --help\n");
	expect("--side", 2, "", "xdp_pping: --side: needs a value; see xdp_pping --help\n");
	expect("--sid=access", 2, "",
	       "xdp_pping: --sid=access: not understood; see xdp_pping --help\n");
	expect("eth0", 2, "", "xdp_pping: eth0: not understood; see xdp_pping --help\n");
}

static void test_pping_help(void **state)
{
	_cleanup_said_ struct said s = run("--help"), besides = run("-h eth0");

	assert_int_equal(s.status, 0);
	assert_string_equal(s.err, "");
	assert_string_equal(s.out, besides.out);
	assert_int_equal(besides.status, 0);
	assert_non_null(strstr(s.out, "changes nothing"));
	for (const char *line = s.out; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 0, 90);
	expect("--version", 0, "xdp_pping " WEIR_VERSION "\n", "");
	assert_non_null(cli_alias_find(cli_aliases, "/usr/bin/xdp_pping"));
}

#define PPING(test) cmocka_unit_test_setup_teardown(test, be_pping, be_weir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rtt),	   cmocka_unit_test(test_rtt_wide),
		cmocka_unit_test(test_rtt_asks),   cmocka_unit_test(test_rtt_show),
		cmocka_unit_test(test_no_daemon),  cmocka_unit_test(test_flows),
		cmocka_unit_test(test_flows_asks), PPING(test_pping),
		PPING(test_pping_wrong),	   PPING(test_pping_help),
	};

	return cmocka_run_group_tests(tests, start, stop_daemon);
}
