/* SPDX-License-Identifier: GPL-2.0-only */
/* The directory on a bpffs where our kernel objects outlive us. */
#pragma once

#include "base/diag.h"

/* A warning where no bpffs is mounted, which a start would have to do. */
void pins_check(const char *path, struct diag *d);
/*
 * Makes it, mounting a bpffs on /sys/fs/bpf when that is where it lies and none is mounted, and
 * locks it.  Returns the descriptor that holds the lock, or -errno.
 */
int pins_prepare(const char *path, struct diag *d);
