/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/libreqos/python.h"

#include "config/libreqos/python_token.h"

struct parse {
	struct python_cursor cursor;
	struct python_file file;
};

void python_file_free(struct python_file *file)
{
	vec_foreach(&file->assignments, a) {
		free(a->name);
		tree_free(a->value);
	}
	vec_free(&file->assignments);
	vec_foreach(&file->others, o)
		free(o->word);
	vec_free(&file->others);
}

static void parse_free(struct parse *p)
{
	python_file_free(&p->file);
}

static bool is_assignment(const struct python_token *t, int depth)
{
	static const char *const comparisons[] = { "==", "!=", "<=", ">=" };

	if (t->kind != PYTHON_OP || t->start[t->len - 1] != '=' ||
	    (depth && !python_token_is(t, ":=")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(comparisons); i++)
		if (python_token_is(t, comparisons[i]))
			return false;
	return true;
}

/* Words that set names without a sign of equality. */
static bool sets_names(const struct python_token *t, int depth)
{
	static const char *const words[] = { "import", "for",  "del",	 "def",	     "class",
					     "with",   "from", "global", "nonlocal", "except" };

	for (size_t i = 0; !depth && i < ARRAY_LEN(words); i++)
		if (python_token_is(t, words[i]))
			return true;
	return false;
}

/* How far into a statement names may be set; `start` itself: nowhere. */
static const struct python_token *settable_end(const struct python_token *start,
					       const struct python_token *end)
{
	const struct python_token *last = start;
	int depth = 0;

	for (const struct python_token *t = start; t < end; t++) {
		depth += python_token_depth(t);
		if (sets_names(t, depth))
			return end;
		if (is_assignment(t, depth))
			last = t;
	}
	return last;
}

static int add(struct parse *p, const struct python_token *name, struct tree *value,
	       const char *wrong, struct mark wrong_at, bool perhaps)
{
	struct python_assignment a = { .at = name->at, .value = value, .perhaps = perhaps };

	a.name = strndup(name->start, name->len);
	a.wrong = wrong;
	a.wrong_at = wrong_at;
	if (a.name && !vec_push(&p->file.assignments, a))
		return 0;
	free(a.name);
	tree_free(value);
	return -ENOMEM;
}

/* Every name a statement might set that is more than `name = value`. */
static int add_perhaps(struct parse *p, const struct python_token *start,
		       const struct python_token *end, const char *wrong)
{
	const struct python_token *last = settable_end(start, end);

	for (const struct python_token *t = start; t < last; t++)
		if (t->kind == PYTHON_NAME && add(p, t, NULL, wrong, t->at, true))
			return -ENOMEM;
	return 0;
}

static int add_other(struct parse *p, const struct python_token *start)
{
	struct python_other other = { strndup(start->start, start->len), start->at };

	if (other.word && !vec_push(&p->file.others, other))
		return 0;
	free(other.word);
	return -ENOMEM;
}

/* `name = ...` at the left edge. */
static int read_assignment(struct parse *p, const struct python_token *end)
{
	const struct python_token *name = p->cursor.at;
	struct tree *value;

	p->cursor.wrong = NULL;
	p->cursor.at += 2;
	value = python_value_read(&p->cursor);
	if (!value && !p->cursor.wrong)
		return -ENOMEM;
	if (add(p, name, value, p->cursor.wrong, p->cursor.wrong_at, false))
		return -ENOMEM;
	return value ? 0 : add_perhaps(p, name + 2, end, "it is set among others");
}

static int read_statement(struct parse *p, const struct python_token *end, bool block)
{
	const struct python_token *start = p->cursor.at;
	bool docstring = start->kind == PYTHON_TEXT && end == start + 1;
	int r;

	if (block)
		return add_perhaps(p, start, end, "it stands in a block, which is not executed");
	if (start->kind == PYTHON_NAME && python_token_is(start + 1, "="))
		return read_assignment(p, end);
	if (docstring)
		return 0;
	r = add_perhaps(p, start, end, "this is more than `name = value`");
	return r ? r : add_other(p, start);
}

static const struct python_token *statement_end(const struct python_token *t)
{
	int depth = 0;

	for (; t->kind != PYTHON_END && (depth || !python_is_end(t)); t++)
		depth += python_token_depth(t);
	return t;
}

static int read_statements(struct parse *p)
{
	bool block = p->cursor.at->at.column > 1;

	while (p->cursor.at->kind != PYTHON_END) {
		const struct python_token *end = statement_end(p->cursor.at);
		int r = end > p->cursor.at ? read_statement(p, end, block) : 0;

		if (r)
			return r;
		p->cursor.at = end;
		if (end->kind == PYTHON_END)
			break;
		p->cursor.at++;
		if (end->kind == PYTHON_LINE_END)
			block = p->cursor.at->at.column > 1;
	}
	return 0;
}

int python_read(const char *name, const char *text, size_t len, struct python_file *ret,
		struct diag *d)
{
	_cleanup_(parse_free) struct parse p = { 0 };
	struct python_tokens tokens = { 0 };
	int r = python_tokens_read(name, text, len, &tokens, d);

	p.cursor.at = tokens.list.at;
	if (!r)
		r = read_statements(&p);
	vec_free(&tokens.list);
	if (r)
		return r;
	*ret = p.file;
	p.file = (struct python_file){ 0 };
	return 0;
}
