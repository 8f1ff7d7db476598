/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of the rtt stage: the shaper's bed with rtt on top, a clock that the test turns, TCP
 * segments through the programs, and what samples come of each.
 */
#pragma once

#include <arpa/inet.h>
#include <linux/pkt_cls.h>
#include <sched.h>

#include "pipe/classify/classify_test_util.h"
#include "pipe/rtt/live.h"

#define TALK_CONF(options) BED_TWO "  steer: false\n" BED_PEOPLE "rtt: {" options "}\n"
#define TALK_BRIDGE                       \
	"bridge:\n  interface_mapping:\n" \
	"  - { name: acc, redirect_to: net }\n  - { name: net, redirect_to: acc }\n"
#define TALK_HOST "100.64.0.5"
#define TALK_NEAR_PORT 40000
#define TALK_FAR_PORT 443
#define TALK_GOT_MAX 16
#define MS 1000000ull
#define SECOND (1000 * MS)
#define TALK_BEGIN (1000 * SECOND)

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
enum talk_way { TALK_XDP, TALK_TC, TALK_EGRESS };

struct talk {
	struct bed bed;
	struct rtt_live *rtt;
	uint64_t ns;
	enum talk_way way;
	uint64_t got[TALK_GOT_MAX]; /* samples of the last segment */
	unsigned n;
};

/* One segment; what is not said is usual. */
struct seg {
	const char *who; /* the subscriber's address; NULL: TALK_HOST */
	bool up;
	uint16_t near_port, far_port;
	uint8_t flags; /* 0: ACK */
	uint32_t seq, ack;
	bool stamps;
	uint32_t value, echo;
	int payload;
	struct build as; /* what is around it */
};

#define DOWN .up = false
#define UP .up = true
#define STAMPS(v, e) .stamps = true, .value = (v), .echo = (e)
#define SEQ(s, a) .seq = (s), .ack = (a)
#define DATA(n) .payload = (n)

static const bool talk_ways[] = { false, true };
#define foreach_way(way) \
	for (const bool *way = talk_ways; way < talk_ways + ARRAY_LEN(talk_ways); way++)

/* The side that is measured by answers to what goes this way. */
static inline unsigned side_towards(bool up)
{
	return up ? RTT_INTERNET : RTT_ACCESS;
}

/* --- the bed ----------------------------------------------------------------------------------- */

static inline void talk_set_clock(struct talk *t, uint64_t ns)
{
	t->ns = ns;
	t->rtt->maps->clock->ns = ns;
	t->rtt->maps->clock->jiffies = 1000000 + ns / t->rtt->jiffy_ns;
}

static inline void talk_pass(struct talk *t, uint64_t ns)
{
	talk_set_clock(t, t->ns + ns);
}

static inline int talk_plan(struct talk *t, struct pipe_plan *plan)
{
	const void *conf = bed_section(&t->bed, "rtt");
	int r = bed_plan(&t->bed, plan);

	return !r && conf ? stage_rtt.plan(conf, &t->bed.facts, plan, t->rtt) : r;
}

static inline void talk_sync(struct talk *t)
{
	struct bed *b = &t->bed;
	const void *shaper = bed_section(b, "shaper"), *conf = bed_section(b, "rtt");
	struct counter_view view = bed_view(b);
	struct pipe_plan plan = { 0 };
	int r = classify_live_ops.wish(bed_live(b), shaper, &b->facts, &b->d);

	r = r ? r : rtt_live_ops.wish(t->rtt, conf, &b->facts, &b->d);
	r = r ? r : talk_plan(t, &plan);
	r = r ? r : classify_live_ops.prepare(bed_live(b), shaper, &b->facts, &plan, &b->d);
	r = r ? r : rtt_live_ops.prepare(t->rtt, conf, &b->facts, &plan, &b->d);
	if (r)
		bed_complain(&b->d);
	assert_int_equal(r, 0);
	bed_load(b, &plan);
	classify_live_ops.settle(bed_live(b), &view);
	rtt_live_ops.settle(t->rtt, &view);
	pipe_plan_free(&b->plan);
	b->plan = plan;
	if (t->rtt->maps)
		talk_set_clock(t, t->ns);
}

/* To verify the programs takes long, so a test finds those of the one before; with an empty table. */
static struct talk talk_shared;
static const char *talk_yaml;

static inline void talk_close(struct talk *t)
{
	struct rtt_live *live = t->rtt;

	talk_yaml = NULL;
	if (!live)
		return;
	bed_close(&t->bed);
	rtt_live_ops.close(live);
	t->rtt = NULL;
}

static inline int talk_leave(void **state)
{
	talk_close(&talk_shared);
	return bed_leave(state);
}

