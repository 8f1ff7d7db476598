/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order of a change: new classes first, then the table that sends packets there, then what is
 * not wanted any more.  So at every moment each subscriber has a queue.
 */
#include "pipe/classify/live.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdarg.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "pipe/instance.h"

void classify_tell(struct classify_live *live, const char *subject, const char *event,
		   const char *format, ...)
{
	char text[400];
	va_list args;

	if (!live->tell)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	live->tell(subject, event, text, live->tell_data);
}

static void tree_tells(const char *subject, const char *event, const char *text, void *data)
{
	classify_tell(data, subject, event, "%s", text);
}

/* --- life -------------------------------------------------------------------------------------- */

static void live_close(void *data)
{
	struct classify_live *live = data;

	if (!live)
		return;
	classify_kept_save_seats(live);
	classify_counts_revert(live);
	classify_counts_close(live);
	cleanup_close(&live->cpus_fd);
	cleanup_close(&live->strangers_fd);
	classify_table_free(live->next_table);
	classify_table_free(live->table);
	shaper_tree_free(live->tree);
	classify_world_free(live->next);
	classify_world_free(live->now);
	classify_seats_free(&live->seats);
	classify_changes_free(&live->changes);
	classify_changes_free(&live->before);
	classify_ids_free(&live->ids);
	vec_free(&live->rates);
	free(live->pins);
	free(live->changes_path);
	free(live->seats_path);
	free(live);
}

static int live_open(const struct stage_host *host, void **ret, struct diag *d)
{
	struct classify_live *live = calloc(1, sizeof(*live));
	int r;

	if (!live)
		return -ENOMEM;
	live->cpus_fd = live->strangers_fd = live->counts_fd = live->next_counts_fd = -1;
	live->kernel = host->kernel;
	live->tell = host->tell;
	live->tell_data = host->data;
	r = classify_kept_open(live, host, d);
	if (r) {
		live_close(live);
		return r;
	}
	*ret = live;
	return 0;
}

static void live_stop(void *data)
{
	struct classify_live *live = data;

	if (live->tree)
		shaper_tree_stop(live->tree);
	classify_counts_unpin(live);
	classify_cpus_unpin(live);
	/* Whoever makes queues there from now on, they are not ours to take away. */
	live->stopped = live->dirty = true;
}

/* Nothing here must be known within milliseconds. */
static int live_interfaces(const void *data, struct name_list *out)
{
	return 0;
}

static void live_look(void *data, const struct pipe_facts *facts, const struct counter_view *counters)
{
}

/* --- what all copies share --------------------------------------------------------------------- */

static int open_strangers(struct classify_live *live)
{
	if (live->strangers_fd < 0)
		live->strangers_fd =
			bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "classify_strang",
				       sizeof(struct classify_stranger),
				       sizeof(struct classify_seen), CLASSIFY_STRANGERS, NULL);
	return live->strangers_fd < 0 ? live->strangers_fd : 0;
}

/* --- a sync ------------------------------------------------------------------------------------ */

static int open_tree(struct classify_live *live, struct diag *d)
{
	return live->tree ? 0 : shaper_tree_new(tree_tells, live, &live->tree, d);
}

static int make_next(struct classify_live *live, const struct classify_conf *conf,
		     const struct classify_changes *changes, const struct pipe_facts *facts,
		     struct diag *d)
{
	static const struct classify_sizes no_size;
	_cleanup_shaper_past_ struct shaper_past past = { 0 };
	const bool running = live->now && live->now->conf;
	size_t stale = 0;
	struct classify_surroundings around = {
		.facts = facts,
		.changes = changes,
		.past = running ? &past : &live->seats.past,
		.sizes = live->table ? &classify_table_maps(live->table)->sizes : &no_size,
		.id_room = live->now ? live->now->id_room : 0,
		.tree = live->tree,
		.ids = &live->ids,
		.cpus = live->kernel->n_cpus,
		.check = !running || live->now->conf != conf || live->now->bare || live->unchecked,
		.ret_stale = &stale,
	};
	int r = running ? shaper_past_of(&live->now->plan, &past) : 0;

	return r ? r : classify_world_make(conf, &around, &live->next, d);
}

static void tell_left_out(struct classify_live *live, const struct diag *why)
{
	vec_foreach(&why->entries, e)
		if (e->level == DIAG_ERROR)
			classify_tell(live, "shaper", "failed", "%s", e->text);
	classify_tell(live, "shaper", "failed",
		      "subscribers changed by command are left out: they do not go with the files; "
		      "mend the files, or see weir subscribers reset");
}

