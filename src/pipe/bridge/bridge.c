/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bridge stage: rows of the `bridge` section, what is wrong with them together, and which port
 * sends where by which way (XDP redirect, XDP decision with TC sending, TC alone).
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "pipe/counters.h"
#include "pipe/stage.h"
#include "pipe/target.h"

#include "pipe.skel.h" /* needs the types above */

#define MAPPINGS(conf) ((struct bridge_mapping *)(conf)->mappings.items)
#define VLANS(conf) ((struct bridge_vlan *)(conf)->vlans.items)

struct bridge_mapping {
	struct conf_string name, redirect_to;
	struct conf_bool scan_vlans;
};

struct bridge_vlan {
	struct conf_string parent;
	struct conf_int tag, redirect_to;
};

struct bridge_conf {
	struct conf_bool enabled;
	struct conf_list mappings, vlans;
};

enum bridge_way { WAY_NONE, WAY_XDP, WAY_DEFER, WAY_TC };

/* One port's share of the plan. */
struct bridge_port {
	uint32_t target; /* ifindex, 0 = gone */
	uint8_t way, vlans, stick;
	uint8_t spare;
	uint16_t to[BRIDGE_VIDS];
};

#define AT(type, member) offsetof(struct type, member)

static const struct schema_row mapping_rows[] = {
	{ .key = "name",
	  .kind = SCHEMA_IFNAME,
	  .offset = AT(bridge_mapping, name),
	  .required = true,
	  .help = "Interface on which frames arrive; a physical interface, not a VLAN of one.",
	  .example = "eth1" },
	{ .key = "redirect_to",
	  .kind = SCHEMA_IFNAME,
	  .offset = AT(bridge_mapping, redirect_to),
	  .required = true,
	  .help = "Interface on which they leave; the same one when bridging on a stick.",
	  .example = "eth2" },
	{ .key = "scan_vlans",
	  .kind = SCHEMA_BOOL,
	  .offset = AT(bridge_mapping, scan_vlans),
	  .def = "false",
	  .example = "true",
	  .help = "Look at VLAN tags and apply vlan_mapping." },
	{ .key = NULL },
};

static const struct schema_row vlan_rows[] = {
	{ .key = "parent",
	  .kind = SCHEMA_IFNAME,
	  .offset = AT(bridge_vlan, parent),
	  .required = true,
	  .help = "Interface on which the tagged frame arrives.",
	  .example = "eth1" },
	{ .key = "tag",
	  .kind = SCHEMA_INT,
	  .offset = AT(bridge_vlan, tag),
	  .required = true,
	  .min = 1,
	  .max = 4094,
	  .help = "VLAN ID it arrives with.",
	  .example = "3" },
	{ .key = "redirect_to",
	  .kind = SCHEMA_INT,
	  .offset = AT(bridge_vlan, redirect_to),
	  .required = true,
	  .min = 1,
	  .max = 4094,
	  .help = "VLAN ID it leaves with; priority bits stay.",
	  .example = "4" },
	{ .key = NULL },
};

static const struct schema_row rows[] = {
	{ .key = "enabled",
	  .kind = SCHEMA_BOOL,
	  .offset = AT(bridge_conf, enabled),
	  .def = "true",
	  .aliases = "use_kernel_bridge use_xdp_bridge",
	  .help = "Turns the bridge off without removing its mappings." },
	{ .key = "interface_mapping",
	  .kind = SCHEMA_LIST,
	  .offset = AT(bridge_conf, mappings),
	  .rows = mapping_rows,
	  .item_size = sizeof(struct bridge_mapping),
	  .example = "- { name: eth2, redirect_to: eth1, scan_vlans: true }",
	  .help = "Which interface leads where. One-way as given: write both directions." },
	{ .key = "vlan_mapping",
	  .kind = SCHEMA_LIST,
	  .offset = AT(bridge_conf, vlans),
	  .rows = vlan_rows,
	  .item_size = sizeof(struct bridge_vlan),
	  .example = "- { parent: eth2, tag: 4, redirect_to: 3 }",
	  .help = "Which VLAN tag becomes which. One-way as given: write both directions." },
	{ .key = NULL },
};

