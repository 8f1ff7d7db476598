/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/fakemeta.h"

#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NEAR 6 /* instructions between the two loads, at most */

bool fake_metadata;

static bool loads(const struct bpf_insn *insn, size_t field)
{
	return insn->code == (BPF_LDX | BPF_MEM | BPF_W) && (size_t)insn->off == field;
}

/* The end of the metadata is the begin of the packet: the load of it that is nearest. */
static struct bpf_insn *find_end(struct bpf_insn *insns, size_t n, size_t begin)
{
	for (size_t far = 1; far <= NEAR; far++) {
		if (begin + far < n && loads(&insns[begin + far], offsetof(struct __sk_buff, data)))
			return &insns[begin + far];
		if (begin >= far && loads(&insns[begin - far], offsetof(struct __sk_buff, data)))
			return &insns[begin - far];
	}
	return NULL;
}

static int patch(struct bpf_insn *insns, size_t n)
{
	struct bpf_insn *end;

	for (size_t i = 0; i < n; i++) {
		if (!loads(&insns[i], offsetof(struct __sk_buff, data_meta)))
			continue;
		end = find_end(insns, n, i);
		if (!end)
			return -ENOENT;
		end->off = offsetof(struct __sk_buff, data_end);
		insns[i].off = offsetof(struct __sk_buff, data);
	}
	return 0;
}

static int patch_program(struct bpf_program *program)
{
	size_t n = bpf_program__insn_cnt(program);
	_cleanup_free_ struct bpf_insn *insns = calloc(n, sizeof(*insns));
	int r;

	if (!insns)
		return -ENOMEM;
	memcpy(insns, bpf_program__insns(program), n * sizeof(*insns));
	r = patch(insns, n);
	return r ? r : bpf_program__set_insns(program, insns, n);
}

/* In front of the library's own, which the skeletons call. */
int bpf_object__load_skeleton(struct bpf_object_skeleton *s)
{
	int (*real)(struct bpf_object_skeleton *);
	struct bpf_program *program;
	int r = 0;

	bpf_object__for_each_program(program, *s->obj)
	{
		if (fake_metadata && !r && bpf_program__type(program) == BPF_PROG_TYPE_SCHED_CLS)
			r = patch_program(program);
	}
	if (r)
		return r;
	*(void **)&real = dlsym(RTLD_NEXT, "bpf_object__load_skeleton");
	return real ? real(s) : -ENOSYS;
}
