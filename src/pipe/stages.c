/* SPDX-License-Identifier: GPL-2.0-only */
/* The stages, in the order of stages.def. */
#include "pipe/stage.h"

const struct stage_ops *const stages[STAGE_MAX] = {
#define STAGE(s) [STAGE_##s] = &stage_##s,
#include "pipe/stages.def"
#undef STAGE
};
