/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between two lists of entries.  Mostly they are in the same order with few
 * exceptions: those are told by going along both; only what is left is looked up by its prefix.
 */
#include <errno.h>
#include <stdlib.h>

#include "pipe/classify/table_private.h"

#define AHEAD 8 /* entries to look for where both lists agree again */

typedef VEC(const struct classify_entry *) entry_list;

struct walk {
	const struct classify_entry *before, *before_end, *after, *after_end;
	entry_list gone, come; /* not met in the same place */
	classify_differences *out;
};

static bool is_same(const struct classify_entry *a, const struct classify_entry *b)
{
	return !memcmp(&a->prefix, &b->prefix, sizeof(a->prefix));
}

static int note(classify_differences *out, const struct classify_entry *before,
		const struct classify_entry *after)
{
	struct classify_difference one = { before, after };

	if (before && after && before->value == after->value)
		return 0;
	return vec_push(out, one);
}

/* How far to go on until `what` comes; 0 = it does not. */
static size_t find_ahead(const struct classify_entry *from, const struct classify_entry *end,
			 const struct classify_entry *what)
{
	for (size_t i = 1; i <= AHEAD && i < (size_t)(end - from); i++)
		if (is_same(from + i, what))
			return i;
	return 0;
}

static int push_gone(struct walk *w, size_t n)
{
	int r = 0;

	for (; !r && n; n--)
		r = vec_push(&w->gone, w->before++);
	return r;
}

static int push_come(struct walk *w, size_t n)
{
	int r = 0;

	for (; !r && n; n--)
		r = vec_push(&w->come, w->after++);
	return r;
}

static int walk_step(struct walk *w)
{
	size_t skip;
	int r;

	if (is_same(w->before, w->after))
		return note(w->out, w->before++, w->after++);
	skip = find_ahead(w->after, w->after_end, w->before);
	if (skip)
		return push_come(w, skip);
	skip = find_ahead(w->before, w->before_end, w->after);
	if (skip)
		return push_gone(w, skip);
	r = push_gone(w, 1);
	return r ? r : push_come(w, 1);
}

static int walk(struct walk *w)
{
	int r = 0;

	while (!r && w->before < w->before_end && w->after < w->after_end)
		r = walk_step(w);
	if (!r)
		r = push_gone(w, (size_t)(w->before_end - w->before));
	return r ? r : push_come(w, (size_t)(w->after_end - w->after));
}

/* --- what is left ------------------------------------------------------------------------------ */

static uint64_t hash_prefix(const struct net_prefix *p)
{
	uint64_t words[3] = { 0 };

	memcpy(words, p, sizeof(*p));
	return (words[0] * 0x9e3779b97f4a7c15u + words[1]) * 0xbf58476d1ce4e5b9u + words[2];
}

static size_t place_of(const struct classify_entry *e, unsigned bits)
{
	return hash_prefix(&e->prefix) * 0x94d049bb133111ebu >> (64 - bits);
}

/* Takes out the one with the prefix of `e`; NULL = there is none. */
static const struct classify_entry *take(const struct classify_entry **seats, unsigned bits,
					 const struct classify_entry *e)
{
	const size_t mask = ((size_t)1 << bits) - 1;
	static const struct classify_entry taken = { .prefix.family = 0 };

	for (size_t i = place_of(e, bits); seats[i]; i = (i + 1) & mask)
		if (is_same(seats[i], e)) {
			const struct classify_entry *found = seats[i];

			seats[i] = &taken;
			return found;
		}
	return NULL;
}

static void seat_all(const struct classify_entry **seats, unsigned bits, const entry_list *list)
{
	const size_t mask = ((size_t)1 << bits) - 1;

	for (size_t k = 0; k < list->n; k++) {
		size_t i = place_of(list->at[k], bits);

		while (seats[i])
			i = (i + 1) & mask;
		seats[i] = list->at[k];
	}
}

static int note_gone(const struct classify_entry **seats, unsigned bits, classify_differences *out)
{
	int r = 0;

	for (size_t i = 0; !r && i < (size_t)1 << bits; i++)
		if (seats[i] && seats[i]->prefix.family)
			r = note(out, seats[i], NULL);
	return r;
}

static int match_rest(struct walk *w)
{
	_cleanup_free_ const struct classify_entry **seats = NULL;
	unsigned bits = 2;
	int r = 0;

	while (((size_t)1 << bits) < 2 * w->gone.n)
		bits++;
	seats = calloc((size_t)1 << bits, sizeof(*seats));
	if (!seats)
		return -ENOMEM;
	seat_all(seats, bits, &w->gone);
	for (size_t i = 0; !r && i < w->come.n; i++)
		r = note(w->out, take(seats, bits, w->come.at[i]), w->come.at[i]);
	return r ? r : note_gone(seats, bits, w->out);
}

int table_differences(const struct classify_entry *before, size_t n_before,
		      const struct classify_entry *after, size_t n_after, classify_differences *ret)
{
	struct walk w = { .before = before,
			  .before_end = before + n_before,
			  .after = after,
			  .after_end = after + n_after,
			  .out = ret };
	int r = walk(&w);

	if (!r && w.gone.n + w.come.n)
		r = match_rest(&w);
	vec_free(&w.gone);
	vec_free(&w.come);
	return r;
}
