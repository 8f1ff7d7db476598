/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hash on address plans as networks have them: a million flows of each, no two with one hash,
 * spread over buckets and targets as a draw by lot would.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/cdefs.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "pipe/balance/hash.h"
#include "pipe/balance/maps.h"

#define FLOWS (1 << 20)
#define HOSTS 1449 /* have a few more pairs than FLOWS */
#define SEED 0x1234567890abcdefULL

struct ends {
	__u64 a, b;
};

static struct ends flows[FLOWS];
static __u64 hashes[FLOWS];

static __u64 v4(uint32_t address, unsigned port)
{
	return balance_end4(htonl(address), (__u16)port);
}

static __u64 v6(uint64_t prefix, uint64_t host, unsigned port)
{
	const uint32_t words[] = { htonl((uint32_t)(prefix >> 32)), htonl((uint32_t)prefix),
				   htonl((uint32_t)(host >> 32)), htonl((uint32_t)host) };

	return balance_end6(words, (__u16)port);
}

/* --- address plans ----------------------------------------------------------------------------- */

static struct ends clients_and_servers(uint32_t i)
{
	return (struct ends){ v4(0x0a000001 + (i & 1023), 32768 + (i >> 10 & 15)),
			      v4(0xc0000201 + (i >> 14), 443) };
}

static struct ends every_subscriber_to_one_server(uint32_t i)
{
	return (struct ends){ v4(0x64400000 + i, 40000), v4(0x08080808, 53) };
}

static struct ends one_pair_many_ports(uint32_t i)
{
	return (struct ends){ v4(0x0a000001, i & 0xffff), v4(0x0a000002, 8000 + (i >> 16)) };
}

static struct ends one_pair_far_ports(uint32_t i)
{
	return (struct ends){ v4(0x0a000001, (i & 1023) << 6), v4(0x0a000002, (i >> 10) << 6) };
}

static struct ends one_pair_v6_many_ports(uint32_t i)
{
	return (struct ends){ v6(0x20010db800000000, 1, i & 0xffff),
			      v6(0x20010db800000000, 2, 8000 + (i >> 16)) };
}

static struct ends sequential_prefixes(uint32_t i)
{
	return (struct ends){ v6(0x20010db800000000 + i, 1, 40000),
			      v6(0x26064700000000ff, 0x1111, 443) };
}

static struct ends sequential_delegations(uint32_t i) /* /56 each */
{
	return (struct ends){ v6(0x20010db000000000 + ((uint64_t)i << 8), 1, 40000),
			      v6(0x26064700000000ff, 0x1111, 443) };
}

static struct ends hosts_by_mac(uint32_t i) /* ff:fe in the middle, one vendor */
{
	return (struct ends){ v6(0x20010db800000001, 0x021122fffe000000 + i, 40000),
			      v6(0x26064700000000ff, 0x1111, 443) };
}

static uint32_t pair_first, pair_second;

static void next_pair(uint32_t i)
{
	if (!i)
		pair_first = pair_second = 0;
	if (++pair_second == HOSTS)
		pair_second = ++pair_first + 1;
}

static struct ends pairs_without_ports(uint32_t i)
{
	next_pair(i);
	return (struct ends){ v4(0x0a000000 + pair_first, 0), v4(0x0a000000 + pair_second, 0) };
}

static struct ends pairs_of_one_port(uint32_t i)
{
	next_pair(i);
	return (struct ends){ v4(0xac100000 + pair_first, 5060), v4(0xac100000 + pair_second, 5060) };
}

static struct ends pairs_of_networks(uint32_t i) /* tunnels between their first hosts */
{
	next_pair(i);
	return (struct ends){ v4(0x0a000001 + (pair_first << 8), 0),
			      v4(0x0a000001 + (pair_second << 8), 0) };
}

static struct ends pairs_v6(uint32_t i)
{
	next_pair(i);
	return (struct ends){ v6(0x20010db800000000, pair_first, 0),
			      v6(0x20010db800000000, pair_second, 0) };
}

static struct ends pairs_v6_by_group(uint32_t i) /* ::5:0:0 and the like */
{
	next_pair(i);
	return (struct ends){ v6(0x20010db800000000, (uint64_t)pair_first << 32 | 1, 0),
			      v6(0x20010db800000000, (uint64_t)pair_second << 32 | 1, 0) };
}

static const struct plan {
	const char *name;
	struct ends (*make)(uint32_t i);
	__u8 proto;
} plans[] = {
	{ "clients and servers", clients_and_servers, 6 },
	{ "every subscriber to one server", every_subscriber_to_one_server, 17 },
	{ "one pair, many ports", one_pair_many_ports, 6 },
	{ "one pair, ports 64 apart", one_pair_far_ports, 6 },
	{ "one IPv6 pair, many ports", one_pair_v6_many_ports, 6 },
	{ "a /64 each", sequential_prefixes, 6 },
	{ "a /56 each", sequential_delegations, 6 },
	{ "IPv6 hosts by MAC", hosts_by_mac, 6 },
	{ "pairs without ports", pairs_without_ports, 47 },
	{ "pairs of one port", pairs_of_one_port, 17 },
	{ "pairs of networks", pairs_of_networks, 50 },
	{ "IPv6 pairs", pairs_v6, 58 },
	{ "IPv6 pairs, another group", pairs_v6_by_group, 58 },
};

