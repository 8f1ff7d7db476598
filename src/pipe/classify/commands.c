/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Subscribers by command: each is checked against all others before anything is noted, so that the
 * sync that follows need not check everybody again.
 */
#include <inttypes.h>

#include "base/cleanup.h"
#include "nl/qdisc.h"
#include "pipe/classify/live.h"
#include "pipe/instance.h"

/* --- parameters -------------------------------------------------------------------------------- */

static const char *text_in(const json_t *in, const char *key)
{
	return json_string_value(json_object_get(in, key));
}

static int wrong(struct diag *d, const char *key, const char **ret_wrong)
{
	*ret_wrong = key;
	return d->errors ? -EINVAL : -ENOMEM;
}

static int read_rate(const json_t *in, const char *key, uint64_t *to, const char **ret_wrong,
		     struct diag *d)
{
	const json_t *value = json_object_get(in, key);
	json_int_t rate = json_integer_value(value);

	if (!value || json_is_null(value))
		return 0;
	if (rate >= (json_int_t)SHAPER_RATE_LEAST && rate <= (json_int_t)SHAPER_RATE_MOST) {
		*to = (uint64_t)rate;
		return 0;
	}
	(void)diag_error(d, NULL, "%" JSON_INTEGER_FORMAT " bit/s: expected %" PRIu64 " to %" PRIu64,
			 rate, SHAPER_RATE_LEAST, SHAPER_RATE_MOST);
	return wrong(d, key, ret_wrong);
}

static int replace_text(const json_t *in, const char *key, char **to)
{
	const char *text = text_in(in, key);
	char *own;

	if (!text)
		return 0;
	own = strdup(text);
	if (!own)
		return -ENOMEM;
	free(*to);
	*to = own;
	return 0;
}

static int read_addresses(const json_t *in, struct classify_change *c, const char **ret_wrong,
			  struct diag *d)
{
	const json_t *list = json_object_get(in, "addresses"), *text;
	const struct mark at = { .file = NULL };
	size_t i;
	int r = 0;

	if (!json_is_array(list))
		return 0;
	c->device.addresses.n = 0;
	c->has_addresses = true;
	json_array_foreach(list, i, text) {
		struct net_address address;

		r = net_address_read(json_string_value(text) ?: "", &at, &address, d);
		if (!r)
			r = vec_push(&c->device.addresses, address);
		if (r)
			return wrong(d, "addresses", ret_wrong);
	}
	return 0;
}

static int check_leaf(const char *words, struct diag *d)
{
	struct nl_qdisc_spec spec = { 0 };
	int r = nl_qdisc_parse(words, NULL, &spec, d);

	if (r || (spec.kind != NL_QDISC_HTB && spec.kind != NL_QDISC_MQ))
		return r;
	(void)diag_error(d, NULL, "%s is no queue: it only holds others",
			 nl_qdisc_kind_name(spec.kind));
	diag_hint(d, "cake, fq_codel and fifo are");
	return -EINVAL;
}

/* "cake", or "cake/fq_codel" for download and upload. */
static int read_leaf(const json_t *in, struct classify_change *c, const char **ret_wrong,
		     struct diag *d)
{
	const char *words = text_in(in, "leaf"), *slash = words ? strchr(words, '/') : NULL;
	char *down, *up;
	int r;

	if (!words)
		return 0;
	down = slash ? strndup(words, (size_t)(slash - words)) : strdup(words);
	up = strdup(slash ? slash + 1 : words);
	r = down && up ? check_leaf(down, d) : -ENOMEM;
	if (!r)
		r = check_leaf(up, d);
	if (r) {
		free(down);
		free(up);
		return wrong(d, "leaf", ret_wrong);
	}
	free(c->leaf_down);
	free(c->leaf_up);
	c->leaf_down = down;
	c->leaf_up = up;
	return 0;
}

static int read_change(const json_t *in, struct classify_change *c, const char **ret_wrong,
		       struct diag *d)
{
	int r = replace_text(in, "name", &c->name);

	if (!r)
		r = replace_text(in, "parent", &c->parent);
	if (!r)
		r = read_rate(in, "download", &c->max.down, ret_wrong, d);
	if (!r)
		r = read_rate(in, "upload", &c->max.up, ret_wrong, d);
	if (!r)
		r = read_rate(in, "min_download", &c->min.down, ret_wrong, d);
	if (!r)
		r = read_rate(in, "min_upload", &c->min.up, ret_wrong, d);
	if (!r)
		r = read_leaf(in, c, ret_wrong, d);
	return r ? r : read_addresses(in, c, ret_wrong, d);
}

