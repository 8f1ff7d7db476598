/* SPDX-License-Identifier: GPL-2.0-only */
#include "bus/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/clock.h"
#include "bus/private.h"

#define CHUNK 65536
/* An answer beyond this is a fault of the other side. */
#define REPLY_MAX ((size_t)256 << 20)

struct bus_client {
	int fd;
	int timeout_ms;
	const volatile sig_atomic_t *stop;
	struct bytes in;
	size_t scanned;
};

void bus_reply_free(struct bus_reply *reply)
{
	json_decref(reply->parameters);
	free(reply->error);
	*reply = (struct bus_reply){ 0 };
}

void bus_client_free(struct bus_client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		(void)close(client->fd);
	bus_bytes_free(&client->in);
	free(client);
}

void bus_client_set_stop(struct bus_client *client, const volatile sig_atomic_t *stop)
{
	client->stop = stop;
}

/* --- connecting ----------------------------------------------------------------------------- */

static int explain(struct diag *d, const char *path, int r)
{
	switch (-r) {
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED:
		(void)diag_error(d, NULL, "no daemon answers at %s", path);
		diag_hint(d, "start weird, or name its socket with --bus or $WEIR_BUS");
		break;
	case EACCES:
	case EPERM:
		(void)diag_error(d, NULL, "%s: no permission to talk to the daemon", path);
		diag_hint(d, "it takes root, group weir to look, group weir-admin to change");
		break;
	case EPROTOTYPE:
		(void)diag_error(d, NULL, "%s: this socket is not a bus", path);
		break;
	case EAGAIN:
		(void)diag_error(d, NULL, "%s: the daemon does not take connections", path);
		break;
	default:
		(void)diag_error(d, NULL, "%s: cannot connect: %s", path, strerror(-r));
	}
	return r;
}

/* Connecting waits only for room in the backlog of a daemon that hangs; the send timeout bounds that. */
static int connect_to(const char *path, int timeout_ms, int *ret_fd)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0)
		return -errno;
	if (!*path)
		return -ENOENT;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int bus_client_new(const char *path, int timeout_ms, struct bus_client **ret, struct diag *d)
{
	_cleanup_(bus_client_freep) struct bus_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return -ENOMEM;
	client->fd = -1;
	client->timeout_ms = timeout_ms;
	r = connect_to(path, timeout_ms, &client->fd);
	if (r)
		return explain(d, path, r);
	*ret = TAKE_PTR(client);
	return 0;
}

/* --- bytes ---------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	return (int64_t)(clock_now_ns(CLOCK_MONOTONIC) / 1000000);
}

/* `until` < 0 waits for ever. */
static int wait_for(struct bus_client *client, short events, int64_t until)
{
	struct pollfd p = { .fd = client->fd, .events = events };
	int64_t left = until < 0 ? 0 : MAX(until - now_ms(), 0);
	struct timespec t = { left / 1000, left % 1000 * 1000000 };
	sigset_t none;
	int n;

	(void)sigemptyset(&none);
	if (client->stop && *client->stop)
		return -EINTR;
	n = ppoll(&p, 1, until < 0 ? NULL : &t, client->stop ? &none : NULL);
	if (n < 0)
		return errno == EINTR && !(client->stop && *client->stop) ? 0 : -errno;
	return n ? 0 : -ETIMEDOUT;
}

static int64_t deadline(const struct bus_client *client)
{
	return client->timeout_ms ? now_ms() + client->timeout_ms : -1;
}

