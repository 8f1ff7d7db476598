/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of the balance stage in the kernel: real interfaces in a namespace of the test's own, a
 * configuration synced as the pipeline does but for attaching, and packets through each input's copy.
 */
#pragma once

#include "nl/nl_test_util.h"
#include "pipe/parse_build.h"
#include "pipe/pipe_test_util.h"

#include "pipe/balance/balance_test_util.h"
#include "pipe/balance/hash.h"
#include "pipe/balance/maps.h"
#include "pipe.skel.h" /* needs the types above */

#define RUN_LINKS 12 /* eth1 to eth12 are real */
#define RUN_PORTS 4

static struct nl *run_nl;

/* --- the world --------------------------------------------------------------------------------- */

struct run_port {
	int ifindex;
	struct instance *instance;
	struct counter_block counters;
};

struct run {
	struct world world;
	struct model *former; /* of the configuration before: it may be looked at till a reload is over */
	struct pipe_plan plan;
	struct pipe_kernel kernel;
	void *live[STAGE_MAX];
	struct run_port port[RUN_PORTS]; /* eth1 is [0] */
	struct strbuf told;
	bool fail; /* the next sync does, after all is prepared */
};

/* Group setup: pairs of veth, which take redirects on every kernel. */
static int run_namespace(void **state)
{
	char name[IF_NAMESIZE], peer[IF_NAMESIZE];

	run_nl = nl_test_namespace();
	for (int i = 1; run_nl && i < RUN_LINKS; i += 2) {
		(void)snprintf(name, sizeof(name), "eth%d", i);
		(void)snprintf(peer, sizeof(peer), "eth%d", i + 1);
		if (nl_test_veth(run_nl, name, peer) < 0)
			return -1;
	}
	return 0;
}

static inline int run_index(unsigned number)
{
	char name[IF_NAMESIZE];

	(void)snprintf(name, sizeof(name), "eth%u", number);
	return number <= RUN_LINKS ? nl_test_index(run_nl, name) : 1000 + (int)number;
}

static inline void run_tell(const char *subject, const char *event, const char *text, void *data)
{
	strbuf_addf(data, "%s %s: %s\n", subject, event, text);
}

static inline struct balance_live *run_live(const struct run *r)
{
	return r->live[STAGE_balance];
}

static inline struct balancer *run_balancer(const struct run *r)
{
	return run_live(r)->balancers.at[0];
}

static inline void run_open_live(struct run *r, const char *pins, const char *state)
{
	struct stage_host host = {
		.pins = pins, .state = state, .kernel = &r->kernel, .tell = run_tell, .data = &r->told
	};

	assert_int_equal(balance_live_ops.open(&host, &r->live[STAGE_balance], &r->world.d), 0);
}

static inline const struct counter_block *run_find_block(const void *source, int ifindex)
{
	const struct run *r = source;

	for (unsigned i = 0; i < RUN_PORTS; i++)
		if (r->port[i].instance && r->port[i].ifindex == ifindex)
			return &r->port[i].counters;
	return NULL;
}

static inline struct watch_loss run_find_loss(const void *source, int ifindex)
{
	return (struct watch_loss){ .lost = (uint64_t)ifindex };
}

static inline struct counter_view run_view(const struct run *r)
{
	return (struct counter_view){ .find = run_find_block, .loss = run_find_loss, .source = r };
}

/* --- a sync ------------------------------------------------------------------------------------ */

static inline int run_plan(struct run *r, struct pipe_plan *plan)
{
	const struct section *bridge = model_section(r->world.model, "bridge");
	int e = stage_balance.plan(world_conf(&r->world), &r->world.facts, plan, run_live(r));

	if (!e && bridge->present)
		e = stage_bridge.plan(bridge->data, &r->world.facts, plan, NULL);
	return e;
}

/* As in the pipeline a new copy goes on with the counters of the one before. */
static inline void run_load_port(struct run *r, unsigned i, const struct port_plan *plan)
{
	struct run_port *port = &r->port[i];
	int counters = port->instance ? dup(instance_counters_fd(port->instance)) : -1;
	struct instance *next = test_load_live(plan, counters, r->live);

	if (counters >= 0)
		(void)close(counters);
	instance_free(port->instance);
	port->instance = next;
	port->ifindex = plan->ifindex;
	if (!port->counters.cpu)
		assert_int_equal(counter_block_map(instance_counters_fd(next), r->kernel.n_cpus,
						   &port->counters),
				 0);
}

