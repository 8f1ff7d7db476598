/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls and answers over a real socket: framing, errors, deferred answers, streams, introspection. */
#include "bus/test_bench.h"

#define ECHO_CALL "{\"method\":\"io.weir.Echo\",\"parameters\":{\"text\":\"hi\"}}"
#define ECHO_ANSWER "{\"parameters\":{\"text\":\"hi\"}}\n"

static void test_call(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);

	bench_expect(b, fd, ECHO_CALL, ECHO_ANSWER);
	bench_expect(b, fd, ECHO_CALL, ECHO_ANSWER);
	assert_int_equal(bench_stat(b, calls), 2);
	assert_int_equal(bench_stat(b, errors), 0);
}

static void test_byte_by_byte(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);
	_cleanup_free_ char *got = NULL;

	for (size_t i = 0; i < sizeof(ECHO_CALL); i++) {
		_cleanup_free_ char *early = NULL;

		early = bench_drain(b, fd, NULL);
		assert_string_equal(early, "");
		bench_send(fd, &ECHO_CALL[i], 1);
		bench_turn(b);
	}
	got = bench_drain(b, fd, NULL);
	assert_string_equal(got, ECHO_ANSWER);
}

/* Every way to cut two messages into two writes. */
static void test_every_cut(void **state)
{
	static const char two[] = ECHO_CALL "\0" ECHO_CALL;
	struct bench *b = *state;

	for (size_t cut = 0; cut <= sizeof(two); cut++) {
		_cleanup_close_ int fd = bench_dial(b);
		_cleanup_free_ char *got = NULL;

		bench_send(fd, two, cut);
		bench_turn(b);
		bench_send(fd, two + cut, sizeof(two) - cut);
		got = bench_drain(b, fd, NULL);
		assert_string_equal(got, ECHO_ANSWER ECHO_ANSWER);
	}
}

static void test_many_in_one_write(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);
	_cleanup_strbuf_ struct strbuf calls = { 0 }, answers = { 0 };
	_cleanup_free_ char *got = NULL;

	for (unsigned i = 0; i < 500; i++) {
		strbuf_addf(&calls,
			    "{\"method\":\"io.weir.Echo\",\"parameters\":{\"text\":\"%u\"}}", i);
		strbuf_add_bytes(&calls, "", 1);
		strbuf_addf(&answers, "{\"parameters\":{\"text\":\"%u\"}}\n", i);
	}
	bench_send(fd, calls.text, calls.len);
	got = bench_drain(b, fd, NULL);
	assert_string_equal(got, answers.text);
}

/* One caller with many calls does not hold up another: both advance a call a turn. */
static void test_fair(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int busy = bench_dial(b), other = bench_dial(b);
	_cleanup_strbuf_ struct strbuf calls = { 0 };
	char answer[256];

	for (unsigned i = 0; i < 500; i++)
		strbuf_add_bytes(&calls, ECHO_CALL, sizeof(ECHO_CALL));
	bench_send(busy, calls.text, calls.len);
	bench_send(other, ECHO_CALL, sizeof(ECHO_CALL));
	while (recv(other, answer, sizeof(answer), MSG_DONTWAIT) <= 0)
		assert_true(sd_event_run(b->event, 0) > 0);
	assert_in_range(bench_stat(b, calls), 1, 10);
	bench_turn(b);
	assert_int_equal(bench_stat(b, calls), 501);
}

static void test_errors(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);

	bench_expect_part(b, fd, "{\"method\":\"io.weer.Echo\"}",
			  "{\"error\":\"org.varlink.service.InterfaceNotFound\","
			  "\"parameters\":{\"interface\":\"io.weer\"}}");
	bench_expect_part(b, fd, "{\"method\":\"io.weir.Ecko\"}",
			  "{\"error\":\"org.varlink.service.MethodNotFound\","
			  "\"parameters\":{\"method\":\"io.weir.Ecko\","
			  "\"message\":\"io.weir has no method 'Ecko', did you mean 'Echo'?\"}}");
	bench_expect_part(b, fd, "{\"method\":\"io.weir.Echo\"}",
			  "{\"error\":\"org.varlink.service.InvalidParameter\",\"parameters\":{"
			  "\"parameter\":\"text\",\"message\":\"expected string, got nothing\"}}");
	bench_expect_part(b, fd,
			  "{\"method\":\"io.weir.Echo\",\"parameters\":{\"text\":\"\",\"mod\":1}}",
			  "\"parameter\":\"mod\",\"message\":\"not known, did you mean 'mode'?\"");
	bench_expect_part(
		b,
		fd, "{\"method\":\"io.weir.Echo\",\"parameters\":{\"text\":\"\",\"list\":[{\"n\":\"x\"}]}}",
		"\"parameter\":\"list[0].n\",\"message\":\"expected int, got string\"");
	bench_expect_part(b, fd,
			  "{\"method\":\"io.weir.Count\",\"parameters\":{\"to\":1,\"size\":1}}",
			  "org.varlink.service.ExpectedMore");
	bench_expect_part(b, fd, "{\"method\":\"io.weir.Echo\",\"upgrade\":true}",
			  "org.varlink.service.MethodNotImplemented");
	bench_expect_part(b, fd, "{\"method\":\"io.weir.Fail\"}",
			  "{\"error\":\"io.weir.Failed\",\"parameters\":{\"message\":\"Input/"
			  "output error\"}}");
	bench_expect_part(b, fd, "{\"method\":\"io.weir.Forget\"}",
			  "\"message\":\"the method gave no answer\"");
	bench_expect(b, fd, "{\"method\":\"io.weir.Break\",\"parameters\":null}",
		     "{\"error\":\"io.weir.Broken\",\"parameters\":{\"part\":\"gate\"}}\n");
	assert_int_equal(bench_stat(b, errors), 10);
	bench_expect(b, fd, ECHO_CALL, ECHO_ANSWER);
}

