/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A series has a chain of nodes per interval: a head with the exact figures and the first buckets,
 * and nodes of further buckets.  When the arena is full, a new bucket's samples go to the nearest
 * one that the chain has.  So that there is a head for whoever comes late, further buckets never
 * take more than half of the nodes; heads may have them all.
 */
#include "pipe/rtt/store.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define SERIES (RTT_SIDES * RTT_KINDS) /* per id */
#define IDS_LEAST 64
#define NODES_MOST UINT32_MAX

#define HEAD_PAIRS 6
#define MORE_PAIRS 10
#define NO_BUCKET UINT16_MAX

/* A series has less than 2^32 samples in an interval: the packet path's places are drained once a
 * second. */
struct head {
	uint32_t next;
	uint32_t least, most;
	uint32_t times[HEAD_PAIRS];
	uint16_t bucket[HEAD_PAIRS];
	uint64_t count, sum;
};
struct more {
	uint32_t next;
	uint32_t times[MORE_PAIRS];
	uint16_t bucket[MORE_PAIRS];
};
/* `next` of a free node is the next free one; 0 ends every chain, so the first node is never used. */
union node {
	uint32_t next;
	struct head head;
	struct more more;
};
_Static_assert(sizeof(union node) == 64, "a line of cache");
_Static_assert(RTT_BUCKETS < NO_BUCKET, "a bucket's number has 16 bits");

struct series {
	uint64_t count, sum; /* since the start */
	uint32_t current;
};

struct rtt_store {
	union node *nodes;
	size_t n_nodes, fresh; /* from `fresh` on never touched */
	size_t heads, more;    /* in use */
	uint32_t unused;       /* nodes that were used before */
	uint64_t coarse, dropped;

	uint32_t ids; /* there is room for */
	struct series *series;
	unsigned intervals, oldest; /* `oldest`: of `kept`, a ring of rows of chains */
	uint32_t *kept[];
};

/* --- the arena --------------------------------------------------------------------------------- */

static uint32_t take_node(struct rtt_store *store)
{
	uint32_t node = store->unused;

	if (node)
		store->unused = store->nodes[node].next;
	else if (store->fresh < store->n_nodes)
		node = (uint32_t)store->fresh++;
	return node;
}

static uint32_t take_head(struct rtt_store *store)
{
	uint32_t node = take_node(store);
	struct head *head = &store->nodes[node].head;

	if (!node)
		return 0;
	*head = (struct head){ .least = UINT32_MAX };
	memset(head->bucket, 0xff, sizeof(head->bucket));
	store->heads++;
	return node;
}

/* Behind the head, so that the node which has free places is always the first. */
static struct more *take_more(struct rtt_store *store, struct head *head)
{
	uint32_t node = store->more < store->n_nodes / 2 ? take_node(store) : 0;
	struct more *more = &store->nodes[node].more;

	if (!node)
		return NULL;
	*more = (struct more){ .next = head->next };
	memset(more->bucket, 0xff, sizeof(more->bucket));
	head->next = node;
	store->more++;
	return more;
}

static void give_chain(struct rtt_store *store, uint32_t chain)
{
	uint32_t last = chain;

	if (!chain)
		return;
	store->heads--;
	for (; store->nodes[last].next; last = store->nodes[last].next)
		store->more--;
	store->nodes[last].next = store->unused;
	store->unused = chain;
}

int rtt_store_new(size_t bytes, unsigned intervals, struct rtt_store **ret)
{
	_cleanup_(rtt_store_freep) struct rtt_store *store = NULL;
	void *at;

	if (bytes < RTT_STORE_LEAST || bytes / sizeof(union node) > NODES_MOST)
		return -EINVAL;
	store = calloc(1, sizeof(*store) + intervals * sizeof(store->kept[0]));
	if (!store)
		return -ENOMEM;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		  -1, 0);
	if (at == MAP_FAILED)
		return -errno;
	store->nodes = at;
	store->n_nodes = bytes / sizeof(union node);
	store->fresh = 1;
	store->intervals = intervals;
	*ret = TAKE_PTR(store);
	return 0;
}

void rtt_store_free(struct rtt_store *store)
{
	if (!store)
		return;
	for (unsigned i = 0; i < store->intervals; i++)
		free(store->kept[i]);
	free(store->series);
	if (store->nodes)
		(void)munmap(store->nodes, store->n_nodes * sizeof(union node));
	free(store);
}

/* --- rows -------------------------------------------------------------------------------------- */

