/* SPDX-License-Identifier: GPL-2.0-only */
/* What a number was measured on: a figure without its machine is worth nothing. */
#pragma once

#include <jansson.h>

#include "base/diag.h"

/* CPU, cores, kernel, JIT, spectre, clang, load: an object; NULL when memory ran out. */
json_t *machine_facts(void);
/* The same as lines for people. */
void machine_format(const json_t *facts, struct strbuf *out);
/* Path of a file beside the running program: "<dir of the program>/<name>"; NULL without memory. */
char *machine_beside(const char *name);
