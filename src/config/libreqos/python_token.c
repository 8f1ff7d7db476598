/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/libreqos/python_token.h"

#include <ctype.h>

#include "config/text.h"

struct scan {
	const char *name, *text;
	size_t len, next;
	struct text_place place;
	struct python_token open[TEXT_MAX_DEPTH]; /* brackets */
	size_t depth;
	struct python_tokens tokens;
	struct diag *d;
};

static void scan_free(struct scan *s)
{
	vec_free(&s->tokens.list);
}

/* The byte `ahead` of the next one, 0 at the end: no text holds a NUL. */
static char look(const struct scan *s, size_t ahead)
{
	return s->next + ahead < s->len ? s->text[s->next + ahead] : 0;
}

static void step(struct scan *s, size_t n)
{
	for (; n && s->next < s->len; n--)
		text_place_step(&s->place, (unsigned char)s->text[s->next++]);
}

static struct mark here(const struct scan *s)
{
	return (struct mark){ s->name, s->place.line, s->place.column };
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Pushes the next `n` bytes as one word. */
static int push(struct scan *s, enum python_kind kind, size_t n)
{
	struct python_token token = { kind, s->text + s->next, n, here(s) };

	if (s->tokens.list.n >= TEXT_MAX_VALUES)
		return diag_error(s->d, &token.at, "more than %u words", TEXT_MAX_VALUES);
	step(s, n);
	return vec_push(&s->tokens.list, token);
}

static int line_end(struct scan *s)
{
	size_t n = s->tokens.list.n;

	if (!s->depth && n && s->tokens.list.at[n - 1].kind != PYTHON_LINE_END)
		return push(s, PYTHON_LINE_END, 1);
	step(s, 1);
	return 0;
}

/* Bytes of r, b, u, f before a quote; -1 when no text begins here. */
static int prefix_len(const struct scan *s)
{
	int n = 0;

	while (n < 2 && look(s, (size_t)n) && strchr("rRbBuUfF", look(s, (size_t)n)))
		n++;
	return look(s, (size_t)n) == '"' || look(s, (size_t)n) == '\'' ? n : -1;
}

static int scan_text(struct scan *s, size_t prefix)
{
	char quote = look(s, prefix);
	bool triple = look(s, prefix + 1) == quote && look(s, prefix + 2) == quote;
	size_t width = triple ? 3 : 1, n = prefix + width;
	struct mark at = here(s);

	for (; look(s, n); n++) {
		if (look(s, n) == '\\') {
			n += look(s, n + 1) == '\r' ? 2 : 1;
			continue;
		}
		if (look(s, n) == '\n' && !triple)
			break;
		if (look(s, n) != quote)
			continue;
		if (!triple || (look(s, n + 1) == quote && look(s, n + 2) == quote))
			return push(s, PYTHON_TEXT, n + width);
	}
	(void)diag_error(s->d, &at, "this text is never closed");
	diag_hint(s->d, "it ends with %.*s", (int)width, s->text + s->next + prefix);
	return -EINVAL;
}

/* Whatever looks like a number; python_number_decode() says whether it is one. */
static int scan_number(struct scan *s)
{
	bool hex = look(s, 0) == '0' && (look(s, 1) == 'x' || look(s, 1) == 'X');
	size_t n = 0;

	for (; is_name(look(s, n)) || look(s, n) == '.'; n++)
		if (!hex && (look(s, n) == 'e' || look(s, n) == 'E') &&
		    (look(s, n + 1) == '-' || look(s, n + 1) == '+'))
			n++;
	return push(s, PYTHON_NUMBER, n);
}

static int scan_name(struct scan *s)
{
	size_t n = 0;

	while (is_name(look(s, n)))
		n++;
	return push(s, PYTHON_NAME, n);
}

static int refuse_close(struct scan *s)
{
	struct mark at = here(s);

	(void)diag_error(s->d, &at, "`%c` closes no bracket", look(s, 0));
	if (s->depth)
		diag_hint(s->d, "`%c` of line %u is open", *s->open[s->depth - 1].start,
			  s->open[s->depth - 1].at.line);
	return -EINVAL;
}

static int track_brackets(struct scan *s)
{
	static const char open[] = "([{", close[] = ")]}";
	const char *bracket;
	struct mark at = here(s);

	if (strchr(open, look(s, 0))) {
		if (s->depth == TEXT_MAX_DEPTH)
			return diag_error(s->d, &at, "nested deeper than %u levels", TEXT_MAX_DEPTH);
		s->open[s->depth++] = (struct python_token){ .start = s->text + s->next, .at = at };
	}
	bracket = strchr(close, look(s, 0));
	if (!bracket)
		return 0;
	if (!s->depth || *s->open[s->depth - 1].start != open[bracket - close])
		return refuse_close(s);
	s->depth--;
	return 0;
}

static int scan_op(struct scan *s)
{
	static const char *const ops[] = {
		"**=", "//=", ">>=", "<<=", "...", "==", "!=", "<=", ">=", ":=",
		"->",  "+=",  "-=",  "*=",  "/=",  "%=", "&=", "|=", "^=", "@=",
	};
	struct mark at = here(s);
	int r;

	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		size_t n = strlen(ops[i]);

		if (s->len - s->next >= n && !memcmp(s->text + s->next, ops[i], n))
			return push(s, PYTHON_OP, n);
	}
	if (!strchr("()[]{},:;.=+-*/%&|^~<>@", look(s, 0)))
		return diag_error(s->d, &at, "`%c` is not Python", look(s, 0));
	r = track_brackets(s);
	return r ? r : push(s, PYTHON_OP, 1);
}

