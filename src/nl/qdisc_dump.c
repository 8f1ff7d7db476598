/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl/qdisc_dump.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "nl/qdisc_kind.h"
#include "nl/qdisc_tick.h"

/* As much as both have: kernels differ in how much they send. */
static void copy_struct(const struct nlattr *a, void *to, size_t size)
{
	memset(to, 0, size);
	if (a)
		memcpy(to, mnl_attr_get_payload(a), MIN(size, mnl_attr_get_payload_len(a)));
}

/* `ret_app`: the counters of the kind alone; NULL when it has none. */
static void read_stats(const struct nlattr *stats, struct nl_tc_stats *to,
		       const struct nlattr **ret_app)
{
	const struct nlattr *t[TCA_STATS_MAX + 1];
	struct gnet_stats_basic basic;
	struct gnet_stats_queue queue;

	nl_attrs_nested(stats, t, TCA_STATS_MAX);
	copy_struct(t[TCA_STATS_BASIC], &basic, sizeof(basic));
	copy_struct(t[TCA_STATS_QUEUE], &queue, sizeof(queue));
	*to = (struct nl_tc_stats){
		.bytes = basic.bytes,
		.packets = t[TCA_STATS_PKT64] ? nl_attr_number(t[TCA_STATS_PKT64]) : basic.packets,
		.drops = queue.drops,
		.overlimits = queue.overlimits,
		.requeues = queue.requeues,
		.backlog = queue.backlog,
		.qlen = queue.qlen,
	};
	*ret_app = t[TCA_STATS_APP];
}

static void read_htb(const struct nlattr *options, struct nl_qdisc *q)
{
	const struct nlattr *t[TCA_HTB_MAX + 1];
	struct tc_htb_glob glob;

	nl_attrs_nested(options, t, TCA_HTB_MAX);
	copy_struct(t[TCA_HTB_INIT], &glob, sizeof(glob));
	q->direct = glob.direct_pkts;
}

static void read_fq_codel(const struct nlattr *app, struct nl_qdisc *q)
{
	struct tc_fq_codel_xstats x;

	copy_struct(app, &x, sizeof(x));
	if (x.type != TCA_FQ_CODEL_XSTATS_QDISC)
		return;
	q->marked = x.qdisc_stats.ecn_mark;
	q->memory_used = x.qdisc_stats.memory_usage;
}

static uint32_t tin_number(const struct nlattr *const *t, unsigned attribute)
{
	return (uint32_t)nl_attr_number(t[attribute]);
}

static struct nl_cake_tin read_tin(const struct nlattr *nest)
{
	const struct nlattr *t[TCA_CAKE_TIN_STATS_MAX + 1];

	nl_attrs_nested(nest, t, TCA_CAKE_TIN_STATS_MAX);
	return (struct nl_cake_tin){
		.sent_bytes = nl_attr_number(t[TCA_CAKE_TIN_STATS_SENT_BYTES64]),
		.dropped_bytes = nl_attr_number(t[TCA_CAKE_TIN_STATS_DROPPED_BYTES64]),
		.acks_dropped_bytes = nl_attr_number(t[TCA_CAKE_TIN_STATS_ACKS_DROPPED_BYTES64]),
		.marked_bytes = nl_attr_number(t[TCA_CAKE_TIN_STATS_ECN_MARKED_BYTES64]),
		.threshold = nl_attr_number(t[TCA_CAKE_TIN_STATS_THRESHOLD_RATE64]) * 8,
		.sent = tin_number(t, TCA_CAKE_TIN_STATS_SENT_PACKETS),
		.dropped = tin_number(t, TCA_CAKE_TIN_STATS_DROPPED_PACKETS),
		.acks_dropped = tin_number(t, TCA_CAKE_TIN_STATS_ACKS_DROPPED_PACKETS),
		.marked = tin_number(t, TCA_CAKE_TIN_STATS_ECN_MARKED_PACKETS),
		.backlog_bytes = tin_number(t, TCA_CAKE_TIN_STATS_BACKLOG_BYTES),
		.backlog = tin_number(t, TCA_CAKE_TIN_STATS_BACKLOG_PACKETS),
		.peak_delay_us = tin_number(t, TCA_CAKE_TIN_STATS_PEAK_DELAY_US),
		.avg_delay_us = tin_number(t, TCA_CAKE_TIN_STATS_AVG_DELAY_US),
		.base_delay_us = tin_number(t, TCA_CAKE_TIN_STATS_BASE_DELAY_US),
		.sparse_flows = tin_number(t, TCA_CAKE_TIN_STATS_SPARSE_FLOWS),
		.bulk_flows = tin_number(t, TCA_CAKE_TIN_STATS_BULK_FLOWS),
		.unresponsive_flows = tin_number(t, TCA_CAKE_TIN_STATS_UNRESPONSIVE_FLOWS),
	};
}