static inline void run_load(struct run *r, const struct pipe_plan *plan)
{
	for (unsigned i = 0; i < RUN_PORTS; i++) {
		int ifindex = world_link(&r->world, i + 1)->ifindex;
		const struct port_plan *next = pipe_plan_find(plan, ifindex);
		const struct port_plan *old = pipe_plan_find(&r->plan, ifindex);

		if (next && !(old && port_plan_equal(old, next)))
			run_load_port(r, i, next);
	}
}

static inline int run_try_sync(struct run *r)
{
	struct counter_view view = run_view(r);
	struct pipe_plan plan = { 0 }, old = r->plan;
	int e = run_plan(r, &plan);

	if (!e)
		e = balance_live_ops.prepare(run_live(r), world_conf(&r->world), &r->world.facts,
					     &plan, &r->world.d);
	if (!e && r->fail)
		e = -EIO;
	r->fail = false;
	if (e) {
		balance_live_ops.revert(run_live(r));
		pipe_plan_free(&plan);
		return e;
	}
	run_load(r, &plan);
	balance_live_ops.settle(run_live(r), &view);
	r->plan = plan;
	pipe_plan_free(&old);
	return 0;
}

static inline void run_sync(struct run *r)
{
	assert_int_equal(run_try_sync(r), 0);
}

/* A command as the bus hands it on, and the sync that follows. */
static inline int run_try_command(struct run *r, const char *name, const char *parameters,
				  const char **ret_wrong)
{
	const struct stage_command *c = balance_commands;
	json_t *in = json_loads(parameters, 0, NULL);
	int e;

	assert_non_null(in);
	while (strcmp(c->name, name))
		c++;
	e = c->run(run_live(r), &r->world.facts, in, ret_wrong, &r->world.d);
	json_decref(in);
	return e ? e : run_try_sync(r);
}

static inline void run_command(struct run *r, const char *name, const char *parameters)
{
	const char *wrong = NULL;

	assert_int_equal(run_try_command(r, name, parameters, &wrong), 0);
	assert_null(wrong);
}

/* Once a second; syncs when the stage wants it. */
static inline bool run_tick(struct run *r)
{
	struct counter_view view = run_view(r);
	bool wanted = balance_live_ops.tick(run_live(r), &view);

	if (wanted)
		run_sync(r);
	return wanted;
}

/* Loaded, not yet synced: a test may change the facts first. */
static inline void run_begin(struct run *r, const char *yaml)
{
	*r = (struct run){ 0 };
	world_add_links(&r->world, run_index, TEST_LINKS);
	r->world.model = world_parse(&r->world, yaml);
	pipe_kernel_probe(&r->kernel);
}

static inline void run_open(struct run *r, const char *yaml)
{
	run_begin(r, yaml);
	run_open_live(r, NULL, NULL);
	run_sync(r);
}

static inline void run_reload(struct run *r, const char *yaml)
{
	struct model *next = world_parse(&r->world, yaml);

	model_free(r->former);
	r->former = r->world.model;
	r->world.model = next;
	run_sync(r);
}

static inline void run_forget_ports(struct run *r)
{
	for (unsigned i = 0; i < RUN_PORTS; i++) {
		counter_block_unmap(&r->port[i].counters);
		instance_free(r->port[i].instance);
		r->port[i] = (struct run_port){ 0 };
	}
	pipe_plan_free(&r->plan);
	r->plan = (struct pipe_plan){ 0 };
}

static inline void run_close(struct run *r)
{
	run_forget_ports(r);
	balance_live_ops.close(run_live(r));
	model_free(r->former);
	strbuf_free(&r->told);
	world_close(&r->world);
}

/* What was told since the last time. */
static inline void expect_told(struct run *r, const char *want)
{
	assert_string_equal(strbuf_text(&r->told), want);
	strbuf_free(&r->told);
	r->told = (struct strbuf){ 0 };
}

