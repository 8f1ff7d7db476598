/* SPDX-License-Identifier: GPL-2.0-only */
/* The study's tables are filled and read by plain loads and stores, as it was meant to be. */
#include "lib/study.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/machine.h"

#define FIRST_MINOR 16
#define MINORS 65000

struct overflow6 {
	__u32 length;
	__u64 address[2];
} __attribute__((packed));

struct tables {
	const struct bpf_object *object;
	unsigned bits, cpu;
	bool v6;
	void *buckets; /* of hosts4 or nets6 */
	size_t len;
};

static int tables_open(struct tables *t)
{
	const struct bpf_map *map =
		bpf_object__find_map_by_name(t->object, t->v6 ? "nets6" : "hosts4");

	if (!map)
		return -ENOENT;
	t->len = (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map);
	t->buckets = mmap(NULL, t->len, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	return t->buckets == MAP_FAILED ? -errno : 0;
}

static int put_overflow(const struct tables *t, const char *map, const void *key, __u64 value)
{
	int fd = bpf_object__find_map_fd_by_name(t->object, map);

	return bpf_map_update_elem(fd, key, &value, BPF_ANY) ? -errno : 0;
}

static int put4(const struct tables *t, __be32 key, __u64 value)
{
	struct study_bucket4 *b = t->buckets;

	b += study_hash4(key, STUDY_SEED, t->bits);
	for (unsigned i = 0; i < STUDY_SLOTS4; i++)
		if (!b->key[i]) {
			b->value[i] = value;
			b->key[i] = key;
			return 0;
		}
	return put_overflow(t, "overflow4", &key, value);
}

static int put6(const struct tables *t, __be64 key, __u64 value)
{
	struct study_bucket6 *b = t->buckets;

	b += study_hash6(key, STUDY_SEED, t->bits);
	for (unsigned i = 0; i < STUDY_SLOTS6; i++)
		if (!b->key[i]) {
			b->value[i] = value;
			b->key[i] = key;
			return 0;
		}
	return put_overflow(t, "overflow6", &(struct overflow6){ 64, { key, 0 } }, value);
}

static int put(const struct tables *t, const struct pb_cfg *cfg, unsigned i)
{
	__u64 value = STUDY_VALUE(0x10000 | (FIRST_MINOR + i % MINORS), i, t->cpu);
	const __be32 words[2] = { htonl(0x20010db8), htonl(pb_address(cfg, i)) };
	__be64 high;

	if (!t->v6)
		return put4(t, words[1], value);
	memcpy(&high, words, sizeof(high));
	return put6(t, high, value);
}

static int fill(const struct bpf_object *object, const struct study_wish *w, unsigned bits)
{
	struct tables t = { .object = object, .bits = bits, .cpu = w->cpu, .v6 = w->v6 };
	const struct bpf_cpumap_val queue = { .qsize = 2048 };
	int r = tables_open(&t);

	for (unsigned i = 0; i < w->n && !r; i++)
		r = put(&t, w->cfg, i);
	if (t.buckets && t.buckets != MAP_FAILED)
		(void)munmap(t.buckets, t.len);
	if (!r && bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "cpus"), &w->cpu,
				      &queue, BPF_ANY))
		r = -errno;
	return r;
}

static unsigned bits_of(unsigned n)
{
	unsigned bits = 0;

	while (n >> (bits + 1))
		bits++;
	return bits;
}

/* One to two subscribers per bucket. */
int study_load(const struct study_wish *w, struct bpf_object **ret, struct diag *d)
{
	const unsigned bits = w->n > 1U << STUDY_BITS ? STUDY_BITS + 1 : STUDY_BITS;
	const unsigned flow_bits = bits_of(w->flows / STUDY_WAYS);
	_cleanup_free_ char *path = machine_beside("pipeline_study.bpf.o");
	char set[32], flow_set[32], gate[32], hosts[32], nets[32], counts[32], flows[32];
	const struct object_wish wishes[] = {
		{ OBJECT_SET, gate },	   { OBJECT_SET, set },	     { OBJECT_SET, flow_set },
		{ OBJECT_ENTRIES, hosts }, { OBJECT_ENTRIES, nets }, { OBJECT_ENTRIES, counts },
		{ OBJECT_ENTRIES, flows },
	};
	struct bpf_object *object = NULL;
	int fd, r;

	(void)snprintf(set, sizeof(set), "bits=%u", bits);
	(void)snprintf(flow_set, sizeof(flow_set), "flow_bits=%u", flow_bits);
	(void)snprintf(gate, sizeof(gate), "gate=%u", w->gate);
	(void)snprintf(hosts, sizeof(hosts), "hosts4=%u", 2U << bits);
	(void)snprintf(nets, sizeof(nets), "nets6=%u", 2U << bits);
	(void)snprintf(counts, sizeof(counts), "counts=%d", libbpf_num_possible_cpus() * STUDY_IDS);
	(void)snprintf(flows, sizeof(flows), "flows=%u", 1U << flow_bits);
	r = path ? object_load(path, NULL, wishes, ARRAY_LEN(wishes), w->cfg, &object, &fd, d) :
		   -ENOMEM;
	if (r)
		return r;
	r = fill(object, w, bits);
	if (r) {
		bpf_object__close(object);
		return diag_error(d, NULL, "the study's tables: %s", strerror(-r));
	}
	*ret = object;
	return 0;
}

/* --- what it measured -------------------------------------------------------------------------- */

/* Of a map that can be mapped: its bytes, for `munmap`; NULL when it cannot. */
static const void *map_open(const struct bpf_object *object, const char *name, size_t *ret_n,
			    size_t *ret_bytes)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	size_t bytes = map ? (size_t)bpf_map__max_entries(map) * bpf_map__value_size(map) : 0;
	void *at = MAP_FAILED;

	if (map)
		at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return NULL;
	*ret_n = bpf_map__max_entries(map);
	*ret_bytes = bytes;
	return at;
}

size_t study_flows(const struct bpf_object *object)
{
	size_t n, bytes, used = 0;
	const struct study_set *sets = map_open(object, "flows", &n, &bytes);

	if (!sets)
		return 0;
	for (size_t i = 0; i < n; i++)
		for (unsigned way = 0; way < STUDY_WAYS; way++)
			used += sets[i].way[way].tag != 0;
	(void)munmap((void *)sets, bytes);
	return used;
}

unsigned long long study_samples(const struct bpf_object *object)
{
	size_t n, bytes;
	const struct study_histogram *all = map_open(object, "histograms", &n, &bytes);
	unsigned long long samples = 0;

	if (!all)
		return 0;
	for (size_t i = 0; i < n; i++)
		for (unsigned b = 0; b < 2 * STUDY_BUCKETS; b++)
			samples += all[i].n[b / STUDY_BUCKETS][b % STUDY_BUCKETS];
	(void)munmap((void *)all, bytes);
	return samples;
}