static int read_cake(const struct nlattr *app, struct nl_qdiscs *list, struct nl_qdisc *q)
{
	const struct nlattr *t[TCA_CAKE_STATS_MAX + 1], *tin;
	int r = 0;

	nl_attrs_nested(app, t, TCA_CAKE_STATS_MAX);
	q->memory_used = (uint32_t)nl_attr_number(t[TCA_CAKE_STATS_MEMORY_USED]);
	q->first_tin = (uint32_t)list->tins.n;
	if (!t[TCA_CAKE_STATS_TIN_STATS])
		return 0;
	mnl_attr_for_each_nested(tin, t[TCA_CAKE_STATS_TIN_STATS]) {
		if (!r)
			r = vec_push(&list->tins, read_tin(tin));
	}
	q->tins = (uint32_t)list->tins.n - q->first_tin;
	for (uint32_t i = 0; i < q->tins; i++)
		q->marked += list->tins.at[q->first_tin + i].marked;
	return r;
}

struct qdisc_dump {
	unsigned ifindex;
	struct nl_qdiscs list;
};

static int on_qdisc(const struct nlmsghdr *h, void *data)
{
	const struct tcmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *t[TCA_MAX + 1], *app;
	struct qdisc_dump *d = data;
	struct nl_qdisc q = { 0 };
	int r = 0;

	/* The kernel dumps those of all devices, whatever was asked. */
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || (unsigned)m->tcm_ifindex != d->ifindex)
		return 0;
	/* A dump that is begun anew. */
	if (!d->list.n)
		d->list.tins.n = 0;
	nl_attrs(h, sizeof(*m), t, TCA_MAX);
	q.handle = m->tcm_handle;
	q.parent = m->tcm_parent;
	nl_attr_copy_text(t[TCA_KIND], q.kind, sizeof(q.kind));
	q.spec.kind = nl_kind_find(q.kind);
	nl_kind_of(q.spec.kind)->take(t[TCA_OPTIONS], &q.spec);
	read_stats(t[TCA_STATS2], &q.stats, &app);
	if (q.spec.kind == NL_QDISC_HTB)
		read_htb(t[TCA_OPTIONS], &q);
	else if (q.spec.kind == NL_QDISC_FQ_CODEL)
		read_fq_codel(app, &q);
	else if (q.spec.kind == NL_QDISC_CAKE)
		r = read_cake(app, &d->list, &q);
	return r ?: vec_push(&d->list, q);
}

int nl_qdisc_list(struct nl *nl, unsigned ifindex, struct nl_qdiscs *ret)
{
	const struct nl_tc_place at = { ifindex, 0, 0 };
	struct qdisc_dump d = { .ifindex = ifindex };
	char buffer[NL_REQUEST_MAX];
	int r;

	r = nl_dump(nl, NL_ROUTE, nl_request_tc(buffer, RTM_GETQDISC, 0, &at), on_qdisc, &d,
		    &d.list.n);
	if (r)
		nl_qdiscs_free(&d.list);
	else
		*ret = d.list;
	return r;
}

