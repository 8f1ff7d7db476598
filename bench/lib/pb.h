/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nanoseconds per packet of BPF programs by BPF_PROG_TEST_RUN, several programs interleaved so that
 * a noisy machine disturbs them alike.  A case is a program (of any origin) and a packet; the cost
 * of the driver, measured in every round with an empty program in it, is taken off.
 */
#pragma once

#include <linux/bpf.h>

#include "lib/packet.h"
#include "lib/stat.h"

#define PB_VERDICTS 16
#define PB_WARM 2000 /* packets that each case gets before its first round */

enum pb_kind { PB_XDP_FRAGS, PB_XDP, PB_TC, PB_KIND_MAX };

struct pb_case {
	char label[64];
	int fd; /* borrowed; may be another copy of the program in the next rounds */
	const struct packet *packet;
	unsigned ifindex, iif; /* of the context; 0 = whatever the kernel takes */
	unsigned priority;     /* of an skb, as it arrives at the program */
	struct samples net, driver;
	unsigned long long verdicts[PB_VERDICTS]; /* of the last packet of each run */
	enum pb_kind kind;			  /* found out by pb_rounds() */
	struct pb_case *base; /* whose driver runs count for this one too: same kind and packet */
	double last, last_driver;
};

struct pb_options {
	unsigned repeat; /* packets per timed run */
	unsigned rounds;
	double seconds;	 /* stop after that; 0 = when the rounds are done */
	unsigned divide; /* a program that does its work N times per packet */
	bool no_driver;	 /* the packet as it is, repeated */
};

#define PB_DEFAULTS                                         \
	{                                                   \
		.repeat = 20000, .rounds = 101, .divide = 1 \
	}

struct pb_driver;

int pb_driver_open(struct pb_driver **ret, struct diag *d);
void pb_driver_free(struct pb_driver *driver);
DEFINE_CLEANUP(struct pb_driver *, pb_driver_free)

/*
 * Moves the caller into a network namespace of its own, where the driver may be attached to `lo`.
 * Without that the kernel prepares for a new XDP program in each test run, which takes it 20 ms of
 * waiting.  Optional: only the time it all takes depends on it.
 */
int pb_driver_settle(struct pb_driver *driver);

/* Adds `rounds` samples to every case.  The order changes from round to round. */
int pb_rounds(struct pb_driver *driver, struct pb_case *const *cases, size_t n,
	      const struct pb_options *options, struct diag *d);
void pb_case_free(struct pb_case *c);
const char *pb_verdict_name(enum pb_kind kind, unsigned verdict);
/* Keeps this process on one CPU. */
int pb_pin_cpu(unsigned cpu);
