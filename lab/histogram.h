/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A histogram of nanoseconds with log-spaced slots about 3 % wide: fixed size, any range.
 */
#ifndef LAB_HISTOGRAM_H
#define LAB_HISTOGRAM_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#define HISTOGRAM_SUB 32
#define HISTOGRAM_SLOTS (60 * HISTOGRAM_SUB)

struct histogram {
	uint64_t slot[HISTOGRAM_SLOTS];
	uint64_t count;
	uint64_t sum;
	uint64_t max;
};

static inline unsigned int histogram_slot(uint64_t ns)
{
	unsigned int top;

	if (ns < HISTOGRAM_SUB)
		return (unsigned int)ns;
	top = 63 - (unsigned int)__builtin_clzll(ns) - 4;
	return top * HISTOGRAM_SUB + (unsigned int)(ns >> (top - 1) & (HISTOGRAM_SUB - 1));
}

static inline uint64_t histogram_slot_ns(unsigned int slot)
{
	unsigned int top = slot / HISTOGRAM_SUB, low = slot % HISTOGRAM_SUB;

	return top ? (uint64_t)(low + HISTOGRAM_SUB) << (top - 1) : low;
}

static inline void histogram_add(struct histogram *h, uint64_t ns)
{
	unsigned int slot = histogram_slot(ns);

	h->slot[slot < HISTOGRAM_SLOTS ? slot : HISTOGRAM_SLOTS - 1]++;
	h->count++;
	h->sum += ns;
	if (ns > h->max)
		h->max = ns;
}

static inline double histogram_quantile_us(const struct histogram *h, double q)
{
	uint64_t want = (uint64_t)((double)h->count * q), seen = 0;

	for (unsigned int s = 0; s < HISTOGRAM_SLOTS; s++) {
		seen += h->slot[s];
		if (seen > want)
			return (double)histogram_slot_ns(s) / 1e3;
	}
	return (double)h->max / 1e3;
}

static inline void histogram_print(FILE *out, const char *name, const struct histogram *h)
{
	double mean = h->count ? (double)h->sum / 1e3 / (double)h->count : 0;

	fprintf(out,
		"\"%s\":{\"n\":%" PRIu64 ",\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,"
		"\"max\":%.1f}",
		name, h->count, mean, histogram_quantile_us(h, .5), histogram_quantile_us(h, .9),
		histogram_quantile_us(h, .99), (double)h->max / 1e3);
}

#endif
