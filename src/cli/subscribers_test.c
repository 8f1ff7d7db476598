/* SPDX-License-Identifier: GPL-2.0-only */
/* Subscribers and the tree on the command line, against a daemon that repeats canned answers. */
#include "cli/cli_test_util.h"

#define RATES(down, up) "{\"download\":" #down ",\"upload\":" #up "}"
#define SENT(drops, waiting)                                                 \
	"{\"bytes\":1500,\"packets\":1234,\"drops\":" #drops ",\"marks\":3," \
	"\"backlog_bytes\":" #waiting ",\"backlog_packets\":8}"
#define SMITH                                                                                                           \
	"\"id\":\"17\",\"name\":\"Smith\",\"parent\":\"Tower\",\"addresses\":[\"100.64.0.5\","                          \
	"\"2001:db8::/56\"],\"cpu\":3,\"class_down\":\"4:1a\",\"class_up\":\"4:1b\","                                   \
	"\"plan\":{\"download\":50000000,\"upload\":10000000,\"min_download\":5000000},"                                \
	"\"rate\":" RATES(                                                                                              \
		40000000,                                                                                               \
		10000000) ",\"leaf\":{\"download\":\"cake diffserv4\","                                                 \
			  "\"upload\":\"fq_codel\"},\"by_command\":true,\"bps\":" RATES(12345678, 0) ",\"pps\":" RATES( \
				  1200, 0) ",\"offered\":{\"download\":{\"bytes\":2500,"                                \
					   "\"packets\":1250}},\"sent\":{\"download\":" SENT(                           \
						   16, 12000) ",\"upload\":" SENT(1, 0) "}"

static const struct {
	const char *method, *reply;
} canned[] = {
	{ "List", "{\"subscribers\":[{" SMITH "},{\"id\":\"18\",\"name\":\"evil\\u001b[2J\"}],"
		  "\"total\":1234,\"shaped\":true}" },
	{ "Show",
	  "{\"subscriber\":{" SMITH ",\"devices\":[{\"id\":\"d1\",\"name\":\"router\","
	  "\"mac\":\"02:00:00:00:00:01\",\"comment\":\"\",\"addresses\":[\"100.64.0.5\"]}]}}" },
	{ "Unknown", "{\"addresses\":[{\"address\":\"100.64.9.9\",\"packets\":1200,"
		     "\"bytes\":99000,\"seconds_ago\":3}],\"total\":1}" },
	{ "Tree", "{\"nodes\":["
		  "{\"name\":\"line\",\"kind\":\"line\",\"depth\":0,\"queue\":0,"
		  "\"rate\":" RATES(1000000000, 1000000000) ",\"bps\":" RATES(950000000, 1000000) ",\"sent\":{\"download\":" SENT(
			  2,
			  0) "},\"circuits\":2},"
			     "{\"name\":\"Tower\",\"kind\":\"node\",\"depth\":1,\"parent\":"
			     "\"line\",\"cpu\":3,"
			     "\"class_down\":\"4:19\",\"class_up\":\"4:19\"},"
			     "{\"name\":\"Smith\",\"kind\":\"circuit\",\"id\":\"17\",\"depth\":2}"
			     "],\"shaped\":false}" },
};

/* What the daemon was asked, said back where a test wants to see it. */
static int repeat(struct bus_call *call, const json_t *parameters)
{
	_cleanup_free_ char *text = json_dumps(parameters, JSON_COMPACT | JSON_SORT_KEYS);

	return bus_call_reply(call, json_pack("{s[s]}", "changed", text));
}

static bool wants_refusal(const json_t *parameters)
{
	const char *node = json_string_value(json_object_get(parameters, "node"));

	return json_object_get(parameters, "match") || (node && !strcmp(node, "refuse")) ||
	       json_integer_value(json_object_get(parameters, "limit")) == 99;
}

static int answer(struct bus_call *call, const json_t *parameters, void *userdata)
{
	_cleanup_free_ char *text = json_dumps(parameters, JSON_COMPACT | JSON_SORT_KEYS);

	if (wants_refusal(parameters))
		return bus_call_failed(call, "%s", text);
	for (size_t i = 0; i < ARRAY_LEN(canned); i++)
		if (!strcmp(bus_call_method(call), canned[i].method))
			return bus_call_reply(call, json_loads(canned[i].reply, 0, NULL));
	return -ENOSYS;
}

