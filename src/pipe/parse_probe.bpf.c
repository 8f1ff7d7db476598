/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests only: runs the parser on XDP and on TC and shows what it found in a global variable.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "pipe/parse_quote.bpf.h"
#include "pipe/parse_tcp.bpf.h"
#define PARSE_VIEW_FILL
#include "pipe/parse_probe.h"

struct parse_view view;
__u32 tag_proto, tag_tci; /* TC: a tag to move into the skb first, host order; 0 = none */
__u32 pulled;		  /* TC: the linear part has grown */

/* As a stage would: one global function per hook, which has nothing but offsets. */
#define PROBE_ENDS(hook, context)                                                               \
	__noinline int probe_ends_##hook(struct context *ctx, __u32 l3, __u32 l4, __u32 l4_len, \
					 __u32 family);                                         \
	__noinline int probe_ends_##hook(struct context *ctx, __u32 l3, __u32 l4, __u32 l4_len, \
					 __u32 family)                                          \
	{                                                                                       \
		struct pkt_ends ends;                                                           \
                                                                                                \
		view.has_ends = !parse_ends_##hook(ctx, l3, family, &ends);                     \
		if (view.has_ends)                                                              \
			view.ends = ends;                                                       \
		view.has_quote =                                                                \
			view.icmp_error && !parse_quote_##hook(ctx, l4, l4_len, family, &ends); \
		if (view.has_quote)                                                             \
			view.quote = ends;                                                      \
		return 0;                                                                       \
	}

#define parse_ends_plain(ctx, l3, family, ret) \
	parse_ends((void *)(long)(ctx)->data, (void *)(long)(ctx)->data_end, l3, family, ret)
#define parse_quote_plain(ctx, l4, l4_len, family, ret)                                           \
	parse_quote((void *)(long)(ctx)->data, (void *)(long)(ctx)->data_end, l4, l4_len, family, \
		    ret)

PROBE_ENDS(xdp, xdp_md)
PROBE_ENDS(plain, xdp_md)
PROBE_ENDS(skb, __sk_buff)

#define PROBE_PKT_ENDS(hook, p)                                                                \
	do {                                                                                   \
		if ((p)->family)                                                               \
			(void)probe_ends_##hook((p)->ctx, parse_offset((p)->data, (p)->l3),    \
						parse_offset((p)->data, (p)->l4), (p)->l4_len, \
						(p)->family);                                  \
	} while (0)

SEC("xdp")
int probe_xdp(struct xdp_md *ctx)
{
	struct pkt p;
	int r = parse_xdp(&p, ctx);

	parse_view_fill(&view, &p, r);
	PROBE_PKT_ENDS(xdp, &p);
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
	PROBE_PKT_ENDS(plain, &p);
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
	PROBE_PKT_ENDS(skb, &p);
	view.ts_found = !parse_tcp_timestamps_skb(&p, &view.tsval, &view.tsecr);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
