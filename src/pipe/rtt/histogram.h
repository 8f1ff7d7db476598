/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Round-trip times by size: buckets of at most 3 % of their value over all 32 bits of units, sums
 * over many values, and the figures that are told of them.  Pure.
 */
#pragma once

#include <stdint.h>

/*
 * Small values have a bucket each.  Above, an octave's first four 64ths have one each and the
 * others share one by twos: any wider and the first ones would exceed 3 %, any narrower and there
 * were twice as many for nothing.
 */
#define RTT_SMALL 64
#define RTT_OCTAVES 26 /* from 2^6 to 2^32 */
#define RTT_SINGLES 4
#define RTT_PER_OCTAVE (RTT_SINGLES + (64 - RTT_SINGLES) / 2)
#define RTT_BUCKETS (RTT_SMALL + RTT_OCTAVES * RTT_PER_OCTAVE)

static inline unsigned rtt_bucket_of(uint32_t units)
{
	unsigned octave, m;

	if (units < RTT_SMALL)
		return units;
	octave = 25u - (unsigned)__builtin_clz(units);
	m = units >> octave & 63;
	return RTT_SMALL + octave * RTT_PER_OCTAVE +
	       (m < RTT_SINGLES ? m : RTT_SINGLES + (m - RTT_SINGLES) / 2);
}
/* The least value that is in the bucket, and how many values are.  bucket < RTT_BUCKETS. */
uint32_t rtt_bucket_low(unsigned bucket);
uint32_t rtt_bucket_width(unsigned bucket);

/* All zeros is the sum of nothing; `least` and `most` mean something when `count` is not 0. */
struct rtt_sum {
	uint64_t count, sum; /* exact; in units */
	uint32_t least, most;
	uint64_t in[RTT_BUCKETS]; /* `count` together */
};
void rtt_sum_add(struct rtt_sum *sum, uint32_t units);
void rtt_sum_merge(struct rtt_sum *sum, const struct rtt_sum *other);
/* As a merge, of what has no array: the caller adds to `in`. */
void rtt_sum_extend(struct rtt_sum *sum, uint64_t count, uint64_t units, uint32_t least,
		    uint32_t most);

/* In milliseconds; all zeros without samples. */
struct rtt_figures {
	uint64_t samples;
	double mean, min, max, p50, p90, p99;
};
/*
 * A percentile is the value of the nearest rank as far as the bucket tells: its values count as
 * evenly spread over it, but not beyond the least and the most.
 */
void rtt_sum_figures(const struct rtt_sum *sum, struct rtt_figures *ret);