static void test_oneway(void **state)
{
	static const char two[] = "{\"method\":\"io.weir.Write\",\"oneway\":true}\0"
				  "{\"method\":\"io.weir.Write\",\"oneway\":true}";
	struct bench *b = *state;
	int fd = bench_dial(b);

	bench_expect(b, fd, "{\"method\":\"io.weir.Write\",\"oneway\":true}", "");
	bench_expect(b, fd, "{\"method\":\"io.weir.Nope\",\"oneway\":true}", "");
	bench_expect(b, fd, "{\"method\":\"io.weir.Fail\",\"oneway\":true}", "");
	bench_expect(b, fd, "{\"method\":\"io.weir.Write\"}", "{\"parameters\":{\"count\":2}}\n");
	/* Sent and gone: it counts all the same. */
	bench_send(fd, two, sizeof(two));
	(void)close(fd);
	bench_turn(b);
	assert_int_equal(b->writes, 4);
	assert_int_equal(bench_stat(b, connections), 0);
}

static void test_later(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);
	_cleanup_free_ char *got = NULL;

	bench_expect(b, fd, "{\"method\":\"io.weir.Later\"}", "");
	bench_expect(b, fd, ECHO_CALL, ""); /* waits its turn: answers come in order */
	assert_non_null(b->later);
	assert_string_equal(bus_call_method(b->later), "Later");
	assert_int_equal(bus_call_uid(b->later), getuid());
	assert_int_equal(bus_call_pid(b->later), getpid());
	assert_true(bus_call_may_write(b->later));
	assert_int_equal(bus_call_reply(b->later, json_pack("{ss}", "text", "now")), 0);
	got = bench_drain(b, fd, NULL);
	assert_string_equal(got, "{\"parameters\":{\"text\":\"now\"}}\n" ECHO_ANSWER);
	assert_int_equal(b->gone, 0);
}

static void test_later_gone(void **state)
{
	struct bench *b = *state;
	int fd = bench_dial(b);

	bench_expect(b, fd, "{\"method\":\"io.weir.Later\"}", "");
	(void)close(fd);
	bench_turn(b);
	assert_int_equal(b->gone, 1);
	assert_int_equal(bench_stat(b, connections), 0);
}

/* A caller that ends its side and waits is still answered: `printf … | nc -U` does that. */
static void test_half_close(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);
	_cleanup_free_ char *got = NULL;
	bool ended = false;

	bench_expect(b, fd, "{\"method\":\"io.weir.Later\"}", "");
	bench_send(fd, ECHO_CALL, sizeof(ECHO_CALL));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	bench_turn(b);
	assert_int_equal(b->gone, 0);
	(void)bus_call_failed(b->later, "bad %s", "luck");
	got = bench_drain(b, fd, &ended);
	assert_string_equal(
		got, "{\"error\":\"io.weir.Failed\",\"parameters\":{\"message\":\"bad luck\"}}"
		     "\n" ECHO_ANSWER);
	assert_true(ended);
}

static void test_stream(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);

	bench_expect(
		b, fd,
		"{\"method\":\"io.weir.Count\",\"parameters\":{\"to\":3,\"size\":1},\"more\":true}",
		"{\"parameters\":{\"at\":1,\"pad\":\"x\"},\"continues\":true}\n"
		"{\"parameters\":{\"at\":2,\"pad\":\"x\"},\"continues\":true}\n"
		"{\"parameters\":{\"at\":3,\"pad\":\"x\"}}\n");
	/* `more` on a method with one answer is no error. */
	bench_expect(b, fd, "{\"method\":\"io.weir.Write\",\"more\":true}",
		     "{\"parameters\":{\"count\":1}}\n");
}

