/* SPDX-License-Identifier: GPL-2.0-only */
/* The `rtt` section: what of round trips is measured, and how much of it is kept. */
#pragma once

#include "model/schema.h"
#include "pipe/facts.h"

struct rtt_conf {
	struct conf_bool timestamps, sequence, handshake, details;
	struct conf_int rest;	  /* milliseconds */
	struct conf_int interval; /* seconds */
	struct conf_int keep;	  /* seconds */
	struct conf_int flows;
	struct conf_int memory; /* MiB */
};

extern const struct schema rtt_schema;

/* Whole intervals that are kept beside the current one. */
unsigned rtt_conf_intervals(const struct rtt_conf *conf);
/* What single keys cannot show; pure. */
int rtt_conf_check(const void *conf, const struct pipe_facts *facts, struct diag *d);
