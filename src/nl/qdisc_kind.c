/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl/qdisc_kind.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#define U32 UINT32_MAX
#define AT(path) offsetof(struct nl_qdisc_spec, path)

static const struct nl_option htb_options[] = {
	{ "default", NL_OPT_CLASS, 0, AT(htb.default_class), 0, UINT16_MAX, 0 },
	{ "r2q", NL_OPT_COUNT, 0, AT(htb.r2q), 1, U32, 10 },
	{ "direct_qlen", NL_OPT_COUNT, TCA_HTB_DIRECT_QLEN, AT(htb.direct_qlen), 1, U32,
	  NL_OPTION_UNKNOWN },
	{ 0 },
};

static const struct nl_option fifo_options[] = {
	{ "limit", NL_OPT_COUNT, 0, AT(fifo.limit), 0, U32, NL_OPTION_UNKNOWN },
	{ 0 },
};

static const struct nl_option bfifo_options[] = {
	{ "limit", NL_OPT_SIZE, 0, AT(fifo.limit), 0, U32, NL_OPTION_UNKNOWN },
	{ 0 },
};

static const struct nl_option fq_codel_options[] = {
	{ "limit", NL_OPT_COUNT, TCA_FQ_CODEL_LIMIT, AT(fq_codel.limit), 1, U32, 10240 },
	{ "flows", NL_OPT_COUNT, TCA_FQ_CODEL_FLOWS, AT(fq_codel.flows), 1, 65536, 1024,
	  .fixed = true },
	{ "target", NL_OPT_TIME, TCA_FQ_CODEL_TARGET, AT(fq_codel.target_us), 1, U32, 5000 },
	{ "interval", NL_OPT_TIME, TCA_FQ_CODEL_INTERVAL, AT(fq_codel.interval_us), 1, U32, 100000 },
	{ "quantum", NL_OPT_SIZE, TCA_FQ_CODEL_QUANTUM, AT(fq_codel.quantum), 256, 1 << 20,
	  NL_OPTION_UNKNOWN },
	{ "ecn", NL_OPT_WORDS, TCA_FQ_CODEL_ECN, AT(fq_codel.ecn), 0, 0, 1,
	  .words = { "noecn", "ecn" } },
	{ "ce_threshold", NL_OPT_TIME, TCA_FQ_CODEL_CE_THRESHOLD, AT(fq_codel.ce_threshold_us), 0,
	  U32, NL_OPTION_UNKNOWN },
	{ "memory_limit", NL_OPT_SIZE, TCA_FQ_CODEL_MEMORY_LIMIT, AT(fq_codel.memory_limit), 1,
	  UINT32_C(1) << 31, 32 << 20 },
	{ "drop_batch", NL_OPT_COUNT, TCA_FQ_CODEL_DROP_BATCH_SIZE, AT(fq_codel.drop_batch), 1, U32,
	  64 },
	{ 0 },
};

