/* SPDX-License-Identifier: GPL-2.0-only */
/* The server as a whole: who is let in, and how many. */
#include "bus/server.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "bus/private.h"

#define ACCEPT_BATCH 16
#define PAUSE_USEC 1000000

static const struct bus_limits default_limits = {
	.message = 1 << 20,
	.output = 4 << 20,
	.backlog = 256 << 10,
	.conns = 64,
	.per_user = 32,
	.message_usec = 30 * 1000000ULL,
};

static void fill_limits(struct bus_limits *l)
{
#define FILL(name) l->name = l->name ? l->name : default_limits.name
	FILL(message);
	FILL(output);
	FILL(backlog);
	FILL(conns);
	FILL(per_user);
	FILL(message_usec);
#undef FILL
}

/* --- letting in ----------------------------------------------------------------------------- */

/* Those being told why they are refused do not count: they must not keep others out. */
static unsigned count_open(const struct bus_server *server, const uid_t *only)
{
	unsigned n = 0;

	for (size_t i = 0; i < server->conns.n; i++) {
		const struct conn *c = server->conns.at[i];

		n += !c->closing && (!only || c->peer.uid == *only);
	}
	return n;
}

/* Readers cannot take the last places: whoever has to stop a runaway must get in. */
static const char *full_limit(const struct bus_server *server, const struct peer *peer)
{
	const struct bus_limits *l = &server->config.limits;
	unsigned reserve = peer->role == ROLE_ADMIN ? 0 : l->conns / 8;

	if (count_open(server, &peer->uid) >= l->per_user)
		return "connections of one user";
	return count_open(server, NULL) + reserve >= l->conns ? "connections" : NULL;
}

static void admit(struct bus_server *server, struct conn *conn, const char *full)
{
	if (conn->peer.role == ROLE_NONE) {
		server->stats.refused_permission++;
		bus_conn_refuse(conn, BUS_PERMISSION_DENIED,
				json_pack("{ss}", "message",
					  "it takes root or a member of group weir or weir-admin"));
	} else if (full) {
		server->stats.refused_full++;
		bus_conn_refuse(conn, "Busy", json_pack("{ss}", "limit", full));
	}
}

int bus_server_adopt(struct bus_server *server, int fd)
{
	struct conn *conn;
	struct peer peer;
	const char *full;
	int r = bus_peer_read(fd, &server->config.groups, &peer);

	if (!r && server->conns.n >= 2 * (size_t)server->config.limits.conns)
		r = -EUSERS; /* too many even to say so */
	if (r) {
		(void)close(fd);
		return r;
	}
	full = full_limit(server, &peer);
	r = bus_conn_new(server, fd, &peer, &conn);
	if (r)
		return r;
	server->stats.accepted++;
	admit(server, conn, full);
	return 0;
}

static int on_pause_over(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct bus_server *server = userdata;

	return sd_event_source_set_enabled(server->listen, SD_EVENT_ON);
}

/* Without descriptors the listening socket stays readable: looking away for a second is all there is. */
static void pause_accepting(struct bus_server *server)
{
	server->stats.accept_failed++;
	if (sd_event_source_set_time_relative(server->pause, PAUSE_USEC) < 0 ||
	    sd_event_source_set_enabled(server->pause, SD_EVENT_ONESHOT) < 0)
		return;
	(void)sd_event_source_set_enabled(server->listen, SD_EVENT_OFF);
}

static int on_listen(sd_event_source *s, int listen_fd, uint32_t events, void *userdata)
{
	struct bus_server *server = userdata;

	for (unsigned i = 0; i < ACCEPT_BATCH; i++) {
		int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			int r = bus_server_adopt(server, fd);

			server->stats.refused_full += r == -EUSERS;
			server->stats.accept_failed += r && r != -EUSERS;
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(server);
		return 0;
	}
	return 0;
}

/* --- life ----------------------------------------------------------------------------------- */

static int start_listening(struct bus_server *server, struct diag *d)
{
	int r = bus_socket_file_open(server->config.path, &server->config.groups, &server->file,
				     &server->listen_fd, d);

	if (r)
		return r;
	r = sd_event_add_io(server->event, &server->listen, server->listen_fd, EPOLLIN, on_listen,
			    server);
	if (r >= 0)
		r = sd_event_add_time(server->event, &server->pause, CLOCK_MONOTONIC, UINT64_MAX, 0,
				      on_pause_over, server);
	if (r >= 0)
		r = sd_event_source_set_enabled(server->pause, SD_EVENT_OFF);
	return r < 0 ? r : 0;
}

int bus_server_new(sd_event *event, const struct bus_config *config, struct bus_server **ret,
		   struct diag *d)
{
	_cleanup_(bus_server_freep) struct bus_server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return -ENOMEM;
	server->event = sd_event_ref(event);
	server->config = *config;
	server->listen_fd = -1;
	fill_limits(&server->config.limits);
	r = bus_table_build(server, d);
	if (!r && config->path)
		r = start_listening(server, d);
	if (r)
		return r;
	*ret = TAKE_PTR(server);
	return 0;
}

void bus_server_free(struct bus_server *server)
{
	if (!server)
		return;
	while (server->conns.n)
		bus_conn_free(server->conns.at[server->conns.n - 1]);
	vec_free(&server->conns);
	(void)sd_event_source_disable_unref(server->listen);
	(void)sd_event_source_disable_unref(server->pause);
	bus_socket_file_remove(&server->file);
	if (server->listen_fd >= 0)
		(void)close(server->listen_fd);
	bus_table_free(server);
	(void)sd_event_unref(server->event);
	free(server);
}

const struct bus_stats *bus_server_stats(const struct bus_server *server)
{
	return &server->stats;
}

json_t *bus_stats_to_json(const struct bus_stats *stats)
{
	json_t *json = json_object();

#define SET(name, help) \
	(void)json_object_set_new(json, #name, json_integer((json_int_t)stats->name));
	BUS_STATS(SET)
#undef SET
	return json;
}
