/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of the shaper's stage: real interfaces in a namespace of the test's own, a configuration
 * synced as the pipeline does but for attaching, and packets through each port's copy.
 */
#pragma once

#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "nl/nl_test_util.h"
#include "pipe/parse_build.h"
#include "pipe/pipe_test_util.h"

#include "base/cleanup.h"
#include "config/load.h"
#include "pipe/classify/live.h"
#include "pipe/query_test_util.h"
#include "pipe.skel.h" /* needs the types above */

#define BED_QUEUES 8 /* that each interface has */
#define BED_LINKS 2
#define VLAN_ACCESS 3
#define VLAN_INTERNET 4

enum side { ACCESS, INTERNET }; /* on a stick ACCESS is both */

static struct nl *bed_nl;

/* --- a network --------------------------------------------------------------------------------- */

#define BED_LINE(access, internet)                                  \
	"shaper:\n  access: " access "\n  internet: " internet "\n" \
	"  downlink: 1000\n  uplink: 500\n  leaf: pfifo limit 100\n"
#define BED_TWO BED_LINE("acc", "net")
#define BED_STICK BED_LINE("acc", "acc") "  access_vlan: 3\n  internet_vlan: 4\n"
#define BED_CIRCUIT(id, addresses)                                 \
	"  - { id: \"" id "\", name: Name " id ", parent: Tower, " \
	"download: 20, upload: 10, addresses: [" addresses "] }\n"
/* All kinds of address that a subscriber may have. */
#define BED_PEOPLE                                                                              \
	"  nodes:\n  - { name: Tower, download: 400, upload: 200 }\n  circuits:\n" BED_CIRCUIT( \
		"host", "100.64.0.5") BED_CIRCUIT("prefix", "100.64.8.0/22")                    \
		BED_CIRCUIT("host6", "\"2001:db8:1::5\"")                                       \
			BED_CIRCUIT("net64", "\"2001:db8:2:3::/64\"")                           \
				BED_CIRCUIT("net56", "\"2001:db8:3:500::/56\"")

/* Group setup: pairs of veth. */
static inline int bed_namespace(void **state)
{
	bed_nl = nl_test_namespace();
	if (!bed_nl)
		return 0;
	if (nl_test_add_queues(bed_nl, "veth", "acc", "acc0", BED_QUEUES) < 0 ||
	    nl_test_add_queues(bed_nl, "veth", "net", "net0", BED_QUEUES) < 0)
		return -1;
	return 0;
}

static inline int bed_leave(void **state)
{
	nl_close(bed_nl);
	return 0;
}

/* --- the bed ----------------------------------------------------------------------------------- */

struct bed_port {
	struct instance *instance;
	struct counter_block counters;
};

struct bed {
	struct pipe_facts facts;
	struct model *model, *former;
	struct pipe_plan plan;
	struct pipe_kernel kernel;
	void *live[STAGE_MAX];
	struct bed_port port[BED_LINKS];
	struct strbuf told;
	struct diag d;
	bool fail;    /* the next sync does, after all is prepared */
	bool no_load; /* for tests that send no packet */
};

static const char *const bed_names[BED_LINKS] = { "acc", "net" };

static inline void bed_tell(const char *subject, const char *event, const char *text, void *data)
{
	strbuf_addf(data, "%s %s: %s\n", subject, event, text);
}

static inline struct pipe_link *bed_link(struct bed *b, enum side side)
{
	return &b->facts.links.at[side];
}

static inline struct classify_live *bed_live(const struct bed *b)
{
	return b->live[STAGE_classify];
}

static inline const struct classify_world *bed_world(const struct bed *b)
{
	return bed_live(b)->now;
}

static inline void bed_add_links(struct bed *b)
{
	for (unsigned i = 0; i < BED_LINKS; i++) {
		struct pipe_link link = { .kind = "veth",
					  .driver = "veth",
					  .ifindex = nl_test_index(bed_nl, bed_names[i]),
					  .mtu = 1500,
					  .up = true,
					  .carrier = true,
					  .xmit_known = true,
					  .xmit = true,
					  .xmit_frags = true,
					  .mode = XDP_MODE_NATIVE };

		(void)snprintf(link.name, sizeof(link.name), "%s", bed_names[i]);
		(void)snprintf(link.present_name, sizeof(link.present_name), "%s", bed_names[i]);
		assert_int_equal(vec_push(&b->facts.links, link), 0);
	}
}

