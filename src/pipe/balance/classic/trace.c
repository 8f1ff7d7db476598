/* SPDX-License-Identifier: GPL-2.0-only */
/* The switch that every program with a redirect_map has beside it. */
#include <bpf/bpf.h>
#include <errno.h>

#include "pipe/balance/classic/map.h"

static bool uses(uint32_t program, uint32_t map_id)
{
	struct classic_map_ids ids = { 0 };

	if (classic_program_map_ids(program, &ids))
		return false;
	for (unsigned i = 0; i < ids.n; i++)
		if (ids.at[i] == map_id)
			return true;
	return false;
}

/* The next program behind *id that uses the map; *ret is its switch. */
static int next_trace(uint32_t map_id, uint32_t *id, struct classic_map *ret)
{
	int r;

	while (!(r = classic_program_next(id)))
		if (uses(*id, map_id) && !classic_program_map(*id, CLASSIC_TRACE_MAP, ret))
			return 0;
	return r;
}

int classic_trace_set(uint32_t map_id, bool on, unsigned *ret_programs)
{
	uint32_t id = 0, key = 0, value = on;
	unsigned n = 0;
	int r;

	for (;; n++) {
		_cleanup_classic_map_ struct classic_map trace = CLASSIC_MAP_NONE;

		r = next_trace(map_id, &id, &trace);
		if (r)
			break;
		if (bpf_map_update_elem(trace.fd, &key, &value, BPF_ANY))
			return -errno;
	}
	if (r != -ENOENT)
		return r;
	*ret_programs = n;
	return 0;
}

int classic_trace_get(uint32_t map_id, unsigned *ret_on, unsigned *ret_programs)
{
	uint32_t id = 0, key = 0;
	unsigned n = 0, on = 0;
	int r;

	for (;; n++) {
		_cleanup_classic_map_ struct classic_map trace = CLASSIC_MAP_NONE;
		uint32_t value = 0;

		r = next_trace(map_id, &id, &trace);
		if (r)
			break;
		(void)bpf_map_lookup_elem(trace.fd, &key, &value);
		on += value != 0;
	}
	if (r != -ENOENT)
		return r;
	*ret_on = on;
	*ret_programs = n;
	return 0;
}
