/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel handles a chunk while it is being sent, so that all answers are in the socket when the
 * call returns.  Refusals are always answered and successes only when asked: asked is the last of a
 * chunk, which proves that all before it were seen; asking each would cost four times as much. What
 * does not fit into the receive buffer is lost, so a chunk has no more requests than refusals fit.
 */
#include "nl/batch.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#define CHUNK_BYTES 65536
#define RECEIVE_BYTES (1 << 20)
/* What one answer takes of the receive buffer, with all the kernel's books; 1280 was seen. */
#define ANSWER_ROOM 2048
/* sendmsg refuses what does not fit into the send buffer but for this much. */
#define SEND_SPARE 32
#define ANSWERS 32

struct nl_batch {
	struct nl *nl;
	char *chunk;
	size_t len;
	uint32_t waiting; /* requests in the chunk */
	uint32_t most;	  /* and how many there may be */
	size_t room;	  /* bytes there may be */
	unsigned forced;
	struct nlmsghdr *last;
	size_t done;
	struct nl_refusals refusals;
	char answers[ANSWERS][1024] __attribute__((aligned(8)));
	struct iovec vectors[ANSWERS];
	struct mmsghdr headers[ANSWERS];
};

static void prepare_intake(struct nl_batch *b)
{
	for (size_t i = 0; i < ANSWERS; i++) {
		b->vectors[i] = (struct iovec){ b->answers[i], sizeof(b->answers[i]) };
		b->headers[i].msg_hdr.msg_iov = &b->vectors[i];
		b->headers[i].msg_hdr.msg_iovlen = 1;
	}
}

