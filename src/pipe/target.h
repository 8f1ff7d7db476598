/* SPDX-License-Identifier: GPL-2.0-only */
/* Interfaces as targets of redirects: which can be sent to by XDP, and what to say about the others. */
#pragma once

#include "base/diag.h"
#include "model/schema.h"
#include "pipe/plan.h"

/* `frags`: frames may be larger than a page. */
bool target_takes_redirects(const struct pipe_link *target, bool frags);
/* May programs of that interface redirect at all? */
bool target_may_redirect(const struct pipe_link *from);
/* Notes in the port why and how it is done without: "eth2 takes no XDP redirects ...: bridged through TC". */
void target_note(struct port_plan *port, const struct pipe_link *target, const char *done);
/* An error for an unknown name or a VLAN, a warning for one that is away: `then` is what happens
 * when it is back.  False when there was an error. */
bool target_check_name(const struct conf_string *name, const struct pipe_facts *facts,
		       const char *then, struct diag *d);
/* Warnings for what would be lost or slow between the two. */
void target_check_fit(const struct conf_string *from, const struct conf_string *to,
		      const struct pipe_facts *facts, struct diag *d);
/* The same for programs of that interface. */
void target_check_source(const struct conf_string *from, const struct pipe_facts *facts,
			 struct diag *d);
void target_check_mtu(const struct conf_string *from, const struct conf_string *to,
		      const struct pipe_facts *facts, struct diag *d);
