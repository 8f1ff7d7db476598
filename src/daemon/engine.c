/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/file.h>

#include "base/file.h"
#include "config/load.h"
#include "daemon/engine_private.h"
#include "daemon/remember.h"

void engine_tell(struct engine *engine, const char *subject, const char *event, const char *format,
		 ...)
{
	struct engine_event e = { .subject = subject, .event = event };
	char text[600];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	e.text = text;
	(void)clock_gettime(CLOCK_REALTIME, &e.at);
	engine->listener(&e, engine->listener_data);
}

/* --- knobs: what a port needs around it -------------------------------------------------------- */

/* A NIC that takes VLAN tags out of frames would have XDP send them on without. */
static int keep_tags(struct engine *engine, const struct port_plan *port, struct diag *d)
{
	_cleanup_diag_ struct diag own = { 0 };
	int r = knobs_set(&engine->knobs, &knob_feature, KNOB_LINK((unsigned)port->ifindex),
			  "rx-vlan-hw-parse", "off", &own);

	if (r != -EOPNOTSUPP) {
		diag_move(d, &own);
		return r;
	}
	engine_tell(engine, port->name, "failed",
		    "the NIC takes VLAN tags out of frames and cannot be told not to: tagged "
		    "frames would lose their tag; set pipeline.interfaces to mode tc for it");
	return 0;
}

/* -ENOENT behind the last queue, and where there is only one. */
static int clear_xps(struct engine *engine, const struct port_plan *port, unsigned queue)
{
	_cleanup_diag_ struct diag own = { 0 };
	char name[24];

	(void)snprintf(name, sizeof(name), "tx-%u", queue);
	return knobs_set(&engine->knobs, &knob_xps, KNOB_LINK((unsigned)port->ifindex), name, "0",
			 &own);
}

/*
 * Where XPS is on the kernel takes the queue of the CPU, not the one that was found.  Devices of
 * software have none, so that not to see it means little.
 */
static void drop_xps(struct engine *engine, const struct port_plan *port)
{
	const struct pipe_facts *facts = engine->applying ?: &engine->facts;
	const struct pipe_link *link = pipe_facts_find_index(facts, port->ifindex);
	unsigned queue = 0;
	int r = 0;

	while (!r && queue < 4096)
		r = clear_xps(engine, port, queue++);
	if (r == -ENOENT || (link && !strcmp(link->kind, "veth")))
		return;
	engine_tell(engine, port->name, "note",
		    "cannot see or turn off XPS (%s): where it is on, packets may miss their queue",
		    strerror(-r));
}

/* Drivers turn XPS on again when they start. */
void engine_came_up(struct engine *engine, int ifindex)
{
	const struct port_plan *port = pipe_plan_find(pipeline_plan(engine->pipeline), ifindex);

	if (port && port->shaped)
		drop_xps(engine, port);
}

static int before_port(const struct port_plan *port, void *data, struct diag *d)
{
	struct engine *engine = data;

	int r = port->keep_tags ? keep_tags(engine, port, d) : 0;

	if (!r && port->shaped)
		drop_xps(engine, port);
	if (r || !port->promisc)
		return r;
	return knobs_set(&engine->knobs, &knob_flag, KNOB_LINK((unsigned)port->ifindex), "promisc",
			 "on", d);
}

static void tell_notes(struct engine *engine, const struct diag *d)
{
	vec_foreach(&d->entries, e)
		engine_tell(engine, "settings", "note", "%s", e->text);
}

static void after_port(int ifindex, void *data)
{
	struct engine *engine = data;
	_cleanup_diag_ struct diag d = { 0 };
	char name[IF_NAMESIZE];

	(void)knobs_restore_subject(&engine->knobs, KNOB_LINK((unsigned)ifindex), &d);
	if (if_indextoname((unsigned)ifindex, name)) /* of a vanished one there is nothing to tell */
		tell_notes(engine, &d);
}

static void port_tells(const char *subject, const char *event, const char *text, void *data)
{
	struct engine *engine = data;

	if (engine->changed)
		strbuf_addf(engine->changed, "%s: %s\n", subject, text);
	engine_tell(engine, subject, event, "%s", text);
}

/* --- load -------------------------------------------------------------------------------------- */

/* Those of the configuration, and those that came by command. */
static int interface_names(const struct engine *engine, const struct model *model,
			   struct name_list *ret)
{
	int r = sections_interfaces(model, ret);

	return r ? r : pipeline_interfaces(engine->pipeline, ret);
}

