// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets of a conversation, each to the program of the side that it comes from.  What that itself
 * costs is told by the empty programs, put in both places.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 ports;    /* where they are in the packet */
const volatile __u16 from_far; /* source port of what comes from the internet, as it stands there */

struct sides {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2); /* from the internet, from subscribers */
	__type(key, __u32);
	__type(value, __u32);
};
struct sides sides_frags SEC(".maps");
struct sides sides_plain SEC(".maps");

static __always_inline int take_turn(struct xdp_md *ctx, void *sides)
{
	__u16 *port = (void *)(long)ctx->data + (ports & 0xff);

	if ((void *)(port + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	/* Each place is a constant: such tail calls are plain jumps. */
	if (*port == from_far)
		bpf_tail_call(ctx, sides, 0);
	else
		bpf_tail_call(ctx, sides, 1);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int turn_frags(struct xdp_md *ctx)
{
	return take_turn(ctx, &sides_frags);
}

SEC("xdp")
int turn_plain(struct xdp_md *ctx)
{
	return take_turn(ctx, &sides_plain);
}

SEC("xdp.frags")
int empty_frags(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int empty_plain(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
