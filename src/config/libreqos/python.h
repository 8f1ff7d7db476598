/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The assignments of a Python file whose values are literals.  Nothing is executed: what is more
 * than `name = literal` is told as such, with the names it sets.
 */
#pragma once

#include "base/diag.h"
#include "model/tree.h"

struct python_assignment {
	char *name;
	struct mark at;
	/*
	 * Text, lists (tuples too) and maps as in any tree; True and False are `true` and `false`,
	 * None is TREE_NULL, whole numbers are decimal.  NULL: not a literal, and `wrong` says why.
	 */
	struct tree *value;
	const char *wrong;
	struct mark wrong_at;
	bool perhaps; /* a statement that is no assignment of its own might set it */
};

/* A statement that sets nothing by name, such as an import. */
struct python_other {
	char *word; /* the one it begins with */
	struct mark at;
};

struct python_file {
	VEC(struct python_assignment) assignments; /* in the order of the file */
	VEC(struct python_other) others;
};

/* `text` has passed text_check(); -EINVAL: what is not even Python was reported. */
int python_read(const char *name, const char *text, size_t len, struct python_file *ret,
		struct diag *d);
void python_file_free(struct python_file *file);
