/* SPDX-License-Identifier: GPL-2.0-only */
/* A blocking Varlink client, for programs that ask, print and end. */
#pragma once

#include <jansson.h>
#include <signal.h>

#include "base/diag.h"

struct bus_client;

/* What came back: parameters and, when the call was refused, the error's full name. */
struct bus_reply {
	json_t *parameters; /* an object, never NULL */
	char *error;
	bool continues;
};
void bus_reply_free(struct bus_reply *reply);
#define _cleanup_reply_ _cleanup_(bus_reply_free)

/*
 * -ENOENT or -ECONNREFUSED: no daemon there.  -EACCES: not for this user.  The words are in `d`.
 * `timeout_ms` is for connecting and for each answer; 0 waits for ever.
 */
int bus_client_new(const char *path, int timeout_ms, struct bus_client **ret, struct diag *d);
void bus_client_free(struct bus_client *client);
DEFINE_CLEANUP(struct bus_client *, bus_client_free)

/*
 * Ends a wait with -EINTR once a signal handler has set `*stop`.  The signal must be blocked by the
 * caller; it is let in only while waiting, so that none is missed.
 */
void bus_client_set_stop(struct bus_client *client, const volatile sig_atomic_t *stop);

/* 0 also for a named error: look at reply->error.  Takes over `parameters`, which may be NULL. */
int bus_client_call(struct bus_client *client, const char *method, json_t *parameters,
		    struct bus_reply *ret, struct diag *d);

/* Nonzero ends the stream and is what bus_client_follow() returns. */
typedef int (*bus_on_reply)(const struct bus_reply *reply, void *userdata);
/* Every answer until one without `continues`, however long it takes. The connection ends with it. */
int bus_client_follow(struct bus_client *client, const char *method, json_t *parameters,
		      bus_on_reply on_reply, void *userdata, struct diag *d);
