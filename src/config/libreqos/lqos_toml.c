/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * LibreQoS' own TOML: checked by its rows, the part Weir has turned into native sections, and the
 * rest named, so that nobody believes a key works that does not.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "config/beside.h"
#include "config/dialect.h"
#include "config/libreqos/directory.h"
#include "config/libreqos/lqos_rows.h"
#include "config/toml.h"

#define NOT_APPLIED "read, not applied by this version"
#define DIRECTORY "lqos_directory"

struct translation {
	const struct tree *file;
	const struct schema *const *schemas;
	size_t n_schemas;
	struct lqos_file values;
	struct tree *native;
	bool shapes; /* this program can use what the directory holds */
	struct diag *d;
};

static void translation_free(struct translation *t)
{
	schema_free(lqos_rows, &t->values);
	tree_free(t->native);
}

static bool has_schema(const struct translation *t, const char *name)
{
	for (size_t i = 0; i < t->n_schemas; i++)
		if (!strcmp(t->schemas[i]->name, name))
			return true;
	return false;
}

static bool is_later_name(const char *key)
{
	for (const char *const *name = lqos_later_names; *name; name++)
		if (!strcmp(*name, key))
			return true;
	return false;
}

/* Since 1.5 the statistics have other keys: of those files only what matters is checked. */
static bool is_unchecked(const struct translation *t, const char *key)
{
	bool later_file = tree_get(t->file, "version");

	return is_later_name(key) ||
	       (later_file && (!strcmp(key, "usage_stats") || !strcmp(key, "long_term_stats")));
}

/* Checks everything the rows know; one note names what they leave aside. */
static int check_file(struct translation *t)
{
	_cleanup_strbuf_ struct strbuf later = { 0 };
	_cleanup_free_ struct tree **kept = calloc(t->file->n + 1, sizeof(*kept));
	struct tree known = *t->file;
	const struct mark *first = NULL;

	if (!kept)
		return -ENOMEM;
	known.children = kept;
	known.n = 0;
	for (size_t i = 0; i < t->file->n; i++) {
		struct tree *child = t->file->children[i];

		if (!is_unchecked(t, child->key)) {
			kept[known.n++] = child;
			continue;
		}
		first = first ?: &child->key_at;
		strbuf_addf(&later, "%s`%s`", later.len ? ", " : "", child->key);
	}
	if (first)
		(void)diag_note(t->d, first, "of LibreQoS 1.5 or later, " NOT_APPLIED ": %s",
				strbuf_text(&later));
	return schema_fill(lqos_rows, &known, &t->values, t->d);
}

static int add_scalar(struct tree *map, const char *key, const char *text, struct mark at)
{
	return tree_add(map, key, at, tree_new(TREE_SCALAR, text, at));
}

static int add_copy(struct tree *map, const struct tree *from, const char *key)
{
	const struct tree *list = tree_get(from, key);

	return list ? tree_add(map, key, list->key_at, tree_copy(list)) : 0;
}

static int add_mapping(struct tree *list, const struct conf_string *from, const struct conf_string *to)
{
	struct tree *map = tree_new(TREE_MAP, NULL, from->at);
	int r = map ? add_scalar(map, "name", from->text, from->at) : -ENOMEM;

	if (!r)
		r = add_scalar(map, "redirect_to", to->text, to->at);
	if (!r)
		return tree_add(list, NULL, from->at, map);
	tree_free(map);
	return r;
}

/* The form since 1.5: two interfaces, bridged in both directions. */
static int add_pair(struct translation *t, struct tree *bridge)
{
	const struct conf_string *a = &t->values.bridge.to_internet;
	const struct conf_string *b = &t->values.bridge.to_network;
	struct tree *list;
	int r;

	if (!a->text || !b->text)
		return diag_error(t->d, a->text ? &a->at : &b->at,
				  "`%s` is missing: a bridge has two sides",
				  a->text ? "to_network" : "to_internet");
	(void)diag_note(t->d, &a->at, "%s and %s are bridged in both directions", a->text, b->text);
	list = tree_new(TREE_LIST, NULL, a->at);
	r = list ? add_mapping(list, a, b) : -ENOMEM;
	if (!r)
		r = add_mapping(list, b, a);
	if (!r)
		return tree_add(bridge, "interface_mapping", a->at, list);
	tree_free(list);
	return r;
}

/* The switch in either spelling; says what follows from its absence. */
static int bridge_switch(struct translation *t, const struct tree *from, struct conf_bool *ret)
{
	const struct tree *old = tree_get(from, "use_kernel_bridge");
	const struct tree *new = tree_get(from, "use_xdp_bridge");

	if (old && new)
		return tree_given_twice(new, old, t->d);
	*ret = old ? t->values.bridge.use_kernel_bridge : t->values.bridge.use_xdp_bridge;
	if (ret->set)
		return 0;
	ret->at = from->key_at;
	(void)diag_warning(t->d, &from->key_at, "the bridge stays off");
	diag_hint(t->d, "`use_kernel_bridge = true` turns it on");
	return 0;
}

