/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "nl/qdisc_kind.h"
#include "nl/qdisc_tick.h"

/* What tc gives a class that names no burst: a frame and a bit. */
#define USUAL_BURST 1600

static const uint16_t verb_flags[] = {
	[NL_TC_ADD] = NLM_F_CREATE | NLM_F_EXCL,
	[NL_TC_REPLACE] = NLM_F_CREATE | NLM_F_REPLACE,
};

static struct nlmsghdr *begin(void *buffer, uint16_t add, uint16_t del, enum nl_tc_verb verb,
			      const struct nl_tc_place *at)
{
	bool makes = verb == NL_TC_ADD || verb == NL_TC_REPLACE;

	return nl_request_tc(buffer, verb == NL_TC_DELETE ? del : add, makes ? verb_flags[verb] : 0,
			     at);
}

struct nlmsghdr *nl_qdisc_request(void *buffer, enum nl_tc_verb verb, const struct nl_tc_place *at,
				  const struct nl_qdisc_spec *spec)
{
	struct nlmsghdr *h = begin(buffer, RTM_NEWQDISC, RTM_DELQDISC, verb, at);
	const struct nl_kind *kind = spec ? nl_kind_of(spec->kind) : NULL;

	if (kind)
		mnl_attr_put_strz(h, TCA_KIND, kind->name);
	if (kind && verb != NL_TC_DELETE)
		kind->put(h, spec, verb == NL_TC_CHANGE);
	return h;
}

/* The attribute's 32 bits hold 34 Gbit/s; what is more goes beside it. */
static struct tc_ratespec ratespec(uint64_t bytes, const struct nl_htb_class *class)
{
	return (struct tc_ratespec){
		.rate = (uint32_t)MIN(bytes, (uint64_t)UINT32_MAX),
		/* Without it the kernel would want a table of transmission times, 256 entries. */
		.linklayer = TC_LINKLAYER_ETHERNET,
		.overhead = class->overhead,
		.mpu = class->mpu,
	};
}

static void put_class(struct nlmsghdr *h, const struct nl_htb_class *class)
{
	uint64_t rate = class->rate / 8, ceil = class->ceil / 8;
	struct tc_htb_opt opt = {
		.rate = ratespec(rate, class),
		.ceil = ratespec(ceil, class),
		.buffer = nl_tick_from_bytes(class->burst ?: USUAL_BURST, rate),
		.cbuffer = nl_tick_from_bytes(class->cburst ?: USUAL_BURST, ceil),
		.quantum = class->quantum,
		.prio = class->prio,
	};
	struct nlattr *nest = mnl_attr_nest_start(h, TCA_OPTIONS);

	if (rate > UINT32_MAX)
		mnl_attr_put_u64(h, TCA_HTB_RATE64, rate);
	if (ceil > UINT32_MAX)
		mnl_attr_put_u64(h, TCA_HTB_CEIL64, ceil);
	mnl_attr_put(h, TCA_HTB_PARMS, sizeof(opt), &opt);
	mnl_attr_nest_end(h, nest);
}

struct nlmsghdr *nl_class_request(void *buffer, enum nl_tc_verb verb, const struct nl_tc_place *at,
				  const struct nl_htb_class *class)
{
	struct nlmsghdr *h = begin(buffer, RTM_NEWTCLASS, RTM_DELTCLASS, verb, at);

	if (!class || verb == NL_TC_DELETE)
		return h;
	mnl_attr_put_strz(h, TCA_KIND, nl_qdisc_kind_name(NL_QDISC_HTB));
	put_class(h, class);
	return h;
}

static int64_t in_force(const struct nl_qdisc_spec *spec, const struct nl_option *o, unsigned i)
{
	return spec->given & 1u << i ? nl_option_get(spec, o) : o->usual;
}

/* Can this option go from one to the other?  What only `from` gave is given its default. */
static bool option_in_place(const struct nl_qdisc_spec *from, struct nl_qdisc_spec *to,
			    const struct nl_option *o, unsigned i)
{
	if (o->fixed)
		return in_force(from, o, i) == in_force(to, o, i);
	if (to->given & 1u << i || !(from->given & 1u << i) || nl_option_get(from, o) == o->usual)
		return true;
	if (o->usual == NL_OPTION_UNKNOWN)
		return false;
	nl_option_set(to, o, o->usual);
	to->given |= 1u << i;
	return true;
}

static bool same_options(const struct nl_qdisc_spec *a, const struct nl_qdisc_spec *b,
			 const struct nl_kind *kind)
{
	for (unsigned i = 0; kind->options[i].name; i++)
		if (in_force(a, &kind->options[i], i) != in_force(b, &kind->options[i], i))
			return false;
	return true;
}

bool nl_qdisc_in_place(const struct nl_qdisc_spec *from, const struct nl_qdisc_spec *to,
		       struct nl_qdisc_spec *ret)
{
	const struct nl_kind *kind = nl_kind_of(to->kind);
	struct nl_qdisc_spec sent = *to;

	if (from->kind != to->kind || to->kind == NL_QDISC_OTHER)
		return false;
	/* What is in place of an htb are its classes. */
	if (to->kind == NL_QDISC_HTB && !same_options(from, to, kind))
		return false;
	for (unsigned i = 0; kind->options[i].name; i++)
		if (!option_in_place(from, &sent, &kind->options[i], i))
			return false;
	*ret = sent;
	return true;
}
