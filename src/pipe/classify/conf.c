/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/classify/conf.h"

#include <errno.h>
#include <string.h>

#include "model/show.h"
#include "nl/qdisc.h"
#include "pipe/classify/conf_private.h"
#include "pipe/target.h"

#define AT(type, member) offsetof(struct type, member)
#define RATE .kind = SCHEMA_RATE, .min = CLASSIFY_RATE_LEAST, .max = CLASSIFY_RATE_MOST
#define RATE_OR_NONE .kind = SCHEMA_RATE, .max = CLASSIFY_RATE_MOST
#define VLAN .kind = SCHEMA_INT, .min = 1, .max = 4094

static const char *const mode_names[] = { "shape", "monitor", NULL };
static const char *const tree_names[] = { "own", "none", NULL };

static const struct schema_row node_rows[] = {
	{ .key = "name",
	  .kind = SCHEMA_STRING,
	  .offset = AT(classify_node_conf, name),
	  .required = true,
	  .help = "What circuits and other nodes call it.",
	  .example = "Hill" },
	{ .key = "parent",
	  .kind = SCHEMA_STRING,
	  .offset = AT(classify_node_conf, parent),
	  .help = "Node above it; the line itself when there is none." },
	{ .key = "download",
	  RATE,
	  .offset = AT(classify_node_conf, download),
	  .help = "What it can carry; without, only what is above limits it.",
	  .example = "400" },
	{ .key = "upload",
	  RATE,
	  .offset = AT(classify_node_conf, upload),
	  .help = "The same towards the internet.",
	  .example = "200" },
	{ .key = "type",
	  .kind = SCHEMA_STRING,
	  .offset = AT(classify_node_conf, type),
	  .help = "Shown to people: site, ap, ..." },
	{ .key = "virtual",
	  .kind = SCHEMA_BOOL,
	  .offset = AT(classify_node_conf, is_virtual),
	  .def = "false",
	  .help = "Only groups: what is below hangs on the node above." },
	{ .key = NULL },
};

static const struct schema_row circuit_rows[] = {
	{ .key = "id",
	  .kind = SCHEMA_STRING,
	  .offset = AT(classify_circuit_conf, id),
	  .required = true,
	  .help = "Its name in commands and counters; no two circuits share one.",
	  .example = "\"17\"" },
	{ .key = "name",
	  .kind = SCHEMA_STRING,
	  .offset = AT(classify_circuit_conf, name),
	  .help = "Shown to people; else the id.",
	  .example = "Smith" },
	{ .key = "parent",
	  .kind = SCHEMA_STRING,
	  .offset = AT(classify_circuit_conf, parent),
	  .help = "Node it hangs on; without, one that is made up.",
	  .example = "Hill" },
	{ .key = "download",
	  RATE,
	  .offset = AT(classify_circuit_conf, download),
	  .required = true,
	  .help = "The most it gets.",
	  .example = "50" },
	{ .key = "upload",
	  RATE,
	  .offset = AT(classify_circuit_conf, upload),
	  .required = true,
	  .help = "The same towards the internet.",
	  .example = "10" },
	{ .key = "min_download",
	  RATE_OR_NONE,
	  .offset = AT(classify_circuit_conf, min_download),
	  .help = "What it gets in any case; nothing is promised without.",
	  .example = "2.5" },
	{ .key = "min_upload",
	  RATE_OR_NONE,
	  .offset = AT(classify_circuit_conf, min_upload),
	  .help = "The same towards the internet.",
	  .example = "500k" },
	{ .key = "leaf",
	  .kind = SCHEMA_STRING,
	  .offset = AT(classify_circuit_conf, leaf),
	  .help = "How its queue is run, if not like all; `down/up` when the directions differ." },
	{ .key = "addresses",
	  .kind = SCHEMA_STRINGS,
	  .offset = AT(classify_circuit_conf, addresses),
	  .help = "Hosts and prefixes, IPv4 and IPv6; the longest prefix counts.",
	  .example = "[100.64.0.5, \"2001:db8:0:500::/56\"]" },
	{ .key = NULL },
};

