/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of the packet path: a port's copy loaded without attaching it, frames in, verdicts out. */
#pragma once

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipe/counters.h"
#include "pipe/instance.h"
#include "pipe/stage.h"

#define FRAME_MAX 2048
#define TEST_META 16

struct frame {
	uint8_t bytes[FRAME_MAX];
	unsigned len;
};

struct outcome {
	int verdict;
	struct frame frame;
	struct pipe_meta meta;
	bool has_meta;
};

/* Loading programs wants root; a test says so instead of passing. */
static inline void need_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: loading programs needs root\n");
	skip();
}

/* `counters_fd` and `live` as for instance_load(). */
static inline struct instance *test_load_live(const struct port_plan *port, int counters_fd,
					      void *const *live)
{
	struct pipe_kernel kernel;
	struct instance *instance = NULL;
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };

	pipe_kernel_probe(&kernel);
	if (instance_load(port, &kernel, counters_fd, live, &instance, &d)) {
		diag_format_all(&d, &text);
		print_error("%s", strbuf_text(&text));
		fail();
	}
	return instance;
}

static inline struct instance *test_load(const struct port_plan *port)
{
	return test_load_live(port, -1, NULL);
}

/* -EOPNOTSUPP and friends: this kernel cannot test-run such a program. */
static inline int try_xdp(const struct instance *instance, const struct frame *in, struct outcome *out)
{
	uint8_t buffer[FRAME_MAX + TEST_META];
	struct xdp_md ctx = { .data_end = in->len, .ingress_ifindex = 1 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in->bytes, .data_size_in = in->len,
		    .data_out = buffer, .data_size_out = sizeof(buffer), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .ctx_out = &ctx, .ctx_size_out = sizeof(ctx),
		    .repeat = 1);
	int r = bpf_prog_test_run_opts(instance->xdp_fd, &run);
	unsigned meta;

	if (r)
		return r;
	meta = ctx.data - ctx.data_meta;
	*out = (struct outcome){ .verdict = (int)run.retval, .has_meta = meta != 0 };
	if (meta)
		memcpy(&out->meta, buffer, sizeof(out->meta));
	out->frame.len = run.data_size_out - meta;
	memcpy(out->frame.bytes, buffer + meta, out->frame.len);
	return 0;
}

static inline void run_xdp(const struct instance *instance, const struct frame *in,
			   struct outcome *out)
{
	int r = try_xdp(instance, in, out);

	if (r == -EINVAL || r == -ENOTSUP) {
		print_message("skipped: this kernel cannot test-run XDP with a context (%s)\n",
			      strerror(-r));
		skip();
	}
	assert_int_equal(r, 0);
}

/* Every kernel can run a program without a context, but nothing is seen of the metadata. */
static inline void run_plain(int program_fd, const struct frame *in, struct outcome *out)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in->bytes, .data_size_in = in->len,
		    .data_out = out->frame.bytes, .data_size_out = sizeof(out->frame.bytes),
		    .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(program_fd, &run), 0);
	out->verdict = (int)run.retval;
	out->frame.len = run.data_size_out;
	out->has_meta = false;
}

static inline struct pipe_count test_count(const struct instance *instance, enum pipe_counter which)
{
	struct pipe_kernel kernel;
	struct counter_block block = { 0 };
	struct pipe_count sum;

	pipe_kernel_probe(&kernel);
	assert_int_equal(counter_block_map(instance_counters_fd(instance), kernel.n_cpus, &block), 0);
	sum = counter_sum(&block, which);
	counter_block_unmap(&block);
	return sum;
}

/*
 * Instructions of the main function.  Kernels before 6.8 keep global functions behind it that
 * nothing calls any more; those cost no packet anything.
 */
static inline unsigned translated_size(int fd)
{
	struct bpf_func_info functions[16];
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	info.nr_func_info = ARRAY_LEN(functions);
	info.func_info_rec_size = sizeof(functions[0]);
	info.func_info = (uintptr_t)functions;
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	return info.nr_func_info > 1 ? functions[1].insn_off :
				       info.xlated_prog_len / sizeof(struct bpf_insn);
}

static inline void put_ethernet(struct frame *f, unsigned size)
{
	f->len = size;
	for (unsigned i = 0; i < size; i++)
		f->bytes[i] = (uint8_t)(i * 7 + 3);
	f->bytes[12] = 0x08;
	f->bytes[13] = 0;
}

static inline void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Tag number `depth` (0 = outermost). */
static inline void put_tag(struct frame *f, unsigned depth, uint16_t type, uint16_t tci)
{
	put16(f->bytes + 12 + depth * 4, type);
	put16(f->bytes + 14 + depth * 4, tci);
	put16(f->bytes + 16 + depth * 4, 0x0800);
}
