/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is guaranteed.  HTB lets a class send up to its rate whatever those above it have sent, so
 * the rates of children must not sum to more than their parent's, or its ceiling is none.  Beyond
 * its rate a class borrows, and there nodes get by the number of their busy circuits, not by their
 * size; so what no circuit is promised is shared out among the nodes as well, by their ceilings.
 *
 * The line's own rate counts once for all queues, so rates do not depend on who is on which CPU.
 */
#include <errno.h>

#include "model/show.h"
#include "shaper/plan_private.h"

__extension__ typedef unsigned __int128 wide;

struct rates {
	struct shaper_build *b;
	struct shaper_kids kids;
	bool up;
	uint64_t *need; /* of all below, per item */
	int *nodes;	/* room to sort in */
	bool *warned;	/* per item, of both directions */
};

static void rates_free(struct rates *r)
{
	shaper_kids_free(&r->kids);
	free(r->need);
	free(r->nodes);
}

static struct shaper_item *item_at(const struct rates *r, int i)
{
	return &r->b->plan.items.at[i];
}

static uint64_t *rate_of(const struct rates *r, int i)
{
	return shaper_rate_of(&item_at(r, i)->rate, r->up);
}

static uint64_t most_of(const struct rates *r, int i)
{
	if (i == SHAPER_TOP)
		return *shaper_rate_of(&r->b->line, r->up);
	return *shaper_rate_of(&item_at(r, i)->ceil, r->up);
}

/* --- from below: what is wished --------------------------------------------------------------- */

static const struct mark *mark_of(const struct rates *r, int i)
{
	if (i == SHAPER_TOP || shaper_item_generated(item_at(r, i)))
		return NULL;
	return &r->b->network->nodes.at[item_at(r, i)->source].at;
}

/* Once per node; generated nodes are all alike. */
static bool warned_before(struct rates *r, int i)
{
	bool *warned = &r->warned[1 + (i != SHAPER_TOP && shaper_item_generated(item_at(r, i)) ?
					       r->b->first_generated :
					       i)];
	bool before = *warned;

	*warned = true;
	return before;
}

static void warn_sum(struct rates *r, int i, uint64_t sum)
{
	_cleanup_strbuf_ struct strbuf who = { 0 }, wish = { 0 }, has = { 0 };

	if (warned_before(r, i))
		return;
	if (i == SHAPER_TOP)
		strbuf_add(&who, "the line");
	else
		strbuf_addf(&who, "node `%s`", text_shown(item_at(r, i)->name).text);
	net_rate_format_mbps(sum, &wish);
	net_rate_format_mbps(most_of(r, i), &has);
	(void)diag_warning(r->b->d, mark_of(r, i), "%s: the least %s rates are %s Mbit/s together",
			   strbuf_text(&who), r->up ? "upload" : "download", strbuf_text(&wish));
	diag_hint(r->b->d, "they are lowered to fit its %s Mbit/s", strbuf_text(&has));
}

static uint64_t sum_below(const struct rates *r, int i)
{
	uint64_t sum = 0;

	shaper_kids_foreach(&r->kids, i, kid)
		sum += r->need[*kid];
	return sum;
}

static void fill_needs(struct rates *r)
{
	for (int i = (int)r->b->plan.items.n - 1; i >= 0; i--) {
		if (item_at(r, i)->kind == SHAPER_CIRCUIT)
			r->need[i] = *rate_of(r, i);
		else
			r->need[i] = MAX(MIN(sum_below(r, i), most_of(r, i)), SHAPER_RATE_LEAST);
	}
}

/* --- from above: what is given ---------------------------------------------------------------- */

/*
 * Less than was wished, all by the same factor.  It is rounded down to one of 16 steps per power of
 * two, so that one circuit more does not change the rates of a thousand others.
 */
static void give_less(struct rates *r, int parent, uint64_t has, uint64_t sum)
{
	unsigned shift = 5;
	wide factor;

	while (((wide)has << shift) / sum < 16)
		shift++;
	factor = ((wide)has << shift) / sum;
	shaper_kids_foreach(&r->kids, parent, kid) {
		wide part = r->need[*kid] * factor >> shift;

		*rate_of(r, *kid) = MAX((uint64_t)part, SHAPER_RATE_LEAST);
	}
}

/* The generated nodes are one that was divided. */
static uint64_t share_of(const struct rates *r, int i)
{
	uint64_t most = most_of(r, i);

	return shaper_item_generated(item_at(r, i)) ? MAX(most / r->b->plan.queues, 1) : most;
}

/* Who needs most of its share comes first. */
static int need_compare(const void *x, const void *y, void *data)
{
	const struct rates *r = data;
	int a = *(const int *)x, b = *(const int *)y;
	wide left = (wide)r->need[a] * share_of(r, b), right = (wide)r->need[b] * share_of(r, a);

	if (left != right)
		return left < right ? 1 : -1;
	return a - b;
}

/* A node that needs more than its share gets what it needs, and the others share what is left. */
static void give_nodes(struct rates *r, size_t n, uint64_t left)
{
	uint64_t shares = 0;
	size_t i;

	for (i = 0; i < n; i++)
		shares += share_of(r, r->nodes[i]);
	qsort_r(r->nodes, n, sizeof(*r->nodes), need_compare, r);
	for (i = 0; i < n; i++) {
		uint64_t need = r->need[r->nodes[i]], share = share_of(r, r->nodes[i]);

		if ((wide)need * shares <= (wide)share * MIN(left, shares))
			break;
		*rate_of(r, r->nodes[i]) = need;
		left -= need;
		shares -= share;
	}
	for (; i < n; i++)
		*rate_of(r, r->nodes[i]) =
			(uint64_t)((wide)share_of(r, r->nodes[i]) * MIN(left, shares) / shares);
}

static void give_all(struct rates *r, int parent, uint64_t left)
{
	size_t n = 0;

	shaper_kids_foreach(&r->kids, parent, kid) {
		if (item_at(r, *kid)->kind == SHAPER_NODE) {
			r->nodes[n++] = *kid;
			continue;
		}
		*rate_of(r, *kid) = r->need[*kid];
		left -= r->need[*kid];
	}
	give_nodes(r, n, left);
}

static void give(struct rates *r, int parent, uint64_t has)
{
	uint64_t sum = sum_below(r, parent);

	if (sum > most_of(r, parent))
		warn_sum(r, parent, sum);
	if (sum > has)
		give_less(r, parent, has, sum);
	else
		give_all(r, parent, has);
}

static int fill_rates(struct shaper_build *b, bool up, bool *warned)
{
	size_t n = b->plan.items.n;
	_cleanup_(rates_free) struct rates r = { .b = b,
						 .up = up,
						 .warned = warned,
						 .need = calloc(n + 1, sizeof(*r.need)),
						 .nodes = calloc(n + 1, sizeof(*r.nodes)) };

	if (!r.need || !r.nodes || shaper_kids_make(&b->plan, &r.kids))
		return -ENOMEM;
	fill_needs(&r);
	give(&r, SHAPER_TOP, most_of(&r, SHAPER_TOP));
	for (size_t i = 0; i < n; i++)
		if (b->plan.items.at[i].kind == SHAPER_NODE)
			give(&r, (int)i, *rate_of(&r, (int)i));
	return 0;
}

int shaper_build_rates(struct shaper_build *b)
{
	_cleanup_free_ bool *warned = calloc(b->plan.items.n + 1, sizeof(*warned));

	if (!warned)
		return -ENOMEM;
	return fill_rates(b, false, warned) ?: fill_rates(b, true, warned);
}
