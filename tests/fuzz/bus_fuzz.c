/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes of any kind into a bus server with a small table, cut into writes at places the input
 * chooses.  Whatever comes, every answer must be a whole Varlink message, and none may be left over.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "bus/server.h"

static sd_event *event;
static struct bus_server *server;

static int echo(struct bus_call *call, const json_t *parameters, void *userdata)
{
	json_t *copy = json_deep_copy(parameters);

	return bus_call_reply(call, copy);
}

static int count(struct bus_call *call, const json_t *parameters, void *userdata)
{
	for (int i = 0; i < 3; i++)
		if (bus_call_continue(call, json_pack("{si}", "at", i)))
			break;
	return bus_call_reply(call, json_pack("{si}", "at", 3));
}

static int later(struct bus_call *call, const json_t *parameters, void *userdata)
{
	bus_call_defer(call, NULL, NULL);
	return 0;
}

static int fail(struct bus_call *call, const json_t *parameters, void *userdata)
{
	return bus_call_invalid(call, "a", "it is %s", "wrong");
}

static const struct bus_method methods[] = {
	{ "Echo", BUS_READ,
	  "(a: ?int, b: ?[]string, c: ?(x: bool, y: ?float), d: ?[string]object, e: ?(one, two))",
	  "()", "", echo },
	{ "Count", BUS_READ, "()", "(at: int)", "", count, true },
	{ "Later", BUS_WRITE, "()", "()", "", later },
	{ "Fail", BUS_READ, "(a: string)", "()", "", fail },
	{ 0 },
};
static const struct bus_interface interface = { "io.weir", "", methods, NULL };
static const struct bus_interface *const interfaces[] = { &interface, NULL };

static void start(void)
{
	/* Small, so that an input reaches the limits. */
	struct bus_config config = { .interfaces = interfaces,
				     .limits = { .message = 2048, .backlog = 512, .output = 2048 } };
	struct diag d = { 0 };

	if (server)
		return;
	assert(sd_event_new(&event) >= 0);
	assert(!bus_server_new(event, &config, &server, &d));
}

static void turn(void)
{
	int r;

	while ((r = sd_event_run(event, 0)) > 0)
		;
	assert(!r);
}

/* Whole messages only: an object with parameters, and an error's name or a promise of more at most. */
static void check(const char *text, size_t len)
{
	while (len) {
		const char *nul = memchr(text, 0, len);
		json_t *json;

		assert(nul);
		json = json_loadb(text, (size_t)(nul - text), JSON_REJECT_DUPLICATES, NULL);
		assert(json_is_object(json) && json_is_object(json_object_get(json, "parameters")));
		assert(!json_object_get(json, "error") ||
		       strchr(json_string_value(json_object_get(json, "error")), '.'));
		json_decref(json);
		len -= (size_t)(nul + 1 - text);
		text = nul + 1;
	}
}

static char answers[1 << 20];

/* Reads all there is; answers are complete whenever the server has come to rest and we keep up. */
static void drain(int fd, size_t *len)
{
	ssize_t n;

	for (;;) {
		turn();
		n = recv(fd, answers + *len, sizeof(answers) - *len, MSG_DONTWAIT);
		if (n <= 0)
			return;
		*len += (size_t)n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step = size ? (size_t)data[0] * 4 + 1 : 1, got = 0;
	int fds[2];

	start();
	if (!size || size > 65536 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return 0;
	assert(!bus_server_adopt(server, fds[1]));
	for (size_t at = 1; at < size; at += step) {
		if (send(fds[0], data + at, size - at < step ? size - at : step, MSG_NOSIGNAL) < 0)
			break;
		drain(fds[0], &got);
	}
	if (size & 1)
		(void)shutdown(fds[0], SHUT_WR);
	drain(fds[0], &got);
	check(answers, got);
	(void)close(fds[0]);
	turn();
	assert(bus_server_stats(server)->connections == 0);
	return 0;
}
