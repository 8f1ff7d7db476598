/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/balance/classic/program.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "pipe/balance/classic/classic.h"

static const struct {
	const char *name;
	enum bpf_map_type type;
} shapes[] = {
	{ CLASSIC_MAP, BPF_MAP_TYPE_HASH },
	{ CLASSIC_TRACE_MAP, BPF_MAP_TYPE_ARRAY },
};

bool classic_map_is(const struct bpf_map_info *info, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		if (!strcmp(shapes[i].name, name))
			return !strcmp(info->name, name) && info->type == shapes[i].type &&
			       info->key_size == sizeof(uint32_t) &&
			       info->value_size == sizeof(uint32_t);
	return false;
}

int classic_map_by_id(uint32_t id, struct classic_map *ret)
{
	int fd = bpf_map_get_fd_by_id(id);

	if (fd < 0)
		return -errno;
	*ret = (struct classic_map){ .fd = fd, .id = id };
	return 0;
}

int classic_program_map_ids(uint32_t program, struct classic_map_ids *ret)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program);
	struct bpf_prog_info info = { .nr_map_ids = ARRAY_LEN(ret->at),
				      .map_ids = (uintptr_t)ret->at };
	uint32_t len = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	ret->n = MIN(info.nr_map_ids, (uint32_t)ARRAY_LEN(ret->at));
	return 0;
}

int classic_program_map(uint32_t program, const char *name, struct classic_map *ret)
{
	struct classic_map_ids ids = { 0 };
	int r = classic_program_map_ids(program, &ids);

	for (unsigned i = 0; !r && i < ids.n; i++) {
		_cleanup_classic_map_ struct classic_map map = CLASSIC_MAP_NONE;
		struct bpf_map_info info = { 0 };
		uint32_t len = sizeof(info);

		if (classic_map_by_id(ids.at[i], &map) ||
		    bpf_obj_get_info_by_fd(map.fd, &info, &len) || !classic_map_is(&info, name))
			continue;
		*ret = map;
		map.fd = -1;
		return 0;
	}
	return r ? r : -ENOENT;
}

int classic_program_next(uint32_t *id)
{
	return bpf_prog_get_next_id(*id, id) ? -errno : 0;
}