static const struct nl_option cake_options[] = {
	{ "bandwidth", NL_OPT_RATE, TCA_CAKE_BASE_RATE64, AT(cake.bandwidth), 0, INT64_MAX, 0 },
	{ "autorate", NL_OPT_WORDS, TCA_CAKE_AUTORATE, AT(cake.autorate), 0, 0, 0,
	  .words = { "", "autorate-ingress" } },
	{ "diffserv", NL_OPT_WORDS, TCA_CAKE_DIFFSERV_MODE, AT(cake.diffserv), 0, 0, 0,
	  .words = { "diffserv3", "diffserv4", "diffserv8", "besteffort", "precedence" } },
	{ "isolation", NL_OPT_WORDS, TCA_CAKE_FLOW_MODE, AT(cake.isolation), 0, 0, 7,
	  .words = { "flowblind", "srchost", "dsthost", "hosts", "flows", "dual-srchost",
		     "dual-dsthost", "triple-isolate" } },
	{ "nat", NL_OPT_WORDS, TCA_CAKE_NAT, AT(cake.nat), 0, 0, 0, .words = { "nonat", "nat" } },
	{ "wash", NL_OPT_WORDS, TCA_CAKE_WASH, AT(cake.wash), 0, 0, 0, .words = { "nowash", "wash" } },
	{ "ack-filter", NL_OPT_WORDS, TCA_CAKE_ACK_FILTER, AT(cake.ack_filter), 0, 0, 0,
	  .words = { "no-ack-filter", "ack-filter", "ack-filter-aggressive" } },
	{ "split-gso", NL_OPT_WORDS, TCA_CAKE_SPLIT_GSO, AT(cake.split_gso), 0, 0, 1,
	  .words = { "no-split-gso", "split-gso" } },
	{ "ingress", NL_OPT_WORDS, TCA_CAKE_INGRESS, AT(cake.ingress), 0, 0, 0,
	  .words = { "egress", "ingress" } },
	{ "rtt", NL_OPT_TIME, TCA_CAKE_RTT, AT(cake.rtt_us), 1, U32, 100000 },
	{ "framing", NL_OPT_WORDS, TCA_CAKE_ATM, AT(cake.framing), 0, 0, 0,
	  .words = { "noatm", "atm", "ptm" } },
	{ "raw", NL_OPT_WORDS, TCA_CAKE_RAW, AT(cake.raw), 0, 0, 1, .words = { "", "raw" } },
	{ "overhead", NL_OPT_SIGNED, TCA_CAKE_OVERHEAD, AT(cake.overhead), -64, 256, 0 },
	{ "mpu", NL_OPT_COUNT, TCA_CAKE_MPU, AT(cake.mpu), 0, 256, 0 },
	{ "memlimit", NL_OPT_SIZE, TCA_CAKE_MEMORY, AT(cake.memlimit), 0, U32, 0 },
	{ "fwmark", NL_OPT_HEX, TCA_CAKE_FWMARK, AT(cake.fwmark), 0, U32, 0 },
	{ 0 },
};

#define RTT(word, us)                     \
	{                                 \
		word,                     \
		{                         \
			{                 \
				"rtt", us \
			}                 \
		}                         \
	}
#define FRAMING(word, framing, bytes)                   \
	{                                               \
		word,                                   \
		{                                       \
			{ "framing", framing },         \
			{                               \
				"overhead", bytes, true \
			}                               \
		}                                       \
	}

/* What the frames of a line carry beside the packet, by the line's name. */
static const struct nl_preset cake_presets[] = {
	{ "unlimited", { { "bandwidth", 0 } } },
	RTT("datacentre", 100),
	RTT("lan", 1000),
	RTT("metro", 10000),
	RTT("regional", 30000),
	RTT("internet", 100000),
	RTT("oceanic", 300000),
	RTT("satellite", 1000000),
	RTT("interplanetary", 1000000000),
	{ "conservative", { { "framing", 1 }, { "overhead", 48 } } },
	FRAMING("ipoa-vcmux", 1, 8),
	FRAMING("ipoa-llcsnap", 1, 16),
	FRAMING("bridged-vcmux", 1, 24),
	FRAMING("bridged-llcsnap", 1, 32),
	FRAMING("pppoa-vcmux", 1, 10),
	FRAMING("pppoa-llc", 1, 14),
	FRAMING("pppoe-vcmux", 1, 32),
	FRAMING("pppoe-llcsnap", 1, 40),
	FRAMING("pppoe-ptm", 2, 30),
	FRAMING("bridged-ptm", 2, 22),
	{ "docsis", { { "framing", 0 }, { "overhead", 18, true }, { "mpu", 64 } } },
	{ "ethernet", { { "overhead", 38, true }, { "mpu", 84 } } },
	{ "ether-vlan", { { "overhead", 4, true } } },
	{ 0 },
};

int64_t nl_option_get(const struct nl_qdisc_spec *spec, const struct nl_option *option)
{
	const char *at = (const char *)spec + option->offset;
	uint64_t value64;
	uint32_t value32;

	if (option->type == NL_OPT_RATE) {
		memcpy(&value64, at, sizeof(value64));
		return (int64_t)value64;
	}
	memcpy(&value32, at, sizeof(value32));
	return option->type == NL_OPT_SIGNED ? (int64_t)(int32_t)value32 : (int64_t)value32;
}

void nl_option_set(struct nl_qdisc_spec *spec, const struct nl_option *option, int64_t value)
{
	uint64_t value64 = (uint64_t)value;
	uint32_t value32 = (uint32_t)value;
	char *at = (char *)spec + option->offset;

	if (option->type == NL_OPT_RATE)
		memcpy(at, &value64, sizeof(value64));
	else
		memcpy(at, &value32, sizeof(value32));
}