static inline struct pipe_count run_counted(const struct run *r, enum pipe_counter which)
{
	struct pipe_count sum = { 0 };

	for (unsigned i = 0; i < RUN_PORTS; i++)
		if (r->port[i].instance) {
			struct pipe_count c = counter_sum(&r->port[i].counters, which);

			sum.packets += c.packets;
			sum.bytes += c.bytes;
		}
	return sum;
}

/* --- flows and frames -------------------------------------------------------------------------- */

/* From `src` to `dst`: of IPv6 addresses these are the last words. */
struct flow {
	int family;
	uint8_t proto;
	uint32_t src, dst;
	uint16_t sport, dport;
};

static inline struct flow flow_number(int family, uint8_t proto, unsigned i)
{
	return (struct flow){ .family = family,
			      .proto = proto,
			      .src = 0x0a000001 + i * 7,
			      .dst = 0xc0a80001 + i / 3,
			      .sport = (uint16_t)(20000 + i * 13),
			      .dport = (uint16_t)(i % 5 ? 443 : 53) };
}

static inline struct flow flow_back(struct flow f)
{
	return (struct flow){ f.family, f.proto, f.dst, f.src, f.dport, f.sport };
}

static inline void put_address(uint8_t *at, int family, uint32_t address)
{
	if (family == 6)
		at = put(put(at, 0x20010db800000000, 8), 0, 4);
	(void)put(at, address, 4);
}

/* Writes the flow over the IP header at l3 and the ports at l4 (NULL: there are none). */
static inline void put_flow(uint8_t *l3, uint8_t *l4, const struct flow *f)
{
	const size_t source = f->family == 4 ? 12 : 8, size = f->family == 4 ? 4 : 16;

	put_address(l3 + source, f->family, f->src);
	put_address(l3 + source + size, f->family, f->dst);
	if (l4 && (f->proto == 6 || f->proto == 17))
		(void)put(put(l4, f->sport, 2), f->dport, 2);
}

/* `as`: everything but whose flow it is. */
static inline void make_frame(struct frame *frame, struct build as, const struct flow *f)
{
	struct parse_view v;

	as.family = f->family;
	as.proto = f->proto;
	frame->len = (unsigned)build_frame(frame->bytes, &as, &v);
	put_flow(frame->bytes + v.l3, as.frag == FRAG_LATER ? NULL : frame->bytes + v.l4, f);
}

/* --- where it must go -------------------------------------------------------------------------- */

static inline __u64 flow_end(const struct flow *f, bool to, bool ports)
{
	const uint32_t address = to ? f->dst : f->src;
	uint8_t bytes[16];
	uint32_t words[4];

	put_address(bytes, f->family, address);
	memcpy(words, bytes, sizeof(words));
	if (!ports || (f->proto != 6 && f->proto != 17))
		return f->family == 4 ? balance_end4(words[0], 0) : balance_end6(words, 0);
	return f->family == 4 ? balance_end4(words[0], to ? f->dport : f->sport) :
				balance_end6(words, to ? f->dport : f->sport);
}

static inline __u64 flow_hash_parts(const struct run *r, const struct flow *f, bool ports)
{
	const struct balancer_conf *conf = world_balancer(&r->world);
	const __u64 a = flow_end(f, false, ports), b = flow_end(f, true, ports);
	const __u64 seed = (__u64)conf->seed.value;

	return conf->policy.value == POLICY_FLOW_SYMMETRIC ?
		       balance_hash_symmetric(a, b, f->proto, seed) :
		       balance_hash_directed(a, b, f->proto, seed);
}

static inline __u64 flow_hash(const struct run *r, const struct flow *f)
{
	return flow_hash_parts(r, f, true);
}

static inline int run_owner(const struct run *r, __u64 hash)
{
	const struct balance_table *t = run_balancer(r)->table;

	return t->bucket[t->half & 1][balance_bucket(hash)];
}

static inline int flow_owner(const struct run *r, const struct flow *f)
{
	return run_owner(r, flow_hash(r, f));
}

static inline int slot_by_name(const struct run *r, const char *name)
{
	const struct balance_member *m = balancer_member(run_balancer(r), name);

	assert_non_null(m);
	return m->slot;
}

/* --- through an input -------------------------------------------------------------------------- */

