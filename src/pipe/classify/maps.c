/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/classify/maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Without room set aside: what is not in it costs nothing. */
#define PREFIXES_MAX (1u << 21)
#define OVERFLOW_MIN 4096 /* of both halves */

static size_t map_bytes(size_t size, size_t n)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size * n + page - 1) / page * page;
}

static int open_array(const char *name, size_t size, size_t n, int *ret_fd, void **ret_at)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(__u32),
						(__u32)size, (__u32)n, &options);
	void *at;

	if (fd < 0)
		return fd;
	at = mmap(NULL, map_bytes(size, n), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*ret_at = at;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int open_keyed(enum bpf_map_type type, const char *name, size_t n, int *ret_fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	int fd = bpf_map_create(type, name, sizeof(struct classify_key), sizeof(__u64), (__u32)n,
				&options);

	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static size_t overflow_max(const struct classify_sizes *s)
{
	size_t buckets = classify_buckets(s->bits4) + classify_buckets(s->bits6) +
			 classify_buckets(s->bits128);

	return MAX(buckets / 2, (size_t)OVERFLOW_MIN);
}

static void set_place(struct classify_place *place, unsigned bits, unsigned half)
{
	place->base = half * (__u32)classify_buckets(bits);
	place->shift = 64 - (bits ? bits : 1);
	place->seed = 1;
}

static void set_state(const struct classify_sizes *s, struct classify_state *state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct classify_half *half = &state->of[i];

		half->number = i;
		set_place(&half->hosts4, s->bits4, i);
		set_place(&half->nets6, s->bits6, i);
		set_place(&half->hosts6, s->bits128, i);
	}
}

static int open_all(struct classify_maps *m)
{
	const struct classify_sizes *s = &m->sizes;
	int r;

	r = open_array("classify_state", sizeof(*m->at_state), 1, &m->state, (void **)&m->at_state);
	if (!r)
		r = open_array("classify_hosts4", sizeof(*m->at_hosts4),
			       2 * classify_buckets(s->bits4), &m->hosts4, (void **)&m->at_hosts4);
	if (!r)
		r = open_array("classify_nets6", sizeof(*m->at_nets6),
			       2 * classify_buckets(s->bits6), &m->nets6, (void **)&m->at_nets6);
	if (!r)
		r = open_array("classify_hosts6", sizeof(*m->at_hosts6),
			       2 * classify_buckets(s->bits128), &m->hosts6, (void **)&m->at_hosts6);
	if (!r)
		r = open_keyed(BPF_MAP_TYPE_HASH, "classify_overfl", overflow_max(s), &m->overflow);
	if (!r)
		r = open_keyed(BPF_MAP_TYPE_LPM_TRIE, "classify_prefix", PREFIXES_MAX, &m->prefixes);
	return r;
}

int classify_maps_open(const struct classify_sizes *sizes, struct classify_maps *ret)
{
	struct classify_maps m = { .sizes = *sizes,
				   .state = -1,
				   .hosts4 = -1,
				   .nets6 = -1,
				   .hosts6 = -1,
				   .overflow = -1,
				   .prefixes = -1 };
	int r = open_all(&m);

	if (r) {
		classify_maps_close(&m);
		return r;
	}
	set_state(sizes, m.at_state);
	*ret = m;
	return 0;
}

static void unmap(void *at, size_t size, size_t n)
{
	if (at)
		(void)munmap(at, map_bytes(size, n));
}

void classify_maps_close(struct classify_maps *m)
{
	const struct classify_sizes *s = &m->sizes;

	unmap(m->at_state, sizeof(*m->at_state), 1);
	unmap(m->at_hosts4, sizeof(*m->at_hosts4), 2 * classify_buckets(s->bits4));
	unmap(m->at_nets6, sizeof(*m->at_nets6), 2 * classify_buckets(s->bits6));
	unmap(m->at_hosts6, sizeof(*m->at_hosts6), 2 * classify_buckets(s->bits128));
	cleanup_close(&m->state);
	cleanup_close(&m->hosts4);
	cleanup_close(&m->nets6);
	cleanup_close(&m->hosts6);
	cleanup_close(&m->overflow);
	cleanup_close(&m->prefixes);
}

static int lend(struct bpf_object *object, const char *name, int fd)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	return map ? bpf_map__reuse_fd(map, fd) : -ENOENT;
}

int classify_maps_lend(const struct classify_maps *m, struct bpf_object *object)
{
	int r = lend(object, "classify_state", m->state);

	if (!r)
		r = lend(object, "classify_hosts4", m->hosts4);
	if (!r)
		r = lend(object, "classify_nets6", m->nets6);
	if (!r)
		r = lend(object, "classify_hosts6", m->hosts6);
	if (!r)
		r = lend(object, "classify_overflow", m->overflow);
	if (!r)
		r = lend(object, "classify_prefixes", m->prefixes);
	return r;
}
