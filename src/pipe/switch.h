/* SPDX-License-Identifier: GPL-2.0-only */
/* Switches of one copy of the program, resolved in its instructions before the verifier sees them. */
#pragma once

#include <stdbool.h>

#include "pipe/shared.h"

struct bpf_program;

struct switches {
	bool on[PIPE_SWITCH_MAX];
};

/* Resolves every switch of a program that is open but not loaded; returns how many there were. */
unsigned switches_apply(struct bpf_program *program, const struct switches *switches);
