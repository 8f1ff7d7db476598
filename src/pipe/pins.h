/* SPDX-License-Identifier: GPL-2.0-only */
/* The directory on a bpffs where our kernel objects outlive us. */
#pragma once

#include "base/diag.h"

/*
 * Makes it, mounting a bpffs on /sys/fs/bpf when that is where it lies and none is mounted, and
 * locks it.  Returns the descriptor that holds the lock, or -errno.
 */
int pins_prepare(const char *path, struct diag *d);
