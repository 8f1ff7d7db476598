/* SPDX-License-Identifier: GPL-2.0-only */
/* Between conf.c (rows), conf_network.c (nodes and circuits of the section), conf_files.c (of files). */
#pragma once

#include "pipe/classify/conf.h"

/*
 * Adds the section's own nodes and circuits to what the files gave.  Reports every mistake in `d`;
 * only -ENOMEM is an error of the call.
 */
int classify_network_add(const struct classify_conf *conf, struct network *network, struct diag *d);
/* "down/up" or one for both, into new texts; -ENOMEM. */
int classify_leaf_split(const char *text, struct leaf_pair *ret);

/*
 * Reads the files and makes the network of them and the section; with `context` of the copies kept
 * when the files are wrong.  0 or -errno, everything reported.
 */
int classify_files_read(struct classify_conf *conf, const struct schema_context *context,
			struct diag *d);
void classify_files_free(struct classify_conf *conf);
/* The hooks of the schema. */
int classify_files_names(const void *conf, struct name_list *out);
int classify_files_keep(const void *conf, const char *directory);