enum hook { HOOK_XDP, HOOK_TC };
enum fate { FATE_NEXT, FATE_SENT, FATE_DROPPED };
static const enum hook hooks[] = { HOOK_XDP, HOOK_TC };

#define TC_NEXT (-1)
#define TC_SHOT 2
#define TC_REDIRECT 7

static inline void count_slots(const struct run_port *port, struct pipe_count *sums)
{
	memset(sums, 0, BALANCE_SLOTS * sizeof(*sums));
	for (unsigned cpu = 0; cpu < port->counters.n_cpus; cpu++)
		for (unsigned slot = 0; slot < BALANCE_SLOTS; slot++) {
			const volatile struct pipe_count *c =
				&port->counters.cpu[cpu].balance.target[slot];

			sums[slot].packets += c->packets;
			sums[slot].bytes += c->bytes;
		}
}

/* The slot in which this one packet was counted, or -1. */
static inline int slot_between(const struct pipe_count *before, const struct pipe_count *after,
			       unsigned len)
{
	int found = -1;

	for (int slot = 0; slot < BALANCE_SLOTS; slot++) {
		if (before[slot].packets == after[slot].packets)
			continue;
		assert_int_equal(found, -1);
		assert_int_equal(after[slot].packets - before[slot].packets, 1);
		assert_int_equal(after[slot].bytes - before[slot].bytes, len);
		found = slot;
	}
	return found;
}

static inline enum fate fate_of(enum hook hook, int verdict)
{
	switch (verdict) {
	case XDP_PASS: /* = TC_SHOT */
		return hook == HOOK_XDP ? FATE_NEXT : FATE_DROPPED;
	case XDP_REDIRECT:
		assert_int_equal(hook, HOOK_XDP);
		return FATE_SENT;
	case XDP_DROP:
		assert_int_equal(hook, HOOK_XDP);
		return FATE_DROPPED;
	case TC_REDIRECT:
		return FATE_SENT;
	}
	assert_int_equal(verdict, TC_NEXT);
	return FATE_NEXT;
}

/* One packet enters eth1 (input 0) or another; no byte of it changes.  Returns the slot. */
static inline int run_packet(const struct run *r, unsigned input, enum hook hook,
			     const struct frame *f, enum fate *ret_fate)
{
	const struct run_port *port = &r->port[input];
	struct pipe_count before[BALANCE_SLOTS], after[BALANCE_SLOTS];
	struct outcome out;

	count_slots(port, before);
	run_plain(hook == HOOK_XDP ? port->instance->xdp_fd : port->instance->tc_fd, f, &out);
	count_slots(port, after);
	assert_int_equal(out.frame.len, f->len);
	assert_memory_equal(out.frame.bytes, f->bytes, f->len);
	*ret_fate = fate_of(hook, out.verdict);
	return slot_between(before, after, f->len);
}

/* It is sent; returns the slot of the target. */
static inline int run_sent(const struct run *r, unsigned input, enum hook hook, const struct frame *f)
{
	enum fate fate;
	int slot = run_packet(r, input, hook, f, &fate);

	assert_int_equal(fate, FATE_SENT);
	assert_int_not_equal(slot, -1);
	return slot;
}

static inline int run_flow(const struct run *r, unsigned input, enum hook hook, struct build as,
			   const struct flow *f)
{
	struct frame frame;

	make_frame(&frame, as, f);
	return run_sent(r, input, hook, &frame);
}

/* It is not sent, and no target's counter moves. */
static inline void expect_fate(const struct run *r, enum hook hook, const struct frame *f,
			       enum fate want)
{
	enum fate fate;

	assert_int_equal(run_packet(r, 0, hook, f, &fate), -1);
	assert_int_equal(fate, want);
}

/* The programs of that hook, whatever the interfaces could. */
static inline void run_choose_hook(struct run *r, enum hook hook)
{
	for (unsigned i = 1; i <= RUN_PORTS; i++)
		world_link(&r->world, i)->mode = hook == HOOK_XDP ? XDP_MODE_NATIVE : XDP_MODE_TC;
}

static inline void run_open_hook(struct run *r, const char *yaml, enum hook hook)
{
	run_begin(r, yaml);
	run_choose_hook(r, hook);
	run_open_live(r, NULL, NULL);
	run_sync(r);
}
