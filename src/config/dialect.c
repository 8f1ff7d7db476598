/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tells a language from another by its lines, and the native dialect itself.
 */
#include "config/dialect.h"

#include <ctype.h>
#include <string.h>

#include "config/text.h"
#include "config/yaml.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static const char *skip_blanks(const char *s, const char *end)
{
	while (s < end && is_blank(*s))
		s++;
	return s;
}

struct mark dialect_first_word(const char *name, const char *text, size_t len)
{
	struct text_place place = { 1, 1 };
	bool comment = false;

	for (size_t i = text_bom(text, len); i < len; i++) {
		if (text[i] == '#')
			comment = true;
		if (text[i] == '\n')
			comment = false;
		else if (!comment && !is_blank(text[i]))
			return (struct mark){ name, place.line, place.column };
		text_place_step(&place, (unsigned char)text[i]);
	}
	return (struct mark){ name, 0, 0 };
}

/* Behind a key, bare or quoted; `s` itself when there is none. */
static const char *skip_key(const char *s, const char *end)
{
	if (s < end && (*s == '"' || *s == '\'')) {
		const char *close = memchr(s + 1, *s, (size_t)(end - s - 1));

		return close ? close + 1 : s;
	}
	while (s < end && (isalnum((unsigned char)*s) || strchr("_-.", *s)))
		s++;
	return s;
}

/* "[name]" or "[[name]]" and nothing more: a header, not a list. */
static bool is_header(const char *s, const char *end)
{
	const char *close;

	while (s < end && *s == '[')
		s++;
	close = skip_key(skip_blanks(s, end), end);
	if (close == s)
		return false;
	close = skip_blanks(close, end);
	if (close == end || *close != ']')
		return false;
	while (close < end && *close == ']')
		close++;
	close = skip_blanks(close, end);
	return close == end || *close == '#';
}

static bool starts(const char *s, const char *end, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(end - s) >= n && !memcmp(s, with, n);
}

/* Comments, document markers, lines of nothing but brackets: they tell nothing. */
static bool is_neutral(const char *s, const char *end)
{
	return s == end || *s == '#' || *s == '%' || strchr("{}],", *s) || starts(s, end, "---") ||
	       starts(s, end, "...");
}

static void count_line(const char *s, const char *end, struct dialect_lines *n)
{
	const char *behind;
	bool item;

	s = skip_blanks(s, end);
	if (s < end && *s == '{') /* {"key": value} and { key = value } */
		s = skip_blanks(s + 1, end);
	if (is_neutral(s, end))
		return;
	if (*s == '[' && is_header(s, end)) {
		n->equals++;
		return;
	}
	item = starts(s, end, "- ");
	if (item)
		s = skip_blanks(s + 1, end);
	behind = skip_key(s, end);
	s = behind == s ? end : skip_blanks(behind, end);
	if (s < end && *s == '=')
		n->equals++;
	else if (item || (s < end && *s == ':'))
		n->colon++;
	else
		n->other++;
}

struct dialect_lines dialect_count_lines(const char *text, size_t len)
{
	const char *s = text + text_bom(text, len), *end = text + len, *line_end;
	struct dialect_lines n = { 0 };

	for (; s < end; s = line_end + 1) {
		line_end = memchr(s, '\n', (size_t)(end - s)) ?: end;
		count_line(s, line_end, &n);
	}
	/* A table of TOML never begins with a brace at the top. */
	if (dialect_first_word("", text, len).line) {
		s = text + text_bom(text, len);
		while (s < end && isspace((unsigned char)*s))
			s++;
		n.colon += s < end && *s == '{';
	}
	return n;
}

bool dialect_name_ends(const char *name, const char *suffix)
{
	size_t n = strlen(name), s = strlen(suffix);

	return n > s && !strcasecmp(name + n - s, suffix);
}

/* The name decides only where the content does not. */
static unsigned native_recognise(const char *name, const char *text, size_t len)
{
	struct dialect_lines n = dialect_count_lines(text, len);
	bool named = dialect_name_ends(name, ".yaml") || dialect_name_ends(name, ".yml") ||
		     dialect_name_ends(name, ".json");
	size_t all = n.colon + n.equals;

	return (unsigned)(all ? n.colon * 90 / all : 0) + (named ? 5 : 0);
}

static int native_parse(const char *name, const char *text, size_t len, struct tree **ret,
			struct diag *d)
{
	return yaml_parse(name, text, len, dialect_name_ends(name, ".json"), ret, d);
}

const struct dialect dialect_native = {
	.name = "native YAML or JSON",
	.looks = "key: value",
	.recognise = native_recognise,
	.parse = native_parse,
};
