/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl/tc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

struct tc_dump {
	unsigned ifindex;
	bool classes;
	struct nl_tcs list;
};

static int on_tc(const struct nlmsghdr *h, void *data)
{
	const struct tcmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *t[TCA_MAX + 1];
	struct tc_dump *d = data;
	struct nl_tc tc = { 0 };

	/* The kernel dumps the qdiscs of all devices, whatever was asked. */
	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m) || (unsigned)m->tcm_ifindex != d->ifindex)
		return 0;
	nl_attrs(h, sizeof(*m), t, TCA_MAX);
	nl_attr_copy_text(t[TCA_KIND], tc.kind, sizeof(tc.kind));
	tc.handle = m->tcm_handle;
	tc.parent = m->tcm_parent;
	/* Of a qdisc this field is its reference count. */
	tc.leaf = d->classes ? m->tcm_info : 0;
	tc.ingress_block = (uint32_t)nl_attr_number(t[TCA_INGRESS_BLOCK]);
	tc.egress_block = (uint32_t)nl_attr_number(t[TCA_EGRESS_BLOCK]);
	return vec_push(&d->list, tc);
}

static int dump_tc(struct nl *nl, uint16_t type, unsigned ifindex, struct nl_tcs *ret)
{
	struct tc_dump d = { .ifindex = ifindex, .classes = type == RTM_GETTCLASS };
	const struct nl_tc_place at = { ifindex, 0, 0 };
	char buffer[NL_REQUEST_MAX];
	int r;

	r = nl_dump(nl, NL_ROUTE, nl_request_tc(buffer, type, 0, &at), on_tc, &d, &d.list.n);
	if (r)
		nl_tcs_free(&d.list);
	else
		*ret = d.list;
	return r;
}

int nl_tc_qdiscs(struct nl *nl, unsigned ifindex, struct nl_tcs *ret)
{
	return dump_tc(nl, RTM_GETQDISC, ifindex, ret);
}

int nl_tc_classes(struct nl *nl, unsigned ifindex, struct nl_tcs *ret)
{
	return dump_tc(nl, RTM_GETTCLASS, ifindex, ret);
}

static void parse_bpf(const struct nlattr *options, struct nl_filter *f)
{
	const struct nlattr *t[TCA_BPF_MAX + 1];

	nl_attrs_nested(options, t, TCA_BPF_MAX);
	nl_attr_copy_text(t[TCA_BPF_NAME], f->bpf_name, sizeof(f->bpf_name));
	f->bpf_id = (uint32_t)nl_attr_number(t[TCA_BPF_ID]);
	f->direct_action = nl_attr_number(t[TCA_BPF_FLAGS]) & TCA_BPF_FLAG_ACT_DIRECT;
}

/*
 * A dump tells each priority first as a heading with handle 0, then its filters.  The heading is
 * kept only where no filter follows, so that a hook is never called empty wrongly.
 */
static bool replaces_heading(const struct nl_filters *list, const struct nl_filter *f)
{
	const struct nl_filter *last = list->n ? &list->at[list->n - 1] : NULL;

	return last && !last->handle && f->handle && last->priority == f->priority &&
	       last->protocol == f->protocol && last->chain == f->chain;
}

/* The index is not compared: a filter of a shared block carries a magic one. */
static int on_filter(const struct nlmsghdr *h, void *data)
{
	const struct tcmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *t[TCA_MAX + 1];
	struct nl_filters *list = data;
	struct nl_filter f = { 0 };

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*m))
		return 0;
	nl_attrs(h, sizeof(*m), t, TCA_MAX);
	nl_attr_copy_text(t[TCA_KIND], f.kind, sizeof(f.kind));
	f.parent = m->tcm_parent;
	f.handle = m->tcm_handle;
	f.chain = (uint32_t)nl_attr_number(t[TCA_CHAIN]);
	f.priority = (uint16_t)(TC_H_MAJ(m->tcm_info) >> 16);
	f.protocol = ntohs((uint16_t)TC_H_MIN(m->tcm_info));
	if (!strcmp(f.kind, "bpf"))
		parse_bpf(t[TCA_OPTIONS], &f);
	if (!replaces_heading(list, &f))
		return vec_push(list, f);
	list->at[list->n - 1] = f;
	return 0;
}