/*
 * A start must not fail for what was said by command, long ago, of files that have changed since.
 * From then on they are tried at every sync, until they go with the files again.
 */
static int make_first(struct classify_live *live, const struct classify_conf *conf,
		      const struct pipe_facts *facts, struct diag *d)
{
	/* Borrowed; addresses mapped by hand are nobody's in the files. */
	const struct classify_changes bare = { .mappings = live->changes.mappings };
	_cleanup_diag_ struct diag own = { 0 };
	int r = make_next(live, conf, &live->changes, facts, &own);

	if (!r || !live->changes.circuits.n) {
		diag_move(d, &own);
		return r;
	}
	r = make_next(live, conf, &bare, facts, d);
	if (r)
		return r;
	live->next->bare = true;
	if (!live->now || live->now->conf != conf)
		tell_left_out(live, &own);
	return 0;
}

static bool is_bare(const struct classify_live *live)
{
	return live->now && live->now->bare;
}

static int live_wish(void *data, const void *conf, const struct pipe_facts *facts, struct diag *d)
{
	struct classify_live *live = data;
	int r = conf ? open_tree(live, d) : 0;

	if (live->next && live->tree)
		shaper_tree_revert(live->tree); /* a sync that is tried once more */
	classify_world_free(live->next);
	live->next = NULL;
	if (r || (!conf && !live->now && !live->seats.devices[0]))
		return r;
	if (!live->now || (is_bare(live) && !live->commanded))
		r = make_first(live, conf, facts, d);
	else
		r = make_next(live, conf, &live->changes, facts, d);
	if (r && !d->errors)
		(void)diag_error(d, NULL, "shaper: %s", strerror(-r));
	return r;
}

static bool same_sizes(const struct classify_live *live, const struct classify_world *w)
{
	return live->table &&
	       !memcmp(&classify_table_maps(live->table)->sizes, &w->sizes, sizeof(w->sizes));
}

/* A table of another size is filled before the first program looks into it. */
static int prepare_table(struct classify_live *live, struct diag *d)
{
	struct classify_world *w = live->next;
	struct classify_table_change change;
	int r;

	classify_table_free(live->next_table);
	live->next_table = NULL;
	if (same_sizes(live, w))
		return 0;
	r = classify_table_new(&w->sizes, &live->next_table, d);
	return r ? r : classify_table_set(live->next_table, w->entries.at, w->entries.n, &change, d);
}

static int prepare_counts(struct classify_live *live)
{
	const uint32_t room = live->next->id_room;

	classify_counts_revert(live);
	if (live->counts && live->now && live->now->id_room == room)
		return 0;
	return classify_counts_make(live, room);
}

/* Of this run or the one before: others' are not ours to take away, whatever they look like. */
static bool has_queues(const struct classify_live *live)
{
	return (live->now && classify_world_shapes(live->now)) || live->seats.devices[0];
}

static int prepare_queues(struct classify_live *live, struct diag *d)
{
	const struct classify_world *w = live->next;

	if (!w->conf || (!classify_world_shapes(w) && !has_queues(live)))
		return 0;
	return shaper_tree_prepare(live->tree, &w->line, &w->plan, d);
}

static int prepare_maps(struct classify_live *live, struct diag *d)
{
	int r = classify_cpus_open(live);

	if (!r)
		r = open_strangers(live);
	if (!r)
		r = prepare_counts(live);
	if (!r)
		r = prepare_table(live, d);
	if (!r)
		classify_cpus_fill(live, live->next);
	return r;
}

static int live_prepare(void *data, const void *conf, const struct pipe_facts *facts,
			const struct pipe_plan *plan, struct diag *d)
{
	struct classify_live *live = data;
	int r = 0;

	if (!live->next)
		return 0;
	if (conf)
		r = prepare_maps(live, d);
	if (!r)
		r = prepare_queues(live, d);
	if (r && !d->errors)
		(void)diag_error(d, NULL, "shaper: %s", strerror(-r));
	return r;
}

static void settle_table(struct classify_live *live)
{
	struct classify_world *w = live->next;
	_cleanup_diag_ struct diag d = { 0 };
	struct classify_table_change change;

	if (live->next_table) {
		classify_table_free(live->table);
		live->table = TAKE_PTR(live->next_table);
		live->behind = false;
		return;
	}
	live->behind = live->table &&
		       classify_table_set(live->table, w->entries.at, w->entries.n, &change, &d);
	if (live->behind)
		classify_tell(live, "shaper", "failed",
			      "the table of addresses could not be changed whole: it is tried "
			      "again every second");
}

