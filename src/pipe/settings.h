/* SPDX-License-Identifier: GPL-2.0-only */
/* The `pipeline` section: how programs may be attached. */
#pragma once

#include "model/schema.h"
#include "pipe/facts.h"

struct pipe_port_setting {
	struct conf_string name;
	struct conf_enum mode;
};

struct pipe_settings {
	struct conf_enum mode;
	struct conf_list ports;
};

extern const struct schema pipe_settings_schema;

/* The best mode allowed on that interface.  `settings` may be NULL: everything is allowed. */
enum xdp_mode pipe_settings_max(const struct pipe_settings *settings, const char *name);
int pipe_settings_check(const struct pipe_settings *settings, const struct pipe_facts *facts,
			struct diag *d);
