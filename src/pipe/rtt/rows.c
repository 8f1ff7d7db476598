/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/rtt/rows.h"

#include <stdlib.h>

#include "base/cleanup.h"

void rtt_rows_free(struct rtt_rows *rows)
{
	vec_free(&rows->list);
}

static bool is_wanted(const struct pipe_who *who, const struct rtt_row_wish *wish, size_t i)
{
	if (wish->subscriber >= 0 && (size_t)wish->subscriber != i)
		return false;
	return wish->node < 0 || pipe_who_is_below(who, who->all.at[i].node, wish->node);
}

/* --- by subscriber ----------------------------------------------------------------------------- */

static int add_subscriber(const struct rtt_store *store, const struct pipe_who_subscriber *s,
			  const struct rtt_row_wish *wish, const struct rtt_cut *cut,
			  struct rtt_rows *rows)
{
	struct rtt_row row = { .of = s, .node = s->node, .cut = cut };
	struct rtt_sum sum = { 0 };

	row.total = rtt_store_total(store, s->id, cut->sides, cut->kinds);
	if (!row.total)
		return 0;
	rtt_store_merge(store, s->id, cut->sides, cut->kinds, wish->intervals, &sum);
	if (!sum.count)
		return 0;
	rtt_sum_figures(&sum, &row.figures);
	rows->samples += sum.count;
	return vec_push(&rows->list, row);
}

static int find_subscribers(const struct rtt_store *store, const struct pipe_who *who,
			    const struct rtt_row_wish *wish, struct rtt_rows *rows)
{
	int r = 0;

	for (size_t i = 0; i < who->all.n && !r; i++)
		for (unsigned c = 0; is_wanted(who, wish, i) && c < wish->n_cuts && !r; c++)
			r = add_subscriber(store, &who->all.at[i], wish, &wish->cuts[c], rows);
	return r;
}

/* --- by node ----------------------------------------------------------------------------------- */

struct node_sum {
	struct rtt_sum sum;
	uint64_t total;
	unsigned subscribers;
};

/* A sum is large: only nodes with samples have one, until it is in that of the node above. */
struct gathering {
	const struct rtt_store *store;
	const struct pipe_who *who;
	const struct rtt_row_wish *wish;
	const struct rtt_cut *cut;
	struct node_sum **of_node;
	int *first, *next; /* subscribers of a node, those of one after the other; -1 = no more */
};

static void gathering_free(struct gathering *g)
{
	for (size_t i = 0; g->of_node && i < g->who->nodes.n; i++)
		free(g->of_node[i]);
	free(g->of_node);
	free(g->first);
	free(g->next);
}

static int gathering_make(struct gathering *g)
{
	const struct pipe_who *who = g->who;

	g->of_node = calloc(who->nodes.n + 1, sizeof(struct node_sum *));
	g->first = malloc((who->nodes.n + 1) * sizeof(*g->first));
	g->next = malloc((who->all.n + 1) * sizeof(*g->next));
	if (!g->of_node || !g->first || !g->next)
		return -ENOMEM;
	for (size_t i = 0; i < who->nodes.n; i++)
		g->first[i] = -1;
	for (size_t i = 0; i < who->all.n; i++) {
		int node = who->all.at[i].node;

		if (node < 0 || !is_wanted(who, g->wish, i))
			continue;
		g->next[i] = g->first[node];
		g->first[node] = (int)i;
	}
	return 0;
}

static int add_to_node(struct gathering *g, int node, const struct pipe_who_subscriber *s)
{
	const struct rtt_cut *cut = g->cut;
	uint64_t total = rtt_store_total(g->store, s->id, cut->sides, cut->kinds), before;
	struct node_sum *sum = g->of_node[node];

	if (!total)
		return 0;
	if (!sum)
		sum = g->of_node[node] = calloc(1, sizeof(*sum));
	if (!sum)
		return -ENOMEM;
	before = sum->sum.count;
	rtt_store_merge(g->store, s->id, cut->sides, cut->kinds, g->wish->intervals, &sum->sum);
	sum->total += total;
	sum->subscribers += sum->sum.count != before;
	return 0;
}

