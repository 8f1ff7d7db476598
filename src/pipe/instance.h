/* SPDX-License-Identifier: GPL-2.0-only */
/* One port's copy of the packet path: opened, specialised, loaded.  Attaching is hook.h's. */
#pragma once

#include "base/diag.h"
#include "pipe/counters.h"
#include "pipe/plan.h"

struct pipe_bpf;

struct instance {
	struct pipe_bpf *bpf;
	int xdp_fd, tc_fd, egress_fd; /* borrowed from bpf; -1 where not loaded */
};

/* What this kernel can do, asked once. */
struct pipe_kernel {
	unsigned n_cpus;
	bool frags; /* XDP programs for multi-buffer frames (5.18+) */
	bool tcx;   /* TC programs as links (6.6+) */
};

void pipe_kernel_probe(struct pipe_kernel *ret);
/* `counters_fd` >= 0: a map to go on counting in. */
/* `live`: per stage, or NULL where no stage in the plan has one. */
int instance_load(const struct port_plan *port, const struct pipe_kernel *kernel, int counters_fd,
		  void *const *live, struct instance **ret, struct diag *d);
void instance_free(struct instance *instance);
DEFINE_CLEANUP(struct instance *, instance_free)
int instance_counters_fd(const struct instance *instance);
/* libbpf's words about the last failure on this thread; "" when it said none. */
const char *pipe_libbpf_words(void);
void pipe_libbpf_forget(void);
