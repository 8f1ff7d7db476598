/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP options on demand: timestamps. Costs nothing unless called; the layout nearly all hosts
 * send is matched inline, any other by a function that is verified once.
 */
#pragma once

#include <linux/errno.h>

#include "pipe/parse.bpf.h"

#define PARSE_TS_LAYOUT 0x0101080a /* NOP NOP TIMESTAMP 10 */

/* Where the option's values are, counted from the TCP header; 0 if there are none. */
static __always_inline __u32 parse_ts_scan(void *data, void *end, __u32 l4_off, __u32 hlen)
{
	__u32 o = sizeof(struct tcphdr);
	__u8 *opt;

	l4_off &= PARSE_L4_MASK;
	PARSE_LOOP
	for (int i = 0; i < 40; i++) { /* 40 bytes of options may all be NOPs */
		o = parse_forget_value(data, end, o) & 0x1ff;
		if (o > 50 || o + 10 > hlen)
			return 0;
		opt = data + l4_off + o;
		if ((void *)(opt + 10) > end)
			return 0;
		if (opt[0] == 1) {
			o++;
			continue;
		}
		if (opt[0] == 8 && opt[1] == 10)
			return o + 2;
		if (opt[0] == 0 || opt[1] < 2)
			return 0;
		o += opt[1];
	}
	return 0;
}

/* 0: both values set. -ENOENT: no timestamps. -EAGAIN: unusual layout, *ret_hlen to be scanned. */
static __always_inline int parse_ts_usual(const struct pkt *p, __u32 *ret_tsval, __u32 *ret_tsecr,
					  __u32 *ret_hlen)
{
	struct tcphdr *th = pkt_tcp(p);
	__be32 *opt;
	__u32 hlen;

	if (!th)
		return -ENOENT;
	opt = (void *)(th + 1);
	hlen = pkt_tcp_hlen(p, th);
	if (hlen < 32) /* with timestamps never shorter */
		return -ENOENT;
	if ((void *)(opt + 3) > p->end || opt[0] != bpf_htonl(PARSE_TS_LAYOUT)) {
		*ret_hlen = hlen;
		return -EAGAIN;
	}
	*ret_tsval = bpf_ntohl(opt[1]);
	*ret_tsecr = bpf_ntohl(opt[2]);
	return 0;
}

static __always_inline int parse_ts_read(const struct pkt *p, __u32 at, __u32 *ret_tsval,
					 __u32 *ret_tsecr)
{
	__u8 *opt = p->l4 + (at & 0x3f);
	__be32 value[2];

	if (!at || (void *)(opt + 8) > p->end)
		return -ENOENT;
	__builtin_memcpy(value, opt, sizeof(value));
	*ret_tsval = bpf_ntohl(value[0]);
	*ret_tsecr = bpf_ntohl(value[1]);
	return 0;
}

/* `scan` finds the option when the layout is not the usual one. */
#define PARSE_TCP_TIMESTAMPS(p, ret_tsval, ret_tsecr, scan)                \
	({                                                                 \
		__u32 hlen_;                                               \
		int r_ = parse_ts_usual(p, ret_tsval, ret_tsecr, &hlen_);  \
                                                                           \
		if (r_ == -EAGAIN)                                         \
			r_ = parse_ts_read(p, scan, ret_tsval, ret_tsecr); \
		r_;                                                        \
	})

#ifdef __bpf__
__noinline int parse_ts_scan_xdp(struct xdp_md *xdp, __u32 l4_off, __u32 hlen);
__noinline int parse_ts_scan_skb(struct __sk_buff *skb, __u32 l4_off, __u32 hlen);

__noinline int parse_ts_scan_xdp(struct xdp_md *xdp, __u32 l4_off, __u32 hlen)
{
	return parse_ts_scan(PARSE_CTX_POINTER(xdp, data), PARSE_CTX_POINTER(xdp, data_end), l4_off,
			     hlen);
}

__noinline int parse_ts_scan_skb(struct __sk_buff *skb, __u32 l4_off, __u32 hlen)
{
	return parse_ts_scan(PARSE_CTX_POINTER(skb, data), PARSE_CTX_POINTER(skb, data_end), l4_off,
			     hlen);
}

/* 0 and both values, or -ENOENT. */
static __always_inline int parse_tcp_timestamps_xdp(const struct pkt *p, __u32 *ret_tsval,
						    __u32 *ret_tsecr)
{
	return PARSE_TCP_TIMESTAMPS(p, ret_tsval, ret_tsecr,
				    parse_ts_scan_xdp(p->ctx, p->l4 - p->data, hlen_));
}

static __always_inline int parse_tcp_timestamps_skb(const struct pkt *p, __u32 *ret_tsval,
						    __u32 *ret_tsecr)
{
	return PARSE_TCP_TIMESTAMPS(p, ret_tsval, ret_tsecr,
				    parse_ts_scan_skb(p->ctx, p->l4 - p->data, hlen_));
}
#else
static __always_inline int parse_tcp_timestamps(const struct pkt *p, __u32 *ret_tsval,
						__u32 *ret_tsecr)
{
	return PARSE_TCP_TIMESTAMPS(p, ret_tsval, ret_tsecr,
				    parse_ts_scan(p->data, p->end, p->l4 - p->data, hlen_));
}
#endif
