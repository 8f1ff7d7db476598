/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The outer VLAN tag alone, for stages that need nothing else of the headers: read it, change its
 * VID.  Priority (PCP) and drop eligibility (DEI) stay as they came.
 */
#pragma once

#include "pipe/stage.bpf.h"

#define VLAN_VID_MASK PARSE_VID_MASK

/* The tag behind the Ethernet header of a linear buffer, or NULL. */
static __always_inline struct parse_tag *vlan_outer(void *data, void *end)
{
	struct parse_eth *eth = data;
	struct parse_tag *tag = (void *)(eth + 1);

	if ((void *)(tag + 1) > end || !parse_is_tag(eth->type))
		return NULL;
	return tag;
}

/* 0 is "no tag" and also the priority tag's VID: neither can be translated. */
static __always_inline __u16 vlan_xdp_vid(void *data, void *end)
{
	struct parse_tag *tag = vlan_outer(data, end);

	return tag ? bpf_ntohs(tag->tci) & VLAN_VID_MASK : 0;
}

static __always_inline void vlan_xdp_set_vid(void *data, void *end, __u16 vid)
{
	struct parse_tag *tag = vlan_outer(data, end);

	if (tag)
		tag->tci = (tag->tci & ~bpf_htons(VLAN_VID_MASK)) | bpf_htons(vid);
}

/* At TC ingress the kernel has already taken the outer tag out of the frame. */
static __always_inline __u16 vlan_skb_vid(struct __sk_buff *skb)
{
	return skb->vlan_present ? skb->vlan_tci & VLAN_VID_MASK : 0;
}

static __always_inline int vlan_skb_set_vid(struct __sk_buff *skb, __u16 vid)
{
	__u16 tci = (skb->vlan_tci & ~VLAN_VID_MASK) | vid;
	__be16 proto = skb->vlan_proto;

	if (bpf_skb_vlan_pop(skb))
		return -1;
	return bpf_skb_vlan_push(skb, proto, tci);
}