static bool grow_row(void *row, size_t size, uint32_t from, uint32_t to)
{
	char *more = realloc(*(void **)row, size * SERIES * to);

	if (!more)
		return false;
	memset(more + size * SERIES * from, 0, size * SERIES * (to - from));
	*(void **)row = more;
	return true;
}

/* When memory ends halfway, the rows that did grow are only larger than said. */
static bool grow(struct rtt_store *store, uint32_t id)
{
	uint32_t ids = MAX(store->ids, IDS_LEAST);

	if (id >= RTT_STORE_IDS)
		return false;
	while (ids <= id)
		ids *= 2;
	for (unsigned i = 0; i < store->intervals; i++)
		if (!grow_row(&store->kept[i], sizeof(uint32_t), store->ids, ids))
			return false;
	if (!grow_row(&store->series, sizeof(struct series), store->ids, ids))
		return false;
	store->ids = ids;
	return true;
}

static size_t series_number(uint32_t id, unsigned side, unsigned kind)
{
	return (size_t)id * SERIES + side * RTT_KINDS + kind;
}

static uint32_t chain_of(const struct rtt_store *store, size_t series, unsigned age)
{
	if (!age)
		return store->series[series].current;
	return store->kept[(store->oldest + store->intervals - age) % store->intervals][series];
}

/* --- a sample ---------------------------------------------------------------------------------- */

static inline int find(const uint16_t *bucket, int n, unsigned wanted)
{
	for (int i = 0; i < n; i++)
		if (bucket[i] == wanted)
			return i;
	return -1;
}

static inline void swap_pairs(struct head *head, unsigned to, struct more *more, int from)
{
	uint32_t times = head->times[to];
	uint16_t bucket = head->bucket[to];

	head->times[to] = more->times[from];
	head->bucket[to] = more->bucket[from];
	more->times[from] = times;
	more->bucket[from] = bucket;
}

/* Moves what is met often to the head: buckets side by side, which a flow's mostly are, each have a
 * place there of their own. */
static inline uint32_t *times_of(struct head *head, struct more *more, int at)
{
	unsigned place = more->bucket[at] % HEAD_PAIRS;

	if (more->times[at] <= head->times[place])
		return &more->times[at];
	swap_pairs(head, place, more, at);
	return &head->times[place];
}

static inline uint32_t *find_times(struct rtt_store *store, struct head *head, unsigned bucket)
{
	int at = find(head->bucket, HEAD_PAIRS, bucket);

	if (at >= 0)
		return &head->times[at];
	for (uint32_t i = head->next; i; i = store->nodes[i].next) {
		struct more *more = &store->nodes[i].more;

		at = find(more->bucket, MORE_PAIRS, bucket);
		if (at >= 0)
			return times_of(head, more, at);
	}
	return NULL;
}

static uint32_t *new_times(struct rtt_store *store, struct head *head, unsigned bucket)
{
	struct more *more = &store->nodes[head->next].more;
	int at = find(head->bucket, HEAD_PAIRS, NO_BUCKET);

	if (at >= 0) {
		head->bucket[at] = (uint16_t)bucket;
		return &head->times[at];
	}
	at = head->next ? find(more->bucket, MORE_PAIRS, NO_BUCKET) : -1;
	if (at < 0) {
		more = take_more(store, head);
		at = 0;
	}
	if (!more)
		return NULL;
	more->bucket[at] = (uint16_t)bucket;
	return &more->times[at];
}

struct nearest {
	unsigned wanted, distance;
	uint32_t *times;
};

static void look_for_nearer(struct nearest *n, const uint16_t *bucket, uint32_t *times, int pairs)
{
	for (int i = 0; i < pairs && bucket[i] != NO_BUCKET; i++) {
		unsigned distance =
			bucket[i] > n->wanted ? bucket[i] - n->wanted : n->wanted - bucket[i];

		if (distance < n->distance) {
			n->distance = distance;
			n->times = &times[i];
		}
	}
}

static uint32_t *nearest_times(struct rtt_store *store, struct head *head, unsigned bucket)
{
	struct nearest n = { .wanted = bucket, .distance = UINT32_MAX };

	look_for_nearer(&n, head->bucket, head->times, HEAD_PAIRS);
	for (uint32_t i = head->next; i; i = store->nodes[i].next)
		look_for_nearer(&n, store->nodes[i].more.bucket, store->nodes[i].more.times,
				MORE_PAIRS);
	store->coarse++;
	return n.times;
}

