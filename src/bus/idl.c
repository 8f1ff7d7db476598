/* SPDX-License-Identifier: GPL-2.0-only */
#include "bus/idl.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/near.h"
#include "base/vec.h"

/* The rows are ours, but a slip in one must end in an error and not in a deep recursion. */
#define DEPTH_MAX 16

struct reader {
	const char *text;
	size_t at;
	unsigned depth;
};

static const struct {
	const char *word;
	enum idl_kind kind;
} words[] = { { "bool", IDL_BOOL },
	      { "int", IDL_INT },
	      { "float", IDL_FLOAT },
	      { "string", IDL_STRING },
	      { "object", IDL_OBJECT } };

static int read_type(struct reader *r, struct idl_type **ret);

void idl_free(struct idl_type *type)
{
	if (!type)
		return;
	for (size_t i = 0; i < type->n; i++) {
		free(type->fields[i].name);
		idl_free(type->fields[i].type);
	}
	free(type->fields);
	idl_free(type->element);
	free(type);
}

static char skip_space(struct reader *r)
{
	while (isspace((unsigned char)r->text[r->at]))
		r->at++;
	return r->text[r->at];
}

static bool accept(struct reader *r, const char *what)
{
	size_t len = strlen(what);

	(void)skip_space(r);
	if (strncmp(r->text + r->at, what, len))
		return false;
	r->at += len;
	return true;
}

static char *read_name(struct reader *r)
{
	const char *start;
	size_t len = 0;

	if (!islower((unsigned char)skip_space(r)))
		return NULL;
	start = r->text + r->at;
	while (isalnum((unsigned char)start[len]) || start[len] == '_')
		len++;
	r->at += len;
	return strndup(start, len);
}

static int new_type(enum idl_kind kind, struct idl_type *element, struct idl_type **ret)
{
	struct idl_type *t = calloc(1, sizeof(*t));

	if (!t) {
		idl_free(element);
		return -ENOMEM;
	}
	t->kind = kind;
	t->element = element;
	*ret = t;
	return 0;
}

static int add_field(struct idl_type *t, char *name, struct idl_type *type)
{
	struct idl_field *more = reallocarray(t->fields, t->n + 1, sizeof(*more));

	if (!more) {
		free(name);
		idl_free(type);
		return -ENOMEM;
	}
	t->fields = more;
	t->fields[t->n++] = (struct idl_field){ name, type };
	return 0;
}

/* One "name: type" of a struct, or one "name" of an enum; the first member decides which it is. */
static int read_member(struct reader *r, struct idl_type *t)
{
	_cleanup_(idl_freep) struct idl_type *type = NULL;
	_cleanup_free_ char *name = read_name(r);
	bool typed;
	int e;

	if (!name)
		return -EINVAL;
	typed = accept(r, ":");
	if (!t->n)
		t->kind = typed ? IDL_STRUCT : IDL_ENUM;
	if (typed != (t->kind == IDL_STRUCT))
		return -EINVAL;
	if (typed) {
		e = read_type(r, &type);
		if (e)
			return e;
	}
	return add_field(t, TAKE_PTR(name), TAKE_PTR(type));
}

static int read_members(struct reader *r, struct idl_type **ret)
{
	_cleanup_(idl_freep) struct idl_type *t = NULL;
	int e = new_type(IDL_STRUCT, NULL, &t);

	if (!e && accept(r, ")")) {
		*ret = TAKE_PTR(t);
		return 0;
	}
	while (!e) {
		e = read_member(r, t);
		if (e || accept(r, ","))
			continue;
		if (!accept(r, ")"))
			return -EINVAL;
		*ret = TAKE_PTR(t);
		return 0;
	}
	return e;
}

static int read_around(struct reader *r, enum idl_kind kind, struct idl_type **ret)
{
	struct idl_type *element = NULL;
	int e = read_type(r, &element);

	return e ? e : new_type(kind, element, ret);
}

static int read_word(struct reader *r, struct idl_type **ret)
{
	_cleanup_free_ char *name = NULL;
	size_t start;

	(void)skip_space(r);
	start = r->at;
	name = read_name(r);
	for (size_t i = 0; name && i < ARRAY_LEN(words); i++)
		if (!strcmp(name, words[i].word))
			return new_type(words[i].kind, NULL, ret);
	r->at = start;
	return -EINVAL;
}

static int read_type(struct reader *r, struct idl_type **ret)
{
	int e;

	if (++r->depth > DEPTH_MAX)
		return -EINVAL;
	if (accept(r, "?"))
		e = read_around(r, IDL_MAYBE, ret);
	else if (accept(r, "[string]"))
		e = read_around(r, IDL_MAP, ret);
	else if (accept(r, "[]"))
		e = read_around(r, IDL_ARRAY, ret);
	else if (accept(r, "("))
		e = read_members(r, ret);
	else
		e = read_word(r, ret);
	r->depth--;
	return e;
}

int idl_parse(const char *text, struct idl_type **ret, size_t *ret_at)
{
	_cleanup_(idl_freep) struct idl_type *type = NULL;
	struct reader r = { .text = text };
	int e = read_type(&r, &type);

	if (!e && skip_space(&r))
		e = -EINVAL;
	if (e) {
		*ret_at = r.at;
		return e;
	}
	*ret = TAKE_PTR(type);
	return 0;
}

/* --- checking a value ---------------------------------------------------------------------- */

