/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/balance/classic/map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <libgen.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

int classic_cannot(struct diag *d, int r, const char *subject, const char *what)
{
	(void)diag_error(d, NULL, "%s: cannot %s: %s", subject, what, strerror(-r));
	if ((r == -EPERM || r == -EACCES) && geteuid() != 0)
		diag_hint(d, "this takes root");
	return r;
}

/* --- at a path --------------------------------------------------------------------------------- */

/* What a pin needs around it. */
static int check_place(const char *path, struct diag *d)
{
	_cleanup_free_ char *copy = strdup(path);
	const char *slash = strrchr(path, '/'), *folder = copy ? dirname(copy) : ".";
	struct statfs fs;

	if (statfs(folder, &fs)) {
		(void)classic_cannot(d, -errno, folder, "look into it");
		return -EINVAL;
	}
	if (fs.f_type != BPF_FS_MAGIC) {
		(void)diag_error(d, NULL, "%s: no BPF file system is mounted there", folder);
		diag_hint(d, "mount -t bpf bpf /sys/fs/bpf/");
		return -EINVAL;
	}
	if (strchr(slash ? slash : path, '.'))
		return diag_error(d, NULL, "%s: a BPF file system takes no names with dots", path);
	return 0;
}

/* Programs and links can be pinned as well, and would be read as if they were maps. */
static bool is_map(int fd)
{
	char link[32], target[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = 0;
	return strstr(target, "bpf-map");
}

static int check_kind(int fd, const char *path, uint32_t *ret_id, struct diag *d)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	const char *type;

	if (!is_map(fd)) {
		(void)diag_error(d, NULL, "%s is no map", path);
		return -EINVAL;
	}
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return classic_cannot(d, -errno, path, "read it");
	if (classic_map_is(&info, CLASSIC_MAP)) {
		*ret_id = info.id;
		return 0;
	}
	type = libbpf_bpf_map_type_str(info.type);
	(void)diag_error(d, NULL,
			 "%s is another map: '%s' of type %s with %u-byte keys and %u-byte values",
			 path, info.name, type ? type : "?", info.key_size, info.value_size);
	return -EINVAL;
}

int classic_map_open(const char *path, struct classic_map *ret, struct diag *d)
{
	_cleanup_close_ int fd = -1;
	uint32_t id = 0;
	int r = check_place(path, d);

	if (r)
		return r;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : classic_cannot(d, -errno, path, "open it");
	r = check_kind(fd, path, &id, d);
	if (r) {
		diag_hint(d, "name a path where nothing is yet, or `rm %s`", path);
		return r;
	}
	*ret = (struct classic_map){ .fd = TAKE_FD(fd), .id = id };
	return 0;
}

int classic_map_pin(const struct classic_map *map, const char *path, struct diag *d)
{
	return bpf_obj_pin(map->fd, path) ? classic_cannot(d, -errno, path, "pin the map") : 0;
}

/* --- rows -------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	uint32_t x = ((const struct classic_row *)a)->key, y = ((const struct classic_row *)b)->key;

	return (x > y) - (x < y);
}

void classic_map_read(int fd, struct classic_rows *ret)
{
	struct classic_rows rows = { 0 };
	uint32_t key, *from = NULL;

	while (rows.n < ARRAY_LEN(rows.at) && !bpf_map_get_next_key(fd, from, &key)) {
		struct classic_target target;

		if (!bpf_map_lookup_elem(fd, &key, &target))
			rows.at[rows.n++] = (struct classic_row){ key, target.ifindex };
		from = &key;
	}
	qsort(rows.at, rows.n, sizeof(rows.at[0]), by_key);
	*ret = rows;
}

/* From behind, so that no hole opens before a target that stays. */
static int remove_stale(int fd, unsigned n)
{
	struct classic_rows rows;
	int r = 0;

	classic_map_read(fd, &rows);
	while (!r && rows.n--)
		if (rows.at[rows.n].key >= n && bpf_map_delete_elem(fd, &rows.at[rows.n].key) &&
		    errno != ENOENT)
			r = -errno;
	return r;
}

int classic_map_write(int fd, const uint32_t *ifindexes, unsigned n)
{
	int r = remove_stale(fd, n);

	for (uint32_t key = 0; !r && key < n; key++) {
		struct classic_target target = { ifindexes[key] };

		r = bpf_map_update_elem(fd, &key, &target, BPF_ANY) ? -errno : 0;
	}
	return r;
}
