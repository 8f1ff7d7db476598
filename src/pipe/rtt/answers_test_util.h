/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of rtt's answers: subscribers as classify has them, maps that are plain memory, and
 * questions as the bus asks them.  Needs no kernel.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "config/load.h"
#include "pipe/classify/live.h"
#include "pipe/query_test_util.h"
#include "pipe/rtt/live.h"

#define BED_SETS 64
#define BED_CPUS 2
#define BED_NOW 9000 /* units of age */
#define BED_SINCE 1700000000

#define BED_LINE                                                                     \
	"shaper:\n  access: acc\n  internet: net\n  downlink: 1000\n  uplink: 500\n" \
	"  leaf: pfifo limit 100\n  queues: 1\n"
/* A tree of three levels with one that only groups, a name that two have, one without a node. */
#define BED_PEOPLE                                                                       \
	"  nodes:\n  - { name: Hill, download: 300, upload: 150 }\n"                     \
	"  - { name: Roof, parent: Hill, download: 100, upload: 50 }\n"                  \
	"  - { name: Street, parent: Hill, virtual: true, download: 100, upload: 50 }\n" \
	"  - { name: Lake, download: 200, upload: 90 }\n  circuits:\n"                   \
	"  - { id: \"10\", name: Anna, parent: Roof, download: 20, upload: 10, "         \
	"addresses: [100.64.0.10] }\n"                                                   \
	"  - { id: \"9\", name: Bert, parent: Hill, download: 20, upload: 10, "          \
	"addresses: [100.64.0.9] }\n"                                                    \
	"  - { id: \"100\", name: Cleo, parent: Street, download: 20, upload: 10, "      \
	"addresses: [100.64.1.0/24] }\n"                                                 \
	"  - { id: x, name: Twin, download: 20, upload: 10, addresses: [192.0.2.7] }\n"  \
	"  - { id: y, name: Twin, parent: Lake, download: 20, upload: 10, "              \
	"addresses: [192.0.2.8] }\n"                                                     \
	"  default_plan: { download: 5, upload: 2 }\n"
#define BED_MAPPED "203.0.113.0/24"
#define BED_MAPPED_HANDLE 0x3001au

struct bed {
	struct pipe_facts facts;
	struct model *model;
	struct classify_changes changes;
	struct classify_live classify;
	struct lives lives;
	struct rtt_conf conf;
	struct rtt_maps maps;
	struct rtt_clock clock;
	struct rtt_cpu cpus[BED_CPUS];
	uint32_t tails[BED_CPUS];
	struct rtt_live live;
	struct diag d;
};

/* --- who there is ------------------------------------------------------------------------------ */

static inline void bed_add_link(struct bed *b, const char *name, int ifindex)
{
	struct pipe_link link = { .ifindex = ifindex, .mtu = 1500, .mode = XDP_MODE_NATIVE };

	(void)snprintf(link.name, sizeof(link.name), "%s", name);
	assert_int_equal(vec_push(&b->facts.links, link), 0);
}

static inline void bed_add_mapping(struct bed *b)
{
	struct classify_mapping m = { .handle = BED_MAPPED_HANDLE };
	const char *wrong;

	assert_int_equal(net_prefix_parse(BED_MAPPED, &m.prefix, &wrong), 0);
	assert_int_equal(vec_push(&b->changes.mappings, m), 0);
}

static inline void bed_make_world(struct bed *b, const char *yaml)
{
	static const struct classify_sizes no_size;
	static const struct shaper_past no_past;
	const struct schema *schemas[] = { stage_classify.schema };
	struct classify_surroundings around = { .facts = &b->facts,
						.changes = &b->changes,
						.past = &no_past,
						.sizes = &no_size,
						.ids = &b->classify.ids,
						.cpus = BED_CPUS };
	size_t stale;

	around.ret_stale = &stale;
	assert_int_equal(
		config_load_text("test.yaml", yaml, strlen(yaml), schemas, 1, &b->model, &b->d), 0);
	assert_int_equal(classify_world_make(model_section(b->model, "shaper")->data, &around,
					     &b->classify.now, &b->d),
			 0);
}

/* Of a subscriber, or of an address that was mapped by hand. */
static inline uint32_t bed_id(struct bed *b, const char *subscriber)
{
	int at = classify_world_find(b->classify.now, subscriber);
	_cleanup_strbuf_ struct strbuf name = { 0 };
	uint32_t id;

	if (at >= 0)
		return b->classify.now->ids[at];
	strbuf_addf(&name, "map %s", subscriber);
	id = classify_ids_find(&b->classify.ids, strbuf_text(&name));
	assert_int_not_equal(id, 0);
	return id;
}

/* --- the bed ----------------------------------------------------------------------------------- */