/* --- against all others ------------------------------------------------------------------------ */

static int check_rates(const struct net_circuit *c, const char **ret_wrong, struct diag *d)
{
	if (!c->max.down || !c->max.up) {
		(void)diag_error(d, NULL, "a subscriber needs a download and an upload rate");
		return wrong(d, c->max.down ? "upload" : "download", ret_wrong);
	}
	if (c->min.down <= c->max.down && c->min.up <= c->max.up)
		return 0;
	(void)diag_error(d, NULL, "the minimum is above the maximum");
	return wrong(d, c->min.down > c->max.down ? "min_download" : "min_upload", ret_wrong);
}

static int check_parent(const struct network *network, const struct net_circuit *c,
			const char **ret_wrong, struct diag *d)
{
	if (!c->parent || network_find_node(network, c->parent) >= 0)
		return 0;
	(void)diag_error(d, NULL, "there is no node '%s'", c->parent);
	diag_hint(d, "see weir tree");
	return wrong(d, "parent", ret_wrong);
}

static const struct net_circuit *owner_of(const struct network *network, size_t n,
					  const struct net_prefix *prefix, const char *but)
{
	for (size_t i = 0; i < n; i++) {
		const struct net_circuit *c = &network->circuits.at[i];

		if (!strcmp(c->id, but))
			continue;
		vec_foreach(&c->devices, device)
			vec_foreach(&device->addresses, a)
				if (!memcmp(&a->prefix, prefix, sizeof(*prefix)))
					return c;
	}
	return NULL;
}

static int check_addresses(const struct classify_live *live, const struct classify_change *c,
			   const char **ret_wrong, struct diag *d)
{
	for (size_t i = 0; i < c->device.addresses.n; i++) {
		const struct net_prefix *prefix = &c->device.addresses.at[i].prefix;
		const struct net_circuit *owner =
			owner_of(&live->now->network, live->now->n_circuits, prefix, c->id);
		_cleanup_strbuf_ struct strbuf text = { 0 };

		net_prefix_format(prefix, &text);
		if (owner)
			(void)diag_error(d, NULL, "%s is that of '%s'", strbuf_text(&text),
					 owner->id);
		for (size_t j = 0; j < i; j++)
			if (!memcmp(&c->device.addresses.at[j].prefix, prefix, sizeof(*prefix)))
				(void)diag_error(d, NULL, "%s is given twice", strbuf_text(&text));
		if (d->errors)
			return wrong(d, "addresses", ret_wrong);
	}
	return 0;
}

/* The circuit as it would be. */
static void preview(const struct classify_live *live, const struct classify_change *c,
		    struct net_circuit *ret)
{
	int at = classify_world_find(live->now, c->id);

	*ret = at < 0 ? (struct net_circuit){ .id = c->id } : live->now->network.circuits.at[at];
	ret->max.down = c->max.down ?: ret->max.down;
	ret->max.up = c->max.up ?: ret->max.up;
	ret->min.down = c->min.down ?: ret->min.down;
	ret->min.up = c->min.up ?: ret->min.up;
	if (c->parent)
		ret->parent = *c->parent ? c->parent : NULL;
}

static int check_change(const struct classify_live *live, const struct classify_change *c,
			const char **ret_wrong, struct diag *d)
{
	struct net_circuit circuit;
	int r;

	preview(live, c, &circuit);
	r = check_rates(&circuit, ret_wrong, d);
	if (!r)
		r = check_parent(&live->now->network, &circuit, ret_wrong, d);
	return r ? r : check_addresses(live, c, ret_wrong, d);
}

/* --- noting ------------------------------------------------------------------------------------ */

static int need_section(const struct classify_live *live, struct diag *d)
{
	if (live->now && live->now->conf)
		return 0;
	(void)diag_error(d, NULL, "there is no `shaper` section in the configuration");
	return -EINVAL;
}

/*
 * What goes wrong later brings all of this back.  The world in force borrows from what was, so that
 * is left alone, and the copy is changed.
 */
static int begin(struct classify_live *live)
{
	struct classify_changes copy = { 0 };
	int r;

	if (live->commanded)
		return 0;
	r = classify_changes_copy(&live->changes, &copy);
	if (r)
		return r;
	live->before = live->changes;
	live->changes = copy;
	live->commanded = true;
	return 0;
}

