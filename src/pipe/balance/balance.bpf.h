/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Balance: what enters here leaves by one of many, by turns or by a hash of its flow.  A packet
 * costs its hash and one look into the table; what is rarer (fragments, ICMP errors, draining) is
 * told apart first and costs the others nothing.
 */
#pragma once

#include "pipe/balance/hash.h"
#include "pipe/balance/rare.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct balance_table);
} balance_table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, BALANCE_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} balance_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* as configured */
	__type(key, __u32);
	__type(value, struct balance_line);
} balance_flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BALANCE_FRAGMENTS);
	__type(key, __u64);
	__type(value, struct balance_fragment);
} balance_fragments SEC(".maps");

static __always_inline struct balance_table *balance_find_table(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&balance_table, &zero);
}

/* --- by turns ---------------------------------------------------------------------------------- */

/* Packet n of this input to target n mod N.  Each CPU counts for itself: no line is shared. */
static __always_inline __u32 balance_take_turn(struct stage_ctx *s, struct balance_table *t)
{
	const __u32 half = t->half & 1;
	__u64 turn = s->cpu->balance.turn;

	if (turn >= t->n_turns[half])
		turn = 0;
	s->cpu->balance.turn = turn + 1;
	return t->turns[half][turn & (BALANCE_TURNS - 1)];
}

static __always_inline bool balance_is_ipv4(const struct stage_ctx *s)
{
	struct parse_eth *eth;

	if (s->skb)
		return s->skb->protocol == bpf_htons(ETH_P_IP) && !s->skb->vlan_present;
	eth = xdp_data(s);
	return (void *)(eth + 1) <= xdp_end(s) && eth->type == bpf_htons(ETH_P_IP);
}

/* --- by flow ----------------------------------------------------------------------------------- */

/* The bounds are known to hold; the verifier forgets them where paths meet. */
static __always_inline __u32 balance_ports_of(const struct pkt *p)
{
	__be32 *ports = p->l4;

	if ((p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP) || (void *)(ports + 1) > p->end)
		return 0;
	return bpf_ntohl(*ports);
}

static __always_inline __u64 balance_hash_ends(struct stage_ctx *s, __u64 a, __u64 b)
{
	if (ON(s, balance_symmetric))
		return balance_hash_symmetric(a, b, s->pkt.nexthdr, balance_const.seed);
	return balance_hash_directed(a, b, s->pkt.nexthdr, balance_const.seed);
}

/* A whole packet of a known family. */
static __always_inline __u64 balance_hash_plain(struct stage_ctx *s)
{
	const struct pkt *p = &s->pkt;
	const __u32 ports = balance_ports_of(p);
	struct iphdr *ip4 = p->l3;
	struct ipv6hdr *ip6 = p->l3;

	if (p->family == 4) {
		if ((void *)(ip4 + 1) > p->end)
			return 0;
		return balance_hash_ends(s, balance_end4(ip4->saddr, ports >> 16),
					 balance_end4(ip4->daddr, ports));
	}
	if ((void *)(ip6 + 1) > p->end)
		return 0;
	return balance_hash_ends(s, balance_end6(ip6->saddr.in6_u.u6_addr32, ports >> 16),
				 balance_end6(ip6->daddr.in6_u.u6_addr32, ports));
}

/*
 * All fragments of a datagram go where the first that was seen of it went: usually the one with the
 * ports in it, which goes where its connection goes.
 */
static __always_inline __u64 balance_hash_fragment(struct stage_ctx *s, bool quoted, __u64 key,
						   __u64 hash)
{
	struct balance_fragment *known = bpf_map_lookup_elem(&balance_fragments, &key);
	struct balance_fragment now = { .hash = hash, .at = bpf_ktime_get_ns() };

	if (known && now.at - known->at < BALANCE_FRAGMENT_NS)
		return known->hash;
	if (!hash) {
		COUNT(s, balance_fragments_early);
		now.hash = balance_rare(s, quoted, BALANCE_ASK_ADDRESSES);
	}
	if (!quoted)
		(void)bpf_map_update_elem(&balance_fragments, &key, &now, BPF_ANY);
	return now.hash;
}

static __always_inline __u64 balance_hash_rare(struct stage_ctx *s)
{
	const bool quoted = !(s->pkt.flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER));
	__u64 hash = BALANCE_NO_QUOTE, key;

	if (!quoted || pkt_is_icmp_error(&s->pkt))
		hash = balance_rare(s, quoted, BALANCE_ASK_FLOW);
	if (hash == BALANCE_NO_QUOTE)
		return balance_hash_plain(s);
	key = balance_rare(s, quoted, BALANCE_ASK_FRAGMENT);
	if (quoted)
		COUNT(s, balance_icmp_errors);
	else
		COUNT(s, balance_fragments);
	return key ? balance_hash_fragment(s, quoted, key, hash) : hash;
}

static __always_inline __u64 balance_hash(struct stage_ctx *s)
{
	const struct pkt *p = &s->pkt;

	if (PARSE_RARE(p->flags & (PKT_FRAG_FIRST | PKT_FRAG_LATER) || p->proto == IPPROTO_ICMP ||
		       p->proto == IPPROTO_ICMPV6))
		return balance_hash_rare(s);
	return balance_hash_plain(s);
}

/* --- draining ---------------------------------------------------------------------------------- */

