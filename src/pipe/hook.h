/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hooks of one interface.  Each is held by a pinned kernel link (or, before TCX, a clsact
 * filter), so that packets flow on when the daemon dies and the next one takes over without a gap.
 * Only what we made is ever changed.
 */
#pragma once

#include <stdbool.h>

#include "base/diag.h"
#include "pipe/facts.h"
#include "pipe/instance.h"

enum hook_side { HOOK_IN, HOOK_OUT, HOOK_SIDES };

struct hook {
	int ifindex;
	int xdp_link;		  /* -1 = not held */
	int tcx_link[HOOK_SIDES]; /* -1 = not held */
	bool filter[HOOK_SIDES];  /* our clsact filter is in place */
	enum xdp_mode mode;	  /* NATIVE or SKB while xdp_link is held, else TC */
	enum xdp_mode reached;	  /* what hook_claim() found to be had; TC leaves a link alone */
	bool adopted;		  /* something was left here by an earlier run */
	char reason[200];	  /* why not native */
};

#define HOOK_NONE                                                                                   \
	{                                                                                           \
		.xdp_link = -1, .tcx_link = { -1, -1 }, .mode = XDP_MODE_TC, .reached = XDP_MODE_TC \
	}

/* Finds what an earlier run left on the interface. */
void hook_open(struct hook *hook, const char *pins, int ifindex);
/*
 * Makes sure of the XDP hook in the best mode up to `max`.  A free hook is taken with a program
 * that passes everything.  One that is held stays as it is, unless its mode is not allowed any
 * more, or `raise` asks for a better one: the program in it (`running`, or -1) then moves to the
 * new mode, which costs the moment between detaching and attaching.  Never fails: without XDP
 * `reached` is TC, and the reason is said.
 */
void hook_claim(struct hook *hook, const char *pins, enum xdp_mode max, bool raise, int running);
/* Puts a program in the claimed hook, in place of the one there: not a packet is missed. */
int hook_set_xdp(struct hook *hook, int program_fd);
int hook_set_tc(struct hook *hook, enum hook_side side, const char *pins,
		const struct pipe_kernel *kernel, int program_fd);
void hook_drop_xdp(struct hook *hook, const char *pins);
void hook_drop_tc(struct hook *hook, enum hook_side side, const char *pins);
/* Is everything still attached that we attached?  Another may have taken it away by force. */
bool hook_is_alive(const struct hook *hook, const char *pins);
/* Closes our handles and leaves the programs running. */
void hook_release(struct hook *hook);
/* Takes away what an earlier run left on an interface that is no longer ours. */
void hook_sweep(const char *pins, int ifindex);
/* Path of a pin: "<pins>/xdp-7". */
void hook_pin_path(char *path, size_t size, const char *pins, const char *what, int ifindex);
