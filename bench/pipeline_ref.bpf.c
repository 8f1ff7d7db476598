// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the packet path is measured against: the classic way of a shaper in XDP and TC, as it is
 * done in many places.  Both programs parse the packet, both look its subscriber up in a trie of
 * 16-byte addresses; TC then says queue and class, and in the second form follows TCP time stamps
 * in hash tables for the round-trip time.  Written anew for this comparison.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define SUBSCRIBERS 140000
#define CPUS 64
#define INTERFACES 256
#define VLANS 2
#define FLOWS 131068
#define TRACKERS 65534
#define SAMPLES 60
#define OPTIONS 10 /* of TCP that are looked at */

enum side { SIDE_NONE, SIDE_INTERNET, SIDE_SUBSCRIBERS };

struct address {
	__u8 bytes[16]; /* IPv4: 12 times 0xff in front */
};

struct trie_key {
	__u32 length;
	struct address address;
};

struct subscriber {
	__u32 cpu;
	__u32 handle;
};

struct queue {
	__u16 mapping;
	__u16 major;
};

#define ARRAY(map_name, map_entries, map_value)   \
	struct {                                  \
		__uint(type, BPF_MAP_TYPE_ARRAY); \
		__uint(max_entries, map_entries); \
		__type(key, __u32);               \
		__type(value, map_value);         \
	} map_name SEC(".maps")

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SUBSCRIBERS);
	__type(key, struct trie_key);
	__type(value, struct subscriber);
} subscribers SEC(".maps");

/* By interface.  Two, as in a test run packets come and leave by the same one. */
ARRAY(sides_in, INTERFACES, __u32);
ARRAY(sides_out, INTERFACES, __u32);
ARRAY(cpus_there, CPUS, __u32); /* a CPU map cannot be asked */
ARRAY(queues, CPUS, struct queue);

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, CPUS);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

/* --- headers ----------------------------------------------------------------------------------- */

struct vlan {
	__be16 tci, type;
};

struct headers {
	void *l3, *end;
	__be16 type;
};

static __always_inline bool is_vlan(__be16 type)
{
	return type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD);
}

static __always_inline bool find_l3(void *data, void *end, struct headers *h)
{
	struct ethhdr *eth = data;
	void *at = eth + 1;

	if (at > end)
		return false;
	h->type = eth->h_proto;
#pragma unroll
	for (int i = 0; i < VLANS; i++) {
		struct vlan *v = at;

		if (!is_vlan(h->type))
			break;
		if ((void *)(v + 1) > end)
			return false;
		h->type = v->type;
		at = v + 1;
	}
	h->l3 = at;
	h->end = end;
	return true;
}

static __always_inline void address4(struct address *a, __be32 ip)
{
	__builtin_memset(a->bytes, 0xff, 12);
	__builtin_memcpy(a->bytes + 12, &ip, 4);
}

static __always_inline bool find_address(const struct headers *h, bool destination, struct address *a)
{
	if (h->type == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = h->l3;

		if ((void *)(ip + 1) > h->end)
			return false;
		address4(a, destination ? ip->daddr : ip->saddr);
		return true;
	}
	if (h->type == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = h->l3;

		if ((void *)(ip + 1) > h->end)
			return false;
		__builtin_memcpy(a, destination ? &ip->daddr : &ip->saddr, sizeof(*a));
		return true;
	}
	return false;
}

/* What nobody has may be the default's, whose address is all ones. */
static __always_inline struct subscriber *find_subscriber(const struct address *a)
{
	struct trie_key key = { .length = 128, .address = *a };
	struct subscriber *found = bpf_map_lookup_elem(&subscribers, &key);

	if (found)
		return found;
	__builtin_memset(&key.address, 0xff, sizeof(key.address));
	return bpf_map_lookup_elem(&subscribers, &key);
}

/* --- XDP: to the CPU of the subscriber --------------------------------------------------------- */

SEC("xdp")
int classic_xdp(struct xdp_md *ctx)
{
	struct headers h;
	struct address a;
	struct subscriber *s;
	__u32 interface = ctx->ingress_ifindex, cpu, *side, *there;

	if (!find_l3((void *)(long)ctx->data, (void *)(long)ctx->data_end, &h))
		return XDP_PASS;
	side = bpf_map_lookup_elem(&sides_in, &interface);
	if (!side || *side == SIDE_NONE)
		return XDP_PASS;
	if (!find_address(&h, *side == SIDE_INTERNET, &a))
		return XDP_PASS;
	s = find_subscriber(&a);
	if (!s)
		return XDP_PASS;
	cpu = s->cpu;
	there = bpf_map_lookup_elem(&cpus_there, &cpu);
	if (!there || *there >= CPUS)
		return XDP_PASS;
	return bpf_redirect_map(&cpus, *there, 0);
}

