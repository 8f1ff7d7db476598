/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The whole configuration: one section after the other, each from the trees of all files.
 */
#include <errno.h>
#include <string.h>

#include "model/schema.h"
#include "model/walk.h"

/* Every section name of the language, so that one this build lacks is not called a typo. */
static const char *const language[] = { "bridge",  "shaper", "rtt", "balance", "relay",
					"capture", "tuning", "bus", "history", "libreqos" };

void model_free(struct model *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->sections && i < m->n; i++) {
		struct section *s = &m->sections[i];

		if (s->schema->release)
			s->schema->release(s->data);
		schema_free(s->schema->rows, s->data);
		free(s->data);
	}
	for (size_t i = 0; m->files && i < m->n_files; i++)
		free(m->files[i]);
	free(m->sections);
	free(m->files);
	free(m);
}

const struct section *model_section(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->sections[i].schema->name, name))
			return &m->sections[i];
	return NULL;
}

static json_t *section_to_json(const struct section *s)
{
	json_t *values = schema_values_to_json(s->schema->rows, s->data), *list;

	if (!s->schema->listed)
		return values;
	list = json_incref(json_object_get(values, s->schema->rows[0].key));
	json_decref(values);
	return list;
}

json_t *model_to_json(const struct model *m)
{
	json_t *all = json_object();

	for (size_t i = 0; i < m->n; i++) {
		const struct section *s = &m->sections[i];
		json_t *values = s->schema->shorthand ? NULL : section_to_json(s);

		if (values)
			(void)json_object_set_new(all, s->schema->name, values);
	}
	return all;
}

static int add_sections(struct model *m, const struct schema *const *schemas, size_t n,
			struct diag *d)
{
	m->sections = calloc(n + 1, sizeof(*m->sections));
	if (!m->sections)
		return -ENOMEM;
	for (; m->n < n; m->n++) {
		struct section *s = &m->sections[m->n];

		s->schema = schemas[m->n];
		s->data = calloc(1, s->schema->size ? s->schema->size : 1);
		if (!s->data)
			return -ENOMEM;
		(void)schema_defaults(s->schema->rows, s->data, d);
	}
	return 0;
}

static int add_files(struct model *m, struct tree *const *trees, size_t n)
{
	m->files = calloc(n + 1, sizeof(*m->files));
	if (!m->files)
		return -ENOMEM;
	for (; m->n_files < n; m->n_files++) {
		m->files[m->n_files] = strdup(trees[m->n_files]->at.file ?: "");
		if (!m->files[m->n_files])
			return -ENOMEM;
	}
	return 0;
}

static struct model *model_new(const struct schema *const *schemas, size_t n_schemas,
			       struct tree *const *trees, size_t n_trees, struct diag *d)
{
	_cleanup_(model_freep) struct model *m = calloc(1, sizeof(*m));

	if (m && !add_sections(m, schemas, n_schemas, d) && !add_files(m, trees, n_trees))
		return TAKE_PTR(m);
	return NULL;
}

static bool in_language(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(language); i++)
		if (name && !strcmp(language[i], name))
			return true;
	return false;
}

/* A shorthand that nobody has replaced is one that this program cannot replace. */
static bool may_stand(const struct model *m, const char *name)
{
	const struct section *s = model_section(m, name);

	return s && !s->schema->shorthand;
}

static void report_unknown(struct walk *w, const struct tree *child)
{
	size_t n = w->owner->n;
	_cleanup_free_ const char **names = calloc(n + 1, sizeof(*names));

	if (in_language(child->key)) {
		(void)diag_error(w->d, &child->key_at, "`%s` is not part of this build", child->key);
		return;
	}
	(void)diag_error(w->d, &child->key_at, "unknown section `%s`", text_shown(child->key).text);
	if (!names)
		return;
	for (size_t i = 0; i < n; i++)
		names[i] = w->owner->sections[i].schema->name;
	walk_hint_known(w->d, child->key, names, n, "sections");
}

