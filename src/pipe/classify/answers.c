/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions about subscribers, answered from what is in force. */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <ctype.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/near.h"
#include "pipe/classify/figures.h"

static int need(const struct classify_live *live, struct diag *d)
{
	if (live->now && live->now->conf)
		return 0;
	(void)diag_error(d, NULL, "there is no `shaper` section in the configuration");
	return -EINVAL;
}

static void read_stats(struct classify_live *live, struct shaper_stats *ret)
{
	if (live->tree && classify_world_shapes(live->now))
		(void)shaper_tree_stats(live->tree, ret);
}

/* --- list -------------------------------------------------------------------------------------- */

/* What a list is sorted by, greatest first; by id and name as text. */
enum sort { SORT_ID, SORT_NAME, SORT_DOWNLOAD, SORT_UPLOAD, SORT_DROPS, SORT_BACKLOG, SORT_TOTAL };
static const char *const sort_names[] = { "id",	   "name",    "download", "upload",
					  "drops", "backlog", "total" };

struct listed {
	size_t circuit;
	const char *text;
	double weight;
};

static int read_sort(const json_t *in, enum sort *ret, const char **ret_wrong, struct diag *d)
{
	const char *name = json_string_value(json_object_get(in, "sort"));

	*ret = SORT_ID;
	if (!name)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(sort_names); i++)
		if (!strcmp(sort_names[i], name)) {
			*ret = (enum sort)i;
			return 0;
		}
	(void)diag_error(d, NULL,
			 "'%s' is nothing to sort by: expected id, name, download, upload, drops, "
			 "backlog or total",
			 name);
	*ret_wrong = "sort";
	return -EINVAL;
}

static const struct shaper_both *sent_of(const struct classify_live *live, size_t circuit,
					 const struct shaper_stats *stats)
{
	static const struct shaper_both none;
	int item = live->now->items[circuit];

	return item >= 0 && (size_t)item < stats->items.n ? &stats->items.at[item] : &none;
}

static double weight_of(const struct classify_live *live, size_t circuit, enum sort sort,
			const struct shaper_stats *stats)
{
	const uint32_t id = live->now->ids[circuit];
	const struct shaper_both *sent = sent_of(live, circuit, stats);
	struct classify_count count;

	switch (sort) {
	case SORT_DOWNLOAD:
		return classify_rate_of(live, id)->bps[0];
	case SORT_UPLOAD:
		return classify_rate_of(live, id)->bps[1];
	case SORT_DROPS:
		return (double)sent->down.drops + sent->up.drops;
	case SORT_BACKLOG:
		return (double)sent->down.backlog_bytes + sent->up.backlog_bytes;
	case SORT_TOTAL:
		count = classify_counts_of(live, id);
		return (double)count.bytes[0] + (double)count.bytes[1];
	default:
		return 0;
	}
}

/* "2" before "10". */
static int compare(const void *x, const void *y)
{
	const struct listed *a = x, *b = y;
	int by;

	if (a->weight != b->weight)
		return a->weight < b->weight ? 1 : -1;
	by = strverscmp(a->text, b->text);
	return by ? by : (a->circuit > b->circuit) - (a->circuit < b->circuit);
}

static bool has_text(const char *in, const char *text)
{
	return in && strcasestr(in, text);
}

static bool has_address(const struct net_circuit *c, const char *text)
{
	vec_foreach(&c->devices, device)
		vec_foreach(&device->addresses, a) {
			_cleanup_strbuf_ struct strbuf address = { 0 };

			net_prefix_format(&a->prefix, &address);
			if (has_text(strbuf_text(&address), text))
				return true;
		}
	return false;
}

static bool matches(const struct net_circuit *c, const char *text)
{
	return !text || has_text(c->id, text) || has_text(c->name, text) ||
	       has_text(c->parent, text) || has_address(c, text);
}

static size_t collect(const struct classify_live *live, const json_t *in, enum sort sort,
		      const struct shaper_stats *stats, struct listed *list)
{
	const char *match = json_string_value(json_object_get(in, "match"));
	const struct network *network = &live->now->network;
	size_t n = 0;

	for (size_t i = 0; i < network->circuits.n; i++) {
		const struct net_circuit *c = &network->circuits.at[i];

		if (matches(c, match))
			list[n++] = (struct listed){ i, sort == SORT_NAME ? c->name ?: c->id : c->id,
						     weight_of(live, i, sort, stats) };
	}
	qsort(list, n, sizeof(*list), compare);
	return n;
}