/* Not yet synced: a test may change the facts first.  The same seed: the same sets each time. */
static inline struct talk *talk_begin(const char *yaml)
{
	struct talk *t = &talk_shared;
	struct stage_host host = { 0 };
	void *live = NULL;

	talk_close(t);
	*t = (struct talk){ .ns = TALK_BEGIN };
	bed_begin(&t->bed, yaml, NULL, NULL);
	host.kernel = &t->bed.kernel;
	assert_int_equal(rtt_live_ops.open(&host, &live, &t->bed.d), 0);
	t->rtt = live;
	t->rtt->test_clock = true;
	t->rtt->seed = 0x5eed;
	t->bed.live[STAGE_rtt] = live;
	return t;
}

static inline void talk_empty(struct talk *t)
{
	const struct rtt_maps *m = t->rtt->maps;

	for (unsigned i = 0; i < RTT_MAPS; i++)
		memset(m->array[i].at, 0, m->array[i].bytes);
	memset(t->rtt->tails, 0, t->rtt->n_cpus * sizeof(*t->rtt->tails));
	for (uint32_t id = 0; id < bed_live(&t->bed)->ids.all.n; id++)
		rtt_store_clear(t->rtt->store, id);
	t->n = 0;
	talk_set_clock(t, TALK_BEGIN);
}

static inline struct talk *talk_open(const char *yaml)
{
	struct talk *t = &talk_shared;

	NL_TEST_NEEDS_NAMESPACE(bed_nl);
	if (talk_yaml && !strcmp(talk_yaml, yaml)) {
		talk_empty(t);
		return t;
	}
	t = talk_begin(yaml);
	talk_sync(t);
	talk_yaml = yaml;
	return t;
}

static inline void talk_reload(struct talk *t, const char *yaml)
{
	struct model *next = bed_parse(&t->bed, yaml);

	talk_yaml = NULL; /* the next test begins anew */
	model_free(t->bed.former);
	t->bed.former = t->bed.model;
	t->bed.model = next;
	talk_sync(t);
}

/* --- segments ---------------------------------------------------------------------------------- */

static inline void seg_put_tcp(uint8_t *tcp, const struct seg *s)
{
	static const uint8_t usual[4] = { BUILD_TSVAL >> 24, BUILD_TSVAL >> 16 & 255,
					  BUILD_TSVAL >> 8 & 255, BUILD_TSVAL & 255 };
	const size_t options = (size_t)(tcp[12] >> 4) * 4 - 20;
	uint8_t *at = options ? memmem(tcp + 20, options, usual, sizeof(usual)) : NULL;

	put(put(tcp + 4, s->seq, 4), s->ack, 4);
	tcp[13] = s->flags ? s->flags : ACK;
	if (at)
		put(put(at, s->value, 4), s->echo, 4);
}

static inline struct frame seg_frame(const struct seg *s)
{
	const char *who = s->who ? s->who : TALK_HOST;
	const uint16_t near = s->near_port ? s->near_port : TALK_NEAR_PORT;
	const uint16_t far = s->far_port ? s->far_port : TALK_FAR_PORT;
	struct build as = s->as;
	struct parse_view v;
	struct frame f;

	as.family = strchr(who, ':') ? 6 : 4;
	as.proto = as.proto ? as.proto : 6;
	as.payload = s->payload;
	if (s->stamps && !as.opt)
		as.opt = OPT_USUAL;
	f.len = (unsigned)build_frame(f.bytes, &as, &v);
	put_end(&f, &v, who, s->up);
	put_end(&f, &v, as.family == 4 ? PEER4 : PEER6, !s->up);
	put(put(f.bytes + v.l4, s->up ? near : far, 2), s->up ? far : near, 2);
	if (as.proto == 6)
		seg_put_tcp(f.bytes + v.l4, s);
	return f;
}

/* Where it is looked at. */
static inline int talk_program(const struct talk *t, bool up)
{
	const struct instance *in = t->bed.port[side_of(up)].instance;

	if (t->way == TALK_EGRESS)
		return t->bed.port[side_of(!up)].instance->egress_fd;
	return t->way == TALK_XDP ? in->xdp_fd : in->tc_fd;
}

static inline void talk_run(const struct talk *t, bool up, const struct frame *f)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = f->bytes, .data_size_in = f->len, .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(talk_program(t, up), &run), 0);
}

/* As the daemon does, but for what is made of them. */
static inline void talk_collect(struct talk *t)
{
	t->n = 0;
	for (unsigned cpu = 0; cpu < t->rtt->n_cpus; cpu++) {
		volatile __u64 *ring = t->rtt->maps->samples + (size_t)cpu * RTT_SAMPLES;
		uint32_t *tail = &t->rtt->tails[cpu];
		uint64_t sample;

		while ((sample = ring[*tail % RTT_SAMPLES])) {
			ring[(*tail)++ % RTT_SAMPLES] = 0;
			assert_true(t->n < TALK_GOT_MAX);
			t->got[t->n++] = sample;
		}
	}
}

static inline void talk_send(struct talk *t, const struct seg *s)
{
	struct frame f = seg_frame(s);

	talk_run(t, s->up, &f);
	talk_collect(t);
}

