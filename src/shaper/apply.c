/* SPDX-License-Identifier: GPL-2.0-only */
#include "shaper/apply.h"

#include <errno.h>
#include <stdarg.h>

#include "shaper/apply_private.h"

void shaper_say(struct shaper_tree *t, const char *subject, const char *event, const char *format, ...)
{
	char text[512];
	va_list args;

	if (!t->tell)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	t->tell(subject, event, text, t->data);
}

int shaper_tree_new(shaper_tell tell, void *data, struct shaper_tree **ret, struct diag *d)
{
	_cleanup_shaper_tree_ struct shaper_tree *t = calloc(1, sizeof(*t));
	int r = t ? nl_open(&t->nl) : -ENOMEM;

	if (r) {
		(void)diag_error(d, NULL, "the kernel's netlink cannot be opened: %s", strerror(-r));
		return r;
	}
	t->tell = tell;
	t->data = data;
	*ret = TAKE_PTR(t);
	return 0;
}

/* Those of `devs` which are not in `but`. */
static unsigned devices_only(struct shaper_device *const *side, struct shaper_device *const *but,
			     struct shaper_device *ret[SHAPER_SIDES])
{
	struct shaper_device *all[SHAPER_SIDES];
	unsigned n = shaper_devices(side, all), only = 0;

	for (unsigned i = 0; i < n; i++)
		if (all[i] != but[0] && all[i] != but[1])
			ret[only++] = all[i];
	return only;
}

static void pending_free(struct shaper_tree *t)
{
	free(t->next.rest_leaf);
	vec_free(&t->next.wants);
	vec_free(&t->next.gone);
	t->next = (struct shaper_pending){ 0 };
	t->pending = false;
}

void shaper_tree_free(struct shaper_tree *t)
{
	struct shaper_device *devs[SHAPER_SIDES];
	unsigned n;

	if (!t)
		return;
	n = devices_only(t->next.dev, t->dev, devs);
	while (n-- > 0)
		shaper_device_free(devs[n]);
	n = shaper_devices(t->dev, devs);
	while (n-- > 0)
		shaper_device_free(devs[n]);
	pending_free(t);
	vec_foreach(&t->words, words) {
		free((*words)->text);
		free(*words);
	}
	vec_free(&t->words);
	free(t->rest_leaf);
	nl_close(t->nl);
	free(t);
}

int shaper_tree_queues(struct shaper_tree *t, unsigned ifindex, unsigned *ret)
{
	return shaper_device_queues(t->nl, ifindex, ret);
}

/* --- prepare ---------------------------------------------------------------------------------- */

static struct shaper_device *device_of(struct shaper_tree *t, unsigned ifindex)
{
	for (int side = 0; side < SHAPER_SIDES; side++) {
		if (t->next.dev[side] && t->next.dev[side]->ifindex == ifindex)
			return t->next.dev[side];
		if (t->dev[side] && t->dev[side]->ifindex == ifindex)
			return t->dev[side];
	}
	return NULL;
}

static int read_anew(struct shaper_tree *t, struct shaper_device *dev, struct diag *d)
{
	t->next.all = true;
	/* Until the settling nothing of what stands is known to be wanted. */
	t->rebuild |= dev == t->dev[SHAPER_DOWN] || dev == t->dev[SHAPER_UP];
	return shaper_device_read(t, dev, t->next.to.queues > 0, d);
}

static int choose_device(struct shaper_tree *t, int side, struct diag *d)
{
	const struct shaper_line *line = &t->next.line;
	unsigned ifindex = side == SHAPER_UP ? line->up_ifindex : line->down_ifindex;
	const char *name = side == SHAPER_UP ? line->up_name : line->down_name;
	struct shaper_device *dev = ifindex ? device_of(t, ifindex) : NULL;

	if (ifindex && !dev)
		dev = shaper_device_new(ifindex, name);
	if (ifindex && !dev)
		return -ENOMEM;
	t->next.dev[side] = dev;
	t->next.all |= dev != t->dev[side];
	if (!dev)
		return 0;
	(void)snprintf(dev->name, sizeof(dev->name), "%s", name);
	return dev->known && !dev->gone ? 0 : read_anew(t, dev, d);
}

static int check_stick(struct shaper_tree *t, struct diag *d)
{
	const struct shaper_plan *to = &t->next.to;

	if (!t->next.dev[0] || t->next.dev[0] != t->next.dev[1] || !to->queues ||
	    to->up_offset >= to->queues)
		return 0;
	return diag_error(d, NULL, "%s carries both directions, but the plan has them in one tree",
			  t->next.dev[0]->name);
}

