/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of data that the section names, and the copies kept of those that were in force.  The
 * files belong together (a circuit names its node), so either all of them count or all copies do.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "config/beside.h"
#include "config/libreqos/network_json.h"
#include "config/libreqos/shaped_devices.h"
#include "config/text.h"
#include "model/show.h"
#include "pipe/classify/conf_private.h"

/* One reading of everything. */
struct reading {
	const struct classify_conf *conf;
	const char *copies; /* directory of the copies, NULL = the files themselves */
	struct network network;
	VEC(struct classify_file) files;
	bool blind; /* there are no nodes to check circuits against */
	struct diag d;
};

static void file_free(struct classify_file *f)
{
	free(f->path);
	free(f->source);
	free(f->text);
}

static void reading_free(struct reading *r)
{
	network_free(&r->network);
	vec_foreach(&r->files, f)
		file_free(f);
	vec_free(&r->files);
	diag_free(&r->d);
}

/* -ENOMEM; what else is wrong was reported. */
static int read_file(struct reading *r, const struct conf_string *from, struct classify_file *f)
{
	int e;

	f->path = path_beside(from->at.file, from->text);
	if (f->path)
		f->source = r->copies ? path_of_copy(r->copies, f->path) : strdup(f->path);
	if (!f->source)
		return -ENOMEM;
	e = file_read(f->source, TEXT_MAX_BYTES, &f->text, &f->len);
	if (!e || e == -ENOMEM)
		return e;
	(void)diag_error(&r->d, &(struct mark){ .file = f->source }, "cannot be read: %s",
			 strerror(-e));
	diag_hint(&r->d, "it is named at %s:%u:%u%s", from->at.file, from->at.line, from->at.column,
		  from == &r->conf->network_file ? "; a network without nodes is a file with {}" :
						   "");
	return 0;
}

typedef int (*reader)(const char *name, const char *text, size_t len, struct network *network,
		      struct diag *d);

static int add_file(struct reading *r, const struct conf_string *from, reader read)
{
	struct classify_file f = { 0 };
	int e = read_file(r, from, &f);

	if (!e && f.text && read(f.source, f.text, f.len, &r->network, &r->d) == -ENOMEM)
		e = -ENOMEM;
	if (!e)
		e = vec_push(&r->files, f); /* its name stands in marks */
	if (e)
		file_free(&f);
	return e;
}

static bool named_before(const struct conf_list *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(TEXTS(list)[k].text, TEXTS(list)[i].text))
			return true;
	return false;
}

static int read_devices(struct reading *r)
{
	const struct conf_list *list = &r->conf->devices;
	int e = 0;

	for (size_t i = 0; !e && i < list->n; i++) {
		if (named_before(list, i))
			(void)diag_error(&r->d, &TEXTS(list)[i].at, "%s is named twice",
					 text_quoted(TEXTS(list)[i].text).text);
		else
			e = add_file(r, &TEXTS(list)[i], shaped_devices_read);
	}
	return e;
}

static int read_all(struct reading *r)
{
	int e = 0;

	if (r->conf->network_file.text)
		e = add_file(r, &r->conf->network_file, network_json_read);
	/* Without the nodes each circuit would be wrong, and that is not what is wrong. */
	r->blind = r->d.errors && !r->network.nodes.n;
	if (!e)
		e = read_devices(r);
	if (!e)
		e = classify_network_add(r->conf, &r->network, &r->d);
	if (!e && !r->blind)
		e = network_check(&r->network, &r->d) == -ENOMEM ? -ENOMEM : 0;
	return e;
}

static void take_over(struct classify_conf *conf, struct reading *r)
{
	conf->network = r->network;
	r->network = (struct network){ 0 };
	conf->files.list.at = TAKE_PTR(r->files.at);
	conf->files.list.n = r->files.n;
	conf->files.list.cap = r->files.cap;
	r->files.n = r->files.cap = 0;
}

/* --- the copies of an earlier run ---------------------------------------------------------------- */

static bool same_text(const struct classify_file *a, const struct classify_file *b)
{
	return a->text && b->text && a->len == b->len && !memcmp(a->text, b->text, a->len);
}

