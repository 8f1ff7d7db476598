/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The neutral tree in which every configuration dialect ends: kind, text and place of each value.
 * One walker (schema.h) checks it, whatever language the file was written in.
 */
#pragma once

#include <stdbool.h>

#include "base/diag.h"
#include "model/show.h"

enum tree_kind { TREE_NULL, TREE_SCALAR, TREE_LIST, TREE_MAP };

struct tree {
	enum tree_kind kind;
	char *text;	/* scalars: as written, without quotes */
	bool quoted;	/* a quoted scalar is always a string */
	struct mark at; /* of the value */
	char *key;	/* within a map */
	struct mark key_at;
	struct tree **children; /* of a list or map, in file order */
	size_t n;
};

struct tree *tree_new(enum tree_kind kind, const char *text, struct mark at);
void tree_free(struct tree *t);
DEFINE_CLEANUP(struct tree *, tree_free)
/* Takes ownership of `child`, also on failure. */
int tree_add(struct tree *parent, const char *key, struct mark key_at, struct tree *child);
/* Recursive: parsers keep trees shallow.  NULL when memory ran out. */
struct tree *tree_copy(const struct tree *t);
struct tree *tree_get(const struct tree *map, const char *key);

/*
 * Takes out the children of a map whose key came before, and reports each with both places.
 * Sorted, not compared pairwise: 20 000 equal keys must not take seconds.
 */
void tree_unique_keys(struct tree *map, struct diag *d);
/* Reports a key that stands in two places; -EINVAL. */
int tree_given_twice(const struct tree *again, const struct tree *first, struct diag *d);
/* "a list", "a map", "nothing", or the scalar in quotes: for messages. */
struct shown tree_shown(const struct tree *t);