static int fill_bridge(struct translation *t, const struct tree *from, struct tree *bridge)
{
	const struct lqos_bridge *v = &t->values.bridge;
	bool pair = v->to_internet.text || v->to_network.text;
	struct conf_bool on = { 0 };
	int r = bridge_switch(t, from, &on);

	if (!r)
		r = add_scalar(bridge, "enabled", on.value ? "true" : "false", on.at);
	if (!r)
		r = add_copy(bridge, from, "interface_mapping");
	if (!r)
		r = add_copy(bridge, from, "vlan_mapping");
	if (r || !pair)
		return r;
	if (!on.value && v->to_internet.text && v->to_network.text)
		(void)diag_note(
			t->d, &on.at,
			"%s and %s are left to the kernel's own bridge, as `use_xdp_bridge = "
			"false` says",
			v->to_internet.text, v->to_network.text);
	else if (on.value && v->mappings.n)
		(void)diag_note(t->d, v->to_internet.set ? &v->to_internet.at : &v->to_network.at,
				"`to_internet` and `to_network` are " NOT_APPLIED
				": `interface_mapping` says more");
	else if (on.value)
		return add_pair(t, bridge);
	return 0;
}

static int translate_bridge(struct translation *t, const struct tree *from)
{
	_cleanup_(tree_freep) struct tree *bridge = tree_new(TREE_MAP, NULL, from->at);
	int r = bridge ? fill_bridge(t, from, bridge) : -ENOMEM;

	return r ? r : tree_add(t->native, "bridge", from->key_at, TAKE_PTR(bridge));
}

static const struct {
	const char *key, *native;
	int (*translate)(struct translation *t, const struct tree *from);
} sections[] = {
	{ "bridge", "bridge", translate_bridge },
	{ "tuning", "tuning", NULL },
	{ "usage_stats", NULL, NULL },
	{ "long_term_stats", NULL, NULL },
};

static int translate_sections(struct translation *t)
{
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_LEN(sections); i++) {
		const struct tree *from = tree_get(t->file, sections[i].key);

		if (!from || is_unchecked(t, from->key))
			continue;
		if (sections[i].translate && has_schema(t, sections[i].native))
			r = sections[i].translate(t, from);
		else
			(void)diag_note(t->d, &from->key_at, "[%s] is " NOT_APPLIED, from->key);
	}
	return r;
}

/* The keys above the first section: one note for all of them. */
static void note_top(struct translation *t)
{
	_cleanup_strbuf_ struct strbuf names = { 0 };
	const struct mark *first = NULL;

	for (size_t i = 0; i < t->file->n; i++) {
		const struct tree *child = t->file->children[i];

		if (child->kind != TREE_SCALAR || is_unchecked(t, child->key))
			continue;
		if (t->shapes && !strcmp(child->key, DIRECTORY))
			continue;
		first = first ?: &child->key_at;
		strbuf_addf(&names, "%s`%s`", names.len ? ", " : "", child->key);
	}
	if (first)
		(void)diag_note(t->d, first, NOT_APPLIED ": %s", strbuf_text(&names));
}

/* The bridge works without LibreQoS' other files: a directory that is missing refuses nothing. */
static void warn_unread(struct translation *t, int error)
{
	const struct conf_string *dir = &t->values.directory;

	(void)diag_warning(t->d, &dir->at, "`lqos_directory` %s: %s", text_quoted(dir->text).text,
			   strerror(error));
}

/* Since 1.5 there is no ispConfig.py, and what it said stands in sections that are not read. */
static int translate_directory(struct translation *t)
{
	const struct conf_string *dir = &t->values.directory;
	_cleanup_free_ char *path = NULL;
	struct stat st;

	if (!dir->text) {
		(void)diag_warning(
			t->d, &t->file->at,
			"`lqos_directory` is missing: LibreQoS' other files are not read");
		return 0;
	}
	path = path_beside(dir->at.file, dir->text);
	if (!path)
		return -ENOMEM;
	if (t->shapes && tree_get(t->file, "version"))
		(void)diag_warning(
			t->d, &dir->at,
			"nothing is shaped: only `lqos_directory` of LibreQoS up to 1.4 is read");
	else if (t->shapes)
		return add_scalar(t->native, libreqos_schema.name, dir->text, dir->at);
	else if (stat(path, &st))
		warn_unread(t, errno);
	else if (!S_ISDIR(st.st_mode))
		warn_unread(t, ENOTDIR);
	return 0;
}

static int translate(const struct tree *tree, const struct schema *const *schemas, size_t n_schemas,
		     struct tree **ret, struct diag *d)
{
	_cleanup_(translation_free) struct translation t = { tree, schemas, n_schemas, .d = d };
	int r;

	t.native = tree_new(TREE_MAP, NULL, tree->at);
	r = t.native ? check_file(&t) : -ENOMEM;
	if (r)
		return r;
	t.shapes = libreqos_directory_known(schemas, n_schemas);
	r = translate_directory(&t);
	note_top(&t);
	if (!r)
		r = translate_sections(&t);
	if (!r)
		*ret = TAKE_PTR(t.native);
	return r;
}

static bool holds(const char *text, size_t len, const char *word)
{
	return memmem(text, len, word, strlen(word));
}

static unsigned recognise(const char *name, const char *text, size_t len)
{
	struct dialect_lines n = dialect_count_lines(text, len);
	size_t all = n.colon + n.equals;
	unsigned sure = (unsigned)(all ? n.equals * 90 / all : 0);

	if (dialect_name_ends(name, ".toml"))
		sure += 5;
	if (sure && (holds(text, len, "lqos_directory") || holds(text, len, "use_kernel_bridge") ||
		     holds(text, len, "use_xdp_bridge")))
		sure += 5;
	return sure;
}

const struct dialect dialect_libreqos = {
	.name = "LibreQoS TOML",
	.looks = "key = value",
	.recognise = recognise,
	.parse = toml_parse,
	.translate = translate,
};
