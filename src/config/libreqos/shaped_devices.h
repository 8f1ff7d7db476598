/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ShapedDevices.csv, of LibreQoS 1.4 and 2: which addresses have which plan.  Columns are known by
 * their names in the first row and may stand in any order.
 */
#pragma once

#include "model/network.h"

/*
 * Adds the file's circuits to the network.  A wrong row is reported and left out, all others are
 * read: -EINVAL if there was one.  `name` stands in every mark and must outlive the network.
 */
int shaped_devices_read(const char *name, const char *text, size_t len, struct network *network,
			struct diag *d);
