/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading what the daemon answers.  A path is "sent.download.drops"; what is not there is "", 0 or
 * NULL, so that an older daemon's answer is shown as far as it goes.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/table.h"

/* The two directions, in the order in which they are shown. */
#define VIEW_DIRECTIONS 2
extern const char *const view_directions[VIEW_DIRECTIONS];

const json_t *view_at(const json_t *object, const char *path, ...) _printf_(2, 3);
const char *view_text(const json_t *object, const char *key);
int64_t view_number(const json_t *object, const char *path, ...) _printf_(2, 3);
/* Of both directions together: `path` has one %s. */
int64_t view_sum(const json_t *object, const char *path);

/* One cell each. */
void view_cell_number(struct table *t, int64_t n, void (*format)(struct strbuf *, int64_t));
void view_cell_value(struct table *t, const json_t *value);
/* "12.3 of 50 Mbit/s": what goes now, and the rate in force; a star where the plan is more. */
void view_cell_use(struct table *t, const json_t *object, const char *direction);
/* Is the rate in force below the plan? */
bool view_is_clamped(const json_t *object, const char *direction);
/* Prints `t` as wide as the terminal is. */
void view_print(const struct table *t);
/* A line of text from the daemon, made harmless. */
void view_print_line(const char *text);
/* The list `changed` of an answer, a line each, or "nothing changed". */
void view_print_changes(const json_t *parameters);
