/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/files.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>

/* An export of a billing system writes several files, one after the other. */
#define QUIET_USEC (300 * 1000)
#define EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO)

struct watched {
	char *directory, *name;	 /* of the file; "" and "." are not told apart */
	sd_event_source *source; /* of the directory; one of the files in it has it */
};

struct file_watch {
	sd_event *loop;
	sd_event_source *timer;
	void (*changed)(void *data);
	void *data;
	VEC(struct watched) all;
};

static void watched_free(struct watched *w)
{
	(void)sd_event_source_disable_unref(w->source);
	free(w->directory);
	free(w->name);
}

static void forget(struct file_watch *watch)
{
	vec_foreach(&watch->all, w)
		watched_free(w);
	watch->all.n = 0;
}

void file_watch_free(struct file_watch *watch)
{
	if (!watch)
		return;
	forget(watch);
	vec_free(&watch->all);
	(void)sd_event_source_disable_unref(watch->timer);
	(void)sd_event_unref(watch->loop);
	free(watch);
}

static int on_quiet(sd_event_source *source, uint64_t usec, void *data)
{
	struct file_watch *watch = data;

	watch->changed(watch->data);
	return 0;
}

static void tell_soon(struct file_watch *watch)
{
	(void)sd_event_source_set_time_relative(watch->timer, QUIET_USEC);
	(void)sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
}

static int on_event(sd_event_source *source, const struct inotify_event *event, void *data)
{
	struct file_watch *watch = data;

	if (!(event->mask & EVENTS) || !event->len)
		return 0;
	vec_foreach(&watch->all, w)
		if (!strcmp(w->name, event->name)) {
			tell_soon(watch);
			break;
		}
	return 0;
}

int file_watch_new(sd_event *loop, void (*changed)(void *data), void *data, struct file_watch **ret)
{
	_cleanup_(file_watch_freep) struct file_watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return -ENOMEM;
	watch->loop = sd_event_ref(loop);
	watch->changed = changed;
	watch->data = data;
	r = sd_event_add_time_relative(loop, &watch->timer, CLOCK_MONOTONIC, QUIET_USEC, 0,
				       on_quiet, watch);
	if (r >= 0)
		r = sd_event_source_set_enabled(watch->timer, SD_EVENT_OFF);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(watch);
	return 0;
}

static bool is_watched(const struct file_watch *watch, const char *directory)
{
	vec_foreach(&watch->all, w)
		if (w->source && !strcmp(w->directory, directory))
			return true;
	return false;
}

static int split(const char *path, struct watched *ret)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		ret->directory = strdup(".");
	else
		ret->directory = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	ret->name = strdup(slash ? slash + 1 : path);
	return ret->directory && ret->name ? 0 : -ENOMEM;
}

/* A directory that cannot be watched costs the watching, nothing else. */
static int add(struct file_watch *watch, const char *path)
{
	struct watched w = { 0 };
	int r = split(path, &w);

	if (!r && !is_watched(watch, w.directory))
		(void)sd_event_add_inotify(watch->loop, &w.source, w.directory, EVENTS, on_event,
					   watch);
	if (!r)
		r = vec_push(&watch->all, w);
	if (r)
		watched_free(&w);
	return r;
}

static bool is_same(const struct file_watch *watch, const struct name_list *files)
{
	if (watch->all.n != files->names.n)
		return false;
	for (size_t i = 0; i < files->names.n; i++) {
		struct watched w = { 0 };
		bool same = !split(files->names.at[i], &w) &&
			    !strcmp(w.directory, watch->all.at[i].directory) &&
			    !strcmp(w.name, watch->all.at[i].name);

		watched_free(&w);
		if (!same)
			return false;
	}
	return true;
}

int file_watch_set(struct file_watch *watch, const struct name_list *files)
{
	int r = 0;

	if (is_same(watch, files))
		return 0;
	forget(watch);
	for (size_t i = 0; i < files->names.n && !r; i++)
		r = add(watch, files->names.at[i]);
	return r;
}