static int check_room(struct shaper_tree *t, int side, struct diag *d)
{
	struct shaper_device *dev = t->next.dev[side];
	const struct shaper_plan *to = &t->next.to;
	unsigned wants = to->queues + (side == SHAPER_UP ? to->up_offset : 0);

	if (!dev || wants <= dev->queues || !to->queues)
		return 0;
	/* It may have got more. */
	if (dev->mq && !shaper_device_queues(t->nl, dev->ifindex, &dev->queues) &&
	    wants <= dev->queues)
		return 0;
	return diag_error(d, NULL, "%s has %u transmit queue%s, %u %s wanted", dev->name,
			  dev->queues, dev->queues == 1 ? "" : "s", wants, wants == 1 ? "is" : "are");
}

static int prepare(struct shaper_tree *t, struct diag *d)
{
	int r = 0;

	t->next.all = !t->plan || t->rebuild;
	for (int side = 0; side < SHAPER_SIDES && !r; side++)
		r = choose_device(t, side, d);
	if (!r)
		r = check_stick(t, d);
	for (int side = 0; side < SHAPER_SIDES && !r; side++)
		r = check_room(t, side, d);
	if (!r)
		r = shaper_wants_collect(t, d);
	return r ?: shaper_build(t, d);
}

int shaper_tree_prepare(struct shaper_tree *t, const struct shaper_line *line,
			const struct shaper_plan *to, struct diag *d)
{
	unsigned errors = d->errors;
	int r;

	if (t->pending)
		shaper_tree_revert(t);
	t->pending = true;
	t->serial++;
	t->next.to = *to;
	t->next.line = *line;
	t->next.line.leaf = NULL;
	t->next.rest_leaf = line->leaf ? strdup(line->leaf) : NULL;
	r = line->leaf && !t->next.rest_leaf ? -ENOMEM : prepare(t, d);
	if (!r)
		return 0;
	if (d->errors == errors)
		(void)diag_error(d, NULL, "the tree of queues cannot be made: %s", strerror(-r));
	shaper_tree_revert(t);
	return r;
}

void shaper_tree_revert(struct shaper_tree *t)
{
	struct shaper_device *devs[SHAPER_SIDES];
	unsigned n;

	if (!t->pending)
		return;
	shaper_build_take_back(t);
	n = devices_only(t->next.dev, t->dev, devs);
	while (n-- > 0)
		shaper_device_free(devs[n]);
	pending_free(t);
}

/* --- settle ----------------------------------------------------------------------------------- */

static void make_live(struct shaper_tree *t)
{
	vec_foreach(&t->next.wants, want) {
		struct shaper_class *cls = want->cls;

		cls->wants = want->wish;
		cls->inner = !want->wish.leaf;
		cls->heir = NULL;
		cls->busy = false;
		cls->quiet = 0;
		shaper_class_set_state(want->dev, cls, SHAPER_LIVE);
	}
}

static void doom(struct shaper_device *dev, struct shaper_class *cls, struct shaper_class *heir)
{
	if (!cls || cls->state == SHAPER_DOOMED)
		return;
	shaper_class_set_state(dev, cls, SHAPER_DOOMED);
	cls->heir = heir;
	cls->quiet = 0;
}

static void doom_the_rest(struct shaper_tree *t)
{
	struct shaper_device *devs[SHAPER_SIDES];
	unsigned n = t->next.all ? shaper_devices(t->next.dev, devs) : 0;

	vec_foreach(&t->next.gone, gone)
		doom(gone->dev, shaper_class_find(gone->dev, gone->handle),
		     gone->heir ? shaper_class_find(gone->dev, gone->heir) : NULL);
	for (unsigned i = 0; i < n; i++) {
		vec_foreach(&devs[i]->list, cls) {
			if ((*cls)->claim != t->serial)
				doom(devs[i], *cls, NULL);
		}
	}
}

static void change_devices(struct shaper_tree *t)
{
	struct shaper_device *devs[SHAPER_SIDES];
	unsigned n = devices_only(t->dev, t->next.dev, devs);

	while (n-- > 0) {
		shaper_device_stop(t, devs[n]);
		shaper_device_free(devs[n]);
	}
	memcpy(t->dev, t->next.dev, sizeof(t->dev));
	n = shaper_devices(t->dev, devs);
	while (n-- > 0) {
		devs[n]->root_made = false;
		memset(devs[n]->htb_made, 0, sizeof(devs[n]->htb_made));
	}
}

static void note_refused(struct shaper_tree *t, const struct shaper_jobs *jobs, int r)
{
	bool again = t->retry;

	t->retry = r || jobs->refused;
	if (t->retry && !again)
		shaper_say(t, "shaper", "refused", "%s%s: tried again every second",
			   jobs->refused ? jobs->text : strerror(-r),
			   jobs->refused > 1 ? ", and others" : "");
}

static int change(struct shaper_jobs *jobs, struct shaper_device *dev, struct shaper_class *cls)
{
	int r = shaper_job_change(jobs, dev, cls);

	return r ?: shaper_job_leaf(jobs, dev, cls);
}

