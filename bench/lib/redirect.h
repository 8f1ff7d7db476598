/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs of other origin that redirect by a DEVMAP called `ports`. */
#pragma once

#include "base/diag.h"

struct bpf_object;

/* `file` lies beside the running program.  The first `slots` ports are all `target`, an interface
 * of the caller's network namespace.  *ret_fd is borrowed from *ret. */
int redirect_load(const char *file, const char *program, unsigned slots, int target,
		  struct bpf_object **ret, int *ret_fd, struct diag *d);
/* One redirect and nothing else. */
int redirect_load_bare(int target, struct bpf_object **ret, int *ret_fd, struct diag *d);
