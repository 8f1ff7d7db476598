/* SPDX-License-Identifier: GPL-2.0-only */
/* "Did you mean": the word of a list that a mistyped one most likely stood for. */
#pragma once

#include <stddef.h>

/* Edits (insert, delete, replace, swap of neighbours) between two words, case ignored. */
unsigned near_distance(const char *a, const char *b);
/* The nearest of `n` words, or NULL when none is near enough to be worth a suggestion. */
const char *near_word(const char *word, const char *const *words, size_t n);
