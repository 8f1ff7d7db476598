/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a library found wrong, in words a person can act on, with the place in the file.
 * All findings are collected; the caller that talks to the user prints them, once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/vec.h"

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

/* A place in a file: 1-based; line 0 = no place.  `file` is borrowed and must outlive the diag. */
struct mark {
	const char *file;
	unsigned line, column;
};

struct diag_entry {
	enum diag_level level;
	char *file;
	unsigned line, column;
	char *text; /* what is wrong, and what was expected */
	char *hint; /* what to do about it, or NULL */
};

struct diag {
	VEC(struct diag_entry) entries;
	unsigned errors, warnings;
	bool full;     /* too many findings: some were left out, an entry says so */
	bool left_out; /* the last one was; a hint to it is, too */
};

void diag_free(struct diag *d);
#define _cleanup_diag_ _cleanup_(diag_free)

/* Each returns -EINVAL, so that a checker can `return diag_error(...)`. `at` may be NULL. */
int diag_error(struct diag *d, const struct mark *at, const char *format, ...) _printf_(3, 4);
int diag_warning(struct diag *d, const struct mark *at, const char *format, ...) _printf_(3, 4);
int diag_note(struct diag *d, const struct mark *at, const char *format, ...) _printf_(3, 4);
/* Adds the remedy to the last entry. */
void diag_hint(struct diag *d, const char *format, ...) _printf_(2, 3);
/* Moves all entries of `from` behind those of `to`. */
/* Errors become warnings. */
void diag_soften(struct diag *d);
void diag_move(struct diag *to, struct diag *from);
/* "file:3:7: error: text (hint)": one entry, without a newline. */
void diag_format(const struct diag_entry *e, struct strbuf *out);
/* The same without the level, for a log that has levels of its own. */
void diag_format_plain(const struct diag_entry *e, struct strbuf *out);
/* All entries, a line each. */
void diag_format_all(const struct diag *d, struct strbuf *out);
const char *diag_level_name(enum diag_level level);
