/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the server share with each other and with nobody else. */
#pragma once

#include "base/strbuf.h"
#include "base/vec.h"
#include "bus/idl.h"
#include "bus/message.h"
#include "bus/server.h"

enum bus_role { ROLE_NONE, ROLE_READ, ROLE_ADMIN };

struct peer {
	pid_t pid;
	uid_t uid;
	enum bus_role role;
};

/* A row with its types understood. */
struct method {
	const struct bus_method *row;
	struct idl_type *in, *out;
};

struct interface {
	const struct bus_interface *row;
	VEC(struct method) methods;
	char *description;
};

struct socket_file {
	char *path;
	dev_t dev;
	ino_t ino;
};

struct bus_server {
	sd_event *event;
	struct bus_config config;
	VEC(struct interface) interfaces;
	struct socket_file file;
	int listen_fd;
	sd_event_source *listen, *pause;
	VEC(struct conn *) conns; /* also those that only linger */
	struct bus_stats stats;
};

/* Bytes waiting to be parsed or sent: the live ones are data[start..end). */
struct bytes {
	char *data;
	size_t start, end, cap;
};

enum deadline { DEADLINE_NONE, DEADLINE_MESSAGE, DEADLINE_OUTPUT, DEADLINE_LINGER };

struct conn {
	struct bus_server *server;
	int fd;
	struct peer peer;
	sd_event_source *io, *work, *timer;
	struct bytes in, out;
	size_t scanned; /* that many bytes of `in` have no NUL */
	bool whole;	/* a NUL stands at in.start + scanned: a complete message waits */
	bool eof;	/* the peer sends no more */
	bool gone;	/* the peer takes no more */
	bool doomed;	/* close now, whatever waits */
	bool closing;	/* close once the output is out */
	bool write_shut;
	size_t discarded; /* bytes thrown away while closing */
	enum deadline deadline;
	uint64_t armed; /* the time the timer is set to */
	uint64_t in_since, out_since, closing_since;
	struct bus_call *call;
};

struct bus_call {
	struct conn *conn;
	const struct interface *interface;
	const struct method *method;
	bool more, oneway, deferred;
	uint64_t lost;
	bus_gone gone;
	void *userdata;
};

/* socket.c */
int bus_socket_file_open(const char *path, const struct bus_groups *groups, struct socket_file *ret,
			 int *ret_fd, struct diag *d);
void bus_socket_file_remove(struct socket_file *file);

/* peer.c */
int bus_peer_read(int fd, const struct bus_groups *groups, struct peer *ret);

/* table.c */
int bus_table_build(struct bus_server *server, struct diag *d);
void bus_table_free(struct bus_server *server);
const struct interface *bus_table_find(const struct bus_server *server, const char *name, size_t len);
const struct method *bus_table_find_method(const struct interface *interface, const char *name);

/* service.c */
extern const struct bus_interface bus_service_interface;

/* conn.c */
int bus_conn_new(struct bus_server *server, int fd, const struct peer *peer, struct conn **ret);
void bus_conn_free(struct conn *conn);
int bus_conn_queue(struct conn *conn, const json_t *message);
void bus_conn_wake(struct conn *conn);
/* Answers outside of any call, then closes: the peer broke a rule that has no method. */
void bus_conn_refuse(struct conn *conn, const char *error, json_t *parameters);

/* bytes.c */
int bus_bytes_add(struct bytes *b, const void *data, size_t len);
int bus_bytes_room(struct bytes *b, size_t len);
void bus_bytes_take(struct bytes *b, size_t len);
void bus_bytes_free(struct bytes *b);
static inline size_t bus_bytes_len(const struct bytes *b)
{
	return b->end - b->start;
}

/* call.c */
void bus_call_cancel(struct bus_call *call);
int bus_message_queue(struct conn *conn, const char *error, json_t *parameters, bool continues);

/* dispatch.c */
void bus_dispatch(struct conn *conn, const char *text, size_t len);
