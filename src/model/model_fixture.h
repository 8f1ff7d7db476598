/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Schemas for tests and fuzzers: a bridge like the real one, a section with a row of every kind
 * and a listed one, so that the walker is tested without any stage.
 */
#pragma once

#include <stddef.h>

#include "model/schema.h"

struct fixture_mapping {
	struct conf_string name, redirect_to;
	struct conf_bool scan_vlans;
};

struct fixture_vlan {
	struct conf_string parent;
	struct conf_int tag, redirect_to;
};

struct fixture_bridge {
	struct conf_bool enabled;
	struct conf_list mappings, vlans;
};

struct fixture_limits {
	struct conf_int burst, backlog;
};

struct fixture_shaper {
	struct conf_enum leaf;
	struct conf_int interval, offset;
	struct conf_string directory, label, uplink;
	struct conf_list features, tags, files;
	struct conf_rate rate;
	struct fixture_limits limits;
};

struct fixture_target {
	struct conf_string name;
	struct conf_int weight;
};

struct fixture_balance {
	struct conf_list in, out, ignore;
	struct conf_string label;
};

struct fixture_balances {
	struct conf_list all;
};

#define FIXTURE_AT(type, member) offsetof(struct fixture_##type, member)

static const struct schema_row fixture_mapping_rows[] = {
	{ .key = "name",
	  .kind = SCHEMA_IFNAME,
	  .offset = FIXTURE_AT(mapping, name),
	  .required = true,
	  .help = "Interface on which frames arrive.",
	  .example = "eth1" },
	{ .key = "redirect_to",
	  .kind = SCHEMA_IFNAME,
	  .offset = FIXTURE_AT(mapping, redirect_to),
	  .required = true,
	  .help = "Interface on which they leave.",
	  .example = "eth2" },
	{ .key = "scan_vlans",
	  .kind = SCHEMA_BOOL,
	  .offset = FIXTURE_AT(mapping, scan_vlans),
	  .def = "false",
	  .help = "Look at VLAN tags." },
	{ .key = NULL },
};

static const struct schema_row fixture_vlan_rows[] = {
	{ .key = "parent",
	  .kind = SCHEMA_IFNAME,
	  .offset = FIXTURE_AT(vlan, parent),
	  .required = true,
	  .help = "Interface of the tagged frame.",
	  .example = "eth1" },
	{ .key = "tag",
	  .kind = SCHEMA_INT,
	  .offset = FIXTURE_AT(vlan, tag),
	  .required = true,
	  .min = 1,
	  .max = 4094,
	  .help = "VLAN ID it arrives with.",
	  .example = "3" },
	{ .key = "redirect_to",
	  .kind = SCHEMA_INT,
	  .offset = FIXTURE_AT(vlan, redirect_to),
	  .required = true,
	  .min = 1,
	  .max = 4094,
	  .help = "VLAN ID it leaves with.",
	  .example = "4" },
	{ .key = NULL },
};

static const struct schema_row fixture_bridge_rows[] = {
	{ .key = "enabled",
	  .kind = SCHEMA_BOOL,
	  .offset = FIXTURE_AT(bridge, enabled),
	  .def = "true",
	  .aliases = "use_kernel_bridge use_xdp_bridge",
	  .help = "Turns the bridge off without removing its mappings." },
	{ .key = "interface_mapping",
	  .kind = SCHEMA_LIST,
	  .offset = FIXTURE_AT(bridge, mappings),
	  .rows = fixture_mapping_rows,
	  .item_size = sizeof(struct fixture_mapping),
	  .help = "Which interface leads where." },
	{ .key = "vlan_mapping",
	  .kind = SCHEMA_LIST,
	  .offset = FIXTURE_AT(bridge, vlans),
	  .rows = fixture_vlan_rows,
	  .item_size = sizeof(struct fixture_vlan),
	  .help = "Which VLAN tag becomes which." },
	{ .key = NULL },
};

static const char *const fixture_leaves[] = { "cake", "fq_codel", "none", NULL };

static const struct schema_row fixture_limit_rows[] = {
	{ .key = "burst",
	  .kind = SCHEMA_INT,
	  .offset = FIXTURE_AT(limits, burst),
	  .def = "15",
	  .min = 1,
	  .max = 500,
	  .unit = "ms",
	  .help = "Longest burst." },
	{ .key = "backlog",
	  .kind = SCHEMA_INT,
	  .offset = FIXTURE_AT(limits, backlog),
	  .required = true,
	  .help = "Packets that may wait.",
	  .example = "1000" },
	{ .key = NULL },
};

