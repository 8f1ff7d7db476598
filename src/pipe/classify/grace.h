/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting until no packet is on its way that may still read what was in force before. */
#pragma once

/* 20 ms or so, in which the caller stands still.  0 or -errno: then nothing is known. */
int classify_grace_wait(void);
/* The same by the kernel's other way, for where the first is refused. */
int classify_grace_wait_by_map(void);
