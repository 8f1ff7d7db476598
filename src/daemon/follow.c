/* SPDX-License-Identifier: GPL-2.0-only */
/* Following the world: interfaces that come, go and change, programs that others take away. */
#include <errno.h>
#include <string.h>

#include "daemon/engine_private.h"
#include "nl/link.h"

/* Interfaces come in bursts (a rename is three events): look once when it is quiet. */
#define SETTLE_USEC (20 * 1000)
/* No event tells that a device began or ceased to take redirects. */
#define LOOK_USEC (1000 * 1000)
/* The kernel may keep the news of a lost carrier for a second; a stage that spreads traffic cannot wait. */
#define PULSE_USEC (40 * 1000)

static void note_trouble(struct engine *engine, const struct diag *d, int error)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	vec_foreach(&d->entries, e)
		if (e->level == DIAG_ERROR && !text.len)
			diag_format_plain(e, &text);
	if (!text.len)
		strbuf_add(&text, strerror(-error));
	if (!strncmp(engine->trouble, strbuf_text(&text), sizeof(engine->trouble) - 1))
		return;
	(void)snprintf(engine->trouble, sizeof(engine->trouble), "%s", strbuf_text(&text));
	engine_tell(engine, "pipeline", "failed", "%s; trying again every second", engine->trouble);
}

static void tell_link_change(struct engine *engine, const struct pipe_link *was,
			     const struct pipe_link *now)
{
	const char *name = now->name;

	if (was->ifindex && !now->ifindex)
		engine_tell(engine, name, "vanished", "interface is gone");
	else if (!was->ifindex && now->ifindex)
		engine_tell(engine, name, "appeared", "interface is back");
	else if (was->ifindex != now->ifindex)
		engine_tell(engine, name, "appeared", "interface was replaced by another");
	else if (strcmp(was->present_name, now->present_name))
		engine_tell(engine, name, "renamed",
			    "interface is now called %s; change the configuration",
			    now->present_name);
	else if (was->up != now->up)
		engine_tell(engine, name, now->up ? "up" : "down", "set %s", now->up ? "up" : "down");
	else if (was->carrier != now->carrier)
		engine_tell(engine, name, now->carrier ? "carrier" : "no-carrier", "carrier %s",
			    now->carrier ? "on" : "off");
}

static void tell_changes(struct engine *engine, const struct pipe_facts *was)
{
	vec_foreach(&engine->memory.seen, seen) {
		const struct pipe_link *a = pipe_facts_find(was, seen->name);
		const struct pipe_link *b = pipe_facts_find(&engine->facts, seen->name);

		if (a && b)
			tell_link_change(engine, a, b);
	}
}

static void greet(struct engine *engine, const struct pipe_facts *was)
{
	vec_foreach(&engine->facts.links, link) {
		const struct pipe_link *old = pipe_facts_find(was, link->name);

		if (link->ifindex && link->up && link->carrier && old && !(old->up && old->carrier))
			engine_came_up(engine, link->ifindex);
	}
}

static void reconcile(struct engine *engine)
{
	_cleanup_(pipe_facts_free) struct pipe_facts was = engine->facts;
	_cleanup_diag_ struct diag d = { 0 };
	int r;

	engine->facts = (struct pipe_facts){ 0 };
	r = engine_apply(engine, engine->model, false, &d);
	if (r) {
		engine->facts = was;
		was = (struct pipe_facts){ 0 };
		note_trouble(engine, &d, r);
		return;
	}
	engine->trouble[0] = 0;
	tell_changes(engine, &was);
	greet(engine, &was);
	(void)engine_remember(engine);
}

static int on_settled(sd_event_source *source, uint64_t usec, void *data)
{
	reconcile(data);
	return 0;
}

static void look_soon(struct engine *engine)
{
	int on;
	uint64_t now;

	if (sd_event_source_get_enabled(engine->settle_timer, &on) < 0 || on != SD_EVENT_OFF)
		return;
	if (sd_event_now(engine->loop, CLOCK_MONOTONIC, &now) < 0)
		return;
	(void)sd_event_source_set_time(engine->settle_timer, now + SETTLE_USEC);
	(void)sd_event_source_set_enabled(engine->settle_timer, SD_EVENT_ONESHOT);
}

/* A machine with thousands of interfaces has news of some all the time: most are nobody's here. */
static bool concerns_us(const struct engine *engine, const struct nl_event *event)
{
	if (event->type != NL_EVENT_LINK && event->type != NL_EVENT_LINK_GONE)
		return true;
	vec_foreach(&engine->memory.seen, seen)
		if (seen->ifindex == event->link.ifindex ||
		    nl_link_has_name(&event->link, seen->name))
			return true;
	return false;
}

