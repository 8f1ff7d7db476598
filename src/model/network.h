/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is to be shaped: subscribers' circuits with their plans and addresses, and the tree of nodes
 * (sites, access points) they hang on.  Plain data from whatever files or commands said it; every
 * value that can be wrong remembers its place.  The file names in places are borrowed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/vec.h"

/* Bits per second; 0 = not given. */
struct rate_pair {
	uint64_t down, up;
};

/* A host or a prefix; IPv4 stands in the first four bytes. */
struct net_prefix {
	uint8_t family; /* 4 or 6 */
	uint8_t length; /* bits */
	uint8_t address[16];
};

struct net_address {
	struct net_prefix prefix;
	struct mark at;
};

/* A device of a circuit; devices share their circuit's plan. */
struct net_device {
	char *id, *name, *mac, *comment; /* "" when not given */
	VEC(struct net_address) addresses;
	struct mark at;
};

/* How a queue is run: "cake diffserv4", "fq_codel", "fifo"; NULL = the default of the network. */
struct leaf_pair {
	char *down, *up;
};

struct net_circuit {
	char *id, *name;
	char *parent; /* node's name; NULL = one is chosen */
	struct rate_pair min, max;
	struct leaf_pair leaf;
	VEC(struct net_device) devices;
	struct mark at, parent_at;
	bool by_command; /* added at run time, not in a file */
};

struct net_node {
	char *name, *type; /* type: "site", "ap", ...; "" when not given */
	int parent;	   /* index of the node above, -1 = top */
	struct rate_pair max;
	bool is_virtual; /* only groups: what is below hangs on the node above */
	struct mark at;
};

struct network {
	VEC(struct net_node) nodes; /* a parent stands before its children */
	VEC(struct net_circuit) circuits;
};

void net_device_free(struct net_device *device);
void net_circuit_free(struct net_circuit *circuit);
void network_free(struct network *network);
#define _cleanup_network_ _cleanup_(network_free)
/* Index, -1 = none.  They look at one after the other: who asks often makes a net_index. */
int network_find_node(const struct network *network, const char *name);
int network_find_circuit(const struct network *network, const char *id);

/* "100.64.0.1", "2001:db8::/56".  -EINVAL, with *ret_wrong = what is wrong in words. */
int net_prefix_parse(const char *text, struct net_prefix *ret, const char **ret_wrong);
/* The same with the findings in `d`; of host bits in a prefix it says what the prefix would be. */
int net_address_read(const char *text, const struct mark *at, struct net_address *ret,
		     struct diag *d);
void net_prefix_format(const struct net_prefix *prefix, struct strbuf *out);
/* Same family and every address of b in a? */
bool net_prefix_contains(const struct net_prefix *a, const struct net_prefix *b);
/* Clears the bits behind the length.  Was any set? */
bool net_prefix_cut(struct net_prefix *prefix);
/* "1.5" Mbit/s to bits/s exactly; -EINVAL for what is no number, -ERANGE beyond 1 Tbit/s. */
int net_rate_parse_mbps(const char *text, uint64_t *ret);
/* And back: "1.5". */
void net_rate_format_mbps(uint64_t rate, struct strbuf *out);

/*
 * What is wrong in the whole: names and ids that are not unique, parents that do not exist,
 * addresses given twice or to two circuits, a minimum above its maximum, a plan above its node's.
 * Collects everything, errors before warnings; -EINVAL if there was an error (warnings are none).
 */
int network_check(const struct network *network, struct diag *d);
