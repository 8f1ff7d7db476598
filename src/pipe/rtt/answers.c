/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions about round-trip times and flows, answered from what was measured. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>

#include "base/cleanup.h"
#include "base/near.h"
#include "pipe/rtt/flows.h"
#include "pipe/rtt/live.h"
#include "pipe/rtt/rows.h"

#define SECONDS_BACK 60 /* what is asked about when nothing is said */
/* In one answer: it is made in memory, and nothing else is done meanwhile. */
#define FLOWS_MOST 65536

static int need(const struct rtt_live *live, struct diag *d)
{
	if (live->conf && live->store)
		return 0;
	(void)diag_error(d, NULL, "there is no `rtt` section in the configuration");
	return -EINVAL;
}

/* --- parameters -------------------------------------------------------------------------------- */

struct word_list {
	const char *key, *not_one; /* "no side" */
	const char *const *words;
	size_t n;
};
#define WORD_LIST(name, key, not_one, ...)                         \
	static const char *const name##_words[] = { __VA_ARGS__ }; \
	static const struct word_list name = { key, not_one, name##_words, ARRAY_LEN(name##_words) }

WORD_LIST(sides, "side", "no side", "access", "internet", "both");
WORD_LIST(kinds, "kind", "no kind of sample", "timestamp", "sequence", "handshake", "all", "each");
WORD_LIST(row_sorts, "sort", "nothing to sort by", "name", "samples", "mean", "p50", "p90", "p99",
	  "max");
WORD_LIST(groups, "by", "nothing to list by", "subscriber", "node");
WORD_LIST(flow_sorts, "sort", "nothing to sort by", "bytes", "packets", "again", "rtt", "age");

static void say_unknown(const struct word_list *list, const char *text, struct diag *d)
{
	const char *near = near_word(text, list->words, list->n);
	_cleanup_strbuf_ struct strbuf all = { 0 };

	for (size_t i = 0; i < list->n; i++)
		strbuf_addf(&all, "%s%s",
			    !i		    ? "" :
			    i + 1 < list->n ? ", " :
					      " or ",
			    list->words[i]);
	(void)diag_error(d, NULL, "'%s' is %s: expected %s", text, list->not_one, strbuf_text(&all));
	if (near)
		diag_hint(d, "did you mean '%s'?", near);
}

/* The word's number; what is not given leaves *ret alone. */
static int read_word(const json_t *in, const struct word_list *list, unsigned *ret,
		     const char **ret_wrong, struct diag *d)
{
	const char *text = json_string_value(json_object_get(in, list->key));

	if (!text)
		return 0;
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->words[i], text)) {
			*ret = (unsigned)i;
			return 0;
		}
	say_unknown(list, text, d);
	*ret_wrong = list->key;
	return -EINVAL;
}

static int read_seconds(const json_t *in, const char *key, int64_t least, int64_t *ret,
			const char **ret_wrong, struct diag *d)
{
	const json_t *value = json_object_get(in, key);

	if (!json_is_integer(value))
		return 0;
	if (json_integer_value(value) >= least) {
		*ret = json_integer_value(value);
		return 0;
	}
	(void)diag_error(d, NULL, "%" JSON_INTEGER_FORMAT " seconds: expected %" PRId64 " or more",
			 json_integer_value(value), least);
	*ret_wrong = key;
	return -EINVAL;
}

/* 0 and less: all. */
static size_t read_top(const json_t *in, size_t most)
{
	json_int_t top = json_integer_value(json_object_get(in, "top"));

	return top > 0 && (uint64_t)top < most ? (size_t)top : most;
}

static int read_subscriber(const struct pipe_who *who, const json_t *in, int *ret,
			   const char **ret_wrong, struct diag *d)
{
	const char *text = json_string_value(json_object_get(in, "subscriber"));
	int at = text ? pipe_who_find(who, text, d) : -1;

	*ret = at;
	if (!text || at >= 0)
		return 0;
	*ret_wrong = "subscriber";
	return at;
}

