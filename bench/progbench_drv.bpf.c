// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of progbench: rewrites a few bytes of the test packet, then tail-calls the program under
 * test.  An XDP program with fragments and one without may not share a program array, hence three.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "lib/pb_cfg.h"

struct pb_cfg cfg = { .n_addr = 1, .n_flow = 1 };

struct {
	__u32 lcg;   /* sequence of addresses */
	__u32 phase; /* 0: first packet of a pair, 1: the reply */
	__be32 addr;
	__be16 port;
	__u32 ts; /* TSval of the packet before */
} state;

struct target {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};
struct target target_frags SEC(".maps");
struct target target_xdp SEC(".maps");
struct target target_tc SEC(".maps");

static __always_inline void put32(void *data, void *end, __u32 off, __u32 v)
{
	__u32 *at = data + (off & 0xff);

	if (off && (void *)(at + 1) <= end)
		*at = v;
}

static __always_inline void put16(void *data, void *end, __u32 off, __u16 v)
{
	__u16 *at = data + (off & 0xff);

	if (off && (void *)(at + 1) <= end)
		*at = v;
}

static __always_inline void next_subscriber(void)
{
	__u32 address = 0, flow = 0, x;

	if (cfg.n_addr > 1 || cfg.n_flow > 1) {
		x = state.lcg * 1664525u + 1013904223u;
		state.lcg = x;
		if (cfg.n_addr > 1)
			address = (__u32)(((__u64)x * cfg.n_addr) >> 32);
		if (cfg.n_flow > 1)
			flow = (__u32)(((__u64)(x * 2654435769u) * cfg.n_flow) >> 32);
	}
	state.addr = bpf_htonl(cfg.base | (pb_mix(address) & cfg.mask));
	state.port = bpf_htons(cfg.port_sub + flow);
}

static __always_inline __u32 port_pair(__u32 to_subscriber)
{
	__u16 server = bpf_htons(cfg.port_srv), subscriber = state.port;

	return to_subscriber ? (__u32)server | (__u32)subscriber << 16 :
			       (__u32)subscriber | (__u32)server << 16;
}

static __always_inline void rewrite_one_way(void *data, void *end)
{
	put32(data, end, cfg.off_addr, state.addr);
	if (cfg.n_flow > 1)
		put32(data, end, cfg.off_sport, port_pair(cfg.sub_is_dst));
	if (cfg.ts_step && cfg.off_ts) {
		state.ts += cfg.ts_step;
		put32(data, end, cfg.off_ts, bpf_htonl(state.ts));
	}
}

/* off_addr is the subscriber's place in the first packet of a pair, the peer's in the reply. */
static __always_inline void rewrite_pair(void *data, void *end, __u32 reply)
{
	__be32 peer = cfg.peer_xor ? state.addr ^ bpf_htonl(cfg.peer_xor) : bpf_htonl(cfg.peer);
	__u32 before = state.ts;

	put32(data, end, reply ? cfg.off_peer : cfg.off_addr, state.addr);
	put32(data, end, reply ? cfg.off_addr : cfg.off_peer, peer);
	put32(data, end, cfg.off_sport, port_pair(cfg.sub_is_dst ? !reply : reply));
	state.ts = before + cfg.ts_step;
	put32(data, end, cfg.off_ts, bpf_htonl(state.ts));
	put32(data, end, cfg.off_ts ? cfg.off_ts + 4 : 0, bpf_htonl(before));
	state.phase = !reply;
}

static __always_inline void rewrite(void *data, void *end)
{
	__u32 reply = cfg.conv && state.phase;

	if (!reply)
		next_subscriber();
	put16(data, end, cfg.off_tci, bpf_htons(cfg.tci));
	if (cfg.conv)
		rewrite_pair(data, end, reply);
	else
		rewrite_one_way(data, end);
}

static __always_inline void rewrite_xdp(struct xdp_md *ctx)
{
	/* Test runs share one buffer: take off the metadata that the last run left.  Always, so
	 * that it costs the same with and without a program under test. */
	bpf_xdp_adjust_meta(ctx, (int)((long)ctx->data - (long)ctx->data_meta));
	rewrite((void *)(long)ctx->data, (void *)(long)ctx->data_end);
}

SEC("xdp.frags")
int drv_frags(struct xdp_md *ctx)
{
	rewrite_xdp(ctx);
	bpf_tail_call(ctx, &target_frags, 0);
	return XDP_PASS;
}

SEC("xdp")
int drv_xdp(struct xdp_md *ctx)
{
	rewrite_xdp(ctx);
	bpf_tail_call(ctx, &target_xdp, 0);
	return XDP_PASS;
}

SEC("tc")
int drv_tc(struct __sk_buff *skb)
{
	skb->priority = cfg.priority;
	rewrite((void *)(long)skb->data, (void *)(long)skb->data_end);
	bpf_tail_call(skb, &target_tc, 0);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
