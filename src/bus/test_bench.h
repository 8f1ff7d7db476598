/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of the bus: a server with a small table, in this process, turned by hand, so that
 * a test knows exactly what has been read and nothing depends on time.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "bus/feed.h"
#include "bus/server.h"

/* No test needs all of the helpers. */
#pragma GCC diagnostic ignored "-Wunused-function"

struct bench {
	char dir[32], path[64];
	sd_event *event;
	struct bus_config config;
	struct bus_server *server;
	struct bus_feed feed;
	struct bus_call *later;
	unsigned gone, writes;
};

static int bench_echo(struct bus_call *call, const json_t *parameters, void *userdata)
{
	json_t *text = json_object_get(parameters, "text");

	return bus_call_reply(call, json_pack("{sO}", "text", text));
}

static int bench_write(struct bus_call *call, const json_t *parameters, void *userdata)
{
	struct bench *b = userdata;

	return bus_call_reply(call, json_pack("{si}", "count", (int)++b->writes));
}

static void bench_on_gone(struct bus_call *call, void *userdata)
{
	struct bench *b = userdata;

	b->gone++;
	b->later = NULL;
}

static int bench_later(struct bus_call *call, const json_t *parameters, void *userdata)
{
	struct bench *b = userdata;

	b->later = call;
	bus_call_defer(call, bench_on_gone, b);
	return 0;
}

static int bench_count(struct bus_call *call, const json_t *parameters, void *userdata)
{
	json_int_t n = json_integer_value(json_object_get(parameters, "to"));
	json_int_t size = json_integer_value(json_object_get(parameters, "size"));
	_cleanup_free_ char *pad = malloc((size_t)size + 1);

	memset(pad, 'x', (size_t)size);
	pad[size] = 0;
	for (json_int_t i = 1; i < n; i++) {
		int r = bus_call_continue(call, json_pack("{sI ss}", "at", i, "pad", pad));

		if (r)
			return r;
	}
	return bus_call_reply(call, json_pack("{sI ss}", "at", n, "pad", pad));
}

static int bench_monitor(struct bus_call *call, const json_t *parameters, void *userdata)
{
	return bus_feed_add(&((struct bench *)userdata)->feed, call);
}

static int bench_fail(struct bus_call *call, const json_t *parameters, void *userdata)
{
	return -EIO;
}

static int bench_forget(struct bus_call *call, const json_t *parameters, void *userdata)
{
	return 0;
}

static int bench_odd(struct bus_call *call, const json_t *parameters, void *userdata)
{
	return bus_call_reply(call, json_pack("{si}", "text", 5));
}

static int bench_broken(struct bus_call *call, const json_t *parameters, void *userdata)
{
	return bus_call_error(call, "Broken", json_pack("{ss}", "part", "gate"));
}

static const struct bus_method bench_methods[] = {
	{ "Echo", BUS_READ, "(text: string, mode: ?(plain, loud), list: ?[](n: int))",
	  "(text: string)", "Answers what it was told.\nTwice the same line.", bench_echo },
	{ "Write", BUS_WRITE, "()", "(count: int)", "Changes something.", bench_write },
	{ "Later", BUS_READ, "()", "(text: string)", "Answers later.", bench_later },
	{ "Count", BUS_READ, "(to: int, size: int)", "(at: int, pad: string)",
	  "Answers many times.", bench_count, .stream = true },
	{ "Monitor", BUS_READ, "()", "(text: string, lost: ?int)", "Events.", bench_monitor,
	  .stream = true },
	{ "Fail", BUS_READ, "()", "()", "Fails.", bench_fail },
	{ "Forget", BUS_READ, "()", "()", "Forgets to answer.", bench_forget },
	{ "Odd", BUS_READ, "()", "(text: string)", "Answers otherwise than it says.", bench_odd },
	{ "Break", BUS_READ, "()", "()", "Answers a named error.", bench_broken },
	{ 0 },
};

