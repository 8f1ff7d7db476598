/* SPDX-License-Identifier: GPL-2.0-only */
/* The `balance` section: one balancer or a list of them. */
#pragma once

#include "model/schema.h"
#include "pipe/balance/balance.h"
#include "pipe/facts.h"

#define BALANCE_INPUTS 16
#define BALANCE_WEIGHT_MAX 100

enum balance_policy { POLICY_FLOW, POLICY_FLOW_SYMMETRIC, POLICY_ROUND_ROBIN };
enum balance_none { NONE_PASS, NONE_DROP, NONE_BACKUP };

struct balance_target_conf {
	struct conf_string name;
	struct conf_int weight;
};

struct balance_drain_conf {
	struct conf_int learn, idle, max, flows;
};

struct balancer_conf {
	struct conf_string name; /* NULL: that of the first input */
	struct conf_list in;	 /* of conf_string */
	struct conf_list out;	 /* of struct balance_target_conf */
	struct conf_enum policy, none_left;
	struct conf_string backup;
	struct conf_int seed;
	struct balance_drain_conf drain;
};

struct balance_conf {
	struct conf_list balancers;
};

#define BALANCERS(conf) ((const struct balancer_conf *)(conf)->balancers.items)
#define INPUTS(b) ((const struct conf_string *)(b)->in.items)
#define TARGETS(b) ((const struct balance_target_conf *)(b)->out.items)

extern const struct schema balance_schema;
extern const char *const balance_policy_names[];

const char *balancer_conf_name(const struct balancer_conf *b);
/* What happens when no target is left: a backup that is named is also meant. */
enum balance_none balancer_conf_none(const struct balancer_conf *b);
int balance_conf_check(const void *conf, const struct pipe_facts *facts, struct diag *d);
