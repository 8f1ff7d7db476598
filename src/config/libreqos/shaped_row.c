/* SPDX-License-Identifier: GPL-2.0-only */
/* One row of ShapedDevices.csv: a circuit with one device. */
#include <ctype.h>

#include "base/near.h"
#include "config/libreqos/shaped_private.h"
#include "model/show.h"

/* Slower plans are not shaped well by anything; a kilobit is most likely a wrong unit. */
#define LEAST_RATE UINT64_C(100000)

static const struct csv_field *field(const struct shaped_reader *r, enum shaped_column column)
{
	static const struct csv_field none = { .text = "" };
	int i = r->header.field[column];

	return i < 0 ? &none : &r->csv.fields.at[i];
}

static void hint_rate(const char *text, struct diag *d)
{
	size_t whole = strspn(text, "0123456789"), part;

	if (whole && text[whole] == ',') {
		part = strspn(text + whole + 1, "0123456789");
		diag_hint(d, "write %.*s.%.*s", (int)MIN(whole, 13), text, (int)MIN(part, 6),
			  text + whole + 1);
	} else if (whole && isalpha((unsigned char)text[whole + strspn(text + whole, " ")])) {
		diag_hint(d, "write a number alone: the unit is always Mbit/s");
	}
}

static void read_rate(struct shaped_reader *r, enum shaped_column column, bool required, uint64_t *ret)
{
	const struct csv_field *f = field(r, column);
	const char *name = shaped_column_name(column);
	uint64_t rate = 0;
	int e = *f->text ? net_rate_parse_mbps(f->text, &rate) : 0;

	if (!*f->text && required) {
		(void)diag_error(r->d, &f->at, "`%s` is empty", name);
	} else if (e == -ERANGE) {
		(void)diag_error(r->d, &f->at, "`%s`: %s Mbit/s is more than 1 Tbit/s", name,
				 text_shown(f->text).text);
	} else if (e) {
		(void)diag_error(r->d, &f->at, "`%s` wants a number of Mbit/s, not %s", name,
				 text_quoted(f->text).text);
		hint_rate(f->text, r->d);
	} else if (*f->text && rate < LEAST_RATE) {
		(void)diag_error(r->d, &f->at, "`%s`: %s is less than 0.1 Mbit/s", name,
				 text_shown(f->text).text);
	} else {
		*ret = rate;
	}
}

static void check_minimum(struct shaped_reader *r, enum shaped_column min_column, uint64_t min,
			  uint64_t max)
{
	const struct csv_field *f = field(r, min_column);

	if (min && max && min > max)
		(void)diag_error(r->d, &f->at, "`%s`, %s, is above the maximum, %s",
				 shaped_column_name(min_column), f->text,
				 field(r, min_column + (SHAPED_MAX_DOWN - SHAPED_MIN_DOWN))->text);
}

static void read_rates(struct shaped_reader *r, struct net_circuit *c)
{
	read_rate(r, SHAPED_MIN_DOWN, false, &c->min.down);
	read_rate(r, SHAPED_MIN_UP, false, &c->min.up);
	read_rate(r, SHAPED_MAX_DOWN, true, &c->max.down);
	read_rate(r, SHAPED_MAX_UP, true, &c->max.up);
	check_minimum(r, SHAPED_MIN_DOWN, c->min.down, c->max.down);
	check_minimum(r, SHAPED_MIN_UP, c->min.up, c->max.up);
}

static const struct {
	const char *word, *leaf;
} leaves[] = {
	{ "cake", "cake" },
	{ "fq_codel", "fq_codel" },
	{ "fifo", "fifo" },
	{ "none", "fifo" },
};

/* NULL: the default, or reported. */
static char *read_leaf(struct shaped_reader *r, const char *text, size_t len)
{
	const struct csv_field *f = field(r, SHAPED_SQM);
	const char *words[ARRAY_LEN(leaves)], *near;
	_cleanup_free_ char *word = strndup(text, len);

	if (!word || !len)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
		words[i] = leaves[i].word;
		if (!strcasecmp(word, leaves[i].word))
			return strdup(leaves[i].leaf);
	}
	(void)diag_error(r->d, &f->at, "`sqm` wants cake, fq_codel, fifo or none, not %s",
			 text_quoted(word).text);
	near = near_word(word, words, ARRAY_LEN(words));
	if (near)
		diag_hint(r->d, "did you mean `%s`?", near);
	else
		diag_hint(r->d, "a word for both directions, or download/upload");
	return NULL;
}

