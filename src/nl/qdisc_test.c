/* SPDX-License-Identifier: GPL-2.0-only */
#include <jansson.h>

#include "nl/qdisc_test_util.h"
#include "nl/qdisc_kind.h"

#define ROOT_HANDLE 0x50000

NL_TEST_FIXTURE
static unsigned a;

static struct nl_tc_place root(void)
{
	return (struct nl_tc_place){ a, ROOT_HANDLE, TC_H_ROOT };
}

/* The kernel keeps fq_codel's times in steps of 1024 ns. */
static bool close_enough(const struct nl_option *o, int64_t x, int64_t y)
{
	return x == y || (o->type == NL_OPT_TIME && x - y <= 2 && y - x <= 2);
}

/* All that was given is in force. */
static void check_given(const char *words, const struct nl_qdisc_spec *found)
{
	struct nl_qdisc_spec spec = qdisc_test_spec(words);
	const struct nl_kind *kind = nl_kind_of(spec.kind);

	assert_int_equal(found->kind, spec.kind);
	for (unsigned i = 0; kind->options[i].name; i++) {
		const struct nl_option *o = &kind->options[i];

		if (spec.given & 1u << i &&
		    !close_enough(o, nl_option_get(&spec, o), nl_option_get(found, o)))
			fail_msg("'%s': %s is %lld", words, o->name,
				 (long long)nl_option_get(found, o));
	}
}

static struct nl_qdisc_spec set_root(const char *words)
{
	struct nl_qdisc q;

	(void)qdisc_test_do(nl, NL_TC_DELETE, root(), NULL);
	if (qdisc_test_do(nl, NL_TC_ADD, root(), words))
		fail_msg("'%s': %s", words, nl_words(nl));
	q = qdisc_test_get(nl, a, TC_H_ROOT);
	assert_int_equal(q.handle, ROOT_HANDLE);
	assert_string_equal(q.kind, nl_qdisc_kind_name(q.spec.kind));
	return q.spec;
}

/* tc is told the same words, and the kernel must then hold the same. */
static void check_tc_agrees(const char *words)
{
	struct nl_qdisc_spec ours = set_root(words), theirs;
	char command[512], out[4096];

	assert_int_equal(qdisc_test_do(nl, NL_TC_DELETE, root(), NULL), 0);
	(void)snprintf(command, sizeof(command), "qdisc add dev ta root handle 5: %s", words);
	if (qdisc_test_tc(command, out, sizeof(out)))
		fail_msg("tc %s: %s", command, out);
	theirs = qdisc_test_get(nl, a, TC_H_ROOT).spec;
	if (!nl_qdisc_equal(&ours, &theirs)) {
		_cleanup_strbuf_ struct strbuf says = { 0 };

		nl_qdisc_format(&ours, &says);
		strbuf_add(&says, " | ");
		nl_qdisc_format(&theirs, &says);
		fail_msg("'%s': %s", words, strbuf_text(&says));
	}
}

static void check_words(const char *const *words, size_t n)
{
	bool judge = qdisc_test_have_tc();

	for (size_t i = 0; i < n; i++) {
		struct nl_qdisc_spec found = set_root(words[i]);

		check_given(words[i], &found);
		if (judge)
			check_tc_agrees(words[i]);
	}
	(void)nl_test_delete(nl, (int)a);
	if (!judge) {
		print_message("# SKIP set and read back, but there is no tc to compare with\n");
		skip();
	}
}

static void test_words_fifo_htb(void **state)
{
	static const char *const words[] = {
		"pfifo", "pfifo limit 17", "bfifo",	  "bfifo limit 64k",
		"htb",	 "htb default 1f", "htb r2q 100", "htb default 2 r2q 7 direct_qlen 50",
	};

	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	QDISC_TEST_NEEDS(nl, a, "htb");
	check_words(words, ARRAY_LEN(words));
}

static void test_words_fq_codel(void **state)
{
	static const char *const words[] = {
		"fq_codel",
		"fq_codel limit 1000",
		"fq_codel flows 64 target 20ms interval 200ms",
		"fq_codel quantum 300 noecn memory_limit 4Mb",
		"fq_codel ce_threshold 1ms drop_batch 8 ecn",
	};

	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	QDISC_TEST_NEEDS(nl, a, "fq_codel");
	check_words(words, ARRAY_LEN(words));
}

