/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A measurement of programs against each other, in two parts: nanoseconds per packet, then packets per
 * second through veth.  In both, the first row is what the others are compared with.  Everything is
 * interleaved, and loaded anew several times: where the kernel puts a program decides a nanosecond or
 * two of its cost.  What is measured, says a table; options, rounds and output are the same for all.
 */
#pragma once

#include <jansson.h>

#include "lib/pb.h"
#include "lib/veth.h"

#define COMPARE_ROWS 32 /* of each part, at most */

/* A row of the first part.  In JSON <key>_ns, <key>_ns_over_bare, <key>_ns_ratio. */
struct compare_case {
	const char *key, *label;
	const char *packet; /* as in lib/packet.h */
	unsigned flows;	    /* addresses of a subscriber, from pb_cfg_default(); 0 = one */
	unsigned tci;	    /* the outer tag, written anew each time; 0 = as it was */
	unsigned verdict;   /* of every packet, or the program did not do its work */
};

/* A row of the second part.  In JSON <key>_pps, <key>_pps_ratio, <key>_pps_lost. */
struct compare_way {
	const char *key, *label;
	unsigned flows; /* as in veth.h */
	bool aside;	/* for information: fewer rounds, and not the same as those of the others */
};

enum compare_kind { COMPARE_NS_OVER_FIRST, COMPARE_PPS_RATIO };

/* At most so many nanoseconds over the first row; at least so much of its packets per second. */
struct compare_goal {
	const char *text;
	enum compare_kind kind;
	unsigned row;
	double limit;
};

/* Where programs are loaded for: the caller's network namespace holds the target. */
struct compare_place {
	int self, target; /* ifindexes */
	unsigned mtu;
	const struct veth_bench *veth; /* NULL in the first part */
};

struct compare_results {
	struct pb_case cases[COMPARE_ROWS];
	struct veth_way ways[COMPARE_ROWS];
	bool has_pps;
};

struct compare {
	const char *name, *help;
	const struct compare_case *cases;
	size_t n_cases;
	const struct compare_way *ways;
	size_t n_ways;
	const struct compare_goal *goals;
	size_t n_goals;
	/* A program for each row; they live until unload(), which also follows a failure. */
	int (*load_cases)(const struct compare_place *place, int *ret_fds, struct diag *d);
	int (*load_ways)(const struct compare_place *place, int *ret_fds, struct diag *d);
	/* After the rounds: did they all do their work?  NULL = the verdicts say enough. */
	int (*check)(struct diag *d);
	void (*unload)(void);
	/* Figures of its own; both may be NULL. */
	void (*put_more)(json_t *o, const struct compare_results *results);
	void (*print_more)(const struct compare_results *results);
};

#define COMPARE_HELP                                                                   \
	"Programs are interleaved and loaded anew several times; medians are shown.\n" \
	"\n"                                                                           \
	"  --json     one object with every number by name\n"                          \
	"  --quick    less than a minute\n"                                            \
	"  --cpu N    stay on that CPU (the last one)\n"                               \
	"  --lab P    the namespaces P-a, P-mid, P-b; without it only nanoseconds per packet\n"

/* What main() does. */
int compare_main(const struct compare *c, int argc, char **argv);

/* --- what its parts need of each other --------------------------------------------------------- */

struct compare_options {
	const char *lab; /* prefix of the namespaces; NULL = no packets per second */
	unsigned copies, ns_rounds, pps_rounds, frames, cpu;
	double seconds; /* at most, of each part */
	bool json;
};

int compare_ns(const struct compare *c, const struct compare_options *o, struct pb_case *cases,
	       struct diag *d);
int compare_pps(const struct compare *c, const struct compare_options *o, struct veth_way *ways,
		struct diag *d);
void compare_report(const struct compare *c, const struct compare_results *results,
		    const json_t *machine, bool json);
/* Of the first row's packets per second; round by round where both ran in the same rounds. */
double compare_way_ratio(const struct compare *c, const struct compare_results *results, size_t i);
double compare_ratio_of_medians(const struct samples *a, const struct samples *b);
