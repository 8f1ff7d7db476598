/* SPDX-License-Identifier: GPL-2.0-only */
/* The stages' commands on the bus: an interface io.weir.<stage> for each stage that has some. */
#pragma once

#include "bus/server.h"

/* Made from the stages' tables: `*ret` ends with NULL and is to be freed; what it points to lives on. */
int commands_interfaces(const struct bus_interface *first, const struct bus_interface *const **ret);
