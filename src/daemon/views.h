/* SPDX-License-Identifier: GPL-2.0-only */
/* What the daemon tells about itself, as JSON: status, counters, a stage's table, an explanation. */
#pragma once

#include <jansson.h>

#include "daemon/engine.h"

/* When this was first asked for: main() does so at once. */
time_t view_started_at(void);
json_t *view_status(struct engine *engine);
/* All counters, or those of one interface and one stage; a filter may be NULL. */
json_t *view_counters(struct engine *engine, const char *interface, const char *stage);
json_t *view_stage(struct engine *engine, enum stage_id stage);
/* NULL when there is no such interface. */
json_t *view_explain(struct engine *engine, const char *name);
json_t *view_address(struct engine *engine, const char *address);
json_t *view_config(struct engine *engine);
/* A JSON string per line. */
json_t *view_lines(const struct strbuf *text);
json_t *view_diagnostics(const struct diag *d);
json_t *view_version(void);
/* -1 when there is no stage of that name. */
int stage_by_name(const char *name);
