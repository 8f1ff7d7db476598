/* SPDX-License-Identifier: GPL-2.0-only */
/* Callers that are too large, too slow, too many or no callers at all. */
#include "bus/test_bench.h"

#define ECHO_CALL "{\"method\":\"io.weir.Echo\",\"parameters\":{\"text\":\"hi\"}}"
#define ECHO_ANSWER "{\"parameters\":{\"text\":\"hi\"}}\n"
#define MONITOR_CALL "{\"method\":\"io.weir.Monitor\",\"more\":true}"

static void expect_end(struct bench *b, int fd, const char *last)
{
	_cleanup_free_ char *got = NULL;
	bool ended = false;

	got = bench_drain(b, fd, &ended);
	if (!strstr(got, last))
		print_error("got %s, wanted %s\n", got, last);
	assert_non_null(strstr(got, last));
	assert_true(ended);
}

static void test_garbage(void **state)
{
	static const char *const garbage[] = {
		"GET / HTTP/1.1\r\n\r\n",
		"",
		"[]",
		"5",
		"{}",
		"{\"method\":5}",
		"{\"method\":\"nodot\"}",
		"{\"method\":\".x\"}",
		"{\"method\":\"x.\"}",
		"{\"method\":\"io.weir.Echo\",\"parameters\":[]}",
		"{\"method\":\"io.weir.Echo\",\"more\":1}",
		"{\"method\":\"io.weir.Echo\",\"more\":true,\"oneway\":true}",
		"{\"method\":\"io.weir.Echo\",\"method\":\"io.weir.Echo\"}",
		"{\"method\":\"\xff\xfe\"}",
		"{\"method\":\"io.weir.Echo\"} trailing",
		"{\"n\":99999999999999999999}",
	};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_LEN(garbage); i++) {
		_cleanup_close_ int fd = bench_dial(b);

		bench_send(fd, garbage[i], strlen(garbage[i]) + 1);
		expect_end(b, fd, "{\"error\":\"io.weir.BadMessage\",\"parameters\":{\"reason\":\"");
	}
	assert_int_equal(bench_stat(b, bad_messages), ARRAY_LEN(garbage));
	bench_turn(b);
	assert_int_equal(bench_stat(b, connections), 0);
	assert_int_equal(bench_stat(b, calls), 0);
}

/* Deeper than any parser may follow. */
static void test_deep(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);
	char deep[100001];

	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = 0;
	bench_send(fd, deep, sizeof(deep));
	expect_end(b, fd, "io.weir.BadMessage");
}

static void test_nothing_after_garbage(void **state)
{
	static const char text[] = "rubbish\0{\"method\":\"io.weir.Write\"}";
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);

	bench_send(fd, text, sizeof(text));
	expect_end(b, fd, "BadMessage");
	assert_int_equal(b->writes, 0);
}

/* Writes until the server takes no more or all is out; what it says meanwhile is kept. */
static size_t push(struct bench *b, int fd, char c, size_t len)
{
	static char part[65536];
	size_t done = 0;

	memset(part, c, sizeof(part));
	while (done < len) {
		ssize_t n =
			send(fd, part, MIN(sizeof(part), len - done), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			break;
		done += (size_t)MAX(n, 0);
		bench_turn(b);
	}
	return done;
}

static void test_oversize(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);

	/* The writer is let finish, so that it reads why instead of dying of SIGPIPE. */
	assert_int_equal(push(b, fd, 'x', (1 << 20) + 300000), (1 << 20) + 300000);
	expect_end(b, fd, "{\"reason\":\"a call has at most 1048576 bytes\"}");
	assert_int_equal(bench_stat(b, oversize), 1);
}

static void test_oversize_for_ever(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = bench_dial(b);

	assert_in_range(push(b, fd, 'x', 64 << 20), 1 << 20, 8 << 20);
	bench_turn(b);
	assert_int_equal(bench_stat(b, connections), 0);
}

