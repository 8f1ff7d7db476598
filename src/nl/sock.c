/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl/sock.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The kernel packs dumps into at most this much; a link with many VFs needs it for one message. */
#define REPLY_MAX 32768
#define DUMP_TRIES 8
/* The kernel answers at once; this only keeps a fault from hanging the daemon for good. */
#define REPLY_TIMEOUT_S 10

struct nl {
	struct mnl_socket *socket[2];
	uint32_t sequence;
	char words[256];
	char text[320];
};

static const int protocol[] = { [NL_ROUTE] = NETLINK_ROUTE, [NL_GENERIC] = NETLINK_GENERIC };

static int bus_open(struct nl *nl, enum nl_bus bus)
{
	struct mnl_socket *s = mnl_socket_open2(protocol[bus], SOCK_CLOEXEC);
	struct timeval patience = { .tv_sec = REPLY_TIMEOUT_S };
	int on = 1, r;

	if (!s)
		return -errno;
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience))) {
		r = -errno;
		(void)mnl_socket_close(s);
		return r;
	}
	/* Without these two the answers are only poorer. */
	(void)mnl_socket_setsockopt(s, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(s, NETLINK_CAP_ACK, &on, sizeof(on));
	nl->socket[bus] = s;
	return 0;
}

static void bus_close(struct nl *nl, enum nl_bus bus)
{
	if (nl->socket[bus])
		(void)mnl_socket_close(nl->socket[bus]);
	nl->socket[bus] = NULL;
}

int nl_open(struct nl **ret)
{
	_cleanup_nl_ struct nl *nl = calloc(1, sizeof(*nl));
	int r;

	if (!nl)
		return -ENOMEM;
	r = bus_open(nl, NL_ROUTE);
	if (!r)
		r = bus_open(nl, NL_GENERIC);
	if (!r)
		*ret = TAKE_PTR(nl);
	return r;
}

void nl_close(struct nl *nl)
{
	if (!nl)
		return;
	bus_close(nl, NL_ROUTE);
	bus_close(nl, NL_GENERIC);
	free(nl);
}

const char *nl_words(const struct nl *nl)
{
	return nl->words;
}

const char *nl_error_text(struct nl *nl, int error)
{
	(void)snprintf(nl->text, sizeof(nl->text), "%s%s%s", strerror(error < 0 ? -error : error),
		       nl->words[0] ? ": " : "", nl->words);
	return nl->text;
}

void nl_say(struct nl *nl, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(nl->words, sizeof(nl->words), format, args);
	va_end(args);
}

struct attr_table {
	const struct nlattr **at;
	unsigned max;
};

static int attr_keep(const struct nlattr *a, void *data)
{
	struct attr_table *table = data;
	unsigned type = mnl_attr_get_type(a);

	if (type <= table->max)
		table->at[type] = a;
	return MNL_CB_OK;
}

void nl_attrs(const struct nlmsghdr *h, size_t offset, const struct nlattr **table, unsigned max)
{
	struct attr_table t = { table, max };

	memset(table, 0, sizeof(*table) * (max + 1));
	if (mnl_nlmsg_get_payload_len(h) > offset)
		(void)mnl_attr_parse(h, (unsigned)offset, attr_keep, &t);
}

void nl_attrs_nested(const struct nlattr *nest, const struct nlattr **table, unsigned max)
{
	struct attr_table t = { table, max };

	memset(table, 0, sizeof(*table) * (max + 1));
	if (nest)
		(void)mnl_attr_parse_nested(nest, attr_keep, &t);
}

void nl_attr_copy_text(const struct nlattr *a, char *to, size_t size)
{
	size_t len = a ? strnlen(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a)) : 0;

	len = MIN(len, size - 1);
	if (len)
		memcpy(to, mnl_attr_get_payload(a), len);
	to[len] = 0;
}

/* The extended acknowledgement stands behind the error, and behind the echoed request if any. */
static void take_words(const struct nlmsghdr *h, size_t offset, char *words, size_t size)
{
	const struct nlattr *table[NLMSGERR_ATTR_MAX + 1];

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	nl_attrs(h, offset, table, NLMSGERR_ATTR_MAX);
	if (table[NLMSGERR_ATTR_MSG])
		nl_attr_copy_text(table[NLMSGERR_ATTR_MSG], words, size);
}

int nl_error_read(const struct nlmsghdr *h, char *words, size_t size)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	size_t offset = sizeof(*e);

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*e))
		return -EBADMSG;
	if (e->error && !(h->nlmsg_flags & NLM_F_CAPPED))
		offset += MNL_ALIGN(e->msg.nlmsg_len - sizeof(e->msg));
	take_words(h, offset, words, size);
	return e->error > 0 ? -e->error : e->error;
}

/* A dump that fails on its way says so in the message that ends it. */
static int read_done(struct nl *nl, const struct nlmsghdr *h)
{
	int error = 0;

	if (mnl_nlmsg_get_payload_len(h) < sizeof(error))
		return 0;
	memcpy(&error, mnl_nlmsg_get_payload(h), sizeof(error));
	take_words(h, sizeof(error), nl->words, sizeof(nl->words));
	return MIN(error, 0);
}

struct answer {
	uint32_t sequence;
	unsigned portid;
	nl_message_fn fn;
	void *data;
	int result;
	bool finished, interrupted;
};

