/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp_iphash_to_cpu_cmdline: which address goes to which CPU and class, in the words of scripts
 * made for LibreQoS or for xdp-cpumap-tc.
 */
#pragma once

int xdp_iphash_main(int argc, char *const *argv);
