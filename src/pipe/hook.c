/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/hook.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <string.h>

#include "nl/tc.h"

/* Where our filter stands among others; any free place would do, a fixed one can be found again. */
#define FILTER_PRIORITY 0x5745
#define FILTER_HANDLE 0x5745

/* The two sides of TC, and the names of what is pinned for each. */
static const struct side {
	const char *tcx, *filter, *next;
	unsigned attach; /* BPF_TCX_INGRESS, BPF_TCX_EGRESS: newer than this system's headers */
	enum bpf_tc_attach_point point;
} sides[HOOK_SIDES] = {
	[HOOK_IN] = { "tcx", "filter", "filternext", 46, BPF_TC_INGRESS },
	[HOOK_OUT] = { "tcxout", "filterout", "filteroutnext", 47, BPF_TC_EGRESS },
};

void hook_pin_path(char *path, size_t size, const char *pins, const char *what, int ifindex)
{
	(void)snprintf(path, size, "%s/%s-%d", pins, what, ifindex);
}

static void unpin(const char *pins, const char *what, int ifindex)
{
	char path[4096];

	hook_pin_path(path, sizeof(path), pins, what, ifindex);
	(void)unlink(path);
}

static int open_pin(const char *pins, const char *what, int ifindex)
{
	char path[4096];
	int fd;

	hook_pin_path(path, sizeof(path), pins, what, ifindex);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

static int pin(int fd, const char *pins, const char *what, int ifindex)
{
	char path[4096];

	hook_pin_path(path, sizeof(path), pins, what, ifindex);
	(void)unlink(path);
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

/* The interface a link hangs on; 0 when it is gone (the kernel keeps such a link as an empty shell). */
static int link_ifindex(int fd)
{
	struct bpf_link_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return 0;
	/* xdp.ifindex and tcx.ifindex stand at the same place. */
	return (int)info.xdp.ifindex;
}

/* 0 when there is no such pin. */
static __u32 pinned_program(const char *pins, const char *what, int ifindex)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	_cleanup_close_ int fd = open_pin(pins, what, ifindex);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.id;
}

/*
 * 1 = ours, 0 = the place is free, -EBUSY = somebody else's.  Ours is known by its pinned program
 * ("filternext" while one is being put in place): to look into a foreign one takes a privilege that
 * a running daemon has given up.
 */
static int find_filter(const struct side *side, const char *pins, int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, at, .ifindex = ifindex, .attach_point = side->point);
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

	pipe_libbpf_forget();
	if (bpf_tc_query(&at, &filter))
		return 0;
	return filter.prog_id == pinned_program(pins, side->filter, ifindex) ||
			       filter.prog_id == pinned_program(pins, side->next, ifindex) ?
		       1 :
		       -EBUSY;
}

/* --- XDP --------------------------------------------------------------------------------------- */

static int load_pass(void)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_XDP,
		    .prog_flags = 1U << 5 /* frames of several buffers */);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "weir_pass", "GPL", pass, ARRAY_LEN(pass),
			       &options);

	if (fd >= 0)
		return fd;
	options.prog_flags = 0;
	return bpf_prog_load(BPF_PROG_TYPE_XDP, "weir_pass", "GPL", pass, ARRAY_LEN(pass), &options);
}

static enum xdp_mode attached_mode(int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query(ifindex, 0, &query))
		return XDP_MODE_SKB;
	return query.drv_prog_id ? XDP_MODE_NATIVE : XDP_MODE_SKB;
}

/* Which program sits on the interface itself; 0 = none. */
static __u32 attached_program(int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query(ifindex, 0, &query))
		return 0;
	return query.prog_id	 ? query.prog_id :
	       query.drv_prog_id ? query.drv_prog_id :
				   query.skb_prog_id;
}

static __u32 link_program(int fd)
{
	struct bpf_link_info info = { 0 };
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.prog_id;
}

