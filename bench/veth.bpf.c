// SPDX-License-Identifier: GPL-2.0-only
/* Both ends of the measurement through veth: what makes the frames, and what counts and drops them. */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "lib/pb_cfg.h"

#define OFF_DADDR 30 /* of IPv4 in an untagged frame */

/* The flows of veth_generate_flows: as the driver of progbench makes addresses. */
struct pb_cfg cfg = { .n_addr = 1 };
__u32 lcg;

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} wire SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} arrived SEC(".maps");

SEC("xdp")
int veth_generate(struct xdp_md *ctx)
{
	return bpf_redirect_map(&wire, 0, XDP_DROP);
}

/* Every frame of another flow, in no order. */
SEC("xdp")
int veth_generate_flows(struct xdp_md *ctx)
{
	__be32 *address = (void *)(long)ctx->data + OFF_DADDR;
	__u32 x = lcg * 1664525u + 1013904223u;

	if ((void *)(address + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	lcg = x;
	*address = bpf_htonl(pb_address(&cfg, (__u64)x * cfg.n_addr >> 32));
	return bpf_redirect_map(&wire, 0, XDP_DROP);
}

static __always_inline int count_and_drop(void)
{
	__u32 key = 0;
	__u64 *n = bpf_map_lookup_elem(&arrived, &key);

	if (n)
		(*n)++;
	return XDP_DROP;
}

SEC("xdp.frags")
int veth_sink(struct xdp_md *ctx)
{
	return count_and_drop();
}

/* In the middle: what generator, wire and counting cost without any forwarding. */
SEC("xdp.frags")
int veth_middle_drop(struct xdp_md *ctx)
{
	return count_and_drop();
}

/* In the middle: left to the kernel, here to its own bridge. */
SEC("xdp.frags")
int veth_middle_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
