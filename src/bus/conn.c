/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One connection.  Every event ends in settle(), which decides from the state alone what is waited
 * for next; so no path can forget to arm a timer or to close.  A connection is freed nowhere else.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bus/private.h"

#define CHUNK 65536
#define LINGER_USEC 1000000
#define ACCURACY_USEC 1000

static void settle(struct conn *c);
static void take_message(struct conn *c);

static uint64_t now(const struct conn *c)
{
	uint64_t usec = 0;

	(void)sd_event_now(c->server->event, CLOCK_MONOTONIC, &usec);
	return usec;
}

/* --- closing -------------------------------------------------------------------------------- */

void bus_conn_free(struct conn *c)
{
	struct bus_server *server = c->server;

	for (size_t i = 0; i < server->conns.n; i++)
		if (server->conns.at[i] == c) {
			vec_remove(&server->conns, i);
			break;
		}
	server->stats.connections = server->conns.n;
	bus_call_cancel(c->call);
	(void)sd_event_source_disable_unref(c->io);
	(void)sd_event_source_disable_unref(c->work);
	(void)sd_event_source_disable_unref(c->timer);
	bus_bytes_free(&c->in);
	bus_bytes_free(&c->out);
	(void)close(c->fd);
	free(c);
}

static void close_soon(struct conn *c)
{
	if (c->closing)
		return;
	bus_call_cancel(c->call);
	c->closing = true;
	c->closing_since = now(c);
}

void bus_conn_refuse(struct conn *c, const char *error, json_t *parameters)
{
	const struct bus_interface *const *handed = c->server->config.interfaces;
	_cleanup_strbuf_ struct strbuf name = { 0 };

	if (!strchr(error, '.'))
		strbuf_addf(&name, "%s.", handed && *handed ? (*handed)->name : BUS_SERVICE);
	strbuf_add(&name, error);
	close_soon(c);
	(void)bus_message_queue(c, strbuf_text(&name), parameters, false);
	bus_conn_wake(c);
}

/*
 * Closing waits, a moment and no longer, for the peer to end: a peer that is still writing would
 * otherwise be killed by SIGPIPE before it reads why it was refused.
 */
static bool is_done(struct conn *c)
{
	if (c->doomed)
		return true;
	if (bus_bytes_len(&c->out) || c->call)
		return false;
	if (c->closing)
		return c->eof || c->gone || c->discarded > c->server->config.limits.message;
	return c->eof && !c->whole;
}

/* --- bytes in and out ----------------------------------------------------------------------- */

static int dump(const char *data, size_t len, void *userdata)
{
	return bus_bytes_add(userdata, data, len) ? -1 : 0;
}

int bus_conn_queue(struct conn *c, const json_t *message)
{
	size_t before = bus_bytes_len(&c->out);

	if (c->gone || c->doomed)
		return -EPIPE;
	if (before > c->server->config.limits.output) {
		c->server->stats.slow_dropped++;
		c->doomed = true;
		return -ENOBUFS;
	}
	if (!before)
		c->out_since = now(c);
	if (json_dump_callback(message, dump, &c->out, JSON_COMPACT | JSON_REAL_PRECISION(15)) ||
	    bus_bytes_add(&c->out, "", 1)) {
		c->doomed = true; /* half a message may be in the queue: nothing can follow it */
		return -ENOMEM;
	}
	return 0;
}

static int on_work(sd_event_source *s, void *userdata)
{
	struct conn *c = userdata;

	c->work = sd_event_source_disable_unref(c->work);
	take_message(c);
	settle(c);
	return 0;
}

/*
 * A new source each time: sd-event orders by age, and one that is only re-enabled keeps its first
 * age, so that the oldest busy connection would go before all others for ever.
 */
