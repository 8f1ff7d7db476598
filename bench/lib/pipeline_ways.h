/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `bench pipeline` compares: ways of a packet from its arrival to its queue, each a sum of
 * programs, for several numbers of subscribers.
 */
#pragma once

#include "lib/pb.h"

enum part_id {
	OURS_XDP,
	OURS_TC,
	OURS_OUT,
	KERNEL_XDP,
	KERNEL_OUT,
	RTT_XDP,
	RTT_TC,
	RTT_OUT,
	ALL_XDP,
	ALL_TC,
	ALL_OUT,
	STUDY_XDP,
	STUDY_TC,
	STUDY_RTT_XDP,
	CLASSIC_XDP,
	CLASSIC_TC,
	CLASSIC_TC_LOOKUP,
	N_PARTS
};

enum looks {
	WHOLE,	   /* the packet as it is */
	CLASSED,   /* its class is known already */
	MARKED,	   /* metadata in its first bytes: class, queue, and where to send it */
	MARKED_ON, /* the same, but the kernel forwards it */
	N_LOOKS
};

struct part {
	const char *label;
	enum looks looks;
	unsigned verdict;
	bool classifies; /* says the class */
};
extern const struct part parts[N_PARTS];

enum way_id { OURS, OURS_RTT, OURS_ALL, KERNEL, STUDY, STUDY_RTT, CLASSIC, CLASSIC_LOOKUP, N_WAYS };

struct way {
	const char *key, *label;
	enum part_id part[3];
	unsigned n;
};
extern const struct way ways[N_WAYS];

/* More packets where there are more subscribers, so that most of them have one. */
enum size_id { ONE, K1, K10, K100, N_SIZES };

struct size {
	const char *key, *label;
	unsigned n, repeat, rounds, quick;
	unsigned flows; /* places in the tables of flows, unless said otherwise */
};
extern const struct size sizes[N_SIZES];

struct results {
	struct pb_case parts[N_SIZES][N_PARTS];
	struct samples ways[N_SIZES][N_WAYS];
	/* Of the flows that there were, how many were in the table: the fewest of all copies. */
	double measured[N_SIZES][N_WAYS];
};

/* Sums of the rounds that are not summed yet. */
int results_sum(struct results *r, enum size_id size);
int results_check(const struct results *r, struct diag *d);
void results_free(struct results *r);