static void change_wanted(struct shaper_tree *t)
{
	_cleanup_shaper_jobs_ struct shaper_jobs jobs = { 0 };
	int r = shaper_jobs_begin(t, &jobs);

	/* Shares first: they decide what the new ones are due. */
	if (!r)
		r = shaper_drain_begin(t, &jobs);
	vec_foreach(&t->next.wants, want) {
		if (!r)
			r = change(&jobs, want->dev, want->cls);
	}
	if (jobs.batch)
		r = shaper_jobs_flush(&jobs) ?: r;
	note_refused(t, &jobs, r);
}

static void retry(struct shaper_tree *t)
{
	_cleanup_shaper_jobs_ struct shaper_jobs jobs = { 0 };
	struct shaper_device *devs[SHAPER_SIDES];
	unsigned n = shaper_devices(t->dev, devs);
	int r = shaper_jobs_begin(t, &jobs);

	for (unsigned i = 0; i < n; i++) {
		if (devs[i]->gone)
			continue;
		vec_foreach(&devs[i]->list, cls) {
			if (!r && (*cls)->state == SHAPER_LIVE)
				r = change(&jobs, devs[i], *cls);
		}
	}
	if (jobs.batch)
		r = shaper_jobs_flush(&jobs) ?: r;
	note_refused(t, &jobs, r);
}

void shaper_tree_settle(struct shaper_tree *t)
{
	bool changes;

	if (!t->pending)
		return;
	make_live(t);
	doom_the_rest(t);
	changes = t->next.all || t->next.wants.n || t->next.gone.n;
	change_devices(t);
	t->own = t->next.to;
	t->plan = &t->own;
	t->line = t->next.line;
	free(t->rest_leaf);
	t->rest_leaf = TAKE_PTR(t->next.rest_leaf);
	t->rebuild = t->told = false;
	if (changes)
		change_wanted(t);
	pending_free(t);
}

/* --- and from then on ------------------------------------------------------------------------- */

static void look_after(struct shaper_tree *t, struct shaper_device *dev)
{
	int r = dev->known && dev->root && !dev->gone ? shaper_device_check(t, dev) : 0;

	if (r == -ENODEV)
		dev->gone = true;
	if (r != -ENOENT)
		return;
	shaper_say(t, dev->name, "lost", "our queues are not there any more: they are made anew");
	dev->known = false;
}

static void tell_trouble(struct shaper_tree *t, const struct diag *d)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	if (t->told || !d->entries.n)
		return;
	t->told = true;
	diag_format_plain(&d->entries.at[d->entries.n - 1], &text);
	shaper_say(t, "shaper", "failed", "%s; tried again every second", strbuf_text(&text));
}

static void make_anew(struct shaper_tree *t)
{
	_cleanup_diag_ struct diag d = { 0 };
	struct shaper_line line = t->line;

	line.leaf = t->rest_leaf;
	/* For a device that went there will be another line, with its new number. */
	if (t->dev[SHAPER_DOWN] && t->dev[SHAPER_DOWN]->gone)
		line.down_ifindex = 0;
	if (t->dev[SHAPER_UP] && t->dev[SHAPER_UP]->gone)
		line.up_ifindex = 0;
	if (shaper_tree_prepare(t, &line, t->plan, &d))
		tell_trouble(t, &d);
	else
		shaper_tree_settle(t);
}

bool shaper_tree_tick(struct shaper_tree *t)
{
	struct shaper_device *devs[SHAPER_SIDES];
	unsigned n = shaper_devices(t->dev, devs);
	bool lost = t->rebuild;

	if (t->pending || !t->plan)
		return t->pending;
	for (unsigned i = 0; i < n; i++) {
		look_after(t, devs[i]);
		lost |= !devs[i]->known && !devs[i]->gone;
	}
	if (lost)
		make_anew(t);
	if (t->retry)
		retry(t);
	shaper_share_tick(t);
	return shaper_drain_tick(t) || t->retry || t->rebuild;
}

void shaper_tree_stop(struct shaper_tree *t)
{
	struct shaper_device *devs[SHAPER_SIDES];
	unsigned n;

	shaper_tree_revert(t);
	n = shaper_devices(t->dev, devs);
	while (n-- > 0) {
		shaper_device_stop(t, devs[n]);
		shaper_device_free(devs[n]);
	}
	memset(t->dev, 0, sizeof(t->dev));
	t->plan = NULL;
	t->retry = t->rebuild = false;
}

const char *shaper_tree_leaf(const struct shaper_tree *t, const struct shaper_item *item, bool up)
{
	const struct shaper_device *dev = t->dev[up];
	const struct shaper_class *cls;

	if (!dev || !t->plan)
		return NULL;
	cls = shaper_class_find(dev, up ? shaper_handle_up(t->plan, item) :
					  shaper_handle_down(t->plan, item));
	if (!cls || !cls->leaf || !cls->wants.leaf)
		return NULL;
	return shaper_leaf_words(cls->wants.leaf, &cls->leaf_has);
}
