/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel keeps a burst as the time it takes at the rate, in ticks of 64 ns. */
#pragma once

#include <stdint.h>

#define NL_TICK_NS 64
#define NL_SECOND_NS UINT64_C(1000000000)

/* Rounded up: a burst is never less than was asked for. */
static inline uint32_t nl_tick_from_bytes(uint64_t bytes, uint64_t bytes_per_s)
{
	double ticks =
		bytes_per_s ? (double)bytes * NL_SECOND_NS / (double)bytes_per_s / NL_TICK_NS : 0;
	uint64_t whole = ticks < UINT32_MAX ? (uint64_t)ticks : UINT32_MAX;

	return (uint32_t)(whole < UINT32_MAX && (double)whole < ticks ? whole + 1 : whole);
}

/* To the nearest byte. */
static inline uint64_t nl_tick_to_bytes(uint32_t ticks, uint64_t bytes_per_s)
{
	return (uint64_t)((double)ticks * NL_TICK_NS * (double)bytes_per_s / NL_SECOND_NS + 0.5);
}
