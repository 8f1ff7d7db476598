/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The neutral tree: building, looking up, finding duplicate keys.
 */
#include "model/tree.h"

#include <errno.h>
#include <string.h>

struct tree *tree_new(enum tree_kind kind, const char *text, struct mark at)
{
	_cleanup_(tree_freep) struct tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->kind = kind;
	t->at = at;
	if (text) {
		t->text = strdup(text);
		if (!t->text)
			return NULL;
	}
	return TAKE_PTR(t);
}

/*
 * Without recursion: a tree may be deeper than the stack, whoever built it.  A node on the way
 * down needs its text no longer; that pointer leads the way back up.
 */
void tree_free(struct tree *t)
{
	if (!t)
		return;
	free(t->text);
	t->text = NULL;
	while (t) {
		struct tree *next;

		if (t->n) {
			next = t->children[--t->n];
			free(next->text);
			next->text = (char *)t;
		} else {
			next = (struct tree *)(void *)t->text;
			free(t->key);
			free(t->children);
			free(t);
		}
		t = next;
	}
}

/* The array doubles at powers of two, so that no capacity need be kept. */
static int grow(struct tree *t)
{
	struct tree **more;

	if (t->n & (t->n - 1))
		return 0;
	more = reallocarray(t->children, t->n ? t->n * 2 : 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	t->children = more;
	return 0;
}

int tree_add(struct tree *parent, const char *key, struct mark key_at, struct tree *child)
{
	_cleanup_(tree_freep) struct tree *owned = child;

	if (!child)
		return -ENOMEM;
	if (key) {
		char *copy = strdup(key);

		if (!copy)
			return -ENOMEM;
		free(owned->key);
		owned->key = copy;
	}
	owned->key_at = key_at;
	if (grow(parent))
		return -ENOMEM;
	parent->children[parent->n++] = TAKE_PTR(owned);
	return 0;
}

struct tree *tree_copy(const struct tree *t)
{
	_cleanup_(tree_freep) struct tree *copy = tree_new(t->kind, t->text, t->at);

	if (!copy)
		return NULL;
	copy->quoted = t->quoted;
	for (size_t i = 0; i < t->n; i++) {
		const struct tree *child = t->children[i];

		if (tree_add(copy, child->key, child->key_at, tree_copy(child)))
			return NULL;
	}
	return TAKE_PTR(copy);
}

struct tree *tree_get(const struct tree *map, const char *key)
{
	if (!map || map->kind != TREE_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++)
		if (map->children[i]->key && !strcmp(map->children[i]->key, key))
			return map->children[i];
	return NULL;
}

struct keyed {
	const char *key;
	size_t place;
};

static int keyed_compare(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int r = strcmp(x->key, y->key);

	return r ? r : (x->place > y->place) - (x->place < y->place);
}

/* first[i] becomes the place of the first child with the key of child i. */
static int find_firsts(const struct tree *map, size_t *first)
{
	_cleanup_free_ struct keyed *sorted = calloc(map->n, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < map->n; i++)
		sorted[i] = (struct keyed){ map->children[i]->key ?: "", i };
	qsort(sorted, map->n, sizeof(*sorted), keyed_compare);
	for (size_t i = 0; i < map->n; i++) {
		bool same = i && !strcmp(sorted[i].key, sorted[i - 1].key);

		first[sorted[i].place] = same ? first[sorted[i - 1].place] : sorted[i].place;
	}
	return 0;
}

int tree_given_twice(const struct tree *again, const struct tree *first, struct diag *d)
{
	if (again->key && first->key && strcmp(again->key, first->key))
		return diag_error(d, &again->key_at, "`%s` is the same as `%s` at %s:%u:%u",
				  text_shown(again->key).text, text_shown(first->key).text,
				  first->key_at.file, first->key_at.line, first->key_at.column);
	return diag_error(d, &again->key_at, "`%s` is given twice, first at %s:%u:%u",
			  text_shown(again->key).text, first->key_at.file, first->key_at.line,
			  first->key_at.column);
}

void tree_unique_keys(struct tree *map, struct diag *d)
{
	_cleanup_free_ size_t *first = NULL;
	size_t kept = 0;

	if (map->kind != TREE_MAP || map->n < 2)
		return;
	first = calloc(map->n, sizeof(*first));
	if (!first || find_firsts(map, first)) {
		(void)diag_error(d, &map->at, "out of memory");
		return;
	}
	/* The first of a pair is never moved before its twin is compared: kept <= first[i] < i. */
	for (size_t i = 0; i < map->n; i++) {
		struct tree *c = map->children[i];

		if (first[i] == i) {
			first[i] = kept;
			map->children[kept++] = c;
			continue;
		}
		(void)tree_given_twice(c, map->children[first[first[i]]], d);
		tree_free(c);
	}
	map->n = kept;
}

struct shown tree_shown(const struct tree *t)
{
	static const char *const kinds[] = {
		[TREE_NULL] = "nothing", [TREE_LIST] = "a list", [TREE_MAP] = "a map"
	};

	if (t->kind == TREE_SCALAR)
		return text_quoted(t->text);
	return text_shown(kinds[t->kind]);
}
