/* SPDX-License-Identifier: GPL-2.0-only */
/* One Varlink call as it came over the wire: a JSON object, its NUL already taken off. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define BUS_SERVICE "org.varlink.service"

struct bus_message {
	json_t *json;	    /* owner of what follows */
	const char *method; /* "io.weir.GetStatus": has a dot with text on both sides */
	json_t *parameters; /* an object, NULL when the caller sent none */
	bool more, oneway, upgrade;
};

/* -EINVAL with *ret_reason (owned by the caller) in words when this is not a call. */
int bus_message_parse(const char *text, size_t len, struct bus_message *ret, char **ret_reason);
void bus_message_free(struct bus_message *message);

/* A JSON string of any bytes: what is not UTF-8 becomes '?', because words must arrive in any case. */
json_t *bus_text(const char *text);
