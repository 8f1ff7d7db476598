/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/classify/seats.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/file.h"

#define FILE_LIMIT (256 << 20)

void classify_seats_free(struct classify_seats *seats)
{
	shaper_past_free(&seats->past);
	vec_foreach(&seats->strings, s)
		free(*s);
	vec_free(&seats->strings);
}

/* --- reading ----------------------------------------------------------------------------------- */

static const char *keep(struct classify_seats *seats, const json_t *text)
{
	char *own = json_is_string(text) ? strdup(json_string_value(text)) : NULL;

	if (!own || vec_push(&seats->strings, own)) {
		free(own);
		return NULL;
	}
	return own;
}

static bool number(const json_t *list, size_t i, uint64_t most, uint64_t *ret)
{
	const json_t *value = json_array_get(list, i);

	*ret = (uint64_t)json_integer_value(value);
	return json_is_integer(value) && *ret <= most;
}

/* ["circuit" or "node", name, parent or null, queue, minor] */
static int take_seat(struct classify_seats *seats, const json_t *row)
{
	const char *kind = json_string_value(json_array_get(row, 0));
	struct shaper_seat seat = { .name = keep(seats, json_array_get(row, 1)),
				    .parent = keep(seats, json_array_get(row, 2)) };
	uint64_t queue, minor;

	if (!kind || !seat.name || !number(row, 3, SHAPER_QUEUES - 1, &queue) ||
	    !number(row, 4, UINT16_MAX, &minor))
		return -EINVAL;
	seat.kind = strcmp(kind, "node") ? SHAPER_CIRCUIT : SHAPER_NODE;
	seat.queue = (uint16_t)queue;
	seat.minor = (uint16_t)minor;
	return vec_push(&seats->past.seats, seat);
}

/* [id, name or null, bytes down, bytes up, packets down, packets up] */
static int take_id(struct classify_ids *ids, const json_t *row)
{
	const json_t *text = json_array_get(row, 1);
	const char *name = json_string_value(text);
	struct classify_count zero;
	uint64_t id;

	for (size_t i = 0; i < 2; i++) {
		zero.bytes[i] = (uint64_t)json_integer_value(json_array_get(row, 2 + i));
		zero.packets[i] = (uint64_t)json_integer_value(json_array_get(row, 4 + i));
	}
	if ((!name && !json_is_null(text)) || !number(row, 0, UINT32_MAX, &id))
		return -EINVAL;
	return classify_ids_restore(ids, (uint32_t)id, name, &zero);
}

static int take_next(struct classify_seats *seats, const json_t *value)
{
	json_int_t next = json_integer_value(value);

	return next < 0 || next > UINT16_MAX ? -EINVAL : vec_push(&seats->past.next, (uint16_t)next);
}

/* One row that is wrong costs that row's seat. */
static int take_all(struct classify_seats *seats, struct classify_ids *ids, const json_t *json)
{
	const json_t *row;
	size_t i;
	int bad = 0;

	for (i = 0; i < 2; i++)
		seats->devices[i] = keep(seats, json_array_get(json_object_get(json, "devices"), i));
	json_array_foreach(json_object_get(json, "seats"), i, row)
		bad |= take_seat(seats, row);
	json_array_foreach(json_object_get(json, "next"), i, row)
		bad |= take_next(seats, row);
	json_array_foreach(json_object_get(json, "ids"), i, row)
		bad |= take_id(ids, row);
	return bad | classify_ids_find_spare(ids);
}

int classify_seats_load(const char *path, struct classify_seats *ret, struct classify_ids *ids,
			struct diag *d)
{
	struct classify_seats seats = { 0 };
	_cleanup_free_ char *text = NULL;
	json_t *json;
	size_t len;
	int r = file_read(path, FILE_LIMIT, &text, &len);

	if (r == -ENOENT)
		return 0;
	json = r ? NULL : json_loadb(text, len, 0, NULL);
	if (!json_is_object(json) || take_all(&seats, ids, json))
		(void)diag_warning(d, NULL, "%s is damaged: subscribers may change their queues",
				   path);
	json_decref(json);
	*ret = seats;
	return 0;
}

/* --- writing ----------------------------------------------------------------------------------- */

static json_t *seat_to_json(const struct shaper_plan *plan, const struct shaper_item *item)
{
	const char *parent = item->parent < 0 ? NULL : plan->items.at[item->parent].name;

	return json_pack("[s, s, s?, i, i]", item->kind == SHAPER_NODE ? "node" : "circuit",
			 item->name, parent, (int)item->queue, (int)item->minor);
}

/* Who gets a number that is nobody's now is to begin at 0: what was counted under it is kept too. */
static json_t *id_to_json(const struct classify_ids *ids, size_t i)
{
	const struct classify_id *id = &ids->all.at[i];

	return json_pack("[I, s?, I, I, I, I]", (json_int_t)i, id->name,
			 (json_int_t)id->zero.bytes[0], (json_int_t)id->zero.bytes[1],
			 (json_int_t)id->zero.packets[0], (json_int_t)id->zero.packets[1]);
}

static json_t *devices_to_json(const struct shaper_line *line)
{
	return line ? json_pack("[s, s]", line->down_name, line->up_name) : json_array();
}

int classify_seats_save(const char *path, const struct shaper_line *line,
			const struct shaper_plan *plan, const struct classify_ids *ids)
{
	json_t *seats = json_array(), *next = json_array(), *numbers = json_array(), *json;
	_cleanup_free_ char *text = NULL;

	vec_foreach(&plan->items, item)
		(void)json_array_append_new(seats, seat_to_json(plan, item));
	vec_foreach(&plan->next, n)
		(void)json_array_append_new(next, json_integer(*n));
	for (size_t i = CLASSIFY_ID_DEFAULT; i < ids->all.n; i++)
		if (!ids->all.at[i].name || ids->all.at[i].used)
			(void)json_array_append_new(numbers, id_to_json(ids, i));
	json = json_pack("{s:o, s:o, s:o, s:o}", "devices", devices_to_json(line), "seats", seats,
			 "next", next, "ids", numbers);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text ? file_write_atomic(path, text, strlen(text), 0600) : -ENOMEM;
}
