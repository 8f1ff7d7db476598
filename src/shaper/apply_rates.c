/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What HTB is told of a rate.  A bucket holds 10 ms: enough for a timer that is late, and one
 * percent of a second for who starts from rest.  A frame that is larger than the bucket (GSO) is
 * sent all the same and paid for later.  Small buckets cost the slow their rate when the timer is
 * late, so they hold two frames at least, and 16 kB where that is still little time.
 *
 * The quantum says how much a class may send in its turn when several borrow; it follows what they
 * are promised.  The kernel's own guess would be told in its log for each class that is fast.
 */
#include "shaper/apply_private.h"

#define FRAME_EXTRA 18 /* Ethernet and a tag */
#define BUCKETS_PER_S 100
#define BUCKET_USUAL 16384
#define BUCKET_USUAL_FROM UINT64_C(10000000)
#define QUANTUM_PER_S 200
#define QUANTUM_LEAST 1514
#define QUANTUM_MOST 60000
#define PRIO_REST 5
#define SMALL_LEAST UINT64_C(100000)
#define CONTROL_MOST UINT64_C(1000000)

static uint64_t bucket(uint64_t rate, unsigned mtu)
{
	uint64_t least = 2 * (uint64_t)(mtu + FRAME_EXTRA);

	if (rate >= BUCKET_USUAL_FROM)
		least = MAX(least, BUCKET_USUAL);
	return MAX(rate / 8 / BUCKETS_PER_S, least);
}

static uint32_t quantum(uint64_t rate, unsigned mtu)
{
	uint64_t least = MIN(MAX(mtu + FRAME_EXTRA, QUANTUM_LEAST), QUANTUM_MOST);

	return (uint32_t)MAX(MIN(rate / 8 / QUANTUM_PER_S, QUANTUM_MOST), least);
}

struct nl_htb_class shaper_htb(uint64_t rate, uint64_t ceil, unsigned prio, unsigned mtu)
{
	return (struct nl_htb_class){
		.rate = rate,
		.ceil = ceil,
		.burst = bucket(rate, mtu),
		.cburst = bucket(ceil, mtu),
		.quantum = quantum(rate, mtu),
		.prio = prio,
	};
}

struct nl_htb_class shaper_htb_line(uint64_t line, unsigned mtu)
{
	return shaper_htb(line, line, SHAPER_PRIO_ITEM, mtu);
}

static uint64_t a_hundredth(uint64_t line)
{
	return MIN(MAX(line / 100, SMALL_LEAST), line);
}

/* It waits for everybody who is known, but for a hundredth of the line. */
struct nl_htb_class shaper_htb_rest(uint64_t line, unsigned mtu)
{
	return shaper_htb(a_hundredth(line), line, PRIO_REST, mtu);
}

/* Comes before all, so it must not be much: who can send as such would push the others out. */
struct nl_htb_class shaper_htb_control(uint64_t line, unsigned mtu)
{
	uint64_t rate = MIN(a_hundredth(line), CONTROL_MOST);

	return shaper_htb(rate, MIN(MAX(line / 20, CONTROL_MOST), line), 0, mtu);
}

struct nl_htb_class shaper_htb_part(struct nl_htb_class whole, unsigned parts, unsigned mtu)
{
	if (parts <= 1)
		return whole;
	return shaper_htb(MAX(whole.rate / parts, SHAPER_RATE_LEAST),
			  MAX(whole.ceil / parts, SHAPER_RATE_LEAST), whole.prio, mtu);
}

void shaper_htb_empty(struct nl_htb_class *htb, unsigned mtu)
{
	htb->burst = htb->cburst = mtu + FRAME_EXTRA;
}

/* The kernel keeps a bucket as time, in ticks of 64 ns. */
static bool same_bucket(uint64_t a, uint64_t b, uint64_t rate)
{
	uint64_t tick = rate / 8 / 15625000 + 2;

	return a <= b + tick && b <= a + tick;
}

bool shaper_htb_same(const struct nl_htb_class *dumped, const struct nl_htb_class *asked)
{
	return dumped->rate / 8 == asked->rate / 8 && dumped->ceil / 8 == asked->ceil / 8 &&
	       same_bucket(dumped->burst, asked->burst, asked->rate) &&
	       same_bucket(dumped->cburst, asked->cburst, asked->ceil) &&
	       dumped->quantum == asked->quantum && dumped->prio == asked->prio &&
	       dumped->overhead == asked->overhead && dumped->mpu == asked->mpu;
}

bool shaper_htb_equal(const struct nl_htb_class *a, const struct nl_htb_class *b)
{
	return a->rate == b->rate && a->ceil == b->ceil && a->burst == b->burst &&
	       a->cburst == b->cburst && a->quantum == b->quantum && a->prio == b->prio;
}
