/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A dialect is a language a configuration may be written in: one folder, and one row in load.c.
 */
#pragma once

#include "model/schema.h"
#include "model/tree.h"

struct dialect {
	const char *name;  /* "native YAML or JSON" */
	const char *looks; /* "key: value": what tells it from the others */
	/* How sure it is that the text is its own: 0 = no, 100 = certain. */
	unsigned (*recognise)(const char *name, const char *text, size_t len);
	int (*parse)(const char *name, const char *text, size_t len, struct tree **ret,
		     struct diag *d);
	/*
	 * The dialect's tree to one in native keys, of which only those in `schemas` may be made;
	 * NULL when it is native already.  The dialect's tree stays the caller's.
	 */
	int (*translate)(const struct tree *tree, const struct schema *const *schemas,
			 size_t n_schemas, struct tree **ret, struct diag *d);
};

/* Does a file's name end so, case ignored? */
bool dialect_name_ends(const char *name, const char *suffix);
/* How many lines look like `key: value` or `- item`; like `key = value` or `[name]`. */
struct dialect_lines {
	size_t colon, equals, other;
};
struct dialect_lines dialect_count_lines(const char *text, size_t len);
/* The first place that is neither blank nor comment; line 0 when there is none. */
struct mark dialect_first_word(const char *name, const char *text, size_t len);

extern const struct dialect dialect_native, dialect_libreqos;
