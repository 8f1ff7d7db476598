/* SPDX-License-Identifier: GPL-2.0-only */
#include "tune/knob.h"

#include <errno.h>
#include <string.h>

#include "nl/link.h"

void knob_free(struct knob *knob)
{
	free(knob->path);
	free(knob->name);
	free(knob->before);
	free(knob->set);
	free(knob->earlier);
	*knob = (struct knob){ 0 };
}
#define _cleanup_knob_ _cleanup_(knob_free)

int knobs_init(struct knobs *k, struct nl *nl, const char *state_path)
{
	struct knobs fresh = { .nl = nl };

	if (state_path) {
		fresh.state = strdup(state_path);
		if (!fresh.state)
			return -ENOMEM;
	}
	*k = fresh;
	return 0;
}

void knobs_free(struct knobs *k)
{
	vec_foreach(k, knob)
		knob_free(knob);
	vec_free(k);
	free(k->state);
	*k = (struct knobs){ 0 };
}

static struct knob_subject subject_of(const struct knob *knob)
{
	return (struct knob_subject){ .ifindex = knob->ifindex, .path = knob->path };
}

static bool subject_is(const struct knob *knob, struct knob_subject s)
{
	if (s.path || knob->path)
		return s.path && knob->path && !strcmp(s.path, knob->path);
	return s.ifindex == knob->ifindex;
}

void knob_describe(const struct knob *knob, struct strbuf *out)
{
	strbuf_add(out, knob->path ? knob->path : knob->ifname);
	if (knob->name && knob->name[0])
		strbuf_addf(out, ": %s", knob->name);
}

static void say_dropped(struct diag *d, const struct knob *knob, const char *why)
{
	_cleanup_strbuf_ struct strbuf subject = { 0 };

	knob_describe(knob, &subject);
	(void)diag_note(d, NULL, "%s: not put back to \"%s\": %s", strbuf_text(&subject),
			knob->before, why);
}

static int identify_link(struct knobs *k, unsigned ifindex, struct knob *ret)
{
	struct nl_link link;
	int r = nl_link_get_by_index(k->nl, ifindex, &link);

	if (r)
		return r;
	ret->ifindex = ifindex;
	memcpy(ret->ifname, link.name, sizeof(ret->ifname));
	memcpy(ret->mac, link.mac, sizeof(ret->mac));
	return 0;
}

/*
 * A device keeps its index for life, and may change its name or its address, hardly both at once.
 * An index that now stands for another device (another namespace, say) differs in both.
 */
static bool same_device(const struct knob *a, const struct knob *b)
{
	static const uint8_t none[6];

	if (!strcmp(a->ifname, b->ifname))
		return true;
	return memcmp(a->mac, none, sizeof(none)) && !memcmp(a->mac, b->mac, sizeof(a->mac));
}

static int make(struct knobs *k, const struct knob_kind *kind, struct knob_subject s,
		const char *name, struct knob *ret)
{
	_cleanup_knob_ struct knob knob = { .kind = kind };
	int r = s.path ? 0 : identify_link(k, s.ifindex, &knob);

	if (r)
		return r;
	knob.name = strdup(name);
	knob.path = s.path ? strdup(s.path) : NULL;
	if (!knob.name || (s.path && !knob.path))
		return -ENOMEM;
	*ret = knob;
	knob = (struct knob){ 0 };
	return 0;
}

static struct knob *find(struct knobs *k, const struct knob *like)
{
	vec_foreach(k, knob)
		if (knob->kind == like->kind && subject_is(knob, subject_of(like)) &&
		    !strcmp(knob->name, like->name))
			return knob;
	return NULL;
}

static void forget(struct knobs *k, struct knob *knob)
{
	knob_free(knob);
	vec_remove(k, (size_t)(knob - k->at));
}

static int read_knob(struct knobs *k, const struct knob *knob, char **ret, struct strbuf *why)
{
	return knob->kind->read(k->nl, subject_of(knob), knob->name, ret, why);
}

static int write_knob(struct knobs *k, const struct knob *knob, const char *value, struct strbuf *why)
{
	return knob->kind->write(k->nl, subject_of(knob), knob->name, value, why);
}

static int verify_knob(struct knobs *k, const struct knob *knob, const char *value, struct strbuf *why)
{
	if (!knob->kind->verify)
		return 0;
	return knob->kind->verify(k->nl, subject_of(knob), knob->name, value, why);
}

