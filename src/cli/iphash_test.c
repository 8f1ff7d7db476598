/* SPDX-License-Identifier: GPL-2.0-only */
/* xdp_iphash_to_cpu_cmdline: what it asks of a daemon, what it prints, how it ends. */
#include "cli/cli_test_util.h"
#include "cli/iphash.h"
#include "cli/xdp_iphash.h"

/* "10.9.9.9" is refused for what the CPU says, "10.8.8.8" is not mapped. */
static int change(struct bus_call *call, const json_t *parameters, void *userdata)
{
	const char *address = json_string_value(json_object_get(parameters, "address"));
	_cleanup_free_ char *text = json_dumps(parameters, JSON_COMPACT | JSON_SORT_KEYS);

	if (address && !strcmp(address, "10.9.9.9"))
		return bus_call_invalid(call, "cpu", "there is no CPU 64 here");
	if (address && !strcmp(address, "10.8.8.8"))
		return bus_call_failed(call, "10.8.8.8 is not mapped");
	if (address && !strcmp(address, "10.7.7.7")) /* shows what was asked */
		return bus_call_failed(call, "%s", text);
	return bus_call_reply(call, json_pack("{s[]}", "changed"));
}

static int list(struct bus_call *call, const json_t *parameters, void *userdata)
{
	return bus_call_reply(
		call,
		json_loads(
			"{\"mappings\":["
			"{\"address\":\"10.0.0.1\",\"prefix\":32,\"cpu\":0,\"class\":\"1:5\","
			"\"upload\":false,\"subscriber\":null},"
			"{\"address\":\"10.0.0.1\",\"prefix\":32,\"cpu\":2,\"class\":\"3:5\","
			"\"upload\":true},"
			"{\"address\":\"2001:db8::\",\"prefix\":56,\"cpu\":11,\"class\":\"c:1a\","
			"\"upload\":false,\"subscriber\":\"17\"}]}",
			0, NULL));
}

static const struct bus_method methods[] = {
	{ "Map", BUS_WRITE, "(address: string, cpu: int, class: string, upload: ?bool)",
	  "(changed: []string)", "", change },
	{ "Unmap", BUS_WRITE, "(address: string)", "(changed: []string)", "", change },
	{ "ClearMap", BUS_WRITE, "()", "(changed: []string)", "", change },
	{ "Mappings", BUS_READ, "()", "(mappings: []object)", "", list },
	{ 0 },
};
static const struct bus_interface interface = { "io.weir.subscribers", "", methods, NULL };

static int start(void **state)
{
	served[0] = &interface;
	program = xdp_iphash_main;
	program_name = "xdp_iphash_to_cpu_cmdline";
	return start_daemon(state);
}

#define TOOL "xdp_iphash_to_cpu_cmdline: "
#define SEE TOOL "see xdp_iphash_to_cpu_cmdline --help\n"

/* Both kinds of words end in the same call; only the bare CPU is read differently. */
static void test_asks(void **state)
{
	static const char asked[] =
		TOOL "{\"address\":\"10.7.7.7\",\"class\":\"c:1a\",\"cpu\":16}\n";

	expect("add --ip 10.7.7.7 --classid 0xC:0x1A --cpu 10", 1, "", asked);
	expect("add --ip=10.7.7.7 --classid=c:1a --cpu=0x10", 1, "", asked);
	expect("--add --ip 10.7.7.7 --classid c:1a --cpu 16", 1, "", asked);
	expect("-a -i 10.7.7.7 -t c:1a -c 0x10", 1, "", asked);
	expect("-a -i10.7.7.7 -tc:1a -c16", 1, "", asked);
	expect("add --ip 10.7.7.7 --classid 1:5 --cpu 0 --upload 1", 1, "",
	       TOOL "{\"address\":\"10.7.7.7\",\"class\":\"1:5\",\"cpu\":0,\"upload\":true}\n");
	expect("del 10.7.7.7", 1, "", TOOL "{\"address\":\"10.7.7.7\"}\n");
	expect("del --ip 10.7.7.7 --upload 1", 1, "", TOOL "{\"address\":\"10.7.7.7\"}\n");
}

static void test_done(void **state)
{
	expect("add --ip 10.0.0.0/24 --classid 1:5 --cpu 0", 0, "Success\n", "");
	expect("del 2001:db8::/56", 0, "Success\n", "");
	expect("clear", 0, "Success\n", "");
	expect("--add --ip 10.0.0.0 --prefix 24 --classid 1:5 --cpu 0", 0, "", "");
	expect("--del --ip 10.0.0.1", 0, "", "");
	expect("-x -i 10.0.0.1", 0, "", "");
	expect("--clear", 0, "", "");
	expect("-e", 0, "", "");
}

static void test_list(void **state)
{
	static const char lines[] =
		"\nMapped IP Addresses:\n"
		"--------------------------------------------------------------------\n"
		"10.0.0.1/32                                   CPU: 0    TC: 1:5\n"
		"10.0.0.1/32                                   CPU: 2    TC: 3:5\n"
		"2001:db8::/56                                 CPU: 11   TC: c:1a\n"
		"\n";
	static const char object[] =
		"{\n\"10.0.0.1/32\" : { \"cpu\" : 0, \"tc_maj\" : \"1\" , \"tc_min\" : \"5\" },\n"
		"\"2001:db8::/56\" : { \"cpu\" : 11, \"tc_maj\" : \"C\" , \"tc_min\" : \"1A\" }}\n";
	json_t *json = json_loads(object, JSON_REJECT_DUPLICATES, NULL);

	assert_int_equal(json_object_size(json), 2);
	json_decref(json);
	expect("list", 0, lines, "");
	expect("--list", 0, object, "");
	expect("-l", 0, object, "");
}

