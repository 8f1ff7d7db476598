/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/veth.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/machine.h"
#include "lib/packet.h"

#ifndef BPF_F_TEST_XDP_LIVE_FRAMES
#define BPF_F_TEST_XDP_LIVE_FRAMES (1U << 1)
#endif
#define FRAME_LEN 60 /* 64 on the wire */
#define WARM_FRAMES 4096
#define RETRIES 20 /* of a run that slept */

struct veth_bench {
	int a, mid, b; /* network namespaces */
	int link;      /* of the middle's program */
	int n_cpus;
	int held; /* a namespace, see veth_bench_hold() */
	struct bpf_object *object;
	unsigned char frame[FRAME_LEN]; /* of no known protocol */
	struct packet packet;		/* of one of many flows */
};

/* --- namespaces -------------------------------------------------------------------------------- */

static int netns_open(const char *prefix, const char *role, int *ret, struct diag *d)
{
	char path[160];
	int fd;

	(void)snprintf(path, sizeof(path), "/run/netns/%.100s-%s", prefix, role);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return diag_error(d, NULL, "%s: %s", path, strerror(errno));
	*ret = fd;
	return 0;
}

static int netns_enter(int fd)
{
	return setns(fd, CLONE_NEWNET) ? -errno : 0;
}

static int device_ask(const char *name, unsigned long what, struct ifreq *ret)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	*ret = (struct ifreq){ 0 };
	(void)snprintf(ret->ifr_name, sizeof(ret->ifr_name), "%s", name);
	return ioctl(fd, what, ret) ? -errno : 0;
}

/* --- both ends --------------------------------------------------------------------------------- */

static int program_of(const struct veth_bench *bench, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(bench->object, name));
}

static int mac_of(int netns, const char *name, unsigned char *ret)
{
	struct ifreq request;
	int r = netns_enter(netns);

	r = r ? r : device_ask(name, SIOCGIFHWADDR, &request);
	if (!r)
		memcpy(ret, request.ifr_hwaddr.sa_data, 6);
	return r;
}

/* Broadcast-free and of an unused ethertype: nobody but the bridge looks at it. */
static int make_frame(struct veth_bench *bench)
{
	int r = mac_of(bench->b, "eth0", bench->frame);

	r = r ? r : mac_of(bench->a, "eth0", bench->frame + 6);
	bench->frame[12] = 0x88;
	bench->frame[13] = 0xb5;
	return r;
}

static int make_packet(struct veth_bench *bench, struct diag *d)
{
	struct pb_cfg cfg = pb_cfg_default();
	int r = packet_build("udp4", &cfg, &bench->packet, d);

	return r || bench->packet.len == FRAME_LEN ? r : -EMSGSIZE;
}

static int setup_sink(const struct veth_bench *bench)
{
	int r = netns_enter(bench->b);

	return r ? r :
		   bpf_xdp_attach((int)if_nametoindex("eth0"), program_of(bench, "veth_sink"),
				  XDP_FLAGS_DRV_MODE, NULL);
}

static int setup_generator(struct veth_bench *bench)
{
	int wire = bpf_object__find_map_fd_by_name(bench->object, "wire"), r = netns_enter(bench->a);
	__u32 slot = 0, ifindex = r ? 0 : if_nametoindex("eth0");

	if (r)
		return r;
	if (bpf_map_update_elem(wire, &slot, &ifindex, BPF_ANY))
		return -errno;
	/* A test run of a program that is attached nowhere waits some 20 ms at its start and end. */
	r = bpf_xdp_attach((int)if_nametoindex("lo"), program_of(bench, "veth_generate"),
			   XDP_FLAGS_SKB_MODE, NULL);
	return r ? r : veth_bench_hold(program_of(bench, "veth_generate_flows"), &bench->held);
}