static int read_node(const struct pipe_who *who, const json_t *in, int *ret, const char **ret_wrong,
		     struct diag *d)
{
	const char *text = json_string_value(json_object_get(in, "node"));
	int at = text ? pipe_who_find_node(who, text, d) : -1;

	*ret = at;
	if (!text || at >= 0)
		return 0;
	*ret_wrong = "node";
	return at;
}

/* --- list -------------------------------------------------------------------------------------- */

/* A row for each side unless they are told as one or only one is asked for; kinds the other way. */
static void add_cuts(unsigned side, unsigned kind, struct rtt_row_wish *wish)
{
	for (unsigned k = 0; k < RTT_KINDS; k++) {
		struct rtt_cut cut = { 0, 1u << k, sides.words[side], kinds.words[k] };

		if (!strcmp(kinds.words[kind], "all")) {
			cut.kinds = RTT_ALL_KINDS;
			cut.kind = kinds.words[kind];
		} else if (kind != k && strcmp(kinds.words[kind], "each") != 0) {
			continue;
		}
		cut.sides = side < RTT_SIDES ? 1u << side : RTT_ALL_SIDES;
		wish->cuts[wish->n_cuts++] = cut;
		if (cut.kinds == RTT_ALL_KINDS)
			return;
	}
}

static int read_cuts(const json_t *in, struct rtt_row_wish *wish, const char **ret_wrong,
		     struct diag *d)
{
	unsigned side = RTT_SIDES + 1, kind = RTT_KINDS;
	int r = read_word(in, &sides, &side, ret_wrong, d);

	if (!r)
		r = read_word(in, &kinds, &kind, ret_wrong, d);
	for (unsigned s = 0; s < RTT_SIDES && !r; s++)
		if (side > RTT_SIDES)
			add_cuts(s, kind, wish);
	if (!r && side <= RTT_SIDES)
		add_cuts(side, kind, wish);
	return r;
}

static int read_wish(const json_t *in, const struct pipe_who *who, struct rtt_row_wish *wish,
		     const char **ret_wrong, struct diag *d)
{
	unsigned sort = RTT_ROW_NAME, by = 0;
	int r = read_subscriber(who, in, &wish->subscriber, ret_wrong, d);

	if (!r)
		r = read_node(who, in, &wish->node, ret_wrong, d);
	if (!r)
		r = read_cuts(in, wish, ret_wrong, d);
	if (!r)
		r = read_word(in, &row_sorts, &sort, ret_wrong, d);
	if (!r)
		r = read_word(in, &groups, &by, ret_wrong, d);
	wish->sort = (enum rtt_row_sort)sort;
	wish->by_node = by;
	return r;
}

static json_t *whose_row(const struct pipe_who *who, const struct rtt_row *row)
{
	const char *node = row->node < 0 ? "" : who->nodes.at[row->node].name;

	if (!row->of)
		return json_pack("{s:s, s:I}", "node", node, "subscribers",
				 (json_int_t)row->subscribers);
	return json_pack("{s:s, s:s, s:s, s:o}", "subscriber", row->of->subscriber, "name",
			 row->of->name, "node", node, "class", pipe_who_class(row->of));
}

static json_t *row_to_json(const struct pipe_who *who, const struct rtt_row *row)
{
	const struct rtt_figures *f = &row->figures;
	json_t *json = whose_row(who, row);
	json_t *figures =
		json_pack("{s:s, s:s, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:I}", "side",
			  row->cut->side, "kind", row->cut->kind, "samples", (json_int_t)f->samples,
			  "mean", f->mean, "min", f->min, "p50", f->p50, "p90", f->p90, "p99",
			  f->p99, "max", f->max, "total", (json_int_t)row->total);

	(void)json_object_update(json, figures);
	json_decref(figures);
	return json;
}

static int answer_list(void *data, const json_t *in, json_t **ret, const char **ret_wrong,
		       struct diag *d)
{
	struct rtt_live *live = data;
	_cleanup_pipe_who_ struct pipe_who who = { 0 };
	_cleanup_rtt_rows_ struct rtt_rows rows = { 0 };
	struct rtt_row_wish wish = { 0 };
	int64_t seconds = SECONDS_BACK;
	json_t *array;
	size_t n;
	int r = need(live, d);

