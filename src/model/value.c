/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scalars follow YAML 1.2's core schema, in every dialect: true and false only, no "yes"; a
 * quoted value is text and never a number.
 */
#include "model/value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <string.h>

#include "base/near.h"

#define PATH_LIMIT 4095

static size_t names_count(const char *const *names)
{
	size_t n = 0;

	while (names && names[n])
		n++;
	return n;
}

static void wants_int(const struct schema_row *row, struct strbuf *out)
{
	strbuf_add(out, "a whole number");
	if (row->unit)
		strbuf_addf(out, " of %s", row->unit);
	if (row->min || row->max)
		strbuf_addf(out, " from %" PRId64 " to %" PRId64, row->min, row->max);
}

static void wants_enum(const struct schema_row *row, struct strbuf *out)
{
	size_t n = names_count(row->names);

	for (size_t i = 0; i < n; i++)
		strbuf_addf(out, "%s%s", !i ? "" : i + 1 < n ? ", " : " or ", row->names[i]);
}

void value_wants(const struct schema_row *row, struct strbuf *out)
{
	static const char *const words[] = {
		[SCHEMA_STRING] = "text",
		[SCHEMA_IFNAME] = "an interface name",
		[SCHEMA_PATH] = "a path",
		[SCHEMA_BOOL] = "true or false",
		[SCHEMA_STRINGS] = "a list of texts",
		[SCHEMA_IFNAMES] = "a list of interface names",
		[SCHEMA_PATHS] = "a list of paths",
		[SCHEMA_LIST] = "a list of entries",
		[SCHEMA_GROUP] = "keys of its own",
	};

	if (row->kind == SCHEMA_INT)
		wants_int(row, out);
	else if (row->kind == SCHEMA_ENUM)
		wants_enum(row, out);
	else if (row->kind == SCHEMA_RATE)
		value_rate_wants(row, out);
	else
		strbuf_add(out, words[row->kind]);
}

int value_refuse(const struct schema_row *row, const struct tree *found, struct diag *d)
{
	_cleanup_strbuf_ struct strbuf wants = { 0 };
	bool no_place = found->kind == TREE_NULL && !found->at.line;

	value_wants(row, &wants);
	return diag_error(d, no_place ? &found->key_at : &found->at, "`%s` wants %s, not %s",
			  row->key, strbuf_text(&wants), tree_shown(found).text);
}

static bool is_word(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* Where a value comes from: a file, or the row's default. */
struct origin {
	struct mark at;
	bool set;
};

static int read_bool(const struct schema_row *row, const struct tree *node, struct origin from,
		     struct conf_bool *dest, struct diag *d)
{
	static const char *const yes[] = { "true", "True", "TRUE", NULL };
	static const char *const no[] = { "false", "False", "FALSE", NULL };
	static const char *const like_yes[] = { "yes", "on", "1", "y", "enable", "enabled", NULL };
	static const char *const like_no[] = { "no", "off", "0", "n", "disable", "disabled", NULL };
	char lower[16] = "";

	if (!node->quoted && (is_word(node->text, yes) || is_word(node->text, no))) {
		*dest = (struct conf_bool){ is_word(node->text, yes), from.set, from.at };
		return 0;
	}
	(void)value_refuse(row, node, d);
	for (size_t i = 0; i + 1 < sizeof(lower) && node->text[i]; i++)
		lower[i] = (char)tolower((unsigned char)node->text[i]);
	if (!strcmp(lower, "true") || !strcmp(lower, "false"))
		diag_hint(d, node->quoted ? "remove the quotes" : "write %s", lower);
	else if (is_word(lower, like_yes))
		diag_hint(d, "write true");
	else if (is_word(lower, like_no))
		diag_hint(d, "write false");
	return -EINVAL;
}

/* The digits after sign and prefix, all of `base`? */
static bool all_digits(const char *s, int base)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (base == 8  ? *s < '0' || *s > '7' :
		    base == 16 ? !isxdigit((unsigned char)*s) :
				 !isdigit((unsigned char)*s))
			return false;
	return true;
}

/* -EINVAL: not a number; -ERANGE: does not fit. */
static int parse_int(const char *text, int64_t *ret)
{
	const char *digits = text + (*text == '-' || *text == '+');
	int base = !strncmp(text, "0x", 2) ? 16 : !strncmp(text, "0o", 2) ? 8 : 10;
	long long v;

	if (base != 10)
		digits = text + 2;
	if (!all_digits(digits, base))
		return -EINVAL;
	errno = 0;
	v = strtoll(base == 10 ? text : digits, NULL, base);
	if (errno)
		return -ERANGE;
	*ret = v;
	return 0;
}

/* What a person probably meant by something that is not a number. */
static void hint_int(const struct schema_row *row, const struct tree *node, struct diag *d)
{
	size_t digits = strspn(node->text, "0123456789");
	const char *rest = node->text + digits;
	int64_t v;

	if (node->quoted && !parse_int(node->text, &v))
		diag_hint(d, "remove the quotes");
	else if (digits && row->unit && !strcasecmp(rest + strspn(rest, " "), row->unit))
		diag_hint(d, "write %.*s: the unit is always %s", (int)MIN(digits, 20), node->text,
			  row->unit);
}