static inline void bed_complain(const struct diag *d)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	diag_format_all(d, &text);
	print_error("%s", strbuf_text(&text));
}

static inline struct model *bed_parse(struct bed *b, const char *yaml)
{
	const struct schema *schemas[] = { stage_classify.schema, stage_rtt.schema,
					   stage_bridge.schema };
	struct model *model = NULL;

	if (config_load_text("test.yaml", yaml, strlen(yaml), schemas, ARRAY_LEN(schemas), &model,
			     &b->d)) {
		bed_complain(&b->d);
		fail();
	}
	return model;
}

static inline const void *bed_section(const struct bed *b, const char *name)
{
	const struct section *s = model_section(b->model, name);

	return s->present ? s->data : NULL;
}

/* --- a sync ------------------------------------------------------------------------------------ */

static inline int bed_plan(struct bed *b, struct pipe_plan *plan)
{
	const void *bridge = bed_section(b, "bridge"), *conf = bed_section(b, "shaper");
	int r = conf ? stage_classify.plan(conf, &b->facts, plan, bed_live(b)) : 0;

	return !r && bridge ? stage_bridge.plan(bridge, &b->facts, plan, NULL) : r;
}

/* XDP's programs are known to the kernel from now on: else it waits 20 ms at each test run.  Older
 * kernels take none here that steers. */
static inline void bed_stay_known(const struct bed_port *port, unsigned i)
{
	static const char *const peers[BED_LINKS] = { "acc0", "net0" };

	if (!port->instance || port->instance->xdp_fd >= 0)
		(void)bpf_xdp_attach(nl_test_index(bed_nl, peers[i]),
				     port->instance ? port->instance->xdp_fd : -1,
				     XDP_FLAGS_SKB_MODE, NULL);
}

/* As in the pipeline a new copy goes on with the counters of the one before. */
static inline void bed_load_port(struct bed *b, struct bed_port *port, const struct port_plan *plan)
{
	int counters = port->instance ? dup(instance_counters_fd(port->instance)) : -1;
	struct instance *next = test_load_live(plan, counters, b->live);

	if (counters >= 0)
		(void)close(counters);
	instance_free(port->instance);
	port->instance = next;
	bed_stay_known(port, (unsigned)(port - b->port));
	if (!port->counters.cpu)
		assert_int_equal(counter_block_map(instance_counters_fd(next), b->kernel.n_cpus,
						   &port->counters),
				 0);
}

static inline void bed_load(struct bed *b, const struct pipe_plan *plan)
{
	for (unsigned i = 0; i < BED_LINKS && !b->no_load; i++) {
		const struct port_plan *next = pipe_plan_find(plan, bed_link(b, i)->ifindex);
		const struct port_plan *old = pipe_plan_find(&b->plan, bed_link(b, i)->ifindex);

		if (next && !(old && port_plan_equal(old, next)))
			bed_load_port(b, &b->port[i], next);
	}
}

static inline const struct counter_block *bed_find_block(const void *source, int ifindex)
{
	const struct bed *b = source;

	for (unsigned i = 0; i < BED_LINKS; i++)
		if (b->port[i].instance && b->facts.links.at[i].ifindex == ifindex)
			return &b->port[i].counters;
	return NULL;
}

static inline struct counter_view bed_view(const struct bed *b)
{
	return (struct counter_view){ .find = bed_find_block, .source = b };
}

static inline int bed_try_sync(struct bed *b)
{
	const void *conf = bed_section(b, "shaper");
	struct counter_view view = bed_view(b);
	struct pipe_plan plan = { 0 };
	int r = classify_live_ops.wish(bed_live(b), conf, &b->facts, &b->d);

	if (!r)
		r = bed_plan(b, &plan);
	if (!r)
		r = classify_live_ops.prepare(bed_live(b), conf, &b->facts, &plan, &b->d);
	if (!r && b->fail)
		r = -EIO;
	b->fail = false;
	if (r) {
		classify_live_ops.revert(bed_live(b));
		pipe_plan_free(&plan);
		return r;
	}
	bed_load(b, &plan);
	classify_live_ops.settle(bed_live(b), &view);
	pipe_plan_free(&b->plan);
	b->plan = plan;
	return 0;
}

