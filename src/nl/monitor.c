/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl/monitor.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#define EVENT_MAX 32768
/* So that a storm of events does not starve the rest of the daemon. */
#define READS_PER_CALL 64
/* A thousand interfaces may appear at once. */
#define RECEIVE_BUFFER (4 << 20)

struct nl_monitor {
	struct mnl_socket *socket;
};

static int join(struct mnl_socket *s, uint64_t groups)
{
	for (int group = 1; group <= 64; group++) {
		if (!(groups & NL_GROUP(group)))
			continue;
		if (mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
			return -errno;
	}
	return 0;
}

static int start(struct nl_monitor *m, uint64_t groups)
{
	int size = RECEIVE_BUFFER, fd;

	m->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!m->socket || mnl_socket_bind(m->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	fd = mnl_socket_get_fd(m->socket);
	/* A smaller buffer only means more frequent resyncs. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return join(m->socket, groups);
}

int nl_monitor_open(uint64_t more_groups, struct nl_monitor **ret)
{
	_cleanup_nl_monitor_ struct nl_monitor *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	r = start(m, more_groups | NL_GROUP(RTNLGRP_LINK));
	if (!r)
		*ret = TAKE_PTR(m);
	return r;
}

void nl_monitor_close(struct nl_monitor *m)
{
	if (!m)
		return;
	if (m->socket)
		(void)mnl_socket_close(m->socket);
	free(m);
}

int nl_monitor_fd(const struct nl_monitor *m)
{
	return mnl_socket_get_fd(m->socket);
}

static bool is_link(const struct nlmsghdr *h)
{
	return h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_DELLINK;
}

static void hand_out(const struct nlmsghdr *h, nl_event_fn fn, void *data)
{
	struct nl_event e = { .type = NL_EVENT_OTHER, .raw = h };

	if (h->nlmsg_type < NLMSG_MIN_TYPE)
		return;
	if (is_link(h)) {
		if (nl_link_parse(h, &e.link))
			return;
		e.type = h->nlmsg_type == RTM_NEWLINK ? NL_EVENT_LINK : NL_EVENT_LINK_GONE;
	}
	fn(&e, data);
}

int nl_monitor_read(struct nl_monitor *m, nl_event_fn fn, void *data)
{
	char buffer[EVENT_MAX] __attribute__((aligned(8)));

	for (int i = 0; i < READS_PER_CALL; i++) {
		ssize_t n = mnl_socket_recvfrom(m->socket, buffer, sizeof(buffer));
		const struct nlmsghdr *h = (const void *)buffer;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		/* Both mean that an event is lost: overflow, and one too large for the buffer. */
		if (n < 0 && (errno == ENOBUFS || errno == ENOSPC))
			fn(&(struct nl_event){ .type = NL_EVENT_RESYNC }, data);
		else if (n < 0)
			return -errno;
		for (; n > 0 && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			hand_out(h, fn, data);
	}
	return 0;
}
