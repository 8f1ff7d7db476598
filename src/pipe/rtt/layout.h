/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Round-trip times as they lie in memory, for both sides: samples on their way to the daemon, and
 * the table of flows.
 */
#pragma once

#include <linux/types.h>

/*
 * Times are in units of 1.024 µs, 32 bits of them; in a flow their lowest bit says that a SYN was
 * noted, so they are even.
 */
#define RTT_UNIT_NS 1024
#define RTT_UNIT_SHIFT 10

/* Where the time was spent: between us and the subscriber, or between us and the rest of the world.
 * It is also the direction of the packet that was answered: 0 download, 1 upload. */
enum rtt_side { RTT_ACCESS, RTT_INTERNET, RTT_SIDES };
/* What was matched: TCP's timestamps, sequence numbers of flows without them, or the handshake. */
enum rtt_kind { RTT_TIMESTAMP, RTT_SEQUENCE, RTT_HANDSHAKE, RTT_KINDS };

/* --- samples ----------------------------------------------------------------------------------- */

/*
 * One word each, so that it is there whole or not at all: 0 is a free place.  The packet path fills
 * the places of its CPU in turn, the daemon empties them in turn; a place that is not empty yet
 * means that a sample is lost, and counted.
 */
#define RTT_SAMPLE(id, side, kind, units) \
	((__u64)(id) << 44 | (__u64)(side) << 43 | (__u64)(kind) << 41 | 1ULL << 40 | (__u32)(units))
#define RTT_SAMPLE_ID(sample) ((__u32)((sample) >> 44))
#define RTT_SAMPLE_SIDE(sample) ((sample) >> 43 & 1)
#define RTT_SAMPLE_KIND(sample) ((sample) >> 41 & 3)
#define RTT_SAMPLE_UNITS(sample) ((__u32)(sample))
#define RTT_SAMPLES 65536 /* places per CPU */

/* Per CPU. */
struct rtt_cpu {
	__u64 head; /* samples put so far: the next place, modulo RTT_SAMPLES */
	__u64 lost; /* found no free place */
	__u64 full; /* flows that found no place in the table */
	__u64 pad[5];
};

/* --- flows ------------------------------------------------------------------------------------- */

#define RTT_WAYS 4  /* places of a set: where a flow may be */
#define RTT_NOTES 3 /* packets of one direction that are waited for at a time */

/* What is known of a flow's way of saying what it answers: the tag's lowest bits. */
enum rtt_mode {
	RTT_OPENING, /* a SYN was seen and nothing else */
	RTT_BY_TIMESTAMP,
	RTT_BY_SEQUENCE,
	RTT_NOT_TIMED, /* UDP: only accounted */
};
#define RTT_TAG_MODES 3u
#define RTT_TAG_USED 4u
#define RTT_TAG(hash, mode) (((__u32)(hash) & ~7u) | RTT_TAG_USED | (mode))

/* `seen`: when, in units of time that are about a second, and in its lowest bits which directions.
 * A flow that was answered keeps its place; any other may lose it to a new one. */
#define RTT_SEEN_BOTH 3u
#define RTT_SEEN_SHIFT 2

/*
 * One line of cache.  No locks: every field is one word.  A note is time << 32 | what its answer
 * will say (TSecr, or the acknowledgment); 0 in the lower half is a free one, and the upper half
 * then the time in jiffies of the last sample, after which it rests.
 */
struct rtt_flow {
	__u32 tag; /* 0 = free */
	__u32 seen;
	__u32 newest[2]; /* by direction: TSval, or the end of what was sent */
	__u64 note[2][RTT_NOTES];
};

/* Behind the flow's own line, if flows are accounted: two lines of cache, and only the first is
 * touched by each packet. */
struct rtt_details {
	__u64 bytes[2], packets[2]; /* download, upload */
	__u32 next[2];		    /* TCP: end of what was sent so far */
	__u32 again[2];		    /* TCP: segments that were sent before (or overtaken) */
	__u32 marked[2];	    /* ECN: congestion experienced */
	__u8 flags[2];		    /* TCP: all that were seen */
	__u8 dsfield[2];	    /* of the last packet */
	__u32 tag;		    /* of the flow that this is about */

	__be32 near[4], far[4]; /* the subscriber's address, the other; IPv4: the first word */
	__be16 near_port, far_port;
	__u8 family, proto;
	__u16 pad;
	__u32 id;      /* the subscriber's */
	__u32 born;    /* as in `seen`, not shifted */
	__u32 last[2]; /* by side: the last round trip, in units; 0 = none yet */
	__u32 least[2];
};

/* A place in the table.  Without details there is nothing between one flow and the next, so who
 * walks them goes by RTT_PLACE_BYTES. */
struct rtt_place {
	struct rtt_flow flow;
	struct rtt_details details;
};
struct rtt_set {
	struct rtt_place way[RTT_WAYS];
};
#define RTT_PLACE_BYTES(details) ((details) ? sizeof(struct rtt_place) : sizeof(struct rtt_flow))

static inline struct rtt_flow *rtt_flow_at(const void *flows, int details, __u64 place)
{
	return (struct rtt_flow *)((char *)flows + place * RTT_PLACE_BYTES(details));
}

static inline struct rtt_details *rtt_details_at(const void *flows, __u64 place)
{
	return &((struct rtt_place *)rtt_flow_at(flows, 1, place))->details;
}

_Static_assert(sizeof(struct rtt_flow) == 64 && sizeof(struct rtt_details) == 128 &&
		       sizeof(struct rtt_cpu) == 64 && sizeof(struct rtt_place) == 192,
	       "whole lines of cache");
