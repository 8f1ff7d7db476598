/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole commands against a daemon made for the test: what is printed where, and the exit status. */
#include "cli/cli_test_util.h"

/* --- the daemon ----------------------------------------------------------------------------- */

static const struct {
	const char *method, *reply;
} canned[] = {
	{ "GetVersion", "{\"version\":\"9.8\",\"kernel\":\"6.1.0\"}" },
	{ "GetStatus",
	  "{\"version\":\"9.8\",\"pid\":77,\"uptime_seconds\":7384,\"state\":\"running\","
	  "\"message\":\"2 interfaces in "
	  "work\",\"kernel\":\"6.1.0\",\"files\":[\"/etc/weir/weir.yaml\"],"
	  "\"loaded_at\":\"2026-11-21T10:00:00+0000\",\"interfaces\":["
	  "{\"name\":\"eth0\",\"ifindex\":2,\"link\":\"up\",\"mode\":\"native\",\"reason\":\"\","
	  "\"stages\":[\"bridge\"],\"rx_packets\":1234567,\"rx_bytes\":987654321,\"tx_packets\":1,"
	  "\"tx_bytes\":60,\"note\":\"\"},"
	  "{\"name\":\"eth1\",\"ifindex\":3,\"link\":\"down\",\"mode\":\"skb\","
	  "\"reason\":\"the driver has no XDP\",\"stages\":[],\"rx_packets\":0,\"rx_bytes\":0,"
	  "\"tx_packets\":0,\"tx_bytes\":0,\"note\":\"evil\\u001b[2J\"}],"
	  "\"warnings\":[\"weir.yaml:3:1: warning: odd\"]}" },
	{ "GetCounters",
	  "{\"counters\":[{\"interface\":\"eth0\",\"stage\":\"bridge\",\"name\":\"redirected\","
	  "\"help\":\"sent to the other side\",\"packets\":1234567,\"bytes\":99,\"cpu\":["
	  "{\"cpu\":0,\"packets\":1234567,\"bytes\":99},{\"cpu\":1,\"packets\":0,\"bytes\":0}]},"
	  "{\"interface\":\"eth0\",\"stage\":\"pipe\",\"name\":\"passed\",\"help\":\"left to the "
	  "kernel\","
	  "\"packets\":0,\"bytes\":0,\"cpu\":[]}]}" },
	{ "GetConfig",
	  "{\"files\":[\"a.yaml\",\"b.yaml\"],\"config\":{\"bridge\":{\"on\":true}}}" },
	{ "ShowStage", "{\"stage\":\"bridge\",\"title\":\"Mappings\",\"columns\":["
		       "{\"key\":\"from\",\"label\":\"FROM\",\"align\":\"left\"},"
		       "{\"key\":\"n\",\"label\":\"PACKETS\",\"align\":\"right\"}],"
		       "\"rows\":[{\"from\":\"eth0\",\"n\":1500},{\"from\":\"eth1\",\"n\":null}],"
		       "\"notes\":[\"eth1 has no way back\"]}" },
	{ "ExplainAddress",
	  "{\"address\":\"100.64.0.5\",\"lines\":[\"it is 17's\",\"evil\\u001b[2J\"],"
	  "\"facts\":{\"cpu\":1}}" },
	{ "ExplainInterface",
	  "{\"name\":\"eth0\",\"lines\":[\"one\",\"two\"],\"facts\":{\"mtu\":1500}}" },
};

static int answer(struct bus_call *call, const json_t *parameters, void *userdata)
{
	for (size_t i = 0; i < ARRAY_LEN(canned); i++)
		if (!strcmp(bus_call_method(call), canned[i].method))
			return bus_call_reply(call, json_loads(canned[i].reply, 0, NULL));
	return -ENOSYS;
}

static int check_counters(struct bus_call *call, const json_t *parameters, void *userdata)
{
	const char *interface = json_string_value(json_object_get(parameters, "interface"));

	if (interface && strcmp(interface, "eth0"))
		return bus_call_invalid(call, "interface", "there is no interface '%s'", interface);
	return answer(call, parameters, userdata);
}

/* Refused, done with a change, done without, by turns. */
static int reload(struct bus_call *call, const json_t *parameters, void *userdata)
{
	static unsigned turn;

	switch (turn++ % 3) {
	case 0:
		return bus_call_error(
			call, "ConfigInvalid",
			json_loads("{\"diagnostics\":[{\"level\":\"error\",\"file\":\"w.yaml\","
				   "\"line\":3,\"column\":7,\"message\":\"bad key\","
				   "\"hint\":\"did you mean 'x'?\"}]}",
				   0, NULL));
	case 1:
		return bus_call_reply(call, json_pack("{s[s]s[]}", "changed", "bridge: eth0",
						      "diagnostics"));
	default:
		return bus_call_reply(call, json_pack("{s[]s[]}", "changed", "diagnostics"));
	}
}