void classify_command_revert(struct classify_live *live)
{
	classify_changes_free(&live->changes);
	live->changes = live->before;
	live->before = (struct classify_changes){ 0 };
	live->commanded = live->unchecked = false;
}

static int change(struct classify_live *live, const json_t *in, bool add, const char **ret_wrong,
		  struct diag *d)
{
	const char *id = text_in(in, "id");
	struct classify_change *c;
	int r = begin(live);

	if (r)
		return r;
	c = classify_changes_at(&live->changes, id);
	if (!c) {
		classify_command_revert(live);
		return -ENOMEM;
	}
	/* One that was removed by command and is in a file is only changed. */
	c->added |= add && !c->removed;
	c->removed = false;
	r = read_change(in, c, ret_wrong, d);
	if (!r)
		r = check_change(live, c, ret_wrong, d);
	if (r)
		classify_command_revert(live);
	return r;
}

static int check_id(const struct classify_live *live, const json_t *in, bool there,
		    const char **ret_wrong, struct diag *d)
{
	const char *id = text_in(in, "id");
	int at = id && *id ? classify_world_find(live->now, id) : -1;

	if (!id || !*id)
		(void)diag_error(d, NULL, "a subscriber needs an id");
	else if (!strcmp(id, CLASSIFY_DEFAULT_NAME))
		(void)diag_error(d, NULL, "that is the default plan: see shaper.default_plan");
	else if (there && at < 0)
		(void)diag_error(d, NULL, "there is no subscriber '%s'", id);
	else if (!there && at >= 0)
		(void)diag_error(d, NULL, "there is a subscriber '%s' already", id);
	return d->errors ? wrong(d, "id", ret_wrong) : 0;
}

static int run_add(void *data, const struct pipe_facts *facts, const json_t *in,
		   const char **ret_wrong, struct diag *d)
{
	struct classify_live *live = data;
	int r = need_section(live, d);

	if (!r)
		r = check_id(live, in, false, ret_wrong, d);
	if (!r && !json_array_size(json_object_get(in, "addresses"))) {
		(void)diag_error(d, NULL, "a subscriber needs at least one address");
		r = wrong(d, "addresses", ret_wrong);
	}
	return r ? r : change(live, in, true, ret_wrong, d);
}

static int run_set(void *data, const struct pipe_facts *facts, const json_t *in,
		   const char **ret_wrong, struct diag *d)
{
	struct classify_live *live = data;
	int r = need_section(live, d);

	if (!r)
		r = check_id(live, in, true, ret_wrong, d);
	return r ? r : change(live, in, false, ret_wrong, d);
}

static bool is_in_file(const struct classify_live *live, const char *id)
{
	return network_find_circuit(&live->now->conf->network, id) >= 0;
}

static int run_remove(void *data, const struct pipe_facts *facts, const json_t *in,
		      const char **ret_wrong, struct diag *d)
{
	struct classify_live *live = data;
	const char *id = text_in(in, "id");
	struct classify_change *c;
	int r = need_section(live, d);

	if (!r)
		r = check_id(live, in, true, ret_wrong, d);
	if (!r)
		r = begin(live);
	if (r)
		return r;
	classify_changes_forget(&live->changes, id);
	if (!is_in_file(live, id))
		return 0;
	c = classify_changes_at(&live->changes, id);
	if (!c) {
		classify_command_revert(live);
		return -ENOMEM;
	}
	c->removed = true;
	return 0;
}

static void forget_all(struct classify_changes *changes)
{
	vec_foreach(&changes->circuits, c)
		classify_change_free(c);
	changes->circuits.n = 0;
}

static int run_reset(void *data, const struct pipe_facts *facts, const json_t *in,
		     const char **ret_wrong, struct diag *d)
{
	struct classify_live *live = data;
	const char *id = text_in(in, "id");
	int r = need_section(live, d);

	if (!r && id && !classify_changes_find(&live->changes, id)) {
		(void)diag_error(d, NULL, "'%s' was not changed by command", id);
		r = wrong(d, "id", ret_wrong);
	}
	if (!r)
		r = begin(live);
	if (r)
		return r;
	if (id)
		classify_changes_forget(&live->changes, id);
	else
		forget_all(&live->changes);
	live->unchecked = true; /* somebody else may have his address of the file by now */
	return 0;
}

/* --- addresses by hand ------------------------------------------------------------------------- */

