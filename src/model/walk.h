/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walker's own state, shared by schema.c (rows), list.c (lists) and model.c (sections).
 */
#pragma once

#include "base/vec.h"
#include "model/schema.h"

struct walk {
	struct diag *d;
	struct model *owner; /* marks move to its copies of the file names; NULL: they stay */
	bool exact;	     /* lists are lists: no short forms */
	const char *last_name, *last_copy;
	VEC(const struct schema_row *) noted; /* aliases already remarked on */
};

typedef VEC(const struct tree *) tree_list;

/*
 * Fills `data` (defaults are in place) from several maps that stand for the same place in
 * several files.  Reports every error.
 */
void walk_maps(struct walk *w, const struct schema_row *rows, const struct tree *const *maps,
	       size_t n, void *data);
/* The same for a list: the entries of all nodes, one after the other.  At least one node. */
void walk_list(struct walk *w, const struct schema_row *row, tree_list *nodes,
	       struct conf_list *dest);
/* "[gso, tso]": the only list a default can be. */
int walk_list_default(const struct schema_row *row, struct conf_list *dest, struct diag *d);
struct mark walk_mark(struct walk *w, struct mark at);
/* The place of a value, or that of its key where there is none. */
struct mark walk_node_mark(struct walk *w, const struct tree *t);
/* "did you mean `x`?", or the known words when they are few. */
void walk_hint_known(struct diag *d, const char *wrong, const char *const *known, size_t n,
		     const char *what);
