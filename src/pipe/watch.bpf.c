// SPDX-License-Identifier: GPL-2.0-only
/* Counts frames that a redirect could not hand to its device, or to its CPU. */
#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "pipe/watch.h"

/* The few fields we read, found by name in the running kernel. */
struct ns_common {
	unsigned int inum;
} __attribute__((preserve_access_index));
struct net {
	struct ns_common ns;
} __attribute__((preserve_access_index));
typedef struct {
	struct net *net;
} possible_net_t;
struct net_device {
	int ifindex;
	possible_net_t nd_net;
} __attribute__((preserve_access_index));

struct bpf_dtab_netdev {
	struct net_device *dev;
} __attribute__((preserve_access_index));

/* Interface numbers repeat across network namespaces. */
const volatile __u32 namespace;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, struct watch_loss);
} losses SEC(".maps");

static __always_inline struct watch_loss *find(__u32 ifindex)
{
	struct watch_loss *loss = bpf_map_lookup_elem(&losses, &ifindex), none = {};

	if (loss)
		return loss;
	bpf_map_update_elem(&losses, &ifindex, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&losses, &ifindex);
}

/* Down or full is not "cannot". */
static __always_inline int is_refusal(int sent, int err)
{
	return sent == 0 && err < 0 && err != -ENETDOWN && err != -ENOSPC && err != -ENOBUFS &&
	       err != -EAGAIN && err != -ENOMEM;
}

static __always_inline int count(struct net_device *to, int drops, int refused)
{
	struct watch_loss *loss;

	if (BPF_CORE_READ(to, nd_net.net, ns.inum) != namespace)
		return 0;
	loss = find(BPF_CORE_READ(to, ifindex));
	if (!loss)
		return 0;
	__sync_fetch_and_add(&loss->lost, drops);
	if (refused)
		__sync_fetch_and_add(&loss->refused, drops);
	return 0;
}

/* (from, to, sent, drops, err): the device did not take what was queued for it. */
SEC("raw_tp/xdp_devmap_xmit")
int watch_devmap(struct bpf_raw_tracepoint_args *ctx)
{
	int sent = ctx->args[2], drops = ctx->args[3], err = ctx->args[4];

	if (drops <= 0)
		return 0;
	return count((void *)ctx->args[1], drops, is_refusal(sent, err));
}

/*
 * (device, program, target, err, map type, map id, index): not even queued, as the target is down, takes
 * no redirects, or not so large a frame.  Kernels before 5.13 give the map's address for its type.
 */
SEC("raw_tp/xdp_redirect_err")
int watch_redirect(struct bpf_raw_tracepoint_args *ctx)
{
	struct bpf_dtab_netdev *target = (void *)ctx->args[2];
	__u64 type = ctx->args[4];
	int err = ctx->args[3];

	if (!target ||
	    (type < 4096 && type != BPF_MAP_TYPE_DEVMAP && type != BPF_MAP_TYPE_DEVMAP_HASH))
		return 0;
	return count(BPF_CORE_READ(target, dev), 1, err == -EOPNOTSUPP);
}

static __always_inline int count_cpus(int map_id, unsigned int drops)
{
	struct watch_loss *loss = drops ? find((__u32)WATCH_CPUS(map_id)) : 0;

	if (loss)
		__sync_fetch_and_add(&loss->lost, drops);
	return 0;
}

/* (map, processed, drops, CPU): its queue was full. */
SEC("raw_tp/xdp_cpumap_enqueue")
int watch_cpus(struct bpf_raw_tracepoint_args *ctx)
{
	return count_cpus(ctx->args[0], ctx->args[2]);
}

extern int LINUX_KERNEL_VERSION __kconfig;
#define SINCE_5_13 (5 << 16 | 13 << 8)

/* (map, processed, drops, ...): there was no memory for an skb.  Before 5.13 a drop is also what TC
 * sends on to another interface. */
SEC("raw_tp/xdp_cpumap_kthread")
int watch_cpus_end(struct bpf_raw_tracepoint_args *ctx)
{
	if (LINUX_KERNEL_VERSION < SINCE_5_13)
		return 0;
	return count_cpus(ctx->args[0], ctx->args[2]);
}

char LICENSE[] SEC("license") = "GPL";
