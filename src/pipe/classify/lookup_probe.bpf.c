// SPDX-License-Identifier: GPL-2.0-only
/* For tests only: looks up a frame's addresses as the stage would, in XDP and in TC. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "pipe/classify/lookup.bpf.h"
#include "pipe/classify/lookup_probe.h"

__u32 source;	/* look up the source, else the destination */
__u64 value[2]; /* of the last packet: when the side is known to the compiler, and when not */

struct lookup_notes notes;

SEC("xdp")
int lookup_xdp(struct xdp_md *ctx)
{
	struct pkt p;

	(void)parse_xdp(&p, ctx);
	value[0] = source ? classify_find(&p, false) : classify_find(&p, true);
	value[1] = classify_find(&p, !source);
	return XDP_PASS;
}

SEC("tc")
int lookup_tc(struct __sk_buff *skb)
{
	struct pkt p;

	(void)parse_skb_pull(&p, skb);
	value[0] = source ? classify_find(&p, false) : classify_find(&p, true);
	value[1] = classify_find(&p, !source);
	return TC_ACT_OK;
}

/* While the table changes: counts answers of each kind.  Several threads count here. */
SEC("tc")
int lookup_watch(struct __sk_buff *skb)
{
	__u32 handle;
	struct pkt p;
	__u64 v;

	(void)parse_skb_pull(&p, skb);
	v = classify_find(&p, true);
	handle = CLASSIFY_HANDLE(v);
	if (!v)
		__sync_fetch_and_add(&notes.unknown, 1);
	else if (handle < LOOKUP_HANDLES)
		__sync_fetch_and_add(&notes.found[handle], 1);
	else
		__sync_fetch_and_add(&notes.foreign, 1);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
