/* SPDX-License-Identifier: GPL-2.0-only */
/* A list of names, borrowed from whoever put them in. */
#pragma once

#include "base/cleanup.h"
#include "base/vec.h"

struct name_list {
	VEC(const char *) names;
};

static inline void name_list_free(struct name_list *list)
{
	vec_free(&list->names);
}
#define _cleanup_name_list_ _cleanup_(name_list_free)
