/* SPDX-License-Identifier: GPL-2.0-only */
/* The balance stage: which inputs spread to where by which way, and one input's copy of the program. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pipe/balance/conf.h"
#include "pipe/balance/live.h"
#include "pipe/balance/maps.h"
#include "pipe/target.h"

#include "pipe.skel.h" /* needs the types above */

/* One input's share of the plan; which targets there are is not in it, so that they come and go
 * without a new program. */
struct balance_port {
	uint64_t key; /* of the balancer's name */
	uint64_t seed;
	uint32_t flows; /* 0 = nothing drains */
	uint8_t xdp, policy, drop, defer;
	char name[BALANCER_NAME];
};

/* --- plan -------------------------------------------------------------------------------------- */

/* It cannot be sent to by redirect: XDP hands its packets to TC. */
static bool target_needs_tc(struct port_plan *port, const char *name, const struct pipe_facts *facts)
{
	const struct pipe_link *target = pipe_facts_find(facts, name);

	if (!target || !target->ifindex || target_takes_redirects(target, port->frags))
		return false;
	target_note(port, target, "sent to");
	return true;
}

static bool needs_tc(struct port_plan *port, const struct balancer_conf *conf,
		     const struct balance_goals *goals, const struct pipe_facts *facts)
{
	bool needs = balancer_conf_none(conf) == NONE_BACKUP && conf->backup.text &&
		     target_needs_tc(port, conf->backup.text, facts);

	vec_foreach(&goals->all, goal)
		needs |= target_needs_tc(port, goal->name, facts);
	return needs;
}

/* What one native input cannot redirect to, for larger frames than the others have, none of them
 * does: they share the table of ports. */
static bool any_defers(const struct balancer_conf *conf, const struct balance_goals *goals,
		       const struct pipe_facts *facts, struct pipe_plan *plan)
{
	bool any = false;

	for (size_t i = 0; i < conf->in.n; i++) {
		const struct pipe_link *link = pipe_facts_find(facts, INPUTS(conf)[i].text);
		struct port_plan *port = NULL;

		if (link && link->ifindex && link->mode == XDP_MODE_NATIVE)
			port = pipe_plan_port(plan, link);
		any |= port && needs_tc(port, conf, goals, facts);
	}
	return any;
}

/* Draining goes on in the packet path until its traces are out of the table. */
static bool is_draining(const struct balancer_conf *conf, const struct balance_goals *goals,
			const struct balance_live *live)
{
	const struct balancer *b = live ? balance_live_find(live, balancer_conf_name(conf)) : NULL;

	if (conf->policy.value == POLICY_ROUND_ROBIN)
		return false;
	vec_foreach(&goals->all, goal)
		if (goal->drain && !goal->drained)
			return true;
	return b && b->draining;
}

static void choose_way(struct port_plan *port, struct balance_port *p, const struct pipe_link *link,
		       const struct balancer_conf *conf, const struct balance_goals *goals,
		       const struct pipe_facts *facts, struct pipe_plan *plan)
{
	/* Shaped and generic: TC alone, see the bridge's choose_way(). */
	p->xdp = port->mode == XDP_MODE_NATIVE || (port->mode == XDP_MODE_SKB && !port->shaped);
	if (port->mode == XDP_MODE_NATIVE && !target_may_redirect(link)) {
		p->xdp = false;
		(void)snprintf(port->note, sizeof(port->note),
			       "the driver %s runs XDP but does not redirect: balanced through TC, "
			       "which is slower",
			       link->driver);
	}
	p->defer = p->xdp && (port->shaped || any_defers(conf, goals, facts, plan));
	port->xdp |= p->xdp;
	port->tc |= !p->xdp || p->defer;
}

static int plan_input(const struct balancer_conf *conf, const char *name,
		      const struct balance_goals *goals, const struct pipe_facts *facts,
		      struct pipe_plan *plan, const struct balance_live *live)
{
	const struct pipe_link *link = pipe_facts_find(facts, name);
	struct balance_port *p;
	struct port_plan *port;

	if (!link || !link->ifindex)
		return 0;
	port = pipe_plan_port(plan, link);
	p = port ? port_plan_data(port, STAGE_balance) : NULL;
	if (!p)
		return -ENOMEM;
	(void)snprintf(p->name, sizeof(p->name), "%s", balancer_conf_name(conf));
	p->key = balance_key(p->name);
	p->seed = (uint64_t)conf->seed.value;
	p->policy = (uint8_t)conf->policy.value;
	p->drop = balancer_conf_none(conf) == NONE_DROP;
	p->flows = is_draining(conf, goals, live) ? (uint32_t)conf->drain.flows.value : 0;
	choose_way(port, p, link, conf, goals, facts, plan);
	port->promisc = true;
	port->keep_tags |= port->mode == XDP_MODE_NATIVE;
	return 0;
}

static int plan_balancer(const struct balancer_conf *conf, const struct pipe_facts *facts,
			 struct pipe_plan *plan, const struct balance_live *live)
{
	struct balance_goals goals = { 0 };
	int r = balance_goals_make(conf, balance_live_changes(live), &goals);

	for (size_t i = 0; i < conf->in.n && !r; i++)
		r = plan_input(conf, INPUTS(conf)[i].text, &goals, facts, plan, live);
	balance_goals_free(&goals);
	return r;
}

