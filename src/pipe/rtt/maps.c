/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/rtt/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const names[RTT_MAPS] = {
	[RTT_MAP_FLOWS] = "rtt_flows",
	[RTT_MAP_SAMPLES] = "rtt_samples",
	[RTT_MAP_CPUS] = "rtt_cpus",
	[RTT_MAP_CLOCK] = "rtt_clock",
};

size_t rtt_maps_sets(size_t flows)
{
	size_t sets = 1;

	while (sets * RTT_WAYS < flows)
		sets *= 2;
	return sets;
}

static int open_array(enum rtt_map which, size_t size, size_t n, struct rtt_array *ret)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t bytes = (size * n + page - 1) / page * page;
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, names[which], sizeof(__u32),
						(__u32)size, (__u32)n, &options);
	void *at;

	if (fd < 0)
		return fd;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*ret = (struct rtt_array){ .fd = TAKE_FD(fd), .at = at, .bytes = bytes };
	return 0;
}

static int open_all(struct rtt_maps *m)
{
	const struct {
		size_t size, n;
	} sizes[RTT_MAPS] = {
		[RTT_MAP_FLOWS] = { RTT_WAYS * RTT_PLACE_BYTES(m->details), m->n_sets },
		[RTT_MAP_SAMPLES] = { sizeof(*m->samples), (size_t)m->n_cpus * RTT_SAMPLES },
		[RTT_MAP_CPUS] = { sizeof(*m->cpus), m->n_cpus },
		[RTT_MAP_CLOCK] = { sizeof(*m->clock), 1 },
	};
	int r = 0;

	for (unsigned i = 0; i < RTT_MAPS && !r; i++)
		r = open_array((enum rtt_map)i, sizes[i].size, sizes[i].n, &m->array[i]);
	return r;
}

int rtt_maps_new(size_t n_sets, bool details, unsigned n_cpus, struct rtt_maps **ret)
{
	_cleanup_(rtt_maps_freep) struct rtt_maps *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->n_sets = n_sets;
	m->n_cpus = n_cpus;
	m->details = details;
	for (unsigned i = 0; i < RTT_MAPS; i++)
		m->array[i].fd = -1;
	r = open_all(m);
	if (r)
		return r;
	m->flows = m->array[RTT_MAP_FLOWS].at;
	m->samples = m->array[RTT_MAP_SAMPLES].at;
	m->cpus = m->array[RTT_MAP_CPUS].at;
	m->clock = m->array[RTT_MAP_CLOCK].at;
	*ret = TAKE_PTR(m);
	return 0;
}

void rtt_maps_free(struct rtt_maps *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < RTT_MAPS; i++) {
		if (m->array[i].at)
			(void)munmap(m->array[i].at, m->array[i].bytes);
		cleanup_close(&m->array[i].fd);
	}
	free(m);
}

int rtt_maps_lend(const struct rtt_maps *m, struct bpf_object *object)
{
	int r = 0;

	for (unsigned i = 0; i < RTT_MAPS && !r; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, names[i]);

		r = map ? bpf_map__reuse_fd(map, m->array[i].fd) : -ENOENT;
	}
	return r;
}
