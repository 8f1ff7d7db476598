/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The handed tables, understood once when the server starts: each row's types are parsed, and the
 * text that GetInterfaceDescription answers is written.
 */
#include <errno.h>
#include <string.h>

#include "bus/private.h"

/* What the server itself answers in the name of any handed interface. */
static const struct bus_error own_errors[] = {
	{ "BadMessage", "(reason: string)",
	  "What came is not a call; the connection is closed after this." },
	{ "Busy", "(limit: string)",
	  "Too many connections; this one is closed after this. Try again later." },
	{ "Failed", "(message: string)", "The call was understood and did not succeed." },
	{ 0 },
};

static void add_help(struct strbuf *out, const char *help)
{
	if (!help || !*help)
		return;
	strbuf_add(out, "# ");
	for (; *help; help++) {
		strbuf_add_char(out, *help);
		if (*help == '\n')
			strbuf_add(out, "# ");
	}
	strbuf_add_char(out, '\n');
}

static void add_errors(struct strbuf *out, const struct bus_error *errors)
{
	for (; errors && errors->name; errors++) {
		strbuf_add_char(out, '\n');
		add_help(out, errors->help);
		strbuf_addf(out, "error %s %s\n", errors->name, errors->in);
	}
}

static char *describe(const struct bus_interface *row)
{
	struct strbuf out = { 0 };

	add_help(&out, row->help);
	strbuf_addf(&out, "interface %s\n", row->name);
	for (const struct bus_method *m = row->methods; m->name; m++) {
		strbuf_add_char(&out, '\n');
		add_help(&out, m->help);
		if (m->access == BUS_WRITE)
			add_help(&out, "Needs the right to write.");
		if (m->stream)
			add_help(&out, "Call it with `more`: it answers many times.");
		strbuf_addf(&out, "method %s%s -> %s\n", m->name, m->in, m->out);
	}
	add_errors(&out, row->errors);
	if (row != &bus_service_interface)
		add_errors(&out, own_errors);
	return strbuf_take(&out);
}

static int parse_struct(const struct bus_interface *row, const char *name, const char *text,
			struct idl_type **ret, struct diag *d)
{
	_cleanup_(idl_freep) struct idl_type *type = NULL;
	size_t at = 0;
	int r = idl_parse(text, &type, &at);

	if (r == -EINVAL)
		return diag_error(d, NULL, "%s.%s: not a type at character %zu of '%s'", row->name,
				  name, at, text);
	if (!r && type->kind != IDL_STRUCT)
		return diag_error(d, NULL, "%s.%s: '%s' is not (name: type, ...)", row->name, name,
				  text);
	if (!r)
		*ret = TAKE_PTR(type);
	return r;
}

static int add_method(struct interface *to, const struct bus_method *row, struct diag *d)
{
	_cleanup_(idl_freep) struct idl_type *in = NULL, *out = NULL;
	int r = parse_struct(to->row, row->name, row->in, &in, d);

	if (!r)
		r = parse_struct(to->row, row->name, row->out, &out, d);
	if (!r && bus_table_find_method(to, row->name))
		r = diag_error(d, NULL, "%s.%s: stands twice in its table", to->row->name, row->name);
	if (!r)
		r = vec_push(&to->methods, { row, in, out });
	if (!r)
		in = out = NULL;
	return r;
}

static int check_errors(const struct bus_interface *row, struct diag *d)
{
	int r = 0;

	for (const struct bus_error *e = row->errors; !r && e && e->name; e++) {
		_cleanup_(idl_freep) struct idl_type *type = NULL;

		r = parse_struct(row, e->name, e->in, &type, d);
	}
	return r;
}

static void interface_free(struct interface *i)
{
	vec_foreach(&i->methods, m) {
		idl_free(m->in);
		idl_free(m->out);
	}
	vec_free(&i->methods);
	free(i->description);
}

static int add_interface(struct bus_server *server, const struct bus_interface *row, struct diag *d)
{
	struct interface i = { .row = row };
	int r = check_errors(row, d);

	for (const struct bus_method *m = row->methods; !r && m->name; m++)
		r = add_method(&i, m, d);
	if (!r && !(i.description = describe(row)))
		r = -ENOMEM;
	if (!r)
		r = vec_push(&server->interfaces, i);
	if (r)
		interface_free(&i);
	return r;
}

int bus_table_build(struct bus_server *server, struct diag *d)
{
	int r = add_interface(server, &bus_service_interface, d);

	for (const struct bus_interface *const *i = server->config.interfaces; !r && i && *i; i++)
		r = add_interface(server, *i, d);
	return r;
}

void bus_table_free(struct bus_server *server)
{
	vec_foreach(&server->interfaces, i)
		interface_free(i);
	vec_free(&server->interfaces);
}

const struct interface *bus_table_find(const struct bus_server *server, const char *name, size_t len)
{
	vec_foreach(&server->interfaces, i)
		if (strlen(i->row->name) == len && !memcmp(i->row->name, name, len))
			return i;
	return NULL;
}

const struct method *bus_table_find_method(const struct interface *interface, const char *name)
{
	for (size_t i = 0; i < interface->methods.n; i++)
		if (!strcmp(interface->methods.at[i].row->name, name))
			return &interface->methods.at[i];
	return NULL;
}
