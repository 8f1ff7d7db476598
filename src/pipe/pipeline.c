/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/pipeline.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pipe/live.h"
#include "pipe/pins.h"

/* One interface in work. */
struct port {
	int ifindex;
	char name[IF_NAMESIZE];
	enum xdp_mode max;  /* allowed when it was claimed */
	enum xdp_mode mode; /* reached */
	char reason[200];
	struct hook hook;
	struct port_plan *plan; /* what runs; borrowed from pipeline.plan, NULL = nothing yet */
	struct instance *instance;
	struct instance *next; /* loaded, not yet in the path */
	struct port_plan *next_plan;
	bool stale;	/* out of its hook by force: put it back whatever the plan says */
	bool next_done; /* is in the path, may have to be taken back */
	struct counter_block counters;
};

struct pipeline {
	char *pins;
	struct pipe_surroundings around;
	struct pipe_kernel kernel;
	int lock;	     /* on the pins: two daemons would take each other's links */
	struct watch *watch; /* NULL where the kernel does not let us */
	VEC(struct port *) ports;
	struct pipe_plan plan; /* of all ports, as it runs */
	struct lives lives;
};

static void tell(const struct pipeline *p, const char *subject, const char *event,
		 const char *format, ...) _printf_(4, 5);

static void tell(const struct pipeline *p, const char *subject, const char *event,
		 const char *format, ...)
{
	char text[512];
	va_list args;

	if (!p->around.tell)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	p->around.tell(subject, event, text, p->around.data);
}

static struct port *find_port(const struct pipeline *p, int ifindex)
{
	vec_foreach(&p->ports, port)
		if ((*port)->ifindex == ifindex)
			return *port;
	return NULL;
}

static void port_free(struct port *port)
{
	counter_block_unmap(&port->counters);
	instance_free(port->next);
	instance_free(port->instance);
	hook_release(&port->hook);
	free(port);
}

/* --- wish and plan ----------------------------------------------------------------------------- */

static int make_plan(const struct pipeline *p, const struct pipe_wish *wish,
		     const struct pipe_facts *facts, struct pipe_plan *ret)
{
	int r = 0;

	for (unsigned i = 0; i < STAGE_MAX && !r; i++)
		if (wish->stage[i] && stages[i]->plan)
			r = stages[i]->plan(wish->stage[i], facts, ret, p->lives.at[i]);
	return r;
}

/* --- claiming: which mode is to be had --------------------------------------------------------- */

static struct port *open_port(struct pipeline *p, const struct port_plan *wanted)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	hook_open(&port->hook, p->pins, wanted->ifindex);
	port->ifindex = wanted->ifindex;
	if (vec_push(&p->ports, port)) {
		port_free(port);
		return NULL;
	}
	return port;
}

/* `retry`: the operator asks anew, so what was refused may be tried again. */
static int claim(struct pipeline *p, const struct port_plan *wanted, enum xdp_mode max, bool retry)
{
	struct port *port = find_port(p, wanted->ifindex);
	bool known = port, refused = known && port->mode == XDP_MODE_TC && max >= XDP_MODE_SKB;

	if (known && port->max == max && !port->stale && !(retry && refused))
		return 0;
	if (!known)
		port = open_port(p, wanted);
	if (!port)
		return -ENOMEM;
	port->next_done |= port->stale; /* out of the path: a failure must put back what ran */
	hook_claim(&port->hook, p->pins, max, known && max > port->max,
		   port->instance ? port->instance->xdp_fd : -1);
	port->max = max;
	port->mode = port->hook.reached;
	memcpy(port->name, wanted->name, sizeof(port->name));
	memcpy(port->reason, port->hook.reason, sizeof(port->reason));
	return 0;
}

static void show_modes(const struct pipeline *p, const struct pipe_settings *settings,
		       struct pipe_facts *facts)
{
	vec_foreach(&facts->links, link) {
		const struct port *port = find_port(p, link->ifindex);

		link->mode = port ? port->mode : pipe_settings_max(settings, link->name);
		if (port)
			memcpy(link->reason, port->reason, sizeof(link->reason));
	}
}

static int claim_all(struct pipeline *p, const struct pipe_wish *wish, struct pipe_facts *facts)
{
	_cleanup_pipe_plan_ struct pipe_plan draft = { 0 };
	int r;

	show_modes(p, wish->settings, facts);
	r = make_plan(p, wish, facts, &draft);
	for (size_t i = 0; i < draft.ports.n && !r; i++)
		r = claim(p, draft.ports.at[i],
			  pipe_settings_max(wish->settings, draft.ports.at[i]->name), wish->retry);
	show_modes(p, wish->settings, facts);
	return r;
}

