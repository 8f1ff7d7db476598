/* SPDX-License-Identifier: GPL-2.0-only */
/* What `talk` has measured: series of times, and what TCP itself says. */
#ifndef LAB_TALK_SEEN_H
#define LAB_TALK_SEEN_H

#include <netinet/tcp.h>
#include <stdbool.h>

#include "flows_place.h"

/* All values are kept: a run is short. */
struct series {
	double *value;
	size_t n, room;
};

struct seen {
	struct series round, tcp;
	struct series reply[2]; /* inside, outside */
	uint64_t connections, failed, retransmitted;
	uint64_t bytes[3]; /* by what: payload that arrived */
};

static struct seen seen;

static inline void series_add(struct series *s, double value)
{
	if (s->n == s->room) {
		s->room = s->room ? s->room * 2 : 1024;
		s->value = reallocarray(s->value, s->room, sizeof(*s->value));
		if (!s->value)
			die("out of memory");
	}
	s->value[s->n++] = value;
}

static inline int value_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static inline void series_print(const char *name, struct series *s)
{
	double sum = 0;

	if (!s->n) {
		printf(",\"%s\":{\"n\":0}", name);
		return;
	}
	qsort(s->value, s->n, sizeof(*s->value), value_compare);
	for (size_t i = 0; i < s->n; i++)
		sum += s->value[i];
	printf(",\"%s\":{\"n\":%zu,\"mean\":%.4f,\"min\":%.4f,\"p50\":%.4f,\"max\":%.4f}", name,
	       s->n, sum / (double)s->n, s->value[0], s->value[s->n / 2], s->value[s->n - 1]);
}

/* When the kernel received the packet, by the clock of the day; 0 = not said. */
static inline uint64_t stamp_of(struct msghdr *m)
{
	struct timespec t = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&t, CMSG_DATA(c), sizeof(t));
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static inline void seen_reply(bool outside, uint64_t came)
{
	struct timespec t;
	uint64_t now;

	clock_gettime(CLOCK_REALTIME, &t);
	now = (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
	if (came && now >= came)
		series_add(&seen.reply[outside], (double)(now - came) / 1e6);
}

/* The sums that a connection ends with count once: `last` is said by who closes it. */
static inline void end_look(int fd, bool sender, bool last)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return;
	if (sender && info.tcpi_rtt)
		series_add(&seen.tcp, info.tcpi_rtt / 1e3);
	if (last)
		seen.retransmitted += info.tcpi_total_retrans;
}

#endif
