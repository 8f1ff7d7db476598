/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames that came to a packet socket of flows_place.h, a batch at a time, with what the kernel
 * knows of each. Each tool says ARRIVAL_BYTES, the longest frame it knows, before it includes this.
 */
#ifndef LAB_ARRIVALS_H
#define LAB_ARRIVALS_H

#include <linux/if_packet.h>
#include <stddef.h>

#include "tool.h"

#define BATCH 32

struct arrivals {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	char control[BATCH][256];
	uint8_t data[BATCH][ARRIVAL_BYTES];
};

static inline void arrivals_arm(struct arrivals *a)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		a->iov[i] = (struct iovec){ a->data[i], sizeof(a->data[i]) };
		a->msg[i].msg_hdr = (struct msghdr){ .msg_iov = &a->iov[i],
						     .msg_iovlen = 1,
						     .msg_control = a->control[i],
						     .msg_controllen = sizeof(a->control[i]) };
	}
}

/* How many came; below 1 when there are none for now. */
static inline int arrivals_receive(struct arrivals *a, int fd, const char *what)
{
	int got;

	arrivals_arm(a);
	got = recvmmsg(fd, a->msg, BATCH, MSG_DONTWAIT, NULL);
	if (got < 0 && errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
		die(what);
	return got;
}

/* When a frame came, and whether the kernel has taken its outer tag out of the bytes. */
static inline uint64_t arrival_time(struct arrivals *a, int i, size_t *ret_hidden)
{
	struct msghdr *m = &a->msg[i].msg_hdr;
	struct tpacket_auxdata aux;
	struct timespec t = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&t, CMSG_DATA(c), sizeof(t));
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		*ret_hidden = aux.tp_status & TP_STATUS_VLAN_VALID ? 4 : 0;
	}
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* What a socket itself dropped must never be blamed on the path under test. */
static inline uint64_t arrivals_dropped(int fd)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		die("PACKET_STATISTICS");
	return stats.tp_drops;
}

#endif
