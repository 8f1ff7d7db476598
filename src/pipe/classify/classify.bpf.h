/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Classify: whose packet is it, and which queue is his.  Asked once, where the packet arrives; the
 * answer goes along as metadata and is followed where it leaves.  What comes without (routed in
 * skb mode, of this machine, from a driver without metadata) is looked up where it leaves.
 */
#pragma once

#include "pipe/classify/control.bpf.h"
#include "pipe/classify/lookup.bpf.h"
#include "pipe/vlan.bpf.h"

const volatile struct classify_const classify_const;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* CPUs times ids */
	__type(key, __u32);
	__type(value, struct classify_count);
} classify_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CLASSIFY_STRANGERS);
	__type(key, struct classify_stranger);
	__type(value, struct classify_seen);
} classify_strangers SEC(".maps");

/* --- whose ------------------------------------------------------------------------------------- */

static __always_inline struct classify_count *classify_row(struct stage_ctx *s, __u32 id)
{
	__u32 at = s->cpu->number * classify_const.ids + id;

	return bpf_map_lookup_elem(&classify_counts, &at);
}

static __always_inline void classify_account(struct stage_ctx *s, __u32 id, __u32 upload)
{
	struct classify_count *c = classify_row(s, id);

	if (!c)
		return;
	c->bytes[upload] += s->len;
	c->packets[upload]++;
}

/* XDP's answer cannot go along: it is found, and counted, where the packet leaves. */
static __always_inline void classify_forget(struct stage_ctx *s)
{
	const __u32 upload = s->meta.id_dir & 1, id = s->meta.id_dir >> 1;
	struct classify_count *c = classify_row(s, id);

	if (!ON(s, classify_count) || !id || !c)
		return;
	c->bytes[upload] -= s->len;
	c->packets[upload]--;
}

/* Off the usual path: to be listed for the operator. */
static __always_inline void classify_note_stranger(struct stage_ctx *s, __u32 upload)
{
	struct classify_stranger who = { .family = s->pkt.family };
	struct classify_seen fresh = { .packets = 1, .bytes = s->len }, *seen;

	if (s->pkt.family == 4) {
		struct iphdr *ip = s->pkt.l3;

		if ((void *)(ip + 1) > s->pkt.end)
			return;
		who.address[0] = upload ? ip->saddr : ip->daddr;
	} else {
		struct ipv6hdr *ip = s->pkt.l3;

		if ((void *)(ip + 1) > s->pkt.end)
			return;
		for (int i = 0; i < 4; i++)
			who.address[i] = upload ? ip->saddr.in6_u.u6_addr32[i] :
						  ip->daddr.in6_u.u6_addr32[i];
	}
	seen = bpf_map_lookup_elem(&classify_strangers, &who);
	fresh.at = bpf_ktime_get_ns();
	if (!seen) {
		(void)bpf_map_update_elem(&classify_strangers, &who, &fresh, BPF_ANY);
		return;
	}
	__sync_fetch_and_add(&seen->packets, 1);
	__sync_fetch_and_add(&seen->bytes, s->len);
	seen->at = fresh.at;
}

/* The class of all that is nobody's and keeps the network together; in the first queue. */
static __always_inline __u32 classify_control_handle(__u32 upload)
{
	if (!classify_const.queues) /* the tree is somebody else's */
		return 0;
	return (1 + (upload ? classify_const.up_offset : 0)) << 16 | CLASSIFY_MINOR_CONTROL;
}

/*
 * Of what is no single subscriber's.  `value` is 0 or that of the default plan, which is counted
 * here: it is in use by all together.
 */
static __always_inline void classify_rest(struct stage_ctx *s, __u64 value, __u32 upload)
{
	if (s->xdp ? classify_control_xdp(s->xdp) : classify_control_skb(s->skb)) {
		COUNT(s, classify_control);
		if (ON(s, classify_queues))
			s->meta.handle = classify_control_handle(upload);
		s->meta.id_dir = upload;
		s->steer = s->cpu->number;
		return;
	}
	if (!s->pkt.family) {
		COUNT(s, classify_not_ip);
		return;
	}
	classify_note_stranger(s, upload);
	if (!value) {
		COUNT(s, classify_unknown);
		return;
	}
	COUNT(s, classify_default_plan);
	if (ON(s, classify_count))
		classify_account(s, CLASSIFY_ID_DEFAULT, upload);
}

/* Fills s->meta with id, direction and class; true when it is a subscriber's. */
static __always_inline bool classify_find_out(struct stage_ctx *s, __u32 upload)
{
	__u64 value = 0;
	__u32 id;

	if (s->pkt.family)
		value = classify_find(&s->pkt, !upload);
	id = CLASSIFY_ID(value);
	s->meta.id_dir = id << 1 | upload;
	s->meta.handle = CLASSIFY_HANDLE(value);
	s->steer = CLASSIFY_CPU(value);
	if (!s->meta.handle) /* nobody's, or there is no queue that has a CPU */
		s->steer = s->cpu->number;
	else if (upload)
		s->meta.handle += classify_const.up_offset << 16;
	if (PARSE_RARE(id <= CLASSIFY_ID_DEFAULT)) {
		classify_rest(s, value, upload);
		return false;
	}
	return true;
}

