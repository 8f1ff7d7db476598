// SPDX-License-Identifier: GPL-2.0-only
/*
 * The study that the packet path was designed by: one parse, one look into a bucket of one cache
 * line, a count per subscriber, round-trip times or none, the answer in metadata and the packet to
 * its CPU; TC only follows the metadata.  What the real one may cost is measured against this.
 */
#include "lib/study.h"

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VLANS 4
#define EXTENSIONS 4
#define CPUS 64

/* Its switches were read-only variables.  Without round-trip times, what they need of the parser stays. */
const volatile __u8 do_count = 1, do_times = 0, do_metadata = 1, do_steer = 1;
const volatile __u8 has_overflow = 1, upload = 0;
const volatile __u32 bits = STUDY_BITS; /* buckets of a half: 1 << bits */
const volatile __u64 seed = STUDY_SEED;
const volatile __u32 target = 1; /* interface */
volatile __u32 half;		 /* the one in use */

#define TABLE(map_name, map_value, map_entries)    \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);  \
		__uint(map_flags, BPF_F_MMAPABLE); \
		__uint(max_entries, map_entries);  \
		__type(key, __u32);                \
		__type(value, map_value);          \
	} map_name SEC(".maps")

TABLE(hosts4, struct study_bucket4, 2 << STUDY_BITS);
TABLE(nets6, struct study_bucket6, 2 << STUDY_BITS);

struct overflow6 {
	__u32 length;
	__u64 address[2];
} __attribute__((packed));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, STUDY_IDS);
	__type(key, __u32);
	__type(value, __u64);
} overflow4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, STUDY_IDS);
	__type(key, struct overflow6);
	__type(value, __u64);
} overflow6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, CPUS);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

struct count {
	__u64 bytes[2], packets[2];
};

TABLE(counts, struct count, STUDY_IDS); /* times CPUs, by the loader */

enum total { TOTAL_NOT_IP, TOTAL_UNKNOWN, TOTAL_NO_META, TOTAL_SEGMENTS, TOTAL_FLOWS_FULL, TOTALS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TOTALS);
	__type(key, __u32);
	__type(value, __u64);
} totals SEC(".maps");

static __always_inline void add_total(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&totals, &which);

	if (n)
		++*n;
}

/* --- headers ----------------------------------------------------------------------------------- */

struct vlan {
	__be16 tci, type;
};

struct pppoe {
	__u8 version, code;
	__be16 session, length, protocol;
};

struct packet {
	void *l3, *l4;
	__u32 l4_length;
	bool v6;
	__u8 protocol; /* 0: no transport header here */
};