static void read_leaves(struct shaped_reader *r, struct leaf_pair *leaf)
{
	const char *text = field(r, SHAPED_SQM)->text, *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned before = r->d->errors;

	leaf->down = read_leaf(r, text, len);
	if (slash)
		leaf->up = read_leaf(r, slash + 1, strlen(slash + 1));
	else if (r->d->errors == before)
		leaf->up = read_leaf(r, text, len);
}

static int add_address(struct shaped_reader *r, enum shaped_column column, const char *text,
		       struct mark at, struct net_device *device)
{
	uint8_t want = column == SHAPED_IPV4 ? 4 : 6;
	struct net_address address = { 0 };

	if (net_address_read(text, &at, &address, r->d))
		return 0;
	if (address.prefix.family != want)
		(void)diag_warning(r->d, &at, "%s is in the column `%s`", text_shown(text).text,
				   shaped_column_name(column));
	return vec_push(&device->addresses, address);
}

/* A list within one field; each address has its own place. */
static int read_addresses(struct shaped_reader *r, enum shaped_column column,
			  struct net_device *device)
{
	const struct csv_field *f = field(r, column);
	struct text_place place = { f->at.line, f->at.column };
	_cleanup_free_ char *words = strdup(f->text);
	char *s = words, *end;

	if (!words)
		return -ENOMEM;
	for (; *s; s = end) {
		char *last = end = s + strcspn(s, ",");
		struct mark at = { f->at.file, 0, 0 };
		bool more = *end;

		for (; s < end && isspace((unsigned char)*s); s++)
			text_place_step(&place, (unsigned char)*s);
		at.line = place.line;
		at.column = place.column;
		while (last > s && isspace((unsigned char)last[-1]))
			last--;
		for (const char *p = s; p < end + more; p++)
			text_place_step(&place, (unsigned char)*p);
		*last = 0;
		if (last > s && add_address(r, column, s, at, device))
			return -ENOMEM;
		end += more;
	}
	return 0;
}

static int read_device(struct shaped_reader *r, struct net_circuit *c)
{
	struct net_device *device;

	if (vec_push(&c->devices, { .at = r->csv.at }))
		return -ENOMEM;
	device = &c->devices.at[0];
	device->id = strdup(field(r, SHAPED_DEVICE_ID)->text);
	device->name = strdup(field(r, SHAPED_DEVICE_NAME)->text);
	device->mac = strdup(field(r, SHAPED_MAC)->text);
	device->comment = strdup(field(r, SHAPED_COMMENT)->text);
	if (read_addresses(r, SHAPED_IPV4, device) || read_addresses(r, SHAPED_IPV6, device))
		return -ENOMEM;
	return device->id && device->name && device->mac && device->comment ? 0 : -ENOMEM;
}

/* Names are what links the files; who relies on an id alone is told, once. */
static void check_ids(struct shaped_reader *r)
{
	const struct csv_field *id = field(r, SHAPED_PARENT_ID);

	if (*id->text && !*field(r, SHAPED_PARENT)->text && !r->told_id) {
		(void)diag_warning(r->d, &id->at,
				   "`Parent Node ID` is not read, and `Parent Node` is empty");
		diag_hint(r->d, "name the node in `Parent Node`");
		r->told_id = true;
	}
}

int shaped_row_read(struct shaped_reader *r, struct net_circuit *ret)
{
	const struct csv_field *id = field(r, SHAPED_CIRCUIT_ID), *parent = field(r, SHAPED_PARENT);

	ret->at = r->csv.at;
	if (!*id->text)
		(void)diag_error(r->d, &id->at, "`%s` is empty",
				 shaped_column_name(SHAPED_CIRCUIT_ID));
	ret->id = strdup(id->text);
	ret->name = strdup(field(r, SHAPED_CIRCUIT_NAME)->text);
	if (*parent->text) {
		ret->parent = strdup(parent->text);
		ret->parent_at = parent->at;
	}
	check_ids(r);
	read_rates(r, ret);
	read_leaves(r, &ret->leaf);
	if (read_device(r, ret))
		return -ENOMEM;
	return ret->id && ret->name && (ret->parent || !*parent->text) ? 0 : -ENOMEM;
}