static int change(struct bus_call *call, const json_t *parameters, void *userdata)
{
	const char *id = json_string_value(json_object_get(parameters, "id"));

	if (id && !strcmp(id, "nobody"))
		return bus_call_invalid(call, "id", "there is no subscriber '%s'", id);
	if (id && !strcmp(id, "same"))
		return bus_call_reply(call, json_pack("{s[]}", "changed"));
	return repeat(call, parameters);
}

#define PLAN(maybe)                                                                           \
	"(id: string, name: ?string, parent: ?string, download: " maybe "int, upload: " maybe \
	"int, min_download: ?int, min_upload: ?int, leaf: ?string, addresses: " maybe "[]string)"
#define CHANGED "(changed: []string)"

static const struct bus_method methods[] = {
	{ "Add", BUS_WRITE, PLAN(""), CHANGED, "", change },
	{ "Set", BUS_WRITE, PLAN("?"), CHANGED, "", change },
	{ "Remove", BUS_WRITE, "(id: string)", CHANGED, "", change },
	{ "Reset", BUS_WRITE, "(id: ?string)", CHANGED, "", change },
	{ "List", BUS_READ, "(sort: ?string, limit: ?int, match: ?string, unknown: ?bool)",
	  "(subscribers: []object, total: int, shaped: bool)", "", answer },
	{ "Show", BUS_READ, "(id: string)", "(subscriber: object)", "", answer },
	{ "Unknown", BUS_READ, "(limit: ?int)", "(addresses: []object, total: int)", "", answer },
	{ "Tree", BUS_READ, "(node: ?string, circuits: ?bool)", "(nodes: []object, shaped: bool)",
	  "", answer },
	{ 0 },
};
static const struct bus_interface interface = { "io.weir.subscribers", "", methods, NULL };

static int start(void **state)
{
	served[0] = &interface;
	return start_daemon(state);
}

static void test_list(void **state)
{
	static const char rows[] = "ID            DOWNLOAD          UPLOAD  DROPS\n"
				   "17  12.3 of 40 Mbit/s*  0 of 10 Mbit/s     17\n"
				   "18             0 bit/s         0 bit/s      0\n"
				   "2 of 1,234 subscribers; --limit 0 shows all\n"
				   "* less than the plan: 'weir subscribers show ID' has both\n";

	expect("subscribers list", 0, rows, "");
	expect("subscribers top", 0, rows, "");
	(void)setenv("COLUMNS", "140", 1);
	expect("subscribers list", 0,
	       "ID  NAME      PARENT  ADDRESS                  DOWNLOAD          UPLOAD  DROPS  "
	       "WAITING  CPU\n"
	       "17  Smith     Tower   100.64.0.5 +1  12.3 of 40 Mbit/s*  0 of 10 Mbit/s     17  "
	       "12.0 kB    3\n"
	       "18  evil?[2J  -       -                         0 bit/s         0 bit/s      0  "
	       "    0 B    -\n"
	       "2 of 1,234 subscribers; --limit 0 shows all\n"
	       "* less than the plan: 'weir subscribers show ID' has both\n",
	       "");
	(void)unsetenv("COLUMNS");
	expect_json("subscribers list --json", 0, "subscribers");
	expect_watch("subscribers list --watch 0.05", "has both\n\nID");
	expect_watch("subscribers top --watch 0.05 --json", "}\n{\"subscribers\":");
}

/* What is asked of the daemon. */
static void test_list_asks(void **state)
{
	expect("subscribers list --match a", 1, "", "weir: error: {\"limit\":50,\"match\":\"a\"}\n");
	expect("subscribers list --match a --sort drops --limit 0", 1, "",
	       "weir: error: {\"match\":\"a\",\"sort\":\"drops\"}\n");
	expect("subscribers top --match a", 1, "",
	       "weir: error: {\"limit\":20,\"match\":\"a\",\"sort\":\"download\"}\n");
	expect("subscribers top --match a --sort upload --limit 3", 1, "",
	       "weir: error: {\"limit\":3,\"match\":\"a\",\"sort\":\"upload\"}\n");
	expect("subscribers unknown --limit 99", 1, "", "weir: error: {\"limit\":99}\n");
}