/* The cap is on the message, to the byte. */
static void test_size_edge(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int good = -1, bad = -1;
	_cleanup_free_ char *got = NULL;

	b->config.limits.message = 100;
	bench_start(b);
	good = bench_dial(b);
	bad = bench_dial(b);
	bench_send(good, ECHO_CALL, sizeof(ECHO_CALL) - 1);
	(void)push(b, good, ' ', 100 - (sizeof(ECHO_CALL) - 1));
	bench_send(good, "", 1);
	got = bench_drain(b, good, NULL);
	assert_string_equal(got, ECHO_ANSWER);
	bench_send(bad, ECHO_CALL, sizeof(ECHO_CALL) - 1);
	(void)push(b, bad, ' ', 101 - (sizeof(ECHO_CALL) - 1));
	bench_send(bad, "", 1);
	expect_end(b, bad, "a call has at most 100 bytes");
}

/* Turns the loop until the server let everybody go; a server that does not fails by the alarm. */
static void wait_closed(struct bench *b, unsigned left)
{
	(void)alarm(20);
	while (bench_stat(b, connections) > left)
		assert_true(sd_event_run(b->event, 100000) >= 0);
	(void)alarm(0);
}

static void test_half_open(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int half = -1, idle = -1;

	b->config.limits.message_usec = 50000;
	bench_start(b);
	idle = bench_dial(b);
	half = bench_dial(b);
	bench_send(half, "{\"method\":", 10);
	wait_closed(b, 1);
	expect_end(b, half, "did not arrive whole within");
	assert_int_equal(bench_stat(b, timeouts), 1);
	/* One that asks nothing harms nobody. */
	bench_expect(b, idle, ECHO_CALL, ECHO_ANSWER);
}

/* A byte now and then does not buy more time. */
static void test_slow_writer(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = -1;

	b->config.limits.message_usec = 100000;
	bench_start(b);
	fd = bench_dial(b);
	(void)alarm(20);
	while (!bench_stat(b, timeouts)) {
		(void)send(fd, " ", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)usleep(2000);
		assert_true(sd_event_run(b->event, 0) >= 0);
	}
	(void)alarm(0);
	expect_end(b, fd, "did not arrive whole within");
}

/* Answers nobody reads: begun calls stop at the backlog, and the caller is dropped in time. */
static void test_slow_reader(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = -1;
	_cleanup_strbuf_ struct strbuf call = { 0 };
	uint64_t calls;

	b->config.limits.message_usec = 50000;
	b->config.limits.backlog = 10000;
	bench_start(b);
	fd = bench_dial(b);
	strbuf_add(&call, "{\"method\":\"io.weir.Echo\",\"parameters\":{\"text\":\"");
	for (unsigned i = 0; i < 50000; i++)
		strbuf_add_char(&call, 'y');
	strbuf_add(&call, "\"}}");
	for (unsigned i = 0; i < 100; i++) {
		if (send(fd, call.text, call.len + 1, MSG_NOSIGNAL | MSG_DONTWAIT) !=
		    (ssize_t)call.len + 1)
			break;
		bench_turn(b);
	}
	calls = bench_stat(b, calls);
	assert_in_range(calls, 2, 60);
	bench_turn(b);
	assert_int_equal(bench_stat(b, calls), calls);
	wait_closed(b, 0);
	assert_int_equal(bench_stat(b, slow_dropped), 1);
}

/* A stream that must not lose anything ends when its reader does not read. */
static void test_slow_stream(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int fd = -1, other = -1;

	b->config.limits.output = 100000;
	bench_start(b);
	fd = bench_dial(b);
	other = bench_dial(b);
	bench_send(fd, "{\"method\":\"io.weir.Count\",\"parameters\":{\"to\":1000000,\"size\":1000},\"more\":true}",
		   78);
	bench_send(fd, "", 1);
	bench_turn(b);
	assert_int_equal(bench_stat(b, slow_dropped), 1);
	assert_int_equal(bench_stat(b, connections), 1);
	assert_in_range(bench_stat(b, bytes_out), 0, 1 << 20);
	bench_expect(b, other, ECHO_CALL, ECHO_ANSWER);
}

/* The number after "lost": of each event, summed; *ret_events: how many came. */
static json_int_t sum_lost(const char *got, unsigned *ret_events)
{
	json_int_t lost = 0;

	*ret_events = 0;
	while (*got) {
		size_t len = strcspn(got, "\n");
		json_t *event = json_loadb(got, len, 0, NULL);

		assert_non_null(event);
		lost += json_integer_value(
			json_object_get(json_object_get(event, "parameters"), "lost"));
		json_decref(event);
		(*ret_events)++;
		got += len + 1;
	}
	return lost;
}