static const struct schema schema = {
	.name = "bridge",
	.help = "A kernel bridge without learning: what enters one interface leaves another.",
	.rows = rows,
	.size = sizeof(struct bridge_conf),
};

/* --- check ------------------------------------------------------------------------------------- */

static void check_interface(const struct conf_string *name, const struct pipe_facts *facts,
			    struct diag *d)
{
	const struct pipe_link *link = pipe_facts_find(facts, name->text);

	if (!target_check_name(name, facts, "it is bridged", d) && link)
		diag_hint(d, "name the physical interface and set scan_vlans");
}

static const struct bridge_mapping *find_mapping(const struct bridge_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->mappings.n; i++)
		if (!strcmp(MAPPINGS(conf)[i].name.text, name))
			return &MAPPINGS(conf)[i];
	return NULL;
}

static const struct bridge_vlan *find_vlan(const struct bridge_conf *conf, const char *parent,
					   int64_t tag)
{
	for (size_t i = 0; i < conf->vlans.n; i++)
		if (VLANS(conf)[i].tag.value == tag && !strcmp(VLANS(conf)[i].parent.text, parent))
			return &VLANS(conf)[i];
	return NULL;
}

static bool is_stick(const struct bridge_mapping *m)
{
	return !strcmp(m->name.text, m->redirect_to.text);
}

static bool has_vlans(const struct bridge_conf *conf, const char *parent)
{
	for (size_t i = 0; i < conf->vlans.n; i++)
		if (!strcmp(VLANS(conf)[i].parent.text, parent))
			return true;
	return false;
}

static void check_stick(const struct bridge_conf *conf, const struct bridge_mapping *m,
			struct diag *d)
{
	if (!m->scan_vlans.value) {
		(void)diag_error(d, &m->redirect_to.at,
				 "'%s' redirects to itself: every frame would go straight back",
				 m->name.text);
		diag_hint(d, "set scan_vlans: true with vlan_mapping, or name another interface");
	} else if (!has_vlans(conf, m->name.text)) {
		(void)diag_warning(
			d, &m->name.at,
			"'%s' redirects to itself without any vlan_mapping: nothing is bridged",
			m->name.text);
	}
}

static void check_mapping(const struct bridge_conf *conf, const struct bridge_mapping *m,
			  const struct pipe_facts *facts, struct diag *d)
{
	const struct bridge_mapping *first = find_mapping(conf, m->name.text), *back;

	check_interface(&m->name, facts, d);
	if (strcmp(m->redirect_to.text, m->name.text))
		check_interface(&m->redirect_to, facts, d);
	if (first != m) {
		(void)diag_error(d, &m->name.at, "'%s' has a mapping already, at %s:%u:%u",
				 m->name.text, first->name.at.file, first->name.at.line,
				 first->name.at.column);
		return;
	}
	target_check_mtu(&m->name, &m->redirect_to, facts, d);
	if (is_stick(m)) {
		check_stick(conf, m, d);
		return;
	}
	back = find_mapping(conf, m->redirect_to.text);
	if (!back || strcmp(back->redirect_to.text, m->name.text)) {
		(void)diag_warning(d, &m->name.at, "'%s' leads to '%s', but '%s' does not lead back",
				   m->name.text, m->redirect_to.text, m->redirect_to.text);
		diag_hint(d, "mappings are one-way: add { name: %s, redirect_to: %s }",
			  m->redirect_to.text, m->name.text);
	}
}

