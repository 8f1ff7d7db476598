/* SPDX-License-Identifier: GPL-2.0-only */
/* What came of it: a table and goals for people, or every number by name. */
#pragma once

#include <jansson.h>

#include "lib/pipeline_ways.h"
#include "lib/pipeline_worst.h"

struct report {
	const char *packet;
	bool tcp;
	bool timed; /* by all that measure round trips */
	json_t *machine;
	const struct results *results;	   /* NULL = was not asked for */
	const struct worst_results *worst; /* ditto */
};

void report_tables(const struct report *r);
void report_json(const struct report *r);