static inline void bed_make_maps(struct bed *b)
{
	b->maps = (struct rtt_maps){ .n_cpus = BED_CPUS,
				     .n_sets = BED_SETS,
				     .details = true,
				     .flows = calloc(BED_SETS, sizeof(struct rtt_set)),
				     .samples = calloc(BED_CPUS * RTT_SAMPLES, sizeof(__u64)),
				     .cpus = b->cpus,
				     .clock = &b->clock };
	assert_true(b->maps.flows && b->maps.samples);
}

/* A unit of age is a second here. */
static inline void bed_open(struct bed *b, const char *yaml)
{
	*b = (struct bed){ 0 };
	bed_add_link(b, "acc", 100);
	bed_add_link(b, "net", 101);
	bed_add_mapping(b);
	bed_make_world(b, yaml);
	bed_make_maps(b);
	b->clock.jiffies = BED_NOW;
	b->lives.at[STAGE_classify] = &b->classify;
	b->conf = (struct rtt_conf){ .interval.value = 10, .keep.value = 60 };
	b->live = (struct rtt_live){ .lives = &b->lives,
				     .conf = &b->conf,
				     .maps = &b->maps,
				     .tails = b->tails,
				     .test_clock = true,
				     .jiffy_ns = 1000000000,
				     .since = BED_SINCE };
	assert_int_equal(rtt_store_new(1 << 20, rtt_conf_intervals(&b->conf), &b->live.store), 0);
}

static inline void bed_close(struct bed *b)
{
	rtt_store_free(b->live.store);
	free(b->maps.flows);
	free(b->maps.samples);
	classify_world_free(b->classify.now);
	classify_ids_free(&b->classify.ids);
	classify_changes_free(&b->changes);
	model_free(b->model);
	pipe_facts_free(&b->facts);
	diag_free(&b->d);
}

/* --- what was measured ------------------------------------------------------------------------- */

static inline void bed_add(struct bed *b, const char *subscriber, enum rtt_side side,
			   enum rtt_kind kind, uint32_t units, unsigned n)
{
	while (n--)
		rtt_store_add(b->live.store, bed_id(b, subscriber), side, kind, units);
}

/* A flow of that subscriber, seen so many units ago. */
static inline struct rtt_details *bed_put_flow(struct bed *b, size_t place, const char *subscriber,
					       enum rtt_mode mode, uint32_t idle)
{
	struct rtt_flow *flow = rtt_flow_at(b->maps.flows, true, place);
	struct rtt_details *d = rtt_details_at(b->maps.flows, place);

	flow->tag = d->tag = RTT_TAG(0x1000 + place * 8, mode);
	flow->seen = (BED_NOW - idle) << RTT_SEEN_SHIFT | RTT_SEEN_BOTH;
	d->id = bed_id(b, subscriber);
	d->family = 4;
	d->proto = mode == RTT_NOT_TIMED ? 17 : 6;
	d->born = BED_NOW - idle;
	return d;
}

/* --- questions --------------------------------------------------------------------------------- */

static inline int bed_try_ask(struct bed *b, const char *name, const char *parameters, json_t **ret,
			      const char **ret_wrong)
{
	json_t *in = json_loads(parameters, 0, NULL);
	int r;

	assert_non_null(in);
	expect_type(find_query(rtt_queries, name)->in, in);
	r = find_query(rtt_queries, name)->run(&b->live, in, ret, ret_wrong, &b->d);
	json_decref(in);
	return r;
}

/* The answer, which is what the question's row says; the caller's. */
static inline json_t *bed_ask(struct bed *b, const char *name, const char *parameters)
{
	const char *wrong = NULL;
	json_t *answer = NULL;

	if (bed_try_ask(b, name, parameters, &answer, &wrong)) {
		_cleanup_strbuf_ struct strbuf text = { 0 };

		diag_format_all(&b->d, &text);
		fail_msg("%s %s: %s", name, parameters, strbuf_text(&text));
	}
	assert_null(wrong);
	expect_type(find_query(rtt_queries, name)->out, answer);
	return answer;
}

static inline void bed_expect_refused(struct bed *b, const char *name, const char *in,
				      const char *parameter, const char *says)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	const char *wrong = NULL;
	json_t *answer = NULL;

	diag_free(&b->d);
	b->d = (struct diag){ 0 };
	assert_int_equal(bed_try_ask(b, name, in, &answer, &wrong), -EINVAL);
	assert_null(answer);
	diag_format_all(&b->d, &text);
	assert_int_equal(b->d.errors, 1);
	if (!strstr(strbuf_text(&text), says))
		fail_msg("%s %s: %s", name, in, strbuf_text(&text));
	assert_string_equal(wrong ?: "", parameter);
}

static inline json_int_t bed_integer(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static inline const char *bed_text(const json_t *json, const char *key)
{
	return json_string_value(json_object_get(json, key)) ?: "?";
}
