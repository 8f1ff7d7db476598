/* SPDX-License-Identifier: GPL-2.0-only */
#include "model/net_index.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

void net_index_free(struct net_index *index)
{
	free(index->seats);
	*index = (struct net_index){ 0 };
}

static size_t hash(const char *name)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3;
	return (size_t)(h ^ h >> 32);
}

/* The seat of the name, or the free one it would get. */
static struct net_index_seat *seat_of(const struct net_index *index, const char *name)
{
	size_t i = hash(name) & (index->cap - 1);

	while (index->seats[i].name && strcmp(index->seats[i].name, name))
		i = (i + 1) & (index->cap - 1);
	return &index->seats[i];
}

const size_t *net_index_find(const struct net_index *index, const char *name)
{
	const struct net_index_seat *seat = index->cap ? seat_of(index, name) : NULL;

	return seat && seat->name ? &seat->value : NULL;
}

/* At most half of the seats are taken, so that a free one is never far. */
static int grow(struct net_index *index)
{
	struct net_index more = { .n = index->n, .cap = index->cap ? index->cap * 2 : 16 };

	if (index->n * 2 < index->cap)
		return 0;
	more.seats = calloc(more.cap, sizeof(*more.seats));
	if (!more.seats)
		return -ENOMEM;
	for (size_t i = 0; i < index->cap; i++)
		if (index->seats[i].name)
			*seat_of(&more, index->seats[i].name) = index->seats[i];
	free(index->seats);
	*index = more;
	return 0;
}

int net_index_add(struct net_index *index, const char *name, size_t value)
{
	if (grow(index))
		return -ENOMEM;
	*seat_of(index, name) = (struct net_index_seat){ name, value };
	index->n++;
	return 0;
}
