/* SPDX-License-Identifier: GPL-2.0-only */
/* From a message to the handler that answers it, or to the error that says why none does. */
#include <errno.h>
#include <string.h>

#include "base/near.h"
#include "bus/private.h"

/* A call that cannot be begun.  `oneway` callers are not answered, not even so. */
static void refuse(struct conn *conn, const struct bus_message *m, const char *error,
		   const char *key, const char *value, const char *words)
{
	json_t *parameters = json_object();

	conn->server->stats.errors++;
	if (key)
		(void)json_object_set_new(parameters, key, bus_text(value));
	if (words)
		(void)json_object_set_new(parameters, "message", bus_text(words));
	if (m->oneway)
		json_decref(parameters);
	else
		(void)bus_message_queue(conn, error, parameters, false);
}

static void refuse_interface(struct conn *conn, const struct bus_message *m, size_t len)
{
	_cleanup_free_ char *name = strndup(m->method, len);

	refuse(conn, m, BUS_SERVICE ".InterfaceNotFound", "interface", name ? name : "", NULL);
}

static void refuse_method(struct conn *conn, const struct bus_message *m, const struct interface *i,
			  const char *name)
{
	_cleanup_strbuf_ struct strbuf words = { 0 };
	VEC(const char *) names = { 0 };
	const char *near;

	vec_foreach(&i->methods, known)
		(void)vec_push(&names, known->row->name);
	near = near_word(name, names.at, names.n);
	vec_free(&names);
	strbuf_addf(&words, "%s has no method '%s'", i->row->name, name);
	if (near)
		strbuf_addf(&words, ", did you mean '%s'?", near);
	refuse(conn, m, BUS_SERVICE ".MethodNotFound", "method", m->method, strbuf_text(&words));
}

static bool is_allowed(struct conn *conn, const struct bus_message *m, const struct method *method)
{
	if (method->row->access == BUS_READ || conn->peer.role == ROLE_ADMIN)
		return true;
	conn->server->stats.denied++;
	refuse(conn, m, BUS_PERMISSION_DENIED, NULL, NULL,
	       "this changes something: it takes root or a member of group weir-admin");
	return false;
}

static bool is_well_formed(struct conn *conn, const struct bus_message *m,
			   const struct method *method, const json_t *parameters)
{
	struct idl_fault fault = { 0 };
	int r;

	if (m->upgrade) {
		refuse(conn, m, BUS_SERVICE ".MethodNotImplemented", "method", m->method,
		       "no method here changes the protocol of its connection");
		return false;
	}
	if (method->row->stream && !m->more) {
		refuse(conn, m, BUS_EXPECTED_MORE, NULL, NULL, "call it with \"more\": true");
		return false;
	}
	r = idl_check(method->in, parameters, &fault);
	if (r)
		refuse(conn, m, BUS_INVALID_PARAMETER, "parameter", strbuf_text(&fault.path),
		       strbuf_text(&fault.reason));
	idl_fault_free(&fault);
	return !r;
}

static void begin(struct conn *conn, const struct bus_message *m, const struct interface *i,
		  const struct method *method, const json_t *parameters)
{
	struct bus_call *call = calloc(1, sizeof(*call));
	int r;

	if (!call) {
		conn->doomed = true;
		return;
	}
	*call = (struct bus_call){
		.conn = conn, .interface = i, .method = method, .more = m->more, .oneway = m->oneway
	};
	conn->call = call;
	r = method->row->handle(call, parameters, conn->server->config.userdata);
	if (conn->call != call)
		return;
	if (r < 0)
		(void)bus_call_failed(call, "%s", strerror(-r));
	else if (!call->deferred)
		(void)bus_call_failed(call, "the method gave no answer");
}

static void dispatch_message(struct conn *conn, const struct bus_message *m)
{
	const char *name = strrchr(m->method, '.') + 1;
	size_t len = (size_t)(name - 1 - m->method);
	const struct interface *i = bus_table_find(conn->server, m->method, len);
	const struct method *method = i ? bus_table_find_method(i, name) : NULL;
	json_t *parameters;

	conn->server->stats.calls++;
	if (!i) {
		refuse_interface(conn, m, len);
		return;
	}
	if (!method) {
		refuse_method(conn, m, i, name);
		return;
	}
	if (!is_allowed(conn, m, method))
		return;
	parameters = m->parameters ? json_incref(m->parameters) : json_object();
	if (!parameters)
		conn->doomed = true;
	else if (is_well_formed(conn, m, method, parameters))
		begin(conn, m, i, method, parameters);
	json_decref(parameters);
}

void bus_dispatch(struct conn *conn, const char *text, size_t len)
{
	struct bus_message message = { 0 };
	_cleanup_free_ char *reason = NULL;

	if (bus_message_parse(text, len, &message, &reason)) {
		conn->server->stats.bad_messages++;
		bus_conn_refuse(conn, "BadMessage",
				json_pack("{so}", "reason", bus_text(reason ? reason : "not a call")));
		return;
	}
	dispatch_message(conn, &message);
	bus_message_free(&message);
}
