/* SPDX-License-Identifier: GPL-2.0-only */
/* The interfaces named on the command line, checked before anything is written.  Pure. */
#pragma once

#include "base/diag.h"
#include "pipe/balance/classic/classic.h"
#include "pipe/balance/classic/facts.h"

struct classic_targets {
	const struct nl_link *at[CLASSIC_TARGETS_MAX];
	unsigned n;
};

/* Names to interfaces, borrowed from `facts`; all that are unknown are told. */
int classic_targets_find(const char *const *names, size_t n, const struct classic_facts *facts,
			 struct classic_targets *ret, struct diag *d);
/* What stands against sending there from the interfaces that use this map.  -EINVAL when it must not be. */
int classic_targets_check(const struct classic_targets *targets, const struct classic_facts *facts,
			  uint32_t map_id, struct diag *d);
