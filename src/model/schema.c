/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one walker: trees of any dialect against schema rows.  It recurses along the rows, never
 * along the input, so that no file can make it deep.
 */
#include "model/schema.h"

#include <errno.h>
#include <string.h>

#include "base/near.h"
#include "model/value.h"
#include "model/walk.h"

/* More names than this in a hint help nobody. */
#define KNOWN_MAX 10

static size_t rows_count(const struct schema_row *rows)
{
	size_t n = 0;

	while (rows[n].key)
		n++;
	return n;
}

static void *value_at(void *data, const struct schema_row *row)
{
	return (char *)data + row->offset;
}

struct mark walk_mark(struct walk *w, struct mark at)
{
	struct model *m = w->owner;
	size_t i = 0;

	if (!m || !at.file)
		return at;
	if (at.file != w->last_name) {
		while (i + 1 < m->n_files && strcmp(m->files[i], at.file))
			i++;
		w->last_name = at.file;
		w->last_copy = m->files[i];
	}
	at.file = w->last_copy;
	return at;
}

struct mark walk_node_mark(struct walk *w, const struct tree *t)
{
	return walk_mark(w, t->at.line ? t->at : t->key_at);
}

void walk_hint_known(struct diag *d, const char *wrong, const char *const *known, size_t n,
		     const char *what)
{
	_cleanup_strbuf_ struct strbuf names = { 0 };
	const char *near = d->full ? NULL : near_word(wrong, known, n);

	if (near) {
		diag_hint(d, "did you mean `%s`?", near);
	} else if (n <= KNOWN_MAX && !d->full) {
		for (size_t i = 0; i < n; i++)
			strbuf_addf(&names, "%s`%s`", i ? ", " : "", known[i]);
		diag_hint(d, "known %s here are %s", what, strbuf_text(&names));
	}
}

static void report_unknown(struct walk *w, const struct schema_row *rows, const struct tree *child)
{
	size_t n = rows_count(rows);
	_cleanup_free_ const char **keys = calloc(n + 1, sizeof(*keys));

	(void)diag_error(w->d, &child->key_at, "unknown key `%s`", text_shown(child->key).text);
	if (!keys)
		return;
	for (size_t i = 0; i < n; i++)
		keys[i] = rows[i].key;
	walk_hint_known(w->d, child->key, keys, n, "keys");
}

/* Does `words` (separated by spaces) hold `word`? */
static bool words_hold(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (words && len) {
		words += strspn(words, " ");
		if (!strncmp(words, word, len) && (words[len] == ' ' || !words[len]))
			return true;
		words = strchr(words, ' ');
	}
	return false;
}

static void note_alias(struct walk *w, const struct schema_row *row, const struct tree *child)
{
	vec_foreach(&w->noted, seen)
		if (*seen == row)
			return;
	(void)vec_push(&w->noted, row);
	(void)diag_note(w->d, &child->key_at, "`%s` is an older spelling of `%s`", child->key,
			row->key);
}

static const struct schema_row *find_row(struct walk *w, const struct schema_row *rows,
					 const struct tree *child)
{
	const char *key = child->key ?: "";

	for (const struct schema_row *row = rows; row->key; row++) {
		if (!strcmp(row->key, key))
			return row;
		if (words_hold(row->aliases, key)) {
			note_alias(w, row, child);
			return row;
		}
	}
	return NULL;
}

/* Everything the maps say about one row. */
struct hits {
	tree_list nodes;
	const struct tree *empty; /* `key:` without a value, the same as not given */
	const struct tree *map;	  /* where the last node stood: once per map */
};

static void collect(struct walk *w, const struct schema_row *rows, const struct tree *map,
		    struct hits *hits)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct tree *child = map->children[i];
		const struct schema_row *row = find_row(w, rows, child);
		struct hits *hit = row ? &hits[row - rows] : NULL;

		if (!hit) {
			report_unknown(w, rows, child);
		} else if (child->kind == TREE_NULL) {
			hit->empty = child;
		} else if (hit->map == map && hit->nodes.n) {
			(void)tree_given_twice(child, hit->nodes.at[hit->nodes.n - 1], w->d);
		} else {
			if (vec_push(&hit->nodes, child))
				(void)diag_error(w->d, &child->at, "out of memory");
			else
				hit->map = map;
		}
	}
}

static void read_group(struct walk *w, const struct schema_row *row, tree_list *nodes, void *dest)
{
	tree_list maps = { 0 };

	vec_foreach(nodes, node) {
		if ((*node)->kind != TREE_MAP)
			(void)value_refuse(row, *node, w->d);
		else if (vec_push(&maps, *node))
			(void)diag_error(w->d, &(*node)->at, "out of memory");
	}
	if (maps.n)
		walk_maps(w, row->rows, maps.at, maps.n, dest);
	vec_free(&maps);
}

static void report_missing(struct walk *w, const struct schema_row *row, const struct tree *map)
{
	_cleanup_strbuf_ struct strbuf wants = { 0 };

	value_wants(row, &wants);
	(void)diag_error(w->d, map->at.line ? &map->at : &map->key_at, "`%s` is missing here",
			 row->key);
	diag_hint(w->d, "it wants %s", strbuf_text(&wants));
}

static void read_row(struct walk *w, const struct schema_row *row, struct hits *hit,
		     const struct tree *map, void *dest)
{
	tree_list *nodes = &hit->nodes;

	if (!nodes->n) {
		if (row->required && hit->empty)
			(void)value_refuse(row, hit->empty, w->d);
		else if (row->required)
			report_missing(w, row, map);
	} else if (value_is_list(row)) {
		walk_list(w, row, nodes, dest);
	} else if (row->kind == SCHEMA_GROUP) {
		read_group(w, row, nodes, dest);
	} else {
		(void)value_read(row, nodes->at[0], walk_node_mark(w, nodes->at[0]), dest, w->d);
		for (size_t i = 1; i < nodes->n; i++)
			(void)tree_given_twice(nodes->at[i], nodes->at[0], w->d);
	}
}

void walk_maps(struct walk *w, const struct schema_row *rows, const struct tree *const *maps,
	       size_t n, void *data)
{
	size_t n_rows = rows_count(rows);
	_cleanup_free_ struct hits *hits = calloc(n_rows + 1, sizeof(*hits));

	if (!hits) {
		(void)diag_error(w->d, &maps[0]->at, "out of memory");
		return;
	}
	for (size_t i = 0; i < n; i++)
		collect(w, rows, maps[i], hits);
	for (size_t i = 0; i < n_rows; i++) {
		read_row(w, &rows[i], &hits[i], maps[0], value_at(data, &rows[i]));
		vec_free(&hits[i].nodes);
	}
}

int schema_defaults(const struct schema_row *rows, void *data, struct diag *d)
{
	int r = 0;

	for (const struct schema_row *row = rows; row->key; row++) {
		int one = 0;

		if (value_is_list(row))
			one = walk_list_default(row, value_at(data, row), d);
		else if (row->kind == SCHEMA_GROUP)
			one = schema_defaults(row->rows, value_at(data, row), d);
		else if (row->def)
			one = value_default(row, value_at(data, row), d);
		r = one ? one : r;
	}
	return r;
}

int schema_fill(const struct schema_row *rows, const struct tree *map, void *data, struct diag *d)
{
	struct walk w = { .d = d, .exact = true };
	unsigned before = d->errors;

	(void)schema_defaults(rows, data, d);
	walk_maps(&w, rows, &map, 1, data);
	vec_free(&w.noted);
	return d->errors > before ? -EINVAL : 0;
}