/* Interface numbers repeat across namespaces: the link must be the one on our interface. */
static void open_xdp(struct hook *hook, const char *pins)
{
	_cleanup_close_ int fd = open_pin(pins, "xdp", hook->ifindex);

	if (fd < 0)
		return;
	if (link_ifindex(fd) != hook->ifindex || link_program(fd) != attached_program(hook->ifindex)) {
		unpin(pins, "xdp", hook->ifindex);
		return;
	}
	hook->mode = attached_mode(hook->ifindex);
	hook->xdp_link = TAKE_FD(fd);
}

static void open_tc(struct hook *hook, enum hook_side side, const char *pins)
{
	_cleanup_close_ int fd = open_pin(pins, sides[side].tcx, hook->ifindex);

	if (fd >= 0 && link_ifindex(fd) == hook->ifindex)
		hook->tcx_link[side] = TAKE_FD(fd);
	hook->filter[side] = find_filter(&sides[side], pins, hook->ifindex) == 1;
	hook->adopted |= hook->tcx_link[side] >= 0 || hook->filter[side];
}

void hook_open(struct hook *hook, const char *pins, int ifindex)
{
	*hook = (struct hook)HOOK_NONE;
	hook->ifindex = ifindex;
	open_xdp(hook, pins);
	hook->adopted = hook->xdp_link >= 0;
	open_tc(hook, HOOK_IN, pins);
	open_tc(hook, HOOK_OUT, pins);
}

/* Another's program is left alone. */
static bool is_foreign(struct hook *hook)
{
	struct bpf_prog_info info = { 0 };
	__u32 id = attached_program(hook->ifindex), len = sizeof(info);
	_cleanup_close_ int fd = -1;

	if (!id)
		return false;
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		info.name[0] = 0;
	(void)snprintf(hook->reason, sizeof(hook->reason),
		       "another XDP program is attached: %s%s%sid %u", info.name[0] ? "'" : "",
		       info.name, info.name[0] ? "', " : "", id);
	return true;
}

/* bpf(2) gives no words for a refusal; asking once more through netlink does. */
static void ask_why(struct hook *hook, int program, unsigned flags, int error)
{
	const char *mode = flags == XDP_FLAGS_DRV_MODE ? "native" : "skb";

	pipe_libbpf_forget();
	if (!bpf_xdp_attach(hook->ifindex, program, flags | XDP_FLAGS_UPDATE_IF_NOEXIST, NULL))
		(void)bpf_xdp_detach(hook->ifindex, flags, NULL);
	(void)snprintf(hook->reason, sizeof(hook->reason), "%s mode refused: %s", mode,
		       pipe_libbpf_words()[0] ? pipe_libbpf_words() : strerror(-error));
}

static bool attach_in(struct hook *hook, const char *pins, int program, enum xdp_mode mode)
{
	unsigned flags = mode == XDP_MODE_NATIVE ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
	int fd = bpf_link_create(program, hook->ifindex, BPF_XDP, &options), r;

	if (fd < 0) {
		ask_why(hook, program, flags, fd);
		return false;
	}
	r = pin(fd, pins, "xdp", hook->ifindex);
	if (r) {
		(void)snprintf(hook->reason, sizeof(hook->reason), "cannot pin in %.100s: %s", pins,
			       strerror(-r));
		(void)close(fd);
		return false;
	}
	hook->xdp_link = fd;
	hook->mode = mode;
	return true;
}

static void forbid(struct hook *hook, enum xdp_mode max)
{
	if (max < XDP_MODE_NATIVE)
		(void)snprintf(hook->reason, sizeof(hook->reason), "the configuration asks for %s",
			       xdp_mode_name(max));
}

static void attach_up_to(struct hook *hook, const char *pins, enum xdp_mode max, int program)
{
	if (max == XDP_MODE_NATIVE && attach_in(hook, pins, program, XDP_MODE_NATIVE))
		return;
	(void)attach_in(hook, pins, program, XDP_MODE_SKB);
}

/* The kernel cannot exchange native for generic in place. */
static void change_mode(struct hook *hook, const char *pins, enum xdp_mode max, int running)
{
	_cleanup_close_ int program = running >= 0 ? fcntl(running, F_DUPFD_CLOEXEC, 3) : -1;

	if (program < 0)
		program = bpf_prog_get_fd_by_id(link_program(hook->xdp_link));
	if (program < 0)
		program = load_pass();
	hook_drop_xdp(hook, pins);
	attach_up_to(hook, pins, max, program);
}

