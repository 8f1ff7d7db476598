/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of what is above the parsers: trees built by hand, a line for each node, and the
 * fixture's model made of them.  After cmocka.h.
 */
#pragma once

#include <errno.h>

#include "model/model_fixture.h"

static unsigned fixture_line;

static inline struct tree *node(enum tree_kind kind, const char *text, const char *file)
{
	return tree_new(kind, text, (struct mark){ file, ++fixture_line, 5 });
}

static inline struct tree *put(struct tree *parent, const char *key, struct tree *child)
{
	struct mark key_at = { child->at.file, child->at.line, 1 };

	assert_int_equal(tree_add(parent, key, key_at, child), 0);
	return child;
}

static inline void put_text(struct tree *parent, const char *key, const char *text)
{
	(void)put(parent, key, node(TREE_SCALAR, text, parent->at.file));
}

static inline struct tree *put_map(struct tree *parent, const char *key)
{
	return put(parent, key, node(TREE_MAP, NULL, parent->at.file));
}

static inline struct tree *put_list(struct tree *parent, const char *key)
{
	return put(parent, key, node(TREE_LIST, NULL, parent->at.file));
}

static inline void put_mapping(struct tree *list, const char *from, const char *to)
{
	struct tree *map = put_map(list, NULL);

	put_text(map, "name", from);
	put_text(map, "redirect_to", to);
}

static inline struct model *build(struct tree *const *trees, size_t n)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct model *m = NULL;
	int r = model_build(fixture_schemas, FIXTURE_N, trees, n, NULL, &m, &d);

	diag_format_all(&d, &text);
	if (r)
		fail_msg("%s", strbuf_text(&text));
	return m;
}

static inline void expect_errors(struct tree *const *trees, size_t n, const char *want)
{
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct model *m = (struct model *)&d;

	assert_int_equal(model_build(fixture_schemas, FIXTURE_N, trees, n, NULL, &m, &d), -EINVAL);
	assert_ptr_equal(m, &d);
	diag_format_all(&d, &text);
	assert_string_equal(strbuf_text(&text), want);
}
