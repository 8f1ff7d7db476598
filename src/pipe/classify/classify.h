/* SPDX-License-Identifier: GPL-2.0-only */
/* The classify stage, both sides: counters, switches, constants, what is counted per subscriber. */
#pragma once

#include <linux/types.h>

#define classify_COUNTERS(X)                                                                  \
	X(classify, found, "a subscriber's, found by XDP where it arrived")                   \
	X(classify, found_tc, "a subscriber's, found by TC where it arrived")                 \
	X(classify, found_leaving, "a subscriber's, found where it leaves: it came unmarked") \
	X(classify, followed, "put in the queue that was found where it arrived")             \
	X(classify, unknown, "nobody's address")                                              \
	X(classify, default_plan, "nobody's address: in the default plan")                    \
	X(classify, control, "control traffic (ARP, spanning tree, routing protocols, ...)")  \
	X(classify, not_ip, "neither IP nor control traffic")                                 \
	X(classify, other_vlan, "on a stick: neither of the two VLANs")

#define classify_SWITCHES(X)                                                               \
	X(classify, stick, "the VLAN tells the direction")                                 \
	X(classify, upload, "what arrives here comes from subscribers")                    \
	X(classify, queues, "there are queues: say which, and where XDP said it")          \
	X(classify, count, "count per subscriber")                                         \
	X(classify, tc, "TC looks up what arrives: there is a tree, a bridge, but no XDP") \
	X(classify, egress, "look up what leaves without having been looked up")

#define classify_CPU

/* Id of the default plan; 0 is nobody. */
#define CLASSIFY_ID_DEFAULT 1
/* The classes that every queue has beside those of circuits (shaper/plan.h). */
#define CLASSIFY_MINOR_DEFAULT 2
#define CLASSIFY_MINOR_CONTROL 3

struct classify_const {
	__u32 ids;	 /* how many the counts have room for, per CPU */
	__u32 queues;	 /* per direction; 0 = no tree */
	__u32 up_offset; /* on a stick: queues of upload come behind those of download */
	__u16 access_vlan, internet_vlan;
};

/* What arrived for a subscriber and from him, per CPU; index cpu * ids + id. */
struct classify_count {
	__u64 bytes[2], packets[2]; /* download, upload */
};

/* Who is nobody's; IPv4 in the first word. */
struct classify_stranger {
	__u32 address[4];
	__u32 family;
};
struct classify_seen {
	__u64 packets, bytes, at; /* at: nanoseconds since start, of the last one */
};
#define CLASSIFY_STRANGERS 8192