int nl_tc_filters(struct nl *nl, unsigned ifindex, uint32_t parent, struct nl_filters *ret)
{
	const struct nl_tc_place at = { ifindex, 0, parent };
	char buffer[NL_REQUEST_MAX];
	struct nl_filters list = { 0 };
	int r;

	r = nl_dump(nl, NL_ROUTE, nl_request_tc(buffer, RTM_GETTFILTER, 0, &at), on_filter, &list,
		    &list.n);
	if (r)
		nl_filters_free(&list);
	else
		*ret = list;
	return r;
}

static int add_side(struct nl *nl, unsigned ifindex, bool egress, struct nl_filters *to)
{
	uint32_t parent = TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
	_cleanup_nl_filters_ struct nl_filters side = { 0 };
	int r = nl_tc_filters(nl, ifindex, parent, &side);

	vec_foreach(&side, f) {
		f->egress = egress;
		if (!r)
			r = vec_push(to, *f);
	}
	return r;
}

static int find_hook(struct nl *nl, unsigned ifindex, struct nl_hook *hook)
{
	_cleanup_nl_tcs_ struct nl_tcs qdiscs = { 0 };
	int r = nl_tc_qdiscs(nl, ifindex, &qdiscs);

	vec_foreach(&qdiscs, q) {
		if (q->parent != TC_H_CLSACT)
			continue;
		hook->kind = strcmp(q->kind, "clsact") ? NL_HOOK_INGRESS : NL_HOOK_CLSACT;
		hook->shared = q->ingress_block || q->egress_block;
	}
	return r;
}

int nl_tc_hook_get(struct nl *nl, unsigned ifindex, struct nl_hook *ret)
{
	_cleanup_nl_hook_ struct nl_hook hook = { 0 };
	int r = find_hook(nl, ifindex, &hook);

	if (!r && hook.kind != NL_HOOK_NONE)
		r = add_side(nl, ifindex, false, &hook.filters);
	if (!r && hook.kind == NL_HOOK_CLSACT)
		r = add_side(nl, ifindex, true, &hook.filters);
	if (r)
		return r;
	*ret = hook;
	hook = (struct nl_hook){ 0 };
	return 0;
}

int nl_tc_clsact_add(struct nl *nl, unsigned ifindex)
{
	const struct nl_tc_place at = { ifindex, TC_H_MAKE(TC_H_CLSACT, 0), TC_H_CLSACT };
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request_tc(buffer, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &at);

	mnl_attr_put_strz(h, TCA_KIND, "clsact");
	return nl_ask(nl, NL_ROUTE, h, NULL, NULL);
}

int nl_tc_clsact_delete(struct nl *nl, unsigned ifindex)
{
	const struct nl_tc_place at = { ifindex, TC_H_MAKE(TC_H_CLSACT, 0), TC_H_CLSACT };
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request_tc(buffer, RTM_DELQDISC, 0, &at);

	/* With the kind the kernel refuses to delete an "ingress" qdisc in its place. */
	mnl_attr_put_strz(h, TCA_KIND, "clsact");
	return nl_ask(nl, NL_ROUTE, h, NULL, NULL);
}

void nl_filter_describe(const struct nl_filter *f, struct strbuf *out)
{
	strbuf_addf(out, "%s priority %u handle 0x%x", f->kind, f->priority, f->handle);
	if (f->chain)
		strbuf_addf(out, " chain %u", f->chain);
	if (f->bpf_name[0])
		strbuf_addf(out, " \"%s\"", f->bpf_name);
	if (f->bpf_id)
		strbuf_addf(out, " id %u", f->bpf_id);
}
