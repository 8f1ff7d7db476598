/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's clocks as numbers: which clock is the caller's to know. */
#pragma once

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_now_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* From one call to the next, which `last` remembers. */
static inline double clock_seconds_since(clockid_t clock, struct timespec *last)
{
	struct timespec now;
	double seconds;

	(void)clock_gettime(clock, &now);
	seconds = (double)(now.tv_sec - last->tv_sec) + (double)(now.tv_nsec - last->tv_nsec) / 1e9;
	*last = now;
	return seconds;
}
