/* SPDX-License-Identifier: GPL-2.0-only */
/* What is wrong with a wish, before anything is planned. */
#include "pipe/pipeline.h"

static bool has(const struct pipe_wish *wish, const struct stage_ops *ops)
{
	for (unsigned i = 0; i < STAGE_MAX; i++)
		if (stages[i] == ops)
			return wish->stage[i];
	return false;
}

static void check_needs(const struct pipe_wish *wish, unsigned i, struct diag *d)
{
	const struct stage_ops *needs = stages[i]->needs;

	if (needs && !has(wish, needs))
		(void)diag_error(d, wish->at[i], "`%s` needs a section `%s`: there is none",
				 stages[i]->schema->name, needs->schema->name);
}

int pipe_wish_check(const struct pipe_wish *wish, const struct pipe_facts *facts, struct diag *d)
{
	unsigned before = d->errors;

	if (wish->settings)
		(void)pipe_settings_check(wish->settings, facts, d);
	for (unsigned i = 0; i < STAGE_MAX; i++) {
		if (!wish->stage[i])
			continue;
		check_needs(wish, i, d);
		if (stages[i]->check)
			(void)stages[i]->check(wish->stage[i], facts, d);
	}
	return d->errors > before ? -EINVAL : 0;
}