static const struct schema_row plan_rows[] = {
	{ .key = "download",
	  RATE,
	  .offset = AT(classify_plan_conf, download),
	  .help = "Towards subscribers.",
	  .example = "10" },
	{ .key = "upload",
	  RATE,
	  .offset = AT(classify_plan_conf, upload),
	  .help = "Towards the internet.",
	  .example = "2" },
	{ .key = NULL },
};

static const struct schema_row rows[] = {
	{ .key = "access",
	  .kind = SCHEMA_IFNAME,
	  .offset = AT(classify_conf, access),
	  .required = true,
	  .help = "Interface towards subscribers: downloads are shaped where they leave by it.",
	  .example = "eth1" },
	{ .key = "internet",
	  .kind = SCHEMA_IFNAME,
	  .offset = AT(classify_conf, internet),
	  .required = true,
	  .help = "Interface towards the internet: uploads are shaped where they leave by it. On a "
		  "stick it is the same, and VLANs tell the directions apart.",
	  .example = "eth2" },
	{ .key = "access_vlan",
	  VLAN,
	  .offset = AT(classify_conf, access_vlan),
	  .help = "On a stick: VLAN of the subscribers." },
	{ .key = "internet_vlan",
	  VLAN,
	  .offset = AT(classify_conf, internet_vlan),
	  .help = "On a stick: VLAN of the internet." },
	{ .key = "downlink",
	  RATE,
	  .offset = AT(classify_conf, downlink),
	  .help = "What the whole line brings. Rates are in Mbit/s with fractions, or have a "
		  "suffix: "
		  "500k, 2.5M, 1G.",
	  .example = "1000" },
	{ .key = "uplink",
	  RATE,
	  .offset = AT(classify_conf, uplink),
	  .help = "What the whole line takes.",
	  .example = "1000" },
	{ .key = "generated_downlink",
	  RATE,
	  .offset = AT(classify_conf, generated_downlink),
	  .help = "Of each node that is made up for circuits without parent; else the line's." },
	{ .key = "generated_uplink",
	  RATE,
	  .offset = AT(classify_conf, generated_uplink),
	  .help = "The same towards the internet." },
	{ .key = "leaf",
	  .kind = SCHEMA_STRING,
	  .offset = AT(classify_conf, leaf),
	  .def = "cake diffserv4",
	  .help = "How the queue of a circuit is run, in words of tc(8): cake, fq_codel or fifo "
		  "with their options." },
	{ .key = "mode",
	  .kind = SCHEMA_ENUM,
	  .offset = AT(classify_conf, mode),
	  .names = mode_names,
	  .def = "shape",
	  .help = "monitor: traffic is counted and left alone, there are no queues." },
	{ .key = "tree",
	  .kind = SCHEMA_ENUM,
	  .offset = AT(classify_conf, tree),
	  .names = tree_names,
	  .def = "own",
	  .help = "none: the queues are somebody else's, packets are only told their class." },
	{ .key = "queues",
	  .kind = SCHEMA_INT,
	  .offset = AT(classify_conf, queues),
	  .def = "0",
	  .max = CLASSIFY_QUEUES,
	  .help = "In each direction; 0: as many as there are transmit queues and CPUs." },
	{ .key = "steer",
	  .kind = SCHEMA_BOOL,
	  .offset = AT(classify_conf, steer),
	  .def = "true",
	  .help = "Moves packets to the CPU of their subscriber (native XDP)." },
	{ .key = "devices",
	  .kind = SCHEMA_PATHS,
	  .offset = AT(classify_conf, devices),
	  .aside = true,
	  .help = "Circuits in files of LibreQoS' form, seen from the directory of this file.",
	  .example = "[ShapedDevices.csv]" },
	{ .key = "network",
	  .kind = SCHEMA_PATH,
	  .offset = AT(classify_conf, network_file),
	  .aside = true,
	  .help = "Nodes in a file of LibreQoS' form.",
	  .example = "network.json" },
	{ .key = "nodes",
	  .kind = SCHEMA_LIST,
	  .offset = AT(classify_conf, nodes),
	  .rows = node_rows,
	  .item_size = sizeof(struct classify_node_conf),
	  .help = "Sites and access points, besides those of `network`, in any order.",
	  .example = "- { name: Roof, parent: Hill, download: 100, upload: 50, type: ap }" },
	{ .key = "circuits",
	  .kind = SCHEMA_LIST,
	  .offset = AT(classify_conf, circuits),
	  .rows = circuit_rows,
	  .item_size = sizeof(struct classify_circuit_conf),
	  .help = "Subscribers, besides those of `devices`.",
	  .example = "- { id: \"18\", parent: Roof, download: 100, upload: 20, addresses: "
		     "100.64.0.6 }" },
	{ .key = "allowed_subnets",
	  .kind = SCHEMA_STRINGS,
	  .offset = AT(classify_conf, allowed_subnets),
	  .help = "Addresses in these that nobody has are counted and listed; without, all are.",
	  .example = "[100.64.0.0/10]" },
	{ .key = "ignored_subnets",
	  .kind = SCHEMA_STRINGS,
	  .offset = AT(classify_conf, ignored_subnets),
	  .help = "Those in these are not.",
	  .example = "[192.168.0.0/16]" },
	{ .key = "default_plan",
	  .kind = SCHEMA_GROUP,
	  .offset = AT(classify_conf, default_plan),
	  .rows = plan_rows,
	  .aside = true,
	  .help = "Shared by all addresses that nobody has; without, they pass unshaped." },
	{ .key = NULL },
};