/* A backslash at the end of a line joins it to the next. */
static int join_lines(struct scan *s)
{
	size_t n = look(s, 1) == '\r' ? 2 : 1;
	struct mark at = here(s);

	if (s->next + n < s->len && look(s, n) != '\n')
		return diag_error(s->d, &at, "a backslash that does not end the line");
	step(s, n + 1);
	return 0;
}

static int scan_one(struct scan *s)
{
	int prefix = prefix_len(s);
	char c = look(s, 0);

	if (c == ' ' || c == '\t' || c == '\r') {
		step(s, 1);
		return 0;
	}
	if (c == '#') {
		while (look(s, 0) && look(s, 0) != '\n')
			step(s, 1);
		return 0;
	}
	if (c == '\n')
		return line_end(s);
	if (c == '\\')
		return join_lines(s);
	if (prefix >= 0)
		return scan_text(s, (size_t)prefix);
	if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)look(s, 1))))
		return scan_number(s);
	return is_name(c) ? scan_name(s) : scan_op(s);
}

int python_tokens_read(const char *name, const char *text, size_t len, struct python_tokens *ret,
		       struct diag *d)
{
	_cleanup_(scan_free) struct scan s = { .name = name, .text = text, .len = len, .d = d };
	int r = 0;

	s.next = text_bom(text, len);
	s.place = (struct text_place){ 1, 1 };
	while (!r && s.next < s.len)
		r = scan_one(&s);
	if (!r && s.depth)
		r = diag_error(d, &s.open[s.depth - 1].at, "`%c` is never closed",
			       *s.open[s.depth - 1].start);
	if (!r)
		r = push(&s, PYTHON_END, 0);
	if (r)
		return r;
	*ret = s.tokens;
	s.tokens = (struct python_tokens){ { 0 } };
	return 0;
}

bool python_token_is(const struct python_token *token, const char *text)
{
	return (token->kind == PYTHON_OP || token->kind == PYTHON_NAME) &&
	       token->len == strlen(text) && !memcmp(token->start, text, token->len);
}

int python_token_depth(const struct python_token *token)
{
	if (token->kind != PYTHON_OP || token->len != 1)
		return 0;
	return strchr("([{", *token->start) ? 1 : strchr(")]}", *token->start) ? -1 : 0;
}

bool python_is_end(const struct python_token *t)
{
	return t->kind == PYTHON_LINE_END || t->kind == PYTHON_END || python_token_is(t, ";");
}
