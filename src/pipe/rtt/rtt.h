/* SPDX-License-Identifier: GPL-2.0-only */
/* The rtt stage, both sides: counters, switches, constants. */
#pragma once

#include <linux/types.h>

/* What it counts is not of a port: struct rtt_cpu. */
#define rtt_COUNTERS(X)

#define rtt_SWITCHES(X)                                                  \
	X(rtt, timestamps, "flows with timestamps are measured by them") \
	X(rtt, udp, "flows are accounted: packets of UDP, too")          \
	X(rtt, tc, "TC measures what arrives")                           \
	X(rtt, egress, "measure what leaves without having been looked up")

#define rtt_CPU

/*
 * Not switches: they are asked in functions of their own, which a loader does not see before the
 * kernel does.  Read-only, they cost a load each and what hangs on them is gone.
 */
struct rtt_const {
	__u64 seed;
	__u32 shift;	 /* of the hash: what is left is the set */
	__u32 age_shift; /* jiffies to units of age, about a second */
	__u32 idle;	 /* units of age after which an answered flow may lose its place */
	__u32 rest;	 /* jiffies that a note rests after a sample */
	__u8 timestamps, sequence, handshake, details;
	__u8 test_clock; /* time is what a test says */
	__u8 pad[3];
};

struct rtt_clock {
	__u64 ns, jiffies;
};
