/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a stage sees of a packet, the same in XDP and in TC.  A stage's <name>.bpf.h defines
 * <name>_xdp(), <name>_tc() for frames that arrive, and <name>_egress() for those that leave; they
 * return a verdict, or one of the STAGE_* below.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "pipe/pkt.h"
#include "pipe/shared.h"

/*
 * Is a switch on?  `known` is a register that the verifier knows not to be 0, so that the jump
 * which the loader patches in ("!= 0" or "== 0") is decided there and vanishes with what hangs on
 * it. This CPU's counters are such a register, and one that is at hand anyway: a switch that is off
 * leaves no instruction.
 */
#define SWITCH_IS_ON(known, number)                                                  \
	({                                                                           \
		__label__ yes, end;                                                  \
		bool on = false;                                                     \
		asm goto("if %[reg] == %[imm] goto %l[yes]"                          \
			 :                                                           \
			 : [reg] "r"(known), [imm] "i"(PIPE_SWITCH_MAGIC + (number)) \
			 :                                                           \
			 : yes);                                                     \
		goto end;                                                            \
yes:                                                                                 \
		on = true;                                                           \
end:                                                                                 \
		on;                                                                  \
	})

#define PARSE_WANTS_L4(p) (!(p)->known || SWITCH_IS_ON((p)->known, SWITCH_pipe_l4))
#include "pipe/parse.bpf.h"

#define STAGE_NEXT (-2) /* not mine: on to the next stage */
#define STAGE_TC (-3)	/* XDP: decided, TC is to carry it out by the metadata */

struct stage_ctx {
	struct xdp_md *xdp; /* one of the two */
	struct __sk_buff *skb;
	struct pkt pkt;		   /* filled when a stage needs headers */
	struct pipe_meta *carried; /* leaving: what XDP found, where it arrived; or NULL */
	struct pipe_cpu *cpu;
	__u64 len;	       /* of the whole frame */
	struct pipe_meta meta; /* for TC; pushed when a stage says STAGE_TC */
	__u16 new_vid;	       /* tag to write once the decision is final, 0 = leave */
	__u32 steer;	       /* the CPU that is to go on with it, when pipe_steer is on */
};

/* A stage with nothing to do where frames leave. */
#define STAGE_NO_EGRESS(name)                                         \
	static __always_inline int name##_egress(struct stage_ctx *s) \
	{                                                             \
		return STAGE_NEXT;                                    \
	}

/* By CPU number; what all copies share, so that a new copy starts no threads. */
struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1); /* as the machine has */
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, PIPE_PORT_MAX);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

#define ON(s, name) SWITCH_IS_ON((s)->cpu, SWITCH_##name)

/* The linear part of the frame in XDP.  Read when needed: kept, it would only be spilled. */
static __always_inline void *xdp_data(const struct stage_ctx *s)
{
	return (void *)(long)s->xdp->data;
}

static __always_inline void *xdp_end(const struct stage_ctx *s)
{
	return (void *)(long)s->xdp->data_end;
}

/* The last line keeps the compiler from merging the ends of all counts into one with a computed
 * offset, which costs each of them two jumps' worth. */
#define COUNT(s, name)                                           \
	do {                                                     \
		(s)->cpu->count[COUNT_##name].packets++;         \
		(s)->cpu->count[COUNT_##name].bytes += (s)->len; \
		asm volatile("" : : "i"(COUNT_##name));          \
	} while (0)
