/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames that a redirect lost: the program that redirects is told nothing, the kernel's tracepoint
 * is.  Runs once per bulk of frames, not per frame, and only as long as the daemon does.
 */
#pragma once

#include <linux/types.h>

/* Asked for instead of an interface: frames that a map of CPUs dropped, its queue being full. */
#define WATCH_CPUS(map_id) (-(int)(map_id))

struct watch_loss {
	__u64 lost;    /* frames dropped on the way out, for whatever reason */
	__u64 refused; /* of those: the device takes no redirects at all */
};

#ifndef __bpf__
#include <stdint.h>

#include "base/diag.h"

struct watch;

/* A failure costs the count, not the service: a warning in `d`. */
int watch_open(struct watch **ret, struct diag *d);
void watch_close(struct watch *watch);
/* Of one target; zero without a watch. */
struct watch_loss watch_get(const struct watch *watch, int ifindex);
#endif
