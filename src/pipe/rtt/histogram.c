/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/rtt/histogram.h"

#include <stddef.h>

#include "base/cleanup.h"
#include "pipe/rtt/layout.h"

#define MS_PER_UNIT (RTT_UNIT_NS / 1e6)

uint32_t rtt_bucket_low(unsigned bucket)
{
	unsigned octave, place;

	if (bucket < RTT_SMALL)
		return bucket;
	octave = (bucket - RTT_SMALL) / RTT_PER_OCTAVE;
	place = (bucket - RTT_SMALL) % RTT_PER_OCTAVE;
	if (place >= RTT_SINGLES)
		place += place - RTT_SINGLES;
	return (64 + place) << octave;
}

uint32_t rtt_bucket_width(unsigned bucket)
{
	unsigned octave, place;

	if (bucket < RTT_SMALL)
		return 1;
	octave = (bucket - RTT_SMALL) / RTT_PER_OCTAVE;
	place = (bucket - RTT_SMALL) % RTT_PER_OCTAVE;
	return (place < RTT_SINGLES ? 1u : 2u) << octave;
}

void rtt_sum_extend(struct rtt_sum *sum, uint64_t count, uint64_t units, uint32_t least, uint32_t most)
{
	if (!count)
		return;
	sum->least = sum->count ? MIN(sum->least, least) : least;
	sum->most = MAX(sum->most, most);
	sum->count += count;
	sum->sum += units;
}

void rtt_sum_add(struct rtt_sum *sum, uint32_t units)
{
	rtt_sum_extend(sum, 1, units, units, units);
	sum->in[rtt_bucket_of(units)]++;
}

void rtt_sum_merge(struct rtt_sum *sum, const struct rtt_sum *other)
{
	rtt_sum_extend(sum, other->count, other->sum, other->least, other->most);
	for (size_t i = 0; i < RTT_BUCKETS; i++)
		sum->in[i] += other->in[i];
}

/* The value of one of the `n` values in the bucket, 1 being the least; units are whole, so a bucket
 * ends one before the next begins. */
static double value_in(const struct rtt_sum *sum, unsigned bucket, uint64_t place, uint64_t n)
{
	uint32_t low = rtt_bucket_low(bucket);
	uint32_t high = low + (rtt_bucket_width(bucket) - 1);

	low = MAX(low, sum->least);
	high = MIN(high, sum->most);
	return low + ((double)high - low) * ((double)place - 0.5) / (double)n;
}

static double percentile(const struct rtt_sum *sum, unsigned percent)
{
	uint64_t rank = sum->count / 100 * percent + (sum->count % 100 * percent + 99) / 100;

	for (unsigned i = 0; i < RTT_BUCKETS; i++) {
		if (rank <= sum->in[i])
			return MS_PER_UNIT * value_in(sum, i, rank, sum->in[i]);
		rank -= sum->in[i];
	}
	return MS_PER_UNIT * sum->most;
}

void rtt_sum_figures(const struct rtt_sum *sum, struct rtt_figures *ret)
{
	*ret = (struct rtt_figures){ .samples = sum->count };
	if (!sum->count)
		return;
	ret->mean = MS_PER_UNIT * (double)sum->sum / (double)sum->count;
	ret->min = MS_PER_UNIT * sum->least;
	ret->max = MS_PER_UNIT * sum->most;
	ret->p50 = percentile(sum, 50);
	ret->p90 = percentile(sum, 90);
	ret->p99 = percentile(sum, 99);
}