/* A server that refuses may close before it has read all: its answer is there all the same. */
static int send_all(struct bus_client *client, const char *data, size_t len)
{
	int64_t until = deadline(client);

	while (len) {
		ssize_t n = send(client->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r = n >= 0 || errno == EINTR ? 0 : -errno;

		if (r == -EAGAIN)
			r = wait_for(client, POLLOUT, until);
		if (r == -EPIPE || r == -ECONNRESET)
			return 0;
		if (r)
			return r;
		data += MAX(n, 0);
		len -= (size_t)MAX(n, 0);
	}
	return 0;
}

static int read_some(struct bus_client *client)
{
	int r = bus_bytes_room(&client->in, CHUNK);
	ssize_t n;

	if (r)
		return r;
	n = recv(client->fd, client->in.data + client->in.end, CHUNK, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	client->in.end += (size_t)n;
	return n ? 0 : -ECONNRESET;
}

/* *ret_len: of the message at the start of client->in, without its NUL. */
static int read_message(struct bus_client *client, int64_t until, size_t *ret_len)
{
	for (;;) {
		size_t len = bus_bytes_len(&client->in);
		const char *nul = NULL;
		int r;

		if (len > client->scanned)
			nul = memchr(client->in.data + client->in.start + client->scanned, 0,
				     len - client->scanned);
		if (nul) {
			*ret_len = (size_t)(nul - client->in.data) - client->in.start;
			client->scanned = 0;
			return 0;
		}
		client->scanned = len;
		if (len > REPLY_MAX)
			return -EMSGSIZE;
		r = wait_for(client, POLLIN, until);
		if (!r)
			r = read_some(client);
		if (r)
			return r;
	}
}

/* --- calls ---------------------------------------------------------------------------------- */

static int say(struct diag *d, int r, const char *method)
{
	switch (-r) {
	case EINTR:
		break;
	case ETIMEDOUT:
		(void)diag_error(d, NULL, "%s: the daemon did not answer in time", method);
		break;
	case ECONNRESET:
		(void)diag_error(d, NULL, "%s: the daemon closed the connection", method);
		break;
	case EBADMSG:
		(void)diag_error(d, NULL, "%s: the answer is not Varlink", method);
		break;
	default:
		(void)diag_error(d, NULL, "%s: %s", method, strerror(-r));
	}
	return r;
}

/* Takes over `parameters`. */
static int send_call(struct bus_client *client, const char *method, json_t *parameters, bool more)
{
	json_t *call = json_pack("{ss so}", "method", method, "parameters",
				 parameters ? parameters : json_object());
	_cleanup_free_ char *text = NULL;

	if (more)
		(void)json_object_set_new(call, "more", json_true());
	text = call ? json_dumps(call, JSON_COMPACT) : NULL;
	json_decref(call);
	return text ? send_all(client, text, strlen(text) + 1) : -ENOMEM;
}

static int parse_reply(const char *text, size_t len, struct bus_reply *ret)
{
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *error = json_object_get(json, "error");
	json_t *parameters = json_object_get(json, "parameters");
	struct bus_reply reply = { 0 };
	bool good = json_is_object(json) && (!error || json_is_string(error)) &&
		    (!parameters || json_is_object(parameters) || json_is_null(parameters));

	if (good) {
		reply.parameters =
			json_is_object(parameters) ? json_incref(parameters) : json_object();
		reply.error = error ? strdup(json_string_value(error)) : NULL;
		reply.continues = json_is_true(json_object_get(json, "continues"));
		*ret = reply;
	}
	json_decref(json);
	return good ? 0 : -EBADMSG;
}

static int read_reply(struct bus_client *client, int64_t until, struct bus_reply *ret)
{
	size_t len = 0;
	int r = read_message(client, until, &len);

	if (r)
		return r;
	r = parse_reply(client->in.data + client->in.start, len, ret);
	bus_bytes_take(&client->in, len + 1);
	return r;
}

int bus_client_call(struct bus_client *client, const char *method, json_t *parameters,
		    struct bus_reply *ret, struct diag *d)
{
	int r = send_call(client, method, parameters, false);

	if (!r)
		r = read_reply(client, deadline(client), ret);
	return r ? say(d, r, method) : 0;
}

int bus_client_follow(struct bus_client *client, const char *method, json_t *parameters,
		      bus_on_reply on_reply, void *userdata, struct diag *d)
{
	int r = send_call(client, method, parameters, true);
	bool last = false;

	while (!r && !last) {
		_cleanup_reply_ struct bus_reply reply = { 0 };

		r = read_reply(client, -1, &reply);
		if (r)
			return say(d, r, method);
		last = !reply.continues;
		r = on_reply(&reply, userdata);
		if (r)
			return r;
	}
	return r ? say(d, r, method) : 0;
}