/* --- round-trip times -------------------------------------------------------------------------- */

struct end {
	struct address address;
	__be16 port, zero;
};

struct flow {
	struct end source, destination;
	__u16 protocol, family;
};

struct stamp_key {
	struct flow flow;
	__u32 stamp;
};

struct flow_side {
	__u32 stamp;	   /* the newest that was noted */
	__u32 outstanding; /* noted and not yet echoed */
	__u64 least, last;
};

/* Of both directions, by the lesser end; so its key is always the same. */
struct flow_state {
	struct flow_side of[2];
};

struct tracker {
	__u64 begun;
	__u32 next, full;
	__u32 sample[SAMPLES]; /* 10 microseconds */
	__u32 pad[2];
};

_Static_assert(sizeof(struct flow) == 44 && sizeof(struct tracker) == 264, "sizes as in the field");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FLOWS);
	__type(key, struct stamp_key);
	__type(value, __u64);
} stamps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FLOWS);
	__type(key, struct flow);
	__type(value, struct flow_state);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TRACKERS);
	__type(key, __u32);
	__type(value, struct tracker);
} trackers SEC(".maps");

struct segment {
	struct flow flow;
	__u32 stamp, echo;
	bool payload, syn;
};

#define TRACK_AGAIN 30000000000ULL

/* The subscriber's samples; NULL while there are enough of them. */
static __always_inline struct tracker *find_tracker(__u32 handle, __u64 now)
{
	static const struct tracker empty;
	struct tracker *t = bpf_map_lookup_elem(&trackers, &handle);

	if (!t) {
		(void)bpf_map_update_elem(&trackers, &handle, &empty, BPF_NOEXIST);
		t = bpf_map_lookup_elem(&trackers, &handle);
		if (t)
			t->begun = now;
		return t;
	}
	if (!t->full)
		return t;
	if (now - t->begun < TRACK_AGAIN)
		return NULL;
	t->begun = now;
	t->next = t->full = 0;
	return t;
}

static __always_inline bool find_times(struct tcphdr *tcp, void *end, struct segment *s)
{
	const __u32 length = tcp->doff * 4;
	__u8 *at = (void *)(tcp + 1), *stop = (void *)tcp + length;

#pragma unroll
	for (int i = 0; i < OPTIONS; i++) {
		if (at + 1 > stop || (void *)(at + 1) > end || *at == 0)
			return false;
		if (*at == 1) {
			at++;
			continue;
		}
		if (at + 2 > stop || (void *)(at + 2) > end || at[1] < 2)
			return false;
		if (at[0] == 8 && at[1] == 10) {
			if (at + 10 > stop || (void *)(at + 10) > end)
				return false;
			s->stamp = bpf_ntohl(*(__be32 *)(at + 2));
			s->echo = bpf_ntohl(*(__be32 *)(at + 6));
			return true;
		}
		at += at[1] & 0x3f;
	}
	return false;
}

static __always_inline struct tcphdr *find_tcp(const struct headers *h, __u32 *left)
{
	if (h->type == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = h->l3;

		if ((void *)(ip + 1) > h->end || ip->ihl < 5 || ip->protocol != IPPROTO_TCP)
			return NULL;
		*left = bpf_ntohs(ip->tot_len) - ip->ihl * 4;
		return h->l3 + ip->ihl * 4;
	} else {
		struct ipv6hdr *ip = h->l3;

		if ((void *)(ip + 1) > h->end || ip->nexthdr != IPPROTO_TCP)
			return NULL;
		*left = bpf_ntohs(ip->payload_len);
		return (void *)(ip + 1);
	}
}

static __always_inline bool read_segment(const struct headers *h, struct segment *s)
{
	__u32 left = 0;
	struct tcphdr *tcp = find_tcp(h, &left);

	if (!tcp || (void *)(tcp + 1) > h->end || tcp->doff < 5)
		return false;
	if (!find_times(tcp, h->end, s))
		return false;
	s->flow.source.port = tcp->source;
	s->flow.destination.port = tcp->dest;
	s->flow.source.zero = s->flow.destination.zero = 0;
	s->flow.protocol = IPPROTO_TCP;
	s->flow.family = h->type;
	s->payload = left > tcp->doff * 4U;
	s->syn = tcp->syn;
	return find_address(h, false, &s->flow.source.address) &&
	       find_address(h, true, &s->flow.destination.address);
}

