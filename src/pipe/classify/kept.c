/* SPDX-License-Identifier: GPL-2.0-only */
/* What outlives the daemon: what commands changed, who sits where, and queues that nobody wants. */
#include <net/if.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "pipe/classify/live.h"

#define SAVE_AGAIN 60 /* seconds, after it failed */

int classify_kept_open(struct classify_live *live, const struct stage_host *host, struct diag *d)
{
	int r;

	if (host->pins) {
		live->pins = strdup(host->pins);
		if (!live->pins)
			return -ENOMEM;
	}
	if (!host->state)
		return 0;
	if (asprintf(&live->changes_path, "%s/subscribers.json", host->state) < 0)
		live->changes_path = NULL;
	if (asprintf(&live->seats_path, "%s/seats.json", host->state) < 0)
		live->seats_path = NULL;
	if (!live->changes_path || !live->seats_path)
		return -ENOMEM;
	r = classify_changes_load(&live->changes, live->changes_path, d);
	if (!r)
		r = classify_seats_load(live->seats_path, &live->seats, &live->ids, d);
	live->knows_ids = live->ids.all.n > 0;
	return r;
}

/* --- changes by command ------------------------------------------------------------------------ */

void classify_kept_save_changes(struct classify_live *live)
{
	if (live->changes_path && classify_changes_save(&live->changes, live->changes_path))
		classify_tell(live, "shaper", "failed",
			      "cannot write %s: the change will not survive a restart",
			      live->changes_path);
}

/* --- seats ------------------------------------------------------------------------------------- */

/* Not at the change itself: it may come with a thousand others. */
void classify_kept_save_seats(struct classify_live *live)
{
	const struct classify_world *w = live->now;
	const bool queues = w && classify_world_shapes(w) && !live->stopped;
	const bool failed = live->unsaved;

	if (!live->dirty || !live->seats_path || !w)
		return;
	live->unsaved = classify_seats_save(live->seats_path, queues ? &w->line : NULL, &w->plan,
					    &live->ids) != 0;
	live->dirty = live->unsaved;
	live->pause = live->unsaved ? SAVE_AGAIN : 0;
	if (live->unsaved && !failed)
		classify_tell(live, "shaper", "note",
			      "cannot write %s: after a restart some may change their queues",
			      live->seats_path);
}

/* --- queues ------------------------------------------------------------------------------------ */

static bool is_in_use(const struct classify_world *w, const char *name)
{
	return w->conf && (!strcmp(name, w->line.down_name) || !strcmp(name, w->line.up_name));
}

static bool stands(const char *name, struct shaper_line *ret)
{
	*ret = (struct shaper_line){ .down_ifindex = if_nametoindex(name) };
	(void)snprintf(ret->down_name, sizeof(ret->down_name), "%s", name);
	return ret->down_ifindex;
}

static void drop(struct classify_live *live, const struct shaper_line *line)
{
	_cleanup_shaper_tree_ struct shaper_tree *tree = NULL;
	_cleanup_diag_ struct diag d = { 0 };
	const struct shaper_plan none = { 0 };

	if (shaper_tree_new(NULL, NULL, &tree, &d) || shaper_tree_prepare(tree, line, &none, &d))
		return;
	classify_tell(live, line->down_name, "note", "queues of an earlier run are taken away");
	shaper_tree_settle(tree);
	shaper_tree_stop(tree);
}

void classify_kept_drop_leftover(struct classify_live *live)
{
	const char *const *names = live->seats.devices;
	struct shaper_line line;

	for (int i = 0; i < 2; i++)
		if (names[i] && !is_in_use(live->now, names[i]) &&
		    !(i && names[0] && !strcmp(names[0], names[1])) && stands(names[i], &line))
			drop(live, &line);
}
