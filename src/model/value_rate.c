/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A rate of a file: a number is Mbit/s with fractions, as in the files of LibreQoS; a suffix says
 * another unit.  tc(8) reads `10Mbps` as bytes, most people do not, so that is no suffix here.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "model/network.h"
#include "model/value.h"

#define NUMBER_MAX 64
#define MEGA UINT64_C(1000000)

/* One of these in any case, alone or followed by "bit". */
static const struct {
	char letter;
	uint64_t multiply, divide; /* what makes bits of a number that was taken for Mbit */
} suffixes[] = {
	{ 'k', 1, 1000 },
	{ 'm', 1, 1 },
	{ 'g', 1000, 1 },
};

static int scale(const char *suffix, uint64_t *rate)
{
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		if (tolower((unsigned char)*suffix) != suffixes[i].letter ||
		    (suffix[1] && strcasecmp(suffix + 1, "bit")))
			continue;
		if (*rate % suffixes[i].divide) /* parts of a bit */
			return -EINVAL;
		*rate = *rate / suffixes[i].divide * suffixes[i].multiply;
		return *rate > VALUE_RATE_MOST ? -ERANGE : 0;
	}
	return -EINVAL;
}

int value_rate_parse(const char *text, uint64_t *ret)
{
	size_t len = strspn(text, "0123456789.");
	const char *suffix = text + len + (text[len] == ' ' && text[len + 1]);
	char number[NUMBER_MAX];
	uint64_t rate = 0;
	int r;

	if (len >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, len);
	number[len] = 0;
	r = net_rate_parse_mbps(number, &rate);
	if (!r && *suffix)
		r = scale(suffix, &rate);
	if (!r)
		*ret = rate;
	return r;
}

static uint64_t most(const struct schema_row *row)
{
	return row->max ? (uint64_t)row->max : VALUE_RATE_MOST;
}

void value_rate_wants(const struct schema_row *row, struct strbuf *out)
{
	strbuf_add(out, "a rate from ");
	net_rate_format_mbps((uint64_t)row->min, out);
	strbuf_add(out, " to ");
	net_rate_format_mbps(most(row), out);
	strbuf_add(out, " Mbit/s, or with a suffix such as 500k, 2.5M or 1G");
}

/* "Mbps", "Gbit/s": a unit as people write it. */
static bool is_unit(const char *text)
{
	static const char *const rests[] = { "bps", "bit/s", "bits", "b/s", "b" };

	if (!*text || !strchr("kKmMgG", *text))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(rests); i++)
		if (!strcasecmp(text + 1, rests[i]))
			return true;
	return false;
}

/* What was probably meant by "10Mbps", "2,5" or a number between quotes. */
static void hint_rate(const struct tree *node, struct diag *d)
{
	size_t digits = strspn(node->text, "0123456789.,");
	const char *unit = node->text + digits + strspn(node->text + digits, " ");
	char number[24], *comma;
	uint64_t rate;

	if (node->quoted && !value_rate_parse(node->text, &rate)) {
		diag_hint(d, "remove the quotes");
		return;
	}
	if (digits >= sizeof(number) || (*unit && !is_unit(unit)))
		return;
	memcpy(number, node->text, digits);
	number[digits] = 0;
	comma = strchr(number, ',');
	if (comma)
		*comma = '.';
	if (!net_rate_parse_mbps(number, &rate))
		diag_hint(d, "write %s%.1s", number, unit);
}

/* JSON has no other way to write a suffix than between quotes; a number there is a text. */
static bool is_text(const struct tree *node)
{
	return node->quoted && !node->text[strspn(node->text, "0123456789.")];
}

int value_rate_read(const struct schema_row *row, const struct tree *node, struct conf_rate *ret,
		    struct diag *d)
{
	uint64_t rate = 0;
	int r = is_text(node) ? -EINVAL : value_rate_parse(node->text, &rate);

	if (!r && (rate < (uint64_t)row->min || rate > most(row)))
		r = -ERANGE;
	if (!r) {
		ret->value = rate;
		return 0;
	}
	(void)value_refuse(row, node, d);
	if (r == -EINVAL)
		hint_rate(node, d);
	return -EINVAL;
}

json_t *value_rate_to_json(uint64_t rate)
{
	return rate % MEGA ? json_real((double)rate / MEGA) : json_integer((json_int_t)(rate / MEGA));
}
