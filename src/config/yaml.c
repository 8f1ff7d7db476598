/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libfyaml's events to the neutral tree.  Only events: its documents resolve aliases without
 * bound and compare keys pairwise.  Lines and columns are 1-based; columns count characters.
 */
#include "config/yaml.h"

#include <errno.h>
#include <libfyaml.h>
#include <string.h>

#include "config/text.h"

struct level {
	struct tree *node;
	char *key; /* of a map: the key that waits for its value */
	struct mark key_at;
};

struct build {
	const char *name;
	struct diag *d;
	struct level levels[TEXT_MAX_DEPTH];
	size_t depth, values, documents;
	struct tree *root;
	struct mark last; /* the place of the last event that had one */
};

static void build_free(struct build *b)
{
	while (b->depth) {
		struct level *l = &b->levels[--b->depth];

		tree_free(l->node);
		free(l->key);
	}
	tree_free(b->root);
}

static struct mark mark_of(struct build *b, const struct fy_mark *m)
{
	if (m)
		b->last = (struct mark){ b->name, (unsigned)m->line + 1, (unsigned)m->column + 1 };
	return b->last;
}

/* libfyaml points behind the quote or the sigil; a person looks at it. */
static struct mark one_back(struct mark at)
{
	if (at.column > 1)
		at.column--;
	return at;
}

static bool is_null(const char *text)
{
	return !*text || !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null") ||
	       !strcmp(text, "NULL");
}

/* Hands a finished value to the level that holds it. */
static int put(struct build *b, struct tree *value)
{
	struct level *l = b->depth ? &b->levels[b->depth - 1] : NULL;
	_cleanup_free_ char *key = NULL;

	if (!value)
		return -ENOMEM;
	if (!l) {
		b->root = value;
		return 0;
	}
	key = TAKE_PTR(l->key);
	return tree_add(l->node, key, key ? l->key_at : value->at, value);
}

static bool wants_key(const struct build *b)
{
	const struct level *l = b->depth ? &b->levels[b->depth - 1] : NULL;

	return l && l->node->kind == TREE_MAP && !l->key;
}

static int put_key(struct build *b, const char *text, struct mark at)
{
	struct level *l = &b->levels[b->depth - 1];

	l->key = strdup(text);
	l->key_at = at;
	return l->key ? 0 : -ENOMEM;
}

static int refuse_marker(struct build *b, struct mark at, const char *what)
{
	(void)diag_error(b->d, &at, "%s are not allowed in a configuration", what);
	diag_hint(b->d, "write the value itself");
	return -EINVAL;
}

static int check_markers(struct build *b, struct fy_token *anchor, struct fy_token *tag)
{
	if (anchor)
		return refuse_marker(b, one_back(mark_of(b, fy_token_start_mark(anchor))),
				     "anchors (&name)");
	if (tag)
		return refuse_marker(b, mark_of(b, fy_token_start_mark(tag)), "tags (!name)");
	return 0;
}

static int count_value(struct build *b, const struct mark *at)
{
	if (++b->values > TEXT_MAX_VALUES)
		return diag_error(b->d, at, "more than %u values", TEXT_MAX_VALUES);
	return 0;
}

static int on_scalar(struct build *b, struct fy_event *e)
{
	enum fy_scalar_style style =
		e->scalar.value ? fy_token_scalar_style(e->scalar.value) : FYSS_PLAIN;
	const char *text = e->scalar.value ? fy_token_get_text0(e->scalar.value) : "";
	const struct fy_mark *m = fy_event_start_mark(e);
	struct mark at = mark_of(b, m);
	struct tree *node;

	if (check_markers(b, e->scalar.anchor, e->scalar.tag) || count_value(b, &at))
		return -EINVAL;
	if (!text)
		return -ENOMEM;
	if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
		at = one_back(at);
	if (e->scalar.value && fy_token_get_text_length(e->scalar.value) != strlen(text))
		return diag_error(b->d, &at, "a NUL character within text");
	if (wants_key(b))
		return put_key(b, text, at);
	if (style == FYSS_PLAIN && is_null(text))
		return put(b, tree_new(TREE_NULL, NULL, m ? at : (struct mark){ b->name, 0, 0 }));
	node = tree_new(TREE_SCALAR, text, at);
	if (node)
		node->quoted = style != FYSS_PLAIN;
	return put(b, node);
}

static int on_start(struct build *b, struct fy_event *e, enum tree_kind kind)
{
	struct fy_token *anchor =
		kind == TREE_MAP ? e->mapping_start.anchor : e->sequence_start.anchor;
	struct fy_token *tag = kind == TREE_MAP ? e->mapping_start.tag : e->sequence_start.tag;
	struct mark at = mark_of(b, fy_event_start_mark(e));
	struct tree *node;

	if (check_markers(b, anchor, tag) || count_value(b, &at))
		return -EINVAL;
	if (wants_key(b))
		return diag_error(b->d, &at, "a key must be one word, not a list or a map");
	if (b->depth == TEXT_MAX_DEPTH)
		return diag_error(b->d, &at, "nested deeper than %u levels", TEXT_MAX_DEPTH);
	node = tree_new(kind, NULL, at);
	if (!node)
		return -ENOMEM;
	b->levels[b->depth++] = (struct level){ .node = node };
	return 0;
}

