/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of this folder: a text in, all findings as one string out.
 */
#pragma once

#include <string.h>

#include "config/load.h"
#include "model/model_fixture.h"

struct loaded {
	int r;
	struct model *model; /* NULL after an error */
	char *findings;	     /* a line each */
	size_t findings_len;
	unsigned errors, warnings;
	bool full;
};

static inline void loaded_free(struct loaded *l)
{
	model_free(l->model);
	free(l->findings);
}
#define _cleanup_loaded_ _cleanup_(loaded_free)

static inline void loaded_finish(struct loaded *l, struct diag *d)
{
	struct strbuf text = { 0 };

	diag_format_all(d, &text);
	l->findings_len = text.len;
	l->findings = strbuf_take(&text);
	l->errors = d->errors;
	l->warnings = d->warnings;
	l->full = d->full;
	diag_free(d);
}

static inline struct loaded load_bytes(const char *name, const char *text, size_t len)
{
	struct loaded l = { 0 };
	struct diag d = { 0 };

	l.r = config_load_text(name, text, len, fixture_schemas, FIXTURE_N, &l.model, &d);
	loaded_finish(&l, &d);
	return l;
}

static inline struct loaded load_string(const char *name, const char *text)
{
	return load_bytes(name, text, strlen(text));
}

static inline struct loaded load_files(const char *const *paths, size_t n)
{
	struct loaded l = { 0 };
	struct diag d = { 0 };

	l.r = config_load(paths, n, fixture_schemas, FIXTURE_N, NULL, &l.model, &d);
	loaded_finish(&l, &d);
	return l;
}