static int read_facts(struct engine *engine, const struct model *model, struct pipe_facts *ret)
{
	_cleanup_name_list_ struct name_list list = { 0 };
	int r = interface_names(engine, model, &list);

	return r ? r : pipe_facts_read(engine->nl, &engine->memory, list.names.at, list.names.n, ret);
}

/* Written only when something is new: a full disk costs the memory of a restart, no more. */
int engine_remember(struct engine *engine)
{
	_cleanup_name_list_ struct name_list list = { 0 };
	bool news = false;
	int r = interface_names(engine, engine->model, &list);

	if (!r)
		r = pipe_memory_keep(&engine->memory, &engine->facts, list.names.at, list.names.n,
				     &news);
	if (!r && news && remember_save(engine->memory_path, &engine->memory))
		engine_tell(engine, "state", "note", "cannot write %s", engine->memory_path);
	return r;
}

static int load_model(const char *const *files, size_t n, const struct schema_context *context,
		      struct model **ret, struct diag *d)
{
	size_t n_schemas;
	const struct schema *const *schemas = sections_all(&n_schemas);

	return config_load(files, n, schemas, n_schemas, context, ret, d);
}

static int preview(const struct pipe_wish *wish, const struct pipe_facts *facts, struct strbuf *out,
		   struct diag *d)
{
	int r = 0;

	for (unsigned i = 0; out && i < STAGE_MAX && !r; i++)
		if (wish->stage[i] && stages[i]->preview)
			r = stages[i]->preview(wish->stage[i], facts, out, d);
	return r;
}

int engine_preview(const char *const *files, size_t n, struct strbuf *out, struct diag *d)
{
	_cleanup_(model_freep) struct model *model = NULL;
	_cleanup_(pipe_facts_free) struct pipe_facts facts = { 0 };
	_cleanup_name_list_ struct name_list list = { 0 };
	_cleanup_nl_ struct nl *nl = NULL;
	struct pipe_wish wish;
	int r = load_model(files, n, NULL, &model, d);

	if (!r)
		r = nl_open(&nl);
	if (!r)
		r = sections_interfaces(model, &list);
	if (!r)
		r = pipe_facts_read(nl, NULL, list.names.at, list.names.n, &facts);
	if (r)
		return r;
	sections_wish(model, &wish);
	r = pipe_wish_check(&wish, &facts, d);
	return r ? r : preview(&wish, &facts, out, d);
}

int engine_check(const char *const *files, size_t n, struct diag *d)
{
	return engine_preview(files, n, NULL, d);
}

static void set_warnings(struct engine *engine, const struct diag *d)
{
	diag_free(&engine->warnings);
	vec_foreach(&d->entries, e) {
		struct mark at = { .file = e->file, .line = e->line, .column = e->column };

		if (e->level != DIAG_WARNING)
			continue;
		(void)diag_warning(&engine->warnings, &at, "%s", e->text);
		if (e->hint)
			diag_hint(&engine->warnings, "%s", e->hint);
	}
}

int engine_apply(struct engine *engine, const struct model *model, bool retry, struct diag *d)
{
	struct pipe_facts facts = { 0 };
	struct pipe_wish wish;
	int r = read_facts(engine, model, &facts);

	if (r)
		return r;
	pipeline_look(engine->pipeline, &facts);
	sections_wish(model, &wish);
	wish.retry = retry;
	r = pipe_wish_check(&wish, &facts, d);
	engine->applying = &facts;
	if (!r)
		r = pipeline_sync(engine->pipeline, &wish, &facts, d);
	engine->applying = NULL;
	if (r) {
		pipe_facts_free(&facts);
		return r;
	}
	pipe_facts_free(&engine->facts);
	pipe_facts_free(&engine->shown);
	engine->facts = facts;
	return 0;
}

static void warn_of_bus_path(const struct engine *engine, const struct model *model, struct diag *d)
{
	const char *was = engine->model ? sections_bus_path(engine->model) : NULL;
	const char *now = sections_bus_path(model);

	if (engine->model && strcmp(was ? was : "", now ? now : ""))
		(void)diag_warning(d, NULL, "bus.path takes effect at the next start");
}

/* After the first load: what an earlier run had turned and this one does not want. */
static void forget_old_knobs(struct engine *engine)
{
	_cleanup_diag_ struct diag d = { 0 };

	(void)knobs_restore_unwanted(&engine->knobs, &d);
	tell_notes(engine, &d);
}