static __always_inline bool is_vlan(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

static __always_inline bool parse_ip4(struct packet *p, void *at, void *end)
{
	struct iphdr *ip = at;
	__u32 header, total;

	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return false;
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	p->v6 = false;
	p->l4 = at + header;
	p->l4_length = total - header;
	p->protocol = total < header || ip->frag_off & bpf_htons(0x3fff) ? 0 : ip->protocol;
	return true;
}

static __always_inline bool is_extension(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS;
}

static __always_inline bool parse_ip6(struct packet *p, void *at, void *end)
{
	struct ipv6hdr *ip = at;
	__u32 left, length;
	__u8 next;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return false;
	p->v6 = true;
	next = ip->nexthdr;
	left = bpf_ntohs(ip->payload_len);
	at = ip + 1;
#pragma unroll
	for (int i = 0; i < EXTENSIONS; i++) {
		__u8 *header = at;

		if (!is_extension(next))
			break;
		if ((void *)(header + 8) > end) {
			p->protocol = 0;
			return true;
		}
		length = (header[1] + 1) * 8;
		if (length > left) {
			next = IPPROTO_NONE;
			break;
		}
		next = header[0];
		left -= length;
		at += length;
	}
	p->l4 = at;
	p->l4_length = left;
	p->protocol = next == IPPROTO_FRAGMENT ? 0 : next;
	return true;
}

static __always_inline __be16 pppoe_type(__be16 protocol)
{
	if (protocol == bpf_htons(0x21))
		return bpf_htons(ETH_P_IP);
	return protocol == bpf_htons(0x57) ? bpf_htons(ETH_P_IPV6) : 0;
}

static __always_inline bool parse(struct packet *p, void *data, void *end)
{
	struct ethhdr *eth = data;
	void *at = eth + 1;
	__be16 type;

	if (at > end)
		return false;
	type = eth->h_proto;
#pragma unroll
	for (int i = 0; i < VLANS; i++) {
		struct vlan *v = at;

		if (!is_vlan(type))
			break;
		if ((void *)(v + 1) > end)
			return false;
		type = v->type;
		at = v + 1;
	}
	if (type == bpf_htons(ETH_P_PPP_SES)) {
		struct pppoe *h = at;

		if ((void *)(h + 1) > end || h->version != 0x11 || h->code)
			return false;
		type = pppoe_type(h->protocol);
		at = h + 1;
	}
	p->l3 = at;
	if (type == bpf_htons(ETH_P_IP))
		return parse_ip4(p, at, end);
	return type == bpf_htons(ETH_P_IPV6) && parse_ip6(p, at, end);
}

/* --- whose ------------------------------------------------------------------------------------- */

static __always_inline __u64 find4(__be32 address)
{
	__u32 at = study_hash4(address, seed, bits) | half << bits;
	struct study_bucket4 *b = bpf_map_lookup_elem(&hosts4, &at);
	__u64 *value;

	if (!b)
		return 0;
#pragma unroll
	for (int i = 0; i < STUDY_SLOTS4; i++)
		if (b->key[i] == address)
			return b->value[i];
	if (!has_overflow || !b->key[STUDY_SLOTS4 - 1])
		return 0;
	value = bpf_map_lookup_elem(&overflow4, &address);
	return value ? *value : 0;
}

static __always_inline __u64 find6(__be64 high)
{
	__u32 at = study_hash6(high, seed, bits) | half << bits;
	struct study_bucket6 *b = bpf_map_lookup_elem(&nets6, &at);
	struct overflow6 key = { 64, { high, 0 } };
	__u64 *value;

	if (!b)
		return 0;
#pragma unroll
	for (int i = 0; i < STUDY_SLOTS6; i++)
		if (b->key[i] == high)
			return b->value[i];
	if (!has_overflow || !b->key[STUDY_SLOTS6 - 1])
		return 0;
	value = bpf_map_lookup_elem(&overflow6, &key);
	return value ? *value : 0;
}

static __always_inline __u64 find(const struct packet *p, bool up)
{
	struct iphdr *ip = p->l3;
	__be64 *words = (void *)&((struct ipv6hdr *)p->l3)->saddr;

	if (!p->v6)
		return find4(up ? ip->saddr : ip->daddr);
	return find6(up ? words[0] : words[2]);
}

static __always_inline void count(__u32 id, bool up, __u32 bytes)
{
	struct count *c;

	id += bpf_get_smp_processor_id() * STUDY_IDS;
	c = bpf_map_lookup_elem(&counts, &id);
	if (!c)
		return;
	c->bytes[up] += bytes;
	c->packets[up]++;
}

#include "lib/study_rtt.bpf.h"

/* --- the programs ------------------------------------------------------------------------------ */

static __always_inline void push_metadata(struct xdp_md *ctx, __u64 value, bool up)
{
	struct study_meta *m;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*m))) {
		add_total(TOTAL_NO_META);
		return;
	}
	m = (void *)(long)ctx->data_meta;
	if ((void *)(m + 1) > (void *)(long)ctx->data)
		return;
	m->handle = STUDY_HANDLE(value);
	m->queue = STUDY_CPU(value) + 1;
	m->magic = STUDY_MAGIC;
	m->id_dir = STUDY_ID(value) << 1 | up;
	m->target = target;
}

static __always_inline int handle(struct xdp_md *ctx, bool up, bool times)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct packet p;
	__u64 value;

	if (!parse(&p, data, end)) {
		add_total(TOTAL_NOT_IP);
		return XDP_PASS;
	}
	value = find(&p, up);
	if (!value) {
		add_total(TOTAL_UNKNOWN);
		return XDP_PASS;
	}
	if (do_count)
		count(STUDY_ID(value), up, end - data);
	if (times && p.protocol == IPPROTO_TCP)
		measure(ctx, &p, end, up, STUDY_ID(value));
	else if (do_times && p.protocol == IPPROTO_TCP && p.l4 + p.l4_length <= end)
		add_total(TOTAL_SEGMENTS);
	if (do_metadata)
		push_metadata(ctx, value, up);
	if (do_steer)
		return bpf_redirect_map(&cpus, STUDY_CPU(value), XDP_PASS);
	return XDP_PASS;
}

SEC("xdp")
int study_xdp(struct xdp_md *ctx)
{
	return handle(ctx, upload, false);
}

SEC("xdp")
int study_rtt_xdp(struct xdp_md *ctx)
{
	return handle(ctx, upload, true);
}

/* The other side's, where replies come in. */
SEC("xdp")
int study_back_xdp(struct xdp_md *ctx)
{
	return handle(ctx, !upload, false);
}

SEC("xdp")
int study_rtt_back_xdp(struct xdp_md *ctx)
{
	return handle(ctx, !upload, true);
}

/* A test run cannot give TC metadata: it is read from the packet's first bytes, by the same instructions. */
SEC("tc")
int study_tc(struct __sk_buff *skb)
{
	struct study_meta *m = (void *)(long)skb->data;

	if ((void *)(m + 1) > (void *)(long)skb->data_end)
		return TC_ACT_OK;
	if (m->magic != STUDY_MAGIC)
		return TC_ACT_OK;
	skb->priority = m->handle;
	skb->queue_mapping = m->queue;
	return bpf_redirect(m->target, 0);
}

char LICENSE[] SEC("license") = "GPL";
