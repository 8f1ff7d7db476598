/* SPDX-License-Identifier: GPL-2.0-only */
/* Which redirect_map is meant when nothing is pinned yet where it was asked for. */
#include <errno.h>

#include "pipe/balance/classic/map.h"

static bool is_used_here(const struct classic_facts *facts, uint32_t map_id)
{
	vec_foreach(&facts->inputs, in)
		if (in->map_id == map_id)
			return true;
	return false;
}

int classic_map_check_used(const struct classic_facts *facts, const struct classic_map *map,
			   const char *path, struct diag *d)
{
	if (!facts->inputs.n || is_used_here(facts, map->id))
		return 0;
	(void)diag_error(d, NULL, "%s is not the map that the program on %s uses", path,
			 facts->inputs.at[0].link->name);
	diag_hint(d, "`rm %s` and run this again", path);
	return -EINVAL;
}

static int map_of_inputs(const struct classic_facts *facts, struct classic_map *ret, struct diag *d)
{
	const struct classic_input *first = facts->inputs.at;
	int r;

	vec_foreach(&facts->inputs, in) {
		if (in->map_id == first->map_id)
			continue;
		(void)diag_error(d, NULL, "the programs on %s and %s use different maps",
				 first->link->name, in->link->name);
		diag_hint(d, "`bpftool map pin id %u PATH` for the one that is meant, or %u",
			  first->map_id, in->map_id);
		return -EINVAL;
	}
	r = classic_map_by_id(first->map_id, ret);
	return r ? classic_cannot(d, r, first->link->name, "open the map of its program") : 0;
}

static int many_maps(uint32_t one, uint32_t other, struct diag *d)
{
	(void)diag_error(d, NULL,
			 "several loaded programs have a " CLASSIC_MAP
			 ", and none of them runs on an interface here");
	diag_hint(d, "`bpftool map pin id %u PATH` for the one that is meant, or %u", one, other);
	return -EINVAL;
}

static int no_map(struct diag *d)
{
	(void)diag_error(d, NULL, "no loaded program has a " CLASSIC_MAP);
	diag_hint(d, CLASSIC_LOAD);
	return -ENOENT;
}

/* A program behind a dispatcher is on no interface by itself. */
static int map_of_programs(struct classic_map *ret, struct diag *d)
{
	_cleanup_classic_map_ struct classic_map found = CLASSIC_MAP_NONE;
	uint32_t id = 0;
	int r;

	while (!(r = classic_program_next(&id))) {
		_cleanup_classic_map_ struct classic_map map = CLASSIC_MAP_NONE;

		if (classic_program_map(id, CLASSIC_MAP, &map))
			continue;
		if (found.fd >= 0 && found.id != map.id)
			return many_maps(found.id, map.id, d);
		classic_map_close(&found);
		found = map;
		map.fd = -1;
	}
	if (r != -ENOENT)
		return classic_cannot(d, r, "the kernel", "list the loaded programs");
	if (found.fd < 0)
		return no_map(d);
	*ret = found;
	found.fd = -1;
	return 0;
}

int classic_map_find(const struct classic_facts *facts, const char *by_name,
		     struct classic_map *ret, struct diag *d)
{
	_cleanup_diag_ struct diag unsaid = { 0 };
	_cleanup_classic_map_ struct classic_map pinned = CLASSIC_MAP_NONE;

	if (!classic_map_open(by_name, &pinned, &unsaid) &&
	    (!facts->inputs.n || is_used_here(facts, pinned.id))) {
		*ret = pinned;
		pinned.fd = -1;
		return 0;
	}
	return facts->inputs.n ? map_of_inputs(facts, ret, d) : map_of_programs(ret, d);
}
