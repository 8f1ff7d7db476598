/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/files.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

/* An export of a billing system writes several files, one after the other. */
#define QUIET_USEC (300 * 1000)
/* A directory that is away is looked for. */
#define AGAIN_USEC (2 * 1000 * 1000)
#define SAVED (IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM)
#define WRITING (IN_MODIFY | IN_CREATE)
#define DIRECTORY_GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)

struct watched {
	char *directory, *name;	 /* of the file; "" and "." are not told apart */
	sd_event_source *source; /* of the directory; one of the files in it has it */
	bool blind;		 /* the directory cannot be watched */
};

typedef VEC(struct watched) watched_list;

struct file_watch {
	sd_event *loop;
	sd_event_source *timer;
	void (*changed)(void *data);
	void *data;
	VEC(char *) files;
	watched_list all;
	bool pending; /* something changed; it is told when it is quiet */
	bool broken;  /* a directory that was watched is another one now, or none */
};

static void list_free(watched_list *list)
{
	vec_foreach(list, w) {
		(void)sd_event_source_disable_unref(w->source);
		free(w->directory);
		free(w->name);
	}
	vec_free(list);
}

static void forget_files(struct file_watch *watch)
{
	vec_foreach(&watch->files, file)
		free(*file);
	vec_free(&watch->files);
}

void file_watch_free(struct file_watch *watch)
{
	if (!watch)
		return;
	list_free(&watch->all);
	forget_files(watch);
	(void)sd_event_source_disable_unref(watch->timer);
	(void)sd_event_unref(watch->loop);
	free(watch);
}

/* --- events ------------------------------------------------------------------------------------ */

static void arm(struct file_watch *watch, uint64_t usec)
{
	(void)sd_event_source_set_time_relative(watch->timer, usec);
	(void)sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
}

static void tell_soon(struct file_watch *watch)
{
	watch->pending = true;
	arm(watch, QUIET_USEC);
}

static bool is_link(const struct watched *w)
{
	char path[PATH_MAX];
	struct stat st;

	return (size_t)snprintf(path, sizeof(path), "%s/%s", w->directory, w->name) < sizeof(path) &&
	       !lstat(path, &st) && S_ISLNK(st.st_mode);
}

/* A file that is being written is not read yet, even if another one is ready. */
static void on_file(struct file_watch *watch, const struct watched *w, uint32_t mask)
{
	if (mask & SAVED || (mask & IN_CREATE && is_link(w)))
		tell_soon(watch);
	else if (watch->pending)
		arm(watch, QUIET_USEC);
}

static int on_event(sd_event_source *source, const struct inotify_event *event, void *data)
{
	struct file_watch *watch = data;

	if (event->mask & (DIRECTORY_GONE | IN_Q_OVERFLOW)) {
		watch->broken |= event->mask & DIRECTORY_GONE;
		tell_soon(watch);
		return 0;
	}
	vec_foreach(&watch->all, w)
		if (event->len && !strcmp(w->name, event->name)) {
			on_file(watch, w, event->mask);
			break;
		}
	return 0;
}

/* --- what is watched --------------------------------------------------------------------------- */

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

static int add(watched_list *list, const char *path)
{
	struct watched w = { 0 };
	int r = split(path, &w);

	if (!r)
		r = vec_push(list, w);
	if (r) {
		free(w.directory);
		free(w.name);
	}
	return r;
}

/* Where a link leads the file itself may be written. */
static int add_both(watched_list *list, const char *path)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	int r = add(list, path);

	return r || !real || !strcmp(real, path) ? r : add(list, real);
}

static bool is_same(const watched_list *a, const watched_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->at[i].directory, b->at[i].directory) ||
		    strcmp(a->at[i].name, b->at[i].name))
			return false;
	return true;
}

static bool is_watched(const watched_list *list, size_t n, const char *directory)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list->at[i].directory, directory))
			return true;
	return false;
}

static void watch_all(struct file_watch *watch)
{
	watched_list *all = &watch->all;

	for (size_t i = 0; i < all->n; i++) {
		struct watched *w = &all->at[i];

		if (!w->source && !is_watched(all, i, w->directory))
			w->blind = sd_event_add_inotify(watch->loop, &w->source, w->directory,
							SAVED | WRITING | DIRECTORY_GONE | IN_ONLYDIR,
							on_event, watch) < 0;
	}
}

/* Links may lead elsewhere by now, and directories be others. */
static int refresh(struct file_watch *watch)
{
	watched_list fresh = { 0 };
	int r = 0;

	for (size_t i = 0; i < watch->files.n && !r; i++)
		r = add_both(&fresh, watch->files.at[i]);
	if (!r && (watch->broken || !is_same(&fresh, &watch->all))) {
		list_free(&watch->all);
		watch->all = fresh;
		fresh = (watched_list){ 0 };
		watch->broken = false;
	}
	list_free(&fresh);
	watch_all(watch);
	if (file_watch_blind(watch) && !watch->pending)
		arm(watch, AGAIN_USEC);
	return r;
}

static int on_quiet(sd_event_source *source, uint64_t usec, void *data)
{
	struct file_watch *watch = data;
	const bool blind = file_watch_blind(watch), pending = watch->pending;

	watch->pending = false;
	(void)refresh(watch);
	if (pending || (blind && !file_watch_blind(watch)))
		watch->changed(watch->data);
	return 0;
}

/* --- for the engine ---------------------------------------------------------------------------- */

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

int file_watch_set(struct file_watch *watch, const struct name_list *files)
{
	int r = 0;

	forget_files(watch);
	for (size_t i = 0; i < files->names.n && !r; i++) {
		char *copy = strdup(files->names.at[i]);

		r = copy ? vec_push(&watch->files, copy) : -ENOMEM;
		if (r)
			free(copy);
	}
	return r ? r : refresh(watch);
}

const char *file_watch_blind(const struct file_watch *watch)
{
	vec_foreach(&watch->all, w)
		if (w->blind)
			return w->directory;
	return NULL;
}
