/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Comma-separated values, RFC 4180: quoted fields may hold commas, line ends and doubled quotes.
 * Blanks around fields are dropped; blank lines and lines that begin with # are passed over.
 */
#pragma once

#include "base/diag.h"
#include "config/text.h"

struct csv_field {
	const char *text; /* good until the next record */
	struct mark at;	  /* of its first character */
	size_t offset;
};

struct csv {
	const char *name, *text;
	size_t len, next; /* next: what has not been read */
	struct text_place place;
	/* The record. */
	VEC(struct csv_field) fields;
	struct strbuf texts;
	size_t start;
	struct mark at, end; /* its first character; its last line */
};

/* `text` has passed text_check(). */
void csv_begin(struct csv *csv, const char *name, const char *text, size_t len);
void csv_end(struct csv *csv);
/*
 * 1: a record, in `fields`; 0: the end.  -EINVAL: a broken one, reported; the next call goes on in
 * the line after the one it began in.
 */
int csv_next(struct csv *csv, struct diag *d);
/*
 * The record makes no sense: the next one begins in the line after its first, since a stray quote
 * may have swallowed good lines.
 */
void csv_resume(struct csv *csv);