void bus_conn_wake(struct conn *c)
{
	if (c->work || sd_event_add_defer(c->server->event, &c->work, on_work, c) >= 0)
		return;
	c->deadline = DEADLINE_NONE;
	(void)sd_event_source_set_time(c->timer, c->armed = 0);
	(void)sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

static void flush(struct conn *c)
{
	while (bus_bytes_len(&c->out) && !c->gone) {
		ssize_t n = send(c->fd, c->out.data + c->out.start, bus_bytes_len(&c->out),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			c->gone = true;
			return;
		}
		bus_bytes_take(&c->out, (size_t)n);
		c->server->stats.bytes_out += (uint64_t)n;
		c->out_since = now(c);
	}
	if (c->closing && !c->gone && !c->write_shut) {
		(void)shutdown(c->fd, SHUT_WR);
		c->write_shut = true;
	}
}

static void take_input(struct conn *c, size_t n)
{
	if (c->closing) {
		c->discarded += n;
		return;
	}
	if (!bus_bytes_len(&c->in))
		c->in_since = now(c);
	c->in.end += n;
	c->server->stats.bytes_in += n;
}

static void read_some(struct conn *c)
{
	ssize_t n;

	if (bus_bytes_room(&c->in, CHUNK)) {
		c->doomed = true;
		return;
	}
	n = recv(c->fd, c->in.data + c->in.end, CHUNK, MSG_DONTWAIT);
	if (n > 0) {
		take_input(c, (size_t)n);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->eof = true;
	if (n < 0)
		c->gone = true;
}

static void scan(struct conn *c)
{
	size_t len = bus_bytes_len(&c->in), limit = c->server->config.limits.message;
	const char *start, *nul;

	if (c->closing || c->whole || len == c->scanned)
		return;
	start = c->in.data + c->in.start;
	nul = memchr(start + c->scanned, 0, len - c->scanned);
	c->scanned = nul ? (size_t)(nul - start) : len;
	c->whole = nul;
	if (c->scanned <= limit)
		return;
	c->server->stats.oversize++;
	bus_conn_refuse(c, "BadMessage",
			json_pack("{so}", "reason",
				  json_sprintf("a call has at most %zu bytes", limit)));
}

/* --- what to wait for ----------------------------------------------------------------------- */

static bool is_ready(const struct conn *c)
{
	return c->whole && !c->call && !c->closing && !c->doomed &&
	       bus_bytes_len(&c->out) <= c->server->config.limits.backlog;
}

static void watch_io(struct conn *c)
{
	uint32_t mask = 0;

	if (!c->eof && (c->closing || !c->whole))
		mask |= EPOLLIN;
	if (bus_bytes_len(&c->out))
		mask |= EPOLLOUT;
	/* A hang-up is reported for ever: once known, it must not keep the loop awake. */
	(void)sd_event_source_set_io_events(c->io, mask);
	(void)sd_event_source_set_enabled(c->io, c->gone && !mask ? SD_EVENT_OFF : SD_EVENT_ON);
}

/* A monitor may be paused by its reader for as long as it likes: it loses events, not its place. */
static bool may_stall(const struct conn *c)
{
	return c->call && c->call->method->row->stream;
}

static enum deadline next_deadline(const struct conn *c, uint64_t *ret_usec)
{
	uint64_t timeout = c->server->config.limits.message_usec;

	if (c->closing) {
		*ret_usec = c->closing_since + MIN(timeout, LINGER_USEC);
		return DEADLINE_LINGER;
	}
	if (bus_bytes_len(&c->out) && !may_stall(c)) {
		*ret_usec = c->out_since + timeout;
		return DEADLINE_OUTPUT;
	}
	*ret_usec = c->in_since + timeout;
	return !c->whole && bus_bytes_len(&c->in) ? DEADLINE_MESSAGE : DEADLINE_NONE;
}

static void watch_time(struct conn *c)
{
	uint64_t usec;

	c->deadline = next_deadline(c, &usec);
	/* Setting it anew would take back that it is due. */
	if (c->deadline != DEADLINE_NONE && usec != c->armed)
		(void)sd_event_source_set_time(c->timer, c->armed = usec);
	(void)sd_event_source_set_enabled(c->timer, c->deadline == DEADLINE_NONE ? SD_EVENT_OFF :
										   SD_EVENT_ONESHOT);
}

static void settle(struct conn *c)
{
	scan(c);
	flush(c);
	if (c->gone) {
		bus_bytes_free(&c->out);
		bus_call_cancel(c->call);
	}
	if (is_done(c)) {
		bus_conn_free(c);
		return;
	}
	watch_io(c);
	watch_time(c);
	if (is_ready(c))
		bus_conn_wake(c);
}

/* --- what happened -------------------------------------------------------------------------- */

static int on_io(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
	struct conn *c = userdata;

	if (events & EPOLLIN)
		read_some(c);
	if (events & (EPOLLHUP | EPOLLERR))
		c->gone = true;
	settle(c);
	return 0;
}

/* One message a turn: a caller that sends a thousand at once must not hold up the others. */
static void take_message(struct conn *c)
{
	size_t len = c->scanned;

	if (!is_ready(c))
		return;
	bus_dispatch(c, c->in.data + c->in.start, len);
	bus_bytes_take(&c->in, len + 1);
	c->scanned = 0;
	c->whole = false;
	c->in_since = now(c);
}

static void refuse_late(struct conn *c)
{
	uint64_t seconds = c->server->config.limits.message_usec / 1000000;

	c->server->stats.timeouts++;
	bus_conn_refuse(c, "BadMessage",
			json_pack("{so}", "reason",
				  json_sprintf("the call did not arrive whole within %llu s",
					       (unsigned long long)seconds)));
}

static int on_timer(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct conn *c = userdata;

	if (c->deadline == DEADLINE_NONE)
		take_message(c);
	if (c->deadline == DEADLINE_MESSAGE)
		refuse_late(c);
	if (c->deadline == DEADLINE_OUTPUT)
		c->server->stats.slow_dropped++;
	if (c->deadline == DEADLINE_OUTPUT || c->deadline == DEADLINE_LINGER)
		c->doomed = true;
	settle(c);
	return 0;
}

static int add_sources(struct conn *c)
{
	sd_event *event = c->server->event;
	int r = sd_event_add_io(event, &c->io, c->fd, EPOLLIN, on_io, c);

	if (r >= 0)
		r = sd_event_add_time(event, &c->timer, CLOCK_MONOTONIC, UINT64_MAX, ACCURACY_USEC,
				      on_timer, c);
	if (r >= 0)
		r = sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	return r < 0 ? r : 0;
}

int bus_conn_new(struct bus_server *server, int fd, const struct peer *peer, struct conn **ret)
{
	struct conn *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		(void)close(fd);
		return -ENOMEM;
	}
	*c = (struct conn){ .server = server, .fd = fd, .peer = *peer };
	r = add_sources(c);
	if (!r)
		r = vec_push(&server->conns, c);
	if (r) {
		bus_conn_free(c);
		return r;
	}
	server->stats.connections = server->conns.n;
	bus_conn_wake(c);
	*ret = c;
	return 0;
}