static void keep_or_change(struct hook *hook, const char *pins, enum xdp_mode max, bool raise,
			   int running)
{
	if (hook->mode > max || (raise && hook->mode < max))
		change_mode(hook, pins, max, running);
	else if (hook->mode < max && !hook->reason[0])
		(void)snprintf(hook->reason, sizeof(hook->reason),
			       "an earlier run was in %s mode; stop and start to try %s again",
			       xdp_mode_name(hook->mode), xdp_mode_name(max));
	hook->reached = hook->mode;
}

void hook_claim(struct hook *hook, const char *pins, enum xdp_mode max, bool raise, int running)
{
	_cleanup_close_ int program = -1;

	hook->reason[0] = 0;
	hook->reached = XDP_MODE_TC;
	forbid(hook, max);
	if (max < XDP_MODE_SKB)
		return;
	if (hook->xdp_link >= 0) {
		keep_or_change(hook, pins, max, raise, running);
		return;
	}
	if (is_foreign(hook))
		return;
	program = load_pass();
	if (program < 0) {
		(void)snprintf(hook->reason, sizeof(hook->reason), "XDP programs are refused: %s",
			       strerror(-program));
		return;
	}
	attach_up_to(hook, pins, max, program);
	hook->reached = hook->mode;
}

int hook_set_xdp(struct hook *hook, int program_fd)
{
	return bpf_link_update(hook->xdp_link, program_fd, NULL) ? -errno : 0;
}

void hook_drop_xdp(struct hook *hook, const char *pins)
{
	if (hook->xdp_link < 0)
		return;
	unpin(pins, "xdp", hook->ifindex);
	/* Detach now: a copy of the descriptor elsewhere must not keep the program in the path. */
	(void)bpf_link_detach(hook->xdp_link);
	cleanup_close(&hook->xdp_link);
	hook->xdp_link = -1;
	hook->mode = XDP_MODE_TC;
}

/* --- TC ---------------------------------------------------------------------------------------- */

static int set_tcx(struct hook *hook, enum hook_side side, const char *pins, int program_fd)
{
	int fd, r;

	if (hook->tcx_link[side] >= 0)
		return bpf_link_update(hook->tcx_link[side], program_fd, NULL) ? -errno : 0;
	fd = bpf_link_create(program_fd, hook->ifindex, sides[side].attach, NULL);
	if (fd < 0)
		return fd;
	r = pin(fd, pins, sides[side].tcx, hook->ifindex);
	if (r)
		(void)close(fd);
	else
		hook->tcx_link[side] = fd;
	return r;
}

static int exchange_filter(struct hook *hook, const struct side *side, const char *pins,
			   int program_fd, bool replace)
{
	LIBBPF_OPTS(bpf_tc_hook, at, .ifindex = hook->ifindex, .attach_point = side->point);
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		    .prog_fd = program_fd, .flags = replace ? BPF_TC_F_REPLACE : 0);
	char next[4096], now[4096];
	int r = pin(program_fd, pins, side->next, hook->ifindex);

	if (!r)
		r = bpf_tc_attach(&at, &filter);
	if (r) {
		unpin(pins, side->next, hook->ifindex);
		return r;
	}
	hook_pin_path(next, sizeof(next), pins, side->next, hook->ifindex);
	hook_pin_path(now, sizeof(now), pins, side->filter, hook->ifindex);
	return rename(next, now) ? -errno : 0;
}

/* The pin "clsact-N" remembers that the qdisc is ours to take away. */
static int set_filter(struct hook *hook, enum hook_side side, const char *pins, int program_fd)
{
	LIBBPF_OPTS(bpf_tc_hook, at, .ifindex = hook->ifindex, .attach_point = BPF_TC_INGRESS);
	int r;

	pipe_libbpf_forget();
	r = bpf_tc_hook_create(&at);
	if (!r) {
		r = pin(program_fd, pins, "clsact", hook->ifindex);
		at.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS; /* the qdisc itself */
		if (r)
			(void)bpf_tc_hook_destroy(&at);
	}
	if (r && r != -EEXIST)
		return r;
	r = find_filter(&sides[side], pins, hook->ifindex);
	if (r < 0)
		return r;
	r = exchange_filter(hook, &sides[side], pins, program_fd, r == 1);
	hook->filter[side] |= !r;
	return r;
}