/* --- prepare: load every new copy before any packet meets one ---------------------------------- */

/* The name tells the layout: counters of another version cannot be continued. */
static void counters_path(char *path, size_t size, const struct pipeline *p, int ifindex)
{
	uint32_t hash = 2166136261u;
	char what[32];

	for (unsigned i = 0; i < PIPE_COUNTER_MAX; i++)
		for (const char *c = counter_rows[i].name; *c; c++)
			hash = (hash ^ (uint8_t)*c) * 16777619u;
	(void)snprintf(what, sizeof(what), "counters_%08x", hash);
	hook_pin_path(path, size, p->pins, what, ifindex);
}

static int open_counters(const struct pipeline *p, const struct port *port)
{
	char path[4096];
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	int fd;

	if (port->instance)
		return fcntl(instance_counters_fd(port->instance), F_DUPFD_CLOEXEC, 3);
	counters_path(path, sizeof(path), p, port->ifindex);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -1;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.value_size != sizeof(struct pipe_cpu) ||
	    info.max_entries != p->kernel.n_cpus) {
		(void)close(fd);
		(void)unlink(path);
		return -1;
	}
	return fd;
}

static int pin_counters(struct pipeline *p, struct port *port)
{
	char path[4096];

	if (port->counters.cpu)
		return 0;
	counters_path(path, sizeof(path), p, port->ifindex);
	if (bpf_obj_pin(instance_counters_fd(port->next), path) && errno != EEXIST)
		return -errno;
	return counter_block_map(instance_counters_fd(port->next), p->kernel.n_cpus, &port->counters);
}

static int prepare_port(struct pipeline *p, struct port_plan *plan, struct diag *d)
{
	struct port *port = find_port(p, plan->ifindex);
	_cleanup_close_ int counters = -1;
	int r;

	port->next_plan = plan;
	if (port->plan && !port->stale && port_plan_equal(port->plan, plan))
		return 0;
	counters = open_counters(p, port);
	r = instance_load(plan, &p->kernel, counters, p->lives.at, &port->next, d);
	if (r)
		return r;
	r = pin_counters(p, port);
	if (!r && p->around.before)
		r = p->around.before(plan, p->around.data, d);
	return r;
}

static int prepare(struct pipeline *p, const struct pipe_plan *plan, struct diag *d)
{
	int r = 0;

	for (size_t i = 0; i < plan->ports.n && !r; i++)
		r = prepare_port(p, plan->ports.at[i], d);
	return r;
}

/* --- commit: one atomic exchange per hook, taken back if a later one fails --------------------- */

/* A hook that was not needed for a while.  -EAGAIN: not to be had in the mode the plan counts on. */
static int reclaim(struct pipeline *p, struct port *port, const struct port_plan *plan)
{
	hook_claim(&port->hook, p->pins, plan->mode, false, -1);
	if (port->hook.reached == plan->mode)
		return 0;
	port->mode = port->hook.reached;
	memcpy(port->reason, port->hook.reason, sizeof(port->reason));
	return -EAGAIN;
}

/* The new way is opened before the old one is closed. */
static int put_in_path(struct pipeline *p, struct port *port, const struct instance *instance,
		       const struct port_plan *plan)
{
	int r = 0;

	if (plan->egress)
		r = hook_set_tc(&port->hook, HOOK_OUT, p->pins, &p->kernel, instance->egress_fd);
	if (!r && plan->tc)
		r = hook_set_tc(&port->hook, HOOK_IN, p->pins, &p->kernel, instance->tc_fd);
	if (!r && plan->xdp && port->hook.xdp_link < 0)
		r = reclaim(p, port, plan);
	if (!r && plan->xdp)
		r = hook_set_xdp(&port->hook, instance->xdp_fd);
	if (r)
		return r;
	if (!plan->xdp)
		hook_drop_xdp(&port->hook, p->pins);
	if (!plan->tc)
		hook_drop_tc(&port->hook, HOOK_IN, p->pins);
	if (!plan->egress)
		hook_drop_tc(&port->hook, HOOK_OUT, p->pins);
	return 0;
}

static void take_back(struct pipeline *p)
{
	vec_foreach(&p->ports, at) {
		struct port *port = *at;

		if (port->next_done && port->plan)
			(void)put_in_path(p, port, port->instance, port->plan);
		instance_free(port->next);
		port->next = NULL;
		port->next_plan = NULL;
		port->next_done = false;
	}
}