static void take_message(struct nl *nl, const struct nlmsghdr *h, struct answer *a)
{
	int r = 0;

	/* A late reply to a request that was given up. */
	if (!mnl_nlmsg_seq_ok(h, a->sequence) || !mnl_nlmsg_portid_ok(h, a->portid))
		return;
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		a->interrupted = true;
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
		a->finished = true;
		r = h->nlmsg_type == NLMSG_ERROR ? nl_error_read(h, nl->words, sizeof(nl->words)) :
						   read_done(nl, h);
	} else if (h->nlmsg_type >= NLMSG_MIN_TYPE && a->fn && !a->result) {
		r = a->fn(h, a->data);
	}
	if (r < 0 && !a->result)
		a->result = r;
}

/* Reads to the end whatever happens: half a dump left in the socket would refuse the next one. */
static int receive(struct nl *nl, enum nl_bus bus, struct answer *a)
{
	char buffer[REPLY_MAX] __attribute__((aligned(8)));

	while (!a->finished) {
		ssize_t n = mnl_socket_recvfrom(nl->socket[bus], buffer, sizeof(buffer));
		const struct nlmsghdr *h = (const void *)buffer;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
			take_message(nl, h, a);
	}
	return 0;
}

int nl_fd(struct nl *nl, enum nl_bus bus)
{
	int r = nl->socket[bus] ? 0 : bus_open(nl, bus);

	return r ?: mnl_socket_get_fd(nl->socket[bus]);
}

uint32_t nl_sequence(struct nl *nl, uint32_t n)
{
	uint32_t first = nl->sequence + 1;

	nl->sequence += n;
	return first;
}

static int send_request(struct nl *nl, enum nl_bus bus, const struct nlmsghdr *request)
{
	ssize_t n;
	int r = nl_fd(nl, bus);

	if (r < 0)
		return r;
	do
		n = mnl_socket_sendto(nl->socket[bus], request, request->nlmsg_len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int nl_ask(struct nl *nl, enum nl_bus bus, struct nlmsghdr *request, nl_message_fn fn, void *data)
{
	struct answer a = { .sequence = ++nl->sequence, .fn = fn, .data = data };
	bool dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int r;

	/* Zero would match every message. */
	if (!a.sequence)
		a.sequence = ++nl->sequence;
	nl->words[0] = 0;
	request->nlmsg_seq = a.sequence;
	request->nlmsg_flags |= NLM_F_REQUEST | (dump ? 0 : NLM_F_ACK);
	r = send_request(nl, bus, request);
	if (r)
		return r;
	a.portid = mnl_socket_get_portid(nl->socket[bus]);
	r = receive(nl, bus, &a);
	if (r) {
		/* The conversation is lost; the next request gets a new socket. */
		bus_close(nl, bus);
		return r;
	}
	return a.result ?: a.interrupted ? -EAGAIN : 0;
}

int nl_dump(struct nl *nl, enum nl_bus bus, struct nlmsghdr *request, nl_message_fn fn, void *data,
	    size_t *count)
{
	int r = -EAGAIN;

	request->nlmsg_flags |= NLM_F_DUMP;
	for (int i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
		*count = 0;
		r = nl_ask(nl, bus, request, fn, data);
	}
	if (r == -EAGAIN)
		nl_say(nl, "the kernel's list kept changing while it was read");
	return r;
}

struct nlmsghdr *nl_request(void *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	return h;
}

struct nlmsghdr *nl_request_link(void *buffer, uint16_t type, uint16_t flags, unsigned ifindex)
{
	struct nlmsghdr *h = nl_request(buffer, type, flags);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));

	i->ifi_family = AF_UNSPEC;
	i->ifi_index = (int)ifindex;
	return h;
}

struct nlmsghdr *nl_request_tc(void *buffer, uint16_t type, uint16_t flags,
			       const struct nl_tc_place *at)
{
	struct nlmsghdr *h = nl_request(buffer, type, flags);
	struct tcmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->tcm_family = AF_UNSPEC;
	m->tcm_ifindex = (int)at->ifindex;
	m->tcm_handle = at->handle;
	m->tcm_parent = at->parent;
	return h;
}

struct nlmsghdr *nl_request_generic(void *buffer, uint16_t family, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *h = nl_request(buffer, family, flags);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	g->cmd = command;
	g->version = 1;
	return h;
}

static int on_family(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *table[CTRL_ATTR_FAMILY_ID + 1];

	nl_attrs(h, sizeof(struct genlmsghdr), table, CTRL_ATTR_FAMILY_ID);
	*(uint16_t *)data = (uint16_t)nl_attr_number(table[CTRL_ATTR_FAMILY_ID]);
	return 0;
}

int nl_generic_family(struct nl *nl, const char *name, uint16_t *ret_id)
{
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request_generic(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	uint16_t id = 0;
	int r;

	mnl_attr_put_strz(h, CTRL_ATTR_FAMILY_NAME, name);
	r = nl_ask(nl, NL_GENERIC, h, on_family, &id);
	if (r == -ENOENT || (!r && !id)) {
		nl_say(nl, "this kernel has no generic netlink family \"%s\"", name);
		return -EOPNOTSUPP;
	}
	if (!r)
		*ret_id = id;
	return r;
}
