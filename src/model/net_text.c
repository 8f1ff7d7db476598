/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses and rates as people write them. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "model/network.h"
#include "model/show.h"

#define PREFIX_TEXT 64 /* more than the longest address with its length */
#define MEGA UINT64_C(1000000)
#define RATE_LIMIT (MEGA * MEGA)

static unsigned bits_of(uint8_t family)
{
	return family == 4 ? 32 : 128;
}

/* "56"; no sign, no leading zero. */
static const char *parse_length(const char *text, struct net_prefix *prefix)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long length = strtoul(text, NULL, 10);

	if (!digits || digits > 3 || text[digits] || (digits > 1 && *text == '0') ||
	    length > bits_of(prefix->family))
		return prefix->family == 4 ? "a prefix of IPv4 has a length from 0 to 32" :
					     "a prefix of IPv6 has a length from 0 to 128";
	prefix->length = (uint8_t)length;
	return NULL;
}

/* What is wrong, or NULL.  Host bits may be set. */
static const char *parse(const char *text, struct net_prefix *ret)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct net_prefix prefix = { .family = strchr(text, ':') ? 6 : 4 };
	const char *slash = strchr(text, '/'), *wrong;
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	char address[PREFIX_TEXT];

	if (len >= sizeof(address))
		return "not an address";
	memcpy(address, text, len);
	address[len] = 0;
	if (inet_pton(prefix.family == 4 ? AF_INET : AF_INET6, address, prefix.address) != 1)
		return prefix.family == 4 ? "not an IPv4 address" : "not an IPv6 address";
	prefix.length = (uint8_t)bits_of(prefix.family);
	wrong = slash ? parse_length(slash + 1, &prefix) : NULL;
	if (wrong)
		return wrong;
	if (prefix.family == 6 && prefix.length >= 96 && !memcmp(prefix.address, mapped, 12))
		return "an IPv4 address written as IPv6, which no packet carries";
	*ret = prefix;
	return NULL;
}

bool net_prefix_cut(struct net_prefix *prefix)
{
	bool cut = false;

	for (unsigned bit = prefix->length; bit < bits_of(prefix->family); bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		cut |= prefix->address[bit / 8] & mask;
		prefix->address[bit / 8] &= (uint8_t)~mask;
	}
	return cut;
}

int net_prefix_parse(const char *text, struct net_prefix *ret, const char **ret_wrong)
{
	struct net_prefix prefix = { 0 };
	const char *wrong = parse(text, &prefix);

	if (!wrong && net_prefix_cut(&prefix))
		wrong = "bits behind the length of the prefix are set";
	if (wrong) {
		*ret_wrong = wrong;
		return -EINVAL;
	}
	*ret = prefix;
	return 0;
}

int net_address_read(const char *text, const struct mark *at, struct net_address *ret, struct diag *d)
{
	_cleanup_strbuf_ struct strbuf right = { 0 };
	struct net_prefix prefix = { 0 };
	const char *wrong = parse(text, &prefix);

	if (wrong)
		return diag_error(d, at, "%s: %s", text_quoted(text).text, wrong);
	if (!net_prefix_cut(&prefix)) {
		*ret = (struct net_address){ prefix, *at };
		return 0;
	}
	net_prefix_format(&prefix, &right);
	(void)diag_error(d, at, "%s: bits behind the length of the prefix are set",
			 text_quoted(text).text);
	diag_hint(d, "the prefix is %s, the host %.*s", strbuf_text(&right),
		  (int)strcspn(text, "/"), text);
	return -EINVAL;
}

void net_prefix_format(const struct net_prefix *prefix, struct strbuf *out)
{
	char text[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(prefix->family == 4 ? AF_INET : AF_INET6, prefix->address, text,
			sizeof(text));
	strbuf_add(out, text);
	if (prefix->length < bits_of(prefix->family))
		strbuf_addf(out, "/%u", prefix->length);
}

bool net_prefix_contains(const struct net_prefix *a, const struct net_prefix *b)
{
	struct net_prefix cut = *b;

	if (a->family != b->family || a->length > b->length)
		return false;
	cut.length = a->length;
	(void)net_prefix_cut(&cut);
	return !memcmp(a->address, cut.address, bits_of(a->family) / 8);
}

/* Digits as a number of at most 13 places, which is far beyond the limit. */
static int parse_digits(const char *text, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	for (; n && *text == '0'; n--)
		text++;
	if (n > 13)
		return -ERANGE;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (uint64_t)(text[i] - '0');
	*ret = v;
	return 0;
}

int net_rate_parse_mbps(const char *text, uint64_t *ret)
{
	size_t whole = strspn(text, "0123456789");
	const char *part = text[whole] == '.' ? text + whole + 1 : text + whole;
	size_t places = strspn(part, "0123456789"), kept = places;
	uint64_t mega = 0, rest = 0;

	if (part[places] || whole + places == 0 || strlen(text) > 64)
		return -EINVAL;
	while (kept && part[kept - 1] == '0')
		kept--;
	if (kept > 6) /* parts of a bit */
		return -EINVAL;
	if (parse_digits(text, whole, &mega) || parse_digits(part, kept, &rest))
		return -ERANGE;
	for (; kept < 6; kept++)
		rest *= 10;
	if (mega > RATE_LIMIT / MEGA || mega * MEGA + rest > RATE_LIMIT)
		return -ERANGE;
	*ret = mega * MEGA + rest;
	return 0;
}

void net_rate_format_mbps(uint64_t rate, struct strbuf *out)
{
	unsigned part = (unsigned)(rate % MEGA), places = 6;

	strbuf_addf(out, "%" PRIu64, rate / MEGA);
	if (!part)
		return;
	for (; part % 10 == 0; part /= 10)
		places--;
	strbuf_addf(out, ".%0*u", (int)places, part);
}
