/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of texts and of structs, in the forms a person may write them: `[a, b]`, `a` for a list of
 * one, and an entry's first value alone for the entry.
 */
#include <errno.h>
#include <string.h>

#include "model/schema.h"
#include "model/value.h"
#include "model/walk.h"

static size_t item_size(const struct schema_row *row)
{
	return value_is_texts(row) ? sizeof(struct conf_string) : row->item_size;
}

static struct schema_row text_row(const struct schema_row *list)
{
	enum schema_kind kind = list->kind == SCHEMA_IFNAMES ? SCHEMA_IFNAME :
				list->kind == SCHEMA_PATHS   ? SCHEMA_PATH :
							       SCHEMA_STRING;

	return (struct schema_row){ .key = list->key, .kind = kind };
}

static bool is_short(const struct schema_row *row, const struct tree *node)
{
	return row->short_form && node->kind == TREE_SCALAR;
}

static void read_map(struct walk *w, const struct schema_row *row, const struct tree *map, void *item)
{
	(void)schema_defaults(row->rows, item, w->d);
	walk_maps(w, row->rows, &map, 1, item);
}

/* Reads the map that the scalar stands for. */
static void read_short(struct walk *w, const struct schema_row *row, const struct tree *scalar,
		       void *item)
{
	struct tree value = *scalar, *only = &value;
	struct tree map = { .kind = TREE_MAP, .at = scalar->at, .children = &only, .n = 1 };

	value.key = (char *)row->rows[0].key;
	read_map(w, row, &map, item);
}

static void refuse_item(struct walk *w, const struct schema_row *row, const struct tree *node)
{
	const char *first = row->rows[0].key;

	(void)diag_error(w->d, &node->at, "an entry of `%s` is a map of keys, not %s", row->key,
			 tree_shown(node).text);
	if (row->short_form)
		diag_hint(w->d, "it begins with `%s`; the value of that alone is enough", first);
	else
		diag_hint(w->d, "it begins with `%s`", first);
}

/* Is the item in use?  A wrong one is reported and left out. */
static bool read_item(struct walk *w, const struct schema_row *row, const struct tree *node,
		      void *item)
{
	struct schema_row text = text_row(row);

	if (value_is_texts(row))
		return !value_read(&text, node, walk_node_mark(w, node), item, w->d);
	if (node->kind == TREE_MAP) {
		read_map(w, row, node, item);
	} else if (is_short(row, node)) {
		read_short(w, row, node, item);
	} else {
		refuse_item(w, row, node);
		return false;
	}
	return true;
}

static bool is_list_of_one(const struct walk *w, const struct schema_row *row, const struct tree *node)
{
	if (w->exact)
		return false;
	if (value_is_texts(row))
		return node->kind == TREE_SCALAR;
	return node->kind == TREE_MAP || is_short(row, node);
}

/* A node's entries: what is in the list, or the node itself; none of what is neither. */
static const struct tree *const *entries_of(const struct walk *w, const struct schema_row *row,
					    const struct tree *const *node, size_t *ret_n)
{
	if ((*node)->kind == TREE_LIST) {
		*ret_n = (*node)->n;
		return (const struct tree *const *)(*node)->children;
	}
	*ret_n = is_list_of_one(w, row, *node);
	return node;
}

/* The number of entries in all nodes; what can be no list is reported and counts nothing. */
static size_t count_items(struct walk *w, const struct schema_row *row, tree_list *nodes)
{
	size_t total = 0, n;

	vec_foreach(nodes, node) {
		(void)entries_of(w, row, node, &n);
		total += n;
		if (n || (*node)->kind == TREE_LIST)
			continue;
		(void)value_refuse(row, *node, w->d);
		if (value_is_texts(row) && (*node)->kind == TREE_SCALAR)
			diag_hint(w->d, "write [%s]", text_shown((*node)->text).text);
	}
	return total;
}

void walk_list(struct walk *w, const struct schema_row *row, tree_list *nodes, struct conf_list *dest)
{
	size_t size = item_size(row), total = count_items(w, row, nodes), n;
	char *items = calloc(total ? total : 1, size);

	if (!items) {
		(void)diag_error(w->d, &nodes->at[0]->at, "out of memory");
		return;
	}
	value_free(row, dest); /* the default */
	*dest = (struct conf_list){ items, 0, size, true, walk_node_mark(w, nodes->at[0]) };
	vec_foreach(nodes, node) {
		const struct tree *const *entries = entries_of(w, row, node, &n);

		for (size_t i = 0; i < n; i++) {
			struct tree entry = *entries[i];

			/* A dash with nothing behind it has no place of its own. */
			if (!entry.at.line)
				entry.at = (*node)->at;
			if (read_item(w, row, &entry, items + dest->n * size))
				dest->n++;
		}
	}
}

int walk_list_default(const struct schema_row *row, struct conf_list *dest, struct diag *d)
{
	size_t len = row->def ? strlen(row->def) : 0;
	_cleanup_free_ char *text = len > 2 ? strndup(row->def + 1, len - 2) : NULL;
	struct schema_row one = text_row(row);
	char *save = NULL;

	*dest = (struct conf_list){ .item_size = item_size(row) };
	if (!value_is_texts(row) || !text)
		return 0;
	dest->items = calloc(len, sizeof(struct conf_string));
	if (!dest->items)
		return diag_error(d, NULL, "out of memory");
	for (char *s = strtok_r(text, ", ", &save); s; s = strtok_r(NULL, ", ", &save)) {
		one.def = s;
		if (value_default(&one, (struct conf_string *)dest->items + dest->n, d))
			return -EINVAL;
		dest->n++;
	}
	return 0;
}