static void mend_table(struct classify_live *live)
{
	const struct classify_world *w = live->now;
	_cleanup_diag_ struct diag d = { 0 };
	struct classify_table_change change;

	if (live->behind)
		live->behind = classify_table_set(live->table, w->entries.at, w->entries.n, &change,
						  &d) != 0;
}

static void end_command(struct classify_live *live)
{
	if (!live->commanded)
		return;
	live->commanded = live->unchecked = false;
	classify_changes_free(&live->before);
	classify_kept_save_changes(live);
}

static void mark_ids(struct classify_live *live)
{
	const struct classify_world *w = live->now;

	classify_ids_mark(&live->ids);
	for (size_t i = 0; w->ids && i < w->network.circuits.n; i++)
		classify_ids_use(&live->ids, w->ids[i]);
	for (size_t i = 0; i < w->n_maps; i++)
		classify_ids_use(&live->ids, w->maps[i]);
	for (uint32_t id = 0; id < live->ids.all.n; id++)
		if (live->ids.all.at[id].name && !live->ids.all.at[id].used)
			classify_counts_clear(live, id); /* whoever gets it next begins at 0 */
	(void)classify_ids_sweep(&live->ids);
}

static void tell_settled(struct classify_live *live, const struct classify_world *old)
{
	const struct classify_world *w = live->now;

	if (!w->conf && old && old->conf)
		classify_tell(live, "shaper", "ended",
			      "nobody is shaped any more: the configuration has no `shaper`");
	if (!w->conf)
		return;
	if (old && old->conf)
		classify_tell_news(live, old, w);
	else if (classify_world_shapes(w))
		classify_tell(live, "shaper", "started", "%zu subscriber%s in %u queue%s",
			      w->n_circuits, w->n_circuits == 1 ? "" : "s", w->plan.queues,
			      w->plan.queues == 1 ? "" : "s");
	else
		classify_tell(live, "shaper", "started", "%zu subscriber%s, counted but not shaped",
			      w->n_circuits, w->n_circuits == 1 ? "" : "s");
}

static void live_settle(void *data, const struct counter_view *counters)
{
	struct classify_live *live = data;
	struct classify_world *old = live->now;

	if (!live->next)
		return;
	classify_counts_settle(live, old ? old->id_room : 0);
	/*
	 * Before the table, so that who moves with packets waiting has his rate halved in both
	 * places when the first packet comes to the new one.  What is not wanted stands on.
	 */
	if (live->tree)
		shaper_tree_settle(live->tree);
	settle_table(live);
	if (live->tree && !live->next->conf)
		shaper_tree_stop(live->tree);
	live->now = TAKE_PTR(live->next);
	tell_settled(live, old);
	classify_world_free(old);
	mark_ids(live);
	classify_kept_drop_leftover(live);
	classify_seats_free(&live->seats);
	live->seats = (struct classify_seats){ 0 };
	live->dirty = true;
	end_command(live);
}

static void live_revert(void *data)
{
	struct classify_live *live = data;

	if (live->tree && live->next)
		shaper_tree_revert(live->tree);
	classify_counts_revert(live);
	classify_table_free(live->next_table);
	live->next_table = NULL;
	classify_world_free(live->next);
	live->next = NULL;
	if (!live->now && live->made_cpus)
		classify_cpus_unpin(live); /* a start that failed leaves nothing */
	if (live->commanded)
		classify_command_revert(live);
}

/* --- every second ------------------------------------------------------------------------------ */

static bool live_tick(void *data, const struct counter_view *counters)
{
	struct classify_live *live = data;
	const double seconds = clock_seconds_since(CLOCK_BOOTTIME, &live->ticked);

	if (live->tree)
		(void)shaper_tree_tick(live->tree);
	if (!live->now)
		return false;
	classify_counts_tick(live, seconds);
	classify_cpus_tick(live, counters);
	mend_table(live);
	if (live->table)
		classify_table_rest(live->table);
	if (live->pause)
		live->pause--;
	else
		classify_kept_save_seats(live);
	return false;
}

const struct stage_live_ops classify_live_ops = {
	.interface = "subscribers",
	.open = live_open,
	.close = live_close,
	.stop = live_stop,
	.interfaces = live_interfaces,
	.look = live_look,
	.wish = live_wish,
	.prepare = live_prepare,
	.settle = live_settle,
	.revert = live_revert,
	.tick = live_tick,
	.commands = classify_commands,
	.queries = classify_queries,
	.who = classify_who,
	.given = classify_given,
	.address = classify_address,
	.notes = classify_cpus_notes,
};
