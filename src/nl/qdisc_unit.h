/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers with a unit as tc(8) writes them: "20ms", "1.5Mbit", "4Mb", "0x10". */
#pragma once

#include "nl/qdisc_kind.h"

/* -EINVAL: no number of that type; -ERANGE: too large to be held. */
int nl_unit_parse(enum nl_option_type type, const char *text, int64_t *ret);
/* In the largest unit that says it exactly. */
void nl_unit_format(enum nl_option_type type, int64_t value, struct strbuf *out);
/* "a time like 20ms" */
const char *nl_unit_wants(enum nl_option_type type);