static int commit(struct pipeline *p, struct diag *d)
{
	vec_foreach(&p->ports, at) {
		struct port *port = *at;
		int r;

		if (!port->next)
			continue;
		port->next_done = true;
		r = put_in_path(p, port, port->next, port->next_plan);
		if (r && r != -EAGAIN)
			(void)diag_error(d, NULL, "%s: cannot put the packet path in place: %s",
					 port->name, strerror(-r));
		if (r)
			return r;
	}
	return 0;
}

static void tell_change(struct pipeline *p, struct port *port)
{
	const struct port_plan *plan = port->next_plan;
	const char *why = port->reason[0] ? port->reason : plan->note;

	tell(p, port->name, port->plan ? "changed" : "attached", "%s%s%s%s%s",
	     port->plan		? "packet path replaced in " :
	     port->hook.adopted ? "taken over from an earlier run in " :
				  "attached in ",
	     xdp_mode_name(plan->xdp ? port->mode : XDP_MODE_TC), " mode", why[0] ? ": " : "", why);
	if (port->reason[0] && plan->note[0])
		tell(p, port->name, "note", "%s", plan->note);
}

static void settle(struct pipeline *p)
{
	vec_foreach(&p->ports, at) {
		struct port *port = *at;

		if (port->next) {
			tell_change(p, port);
			instance_free(port->instance);
			port->instance = TAKE_PTR(port->next);
		}
		port->plan = port->next_plan;
		port->next_plan = NULL;
		port->next_done = port->stale = false;
	}
}

static void retire(struct pipeline *p, struct port *port)
{
	char path[4096];

	hook_drop_xdp(&port->hook, p->pins);
	hook_drop_tc(&port->hook, HOOK_IN, p->pins);
	hook_drop_tc(&port->hook, HOOK_OUT, p->pins);
	counters_path(path, sizeof(path), p, port->ifindex);
	(void)unlink(path);
	if (p->around.after)
		p->around.after(port->ifindex, p->around.data);
	if (port->instance)
		tell(p, port->name, "detached", "packet path removed");
	port_free(port);
}

/* Ports without a plan: those no longer wanted, or newly claimed by a sync that failed. */
static void retire_unplanned(struct pipeline *p, bool failed)
{
	for (size_t i = p->ports.n; i-- > 0;) {
		struct port *port = p->ports.at[i];

		if (port->plan)
			continue;
		vec_remove(&p->ports, i);
		/* What an earlier run left forwards on, whatever is wrong with today's wish. */
		if (failed && port->hook.adopted)
			port_free(port);
		else
			retire(p, port);
	}
}

/* Before ports are retired: a stage may still want to read their counters. */
static void settle_lives(struct pipeline *p)
{
	struct counter_view view = pipeline_counters(p);

	lives_settle(&p->lives, &view);
}

static int sync_once(struct pipeline *p, const struct pipe_wish *wish, struct pipe_facts *facts,
		     struct diag *d)
{
	_cleanup_pipe_plan_ struct pipe_plan plan = { 0 };
	struct pipe_plan old;
	int r = lives_wish(&p->lives, wish, facts, d);

	if (!r)
		r = claim_all(p, wish, facts);

	if (!r)
		r = make_plan(p, wish, facts, &plan);
	if (!r)
		r = lives_prepare(&p->lives, wish, facts, &plan, d);
	if (!r)
		r = prepare(p, &plan, d);
	if (!r)
		r = commit(p, d);
	if (r) {
		take_back(p);
		retire_unplanned(p, true);
		return r;
	}
	settle(p);
	settle_lives(p);
	retire_unplanned(p, false);
	old = p->plan;
	p->plan = plan;
	plan = old;
	return 0;
}

/* A mode that turned out not to be had is planned for once more. */
int pipeline_sync(struct pipeline *p, const struct pipe_wish *wish, struct pipe_facts *facts,
		  struct diag *d)
{
	int r = sync_once(p, wish, facts, d);

	if (r == -EAGAIN)
		r = sync_once(p, wish, facts, d);
	if (r)
		pipeline_revert(p);
	return r;
}

void pipeline_look(struct pipeline *p, const struct pipe_facts *facts)
{
	struct counter_view view = pipeline_counters(p);

	lives_look(&p->lives, facts, &view);
}

void pipeline_revert(struct pipeline *p)
{
	lives_revert(&p->lives);
}

