/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/instance.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "pipe/stage.h"

#include "pipe.skel.h" /* needs the types above */

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif
#define ATTACH_TCX_INGRESS 46 /* BPF_TCX_INGRESS, newer than this system's headers */

/* --- libbpf's words ---------------------------------------------------------------------------- */

static __thread char words[200];

/* Keeps the most telling line: the kernel's own message, else the first complaint. */
static int remember_words(enum libbpf_print_level level, const char *format, va_list args)
{
	static const char kernel[] = "Kernel error message: ";
	char line[512];

	if (level != LIBBPF_WARN)
		return 0;
	(void)vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = 0;
	if (!strncmp(line, "libbpf: ", 8))
		memmove(line, line + 8, strlen(line + 8) + 1);
	if (!strncmp(line, kernel, sizeof(kernel) - 1))
		(void)snprintf(words, sizeof(words), "%.190s", line + sizeof(kernel) - 1);
	else if (!words[0])
		(void)snprintf(words, sizeof(words), "%.190s", line);
	return 0;
}

const char *pipe_libbpf_words(void)
{
	return words;
}

void pipe_libbpf_forget(void)
{
	words[0] = 0;
	(void)libbpf_set_print(remember_words);
}

/* --- what the kernel can do -------------------------------------------------------------------- */

static int load_tiny(enum bpf_prog_type type, enum bpf_attach_type attach, unsigned flags)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach, .prog_flags = flags);

	return bpf_prog_load(type, "weir_probe", "GPL", pass, ARRAY_LEN(pass), &options);
}

static bool kernel_has_frags(void)
{
	_cleanup_close_ int fd = load_tiny(BPF_PROG_TYPE_XDP, BPF_XDP, BPF_F_XDP_HAS_FRAGS);

	return fd >= 0;
}

/* A kernel that knows TCX answers "no such device" for device 0; an older one "invalid". */
static bool kernel_has_tcx(void)
{
	_cleanup_close_ int fd = load_tiny(BPF_PROG_TYPE_SCHED_CLS, 0, 0);

	return fd >= 0 && bpf_link_create(fd, 0, ATTACH_TCX_INGRESS, NULL) == -ENODEV;
}

void pipe_kernel_probe(struct pipe_kernel *ret)
{
	int cpus = libbpf_num_possible_cpus();

	pipe_libbpf_forget();
	*ret = (struct pipe_kernel){
		.n_cpus = cpus > 0 ? (unsigned)cpus : 1,
		.frags = kernel_has_frags(),
		.tcx = kernel_has_tcx(),
	};
	pipe_libbpf_forget();
}

/* --- specialise and load ----------------------------------------------------------------------- */

static void set_switches(const struct port_plan *port, const struct pipe_kernel *kernel,
			 void *const *live, struct pipe_bpf *bpf)
{
	struct switches on = { 0 };

	/* Without such frames there is no helper to ask for their length either. */
	on.on[SWITCH_pipe_frags] = port->frags && kernel->frags;
	for (unsigned i = 0; i < STAGE_MAX; i++)
		if (stages[i]->setup)
			stages[i]->setup(port, bpf, &on, live ? live[i] : NULL);
	for (unsigned i = 0; i < PIPE_SWITCH_MAX; i++)
		on.on[SWITCH_pipe_active] |= i != SWITCH_pipe_frags && on.on[i];
	(void)switches_apply(bpf->progs.weir_xdp, &on);
	(void)switches_apply(bpf->progs.weir_tc, &on);
	(void)switches_apply(bpf->progs.weir_egress, &on);
}

static void use_kernel(struct pipe_bpf *bpf, const struct port_plan *port,
		       const struct pipe_kernel *kernel)
{
	unsigned flags = bpf_program__flags(bpf->progs.weir_xdp);

	if (kernel->frags)
		(void)bpf_program__set_flags(bpf->progs.weir_xdp, flags | BPF_F_XDP_HAS_FRAGS);
	(void)bpf_program__set_autoload(bpf->progs.weir_xdp, port->xdp);
	(void)bpf_program__set_autoload(bpf->progs.weir_tc, port->tc);
	(void)bpf_program__set_autoload(bpf->progs.weir_egress, port->egress);
	(void)bpf_map__set_max_entries(bpf->maps.counters, kernel->n_cpus);
	(void)bpf_map__set_autocreate(bpf->maps.cpus, false); /* who steers brings one */
}

static int specialise(struct pipe_bpf *bpf, const struct port_plan *port,
		      const struct pipe_kernel *kernel, int counters_fd, void *const *live)
{
	use_kernel(bpf, port, kernel);
	set_switches(port, kernel, live, bpf);
	return counters_fd < 0 ? 0 : bpf_map__reuse_fd(bpf->maps.counters, counters_fd);
}

static int fill_maps(const struct port_plan *port, const struct pipe_bpf *bpf)
{
	int r = 0;

	for (unsigned i = 0; i < STAGE_MAX && !r; i++)
		if (stages[i]->fill)
			r = stages[i]->fill(port, bpf);
	return r;
}

void instance_free(struct instance *instance)
{
	if (!instance)
		return;
	pipe_bpf__destroy(instance->bpf);
	free(instance);
}

int instance_load(const struct port_plan *port, const struct pipe_kernel *kernel, int counters_fd,
		  void *const *live, struct instance **ret, struct diag *d)
{
	_cleanup_(instance_freep) struct instance *instance = calloc(1, sizeof(*instance));
	int r;

	if (!instance)
		return -ENOMEM;
	pipe_libbpf_forget();
	instance->bpf = pipe_bpf__open();
	if (!instance->bpf)
		return -errno;
	r = specialise(instance->bpf, port, kernel, counters_fd, live);
	if (!r)
		r = pipe_bpf__load(instance->bpf);
	if (!r && counters_fd < 0)
		r = counter_block_number(bpf_map__fd(instance->bpf->maps.counters), kernel->n_cpus);
	if (!r)
		r = fill_maps(port, instance->bpf);
	if (r) {
		(void)diag_error(d, NULL, "%s: the kernel refused the packet path: %s%s%s",
				 port->name, strerror(-r), words[0] ? ": " : "", words);
		return r;
	}
	instance->xdp_fd = port->xdp ? bpf_program__fd(instance->bpf->progs.weir_xdp) : -1;
	instance->tc_fd = port->tc ? bpf_program__fd(instance->bpf->progs.weir_tc) : -1;
	instance->egress_fd = port->egress ? bpf_program__fd(instance->bpf->progs.weir_egress) : -1;
	*ret = TAKE_PTR(instance);
	return 0;
}

int instance_counters_fd(const struct instance *instance)
{
	return bpf_map__fd(instance->bpf->maps.counters);
}
