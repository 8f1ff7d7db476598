/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/net_index.h"
#include "model/network.h"

#define MBIT UINT64_C(1000000)

/* --- networks by hand: every value has a line of its own ---------------------------------------- */
static unsigned line;

static struct mark place(void)
{
	return (struct mark){ "f", ++line, 1 };
}

static void add_node(struct network *n, const char *name, int parent, uint64_t mbps)
{
	struct net_node node = {
		strdup(name), strdup("site"), parent, { mbps * MBIT, mbps * MBIT }, .at = place()
	};

	assert_int_equal(vec_push(&n->nodes, node), 0);
}

static struct net_circuit *add_circuit(struct network *n, const char *id, const char *parent,
				       uint64_t mbps)
{
	struct net_circuit c = { strdup(id),
				 strdup(""),
				 parent ? strdup(parent) : NULL,
				 { MBIT, MBIT },
				 { mbps * MBIT, mbps * MBIT },
				 .at = place() };
	struct net_device d = { strdup(""), strdup(""), strdup(""), strdup(""), .at = c.at };

	c.parent_at = c.at;
	assert_int_equal(vec_push(&c.devices, d), 0);
	assert_int_equal(vec_push(&n->circuits, c), 0);
	return &n->circuits.at[n->circuits.n - 1];
}

static void add_address(struct net_circuit *c, const char *text)
{
	const char *wrong = NULL;
	struct net_address a = { .at = place() };

	if (net_prefix_parse(text, &a.prefix, &wrong))
		fail_msg("%s: %s", text, wrong);
	assert_int_equal(vec_push(&c->devices.at[0].addresses, a), 0);
}

static void expect(const struct network *n, int r, const char *findings)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	int got = network_check(n, &d);

	diag_format_all(&d, &text);
	assert_string_equal(strbuf_text(&text), findings);
	assert_int_equal(got, r);
}

/* --- words ---------------------------------------------------------------------------------------- */
static void test_prefixes(void **state)
{
	static const struct {
		const char *text, *again; /* NULL: wrong */
	} cases[] = {
		{ "100.64.0.1", "100.64.0.1" },
		{ "100.64.0.1/32", "100.64.0.1" },
		{ "100.64.0.0/10", "100.64.0.0/10" },
		{ "0.0.0.0/0", "0.0.0.0/0" },
		{ "2001:DB8::/56", "2001:db8::/56" },
		{ "2001:db8:0:0::1/128", "2001:db8::1" },
		{ "::/0", "::/0" },
		{ "::ffff:0:0/95", NULL },
		{ "::ffff:192.0.2.1", NULL },
		{ "100.64.0.1/10", NULL },
		{ "2001:db8::1/127", NULL },
		{ "", NULL },
		{ "/8", NULL },
		{ "1.2.3", NULL },
		{ "1.2.3.4.5", NULL },
		{ "01.2.3.4", NULL },
		{ "1.2.3.4/", NULL },
		{ "1.2.3.4/033", NULL },
		{ "1.2.3.4/+32", NULL },
		{ "1.2.3.4/32 ", NULL },
		{ "1.2.3.4/33", NULL },
		{ "1.2.3.4/4294967328", NULL },
		{ "::1/129", NULL },
		{ "fe80::1%eth0", NULL },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = { 0 };
		struct net_prefix p = { .family = 99 };
		const char *wrong = NULL;
		int r = net_prefix_parse(cases[i].text, &p, &wrong);

		if (!cases[i].again) {
			if (r != -EINVAL || !wrong || p.family != 99)
				fail_msg("'%s' is accepted", cases[i].text);
			continue;
		}
		assert_int_equal(r, 0);
		net_prefix_format(&p, &text);
		assert_string_equal(strbuf_text(&text), cases[i].again);
	}
}

static struct net_prefix prefix(const char *text)
{
	struct net_prefix p = { 0 };
	const char *wrong;

	assert_int_equal(net_prefix_parse(text, &p, &wrong), 0);
	return p;
}

static bool contains(const char *a, const char *b)
{
	struct net_prefix x = prefix(a), y = prefix(b);

	return net_prefix_contains(&x, &y);
}

