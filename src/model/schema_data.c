/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What can be done with a filled struct by its rows alone: free, compare, print as JSON.
 */
#include <string.h>

#include "model/schema.h"
#include "model/value.h"

static void free_list(const struct schema_row *row, struct conf_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		char *item = (char *)list->items + i * list->item_size;

		if (value_is_texts(row))
			free(((struct conf_string *)item)->text);
		else
			schema_free(row->rows, item);
	}
	free(list->items);
	list->items = NULL;
	list->n = 0;
}

void value_free(const struct schema_row *row, void *value)
{
	struct conf_string *string = value;

	switch (row->kind) {
	case SCHEMA_STRING:
	case SCHEMA_IFNAME:
	case SCHEMA_PATH:
		free(string->text);
		string->text = NULL;
		break;
	case SCHEMA_STRINGS:
	case SCHEMA_IFNAMES:
	case SCHEMA_PATHS:
	case SCHEMA_LIST:
		free_list(row, value);
		break;
	case SCHEMA_GROUP:
		schema_free(row->rows, value);
		break;
	case SCHEMA_INT:
	case SCHEMA_BOOL:
	case SCHEMA_ENUM:
	case SCHEMA_RATE:
		break;
	}
}

void schema_free(const struct schema_row *rows, void *data)
{
	for (const struct schema_row *row = rows; data && row->key; row++)
		value_free(row, (char *)data + row->offset);
}

static bool text_equal(const struct conf_string *a, const struct conf_string *b)
{
	return a->text && b->text ? !strcmp(a->text, b->text) : a->text == b->text;
}

static bool list_equal(const struct schema_row *row, const struct conf_list *a,
		       const struct conf_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const char *x = (const char *)a->items + i * a->item_size;
		const char *y = (const char *)b->items + i * b->item_size;

		if (value_is_texts(row) ? !text_equal((const void *)x, (const void *)y) :
					  !schema_equal(row->rows, x, y))
			return false;
	}
	return true;
}

static bool value_equal(const struct schema_row *row, const void *a, const void *b)
{
	switch (row->kind) {
	case SCHEMA_INT:
		return ((const struct conf_int *)a)->value == ((const struct conf_int *)b)->value;
	case SCHEMA_BOOL:
		return ((const struct conf_bool *)a)->value == ((const struct conf_bool *)b)->value;
	case SCHEMA_ENUM:
		return ((const struct conf_enum *)a)->value == ((const struct conf_enum *)b)->value;
	case SCHEMA_RATE:
		return ((const struct conf_rate *)a)->value == ((const struct conf_rate *)b)->value;
	case SCHEMA_STRINGS:
	case SCHEMA_IFNAMES:
	case SCHEMA_PATHS:
	case SCHEMA_LIST:
		return list_equal(row, a, b);
	case SCHEMA_GROUP:
		return schema_equal(row->rows, a, b);
	default:
		return text_equal(a, b);
	}
}

bool schema_equal(const struct schema_row *rows, const void *a, const void *b)
{
	for (const struct schema_row *row = rows; row->key; row++)
		if (!value_equal(row, (const char *)a + row->offset, (const char *)b + row->offset))
			return false;
	return true;
}

static json_t *list_to_json(const struct schema_row *row, const struct conf_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const char *item = (const char *)list->items + i * list->item_size;

		(void)json_array_append_new(
			array, value_is_texts(row) ?
				       json_string(((const struct conf_string *)item)->text) :
				       schema_values_to_json(row->rows, item));
	}
	return array;
}

/* NULL for a value that is neither given nor has a default. */
static json_t *value_to_json(const struct schema_row *row, const void *value)
{
	const struct conf_string *string = value;
	const struct conf_int *number = value;
	const struct conf_bool *flag = value;
	const struct conf_enum *choice = value;
	const struct conf_rate *rate = value;

	switch (row->kind) {
	case SCHEMA_INT:
		return number->set || row->def ? json_integer(number->value) : NULL;
	case SCHEMA_BOOL:
		return flag->set || row->def ? json_boolean(flag->value) : NULL;
	case SCHEMA_ENUM:
		return choice->set || row->def ? json_string(row->names[choice->value]) : NULL;
	case SCHEMA_RATE:
		return rate->set || row->def ? value_rate_to_json(rate->value) : NULL;
	case SCHEMA_STRINGS:
	case SCHEMA_IFNAMES:
	case SCHEMA_PATHS:
	case SCHEMA_LIST:
		return list_to_json(row, value);
	case SCHEMA_GROUP:
		return schema_values_to_json(row->rows, value);
	default:
		return string->text ? json_string(string->text) : NULL;
	}
}

json_t *schema_values_to_json(const struct schema_row *rows, const void *data)
{
	json_t *object = json_object();

	for (const struct schema_row *row = rows; row->key; row++) {
		json_t *value = value_to_json(row, (const char *)data + row->offset);

		if (value) {
			(void)json_object_set_new(object, row->key, value);
		} else if (row->required) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}
