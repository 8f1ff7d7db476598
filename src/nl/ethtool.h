/* SPDX-License-Identifier: GPL-2.0-only */
/* What a device can do and how it is set: features (offloads), driver, channels. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "nl/sock.h"

struct nl_feature {
	char name[32]; /* the kernel's name: "rx-gro", "rx-vlan-hw-parse", "tx-vlan-hw-insert" */
	bool on;       /* in force */
	bool wanted;   /* the administrator's wish; differs from `on` when something forbids it */
	bool fixed;    /* cannot be changed on this device */
};

struct nl_features {
	struct nl_feature *at;
	size_t n, cap;
};

static inline void nl_features_free(struct nl_features *f)
{
	vec_free(f);
}
#define _cleanup_nl_features_ _cleanup_(nl_features_free)

struct nl_driver {
	char name[32], version[32], firmware[32], bus_info[32];
};

struct nl_channels {
	unsigned rx, tx, combined, other;
	unsigned max_rx, max_tx, max_combined, max_other;
};

/* Every feature this kernel knows, fixed ones too. */
int nl_ethtool_features(struct nl *nl, unsigned ifindex, struct nl_features *ret);
/* -ENOENT: the kernel knows no feature of that name. */
int nl_ethtool_feature_get(struct nl *nl, unsigned ifindex, const char *name, struct nl_feature *ret);
/*
 * States the wish.  -EOPNOTSUPP when the device has it fixed the other way; that the wish came
 * true is seen by reading `on`, since another feature or an XDP program may stand against it.
 */
int nl_ethtool_feature_set(struct nl *nl, unsigned ifindex, const char *name, bool on);
/* -EOPNOTSUPP: the device has no driver information. */
int nl_ethtool_driver(struct nl *nl, unsigned ifindex, struct nl_driver *ret);
/* -EOPNOTSUPP: the number of its queues cannot be told by the driver. */
int nl_ethtool_channels(struct nl *nl, unsigned ifindex, struct nl_channels *ret);