static void check_vlan_pair(const struct bridge_conf *conf, const struct bridge_vlan *v,
			    const struct bridge_mapping *m, struct diag *d)
{
	const struct bridge_vlan *back = find_vlan(conf, m->redirect_to.text, v->redirect_to.value);

	if (is_stick(m) && v->tag.value == v->redirect_to.value) {
		(void)diag_error(d, &v->redirect_to.at,
				 "tag %lld on '%s' leads to itself: frames would go straight back",
				 (long long)v->tag.value, v->parent.text);
	} else if (!back || back->redirect_to.value != v->tag.value) {
		(void)diag_warning(
			d, &v->tag.at,
			"tag %lld becomes %lld, but on '%s' tag %lld does not become %lld",
			(long long)v->tag.value, (long long)v->redirect_to.value, m->redirect_to.text,
			(long long)v->redirect_to.value, (long long)v->tag.value);
		diag_hint(d, "mappings are one-way: add { parent: %s, tag: %lld, redirect_to: %lld }",
			  m->redirect_to.text, (long long)v->redirect_to.value,
			  (long long)v->tag.value);
	}
}

static void check_vlan(const struct bridge_conf *conf, const struct bridge_vlan *v, struct diag *d)
{
	const struct bridge_vlan *first = find_vlan(conf, v->parent.text, v->tag.value);
	const struct bridge_mapping *m = find_mapping(conf, v->parent.text);

	if (first != v) {
		(void)diag_error(d, &v->tag.at, "tag %lld of '%s' has a mapping already, at %s:%u:%u",
				 (long long)v->tag.value, v->parent.text, first->tag.at.file,
				 first->tag.at.line, first->tag.at.column);
	} else if (!m) {
		(void)diag_warning(d, &v->parent.at,
				   "'%s' has no interface_mapping: this has no effect",
				   v->parent.text);
	} else if (!m->scan_vlans.value) {
		(void)diag_warning(d, &v->parent.at, "'%s' does not scan VLANs: this has no effect",
				   v->parent.text);
		diag_hint(d, "set scan_vlans: true on '%s'", v->parent.text);
	} else {
		check_vlan_pair(conf, v, m, d);
	}
}

static int bridge_check(const void *data, const struct pipe_facts *facts, struct diag *d)
{
	const struct bridge_conf *conf = data;
	unsigned before = d->errors;

	for (size_t i = 0; i < conf->mappings.n; i++)
		check_mapping(conf, &MAPPINGS(conf)[i], facts, d);
	for (size_t i = 0; i < conf->vlans.n; i++)
		check_vlan(conf, &VLANS(conf)[i], d);
	return d->errors > before ? -EINVAL : 0;
}

/* --- plan -------------------------------------------------------------------------------------- */

static enum bridge_way choose_way(struct port_plan *port, const struct bridge_port *b,
				  const struct pipe_link *link, const struct pipe_link *target)
{
	switch (port->mode) {
	case XDP_MODE_NATIVE:
		/* What is shaped must go through the queues of the other port. */
		if (port->shaped || !target_may_redirect(link))
			return WAY_DEFER;
		if (target_takes_redirects(target, port->frags))
			return WAY_XDP;
		target_note(port, target, "bridged");
		return WAY_DEFER;
	case XDP_MODE_SKB:
		/*
		 * The kernel may keep the tag beside the frame, where generic XDP cannot see it.
		 * And where generic XDP had to copy the frame some kernels forget how long its MAC
		 * header is: TC must not redirect it then.
		 */
		return port->shaped || b->vlans ? WAY_TC : WAY_XDP;
	default:
		return WAY_TC;
	}
}

static void plan_vlans(const struct bridge_conf *conf, const char *parent, struct bridge_port *b)
{
	for (size_t i = 0; i < conf->vlans.n; i++) {
		const struct bridge_vlan *v = &VLANS(conf)[i];

		if (!strcmp(v->parent.text, parent))
			b->to[v->tag.value] = (uint16_t)v->redirect_to.value;
	}
}

