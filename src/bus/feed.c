/* SPDX-License-Identifier: GPL-2.0-only */
#include "bus/feed.h"

static void on_gone(struct bus_call *call, void *userdata)
{
	struct bus_feed *feed = userdata;

	for (size_t i = 0; i < feed->calls.n; i++)
		if (feed->calls.at[i] == call) {
			vec_remove(&feed->calls, i);
			return;
		}
}

int bus_feed_add(struct bus_feed *feed, struct bus_call *call)
{
	int r = vec_push(&feed->calls, call);

	if (!r)
		bus_call_defer(call, on_gone, feed);
	return r;
}

void bus_feed_send(struct bus_feed *feed, json_t *event)
{
	if (event)
		vec_foreach(&feed->calls, call)
			(void)bus_call_event(*call, event);
	json_decref(event);
}

void bus_feed_clear(struct bus_feed *feed)
{
	vec_foreach(&feed->calls, call)
		bus_call_defer(*call, NULL, NULL);
	vec_free(&feed->calls);
}
