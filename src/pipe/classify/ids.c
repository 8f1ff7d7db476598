/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/classify/ids.h"

#include "pipe/classify/layout.h"

void classify_ids_free(struct classify_ids *ids)
{
	vec_foreach(&ids->all, id)
		free(id->name);
	vec_free(&ids->all);
	vec_free(&ids->spare);
	net_index_free(&ids->index);
}

uint32_t classify_ids_find(const struct classify_ids *ids, const char *name)
{
	const size_t *at = ids->index.n ? net_index_find(&ids->index, name) : NULL;

	return at ? (uint32_t)*at : 0;
}

static int grow(struct classify_ids *ids, uint32_t id)
{
	int r = 0;

	while (ids->all.n <= id && !r)
		r = vec_push(&ids->all, (struct classify_id){ 0 });
	return r;
}

static int take(struct classify_ids *ids, uint32_t id, const char *name)
{
	char *own = strdup(name);
	int r = own ? net_index_add(&ids->index, own, id) : -ENOMEM;

	if (r) {
		free(own);
		return r;
	}
	ids->all.at[id].name = own;
	ids->all.at[id].used = true;
	ids->all.at[id].given++;
	return 0;
}

uint32_t classify_ids_give(struct classify_ids *ids, const char *name)
{
	uint32_t id = classify_ids_find(ids, name);

	if (id)
		return id;
	if (grow(ids, CLASSIFY_ID_DEFAULT))
		return 0;
	id = ids->spare.n ? ids->spare.at[ids->spare.n - 1] : (uint32_t)ids->all.n;
	if (id >= CLASSIFY_IDS || grow(ids, id) || take(ids, id, name))
		return 0;
	if (ids->spare.n)
		ids->spare.n--;
	return id;
}

int classify_ids_restore(struct classify_ids *ids, uint32_t id, const char *name,
			 const struct classify_count *zero)
{
	int r;

	if (id < CLASSIFY_ID_DEFAULT || id >= CLASSIFY_IDS ||
	    (name && (id == CLASSIFY_ID_DEFAULT || classify_ids_find(ids, name))))
		return -EINVAL;
	r = grow(ids, id);
	if (!r && ids->all.at[id].name)
		r = -EINVAL;
	if (!r && name)
		r = take(ids, id, name);
	if (!r)
		ids->all.at[id].zero = *zero;
	return r;
}

void classify_ids_mark(struct classify_ids *ids)
{
	vec_foreach(&ids->all, id)
		id->used = false;
}

void classify_ids_use(struct classify_ids *ids, uint32_t id)
{
	if (id < ids->all.n)
		ids->all.at[id].used = true;
}

/* An index forgets nothing: it is made anew. */
static int make_index(struct classify_ids *ids)
{
	int r = 0;

	net_index_free(&ids->index);
	ids->index = (struct net_index){ 0 };
	for (size_t i = 0; i < ids->all.n && !r; i++)
		if (ids->all.at[i].name)
			r = net_index_add(&ids->index, ids->all.at[i].name, i);
	return r;
}

/* The least is given first. */
int classify_ids_find_spare(struct classify_ids *ids)
{
	int r = 0;

	ids->spare.n = 0;
	for (size_t i = ids->all.n; i-- > CLASSIFY_ID_DEFAULT + 1 && !r;)
		if (!ids->all.at[i].name)
			r = vec_push(&ids->spare, (uint32_t)i);
	return r;
}

int classify_ids_sweep(struct classify_ids *ids)
{
	bool any = false;
	int r;

	vec_foreach(&ids->all, id) {
		if (!id->name || id->used)
			continue;
		free(id->name);
		id->name = NULL;
		any = true;
	}
	if (!any)
		return 0;
	r = make_index(ids);
	return r ? r : classify_ids_find_spare(ids);
}