static const struct bus_error bench_errors[] = {
	{ "Broken", "(part: string, where: ?(here, there), more: [string]float)", "It broke." },
	{ 0 },
};

static const struct bus_interface bench_interface = { "io.weir", "A test.", bench_methods,
						      bench_errors };
static const struct bus_interface *const bench_interfaces[] = { &bench_interface, NULL };

static void bench_open(struct bench *b)
{
	*b = (struct bench){ .dir = "/tmp/weir-bus-test.XXXXXX" };
	assert_non_null(mkdtemp(b->dir));
	assert_int_equal(chmod(b->dir, 0755), 0);
	(void)snprintf(b->path, sizeof(b->path), "%s/bus", b->dir);
	b->config = (struct bus_config){ .path = b->path,
					 .vendor = "Weir",
					 .product = "test",
					 .version = "1",
					 .interfaces = bench_interfaces,
					 .userdata = b };
	assert_true(sd_event_new(&b->event) >= 0);
}

static void bench_start(struct bench *b)
{
	struct diag d = { 0 };
	int r = bus_server_new(b->event, &b->config, &b->server, &d);

	if (r)
		print_error("%s\n", d.entries.n ? d.entries.at[0].text : strerror(-r));
	diag_free(&d);
	assert_int_equal(r, 0);
}

static void bench_close(struct bench *b)
{
	bus_server_free(b->server);
	bus_feed_clear(&b->feed);
	assert_int_not_equal(access(b->path, F_OK), 0);
	sd_event_unref(b->event);
	assert_int_equal(rmdir(b->dir), 0);
}

static int bench_setup(void **state)
{
	static struct bench b;

	bench_open(&b);
	*state = &b;
	return 0;
}

static int bench_setup_started(void **state)
{
	(void)bench_setup(state);
	bench_start(*state);
	return 0;
}

static int bench_teardown(void **state)
{
	bench_close(*state);
	return 0;
}

/* Lets the server do all it can do without waiting. */
static void bench_turn(struct bench *b)
{
	int r;

	while ((r = sd_event_run(b->event, 0)) > 0)
		;
	assert_int_equal(r, 0);
}

static int bench_connect(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	assert_true(fd >= 0);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	(void)close(fd);
	return -errno;
}

static int bench_dial(struct bench *b)
{
	int fd = bench_connect(b->path);

	assert_true(fd >= 0);
	bench_turn(b);
	return fd;
}

static void bench_send(int fd, const char *text, size_t len)
{
	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT), (ssize_t)len);
}

/* Everything the server has for us, NULs shown as newlines; *ret_ended: it closed. */
static char *bench_drain(struct bench *b, int fd, bool *ret_ended)
{
	struct strbuf all = { 0 };
	static char part[65536];
	ssize_t n;

	for (;;) {
		bench_turn(b);
		n = recv(fd, part, sizeof(part), MSG_DONTWAIT);
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			part[i] = part[i] ? part[i] : '\n';
		strbuf_add_bytes(&all, part, (size_t)n);
	}
	if (ret_ended)
		*ret_ended = n == 0 || errno != EAGAIN;
	return strbuf_take(&all);
}

/* Sends one call (its NUL is added) and compares what comes back. */
static void bench_expect(struct bench *b, int fd, const char *call, const char *answer)
{
	_cleanup_free_ char *got = NULL;

	bench_send(fd, call, strlen(call) + 1);
	bench_turn(b);
	got = bench_drain(b, fd, NULL);
	assert_string_equal(got, answer);
}

static void bench_expect_part(struct bench *b, int fd, const char *call, const char *part)
{
	_cleanup_free_ char *got = NULL;

	bench_send(fd, call, strlen(call) + 1);
	bench_turn(b);
	got = bench_drain(b, fd, NULL);
	if (!strstr(got, part))
		print_error("got %swanted %s\n", got, part);
	assert_non_null(strstr(got, part));
}

#define bench_stat(b, name) (bus_server_stats((b)->server)->name)
