/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A switch stands in the object as "if rX == MAGIC+number goto yes" where rX is known not to be 0:
 * a checked pointer, or a number.  It becomes "if rX != 0 goto yes" (always) or "if rX == 0 goto
 * yes" (never).  The verifier then knows the outcome on every kernel and removes the jump and the
 * dead side, which a test of a read-only variable would not give: its load would stay.
 */
#include "pipe/switch.h"

#include <bpf/libbpf.h>
#include <linux/bpf.h>

#define JUMP_EQ (BPF_JMP | BPF_JEQ | BPF_K)
#define JUMP_ALWAYS (BPF_JMP | BPF_JNE | BPF_K)
#define JUMP_NEVER (BPF_JMP | BPF_JEQ | BPF_K)

static bool is_switch(const struct bpf_insn *insn)
{
	return insn->code == JUMP_EQ && (insn->imm & 0xffff0000) == PIPE_SWITCH_MAGIC &&
	       (insn->imm & 0xffff) < PIPE_SWITCH_MAX;
}

unsigned switches_apply(struct bpf_program *program, const struct switches *switches)
{
	/* libbpf owns the array and hands it out read-only; until the load it may be edited. */
	struct bpf_insn *insn = (struct bpf_insn *)bpf_program__insns(program);
	size_t n = bpf_program__insn_cnt(program);
	unsigned found = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_switch(&insn[i]))
			continue;
		insn[i].code = switches->on[insn[i].imm & 0xffff] ? JUMP_ALWAYS : JUMP_NEVER;
		insn[i].imm = 0;
		found++;
	}
	return found;
}
