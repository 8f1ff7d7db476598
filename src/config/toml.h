/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TOML to the neutral tree, callable from C.
 */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

#include <stddef.h>

struct tree;
struct diag;

/*
 * `text` has passed text_check(); `name` must outlive the tree.  0 with a map, its children in
 * the order of the file; -EINVAL with the first fault.
 */
int toml_parse(const char *name, const char *text, size_t len, struct tree **ret, struct diag *d);
/*
 * Refuses key paths (a.b.c…) and brackets nested so deep that a parser which recurses along them
 * would run out of stack.
 */
int toml_check_depth(const char *name, const char *text, size_t len, struct diag *d);

#ifdef __cplusplus
}
#endif