int engine_read(struct engine *engine, struct diag *d)
{
	/* A start must not fail for a list of subscribers that somebody broke in the meantime. */
	const struct schema_context first = { .last_good = engine->last_good };
	const struct section *shaper = engine->model ? model_section(engine->model, "shaper") : NULL;
	const struct schema_context later = { .strict = shaper && shaper->present };
	struct model *model = NULL;
	int r = load_model(engine->options.files, engine->options.n_files,
			   engine->model ? &later : &first, &model, d);

	if (r)
		return r;
	model_free(engine->read);
	engine->read = model;
	return 0;
}

static bool is_given(const struct engine *engine, const char *file)
{
	for (size_t i = 0; i < engine->options.n_files; i++)
		if (!strcmp(engine->options.files[i], file))
			return true;
	return false;
}

/* The configuration itself is read when somebody says so: it is not written by programs. */
static void watch_files(struct engine *engine)
{
	_cleanup_name_list_ struct name_list all = { 0 }, data = { 0 };
	int r = sections_files(engine->model, &all);

	for (size_t i = 0; !r && i < all.names.n; i++)
		if (!is_given(engine, all.names.at[i]))
			r = vec_push(&data.names, all.names.at[i]);
	if (!r && engine->watch)
		r = file_watch_set(engine->watch, &data);
	if (r)
		engine_tell(engine, "config", "note", "cannot watch files: %s", strerror(-r));
	else if (engine->watch && file_watch_blind(engine->watch))
		engine_tell(engine, "config", "note",
			    "cannot watch %s: what changes there is seen at the next reload",
			    file_watch_blind(engine->watch));
}

static void keep_files(struct engine *engine)
{
	int r = sections_keep(engine->model, engine->last_good);

	if (r)
		engine_tell(engine, "state", "note", "cannot keep copies in %s: %s",
			    engine->last_good, strerror(-r));
	watch_files(engine);
}

static int load(struct engine *engine, struct diag *d, struct strbuf *changed)
{
	struct model *model;
	int r = engine->read ? 0 : engine_read(engine, d);

	if (r)
		return r;
	model = TAKE_PTR(engine->read);
	warn_of_bus_path(engine, model, d);
	engine->changed = changed;
	r = engine_apply(engine, model, true, d);
	engine->changed = NULL;
	if (r) {
		if (!d->errors)
			(void)diag_error(d, NULL, "cannot apply: %s", strerror(-r));
		model_free(model);
		return r;
	}
	if (!engine->model)
		forget_old_knobs(engine);
	model_free(engine->model);
	engine->model = model;
	engine->loaded_at = time(NULL);
	set_warnings(engine, d);
	keep_files(engine);
	pipeline_sweep(engine->pipeline);
	engine->trouble[0] = 0;
	(void)engine_remember(engine);
	return 0;
}

static void note_refused(struct engine *engine, const struct diag *d)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	vec_foreach(&d->entries, e)
		if (e->level == DIAG_ERROR && !text.len)
			diag_format_plain(e, &text);
	(void)snprintf(engine->refused, sizeof(engine->refused), "%s", strbuf_text(&text));
}

int engine_load(struct engine *engine, struct diag *d, struct strbuf *changed)
{
	int r = load(engine, d, changed);

	engine->refused[0] = 0;
	if (r)
		note_refused(engine, d);
	return r;
}

const char *engine_refused(const struct engine *engine)
{
	return engine->refused;
}

void engine_refresh(struct engine *engine)
{
	struct pipe_facts facts = { 0 };

	if (read_facts(engine, engine->model, &facts))
		return;
	vec_foreach(&facts.links, link) {
		const struct pipe_link *old = pipe_facts_find(&engine->facts, link->name);

		if (!old)
			continue;
		link->mode = old->mode;
		memcpy(link->reason, old->reason, sizeof(link->reason));
	}
	pipe_facts_free(&engine->shown);
	engine->shown = facts;
}

int engine_change(struct engine *engine, struct diag *d, struct strbuf *changed)
{
	int r;

	engine->changed = changed;
	r = engine_apply(engine, engine->model, false, d);
	engine->changed = NULL;
	if (r && !d->errors)
		(void)diag_error(d, NULL, "cannot apply: %s", strerror(-r));
	if (r)
		pipeline_revert(engine->pipeline); /* it may have failed before there was a sync */
	else
		(void)engine_remember(engine);
	return r;
}

/* --- life -------------------------------------------------------------------------------------- */