/* --- what comes of them ------------------------------------------------------------------------ */

static const struct {
	const char *address, *id;
} talk_people[] = { { TALK_HOST, "host" },
		    { "100.64.9.7", "prefix" },
		    { "2001:db8:1::5", "host6" },
		    { "2001:db8:2:3::77", "net64" } };

static inline uint32_t talk_id(const struct talk *t, const char *who)
{
	for (size_t i = 0; i < ARRAY_LEN(talk_people); i++)
		if (!strcmp(talk_people[i].address, who ? who : TALK_HOST))
			return bed_id(&t->bed, talk_people[i].id);
	return CLASSIFY_ID_DEFAULT;
}

/* As times are noted. */
static inline uint32_t talk_units(uint64_t ns)
{
	return (uint32_t)(ns >> RTT_UNIT_SHIFT) & ~1u;
}

static inline void talk_complain(const struct talk *t, int line, const char *want)
{
	print_error("line %d: %s, got %u sample%s\n", line, want, t->n, t->n == 1 ? "" : "s");
	for (unsigned i = 0; i < t->n; i++)
		print_error("  id %u side %u kind %u units %u (%.3f ms)\n",
			    RTT_SAMPLE_ID(t->got[i]), (unsigned)RTT_SAMPLE_SIDE(t->got[i]),
			    (unsigned)RTT_SAMPLE_KIND(t->got[i]), RTT_SAMPLE_UNITS(t->got[i]),
			    RTT_SAMPLE_UNITS(t->got[i]) * 1.024e-3);
}

static inline void talk_expect_none(struct talk *t, const struct seg *s, const char *file, int line)
{
	talk_send(t, s);
	if (!t->n)
		return;
	talk_complain(t, line, "expected no sample");
	_fail(file, line);
}

static inline void talk_expect_one(struct talk *t, const struct seg *s, uint64_t want,
				   const char *file, int line)
{
	char text[96];

	talk_send(t, s);
	if (t->n == 1 && t->got[0] == want)
		return;
	(void)snprintf(text, sizeof(text), "expected id %u side %u kind %u units %u",
		       RTT_SAMPLE_ID(want), (unsigned)RTT_SAMPLE_SIDE(want),
		       (unsigned)RTT_SAMPLE_KIND(want), RTT_SAMPLE_UNITS(want));
	talk_complain(t, line, text);
	_fail(file, line);
}

static inline uint64_t talk_want(const struct talk *t, const char *who, unsigned side,
				 unsigned kind, uint64_t ns)
{
	const uint32_t units = talk_units(t->ns) - talk_units(t->ns - ns);

	return RTT_SAMPLE(talk_id(t, who), side, kind, units);
}

/* What follows are fields of struct seg. */
#define quiet(t, ...) talk_expect_none(t, &(struct seg){ __VA_ARGS__ }, __FILE__, __LINE__)
/* One sample of just that, and as long as `ns`. */
#define heard(t, side, kind, ns, ...) \
	talk_heard(t, &(struct seg){ __VA_ARGS__ }, side, kind, ns, __FILE__, __LINE__)

static inline void talk_heard(struct talk *t, const struct seg *s, unsigned side, unsigned kind,
			      uint64_t ns, const char *file, int line)
{
	talk_expect_one(t, s, talk_want(t, s->who, side, kind, ns), file, line);
}

static inline struct rtt_cpu talk_sums(const struct talk *t)
{
	return rtt_live_sums(t->rtt);
}

/* All samples into the ring of one CPU. */
static inline void talk_stay(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned)sched_getcpu(), &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* --- the table of flows ------------------------------------------------------------------------ */

static inline struct rtt_flow *flow_at(const struct talk *t, size_t place)
{
	return rtt_flow_at(t->rtt->maps->flows, t->rtt->maps->details, place);
}

static inline size_t flows_used(const struct talk *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->rtt->maps->n_sets * RTT_WAYS; i++)
		n += flow_at(t, i)->tag != 0;
	return n;
}

/* The place of the flow with this port of the subscriber's; -1: none. */
static inline ssize_t find_place(const struct talk *t, uint16_t near_port)
{
	const struct rtt_maps *m = t->rtt->maps;

	for (size_t i = 0; i < m->n_sets * RTT_WAYS; i++)
		if (flow_at(t, i)->tag && rtt_details_at(m->flows, i)->near_port == htons(near_port))
			return (ssize_t)i;
	return -1;
}

static inline const struct rtt_details *find_details(const struct talk *t, uint16_t near_port)
{
	const ssize_t place = find_place(t, near_port);

	assert_true(place >= 0);
	assert_int_equal(rtt_details_at(t->rtt->maps->flows, (size_t)place)->tag,
			 flow_at(t, (size_t)place)->tag);
	return rtt_details_at(t->rtt->maps->flows, (size_t)place);
}