static int plan_mapping(const struct bridge_conf *conf, const struct bridge_mapping *m,
			const struct pipe_facts *facts, struct pipe_plan *plan)
{
	const struct pipe_link *link = pipe_facts_find(facts, m->name.text);
	const struct pipe_link *target = pipe_facts_find(facts, m->redirect_to.text);
	struct bridge_port *b;
	struct port_plan *port;

	if (!link || !link->ifindex)
		return 0;
	port = pipe_plan_port(plan, link);
	b = port ? port_plan_data(port, STAGE_bridge) : NULL;
	if (!b)
		return -ENOMEM;
	/* Two names may mean one device after renames: that is not a stick. */
	if (!target || !target->ifindex || (target->ifindex == link->ifindex && !is_stick(m))) {
		(void)snprintf(port->note, sizeof(port->note),
			       "%s is away: frames are left to the kernel", m->redirect_to.text);
		port->xdp = port->mode >= XDP_MODE_SKB; /* stay attached for when it returns */
		return 0;
	}
	b->target = (uint32_t)target->ifindex;
	b->stick = target->ifindex == link->ifindex;
	b->vlans = m->scan_vlans.value;
	if (b->vlans)
		plan_vlans(conf, m->name.text, b);
	b->way = (uint8_t)choose_way(port, b, link, target);
	port->promisc = true;
	port->xdp |= b->way != WAY_TC;
	port->tc |= b->way != WAY_XDP;
	port->keep_tags |= port->mode == XDP_MODE_NATIVE;
	return 0;
}

static int bridge_plan(const void *data, const struct pipe_facts *facts, struct pipe_plan *plan,
		       const void *live)
{
	const struct bridge_conf *conf = data;
	int r = 0;

	if (!conf->enabled.value)
		return 0;
	for (size_t i = 0; i < conf->mappings.n && !r; i++)
		r = plan_mapping(conf, &MAPPINGS(conf)[i], facts, plan);
	return r;
}

/* --- one port's copy --------------------------------------------------------------------------- */

static void bridge_setup(const struct port_plan *port, struct pipe_bpf *bpf, struct switches *on,
			 void *live)
{
	const struct bridge_port *b = port->data[STAGE_bridge];
	bool defer = b && b->way == WAY_DEFER, vlans = b && b->vlans && b->way;

	if (!vlans)
		(void)bpf_map__set_autocreate(bpf->maps.bridge_vids, false);
	if (!b || !b->way)
		return;
	bpf->rodata->bridge_const.target = b->target;
	on->on[SWITCH_bridge] = b->way != WAY_TC;
	on->on[SWITCH_bridge_vlans] = vlans;
	on->on[SWITCH_bridge_stick] = b->stick;
	on->on[SWITCH_bridge_defer] = defer;
	on->on[SWITCH_bridge_tc] = b->way != WAY_XDP;
	on->on[SWITCH_pipe_metadata] |= defer;
	on->on[SWITCH_pipe_retag] |= defer && vlans;
}

