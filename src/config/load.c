/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/load.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "config/dialect.h"
#include "config/libreqos/directory.h"
#include "config/text.h"

static const struct dialect *const dialects[] = { &dialect_native, &dialect_libreqos };

struct load {
	const struct schema *const *schemas;
	size_t n_schemas;
	const struct schema_context *context;
	struct diag d;
	const struct dialect *dialect; /* of the file that is being read */
	VEC(struct tree *) trees;      /* native ones */
	VEC(char *) names;	       /* of files that others named; marks point into these */
	int error;
};

static void load_free(struct load *l)
{
	vec_foreach(&l->trees, t)
		tree_free(*t);
	vec_free(&l->trees);
	vec_foreach(&l->names, name)
		free(*name);
	vec_free(&l->names);
	diag_free(&l->d);
}

static void report_unsure(const char *name, const char *text, size_t len, struct diag *d)
{
	_cleanup_strbuf_ struct strbuf known = { 0 };
	struct dialect_lines n = dialect_count_lines(text, len);
	struct mark at = dialect_first_word(name, text, len);

	for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
		strbuf_addf(&known, "%s%s (`%s`)", i ? ", " : "", dialects[i]->name,
			    dialects[i]->looks);
	(void)diag_error(d, &at,
			 "cannot tell the language of this file: %zu lines look like `key: value`, "
			 "%zu like `key = value`",
			 n.colon, n.equals);
	diag_hint(d, "known are %s", strbuf_text(&known));
}

/* The surest dialect; NULL, reported, when none is sure or two are equally so. */
static const struct dialect *recognise(const char *name, const char *text, size_t len, struct diag *d)
{
	const struct dialect *best = NULL;
	unsigned most = 0, sure;
	bool tie = false;

	for (size_t i = 0; i < ARRAY_LEN(dialects); i++) {
		sure = dialects[i]->recognise(name, text, len);
		tie = sure == most ? true : sure < most && tie;
		if (sure > most) {
			most = sure;
			best = dialects[i];
		}
	}
	if (best && !tie)
		return best;
	report_unsure(name, text, len, d);
	return NULL;
}

static int translate(struct load *l, const struct dialect *dialect, struct tree *tree,
		     struct tree **ret)
{
	_cleanup_(tree_freep) struct tree *owned = tree;

	if (dialect->translate)
		return dialect->translate(tree, l->schemas, l->n_schemas, ret, &l->d);
	*ret = TAKE_PTR(owned);
	return 0;
}

static int read_text(struct load *l, const char *name, const char *text, size_t len, struct tree **ret)
{
	const struct dialect *dialect;
	struct tree *tree = NULL;
	int r = text_check(name, text, len, &l->d);

	l->dialect = NULL;
	if (r)
		return r;
	if (!dialect_first_word(name, text, len).line) {
		(void)diag_warning(&l->d, &(struct mark){ .file = name },
				   "the file is empty: it configures nothing");
		*ret = tree_new(TREE_MAP, NULL, (struct mark){ name, 1, 1 });
		return *ret ? 0 : -ENOMEM;
	}
	dialect = recognise(name, text, len, &l->d);
	if (!dialect)
		return -EINVAL;
	l->dialect = dialect;
	r = dialect->parse(name, text, len, &tree, &l->d);
	return r ? r : translate(l, dialect, tree, ret);
}

/* The first error is the answer. */
static void note_error(struct load *l, int r)
{
	if (r && !l->error)
		l->error = r;
}

static int push_tree(struct load *l, struct tree *tree)
{
	int r = vec_push(&l->trees, tree);

	if (r)
		tree_free(tree);
	return r;
}

/* `libreqos: DIRECTORY` stands for what the directory's ispConfig.py says, in native keys. */
static int expand(struct load *l, struct tree *tree)
{
	bool known = libreqos_directory_known(l->schemas, l->n_schemas);
	_cleanup_(tree_freep) struct tree *found = known ? libreqos_directory_take(tree) : NULL;
	_cleanup_(tree_freep) struct tree *made = NULL;
	_cleanup_free_ char *name = NULL;
	int r;

	if (!found || found->kind == TREE_NULL)
		return 0;
	r = libreqos_directory_read(found, l->dialect == &dialect_libreqos, l->context, &name,
				    &made, &l->d);
	if (r || !made)
		return r;
	r = vec_push(&l->names, name);
	if (r)
		return r;
	(void)TAKE_PTR(name);
	return push_tree(l, TAKE_PTR(made));
}

