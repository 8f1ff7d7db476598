/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that another one names: relative to the directory of the one that names it. */
#pragma once

/* New text, NULL = out of memory.  `file` NULL: relative to the working directory. */
char *path_beside(const char *file, const char *path);
