/* SPDX-License-Identifier: GPL-2.0-only */
/* Between network_check.c and net_addresses.c. */
#pragma once

#include "model/network.h"

struct net_place {
	char text[192];
};
/* "at file:3:7", or who else it came from. */
struct net_place net_place(const struct mark *at);
/* Addresses that are none, or that are there twice.  Only -ENOMEM is an error of the call. */
int net_addresses_check(const struct network *network, struct diag *d);
