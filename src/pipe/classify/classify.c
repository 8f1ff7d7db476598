/* SPDX-License-Identifier: GPL-2.0-only */
/* The classify stage: which port looks up what, and one port's copy of the program. */
#include <bpf/libbpf.h>
#include <stdio.h>

#include "pipe/classify/live.h"
#include "pipe/counters.h"
#include "pipe/instance.h"
#include "pipe/target.h"

#include "pipe.skel.h" /* needs the types above */

enum classify_role { ROLE_ACCESS, ROLE_INTERNET, ROLE_STICK };

/* One port's share of the plan.  Who there is is not in it: subscribers come and go without a new
 * program, unless the tables must grow. */
struct classify_port {
	uint8_t on, role, xdp, egress, queues_on, steer;
	uint16_t access_vlan, internet_vlan;
	uint32_t queues, up_offset, ids;
	struct classify_sizes sizes;
};

/* --- plan -------------------------------------------------------------------------------------- */

/* Generic XDP would only come before TC, with the same skb, and cannot see tags beside the frame. */
static bool has_xdp(const struct pipe_link *link)
{
	return link->mode == XDP_MODE_NATIVE;
}

/* Before 6.3 frames of several buffers cannot be redirected, to a CPU neither. */
static bool can_steer(const struct port_plan *port, const struct pipe_link *link)
{
	return port->mode == XDP_MODE_NATIVE && (!port->frags || link->xmit_known) &&
	       target_may_redirect(link);
}

static int plan_port(const struct classify_world *w, const struct pipe_link *link,
		     const struct pipe_link *other, enum classify_role role, struct pipe_plan *plan)
{
	const bool queues = w->conf->mode.value == CLASSIFY_SHAPE;
	struct port_plan *port = pipe_plan_port(plan, link);
	struct classify_port *p = port ? port_plan_data(port, STAGE_classify) : NULL;

	if (!p)
		return -ENOMEM;
	*p = (struct classify_port){
		.on = true,
		.role = (uint8_t)role,
		.xdp = has_xdp(link),
		.queues_on = queues,
		.queues = w->plan.queues,
		.up_offset = w->plan.up_offset,
		.ids = w->id_room,
		.sizes = w->sizes,
	};
	if (role == ROLE_STICK) {
		p->access_vlan = (uint16_t)w->conf->access_vlan.value;
		p->internet_vlan = (uint16_t)w->conf->internet_vlan.value;
	}
	p->steer = queues && w->conf->steer.value && w->cpus > 1 && can_steer(port, link);
	/* Without queues what leaves is only counted, if nobody did where it arrived. */
	p->egress = queues || !other || !has_xdp(other);
	if (queues && port->mode == XDP_MODE_SKB)
		(void)snprintf(port->note, sizeof(port->note),
			       "what is shaped goes through TC alone: generic XDP would only come "
			       "before it");
	port->shaped |= queues;
	port->xdp |= p->xdp;
	port->egress |= p->egress;
	port->keep_tags |= port->mode == XDP_MODE_NATIVE;
	return 0;
}

static const struct pipe_link *find(const struct pipe_facts *facts, const struct conf_string *name)
{
	const struct pipe_link *link = pipe_facts_find(facts, name->text);

	return link && link->ifindex ? link : NULL;
}

static int classify_plan(const void *data, const struct pipe_facts *facts, struct pipe_plan *plan,
			 const void *live_data)
{
	const struct classify_live *live = live_data;
	const struct classify_conf *conf = data;
	const struct pipe_link *access = find(facts, &conf->access);
	const struct pipe_link *internet = find(facts, &conf->internet);
	const struct classify_world *w = live ? live->next : NULL;
	int r = 0;

	if (!w || !w->conf)
		return 0;
	if (w->stick)
		return access ? plan_port(w, access, access, ROLE_STICK, plan) : 0;
	if (access)
		r = plan_port(w, access, internet, ROLE_ACCESS, plan);
	if (!r && internet)
		r = plan_port(w, internet, access, ROLE_INTERNET, plan);
	return r;
}