static void count(struct rtt_store *store, struct head *head, uint32_t units)
{
	unsigned bucket = rtt_bucket_of(units);
	uint32_t *times = find_times(store, head, bucket);

	head->count++;
	head->sum += units;
	head->least = MIN(head->least, units);
	head->most = MAX(head->most, units);
	if (!times)
		times = new_times(store, head, bucket);
	if (!times)
		times = nearest_times(store, head, bucket);
	++*times;
}

void rtt_store_add(struct rtt_store *store, uint32_t id, unsigned side, unsigned kind, uint32_t units)
{
	struct series *series;

	if (side >= RTT_SIDES || kind >= RTT_KINDS || (id >= store->ids && !grow(store, id))) {
		store->dropped++;
		return;
	}
	series = &store->series[series_number(id, side, kind)];
	series->count++;
	series->sum += units;
	if (!series->current)
		series->current = take_head(store);
	if (series->current)
		count(store, &store->nodes[series->current].head, units);
	else
		store->dropped++;
}

/* --- time, and other subscribers ----------------------------------------------------------------- */

void rtt_store_turn(struct rtt_store *store)
{
	uint32_t *row = store->intervals ? store->kept[store->oldest] : NULL;

	for (size_t i = 0; i < (size_t)store->ids * SERIES; i++) {
		uint32_t ended = store->series[i].current;

		store->series[i].current = 0;
		give_chain(store, row ? row[i] : ended);
		if (row)
			row[i] = ended;
	}
	if (store->intervals)
		store->oldest = (store->oldest + 1) % store->intervals;
}

void rtt_store_clear(struct rtt_store *store, uint32_t id)
{
	size_t first = series_number(id, 0, 0);

	if (id >= store->ids)
		return;
	for (size_t i = first; i < first + SERIES; i++) {
		give_chain(store, store->series[i].current);
		store->series[i] = (struct series){ 0 };
		for (unsigned k = 0; k < store->intervals; k++) {
			give_chain(store, store->kept[k][i]);
			store->kept[k][i] = 0;
		}
	}
}

/* --- what is known ------------------------------------------------------------------------------- */

static void merge_pairs(struct rtt_sum *sum, const uint16_t *bucket, const uint32_t *times, int n)
{
	for (int i = 0; i < n && bucket[i] != NO_BUCKET; i++)
		sum->in[bucket[i]] += times[i];
}

static void merge_chain(const struct rtt_store *store, uint32_t chain, struct rtt_sum *sum)
{
	const struct head *head = &store->nodes[chain].head;

	if (!chain)
		return;
	rtt_sum_extend(sum, head->count, head->sum, head->least, head->most);
	merge_pairs(sum, head->bucket, head->times, HEAD_PAIRS);
	for (uint32_t i = head->next; i; i = store->nodes[i].next)
		merge_pairs(sum, store->nodes[i].more.bucket, store->nodes[i].more.times, MORE_PAIRS);
}

static bool is_asked_for(unsigned i, unsigned sides, unsigned kinds)
{
	return sides >> i / RTT_KINDS & kinds >> i % RTT_KINDS & 1;
}

void rtt_store_merge(const struct rtt_store *store, uint32_t id, unsigned sides, unsigned kinds,
		     unsigned intervals, struct rtt_sum *add_to)
{
	size_t first = series_number(id, 0, 0);

	if (id >= store->ids)
		return;
	for (unsigned i = 0; i < SERIES; i++)
		if (is_asked_for(i, sides, kinds))
			for (unsigned age = 0; age <= MIN(intervals, store->intervals); age++)
				merge_chain(store, chain_of(store, first + i, age), add_to);
}

static struct series totals(const struct rtt_store *store, uint32_t id, unsigned sides, unsigned kinds)
{
	struct series all = { 0 };

	for (unsigned i = 0; id < store->ids && i < SERIES; i++) {
		const struct series *one = &store->series[series_number(id, 0, 0) + i];

		if (is_asked_for(i, sides, kinds)) {
			all.count += one->count;
			all.sum += one->sum;
		}
	}
	return all;
}

uint64_t rtt_store_total(const struct rtt_store *store, uint32_t id, unsigned sides, unsigned kinds)
{
	return totals(store, id, sides, kinds).count;
}

uint64_t rtt_store_total_sum(const struct rtt_store *store, uint32_t id, unsigned sides,
			     unsigned kinds)
{
	return totals(store, id, sides, kinds).sum;
}

void rtt_store_look(const struct rtt_store *store, struct rtt_store_state *ret)
{
	*ret = (struct rtt_store_state){ .nodes = store->n_nodes - 1,
					 .used = store->heads + store->more,
					 .coarse = store->coarse,
					 .dropped = store->dropped };
}
