/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of what stages answer: the question of a name, and whether an answer is what its row says. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bus/idl.h"
#include "pipe/stage.h"

static inline void expect_type(const char *type, const json_t *value)
{
	struct idl_fault fault = { 0 };
	struct idl_type *idl = NULL;
	size_t at;

	assert_int_equal(idl_parse(type, &idl, &at), 0);
	if (idl_check(idl, value, &fault))
		fail_msg("%s: %s", strbuf_text(&fault.path), strbuf_text(&fault.reason));
	idl_fault_free(&fault);
	idl_free(idl);
}

static inline const struct stage_query *find_query(const struct stage_query *all, const char *name)
{
	while (strcmp(all->name, name))
		all++;
	return all;
}
