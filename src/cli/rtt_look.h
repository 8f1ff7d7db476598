/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the commands that look at latency.  Their options are named as the parameters of the bus
 * are, so that the rows of options are all that stands between the two.
 */
#pragma once

#include "cli/cli.h"
#include "cli/table.h"

/* Asks what the options say and prints it, again and again with --watch.  `top`: how many rows at
 * most where --top does not say, 0 for all. */
enum cli_status rtt_look(const struct cli *cli, const char *method, json_int_t top,
			 void (*print)(const struct cli *cli, const json_t *answer));

/* "0.123", "12.3", "1,230": three digits, none of them finer than the clock; "-" for null. */
void rtt_format_ms(struct strbuf *out, const json_t *ms);
void rtt_cell_ms(struct table *t, const json_t *ms, enum style style);
