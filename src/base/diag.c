/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/diag.h"

#include <errno.h>
#include <string.h>

/* Enough for a person; a broken generator must not fill the memory or the terminal. */
#define DIAG_MAX 200

static const char *const level_names[] = { "error", "warning", "note" };

const char *diag_level_name(enum diag_level level)
{
	return level_names[level];
}

static void entry_free(struct diag_entry *e)
{
	free(e->file);
	free(e->text);
	free(e->hint);
}

void diag_free(struct diag *d)
{
	vec_foreach(&d->entries, e)
		entry_free(e);
	vec_free(&d->entries);
	*d = (struct diag){ 0 };
}

static void push(struct diag *d, struct diag_entry e)
{
	if (vec_push(&d->entries, e))
		entry_free(&e);
}

/* For an error the last finding that is none has to go: not to be told would be worse. */
static bool make_room(struct diag *d)
{
	for (size_t i = d->entries.n - 1; i-- > 0;) {
		if (d->entries.at[i].level == DIAG_ERROR)
			continue;
		entry_free(&d->entries.at[i]);
		vec_remove(&d->entries, i);
		return true;
	}
	return false;
}

static void add(struct diag *d, enum diag_level level, const struct mark *at, const char *format,
		va_list args)
{
	struct strbuf text = { 0 };
	struct diag_entry e = { .level = level };

	if (level == DIAG_ERROR)
		d->errors++;
	else if (level == DIAG_WARNING)
		d->warnings++;
	if (d->entries.n >= DIAG_MAX) {
		if (!d->full)
			push(d,
			     (struct diag_entry){ .level = DIAG_NOTE,
						  .text = strdup("more findings were left out") });
		d->full = true;
		d->left_out = level != DIAG_ERROR || !make_room(d);
		if (d->left_out)
			return;
	}
	strbuf_vaddf(&text, format, args);
	e.text = strbuf_take(&text);
	if (at && at->file) {
		e.file = strdup(at->file);
		e.line = at->line;
		e.column = at->column;
	}
	push(d, e);
}

#define DIAG_FUNCTION(name, level)                                               \
	int name(struct diag *d, const struct mark *at, const char *format, ...) \
	{                                                                        \
		va_list args;                                                    \
		va_start(args, format);                                          \
		add(d, level, at, format, args);                                 \
		va_end(args);                                                    \
		return -EINVAL;                                                  \
	}
DIAG_FUNCTION(diag_error, DIAG_ERROR)
DIAG_FUNCTION(diag_warning, DIAG_WARNING)
DIAG_FUNCTION(diag_note, DIAG_NOTE)

void diag_hint(struct diag *d, const char *format, ...)
{
	struct strbuf text = { 0 };
	struct diag_entry *last;
	va_list args;

	if (!d->entries.n || d->left_out)
		return;
	last = &d->entries.at[d->entries.n - 1];
	va_start(args, format);
	strbuf_vaddf(&text, format, args);
	va_end(args);
	free(last->hint);
	last->hint = strbuf_take(&text);
}

void diag_soften(struct diag *d)
{
	vec_foreach(&d->entries, e)
		if (e->level == DIAG_ERROR)
			e->level = DIAG_WARNING;
	d->warnings += d->errors;
	d->errors = 0;
}

void diag_move(struct diag *to, struct diag *from)
{
	vec_foreach(&from->entries, e) {
		push(to, *e);
		*e = (struct diag_entry){ 0 };
	}
	to->errors += from->errors;
	to->warnings += from->warnings;
	to->full |= from->full;
	diag_free(from);
}

static void format(const struct diag_entry *e, bool with_level, struct strbuf *out)
{
	if (e->file)
		strbuf_addf(out, "%s:", e->file);
	if (e->file && e->line)
		strbuf_addf(out, "%u:%u:", e->line, e->column);
	if (e->file)
		strbuf_add(out, " ");
	if (with_level)
		strbuf_addf(out, "%s: ", level_names[e->level]);
	strbuf_add(out, e->text ? e->text : "out of memory");
	if (e->hint)
		strbuf_addf(out, " (%s)", e->hint);
}

void diag_format(const struct diag_entry *e, struct strbuf *out)
{
	format(e, true, out);
}

void diag_format_plain(const struct diag_entry *e, struct strbuf *out)
{
	format(e, false, out);
}

void diag_format_all(const struct diag *d, struct strbuf *out)
{
	vec_foreach(&d->entries, e) {
		diag_format(e, out);
		strbuf_add_char(out, '\n');
	}
}
