/* SPDX-License-Identifier: GPL-2.0-only */
#include "nl/qdisc_unit.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <strings.h>

/* Digits behind the point that count; with more a terabit would not fit into 64 bits. */
#define FRACTION_DIGITS 6
#define FRACTION_ONE 1000000

struct unit {
	const char *suffix;
	uint64_t times;
	bool shown; /* as what a value is written */
};

static const struct unit time_units[] = {
	{ "s", 1000000, true },
	{ "ms", 1000, true },
	{ "us", 1, true },
	{ "", 1 },
	{ "sec", 1000000 },
	{ "secs", 1000000 },
	{ "msec", 1000 },
	{ "msecs", 1000 },
	{ "usec", 1 },
	{ "usecs", 1 },
	{ 0 },
};

static const struct unit rate_units[] = {
	{ "Tbit", 1000000000000, true },
	{ "Gbit", 1000000000, true },
	{ "Mbit", 1000000, true },
	{ "Kbit", 1000, true },
	{ "bit", 1, true },
	{ "", 1 },
	{ "Kibit", UINT64_C(1) << 10 },
	{ "Mibit", UINT64_C(1) << 20 },
	{ "Gibit", UINT64_C(1) << 30 },
	{ "Tibit", UINT64_C(1) << 40 },
	{ "bps", 8 },
	{ "Kbps", 8000 },
	{ "Mbps", 8000000 },
	{ "Gbps", 8000000000 },
	{ "Tbps", 8000000000000 },
	{ "Kibps", UINT64_C(8) << 10 },
	{ "Mibps", UINT64_C(8) << 20 },
	{ "Gibps", UINT64_C(8) << 30 },
	{ "Tibps", UINT64_C(8) << 40 },
	{ 0 },
};

static const struct unit size_units[] = {
	{ "Gb", 1 << 30, true },
	{ "Mb", 1 << 20, true },
	{ "Kb", 1 << 10, true },
	{ "b", 1, true },
	{ "", 1 },
	{ "g", 1 << 30 },
	{ "m", 1 << 20 },
	{ "k", 1 << 10 },
	{ "Gbit", 1 << 27 },
	{ "Mbit", 1 << 17 },
	{ "Kbit", 1 << 7 },
	{ 0 },
};

static const struct {
	const char *wants;
	const struct unit *units; /* NULL: a whole number */
	int base;
	bool sign;
} types[] = {
	[NL_OPT_WORDS] = { "" },
	[NL_OPT_COUNT] = { "a whole number", .base = 10 },
	[NL_OPT_SIGNED] = { "a whole number", .base = 10, .sign = true },
	[NL_OPT_HEX] = { "a number like 0xff", .base = 0 },
	[NL_OPT_CLASS] = { "the minor number of a class, in hex, like 2", .base = 16 },
	[NL_OPT_SIZE] = { "a size like 4Mb", size_units },
	[NL_OPT_TIME] = { "a time like 20ms", time_units },
	[NL_OPT_RATE] = { "a rate like 20Mbit", rate_units },
};

static int parse_digits(const char **at, uint64_t *ret)
{
	uint64_t value = 0;

	for (; isdigit((unsigned char)**at); ++*at)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value))
			return -ERANGE;
	*ret = value;
	return 0;
}

/* In millionths; digits beyond do not count. */
static uint64_t parse_fraction(const char **at)
{
	uint64_t value = 0;
	int digits = 0;

	for (; isdigit((unsigned char)**at); ++*at)
		if (digits++ < FRACTION_DIGITS)
			value = value * 10 + (uint64_t)(**at - '0');
	for (; digits < FRACTION_DIGITS; digits++)
		value *= 10;
	return value;
}

static int parse_scaled(const struct unit *unit, const char *text, int64_t *ret)
{
	uint64_t whole, fraction = 0;
	int r;

	if (!isdigit((unsigned char)*text) && (*text != '.' || !isdigit((unsigned char)text[1])))
		return -EINVAL;
	r = parse_digits(&text, &whole);
	if (r)
		return r;
	if (*text == '.') {
		text++;
		fraction = parse_fraction(&text);
	}
	while (unit->suffix && strcasecmp(unit->suffix, text))
		unit++;
	if (!unit->suffix)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit->times, &whole) ||
	    __builtin_add_overflow(whole, fraction * unit->times / FRACTION_ONE, &whole) ||
	    whole > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)whole;
	return 0;
}

static int parse_whole(const char *text, int base, bool sign, int64_t *ret)
{
	const char *first = sign && (*text == '-' || *text == '+') ? text + 1 : text;
	char *end;
	long long value;

	/* strtoll alone would take spaces, signs, and "0x" for a decimal's end. */
	if (base == 10 ? !isdigit((unsigned char)*first) : !isxdigit((unsigned char)*first))
		return -EINVAL;
	errno = 0;
	value = strtoll(text, &end, base ?: first[0] == '0' && tolower(first[1]) == 'x' ? 16 : 10);
	if (*end)
		return -EINVAL;
	if (errno)
		return -ERANGE;
	*ret = value;
	return 0;
}

int nl_unit_parse(enum nl_option_type type, const char *text, int64_t *ret)
{
	if (types[type].units)
		return parse_scaled(types[type].units, text, ret);
	return parse_whole(text, types[type].base, types[type].sign, ret);
}

void nl_unit_format(enum nl_option_type type, int64_t value, struct strbuf *out)
{
	const struct unit *unit = types[type].units;

	if (type == NL_OPT_HEX || type == NL_OPT_CLASS) {
		strbuf_addf(out, type == NL_OPT_HEX ? "0x%" PRIx64 : "%" PRIx64, (uint64_t)value);
		return;
	}
	while (unit && unit->shown && (!value || (uint64_t)value % unit->times) && unit->times > 1)
		unit++;
	strbuf_addf(out, "%" PRId64 "%s", unit ? value / (int64_t)unit->times : value,
		    unit ? unit->suffix : "");
}

const char *nl_unit_wants(enum nl_option_type type)
{
	return types[type].wants;
}