static inline void bed_sync(struct bed *b)
{
	int r = bed_try_sync(b);

	if (r)
		bed_complain(&b->d);
	assert_int_equal(r, 0);
}

/* Once a second. */
static inline void bed_tick(struct bed *b)
{
	struct counter_view view = bed_view(b);

	(void)classify_live_ops.tick(bed_live(b), &view);
}

/* Not yet synced: a test may change the facts first. */
static inline void bed_begin(struct bed *b, const char *yaml, const char *pins, const char *state)
{
	struct stage_host host = {
		.pins = pins, .state = state, .kernel = &b->kernel, .tell = bed_tell, .data = &b->told
	};

	NL_TEST_NEEDS_NAMESPACE(bed_nl);
	*b = (struct bed){ 0 };
	bed_add_links(b);
	b->model = bed_parse(b, yaml);
	pipe_kernel_probe(&b->kernel);
	assert_int_equal(classify_live_ops.open(&host, &b->live[STAGE_classify], &b->d), 0);
}

static inline void bed_open(struct bed *b, const char *yaml)
{
	bed_begin(b, yaml, NULL, NULL);
	bed_sync(b);
}

static inline int bed_try_reload(struct bed *b, const char *yaml)
{
	struct model *next = bed_parse(b, yaml);

	model_free(b->former);
	b->former = b->model;
	b->model = next;
	return bed_try_sync(b);
}

static inline void bed_reload(struct bed *b, const char *yaml)
{
	assert_int_equal(bed_try_reload(b, yaml), 0);
}

/* The daemon ends; what it pinned stays, its queues do too unless `stop`. */
static inline void bed_close_daemon(struct bed *b, bool stop)
{
	for (unsigned i = 0; i < BED_LINKS; i++) {
		counter_block_unmap(&b->port[i].counters);
		instance_free(b->port[i].instance);
		b->port[i].instance = NULL;
		bed_stay_known(&b->port[i], i);
	}
	pipe_plan_free(&b->plan);
	if (stop)
		classify_live_ops.stop(bed_live(b));
	classify_live_ops.close(bed_live(b));
	model_free(b->former);
	model_free(b->model);
	pipe_facts_free(&b->facts);
	strbuf_free(&b->told);
	diag_free(&b->d);
}

static inline void bed_close(struct bed *b)
{
	bed_close_daemon(b, true);
}

/* What was told since the last time. */
static inline void expect_told(struct bed *b, const char *want)
{
	assert_string_equal(strbuf_text(&b->told), want);
	strbuf_free(&b->told);
	b->told = (struct strbuf){ 0 };
}

/* --- who is where ------------------------------------------------------------------------------ */

static inline size_t bed_circuit(const struct bed *b, const char *id)
{
	int at = classify_world_find(bed_world(b), id);

	if (at < 0)
		fail_msg("no circuit %s", id);
	return (size_t)at;
}

static inline uint32_t bed_id(const struct bed *b, const char *id)
{
	return bed_world(b)->ids[bed_circuit(b, id)];
}

static inline const struct shaper_item *bed_item(const struct bed *b, const char *id)
{
	int at = bed_world(b)->items[bed_circuit(b, id)];

	return at < 0 ? NULL : &bed_world(b)->plan.items.at[at];
}

static inline uint32_t bed_handle(const struct bed *b, const char *id, bool upload)
{
	const struct shaper_plan *plan = &bed_world(b)->plan;
	const struct shaper_item *item = bed_item(b, id);

	if (!item)
		return 0;
	return upload ? shaper_handle_up(plan, item) : shaper_handle_down(plan, item);
}

static inline struct classify_count bed_count(const struct bed *b, const char *id)
{
	return classify_counts_of(bed_live(b), bed_id(b, id));
}

static inline struct pipe_count bed_counted(const struct bed *b, enum side side,
					    enum pipe_counter which)
{
	return counter_sum(&b->port[side].counters, which);
}

/* --- frames ------------------------------------------------------------------------------------ */

#define PEER4 "192.0.2.1"
#define PEER6 "2001:db8:ffff::1"

static inline void put_end(struct frame *f, const struct parse_view *v, const char *address,
			   bool source)
{
	const size_t size = v->family == 4 ? 4 : 16, first = v->family == 4 ? 12 : 8;
	struct net_prefix p;
	const char *wrong;

	assert_int_equal(net_prefix_parse(address, &p, &wrong), 0);
	assert_int_equal(p.family, v->family);
	memcpy(f->bytes + v->l3 + first + (source ? 0 : size), p.address, size);
}

