/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `libreqos: DIRECTORY`: what LibreQoS' ispConfig.py there says becomes the section `shaper`, which
 * then names ShapedDevices.csv and network.json of the same directory.
 */
#pragma once

#include "model/schema.h"

extern const struct schema libreqos_schema;

/* Is the program one that has all it takes? */
bool libreqos_directory_known(const struct schema *const *schemas, size_t n_schemas);
/* The key's value out of a native tree, NULL = not there; the caller's then. */
struct tree *libreqos_directory_take(struct tree *root);
/*
 * Reads ispConfig.py of the directory that `value` names, or the copy of it that `context` (may be
 * NULL) knows of.  `ret_name` is the file's name, which marks of the tree point to.  Every mistake
 * is reported; 0 or a negative errno.  `optional`: a directory that is not there only means that
 * nothing is shaped; then *ret is NULL.
 */
int libreqos_directory_read(const struct tree *value, bool optional,
			    const struct schema_context *context, char **ret_name,
			    struct tree **ret, struct diag *d);