static int monitor(struct bus_call *call, const json_t *parameters, void *userdata)
{
	(void)bus_call_continue(call, json_pack("{ss ss ss ss}", "time", "10:00:00", "subject", "eth0",
						"event", "link-up", "text", "the link came up"));
	(void)bus_call_continue(call,
				json_pack("{ss ss ss ss si}", "time", "10:00:01", "subject", "eth1",
					  "event", "gone", "text", "it went", "lost", 5));
	bus_call_defer(call, NULL, NULL);
	return 0;
}

static const struct bus_method methods[] = {
	{ "GetVersion", BUS_READ, "()", "(version: string, kernel: string)", "", answer },
	{ "GetStatus", BUS_READ, "()",
	  "(version: string, pid: int, uptime_seconds: int, state: string, message: string, "
	  "kernel: string, files: []string, loaded_at: string, interfaces: []object, "
	  "warnings: []string)",
	  "", answer },
	{ "GetCounters", BUS_READ, "(interface: ?string, stage: ?string)", "(counters: []object)",
	  "", check_counters },
	{ "GetConfig", BUS_READ, "()", "(files: []string, config: object)", "", answer },
	{ "Reload", BUS_WRITE, "()", "(changed: []string, diagnostics: []object)", "", reload },
	{ "ShowStage", BUS_READ, "(stage: string)",
	  "(stage: string, title: string, columns: []object, rows: []object, notes: []string)", "",
	  answer },
	{ "ExplainInterface", BUS_READ, "(name: string)",
	  "(name: string, lines: []string, facts: object)", "", answer },
	{ "ExplainAddress", BUS_READ, "(address: string)",
	  "(address: string, lines: []string, facts: object)", "", answer },
	{ "Monitor", BUS_READ, "()",
	  "(time: string, subject: string, event: string, text: string, lost: ?int)", "", monitor,
	  true },
	{ 0 },
};
static const struct bus_error errors[] = { { "ConfigInvalid", "(diagnostics: []object)", "" }, { 0 } };
static const struct bus_interface interface = { "io.weir", "", methods, errors };

static int start(void **state)
{
	served[0] = &interface;
	return start_daemon(state);
}

/* --- the commands --------------------------------------------------------------------------- */

static void test_version(void **state)
{
	expect("version", 0, "weir " WEIR_VERSION "\nweird 9.8 on kernel 6.1.0\n", "");
	expect("--version", 0, "weir " WEIR_VERSION "\nweird 9.8 on kernel 6.1.0\n", "");
	expect_json("version --json", 0, "daemon");
}

static void test_no_daemon(void **state)
{
	_cleanup_said_ struct said version = run_until("--bus /nonexistent/bus version", NULL);
	_cleanup_said_ struct said json = run_until("--bus /nonexistent/bus version --json", NULL);
	_cleanup_said_ struct said status = run_until("--bus /nonexistent/bus status --json", NULL);
	_cleanup_said_ struct said watch = run_until("--bus /nonexistent/bus counters --watch", NULL);

	assert_int_equal(version.status, 0);
	assert_string_equal(version.out, "weir " WEIR_VERSION "\n");
	assert_non_null(strstr(version.err, "no daemon answers at /nonexistent/bus"));
	assert_int_equal(json.status, 0);
	assert_string_equal(json.out,
			    "{\n  \"client\": \"" WEIR_VERSION "\",\n  \"daemon\": null\n}\n");
	assert_int_equal(status.status, 3);
	assert_string_equal(status.out, "");
	assert_non_null(strstr(status.err, "weir: error: no daemon answers"));
	assert_int_equal(watch.status, 3);
}

static void test_status(void **state)
{
	expect("status", 0,
	       "weird 9.8, pid 77, running for 2 h 3 min, kernel 6.1.0\n"
	       "2 interfaces in work\n"
	       "configuration: /etc/weir/weir.yaml, loaded 2026-11-21T10:00:00+0000\n"
	       "\n"
	       "INTERFACE  LINK  MODE    STAGES  RX PACKETS  RX BYTES  TX PACKETS  TX BYTES\n"
	       "eth0       up    native  bridge   1,234,567    988 MB           1      60 B\n"
	       "eth1       down  skb     -                0       0 B           0       0 B\n"
	       "\n"
	       "eth1: the driver has no XDP\n"
	       "eth1: evil?[2J\n"
	       "weir.yaml:3:1: warning: odd\n",
	       "");
	expect_json("status --json", 0, "interfaces");
}

