/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of lo are what is asked for: quick, countable, and one that is there already is refused. */
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/pkt_sched.h>
#include <sys/socket.h>

#include "nl/batch.h"
#include "nl/nl_test_util.h"

#define ADDRESSES 3000

NL_TEST_FIXTURE

static struct nlmsghdr *address(void *buffer, uint16_t type, uint32_t number)
{
	struct nlmsghdr *h =
		nl_request(buffer, type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->ifa_family = AF_INET;
	m->ifa_prefixlen = 32;
	m->ifa_index = 1;
	mnl_attr_put_u32(h, IFA_LOCAL, htonl(0x7f010000 + number));
	return h;
}

static void add(struct nl_batch *b, uint16_t type, uint32_t number)
{
	char buffer[NL_REQUEST_MAX];

	assert_int_equal(nl_batch_add(b, address(buffer, type, number)), 0);
}

/* Which of them stand, by their number. */
static int on_address(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *t[IFA_MAX + 1];
	uint32_t number;

	nl_attrs(h, sizeof(struct ifaddrmsg), t, IFA_MAX);
	number = ntohl((uint32_t)nl_attr_number(t[IFA_LOCAL])) - 0x7f010000;
	assert_true(number < ADDRESSES);
	((bool *)data)[number] = true;
	return 0;
}

static size_t standing(bool *there)
{
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request(buffer, RTM_GETADDR, 0);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	size_t n = 0;

	m->ifa_family = AF_INET;
	memset(there, 0, ADDRESSES);
	assert_int_equal(nl_dump(nl, NL_ROUTE, h, on_address, there, &n), 0);
	for (size_t i = 0; i < ADDRESSES; i++)
		n += there[i];
	return n;
}

/* Removes all, and with that proves that the handle is of use for the next. */
static void clear(void)
{
	static bool there[ADDRESSES];
	_cleanup_nl_batch_ struct nl_batch *b = NULL;

	(void)standing(there);
	assert_int_equal(nl_batch_open(nl, &b), 0);
	for (uint32_t i = 0; i < ADDRESSES; i++)
		if (there[i])
			add(b, RTM_DELADDR, i);
	assert_int_equal(nl_batch_flush(b), 0);
	assert_int_equal(nl_batch_refusals(b)->n, 0);
	assert_int_equal(standing(there), 0);
}

/* Every seventh is there already. */
static uint32_t number_of(uint32_t i)
{
	return i % 7 == 6 ? i - 6 : i;
}

static void check_every_seventh(const struct nl_refusals *refusals, uint32_t n)
{
	static bool there[ADDRESSES];
	size_t at = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (number_of(i) == i)
			continue;
		assert_true(at < refusals->n);
		assert_int_equal(refusals->at[at].index, i);
		assert_int_equal(refusals->at[at].error, -EEXIST);
		at++;
	}
	assert_int_equal(refusals->n, at);
	assert_int_equal(standing(there), n - at);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(there[i], number_of(i) == i);
}

static void test_refused_among_many(void **state)
{
	_cleanup_nl_batch_ struct nl_batch *b = NULL;

	NL_TEST_NEEDS_NAMESPACE(nl);
	assert_int_equal(nl_batch_open(nl, &b), 0);
	assert_int_equal(nl_batch_flush(b), 0);
	for (uint32_t i = 0; i < ADDRESSES; i++)
		add(b, RTM_NEWADDR, number_of(i));
	assert_true(nl_batch_done(b) > 0 && nl_batch_done(b) < ADDRESSES);
	assert_int_equal(nl_batch_flush(b), 0);
	assert_int_equal(nl_batch_done(b), ADDRESSES);
	check_every_seventh(nl_batch_refusals(b), ADDRESSES);
	clear();
}

/* The kernel's own words come with each. */
static void test_words(void **state)
{
	const struct nl_tc_place nowhere = { 1, 0, 0x50001 };
	_cleanup_nl_batch_ struct nl_batch *b = NULL;
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h;

	NL_TEST_NEEDS_NAMESPACE(nl);
	assert_int_equal(nl_batch_open(nl, &b), 0);
	add(b, RTM_NEWADDR, 1);
	h = nl_request_tc(buffer, RTM_NEWQDISC, NLM_F_CREATE, &nowhere);
	mnl_attr_put_strz(h, TCA_KIND, "pfifo");
	assert_int_equal(nl_batch_add(b, h), 0);
	add(b, RTM_NEWADDR, 2);
	assert_int_equal(nl_batch_flush(b), 0);
	assert_int_equal(nl_batch_refusals(b)->n, 1);
	assert_int_equal(nl_batch_refusals(b)->at[0].index, 1);
	assert_int_equal(nl_batch_refusals(b)->at[0].error, -ENOENT);
	assert_true(strlen(nl_batch_refusals(b)->at[0].words) > 0);
	clear();
}

static void set_buffer(int name, int bytes)
{
	assert_int_equal(setsockopt(nl_fd(nl, NL_ROUTE), SOL_SOCKET, name, &bytes, sizeof(bytes)), 0);
}

/* The smallest buffer the kernel gives, of either kind: slower, and as right. */
static void check_small_buffer(int name)
{
	_cleanup_nl_batch_ struct nl_batch *b = NULL;

	assert_int_equal(nl_batch_open(nl, &b), 0);
	set_buffer(name, 1);
	for (uint32_t i = 0; i < 500; i++)
		add(b, RTM_NEWADDR, number_of(i));
	assert_int_equal(nl_batch_flush(b), 0);
	check_every_seventh(nl_batch_refusals(b), 500);
	set_buffer(name, 65536);
	clear();
}