bool classify_conf_stick(const struct classify_conf *conf)
{
	return !strcmp(conf->access.text, conf->internet.text);
}

bool classify_conf_counts_only(const struct classify_conf *conf)
{
	return conf->mode.value == CLASSIFY_MONITOR;
}

bool classify_conf_shapes(const struct classify_conf *conf)
{
	return !classify_conf_counts_only(conf) && conf->tree.value == CLASSIFY_TREE_OWN;
}

/* --- what the section says alone ---------------------------------------------------------------- */

static void need_rate(const struct classify_conf *conf, const char *key,
		      const struct conf_rate *rate, struct diag *d)
{
	if (rate->set || !classify_conf_shapes(conf))
		return;
	(void)diag_error(d, &conf->access.at, "`%s` is missing: what can the line carry?", key);
	diag_hint(d, "for example %s: 1000, which is Mbit/s", key);
}

static void check_default_plan(const struct classify_plan_conf *plan, struct diag *d)
{
	if (plan->download.set == plan->upload.set)
		return;
	(void)diag_error(d, plan->download.set ? &plan->download.at : &plan->upload.at,
			 "`default_plan` has no `%s`", plan->download.set ? "upload" : "download");
}

static int read_subnets(const struct conf_list *from, struct classify_prefixes *ret, struct diag *d)
{
	int r = 0;

	for (size_t i = 0; !r && i < from->n; i++) {
		struct net_address address = { 0 };

		if (!net_address_read(TEXTS(from)[i].text, &TEXTS(from)[i].at, &address, d))
			r = vec_push(&ret->list, address);
	}
	return r;
}

static int complete(void *data, const struct schema_context *context, struct diag *d)
{
	struct classify_conf *conf = data;
	unsigned before = d->errors;
	int r = read_subnets(&conf->allowed_subnets, &conf->allowed, d);

	if (!r)
		r = read_subnets(&conf->ignored_subnets, &conf->ignored, d);
	need_rate(conf, "downlink", &conf->downlink, d);
	need_rate(conf, "uplink", &conf->uplink, d);
	check_default_plan(&conf->default_plan, d);
	if (!r)
		r = classify_files_read(conf, context, d);
	return r ? r : d->errors > before ? -EINVAL : 0;
}