/* A monitor that does not read loses events, learns how many, and is not dropped. */
static void test_slow_monitor(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int slow = -1, quick = -1;
	_cleanup_free_ char *part = NULL, *rest = NULL;
	unsigned first, after;

	b->config.limits.backlog = 100000;
	b->config.limits.message_usec = 1;
	bench_start(b);
	slow = bench_dial(b);
	quick = bench_dial(b);
	bench_expect(b, slow, MONITOR_CALL, "");
	bench_expect(b, quick, MONITOR_CALL, "");
	for (unsigned i = 0; i < 20000; i++) {
		_cleanup_free_ char *got = NULL;

		bus_feed_send(&b->feed, json_pack("{ss}", "text", "an event of some length"));
		got = bench_drain(b, quick, NULL);
		assert_string_equal(got, "{\"parameters\":{\"text\":\"an event of some length\"},"
					 "\"continues\":true}\n");
	}
	assert_true(bench_stat(b, events_lost) > 0);
	part = bench_drain(b, slow, NULL);
	assert_int_equal(sum_lost(part, &first), 0);
	bus_feed_send(&b->feed, json_pack("{ss}", "text", "last"));
	rest = bench_drain(b, slow, NULL);
	assert_int_equal(sum_lost(rest, &after), bench_stat(b, events_lost));
	assert_int_equal(after, 1);
	/* Said once. */
	free(rest);
	bus_feed_send(&b->feed, json_pack("{ss}", "text", "after the last"));
	rest = bench_drain(b, slow, NULL);
	assert_int_equal(sum_lost(rest, &after), 0);
	assert_int_equal(after, 1);
	assert_int_equal(first + bench_stat(b, events_lost), 20000);
	assert_int_equal(bench_stat(b, slow_dropped), 0);
	assert_int_equal(b->feed.calls.n, 2);
}

static void test_too_many(void **state)
{
	struct bench *b = *state;
	int fds[8], over;

	b->config.limits.conns = 8;
	b->config.limits.per_user = 100;
	bench_start(b);
	for (unsigned i = 0; i < 8; i++)
		fds[i] = bench_dial(b);
	over = bench_dial(b);
	expect_end(b, over,
		   "{\"error\":\"io.weir.Busy\",\"parameters\":{\"limit\":\"connections\"}}");
	assert_int_equal(bench_stat(b, refused_full), 1);
	bench_expect(b, fds[7], ECHO_CALL, ECHO_ANSWER);
	(void)close(over);
	(void)close(fds[0]);
	bench_turn(b);
	fds[0] = bench_dial(b);
	bench_expect(b, fds[0], ECHO_CALL, ECHO_ANSWER);
	for (unsigned i = 0; i < 8; i++)
		(void)close(fds[i]);
}

static void test_too_many_of_one(void **state)
{
	struct bench *b = *state;
	_cleanup_close_ int one = -1, two = -1, three = -1;

	b->config.limits.per_user = 2;
	bench_start(b);
	one = bench_dial(b);
	two = bench_dial(b);
	three = bench_dial(b);
	expect_end(b, three, "{\"limit\":\"connections of one user\"}");
	bench_expect(b, two, ECHO_CALL, ECHO_ANSWER);
}

/* Refused callers that stay do not fill the server. */
static void test_lingering(void **state)
{
	struct bench *b = *state;
	int fds[40];

	b->config.limits.per_user = 1;
	b->config.limits.conns = 8;
	bench_start(b);
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = bench_dial(b);
	assert_in_range(bench_stat(b, connections), 1, 16);
	bench_expect(b, fds[0], ECHO_CALL, ECHO_ANSWER);
	wait_closed(b, 1);
	bench_expect(b, fds[0], ECHO_CALL, ECHO_ANSWER);
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
		(void)close(fds[i]);
}

#define STARTED(f) cmocka_unit_test_setup_teardown(f, bench_setup_started, bench_teardown)
#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STARTED(test_garbage),
		STARTED(test_deep),
		STARTED(test_nothing_after_garbage),
		STARTED(test_oversize),
		STARTED(test_oversize_for_ever),
		TEST(test_size_edge),
		TEST(test_half_open),
		TEST(test_slow_writer),
		TEST(test_slow_reader),
		TEST(test_slow_stream),
		TEST(test_slow_monitor),
		TEST(test_too_many),
		TEST(test_too_many_of_one),
		TEST(test_lingering),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
