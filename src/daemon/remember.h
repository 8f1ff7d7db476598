/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interfaces that were in use, kept on disk: a start while one of them is away then waits for it
 * instead of refusing the configuration, and one renamed in between is found again.
 */
#pragma once

#include "pipe/facts.h"

/* No file, or a damaged one: nothing is remembered. */
void remember_load(const char *path, struct pipe_memory *memory);
int remember_save(const char *path, const struct pipe_memory *memory);
