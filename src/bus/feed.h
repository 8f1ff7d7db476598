/* SPDX-License-Identifier: GPL-2.0-only */
/* One source of events and the calls that follow it: what a `Monitor` method needs. */
#pragma once

#include "base/vec.h"
#include "bus/server.h"

struct bus_feed {
	VEC(struct bus_call *) calls;
};

/* Defers the call; it leaves the feed by itself when its peer goes. */
int bus_feed_add(struct bus_feed *feed, struct bus_call *call);
/* Takes over `event`; NULL (no memory) is ignored. */
void bus_feed_send(struct bus_feed *feed, json_t *event);
/* Before the server is freed or after: the feed forgets its calls. */
void bus_feed_clear(struct bus_feed *feed);
