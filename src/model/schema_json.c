/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The native language as a JSON Schema (draft 2020-12), for editors that complete and check YAML.
 */
#include <errno.h>
#include <string.h>

#include "base/strbuf.h"
#include "model/schema.h"
#include "model/value.h"

#define DRAFT "https://json-schema.org/draft/2020-12/schema"
/* What ifname_problem() says, as a pattern of ECMA-262. */
#define IFNAME_PATTERN "^(?!\\.{1,2}$)[^/:\\s]{1,15}$"
#define RATE_PATTERN "^[0-9]*\\.?[0-9]+ ?([kKmMgG]([bB][iI][tT])?)$"

static json_t *object_of_rows(const struct schema_row *rows, const char *help);
static json_t *schema_of_row(const struct schema_row *row);

static void set(json_t *object, const char *key, json_t *value)
{
	if (value)
		(void)json_object_set_new(object, key, value);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	set(object, key, text ? json_string(text) : NULL);
}

static void describe(json_t *object, const struct schema_row *row)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	strbuf_add(&text, row->help ?: "");
	if (row->kind == SCHEMA_RATE)
		strbuf_addf(&text, "%sIn Mbit/s, or with k, M or G.", text.len ? " " : "");
	if (row->unit)
		strbuf_addf(&text, "%sIn %s.", text.len ? " " : "", row->unit);
	if (text.len)
		set_text(object, "description", strbuf_text(&text));
}

static json_t *list_default(const char *def)
{
	size_t len = strlen(def);
	_cleanup_free_ char *text = len > 2 ? strndup(def + 1, len - 2) : NULL;
	json_t *array = json_array();
	char *save = NULL;

	for (char *s = text ? strtok_r(text, ", ", &save) : NULL; s; s = strtok_r(NULL, ", ", &save))
		(void)json_array_append_new(array, json_string(s));
	return array;
}

static json_t *text_default(const char *def)
{
	size_t len = strlen(def);
	bool quoted = len >= 2 && strchr("'\"", def[0]) && def[len - 1] == def[0];

	return json_stringn(def + quoted, quoted ? len - 2 : len);
}

static json_t *rate_default(const char *def)
{
	uint64_t rate = 0;

	return value_rate_parse(def, &rate) ? NULL : value_rate_to_json(rate);
}

static json_t *default_of(const struct schema_row *row)
{
	if (!row->def)
		return NULL;
	switch (row->kind) {
	case SCHEMA_INT:
		return json_integer(strtoll(row->def, NULL, 0));
	case SCHEMA_BOOL:
		return json_boolean(!strcmp(row->def, "true"));
	case SCHEMA_RATE:
		return rate_default(row->def);
	case SCHEMA_STRINGS:
	case SCHEMA_IFNAMES:
	case SCHEMA_PATHS:
	case SCHEMA_LIST:
		return list_default(row->def);
	case SCHEMA_GROUP:
		return NULL;
	default:
		return text_default(row->def);
	}
}

static json_t *names_array(const char *const *names)
{
	json_t *array = json_array();

	for (; names && *names; names++)
		(void)json_array_append_new(array, json_string(*names));
	return array;
}

static void add_int(json_t *object, const struct schema_row *row)
{
	set_text(object, "type", "integer");
	if (!row->min && !row->max)
		return;
	set(object, "minimum", json_integer(row->min));
	set(object, "maximum", json_integer(row->max));
}

/* A keyword speaks only of its own type: the range of numbers, the pattern of texts. */
static void add_rate(json_t *object, const struct schema_row *row)
{
	set(object, "type", json_pack("[s,s]", "number", "string"));
	set(object, "minimum", value_rate_to_json((uint64_t)row->min));
	set(object, "maximum", value_rate_to_json(row->max ? (uint64_t)row->max : VALUE_RATE_MOST));
	set_text(object, "pattern", RATE_PATTERN);
}

static void add_text(json_t *object, const char *pattern)
{
	set_text(object, "type", "string");
	set_text(object, "pattern", pattern);
}

/* A keyword speaks only of its own type, so a list and a text alone need no alternatives. */
static void add_texts(json_t *object, const char *pattern)
{
	json_t *item = json_object();

	add_text(item, pattern);
	add_text(object, pattern);
	set(object, "type", json_pack("[s,s]", "string", "array"));
	set(object, "items", item);
}

