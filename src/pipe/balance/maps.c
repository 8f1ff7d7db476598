/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/balance/maps.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PIN_PREFIX "balance_"

uint64_t balance_key(const char *name)
{
	uint64_t hash = 14695981039346656037u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 1099511628211u;
	return hash;
}

/* A bpffs allows no dots, and names may hold anything: so a number stands for the name. */
static char *pin_path(const char *pins, const char *what, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/" PIN_PREFIX "%s_%016llx", pins, what,
		     (unsigned long long)balance_key(name)) < 0)
		return NULL;
	return path;
}

static bool has_shape(int fd, uint32_t type, uint32_t value_size, uint32_t entries)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == type &&
	       info.value_size == value_size && info.max_entries == entries;
}

/* -1 when there is none that fits; one of another version is removed. */
int balance_map_open_pinned(const char *path, uint32_t type, uint32_t value_size, uint32_t entries)
{
	int fd = path ? bpf_obj_get(path) : -1;

	if (fd < 0 || has_shape(fd, type, value_size, entries))
		return fd < 0 ? -1 : fd;
	(void)close(fd);
	(void)unlink(path);
	return -1;
}

int balance_map_pin(int fd, const char *path)
{
	return path && bpf_obj_pin(fd, path) ? -errno : 0;
}

/* --- the table --------------------------------------------------------------------------------- */

static void clear(struct balance_table *t, const char *name)
{
	memset(t, 0, sizeof(*t));
	memset(t->bucket, BALANCE_NONE, sizeof(t->bucket));
	memset(t->was, BALANCE_NONE, sizeof(t->was));
	t->turns[0][0] = BALANCE_NONE;
	t->n_turns[0] = 1;
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	t->layout = BALANCE_LAYOUT;
}

static int map_table(struct balancer *b)
{
	void *at = mmap(NULL, sizeof(*b->table), PROT_READ | PROT_WRITE, MAP_SHARED, b->table_fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	b->table = at;
	return 0;
}

static int make_table(struct balancer *b)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int r;

	b->table_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "balance_table", sizeof(uint32_t),
				     sizeof(struct balance_table), 1, &options);
	if (b->table_fd < 0)
		return b->table_fd;
	r = map_table(b);
	if (r)
		return r;
	clear(b->table, b->name);
	return balance_map_pin(b->table_fd, b->table_pin);
}

static int open_table(struct balancer *b)
{
	int r;

	b->table_fd = balance_map_open_pinned(b->table_pin, BPF_MAP_TYPE_ARRAY,
					      sizeof(struct balance_table), 1);
	if (b->table_fd < 0)
		return make_table(b);
	r = map_table(b);
	if (r)
		return r;
	b->continued = b->table->layout == BALANCE_LAYOUT && !strcmp(b->table->name, b->name);
	if (!b->continued)
		clear(b->table, b->name);
	return 0;
}

int balance_maps_open(struct balancer *b, const char *pins)
{
	int r;

	b->table_pin = pins ? pin_path(pins, "table", b->name) : NULL;
	b->flows_pin = pins ? pin_path(pins, "flows", b->name) : NULL;
	if (pins && (!b->table_pin || !b->flows_pin))
		return -ENOMEM;
	r = open_table(b);
	if (r)
		return r;
	b->ports_fd = bpf_map_create(BPF_MAP_TYPE_DEVMAP, "balance_ports", sizeof(uint32_t),
				     sizeof(uint32_t), BALANCE_SLOTS, NULL);
	if (b->ports_fd < 0)
		return b->ports_fd;
	b->fragments_fd = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "balance_fragmen", sizeof(uint64_t),
					 sizeof(struct balance_fragment), BALANCE_FRAGMENTS, NULL);
	return b->fragments_fd < 0 ? b->fragments_fd : 0;
}

/* --- pins of others ---------------------------------------------------------------------------- */

void balance_maps_sweep(const char *pins, bool (*is_known)(const char *pin, const void *data),
			const void *data)
{
	_cleanup_closedir_ DIR *dir = opendir(pins);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, PIN_PREFIX, sizeof(PIN_PREFIX) - 1) &&
		    !is_known(entry->d_name, data))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
}