static uint64_t bytes_of(const struct tc_ratespec *spec, const struct nlattr *rate64)
{
	return rate64 ? nl_attr_number(rate64) : spec->rate;
}

static void read_htb_class(const struct nlattr *options, struct nl_class *c)
{
	const struct nlattr *t[TCA_HTB_MAX + 1];
	struct tc_htb_opt opt;
	uint64_t rate, ceil;

	nl_attrs_nested(options, t, TCA_HTB_MAX);
	copy_struct(t[TCA_HTB_PARMS], &opt, sizeof(opt));
	rate = bytes_of(&opt.rate, t[TCA_HTB_RATE64]);
	ceil = bytes_of(&opt.ceil, t[TCA_HTB_CEIL64]);
	c->level = opt.level;
	c->htb = (struct nl_htb_class){
		.rate = rate * 8,
		.ceil = ceil * 8,
		.burst = nl_tick_to_bytes(opt.buffer, rate),
		.cburst = nl_tick_to_bytes(opt.cbuffer, ceil),
		.quantum = opt.quantum,
		.prio = opt.prio,
		.overhead = opt.rate.overhead,
		.mpu = opt.rate.mpu,
	};
}

static void read_htb_xstats(const struct nlattr *app, struct nl_class *c)
{
	struct tc_htb_xstats x;

	copy_struct(app, &x, sizeof(x));
	c->lends = x.lends;
	c->borrows = x.borrows;
	c->giants = x.giants;
	c->tokens = (int32_t)x.tokens;
	c->ctokens = (int32_t)x.ctokens;
}

static int on_class(const struct nlmsghdr *h, void *data)
{
	const struct tcmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *t[TCA_MAX + 1], *app;
	struct nl_classes *list = data;
	struct nl_class c = { 0 };

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return 0;
	nl_attrs(h, sizeof(*m), t, TCA_MAX);
	c.handle = m->tcm_handle;
	c.parent = m->tcm_parent;
	c.leaf = m->tcm_info;
	nl_attr_copy_text(t[TCA_KIND], c.kind, sizeof(c.kind));
	read_stats(t[TCA_STATS2], &c.stats, &app);
	if (nl_kind_find(c.kind) == NL_QDISC_HTB) {
		read_htb_class(t[TCA_OPTIONS], &c);
		read_htb_xstats(app, &c);
	}
	return vec_push(list, c);
}

int nl_class_list(struct nl *nl, unsigned ifindex, struct nl_classes *ret)
{
	const struct nl_tc_place at = { ifindex, 0, 0 };
	struct nl_classes list = { 0 };
	char buffer[NL_REQUEST_MAX];
	int r;

	r = nl_dump(nl, NL_ROUTE, nl_request_tc(buffer, RTM_GETTCLASS, 0, &at), on_class, &list,
		    &list.n);
	if (r)
		nl_classes_free(&list);
	else
		*ret = list;
	return r;
}

/* Without "echo" kernels before 6.2 answer only those who listen to everything. */
int nl_class_get(struct nl *nl, unsigned ifindex, uint32_t handle, struct nl_class *ret)
{
	const struct nl_tc_place at = { ifindex, handle, 0 };
	_cleanup_nl_classes_ struct nl_classes list = { 0 };
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *request = nl_request_tc(buffer, RTM_GETTCLASS, NLM_F_ECHO, &at);
	int r = nl_ask(nl, NL_ROUTE, request, on_class, &list);

	if (r)
		return r;
	for (size_t i = 0; i < list.n; i++)
		if (list.at[i].handle == handle) {
			*ret = list.at[i];
			return 0;
		}
	return -ENOENT;
}

const struct nl_qdisc *nl_qdisc_find(const struct nl_qdiscs *list, uint32_t parent)
{
	vec_foreach(list, q) {
		if (q->parent == parent)
			return q;
	}
	return NULL;
}

const struct nl_class *nl_class_find(const struct nl_classes *list, uint32_t handle)
{
	vec_foreach(list, c) {
		if (c->handle == handle)
			return c;
	}
	return NULL;
}
