// SPDX-License-Identifier: GPL-2.0-only
/*
 * A balancer of its own, without the daemon: `ip link set dev IN xdp obj xdp_loadbalancer.o sec xdp`.
 * Untagged IPv4 goes to the targets of redirect_map in turn, packet by packet; all else is the kernel's.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "pipe/balance/classic/classic.h"

/* A hash, so that a dump shows by name what is there and nothing else; a devmap shows neither. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CLASSIC_TARGETS_MAX);
	__type(key, __u32);
	__type(value, struct classic_target);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} redirect_map SEC(".maps");

/* Not pinned: each input has turns of its own. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} redirect_turn SEC(".maps");

/* Not 0: every redirect is told to trace_pipe, which more than halves the rate. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} redirect_trace SEC(".maps");

/* 0: nobody has that turn. */
static __always_inline __u32 target_at(__u32 key)
{
	struct classic_target *target = bpf_map_lookup_elem(&redirect_map, &key);

	return target ? target->ifindex : 0;
}

/* Behind the last target, and at a hole, the round begins again. */
static __always_inline __u32 take_turn(void)
{
	__u32 zero = 0, key, ifindex, *turn = bpf_map_lookup_elem(&redirect_turn, &zero);

	if (!turn)
		return 0;
	key = *turn;
	ifindex = target_at(key);
	if (!ifindex && key) {
		key = 0;
		ifindex = target_at(key);
	}
	*turn = ifindex ? key + 1 : 0;
	return ifindex;
}

static __always_inline int is_traced(void)
{
	__u32 zero = 0, *on = bpf_map_lookup_elem(&redirect_trace, &zero);

	return on && *on;
}

static __always_inline void tell(__u32 from, __u32 to)
{
	if (to)
		bpf_printk("redirect_map: %u -> %u", from, to);
	else
		bpf_printk("redirect_map: %u -> kernel, there is no target", from);
}

SEC("xdp")
int xdp_loadbalancer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	const struct ethhdr *eth = data;
	__u32 ifindex;

	if (data + sizeof(*eth) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ifindex = take_turn();
	if (is_traced())
		tell(ctx->ingress_ifindex, ifindex);
	return ifindex ? bpf_redirect(ifindex, 0) : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
