/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/format.h"

#define PATH_TEXT 64

const char *const view_directions[VIEW_DIRECTIONS] = { "download", "upload" };

static const json_t *walk(const json_t *object, char *path)
{
	char *rest = NULL;

	for (char *key = strtok_r(path, ".", &rest); key; key = strtok_r(NULL, ".", &rest))
		object = json_object_get(object, key);
	return object;
}

const json_t *view_at(const json_t *object, const char *path, ...)
{
	char text[PATH_TEXT];
	va_list args;

	va_start(args, path);
	(void)vsnprintf(text, sizeof(text), path, args);
	va_end(args);
	return walk(object, text);
}

const char *view_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int64_t to_number(const json_t *value)
{
	return json_is_real(value) ? (int64_t)json_real_value(value) : json_integer_value(value);
}

int64_t view_number(const json_t *object, const char *path, ...)
{
	char text[PATH_TEXT];
	va_list args;

	va_start(args, path);
	(void)vsnprintf(text, sizeof(text), path, args);
	va_end(args);
	return to_number(walk(object, text));
}

int64_t view_sum(const json_t *object, const char *path)
{
	const char *hole = strstr(path, "%s");
	int64_t sum = 0;

	for (size_t i = 0; i < VIEW_DIRECTIONS; i++)
		sum += view_number(object, "%.*s%s%s", (int)(hole - path), path, view_directions[i],
				   hole + 2);
	return sum;
}

void view_cell_number(struct table *t, int64_t n, void (*format)(struct strbuf *, int64_t))
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	format(&text, n);
	table_cell(t, strbuf_text(&text), STYLE_PLAIN);
}

void view_cell_value(struct table *t, const json_t *value)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	format_value(&text, value);
	table_cell(t, strbuf_text(&text), STYLE_PLAIN);
}

bool view_is_clamped(const json_t *object, const char *direction)
{
	int64_t plan = view_number(object, "plan.%s", direction);
	int64_t rate = view_number(object, "rate.%s", direction);

	return rate && rate < plan;
}

void view_cell_use(struct table *t, const json_t *object, const char *direction)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	format_use(&text, view_number(object, "bps.%s", direction),
		   view_number(object, "rate.%s", direction));
	if (view_is_clamped(object, direction))
		strbuf_add_char(&text, '*');
	table_cell(t, strbuf_text(&text), STYLE_PLAIN);
}

void view_print(const struct table *t)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };

	table_print(t, format_terminal_width(), format_colour(), &out);
	(void)fputs(strbuf_text(&out), stdout);
}

void view_print_line(const char *text)
{
	_cleanup_free_ char *clean = format_clean(text ? text : "");

	(void)puts(clean ? clean : "");
}

void view_print_changes(const json_t *parameters)
{
	const json_t *changed = json_object_get(parameters, "changed");

	for (size_t i = 0; i < json_array_size(changed); i++)
		view_print_line(json_string_value(json_array_get(changed, i)));
	if (!json_array_size(changed))
		(void)puts("nothing changed");
}
