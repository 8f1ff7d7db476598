/* SPDX-License-Identifier: GPL-2.0-only */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>

#include "nl/nl_test_util.h"
#include "nl/tc.h"

NL_TEST_FIXTURE

static int add_qdisc(unsigned ifindex, const char *kind, uint32_t handle, uint32_t parent)
{
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request(buffer, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
	struct tcmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));

	m->tcm_ifindex = (int)ifindex;
	m->tcm_handle = handle;
	m->tcm_parent = parent;
	mnl_attr_put_strz(h, TCA_KIND, kind);
	return nl_ask(nl, NL_ROUTE, h, NULL, NULL);
}

static void test_clsact(void **state)
{
	_cleanup_nl_hook_ struct nl_hook none = { 0 }, empty = { 0 }, gone = { 0 };
	unsigned index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	index = (unsigned)nl_test_veth(nl, "ta", "tb");
	assert_int_equal(nl_tc_hook_get(nl, index, &none), 0);
	assert_int_equal(none.kind, NL_HOOK_NONE);
	assert_int_equal(nl_tc_clsact_add(nl, index), 0);
	assert_int_equal(nl_tc_clsact_add(nl, index), -EEXIST);
	assert_int_equal(nl_tc_hook_get(nl, index, &empty), 0);
	assert_int_equal(empty.kind, NL_HOOK_CLSACT);
	assert_int_equal(empty.filters.n, 0);
	assert_false(empty.shared);
	assert_int_equal(nl_tc_clsact_delete(nl, index), 0);
	assert_int_equal(nl_tc_hook_get(nl, index, &gone), 0);
	assert_int_equal(gone.kind, NL_HOOK_NONE);
	assert_true(nl_tc_clsact_delete(nl, index) < 0);
	assert_int_equal(nl_tc_clsact_add(nl, 123456), -ENODEV);
	assert_int_equal(nl_test_delete(nl, (int)index), 0);
}

/* The old hook is somebody else's: seen, and not deleted in clsact's place. */
static void test_foreign_ingress(void **state)
{
	_cleanup_nl_hook_ struct nl_hook hook = { 0 }, after = { 0 };
	unsigned index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	index = (unsigned)nl_test_veth(nl, "ta", "tb");
	assert_int_equal(add_qdisc(index, "ingress", TC_H_MAKE(TC_H_INGRESS, 0), TC_H_INGRESS), 0);
	assert_int_equal(nl_tc_hook_get(nl, index, &hook), 0);
	assert_int_equal(hook.kind, NL_HOOK_INGRESS);
	assert_true(nl_tc_clsact_delete(nl, index) < 0);
	assert_int_equal(nl_tc_hook_get(nl, index, &after), 0);
	assert_int_equal(after.kind, NL_HOOK_INGRESS);
	assert_int_equal(nl_test_delete(nl, (int)index), 0);
}

static int load_ok(void)
{
	const struct bpf_insn ok[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TC_ACT_OK },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "weir_ok", "GPL", ok, ARRAY_LEN(ok), NULL);
}

static void attach(unsigned index, int fd, enum bpf_tc_attach_point side, unsigned handle,
		   unsigned priority)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)index, .attach_point = side);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = fd, .handle = handle, .priority = priority);

	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
}

static void test_who_is_on_the_hook(void **state)
{
	_cleanup_nl_hook_ struct nl_hook hook = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	_cleanup_close_ int fd = -1;
	const struct nl_filter *f;
	unsigned index;

	NL_TEST_NEEDS_NAMESPACE(nl);
	fd = load_ok();
	if (fd < 0) {
		print_message("# SKIP no BPF program may be loaded here\n");
		skip();
	}
	index = (unsigned)nl_test_veth(nl, "ta", "tb");
	assert_int_equal(nl_tc_clsact_add(nl, index), 0);
	attach(index, fd, BPF_TC_INGRESS, 1, 7);
	attach(index, fd, BPF_TC_INGRESS, 2, 7);
	attach(index, fd, BPF_TC_EGRESS, 3, 9);
	assert_int_equal(nl_tc_hook_get(nl, index, &hook), 0);
	assert_int_equal(hook.filters.n, 3);
	f = hook.filters.at;
	assert_false(f[0].egress || f[1].egress);
	assert_int_equal(f[0].handle + f[1].handle, 3);
	assert_int_equal(f[0].priority, 7);
	assert_int_equal(f[0].protocol, ETH_P_ALL);
	assert_true(f[2].egress);
	assert_int_equal(f[2].handle, 3);
	assert_int_equal(f[2].priority, 9);
	assert_string_equal(f[2].kind, "bpf");
	assert_true(f[2].direct_action);
	assert_true(f[2].bpf_id > 0);
	assert_non_null(strstr(f[2].bpf_name, "weir_ok"));
	nl_filter_describe(&f[2], &text);
	assert_non_null(strstr(strbuf_text(&text), "bpf priority 9 handle 0x3 \"weir_ok"));
	assert_int_equal(nl_test_delete(nl, (int)index), 0);
}

