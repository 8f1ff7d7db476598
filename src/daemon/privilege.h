/* SPDX-License-Identifier: GPL-2.0-only */
/* What the daemon may do once it runs. */
#pragma once

#include "base/diag.h"

/* Before any file is opened: what could not be read later must fail at the start, not at a reload. */
void privilege_forgo_files(void);
/* Keeps what the packet path needs and drops every other capability for good. */
int privilege_drop(struct diag *d);
