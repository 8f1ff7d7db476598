/* SPDX-License-Identifier: GPL-2.0-only */
/* Items know their parents; who goes from the top down asks for the children. */
#include <errno.h>

#include "shaper/plan_private.h"

void shaper_kids_free(struct shaper_kids *kids)
{
	free(kids->list);
	free(kids->start);
	*kids = (struct shaper_kids){ 0 };
}

/* Sorted by counting: each start is first the end of its stretch, and goes down as it is filled. */
int shaper_kids_make(const struct shaper_plan *plan, struct shaper_kids *ret)
{
	size_t n = plan->items.n;
	struct shaper_kids kids = { calloc(n + 1, sizeof(int)), calloc(n + 2, sizeof(int)) };

	if (!kids.list || !kids.start) {
		shaper_kids_free(&kids);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		kids.start[plan->items.at[i].parent + 1]++;
	for (size_t i = 1; i < n + 2; i++)
		kids.start[i] += kids.start[i - 1];
	for (size_t i = n; i-- > 0;)
		kids.list[--kids.start[plan->items.at[i].parent + 1]] = (int)i;
	*ret = kids;
	return 0;
}
