/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * YAML and JSON to the neutral tree.
 */
#pragma once

#include "model/tree.h"

/*
 * `text` has passed text_check(); `name` must outlive the tree.  A file without any value gives
 * TREE_NULL.  0 with a tree: its form is right, although duplicate keys may have been reported;
 * -EINVAL: reported, no tree.  `json` refuses what only YAML knows.
 */
int yaml_parse(const char *name, const char *text, size_t len, bool json, struct tree **ret,
	       struct diag *d);