static void check_names(struct walk *w, const struct tree *root)
{
	if (root->kind != TREE_MAP && root->kind != TREE_NULL)
		(void)diag_error(w->d, &root->at, "the file must hold sections such as `%s:`, not %s",
				 w->owner->n ? w->owner->sections[0].schema->name : language[0],
				 tree_shown(root).text);
	for (size_t i = 0; root->kind == TREE_MAP && i < root->n; i++)
		if (!may_stand(w->owner, root->children[i]->key ?: ""))
			report_unknown(w, root->children[i]);
}

static bool fits_section(const struct schema *schema, const struct tree *t)
{
	if (t->kind == TREE_LIST)
		return schema->listed;
	if (t->kind == TREE_SCALAR)
		return schema->listed && schema->rows[0].short_form;
	return true;
}

static void refuse_section(struct walk *w, const struct schema *schema, const struct tree *t)
{
	const struct schema_row *rows = schema->listed ? schema->rows[0].rows : schema->rows;

	(void)diag_error(w->d, &t->at, "`%s` wants keys of its own%s, not %s", schema->name,
			 schema->listed ? " or a list of entries" : "", tree_shown(t).text);
	diag_hint(w->d, "the first is `%s`", rows[0].key);
}

/* All the nodes that stand for one section, one for each file that has it. */
static int section_nodes(struct walk *w, struct section *s, struct tree *const *trees, size_t n,
			 tree_list *nodes)
{
	for (size_t i = 0; i < n; i++) {
		const struct tree *t = tree_get(trees[i], s->schema->name);

		if (!t || s->schema->shorthand)
			continue;
		if (!s->present)
			s->at = walk_mark(w, t->key_at);
		s->present = true;
		if (!fits_section(s->schema, t))
			refuse_section(w, s->schema, t);
		else if (s->schema->listed && t->kind == TREE_NULL)
			continue; /* `name:` is the same as an empty list */
		else if (vec_push(nodes, t))
			return -ENOMEM;
	}
	return 0;
}

/* What cannot be completed has said why, or memory ran out. */
static int complete(struct walk *w, const struct section *s, const struct schema_context *context)
{
	if (!s->present || !s->schema->complete)
		return 0;
	return s->schema->complete(s->data, context, w->d) == -ENOMEM ? -ENOMEM : 0;
}

static int read_section(struct walk *w, struct section *s, struct tree *const *trees, size_t n,
			const struct schema_context *context)
{
	const struct schema_row *rows = s->schema->rows;
	unsigned before = w->d->errors;
	tree_list nodes = { 0 };
	int r = section_nodes(w, s, trees, n, &nodes);

	if (!r && nodes.n && s->schema->listed)
		walk_list(w, rows, &nodes, (void *)((char *)s->data + rows->offset));
	else if (!r && nodes.n)
		walk_maps(w, rows, nodes.at, nodes.n, s->data);
	vec_free(&nodes);
	if (r || w->d->errors > before)
		return r;
	return complete(w, s, context);
}

static int read_all(struct walk *w, struct tree *const *trees, size_t n,
		    const struct schema_context *context)
{
	int r = 0;

	for (size_t i = 0; i < n; i++)
		check_names(w, trees[i]);
	for (size_t i = 0; !r && i < w->owner->n; i++)
		r = read_section(w, &w->owner->sections[i], trees, n, context);
	return r;
}

int model_build(const struct schema *const *schemas, size_t n_schemas, struct tree *const *trees,
		size_t n_trees, const struct schema_context *context, struct model **ret,
		struct diag *d)
{
	unsigned before = d->errors;
	_cleanup_(model_freep) struct model *m = model_new(schemas, n_schemas, trees, n_trees, d);
	struct walk w = { .d = d, .owner = m };
	int r;

	if (!m)
		return -ENOMEM;
	r = read_all(&w, trees, n_trees, context);
	vec_free(&w.noted);
	if (r || d->errors > before)
		return r ? r : -EINVAL;
	*ret = TAKE_PTR(m);
	return 0;
}
