/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests only: runs the parser on XDP and on TC and shows what it found in a global variable.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "pipe/parse.bpf.h"
#include "pipe/parse_tcp.bpf.h"
#define PARSE_VIEW_FILL
#include "pipe/parse_probe.h"

struct parse_view view;
__u32 tag_proto, tag_tci; /* TC: a tag to move into the skb first, host order; 0 = none */
__u32 pulled;		  /* TC: the linear part has grown */

SEC("xdp")
int probe_xdp(struct xdp_md *ctx)
{
	struct pkt p;
	int r = parse_xdp(&p, ctx);

	parse_view_fill(&view, &p, r);
	view.ts_found = !parse_tcp_timestamps_xdp(&p, &view.tsval, &view.tsecr);
	return XDP_PASS;
}

/* The entry without a context, and frames in several buffers. */
SEC("xdp.frags")
int probe_xdp_frags(struct xdp_md *ctx)
{
	struct pkt p;
	int r = parse_packet(&p, (void *)(long)ctx->data, (void *)(long)ctx->data_end);

	p.ctx = ctx;
	parse_view_fill(&view, &p, r);
	view.ts_found = !parse_tcp_timestamps_xdp(&p, &view.tsval, &view.tsecr);
	return XDP_PASS;
}

SEC("tc")
int probe_tc(struct __sk_buff *skb)
{
	__u32 linear = skb->data_end - skb->data;
	struct pkt p;
	int r;

	if (tag_proto && bpf_skb_vlan_push(skb, bpf_htons(tag_proto), tag_tci))
		return TC_ACT_SHOT;
	r = parse_skb_pull(&p, skb);
	pulled = p.end - p.data > linear;
	parse_view_fill(&view, &p, r);
	view.ts_found = !parse_tcp_timestamps_skb(&p, &view.tsval, &view.tsecr);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