/* --- one port's copy --------------------------------------------------------------------------- */

/* But those of classify_ask() stay: before 6.8 a global function is verified though nobody calls it. */
static void leave_out(struct pipe_bpf *bpf)
{
	struct bpf_map *const maps[] = {
		bpf->maps.classify_state,  bpf->maps.classify_hosts4, bpf->maps.classify_nets6,
		bpf->maps.classify_hosts6, bpf->maps.classify_counts, bpf->maps.classify_strangers,
	};

	for (size_t i = 0; i < ARRAY_LEN(maps); i++)
		(void)bpf_map__set_autocreate(maps[i], false);
}

static void use_maps(struct pipe_bpf *bpf, const struct classify_live *live, bool steer)
{
	const struct classify_table *table = live->next_table ?: live->table;

	(void)classify_maps_lend(classify_table_maps(table), bpf->obj);
	(void)bpf_map__reuse_fd(bpf->maps.classify_counts,
				live->next_counts_fd >= 0 ? live->next_counts_fd : live->counts_fd);
	(void)bpf_map__reuse_fd(bpf->maps.classify_strangers, live->strangers_fd);
	if (!steer)
		return;
	(void)bpf_map__set_autocreate(bpf->maps.cpus, true);
	(void)bpf_map__reuse_fd(bpf->maps.cpus, live->cpus_fd);
}

static void set_constants(struct pipe_bpf *bpf, const struct classify_port *p)
{
	bpf->rodata->classify_const.ids = p->ids;
	bpf->rodata->classify_const.queues = p->queues;
	bpf->rodata->classify_const.up_offset = p->up_offset;
	bpf->rodata->classify_const.access_vlan = p->access_vlan;
	bpf->rodata->classify_const.internet_vlan = p->internet_vlan;
}

static void classify_setup(const struct port_plan *port, struct pipe_bpf *bpf, struct switches *on,
			   void *live)
{
	const struct classify_port *p = port->data[STAGE_classify];

	if (!p || !p->on || !live) {
		leave_out(bpf);
		return;
	}
	use_maps(bpf, live, p->steer);
	set_constants(bpf, p);
	on->on[SWITCH_classify] = p->xdp;
	/* Without a tree it could not say that it was here: it is counted where it leaves. */
	on->on[SWITCH_classify_tc] = !p->xdp && port->tc && p->queues;
	on->on[SWITCH_classify_stick] = p->role == ROLE_STICK;
	on->on[SWITCH_classify_upload] = p->role == ROLE_ACCESS;
	on->on[SWITCH_classify_queues] = p->queues_on;
	on->on[SWITCH_classify_count] = true;
	on->on[SWITCH_classify_egress] = p->egress;
	on->on[SWITCH_pipe_headers] |= p->xdp || on->on[SWITCH_classify_tc];
	/* What XDP of the other port wrote is read here too. */
	on->on[SWITCH_pipe_metadata] |= p->queues_on;
	on->on[SWITCH_pipe_carry] |= p->xdp && p->queues_on;
	on->on[SWITCH_pipe_steer] |= p->steer;
}

/* --- show and explain -------------------------------------------------------------------------- */

static const struct stage_column columns[] = {
	{ "interface", "INTERFACE", false },
	{ "towards", "TOWARDS", false },
	{ "way", "WAY", false },
	{ "found", "FOUND", true },
	{ "followed", "FOLLOWED", true },
	{ "found_leaving", "LEAVING", true },
	{ "unknown", "UNKNOWN", true },
	{ "control", "CONTROL", true },
	{ "other", "OTHER", true },
	{ "not_steered", "STAYED", true },
	{ NULL },
};

static const char *const towards[] = { "subscribers", "internet", "both" };

static const char *way_of(const struct port_plan *port, const struct classify_port *p)
{
	if (p->xdp)
		return p->steer ? "xdp, steered" : "xdp";
	return port->tc && p->queues ? "tc" : "where it leaves";
}

static json_int_t packets(const struct counter_view *view, int ifindex, enum pipe_counter which)
{
	return (json_int_t)counter_view_sum(view, ifindex, which).packets;
}

