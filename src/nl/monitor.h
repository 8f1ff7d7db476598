/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happens to the interfaces, told by the kernel.  Open it before listing the links: nothing
 * then falls between the list and the first event.
 */
#pragma once

#include <stdint.h>

#include "nl/link.h"

struct nl_monitor;

enum nl_event_type {
	NL_EVENT_LINK,	    /* appeared or changed: `link` says how it is now */
	NL_EVENT_LINK_GONE, /* deleted, or moved to another namespace */
	NL_EVENT_RESYNC,    /* events were lost: list everything anew */
	NL_EVENT_OTHER,	    /* of the additional groups: `raw` */
};

struct nl_event {
	enum nl_event_type type;
	struct nl_link link;
	const struct nlmsghdr *raw; /* NULL for resync; valid during the call */
};

/* Must not close the monitor. */
typedef void (*nl_event_fn)(const struct nl_event *e, void *data);

#define NL_GROUP(rtnlgrp) (UINT64_C(1) << ((rtnlgrp)-1))

/* Links always; more_groups: 0 or NL_GROUP(RTNLGRP_NEIGH) | ... */
int nl_monitor_open(uint64_t more_groups, struct nl_monitor **ret);
void nl_monitor_close(struct nl_monitor *m);
DEFINE_CLEANUP(struct nl_monitor *, nl_monitor_close)
#define _cleanup_nl_monitor_ _cleanup_(nl_monitor_closep)

/* Non-blocking, for the caller's event loop; stays the monitor's. */
int nl_monitor_fd(const struct nl_monitor *m);
/* Hands out what has come, up to a bound: the descriptor stays readable when there is more. */
int nl_monitor_read(struct nl_monitor *m, nl_event_fn fn, void *data);
