// SPDX-License-Identifier: GPL-2.0-only
/*
 * The packet path of one interface: each packet is parsed once, walks the stages that are on and
 * gets one verdict.  The daemon loads one copy per interface with that interface's switches and
 * constants; whatever is off is not in the program.
 */
#include "pipe/stage.bpf.h"

#include "stages.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* the loader makes it one per possible CPU */
	__type(key, __u32);
	__type(value, struct pipe_cpu);
} counters SEC(".maps");

static __always_inline struct pipe_cpu *this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&counters, &cpu);
}

/* A number that the compiler does not see and the verifier does: for the one switch that is asked
 * before the counters are found. */
static __always_inline __u64 opaque_one(void)
{
	__u64 one;

	asm("%0 = 1" : "=r"(one));
	return one;
}

/*
 * What the parser and classify find out is read behind their own switches only, and undefined
 * without: or every packet of a port without them would pay for clearing it.
 */
static __always_inline void begin(struct stage_ctx *s)
{
	s->pkt.known = NULL;
	s->pkt.family = 0;
	s->carried = NULL;
	s->meta.oif = 0;
	s->new_vid = 0;
}

/* The decision goes in front of the packet; after this the packet's pointers are new. */
static __always_inline int push_metadata(struct stage_ctx *s)
{
	struct pipe_meta *meta;

	if (bpf_xdp_adjust_meta(s->xdp, -(int)sizeof(*meta)))
		return -1;
	meta = (void *)(long)s->xdp->data_meta;
	if ((void *)(meta + 1) > (void *)(long)s->xdp->data)
		return -1;
	/* Field by field: a copy of the whole would keep it in memory, cleared for every packet. */
	meta->magic = PIPE_META_MAGIC;
	meta->oif = s->meta.oif;
	if (ON(s, classify)) {
		meta->handle = s->meta.handle;
		meta->id_dir = s->meta.id_dir;
	} else {
		meta->handle = meta->id_dir = 0;
	}
	return 0;
}

/* XDP changes the frame only once TC is sure to see the decision: no change is made twice. */
static __always_inline void hand_to_tc(struct stage_ctx *s)
{
	if (push_metadata(s)) {
		COUNT(s, pipe_no_metadata);
		if (ON(s, classify))
			classify_forget(s);
		return;
	}
	if (ON(s, pipe_retag) && s->new_vid) {
		vlan_xdp_set_vid(xdp_data(s), xdp_end(s), s->new_vid);
		COUNT(s, pipe_retagged);
	}
}

/* Without an entry for that CPU the frame goes on here.  What is sent is not counted again: it is
 * the usual thing. */
static __always_inline int steer(struct stage_ctx *s)
{
	int verdict = XDP_PASS;

	if (s->steer != s->cpu->number)
		verdict = bpf_redirect_map(&cpus, s->steer, XDP_PASS);
	if (verdict == XDP_PASS)
		COUNT(s, pipe_not_steered);
	return verdict;
}

/*
 * The walk stands twice in each program, behind the parser and without it, so that without headers
 * they are known to be empty; a path on which both ways meet would have to clear them.
 */
static __always_inline int walk_xdp(struct stage_ctx *s)
{
	int verdict;

#define STAGE(name)                        \
	if (ON(s, name)) {                 \
		verdict = name##_xdp(s);   \
		if (verdict == STAGE_TC)   \
			goto to_tc;        \
		if (verdict != STAGE_NEXT) \
			return verdict;    \
	}
#include "pipe/stages.def"
#undef STAGE
	COUNT(s, pipe_passed);
	if (!ON(s, pipe_carry))
		return XDP_PASS;
to_tc:
	if (ON(s, pipe_metadata))
		hand_to_tc(s);
	if (ON(s, pipe_steer))
		return steer(s);
	return XDP_PASS;
}

