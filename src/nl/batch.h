/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many rtnetlink requests in few system calls.  They are collected and sent by the chunk; each is
 * done on its own, in order: one that is refused stops none behind it, and is told by its number.
 */
#pragma once

#include "base/vec.h"
#include "nl/sock.h"

struct nl_batch;

struct nl_refusal {
	size_t index; /* of the request, from 0 in the order in which they were added */
	int error;    /* -errno of the kernel; -ENOBUFS when its answer was lost */
	char words[124];
};

struct nl_refusals {
	struct nl_refusal *at;
	size_t n, cap;
};

/* The handle is borrowed, and must not be used otherwise between an add and the next flush. */
int nl_batch_open(struct nl *nl, struct nl_batch **ret);
void nl_batch_close(struct nl_batch *b);
DEFINE_CLEANUP(struct nl_batch *, nl_batch_close)
#define _cleanup_nl_batch_ _cleanup_(nl_batch_closep)

/*
 * Takes a copy; no dumps (-EINVAL), and what a request replies is not seen.  May send what is
 * waiting: a failure is that of the connection, never of one request.
 */
int nl_batch_add(struct nl_batch *b, const struct nlmsghdr *request);
/* Sends what is waiting, and keeps it when that fails.  0 does not mean that nothing was refused. */
int nl_batch_flush(struct nl_batch *b);

/* How many the kernel has seen: after a failed flush those behind it were not sent. */
size_t nl_batch_done(const struct nl_batch *b);
/* Of all since it was opened, by index. */
const struct nl_refusals *nl_batch_refusals(const struct nl_batch *b);
/* For tests: this many requests in one chunk, whether or not the answers would fit; 0 = as many as fit. */
void nl_batch_set_chunk(struct nl_batch *b, unsigned requests);
