/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A look at TOML before its parser: strings and comments are skipped, chains of dotted keys and
 * open brackets counted.  It may stop early at broken text, where the parser stops as well.
 */
#include <ctype.h>
#include <string.h>

#include "config/text.h"
#include "config/toml.h"

#define KEY_PARTS_MAX 32u

struct scan {
	const char *name, *s, *end;
	struct text_place place;
	unsigned depth;
	struct diag *d;
};

static void step(struct scan *c, size_t n)
{
	while (n-- && c->s < c->end)
		text_place_step(&c->place, (unsigned char)*c->s++);
}

static bool starts(const struct scan *c, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(c->end - c->s) >= n && !memcmp(c->s, with, n);
}

/* Behind the string that begins here; false when it never ends. */
static bool skip_string(struct scan *c)
{
	char quote = *c->s, triple[4] = { quote, quote, quote, 0 };
	bool many = starts(c, triple);

	step(c, many ? 3 : 1);
	while (c->s < c->end) {
		if (quote == '"' && *c->s == '\\') {
			step(c, 2);
		} else if (many ? starts(c, triple) : *c->s == quote) {
			step(c, many ? 3 : 1);
			/* Up to two more quotes belong to the text of a long string. */
			for (int i = 0; many && i < 2 && c->s < c->end && *c->s == quote; i++)
				step(c, 1);
			return true;
		} else if (!many && *c->s == '\n') {
			return false;
		} else {
			step(c, 1);
		}
	}
	return false;
}

static void skip_blanks(struct scan *c)
{
	while (c->s < c->end && (*c->s == ' ' || *c->s == '\t'))
		step(c, 1);
}

/* Anything a key's part or a value may be made of, as long as it is one word. */
static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || (unsigned char)c >= 0x80;
}

/* One part of a chain; false: there is none here, or a string is broken. */
static bool skip_part(struct scan *c)
{
	const char *from = c->s;

	if (c->s < c->end && (*c->s == '"' || *c->s == '\''))
		return skip_string(c);
	while (c->s < c->end && is_word(*c->s))
		step(c, 1);
	return c->s > from;
}

static int check_chain(struct scan *c)
{
	struct mark at = { c->name, c->place.line, c->place.column };
	unsigned parts = 1;

	if (!skip_part(c))
		c->s = c->end;
	for (skip_blanks(c); c->s < c->end && *c->s == '.'; skip_blanks(c)) {
		step(c, 1);
		skip_blanks(c);
		if (!skip_part(c))
			break;
		if (++parts > KEY_PARTS_MAX)
			return diag_error(c->d, &at, "a key of more than %u parts", KEY_PARTS_MAX);
	}
	return 0;
}

static int check_bracket(struct scan *c)
{
	struct mark at = { c->name, c->place.line, c->place.column };

	if (*c->s == '[' || *c->s == '{')
		c->depth++;
	else if (c->depth)
		c->depth--;
	step(c, 1);
	if (c->depth > TEXT_MAX_DEPTH)
		return diag_error(c->d, &at, "nested deeper than %u levels", TEXT_MAX_DEPTH);
	return 0;
}

int toml_check_depth(const char *name, const char *text, size_t len, struct diag *d)
{
	struct scan c = { name, text, text + len, { 1, 1 }, 0, d };
	int r = 0;

	while (!r && c.s < c.end) {
		if (*c.s == '#')
			while (c.s < c.end && *c.s != '\n')
				step(&c, 1);
		else if (is_word(*c.s) || *c.s == '"' || *c.s == '\'')
			r = check_chain(&c);
		else if (strchr("[]{}", *c.s))
			r = check_bracket(&c);
		else
			step(&c, 1);
	}
	return r;
}