SEC("xdp") /* the loader adds "frames of several buffers" where the kernel knows them */
int weir_xdp(struct xdp_md *ctx)
{
	struct stage_ctx s;

	begin(&s);
	s.xdp = ctx;
	s.skb = NULL;
	if (!SWITCH_IS_ON(opaque_one(), SWITCH_pipe_active))
		return XDP_PASS;
	s.cpu = this_cpu();
	if (!s.cpu)
		return XDP_PASS;
	s.len = xdp_end(&s) - xdp_data(&s);
	if (ON(&s, pipe_frags))
		s.len = bpf_xdp_get_buff_len(ctx);
	if (!ON(&s, pipe_headers))
		return walk_xdp(&s);
	s.pkt.known = s.cpu;
	if (parse_xdp(&s.pkt, ctx))
		COUNT(&s, pipe_headers_unknown);
	return walk_xdp(&s);
}

static __always_inline struct pipe_meta *find_metadata(struct __sk_buff *skb)
{
	struct pipe_meta *meta = (void *)(long)skb->data_meta;

	if ((void *)(meta + 1) > (void *)(long)skb->data || meta->magic != PIPE_META_MAGIC)
		return NULL;
	return meta;
}

/*
 * XDP has decided already: no parse, no lookup, only what needs the skb.  A frame that the kernel
 * forwards gets its queue where it leaves: only there it is known which way it went.
 */
static __always_inline int follow_metadata(struct stage_ctx *s, struct pipe_meta *meta)
{
	if (!meta->oif)
		return TC_ACT_UNSPEC;
	COUNT(s, pipe_from_metadata);
	if (meta->handle) {
		s->skb->priority = meta->handle;
		s->skb->queue_mapping = meta->handle >> 16;
	}
	return bpf_redirect(meta->oif, 0);
}

static __always_inline int walk_tc(struct stage_ctx *s)
{
	int verdict;

#define STAGE(name)                \
	verdict = name##_tc(s);    \
	if (verdict != STAGE_NEXT) \
		return verdict;
#include "pipe/stages.def"
#undef STAGE
	return TC_ACT_UNSPEC;
}

SEC("tc")
int weir_tc(struct __sk_buff *skb)
{
	struct stage_ctx s;
	struct pipe_meta *meta;

	begin(&s);
	s.skb = skb;
	s.xdp = NULL;
	if (!SWITCH_IS_ON(opaque_one(), SWITCH_pipe_active))
		return TC_ACT_UNSPEC;
	s.len = skb->len;
	s.cpu = this_cpu();
	if (!s.cpu)
		return TC_ACT_UNSPEC;
	if (ON(&s, pipe_metadata)) {
		meta = find_metadata(skb);
		if (meta)
			return follow_metadata(&s, meta);
	}
	if (!ON(&s, pipe_headers))
		return walk_tc(&s);
	s.pkt.known = s.cpu;
	if (parse_skb_pull(&s.pkt, skb))
		COUNT(&s, pipe_headers_unknown);
	return walk_tc(&s);
}

static __always_inline int walk_egress(struct stage_ctx *s)
{
	int verdict;

#define STAGE(name)                 \
	verdict = name##_egress(s); \
	if (verdict != STAGE_NEXT)  \
		return verdict;
#include "pipe/stages.def"
#undef STAGE
	return TC_ACT_UNSPEC;
}

/* Where frames leave, before the queues. */
SEC("tc")
int weir_egress(struct __sk_buff *skb)
{
	struct stage_ctx s;

	begin(&s);
	s.skb = skb;
	s.xdp = NULL;
	if (!SWITCH_IS_ON(opaque_one(), SWITCH_pipe_active))
		return TC_ACT_UNSPEC;
	/* Its class is known: by TC where it came in, or it is somebody else's choice. */
	if (skb->priority >> 16)
		return TC_ACT_UNSPEC;
	s.len = skb->len;
	s.cpu = this_cpu();
	if (!s.cpu)
		return TC_ACT_UNSPEC;
	if (ON(&s, pipe_metadata))
		s.carried = find_metadata(skb);
	return walk_egress(&s);
}

char LICENSE[] SEC("license") = "GPL";