static void on_link_event(const struct nl_event *event, void *data)
{
	if (concerns_us(data, event))
		look_soon(data);
}

static int on_monitor(sd_event_source *source, int fd, uint32_t revents, void *data)
{
	struct engine *engine = data;

	(void)nl_monitor_read(engine->monitor, on_link_event, engine);
	return 0;
}

/* A target that refuses redirects is one for TC: planning again finds that. */
static bool target_changed(struct engine *engine, const struct counter_view *view, int ifindex)
{
	if (view->loss(view->source, ifindex).refused &&
	    pipe_memory_refuses(&engine->memory, ifindex)) {
		const struct pipe_link *link = pipe_facts_find_index(&engine->facts, ifindex);

		engine_tell(engine, link ? link->name : "pipeline", "failed",
			    "dropped frames redirected to it: the device takes none");
		return true;
	}
	return pipe_facts_outdated(engine->nl, &engine->facts, ifindex);
}

static int on_look(sd_event_source *source, uint64_t usec, void *data)
{
	struct engine *engine = data;
	struct counter_view view = pipeline_counters(engine->pipeline);
	bool changed = pipeline_was_disturbed(engine->pipeline) || engine->trouble[0];

	changed |= pipeline_tick(engine->pipeline);

	vec_foreach(&engine->memory.seen, seen)
		changed |= target_changed(engine, &view, seen->ifindex);
	if (changed)
		reconcile(engine);
	(void)sd_event_source_set_time(source, usec + LOOK_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* Did an interface that is followed closely go up, down or away since it was last looked at? */
static bool is_news(struct engine *engine, const char *name)
{
	const struct pipe_link *was = pipe_facts_find(&engine->facts, name);
	struct nl_link now;
	int r;

	if (!was || !was->ifindex)
		return false; /* its coming is told at once */
	r = nl_link_get_by_index(engine->nl, (unsigned)was->ifindex, &now);
	if (r)
		return r == -ENODEV;
	return now.admin_up != was->up || now.carrier != was->carrier;
}

/* A sync that fails leaves the facts as they were: this much of them is known all the same, so that
 * what is in trouble is tried every second and not at every pulse. */
static void note_news(struct engine *engine, const char *name)
{
	vec_foreach(&engine->facts.links, link) {
		struct nl_link now;
		int r;

		if (strcmp(link->name, name) || !link->ifindex)
			continue;
		r = nl_link_get_by_index(engine->nl, (unsigned)link->ifindex, &now);
		if (r == -ENODEV)
			link->ifindex = 0;
		if (r)
			continue;
		link->up = now.admin_up;
		link->carrier = now.carrier;
	}
}

static void note_all_news(struct engine *engine)
{
	_cleanup_name_list_ struct name_list list = { 0 };

	if (!pipeline_interfaces(engine->pipeline, &list))
		vec_foreach(&list.names, name)
			note_news(engine, *name);
}

static int on_pulse(sd_event_source *source, uint64_t usec, void *data)
{
	struct engine *engine = data;
	_cleanup_name_list_ struct name_list list = { 0 };
	bool news = false;

	if (!pipeline_interfaces(engine->pipeline, &list))
		vec_foreach(&list.names, name)
			news = news || is_news(engine, *name);
	if (news)
		reconcile(engine);
	if (news && engine->trouble[0])
		note_all_news(engine);
	(void)sd_event_source_set_time(source, usec + (list.names.n ? PULSE_USEC : LOOK_USEC));
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int start_timers(struct engine *engine)
{
	int r = sd_event_add_time(engine->loop, &engine->settle_timer, CLOCK_MONOTONIC, 0, 1000,
				  on_settled, engine);

	if (r >= 0)
		r = sd_event_source_set_enabled(engine->settle_timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(engine->loop, &engine->look_timer, CLOCK_MONOTONIC,
					       LOOK_USEC, LOOK_USEC / 10, on_look, engine);
	if (r >= 0)
		r = sd_event_add_time_relative(engine->loop, &engine->pulse_timer, CLOCK_MONOTONIC,
					       PULSE_USEC, PULSE_USEC / 10, on_pulse, engine);
	return r;
}

int engine_follow(struct engine *engine, struct diag *d)
{
	int r = sd_event_add_io(engine->loop, &engine->monitor_source,
				nl_monitor_fd(engine->monitor), EPOLLIN, on_monitor, engine);

	if (r >= 0)
		r = start_timers(engine);
	if (r < 0)
		return diag_error(d, NULL, "cannot follow interfaces: %s", strerror(-r)), r;
	return 0;
}