static void test_contains(void **state)
{
	assert_true(contains("10.0.0.0/8", "10.255.255.255"));
	assert_true(contains("10.0.0.0/9", "10.64.0.0/10"));
	assert_true(contains("10.0.0.1", "10.0.0.1"));
	assert_true(contains("0.0.0.0/0", "255.255.255.255"));
	assert_true(contains("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(contains("2001:db8::/33", "2001:db8:8000::1"));
	assert_false(contains("10.0.0.0/9", "10.128.0.0"));
	assert_false(contains("10.0.0.0/9", "10.0.0.0/8"));
	assert_false(contains("0.0.0.0/0", "::1"));
	assert_false(contains("::/0", "10.0.0.1"));
}

static void test_rates(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t rate;
		const char *again;
	} cases[] = {
		{ "1", 0, 1000000, "1" },
		{ "1.5", 0, 1500000, "1.5" },
		{ "0.000001", 0, 1, "0.000001" },
		{ "1000.0000000", 0, 1000000000, "1000" },
		{ ".5", 0, 500000, "0.5" },
		{ "5.", 0, 5000000, "5" },
		{ "0", 0, 0, "0" },
		{ "0007", 0, 7000000, "7" },
		{ "1000000", 0, 1000000000000, "1000000" },
		{ "1000000.000001", -ERANGE },
		{ "1000001", -ERANGE },
		{ "18446744073709551617", -ERANGE },
		{ "99999999999999999999999999", -ERANGE },
		{ "1.0000001", -EINVAL },
		{ "", -EINVAL },
		{ ".", -EINVAL },
		{ "-1", -EINVAL },
		{ "+1", -EINVAL },
		{ "1e3", -EINVAL },
		{ "1,5", -EINVAL },
		{ "1.2.3", -EINVAL },
		{ " 1", -EINVAL },
		{ "1M", -EINVAL },
		{ "nan", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_strbuf_ struct strbuf text = { 0 };
		uint64_t rate = 77;

		if (net_rate_parse_mbps(cases[i].text, &rate) != cases[i].r)
			fail_msg("'%s' is read wrongly", cases[i].text);
		assert_int_equal(rate, cases[i].r ? 77 : cases[i].rate);
		if (cases[i].r)
			continue;
		net_rate_format_mbps(rate, &text);
		assert_string_equal(strbuf_text(&text), cases[i].again);
	}
}

static void test_index(void **state)
{
	static char names[5000][8];
	_cleanup_net_index_ struct net_index index = { 0 };

	assert_null(net_index_find(&index, "0"));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%zu", i);
		assert_int_equal(net_index_add(&index, names[i], i), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(*net_index_find(&index, names[i]), i);
	assert_null(net_index_find(&index, "x"));
	assert_null(net_index_find(&index, "5000"));
}

/* --- the whole ------------------------------------------------------------------------------------ */
static void test_good(void **state)
{
	_cleanup_network_ struct network n = { 0 };

	line = 0;
	expect(&n, 0, "");
	add_node(&n, "A", -1, 100);
	add_node(&n, "B", 0, 50);
	add_address(add_circuit(&n, "1", "B", 50), "10.0.0.1");
	add_address(add_circuit(&n, "2", NULL, 5000), "10.0.0.0/24");
	/* The same bytes, but of another family; and a net that begins with a host. */
	add_address(add_circuit(&n, "3", "A", 100), "a00:1::");
	add_address(add_circuit(&n, "4", "A", 0), "10.0.0.0");
	expect(&n, 0, "");
	assert_int_equal(network_find_node(&n, "B"), 1);
	assert_int_equal(network_find_node(&n, "C"), -1);
	assert_int_equal(network_find_circuit(&n, "3"), 2);
	assert_int_equal(network_find_circuit(&n, "B"), -1);
}

static void test_names(void **state)
{
	_cleanup_network_ struct network n = { 0 };

	line = 0;
	add_node(&n, "Tower", -1, 100);
	add_node(&n, "Tower", 0, 100);
	add_node(&n, "Mill", -1, 100);
	add_address(add_circuit(&n, "1", "Mil", 5), "10.0.0.1");
	add_address(add_circuit(&n, "1", "Mil", 5), "10.0.0.2");
	add_address(add_circuit(&n, "2", "elsewhere", 5), "10.0.0.3");
	expect(&n, -EINVAL,
	       "f:2:1: error: node `Tower` is there twice, first at f:1:1\n"
	       "f:6:1: error: circuit `1` is there twice, first at f:4:1\n"
	       "f:4:1: error: node `Mil` does not exist, but 2 circuits hang on it (did you mean "
	       "`Mill`?)\n"
	       "f:8:1: error: node `elsewhere` does not exist\n");
}

static void test_by_command(void **state)
{
	_cleanup_network_ struct network n = { 0 };
	struct net_circuit *c = add_circuit(&n, "1", NULL, 5);

	line = 0;
	add_address(c, "10.0.0.1");
	c->at = c->devices.at[0].addresses.at[0].at = (struct mark){ 0 };
	add_address(add_circuit(&n, "1", NULL, 5), "10.0.0.1");
	expect(&n, -EINVAL,
	       "f:2:1: error: circuit `1` is there twice, first added by a command\n"
	       "f:3:1: error: 10.0.0.1 is of circuit `1`, but also of `1`, added by a command\n");
}

static void test_minimum(void **state)
{
	_cleanup_network_ struct network n = { 0 };
	struct net_circuit *c = add_circuit(&n, "1", NULL, 5);

	line = 0;
	c->min.down = 5 * MBIT + 1;
	add_address(c, "10.0.0.1");
	c->at.line = 7;
	expect(&n, -EINVAL,
	       "f:7:1: error: circuit `1`: the least download rate, 5.000001 Mbit/s, is above the "
	       "most, 5 Mbit/s\n");
}

static void test_addresses(void **state)
{
	_cleanup_network_ struct network n = { 0 };
	struct net_circuit *c;

	line = 0;
	c = add_circuit(&n, "1", NULL, 5);
	add_address(c, "10.0.0.1");
	add_address(c, "10.0.0.0/8");
	add_address(c, "10.0.0.1/32");
	c = add_circuit(&n, "2", NULL, 5);
	add_address(c, "2001:db8::/64");
	add_address(c, "10.0.0.1");
	c = add_circuit(&n, "3", NULL, 5);
	add_address(c, "2001:db8::/64");
	add_address(c, "10.0.0.0/9");
	(void)add_circuit(&n, "4", NULL, 5);
	expect(&n, -EINVAL,
	       "f:7:1: error: 10.0.0.1 is of circuit `2`, but also of `1`, at f:2:1\n"
	       "f:9:1: error: 2001:db8::/64 is of circuit `3`, but also of `2`, at f:6:1\n"
	       "f:4:1: warning: circuit `1` has 10.0.0.1 twice, first at f:2:1\n"
	       "f:11:1: warning: circuit `4` has no address: nothing is shaped by it\n");
}

/* What no reader lets through, but a command may bring. */
static void test_raw_addresses(void **state)
{
	_cleanup_network_ struct network n = { 0 };
	struct net_circuit *c;

	line = 0;
	c = add_circuit(&n, "1", NULL, 5);
	add_address(c, "10.0.0.0/8");
	add_address(c, "10.0.0.0/9");
	c->devices.at[0].addresses.at[0].prefix.address[3] = 1;
	c->devices.at[0].addresses.at[1].prefix.length = 33;
	expect(&n, -EINVAL,
	       "f:2:1: error: bits behind the length of the prefix are set (the prefix is "
	       "10.0.0.0/8)\n"
	       "f:3:1: error: not an address\n");
}

static void test_limits(void **state)
{
	_cleanup_network_ struct network n = { 0 };

	line = 0;
	add_node(&n, "A", -1, 100);
	add_node(&n, "group", 0, 1);
	n.nodes.at[1].is_virtual = true;
	add_node(&n, "B", 1, 0);
	add_node(&n, "C", 2, 200);
	add_address(add_circuit(&n, "1", "C", 150), "10.0.0.1");
	n.circuits.at[0].max.up = 100 * MBIT;
	n.nodes.at[3].max.up = 50 * MBIT;
	expect(&n, 0,
	       "f:4:1: warning: node `C`: download of 200 Mbit/s is above node `A` (it gets 100 "
	       "Mbit/s)\n"
	       "f:5:1: warning: circuit `1`: download of 150 Mbit/s is above node `A` (it gets 100 "
	       "Mbit/s)\n"
	       "f:5:1: warning: circuit `1`: upload of 100 Mbit/s is above node `C` (it gets 50 "
	       "Mbit/s)\n");
}

/* As many as anybody has; a check that compares pairwise would not end today. */
static void test_many(void **state)
{
	_cleanup_network_ struct network n = { 0 };
	char text[64], id[16];

	for (unsigned i = 0; i < 2000; i++) {
		(void)snprintf(id, sizeof(id), "n%u", i);
		add_node(&n, id, i ? (int)(i - 1) / 4 : -1, 1000);
	}
	for (unsigned i = 0; i < 100000; i++) {
		char node[16];
		struct net_circuit *c;

		(void)snprintf(id, sizeof(id), "%u", i);
		(void)snprintf(node, sizeof(node), "n%u", i % 2000);
		c = add_circuit(&n, id, node, 100);
		(void)snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		add_address(c, text);
		(void)snprintf(text, sizeof(text), "2001:db8:%x:%x::/64", i >> 16, i & 0xffff);
		add_address(c, text);
	}
	expect(&n, 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prefixes),   cmocka_unit_test(test_contains),
		cmocka_unit_test(test_rates),	   cmocka_unit_test(test_index),
		cmocka_unit_test(test_good),	   cmocka_unit_test(test_names),
		cmocka_unit_test(test_by_command), cmocka_unit_test(test_minimum),
		cmocka_unit_test(test_addresses),  cmocka_unit_test(test_raw_addresses),
		cmocka_unit_test(test_limits),	   cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