static void test_wrong(void **state)
{
	expect("add --ip host --classid 1:5 --cpu 0", 1, "", TOOL "host: not an IPv4 address\n");
	expect("--add --ip host --classid 1:5 --cpu 0", 30, "", TOOL "host: not an IPv4 address\n");
	expect("--add --ip 10.0.0.1/24 --classid 1:5 --cpu 0", 30, "",
	       TOOL "10.0.0.1/24: bits behind the length of the prefix are set\n");
	expect("add --ip 10.0.0.1 --classid 1:5 --cpu g", 1, "",
	       TOOL "g: no CPU: expected a hexadecimal number\n");
	expect("--add --ip 10.0.0.1 --classid 1:5 --cpu a", 31, "",
	       TOOL "a: no CPU: expected a number\n");
	expect("--add --ip 10.0.0.1 --classid 15 --cpu 1", 2, "",
	       TOOL "15: no class: expected MAJOR:MINOR in hexadecimal, like 1:1a\n");
	expect("add --classid 1:5 --cpu 0", 2, "", TOOL "--ip is needed\n" SEE);
	expect("add --ip 10.0.0.1 --cpu 0", 2, "", TOOL "--classid is needed\n" SEE);
	expect("--add --ip 10.0.0.1 --classid 1:5", 2, "", TOOL "--cpu is needed\n" SEE);
	expect("add --ip 10.0.0.1 --classid 1:5 --cpu 0 --upload yes", 2, "",
	       TOOL "--upload: expected 1 or 0\n" SEE);
	expect("--add --ip", 2, "", TOOL "--ip: needs a value\n" SEE);
	expect("add del", 2, "", TOOL "only one of add, del, list and clear at a time\n" SEE);
	expect("add 10.0.0.1", 2, "", TOOL "10.0.0.1: not understood\n" SEE);
	expect("add --clasid 1:5", 2, "",
	       TOOL "--clasid: unknown option, did you mean '--classid'?\n" SEE);
	expect("", 2, "", TOOL "one of add, del, list and clear is needed\n" SEE);
}

static void test_refused(void **state)
{
	expect("add --ip 10.9.9.9 --classid 1:5 --cpu 40", 1, "",
	       TOOL "cpu: there is no CPU 64 here\n");
	expect("--add --ip 10.9.9.9 --classid 1:5 --cpu 64", 31, "",
	       TOOL "cpu: there is no CPU 64 here\n");
	expect("del 10.8.8.8", 1, "", TOOL "10.8.8.8 is not mapped\n");
	expect("--del --ip 10.8.8.8", 21, "", TOOL "10.8.8.8 is not mapped\n");
}

static void test_no_daemon(void **state)
{
	_cleanup_said_ struct said newer = run_until("--bus /nonexistent/bus list", NULL);
	_cleanup_said_ struct said older = run_until("--list --bus /nonexistent/bus", NULL);
	_cleanup_said_ struct said wrong = run_until("--add --ip x --bus /nonexistent/bus", NULL);

	assert_int_equal(newer.status, 1);
	assert_non_null(strstr(newer.err, TOOL "error: no daemon answers at /nonexistent/bus"));
	assert_int_equal(older.status, 22);
	assert_string_equal(older.out, "");
	assert_int_equal(wrong.status, 30);
}

static void test_help(void **state)
{
	_cleanup_said_ struct said asked = run("--help"), besides = run("add --ip x -h");

	assert_int_equal(asked.status, 0);
	assert_int_equal(besides.status, 0);
	assert_string_equal(asked.out, besides.out);
	assert_string_equal(asked.err, "");
	for (const char *line = asked.out; *line; line += strcspn(line, "\n") + 1)
		assert_in_range(strcspn(line, "\n"), 0, 90);
	expect("--version", 0, "xdp_iphash_to_cpu_cmdline " WEIR_VERSION "\n", "");
}

static void test_numbers(void **state)
{
	uint16_t major = 7, minor = 7;
	unsigned cpu = 7;

	assert_int_equal(iphash_class_parse("ffff:ffff", &major, &minor), 0);
	assert_int_equal(major, 0xffff);
	assert_int_equal(minor, 0xffff);
	assert_int_equal(iphash_class_parse("10000:1", &major, &minor), -EINVAL);
	assert_int_equal(iphash_class_parse("1:10000", &major, &minor), -EINVAL);
	assert_int_equal(iphash_class_parse("0:1", &major, &minor), -EINVAL);
	assert_int_equal(iphash_class_parse(":1", &major, &minor), -EINVAL);
	assert_int_equal(iphash_class_parse("1:", &major, &minor), -EINVAL);
	assert_int_equal(iphash_class_parse("1:-1", &major, &minor), -EINVAL);
	assert_int_equal(iphash_class_parse("1:2:3", &major, &minor), -EINVAL);
	assert_int_equal(minor, 0xffff);
	assert_int_equal(iphash_cpu_parse("0x", true, &cpu), -EINVAL);
	assert_int_equal(iphash_cpu_parse("-1", false, &cpu), -EINVAL);
	assert_int_equal(iphash_cpu_parse("70000", false, &cpu), -EINVAL);
	assert_int_equal(cpu, 7);
	assert_int_equal(iphash_cpu_parse("010", false, &cpu), 0);
	assert_int_equal(cpu, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asks),	cmocka_unit_test(test_done),
		cmocka_unit_test(test_list),	cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_no_daemon),
		cmocka_unit_test(test_help),	cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, start, stop_daemon);
}