static const struct policy {
	const char *name;
	__u64 (*hash)(__u64 a, __u64 b, __u8 proto, __u64 seed);
} policies[] = {
	{ "flow", balance_hash_directed },
	{ "flow-symmetric", balance_hash_symmetric },
};

static void for_all(void (*check)(const char *name))
{
	for (size_t p = 0; p < ARRAY_LEN(plans); p++) {
		for (uint32_t i = 0; i < FLOWS; i++)
			flows[i] = plans[p].make(i);
		for (size_t k = 0; k < ARRAY_LEN(policies); k++) {
			char name[80];

			(void)snprintf(name, sizeof(name), "%s, %s", plans[p].name, policies[k].name);
			for (uint32_t i = 0; i < FLOWS; i++)
				hashes[i] = policies[k].hash(flows[i].a, flows[i].b, plans[p].proto,
							     p & 1 ? SEED : 0);
			check(name);
		}
	}
}

/* --- no two flows, one hash -------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const __u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

static void check_distinct(const char *name)
{
	unsigned same = 0;

	qsort(hashes, FLOWS, sizeof(*hashes), compare);
	for (size_t i = 1; i < FLOWS; i++)
		same += hashes[i] == hashes[i - 1];
	if (same)
		print_error("%s: %u of %d share a hash with another\n", name, same, FLOWS);
	assert_int_equal(same, 0);
}

/* By chance a million of them meet once in 30 million tries. */
static void no_two_flows_share_a_hash(void **state)
{
	for_all(check_distinct);
}

/* --- even -------------------------------------------------------------------------------------- */

/* Chi squared more than six deviations above its mean is not by chance. */
static bool is_even(double chi, double freedom)
{
	const double excess = chi - freedom - 12;

	return excess < 0 || excess * excess <= 36 * 2 * freedom;
}

static void check_even(const char *name, const uint32_t *got, const double *want, size_t n)
{
	double chi = 0;

	for (size_t i = 0; i < n; i++)
		chi += (got[i] - want[i]) * (got[i] - want[i]) / want[i];
	if (!is_even(chi, (double)n - 1))
		print_error("%s: chi squared over %zu is %.0f\n", name, n, chi);
	assert_true(is_even(chi, (double)n - 1));
}

static void check_buckets(const char *name)
{
	static uint32_t got[SPREAD_BUCKETS];
	static double want[SPREAD_BUCKETS];

	memset(got, 0, sizeof(got));
	for (size_t i = 0; i < SPREAD_BUCKETS; i++)
		want[i] = (double)FLOWS / SPREAD_BUCKETS;
	for (size_t i = 0; i < FLOWS; i++)
		got[balance_bucket(hashes[i])]++;
	check_even(name, got, want, SPREAD_BUCKETS);
}

static void flows_are_even_over_the_buckets(void **state)
{
	for_all(check_buckets);
}

static void make_table(uint8_t *table, unsigned n, bool weighted, double *want)
{
	struct spread_target t[SPREAD_TARGETS];
	struct spread_change change;

	for (unsigned i = 0; i < n; i++) {
		char eth[IF_NAMESIZE];

		(void)snprintf(eth, sizeof(eth), "eth%u", i + 2);
		t[i] = (struct spread_target){ (uint8_t)i, weighted ? 1 + i % 4 : 1,
					       balance_key(eth) };
	}
	memset(table, SPREAD_NONE, SPREAD_BUCKETS);
	assert_int_equal(spread_plan(table, t, n, &change), 0);
	for (unsigned i = 0; i < n; i++)
		want[i] = (double)FLOWS / SPREAD_BUCKETS * change.in[i];
}

static void check_share(const char *name, unsigned n, bool weighted)
{
	static uint8_t table[SPREAD_BUCKETS];
	uint32_t got[SPREAD_TARGETS] = { 0 };
	double want[SPREAD_TARGETS];

	make_table(table, n, weighted, want);
	for (size_t i = 0; i < FLOWS; i++)
		got[table[balance_bucket(hashes[i])]]++;
	check_even(name, got, want, n);
	for (unsigned i = 0; i < n && n <= 10; i++) {
		assert_true(got[i] >= want[i] * 0.98);
		assert_true(got[i] <= want[i] * 1.02);
	}
}

static void check_shares(const char *name)
{
	check_share(name, 2, false);
	check_share(name, 10, false);
	check_share(name, 10, true);
	check_share(name, 64, false);
}

static void targets_get_their_shares(void **state)
{
	for_all(check_shares);
}

