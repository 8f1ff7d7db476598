/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests only: qdiscs by their words, tc(8) as an outside judge, and frames with a class. */
#pragma once

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/pkt_sched.h>
#include <netinet/ip.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nl/nl_test_util.h"
#include "nl/qdisc_dump.h"

static inline struct nl_qdisc_spec qdisc_test_spec(const char *words)
{
	_cleanup_diag_ struct diag d = { 0 };
	struct nl_qdisc_spec spec = { 0 };

	assert_int_equal(nl_qdisc_parse(words, NULL, &spec, &d), 0);
	return spec;
}

static inline int qdisc_test_do(struct nl *nl, enum nl_tc_verb verb, struct nl_tc_place at,
				const char *words)
{
	char buffer[NL_REQUEST_MAX];
	struct nl_qdisc_spec spec = { 0 };

	if (words)
		spec = qdisc_test_spec(words);
	return nl_ask(nl, NL_ROUTE, nl_qdisc_request(buffer, verb, &at, words ? &spec : NULL), NULL,
		      NULL);
}

static inline int qdisc_test_class(struct nl *nl, enum nl_tc_verb verb, struct nl_tc_place at,
				   const struct nl_htb_class *class)
{
	char buffer[NL_REQUEST_MAX];

	return nl_ask(nl, NL_ROUTE, nl_class_request(buffer, verb, &at, class), NULL, NULL);
}

/* Has this kernel that kind?  Says why not. */
static inline bool qdisc_test_have(struct nl *nl, unsigned ifindex, const char *words)
{
	const struct nl_tc_place root = { ifindex, 0x770000, TC_H_ROOT };
	int r = qdisc_test_do(nl, NL_TC_ADD, root, words);

	if (!r)
		assert_int_equal(qdisc_test_do(nl, NL_TC_DELETE, root, words), 0);
	else
		assert_int_equal(r, -ENOENT);
	return !r;
}

#define QDISC_TEST_NEEDS(nl, ifindex, words)                                    \
	do {                                                                    \
		if (!qdisc_test_have(nl, ifindex, words)) {                     \
			assert_int_equal(nl_test_delete(nl, (int)ifindex), 0);  \
			print_message("# SKIP this kernel has no " words "\n"); \
			skip();                                                 \
		}                                                               \
	} while (0)

/* The one on that parent, a copy. */
static inline struct nl_qdisc qdisc_test_get(struct nl *nl, unsigned ifindex, uint32_t parent)
{
	_cleanup_nl_qdiscs_ struct nl_qdiscs list = { 0 };
	const struct nl_qdisc *q;

	assert_int_equal(nl_qdisc_list(nl, ifindex, &list), 0);
	q = nl_qdisc_find(&list, parent);
	assert_non_null(q);
	return *q;
}

static inline struct nl_class qdisc_test_get_class(struct nl *nl, unsigned ifindex, uint32_t handle)
{
	_cleanup_nl_classes_ struct nl_classes list = { 0 };
	const struct nl_class *c;

	assert_int_equal(nl_class_list(nl, ifindex, &list), 0);
	c = nl_class_find(&list, handle);
	assert_non_null(c);
	return *c;
}

#define TC_WORDS 64

/* Runs "tc WORDS" in our namespace; the exit status, and what it said in `out`. */
static inline int qdisc_test_tc(const char *words, char *out, size_t size)
{
	char copy[1024], *argv[TC_WORDS + 2] = { (char *)"tc" }, *word, *rest = copy;
	int pipes[2], status, n = 1;
	size_t len = 0;
	ssize_t got;
	pid_t child;

	(void)snprintf(copy, sizeof(copy), "%s", words);
	while (n <= TC_WORDS && (word = strtok_r(rest, " ", &rest)))
		argv[n++] = word;
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (!child) {
		(void)dup2(pipes[1], 1);
		(void)dup2(pipes[1], 2);
		(void)close(pipes[0]);
		(void)close(pipes[1]);
		(void)execvp("tc", argv);
		(void)execv("/sbin/tc", argv);
		_exit(127);
	}
	(void)close(pipes[1]);
	while (len + 1 < size && (got = read(pipes[0], out + len, size - len - 1)) > 0)
		len += (size_t)got;
	out[len] = 0;
	(void)close(pipes[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline bool qdisc_test_have_tc(void)
{
	char out[256];

	return !qdisc_test_tc("-V", out, sizeof(out));
}

/* Before its qdisc is set: one that is set while the carrier is being noticed drops for a while. */
static inline void qdisc_test_up(struct nl *nl)
{
	assert_int_equal(nl_link_set_flag(nl, (unsigned)nl_test_index(nl, "tb"), IFF_UP, true), 0);
	assert_int_equal(nl_link_set_flag(nl, (unsigned)nl_test_index(nl, "ta"), IFF_UP, true), 0);
}

/*
 * `n` small IPv4 frames with that class and DSCP, straight to the device's queue; returns how many
 * it refused.
 */
static inline unsigned qdisc_test_send(int ifindex, uint32_t class, uint8_t dscp, unsigned n)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = ifindex,
				  .sll_halen = ETH_ALEN };
	struct {
		struct ethhdr eth;
		struct iphdr ip;
		char data[66];
	} __attribute__((packed)) frame = {
		.eth = { .h_dest = { 2, 0, 0, 0, 0, 1 }, .h_proto = htons(ETH_P_IP) },
		.ip = { .version = 4,
			.ihl = 5,
			.tos = (uint8_t)(dscp << 2),
			.ttl = 64,
			.protocol = 253,
			.tot_len = htons(20 + 66) },
	};
	_cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	unsigned refused = 0;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &class, sizeof(class)), 0);
	for (unsigned i = 0; i < n; i++) {
		ssize_t sent =
			sendto(fd, &frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to));

		assert_true(sent == sizeof(frame) || errno == ENOBUFS);
		refused += sent != sizeof(frame);
	}
	return refused;
}

/* What is sent is counted at once, but for another CPU being at the same queue. */
#define QDISC_TEST_SOON(condition)                                                        \
	do {                                                                              \
		for (int _i = 0; _i < 200 && !(condition); _i++)                          \
			(void)nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL); \
		assert_true(condition);                                                   \
	} while (0)