static int on_end(struct build *b)
{
	struct tree *node = b->levels[--b->depth].node;

	tree_unique_keys(node, b->d);
	return put(b, node);
}

static int on_document(struct build *b, struct fy_event *e)
{
	struct mark at = mark_of(b, fy_event_start_mark(e));

	if (b->documents++ == 0)
		return 0;
	(void)diag_error(b->d, &at, "a second document begins here");
	diag_hint(b->d, "one file holds one document: remove the --- or use another file");
	return -EINVAL;
}

static int on_alias(struct build *b, struct fy_event *e)
{
	return refuse_marker(b, one_back(mark_of(b, fy_event_start_mark(e))), "aliases (*name)");
}

/* The end must be the end: a parser that stopped before has lost keys without a word. */
static int on_stream_end(struct build *b, struct fy_event *e, size_t len)
{
	const struct fy_mark *m = fy_event_start_mark(e);
	struct mark at = mark_of(b, m);

	if (m && m->input_pos < len && b->documents)
		return diag_error(b->d, &at, "the text after this place cannot be read");
	return 0;
}

static int on_event(struct build *b, struct fy_event *e, size_t len)
{
	switch (e->type) {
	case FYET_DOCUMENT_START:
		return on_document(b, e);
	case FYET_MAPPING_START:
		return on_start(b, e, TREE_MAP);
	case FYET_SEQUENCE_START:
		return on_start(b, e, TREE_LIST);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		return on_end(b);
	case FYET_SCALAR:
		return on_scalar(b, e);
	case FYET_ALIAS:
		return on_alias(b, e);
	case FYET_STREAM_END:
		return on_stream_end(b, e, len);
	default:
		return 0;
	}
}

/* The library says what is wrong with the grammar; this says what to change. */
static void hint_syntax(struct diag *d, const char *message)
{
	static const char *const remedies[][2] = {
		{ "tab character", "indent with spaces" },
		{ "invalid nested block mapping", "quote a value that holds ': '" },
		{ "did not find expected node content", "a bracket may still be open" },
		{ "without closing quote", "close it on the same line" },
		{ "invalid indentation", "keys of one map begin in the same column" },
		{ "invalid multiline plain key", "a ':' and a space may be missing above" },
		{ "Invalid JSON plain scalar", "JSON wants text between double quotes" },
	};

	for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++)
		if (strstr(message, remedies[i][0]))
			diag_hint(d, "%s", remedies[i][1]);
}

/* The library's own words for broken syntax; its places are 1-based already. */
static int report_syntax(struct build *b, struct fy_diag *diag)
{
	void *next = NULL;
	struct fy_diag_error *e = fy_diag_errors_iterate(diag, &next);
	struct mark at = b->last;

	if (e && e->line > 0)
		at = (struct mark){ b->name, (unsigned)e->line,
				    e->column > 0 ? (unsigned)e->column : 1 };
	(void)diag_error(b->d, &at, "%s", e && e->msg ? e->msg : "cannot be read as YAML");
	if (e && e->msg)
		hint_syntax(b->d, e->msg);
	return -EINVAL;
}

static int run(struct build *b, struct fy_parser *parser, struct fy_diag *diag, size_t len)
{
	struct fy_event *e;
	int r = 0;

	while (!r && (e = fy_parser_parse(parser))) {
		r = on_event(b, e, len);
		fy_parser_event_free(parser, e);
	}
	if (r == -ENOMEM)
		return diag_error(b->d, &b->last, "out of memory");
	if (!r && (fy_parser_get_stream_error(parser) || b->depth))
		return report_syntax(b, diag);
	return r;
}

/* Errors are collected, never printed: a library does not write to stderr. */
static struct fy_diag *quiet_diag(void)
{
	struct fy_diag_cfg config;
	struct fy_diag *diag;

	fy_diag_cfg_default(&config);
	config.fp = NULL;
	config.colorize = false;
	diag = fy_diag_create(&config);
	if (diag)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

int yaml_parse(const char *name, const char *text, size_t len, bool json, struct tree **ret,
	       struct diag *d)
{
	struct fy_diag *diag = quiet_diag();
	struct fy_parse_cfg config = {
		.flags = FYPCF_QUIET | (json ? FYPCF_JSON_FORCE : FYPCF_JSON_NONE),
		.diag = diag,
	};
	struct fy_parser *parser = diag ? fy_parser_create(&config) : NULL;
	_cleanup_(build_free) struct build b = { .name = name, .d = d, .last = { name, 1, 1 } };
	size_t bom = text_bom(text, len);
	int r = -ENOMEM;

	if (parser && !fy_parser_set_string(parser, text + bom, len - bom))
		r = run(&b, parser, diag, len - bom);
	if (!r && !b.root)
		b.root = tree_new(TREE_NULL, NULL, (struct mark){ name, 1, 1 });
	if (!r && b.root)
		*ret = TAKE_PTR(b.root);
	fy_parser_destroy(parser);
	fy_diag_destroy(diag);
	return r;
}
