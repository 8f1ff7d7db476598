/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The worst case of round-trip times: a packet and its reply in turn, each with a new TSval and the
 * echo of the one before, so that there is something to match and something to note each time.
 * Each goes to the program of its side, as on two interfaces; only XDP, as the rest is the same.
 */
#pragma once

#include "lib/pb.h"

enum worst_id {
	NOTHING_FRAGS, /* what bringing packets to their sides costs */
	NOTHING_PLAIN,
	WORST_FIRST,
	WORST_OFF = WORST_FIRST,
	WORST_RTT,
	WORST_RTT_RESTS,
	WORST_ALL,
	WORST_ALL_RESTS,
	WORST_STUDY_OFF,
	WORST_STUDY,
	WORST_STUDY_RESTS,
	N_WORST
};

struct worst_way {
	const char *key, *label;
	const char *rtt; /* our section; NULL = without */
	bool study;
	unsigned rests; /* the study's, jiffies */
};
extern const struct worst_way worst_ways[N_WORST];

enum worst_size { WORST_ONE, WORST_K10, N_WORST_SIZES };
extern const struct worst_dimension {
	const char *key, *label;
	unsigned n;
} worst_sizes[N_WORST_SIZES];

struct worst_results {
	struct pb_case cases[N_WORST_SIZES][N_WORST];
	double samples[N_WORST_SIZES][N_WORST]; /* per packet, of the last copy */
};

struct worst_wish {
	const char *packet; /* of TCP, with timestamps */
	bool v6;
	unsigned copies, rounds, cpu;
	unsigned interface; /* as for ours */
};

int worst_measure(const struct worst_wish *wish, struct pb_driver *driver,
		  struct worst_results *ret, struct diag *d);
struct stat_summary worst_summary(const struct worst_results *r, enum worst_size size,
				  enum worst_id way);
void worst_free(struct worst_results *r);
