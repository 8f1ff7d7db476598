/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes by command as a JSON file: {"circuits": [...], "mappings": [...]}. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "pipe/classify/changes.h"
#include "pipe/classify/layout.h"

#define FILE_LIMIT (64 << 20)

/* --- reading ----------------------------------------------------------------------------------- */

static int take_text(const json_t *row, const char *key, char **ret)
{
	const char *text = json_string_value(json_object_get(row, key));

	if (!text)
		return 0;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

static uint64_t take_rate(const json_t *row, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(row, key));

	return value > 0 ? (uint64_t)value : 0;
}

static int take_addresses(const json_t *list, struct classify_change *c)
{
	const json_t *text;
	size_t i;
	int r = 0;

	c->has_addresses = json_is_array(list);
	json_array_foreach(list, i, text) {
		struct net_address address = { 0 };
		const char *wrong;

		if (!r)
			r = net_prefix_parse(json_string_value(text) ?: "", &address.prefix, &wrong);
		if (!r)
			r = vec_push(&c->device.addresses, address);
	}
	return r;
}

static int take_circuit(struct classify_changes *changes, const json_t *row)
{
	const char *id = json_string_value(json_object_get(row, "id"));
	const size_t n = changes->circuits.n;
	struct classify_change *c = id ? classify_changes_at(changes, id) : NULL;
	int r;

	if (!c || changes->circuits.n == n) /* twice the same */
		return -EINVAL;
	c->added = json_is_true(json_object_get(row, "added"));
	c->removed = json_is_true(json_object_get(row, "removed"));
	c->min = (struct rate_pair){ take_rate(row, "min_download"), take_rate(row, "min_upload") };
	c->max = (struct rate_pair){ take_rate(row, "download"), take_rate(row, "upload") };
	r = take_text(row, "name", &c->name);
	if (!r)
		r = take_text(row, "parent", &c->parent);
	if (!r)
		r = take_text(row, "leaf_download", &c->leaf_down);
	if (!r)
		r = take_text(row, "leaf_upload", &c->leaf_up);
	return r ? r : take_addresses(json_object_get(row, "addresses"), c);
}

static int take_mapping(struct classify_changes *changes, const json_t *row)
{
	struct classify_mapping m = { .upload = json_is_true(json_object_get(row, "upload")) };
	const json_int_t handle = json_integer_value(json_object_get(row, "handle"));
	const json_int_t cpu = json_integer_value(json_object_get(row, "cpu"));
	const char *wrong;
	int r = net_prefix_parse(json_string_value(json_object_get(row, "address")) ?: "",
				 &m.prefix, &wrong);

	if (r || handle <= 0 || handle > UINT32_MAX || cpu < 0 || cpu >= CLASSIFY_CPUS ||
	    classify_changes_find_mapping(changes, &m.prefix) >= 0)
		return -EINVAL;
	m.handle = (uint32_t)handle;
	m.cpu = (uint32_t)cpu;
	return vec_push(&changes->mappings, m);
}

static int take_all(struct classify_changes *changes, const json_t *json)
{
	const json_t *row;
	size_t i;
	int bad = json_is_object(json) ? 0 : -EINVAL;

	json_array_foreach(json_object_get(json, "circuits"), i, row)
		bad |= take_circuit(changes, row);
	json_array_foreach(json_object_get(json, "mappings"), i, row)
		bad |= take_mapping(changes, row);
	return bad;
}

/* What can be read of it is used; the whole is kept for a person to look at. */
static void put_aside(const char *path, struct diag *d)
{
	_cleanup_free_ char *aside = NULL;

	if (asprintf(&aside, "%s.damaged", path) < 0)
		aside = NULL;
	if (aside)
		(void)rename(path, aside);
	(void)diag_warning(d, NULL, "%s is damaged: subscribers changed by command may be lost",
			   path);
	diag_hint(d, "it was moved to %s.damaged", path);
}

int classify_changes_load(struct classify_changes *changes, const char *path, struct diag *d)
{
	_cleanup_free_ char *text = NULL;
	json_t *json;
	size_t len;
	int r = file_read(path, FILE_LIMIT, &text, &len);

	if (r == -ENOENT)
		return 0;
	json = r ? NULL : json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (take_all(changes, json))
		put_aside(path, d);
	json_decref(json);
	return 0;
}

/* --- writing ----------------------------------------------------------------------------------- */

static void give_text(json_t *row, const char *key, const char *text)
{
	if (text)
		(void)json_object_set_new(row, key, json_string(text));
}

static void give_rate(json_t *row, const char *key, uint64_t rate)
{
	if (rate)
		(void)json_object_set_new(row, key, json_integer((json_int_t)rate));
}

static json_t *address_to_json(const struct net_prefix *prefix)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	net_prefix_format(prefix, &text);
	return json_string(strbuf_text(&text));
}

static json_t *circuit_to_json(const struct classify_change *c)
{
	json_t *row =
		json_pack("{s:s, s:b, s:b}", "id", c->id, "added", c->added, "removed", c->removed);
	json_t *addresses;

	give_text(row, "name", c->name);
	give_text(row, "parent", c->parent);
	give_text(row, "leaf_download", c->leaf_down);
	give_text(row, "leaf_upload", c->leaf_up);
	give_rate(row, "min_download", c->min.down);
	give_rate(row, "min_upload", c->min.up);
	give_rate(row, "download", c->max.down);
	give_rate(row, "upload", c->max.up);
	if (!c->has_addresses)
		return row;
	addresses = json_array();
	vec_foreach(&c->device.addresses, a)
		(void)json_array_append_new(addresses, address_to_json(&a->prefix));
	(void)json_object_set_new(row, "addresses", addresses);
	return row;
}

static json_t *mapping_to_json(const struct classify_mapping *m)
{
	return json_pack("{s:o, s:I, s:I, s:b}", "address", address_to_json(&m->prefix), "handle",
			 (json_int_t)m->handle, "cpu", (json_int_t)m->cpu, "upload", m->upload);
}

int classify_changes_save(const struct classify_changes *changes, const char *path)
{
	json_t *circuits = json_array(), *mappings = json_array(), *json;
	_cleanup_free_ char *text = NULL;

	vec_foreach(&changes->circuits, c)
		(void)json_array_append_new(circuits, circuit_to_json(c));
	vec_foreach(&changes->mappings, m)
		(void)json_array_append_new(mappings, mapping_to_json(m));
	json = json_pack("{s:o, s:o}", "circuits", circuits, "mappings", mappings);
	text = json_dumps(json, JSON_INDENT(1));
	json_decref(json);
	return text ? file_write_atomic(path, text, strlen(text), 0600) : -ENOMEM;
}
