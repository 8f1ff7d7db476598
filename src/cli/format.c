/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/format.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void format_count(struct strbuf *out, int64_t n)
{
	char digits[32];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, n);
	size_t first = n < 0;

	for (size_t i = 0; i < len; i++) {
		if (i > first && (len - i) % 3 == 0)
			strbuf_add_char(out, ',');
		strbuf_add_char(out, digits[i]);
	}
}

/* Three digits: what is left of the point decides how many stand right of it. */
static void add_scaled(struct strbuf *out, double v, const char *unit)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T", "P", "E" };
	unsigned p = 0;

	while (v >= 999.5 && p < ARRAY_LEN(prefixes) - 1) {
		v /= 1000;
		p++;
	}
	strbuf_addf(out, "%.*f %s%s",
		    !p || v >= 99.95 ? 0 :
		    v >= 9.995	     ? 1 :
				       2,
		    v, prefixes[p], unit);
}

void format_bytes(struct strbuf *out, int64_t n)
{
	add_scaled(out, (double)n, "B");
}

void format_bits(struct strbuf *out, double per_second)
{
	add_scaled(out, per_second, "bit/s");
}

static const struct rate_unit {
	int64_t bits;
	unsigned places;
	const char *name;
} rate_units[] = {
	{ 1000000000, 9, "Gbit/s" },
	{ 1000000, 6, "Mbit/s" },
	{ 1000, 3, "kbit/s" },
	{ 1, 0, "bit/s" },
};

static const struct rate_unit *unit_of(int64_t rate)
{
	const struct rate_unit *u = rate_units;

	while (u->bits > 1 && rate < u->bits)
		u++;
	return u;
}

void format_rate(struct strbuf *out, int64_t rate)
{
	const struct rate_unit *u = unit_of(rate);
	int64_t part = rate % u->bits;
	unsigned places = u->places;

	strbuf_addf(out, "%" PRId64, rate / u->bits);
	for (; part && part % 10 == 0; part /= 10)
		places--;
	if (part)
		strbuf_addf(out, ".%0*" PRId64, (int)places, part);
	strbuf_addf(out, " %s", u->name);
}

void format_use(struct strbuf *out, int64_t now, int64_t rate)
{
	double v = (double)now / (double)unit_of(rate)->bits;

	if (rate <= 0) {
		format_bits(out, (double)now);
		return;
	}
	strbuf_addf(out, "%.*f of ", !now || v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2, v);
	format_rate(out, rate);
}

void format_duration(struct strbuf *out, int64_t s)
{
	if (s >= 86400)
		strbuf_addf(out, "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
	else if (s >= 3600)
		strbuf_addf(out, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
	else if (s >= 60)
		strbuf_addf(out, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else
		strbuf_addf(out, "%" PRId64 " s", s);
}

static void add_list(struct strbuf *out, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i)
			strbuf_add(out, ", ");
		format_value(out, json_array_get(list, i));
	}
	if (!json_array_size(list))
		strbuf_add_char(out, '-');
}

void format_value(struct strbuf *out, const json_t *value)
{
	_cleanup_free_ char *text = NULL;

	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_NULL:
		strbuf_add_char(out, '-');
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		strbuf_add(out, json_is_true(value) ? "yes" : "no");
		return;
	case JSON_INTEGER:
		format_count(out, json_integer_value(value));
		return;
	case JSON_REAL:
		strbuf_addf(out, "%.2f", json_real_value(value));
		return;
	case JSON_STRING:
		strbuf_add(out, json_string_value(value));
		return;
	case JSON_ARRAY:
		add_list(out, value);
		return;
	default:
		text = json_dumps(value, JSON_COMPACT);
		strbuf_add(out, text ? text : "");
	}
}

/* --- YAML ----------------------------------------------------------------------------------- */

/* What every YAML reader takes for a string without quotes; all else is quoted, as JSON does it. */
static bool is_plain(const char *s)
{
	static const char *const special[] = { "true", "false", "yes", "no",  "on", "off",
					       "null", "y",	"n",   "nan", "inf" };

	if (strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-") !=
	    strlen(s))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		if (!strcasecmp(s, special[i]))
			return false;
	return (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || *s == '/';
}

static void add_scalar(struct strbuf *out, const json_t *value)
{
	const char *s = json_string_value(value);
	_cleanup_free_ char *text = NULL;

	if (s && is_plain(s)) {
		strbuf_add(out, s);
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
	strbuf_add(out, text ? text : "null");
}

static void add_indent(struct strbuf *out, unsigned indent)
{
	while (indent--)
		strbuf_add(out, "  ");
}

static void add_yaml(struct strbuf *out, const json_t *value, unsigned indent, bool inline_first);

static void add_map(struct strbuf *out, const json_t *map, unsigned indent, bool inline_first)
{
	json_t *value, *key_text;
	const char *key;

	json_object_foreach((json_t *)map, key, value) {
		if (!inline_first)
			add_indent(out, indent);
		inline_first = false;
		key_text = json_string(key);
		add_scalar(out, key_text);
		json_decref(key_text);
		strbuf_add_char(out, ':');
		add_yaml(out, value, indent + 1, false);
	}
}

static void add_items(struct strbuf *out, const json_t *list, unsigned indent)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		add_indent(out, indent);
		strbuf_add_char(out, '-');
		add_yaml(out, item, indent + 1, true);
	}
}

/* What stands behind "key:" or "-": on the same line, or below and deeper. */
static void add_yaml(struct strbuf *out, const json_t *value, unsigned indent, bool inline_first)
{
	if (json_object_size(value)) {
		strbuf_add_char(out, inline_first ? ' ' : '\n');
		add_map(out, value, indent, inline_first);
	} else if (json_array_size(value)) {
		strbuf_add_char(out, '\n');
		add_items(out, value, indent);
	} else {
		strbuf_add_char(out, ' ');
		add_scalar(out, value);
		strbuf_add_char(out, '\n');
	}
}

void format_yaml(struct strbuf *out, const json_t *value)
{
	if (json_object_size(value))
		add_map(out, value, 0, false);
	else
		strbuf_add(out, "{}\n");
}

/* --- text and terminal ---------------------------------------------------------------------- */

/* A name from outside must not move the cursor: C0, DEL and the C1 range written in UTF-8 go. */
char *format_clean(const char *text)
{
	char *copy = strdup(text);

	for (unsigned char *c = (unsigned char *)copy; c && *c; c++)
		if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
			*c = '?';
	return copy;
}

size_t format_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

size_t format_terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long width = columns ? strtol(columns, NULL, 10) : 0;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		width = size.ws_col;
	return width < 20 || width > 10000 ? 80 : (size_t)width;
}

bool format_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && !(term && !strcmp(term, "dumb"));
}
