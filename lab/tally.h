/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which numbers of a numbered stream arrived: one bit each, so that loss, duplicates and reordering
 * are exact over a whole run and the missing numbers can be named.
 */
#ifndef LAB_TALLY_H
#define LAB_TALLY_H

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TALLY_MAX_NUMBER 100000000ull
#define TALLY_MAX_RANGES 64

struct tally {
	uint64_t *bits;
	uint64_t words;
	uint64_t highest;
	uint64_t unique;
	uint64_t duplicates;
	uint64_t reordered;
};

static inline bool tally_has(const struct tally *t, uint64_t number)
{
	return number / 64 < t->words && (t->bits[number / 64] >> (number % 64) & 1);
}

static inline int tally_grow(struct tally *t, uint64_t number)
{
	uint64_t words = t->words ? t->words : 1024;
	uint64_t *bits;

	if (number > TALLY_MAX_NUMBER)
		return -ERANGE;
	while (words <= number / 64)
		words *= 2;
	if (words == t->words)
		return 0;
	bits = realloc(t->bits, words * sizeof(*bits));
	if (!bits)
		return -ENOMEM;
	memset(bits + t->words, 0, (words - t->words) * sizeof(*bits));
	t->bits = bits;
	t->words = words;
	return 0;
}

/* Numbers begin at 1. A first arrival below the highest number seen is a reordered one. */
static inline int tally_add(struct tally *t, uint64_t number)
{
	int r = tally_grow(t, number);

	if (r < 0)
		return r;
	if (tally_has(t, number)) {
		t->duplicates++;
		return 0;
	}
	t->bits[number / 64] |= 1ull << (number % 64);
	t->unique++;
	if (number > t->highest)
		t->highest = number;
	else
		t->reordered++;
	return 0;
}

static inline uint64_t tally_lost(const struct tally *t, uint64_t last)
{
	uint64_t beyond = 0;

	for (uint64_t n = last + 1; n <= t->highest; n++)
		beyond += tally_has(t, n);
	return last > t->unique - beyond ? last - (t->unique - beyond) : 0;
}

/* JSON list of [first,last] of what is missing up to `last`; a string at the end says that the list was cut. */
static inline void tally_print_missing(FILE *out, const struct tally *t, uint64_t last)
{
	unsigned int ranges = 0;

	fputc('[', out);
	for (uint64_t n = 1; n <= last; n++) {
		uint64_t first = n;

		if (tally_has(t, n))
			continue;
		if (ranges == TALLY_MAX_RANGES) {
			fputs(",\"and more\"", out);
			break;
		}
		while (n < last && !tally_has(t, n + 1))
			n++;
		fprintf(out, "%s[%" PRIu64 ",%" PRIu64 "]", ranges++ ? "," : "", first, n);
	}
	fputc(']', out);
}

static inline void tally_free(struct tally *t)
{
	free(t->bits);
	*t = (struct tally){ 0 };
}

#endif
