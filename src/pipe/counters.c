/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/counters.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

const struct counter_row counter_rows[PIPE_COUNTER_MAX] = {
#define ROW(s, n, text) [COUNT_##s##_##n] = { #s, #n, text },
	pipe_COUNTERS(ROW)
#define STAGE(s) s##_COUNTERS(ROW)
#include "pipe/stages.def"
#undef STAGE
};

static size_t block_bytes(unsigned n_cpus)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n_cpus * sizeof(struct pipe_cpu) + page - 1) / page * page;
}

int counter_block_number(int map_fd, unsigned n_cpus)
{
	size_t bytes = block_bytes(n_cpus);
	struct pipe_cpu *cpu = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);

	if (cpu == MAP_FAILED)
		return -errno;
	for (unsigned i = 0; i < n_cpus; i++)
		cpu[i].number = i;
	return munmap(cpu, bytes) ? -errno : 0;
}

int counter_block_map(int map_fd, unsigned n_cpus, struct counter_block *ret)
{
	size_t bytes = block_bytes(n_cpus);
	void *at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, map_fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*ret = (struct counter_block){ .cpu = at, .n_cpus = n_cpus, .bytes = bytes };
	return 0;
}

void counter_block_unmap(struct counter_block *block)
{
	if (block->cpu)
		(void)munmap((void *)block->cpu, block->bytes);
	*block = (struct counter_block){ 0 };
}

struct pipe_count counter_sum(const struct counter_block *block, enum pipe_counter which)
{
	struct pipe_count sum = { 0 };

	for (unsigned i = 0; i < block->n_cpus; i++) {
		/* Written by another CPU while we look: read each once. */
		const volatile struct pipe_count *c = &block->cpu[i].count[which];

		sum.packets += c->packets;
		sum.bytes += c->bytes;
	}
	return sum;
}

struct pipe_count counter_view_sum(const struct counter_view *view, int ifindex,
				   enum pipe_counter which)
{
	const struct counter_block *block = view->find(view->source, ifindex);

	return block ? counter_sum(block, which) : (struct pipe_count){ 0 };
}