/* Two daemons over one state would undo each other's knobs. */
static int take_lock(const char *state, struct diag *d)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	int r = file_make_dirs(state, 0700);

	if (r)
		return diag_error(d, NULL, "cannot make %s: %s", state, strerror(-r)), r;
	if (asprintf(&path, "%s/lock", state) < 0)
		return -ENOMEM;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB)) {
		r = -errno;
		(void)diag_error(d, NULL, "%s: %s", path,
				 r == -EWOULDBLOCK ? "another weird is running with this state" :
						     strerror(-r));
		return r;
	}
	return TAKE_FD(fd);
}

static void on_files_changed(void *data)
{
	struct engine *engine = data;

	if (engine->options.files_changed)
		engine->options.files_changed(engine->listener_data);
}

static int open_state(struct engine *engine, struct diag *d)
{
	int r;

	if (asprintf(&engine->knobs_path, "%s/knobs.json", engine->options.state) < 0 ||
	    asprintf(&engine->memory_path, "%s/interfaces.json", engine->options.state) < 0 ||
	    asprintf(&engine->last_good, "%s/last-good", engine->options.state) < 0)
		return -ENOMEM;
	r = file_make_dirs(engine->last_good, 0700);
	if (r)
		return diag_error(d, NULL, "cannot make %s: %s", engine->last_good, strerror(-r)), r;
	remember_load(engine->memory_path, &engine->memory);
	r = knobs_init(&engine->knobs, engine->nl, engine->knobs_path);
	if (!r)
		r = knobs_load(&engine->knobs, d);
	knobs_mark(&engine->knobs);
	return r;
}

static int open_kernel(struct engine *engine, struct diag *d)
{
	const struct pipe_surroundings around = {
		.before = before_port, .after = after_port, .tell = port_tells, .data = engine
	};
	int r = nl_open(&engine->nl);

	if (!r)
		r = nl_monitor_open(0, &engine->monitor);
	if (r)
		return diag_error(d, NULL, "cannot open netlink: %s", strerror(-r)), r;
	return pipeline_new(engine->options.pins, engine->options.state, &around, &engine->pipeline,
			    d);
}

int engine_new(sd_event *loop, const struct engine_options *options, engine_listener listener,
	       void *data, struct engine **ret, struct diag *d)
{
	_cleanup_(engine_freep) struct engine *engine = calloc(1, sizeof(*engine));
	int r;

	if (!engine)
		return -ENOMEM;
	engine->lock = -1;
	engine->options = *options;
	engine->listener = listener;
	engine->listener_data = data;
	engine->loop = sd_event_ref(loop);
	r = take_lock(options->state, d);
	if (r < 0)
		return r;
	engine->lock = r;
	r = open_kernel(engine, d);
	if (!r)
		r = open_state(engine, d);
	if (!r)
		r = file_watch_new(loop, on_files_changed, engine, &engine->watch);
	if (r)
		return r;
	*ret = TAKE_PTR(engine);
	return 0;
}

void engine_stop(struct engine *engine)
{
	_cleanup_diag_ struct diag d = { 0 };

	pipeline_stop(engine->pipeline);
	(void)knobs_restore_all(&engine->knobs, &d);
	tell_notes(engine, &d);
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	(void)sd_event_source_unref(engine->monitor_source);
	(void)sd_event_source_unref(engine->settle_timer);
	(void)sd_event_source_unref(engine->look_timer);
	(void)sd_event_source_unref(engine->pulse_timer);
	pipeline_free(engine->pipeline);
	knobs_free(&engine->knobs);
	nl_monitor_close(engine->monitor);
	nl_close(engine->nl);
	pipe_facts_free(&engine->facts);
	pipe_facts_free(&engine->shown);
	pipe_memory_free(&engine->memory);
	model_free(engine->read);
	model_free(engine->model);
	diag_free(&engine->warnings);
	free(engine->knobs_path);
	free(engine->memory_path);
	free(engine->last_good);
	file_watch_free(engine->watch);
	cleanup_close(&engine->lock);
	(void)sd_event_unref(engine->loop);
	free(engine);
}

const struct model *engine_model(const struct engine *engine)
{
	return engine->model ? engine->model : engine->read;
}

const struct pipe_facts *engine_facts(const struct engine *engine)
{
	return engine->shown.links.n ? &engine->shown : &engine->facts;
}

struct pipeline *engine_pipeline(const struct engine *engine)
{
	return engine->pipeline;
}

const struct diag *engine_warnings(const struct engine *engine)
{
	return &engine->warnings;
}

time_t engine_loaded_at(const struct engine *engine)
{
	return engine->loaded_at;
}
