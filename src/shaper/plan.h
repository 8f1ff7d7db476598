/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the network to the tree of queues, as plain data: which circuit and node hangs where, on
 * which CPU, with which class number, rate and leaf.  Pure.  What a former plan decided stays
 * wherever it can, so that a change touches what changed and nothing else.
 */
#pragma once

#include "model/network.h"

#define SHAPER_QUEUES 256 /* at most */
#define SHAPER_DEPTH 6	  /* nodes above one another: HTB has 8 levels, with q:1 and the circuit */
#define SHAPER_MINOR_ROOT 1    /* class q:1, the whole line */
#define SHAPER_MINOR_DEFAULT 2 /* q:2: whatever nobody claimed */
#define SHAPER_MINOR_CONTROL 3 /* q:3: ARP, spanning tree, routing protocols: small and first */
#define SHAPER_MINOR_FIRST 16  /* circuits and nodes from here on */
#define SHAPER_RATE_LEAST UINT64_C(8000)	 /* bits/s; nothing gets less */
#define SHAPER_RATE_MOST UINT64_C(1000000000000) /* of a line that does not say what it can */

struct shaper_settings {
	unsigned queues;	    /* per direction; each has its CPU */
	unsigned up_offset;	    /* on a stick: upload's queues come behind; else 0 */
	struct rate_pair uplink;    /* of the whole line */
	struct rate_pair generated; /* of what has no parent, per queue; 0 = the uplink */
	const char *leaf;	    /* "cake diffserv4" */
	bool monitor_only;	    /* no tree: traffic is counted and left alone */
};

enum shaper_kind { SHAPER_NODE, SHAPER_CIRCUIT };

struct shaper_leaf {
	const char *down, *up;
};

/* A class of the tree, the same number in both directions. */
struct shaper_item {
	enum shaper_kind kind;
	const char *name; /* node's name or circuit's id */
	int source;	  /* index into network.nodes or .circuits, -1 = a generated node */
	int parent;	  /* index of the item above, -1 = class q:1 */
	uint16_t queue;	  /* 0.. */
	uint16_t minor;
	struct rate_pair rate, ceil; /* as the kernel gets them: clamped to what is above */
	struct shaper_leaf leaf;     /* of circuits; never NULL */
	/* For the balance of CPUs: ceil.down + ceil.up, or as measured; of a node: of all below. */
	uint64_t weight;
};

struct shaper_plan {
	unsigned queues, up_offset; /* 0 queues: there is no tree */
	struct rate_pair uplink;
	VEC(struct shaper_item) items; /* a parent stands before its children */
	VEC(uint64_t) load;	       /* per queue: sum of weights */
	VEC(uint16_t) next;	       /* per queue: where to look for a free minor */
	VEC(char *) strings; /* what the items say; nothing is borrowed from the network */
};

/* Where something was before. */
struct shaper_seat {
	enum shaper_kind kind;
	const char *name, *parent; /* parent: of the item above, NULL = q:1 */
	uint16_t queue, minor;
	uint16_t move_to; /* queue + 1 where it shall be from now on; 0 = where it is */
};

/* What is to stay of a former plan, by name: from that plan or from a state file. */
struct shaper_past {
	VEC(struct shaper_seat) seats; /* names are borrowed from whoever gave them */
	VEC(uint16_t) next;
};

int shaper_past_of(const struct shaper_plan *plan, struct shaper_past *ret);
void shaper_past_free(struct shaper_past *past);
#define _cleanup_shaper_past_ _cleanup_(shaper_past_free)

/* Measured load of circuits, bits/s, to weigh by. */
typedef uint64_t (*shaper_measured)(const char *circuit, const void *data);

/*
 * The network has passed network_check().  `past` and `measured` may be NULL.  Warnings say what
 * does not fit the line, what is too deep and whose guarantees are too many; a plan above its
 * node's is network_check()'s to tell.  -ENOSPC: more classes in one queue than there are numbers
 * (65,520), those of the past counted; without a past it may fit.
 */
int shaper_plan_make(const struct network *network, const struct shaper_settings *settings,
		     const struct shaper_past *past, shaper_measured measured, const void *data,
		     struct shaper_plan *ret, struct diag *d);
void shaper_plan_free(struct shaper_plan *plan);
#define _cleanup_shaper_plan_ _cleanup_(shaper_plan_free)
/* Handles as tc shows them, "3:1a2" (hex). */
uint32_t shaper_handle_down(const struct shaper_plan *plan, const struct shaper_item *item);
uint32_t shaper_handle_up(const struct shaper_plan *plan, const struct shaper_item *item);
/* The tree in words, for `weir check --plan` and golden tests. */
void shaper_plan_format(const struct shaper_plan *plan, const struct network *network,
			struct strbuf *out);

/* A top node with all below it, or a circuit without parent, to another queue. */
struct shaper_move {
	int item;
	uint16_t queue;
};
struct shaper_moves {
	VEC(struct shaper_move) moves;
};
/* The few moves, `most` of them, that take most from the fullest queues; none where none helps. */
int shaper_plan_rebalance(const struct shaper_plan *plan, size_t most, struct shaper_moves *ret);
void shaper_moves_free(struct shaper_moves *moves);
#define _cleanup_shaper_moves_ _cleanup_(shaper_moves_free)
/* Notes the moves in what shaper_past_of() gave of that plan, for the next plan to make them. */
void shaper_past_move(struct shaper_past *past, const struct shaper_moves *moves);

/* What differs between two plans, in the order in which it must be done. */
enum shaper_step {
	SHAPER_ADD,    /* class and leaf are new: before any packet is sent there */
	SHAPER_RATE,   /* the class's rates change in place */
	SHAPER_LEAF,   /* the leaf changes in place, or is replaced */
	SHAPER_REMOVE, /* children first, once nothing is sent there and its queue is empty */
};
#define SHAPER_LINE (-1) /* the item of a RATE: class q:1 of every queue, to the plan's uplink */

struct shaper_change {
	enum shaper_step step;
	int item;      /* index into `to`, of REMOVE into `from` */
	bool down, up; /* directions concerned */
};
struct shaper_diff {
	VEC(struct shaper_change) changes;
};
/*
 * `from` may be zeroed.  Two plans that cannot stand beside each other for a moment: -EEXIST where
 * a new class has the number of an old one, which cannot be when `to` was made with the past of
 * `from`; -EXDEV where upload's queues are others.  Then the tree is made anew.
 */
int shaper_plan_diff(const struct shaper_plan *from, const struct shaper_plan *to,
		     struct shaper_diff *ret);
void shaper_diff_free(struct shaper_diff *diff);
#define _cleanup_shaper_diff_ _cleanup_(shaper_diff_free)
