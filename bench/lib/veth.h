/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets per second through a box in the middle: namespaces a - mid - b of the lab's topology
 * `bridge`.  In a the kernel makes frames and redirects them into the wire, in b they are counted
 * and dropped, all by XDP on one CPU, so that every nanosecond of the middle is in the result.
 */
#pragma once

#include <net/if.h>

#include "base/diag.h"
#include "lib/stat.h"

struct veth_bench;

/* A way through the middle: a program for mid's eth1. */
struct veth_way {
	char label[64];
	int fd; /* borrowed; may be another copy in the next rounds */
	/* UDP over IPv4, to so many addresses from pb_cfg_default(); 0 = a frame of no known protocol */
	unsigned flows;
	struct samples pps, ns;
	unsigned long long sent, arrived;
};

struct veth_middle {
	int eth1, eth2; /* ifindexes in mid */
	unsigned mtu;
};

/* `prefix` names the lab.  The caller's network namespace is mid's afterwards. */
int veth_bench_open(const char *prefix, struct veth_bench **ret, struct veth_middle *ret_middle,
		    struct diag *d);
void veth_bench_free(struct veth_bench *bench);
DEFINE_CLEANUP(struct veth_bench *, veth_bench_free)

/* Programs for the middle that come with the bench: drops there; leaves the frame to the kernel. */
int veth_bench_drop_fd(const struct veth_bench *bench);
int veth_bench_pass_fd(const struct veth_bench *bench);
/*
 * Attaches a program somewhere it sees nothing, until *ret_netns is closed.  Else the kernel waits
 * 20 ms each time the program enters or leaves the middle, and what is compared lies that far apart.
 */
int veth_bench_hold(int program_fd, int *ret_netns);
/* Adds `rounds` samples to every way, each of `frames` frames; the program is swapped in place.
 * Fewer when it took longer than `max_seconds`. */
int veth_bench_rounds(struct veth_bench *bench, struct veth_way *const *ways, size_t n,
		      unsigned rounds, unsigned frames, double max_seconds, struct diag *d);
void veth_way_free(struct veth_way *way);
