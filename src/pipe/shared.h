/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the packet path and the daemon agree on: counters, switches, metadata.  Included by both
 * sides, so only <linux/types.h>.
 */
#pragma once

#include <linux/types.h>

#include "pipe/count.h"

#include "stages.h"

/* X(stage, name, text): the pipeline's own counters; a stage lists its own in <stage>_COUNTERS. */
#define pipe_COUNTERS(X)                                                              \
	X(pipe, passed, "no stage took the frame: left to the kernel")                \
	X(pipe, no_metadata, "the driver has no room for metadata: TC decides again") \
	X(pipe, from_metadata, "TC followed the decision that XDP wrote")             \
	X(pipe, not_steered, "its queue is this CPU's, or its CPU takes none")        \
	X(pipe, retagged, "the outer VLAN tag was changed")                           \
	X(pipe, headers_unknown, "headers not understood: left to the kernel")

enum pipe_counter {
#define PIPE_ROW(stage, name, text) COUNT_##stage##_##name,
	pipe_COUNTERS(PIPE_ROW)
#define STAGE(s) s##_COUNTERS(PIPE_ROW)
#include "pipe/stages.def"
#undef STAGE
#undef PIPE_ROW
		PIPE_COUNTER_MAX
};

/*
 * One CPU's counters: looked up once per packet, then every count is a plain add.  Behind them what
 * a stage keeps per CPU and port (<stage>_CPU, mostly nothing): it costs no lookup of its own, and
 * goes from copy to copy with the counters.
 */
struct pipe_cpu {
	__u64 number; /* of this CPU: read here, it costs no helper call */
	struct pipe_count count[PIPE_COUNTER_MAX];
#define STAGE(s) s##_CPU
#include "pipe/stages.def"
#undef STAGE
} __attribute__((aligned(64)));

/*
 * Switches.  A switch is a conditional jump that the loader turns into "always" or "never"
 * before the program is verified (pipe/switch.c), so that what is off leaves no instruction.
 * X(stage, name, text); every stage also has one called after itself: its place in XDP.
 */
#define pipe_SWITCHES(X)                                              \
	X(pipe, active, "something is on: find this CPU's counters")  \
	X(pipe, headers, "a stage needs the headers parsed")          \
	X(pipe, l4, "a stage needs what is behind the IP header")     \
	X(pipe, frags, "frames may be larger than a page")            \
	X(pipe, metadata, "XDP hands its decision to TC in metadata") \
	X(pipe, carry, "XDP hands it on also when no stage took it")  \
	X(pipe, steer, "XDP sends the frame to the CPU of its queue") \
	X(pipe, retag, "a stage may have asked for another VLAN tag")

enum pipe_switch {
#define PIPE_ROW(stage, name, text) SWITCH_##stage##_##name,
	pipe_SWITCHES(PIPE_ROW)
#define STAGE(s) SWITCH_##s, s##_SWITCHES(PIPE_ROW)
#include "pipe/stages.def"
#undef STAGE
#undef PIPE_ROW
		PIPE_SWITCH_MAX
};

/* High half of an unresolved switch's immediate; the low half is its number. */
#define PIPE_SWITCH_MAGIC 0x57450000

/* XDP metadata: 16 bytes in front of the packet.  No per-packet values: the kernel's GRO merges
 * only frames whose metadata are equal. */
#define PIPE_META_MAGIC 0x57455201
struct pipe_meta {
	__u32 handle; /* skb->priority, 0 = leave; its major number is the transmit queue's */
	__u32 magic;
	__u32 id_dir; /* subscriber id << 1 | is it upload */
	__u32 oif;    /* redirect there, 0 = the kernel forwards */
};

/* Slots of an instance's `ports` devmap. */
enum pipe_port_slot { PORT_BRIDGE, PIPE_PORT_MAX = 8 };
