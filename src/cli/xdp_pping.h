/* SPDX-License-Identifier: GPL-2.0-only */
/* xdp_pping: the round-trip times of each class, as scripts made for cpumap-pping read them. */
#pragma once

int xdp_pping_main(int argc, char *const *argv);