	if (!r)
		r = lives_who(live->lives, &who);
	if (!r)
		r = read_wish(in, &who, &wish, ret_wrong, d);
	if (!r)
		r = read_seconds(in, "interval", 1, &seconds, ret_wrong, d);
	if (r)
		return r;
	rtt_live_drain(live);
	wish.intervals = rtt_live_intervals(live, seconds, &seconds);
	r = rtt_rows_find(live->store, &who, &wish, &rows);
	if (r)
		return r;
	n = read_top(in, rows.list.n);
	array = json_array();
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(array, row_to_json(&who, &rows.list.at[i]));
	*ret = json_pack("{s:o, s:I, s:I, s:I, s:I}", "rows", array, "seconds", (json_int_t)seconds,
			 "samples", (json_int_t)rows.samples, "lost",
			 (json_int_t)rtt_live_sums(live).lost, "since", (json_int_t)live->since);
	return 0;
}

/* --- flows ------------------------------------------------------------------------------------- */

static json_t *both_ways(uint64_t down, uint64_t up)
{
	return json_pack("{s:I, s:I}", "download", (json_int_t)down, "upload", (json_int_t)up);
}

static json_t *to_ms(uint32_t units)
{
	return units ? json_real(units * (RTT_UNIT_NS / 1e6)) : json_null();
}

static json_t *both_sides(const uint32_t of[RTT_SIDES])
{
	return json_pack("{s:o, s:o}", "access", to_ms(of[RTT_ACCESS]), "internet",
			 to_ms(of[RTT_INTERNET]));
}

static json_t *address_of(const struct rtt_details *d, const __be32 *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(d->family == 4 ? AF_INET : AF_INET6, address, text, sizeof(text));
	return json_string(text);
}

static void add_ends(json_t *json, const struct rtt_details *d)
{
	(void)json_object_set_new(json, "proto",
				  json_string(d->proto == IPPROTO_TCP ? "tcp" : "udp"));
	(void)json_object_set_new(json, "near", address_of(d, d->near));
	(void)json_object_set_new(json, "near_port", json_integer(ntohs(d->near_port)));
	(void)json_object_set_new(json, "far", address_of(d, d->far));
	(void)json_object_set_new(json, "far_port", json_integer(ntohs(d->far_port)));
}

static void add_account(json_t *json, const struct rtt_details *d)
{
	(void)json_object_set_new(json, "bytes", both_ways(d->bytes[0], d->bytes[1]));
	(void)json_object_set_new(json, "packets", both_ways(d->packets[0], d->packets[1]));
	(void)json_object_set_new(json, "again", both_ways(d->again[0], d->again[1]));
	(void)json_object_set_new(json, "marked", both_ways(d->marked[0], d->marked[1]));
	(void)json_object_set_new(json, "dscp", both_ways(d->dsfield[0] >> 2, d->dsfield[1] >> 2));
	(void)json_object_set_new(json, "ecn", both_ways(d->dsfield[0] & 3, d->dsfield[1] & 3));
	(void)json_object_set_new(json, "rtt", both_sides(d->last));
	(void)json_object_set_new(json, "rtt_min", both_sides(d->least));
}

static json_t *flow_to_json(const struct rtt_live *live, const struct pipe_who *who,
			    const struct rtt_flow_view *flow)
{
	const struct pipe_who_subscriber *s = pipe_who_of_id(who, flow->details.id);
	json_t *json = json_pack("{s:s}", "subscriber", s ? s->subscriber : "");

	add_ends(json, &flow->details);
	(void)json_object_set_new(json, "state", json_string(rtt_flow_state(flow)));
	(void)json_object_set_new(json, "mode", json_string(rtt_flow_mode(flow)));
	add_account(json, &flow->details);
	(void)json_object_set_new(json, "age", json_real(rtt_live_age_seconds(live, flow->age)));
	(void)json_object_set_new(json, "idle", json_real(rtt_live_age_seconds(live, flow->idle)));
	return json;
}

