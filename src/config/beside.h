/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that another one names: relative to the directory of the one that names it. */
#pragma once

/* New text, NULL = out of memory.  `file` NULL: relative to the working directory. */
char *path_beside(const char *file, const char *path);
/* Where the copy of a file is kept in a directory of copies: files of one name have two. */
char *path_of_copy(const char *directory, const char *path);
