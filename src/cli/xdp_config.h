/* SPDX-License-Identifier: GPL-2.0-only */
/* xdp_config: fills the map of the standalone balancer (pipe/balance/classic). */
#pragma once

int xdp_config_main(int argc, char *const *argv);
