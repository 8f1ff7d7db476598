/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record on disk.  It names the boot it belongs to: what was turned before a reboot is no
 * longer turned, and an interface index means nothing then.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "tune/knob.h"

#define STATE_MAX (1 << 20)
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static void boot_id(char *to, size_t size)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	to[0] = 0;
	if (!file_read(BOOT_ID, 4096, &text, &len))
		(void)snprintf(to, size, "%.*s", (int)strcspn(text, "\n"), text);
}

static json_t *knob_to_json(const struct knob *knob)
{
	const uint8_t *m = knob->mac;
	char mac[18];

	if (knob->path)
		return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "kind", knob->kind->name,
				 "file", knob->path, "name", knob->name, "before", knob->before,
				 "set", knob->set, "earlier", knob->earlier);
	(void)snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3],
		       m[4], m[5]);
	return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s*}", "kind", knob->kind->name,
			 "interface", knob->ifname, "ifindex", (json_int_t)knob->ifindex, "mac",
			 mac, "name", knob->name, "before", knob->before, "set", knob->set,
			 "earlier", knob->earlier);
}

static json_t *list_to_json(const struct knobs *k)
{
	json_auto_t *list = json_array();

	vec_foreach(k, knob)
		/* The new reference is stolen, and NULL is refused. */
		if (json_array_append_new(list, knob_to_json(knob)))
			return NULL;
	return json_incref(list);
}

int knobs_save(const struct knobs *k)
{
	_cleanup_free_ char *text = NULL;
	json_auto_t *root = NULL;
	char boot[64];

	if (!k->state)
		return 0;
	if (!k->n)
		return unlink(k->state) && errno != ENOENT ? -errno : 0;
	boot_id(boot, sizeof(boot));
	root = json_pack("{s:s, s:o}", "boot", boot, "knobs", list_to_json(k));
	text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	/* Out of memory, or a name that is not UTF-8. */
	if (!text)
		return -EILSEQ;
	return file_write_atomic(k->state, text, strlen(text), 0600);
}

static int copy_text(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -ENOMEM : 0;
}

static bool mac_from_text(const char *text, uint8_t *mac)
{
	int end = 0;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5], &end) == 6 &&
	       !text[end];
}

struct texts {
	const char *kind, *file, *interface, *mac, *name, *before, *set, *earlier;
	json_int_t ifindex;
};

static int subject_from(const struct texts *t, struct knob *knob, struct strbuf *why)
{
	if (t->file)
		return copy_text(t->file, &knob->path);
	if (!t->interface || !t->mac || t->ifindex <= 0 || t->ifindex > INT32_MAX ||
	    strlen(t->interface) >= sizeof(knob->ifname) || !mac_from_text(t->mac, knob->mac)) {
		strbuf_addf(why, "\"%s\" belongs to no file and to no interface", t->name);
		return -EBADMSG;
	}
	knob->ifindex = (unsigned)t->ifindex;
	(void)snprintf(knob->ifname, sizeof(knob->ifname), "%s", t->interface);
	return 0;
}

static int knob_from(const struct texts *t, struct knob *knob, struct strbuf *why)
{
	int r = subject_from(t, knob, why);

	if (!r)
		r = copy_text(t->name, &knob->name);
	if (!r)
		r = copy_text(t->before, &knob->before);
	if (!r)
		r = copy_text(t->set, &knob->set);
	return r ? r : copy_text(t->earlier, &knob->earlier);
}

static int entry_from_json(json_t *entry, struct knobs *to, struct diag *d, struct strbuf *why)
{
	struct knob knob = { 0 };
	struct texts t = { 0 };
	json_error_t e;
	int r;

	if (json_unpack_ex(entry, &e, 0, "{s:s, s:s, s:s, s:s, s?s, s?s, s?s, s?s, s?I}", "kind",
			   &t.kind, "name", &t.name, "before", &t.before, "set", &t.set, "file",
			   &t.file, "interface", &t.interface, "mac", &t.mac, "earlier", &t.earlier,
			   "ifindex", &t.ifindex)) {
		strbuf_add(why, e.text);
		return -EBADMSG;
	}
	knob.kind = knob_kind_find(t.kind);
	if (!knob.kind) {
		(void)diag_warning(d, NULL,
				   "%s: not put back to \"%s\": this version knows no settings of "
				   "kind \"%s\"",
				   t.name, t.before, t.kind);
		return 0;
	}
	r = knob_from(&t, &knob, why);
	if (!r)
		r = vec_push(to, knob);
	if (r)
		knob_free(&knob);
	return r;
}

static int list_from_json(json_t *root, struct knobs *to, struct diag *d, struct strbuf *why)
{
	json_t *list = json_object_get(root, "knobs"), *entry;
	const char *boot = json_string_value(json_object_get(root, "boot"));
	char now[64];
	size_t i;
	int r = 0;

	if (!json_is_array(list) || !boot) {
		strbuf_add(why, "expected an object with \"boot\" and \"knobs\"");
		return -EBADMSG;
	}
	boot_id(now, sizeof(now));
	if (strcmp(boot, now)) {
		(void)diag_note(d, NULL, "%s: is of an earlier boot, dropped", to->state);
		return 0;
	}
	json_array_foreach(list, i, entry) {
		r = entry_from_json(entry, to, d, why);
		if (r)
			break;
	}
	return r;
}

static int parse(const char *text, size_t len, struct knobs *to, struct diag *d, struct strbuf *why)
{
	json_auto_t *root = NULL;
	json_error_t e;

	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	if (root)
		return list_from_json(root, to, d, why);
	strbuf_addf(why, "line %d column %d: %s", e.line, e.column, e.text);
	return -EBADMSG;
}

/* Kept for a person to read; the start goes on. */
static int move_aside(const struct knobs *k, const char *why, struct diag *d)
{
	_cleanup_strbuf_ struct strbuf aside = { 0 };

	strbuf_addf(&aside, "%s.corrupt", k->state);
	if (aside.failed)
		return -ENOMEM;
	if (rename(k->state, aside.text)) {
		int r = -errno;

		(void)diag_error(d, NULL, "%s: is damaged (%s) and cannot be moved aside: %s",
				 k->state, why, strerror(-r));
		return r;
	}
	(void)diag_warning(d, NULL, "%s: is damaged (%s), moved to %s", k->state, why, aside.text);
	diag_hint(d, "settings turned by the run before stay as they are");
	return 0;
}

/* All of the file or nothing. */
static int take_over(struct knobs *k, struct knobs *loaded)
{
	int r = 0;

	while (!r && loaded->n) {
		r = vec_push(k, loaded->at[0]);
		if (!r)
			vec_remove(loaded, 0);
	}
	return r;
}

int knobs_load(struct knobs *k, struct diag *d)
{
	_cleanup_knobs_ struct knobs loaded = { 0 };
	_cleanup_strbuf_ struct strbuf why = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	if (!k->state)
		return 0;
	r = file_read(k->state, STATE_MAX, &text, &len);
	if (r == -ENOENT)
		return 0;
	if (r == -EFBIG)
		return move_aside(k, "it is too large", d);
	if (!r)
		r = knobs_init(&loaded, k->nl, k->state);
	if (!r)
		r = parse(text, len, &loaded, d, &why);
	if (r == -EBADMSG)
		return move_aside(k, strbuf_text(&why), d);
	if (!r)
		return take_over(k, &loaded);
	(void)diag_error(d, NULL, "%s: cannot read the record of settings: %s", k->state,
			 strerror(-r));
	return r;
}