static void release(void *data)
{
	struct classify_conf *conf = data;

	classify_files_free(conf);
	vec_free(&conf->allowed.list);
	vec_free(&conf->ignored.list);
}

const struct schema classify_schema = {
	.name = "shaper",
	.help = "Subscribers' plans: who gets how much of the line.",
	.rows = rows,
	.size = sizeof(struct classify_conf),
	.complete = complete,
	.release = release,
	.files = classify_files_names,
	.keep = classify_files_keep,
};

/* --- what the machine says ---------------------------------------------------------------------- */

static void check_no_vlan(const struct conf_int *vlan, const char *key, struct diag *d)
{
	if (!vlan->set)
		return;
	(void)diag_error(d, &vlan->at, "`%s` is for one interface in both directions", key);
	diag_hint(d, "`access` and `internet` differ, and that tells the directions apart");
}

static void need_vlan(const struct classify_conf *conf, const struct conf_int *vlan,
		      const char *key, struct diag *d)
{
	if (vlan->set)
		return;
	(void)diag_error(d, &conf->internet.at,
			 "`access` and `internet` are both '%s', but there is no `%s`",
			 conf->internet.text, key);
	diag_hint(d, "on a stick the VLANs tell the directions apart");
}

static void check_stick(const struct classify_conf *conf, struct diag *d)
{
	const struct conf_int *access = &conf->access_vlan, *internet = &conf->internet_vlan;

	if (!classify_conf_stick(conf)) {
		check_no_vlan(access, "access_vlan", d);
		check_no_vlan(internet, "internet_vlan", d);
		return;
	}
	need_vlan(conf, access, "access_vlan", d);
	need_vlan(conf, internet, "internet_vlan", d);
	if (access->set && internet->set && access->value == internet->value) {
		(void)diag_error(d, &internet->at, "`internet_vlan` is the same as `access_vlan`");
		diag_hint(d, "the VLANs tell the directions apart");
	}
}

static void check_leaf(const char *text, const struct mark *at, struct diag *d)
{
	struct nl_qdisc_spec spec = { 0 };

	if (nl_qdisc_parse(text, at, &spec, d))
		return;
	if (spec.kind != NL_QDISC_HTB && spec.kind != NL_QDISC_MQ)
		return;
	(void)diag_error(d, at, "%s is no queue: it only holds others",
			 nl_qdisc_kind_name(spec.kind));
	diag_hint(d, "cake, fq_codel and fifo are");
}

static int check_circuit_leaf(const struct conf_string *leaf, struct diag *d)
{
	struct leaf_pair pair = { 0 };

	if (!leaf->text)
		return 0;
	if (classify_leaf_split(leaf->text, &pair))
		return -ENOMEM;
	check_leaf(pair.down, &leaf->at, d);
	if (strcmp(pair.down, pair.up))
		check_leaf(pair.up, &leaf->at, d);
	free(pair.down);
	free(pair.up);
	return 0;
}

int classify_conf_check(const void *data, const struct pipe_facts *facts, struct diag *d)
{
	const struct classify_conf *conf = data;
	const char *then = "its traffic is shaped";
	unsigned before = d->errors;
	int r = 0;

	(void)target_check_name(&conf->access, facts, then, d);
	if (!classify_conf_stick(conf))
		(void)target_check_name(&conf->internet, facts, then, d);
	check_stick(conf, d);
	check_leaf(conf->leaf.text, &conf->leaf.at, d);
	for (size_t i = 0; !r && i < conf->circuits.n; i++)
		r = check_circuit_leaf(&CIRCUITS(conf)[i].leaf, d);
	return r ? r : d->errors > before ? -EINVAL : 0;
}