static void put_option(struct nlmsghdr *h, const struct nl_option *option, int64_t value)
{
	if (option->type == NL_OPT_RATE)
		mnl_attr_put_u64(h, option->attribute, (uint64_t)value / 8);
	else
		mnl_attr_put_u32(h, option->attribute, (uint32_t)value);
}

static void put_given(struct nlmsghdr *h, const struct nl_option *options,
		      const struct nl_qdisc_spec *spec, bool change)
{
	for (unsigned i = 0; options[i].name; i++)
		if (spec->given & 1u << i && options[i].attribute && !(change && options[i].fixed))
			put_option(h, &options[i], nl_option_get(spec, &options[i]));
}

static void take_given(const struct nlattr *nest, const struct nl_option *options,
		       struct nl_qdisc_spec *spec)
{
	const struct nlattr *t[TCA_CAKE_MAX + 1];
	int64_t value;

	nl_attrs_nested(nest, t, TCA_CAKE_MAX);
	for (unsigned i = 0; options[i].name; i++) {
		if (!options[i].attribute || !t[options[i].attribute])
			continue;
		value = (int64_t)nl_attr_number(t[options[i].attribute]);
		nl_option_set(spec, &options[i], options[i].type == NL_OPT_RATE ? value * 8 : value);
		spec->given |= 1u << i;
	}
}

static void put_fq_codel(struct nlmsghdr *h, const struct nl_qdisc_spec *spec, bool change)
{
	struct nlattr *nest = mnl_attr_nest_start(h, TCA_OPTIONS);

	put_given(h, fq_codel_options, spec, change);
	mnl_attr_nest_end(h, nest);
}

static void take_fq_codel(const struct nlattr *options, struct nl_qdisc_spec *spec)
{
	take_given(options, fq_codel_options, spec);
}

void nl_cake_settle(struct nl_qdisc_spec *spec)
{
	unsigned overhead = 0;

	(void)nl_option_find(nl_kind_of(NL_QDISC_CAKE), "overhead", &overhead);
	if (nl_qdisc_given(spec, "raw") && spec->cake.raw) {
		spec->given &= ~(1u << overhead);
		spec->cake.overhead = 0;
	} else if (spec->given & 1u << overhead) {
		(void)nl_qdisc_give(spec, "raw", 0);
	}
}

/* To the kernel an overhead is the end of raw, and the presence of raw, whatever its value, is raw. */
static void put_cake(struct nlmsghdr *h, const struct nl_qdisc_spec *spec, bool change)
{
	struct nlattr *nest = mnl_attr_nest_start(h, TCA_OPTIONS);
	struct nl_qdisc_spec sent = *spec;
	unsigned raw = 0, overhead = 0;

	(void)nl_option_find(nl_kind_of(NL_QDISC_CAKE), "raw", &raw);
	(void)nl_option_find(nl_kind_of(NL_QDISC_CAKE), "overhead", &overhead);
	sent.given &= ~(1u << (spec->cake.raw ? overhead : raw));
	put_given(h, cake_options, &sent, change);
	if (nl_qdisc_given(spec, "rtt"))
		mnl_attr_put_u32(h, TCA_CAKE_TARGET, MAX(spec->cake.rtt_us / 20, 1));
	mnl_attr_nest_end(h, nest);
}

static void take_cake(const struct nlattr *options, struct nl_qdisc_spec *spec)
{
	const struct nlattr *t[TCA_CAKE_MAX + 1];

	take_given(options, cake_options, spec);
	nl_attrs_nested(options, t, TCA_CAKE_MAX);
	(void)nl_qdisc_give(spec, "raw", !!t[TCA_CAKE_RAW]);
	nl_cake_settle(spec);
}

static void put_htb(struct nlmsghdr *h, const struct nl_qdisc_spec *spec, bool change)
{
	struct tc_htb_glob glob = {
		.version = TC_HTB_PROTOVER,
		.rate2quantum = nl_qdisc_given(spec, "r2q") ? spec->htb.r2q : 10,
		.defcls = spec->htb.default_class,
	};
	struct nlattr *nest;

	/* The kernel cannot change an htb, and says so only where it is told how. */
	if (change)
		return;
	nest = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put(h, TCA_HTB_INIT, sizeof(glob), &glob);
	put_given(h, htb_options, spec, change);
	mnl_attr_nest_end(h, nest);
}