bool pipeline_was_disturbed(struct pipeline *p)
{
	bool disturbed = false;

	vec_foreach(&p->ports, at) {
		struct port *port = *at;

		if (hook_is_alive(&port->hook, p->pins))
			continue;
		tell(p, port->name, "failed", "somebody took the packet path away: putting it back");
		hook_drop_xdp(&port->hook, p->pins);
		hook_drop_tc(&port->hook, HOOK_IN, p->pins);
		hook_drop_tc(&port->hook, HOOK_OUT, p->pins);
		port->stale = disturbed = true;
	}
	return disturbed;
}

/* --- what an earlier run left ------------------------------------------------------------------ */

void pipeline_sweep(struct pipeline *p)
{
	_cleanup_closedir_ DIR *dir = opendir(p->pins);
	struct dirent *entry;
	VEC(struct gone {
		int ifindex;
		char name[64];
	})
	gone = { 0 };

	while (dir && (entry = readdir(dir))) {
		const char *dash = strrchr(entry->d_name, '-');
		struct gone g = { .ifindex = dash ? atoi(dash + 1) : 0 };

		(void)snprintf(g.name, sizeof(g.name), "%.60s", entry->d_name);
		if (g.ifindex > 0 && !find_port(p, g.ifindex))
			(void)vec_push(&gone, g);
	}
	vec_foreach(&gone, g) {
		hook_sweep(p->pins, g->ifindex);
		if (dir)
			(void)unlinkat(dirfd(dir), g->name, 0);
	}
	vec_free(&gone);
}

void pipeline_stop(struct pipeline *p)
{
	vec_foreach(&p->ports, port)
		(*port)->plan = NULL;
	retire_unplanned(p, false);
	lives_stop(&p->lives);
	pipeline_sweep(p);
	pipe_plan_free(&p->plan);
	(void)rmdir(p->pins);
}

/* --- life -------------------------------------------------------------------------------------- */

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	vec_foreach(&p->ports, port)
		port_free(*port);
	vec_free(&p->ports);
	pipe_plan_free(&p->plan);
	lives_close(&p->lives);
	watch_close(p->watch);
	if (p->pins && p->lock >= 0)
		(void)rmdir(p->pins); /* a start that failed may have made it, for nothing */
	cleanup_close(&p->lock);
	free(p->pins);
	free(p);
}

static void live_tells(const char *subject, const char *event, const char *text, void *data)
{
	tell(data, subject, event, "%s", text);
}

int pipeline_new(const char *pins, const char *state, const struct pipe_surroundings *surroundings,
		 struct pipeline **ret, struct diag *d)
{
	_cleanup_(pipeline_freep) struct pipeline *p = calloc(1, sizeof(*p));
	struct stage_host host = { .state = state, .tell = live_tells, .data = p };
	int r;

	if (!p)
		return -ENOMEM;
	p->lock = -1;
	p->pins = strdup(pins);
	if (!p->pins)
		return -ENOMEM;
	p->around = *surroundings;
	r = pins_prepare(pins, d);
	if (r < 0)
		return r;
	p->lock = r;
	pipe_kernel_probe(&p->kernel);
	(void)watch_open(&p->watch, d);
	host.pins = p->pins;
	host.kernel = &p->kernel;
	host.lives = &p->lives;
	r = lives_open(&host, &p->lives, d);
	if (r)
		return r;
	*ret = TAKE_PTR(p);
	return 0;
}

const struct pipe_plan *pipeline_plan(const struct pipeline *p)
{
	return &p->plan;
}

const struct pipe_kernel *pipeline_kernel(const struct pipeline *p)
{
	return &p->kernel;
}

void *pipeline_live(const struct pipeline *p, enum stage_id stage)
{
	return p->lives.at[stage];
}

int pipeline_interfaces(const struct pipeline *p, struct name_list *out)
{
	return lives_interfaces(&p->lives, out);
}

bool pipeline_tick(struct pipeline *p)
{
	struct counter_view view = pipeline_counters(p);

	return lives_tick(&p->lives, &view);
}

static const struct counter_block *find_block(const void *source, int ifindex)
{
	const struct port *port = find_port(source, ifindex);

	return port && port->counters.cpu ? &port->counters : NULL;
}

static struct watch_loss find_loss(const void *source, int ifindex)
{
	const struct pipeline *p = source;

	return watch_get(p->watch, ifindex);
}

struct counter_view pipeline_counters(const struct pipeline *p)
{
	return (struct counter_view){ .find = find_block, .loss = find_loss, .source = p };
}
