/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The `shaper` section: what the line can carry, who hangs on it, and the files that say so.
 */
#pragma once

#include "model/network.h"
#include "model/schema.h"
#include "pipe/facts.h"

#define CLASSIFY_QUEUES 256			  /* at most */
#define CLASSIFY_RATE_LEAST 8000		  /* bits/s */
#define CLASSIFY_RATE_MOST INT64_C(1000000000000) /* bits/s */

enum classify_mode { CLASSIFY_SHAPE, CLASSIFY_MONITOR };
enum classify_tree { CLASSIFY_TREE_OWN, CLASSIFY_TREE_NONE };

struct classify_plan_conf {
	struct conf_rate download, upload;
};

struct classify_node_conf {
	struct conf_string name, parent, type;
	struct conf_rate download, upload; /* not set: only what is above limits it */
	struct conf_bool is_virtual;
};

struct classify_circuit_conf {
	struct conf_string id, name, parent, leaf;
	struct conf_rate download, upload, min_download, min_upload;
	struct conf_list addresses; /* of conf_string */
};

struct classify_prefixes {
	VEC(struct net_address) list;
};

/* A file of data, as it was read. */
struct classify_file {
	char *path;   /* as the configuration names it */
	char *source; /* what was read: the same, or the copy of an earlier run */
	char *text;
	size_t len;
};

struct classify_conf {
	struct conf_string access, internet;
	struct conf_int access_vlan, internet_vlan;
	struct conf_rate downlink, uplink, generated_downlink, generated_uplink;
	struct conf_string leaf;
	struct conf_enum mode, tree;
	struct conf_int queues;
	struct conf_bool steer;
	struct conf_list devices;	 /* of conf_string */
	struct conf_string network_file; /* may be NULL */
	struct conf_list nodes;		 /* of struct classify_node_conf */
	struct conf_list circuits;	 /* of struct classify_circuit_conf */
	struct conf_list allowed_subnets, ignored_subnets;
	struct classify_plan_conf default_plan; /* not set: there is none */

	/* What follows is made of the above and of the files. */
	struct network network; /* file names in its marks are the model's and the section's */
	struct classify_prefixes allowed, ignored; /* `allowed` empty: all */
	struct {
		VEC(struct classify_file) list;
	} files;
};

#define NODES(conf) ((const struct classify_node_conf *)(conf)->nodes.items)
#define CIRCUITS(conf) ((const struct classify_circuit_conf *)(conf)->circuits.items)
#define TEXTS(list) ((const struct conf_string *)(list)->items)

extern const struct schema classify_schema;

/* On a stick: both directions on one interface. */
bool classify_conf_stick(const struct classify_conf *conf);
/* No queues at all: traffic is counted and left alone. */
bool classify_conf_counts_only(const struct classify_conf *conf);
/* Are there queues of ours? */
bool classify_conf_shapes(const struct classify_conf *conf);
/* What the machine and the queueing disciplines say about it; pure. */
int classify_conf_check(const void *conf, const struct pipe_facts *facts, struct diag *d);