static void test_list_wrong(void **state)
{
	expect("subscribers list --sort drop", 2, "",
	       "weir: --sort: unknown key 'drop', did you mean 'drops'?\n");
	expect("subscribers list --sort xyzxyz", 2, "",
	       "weir: --sort: unknown key 'xyzxyz', expected one of: id, name, download, upload, "
	       "drops, backlog, total\n");
	expect("subscribers list --limit -1", 2, "",
	       "weir: --limit: '-1' is no number of rows, 0 for all\n");
	expect("subscribers unknown --limit x", 2, "",
	       "weir: --limit: 'x' is no number of rows, 0 for all\n");
	expect("subscribers", 2,
	       "", "weir: 'subscribers' needs one of: list, top, unknown, show, add, set, remove, reset\n");
}

static void test_unknown(void **state)
{
	expect("subscribers unknown", 0,
	       "ADDRESS     PACKETS    BYTES     SEEN\n"
	       "100.64.9.9    1,200  99.0 kB  3 s ago\n"
	       "1 address is nobody's\n",
	       "");
	expect_json("subscribers unknown --json", 0, "addresses");
}

static void test_show(void **state)
{
	expect("subscribers show 17", 0,
	       "17 Smith\n"
	       "parent: Tower\n"
	       "addresses: 100.64.0.5, 2001:db8::/56\n"
	       "CPU: 3\n"
	       "                        DOWNLOAD     UPLOAD\n"
	       "plan                   50 Mbit/s  10 Mbit/s\n"
	       "of it guaranteed        5 Mbit/s          -\n"
	       "rate in force          40 Mbit/s  10 Mbit/s\n"
	       "queue             cake diffserv4   fq_codel\n"
	       "class                       4:1a       4:1b\n"
	       "now                  12.3 Mbit/s    0 bit/s\n"
	       "packets now              1,200/s        0/s\n"
	       "arrived                  2.50 kB          -\n"
	       "packets arrived            1,250          -\n"
	       "sent                     1.50 kB    1.50 kB\n"
	       "packets sent               1,234      1,234\n"
	       "dropped                       16          1\n"
	       "marked                         3          3\n"
	       "waiting                  12.0 kB        0 B\n"
	       "packets waiting                8          8\n"
	       "the nodes above give less than the plan\n"
	       "in no file, added by command: 'weir subscribers remove 17' forgets it\n"
	       "\n"
	       "DEVICE  NAME    MAC                ADDRESSES   COMMENT\n"
	       "d1      router  02:00:00:00:00:01  100.64.0.5\n",
	       "");
	expect_json("subscribers show 17 --json", 0, "subscriber");
	expect("subscribers show", 2, "", "weir: 'weir subscribers show' needs ID\n");
}

static void test_add(void **state)
{
	expect("subscribers add 17 --download 50 --upload 2.5M --address 100.64.0.5", 0,
	       "{\"addresses\":[\"100.64.0.5\"],\"download\":50000000,\"id\":\"17\","
	       "\"upload\":2500000}\n",
	       "");
	expect("subscribers add 17 --download 1G --upload 500k --address 100.64.0.5,2001:db8::/56 "
	       "--address 100.64.0.6 --name A~B --parent Tower --min-download 1 --min-upload 64k "
	       "--leaf cake~diffserv4",
	       0,
	       "{\"addresses\":[\"100.64.0.5\",\"2001:db8::/56\",\"100.64.0.6\"],"
	       "\"download\":1000000000,\"id\":\"17\",\"leaf\":\"cake diffserv4\","
	       "\"min_download\":1000000,\"min_upload\":64000,\"name\":\"A B\","
	       "\"parent\":\"Tower\",\"upload\":500000}\n",
	       "");
	expect_json("subscribers add 17 --download 1 --upload 1 --address ::1 --json", 0, "changed");
}