static __always_inline void turn_round(const struct flow *flow, struct flow *ret)
{
	ret->source = flow->destination;
	ret->destination = flow->source;
	ret->protocol = flow->protocol;
	ret->family = flow->family;
}

static __always_inline bool is_greater(const struct end *a, const struct end *b)
{
	const __u32 *x = (const void *)a, *y = (const void *)b;

#pragma unroll
	for (int i = 0; i < 5; i++)
		if (x[i] != y[i])
			return x[i] > y[i];
	return false;
}

/* The first packet with a new time stamp is the one whose answer counts. */
static __always_inline void note_stamp(const struct segment *s, struct flow_side *side, __u64 now)
{
	struct stamp_key key = { .flow = s->flow, .stamp = s->stamp };

	if (side->stamp == s->stamp)
		return;
	side->stamp = s->stamp;
	if (!bpf_map_update_elem(&stamps, &key, &now, BPF_NOEXIST))
		__sync_fetch_and_add(&side->outstanding, 1);
}

static __always_inline void match_echo(const struct flow *back, __u32 echo, struct flow_side *side,
				       struct tracker *t, __u64 now)
{
	struct stamp_key key = { .flow = *back, .stamp = echo };
	__u64 *then;
	__u32 at;

	if (!side->outstanding)
		return;
	then = bpf_map_lookup_elem(&stamps, &key);
	if (!then)
		return;
	at = __sync_fetch_and_add(&t->next, 1);
	if (at < SAMPLES)
		t->sample[at] = (__u32)((now - *then) / 10000);
	else
		t->full = 1;
	(void)bpf_map_delete_elem(&stamps, &key);
	__sync_fetch_and_add(&side->outstanding, -1);
}

static __always_inline struct flow_state *find_flow(const struct segment *s, const struct flow *key)
{
	static const struct flow_state fresh;
	struct flow_state *state = bpf_map_lookup_elem(&flows, key);

	if (state || !(s->payload || s->syn))
		return state;
	(void)bpf_map_update_elem(&flows, key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&flows, key);
}

static __always_inline void follow_times(const struct headers *h, __u32 handle)
{
	const __u64 now = bpf_ktime_get_ns();
	struct tracker *t = find_tracker(handle, now);
	struct flow_state *state;
	struct segment s;
	struct flow back;
	bool greater;

	if (!t || !read_segment(h, &s))
		return;
	turn_round(&s.flow, &back);
	greater = is_greater(&s.flow.source, &s.flow.destination);
	state = find_flow(&s, greater ? &back : &s.flow);
	if (!state)
		return;
	if (s.payload || s.syn)
		note_stamp(&s, greater ? &state->of[1] : &state->of[0], now);
	if (s.echo)
		match_echo(&back, s.echo, greater ? &state->of[0] : &state->of[1], t, now);
}

/* --- TC: queue and class, where the packet leaves ---------------------------------------------- */

static __always_inline int classify(struct __sk_buff *skb, bool times)
{
	struct headers h;
	struct address a;
	struct subscriber *s;
	__u32 cpu = bpf_get_smp_processor_id(), interface = skb->ifindex, *side;
	struct queue *q = bpf_map_lookup_elem(&queues, &cpu);

	if (!q)
		return TC_ACT_SHOT;
	if (q->mapping)
		skb->queue_mapping = q->mapping;
	if (!skb->ingress_ifindex) {
		skb->priority = (__u32)q->major << 16 | 3;
		return TC_ACT_OK;
	}
	side = bpf_map_lookup_elem(&sides_out, &interface);
	if (!side || *side == SIDE_NONE)
		return TC_ACT_OK;
	if (!find_l3((void *)(long)skb->data, (void *)(long)skb->data_end, &h))
		return TC_ACT_OK;
	if (!find_address(&h, *side == SIDE_SUBSCRIBERS, &a))
		return TC_ACT_OK;
	s = find_subscriber(&a);
	if (!s)
		return TC_ACT_OK;
	if (s->handle)
		skb->priority = s->handle;
	if (times && s->handle)
		follow_times(&h, s->handle);
	return TC_ACT_OK;
}

SEC("tc")
int classic_tc(struct __sk_buff *skb)
{
	return classify(skb, true);
}

SEC("tc")
int classic_tc_lookup(struct __sk_buff *skb)
{
	return classify(skb, false);
}

char LICENSE[] SEC("license") = "GPL";
