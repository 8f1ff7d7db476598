/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vlanport: loads and pins the few BPF instructions that make a veth end behave like a port of a
 * tagging switch (no 8021q module, no bridge filtering needed), or that make it receive redirected
 * frames on kernels where only an XDP program does that. lab.sh attaches the pin with ip or tc.
 */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TOOL_NAME "vlanport"
#include "tool.h"

#define INSNS_MAX 128

struct program {
	struct bpf_insn insn[INSNS_MAX];
	unsigned int len;
	enum bpf_prog_type type;
};

static const char help[] =
	"vlanport access VID IFINDEX PIN          tc: push tag VID, send to IFINDEX\n"
	"vlanport trunk VID=IFINDEX[,...] PIN     tc: pop the tag, send to its IFINDEX, drop the "
	"rest\n"
	"vlanport drop OFFSET VALUE PIN           tc: drop frames with VALUE in the byte at "
	"OFFSET\n"
	"vlanport divert OFFSET VALUE IFINDEX PIN tc: send such frames to IFINDEX\n"
	"vlanport pass PIN                        XDP: pass everything\n";

static void emit(struct program *p, struct bpf_insn insn)
{
	if (p->len == INSNS_MAX)
		die_usage("program too long for", TOOL_NAME);
	p->insn[p->len++] = insn;
}

static void emit_set(struct program *p, int reg, int32_t value)
{
	emit(p,
	     (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = reg, .imm = value });
}

static void emit_copy(struct program *p, int to, int from)
{
	emit(p, (struct bpf_insn){
			.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = to, .src_reg = from });
}

static void emit_call(struct program *p, int32_t helper)
{
	emit(p, (struct bpf_insn){ .code = BPF_JMP | BPF_CALL, .imm = helper });
}

static void emit_exit(struct program *p)
{
	emit(p, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

static void emit_redirect(struct program *p, int32_t ifindex)
{
	emit_set(p, BPF_REG_1, ifindex);
	emit_set(p, BPF_REG_2, 0);
	emit_call(p, BPF_FUNC_redirect);
	emit_exit(p);
}

static void program_access(struct program *p, int32_t vid, int32_t ifindex)
{
	p->type = BPF_PROG_TYPE_SCHED_CLS;
	emit_set(p, BPF_REG_2, htons(ETH_P_8021Q));
	emit_set(p, BPF_REG_3, vid);
	emit_call(p, BPF_FUNC_skb_vlan_push);
	emit_redirect(p, ifindex);
}

static void program_trunk_begin(struct program *p)
{
	p->type = BPF_PROG_TYPE_SCHED_CLS;
	emit_copy(p, BPF_REG_6, BPF_REG_1);
	emit(p, (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W,
				   .dst_reg = BPF_REG_7,
				   .src_reg = BPF_REG_1,
				   .off = offsetof(struct __sk_buff, vlan_tci) });
	emit(p, (struct bpf_insn){
			.code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = BPF_REG_7, .imm = 0xfff });
}

static void program_trunk_port(struct program *p, int32_t vid, int32_t ifindex)
{
	unsigned int jump = p->len;

	emit(p, (struct bpf_insn){
			.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = BPF_REG_7, .imm = vid });
	emit_copy(p, BPF_REG_1, BPF_REG_6);
	emit_call(p, BPF_FUNC_skb_vlan_pop);
	emit_redirect(p, ifindex);
	p->insn[jump].off = (int16_t)(p->len - jump - 1);
}

static void program_trunk(struct program *p, char *ports)
{
	char *rest = NULL;

	program_trunk_begin(p);
	for (char *port = strtok_r(ports, ",", &rest); port; port = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(port, '=');

		if (!equals)
			die_usage("expected VID=IFINDEX, got", port);
		*equals = '\0';
		program_trunk_port(p, (int32_t)number_parse(port, 1, 4094),
				   (int32_t)number_parse(equals + 1, 1, INT32_MAX));
	}
	emit_set(p, BPF_REG_0, TC_ACT_SHOT);
	emit_exit(p);
}

/* Frames with another value in that byte end here and pass; what follows is for those that have it. */
static void program_match(struct program *p, int32_t offset, int32_t value)
{
	p->type = BPF_PROG_TYPE_SCHED_CLS;
	emit_copy(p, BPF_REG_6, BPF_REG_1);
	emit(p, (struct bpf_insn){ .code = BPF_LD | BPF_ABS | BPF_B, .imm = offset });
	emit_copy(p, BPF_REG_7, BPF_REG_0);
	emit_set(p, BPF_REG_0, TC_ACT_OK);
	emit(p, (struct bpf_insn){ .code = BPF_JMP | BPF_JEQ | BPF_K,
				   .dst_reg = BPF_REG_7,
				   .off = 1,
				   .imm = value });
	emit_exit(p);
}

/* An exact fault for tests: the numbers of udpgen decide which datagrams vanish. */
static void program_drop(struct program *p, int32_t offset, int32_t value)
{
	program_match(p, offset, value);
	emit_set(p, BPF_REG_0, TC_ACT_SHOT);
	emit_exit(p);
}

/* Another one: frames of a connection that do not stay with the rest of it. */
static void program_divert(struct program *p, int32_t offset, int32_t value, int32_t ifindex)
{
	program_match(p, offset, value);
	emit_redirect(p, ifindex);
}

static void program_pass(struct program *p)
{
	p->type = BPF_PROG_TYPE_XDP;
	emit_set(p, BPF_REG_0, XDP_PASS);
	emit_exit(p);
}

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static void program_pin(const struct program *p, const char *path)
{
	union bpf_attr load = { .prog_type = p->type,
				.insns = (uintptr_t)p->insn,
				.insn_cnt = p->len,
				.license = (uintptr_t) "GPL",
				.prog_name = "lab_port" };
	union bpf_attr pin = { .pathname = (uintptr_t)path };
	int fd = bpf(BPF_PROG_LOAD, &load);

	if (fd < 0)
		die("cannot load the program");
	pin.bpf_fd = (uint32_t)fd;
	if (bpf(BPF_OBJ_PIN, &pin))
		die(path);
	close(fd);
}

int main(int argc, char **argv)
{
	struct program program = { 0 };
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "--help") || !strcmp(what, "-h")) {
		fputs(help, stdout);
		return 0;
	}
	if (!strcmp(what, "access") && argc == 5)
		program_access(&program, (int32_t)number_parse(argv[2], 1, 4094),
			       (int32_t)number_parse(argv[3], 1, INT32_MAX));
	else if (!strcmp(what, "trunk") && argc == 4)
		program_trunk(&program, argv[2]);
	else if (!strcmp(what, "drop") && argc == 5)
		program_drop(&program, (int32_t)number_parse(argv[2], 0, 65535),
			     (int32_t)number_parse(argv[3], 0, 255));
	else if (!strcmp(what, "divert") && argc == 6)
		program_divert(&program, (int32_t)number_parse(argv[2], 0, 65535),
			       (int32_t)number_parse(argv[3], 0, 255),
			       (int32_t)number_parse(argv[4], 1, INT32_MAX));
	else if (!strcmp(what, "pass") && argc == 3)
		program_pass(&program);
	else
		die_usage("expected access, trunk, drop, divert or pass with their arguments, got",
			  what);
	program_pin(&program, argv[argc - 1]);
	return 0;
}
