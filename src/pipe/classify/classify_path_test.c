/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The whole way of real packets: XDP's answer is followed where they leave.  A test run cannot hand
 * metadata to TC, nor does it show the queue that was chosen.
 */
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>

#include "pipe/classify/classify_test_expect.h"

/* By TCX; newer than this system's headers. */
#define ATTACH_INGRESS 46
#define ATTACH_EGRESS 47
#define PATIENCE 5000 /* ms, till a packet is missed */

/* What a packet had when it was about to be queued. */
struct seen {
	uint32_t n, priority, queue;
};

#define LOAD(to, from, offset)                                                         \
	{                                                                              \
		.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = (to), .src_reg = (from), \
		.off = (offset)                                                        \
	}
#define STORE(to, offset, from)                                                        \
	{                                                                              \
		.code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = (to), .src_reg = (from), \
		.off = (offset)                                                        \
	}
#define COPY(to, from)                                                                  \
	{                                                                               \
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to), .src_reg = (from) \
	}
#define SET(to, value)                                                               \
	{                                                                            \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to), .imm = (value) \
	}
#define ADD(to, value)                                                               \
	{                                                                            \
		.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (to), .imm = (value) \
	}
#define CALL(function)                                        \
	{                                                     \
		.code = BPF_JMP | BPF_CALL, .imm = (function) \
	}
#define SKIP_IF(reg, op, value, n)                                                           \
	{                                                                                    \
		.code = BPF_JMP | (op) | BPF_K, .dst_reg = (reg), .off = (n), .imm = (value) \
	}
#define EXIT                               \
	{                                  \
		.code = BPF_JMP | BPF_EXIT \
	}
#define SKB(field) ((short)offsetof(struct __sk_buff, field))
#define SEEN(field) ((short)offsetof(struct seen, field))

static int load(const struct bpf_insn *insns, size_t n)
{
	char log[4096] = "";
	LIBBPF_OPTS(bpf_prog_load_opts, options, .log_buf = log, .log_size = sizeof(log),
		    .log_level = 1);
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "path", "GPL", insns, n, &options);

	if (fd < 0)
		fail_msg("%s", log);
	return fd;
}

/* Everything goes out by that interface, as a bridge would have it. */
static int load_forward(int ifindex)
{
	const struct bpf_insn insns[] = { SET(1, ifindex), SET(2, 0), CALL(BPF_FUNC_redirect), EXIT };

	return load(insns, ARRAY_LEN(insns));
}

/* Frames of `len` bytes are noted; the kernel's own are not of that length. */
static int load_note(int map, unsigned len)
{
	const struct bpf_insn insns[] = {
		COPY(6, 1),
		LOAD(1, 6, SKB(len)),
		SKIP_IF(1, BPF_JNE, (int)len, 17),
		SET(1, 0),
		STORE(10, -4, 1),
		COPY(2, 10),
		ADD(2, -4),
		{ .code = BPF_LD | BPF_IMM | BPF_DW,
		  .dst_reg = 1,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map },
		{ 0 },
		CALL(BPF_FUNC_map_lookup_elem),
		SKIP_IF(0, BPF_JEQ, 0, 9),
		LOAD(1, 6, SKB(priority)),
		STORE(0, SEEN(priority), 1),
		LOAD(1, 6, SKB(queue_mapping)),
		STORE(0, SEEN(queue), 1),
		LOAD(1, 0, SEEN(n)),
		ADD(1, 1),
		STORE(0, SEEN(n), 1),
		SET(0, TC_ACT_UNSPEC),
		EXIT,
		SET(0, TC_ACT_UNSPEC),
		EXIT,
	};

	return load(insns, ARRAY_LEN(insns));
}

/* --- the way ----------------------------------------------------------------------------------- */

#define LENGTH 777

struct path {
	struct bed bed;
	int note[BED_LINKS]; /* map of what leaves by that side */
	VEC(int) fds;	     /* links and programs: they end with these */
	int sock;
};