static bool has_leading_zero(const char *text)
{
	text += *text == '-' || *text == '+';
	return text[0] == '0' && isdigit((unsigned char)text[1]);
}

static int read_int(const struct schema_row *row, const struct tree *node, struct origin from,
		    struct conf_int *dest, struct diag *d)
{
	int64_t v = 0;
	int r = node->quoted ? -EINVAL : parse_int(node->text, &v);

	if (!r && has_leading_zero(node->text)) {
		(void)diag_error(d, &node->at, "`%s`: the leading zero of %s is ambiguous",
				 row->key, tree_shown(node).text);
		diag_hint(d, "write %" PRId64 ", or 0o… for an octal number", v);
		return -EINVAL;
	}
	if (r == -ERANGE && !row->min && !row->max)
		return diag_error(d, &node->at, "`%s`: %s does not fit in 64 bits", row->key,
				  tree_shown(node).text);
	if (r || ((row->min || row->max) && (v < row->min || v > row->max))) {
		(void)value_refuse(row, node, d);
		if (r == -EINVAL)
			hint_int(row, node, d);
		return -EINVAL;
	}
	*dest = (struct conf_int){ v, from.set, from.at };
	return 0;
}

static int read_rate(const struct schema_row *row, const struct tree *node, struct origin from,
		     struct conf_rate *dest, struct diag *d)
{
	struct conf_rate rate = { .set = from.set, .at = from.at };
	int r = value_rate_read(row, node, &rate, d);

	if (!r)
		*dest = rate;
	return r;
}

static int read_enum(const struct schema_row *row, const struct tree *node, struct origin from,
		     struct conf_enum *dest, struct diag *d)
{
	size_t n = names_count(row->names);
	const char *near;

	for (size_t i = 0; i < n; i++)
		if (!strcmp(row->names[i], node->text)) {
			*dest = (struct conf_enum){ (unsigned)i, from.set, from.at };
			return 0;
		}
	(void)value_refuse(row, node, d);
	near = near_word(node->text, row->names, n);
	if (near)
		diag_hint(d, "did you mean %s?", near);
	return -EINVAL;
}

const char *ifname_problem(const char *name)
{
	if (!*name)
		return "is empty";
	if (strlen(name) >= IFNAMSIZ)
		return "is longer than 15 bytes";
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "is a directory, not a name";
	for (; *name; name++) {
		if (*name == '/' || *name == ':')
			return "holds a '/' or ':'";
		if (isspace((unsigned char)*name))
			return "holds white space";
		if (iscntrl((unsigned char)*name))
			return "holds a control character";
	}
	return NULL;
}

static const char *path_problem(const char *path)
{
	if (!*path)
		return "is empty";
	return strlen(path) > PATH_LIMIT ? "is longer than 4095 bytes" : NULL;
}

static int read_string(const struct schema_row *row, const struct tree *node, struct origin from,
		       struct conf_string *dest, struct diag *d)
{
	const char *problem = row->kind == SCHEMA_IFNAME ? ifname_problem(node->text) :
			      row->kind == SCHEMA_PATH	 ? path_problem(node->text) :
							   NULL;
	char *copy;

	if (problem) {
		(void)value_refuse(row, node, d);
		diag_hint(d, "it %s", problem);
		return -EINVAL;
	}
	copy = strdup(node->text);
	if (!copy)
		return diag_error(d, &node->at, "out of memory");
	free(dest->text);
	*dest = (struct conf_string){ copy, from.set, from.at };
	return 0;
}

static int read_scalar(const struct schema_row *row, const struct tree *node, struct origin from,
		       void *dest, struct diag *d)
{
	if (node->kind != TREE_SCALAR)
		return value_refuse(row, node, d);
	switch (row->kind) {
	case SCHEMA_BOOL:
		return read_bool(row, node, from, dest, d);
	case SCHEMA_INT:
		return read_int(row, node, from, dest, d);
	case SCHEMA_ENUM:
		return read_enum(row, node, from, dest, d);
	case SCHEMA_RATE:
		return read_rate(row, node, from, dest, d);
	case SCHEMA_STRING:
	case SCHEMA_IFNAME:
	case SCHEMA_PATH:
		return read_string(row, node, from, dest, d);
	default:
		return value_refuse(row, node, d);
	}
}

int value_read(const struct schema_row *row, const struct tree *node, struct mark at, void *dest,
	       struct diag *d)
{
	return read_scalar(row, node, (struct origin){ at, true }, dest, d);
}

int value_default(const struct schema_row *row, void *dest, struct diag *d)
{
	size_t len = strlen(row->def);
	bool quoted = len >= 2 && strchr("'\"", row->def[0]) && row->def[len - 1] == row->def[0];
	_cleanup_free_ char *text = strndup(row->def + quoted, quoted ? len - 2 : len);
	struct tree node = { .kind = TREE_SCALAR, .text = text, .quoted = quoted };

	if (!text)
		return diag_error(d, NULL, "out of memory");
	return read_scalar(row, &node, (struct origin){ .set = false }, dest, d);
}