static void add_text(struct load *l, const char *name, const char *text, size_t len)
{
	struct tree *tree = NULL;
	int r = read_text(l, name, text, len, &tree);

	if (!r)
		r = push_tree(l, tree);
	if (!r)
		r = expand(l, tree);
	note_error(l, r);
}

static void add_file(struct load *l, const char *path)
{
	_cleanup_free_ char *text = NULL;
	struct mark at = { .file = path };
	size_t len = 0;
	int r = file_read(path, TEXT_MAX_BYTES, &text, &len);

	if (!r) {
		add_text(l, path, text, len);
		return;
	}
	if (r == -EFBIG)
		(void)diag_error(&l->d, &at, "larger than %u MiB", TEXT_MAX_BYTES >> 20);
	else
		(void)diag_error(&l->d, &at, "cannot be read: %s", strerror(-r));
	if (r == -EISDIR)
		diag_hint(&l->d, "name a file in it");
	note_error(l, r);
}

/*
 * Checks go over a file more than once; a person reads it once, from the top.  Findings without a
 * file stand at the end.
 */
struct placed {
	struct diag_entry entry;
	size_t file, index;
};

static int compare(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int placed_compare(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return compare(x->file, y->file)			 ?:
		       compare(x->entry.line, y->entry.line)	 ?:
		       compare(x->entry.column, y->entry.column) ?:
								   compare(x->index, y->index);
}

static size_t file_rank(const char *const *names, size_t n, const char *file)
{
	size_t i = 0;

	while (i < n && strcmp(names[i], file ?: ""))
		i++;
	return i;
}

/* Files that were not given but named by others come behind, in the order in which they were read. */
static size_t entry_rank(const struct diag *d, size_t i, const char *const *names, size_t n)
{
	const char *file = d->entries.at[i].file;
	size_t rank = file_rank(names, n, file), first = 0;

	if (rank < n || !file)
		return rank < n ? rank : n + d->entries.n;
	while (strcmp(d->entries.at[first].file ?: "", file))
		first++;
	return n + first;
}

static void sort_findings(struct diag *d, const char *const *names, size_t n)
{
	_cleanup_free_ struct placed *all = calloc(d->entries.n + 1, sizeof(*all));

	for (size_t i = 0; all && i < d->entries.n; i++)
		all[i] = (struct placed){ d->entries.at[i], entry_rank(d, i, names, n), i };
	if (!all)
		return;
	qsort(all, d->entries.n, sizeof(*all), placed_compare);
	for (size_t i = 0; i < d->entries.n; i++)
		d->entries.at[i] = all[i].entry;
}

/* Builds the model of all the trees; hands the findings on, in order. */
static int finish(struct load *l, const char *const *names, size_t n, struct model **ret,
		  struct diag *d)
{
	_cleanup_(model_freep) struct model *m = NULL;
	int r = l->error;

	if (!r)
		r = model_build(l->schemas, l->n_schemas, l->trees.at, l->trees.n, l->context, &m,
				&l->d);
	if (!r && l->d.errors)
		r = -EINVAL;
	if (r == -ENOMEM)
		(void)diag_error(&l->d, NULL, "out of memory");
	sort_findings(&l->d, names, n);
	d->full |= l->d.full;
	diag_move(d, &l->d);
	if (!r)
		*ret = TAKE_PTR(m);
	return r;
}

static bool given_before(const char *const *paths, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (!strcmp(paths[j], paths[i]))
			return true;
	return false;
}

int config_load(const char *const *paths, size_t n, const struct schema *const *schemas,
		size_t n_schemas, const struct schema_context *context, struct model **ret,
		struct diag *d)
{
	_cleanup_(load_free) struct load l = { .schemas = schemas,
					       .n_schemas = n_schemas,
					       .context = context };

	for (size_t i = 0; i < n; i++) {
		if (given_before(paths, i))
			note_error(&l, diag_error(&l.d, &(struct mark){ .file = paths[i] },
						  "the file is given twice"));
		else
			add_file(&l, paths[i]);
	}
	return finish(&l, paths, n, ret, d);
}

int config_load_text(const char *name, const char *text, size_t len,
		     const struct schema *const *schemas, size_t n_schemas, struct model **ret,
		     struct diag *d)
{
	_cleanup_(load_free) struct load l = { .schemas = schemas, .n_schemas = n_schemas };

	add_text(&l, name, text, len);
	return finish(&l, &name, 1, ret, d);
}