/* "1:1a", hexadecimal as tc(8) has it. */
static int read_class(const char *text, uint32_t *ret)
{
	unsigned major, minor;
	char rest;

	/* sscanf() alone takes signs and blanks. */
	if (!text || text[strspn(text, "0123456789abcdefABCDEF:")] ||
	    sscanf(text, "%4x:%4x%c", &major, &minor, &rest) != 2 || major > 0xffff ||
	    minor > 0xffff || !major)
		return -EINVAL;
	*ret = major << 16 | minor;
	return 0;
}

static int read_mapping(const struct classify_live *live, const json_t *in,
			struct classify_mapping *ret, const char **ret_wrong, struct diag *d)
{
	const struct mark at = { .file = NULL };
	struct net_address address;
	json_int_t cpu = json_integer_value(json_object_get(in, "cpu"));

	if (net_address_read(text_in(in, "address") ?: "", &at, &address, d))
		return wrong(d, "address", ret_wrong);
	*ret = (struct classify_mapping){ .prefix = address.prefix,
					  .upload = json_is_true(json_object_get(in, "upload")) };
	if (cpu < 0 || cpu >= (json_int_t)live->kernel->n_cpus || cpu >= CLASSIFY_CPUS) {
		(void)diag_error(d, NULL, "there is no CPU %" JSON_INTEGER_FORMAT, cpu);
		return wrong(d, "cpu", ret_wrong);
	}
	ret->cpu = (uint32_t)cpu;
	if (!read_class(text_in(in, "class"), &ret->handle))
		return 0;
	(void)diag_error(d, NULL, "expected a class such as 1:1a, in hexadecimal as tc shows it");
	return wrong(d, "class", ret_wrong);
}

static int run_map(void *data, const struct pipe_facts *facts, const json_t *in,
		   const char **ret_wrong, struct diag *d)
{
	struct classify_live *live = data;
	struct classify_mapping mapping;
	int r = need_section(live, d), at;

	if (!r)
		r = read_mapping(live, in, &mapping, ret_wrong, d);
	if (!r)
		r = begin(live);
	if (r)
		return r;
	at = classify_changes_find_mapping(&live->changes, &mapping.prefix);
	if (at >= 0)
		live->changes.mappings.at[at] = mapping;
	else
		r = vec_push(&live->changes.mappings, mapping);
	if (r)
		classify_command_revert(live);
	return r;
}

static int run_unmap(void *data, const struct pipe_facts *facts, const json_t *in,
		     const char **ret_wrong, struct diag *d)
{
	struct classify_live *live = data;
	const struct mark mark = { .file = NULL };
	struct net_address address;
	int r = need_section(live, d), at = -1;

	if (r)
		return r;
	if (net_address_read(text_in(in, "address") ?: "", &mark, &address, d))
		return wrong(d, "address", ret_wrong);
	at = classify_changes_find_mapping(&live->changes, &address.prefix);
	if (at < 0) {
		(void)diag_error(d, NULL, "no such address was mapped by hand");
		diag_hint(d, "addresses of subscribers are changed with weir subscribers set");
		return wrong(d, "address", ret_wrong);
	}
	r = begin(live);
	if (!r)
		vec_remove(&live->changes.mappings, (size_t)at);
	return r;
}

static int run_clear_map(void *data, const struct pipe_facts *facts, const json_t *in,
			 const char **ret_wrong, struct diag *d)
{
	struct classify_live *live = data;
	int r = need_section(live, d);

	if (!r)
		r = begin(live);
	if (!r)
		live->changes.mappings.n = 0;
	return r;
}

#define PLAN_TYPES                                                                              \
	"parent: ?string, download: ?int, upload: ?int, min_download: ?int, min_upload: ?int, " \
	"leaf: ?string, addresses: ?[]string"

const struct stage_command classify_commands[] = {
	{ "Add", "(id: string, name: ?string, " PLAN_TYPES ")",
	  "A subscriber that is in no file; rates are bits per second.", run_add },
	{ "Set", "(id: string, name: ?string, " PLAN_TYPES ")",
	  "Changes what is given; the rest stays as the file says.", run_set },
	{ "Remove", "(id: string)", "Takes a subscriber out, also one of a file.", run_remove },
	{ "Reset", "(id: ?string)", "Forgets what was changed by command, of one or of all.",
	  run_reset },
	{ "Map", "(address: string, cpu: int, class: string, upload: ?bool)",
	  "Sends an address to a class, such as 1:1a, and a CPU, whosever it is.", run_map },
	{ "Unmap", "(address: string)", "Forgets such an address.", run_unmap },
	{ "ClearMap", "()", "Forgets all of them.", run_clear_map },
	{ .name = NULL },
};