static void add_to_parent(struct gathering *g, int node)
{
	const int parent = g->who->nodes.at[node].parent;
	struct node_sum *from = g->of_node[node], *to = parent < 0 ? NULL : g->of_node[parent];

	g->of_node[node] = NULL;
	if (parent >= 0 && !to) {
		g->of_node[parent] = from;
		return;
	}
	if (to) {
		rtt_sum_merge(&to->sum, &from->sum);
		to->total += from->total;
		to->subscribers += from->subscribers;
	}
	free(from);
}

/* All below it came before. */
static int add_node(struct gathering *g, int node, struct rtt_rows *rows)
{
	const int parent = g->who->nodes.at[node].parent, top = g->wish->node;
	struct rtt_row row = { .node = node, .cut = g->cut };
	const struct node_sum *sum;
	int r = 0;

	for (int i = g->first[node]; i >= 0 && !r; i = g->next[i])
		r = add_to_node(g, node, &g->who->all.at[i]);
	sum = g->of_node[node];
	if (r || !sum)
		return r;
	if (sum->sum.count && (top < 0 || pipe_who_is_below(g->who, node, top))) {
		row.total = sum->total;
		row.subscribers = sum->subscribers;
		rtt_sum_figures(&sum->sum, &row.figures);
		rows->samples += node == top || (top < 0 && parent < 0) ? sum->sum.count : 0;
		r = vec_push(&rows->list, row);
	}
	add_to_parent(g, node);
	return r;
}

static int find_nodes(const struct rtt_store *store, const struct pipe_who *who,
		      const struct rtt_row_wish *wish, struct rtt_rows *rows)
{
	_cleanup_(gathering_free) struct gathering g = { .store = store, .who = who, .wish = wish };
	int r = gathering_make(&g);

	for (unsigned c = 0; c < wish->n_cuts && !r; c++) {
		g.cut = &wish->cuts[c];
		for (int node = (int)who->nodes.n; node-- > 0 && !r;)
			r = add_node(&g, node, rows);
	}
	return r;
}

/* --- order ------------------------------------------------------------------------------------- */

struct ordering {
	const struct pipe_who *who;
	enum rtt_row_sort sort;
};

static double weight_of(const struct rtt_row *row, enum rtt_row_sort sort)
{
	switch (sort) {
	case RTT_ROW_SAMPLES:
		return (double)row->figures.samples;
	case RTT_ROW_MEAN:
		return row->figures.mean;
	case RTT_ROW_P50:
		return row->figures.p50;
	case RTT_ROW_P90:
		return row->figures.p90;
	case RTT_ROW_P99:
		return row->figures.p99;
	case RTT_ROW_MAX:
		return row->figures.max;
	default:
		return 0;
	}
}

static const char *text_of(const struct rtt_row *row, const struct pipe_who *who)
{
	if (!row->of)
		return who->nodes.at[row->node].name;
	return *row->of->name ? row->of->name : row->of->subscriber;
}

/* "2" before "10". */
static int compare(const void *x, const void *y, void *data)
{
	const struct ordering *order = data;
	const struct rtt_row *a = x, *b = y;
	const double of_a = weight_of(a, order->sort), of_b = weight_of(b, order->sort);
	int by;

	if (of_a != of_b)
		return of_a < of_b ? 1 : -1;
	by = strverscmp(text_of(a, order->who), text_of(b, order->who));
	if (!by && a->of)
		by = strverscmp(a->of->subscriber, b->of->subscriber);
	return by ? by : (a->cut > b->cut) - (a->cut < b->cut);
}

int rtt_rows_find(const struct rtt_store *store, const struct pipe_who *who,
		  const struct rtt_row_wish *wish, struct rtt_rows *ret)
{
	_cleanup_rtt_rows_ struct rtt_rows rows = { 0 };
	struct ordering order = { who, wish->sort };
	int r = wish->by_node ? find_nodes(store, who, wish, &rows) :
				find_subscribers(store, who, wish, &rows);

	if (r)
		return r;
	if (rows.list.n)
		qsort_r(rows.list.at, rows.list.n, sizeof(*rows.list.at), compare, &order);
	*ret = rows;
	rows = (struct rtt_rows){ 0 };
	return 0;
}
