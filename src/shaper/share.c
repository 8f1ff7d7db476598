/* SPDX-License-Identifier: GPL-2.0-only */
#include "shaper/share.h"

#include <stdbool.h>

/* A queue that uses this much of its cap may want more; one that does not, gets some room to grow. */
#define HUNGRY 90
#define ROOM 125

static uint64_t percent(uint64_t of, unsigned n)
{
	return of / 100 * n;
}

static uint64_t weight_of(const struct shaper_share *q)
{
	return q->weight ? q->weight : 1;
}

static bool is_hungry(const struct shaper_share *q)
{
	return q->used >= percent(q->cap, HUNGRY);
}

/* What it would take if it could have all. */
static uint64_t demand(const struct shaper_share *q, uint64_t line)
{
	uint64_t more = percent(q->used, ROOM) + line / 200;

	return is_hungry(q) || more > line ? line : more;
}

/* Whoever wants less than his share gets what he wants; the rest is shared among the others. */
static void fill(uint64_t line, const struct shaper_share *queues, unsigned n, uint64_t *give)
{
	uint64_t left = line;
	bool settled = false;

	for (unsigned i = 0; i < n; i++)
		give[i] = UINT64_MAX;
	while (!settled) {
		double weights = 0;
		uint64_t taken = 0;

		settled = true;
		for (unsigned i = 0; i < n; i++)
			if (give[i] == UINT64_MAX)
				weights += (double)weight_of(&queues[i]);
		for (unsigned i = 0; i < n; i++) {
			double share = (double)left * (double)weight_of(&queues[i]) / weights;
			uint64_t want = demand(&queues[i], line);

			if (give[i] != UINT64_MAX || (double)want > share)
				continue;
			give[i] = want;
			taken += want;
			settled = false;
		}
		left = left > taken ? left - taken : 0;
		for (unsigned i = 0; settled && i < n; i++)
			if (give[i] == UINT64_MAX)
				give[i] = (uint64_t)((double)left * (double)weight_of(&queues[i]) /
						     weights);
	}
}

/* What nobody wants is spread, so that all caps together are the line. */
static void spread(uint64_t line, uint64_t *give, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += give[i];
	for (unsigned i = 0; i < n && sum < line; i++)
		give[i] += (line - sum) / n;
}

static bool differs(uint64_t a, uint64_t b)
{
	uint64_t more = a > b ? a - b : b - a;

	return more > (a > b ? a : b) / 100;
}

static unsigned set(struct shaper_share *queues, const uint64_t *give, unsigned n, bool exact)
{
	unsigned changed = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!(exact ? give[i] != queues[i].cap : differs(give[i], queues[i].cap)))
			continue;
		queues[i].cap = give[i];
		changed++;
	}
	return changed;
}

unsigned shaper_share_out(uint64_t line, struct shaper_share *queues, unsigned n)
{
	uint64_t give[n ? n : 1], used = 0;
	bool shared = false;

	for (unsigned i = 0; i < n; i++) {
		used += queues[i].used;
		shared |= queues[i].cap != line;
		give[i] = line;
	}
	if (n < 2 || !line || used < percent(line, shared ? SHAPER_SHARE_FREE : SHAPER_SHARE_FULL))
		return set(queues, give, n, true);
	fill(line, queues, n, give);
	spread(line, give, n);
	return set(queues, give, n, false);
}