static int answer_list(void *data, const json_t *in, json_t **ret, const char **ret_wrong,
		       struct diag *d)
{
	struct classify_live *live = data;
	_cleanup_shaper_stats_ struct shaper_stats stats = { 0 };
	_cleanup_free_ struct listed *list = NULL;
	json_int_t limit = json_integer_value(json_object_get(in, "limit"));
	json_t *array = json_array();
	enum sort sort;
	size_t n;
	int r = need(live, d);

	if (!r)
		r = read_sort(in, &sort, ret_wrong, d);
	list = r ? NULL : calloc(live->now->network.circuits.n + 1, sizeof(*list));
	if (!list) {
		json_decref(array);
		return r ? r : -ENOMEM;
	}
	read_stats(live, &stats);
	n = collect(live, in, sort, &stats, list);
	for (size_t i = 0; i < n && (limit <= 0 || i < (size_t)limit); i++)
		(void)json_array_append_new(array, figures_subscriber(live, list[i].circuit, &stats,
								      false));
	*ret = json_pack("{s:o, s:I, s:b}", "subscribers", array, "total", (json_int_t)n, "shaped",
			 classify_world_shapes(live->now));
	return 0;
}

/* --- one --------------------------------------------------------------------------------------- */

static void say_unknown(const struct classify_live *live, const char *id, struct diag *d)
{
	const struct network *network = &live->now->network;
	_cleanup_free_ const char **names = calloc(network->circuits.n + 1, sizeof(*names));
	const char *near;

	(void)diag_error(d, NULL, "there is no subscriber '%s'", id);
	for (size_t i = 0; names && i < network->circuits.n; i++)
		names[i] = network->circuits.at[i].id;
	near = names ? near_word(id, names, network->circuits.n) : NULL;
	if (near)
		diag_hint(d, "did you mean '%s'?", near);
}

static int answer_show(void *data, const json_t *in, json_t **ret, const char **ret_wrong,
		       struct diag *d)
{
	struct classify_live *live = data;
	const char *id = json_string_value(json_object_get(in, "id"));
	_cleanup_shaper_stats_ struct shaper_stats stats = { 0 };
	int r = need(live, d), at = r ? -1 : classify_world_find(live->now, id ?: "");

	if (r)
		return r;
	if (at < 0) {
		say_unknown(live, id ?: "", d);
		*ret_wrong = "id";
		return -EINVAL;
	}
	read_stats(live, &stats);
	*ret = json_pack("{s:o}", "subscriber", figures_subscriber(live, (size_t)at, &stats, true));
	return 0;
}

/* --- strangers --------------------------------------------------------------------------------- */

struct stranger {
	struct classify_stranger who;
	struct classify_seen seen;
};

static struct net_prefix prefix_of(const struct classify_stranger *who)
{
	struct net_prefix prefix = { .family = (uint8_t)who->family,
				     .length = who->family == 4 ? 32 : 128 };

	memcpy(prefix.address, who->address, who->family == 4 ? 4 : 16);
	return prefix;
}

static bool in_any(const struct classify_prefixes *prefixes, const struct net_prefix *host)
{
	vec_foreach(&prefixes->list, a)
		if (net_prefix_contains(&a->prefix, host))
			return true;
	return false;
}

static bool is_of_interest(const struct classify_conf *conf, const struct net_prefix *host)
{
	if (conf->allowed.list.n && !in_any(&conf->allowed, host))
		return false;
	return !in_any(&conf->ignored, host);
}

static int by_bytes(const void *x, const void *y)
{
	const struct stranger *a = x, *b = y;

	return (a->seen.bytes < b->seen.bytes) - (a->seen.bytes > b->seen.bytes);
}

static size_t read_strangers(const struct classify_live *live, struct stranger *list, size_t most)
{
	struct classify_stranger key, *last = NULL;
	size_t n = 0;

	/* Entries may go while we walk: then the walk begins anew, so it is bounded. */
	for (size_t i = 0; i < most && n < most; i++) {
		if (bpf_map_get_next_key(live->strangers_fd, last, &key))
			break;
		last = &key;
		list[n].who = key;
		if (!bpf_map_lookup_elem(live->strangers_fd, &key, &list[n].seen)) {
			struct net_prefix host = prefix_of(&key);

			n += is_of_interest(live->now->conf, &host);
		}
	}
	return n;
}

static json_t *stranger_to_json(const struct stranger *s, uint64_t now)
{
	struct net_prefix host = prefix_of(&s->who);

	return json_pack("{s:o, s:I, s:I, s:f}", "address", figures_prefix(&host), "packets",
			 (json_int_t)s->seen.packets, "bytes", (json_int_t)s->seen.bytes,
			 "seconds_ago", now > s->seen.at ? (double)(now - s->seen.at) / 1e9 : 0.0);
}

