/* SPDX-License-Identifier: GPL-2.0-only */
/* weir: the command line.  A link of another name may be another program, see alias.c. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
	const struct cli_alias *alias = cli_alias_find(cli_aliases, argv[0]);

	return alias ? alias->main(argc, argv) : cli_main(argc, argv);
}
