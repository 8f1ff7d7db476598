/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/remember.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

#define FILE_MAX (1 << 20)
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* Interface numbers mean nothing after a reboot. */
static char *boot_id(void)
{
	char *text = NULL;
	size_t len;

	if (file_read(BOOT_ID, 100, &text, &len))
		return strdup("");
	text[strcspn(text, "\n")] = 0;
	return text;
}

static void take(struct pipe_memory *memory, const json_t *row, bool same_boot)
{
	const char *name = json_string_value(json_object_get(row, "name"));
	const char *mac = json_string_value(json_object_get(row, "mac"));
	struct pipe_seen seen = { .ifindex = -1 };

	if (!name || !mac || strlen(name) >= sizeof(seen.name) ||
	    sscanf(mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &seen.mac[0], &seen.mac[1],
		   &seen.mac[2], &seen.mac[3], &seen.mac[4], &seen.mac[5]) != 6)
		return;
	memcpy(seen.name, name, strlen(name) + 1);
	if (same_boot)
		seen.ifindex = (int)json_integer_value(json_object_get(row, "ifindex"));
	(void)vec_push(&memory->seen, seen);
}

void remember_load(const char *path, struct pipe_memory *memory)
{
	_cleanup_free_ char *text = NULL, *boot = boot_id();
	const char *was;
	json_t *json, *row;
	size_t len, i;

	if (file_read(path, FILE_MAX, &text, &len))
		return;
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	was = json_string_value(json_object_get(json, "boot"));
	json_array_foreach(json_object_get(json, "interfaces"), i, row)
		take(memory, row, was && boot && !strcmp(was, boot));
	json_decref(json);
}

static json_t *to_json(const struct pipe_seen *seen)
{
	char mac[18];

	(void)snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", seen->mac[0],
		       seen->mac[1], seen->mac[2], seen->mac[3], seen->mac[4], seen->mac[5]);
	return json_pack("{s:s, s:i, s:s}", "name", seen->name, "ifindex", seen->ifindex, "mac", mac);
}

int remember_save(const char *path, const struct pipe_memory *memory)
{
	_cleanup_free_ char *text = NULL, *boot = boot_id();
	json_t *list = json_array(), *json;
	int r = -ENOMEM;

	vec_foreach(&memory->seen, seen)
		(void)json_array_append_new(list, to_json(seen));
	json = json_pack("{s:s, s:o}", "boot", boot ? boot : "", "interfaces", list);
	text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
	json_decref(json);
	if (text)
		r = file_write_atomic(path, text, strlen(text), 0600);
	return r;
}
