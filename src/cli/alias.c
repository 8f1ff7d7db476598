/* SPDX-License-Identifier: GPL-2.0-only */
/* The other names this program answers to; a link of that name runs the row's main(). */
#include "cli/cli.h"
#include "cli/xdp_config.h"
#include "cli/xdp_iphash.h"
#include "cli/xdp_pping.h"

const struct cli_alias cli_aliases[] = {
	{ "xdp_config", xdp_config_main },
	{ "xdp_iphash_to_cpu_cmdline", xdp_iphash_main },
	{ "xdp_pping", xdp_pping_main },
	{ 0 },
};