static void test_counters(void **state)
{
	expect("counters", 0,
	       "INTERFACE  STAGE   COUNTER       PACKETS  BYTES  MEANING\n"
	       "eth0       bridge  redirected  1,234,567     99  sent to the other side\n",
	       "");
	expect("counters --all", 0,
	       "INTERFACE  STAGE   COUNTER       PACKETS  BYTES  MEANING\n"
	       "eth0       bridge  redirected  1,234,567     99  sent to the other side\n"
	       "eth0       pipe    passed              0      0  left to the kernel\n",
	       "");
	expect("counters --per-cpu --interface eth0 --all", 0,
	       "INTERFACE  STAGE   COUNTER     CPU    PACKETS  BYTES  MEANING\n"
	       "eth0       bridge  redirected    0  1,234,567     99  sent to the other side\n"
	       "eth0       bridge  redirected    1          0      0  sent to the other side\n",
	       "");
	expect("counters --interface eth7", 1, "",
	       "weir: error: interface: there is no interface 'eth7'\n");
	expect_json("counters --json", 0, "counters");
}

static void test_watch(void **state)
{
	/* The second round has rates; nothing moved, so they are 0. */
	expect_watch("counters --watch 0.05", "1,234,567     99          0  0 bit/s");
	expect_watch("bridge show --watch 0.05", "eth1        -\n\nMappings\n");
	expect_watch("counters --watch 0.05 --json", "]}]}\n{\"counters\":");
}

static void test_config(void **state)
{
	expect("config show", 0, "# from a.yaml\n# from b.yaml\nbridge:\n  \"on\": true\n", "");
	expect_json("config show --json", 0, "config");
}

static void test_reload(void **state)
{
	expect("reload", 1, "",
	       "w.yaml:3:7: error: bad key (did you mean 'x'?)\n"
	       "weir: error: the configuration was refused; the daemon goes on as it is\n");
	expect("reload", 0, "bridge: eth0\n", "");
	expect("reload", 0, "nothing changed\n", "");
	expect_json("reload --json", 1, "diagnostics");
	expect_json("reload --json", 0, "changed");
}

static void test_stage(void **state)
{
	expect("bridge show", 0, "Mappings\nFROM  PACKETS\neth0    1,500\neth1        -\n",
	       "note: eth1 has no way back\n");
	expect_json("bridge show --json", 0, NULL);
}

static void test_explain(void **state)
{
	expect("explain interface eth0", 0, "one\ntwo\n", "");
	expect_json("explain interface eth0 --json", 0, "facts");
	expect("explain ip 100.64.0.5", 0, "it is 17's\nevil?[2J\n", "");
	expect_json("explain ip 100.64.0.5 --json", 0, "facts");
	expect("explain ip", 2, "", "weir: 'weir explain ip' needs ADDRESS\n");
}

static void test_monitor(void **state)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	_cleanup_said_ struct said text = { 0 }, json = { 0 };

	strbuf_addf(&line, "--bus %s monitor", bus);
	text = run_until(strbuf_text(&line), "it went\n");
	assert_int_equal(text.status, 0);
	assert_string_equal(text.out, "10:00:00  eth0          link-up       the link came up\n"
				      "10:00:01  eth1          gone          it went\n");
	assert_string_equal(text.err, "weir: 5 events lost: the output was read too slowly\n");
	strbuf_add(&line, " --json");
	json = run_until(strbuf_text(&line), "\"lost\":5}\n");
	assert_int_equal(json.status, 0);
	assert_string_equal(json.err, "");
}

static void test_full_disk(void **state)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	int status;
	pid_t child;

	strbuf_addf(&line, "--bus %s status", bus);
	(void)fflush(NULL);
	child = fork();
	if (!child)
		command_main(strbuf_text(&line), "/dev/full", "/dev/null");
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 1);
}

/* The daemon's own program answers, with its own exit status; it is found through the PATH here. */
static void test_hand_over(void **state)
{
	static const char script[] = "#!/bin/sh\nfor a; do printf '<%s>' \"$a\"; done\nexit 7\n";
	_cleanup_free_ char *old = strdup(getenv("PATH") ? getenv("PATH") : "");
	char path[80];

	if (!access("/usr/sbin/weird", X_OK)) {
		print_message("# skipped: an installed weird would be found first\n");
		skip();
	}
	(void)snprintf(path, sizeof(path), "%s/weird", dir);
	assert_int_equal(file_write_atomic(path, script, sizeof(script) - 1, 0755), 0);
	(void)setenv("PATH", dir, 1);
	expect("check --json a.yaml -- -b", 7, "<--check><--json><--><a.yaml><-b>", "");
	expect("check --plan", 7, "<--check><--plan>", "");
	expect("config schema", 7, "<--schema>", "");
	expect("config example bridge", 7, "<--example><--><bridge>", "");
	(void)unlink(path);
	expect("check", 1, "", "weir: error: cannot start weird: No such file or directory\n");
	(void)setenv("PATH", old, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),	  cmocka_unit_test(test_no_daemon),
		cmocka_unit_test(test_status),	  cmocka_unit_test(test_counters),
		cmocka_unit_test(test_watch),	  cmocka_unit_test(test_config),
		cmocka_unit_test(test_reload),	  cmocka_unit_test(test_stage),
		cmocka_unit_test(test_explain),	  cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_full_disk), cmocka_unit_test(test_hand_over),
	};

	return cmocka_run_group_tests(tests, start, stop_daemon);
}