static void keep(struct path *p, int fd)
{
	assert_true(fd >= 0);
	assert_int_equal(vec_push(&p->fds, fd), 0);
}

static void attach(struct path *p, int program, enum side side, unsigned type)
{
	keep(p, bpf_link_create(program, bed_link(&p->bed, side)->ifindex, type, NULL));
}

static void set_up(const char *name, bool up)
{
	assert_int_equal(nl_link_set_flag(bed_nl, (unsigned)nl_test_index(bed_nl, name), IFF_UP, up),
			 0);
}

/* `to`: where what arrives on `side` leaves. */
static void path_side(struct path *p, enum side side, enum side to)
{
	const struct instance *instance = p->bed.port[side].instance;
	int note;

	keep(p, load_forward(bed_link(&p->bed, to)->ifindex));
	attach(p, p->fds.at[p->fds.n - 1], side, ATTACH_INGRESS);
	attach(p, instance->xdp_fd, side, BPF_XDP);
	attach(p, instance->egress_fd, side, ATTACH_EGRESS);
	p->note[side] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "note", 4, sizeof(struct seen), 1, NULL);
	keep(p, p->note[side]);
	note = load_note(p->note[side], LENGTH);
	keep(p, note);
	attach(p, note, side, ATTACH_EGRESS);
}

/* `turn`: all goes back to where it came from. */
static void path_open(struct path *p, const char *yaml, bool turn)
{
	*p = (struct path){ .sock = -1 };
	bed_open(&p->bed, yaml);
	if (!p->bed.kernel.tcx) {
		bed_close(&p->bed);
		print_message("skipped: this kernel attaches no TC programs by links\n");
		skip();
	}
	for (unsigned i = 0; i < BED_LINKS; i++)
		path_side(p, i, turn ? i : !i);
	p->sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_true(p->sock >= 0);
	for (unsigned i = 0; i < BED_LINKS; i++) {
		set_up(bed_names[i], true);
		set_up(i ? "net0" : "acc0", true);
	}
}

static void path_close(struct path *p)
{
	for (unsigned i = 0; i < BED_LINKS; i++)
		set_up(bed_names[i], false);
	(void)close(p->sock);
	vec_foreach(&p->fds, fd)
		(void)close(*fd);
	vec_free(&p->fds);
	bed_close(&p->bed);
}

static struct seen seen(const struct path *p, enum side side)
{
	struct seen s;
	uint32_t zero = 0;

	assert_int_equal(bpf_map_lookup_elem(p->note[side], &zero, &s), 0);
	return s;
}

/* One frame between an address and the internet, of just the length that is noted. */
static struct seen send_one(const struct path *p, const char *address, bool upload, enum side leaves)
{
	struct build as = { .payload = 1 };
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_halen = 6,
				  .sll_ifindex = nl_test_index(bed_nl, upload ? "acc0" : "net0") };
	const uint32_t before = seen(p, leaves).n;
	struct seen after = { .n = before };
	struct frame f;

	as.payload += LENGTH - (int)bed_frame(as, address, upload).len;
	f = bed_frame(as, address, upload);
	assert_int_equal(f.len, LENGTH);
	assert_int_equal(sendto(p->sock, f.bytes, f.len, 0, (struct sockaddr *)&to, sizeof(to)),
			 (ssize_t)f.len);
	for (unsigned ms = 0; ms < PATIENCE && after.n == before; ms++) {
		after = seen(p, leaves);
		if (after.n == before)
			(void)poll(NULL, 0, 1);
	}
	assert_int_equal(after.n, before + 1);
	return after;
}

/* --- tests ------------------------------------------------------------------------------------- */

#define NO_STEERING BED_TWO "  steer: false\n"

