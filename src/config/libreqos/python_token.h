/* SPDX-License-Identifier: GPL-2.0-only */
/* The words of a Python file, for python.c. */
#pragma once

#include "base/diag.h"
#include "model/tree.h"

enum python_kind {
	PYTHON_NAME,
	PYTHON_NUMBER,
	PYTHON_TEXT,
	PYTHON_OP,
	PYTHON_LINE_END,
	PYTHON_END
};

struct python_token {
	enum python_kind kind;
	const char *start; /* in the file's text */
	size_t len;
	struct mark at;
};

struct python_tokens {
	VEC(struct python_token) list; /* ends with PYTHON_END */
};

/* -EINVAL: reported.  Brackets are paired and not nested deeper than TEXT_MAX_DEPTH. */
int python_tokens_read(const char *name, const char *text, size_t len, struct python_tokens *ret,
		       struct diag *d);
bool python_token_is(const struct python_token *token, const char *text);
/* -1, 0 or 1: what the token adds to the depth of brackets. */
int python_token_depth(const struct python_token *token);

/* Is the statement over? */
bool python_is_end(const struct python_token *token);

/* Adds what the literal means to `out`; returns what is wrong with it, or NULL. */
const char *python_text_decode(const struct python_token *token, struct strbuf *out);
const char *python_number_decode(const struct python_token *token, struct strbuf *out);

/* What reads along the words; `wrong`: why the value is no literal. */
struct python_cursor {
	const struct python_token *at; /* the next one */
	const char *wrong;
	struct mark wrong_at;
};
/* Reads a value up to the end of the statement.  NULL without `wrong`: memory ran out. */
struct tree *python_value_read(struct python_cursor *p);
