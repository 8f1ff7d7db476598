/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet path's parser in user space, for tests and fuzzers: the frame is copied to a block
 * that ends with it, so that a sanitizer sees every byte read beyond the end.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpointer-arith" /* BPF code counts in void * */
#include "pipe/parse_quote.bpf.h"
#include "pipe/parse_tcp.bpf.h"
#define PARSE_VIEW_FILL
#include "pipe/parse_probe.h"

static inline void parse_native_take(const struct pkt_ends *ends, int r, __u8 *ret_has,
				     struct pkt_ends *ret_ends)
{
	struct pkt_ends untouched;

	memset(&untouched, 0xa5, sizeof(untouched));
	if (r && memcmp(ends, &untouched, sizeof(untouched)))
		abort();
	*ret_has = !r;
	if (!r)
		*ret_ends = *ends;
}

static inline void parse_native_ends(const struct pkt *p, struct parse_view *v)
{
	struct pkt_ends ends;
	int r;

	memset(&ends, 0xa5, sizeof(ends));
	r = parse_ends(p->data, p->end, v->l3, p->family, &ends);
	parse_native_take(&ends, r, &v->has_ends, &v->ends);
	if (!pkt_is_icmp_error(p))
		return;
	memset(&ends, 0xa5, sizeof(ends));
	r = parse_quote(p->data, p->end, v->l4, p->l4_len, p->family, &ends);
	parse_native_take(&ends, r, &v->has_quote, &v->quote);
}

/* tag_proto 0: no tag was moved out of the frame. Offset 2 aligns L3 as a driver would. */
static inline void parse_native(const uint8_t *bytes, size_t len, uint16_t tag_proto, uint16_t tci,
				struct parse_view *ret_view)
{
	uint8_t *block = malloc(len + 2), *frame = block + 2;
	struct pkt p;
	int r;

	if (!block)
		abort();
	memcpy(frame, bytes, len);
	if (tag_proto)
		r = parse_packet_tagged(&p, frame, frame + len, bpf_htons(tag_proto), tci);
	else
		r = parse_packet(&p, frame, frame + len);
	parse_view_fill(ret_view, &p, r);
	if (p.family)
		parse_native_ends(&p, ret_view);
	ret_view->ts_found = !parse_tcp_timestamps(&p, &ret_view->tsval, &ret_view->tsecr);
	free(block);
}
#pragma GCC diagnostic pop