static int answer_unknown(void *data, const json_t *in, json_t **ret, const char **ret_wrong,
			  struct diag *d)
{
	struct classify_live *live = data;
	_cleanup_free_ struct stranger *list = calloc(CLASSIFY_STRANGERS, sizeof(*list));
	json_int_t limit = json_integer_value(json_object_get(in, "limit"));
	json_t *array;
	uint64_t now;
	size_t n;
	int r = need(live, d);

	if (r || !list)
		return r ? r : -ENOMEM;
	n = live->strangers_fd < 0 ? 0 : read_strangers(live, list, CLASSIFY_STRANGERS);
	qsort(list, n, sizeof(*list), by_bytes);
	now = clock_now_ns(CLOCK_MONOTONIC);
	array = json_array();
	for (size_t i = 0; i < n && (limit <= 0 || i < (size_t)limit); i++)
		(void)json_array_append_new(array, stranger_to_json(&list[i], now));
	*ret = json_pack("{s:o, s:I}", "addresses", array, "total", (json_int_t)n);
	return 0;
}

/* --- tree -------------------------------------------------------------------------------------- */

static int find_node(const struct classify_live *live, const char *name)
{
	const struct shaper_plan *plan = &live->now->plan;

	for (size_t i = 0; name && i < plan->items.n; i++)
		if (plan->items.at[i].kind == SHAPER_NODE && !strcmp(plan->items.at[i].name, name))
			return (int)i;
	return -1;
}

/* Items by their parents: each with all below it before the next. */
struct family {
	int *first, *next; /* child, sibling; -1 = none; [0] is that of the line itself */
};

static void family_free(struct family *f)
{
	free(f->first);
	free(f->next);
}

/* From the end, so that the first in the plan is the first of its siblings. */
static int find_family(const struct shaper_plan *plan, struct family *ret)
{
	int n = (int)plan->items.n;

	ret->first = malloc(((size_t)n + 1) * sizeof(int));
	ret->next = malloc(((size_t)n + 1) * sizeof(int));
	if (!ret->first || !ret->next)
		return -ENOMEM;
	for (int i = 0; i <= n; i++)
		ret->first[i] = -1;
	for (int i = n - 1; i >= 0; i--) {
		int parent = plan->items.at[i].parent;

		ret->next[i] = ret->first[parent + 1];
		ret->first[parent + 1] = i;
	}
	return 0;
}

static void add_line(struct shaper_figures *all, const struct shaper_figures *line,
		     const struct shaper_figures *rest, const struct shaper_figures *control)
{
	all->bytes += line->bytes;
	all->packets += line->packets;
	all->drops += rest->drops + control->drops;
	all->marks += rest->marks + control->marks;
	all->backlog += rest->backlog + control->backlog;
	all->backlog_bytes += rest->backlog_bytes + control->backlog_bytes;
}

/* What the top of the tree does, and in each queue what nobody claimed. */
static struct shaper_both sum_of_line(const struct shaper_plan *plan, const struct shaper_stats *stats)
{
	struct shaper_both all = { 0 };

	vec_foreach(&stats->queues, q) {
		add_line(&all.down, &q->line.down, &q->rest.down, &q->control.down);
		add_line(&all.up, &q->line.up, &q->rest.up, &q->control.up);
	}
	for (size_t i = 0; i < stats->items.n; i++) {
		if (plan->items.at[i].parent >= 0)
			continue;
		figures_add_leaf(&all.down, &stats->items.at[i].down);
		figures_add_leaf(&all.up, &stats->items.at[i].up);
	}
	return all;
}

static json_t *line_to_json(const struct classify_live *live, const struct shaper_stats *stats)
{
	const struct classify_world *w = live->now;
	const struct classify_conf *conf = w->conf;
	struct rate_pair max = { conf->downlink.value, conf->uplink.value }, min = { 0 };
	struct shaper_both all = sum_of_line(&w->plan, stats);
	double bps[2] = { 0 };

	for (size_t i = 0; i < w->network.circuits.n; i++)
		for (int way = 0; way < 2; way++)
			bps[way] += classify_rate_of(live, w->ids[i])->bps[way];
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:I, s:o, s:o, s:o}", "name", "line", "id", "",
			 "kind", "line", "depth", 0, "parent", "", "circuits",
			 (json_int_t)w->n_circuits, "rate", figures_rates(max, min), "bps",
			 figures_speed(bps), "sent", figures_sent(&all));
}

struct telling {
	const struct classify_live *live;
	const struct shaper_stats *stats;
	const struct figures_sums *sums;
	struct family family;
	bool circuits;
	json_t *array;
};

