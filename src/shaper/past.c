/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "shaper/plan.h"

int shaper_past_of(const struct shaper_plan *plan, struct shaper_past *ret)
{
	_cleanup_shaper_past_ struct shaper_past past = { 0 };

	for (size_t i = 0; i < plan->items.n; i++) {
		const struct shaper_item *item = &plan->items.at[i];
		const char *parent = item->parent < 0 ? NULL : plan->items.at[item->parent].name;

		if (vec_push(&past.seats,
			     { item->kind, item->name, parent, item->queue, item->minor, 0 }))
			return -ENOMEM;
	}
	vec_foreach(&plan->next, next)
		if (vec_push(&past.next, *next))
			return -ENOMEM;
	*ret = past;
	memset(&past, 0, sizeof(past));
	return 0;
}

void shaper_past_free(struct shaper_past *past)
{
	vec_free(&past->seats);
	vec_free(&past->next);
}

/* Seats stand in the order of the plan's items. */
void shaper_past_move(struct shaper_past *past, const struct shaper_moves *moves)
{
	vec_foreach(&moves->moves, move)
		past->seats.at[move->item].move_to = (uint16_t)(move->queue + 1);
}