static void take_htb(const struct nlattr *options, struct nl_qdisc_spec *spec)
{
	const struct nlattr *t[TCA_HTB_MAX + 1];
	struct tc_htb_glob glob;

	take_given(options, htb_options, spec);
	nl_attrs_nested(options, t, TCA_HTB_MAX);
	if (!t[TCA_HTB_INIT] || mnl_attr_get_payload_len(t[TCA_HTB_INIT]) < sizeof(glob))
		return;
	memcpy(&glob, mnl_attr_get_payload(t[TCA_HTB_INIT]), sizeof(glob));
	(void)nl_qdisc_give(spec, "default", glob.defcls);
	(void)nl_qdisc_give(spec, "r2q", glob.rate2quantum);
}

static void put_fifo(struct nlmsghdr *h, const struct nl_qdisc_spec *spec, bool change)
{
	struct tc_fifo_qopt limit = { spec->fifo.limit };

	if (spec->given)
		mnl_attr_put(h, TCA_OPTIONS, sizeof(limit), &limit);
}

static void take_fifo(const struct nlattr *options, struct nl_qdisc_spec *spec)
{
	if (options)
		(void)nl_qdisc_give(spec, "limit", (int64_t)nl_attr_number(options));
}

static void put_nothing(struct nlmsghdr *h, const struct nl_qdisc_spec *spec, bool change)
{
}

static void take_nothing(const struct nlattr *options, struct nl_qdisc_spec *spec)
{
}

static const struct nl_option no_options[] = { { 0 } };

static const struct nl_kind kinds[] = {
	[NL_QDISC_OTHER] = { "?", no_options, NULL, put_nothing, take_nothing },
	[NL_QDISC_MQ] = { "mq", no_options, NULL, put_nothing, take_nothing },
	[NL_QDISC_HTB] = { "htb", htb_options, NULL, put_htb, take_htb },
	[NL_QDISC_FQ_CODEL] = { "fq_codel", fq_codel_options, NULL, put_fq_codel, take_fq_codel },
	[NL_QDISC_CAKE] = { "cake", cake_options, cake_presets, put_cake, take_cake },
	[NL_QDISC_PFIFO] = { "pfifo", fifo_options, NULL, put_fifo, take_fifo },
	[NL_QDISC_BFIFO] = { "bfifo", bfifo_options, NULL, put_fifo, take_fifo },
};

const struct nl_kind *nl_kind_of(enum nl_qdisc_kind kind)
{
	return &kinds[kind];
}

enum nl_qdisc_kind nl_kind_find(const char *name)
{
	for (size_t i = NL_QDISC_MQ; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return (enum nl_qdisc_kind)i;
	return NL_QDISC_OTHER;
}

const struct nl_option *nl_option_find(const struct nl_kind *kind, const char *name,
				       unsigned *ret_index)
{
	for (unsigned i = 0; kind->options[i].name; i++)
		if (!strcmp(kind->options[i].name, name)) {
			*ret_index = i;
			return &kind->options[i];
		}
	return NULL;
}

const char *nl_qdisc_kind_name(enum nl_qdisc_kind kind)
{
	return kinds[kind].name;
}

bool nl_qdisc_given(const struct nl_qdisc_spec *spec, const char *option)
{
	unsigned i;

	return nl_option_find(&kinds[spec->kind], option, &i) && spec->given & 1u << i;
}

int nl_qdisc_give(struct nl_qdisc_spec *spec, const char *option, int64_t value)
{
	unsigned i;
	const struct nl_option *row = nl_option_find(&kinds[spec->kind], option, &i);

	if (!row)
		return -ENOENT;
	nl_option_set(spec, row, value);
	spec->given |= 1u << i;
	return 0;
}

bool nl_qdisc_equal(const struct nl_qdisc_spec *a, const struct nl_qdisc_spec *b)
{
	const struct nl_option *options = kinds[a->kind].options;

	if (a->kind != b->kind || a->given != b->given)
		return false;
	for (unsigned i = 0; options[i].name; i++)
		if (a->given & 1u << i &&
		    nl_option_get(a, &options[i]) != nl_option_get(b, &options[i]))
			return false;
	return true;
}
