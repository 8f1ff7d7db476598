/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/libreqos/isp_config.h"

#include "base/near.h"
#include "config/libreqos/isp_rows.h"
#include "config/libreqos/python.h"
#include "config/text.h"
#include "model/show.h"

struct reader {
	struct isp_config config;
	struct mark first[ISP_ROWS]; /* where a key was set last; line 0 = not yet */
	VEC(const struct python_assignment *) unused;
	struct diag *d;
};

void isp_config_free(struct isp_config *config)
{
	for (size_t i = 0; i < ISP_ROWS; i++)
		isp_value_clear(config, &isp_rows[i]);
}

static void reader_free(struct reader *r)
{
	isp_config_free(&r->config);
	vec_free(&r->unused);
}

static int refuse_statement(struct reader *r, const struct isp_row *row,
			    const struct python_assignment *a)
{
	_cleanup_strbuf_ struct strbuf wants = { 0 };

	isp_value_wants(row, &wants);
	(void)diag_error(r->d, &a->wrong_at, "`%s` wants %s: %s", row->key, strbuf_text(&wants),
			 a->wrong);
	diag_hint(r->d, "the file is read, not run");
	return -EINVAL;
}

/* As in Python, what is said last counts. */
static int read_known(struct reader *r, size_t i, const struct python_assignment *a)
{
	const struct isp_row *row = &isp_rows[i];

	if (!a->value)
		return refuse_statement(r, row, a);
	if (r->first[i].line)
		(void)diag_warning(r->d, &a->at,
				   "`%s` is set again, first at %s:%u:%u: this one counts",
				   row->key, r->first[i].file, r->first[i].line, r->first[i].column);
	r->first[i] = a->at;
	isp_value_clear(&r->config, row);
	return isp_value_read(row, a->value, &r->config, r->d);
}

static bool is_unused(const char *name)
{
	for (const char *const *key = isp_unused; *key; key++)
		if (!strcmp(*key, name))
			return true;
	return false;
}

static int warn_unknown(struct reader *r, const struct python_assignment *a)
{
	const char *names[ISP_ROWS + 64], *near;
	size_t n = 0;

	for (; n < ISP_ROWS; n++)
		names[n] = isp_rows[n].key;
	for (size_t i = 0; isp_unused[i] && n < ARRAY_LEN(names); i++)
		names[n++] = isp_unused[i];
	near = r->d->full ? NULL : near_word(a->name, names, n);
	if (a->value)
		(void)diag_warning(r->d, &a->at, "unknown key `%s` is not read",
				   text_shown(a->name).text);
	else
		(void)diag_note(r->d, &a->at, "unknown key `%s` is not read: %s",
				text_shown(a->name).text, a->wrong);
	if (near)
		diag_hint(r->d, "did you mean `%s`?", near);
	return 0;
}

static int read_assignment(struct reader *r, const struct python_assignment *a)
{
	for (size_t i = 0; i < ISP_ROWS; i++)
		if (!strcmp(isp_rows[i].key, a->name))
			return read_known(r, i, a);
	if (is_unused(a->name))
		return a->perhaps ? 0 : vec_push(&r->unused, a);
	return a->perhaps ? 0 : warn_unknown(r, a);
}

static void note_unused(struct reader *r)
{
	_cleanup_strbuf_ struct strbuf names = { 0 };

	vec_foreach(&r->unused, a)
		strbuf_addf(&names, "%s`%s`", names.len ? ", " : "", (*a)->name);
	if (names.len)
		(void)diag_note(r->d, &r->unused.at[0]->at, "accepted, not used: %s",
				strbuf_text(&names));
}

static void note_others(struct reader *r, const struct python_file *file)
{
	_cleanup_strbuf_ struct strbuf words = { 0 };

	vec_foreach(&file->others, o)
		strbuf_addf(&words, "%s`%s` in line %u", words.len ? ", " : "",
			    text_shown(o->word).text, o->at.line);
	if (words.len)
		(void)diag_note(r->d, &file->others.at[0].at,
				"the file is read, not run; without effect: %s", strbuf_text(&words));
}

/* Both directions share one interface; their tags tell them apart. */
static void check_stick(struct reader *r)
{
	const struct isp_config *c = &r->config;

	if (!c->on_a_stick.value)
		return;
	if (!c->stick_vlan_a.value || !c->stick_vlan_b.value) {
		(void)diag_error(r->d, &c->on_a_stick.at,
				 "`OnAStick` wants `StickVlanA` and `StickVlanB` above 0");
		diag_hint(r->d, "the tags tell the directions apart");
	} else if (c->stick_vlan_a.value == c->stick_vlan_b.value) {
		(void)diag_error(r->d, &c->stick_vlan_b.at,
				 "`StickVlanB` is the same as `StickVlanA` at %s:%u:%u",
				 c->stick_vlan_a.at.file, c->stick_vlan_a.at.line,
				 c->stick_vlan_a.at.column);
		diag_hint(r->d, "the tags tell the directions apart");
	}
}

static int read_file(struct reader *r, const struct python_file *file)
{
	unsigned before = r->d->errors;

	r->config.run_commands.value = true;
	vec_foreach(&file->assignments, a)
		if (read_assignment(r, a) == -ENOMEM)
			return -ENOMEM;
	if (r->d->errors == before)
		check_stick(r);
	note_unused(r);
	note_others(r, file);
	return r->d->errors > before ? -EINVAL : 0;
}

int isp_config_read(const char *name, const char *text, size_t len, struct isp_config *ret,
		    struct diag *d)
{
	_cleanup_(reader_free) struct reader r = { .d = d };
	_cleanup_(python_file_free) struct python_file file = { 0 };
	int e = text_check(name, text, len, d);

	if (!e)
		e = python_read(name, text, len, &file, d);
	if (!e)
		e = read_file(&r, &file);
	if (e == -ENOMEM)
		(void)diag_error(d, NULL, "out of memory");
	if (e)
		return e;
	*ret = r.config;
	r.config = (struct isp_config){ 0 };
	return 0;
}
