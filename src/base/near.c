/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/near.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

#define WORD_MAX_LEN 63

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	return MIN(MIN(a, b), c);
}

/* Three rows of the edit table are enough: the current one and the two before it. */
unsigned near_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX_LEN + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX_LEN || lb > WORD_MAX_LEN)
		return (unsigned)MAX(la, lb);
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *now = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = min3(up[j] + 1, now[j - 1] + 1,
				      up[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				now[j] = MIN(now[j], up2[j - 2] + 1);
		}
	}
	return rows[la % 3][lb];
}

const char *near_word(const char *word, const char *const *words, size_t n)
{
	unsigned best = (unsigned)strlen(word) / 3 + 1, d;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		d = near_distance(word, words[i]);
		if (d < best || (d == best && !found && d < strlen(words[i]))) {
			best = d;
			found = words[i];
		}
	}
	return found;
}