static json_t *schema_of_entry(const struct schema_row *row)
{
	json_t *object = object_of_rows(row->rows, NULL), *first;

	if (!row->short_form)
		return object;
	first = schema_of_row(&row->rows[0]);
	(void)json_object_del(first, "default");
	return json_pack("{s:[o,o]}", "anyOf", object, first);
}

static void add_list(json_t *object, const struct schema_row *row)
{
	json_t *entry = schema_of_entry(row), *list = json_object();

	set_text(list, "type", "array");
	set(list, "items", json_incref(entry));
	set(object, "anyOf", json_pack("[o,o]", list, entry));
}

static json_t *schema_of_row(const struct schema_row *row)
{
	json_t *object = row->kind == SCHEMA_GROUP ? object_of_rows(row->rows, NULL) : json_object();

	describe(object, row);
	switch (row->kind) {
	case SCHEMA_INT:
		add_int(object, row);
		break;
	case SCHEMA_BOOL:
		set_text(object, "type", "boolean");
		break;
	case SCHEMA_ENUM:
		set(object, "enum", names_array(row->names));
		break;
	case SCHEMA_RATE:
		add_rate(object, row);
		break;
	case SCHEMA_STRINGS:
		add_texts(object, NULL);
		break;
	case SCHEMA_IFNAMES:
		add_texts(object, IFNAME_PATTERN);
		break;
	case SCHEMA_PATHS:
		add_texts(object, "^.");
		break;
	case SCHEMA_LIST:
		add_list(object, row);
		break;
	case SCHEMA_GROUP:
		break;
	case SCHEMA_IFNAME:
		add_text(object, IFNAME_PATTERN);
		break;
	case SCHEMA_PATH:
		set_text(object, "type", "string");
		set(object, "minLength", json_integer(1));
		break;
	case SCHEMA_STRING:
		add_text(object, NULL);
		break;
	}
	set(object, "default", default_of(row));
	return object;
}

/* Older spellings are valid, and an editor strikes them through. */
static void add_aliases(json_t *properties, const struct schema_row *row)
{
	_cleanup_free_ char *words = row->aliases ? strdup(row->aliases) : NULL;
	char *save = NULL, text[160];

	for (char *s = words ? strtok_r(words, " ", &save) : NULL; s; s = strtok_r(NULL, " ", &save)) {
		json_t *old = schema_of_row(row);

		(void)snprintf(text, sizeof(text), "Older spelling of %s.", row->key);
		set_text(old, "description", text);
		set(old, "deprecated", json_true());
		(void)json_object_del(old, "default");
		set(properties, s, old);
	}
}

static json_t *object_of_rows(const struct schema_row *rows, const char *help)
{
	json_t *object = json_object(), *properties = json_object(), *required = json_array();

	set_text(object, "description", help);
	set_text(object, "type", "object");
	set(object, "additionalProperties", json_false());
	for (const struct schema_row *row = rows; row->key; row++) {
		set(properties, row->key, schema_of_row(row));
		add_aliases(properties, row);
		/* A key that has another spelling may be absent under this one. */
		if (row->required && !row->aliases)
			(void)json_array_append_new(required, json_string(row->key));
	}
	set(object, "properties", properties);
	if (json_array_size(required))
		set(object, "required", required);
	else
		json_decref(required);
	return object;
}

static json_t *schema_of_section(const struct schema *schema)
{
	json_t *object;

	if (!schema->listed && !schema->shorthand)
		return object_of_rows(schema->rows, schema->help);
	object = schema_of_row(schema->rows);
	set_text(object, "description", schema->help);
	return object;
}

json_t *schema_to_json_schema(const struct schema *const *schemas, size_t n)
{
	json_t *object = json_object(), *properties = json_object();

	set_text(object, "$schema", DRAFT);
	set_text(object, "title", "Weir configuration");
	set_text(object, "type", "object");
	set(object, "additionalProperties", json_false());
	for (size_t i = 0; i < n; i++)
		set(properties, schemas[i]->name, schema_of_section(schemas[i]));
	set(object, "properties", properties);
	return object;
}
