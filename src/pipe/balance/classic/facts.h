/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel tells of this network namespace: interfaces, who runs the program, who takes redirects. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "nl/link.h"

/* An interface that runs a program with a redirect_map. */
struct classic_input {
	const struct nl_link *link;
	uint32_t map_id;
	bool native;
};

struct classic_power {
	int ifindex;
	bool known;	   /* the kernel tells what follows; before 6.3 it does not */
	uint64_t features; /* NL_XDP_* */
	char driver[32];   /* "" when it has no name */
	bool strips_tags;  /* before a program sees the frame */
};

struct classic_facts {
	struct nl_links links;
	VEC(struct classic_input) inputs;
	VEC(struct classic_power) powers;
};

void classic_facts_free(struct classic_facts *facts);
#define _cleanup_classic_facts_ _cleanup_(classic_facts_free)

/* Interfaces and inputs. */
int classic_facts_read(struct nl *nl, struct classic_facts *ret);
/* Adds what one interface can do. */
int classic_facts_ask(struct nl *nl, int ifindex, struct classic_facts *facts);

const struct nl_link *classic_facts_find(const struct classic_facts *facts, const char *name);
const struct nl_link *classic_facts_find_index(const struct classic_facts *facts, uint32_t ifindex);
const struct classic_power *classic_facts_power(const struct classic_facts *facts, int ifindex);