static void add_item(const struct telling *t, int i)
{
	if (t->live->now->plan.items.at[i].kind == SHAPER_CIRCUIT && !t->circuits)
		return;
	(void)json_array_append_new(t->array, figures_item(t->live, (size_t)i, t->stats, t->sums));
	/* No deeper than HTB goes. */
	for (int kid = t->family.first[i + 1]; kid >= 0; kid = t->family.next[kid])
		add_item(t, kid);
}

static int add_items(struct telling *t, int node)
{
	int r = find_family(&t->live->now->plan, &t->family);

	if (!r && node >= 0)
		add_item(t, node);
	for (int i = r || node >= 0 ? -1 : t->family.first[0]; i >= 0; i = t->family.next[i])
		add_item(t, i);
	family_free(&t->family);
	return r;
}

static int answer_tree(void *data, const json_t *in, json_t **ret, const char **ret_wrong,
		       struct diag *d)
{
	struct classify_live *live = data;
	const char *name = json_string_value(json_object_get(in, "node"));
	const bool circuits = name || json_is_true(json_object_get(in, "circuits"));
	_cleanup_shaper_stats_ struct shaper_stats stats = { 0 };
	_cleanup_(figures_sums_free) struct figures_sums sums = { 0 };
	struct telling t = { live, &stats, &sums, { 0 }, circuits, NULL };
	int r = need(live, d), node = r ? -1 : find_node(live, name);

	if (!r && name && node < 0) {
		(void)diag_error(d, NULL, "there is no node '%s'", name);
		*ret_wrong = "node";
		r = -EINVAL;
	}
	if (r)
		return r;
	read_stats(live, &stats);
	r = figures_sum_up(live, &stats, &sums);
	if (r)
		return r;
	t.array = json_array();
	if (node < 0)
		(void)json_array_append_new(t.array, line_to_json(live, &stats));
	r = add_items(&t, node);
	if (r)
		json_decref(t.array);
	else
		*ret = json_pack("{s:o, s:b}", "nodes", t.array, "shaped",
				 classify_world_shapes(live->now));
	return r;
}

/* --- mappings ---------------------------------------------------------------------------------- */

static json_t *mapping_to_json(const struct classify_live *live, const struct classify_entry *e)
{
	const struct classify_world *w = live->now;
	const uint32_t id = CLASSIFY_ID(e->value);
	const int circuit = id < w->circuit_of.n ? w->circuit_of.at[id] : -1;
	const int at = circuit < 0 ? classify_changes_find_mapping(&live->changes, &e->prefix) : -1;
	char text[64] = "";
	json_t *json;

	(void)inet_ntop(e->prefix.family == 4 ? AF_INET : AF_INET6, e->prefix.address, text,
			sizeof(text));
	json = json_pack("{s:s, s:i, s:i, s:o, s:b}", "address", text, "prefix",
			 (int)e->prefix.length, "cpu", (int)CLASSIFY_CPU(e->value), "class",
			 figures_class(CLASSIFY_HANDLE(e->value)), "upload",
			 at >= 0 && live->changes.mappings.at[at].upload);
	if (circuit >= 0)
		(void)json_object_set_new(json, "subscriber",
					  json_string(w->network.circuits.at[circuit].id));
	return json;
}

static int answer_mappings(void *data, const json_t *in, json_t **ret, const char **ret_wrong,
			   struct diag *d)
{
	struct classify_live *live = data;
	json_t *array;
	int r = need(live, d);

	if (r)
		return r;
	array = json_array();
	vec_foreach(&live->now->entries, e)
		(void)json_array_append_new(array, mapping_to_json(live, e));
	*ret = json_pack("{s:o}", "mappings", array);
	return 0;
}

const struct stage_query classify_queries[] = {
	{ "List", "(sort: ?string, limit: ?int, match: ?string)",
	  "(subscribers: []object, total: int, shaped: bool)",
	  "Subscribers with what they use: sorted by id, name, download, upload, drops, backlog "
	  "or\n"
	  "total; at most `limit`; whose id, name, node or address has `match` in it.",
	  answer_list },
	{ "Show", "(id: string)", "(subscriber: object)", "All that is known of one.", answer_show },
	{ "Unknown", "(limit: ?int)", "(addresses: []object, total: int)",
	  "Addresses that are nobody's, the busiest first.", answer_unknown },
	{ "Tree", "(node: ?string, circuits: ?bool)", "(nodes: []object, shaped: bool)",
	  "The line and its nodes, or one node and all below it.", answer_tree },
	{ "Mappings", "()", "(mappings: []object)", "Which address goes to which class and CPU.",
	  answer_mappings },
	{ .name = NULL },
};
