/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a stage sees of a packet, the same in XDP and in TC.  A stage's <name>.bpf.h defines
 * <name>_xdp() and <name>_tc(); both return a verdict, or STAGE_NEXT for "not mine, go on".
 */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "pipe/parse.bpf.h"
#include "pipe/pkt.h"
#include "pipe/shared.h"

#define STAGE_NEXT (-2)

struct stage_ctx {
	struct xdp_md *xdp; /* one of the two */
	struct __sk_buff *skb;
	void *data, *end; /* the linear part; invalid after a helper that moves it */
	struct pkt pkt;	  /* filled when a stage needs headers */
	struct pipe_cpu *cpu;
	__u64 len;	       /* of the whole frame */
	__u64 zero;	       /* what switches compare with: opaque to the compiler */
	struct pipe_meta meta; /* collected for TC; pushed when `defer` is set */
	bool defer;
	__u16 new_vid; /* tag to write once the decision is final, 0 = leave */
};

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, PIPE_PORT_MAX);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

/*
 * Is a switch on?  `zero` is a register known to the verifier as 0, so that the jump which the
 * loader patches in ("< 0" or ">= 0") is decided there and vanishes with what hangs on it.
 */
static __always_inline bool switch_is_on(__u64 zero, const __u32 number)
{
	asm goto("if %[zero] == %[imm] goto %l[yes]"
		 :
		 : [zero] "r"(zero), [imm] "i"(PIPE_SWITCH_MAGIC + number)
		 :
		 : yes);
	return false;
yes:
	return true;
}
#define ON(s, name) switch_is_on((s)->zero, SWITCH_##name)

#define COUNT(s, name)                                           \
	do {                                                     \
		(s)->cpu->count[COUNT_##name].packets++;         \
		(s)->cpu->count[COUNT_##name].bytes += (s)->len; \
	} while (0)
