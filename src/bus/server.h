/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A Varlink server on a UNIX socket, inside an sd-event loop.  It knows nothing of what the methods
 * do: it is handed tables of them, and keeps callers apart by their role, their size and their pace.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "base/diag.h"

struct bus_server;
struct bus_call;

enum bus_access { BUS_READ, BUS_WRITE };

/* Error names that handlers use; a name without a dot is taken as one of the method's interface. */
#define BUS_INVALID_PARAMETER "org.varlink.service.InvalidParameter"
#define BUS_PERMISSION_DENIED "org.varlink.service.PermissionDenied"
#define BUS_EXPECTED_MORE "org.varlink.service.ExpectedMore"

/*
 * Answers now with one of the bus_call_* functions below, or calls bus_call_defer() and answers
 * later.  `parameters` is checked against the row's `in`, never NULL, and borrowed: it lives until
 * the handler returns.  A negative return is answered as the error Failed with the errno's text.
 */
typedef int (*bus_handler)(struct bus_call *call, const json_t *parameters, void *userdata);

struct bus_method {
	const char *name; /* "GetCounters" */
	enum bus_access access;
	const char *in;	  /* "(interface: ?string)" */
	const char *out;  /* "(counters: []object)" */
	const char *help; /* one line, or several parted by newlines */
	bus_handler handle;
	bool stream; /* answers many times: the caller must say `more` */
};

struct bus_error {
	const char *name; /* "ConfigInvalid" */
	const char *in;	  /* "(diagnostics: []object)" */
	const char *help;
};

/* Every table ends with a row whose name is NULL; `errors` may be NULL. */
struct bus_interface {
	const char *name; /* "io.weir" */
	const char *help;
	const struct bus_method *methods;
	const struct bus_error *errors;
};

/* Whose members may read, and whose may also write; root and our own user always may. */
struct bus_groups {
	gid_t read, admin; /* 0: nobody; the group root is never meant */
};
/* The groups `weir` and `weir-admin` of this machine.  Asks NSS: before the loop runs, not in it. */
struct bus_groups bus_groups_find(void);

/* 0 stands for the default of each. */
struct bus_limits {
	size_t message; /* bytes of one call: 1 MiB */
	size_t output;	/* bytes waiting for a slow reader before it is dropped: 4 MiB */
	size_t backlog; /* bytes waiting before a monitor loses events and no call is begun: 256 KiB */
	unsigned conns;	       /* at once: 64, of which an eighth is kept for those who may write */
	unsigned per_user;     /* at once, of one uid: 32 */
	uint64_t message_usec; /* for a call to arrive whole once begun, and for output to move: 30 s */
};

struct bus_config {
	const char *path; /* of the socket; NULL: only bus_server_adopt() */
	const char *vendor, *product, *version, *url;
	const struct bus_interface *const *interfaces; /* ends with NULL */
	struct bus_groups groups;
	struct bus_limits limits;
	void *userdata; /* for the handlers */
};

/*
 * -EADDRINUSE: another daemon answers there.  -EINVAL: a table row is wrong.  The words are in `d`.
 * The tables and strings of `config` are borrowed, save for `path`.
 */
int bus_server_new(sd_event *event, const struct bus_config *config, struct bus_server **ret,
		   struct diag *d);
/* Tells every open call that it is gone, and removes the socket if it is still ours.  Not from a handler. */
void bus_server_free(struct bus_server *server);
DEFINE_CLEANUP(struct bus_server *, bus_server_free)
/* Serves a connected socket as if it had been accepted; takes the descriptor, also on failure. */
int bus_server_adopt(struct bus_server *server, int fd);

/* --- answering ------------------------------------------------------------------------------ */

/*
 * These two end the call: `call` is gone afterwards.  `parameters` is taken over; NULL stands for
 * an empty object.  Never blocks.
 */
int bus_call_reply(struct bus_call *call, json_t *parameters);
int bus_call_error(struct bus_call *call, const char *name, json_t *parameters);
/* The error Failed, with words. Ends the call. */
int bus_call_failed(struct bus_call *call, const char *format, ...) _printf_(2, 3);
/* InvalidParameter, with the parameter's name and words. Ends the call. */
int bus_call_invalid(struct bus_call *call, const char *parameter, const char *format, ...)
	_printf_(3, 4);

/* One more answer of a stream, which must not be lost: a reader that is too slow is dropped. */
int bus_call_continue(struct bus_call *call, json_t *parameters);
/*
 * One event of a monitor.  A reader that cannot keep up loses events; the next that reaches it
 * has `lost` = how many.  The row's `out` must have `lost: ?int`.  `event` is borrowed.
 */
int bus_call_event(struct bus_call *call, const json_t *event);

/* The answer comes later.  `gone` is called, from the loop, if the peer leaves before; `call` is invalid after. */
typedef void (*bus_gone)(struct bus_call *call, void *userdata);
void bus_call_defer(struct bus_call *call, bus_gone gone, void *userdata);

bool bus_call_more(const struct bus_call *call);
/* The names of the called method and of its interface, as in their rows. */
const char *bus_call_method(const struct bus_call *call);
const char *bus_call_interface(const struct bus_call *call);
uid_t bus_call_uid(const struct bus_call *call);
pid_t bus_call_pid(const struct bus_call *call);
bool bus_call_may_write(const struct bus_call *call);

/* --- counters ------------------------------------------------------------------------------- */

#define BUS_STATS(ROW)                                                              \
	ROW(connections, "connections open now")                                    \
	ROW(accepted, "connections accepted")                                       \
	ROW(refused_permission, "connections refused: neither root nor in a group") \
	ROW(refused_full, "connections refused: too many")                          \
	ROW(accept_failed, "connections lost for want of descriptors or memory")    \
	ROW(calls, "calls taken")                                                   \
	ROW(errors, "calls answered with an error")                                 \
	ROW(denied, "calls refused: the caller may only read")                      \
	ROW(bad_messages, "connections closed: what came was not a call")           \
	ROW(oversize, "connections closed: a call was too large")                   \
	ROW(timeouts, "connections closed: a call did not arrive whole in time")    \
	ROW(slow_dropped, "connections closed: answers were not read in time")      \
	ROW(events_lost, "monitor events a slow reader lost")                       \
	ROW(replies_odd, "answers that do not match their description")             \
	ROW(bytes_in, "bytes received")                                             \
	ROW(bytes_out, "bytes sent")

struct bus_stats {
#define BUS_STATS_FIELD(name, help) uint64_t name;
	BUS_STATS(BUS_STATS_FIELD)
#undef BUS_STATS_FIELD
};
const struct bus_stats *bus_server_stats(const struct bus_server *server);
/* {"accepted": 3, …}; new reference. */
json_t *bus_stats_to_json(const struct bus_stats *stats);