int nl_batch_open(struct nl *nl, struct nl_batch **ret)
{
	_cleanup_nl_batch_ struct nl_batch *b = calloc(1, sizeof(*b));
	int wish = RECEIVE_BYTES, fd;

	if (!b)
		return -ENOMEM;
	b->nl = nl;
	prepare_intake(b);
	b->chunk = malloc(CHUNK_BYTES);
	if (!b->chunk)
		return -ENOMEM;
	fd = nl_fd(nl, NL_ROUTE);
	if (fd < 0)
		return fd;
	/* Where this is not permitted the chunks are only smaller. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wish, sizeof(wish));
	*ret = TAKE_PTR(b);
	return 0;
}

void nl_batch_close(struct nl_batch *b)
{
	if (!b)
		return;
	free(b->chunk);
	vec_free(&b->refusals);
	free(b);
}

static int option(int fd, int name)
{
	socklen_t len = sizeof(int);
	int value = 0;

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) ? -errno : value;
}

/* Anew for each chunk: the socket is not the batch's own. */
static int begin_chunk(struct nl_batch *b)
{
	int fd = nl_fd(b->nl, NL_ROUTE), receive, send;

	if (fd < 0)
		return fd;
	receive = option(fd, SO_RCVBUF);
	send = option(fd, SO_SNDBUF);
	if (receive < 0 || send < 0)
		return MIN(receive, send);
	b->most = b->forced ?: MAX((uint32_t)receive / ANSWER_ROOM, 1);
	b->room = MIN((size_t)MAX(send - SEND_SPARE, 0), (size_t)CHUNK_BYTES);
	return 0;
}

int nl_batch_add(struct nl_batch *b, const struct nlmsghdr *request)
{
	size_t len = MNL_ALIGN(request->nlmsg_len);
	int r = 0;

	if ((request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP || len > NL_REQUEST_MAX)
		return -EINVAL;
	if (b->waiting && (b->waiting >= b->most || b->len + len > b->room))
		r = nl_batch_flush(b);
	if (!r && !b->waiting)
		r = begin_chunk(b);
	if (r)
		return r;
	b->last = (struct nlmsghdr *)(b->chunk + b->len);
	memcpy(b->last, request, request->nlmsg_len);
	memset(b->chunk + b->len + request->nlmsg_len, 0, len - request->nlmsg_len);
	b->last->nlmsg_flags = (request->nlmsg_flags | NLM_F_REQUEST) & ~NLM_F_ACK;
	b->len += len;
	b->waiting++;
	return 0;
}

/* What is known of the chunk that was sent. */
struct answers {
	uint32_t first; /* sequence of its first request */
	uint32_t next;	/* place of the first that no answer speaks for */
};

static int take_answer(struct nl_batch *b, const struct nlmsghdr *h, struct answers *a)
{
	uint32_t place = h->nlmsg_seq - a->first;
	struct nl_refusal refusal = { .index = b->done + place };

	/* A late reply to somebody's forgotten request, or what a request replied. */
	if (h->nlmsg_type != NLMSG_ERROR || place >= b->waiting || place < a->next)
		return 0;
	a->next = place + 1;
	refusal.error = nl_error_read(h, refusal.words, sizeof(refusal.words));
	return refusal.error ? vec_push(&b->refusals, refusal) : 0;
}

/* How many datagrams; 0 when there are no more. */
static int receive(struct nl_batch *b, int fd)
{
	for (;;) {
		int n = recvmmsg(fd, b->headers, ANSWERS, MSG_DONTWAIT, NULL);

		if (n >= 0)
			return n;
		/* ENOBUFS: the last answers were lost, which is seen by their not being there. */
		if (errno != EINTR && errno != ENOBUFS)
			return errno == EAGAIN ? 0 : -errno;
	}
}

static int take_datagram(struct nl_batch *b, int i, struct answers *a)
{
	const struct nlmsghdr *h = (const void *)b->answers[i];
	int left = (int)b->headers[i].msg_len, r = 0;

	for (; mnl_nlmsg_ok(h, left) && !r; h = mnl_nlmsg_next(h, &left))
		r = take_answer(b, h, a);
	return r;
}

/* Once the buffer is full the kernel says nothing more until it is read: lost is always the tail. */
static int tell_lost(struct nl_batch *b, uint32_t from)
{
	struct nl_refusal refusal = { .error = -ENOBUFS };
	int r = 0;

	(void)snprintf(refusal.words, sizeof(refusal.words),
		       "the kernel's answer was lost: whether it was done is not known");
	for (uint32_t place = from; place < b->waiting && !r; place++) {
		refusal.index = b->done + place;
		r = vec_push(&b->refusals, refusal);
	}
	return r;
}

static int take_answers(struct nl_batch *b, int fd, uint32_t first)
{
	struct answers a = { .first = first };
	int n = 1, r = 0;

	while (a.next < b->waiting && n > 0 && !r) {
		n = receive(b, fd);
		for (int i = 0; i < n && !r; i++)
			r = take_datagram(b, i, &a);
	}
	return r ?: n < 0 ? n : tell_lost(b, a.next);
}

/* What others left there would take the room of our answers. */
static int empty_socket(struct nl_batch *b, int fd)
{
	int n;

	do
		n = receive(b, fd);
	while (n > 0);
	return n;
}

static void number(struct nl_batch *b, uint32_t first)
{
	struct nlmsghdr *h = (struct nlmsghdr *)b->chunk;

	for (uint32_t i = 0; i < b->waiting; i++) {
		h->nlmsg_seq = first + i;
		h = (struct nlmsghdr *)((char *)h + MNL_ALIGN(h->nlmsg_len));
	}
	b->last->nlmsg_flags |= NLM_F_ACK;
}

static int send_chunk(const struct nl_batch *b, int fd)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	do
		n = sendto(fd, b->chunk, b->len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int nl_batch_flush(struct nl_batch *b)
{
	uint32_t first;
	int fd, r;

	if (!b->waiting)
		return 0;
	fd = nl_fd(b->nl, NL_ROUTE);
	if (fd < 0)
		return fd;
	first = nl_sequence(b->nl, b->waiting);
	number(b, first);
	r = empty_socket(b, fd);
	if (!r)
		r = send_chunk(b, fd);
	if (r)
		return r;
	r = take_answers(b, fd, first);
	b->done += b->waiting;
	b->waiting = 0;
	b->len = 0;
	return r;
}

size_t nl_batch_done(const struct nl_batch *b)
{
	return b->done;
}

const struct nl_refusals *nl_batch_refusals(const struct nl_batch *b)
{
	return &b->refusals;
}

void nl_batch_set_chunk(struct nl_batch *b, unsigned requests)
{
	b->forced = requests;
}
