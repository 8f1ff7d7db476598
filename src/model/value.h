/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One scalar of a file against one schema row: what the row wants, in words, and its value.
 */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"
#include "model/schema.h"

#define VALUE_RATE_MOST UINT64_C(1000000000000) /* bits/s */

/* A list whose items are conf_string. */
static inline bool value_is_texts(const struct schema_row *row)
{
	return row->kind == SCHEMA_STRINGS || row->kind == SCHEMA_IFNAMES ||
	       row->kind == SCHEMA_PATHS;
}
static inline bool value_is_list(const struct schema_row *row)
{
	return row->kind == SCHEMA_LIST || value_is_texts(row);
}
/* "true or false", "a whole number of ms from 1 to 500", … */
void value_wants(const struct schema_row *row, struct strbuf *out);
/* "`key` wants …, not 'found'"; returns -EINVAL. */
int value_refuse(const struct schema_row *row, const struct tree *found, struct diag *d);
/* Checks a scalar node and stores it in the conf_* value at `dest`; -EINVAL with a message. */
int value_read(const struct schema_row *row, const struct tree *node, struct mark at, void *dest,
	       struct diag *d);
/* Stores the row's default; -EINVAL for a default that the row itself would refuse. */
int value_default(const struct schema_row *row, void *dest, struct diag *d);
/* Frees what one value owns. */
void value_free(const struct schema_row *row, void *value);
/* "2.5", "500k", "1 Gbit": -EINVAL for what is no rate, -ERANGE beyond 1 Tbit/s. */
int value_rate_parse(const char *text, uint64_t *ret);
void value_rate_wants(const struct schema_row *row, struct strbuf *out);
int value_rate_read(const struct schema_row *row, const struct tree *node, struct conf_rate *ret,
		    struct diag *d);
/* In Mbit/s, as a file would have it.  New reference. */
json_t *value_rate_to_json(uint64_t rate);
/* NULL when `name` may name a network interface, or what is wrong with it. */
const char *ifname_problem(const char *name);
