/* SPDX-License-Identifier: GPL-2.0-only */
/* The two maps with keys of their own.  Both halves of the table are in one map, by the key. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "pipe/classify/table_private.h"

static int note(side_log *log, const struct classify_key *key, uint64_t value)
{
	struct side_record record = { .key = *key, .order = (uint32_t)log->n, .value = value };

	return vec_push(log, record);
}

/* Noted first: what is in the map and in no log would never be removed. */
int side_put(struct side *side, const struct classify_key *key, uint64_t value)
{
	side_log *log = &side->log[key->half];
	int r = note(log, key, value);

	if (r)
		return r;
	if (!bpf_map_update_elem(side->fd, key, &value, BPF_ANY))
		return 0;
	r = -errno;
	log->at[log->n - 1].value = 0;
	return r;
}

int side_remove(struct side *side, const struct classify_key *key)
{
	int r = note(&side->log[key->half], key, 0);

	if (r)
		return r;
	return bpf_map_delete_elem(side->fd, key) && errno != ENOENT ? -errno : 0;
}

uint64_t side_find(const struct side *side, const struct classify_key *key)
{
	uint64_t value = 0;

	return bpf_map_lookup_elem(side->fd, key, &value) ? 0 : value;
}

static int compare_keys(const struct side_record *a, const struct side_record *b)
{
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

/* The latest of a key comes first. */
static int compare(const void *a_data, const void *b_data)
{
	const struct side_record *a = a_data, *b = b_data;
	int r = compare_keys(a, b);

	if (r)
		return r;
	return a->order < b->order ? 1 : -1;
}

static void sort(side_log *log)
{
	if (log->n > 1)
		qsort(log->at, log->n, sizeof(*log->at), compare);
}

static size_t next_key(const side_log *log, size_t i)
{
	size_t next = i + 1;

	while (next < log->n && !compare_keys(&log->at[i], &log->at[next]))
		next++;
	return next;
}

static int remove_one(const struct side *side, const struct classify_key *key)
{
	return bpf_map_delete_elem(side->fd, key) && errno != ENOENT ? -errno : 0;
}

static int put_one(const struct side *side, const struct side_record *want)
{
	return bpf_map_update_elem(side->fd, &want->key, &want->value, BPF_ANY) ? -errno : 0;
}

/* Both in the order of their keys: what is gone first, so that there is room. */
static int remove_missing(const struct side *side, const side_log *have, const side_log *want)
{
	int r = 0;

	for (size_t i = 0, j = 0; !r && i < have->n; i = next_key(have, i)) {
		while (j < want->n && compare_keys(&want->at[j], &have->at[i]) < 0)
			j++;
		if (j == want->n || compare_keys(&want->at[j], &have->at[i]))
			r = remove_one(side, &have->at[i].key);
	}
	return r;
}

static int put_different(const struct side *side, const side_log *have, const side_log *want)
{
	int r = 0;

	for (size_t i = 0, j = 0; !r && j < want->n; j++) {
		while (i < have->n && compare_keys(&have->at[i], &want->at[j]) < 0)
			i++;
		if (i == have->n || compare_keys(&have->at[i], &want->at[j]) ||
		    have->at[i].value != want->at[j].value)
			r = put_one(side, &want->at[j]);
	}
	return r;
}

/* After a failure nothing is known but which keys may be there. */
static void forget_values(side_log *have, const side_log *want)
{
	for (size_t i = 0; i < have->n; i++)
		have->at[i].value = 0;
	for (size_t i = 0; i < want->n; i++) {
		have->at[have->n] = want->at[i];
		have->at[have->n].order = (uint32_t)have->n;
		have->at[have->n++].value = 0;
	}
}

static int reserve(side_log *log, size_t n)
{
	struct side_record *more;

	if (n <= log->cap)
		return 0;
	more = realloc(log->at, n * sizeof(*more));
	if (!more)
		return -ENOMEM;
	log->at = more;
	log->cap = n;
	return 0;
}

int side_rebuild(struct side *side, unsigned half, side_log *want)
{
	side_log *have = &side->log[half];
	int r = reserve(have, have->n + want->n);

	if (r)
		return r;
	sort(have);
	sort(want);
	r = remove_missing(side, have, want);
	if (!r)
		r = put_different(side, have, want);
	if (r) {
		forget_values(have, want);
		return r;
	}
	for (size_t i = 0; i < want->n; i++)
		want->at[i].order = (uint32_t)i;
	vec_free(have);
	*have = *want;
	*want = (side_log){ 0 };
	return 0;
}

void side_free(struct side *side)
{
	vec_free(&side->log[0]);
	vec_free(&side->log[1]);
}
