/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Minors.  The kernel cannot hang a class elsewhere, so who keeps its number also keeps its place:
 * same queue, same parent, and the parent kept its own.  New numbers go around: one that was set free
 * is reused as late as can be, and never in the very next plan: its old class may still hold packets.
 */
#include <errno.h>

#include "shaper/plan_private.h"

#define MINORS 65536

struct numbers {
	bool *used; /* per queue and minor: by the past or by us */
	bool *kept; /* per item */
};

static void numbers_free(struct numbers *n)
{
	free(n->used);
	free(n->kept);
}

static bool *used_at(struct numbers *n, unsigned queue, unsigned minor)
{
	return &n->used[(size_t)queue * MINORS + minor];
}

static bool seat_valid(const struct shaper_build *b, const struct shaper_seat *seat)
{
	return seat->queue < b->plan.queues && seat->minor >= SHAPER_MINOR_FIRST;
}

static bool same_parent(const struct shaper_build *b, const struct numbers *n,
			const struct shaper_item *item, const struct shaper_seat *seat)
{
	if (item->parent == SHAPER_TOP || !seat->parent)
		return item->parent == SHAPER_TOP && !seat->parent;
	return n->kept[item->parent] && !strcmp(b->plan.items.at[item->parent].name, seat->parent);
}

/* `used` is ours alone here: a number that a state file gives to two is kept by one. */
static void keep(struct shaper_build *b, struct numbers *n)
{
	for (size_t i = 0; i < b->plan.items.n; i++) {
		struct shaper_item *item = &b->plan.items.at[i];
		const struct shaper_seat *seat = shaper_seat_of(b, item);

		if (!seat || !seat_valid(b, seat) || seat->queue != item->queue ||
		    !same_parent(b, n, item, seat) || *used_at(n, seat->queue, seat->minor))
			continue;
		item->minor = seat->minor;
		n->kept[i] = true;
		*used_at(n, item->queue, item->minor) = true;
	}
}

static void shun_past(struct shaper_build *b, struct numbers *n)
{
	vec_foreach(&b->past->seats, seat)
		if (seat_valid(b, seat))
			*used_at(n, seat->queue, seat->minor) = true;
}

static int give(struct shaper_build *b, struct numbers *n, struct shaper_item *item)
{
	uint16_t *next = &b->plan.next.at[item->queue];

	for (unsigned tries = SHAPER_MINOR_FIRST; tries < MINORS; tries++) {
		uint16_t minor = *next;

		*next = minor == MINORS - 1 ? SHAPER_MINOR_FIRST : (uint16_t)(minor + 1);
		if (*used_at(n, item->queue, minor))
			continue;
		*used_at(n, item->queue, minor) = true;
		item->minor = minor;
		return 0;
	}
	(void)diag_error(b->d, NULL, "queue %u has no number left for a class", item->queue);
	return -ENOSPC;
}

int shaper_build_numbers(struct shaper_build *b)
{
	_cleanup_(numbers_free) struct numbers n = {
		.used = calloc(b->plan.queues, MINORS * sizeof(bool)),
		.kept = calloc(b->plan.items.n + 1, sizeof(bool)),
	};
	int r = n.used && n.kept ? 0 : -ENOMEM;

	if (r)
		return r;
	keep(b, &n);
	shun_past(b, &n);
	for (size_t i = 0; i < b->plan.items.n && !r; i++)
		if (!n.kept[i])
			r = give(b, &n, &b->plan.items.at[i]);
	return r;
}
