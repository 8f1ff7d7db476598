/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/pb.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <time.h>

#include "lib/machine.h"

struct pb_driver {
	struct bpf_object *object;
	int drv[PB_KIND_MAX], target[PB_KIND_MAX], empty[PB_KIND_MAX];
	int cfg; /* the map behind the driver's variable */
};

static const struct {
	const char *program, *map;
	enum bpf_prog_type type;
	unsigned attach, flags;
	int verdict;
} kinds[PB_KIND_MAX] = {
	[PB_XDP_FRAGS] = { "drv_frags", "target_frags", BPF_PROG_TYPE_XDP, BPF_XDP, 1U << 5,
			   XDP_PASS },
	[PB_XDP] = { "drv_xdp", "target_xdp", BPF_PROG_TYPE_XDP, BPF_XDP, 0, XDP_PASS },
	[PB_TC] = { "drv_tc", "target_tc", BPF_PROG_TYPE_SCHED_CLS, 0, 0, 0 },
};

static int load_empty(enum pb_kind kind)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = kinds[kind].verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = kinds[kind].attach,
		    .prog_flags = kinds[kind].flags);

	return bpf_prog_load(kinds[kind].type, "pb_empty", "GPL", insns, ARRAY_LEN(insns), &options);
}

static int driver_find(struct pb_driver *driver, enum pb_kind kind)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(driver->object, kinds[kind].program);
	int map = bpf_object__find_map_fd_by_name(driver->object, kinds[kind].map);

	if (!program || map < 0)
		return -ENOENT;
	driver->drv[kind] = bpf_program__fd(program);
	driver->target[kind] = map;
	driver->empty[kind] = load_empty(kind);
	return driver->empty[kind] < 0 ? driver->empty[kind] : 0;
}

static int driver_setup(struct pb_driver *driver)
{
	const struct bpf_map *data;
	int r = bpf_object__load(driver->object);

	for (unsigned kind = 0; kind < PB_KIND_MAX && !r; kind++)
		r = driver_find(driver, kind);
	if (r)
		return r;
	data = bpf_object__find_map_by_name(driver->object, ".data");
	if (!data || bpf_map__value_size(data) != sizeof(struct pb_cfg))
		return -ENOENT;
	driver->cfg = bpf_map__fd(data);
	return 0;
}

int pb_driver_open(struct pb_driver **ret, struct diag *d)
{
	_cleanup_(pb_driver_freep) struct pb_driver *driver = calloc(1, sizeof(*driver));
	_cleanup_free_ char *path = machine_beside("progbench_drv.bpf.o");
	int r;

	if (!driver || !path)
		return -ENOMEM;
	for (unsigned kind = 0; kind < PB_KIND_MAX; kind++)
		driver->empty[kind] = -1;
	driver->object = bpf_object__open_file(path, NULL);
	r = driver->object ? driver_setup(driver) : -errno;
	if (r) {
		(void)diag_error(d, NULL, "%s does not load: %s", path, strerror(-r));
		return r;
	}
	*ret = TAKE_PTR(driver);
	return 0;
}

int pb_driver_settle(struct pb_driver *driver)
{
	if (unshare(CLONE_NEWNET))
		return -errno;
	return bpf_xdp_attach((int)if_nametoindex("lo"), driver->drv[PB_XDP_FRAGS],
			      XDP_FLAGS_SKB_MODE, NULL);
}

void pb_driver_free(struct pb_driver *driver)
{
	if (!driver)
		return;
	for (unsigned kind = 0; kind < PB_KIND_MAX; kind++)
		cleanup_close(&driver->empty[kind]);
	bpf_object__close(driver->object);
	free(driver);
}

void pb_case_free(struct pb_case *c)
{
	samples_free(&c->net);
	samples_free(&c->driver);
}

/* --- one timed run ----------------------------------------------------------------------------- */

static double clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/*
 * The thread's own CPU time, not the kernel's `duration`: that counts what others did on this CPU
 * meanwhile and knows whole nanoseconds only.  The call's own cost is in the driver's run too.
 */
static int run(const struct pb_case *c, int fd, unsigned repeat, double *ret_ns, unsigned *ret_verdict)
{
	struct xdp_md xdp = { .data_end = c->packet->len, .ingress_ifindex = c->ifindex };
	struct __sk_buff skb = { .ifindex = c->ifindex ? c->ifindex : 1,
				 .ingress_ifindex = c->iif,
				 .priority = c->priority };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = c->packet->bytes,
		    .data_size_in = c->packet->len, .repeat = (int)repeat);
	double start;
	int r;

	if (c->kind == PB_TC) {
		options.ctx_in = &skb;
		options.ctx_size_in = sizeof(skb);
	} else if (c->ifindex) {
		options.ctx_in = &xdp;
		options.ctx_size_in = sizeof(xdp);
	}
	start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	r = bpf_prog_test_run_opts(fd, &options);
	*ret_ns = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / repeat;
	*ret_verdict = options.retval;
	return r;
}

