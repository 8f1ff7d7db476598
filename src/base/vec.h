/* SPDX-License-Identifier: GPL-2.0-only */
/* A growing array of any type: VEC(int) numbers; vec_push(&numbers, 5) is 0 or -ENOMEM. */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VEC(type)              \
	struct {               \
		type *at;      \
		size_t n, cap; \
	}

static inline int vec_grow(void **at, size_t *cap, size_t n, size_t size)
{
	size_t want = *cap ? *cap * 2 : 8;
	void *more;

	if (n < *cap)
		return 0;
	more = realloc(*at, want * size);
	if (!more)
		return -ENOMEM;
	*at = more;
	*cap = want;
	return 0;
}

#define vec_push(v, ...)                                                                   \
	({                                                                                 \
		int _r = vec_grow((void **)&(v)->at, &(v)->cap, (v)->n, sizeof(*(v)->at)); \
		if (!_r)                                                                   \
			(v)->at[(v)->n++] = (__typeof__(*(v)->at))__VA_ARGS__;             \
		_r;                                                                        \
	})
/* Order is kept: lists shown to people must not jump. */
#define vec_remove(v, i)                                                                       \
	({                                                                                     \
		size_t _i = (i);                                                               \
		memmove(&(v)->at[_i], &(v)->at[_i + 1], ((v)->n - _i - 1) * sizeof(*(v)->at)); \
		(v)->n--;                                                                      \
	})
#define vec_free(v)                    \
	({                             \
		free((v)->at);         \
		(v)->at = NULL;        \
		(v)->n = (v)->cap = 0; \
	})
/* An empty vector has no array to point behind the end of. */
#define vec_foreach(v, p) \
	for (__typeof__(&*(v)->at) p = (v)->at; (v)->n && p < (v)->at + (v)->n; p++)