/* Begins a connection: a SYN, and where each direction is a flow of its own also a SYN with ACK. */
static __always_inline bool balance_is_new(struct stage_ctx *s)
{
	struct tcphdr *th = pkt_tcp(&s->pkt);

	if (!th || !th->syn)
		return false;
	if (ON(s, balance_symmetric))
		return !th->ack;
	return true;
}

/* Two CPUs may take the same place for two flows: the one that is overwritten comes again. */
static __always_inline __u32 balance_remember(struct stage_ctx *s, const struct balance_table *t,
					      struct balance_line *line, __u64 hash, __u32 slot)
{
	PARSE_UNROLL
	for (int i = 0; i < BALANCE_WAYS; i++)
		if (!line->flow[i]) {
			line->flow[i] = balance_word(hash, slot, t->now);
			return slot;
		}
	COUNT(s, balance_drain_full);
	return slot;
}

static __always_inline __u64 *balance_find_flow(struct balance_line *line, __u64 hash)
{
	const __u64 tag = balance_tag(hash);

	PARSE_UNROLL
	for (int i = 0; i < BALANCE_WAYS; i++)
		if ((line->flow[i] & BALANCE_TAG_MASK) == tag)
			return &line->flow[i];
	return NULL;
}

/* `slot` is the new owner of the flow's bucket, `was` the one that is drained. */
static __always_inline __u32 balance_drain(struct stage_ctx *s, struct balance_table *t, __u64 hash,
					   __u32 slot, __u32 was)
{
	__u32 at = hash & balance_const.line_mask;
	struct balance_line *line = bpf_map_lookup_elem(&balance_flows, &at);
	const bool fresh = balance_is_new(s);
	__u64 *flow, word;
	__u32 stays;

	if (!line)
		return slot;
	flow = balance_find_flow(line, hash);
	if (!flow)
		return t->learning[was & 0xff] ?
			       balance_remember(s, t, line, hash, fresh ? slot : was) :
			       slot;
	/* A SYN: the ports of an ended connection, used again. */
	stays = fresh ? slot : balance_word_slot(*flow);
	word = balance_word(hash, stays, t->now);
	if (*flow != word)
		*flow = word;
	if (stays == slot || !t->slot[stays].ifindex)
		return slot;
	COUNT(s, balance_drain_kept);
	return stays;
}

static __always_inline __u32 balance_find_slot(struct stage_ctx *s, struct balance_table *t)
{
	const __u64 hash = balance_hash(s);
	__u32 slot = t->bucket[t->half & 1][balance_bucket(hash)], was;

	if (ON(s, balance_drain)) {
		was = t->was[balance_bucket(hash)];
		if (was != BALANCE_NONE)
			slot = balance_drain(s, t, hash, slot, was);
	}
	return slot;
}

/* --- both hooks -------------------------------------------------------------------------------- */

/* The slot of the packet's target, BALANCE_NONE, or BALANCE_SLOTS for what is not ours to spread. */
static __always_inline __u32 balance_choose(struct stage_ctx *s, struct balance_table *t)
{
	if (ON(s, balance_turns)) {
		if (balance_is_ipv4(s))
			return balance_take_turn(s, t);
	} else if (s->pkt.family) {
		return balance_find_slot(s, t);
	}
	COUNT(s, balance_not_ip);
	return BALANCE_SLOTS;
}

static __always_inline void balance_count_target(struct stage_ctx *s, __u32 slot)
{
	s->cpu->balance.target[slot].packets++;
	s->cpu->balance.target[slot].bytes += s->len;
}

static __always_inline bool balance_drops(struct stage_ctx *s)
{
	if (ON(s, balance_drop)) {
		COUNT(s, balance_none_dropped);
		return true;
	}
	COUNT(s, balance_none_passed);
	return false;
}

static __always_inline int balance_xdp(struct stage_ctx *s)
{
	struct balance_table *t = balance_find_table();
	__u32 slot;
	int verdict;

	if (!t)
		return STAGE_NEXT;
	slot = balance_choose(s, t);
	if (slot >= BALANCE_SLOTS)
		return STAGE_NEXT;
	if (slot == BALANCE_NONE)
		return balance_drops(s) ? XDP_DROP : STAGE_NEXT;
	verdict = bpf_redirect_map(&balance_ports, slot, XDP_PASS);
	if (__builtin_expect(verdict == XDP_REDIRECT, 1)) {
		balance_count_target(s, slot);
		COUNT(s, balance_spread);
		return verdict;
	}
	if (ON(s, balance_defer)) {
		s->meta.oif = t->slot[slot].ifindex;
		if (s->meta.oif) {
			balance_count_target(s, slot);
			return STAGE_TC;
		}
	}
	COUNT(s, balance_vanished);
	return STAGE_NEXT;
}

static __always_inline int balance_tc(struct stage_ctx *s)
{
	struct balance_table *t;
	__u32 ifindex, slot;

	if (!ON(s, balance_tc))
		return STAGE_NEXT;
	t = balance_find_table();
	if (!t)
		return STAGE_NEXT;
	slot = balance_choose(s, t);
	if (slot >= BALANCE_SLOTS)
		return STAGE_NEXT;
	if (slot == BALANCE_NONE)
		return balance_drops(s) ? TC_ACT_SHOT : STAGE_NEXT;
	ifindex = t->slot[slot].ifindex;
	if (!ifindex) {
		COUNT(s, balance_vanished);
		return STAGE_NEXT;
	}
	balance_count_target(s, slot);
	COUNT(s, balance_spread_tc);
	return bpf_redirect(ifindex, 0);
}

STAGE_NO_EGRESS(balance)