static int setup_middle(struct veth_bench *bench, struct veth_middle *ret)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	struct ifreq request;
	int r = netns_enter(bench->mid);

	r = r ? r : device_ask("eth1", SIOCGIFMTU, &request);
	if (r)
		return r;
	*ret = (struct veth_middle){
		.eth1 = (int)if_nametoindex("eth1"),
		.eth2 = (int)if_nametoindex("eth2"),
		.mtu = (unsigned)request.ifr_mtu,
	};
	bench->link = bpf_link_create(veth_bench_pass_fd(bench), ret->eth1, BPF_XDP, &options);
	return bench->link < 0 ? bench->link : 0;
}

static int load_ends(struct veth_bench *bench)
{
	_cleanup_free_ char *path = machine_beside("veth.bpf.o");

	bench->object = path ? bpf_object__open_file(path, NULL) : NULL;
	return bench->object ? bpf_object__load(bench->object) : -errno;
}

static int setup_all(struct veth_bench *bench, struct veth_middle *middle, struct diag *d)
{
	static const char *const steps[] = { "loading veth.bpf.o", "addresses", "sink in b",
					     "generator in a", "program in mid" };
	unsigned step = 0;
	int r = load_ends(bench);

	r = r ? r : (step++, make_frame(bench));
	r = r ? r : make_packet(bench, d);
	r = r ? r : (step++, setup_sink(bench));
	r = r ? r : (step++, setup_generator(bench));
	r = r ? r : (step++, setup_middle(bench, middle));
	return r ? diag_error(d, NULL, "%s: %s", steps[step], strerror(-r)) : 0;
}

int veth_bench_open(const char *prefix, struct veth_bench **ret, struct veth_middle *ret_middle,
		    struct diag *d)
{
	_cleanup_(veth_bench_freep) struct veth_bench *bench = calloc(1, sizeof(*bench));
	struct veth_middle middle;
	int r;

	if (!bench)
		return -ENOMEM;
	bench->a = bench->mid = bench->b = bench->link = bench->held = -1;
	bench->n_cpus = libbpf_num_possible_cpus();
	r = netns_open(prefix, "a", &bench->a, d);
	r = r ? r : netns_open(prefix, "mid", &bench->mid, d);
	r = r ? r : netns_open(prefix, "b", &bench->b, d);
	r = r ? r : setup_all(bench, &middle, d);
	if (r)
		return r;
	*ret_middle = middle;
	*ret = TAKE_PTR(bench);
	return 0;
}

void veth_bench_free(struct veth_bench *bench)
{
	if (!bench)
		return;
	cleanup_close(&bench->link);
	cleanup_close(&bench->held);
	cleanup_close(&bench->a);
	cleanup_close(&bench->mid);
	cleanup_close(&bench->b);
	bpf_object__close(bench->object);
	free(bench);
}

int veth_bench_hold(int program_fd, int *ret_netns)
{
	_cleanup_close_ int netns = -1, home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	if (home < 0 || unshare(CLONE_NEWNET))
		return -errno;
	netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	r = netns < 0 ? -errno : 0;
	if (!r)
		r = bpf_xdp_attach((int)if_nametoindex("lo"), program_fd, XDP_FLAGS_SKB_MODE, NULL);
	if (setns(home, CLONE_NEWNET))
		return -errno;
	if (!r)
		*ret_netns = TAKE_FD(netns);
	return r;
}

int veth_bench_drop_fd(const struct veth_bench *bench)
{
	return program_of(bench, "veth_middle_drop");
}

int veth_bench_pass_fd(const struct veth_bench *bench)
{
	return program_of(bench, "veth_middle_pass");
}

void veth_way_free(struct veth_way *way)
{
	samples_free(&way->pps);
	samples_free(&way->ns);
}

/* --- runs -------------------------------------------------------------------------------------- */

static unsigned long long count_arrived(const struct veth_bench *bench)
{
	int map = bpf_object__find_map_fd_by_name(bench->object, "arrived");
	_cleanup_free_ __u64 *per_cpu = calloc((size_t)bench->n_cpus, sizeof(*per_cpu));
	unsigned long long sum = 0;
	__u32 key = 0;

	if (!per_cpu || bpf_map_lookup_elem(map, &key, per_cpu))
		return 0;
	for (int i = 0; i < bench->n_cpus; i++)
		sum += per_cpu[i];
	return sum;
}

