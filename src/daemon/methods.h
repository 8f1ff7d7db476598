/* SPDX-License-Identifier: GPL-2.0-only */
/* The daemon's interface on the bus, io.weir. */
#pragma once

#include "bus/server.h"
#include "daemon/engine.h"

/* Userdata of every handler. */
struct methods {
	struct engine *engine;
	VEC(struct listener {
		struct bus_call *call; /* an open Monitor */
		int figures;	       /* stage whose rows it wants every second, or -1 */
	})
	listeners;
};

extern const struct bus_interface methods_interface;

/* Passes an event on to everybody who monitors. */
void methods_publish(struct methods *methods, const struct engine_event *event);
/* Every second: the rows of stages that somebody watches. */
void methods_publish_figures(struct methods *methods);
void methods_free(struct methods *methods);
/* One line per finding, to the log. */
void methods_log_diag(const struct diag *d, bool notes);
/* Reload as the bus method and SIGHUP do it; logs the outcome.  `d` and `changed` are the answer. */
int methods_reload(struct engine *engine, struct diag *d, struct strbuf *changed);
