/* SPDX-License-Identifier: GPL-2.0-only */
/* org.varlink.service: by which a caller learns what the other interfaces take and answer. */
#include <string.h>

#include "bus/private.h"

static json_t *interface_names(const struct bus_server *server)
{
	json_t *names = json_array();

	vec_foreach(&server->interfaces, i)
		(void)json_array_append_new(names, json_string(i->row->name));
	return names;
}

static const char *text(const char *s)
{
	return s ? s : "";
}

static int get_info(struct bus_call *call, const json_t *parameters, void *userdata)
{
	const struct bus_server *server = call->conn->server;
	const struct bus_config *c = &server->config;

	return bus_call_reply(call, json_pack("{ss ss ss ss so}", "vendor", text(c->vendor), "product",
					      text(c->product), "version", text(c->version), "url",
					      text(c->url), "interfaces", interface_names(server)));
}

static int get_description(struct bus_call *call, const json_t *parameters, void *userdata)
{
	const char *name = json_string_value(json_object_get(parameters, "interface"));
	const struct interface *i = bus_table_find(call->conn->server, name, strlen(name));

	if (!i)
		return bus_call_error(call, BUS_SERVICE ".InterfaceNotFound",
				      json_pack("{ss}", "interface", name));
	return bus_call_reply(call, json_pack("{ss}", "description", i->description));
}

static const struct bus_method methods[] = {
	{ "GetInfo", BUS_READ, "()",
	  "(vendor: string, product: string, version: string, url: string, interfaces: []string)",
	  "Who answers here, and which interfaces it has.", get_info },
	{ "GetInterfaceDescription", BUS_READ, "(interface: string)", "(description: string)",
	  "The methods, types and errors of one interface, in Varlink's own language.",
	  get_description },
	{ 0 },
};

static const struct bus_error errors[] = {
	{ "InterfaceNotFound", "(interface: string)", "There is no such interface." },
	{ "MethodNotFound", "(method: string)", "The interface has no such method." },
	{ "MethodNotImplemented", "(method: string)", "The method cannot be called in this way." },
	{ "InvalidParameter", "(parameter: string)",
	  "A parameter is missing, not known, or not of its type." },
	{ "PermissionDenied", "()", "The caller may not do this." },
	{ "ExpectedMore", "()", "The method answers many times and needs `more`." },
	{ 0 },
};

const struct bus_interface bus_service_interface = {
	.name = BUS_SERVICE,
	.help = "What every Varlink service can say about itself.",
	.methods = methods,
	.errors = errors,
};
