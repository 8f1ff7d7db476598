/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Varlink's type language: "(interface: ?string, counters: []object)".  The rows of a method table
 * are written in it; from the rows come the check of what callers send and the introspection text.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

enum idl_kind {
	IDL_BOOL,
	IDL_INT,
	IDL_FLOAT,
	IDL_STRING,
	IDL_OBJECT, /* any JSON object: its keys are described in words */
	IDL_ENUM,
	IDL_STRUCT,
	IDL_MAYBE,
	IDL_ARRAY,
	IDL_MAP, /* [string]type */
};

struct idl_type {
	enum idl_kind kind;
	struct idl_type *element; /* MAYBE, ARRAY, MAP */
	struct idl_field *fields; /* STRUCT; ENUM uses only the names */
	size_t n;
};

struct idl_field {
	char *name;
	struct idl_type *type;
};

/* Where a value does not fit its type, and in words why. */
struct idl_fault {
	struct strbuf path;   /* "filter.port", "list[3]" */
	struct strbuf reason; /* "expected int, got string" */
};

/* -EINVAL with *ret_at = offset of what was not understood. */
int idl_parse(const char *text, struct idl_type **ret, size_t *ret_at);
void idl_free(struct idl_type *type);
DEFINE_CLEANUP(struct idl_type *, idl_free)

/* -EINVAL and a filled `fault` when `value` is not of `type`.  A null member counts as absent. */
int idl_check(const struct idl_type *type, const json_t *value, struct idl_fault *fault);
void idl_fault_free(struct idl_fault *fault);
