/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of any dialect to one checked model.
 */
#pragma once

#include "model/schema.h"

/*
 * Reads each file, tells its dialect by its content, and builds the model of all of them.  0, or
 * a negative errno with every error in `d`; warnings and notes are there in both cases.  `context`
 * may be NULL.
 */
int config_load(const char *const *paths, size_t n, const struct schema *const *schemas,
		size_t n_schemas, const struct schema_context *context, struct model **ret,
		struct diag *d);
/* The same for one text in memory; `name` stands for the file in messages and for what is beside it. */
int config_load_text(const char *name, const char *text, size_t len,
		     const struct schema *const *schemas, size_t n_schemas, struct model **ret,
		     struct diag *d);