static int replace_text(char **text, const char *by)
{
	char *copy = strdup(by);

	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

/* Takes the knob into the list; on failure it stays the caller's. */
static int record_new(struct knobs *k, struct knob *fresh, const char *now, const char *value,
		      struct knob **ret)
{
	int r = replace_text(&fresh->before, now);

	if (!r)
		r = replace_text(&fresh->set, value);
	if (!r)
		r = vec_push(k, *fresh);
	if (r)
		return r;
	*fresh = (struct knob){ 0 };
	*ret = &k->at[k->n - 1];
	return 0;
}

/* Until the write is done the knob may be found at either value after a crash. */
static int record_change(struct knob *knob, const char *now, const char *value, char **ret_was)
{
	_cleanup_free_ char *copy = strdup(value);

	if (!copy || replace_text(&knob->earlier, now))
		return -ENOMEM;
	*ret_was = knob->set;
	knob->set = TAKE_PTR(copy);
	return 0;
}

static void take_back(struct knobs *k, struct knob *knob, char **was)
{
	if (!*was) {
		forget(k, knob);
	} else {
		free(knob->set);
		knob->set = TAKE_PTR(*was);
		free(TAKE_PTR(knob->earlier));
	}
	(void)knobs_save(k);
}

/*
 * The kernel may say the same in other words, and only those are found again.  Should the record
 * not be written this time, the one written before the knob was turned still serves.
 */
static void settle(struct knobs *k, struct knob *knob)
{
	_cleanup_strbuf_ struct strbuf ignored = { 0 };
	_cleanup_free_ char *now = NULL;
	bool stale = knob->earlier;

	knob->wanted = true;
	free(TAKE_PTR(knob->earlier));
	if (!read_knob(k, knob, &now, &ignored)) {
		stale |= strcmp(now, knob->set) != 0;
		free(knob->set);
		knob->set = TAKE_PTR(now);
	}
	if (!strcmp(knob->set, knob->before)) {
		forget(k, knob);
		stale = true;
	}
	if (stale)
		(void)knobs_save(k);
}

static int write_checked(struct knobs *k, const struct knob *knob, const char *now,
			 const char *value, struct strbuf *why)
{
	_cleanup_strbuf_ struct strbuf ignored = { 0 };
	int r = write_knob(k, knob, value, why);

	if (r)
		return r;
	r = verify_knob(k, knob, value, why);
	if (r)
		(void)write_knob(k, knob, now, &ignored);
	return r;
}

static int turn(struct knobs *k, struct knob *knob, const char *now, const char *value,
		struct strbuf *why)
{
	int r = knobs_save(k);

	if (!r)
		return write_checked(k, knob, now, value, why);
	strbuf_addf(why, "the record %s cannot be written", k->state);
	return r;
}

/* Somebody, maybe an earlier run of ours, has done it already. */
static int already_so(struct knobs *k, struct knob *known, const struct knob *fresh,
		      const char *value, struct strbuf *why)
{
	int r = verify_knob(k, fresh, value, why);

	if (r || !known)
		return r;
	known->wanted = true;
	if (!strcmp(known->set, value))
		return 0;
	r = replace_text(&known->set, value);
	return r ? r : knobs_save(k);
}

static int change(struct knobs *k, struct knob *known, struct knob *fresh, const char *now,
		  const char *value, struct strbuf *why)
{
	_cleanup_free_ char *was = NULL;
	int r;

	if (known)
		r = record_change(known, now, value, &was);
	else
		r = record_new(k, fresh, now, value, &known);
	if (r)
		return r;
	r = turn(k, known, now, value, why);
	if (r)
		take_back(k, known, &was);
	else
		settle(k, known);
	return r;
}

static int set(struct knobs *k, struct knob *fresh, const char *value, struct diag *d,
	       struct strbuf *why)
{
	_cleanup_free_ char *now = NULL;
	struct knob *known = find(k, fresh);
	int r;

	if (known && !known->path && !same_device(known, fresh)) {
		say_dropped(d, known, "its index belongs to another interface now");
		forget(k, known);
		known = NULL;
	}
	r = read_knob(k, fresh, &now, why);
	if (r)
		return r;
	if (!strcmp(now, value))
		return already_so(k, known, fresh, value, why);
	return change(k, known, fresh, now, value, why);
}

int knobs_set(struct knobs *k, const struct knob_kind *kind, struct knob_subject subject,
	      const char *name, const char *value, struct diag *d)
{
	_cleanup_strbuf_ struct strbuf why = { 0 }, who = { 0 };
	_cleanup_knob_ struct knob fresh = { 0 };
	int r = make(k, kind, subject, name, &fresh);

	if (r) {
		(void)diag_error(d, NULL, "interface %u: cannot set %s to \"%s\": %s",
				 subject.ifindex, name, value, strerror(-r));
		return r;
	}
	knob_describe(&fresh, &who);
	r = set(k, &fresh, value, d, &why);
	if (r)
		(void)diag_error(d, NULL, "%s: cannot set it to \"%s\": %s%s%s", strbuf_text(&who),
				 value, strerror(-r), why.len ? ": " : "", strbuf_text(&why));
	return r;
}

static const char *vanished(struct knobs *k, const struct knob *knob)
{
	struct knob now = { 0 };
	int r;

	if (knob->path)
		return NULL;
	r = identify_link(k, knob->ifindex, &now);
	if (r == -ENODEV)
		return "the interface has vanished";
	return r || same_device(knob, &now) ? NULL : "its index belongs to another interface now";
}

static bool is_ours(const struct knob *knob, const char *now)
{
	return !strcmp(now, knob->set) || (knob->earlier && !strcmp(now, knob->earlier));
}

static int put_back(struct knobs *k, const struct knob *knob, struct diag *d)
{
	_cleanup_strbuf_ struct strbuf why = { 0 }, who = { 0 };
	int r = write_knob(k, knob, knob->before, &why);

	if (!r)
		return 0;
	knob_describe(knob, &who);
	(void)diag_warning(d, NULL, "%s: cannot put it back to \"%s\": %s%s%s", strbuf_text(&who),
			   knob->before, strerror(-r), why.len ? ": " : "", strbuf_text(&why));
	return r;
}

/* 0: done with, one way or another. */
static int restore(struct knobs *k, const struct knob *knob, struct diag *d)
{
	_cleanup_strbuf_ struct strbuf why = { 0 };
	_cleanup_free_ char *now = NULL;
	const char *gone = vanished(k, knob);
	int r = gone ? -ENODEV : read_knob(k, knob, &now, &why);

	if (r == -ENODEV || r == -ENOENT) {
		say_dropped(d, knob, gone ? gone : "it exists no more");
		return 0;
	}
	/* Unreadable: writing blindly could undo somebody else's change. */
	if (r) {
		strbuf_addf(&why, "%scannot be read: %s", why.len ? "; " : "", strerror(-r));
		say_dropped(d, knob, strbuf_text(&why));
		return r;
	}
	if (!strcmp(now, knob->before))
		return 0;
	if (is_ours(knob, now))
		return put_back(k, knob, d);
	strbuf_addf(&why, "somebody has changed it to \"%s\" since", now);
	say_dropped(d, knob, strbuf_text(&why));
	return 0;
}

typedef bool (*knob_filter_fn)(const struct knob *knob, const struct knob_subject *s);

/* The last one turned goes first, as a person would undo it. */
static int restore_some(struct knobs *k, knob_filter_fn chosen, const struct knob_subject *s,
			struct diag *d)
{
	int result = 0, r;

	for (size_t i = k->n; i-- > 0;) {
		if (!chosen(&k->at[i], s))
			continue;
		r = restore(k, &k->at[i], d);
		if (!r)
			forget(k, &k->at[i]);
		else if (!result)
			result = r;
	}
	r = knobs_save(k);
	if (r)
		(void)diag_warning(d, NULL, "%s: cannot write the record of settings: %s", k->state,
				   strerror(-r));
	return result ? result : r;
}

static bool any(const struct knob *knob _unused_, const struct knob_subject *s _unused_)
{
	return true;
}

static bool of_subject(const struct knob *knob, const struct knob_subject *s)
{
	return subject_is(knob, *s);
}

static bool unwanted(const struct knob *knob, const struct knob_subject *s _unused_)
{
	return !knob->wanted;
}

int knobs_restore_all(struct knobs *k, struct diag *d)
{
	return restore_some(k, any, NULL, d);
}

int knobs_restore_subject(struct knobs *k, struct knob_subject subject, struct diag *d)
{
	return restore_some(k, of_subject, &subject, d);
}

void knobs_mark(struct knobs *k)
{
	vec_foreach(k, knob)
		knob->wanted = false;
}

int knobs_restore_unwanted(struct knobs *k, struct diag *d)
{
	return restore_some(k, unwanted, NULL, d);
}