static int need_details(const struct rtt_live *live, struct diag *d)
{
	int r = need(live, d);

	if (r || (live->maps && live->maps->details))
		return r;
	(void)diag_error(d, NULL, "flows are not accounted: `rtt.details` is false");
	diag_hint(d, "set rtt.details to true");
	return -EINVAL;
}

/* What was seen in this unit or the one before it may have been seen just now. */
static uint32_t units_of(const struct rtt_live *live, int64_t seconds)
{
	const double units = (double)seconds / rtt_live_age_seconds(live, 1);

	if (seconds && units < 1)
		return 1;
	return units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
}

static int read_flow_wish(const struct rtt_live *live, const json_t *in, const struct pipe_who *who,
			  struct rtt_flow_wish *wish, const char **ret_wrong, struct diag *d)
{
	int64_t idle = SECONDS_BACK;
	unsigned sort = RTT_FLOW_BYTES;
	int subscriber, r = read_subscriber(who, in, &subscriber, ret_wrong, d);

	if (!r)
		r = read_word(in, &flow_sorts, &sort, ret_wrong, d);
	if (!r)
		r = read_seconds(in, "idle", 0, &idle, ret_wrong, d);
	if (r)
		return r;
	wish->id = subscriber < 0 ? 0 : who->all.at[subscriber].id;
	wish->idle = units_of(live, idle);
	wish->sort = (enum rtt_flow_sort)sort;
	wish->top = read_top(in, FLOWS_MOST);
	return 0;
}

static int answer_flows(void *data, const json_t *in, json_t **ret, const char **ret_wrong,
			struct diag *d)
{
	struct rtt_live *live = data;
	_cleanup_pipe_who_ struct pipe_who who = { 0 };
	_cleanup_rtt_flow_list_ struct rtt_flow_list list = { 0 };
	struct rtt_flow_table table = { 0 };
	struct rtt_flow_wish wish;
	json_int_t places;
	json_t *array;
	int r = need_details(live, d);

	if (!r)
		r = lives_who(live->lives, &who);
	if (!r)
		r = read_flow_wish(live, in, &who, &wish, ret_wrong, d);
	if (r)
		return r;
	table = (struct rtt_flow_table){ live->maps->flows, live->maps->n_sets,
					 rtt_live_age_now(live) };
	r = rtt_flows_find(&table, &wish, &list);
	if (r)
		return r;
	array = json_array();
	vec_foreach(&list.found, found) {
		struct rtt_flow_view flow;

		if (rtt_flows_look(&table, found->place, &flow))
			(void)json_array_append_new(array, flow_to_json(live, &who, &flow));
	}
	places = (json_int_t)table.n_sets * RTT_WAYS;
	*ret = json_pack("{s:o, s:I, s:I, s:I}", "flows", array, "places", places, "used",
			 (json_int_t)list.used, "full", (json_int_t)rtt_live_sums(live).full);
	return 0;
}

const struct stage_query rtt_queries[] = {
	{ "List",
	  "(subscriber: ?string, node: ?string, side: ?string, kind: ?string, interval: ?int, "
	  "sort: ?string, top: ?int, by: ?string)",
	  "(rows: []object, seconds: int, samples: int, lost: int, since: int)",
	  "Round-trip times in milliseconds, of the last `interval` seconds (60), a row for each\n"
	  "subscriber or node and `side`: access, internet, or both as one; `kind`: timestamp,\n"
	  "sequence, handshake, all as one, or each; sorted by name, samples, mean, p50, p90, p99\n"
	  "or max; at most `top`; by subscriber or node.  Those without samples are left out.",
	  answer_list },
	{ "Flows", "(subscriber: ?string, top: ?int, sort: ?string, idle: ?int)",
	  "(flows: []object, places: int, used: int, full: int)",
	  "Flows seen in the last `idle` seconds (60): sorted by bytes, packets, again, rtt or "
	  "age;\n"
	  "at most `top`; and of how many places in their table how many are used, and how many\n"
	  "flows found none.",
	  answer_flows },
	{ .name = NULL },
};
