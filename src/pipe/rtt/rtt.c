/* SPDX-License-Identifier: GPL-2.0-only */
/* The rtt stage: it goes wherever classify goes, and one port's copy of the program. */
#include <bpf/libbpf.h>

#include "pipe/instance.h"
#include "pipe/rtt/live.h"
#include "pipe/stage.h"

#include "pipe.skel.h" /* needs the types above */

#define IDLE_SECONDS 120

/* One port's share of the plan: what its copy is made with. */
struct rtt_port {
	struct rtt_const constants;
	uint32_t on;
	uint32_t sets; /* other sets are other maps */
};

/* --- plan -------------------------------------------------------------------------------------- */

static uint32_t to_jiffies(const struct rtt_live *live, int64_t milliseconds)
{
	const uint64_t ns = (uint64_t)milliseconds * 1000000;

	return (uint32_t)((ns + live->jiffy_ns - 1) / live->jiffy_ns);
}

static unsigned log2_of(size_t n)
{
	unsigned bits = 0;

	while (n >> (bits + 1))
		bits++;
	return bits;
}

static void set_port(struct rtt_port *p, const struct rtt_conf *conf, const struct rtt_live *live)
{
	const size_t sets = rtt_maps_sets((size_t)conf->flows.value);

	*p = (struct rtt_port){
		.on = true,
		.sets = (uint32_t)sets,
		.constants = {
			.seed = live->seed,
			.shift = 64 - log2_of(sets),
			.age_shift = live->age_shift,
			.idle = (uint32_t)(IDLE_SECONDS / rtt_live_age_seconds(live, 1)),
			.rest = to_jiffies(live, conf->rest.value),
			.timestamps = conf->timestamps.value,
			.sequence = conf->sequence.value,
			.handshake = conf->handshake.value,
			.details = conf->details.value,
			.test_clock = live->test_clock,
		},
	};
}

static bool measures(const struct rtt_conf *conf)
{
	return conf->timestamps.value || conf->sequence.value || conf->handshake.value ||
	       conf->details.value;
}

static int rtt_plan(const void *data, const struct pipe_facts *facts, struct pipe_plan *plan,
		    const void *live)
{
	const struct rtt_conf *conf = data;

	if (!live || !measures(conf))
		return 0;
	vec_foreach(&plan->ports, port) {
		struct rtt_port *p;

		if (!(*port)->data[STAGE_classify])
			continue;
		p = port_plan_data(*port, STAGE_rtt);
		if (!p)
			return -ENOMEM;
		set_port(p, conf, live);
	}
	return 0;
}

/* --- one port's copy --------------------------------------------------------------------------- */

static const struct rtt_maps *maps_of(const struct rtt_live *live)
{
	return live->next_maps ?: live->maps;
}

/* Without it the maps stay as they are, small: before 6.8 functions are verified that nobody calls. */
static void rtt_setup(const struct port_plan *port, struct pipe_bpf *bpf, struct switches *on,
		      void *live)
{
	const struct rtt_port *p = port->data[STAGE_rtt];

	if (!p || !p->on || !live || !maps_of(live))
		return;
	(void)rtt_maps_lend(maps_of(live), bpf->obj);
	memcpy(&bpf->rodata->rtt_const, &p->constants, sizeof(p->constants));
	/* Where the subscriber is looked up, there he is measured. */
	on->on[SWITCH_rtt] = on->on[SWITCH_classify];
	on->on[SWITCH_rtt_tc] = on->on[SWITCH_classify_tc];
	on->on[SWITCH_rtt_egress] = on->on[SWITCH_classify_egress];
	on->on[SWITCH_rtt_timestamps] = p->constants.timestamps;
	on->on[SWITCH_rtt_udp] = p->constants.details;
	on->on[SWITCH_pipe_l4] = true;
}

/* --- show and explain -------------------------------------------------------------------------- */

static const struct stage_column columns[] = {
	{ "interface", "INTERFACE", false },
	{ "measures", "MEASURES", false },
	{ "flows", "FLOWS", true },
	{ NULL },
};

static void add_word(struct strbuf *out, bool on, const char *word)
{
	if (on)
		strbuf_addf(out, "%s%s", strbuf_text(out)[0] ? ", " : "", word);
}

static void describe(const struct rtt_const *c, struct strbuf *out)
{
	add_word(out, c->timestamps, "timestamps");
	add_word(out, c->sequence, "sequence");
	add_word(out, c->handshake, "handshake");
	add_word(out, c->details, "details");
}

static json_t *rtt_show(const struct pipe_plan *plan, const struct pipe_facts *facts,
			const struct counter_view *counters, void *live)
{
	json_t *rows = json_array();

	vec_foreach(&plan->ports, port) {
		const struct rtt_port *p = (*port)->data[STAGE_rtt];
		_cleanup_strbuf_ struct strbuf text = { 0 };

		if (!p || !p->on)
			continue;
		describe(&p->constants, &text);
		(void)json_array_append_new(
			rows, json_pack("{s:s, s:s, s:I}", "interface", (*port)->name, "measures",
					strbuf_text(&text), "flows", (json_int_t)p->sets * RTT_WAYS));
	}
	return rows;
}

static void rtt_explain(const struct port_plan *port, const struct pipe_facts *facts,
			struct strbuf *out, const void *live)
{
	const struct rtt_port *p = port->data[STAGE_rtt];
	_cleanup_strbuf_ struct strbuf text = { 0 };

	if (!p || !p->on)
		return;
	describe(&p->constants, &text);
	strbuf_addf(out, "rtt: round trips of subscribers are measured (%s)\n", strbuf_text(&text));
}

const struct stage_ops stage_rtt = {
	.name = "rtt",
	.title = "how long subscribers wait",
	.schema = &rtt_schema,
	.needs = &stage_classify,
	.port_size = sizeof(struct rtt_port),
	.check = rtt_conf_check,
	.plan = rtt_plan,
	.setup = rtt_setup,
	.columns = columns,
	.show = rtt_show,
	.explain = rtt_explain,
	.live = &rtt_live_ops,
};
