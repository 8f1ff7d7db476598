/* SPDX-License-Identifier: GPL-2.0-only */
/* The literal on the right side of an assignment, as a tree. */
#include "config/libreqos/python_token.h"

/* NULL without `wrong` is always a lack of memory. */
static struct tree *refuse(struct python_cursor *p, const char *wrong)
{
	p->wrong = wrong;
	p->wrong_at = p->at->at;
	return NULL;
}

static struct tree *read_text(struct python_cursor *p)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct mark at = p->at->at;
	struct tree *t;

	/* Texts that stand side by side are one. */
	for (; p->at->kind == PYTHON_TEXT; p->at++) {
		const char *wrong = python_text_decode(p->at, &text);

		if (wrong)
			return refuse(p, wrong);
	}
	if (text.failed)
		return NULL;
	t = tree_new(TREE_SCALAR, strbuf_text(&text), at);
	if (t)
		t->quoted = true;
	return t;
}

static struct tree *read_number(struct python_cursor *p)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct mark at = p->at->at;
	const char *wrong;

	if (python_token_is(p->at, "-") || python_token_is(p->at, "+")) {
		strbuf_add(&text, *p->at->start == '-' ? "-" : "");
		p->at++;
	}
	if (p->at->kind != PYTHON_NUMBER)
		return refuse(p, "a sign stands before a number only");
	wrong = python_number_decode(p->at, &text);
	if (wrong)
		return refuse(p, wrong);
	p->at++;
	return text.failed ? NULL : tree_new(TREE_SCALAR, strbuf_text(&text), at);
}

static struct tree *read_name(struct python_cursor *p)
{
	static const char *const words[][2] = { { "True", "true" }, { "False", "false" } };
	struct mark at = p->at->at;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (python_token_is(p->at, words[i][0])) {
			p->at++;
			return tree_new(TREE_SCALAR, words[i][1], at);
		}
	if (python_token_is(p->at, "None")) {
		p->at++;
		return tree_new(TREE_NULL, NULL, at);
	}
	if (python_token_is(p->at + 1, "("))
		return refuse(p, "a call is not executed");
	return refuse(p, "other names are not looked up");
}

static struct tree *read_value(struct python_cursor *p);

/* "a, b, c" up to the bracket that closes, or the statement's end; `single`: were there no commas? */
static struct tree *read_items(struct python_cursor *p, struct tree *first, const char *close,
			       bool *single)
{
	struct mark at = first ? first->at : p->at->at;
	_cleanup_(tree_freep) struct tree *list = tree_new(TREE_LIST, NULL, at), *item = first;
	bool commas = false;

	while (list && (item || !(python_token_is(p->at, close) || python_is_end(p->at)))) {
		item = item ?: read_value(p);
		at = item ? item->at : at;
		if (!item || tree_add(list, NULL, at, TAKE_PTR(item)))
			return NULL;
		if (!python_token_is(p->at, ","))
			break;
		commas = true;
		p->at++;
	}
	*single = !commas && list && list->n == 1;
	return TAKE_PTR(list);
}

static struct tree *close_bracket(struct python_cursor *p, const char *close, struct tree *value)
{
	if (value && python_token_is(p->at, close)) {
		p->at++;
		return value;
	}
	if (value)
		(void)refuse(p, "expressions are not evaluated");
	tree_free(value);
	return NULL;
}

static struct tree *read_list(struct python_cursor *p)
{
	struct mark at = p->at++->at;
	bool single;
	struct tree *list = read_items(p, NULL, "]", &single);

	if (list)
		list->at = at;
	return close_bracket(p, "]", list);
}

/* A tuple, or one value in brackets. */
static struct tree *read_tuple(struct python_cursor *p)
{
	struct mark at = p->at++->at;
	bool single = false;
	struct tree *list = read_items(p, NULL, ")", &single), *value = list;

	if (!list)
		return NULL;
	list->at = at;
	if (single) {
		value = list->children[0];
		list->n = 0;
		tree_free(list);
	}
	return close_bracket(p, ")", value);
}

static int read_pair(struct python_cursor *p, struct tree *map)
{
	_cleanup_(tree_freep) struct tree *key = read_value(p), *value = NULL;

	if (!key)
		return -EINVAL;
	if (key->kind != TREE_SCALAR || !python_token_is(p->at, ":")) {
		(void)refuse(p, "a map has `'key': value`");
		return -EINVAL;
	}
	p->at++;
	value = read_value(p);
	if (!value)
		return -EINVAL;
	return tree_add(map, key->text, key->at, TAKE_PTR(value));
}

static struct tree *read_map(struct python_cursor *p)
{
	_cleanup_(tree_freep) struct tree *map = tree_new(TREE_MAP, NULL, p->at->at);

	p->at++;
	while (map && !python_token_is(p->at, "}")) {
		if (read_pair(p, map))
			return NULL;
		if (!python_token_is(p->at, ","))
			break;
		p->at++;
	}
	return close_bracket(p, "}", TAKE_PTR(map));
}

/* Recursive: the scanner refuses what is nested too deep. */
static struct tree *read_value(struct python_cursor *p)
{
	if (p->at->kind == PYTHON_TEXT)
		return read_text(p);
	if (p->at->kind == PYTHON_NAME)
		return read_name(p);
	if (python_token_is(p->at, "["))
		return read_list(p);
	if (python_token_is(p->at, "("))
		return read_tuple(p);
	if (python_token_is(p->at, "{"))
		return read_map(p);
	if (p->at->kind == PYTHON_NUMBER || python_token_is(p->at, "-") ||
	    python_token_is(p->at, "+"))
		return read_number(p);
	return refuse(p, "a value is missing");
}

/* The whole right side, of which nothing may be left. */
struct tree *python_value_read(struct python_cursor *p)
{
	struct tree *value = read_value(p);
	bool single;

	if (value && python_token_is(p->at, ","))
		value = read_items(p, value, ";", &single); /* a tuple without brackets */
	if (!value || python_is_end(p->at))
		return value;
	tree_free(value);
	return refuse(p, "expressions are not evaluated");
}