void idl_fault_free(struct idl_fault *fault)
{
	strbuf_free(&fault->path);
	strbuf_free(&fault->reason);
}

static const char *type_name(const struct idl_type *type)
{
	static const char *const names[] = {
		[IDL_BOOL] = "bool",	 [IDL_INT] = "int",	   [IDL_FLOAT] = "float",
		[IDL_STRING] = "string", [IDL_OBJECT] = "object",  [IDL_ENUM] = "one of the names",
		[IDL_STRUCT] = "object", [IDL_MAYBE] = "optional", [IDL_ARRAY] = "array",
		[IDL_MAP] = "object",
	};

	return names[type->kind];
}

static const char *value_name(const json_t *value)
{
	if (!value)
		return "nothing";
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float";
	case JSON_NULL:
		return "null";
	default:
		return "bool";
	}
}

static int wrong_type(const struct idl_type *type, const json_t *value, struct idl_fault *fault)
{
	strbuf_addf(&fault->reason, "expected %s, got %s", type_name(type), value_name(value));
	return -EINVAL;
}

/* "not known", with the nearest or, where nothing is near, all that is known. */
static void suggest(const struct idl_type *type, const char *word, struct idl_fault *fault)
{
	VEC(const char *) names = { 0 };
	const char *near;

	for (size_t i = 0; i < type->n; i++)
		(void)vec_push(&names, type->fields[i].name);
	near = near_word(word, names.at, names.n);
	strbuf_add(&fault->reason, "not known");
	if (near)
		strbuf_addf(&fault->reason, ", did you mean '%s'?", near);
	else if (!names.n)
		strbuf_add(&fault->reason, ": none is taken here");
	for (size_t i = 0; !near && i < names.n; i++)
		strbuf_addf(&fault->reason, "%s %s", i ? "," : ": expected", names.at[i]);
	vec_free(&names);
}

static int check_enum(const struct idl_type *type, const json_t *value, struct idl_fault *fault)
{
	if (!json_is_string(value))
		return wrong_type(type, value, fault);
	for (size_t i = 0; i < type->n; i++)
		if (!strcmp(type->fields[i].name, json_string_value(value)))
			return 0;
	suggest(type, json_string_value(value), fault);
	return -EINVAL;
}

static int check_unknown(const struct idl_type *type, const json_t *value, struct idl_fault *fault)
{
	json_t *object = (json_t *)value, *member;
	const char *key;
	size_t i;

	json_object_foreach(object, key, member) {
		for (i = 0; i < type->n; i++)
			if (!strcmp(type->fields[i].name, key))
				break;
		if (i < type->n)
			continue;
		strbuf_addf(&fault->path, "%s%s", fault->path.len ? "." : "", key);
		suggest(type, key, fault);
		return -EINVAL;
	}
	return 0;
}

static void path_reset(struct idl_fault *fault, size_t len)
{
	if (!fault->path.text)
		return;
	fault->path.len = len;
	fault->path.text[len] = 0;
}

static int check_struct(const struct idl_type *type, const json_t *value, struct idl_fault *fault)
{
	size_t len = fault->path.len;

	if (!json_is_object(value))
		return wrong_type(type, value, fault);
	for (size_t i = 0; i < type->n; i++) {
		const struct idl_field *f = &type->fields[i];

		strbuf_addf(&fault->path, "%s%s", len ? "." : "", f->name);
		if (idl_check(f->type, json_object_get(value, f->name), fault))
			return -EINVAL;
		path_reset(fault, len);
	}
	return check_unknown(type, value, fault);
}

static int check_array(const struct idl_type *type, const json_t *value, struct idl_fault *fault)
{
	size_t len = fault->path.len;

	if (!json_is_array(value))
		return wrong_type(type, value, fault);
	for (size_t i = 0; i < json_array_size(value); i++) {
		strbuf_addf(&fault->path, "[%zu]", i);
		if (idl_check(type->element, json_array_get(value, i), fault))
			return -EINVAL;
		path_reset(fault, len);
	}
	return 0;
}

static int check_map(const struct idl_type *type, const json_t *value, struct idl_fault *fault)
{
	json_t *object = (json_t *)value, *member;
	size_t len = fault->path.len;
	const char *key;

	if (!json_is_object(value))
		return wrong_type(type, value, fault);
	json_object_foreach(object, key, member) {
		strbuf_addf(&fault->path, "%s%s", len ? "." : "", key);
		if (idl_check(type->element, member, fault))
			return -EINVAL;
		path_reset(fault, len);
	}
	return 0;
}

static bool is_plain(enum idl_kind kind, const json_t *value)
{
	switch (kind) {
	case IDL_BOOL:
		return json_is_boolean(value);
	case IDL_INT:
		return json_is_integer(value);
	case IDL_FLOAT:
		return json_is_number(value);
	case IDL_STRING:
		return json_is_string(value);
	default:
		return json_is_object(value);
	}
}

int idl_check(const struct idl_type *type, const json_t *value, struct idl_fault *fault)
{
	switch (type->kind) {
	case IDL_MAYBE:
		return !value || json_is_null(value) ? 0 : idl_check(type->element, value, fault);
	case IDL_STRUCT:
		return check_struct(type, value, fault);
	case IDL_ENUM:
		return check_enum(type, value, fault);
	case IDL_ARRAY:
		return check_array(type, value, fault);
	case IDL_MAP:
		return check_map(type, value, fault);
	default:
		return is_plain(type->kind, value) ? 0 : wrong_type(type, value, fault);
	}
}