/* With the program under test in the driver, or with the empty one. */
static int run_driven(struct pb_driver *driver, const struct pb_case *c, bool empty,
		      const struct pb_options *options, double *ret_ns, unsigned *ret_verdict)
{
	const int *target = empty ? &driver->empty[c->kind] : &c->fd;
	__u32 slot = 0;

	if (options->no_driver)
		return run(c, *target, options->repeat, ret_ns, ret_verdict);
	if (bpf_map_update_elem(driver->target[c->kind], &slot, target, BPF_ANY) ||
	    bpf_map_update_elem(driver->cfg, &slot, &c->packet->cfg, BPF_ANY))
		return -errno;
	return run(c, driver->drv[c->kind], options->repeat, ret_ns, ret_verdict);
}

/* --- rounds ------------------------------------------------------------------------------------ */

/* The program array that takes it tells: a program with fragments fits only a driver with them. */
static int find_kind(const struct pb_driver *driver, struct pb_case *c)
{
	__u32 slot = 0;

	for (unsigned kind = 0; kind < PB_KIND_MAX; kind++)
		if (!bpf_map_update_elem(driver->target[kind], &slot, &c->fd, BPF_ANY)) {
			c->kind = kind;
			return 0;
		}
	return -EINVAL;
}

/* Cases with the same packet share the driver's run: in their difference it cancels out. */
static struct pb_case *find_base(struct pb_case *const *cases, size_t n, struct pb_case *c)
{
	for (size_t i = 0; i < n; i++)
		if (cases[i]->kind == c->kind && cases[i]->packet->len == c->packet->len &&
		    !memcmp(&cases[i]->packet->cfg, &c->packet->cfg, sizeof(c->packet->cfg)))
			return cases[i];
	return c;
}

static int run_once(struct pb_driver *driver, struct pb_case *c, const struct pb_options *options)
{
	unsigned verdict = 0, ignored;
	int r = run_driven(driver, c, false, options, &c->last, &verdict);

	if (!r && c->base == c)
		r = run_driven(driver, c, true, options, &c->last_driver, &ignored);
	if (!r)
		c->verdicts[verdict < PB_VERDICTS ? verdict : PB_VERDICTS - 1]++;
	return r;
}

static int keep_sample(struct pb_case *c, const struct pb_options *options)
{
	double driver = c->base->last_driver;
	int r = samples_add(&c->net, (c->last - driver) / options->divide);

	return r ? r : samples_add(&c->driver, driver);
}

static int prepare(struct pb_driver *driver, struct pb_case *const *cases, size_t i,
		   const struct pb_options *options, struct diag *d)
{
	struct pb_options warm = *options;
	int r = find_kind(driver, cases[i]);

	if (r)
		return diag_error(d, NULL, "%s: not an XDP or TC program that can be tail-called",
				  cases[i]->label);
	cases[i]->base = find_base(cases, i, cases[i]);
	warm.repeat = PB_WARM;
	r = run_driven(driver, cases[i], false, &warm, &cases[i]->last, &(unsigned){ 0 });
	if (r)
		(void)diag_error(d, NULL, "%s: test run: %s", cases[i]->label, strerror(-r));
	return r;
}

/*
 * Another order each round, and not only turned: who always follows the same one finds the caches
 * as that one left them.
 */
static void shuffle(size_t *order, size_t n, __u64 *random)
{
	for (size_t i = n; i > 1; i--) {
		size_t k, other;

		*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
		k = (size_t)(*random >> 33) % i;
		other = order[k];
		order[k] = order[i - 1];
		order[i - 1] = other;
	}
}

static int one_round(struct pb_driver *driver, struct pb_case *const *cases, size_t n,
		     const size_t *order, const struct pb_options *options)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		r = run_once(driver, cases[order[i]], options);
	for (size_t i = 0; i < n && !r; i++)
		r = keep_sample(cases[i], options);
	return r;
}

int pb_rounds(struct pb_driver *driver, struct pb_case *const *cases, size_t n,
	      const struct pb_options *options, struct diag *d)
{
	double end = clock_ns(CLOCK_MONOTONIC) + options->seconds * 1e9;
	_cleanup_free_ size_t *order = calloc(n, sizeof(*order));
	static __u64 random = 1;
	int r = order ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !r; i++) {
		order[i] = i;
		r = prepare(driver, cases, i, options, d);
	}
	for (size_t round = 0; round < options->rounds && !r; round++) {
		shuffle(order, n, &random);
		r = one_round(driver, cases, n, order, options);
		if (r)
			(void)diag_error(d, NULL, "test run: %s", strerror(-r));
		if (options->seconds > 0 && clock_ns(CLOCK_MONOTONIC) > end)
			break;
	}
	return r;
}

const char *pb_verdict_name(enum pb_kind kind, unsigned verdict)
{
	static const char *const xdp[] = { "ABORTED", "DROP", "PASS", "TX", "REDIRECT" };
	static const char *const tc[] = { "OK",	    "RECLASSIFY", "SHOT",   "PIPE",
					  "STOLEN", "QUEUED",	  "REPEAT", "REDIRECT" };

	if (kind == PB_TC)
		return verdict < ARRAY_LEN(tc) ? tc[verdict] : "other";
	return verdict < ARRAY_LEN(xdp) ? xdp[verdict] : "other";
}

int pb_pin_cpu(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}