/* --- where packets arrive ---------------------------------------------------------------------- */

/* 0 download, 1 upload, 2 neither: what is in one VLAN goes to the other. */
static __always_inline __u32 classify_direction(__u16 vid, __u16 to_access, __u16 to_internet)
{
	if (vid == to_access)
		return 0;
	return vid == to_internet ? 1 : 2;
}

static __always_inline __u32 classify_arriving(struct stage_ctx *s)
{
	__u32 upload = 0;

	if (ON(s, classify_upload))
		upload = 1;
	if (ON(s, classify_stick))
		upload = classify_direction(s->pkt.vid, classify_const.internet_vlan,
					    classify_const.access_vlan);
	return upload;
}

/* On a stick: none of ours.  What goes along says nothing. */
static __always_inline bool classify_is_elsewhere(struct stage_ctx *s, __u32 upload)
{
	if (upload <= 1)
		return false;
	COUNT(s, classify_other_vlan);
	s->steer = s->cpu->number;
	s->meta.handle = s->meta.id_dir = 0;
	return true;
}

/* True when it is a subscriber's; then it is counted. */
static __always_inline bool classify_arrival(struct stage_ctx *s, __u32 upload)
{
	if (!classify_find_out(s, upload))
		return false;
	if (ON(s, classify_count))
		classify_account(s, s->meta.id_dir >> 1, upload);
	return true;
}

static __always_inline int classify_xdp(struct stage_ctx *s)
{
	const __u32 upload = classify_arriving(s);

	if (classify_is_elsewhere(s, upload))
		return STAGE_NEXT;
	if (classify_arrival(s, upload))
		COUNT(s, classify_found);
	return STAGE_NEXT;
}

/*
 * Nobody's: any queue's default class will do, but it must be one of ours, since a device may have
 * more.  A packet's flow stays in one.
 */
static __always_inline __u32 classify_any_queue(struct stage_ctx *s, __u32 upload)
{
	return 1 + (upload ? classify_const.up_offset : 0) +
	       bpf_get_hash_recalc(s->skb) % classify_const.queues;
}

/* All gets its class here: where it leaves it is not looked up, and counted, again. */
static __always_inline int classify_tc(struct stage_ctx *s)
{
	__u32 upload;

	if (!ON(s, classify_tc))
		return STAGE_NEXT;
	upload = classify_arriving(s);
	if (classify_is_elsewhere(s, upload))
		return STAGE_NEXT;
	if (classify_arrival(s, upload))
		COUNT(s, classify_found_tc);
	if (!s->meta.handle) {
		s->meta.handle = classify_any_queue(s, upload) << 16 | CLASSIFY_MINOR_DEFAULT;
	}
	s->skb->priority = s->meta.handle;
	s->skb->queue_mapping = s->meta.handle >> 16;
	return STAGE_NEXT;
}

/* --- where packets leave ----------------------------------------------------------------------- */

static __always_inline int classify_enqueue(struct stage_ctx *s, __u32 handle, __u32 upload)
{
	if (!ON(s, classify_queues))
		return STAGE_NEXT;
	if (handle) {
		s->skb->priority = handle;
		s->skb->queue_mapping = handle >> 16;
	} else if (classify_const.queues) {
		s->skb->queue_mapping = classify_any_queue(s, upload);
	}
	return STAGE_NEXT;
}

/* The tag is beside the frame, or in it where the device wants it so. */
static __always_inline __u16 classify_vid_leaving(struct stage_ctx *s)
{
	if (s->skb->vlan_present)
		return vlan_skb_vid(s->skb);
	return vlan_xdp_vid((void *)(long)s->skb->data, (void *)(long)s->skb->data_end);
}

/* The other way round than where packets arrive. */
static __always_inline __u32 classify_leaving(struct stage_ctx *s)
{
	__u32 upload = 1;

	if (ON(s, classify_upload))
		upload = 0;
	if (ON(s, classify_stick))
		upload = classify_direction(classify_vid_leaving(s), classify_const.access_vlan,
					    classify_const.internet_vlan);
	return upload;
}

static __always_inline int classify_egress(struct stage_ctx *s)
{
	const __u32 upload = classify_leaving(s);

	if (upload > 1) {
		COUNT(s, classify_other_vlan);
		return STAGE_NEXT;
	}
	/* What turns back to the side it came from went the other way when it was looked up. */
	if (s->carried && (s->carried->id_dir & 1) == upload) {
		COUNT(s, classify_followed);
		return classify_enqueue(s, s->carried->handle, upload);
	}
	if (!ON(s, classify_egress))
		return STAGE_NEXT;
	s->pkt.known = s->cpu;
	if (parse_skb_pull(&s->pkt, s->skb))
		COUNT(s, pipe_headers_unknown);
	if (classify_find_out(s, upload)) {
		COUNT(s, classify_found_leaving);
		if (ON(s, classify_count))
			classify_account(s, s->meta.id_dir >> 1, upload);
	}
	return classify_enqueue(s, s->meta.handle, upload);
}