/* Between a subscriber and somebody in the internet; `as` is everything but the addresses. */
static inline struct frame bed_frame(struct build as, const char *address, bool upload)
{
	struct frame f = { .len = 0 };
	struct parse_view v;

	as.family = strchr(address, ':') ? 6 : 4;
	as.proto = as.proto ? as.proto : 17;
	f.len = (unsigned)build_frame(f.bytes, &as, &v);
	put_end(&f, &v, address, upload);
	put_end(&f, &v, as.family == 4 ? PEER4 : PEER6, !upload);
	return f;
}

/* Where it arrives. */
static inline enum side side_of(bool upload)
{
	return upload ? ACCESS : INTERNET;
}

static inline struct outcome bed_arrive(const struct bed *b, enum side side, const struct frame *f)
{
	struct outcome out = { 0 };

	run_xdp(b->port[side].instance, f, &out);
	return out;
}

/* What TC's programs leave behind: verdict and priority. */
struct enqueued {
	int verdict;
	uint32_t priority;
};

static inline struct enqueued bed_tc(int program_fd, const struct frame *f, uint32_t priority)
{
	uint8_t out[FRAME_MAX];
	struct __sk_buff skb = { .priority = priority };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = f->bytes, .data_size_in = f->len,
		    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &skb,
		    .ctx_size_in = sizeof(skb), .ctx_out = &skb, .ctx_size_out = sizeof(skb),
		    .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(program_fd, &run), 0);
	assert_int_equal(run.data_size_out, f->len);
	assert_memory_equal(out, f->bytes, f->len);
	return (struct enqueued){ (int)run.retval, skb.priority };
}

static inline struct enqueued bed_leave_by(const struct bed *b, enum side side, const struct frame *f)
{
	return bed_tc(b->port[side].instance->egress_fd, f, 0);
}

/* --- commands and questions -------------------------------------------------------------------- */

/* As the bus hands it on, and the sync that follows. */
static inline int bed_try_command(struct bed *b, const char *name, const char *parameters,
				  const char **ret_wrong)
{
	const struct stage_command *c = classify_commands;
	json_t *in = json_loads(parameters, 0, NULL);
	int r;

	assert_non_null(in);
	while (strcmp(c->name, name))
		c++;
	r = c->run(bed_live(b), &b->facts, in, ret_wrong, &b->d);
	json_decref(in);
	return r ? r : bed_try_sync(b);
}

static inline void bed_command(struct bed *b, const char *name, const char *parameters)
{
	const char *wrong = NULL;
	int r = bed_try_command(b, name, parameters, &wrong);

	if (r)
		bed_complain(&b->d);
	assert_int_equal(r, 0);
	assert_null(wrong);
}

static inline int bed_try_ask(struct bed *b, const char *name, const char *parameters, json_t **ret,
			      const char **ret_wrong)
{
	const struct stage_query *q = find_query(classify_queries, name);
	json_t *in = json_loads(parameters, 0, NULL);
	int r;

	assert_non_null(in);
	r = q->run(bed_live(b), in, ret, ret_wrong, &b->d);
	json_decref(in);
	return r;
}

/* The answer, which is what the question's row says; the caller's. */
static inline json_t *bed_ask(struct bed *b, const char *name, const char *parameters)
{
	const char *wrong = NULL;
	json_t *answer = NULL;

	assert_int_equal(bed_try_ask(b, name, parameters, &answer, &wrong), 0);
	assert_null(wrong);
	assert_non_null(answer);
	expect_type(find_query(classify_queries, name)->out, answer);
	return answer;
}

/* The texts of `key` in the objects of a list, with spaces between. */
static inline void bed_column(const json_t *answer, const char *list, const char *key,
			      struct strbuf *out)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(answer, list), i, row)
		strbuf_addf(out, "%s%s", i ? " " : "",
			    json_string_value(json_object_get(row, key)) ?: "?");
}

static inline void expect_column(struct bed *b, const char *name, const char *parameters,
				 const char *list, const char *key, const char *want)
{
	json_t *answer = bed_ask(b, name, parameters);
	_cleanup_strbuf_ struct strbuf text = { 0 };

	bed_column(answer, list, key, &text);
	assert_string_equal(strbuf_text(&text), want);
	json_decref(answer);
}