static int send_frames(const struct veth_bench *bench, const struct veth_way *way, unsigned frames)
{
	const char *generator = way->flows ? "veth_generate_flows" : "veth_generate";
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_size_in = FRAME_LEN,
		    .data_in = way->flows ? bench->packet.bytes : bench->frame,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .repeat = (int)frames);

	return bpf_prog_test_run_opts(program_of(bench, generator), &options);
}

static int choose_flows(const struct veth_bench *bench, unsigned flows)
{
	const struct bpf_map *data = bpf_object__find_map_by_name(bench->object, ".data");
	struct pb_cfg cfg = pb_cfg_default();
	__u32 zero = 0;

	cfg.n_addr = flows;
	if (!data || bpf_map__value_size(data) != sizeof(cfg))
		return -ENOENT;
	return bpf_map_update_elem(bpf_map__fd(data), &zero, &cfg, BPF_ANY) ? -errno : 0;
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* How often this thread slept. */
static long naps(void)
{
	struct rusage usage = { 0 };

	(void)getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw;
}

struct veth_run {
	unsigned long long arrived;
	double took;
	bool slept;
};

static int time_run(const struct veth_bench *bench, const struct veth_way *way, unsigned frames,
		    struct veth_run *ret)
{
	unsigned long long before = count_arrived(bench);
	long slept = naps();
	double start = seconds(CLOCK_MONOTONIC);
	int r = send_frames(bench, way, frames);

	ret->took = seconds(CLOCK_MONOTONIC) - start;
	ret->slept = naps() != slept;
	ret->arrived = count_arrived(bench) - before;
	return r;
}

/*
 * A run never sleeps by itself.  But while anybody on this machine changes an XDP program, the
 * kernel lets it wait for milliseconds, whatever is measured: all ways would look the same.
 */
static int run_awake(const struct veth_bench *bench, const struct veth_way *way, unsigned frames,
		     struct veth_run *ret)
{
	int r = time_run(bench, way, frames, ret);

	for (unsigned i = 0; i < RETRIES && !r && ret->slept; i++)
		r = time_run(bench, way, frames, ret);
	return r || !ret->slept ? r : -EBUSY;
}

static int run_way(const struct veth_bench *bench, struct veth_way *way, unsigned frames, bool keep)
{
	struct veth_run run = { 0 };
	int r = bpf_link_update(bench->link, way->fd, NULL) ? -errno : 0;

	if (!r && way->flows)
		r = choose_flows(bench, way->flows);
	r = r ? r : send_frames(bench, way, WARM_FRAMES);
	if (r || !keep)
		return r;
	r = run_awake(bench, way, frames, &run);
	if (r)
		return r;
	if (!run.arrived)
		return -EPIPE;
	way->sent += frames;
	way->arrived += run.arrived;
	r = samples_add(&way->pps, (double)run.arrived / run.took);
	return r ? r : samples_add(&way->ns, run.took * 1e9 / (double)run.arrived);
}

static const char *run_problem(int r)
{
	if (r == -EPIPE)
		return "not one frame arrived";
	if (r == -EBUSY)
		return "another program on this machine changes XDP programs all the time, which "
		       "makes the kernel wait: measure when it is quiet";
	return strerror(-r);
}

int veth_bench_rounds(struct veth_bench *bench, struct veth_way *const *ways, size_t n,
		      unsigned rounds, unsigned frames, double max_seconds, struct diag *d)
{
	double end = seconds(CLOCK_MONOTONIC) + max_seconds;
	int r = 0;

	for (size_t i = 0; i < (rounds + 1) * n && !r; i++) {
		size_t round = i / n;
		struct veth_way *way = ways[(i + round) % n];

		if (i % n == 0 && round > 1 && seconds(CLOCK_MONOTONIC) > end)
			break;
		r = run_way(bench, way, frames, round > 0);
		if (r)
			(void)diag_error(d, NULL, "%s: %s", way->label, run_problem(r));
	}
	return r;
}