static void warn_of_copy(const struct classify_file *copy, struct diag *d)
{
	char when[32] = "an unknown date";
	struct stat st;
	struct tm tm;

	if (!stat(copy->source, &st) && localtime_r(&st.st_mtime, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	(void)diag_warning(d, &(struct mark){ .file = copy->path },
			   "not used: the copy of %s takes its place", when);
	diag_hint(d, "it is %s", copy->source);
}

/* The files are wrong: with good copies that is no reason not to start. */
static int try_copies(struct classify_conf *conf, struct reading *wrong, const char *directory,
		      struct diag *d)
{
	_cleanup_(reading_free) struct reading r = { conf, directory };
	int e = read_all(&r);

	if (e)
		return e;
	if (r.d.errors) {
		diag_move(d, &wrong->d);
		(void)diag_note(d, NULL, "there are no good copies of the files in %s", directory);
		return -EINVAL;
	}
	diag_soften(&wrong->d);
	diag_move(d, &wrong->d);
	for (size_t i = 0; i < r.files.n; i++)
		if (!same_text(&r.files.at[i], &wrong->files.at[i]))
			warn_of_copy(&r.files.at[i], d);
	take_over(conf, &r);
	return 0;
}

/* --- for conf.c and the hooks ------------------------------------------------------------------- */

/* An export that failed halfway looks like a list of nobody, and would leave everybody unshaped. */
static void refuse_emptiness(const struct classify_conf *conf, struct reading *r)
{
	if (r->d.errors || !conf->devices.n || r->network.circuits.n)
		return;
	(void)diag_error(&r->d, &(struct mark){ .file = r->files.at[r->files.n - 1].path },
			 "there is not one circuit in it: nobody would be shaped any more");
	diag_hint(&r->d,
		  "was it not written to its end?  To shape nobody take `shaper` out, or set "
		  "mode: monitor");
}

int classify_files_read(struct classify_conf *conf, const struct schema_context *context,
			struct diag *d)
{
	_cleanup_(reading_free) struct reading r = { conf };
	const char *copies = context ? context->last_good : NULL;
	bool any = conf->devices.n || conf->network_file.text;
	int e = read_all(&r);

	if (e)
		return e;
	if (context && context->strict)
		refuse_emptiness(conf, &r);
	if (r.d.errors && copies && any)
		return try_copies(conf, &r, copies, d);
	e = r.d.errors ? -EINVAL : 0;
	diag_move(d, &r.d);
	if (!e)
		take_over(conf, &r);
	return e;
}

void classify_files_free(struct classify_conf *conf)
{
	network_free(&conf->network);
	vec_foreach(&conf->files.list, f)
		file_free(f);
	vec_free(&conf->files.list);
}

int classify_files_names(const void *data, struct name_list *out)
{
	const struct classify_conf *conf = data;
	int r = 0;

	for (size_t i = 0; !r && i < conf->files.list.n; i++)
		r = vec_push(&out->names, conf->files.list.at[i].path);
	return r;
}

static int keep_file(const struct classify_file *f, const char *directory)
{
	_cleanup_free_ char *copy = path_of_copy(directory, f->path), *old = NULL;
	size_t len = 0;

	if (!copy)
		return -ENOMEM;
	if (!file_read(copy, TEXT_MAX_BYTES, &old, &len) && len == f->len &&
	    !memcmp(old, f->text, len))
		return 0;
	return file_write_atomic(copy, f->text, f->len, 0600);
}

/* What made the section, when it is LibreQoS'; read once more, since only its meaning is at hand. */
static int keep_isp_config(const struct classify_conf *conf, const char *directory)
{
	const char *file = conf->access.at.file, *slash = file ? strrchr(file, '/') : NULL;
	struct classify_file f = { .path = (char *)file };
	int r;

	if (!slash || strcmp(slash, "/ispConfig.py"))
		return 0;
	r = file_read(file, TEXT_MAX_BYTES, &f.text, &f.len);
	if (r)
		return 0; /* it is just gone: the copy is what was in force */
	r = keep_file(&f, directory);
	free(f.text);
	return r;
}

int classify_files_keep(const void *data, const char *directory)
{
	const struct classify_conf *conf = data;
	int r = conf->files.list.n ? file_make_dirs(directory, 0700) : 0;

	for (size_t i = 0; !r && i < conf->files.list.n; i++) {
		const struct classify_file *f = &conf->files.list.at[i];

		if (!strcmp(f->path, f->source))
			r = keep_file(f, directory);
	}
	if (!r && conf->files.list.n)
		r = keep_isp_config(conf, directory);
	return r;
}
