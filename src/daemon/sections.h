/* SPDX-License-Identifier: GPL-2.0-only */
/* Every top-level key of the configuration, from the parts that own them, in one table. */
#pragma once

#include "base/names.h"
#include "model/schema.h"
#include "pipe/pipeline.h"

struct bus_section {
	struct conf_string path;
};

/* All sections: `*ret_n` schemas. */
const struct schema *const *sections_all(size_t *ret_n);
/* What the pipeline is asked for; borrows from the model. */
void sections_wish(const struct model *model, struct pipe_wish *ret);
/* The socket named in the configuration, or NULL. */
const char *sections_bus_path(const struct model *model);

/* The files of the configuration and those that its sections name; borrowed from the model. */
int sections_files(const struct model *model, struct name_list *ret);
/*
 * The model is in force: keeps copies of the files that its sections name, for a load with this
 * directory as schema_context.last_good.  All are tried; the last error.
 */
int sections_keep(const struct model *model, const char *directory);

/* Every interface name that stands in the configuration; names are borrowed from the model. */
int sections_interfaces(const struct model *model, struct name_list *ret);
