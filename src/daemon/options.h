/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon's command line and environment. */
#pragma once

#include <stdbool.h>

#include "base/log.h"
#include "base/vec.h"

enum options_action {
	ACTION_RUN,
	ACTION_CHECK,
	ACTION_SCHEMA,
	ACTION_EXAMPLE,
	ACTION_VERSION,
	ACTION_HELP
};

struct options {
	VEC(const char *) files;
	const char *bus, *state, *pins, *section;
	enum log_level level;
	enum options_action action;
	bool json, plan;
};

/* 0, or an exit status after saying on stderr what was wrong. */
int options_parse(int argc, char **argv, struct options *ret);
void options_free(struct options *options);
void options_help(void);