/* Not looked up again: the answer came along. */
static void the_answer_is_followed(void **state)
{
	struct path p;

	path_open(&p, NO_STEERING BED_PEOPLE, false);
	foreach_person(who) foreach_way(up)
	{
		const enum side leaves = side_of(!*up);
		struct classify_count before = bed_count(&p.bed, who->id), after;
		struct pipe_count followed = bed_counted(&p.bed, leaves, COUNT_classify_followed);
		struct seen s = send_one(&p, who->address, *up, leaves);

		after = bed_count(&p.bed, who->id);
		assert_int_equal(s.priority, bed_handle(&p.bed, who->id, *up));
		assert_int_equal(s.queue, s.priority >> 16);
		expect_more(&before, &after, *up, 1, LENGTH);
		assert_true(bed_counted(&p.bed, leaves, COUNT_classify_followed).packets >
			    followed.packets);
	}
	assert_int_equal(bed_counted(&p.bed, ACCESS, COUNT_classify_found_leaving).packets, 0);
	assert_int_equal(bed_counted(&p.bed, INTERNET, COUNT_classify_found_leaving).packets, 0);
	path_close(&p);
}

/* Over another CPU: the same class, and counted once. */
static void steered_packets_keep_their_answer(void **state)
{
	struct path p;

	need_cpus();
	path_open(&p, BED_TWO BED_PEOPLE, false);
	foreach_person(who) foreach_way(up)
	{
		const unsigned own =
			classify_world_cpu(bed_world(&p.bed), bed_item(&p.bed, who->id)->queue);
		struct classify_count before = bed_count(&p.bed, who->id), after;
		struct seen s;

		run_on(!own);
		s = send_one(&p, who->address, *up, side_of(!*up));

		after = bed_count(&p.bed, who->id);
		assert_int_equal(s.priority, bed_handle(&p.bed, who->id, *up));
		expect_more(&before, &after, *up, 1, LENGTH);
	}
	run_anywhere();
	path_close(&p);
}

/* No class, but a queue of ours: its default class. */
static void strangers_get_one_of_our_queues(void **state)
{
	struct path p;

	path_open(&p, NO_STEERING BED_PEOPLE, false);
	for (unsigned i = 0; i < ARRAY_LEN(strangers); i++) {
		struct seen s = send_one(&p, strangers[i], true, INTERNET);

		assert_int_equal(s.priority >> 16, 0);
		assert_in_range(s.queue, 1, bed_world(&p.bed)->plan.queues);
		expect_stranger(&p.bed, strangers[i], 1, LENGTH);
	}
	path_close(&p);
}

/* It turned back to where it came from: what was found for the other way does not count there. */
static void what_turns_back_is_looked_up_again(void **state)
{
	struct path p;
	struct seen s;

	path_open(&p, NO_STEERING BED_PEOPLE, true);
	s = send_one(&p, people[0].address, true, ACCESS);
	assert_int_equal(s.priority & ~0xffffu, 0); /* nobody has its destination */
	assert_in_range(s.queue, 1, bed_world(&p.bed)->plan.queues);
	expect_stranger(&p.bed, PEER4, 1, LENGTH);
	path_close(&p);
}

/* Somebody else's queues: what is nobody's keeps the one that it would have without us. */
static void foreign_queues_are_left_alone(void **state)
{
	struct path p;
	struct seen s;

	path_open(&p, NO_STEERING "  tree: none\n" BED_PEOPLE, false);
	s = send_one(&p, people[0].address, true, INTERNET);
	assert_int_equal(s.priority >> 16, 0);
	bed_command(&p.bed, "Map", "{\"address\": \"100.64.0.5\", \"cpu\": 0, \"class\": \"3:1a\"}");
	s = send_one(&p, people[0].address, true, INTERNET);
	assert_int_equal(s.priority, 0x3001a);
	assert_int_equal(s.queue, 3);
	path_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_is_followed),
		cmocka_unit_test(steered_packets_keep_their_answer),
		cmocka_unit_test(strangers_get_one_of_our_queues),
		cmocka_unit_test(what_turns_back_is_looked_up_again),
		cmocka_unit_test(foreign_queues_are_left_alone),
	};

	return cmocka_run_group_tests_name("classify path", tests, bed_namespace, bed_leave);
}
