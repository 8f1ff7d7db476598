// SPDX-License-Identifier: GPL-2.0-only
/*
 * What balancing is measured against: the simplest balancer there can be.  IPv4 packets go out by
 * turns, one counter for all CPUs, and in the second program each is told to the trace buffer.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define N_PORTS 4 /* a power of two */

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, N_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} turn SEC(".maps");

static __always_inline int is_ipv4(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	return (void *)(eth + 1) <= (void *)(long)ctx->data_end &&
	       eth->h_proto == bpf_htons(ETH_P_IP);
}

static __always_inline __u32 next_port(void)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&turn, &zero);

	return n ? __sync_fetch_and_add(n, 1) & (N_PORTS - 1) : 0;
}

SEC("xdp.frags")
int turns(struct xdp_md *ctx)
{
	if (!is_ipv4(ctx))
		return XDP_PASS;
	return bpf_redirect_map(&ports, next_port(), XDP_PASS);
}

SEC("xdp.frags")
int turns_told(struct xdp_md *ctx)
{
	__u32 port;

	if (!is_ipv4(ctx))
		return XDP_PASS;
	port = next_port();
	bpf_printk("redirecting to port %u", port);
	return bpf_redirect_map(&ports, port, XDP_PASS);
}

char LICENSE[] SEC("license") = "GPL";