static json_t *row_of(const struct port_plan *port, const struct classify_port *p,
		      const struct counter_view *v)
{
	const int i = port->ifindex;

	return json_pack(
		"{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "interface", port->name,
		"towards", towards[p->role], "way", way_of(port, p), "found",
		packets(v, i, COUNT_classify_found) + packets(v, i, COUNT_classify_found_tc),
		"followed", packets(v, i, COUNT_classify_followed), "found_leaving",
		packets(v, i, COUNT_classify_found_leaving), "unknown",
		packets(v, i, COUNT_classify_unknown) + packets(v, i, COUNT_classify_default_plan),
		"control", packets(v, i, COUNT_classify_control), "other",
		packets(v, i, COUNT_classify_not_ip) + packets(v, i, COUNT_classify_other_vlan),
		"not_steered", packets(v, i, COUNT_pipe_not_steered));
}

static json_t *classify_show(const struct pipe_plan *plan, const struct pipe_facts *facts,
			     const struct counter_view *counters, void *live)
{
	json_t *rows = json_array();

	vec_foreach(&plan->ports, port) {
		const struct classify_port *p = (*port)->data[STAGE_classify];

		if (p && p->on)
			(void)json_array_append_new(rows, row_of(*port, p, counters));
	}
	return rows;
}

static void classify_explain(const struct port_plan *port, const struct pipe_facts *facts,
			     struct strbuf *out, const void *data)
{
	static const char *const what[] = {
		[ROLE_ACCESS] = "its packets are uploads, known by their source",
		[ROLE_INTERNET] = "its packets are downloads, known by their destination",
		[ROLE_STICK] = "the VLAN tells uploads from downloads",
	};
	const struct classify_port *p = port->data[STAGE_classify];
	const struct classify_live *live = data;

	if (!p || !p->on || !live || !live->now)
		return;
	strbuf_addf(out, "shaper: towards %s: %s (%s)\n", towards[p->role], what[p->role],
		    way_of(port, p));
	if (p->role == ROLE_STICK)
		strbuf_addf(out, "shaper: subscribers are in VLAN %u, the internet in VLAN %u\n",
			    p->access_vlan, p->internet_vlan);
	if (!p->queues_on)
		strbuf_add(out, "shaper: packets are counted, not shaped\n");
	else
		strbuf_addf(out, "shaper: %zu subscriber%s in %u queue%s\n", live->now->n_circuits,
			    live->now->n_circuits == 1 ? "" : "s", p->queues,
			    p->queues == 1 ? "" : "s");
}

static int classify_preview(const void *data, const struct pipe_facts *facts, struct strbuf *out,
			    struct diag *d)
{
	static const struct classify_changes no_changes;
	static const struct shaper_past no_past;
	static const struct classify_sizes no_size;
	_cleanup_shaper_tree_ struct shaper_tree *tree = NULL;
	_cleanup_(classify_world_freep) struct classify_world *w = NULL;
	_cleanup_(classify_ids_free) struct classify_ids ids = { 0 };
	struct pipe_kernel kernel;
	size_t stale;
	struct classify_surroundings around = { .facts = facts,
						.changes = &no_changes,
						.past = &no_past,
						.sizes = &no_size,
						.ids = &ids,
						.ret_stale = &stale };
	int r = shaper_tree_new(NULL, NULL, &tree, d);

	pipe_kernel_probe(&kernel);
	around.cpus = kernel.n_cpus;
	around.tree = tree;
	if (!r)
		r = classify_world_make(data, &around, &w, d);
	if (!r)
		shaper_plan_format(&w->plan, &w->network, out);
	return r;
}

const struct stage_ops stage_classify = {
	.name = "classify",
	.title = "whose packet is it, and which queue is his",
	.schema = &classify_schema,
	.port_size = sizeof(struct classify_port),
	.check = classify_conf_check,
	.plan = classify_plan,
	.setup = classify_setup,
	.columns = columns,
	.show = classify_show,
	.explain = classify_explain,
	.preview = classify_preview,
	.live = &classify_live_ops,
};
