/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parser on skbs whose headers lie partly behind the linear part, made by a packet socket
 * on the loopback device of a network namespace of its own.
 */
#include "pipe/parse_check.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

/* In a new network namespace that ends with the caller's process: lo is up, the probe on it. */
static int lo_prepare(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = 1, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(probe->progs.probe_tc));
	int fd;

	if (unshare(CLONE_NEWNET))
		return -errno;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr))
		return -errno;
	close(fd);
	if (bpf_tc_hook_create(&hook))
		return -EOPNOTSUPP;
	return bpf_tc_attach(&hook, &opts);
}

static int lo_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), on = 1;
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = 1 };

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)))
		return -errno;
	return fd;
}

/* A packet socket takes the size of the linear part from its caller, above a page. */
static int lo_send(int fd, const uint8_t *frame, size_t len, size_t linear)
{
	struct virtio_net_hdr head = { .hdr_len = (uint16_t)linear };
	struct iovec iov[] = { { &head, sizeof(head) }, { (void *)frame, len } };

	memset(&probe->bss->view, 0xff, sizeof(probe->bss->view));
	return writev(fd, iov, 2) < 0 ? -errno : 0;
}

/* Exit status 0: all the same; 1: a difference; 2: no such namespace or socket here. */
static int child_sends_non_linear(const struct build *b, const struct build *quoted)
{
	uint8_t frame[BUILD_MAX];
	struct parse_view want;
	size_t len, needed;
	int fd;

	len = quoted ? build_error(frame, *b, 3, quoted, BUILD_MAX, &want) :
		       build_frame(frame, b, &want);

	if (lo_prepare())
		return 2;
	fd = lo_socket();
	if (fd < 0)
		return 2;
	/* How far a quote's headers go is not looked into. */
	needed = quoted ? PARSE_PULL : want.l4 + (want.proto == 6 ? 20 : 8);
	for (size_t linear = 14; linear < PARSE_PULL + 4; linear++) {
		const char *field;

		if (lo_send(fd, frame, len, linear))
			return 2;
		field = second_difference(&probe->bss->view, &want);
		if (field) {
			print_error("linear part of %zu bytes: %s differs\n", linear, field);
			return 1;
		}
		if (probe->bss->pulled != (linear < needed)) {
			print_error("linear part of %zu bytes: pulled %u\n", linear,
				    probe->bss->pulled);
			return 1;
		}
	}
	return 0;
}

static int non_linear(const struct build *b, const struct build *quoted)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(child_sends_non_linear(b, quoted));
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Headers behind the linear part are pulled in when they are needed, and only then. */
static void test_headers_beyond_linear_part(void **state)
{
	struct build b = { .tags = 2,
			   .family = 6,
			   .exts = 2,
			   .ext = { 60, 51 },
			   .proto = 6,
			   .opt = OPT_NONE,
			   .payload = 6000,
			   .tci = { 0xa003, 4 } };
	struct build quoted = { .family = 6, .exts = 1, .ext = { 60 }, .proto = 17, .payload = 6000 };
	int r;

	if (!probe) {
		print_message("skipped: BPF programs cannot run here\n");
		skip();
	}
	probe->bss->tag_proto = 0;
	r = non_linear(&b, NULL);
	if (r == 2) {
		print_message("skipped: no network namespace, clsact or packet socket here\n");
		skip();
	}
	assert_int_equal(r, 0);
	assert_int_equal(non_linear(&b, &quoted), 0);
	b = (struct build){ .family = 4, .ihl = 15, .proto = 17, .payload = 6000, .pppoe = true };
	assert_int_equal(non_linear(&b, NULL), 0);
	quoted.family = 4;
	assert_int_equal(non_linear(&b, &quoted), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_beyond_linear_part),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, probe_setup, probe_teardown);
}
