/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bridge: what enters here leaves there, optionally with another VLAN tag.  No learning, no
 * flooding: a wire between two ports, or between two tags of one port.
 */
#pragma once

#include "pipe/vlan.bpf.h"

const volatile struct bridge_const bridge_const;

/* Old VID -> new VID, 0 = no rule. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BRIDGE_VIDS);
	__type(key, __u32);
	__type(value, __u32);
} bridge_vids SEC(".maps");

static __always_inline __u16 bridge_translate(__u16 vid)
{
	__u32 key = vid, *to = bpf_map_lookup_elem(&bridge_vids, &key);

	return to ? *to : 0;
}

static __always_inline int bridge_xdp(struct stage_ctx *s)
{
	int verdict;

	if (ON(s, bridge_vlans))
		s->new_vid = bridge_translate(vlan_xdp_vid(xdp_data(s), xdp_end(s)));
	if (ON(s, bridge_stick) && !s->new_vid) {
		COUNT(s, bridge_no_rule);
		return XDP_PASS;
	}
	if (ON(s, bridge_defer)) {
		s->meta.oif = bridge_const.target;
		return STAGE_TC;
	}
	/* An empty slot gives the fallback: a target that is gone must not eat the frame. */
	verdict = bpf_redirect_map(&ports, PORT_BRIDGE, XDP_PASS);
	if (verdict != XDP_REDIRECT) {
		COUNT(s, bridge_vanished);
		return verdict;
	}
	if (ON(s, bridge_vlans) && s->new_vid) {
		vlan_xdp_set_vid(xdp_data(s), xdp_end(s), s->new_vid);
		COUNT(s, pipe_retagged);
	}
	COUNT(s, bridge_forwarded);
	return verdict;
}

static __always_inline int bridge_tc(struct stage_ctx *s)
{
	bool translated = false;
	__u16 vid;

	if (!ON(s, bridge_tc))
		return STAGE_NEXT;
	if (ON(s, bridge_vlans)) {
		vid = bridge_translate(vlan_skb_vid(s->skb));
		translated = vid && !vlan_skb_set_vid(s->skb, vid);
		if (translated)
			COUNT(s, pipe_retagged);
	}
	if (ON(s, bridge_stick) && !translated) {
		COUNT(s, bridge_no_rule);
		return TC_ACT_UNSPEC;
	}
	COUNT(s, bridge_forwarded_tc);
	return bpf_redirect(bridge_const.target, 0);
}

STAGE_NO_EGRESS(bridge)
