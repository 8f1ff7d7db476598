/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/balance/flows.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pipe/balance/maps.h"

/* With two flows to a line on average one line in four thousand has more than it can hold. */
#define FLOWS_PER_LINE 2

static uint32_t lines_for(uint32_t flows)
{
	uint32_t lines = 1;

	while (lines < flows / FLOWS_PER_LINE)
		lines *= 2;
	return lines;
}

static size_t table_size(const struct balancer *b)
{
	return b->n_lines * sizeof(*b->lines);
}

static int map_lines(struct balancer *b)
{
	void *at = mmap(NULL, table_size(b), PROT_READ | PROT_WRITE, MAP_SHARED, b->flows_fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	b->lines = at;
	return 0;
}

static int open_map(struct balancer *b)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);

	b->flows_fd = balance_map_open_pinned(b->flows_pin, BPF_MAP_TYPE_ARRAY,
					      sizeof(struct balance_line), b->n_lines);
	if (b->flows_fd >= 0)
		return 0;
	b->flows_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "balance_flows", sizeof(uint32_t),
				     sizeof(struct balance_line), b->n_lines, &options);
	return b->flows_fd < 0 ? b->flows_fd : balance_map_pin(b->flows_fd, b->flows_pin);
}

int balance_flows_open(struct balancer *b, uint32_t flows)
{
	int r;

	if (b->lines)
		return 0;
	b->n_lines = lines_for(flows);
	r = open_map(b);
	if (!r)
		r = map_lines(b);
	if (r)
		balance_flows_release(b);
	return r;
}

void balance_flows_release(struct balancer *b)
{
	if (b->lines)
		(void)munmap(b->lines, table_size(b));
	b->lines = NULL;
	b->n_lines = 0;
	cleanup_close(&b->flows_fd);
	b->flows_fd = -1;
}

void balance_flows_close(struct balancer *b)
{
	balance_flows_release(b);
	if (b->flows_pin)
		(void)unlink(b->flows_pin);
}

void balance_flows_clear(struct balancer *b)
{
	if (b->lines)
		memset(b->lines, 0, table_size(b));
}

bool balance_flows_put(struct balancer *b, uint64_t hash, uint8_t slot)
{
	struct balance_line *line = &b->lines[hash & (b->n_lines - 1)];

	for (unsigned i = 0; i < BALANCE_WAYS; i++) {
		if (line->flow[i])
			continue;
		line->flow[i] = balance_word(hash, slot, b->table->now);
		return true;
	}
	return false;
}

/* The packet path may see a packet of it this very moment: then it stays. */
static void forget_one(__u64 *flow, __u64 word)
{
	(void)__atomic_compare_exchange_n(flow, &word, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void balance_flows_count(struct balancer *b, int64_t idle, bool forget, unsigned *ret)
{
	memset(ret, 0, BALANCE_SLOTS * sizeof(*ret));
	for (size_t i = 0; b->lines && i < b->n_lines; i++)
		for (unsigned k = 0; k < BALANCE_WAYS; k++) {
			__u64 *flow = &b->lines[i].flow[k];
			__u64 word = __atomic_load_n(flow, __ATOMIC_RELAXED);

			if (!word)
				continue;
			if (balance_word_age(word, b->table->now) <= idle)
				ret[balance_word_slot(word)]++;
			else if (forget)
				forget_one(flow, word);
		}
}