static const struct schema_row fixture_shaper_rows[] = {
	{ .key = "leaf",
	  .kind = SCHEMA_ENUM,
	  .offset = FIXTURE_AT(shaper, leaf),
	  .def = "cake",
	  .names = fixture_leaves,
	  .help = "What queues the packets of a subscriber." },
	{ .key = "interval",
	  .kind = SCHEMA_INT,
	  .offset = FIXTURE_AT(shaper, interval),
	  .def = "1000",
	  .min = 100,
	  .max = 60000,
	  .unit = "ms",
	  .help = "Time between two looks at the counters." },
	{ .key = "offset",
	  .kind = SCHEMA_INT,
	  .offset = FIXTURE_AT(shaper, offset),
	  .help = "Any number at all." },
	{ .key = "directory",
	  .kind = SCHEMA_PATH,
	  .offset = FIXTURE_AT(shaper, directory),
	  .def = "/var/lib/weir",
	  .help = "Where state is kept." },
	{ .key = "label",
	  .kind = SCHEMA_STRING,
	  .offset = FIXTURE_AT(shaper, label),
	  .def = "'the edge'",
	  .help = "Shown to people." },
	{ .key = "uplink",
	  .kind = SCHEMA_IFNAME,
	  .offset = FIXTURE_AT(shaper, uplink),
	  .help = "Interface towards the internet." },
	{ .key = "features",
	  .kind = SCHEMA_STRINGS,
	  .offset = FIXTURE_AT(shaper, features),
	  .def = "[gso, tso]",
	  .help = "Offloads to turn off." },
	{ .key = "tags",
	  .kind = SCHEMA_STRINGS,
	  .offset = FIXTURE_AT(shaper, tags),
	  .help = "Free words." },
	{ .key = "files",
	  .kind = SCHEMA_PATHS,
	  .offset = FIXTURE_AT(shaper, files),
	  .help = "More files." },
	{ .key = "rate",
	  .kind = SCHEMA_RATE,
	  .offset = FIXTURE_AT(shaper, rate),
	  .def = "2.5",
	  .min = 8000,
	  .max = 10000000000,
	  .help = "Of the line." },
	{ .key = "limits",
	  .kind = SCHEMA_GROUP,
	  .offset = FIXTURE_AT(shaper, limits),
	  .rows = fixture_limit_rows,
	  .help = "How much may wait." },
	{ .key = NULL },
};

static const struct schema_row fixture_target_rows[] = {
	{ .key = "name",
	  .kind = SCHEMA_IFNAME,
	  .offset = FIXTURE_AT(target, name),
	  .required = true,
	  .help = "Interface on which flows leave.",
	  .example = "eth2" },
	{ .key = "weight",
	  .kind = SCHEMA_INT,
	  .offset = FIXTURE_AT(target, weight),
	  .def = "1",
	  .min = 1,
	  .max = 100,
	  .help = "Its share." },
	{ .key = NULL },
};

static const struct schema_row fixture_balance_rows[] = {
	{ .key = "in",
	  .kind = SCHEMA_IFNAMES,
	  .offset = FIXTURE_AT(balance, in),
	  .required = true,
	  .help = "Interfaces on which flows arrive.",
	  .example = "eth1" },
	{ .key = "out",
	  .kind = SCHEMA_LIST,
	  .offset = FIXTURE_AT(balance, out),
	  .rows = fixture_target_rows,
	  .item_size = sizeof(struct fixture_target),
	  .short_form = true,
	  .help = "Where they leave." },
	{ .key = "ignore",
	  .kind = SCHEMA_IFNAMES,
	  .offset = FIXTURE_AT(balance, ignore),
	  .def = "[lo, wg0]",
	  .help = "Interfaces left alone." },
	{ .key = "label",
	  .kind = SCHEMA_STRING,
	  .offset = FIXTURE_AT(balance, label),
	  .help = "Shown to people." },
	{ .key = NULL },
};

static const struct schema_row fixture_balances_rows[] = {
	{ .key = "balance",
	  .kind = SCHEMA_LIST,
	  .offset = FIXTURE_AT(balances, all),
	  .rows = fixture_balance_rows,
	  .item_size = sizeof(struct fixture_balance) },
	{ .key = NULL },
};

static const struct schema fixture_bridge = {
	.name = "bridge",
	.help = "A kernel bridge without learning.",
	.rows = fixture_bridge_rows,
	.size = sizeof(struct fixture_bridge),
};

static const struct schema fixture_shaper = {
	.name = "shaper",
	.help = "Rates of subscribers.",
	.rows = fixture_shaper_rows,
	.size = sizeof(struct fixture_shaper),
};

static const struct schema fixture_balance = {
	.name = "balance",
	.help = "Flows spread over several interfaces.",
	.rows = fixture_balances_rows,
	.size = sizeof(struct fixture_balances),
	.listed = true,
};

static const struct schema *const fixture_schemas[] = { &fixture_bridge, &fixture_shaper,
							&fixture_balance };
#define FIXTURE_N (sizeof(fixture_schemas) / sizeof(*fixture_schemas))
