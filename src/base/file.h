/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole small files: read with a size limit, written so that a reader sees old or new, never half. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Reads at most `limit` bytes; -EFBIG beyond.  The text is NUL-terminated, *ret_len excludes the NUL. */
int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_len);
/* Writes to a new file beside `path`, syncs and renames it. */
int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode);
/* Writes a short value to an existing file such as one of /proc/sys. */
int file_write_value(const char *path, const char *value);
/* mkdir -p; existing directories are fine. */
int file_make_dirs(const char *path, mode_t mode);