static int fill_vlans(int map, const uint16_t *to)
{
	for (uint32_t vid = 1; vid < BRIDGE_VIDS; vid++) {
		uint32_t value = to[vid];

		if (value && bpf_map_update_elem(map, &vid, &value, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int bridge_fill(const struct port_plan *port, const struct pipe_bpf *bpf)
{
	const struct bridge_port *b = port->data[STAGE_bridge];
	uint32_t slot = PORT_BRIDGE;

	if (!b || !b->way)
		return 0;
	if (b->way == WAY_XDP &&
	    bpf_map_update_elem(bpf_map__fd(bpf->maps.ports), &slot, &b->target, BPF_ANY))
		return -errno;
	return b->vlans ? fill_vlans(bpf_map__fd(bpf->maps.bridge_vids), b->to) : 0;
}

/* --- show and explain -------------------------------------------------------------------------- */

static const struct stage_column columns[] = {
	{ "interface", "INTERFACE", false },
	{ "redirect_to", "TO", false },
	{ "way", "WAY", false },
	{ "vlan_rules", "VLANS", true },
	{ "packets", "PACKETS", true },
	{ "bytes", "BYTES", true },
	{ "retagged", "RETAGGED", true },
	{ "left", "LEFT", true },
	{ "lost", "LOST", true },
	{ NULL, NULL, false },
};

static const char *way_text(const struct port_plan *port, const struct bridge_port *b)
{
	switch ((enum bridge_way)b->way) {
	case WAY_XDP:
		return port->mode == XDP_MODE_NATIVE ? "xdp" : "xdp-skb";
	case WAY_DEFER:
		return "xdp+tc";
	case WAY_TC:
		return "tc";
	default:
		return "off";
	}
}

static unsigned count_rules(const struct bridge_port *b)
{
	unsigned n = 0;

	for (unsigned vid = 0; vid < BRIDGE_VIDS; vid++)
		n += b->to[vid] != 0;
	return n;
}

static const char *link_name(const struct pipe_facts *facts, uint32_t ifindex)
{
	const struct pipe_link *link = ifindex ? pipe_facts_find_index(facts, (int)ifindex) : NULL;

	return link ? link->present_name : "-";
}

static json_t *show_port(const struct port_plan *port, const struct bridge_port *b,
			 const struct pipe_facts *facts, const struct counter_view *view)
{
	struct pipe_count xdp = counter_view_sum(view, port->ifindex, COUNT_bridge_forwarded);
	struct pipe_count tc = counter_view_sum(view, port->ifindex, COUNT_bridge_forwarded_tc);
	struct pipe_count meta = counter_view_sum(view, port->ifindex, COUNT_pipe_from_metadata);
	struct pipe_count tags = counter_view_sum(view, port->ifindex, COUNT_pipe_retagged);
	struct pipe_count rule = counter_view_sum(view, port->ifindex, COUNT_bridge_no_rule);
	struct pipe_count gone = counter_view_sum(view, port->ifindex, COUNT_bridge_vanished);

	struct watch_loss loss = view->loss(view->source, (int)b->target);

	return json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:s}", "interface",
			 port->name, "redirect_to", link_name(facts, b->target), "way",
			 way_text(port, b), "vlan_rules", (int)count_rules(b), "packets",
			 (json_int_t)(xdp.packets + tc.packets + meta.packets), "bytes",
			 (json_int_t)(xdp.bytes + tc.bytes + meta.bytes), "retagged",
			 (json_int_t)tags.packets, "left", (json_int_t)(rule.packets + gone.packets),
			 "lost", (json_int_t)loss.lost, "note", port->note);
}

static json_t *bridge_show(const struct pipe_plan *plan, const struct pipe_facts *facts,
			   const struct counter_view *view, void *live)
{
	json_t *list = json_array();

	vec_foreach(&plan->ports, p) {
		const struct bridge_port *b = (*p)->data[STAGE_bridge];

		if (b)
			(void)json_array_append_new(list, show_port(*p, b, facts, view));
	}
	return list;
}

static void explain_vlans(const struct bridge_port *b, struct strbuf *out)
{
	for (unsigned vid = 0; vid < BRIDGE_VIDS; vid++)
		if (b->to[vid])
			strbuf_addf(out, "bridge: VLAN tag %u becomes %u; priority bits stay\n",
				    vid, b->to[vid]);
	strbuf_addf(out, "bridge: other frames %s\n",
		    b->stick ? "are left to the kernel: they would return where they came from" :
			       "are sent on unchanged");
}

static void bridge_explain(const struct port_plan *port, const struct pipe_facts *facts,
			   struct strbuf *out, const void *live)
{
	const struct bridge_port *b = port->data[STAGE_bridge];
	static const char *const how[] = {
		[WAY_NONE] = "nowhere",
		[WAY_XDP] = "by XDP redirect, before the kernel makes a packet of them",
		[WAY_DEFER] = "XDP decides, TC sends",
		[WAY_TC] = "by TC, as XDP is not in use for it here",
	};

	if (!b)
		return;
	if (!b->way) {
		strbuf_add(out, "bridge: its target is away, so frames are left to the kernel\n");
		return;
	}
	strbuf_addf(out, "bridge: every frame that enters leaves on %s (%s)\n",
		    link_name(facts, b->target), how[b->way]);
	if (b->vlans)
		explain_vlans(b, out);
}

const struct stage_ops stage_bridge = {
	.name = "bridge",
	.title = "kernel bridge: what enters one interface leaves another",
	.schema = &schema,
	.port_size = sizeof(struct bridge_port),
	.check = bridge_check,
	.plan = bridge_plan,
	.setup = bridge_setup,
	.fill = bridge_fill,
	.columns = columns,
	.show = bridge_show,
	.explain = bridge_explain,
};
