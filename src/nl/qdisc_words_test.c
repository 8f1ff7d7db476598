/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nl/qdisc.h"

static struct nl_qdisc_spec parse(const char *text)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf said = { 0 };
	struct nl_qdisc_spec spec = { 0 };
	int r = nl_qdisc_parse(text, NULL, &spec, &d);

	diag_format_all(&d, &said);
	if (r)
		fail_msg("'%s': %s", text, strbuf_text(&said));
	return spec;
}

/* What is understood of words, said in the shortest way. */
static void test_words_and_back(void **state)
{
	static const char *const cases[][2] = {
		{ "cake", "cake" },
		{ "  cake\tdiffserv4 ", "cake diffserv4" },
		{ "cake diffserv4 rtt 20ms", "cake diffserv4 rtt 20ms" },
		{ "cake rtt 20ms diffserv4", "cake diffserv4 rtt 20ms" },
		{ "cake diffserv8 besteffort", "cake besteffort" },
		{ "cake bandwidth 20mbit", "cake bandwidth 20Mbit" },
		{ "cake bandwidth 1.5Gbit", "cake bandwidth 1500Mbit" },
		{ "cake bandwidth 2.5MBps", "cake bandwidth 20Mbit" },
		{ "cake bandwidth 1Mibit", "cake bandwidth 1048576bit" },
		{ "cake bandwidth 9600", "cake bandwidth 9600bit" },
		{ "cake unlimited", "cake unlimited" },
		{ "cake autorate-ingress bandwidth 10Mbit",
		  "cake bandwidth 10Mbit autorate-ingress" },
		{ "cake metro", "cake rtt 10ms" },
		{ "cake datacentre", "cake rtt 100us" },
		{ "cake interplanetary", "cake rtt 1000s" },
		{ "cake rtt 1.5s", "cake rtt 1500ms" },
		{ "cake rtt 20000", "cake rtt 20ms" },
		{ "cake rtt 7usecs", "cake rtt 7us" },
		{ "cake dual-srchost nat wash ack-filter no-split-gso ingress",
		  "cake dual-srchost nat wash ack-filter no-split-gso ingress" },
		{ "cake nonat nowash no-ack-filter split-gso egress triple-isolate",
		  "cake triple-isolate nonat nowash no-ack-filter split-gso egress" },
		{ "cake ack-filter-aggressive flowblind", "cake flowblind ack-filter-aggressive" },
		{ "cake memlimit 4m fwmark 0xff", "cake memlimit 4Mb fwmark 0xff" },
		{ "cake memlimit 1500000 fwmark 16", "cake memlimit 1500000b fwmark 0x10" },
		{ "cake overhead -4 mpu 64", "cake overhead -4 mpu 64" },
		{ "cake overhead 18 ether-vlan", "cake overhead 22" },
		{ "cake ethernet ether-vlan", "cake overhead 42 mpu 84" },
		{ "cake docsis", "cake noatm overhead 18 mpu 64" },
		{ "cake conservative", "cake atm overhead 48" },
		{ "cake pppoe-ptm ether-vlan", "cake ptm overhead 34" },
		{ "cake raw", "cake raw" },
		{ "cake overhead 20 raw", "cake raw" },
		{ "fq_codel", "fq_codel" },
		{ "fq_codel limit 1000", "fq_codel limit 1000" },
		{ "fq_codel limit 600 target 20ms interval 200ms flows 64 quantum 300 ecn "
		  "memory_limit 2m drop_batch 8",
		  "fq_codel limit 600 flows 64 target 20ms interval 200ms quantum 300b ecn "
		  "memory_limit 2Mb drop_batch 8" },
		{ "fq_codel noecn ce_threshold 1ms", "fq_codel noecn ce_threshold 1ms" },
		{ "fifo", "pfifo" },
		{ "pfifo limit 10", "pfifo limit 10" },
		{ "bfifo limit 64k", "bfifo limit 64Kb" },
		{ "bfifo limit 0.5k", "bfifo limit 512b" },
		{ "htb default 0x1f r2q 100 direct_qlen 50",
		  "htb default 1f r2q 100 direct_qlen 50" },
		{ "mq", "mq" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_strbuf_ struct strbuf out = { 0 };
		struct nl_qdisc_spec spec = parse(cases[i][0]), again;

		nl_qdisc_format(&spec, &out);
		assert_string_equal(strbuf_text(&out), cases[i][1]);
		again = parse(strbuf_text(&out));
		assert_true(nl_qdisc_equal(&spec, &again));
	}
}

static void test_what_is_wrong(void **state)
{
	static const char *const cases[][2] = {
		{ "", "no queueing discipline is named (known words are cake, fq_codel, fifo, "
		      "pfifo, bfifo, htb, mq)" },
		{ "ckae", "there is no queueing discipline 'ckae' (did you mean `cake`?)" },
		{ "fqcodel limit 3",
		  "there is no queueing discipline 'fqcodel' (did you mean `fq_codel`?)" },
		{ "Cake", "there is no queueing discipline 'Cake' (did you mean `cake`?)" },
		{ "cake difserv4", "cake has no option 'difserv4' (did you mean `diffserv4`?)" },
		{ "cake dual-srchosts",
		  "cake has no option 'dual-srchosts' (did you mean `dual-srchost`?)" },
		{ "cake conservativ",
		  "cake has no option 'conservativ' (did you mean `conservative`?)" },
		{ "fq_codel diffserv4",
		  "fq_codel has no option 'diffserv4' (known words are limit, flows, target, "
		  "interval, quantum, noecn, ecn, ce_threshold, memory_limit, drop_batch)" },
		{ "mq 3", "mq has no option '3'" },
		{ "cake rtt", "`rtt` of cake wants a time like 20ms from 1us to 4294967295us" },
		{ "cake rtt diffserv4", "`rtt` of cake wants a time like 20ms from 1us to "
					"4294967295us, not 'diffserv4'" },
		{ "cake rtt 0", "not '0'" },
		{ "cake rtt 5000s", "not '5000s'" },
		{ "cake rtt -1ms", "not '-1ms'" },
		{ "cake rtt 20m", "not '20m'" },
		{ "cake rtt .", "not '.'" },
		{ "cake bandwidth x", "`bandwidth` of cake wants a rate like 20Mbit, not 'x'" },
		{ "cake bandwidth 99999999999Tbit", "not '99999999999Tbit'" },
		{ "cake bandwidth 99999999999999999999", "not '99999999999999999999'" },
		{ "cake bandwidth unlimited", "not 'unlimited'" },
		{ "cake overhead 257", "a whole number from -64 to 256, not '257'" },
		{ "cake overhead -65", "not '-65'" },
		{ "cake overhead 0x10", "not '0x10'" },
		{ "cake overhead 250 ethernet",
		  "with 'ethernet' the overhead of cake is 288, above the most of 256" },
		{ "cake memlimit 4Gb", "not '4Gb'" },
		{ "cake fwmark 0x", "not '0x'" },
		{ "fq_codel flows 0", "a whole number from 1 to 65536, not '0'" },
		{ "fq_codel flows 1e3", "not '1e3'" },
		{ "fq_codel quantum 100", "from 256b to 1Mb, not '100'" },
		{ "htb default 1ffff", "in hex, like 2 from 0 to ffff, not '1ffff'" },
		{ "htb default -1", "not '-1'" },
		{ "pfifo limit limit", "not 'limit'" },
		{ "pfifo \xff\xfe", "pfifo has no option" },
		{ "cake aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  "'aaaaaaaaaaaaaaaaaaaa...' is too long for a word" },
	};
	const struct mark at = { "net.csv", 3, 7 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_diag_ struct diag d = { 0 };
		_cleanup_strbuf_ struct strbuf said = { 0 };
		struct nl_qdisc_spec spec = { .kind = NL_QDISC_MQ, .given = 7 };

		assert_int_equal(nl_qdisc_parse(cases[i][0], &at, &spec, &d), -EINVAL);
		assert_int_equal(d.errors, 1);
		assert_int_equal(spec.kind, NL_QDISC_MQ);
		assert_int_equal(spec.given, 7);
		diag_format_all(&d, &said);
		if (!strstr(strbuf_text(&said), cases[i][1]) ||
		    strncmp(strbuf_text(&said), "net.csv:3:7: ", 13))
			fail_msg("'%s' says: %s", cases[i][0], strbuf_text(&said));
	}
}

static void test_values(void **state)
{
	struct nl_qdisc_spec spec = parse("cake bandwidth 25Mbit diffserv4 overhead -4 besteffort");

	assert_int_equal(spec.kind, NL_QDISC_CAKE);
	assert_true(spec.cake.bandwidth == 25000000);
	assert_int_equal(spec.cake.diffserv, NL_CAKE_BESTEFFORT);
	assert_int_equal(spec.cake.overhead, -4);
	assert_true(nl_qdisc_given(&spec, "overhead"));
	assert_false(nl_qdisc_given(&spec, "rtt"));
	assert_false(nl_qdisc_given(&spec, "no-such"));
	assert_int_equal(nl_qdisc_give(&spec, "rtt", 5000), 0);
	assert_true(nl_qdisc_given(&spec, "rtt"));
	assert_int_equal(spec.cake.rtt_us, 5000);
	assert_int_equal(nl_qdisc_give(&spec, "limit", 5000), -ENOENT);
}

/* from, to, and what is to be sent; NULL: it cannot be done in place. */
static void test_in_place(void **state)
{
	static const char *const cases[][3] = {
		{ "cake", "cake", "cake" },
		{ "cake", "cake rtt 20ms", "cake rtt 20ms" },
		{ "cake rtt 20ms", "cake", "cake rtt 100ms" },
		{ "cake rtt 20ms", "cake rtt 30ms", "cake rtt 30ms" },
		{ "cake diffserv4 nat", "cake wash", "cake diffserv3 nonat wash" },
		{ "cake besteffort no-split-gso flows", "cake",
		  "cake diffserv3 triple-isolate split-gso" },
		{ "cake bandwidth 10Mbit", "cake", "cake unlimited" },
		{ "cake atm overhead 20", "cake", "cake noatm raw overhead 0" },
		{ "cake raw", "cake overhead 20", "cake overhead 20" },
		{ "cake", "fq_codel", NULL },
		{ "fq_codel flows 64", "fq_codel", NULL },
		{ "fq_codel flows 64", "fq_codel flows 64 limit 10", "fq_codel limit 10 flows 64" },
		{ "fq_codel", "fq_codel flows 1024", "fq_codel flows 1024" },
		{ "fq_codel limit 10 noecn", "fq_codel", "fq_codel limit 10240 ecn" },
		{ "fq_codel quantum 300", "fq_codel", NULL },
		{ "fq_codel ce_threshold 1ms", "fq_codel", NULL },
		{ "pfifo", "pfifo limit 10", "pfifo limit 10" },
		{ "pfifo limit 10", "pfifo", NULL },
		{ "pfifo", "bfifo", NULL },
		{ "htb default 2", "htb default 2 r2q 10", "htb default 2 r2q 10" },
		{ "htb default 2", "htb default 3", NULL },
		{ "mq", "mq", "mq" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct nl_qdisc_spec from = parse(cases[i][0]), to = parse(cases[i][1]), sent;
		_cleanup_strbuf_ struct strbuf out = { 0 };

		if (nl_qdisc_in_place(&from, &to, &sent) != !!cases[i][2])
			fail_msg("'%s' to '%s'", cases[i][0], cases[i][1]);
		if (!cases[i][2])
			continue;
		nl_qdisc_format(&sent, &out);
		assert_string_equal(strbuf_text(&out), cases[i][2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_and_back),
		cmocka_unit_test(test_what_is_wrong),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_in_place),
	};

	return cmocka_run_group_tests_name("nl/qdisc_words", tests, NULL, NULL);
}