static void test_words_cake(void **state)
{
	static const char *const words[] = {
		"cake unlimited",
		"cake bandwidth 20Mbit",
		"cake bandwidth 1.5Gbit besteffort",
		"cake bandwidth 2.5MBps precedence",
		"cake bandwidth 100Gbit diffserv8",
		"cake unlimited diffserv4 rtt 20ms",
		"cake unlimited diffserv3 metro",
		"cake unlimited datacentre",
		"cake unlimited rtt 7us",
		"cake unlimited interplanetary",
		"cake bandwidth 10Mbit autorate-ingress ingress",
		"cake unlimited flowblind wash",
		"cake unlimited srchost ack-filter",
		"cake unlimited dsthost ack-filter-aggressive",
		"cake unlimited hosts no-split-gso",
		"cake unlimited flows fwmark 0xff",
		"cake unlimited dual-srchost nat",
		"cake unlimited dual-dsthost memlimit 4Mb",
		"cake unlimited triple-isolate",
		"cake unlimited overhead 18 mpu 64",
		"cake unlimited overhead -4",
		"cake unlimited overhead 0",
		"cake unlimited overhead 20 raw",
		"cake unlimited conservative",
		"cake unlimited docsis",
		"cake unlimited ethernet",
		"cake unlimited ethernet ether-vlan",
		"cake unlimited pppoe-ptm ether-vlan",
		"cake unlimited bridged-ptm",
		"cake unlimited ipoa-vcmux",
		"cake unlimited ipoa-llcsnap",
		"cake unlimited bridged-vcmux",
		"cake unlimited bridged-llcsnap",
		"cake unlimited pppoa-vcmux",
		"cake unlimited pppoa-llc",
		"cake unlimited pppoe-vcmux",
		"cake unlimited pppoe-llcsnap",
		"cake unlimited atm overhead 10",
		"cake unlimited ptm noatm",
	};

	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	QDISC_TEST_NEEDS(nl, a, "cake");
	check_words(words, ARRAY_LEN(words));
}

/* From one to the other in place: as if it had been made so, and under the same handle. */
static void check_in_place(const char *from, const char *to)
{
	struct nl_qdisc_spec before = qdisc_test_spec(from), after = qdisc_test_spec(to), sent;
	struct nl_qdisc_spec made = set_root(to), changed;
	const struct nl_tc_place at = root();
	char buffer[NL_REQUEST_MAX];
	int r;

	(void)set_root(from);
	assert_true(nl_qdisc_in_place(&before, &after, &sent));
	r = nl_ask(nl, NL_ROUTE, nl_qdisc_request(buffer, NL_TC_CHANGE, &at, &sent), NULL, NULL);
	if (r)
		fail_msg("'%s' to '%s': %s", from, to, nl_error_text(nl, r));
	changed = qdisc_test_get(nl, a, TC_H_ROOT).spec;
	if (!nl_qdisc_equal(&made, &changed)) {
		_cleanup_strbuf_ struct strbuf says = { 0 };

		nl_qdisc_format(&changed, &says);
		fail_msg("'%s' to '%s': %s", from, to, strbuf_text(&says));
	}
}