int hook_set_tc(struct hook *hook, enum hook_side side, const char *pins,
		const struct pipe_kernel *kernel, int program_fd)
{
	return kernel->tcx ? set_tcx(hook, side, pins, program_fd) :
			     set_filter(hook, side, pins, program_fd);
}

/* Unsure counts as "somebody is there": a foreign filter must not be lost. */
static bool others_on_clsact(int ifindex)
{
	_cleanup_nl_ struct nl *nl = NULL;
	_cleanup_(nl_hook_free) struct nl_hook hook = { 0 };

	if (nl_open(&nl) || nl_tc_hook_get(nl, (unsigned)ifindex, &hook))
		return true;
	return hook.filters.n > 0;
}

static void drop_filter(const struct side *side, const char *pins, int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, at, .ifindex = ifindex, .attach_point = side->point);
	LIBBPF_OPTS(bpf_tc_opts, filter, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

	if (find_filter(side, pins, ifindex) == 1)
		(void)bpf_tc_detach(&at, &filter);
	unpin(pins, side->filter, ifindex);
	unpin(pins, side->next, ifindex);
}

/* With the last of our filters goes the qdisc, if we made it and nobody else uses it. */
static void drop_clsact(const char *pins, int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, at, .ifindex = ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	_cleanup_close_ int mark = open_pin(pins, "clsact", ifindex);

	if (mark < 0 || find_filter(&sides[HOOK_IN], pins, ifindex) == 1 ||
	    find_filter(&sides[HOOK_OUT], pins, ifindex) == 1)
		return;
	unpin(pins, "clsact", ifindex);
	if (!others_on_clsact(ifindex))
		(void)bpf_tc_hook_destroy(&at);
}

void hook_drop_tc(struct hook *hook, enum hook_side side, const char *pins)
{
	if (hook->tcx_link[side] >= 0) {
		unpin(pins, sides[side].tcx, hook->ifindex);
		(void)bpf_link_detach(hook->tcx_link[side]);
		cleanup_close(&hook->tcx_link[side]);
		hook->tcx_link[side] = -1;
	}
	if (hook->filter[side]) {
		drop_filter(&sides[side], pins, hook->ifindex);
		drop_clsact(pins, hook->ifindex);
	}
	hook->filter[side] = false;
}

static bool side_is_alive(const struct hook *hook, enum hook_side side, const char *pins)
{
	return (hook->tcx_link[side] < 0 || link_ifindex(hook->tcx_link[side]) == hook->ifindex) &&
	       (!hook->filter[side] || find_filter(&sides[side], pins, hook->ifindex) == 1);
}

bool hook_is_alive(const struct hook *hook, const char *pins)
{
	return (hook->xdp_link < 0 || link_ifindex(hook->xdp_link) == hook->ifindex) &&
	       side_is_alive(hook, HOOK_IN, pins) && side_is_alive(hook, HOOK_OUT, pins);
}

void hook_release(struct hook *hook)
{
	cleanup_close(&hook->xdp_link);
	hook->xdp_link = -1;
	for (int i = 0; i < HOOK_SIDES; i++) {
		cleanup_close(&hook->tcx_link[i]);
		hook->tcx_link[i] = -1;
	}
}

void hook_sweep(const char *pins, int ifindex)
{
	struct hook hook = HOOK_NONE;

	hook.ifindex = ifindex;
	hook.xdp_link = open_pin(pins, "xdp", ifindex);
	hook_drop_xdp(&hook, pins);
	for (int i = 0; i < HOOK_SIDES; i++) {
		hook.tcx_link[i] = open_pin(pins, sides[i].tcx, ifindex);
		hook_drop_tc(&hook, (enum hook_side)i, pins);
		drop_filter(&sides[i], pins, ifindex);
	}
	drop_clsact(pins, ifindex);
	unpin(pins, "counters", ifindex);
}
