/* SPDX-License-Identifier: GPL-2.0-only */
#include "bus/message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

void bus_message_free(struct bus_message *message)
{
	json_decref(message->json);
	*message = (struct bus_message){ 0 };
}

json_t *bus_text(const char *text)
{
	json_t *string = json_string(text);
	_cleanup_free_ char *plain = string ? NULL : strdup(text);

	for (char *c = plain; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	return string ? string : json_string(plain ? plain : "");
}

static const char *read_flag(const json_t *json, const char *key, bool *ret)
{
	const json_t *value = json_object_get(json, key);

	if (value && !json_is_null(value) && !json_is_boolean(value))
		return "'more', 'oneway' and 'upgrade' must be true or false";
	*ret = json_is_true(value);
	return NULL;
}

static const char *read_method(struct bus_message *m)
{
	const char *dot;

	m->method = json_string_value(json_object_get(m->json, "method"));
	if (!m->method)
		return "'method' is missing or not a string";
	dot = strrchr(m->method, '.');
	if (!dot || dot == m->method || !dot[1])
		return "'method' must be INTERFACE.METHOD";
	return NULL;
}

static const char *read_parameters(struct bus_message *m)
{
	m->parameters = json_object_get(m->json, "parameters");
	if (json_is_null(m->parameters))
		m->parameters = NULL;
	return m->parameters && !json_is_object(m->parameters) ? "'parameters' must be an object" :
								 NULL;
}

static const char *read_all(struct bus_message *m)
{
	const char *wrong = read_method(m);

	if (!wrong)
		wrong = read_parameters(m);
	if (!wrong)
		wrong = read_flag(m->json, "more", &m->more);
	if (!wrong)
		wrong = read_flag(m->json, "oneway", &m->oneway);
	if (!wrong)
		wrong = read_flag(m->json, "upgrade", &m->upgrade);
	if (!wrong && m->more + m->oneway + m->upgrade > 1)
		wrong = "only one of 'more', 'oneway' and 'upgrade' may be true";
	return wrong;
}

int bus_message_parse(const char *text, size_t len, struct bus_message *ret, char **ret_reason)
{
	struct bus_message m = { 0 };
	json_error_t error;
	const char *wrong;

	m.json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!m.json) {
		if (asprintf(ret_reason, "not JSON: %s at byte %d", error.text, error.position) < 0)
			*ret_reason = NULL;
		return -EINVAL;
	}
	wrong = json_is_object(m.json) ? read_all(&m) : "a call must be a JSON object";
	if (wrong) {
		bus_message_free(&m);
		*ret_reason = strdup(wrong);
		return -EINVAL;
	}
	*ret = m;
	return 0;
}
