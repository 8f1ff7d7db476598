/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/classify/table.h"

#include <errno.h>
#include <stdlib.h>

#include "pipe/classify/grace.h"
#include "pipe/classify/table_private.h"

int classify_table_new(const struct classify_sizes *sizes, struct classify_table **ret,
		       struct diag *d)
{
	struct classify_table *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	r = classify_maps_open(sizes, &t->maps);
	if (r) {
		free(t);
		(void)diag_error(d, NULL, "the table of addresses cannot be made: %s", strerror(-r));
		return r;
	}
	t->overflow.fd = t->maps.overflow;
	t->prefixes.fd = t->maps.prefixes;
	t->length6[0] = t->length6[1] = 64;
	*ret = t;
	return 0;
}

void classify_table_free(struct classify_table *t)
{
	if (!t)
		return;
	classify_maps_close(&t->maps);
	side_free(&t->overflow);
	side_free(&t->prefixes);
	free(t->entries);
	free(t);
}

const struct classify_maps *classify_table_maps(const struct classify_table *t)
{
	return &t->maps;
}

void table_add_flags(struct classify_table *t, unsigned half, uint32_t flags)
{
	struct classify_half *h = table_half(t, half);

	if ((h->flags & flags) != flags)
		__atomic_store_n(&h->flags, h->flags | flags, __ATOMIC_RELEASE);
}

static void count(const classify_differences *all, struct classify_table_change *ret)
{
	*ret = (struct classify_table_change){ 0 };
	for (size_t i = 0; i < all->n; i++) {
		ret->added += !all->at[i].before;
		ret->removed += !all->at[i].after;
		ret->changed += all->at[i].before && all->at[i].after;
	}
}

/* What did not succeed one by one may by building anew: there is more room then. */
static int carry_out(struct classify_table *t, const classify_differences *all,
		     const struct classify_entry *entries, size_t n, bool *ret_rebuilt)
{
	int r;

	if (!all->n && t->built && !t->mixed)
		return 0;
	if (table_change_fits(t, all, n)) {
		if (!table_change(t, all))
			return 0;
		t->mixed = true;
	}
	r = table_rebuild(t, entries, n);
	if (r)
		return r;
	t->mixed = false;
	*ret_rebuilt = true;
	return 0;
}

static int explain(int r, const struct classify_table *t, size_t n, struct diag *d)
{
	if (r == -E2BIG)
		r = -ENOSPC;
	(void)diag_error(d, NULL, "the table of addresses could not take these %zu: %s", n,
			 strerror(-r));
	if (t->mixed)
		diag_hint(d, "some of the addresses that changed are in the table already");
	return r;
}

int classify_table_set(struct classify_table *t, const struct classify_entry *entries, size_t n,
		       struct classify_table_change *ret, struct diag *d)
{
	_cleanup_free_ struct classify_entry *copy = malloc((n + 1) * sizeof(*copy));
	classify_differences all = { 0 };
	struct classify_table_change change;
	bool rebuilt = false;
	int r;

	if (!copy)
		return explain(-ENOMEM, t, n, d);
	if (n)
		memcpy(copy, entries, n * sizeof(*copy));
	r = table_differences(t->entries, t->n, copy, n, &all);
	if (!r)
		r = carry_out(t, &all, copy, n, &rebuilt);
	count(&all, &change);
	vec_free(&all);
	if (r)
		return explain(r, t, n, d);
	free(t->entries);
	t->entries = TAKE_PTR(copy);
	t->n = n;
	change.rebuilt = rebuilt;
	*ret = change;
	return 0;
}

/* Failing here costs nothing: the rebuild tries again, and says it. */
void classify_table_rest(struct classify_table *t)
{
	if (t->may_be_read && !classify_grace_wait())
		t->may_be_read = false;
}