static void test_monitor(void **state)
{
	struct bench *b = *state;
	int one = bench_dial(b), two = bench_dial(b);
	_cleanup_free_ char *got = NULL;

	bench_expect(b, one, "{\"method\":\"io.weir.Monitor\",\"more\":true}", "");
	bench_expect(b, two, "{\"method\":\"io.weir.Monitor\",\"more\":true}", "");
	assert_int_equal(b->feed.calls.n, 2);
	(void)close(one);
	bench_turn(b);
	assert_int_equal(b->feed.calls.n, 1);
	bus_feed_send(&b->feed, json_pack("{ss}", "text", "ding"));
	got = bench_drain(b, two, NULL);
	assert_string_equal(got, "{\"parameters\":{\"text\":\"ding\"},\"continues\":true}\n");
	(void)close(two);
	bench_turn(b);
	assert_int_equal(b->feed.calls.n, 0);
	bus_feed_send(&b->feed, json_pack("{ss}", "text", "nobody"));
}

static void test_odd_reply(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);

	bench_expect(b, fd, "{\"method\":\"io.weir.Odd\"}", "{\"parameters\":{\"text\":5}}\n");
	assert_int_equal(bench_stat(b, replies_odd), 1);
}

static void test_introspection(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);

	bench_expect(b, fd, "{\"method\":\"org.varlink.service.GetInfo\"}",
		     "{\"parameters\":{\"vendor\":\"Weir\",\"product\":\"test\",\"version\":\"1\","
		     "\"url\":\"\",\"interfaces\":[\"org.varlink.service\",\"io.weir\"]}}\n");
	bench_expect_part(b, fd,
			  "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			  "\"parameters\":{\"interface\":\"io.weir\"}}",
			  "# A test.\\ninterface io.weir\\n\\n# Answers what it was told.\\n"
			  "# Twice the same line.\\nmethod Echo(text: string, ");
	bench_expect_part(b, fd,
			  "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			  "\"parameters\":{\"interface\":\"org.varlink.service\"}}",
			  "error ExpectedMore ()\\n");
	bench_expect_part(b, fd,
			  "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
			  "\"parameters\":{\"interface\":\"io.nope\"}}",
			  "org.varlink.service.InterfaceNotFound");
	assert_int_equal(bench_stat(b, replies_odd), 0);
}

static void test_bad_table(void **state)
{
	static const struct bus_method methods[] = {
		{ "Good", BUS_READ, "()", "()", "", bench_fail },
		{ "Bad", BUS_READ, "(a: integer)", "()", "", bench_fail },
		{ 0 },
	};
	static const struct bus_interface interface = { "io.bad", "", methods, NULL };
	static const struct bus_interface *const interfaces[] = { &interface, NULL };
	struct bench *b = *state;
	_cleanup_diag_ struct diag d = { 0 };

	b->config.interfaces = interfaces;
	assert_int_equal(bus_server_new(b->event, &b->config, &b->server, &d), -EINVAL);
	assert_string_equal(d.entries.at[0].text,
			    "io.bad.Bad: not a type at character 4 of '(a: integer)'");
	assert_null(b->server);
}

/* Open calls of all kinds when the daemon stops: each is told, none leaks. */
static void test_stop(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int one = bench_dial(b), two = bench_dial(b), three = bench_dial(b);

	bench_expect(b, one, "{\"method\":\"io.weir.Later\"}", "");
	bench_expect(b, two, "{\"method\":\"io.weir.Monitor\",\"more\":true}", "");
	bench_send(three, "{\"meth", 6);
	bench_turn(b);
	bus_server_free(b->server);
	b->server = NULL;
	assert_int_equal(b->gone, 1);
	assert_int_equal(b->feed.calls.n, 0);
}

static void test_stats(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);
	json_t *json;

	bench_expect(b, fd, ECHO_CALL, ECHO_ANSWER);
	json = bus_stats_to_json(bus_server_stats(b->server));
	assert_int_equal(json_integer_value(json_object_get(json, "connections")), 1);
	assert_int_equal(json_integer_value(json_object_get(json, "bytes_in")), sizeof(ECHO_CALL));
	assert_int_equal(json_integer_value(json_object_get(json, "bytes_out")), strlen(ECHO_ANSWER));
	json_decref(json);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup_started, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_call),
		TEST(test_byte_by_byte),
		TEST(test_every_cut),
		TEST(test_many_in_one_write),
		TEST(test_fair),
		TEST(test_errors),
		TEST(test_oneway),
		TEST(test_later),
		TEST(test_later_gone),
		TEST(test_half_close),
		TEST(test_stream),
		TEST(test_monitor),
		TEST(test_odd_reply),
		TEST(test_introspection),
		TEST(test_stop),
		TEST(test_stats),
		cmocka_unit_test_setup_teardown(test_bad_table, bench_setup, bench_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
