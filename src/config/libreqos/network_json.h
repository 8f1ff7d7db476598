/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * network.json: the tree of sites and access points, as nodes.  Circuits name the node they hang on.
 */
#pragma once

#include "model/network.h"

/*
 * Adds the file's nodes to the network; `{}` has none.  A wrong rate is reported and left out, its
 * node stays, so that nothing below is reported too.  -EINVAL if anything was wrong.  `name` stands
 * in every mark and must outlive the network.
 */
int network_json_read(const char *name, const char *text, size_t len, struct network *network,
		      struct diag *d);