static void test_add_wrong(void **state)
{
	expect("subscribers add 17 --upload 1 --address ::1", 2, "",
	       "weir: 'weir subscribers add' needs --download RATE\n");
	expect("subscribers add 17 --upload 1 --download 1", 2, "",
	       "weir: 'weir subscribers add' needs --address A[,A...]\n");
	expect("subscribers add --upload 1 --download 1 --address ::1", 2, "",
	       "weir: 'weir subscribers add' needs ID\n");
	expect("subscribers add 17 --download fast --upload 1 --address ::1", 2, "",
	       "weir: --download: 'fast' is no rate: expected Mbit/s like 20 or 1.5, or a suffix "
	       "as "
	       "in 500k, 2.5M, 1G\n");
	expect("subscribers add 17 --download 1 --upload 1001G --address ::1", 2, "",
	       "weir: --upload: '1001G' is too much for a rate: at most 1000G\n");
	expect("subscribers add 17 --download 1 --upload 1 --address ::1,", 2, "",
	       "weir: --address: expected addresses parted by commas\n");
	expect("subscribers add nobody --download 1 --upload 1 --address ::1", 1, "",
	       "weir: error: id: there is no subscriber 'nobody'\n");
}

static void test_set(void **state)
{
	expect("subscribers set 17 --upload 0.5", 0, "{\"id\":\"17\",\"upload\":500000}\n", "");
	expect("subscribers set 17 --name=", 0, "{\"id\":\"17\",\"name\":\"\"}\n", "");
	expect("subscribers set same --name x", 0, "nothing changed\n", "");
	expect("subscribers set 17", 2, "",
	       "weir: 'weir subscribers set' needs something to set; see 'weir help subscribers "
	       "set'\n");
	expect("subscribers set 17 --weight 3", 2, "",
	       "weir: 'weir subscribers set' has no option --weight; see 'weir help subscribers "
	       "set'\n");
}

static void test_remove_reset(void **state)
{
	expect("subscribers remove 17", 0, "{\"id\":\"17\"}\n", "");
	expect("subscribers remove nobody", 1, "",
	       "weir: error: id: there is no subscriber 'nobody'\n");
	expect("subscribers reset 17", 0, "{\"id\":\"17\"}\n", "");
	expect("subscribers reset", 0, "{}\n", "");
	expect("subscribers remove", 2, "", "weir: 'weir subscribers remove' needs ID\n");
}

static void test_tree(void **state)
{
	expect("tree", 0,
	       "NODE                  DOWNLOAD                 UPLOAD      DROPS\n"
	       "line          0.95 of 1 Gbit/s  95%  0.00 of 1 Gbit/s  0%      2\n"
	       "  Tower                0 bit/s                0 bit/s          0\n"
	       "    17 Smith           0 bit/s                0 bit/s          0\n"
	       "nothing is shaped: packets are only counted\n",
	       "");
	(void)setenv("COLUMNS", "140", 1);
	expect("tree", 0,
	       "NODE                  DOWNLOAD                 UPLOAD      DROPS  CIRCUITS  "
	       "WAITING  CPU  CLASS DOWN  CLASS UP\n"
	       "line          0.95 of 1 Gbit/s  95%  0.00 of 1 Gbit/s  0%      2         2  "
	       "    0 B    -           -         -\n"
	       "  Tower                0 bit/s                0 bit/s          0         -  "
	       "    0 B    3        4:19      4:19\n"
	       "    17 Smith           0 bit/s                0 bit/s          0         -  "
	       "    0 B    -           -         -\n"
	       "nothing is shaped: packets are only counted\n",
	       "");
	(void)unsetenv("COLUMNS");
	expect("tree refuse --circuits", 1, "",
	       "weir: error: {\"circuits\":true,\"node\":\"refuse\"}\n");
	expect("tree refuse", 1, "", "weir: error: {\"node\":\"refuse\"}\n");
	expect_json("tree --json", 0, "nodes");
	expect_watch("tree --watch 0.05", "counted\n\nNODE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),	     cmocka_unit_test(test_list_asks),
		cmocka_unit_test(test_list_wrong),   cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_show),	     cmocka_unit_test(test_add),
		cmocka_unit_test(test_add_wrong),    cmocka_unit_test(test_set),
		cmocka_unit_test(test_remove_reset), cmocka_unit_test(test_tree),
	};

	return cmocka_run_group_tests(tests, start, stop_daemon);
}