static int balance_plan(const void *data, const struct pipe_facts *facts, struct pipe_plan *plan,
			const void *live)
{
	const struct balance_conf *conf = data;
	int r = 0;

	for (size_t i = 0; i < conf->balancers.n && !r; i++)
		r = plan_balancer(&BALANCERS(conf)[i], facts, plan, live);
	return r;
}

/* --- one input's copy -------------------------------------------------------------------------- */

static void use_maps(struct pipe_bpf *bpf, const struct balancer *b, const struct balance_port *p)
{
	(void)bpf_map__reuse_fd(bpf->maps.balance_table, b->table_fd);
	(void)bpf_map__reuse_fd(bpf->maps.balance_ports, b->ports_fd);
	(void)bpf_map__reuse_fd(bpf->maps.balance_fragments, b->fragments_fd);
	if (p->flows && b->flows_fd >= 0)
		(void)bpf_map__reuse_fd(bpf->maps.balance_flows, b->flows_fd);
}

static void leave_out(struct pipe_bpf *bpf, bool all)
{
	(void)bpf_map__set_autocreate(bpf->maps.balance_flows, false);
	if (!all)
		return;
	(void)bpf_map__set_autocreate(bpf->maps.balance_table, false);
	(void)bpf_map__set_autocreate(bpf->maps.balance_ports, false);
	(void)bpf_map__set_autocreate(bpf->maps.balance_fragments, false);
}

static void balance_setup(const struct port_plan *port, struct pipe_bpf *bpf, struct switches *on,
			  void *live)
{
	const struct balance_port *p = port->data[STAGE_balance];
	const struct balancer *b = p && live ? balance_live_find(live, p->name) : NULL;

	if (!p || !b || !p->flows)
		leave_out(bpf, !p || !b);
	if (!p || !b)
		return;
	use_maps(bpf, b, p);
	bpf->rodata->balance_const.seed = p->seed;
	bpf->rodata->balance_const.symmetric = p->policy == POLICY_FLOW_SYMMETRIC;
	bpf->rodata->balance_const.line_mask = b->n_lines ? b->n_lines - 1 : 0;
	on->on[SWITCH_balance] = p->xdp;
	on->on[SWITCH_balance_tc] = !p->xdp || p->defer;
	on->on[SWITCH_balance_turns] = p->policy == POLICY_ROUND_ROBIN;
	on->on[SWITCH_balance_symmetric] = p->policy == POLICY_FLOW_SYMMETRIC;
	on->on[SWITCH_balance_drain] = p->flows != 0;
	on->on[SWITCH_balance_defer] = p->defer;
	on->on[SWITCH_balance_drop] = p->drop;
	on->on[SWITCH_pipe_metadata] |= p->defer;
	on->on[SWITCH_pipe_headers] |= p->policy != POLICY_ROUND_ROBIN;
	on->on[SWITCH_pipe_l4] |= p->policy != POLICY_ROUND_ROBIN;
}

/* --- in words ---------------------------------------------------------------------------------- */

static void explain_members(const struct balancer *b, struct strbuf *out)
{
	vec_foreach(&b->members.all, m)
		if (!m->backup)
			strbuf_addf(out, "balance: %s, weight %u, has %.1f %% of it (%s)\n",
				    m->goal.name, m->goal.weight,
				    100.0 * balancer_owned(b, m->slot) / BALANCE_BUCKETS,
				    balance_state_name(m->state));
}

static void explain_none(const struct balancer *b, struct strbuf *out)
{
	static const char *const what[] = {
		[NONE_PASS] = "are left to the next stage or the kernel",
		[NONE_DROP] = "are dropped",
		[NONE_BACKUP] = "go to the backup",
	};

	strbuf_addf(out, "balance: when no target is up, packets %s%s\n", what[b->rules.none],
		    b->on_backup ? ", as they do now" : "");
}

static void balance_explain(const struct port_plan *port, const struct pipe_facts *facts,
			    struct strbuf *out, const void *live)
{
	static const char *const what[] = {
		[POLICY_FLOW] = "IP packets leave by a target chosen by their flow",
		[POLICY_FLOW_SYMMETRIC] =
			"IP packets leave by a target chosen by their connection, both directions "
			"by the same",
		[POLICY_ROUND_ROBIN] = "untagged IPv4 packets leave by the targets in turn",
	};
	const struct balance_port *p = port->data[STAGE_balance];
	const struct balancer *b = p && live ? balance_live_find(live, p->name) : NULL;

	if (!b)
		return;
	strbuf_addf(out, "balance: input of '%s': %s (%s); all others go on\n", p->name,
		    what[p->policy],
		    p->xdp ? p->defer ? "XDP, for some targets by way of TC" : "XDP" : "TC");
	explain_members(b, out);
	explain_none(b, out);
}

const struct stage_ops stage_balance = {
	.name = "balance",
	.title = "link balancer: what enters one interface leaves by many",
	.schema = &balance_schema,
	.port_size = sizeof(struct balance_port),
	.check = balance_conf_check,
	.plan = balance_plan,
	.setup = balance_setup,
	.columns = balance_columns,
	.show = balance_show,
	.explain = balance_explain,
	.live = &balance_live_ops,
};