/* --- directions, protocol, seed ---------------------------------------------------------------- */

static void directions_are_one_or_two_flows(void **state)
{
	for (size_t p = 0; p < ARRAY_LEN(plans); p++) {
		unsigned same = 0;

		for (uint32_t i = 0; i < 65536; i++) {
			struct ends e = plans[p].make(i);
			__u8 proto = plans[p].proto;

			assert_true(balance_hash_symmetric(e.a, e.b, proto, SEED) ==
				    balance_hash_symmetric(e.b, e.a, proto, SEED));
			same += balance_bucket(balance_hash_directed(e.a, e.b, proto, SEED)) ==
				balance_bucket(balance_hash_directed(e.b, e.a, proto, SEED));
		}
		assert_in_range(same, 0, 12); /* one is to be expected */
	}
}

/* Ends that differ in one bit anywhere, the uppermost too, in both orders. */
static void order_of_ends_is_exact(void **state)
{
	const __u64 bases[] = { 0, 1, ~0ULL, 1ULL << 63, SEED, ~SEED };

	for (size_t k = 0; k < ARRAY_LEN(bases); k++)
		for (unsigned bit = 0; bit < 64; bit++) {
			__u64 a = bases[k], b = a ^ 1ULL << bit;

			assert_true(balance_hash_symmetric(a, b, 6, 0) ==
				    balance_hash_symmetric(b, a, 6, 0));
			assert_true(balance_hash_symmetric(a, b, 6, 0) !=
				    balance_hash_symmetric(a, a, 6, 0));
			assert_true(balance_hash_directed(a, b, 6, 0) !=
				    balance_hash_directed(b, a, 6, 0));
		}
}

/* How often each bit of the bucket flips when one bit of what goes in does: half of the time. */
static void check_flips(const struct policy *policy, unsigned bit)
{
	const unsigned n = 4096;
	unsigned flips[16] = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		struct ends e = clients_and_servers(i * 251);
		__u64 seed = SEED, before = policy->hash(e.a, e.b, 6, seed), after;
		__u64 *in[] = { &e.a, &e.b, &seed };

		*in[bit / 64] ^= 1ULL << bit % 64;
		after = policy->hash(e.a, e.b, 6, seed);
		for (unsigned k = 0; k < 16; k++)
			flips[k] += (balance_bucket(before) ^ balance_bucket(after)) >> k & 1;
	}
	for (unsigned k = 0; k < 16; k++) {
		if (flips[k] < n * 2 / 5 || flips[k] > n * 3 / 5)
			print_error("%s: bit %u flips bit %u of the bucket %u of %u times\n",
				    policy->name, bit, k, flips[k], n);
		assert_in_range(flips[k], n * 2 / 5, n * 3 / 5);
	}
}

static void every_bit_of_ends_and_seed_counts(void **state)
{
	for (size_t k = 0; k < ARRAY_LEN(policies); k++)
		for (unsigned bit = 0; bit < 3 * 64; bit++)
			check_flips(&policies[k], bit);
}

static void protocols_are_other_flows(void **state)
{
	struct ends e = clients_and_servers(5);

	for (size_t k = 0; k < ARRAY_LEN(policies); k++) {
		for (unsigned proto = 0; proto < 256; proto++)
			hashes[proto] = policies[k].hash(e.a, e.b, (__u8)proto, 0);
		qsort(hashes, 256, sizeof(*hashes), compare);
		for (unsigned i = 1; i < 256; i++)
			assert_true(hashes[i] != hashes[i - 1]);
	}
}

/* Two boxes with the same seed, and one before and after an update, spread alike. */
static void hashes_are_what_they_were(void **state)
{
	const struct ends e = { v4(0x0a000001, 40000), v4(0xc0000201, 443) };
	const struct ends e6 = { v6(0x20010db800000000, 1, 40000),
				 v6(0x26064700000000ff, 0x1111, 443) };

	assert_true(balance_hash_directed(e.a, e.b, 6, 0) == 0x764ee4deeb14b5d1);
	assert_true(balance_hash_symmetric(e.a, e.b, 6, 0) == 0xcabe62b998cd6add);
	assert_true(balance_hash_directed(e6.a, e6.b, 6, SEED) == 0xe06cf850c945cf5a);
	assert_true(balance_hash_symmetric(e6.b, e6.a, 6, SEED) == 0xe06cf850c945cf5a);
	assert_int_equal(balance_bucket(0x764ee4deeb14b5d1), 0x764e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_two_flows_share_a_hash),
		cmocka_unit_test(flows_are_even_over_the_buckets),
		cmocka_unit_test(targets_get_their_shares),
		cmocka_unit_test(directions_are_one_or_two_flows),
		cmocka_unit_test(order_of_ends_is_exact),
		cmocka_unit_test(every_bit_of_ends_and_seed_counts),
		cmocka_unit_test(protocols_are_other_flows),
		cmocka_unit_test(hashes_are_what_they_were),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