static int add_u32(unsigned ifindex, uint16_t priority)
{
	struct {
		struct tc_u32_sel sel;
		struct tc_u32_key key;
	} match = { .sel = { .flags = TC_U32_TERMINAL, .nkeys = 1 } };
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request(buffer, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL);
	struct tcmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	struct nlattr *options;

	m->tcm_ifindex = (int)ifindex;
	m->tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	m->tcm_info = TC_H_MAKE((uint32_t)priority << 16, htons(ETH_P_IP));
	mnl_attr_put_strz(h, TCA_KIND, "u32");
	options = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put_u32(h, TCA_U32_CLASSID, 0x10001);
	mnl_attr_put(h, TCA_U32_SEL, sizeof(match), &match);
	mnl_attr_nest_end(h, options);
	return nl_ask(nl, NL_ROUTE, h, NULL, NULL);
}

/* A filter that is no BPF program counts as somebody on the hook too. */
static void test_foreign_filter(void **state)
{
	_cleanup_nl_hook_ struct nl_hook hook = { 0 };
	unsigned index;
	int r;

	NL_TEST_NEEDS_NAMESPACE(nl);
	index = (unsigned)nl_test_veth(nl, "ta", "tb");
	assert_int_equal(nl_tc_clsact_add(nl, index), 0);
	r = add_u32(index, 5);
	if (r == -ENOENT) {
		assert_int_equal(nl_test_delete(nl, (int)index), 0);
		print_message("# SKIP this kernel has no u32 classifier\n");
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(nl_tc_hook_get(nl, index, &hook), 0);
	assert_true(hook.filters.n >= 1);
	vec_foreach(&hook.filters, f) {
		assert_string_equal(f->kind, "u32");
		assert_int_equal(f->priority, 5);
		assert_int_equal(f->protocol, ETH_P_IP);
		assert_int_equal(f->bpf_id, 0);
		assert_true(f->handle);
		assert_false(f->egress);
	}
	assert_int_equal(nl_test_delete(nl, (int)index), 0);
}

static int add_htb(unsigned ifindex, uint32_t handle)
{
	struct tc_htb_glob glob = { .version = 3, .rate2quantum = 10 };
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request(buffer, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
	struct tcmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	struct nlattr *options;

	m->tcm_ifindex = (int)ifindex;
	m->tcm_handle = handle;
	m->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(h, TCA_KIND, "htb");
	options = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put(h, TCA_HTB_INIT, sizeof(glob), &glob);
	mnl_attr_nest_end(h, options);
	return nl_ask(nl, NL_ROUTE, h, NULL, NULL);
}

static int add_htb_class(unsigned ifindex, uint32_t handle)
{
	struct tc_htb_opt opt = { .rate.rate = 125000, .ceil.rate = 125000, .quantum = 1514 };
	char buffer[NL_REQUEST_MAX];
	struct nlmsghdr *h = nl_request(buffer, RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_EXCL);
	struct tcmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	struct nlattr *options;

	m->tcm_ifindex = (int)ifindex;
	m->tcm_handle = handle;
	m->tcm_parent = TC_H_MAJ(handle);
	mnl_attr_put_strz(h, TCA_KIND, "htb");
	options = mnl_attr_nest_start(h, TCA_OPTIONS);
	mnl_attr_put(h, TCA_HTB_PARMS, sizeof(opt), &opt);
	mnl_attr_nest_end(h, options);
	return nl_ask(nl, NL_ROUTE, h, NULL, NULL);
}

/* Only the asked device's, though the kernel tells them all. */
static void test_qdiscs_and_classes(void **state)
{
	_cleanup_nl_tcs_ struct nl_tcs qdiscs = { 0 }, classes = { 0 }, other = { 0 };
	unsigned a, b;
	int r;

	NL_TEST_NEEDS_NAMESPACE(nl);
	a = (unsigned)nl_test_veth(nl, "ta", "tb");
	b = (unsigned)nl_test_index(nl, "tb");
	r = add_htb(a, 0x10000);
	if (r == -ENOENT) {
		assert_int_equal(nl_test_delete(nl, (int)a), 0);
		print_message("# SKIP this kernel has no htb\n");
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(add_htb(b, 0x20000), 0);
	assert_int_equal(add_htb_class(a, 0x10005), 0);
	assert_int_equal(add_qdisc(a, "pfifo", 0x50000, 0x10005), 0);
	assert_int_equal(nl_tc_qdiscs(nl, a, &qdiscs), 0);
	assert_int_equal(qdiscs.n, 2);
	assert_string_equal(qdiscs.at[0].kind, "htb");
	assert_int_equal(qdiscs.at[0].handle, 0x10000);
	assert_int_equal(qdiscs.at[0].parent, TC_H_ROOT);
	assert_int_equal(qdiscs.at[1].parent, 0x10005);
	assert_int_equal(nl_tc_qdiscs(nl, b, &other), 0);
	assert_int_equal(other.n, 1);
	assert_int_equal(other.at[0].handle, 0x20000);
	assert_int_equal(nl_tc_classes(nl, a, &classes), 0);
	assert_int_equal(classes.n, 1);
	assert_int_equal(classes.at[0].handle, 0x10005);
	assert_int_equal(classes.at[0].leaf, 0x50000);
	assert_int_equal(nl_test_delete(nl, (int)a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clsact),
		cmocka_unit_test(test_foreign_ingress),
		cmocka_unit_test(test_who_is_on_the_hook),
		cmocka_unit_test(test_foreign_filter),
		cmocka_unit_test(test_qdiscs_and_classes),
	};

	return cmocka_run_group_tests_name("nl/tc", tests, setup, teardown);
}
