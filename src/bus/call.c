/* SPDX-License-Identifier: GPL-2.0-only */
/* A call in the hands of its handler: the ways to answer it. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "bus/private.h"

/* Takes over `parameters`. */
int bus_message_queue(struct conn *conn, const char *error, json_t *parameters, bool continues)
{
	json_t *message = json_object();
	int r;

	if (!parameters)
		parameters = json_object();
	if (error)
		(void)json_object_set_new(message, "error", json_string(error));
	(void)json_object_set_new(message, "parameters", parameters);
	if (continues)
		(void)json_object_set_new(message, "continues", json_true());
	r = message ? bus_conn_queue(conn, message) : -ENOMEM;
	json_decref(message);
	return r;
}

static void check_reply(struct bus_call *call, const json_t *parameters)
{
	struct idl_fault fault = { 0 };

	if (parameters && idl_check(call->method->out, parameters, &fault))
		call->conn->server->stats.replies_odd++;
	idl_fault_free(&fault);
}

static int answer(struct bus_call *call, const char *error, json_t *parameters, bool continues)
{
	if (!error)
		check_reply(call, parameters);
	if (call->oneway) {
		json_decref(parameters);
		return 0;
	}
	return bus_message_queue(call->conn, error, parameters, continues);
}

static int finish(struct bus_call *call, const char *error, json_t *parameters)
{
	struct conn *conn = call->conn;
	int r = answer(call, error, parameters, false);

	conn->call = NULL;
	bus_conn_wake(conn);
	free(call);
	return r;
}

int bus_call_reply(struct bus_call *call, json_t *parameters)
{
	return finish(call, NULL, parameters);
}

int bus_call_error(struct bus_call *call, const char *name, json_t *parameters)
{
	_cleanup_strbuf_ struct strbuf full = { 0 };

	if (!strchr(name, '.'))
		strbuf_addf(&full, "%s.", call->interface->row->name);
	strbuf_add(&full, name);
	call->conn->server->stats.errors++;
	return finish(call, strbuf_text(&full), parameters);
}

int bus_call_failed(struct bus_call *call, const char *format, ...)
{
	_cleanup_strbuf_ struct strbuf words = { 0 };
	va_list args;

	va_start(args, format);
	strbuf_vaddf(&words, format, args);
	va_end(args);
	return bus_call_error(call, "Failed",
			      json_pack("{so}", "message", bus_text(strbuf_text(&words))));
}

int bus_call_invalid(struct bus_call *call, const char *parameter, const char *format, ...)
{
	_cleanup_strbuf_ struct strbuf words = { 0 };
	va_list args;

	va_start(args, format);
	strbuf_vaddf(&words, format, args);
	va_end(args);
	return bus_call_error(call, BUS_INVALID_PARAMETER,
			      json_pack("{so so}", "parameter", bus_text(parameter), "message",
					bus_text(strbuf_text(&words))));
}

int bus_call_continue(struct bus_call *call, json_t *parameters)
{
	int r;

	if (!call->more) {
		json_decref(parameters);
		return -EINVAL;
	}
	r = answer(call, NULL, parameters, true);
	bus_conn_wake(call->conn);
	return r;
}

/* The event as this reader gets it: with what it lost before, if it did. */
static json_t *with_lost(const json_t *event, uint64_t lost)
{
	json_t *copy;

	if (!lost)
		return json_incref((json_t *)event);
	copy = json_copy((json_t *)event);
	(void)json_object_set_new(copy, "lost", json_integer((json_int_t)lost));
	return copy;
}

int bus_call_event(struct bus_call *call, const json_t *event)
{
	struct bus_server *server = call->conn->server;
	json_t *out;
	int r;

	if (bus_bytes_len(&call->conn->out) > server->config.limits.backlog) {
		call->lost++;
		server->stats.events_lost++;
		return 0;
	}
	out = with_lost(event, call->lost);
	if (!out)
		return -ENOMEM;
	r = bus_call_continue(call, out);
	if (!r)
		call->lost = 0;
	return r;
}

void bus_call_defer(struct bus_call *call, bus_gone gone, void *userdata)
{
	call->deferred = true;
	call->gone = gone;
	call->userdata = userdata;
}

void bus_call_cancel(struct bus_call *call)
{
	if (!call)
		return;
	call->conn->call = NULL;
	if (call->gone)
		call->gone(call, call->userdata);
	free(call);
}

bool bus_call_more(const struct bus_call *call)
{
	return call->more;
}

const char *bus_call_method(const struct bus_call *call)
{
	return call->method->row->name;
}

const char *bus_call_interface(const struct bus_call *call)
{
	return call->interface->row->name;
}

uid_t bus_call_uid(const struct bus_call *call)
{
	return call->conn->peer.uid;
}

pid_t bus_call_pid(const struct bus_call *call)
{
	return call->conn->peer.pid;
}

bool bus_call_may_write(const struct bus_call *call)
{
	return call->conn->peer.role == ROLE_ADMIN;
}