static void test_in_place(void **state)
{
	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	QDISC_TEST_NEEDS(nl, a, "htb");
	check_in_place("pfifo limit 10", "pfifo limit 20");
	check_in_place("bfifo", "bfifo limit 20k");
	check_in_place("htb default 2", "htb default 2");
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

static void test_in_place_fq_codel(void **state)
{
	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	QDISC_TEST_NEEDS(nl, a, "fq_codel");
	check_in_place("fq_codel flows 64", "fq_codel flows 64 limit 100");
	check_in_place("fq_codel noecn limit 10 target 1ms memory_limit 1Mb", "fq_codel");
	check_in_place("fq_codel", "fq_codel interval 50ms drop_batch 3 quantum 300");
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

static void test_in_place_cake(void **state)
{
	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	QDISC_TEST_NEEDS(nl, a, "cake");
	check_in_place("cake", "cake diffserv4 rtt 20ms");
	check_in_place("cake diffserv4 rtt 20ms bandwidth 10Mbit", "cake");
	check_in_place("cake docsis nat wash ack-filter no-split-gso ingress", "cake");
	check_in_place("cake flows memlimit 1Mb fwmark 1", "cake besteffort");
	check_in_place("cake raw", "cake atm overhead 32");
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

/* What tc reads of what we set. */
static void test_tc_reads_us(void **state)
{
	char out[8192];
	json_t *json;
	const char *kind = NULL, *handle = NULL;
	int limit = 0;

	NL_TEST_NEEDS_NAMESPACE(nl);
	if (!qdisc_test_have_tc()) {
		print_message("# SKIP there is no tc to compare with\n");
		skip();
	}
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	(void)set_root("pfifo limit 77");
	assert_int_equal(qdisc_test_tc("-j qdisc show dev ta", out, sizeof(out)), 0);
	json = json_loads(out, 0, NULL);
	assert_int_equal(json_unpack(json, "[{s:s,s:s,s:{s:i}}]", "kind", &kind, "handle", &handle,
				     "options", "limit", &limit),
			 0);
	assert_string_equal(kind, "pfifo");
	assert_string_equal(handle, "5:");
	assert_int_equal(limit, 77);
	json_decref(json);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

/* Deleting by the kind spares what somebody put in its place. */
static void test_verbs(void **state)
{
	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	assert_int_equal(qdisc_test_do(nl, NL_TC_ADD, root(), "pfifo"), 0);
	assert_int_equal(qdisc_test_do(nl, NL_TC_ADD, root(), "pfifo"), -EEXIST);
	assert_int_equal(qdisc_test_do(nl, NL_TC_REPLACE, root(), "pfifo limit 3"), 0);
	assert_int_equal(qdisc_test_get(nl, a, TC_H_ROOT).spec.fifo.limit, 3);
	assert_true(qdisc_test_do(nl, NL_TC_CHANGE, root(), "bfifo limit 3") < 0);
	assert_true(qdisc_test_do(nl, NL_TC_DELETE, root(), "bfifo") < 0);
	assert_int_equal(qdisc_test_get(nl, a, TC_H_ROOT).spec.kind, NL_QDISC_PFIFO);
	assert_int_equal(qdisc_test_do(nl, NL_TC_DELETE, root(), "pfifo"), 0);
	assert_true(qdisc_test_do(nl, NL_TC_CHANGE, root(), "pfifo") < 0);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

static struct nl_cake_tin tin(unsigned number)
{
	_cleanup_nl_qdiscs_ struct nl_qdiscs list = { 0 };
	const struct nl_qdisc *q;

	assert_int_equal(nl_qdisc_list(nl, a, &list), 0);
	q = nl_qdisc_find(&list, TC_H_ROOT);
	assert_non_null(q);
	assert_int_equal(q->tins, 4);
	return nl_qdisc_tins(&list, q)[number];
}

/* Each class of traffic in its tin, and there still after a change. */
static void test_cake_tins(void **state)
{
	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	QDISC_TEST_NEEDS(nl, a, "cake");
	qdisc_test_up(nl);
	(void)set_root("cake bandwidth 100Mbit diffserv4");
	/* CS1 is bulk, EF is voice. */
	assert_int_equal(qdisc_test_send((int)a, 0, 8, 5), 0);
	assert_int_equal(qdisc_test_send((int)a, 0, 46, 7), 0);
	QDISC_TEST_SOON(tin(0).sent == 5 && tin(3).sent == 7);
	assert_int_equal(tin(0).sent_bytes, 5 * 100);
	assert_int_equal(tin(3).sent_bytes, 7 * 100);
	assert_int_equal(tin(3).dropped + tin(3).marked + tin(3).backlog, 0);
	assert_true(tin(1).threshold > tin(0).threshold);
	assert_true(qdisc_test_get(nl, a, TC_H_ROOT).stats.packets >= 12);
	assert_true(qdisc_test_get(nl, a, TC_H_ROOT).memory_used > 0);
	assert_int_equal(qdisc_test_do(nl, NL_TC_CHANGE, root(), "cake bandwidth 50Mbit diffserv4"),
			 0);
	assert_int_equal(tin(3).sent, 7);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

/* A class that lets nothing through: the queue below fills, and drops are counted. */
static void check_drops(const char *leaf, uint32_t fit)
{
	const struct nl_htb_class slow = {
		.rate = 8000, .ceil = 8000, .burst = 1, .cburst = 1, .quantum = 1514
	};
	struct nl_tc_stats stats;

	qdisc_test_up(nl);
	(void)set_root("htb");
	assert_int_equal(qdisc_test_class(nl, NL_TC_ADD,
					  (struct nl_tc_place){ a, 0x50010, 0x50000 }, &slow),
			 0);
	assert_int_equal(
		qdisc_test_do(nl, NL_TC_ADD, (struct nl_tc_place){ a, 0x600000, 0x50010 }, leaf), 0);
	/* One goes at once, and with it the tokens of the next tenth of a second. */
	(void)qdisc_test_send((int)a, 0x50010, 0, 30);
	stats = qdisc_test_get(nl, a, 0x50010).stats;
	assert_true(stats.packets >= 1);
	assert_true(stats.drops > 0);
	assert_true(stats.qlen > 0 && stats.qlen <= fit);
	assert_int_equal(stats.packets + stats.drops + stats.qlen, 30);
	assert_int_equal(stats.backlog, stats.qlen * 100);
	assert_true(qdisc_test_get_class(nl, a, 0x50010).stats.overlimits > 0);
}

static void test_drops_fifo(void **state)
{
	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	QDISC_TEST_NEEDS(nl, a, "htb");
	check_drops("pfifo limit 10", 10);
	check_drops("bfifo limit 1000b", 10);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

static void test_drops_fq_codel(void **state)
{
	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	QDISC_TEST_NEEDS(nl, a, "fq_codel");
	check_drops("fq_codel limit 10 drop_batch 1", 10);
	assert_true(qdisc_test_get(nl, a, 0x50010).memory_used > 0);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_fifo_htb),	  cmocka_unit_test(test_words_fq_codel),
		cmocka_unit_test(test_words_cake),	  cmocka_unit_test(test_in_place),
		cmocka_unit_test(test_in_place_fq_codel), cmocka_unit_test(test_in_place_cake),
		cmocka_unit_test(test_tc_reads_us),	  cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_cake_tins),	  cmocka_unit_test(test_drops_fifo),
		cmocka_unit_test(test_drops_fq_codel),
	};

	return cmocka_run_group_tests_name("nl/qdisc", tests, setup, teardown);
}
