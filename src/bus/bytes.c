/* SPDX-License-Identifier: GPL-2.0-only */
/* A queue of bytes: appended at the end, taken from the start, moved down only now and then. */
#include <string.h>

#include "bus/private.h"

/* An emptied queue gives back what a rare large message needed. */
#define KEEP 65536

void bus_bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}

static void move_down(struct bytes *b)
{
	if (!b->start)
		return;
	memmove(b->data, b->data + b->start, bus_bytes_len(b));
	b->end -= b->start;
	b->start = 0;
}

int bus_bytes_room(struct bytes *b, size_t len)
{
	size_t cap = b->cap ? b->cap : 4096;
	char *more;

	if (b->end + len <= b->cap)
		return 0;
	if (b->start >= b->cap / 2)
		move_down(b);
	while (cap < b->end + len)
		cap *= 2;
	if (cap == b->cap)
		return 0;
	more = realloc(b->data, cap);
	if (!more)
		return -ENOMEM;
	b->data = more;
	b->cap = cap;
	return 0;
}

int bus_bytes_add(struct bytes *b, const void *data, size_t len)
{
	int r = len ? bus_bytes_room(b, len) : 0;

	if (r || !len)
		return r;
	memcpy(b->data + b->end, data, len);
	b->end += len;
	return 0;
}

void bus_bytes_take(struct bytes *b, size_t len)
{
	b->start += len;
	if (b->start < b->end)
		return;
	b->start = b->end = 0;
	if (b->cap > KEEP)
		bus_bytes_free(b);
}