static void test_small_buffers(void **state)
{
	NL_TEST_NEEDS_NAMESPACE(nl);
	check_small_buffer(SO_RCVBUF);
	check_small_buffer(SO_SNDBUF);
}

/* Somebody's forgotten answers fill the socket beyond its brim. */
static void test_socket_full_of_others(void **state)
{
	_cleanup_nl_batch_ struct nl_batch *b = NULL;
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h;

	NL_TEST_NEEDS_NAMESPACE(nl);
	assert_int_equal(nl_batch_open(nl, &b), 0);
	set_buffer(SO_RCVBUF, 8192);
	for (uint32_t i = 0; i < 500; i++) {
		h = nl_request_link(buffer, RTM_SETLINK, 0, 123456);
		h->nlmsg_seq = 3000000000u + i;
		assert_int_equal(send(nl_fd(nl, NL_ROUTE), h, h->nlmsg_len, 0), h->nlmsg_len);
	}
	for (uint32_t i = 0; i < 500; i++)
		add(b, RTM_NEWADDR, number_of(i));
	assert_int_equal(nl_batch_flush(b), 0);
	check_every_seventh(nl_batch_refusals(b), 500);
	set_buffer(SO_RCVBUF, 65536);
	clear();
}

/* Each is told once: what the kernel said of it, or that its answer was lost. */
static void check_lost(const struct nl_refusals *refusals)
{
	size_t lost = 0;

	assert_int_equal(refusals->n, 400);
	for (size_t i = 0; i < refusals->n; i++) {
		const struct nl_refusal *r = &refusals->at[i];

		assert_int_equal(r->index, 1 + i);
		assert_true(r->error == -ENOBUFS || (r->error == -EEXIST && !lost));
		assert_true(r->error == -EEXIST || strlen(r->words) > 0);
		lost += r->error == -ENOBUFS;
	}
	assert_true(lost > 0 && lost < 400);
}

static void test_lost_answers(void **state)
{
	static bool there[ADDRESSES];
	_cleanup_nl_batch_ struct nl_batch *b = NULL;

	NL_TEST_NEEDS_NAMESPACE(nl);
	assert_int_equal(nl_batch_open(nl, &b), 0);
	nl_batch_set_chunk(b, 401);
	set_buffer(SO_RCVBUF, 8192);
	for (uint32_t i = 0; i < 401; i++)
		add(b, RTM_NEWADDR, 5);
	assert_int_equal(nl_batch_flush(b), 0);
	check_lost(nl_batch_refusals(b));
	/* What comes after is heard again. */
	nl_batch_set_chunk(b, 0);
	add(b, RTM_NEWADDR, 6);
	add(b, RTM_NEWADDR, 5);
	assert_int_equal(nl_batch_flush(b), 0);
	assert_int_equal(nl_batch_refusals(b)->n, 401);
	assert_int_equal(nl_batch_refusals(b)->at[400].index, 402);
	assert_int_equal(nl_batch_refusals(b)->at[400].error, -EEXIST);
	assert_int_equal(standing(there), 2);
	set_buffer(SO_RCVBUF, 65536);
	clear();
}

/* The numbers of messages come round in the middle of a chunk. */
static void test_sequence_comes_round(void **state)
{
	_cleanup_nl_batch_ struct nl_batch *b = NULL;
	uint32_t now;

	NL_TEST_NEEDS_NAMESPACE(nl);
	assert_int_equal(nl_batch_open(nl, &b), 0);
	now = nl_sequence(nl, 0);
	(void)nl_sequence(nl, 0u - now - 20);
	for (uint32_t i = 0; i < 50; i++)
		add(b, RTM_NEWADDR, number_of(i));
	assert_int_equal(nl_batch_flush(b), 0);
	assert_true(nl_sequence(nl, 0) < 100);
	check_every_seventh(nl_batch_refusals(b), 50);
	clear();
}

static void test_no_dumps(void **state)
{
	_cleanup_nl_batch_ struct nl_batch *b = NULL;
	char buffer[NL_REQUEST_MAX];

	NL_TEST_NEEDS_NAMESPACE(nl);
	assert_int_equal(nl_batch_open(nl, &b), 0);
	assert_int_equal(nl_batch_add(b, nl_request_link(buffer, RTM_GETLINK, NLM_F_DUMP, 0)),
			 -EINVAL);
	/* What a request replies is none of ours, and does not hide what is refused. */
	assert_int_equal(nl_batch_add(b, nl_request_link(buffer, RTM_GETLINK, 0, 1)), 0);
	assert_int_equal(nl_batch_add(b, nl_request_link(buffer, RTM_GETLINK, 0, 123456)), 0);
	assert_int_equal(nl_batch_flush(b), 0);
	assert_int_equal(nl_batch_refusals(b)->n, 1);
	assert_int_equal(nl_batch_refusals(b)->at[0].index, 1);
	assert_int_equal(nl_batch_refusals(b)->at[0].error, -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_among_many),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_small_buffers),
		cmocka_unit_test(test_socket_full_of_others),
		cmocka_unit_test(test_lost_answers),
		cmocka_unit_test(test_sequence_comes_round),
		cmocka_unit_test(test_no_dumps),
	};

	return cmocka_run_group_tests_name("nl/batch", tests, setup, teardown);
}
