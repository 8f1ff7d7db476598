/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/libreqos/directory.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "config/beside.h"
#include "config/libreqos/isp_config.h"
#include "config/text.h"
#include "model/show.h"
#include "model/value.h"

#define SHAPER "shaper"
#define ISP_CONFIG "ispConfig.py"

struct libreqos_section {
	struct conf_string directory;
};

static const struct schema_row rows[] = {
	{ .key = "libreqos",
	  .kind = SCHEMA_PATH,
	  .offset = offsetof(struct libreqos_section, directory),
	  .aside = true,
	  .help = "Takes the place of `shaper`; absolute, or seen from the directory of this file.",
	  .example = "/opt/libreqos/v1.3" },
	{ .key = NULL },
};

const struct schema libreqos_schema = {
	.name = "libreqos",
	.help = "Directory of LibreQoS: its ispConfig.py, ShapedDevices.csv and network.json are "
		"read as they are.",
	.rows = rows,
	.size = sizeof(struct libreqos_section),
	.shorthand = true,
};

bool libreqos_directory_known(const struct schema *const *schemas, size_t n_schemas)
{
	bool shaper = false, own = false;

	for (size_t i = 0; i < n_schemas; i++) {
		shaper |= !strcmp(schemas[i]->name, SHAPER);
		own |= !strcmp(schemas[i]->name, libreqos_schema.name);
	}
	return shaper && own;
}

struct tree *libreqos_directory_take(struct tree *root)
{
	struct tree *value = tree_get(root, libreqos_schema.name);
	size_t i = 0;

	if (!value)
		return NULL;
	while (root->children[i] != value)
		i++;
	root->n--;
	memmove(&root->children[i], &root->children[i + 1], (root->n - i) * sizeof(value));
	return value;
}

static char *in_directory(const char *directory, const char *file)
{
	size_t len = strlen(directory);
	char *path;

	while (len > 1 && directory[len - 1] == '/')
		len--;
	return asprintf(&path, "%.*s/%s", (int)len, directory, file) < 0 ? NULL : path;
}

/* --- the section of what the file says ---------------------------------------------------------- */

struct builder {
	const struct isp_config *isp;
	const struct tree *value; /* what names the directory */
	const char *name;
	struct tree *section;
	int error; /* the first; then nothing more is added */
	struct diag *d;
};

static void put(struct builder *b, const char *key, struct mark at, const char *text)
{
	if (!b->error)
		b->error = tree_add(b->section, key, at, tree_new(TREE_SCALAR, text, at));
}

static void put_text(struct builder *b, const char *key, const struct conf_string *from)
{
	if (from->text)
		put(b, key, from->at, from->text);
}

static void put_int(struct builder *b, const char *key, const struct conf_int *from)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, from->value);
	if (from->set)
		put(b, key, from->at, text);
}

static void put_rate(struct builder *b, const char *key, const struct isp_rate *from)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	if (!from->set)
		return;
	net_rate_format_mbps(from->value, &text);
	put(b, key, from->at, strbuf_text(&text));
}

static void put_prefixes(struct builder *b, const char *key, const struct isp_prefixes *from)
{
	struct tree *list;

	if (!from->set || b->error)
		return;
	list = tree_new(TREE_LIST, NULL, from->at);
	b->error = tree_add(b->section, key, from->at, list);
	for (size_t i = 0; !b->error && i < from->list.n; i++) {
		const struct net_address *a = &from->list.at[i];
		_cleanup_strbuf_ struct strbuf text = { 0 };

		net_prefix_format(&a->prefix, &text);
		b->error = tree_add(list, NULL, a->at,
				    tree_new(TREE_SCALAR, strbuf_text(&text), a->at));
	}
}

/* A file of the same directory; like the directory it stands where that is named. */
static void put_file(struct builder *b, const char *key, const char *file)
{
	_cleanup_free_ char *path = in_directory(b->value->text, file);

	if (!path)
		b->error = -ENOMEM;
	else
		put(b, key, b->value->at, path);
}

static void missing(struct builder *b, const char *key)
{
	(void)diag_error(b->d, &(struct mark){ .file = b->name }, "`%s` is missing", key);
}

/* On a stick LibreQoS' documents name interfaceA, its code takes interfaceB: both are one. */
static void put_stick(struct builder *b)
{
	const struct isp_config *isp = b->isp;
	const struct conf_string *name =
		isp->interface_a.text ? &isp->interface_a : &isp->interface_b;

	if (!name->text) {
		missing(b, "interfaceA");
		return;
	}
	if (isp->interface_b.text && strcmp(isp->interface_b.text, name->text)) {
		(void)diag_warning(
			b->d, &isp->interface_b.at,
			"on a stick `interfaceA` and `interfaceB` are one interface: %s is used, "
			"not %s",
			name->text, isp->interface_b.text);
		diag_hint(b->d, "name the same interface in both");
	}
	put_text(b, "access", name);
	put_text(b, "internet", name);
	put_int(b, "access_vlan", &isp->stick_vlan_a);
	put_int(b, "internet_vlan", &isp->stick_vlan_b);
}

static void put_pair(struct builder *b)
{
	const struct isp_config *isp = b->isp;

	if (!isp->interface_a.text)
		missing(b, "interfaceA");
	if (!isp->interface_b.text)
		missing(b, "interfaceB");
	put_text(b, "access", &isp->interface_a);
	put_text(b, "internet", &isp->interface_b);
}

static void put_mode(struct builder *b)
{
	const struct isp_config *isp = b->isp;
	bool dry = !isp->run_commands.value;

	if (!dry && !isp->monitor_only.value)
		return;
	put(b, "mode", dry ? isp->run_commands.at : isp->monitor_only.at, "monitor");
	if (dry)
		(void)diag_note(b->d, &isp->run_commands.at,
				"nothing is shaped, traffic is only counted: "
				"`enableActualShellCommands` is False");
}

static void put_rates(struct builder *b)
{
	const struct isp_config *isp = b->isp;
	bool shapes = isp->run_commands.value && !isp->monitor_only.value;

	if (shapes && !isp->uplink_down.set)
		missing(b, "upstreamBandwidthCapacityDownloadMbps");
	if (shapes && !isp->uplink_up.set)
		missing(b, "upstreamBandwidthCapacityUploadMbps");
	put_rate(b, "downlink", &isp->uplink_down);
	put_rate(b, "uplink", &isp->uplink_up);
	put_rate(b, "generated_downlink", &isp->generated_down);
	put_rate(b, "generated_uplink", &isp->generated_up);
}

static void note_without_effect(struct builder *b)
{
	const struct isp_config *isp = b->isp;

	if (isp->bin_packing.value)
		(void)diag_note(b->d, &isp->bin_packing.at,
				"`useBinPackingToBalanceCPU` is always so: circuits without a node "
				"go where there is least");
	if (isp->refresh_minutes.set)
		(void)diag_note(b->d, &isp->refresh_minutes.at,
				"`queueRefreshIntervalMins` is not used: files are read when they "
				"change");
}

static void put_all(struct builder *b)
{
	const struct isp_config *isp = b->isp;

	if (isp->on_a_stick.value)
		put_stick(b);
	else
		put_pair(b);
	put_rates(b);
	put_text(b, "leaf", &isp->sqm);
	put_mode(b);
	put_int(b, "queues", &isp->queues);
	put_prefixes(b, "allowed_subnets", &isp->allowed);
	put_prefixes(b, "ignored_subnets", &isp->ignore);
	put_file(b, "devices", "ShapedDevices.csv");
	put_file(b, "network", "network.json");
	note_without_effect(b);
}

static int build(const struct isp_config *isp, const struct tree *value, const char *name,
		 struct tree **ret, struct diag *d)
{
	struct mark top = { name, 1, 1 };
	_cleanup_(tree_freep) struct tree *root = tree_new(TREE_MAP, NULL, top);
	struct builder b = { isp, value, name, .d = d };
	unsigned before = d->errors;

	b.section = root ? tree_new(TREE_MAP, NULL, top) : NULL;
	b.error = root ? tree_add(root, SHAPER, top, b.section) : -ENOMEM;
	if (!b.error)
		put_all(&b);
	if (b.error || d->errors > before)
		return b.error ?: -EINVAL;
	*ret = TAKE_PTR(root);
	return 0;
}

/* --- reading ------------------------------------------------------------------------------------ */

/* What was looked for, and who said so. */
static int refuse(const struct tree *value, const char *path, int r, struct diag *d)
{
	(void)diag_error(d, &value->at, "cannot read %s: %s", path, strerror(-r));
	diag_hint(d,
		  "here stands the directory with LibreQoS' " ISP_CONFIG ", ShapedDevices.csv and "
		  "network.json");
	return r;
}

static int read_file(const struct tree *value, const char *directory, const char *name, char **ret,
		     size_t *ret_len, struct diag *d)
{
	struct stat st;
	int r;

	if (stat(directory, &st))
		return refuse(value, directory, -errno, d);
	if (!S_ISDIR(st.st_mode))
		return refuse(value, directory, -ENOTDIR, d);
	r = file_read(name, TEXT_MAX_BYTES, ret, ret_len);
	return r ? refuse(value, name, r, d) : 0;
}

static int make(const struct tree *value, const char *name, const char *text, size_t len,
		struct tree **ret, struct diag *d)
{
	_cleanup_isp_config_ struct isp_config isp = { 0 };
	int r = isp_config_read(name, text, len, &isp, d);

	return r ? r : build(&isp, value, name, ret, d);
}

/* What is wrong becomes a warning where a good copy takes its place. */
static int try_copy(const struct tree *value, const char *name,
		    const struct schema_context *context, struct tree **ret, struct diag *wrong)
{
	_cleanup_free_ char *copy = NULL, *text = NULL;
	_cleanup_diag_ struct diag own = { 0 };
	size_t len;
	int r;

	if (!context || !context->last_good)
		return -ENOENT;
	copy = path_of_copy(context->last_good, name);
	r = copy ? file_read(copy, TEXT_MAX_BYTES, &text, &len) : -ENOMEM;
	if (!r)
		r = make(value, name, text, len, ret, &own);
	if (r)
		return r;
	diag_soften(wrong);
	(void)diag_warning(wrong, &(struct mark){ .file = name },
			   "not used: the copy that was last in force takes its place");
	diag_hint(wrong, "it is %s", copy);
	return 0;
}

static bool is_missing(const char *directory)
{
	struct stat st;

	return stat(directory, &st) && (errno == ENOENT || errno == ENOTDIR);
}

static int read_directory(const struct tree *value, const char *directory, const char *name,
			  bool optional, const struct schema_context *context, struct tree **ret,
			  struct diag *d)
{
	_cleanup_diag_ struct diag own = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = read_file(value, directory, name, &text, &len, &own);

	if (!r)
		r = make(value, name, text, len, ret, &own);
	if (r && r != -ENOMEM && !try_copy(value, name, context, ret, &own))
		r = 0;
	if (r && optional && !(context && context->strict) && is_missing(directory)) {
		(void)diag_warning(d, &value->at, "nothing is shaped: `lqos_directory` %s: %s",
				   text_quoted(value->text).text, strerror(ENOENT));
		return 0;
	}
	diag_move(d, &own);
	return r;
}

int libreqos_directory_read(const struct tree *value, bool optional,
			    const struct schema_context *context, char **ret_name,
			    struct tree **ret, struct diag *d)
{
	_cleanup_free_ char *directory = NULL, *name = NULL;
	struct libreqos_section section = { 0 };
	int r = value_read(rows, value, value->at, &section.directory, d);

	schema_free(rows, &section);
	if (r)
		return r;
	directory = path_beside(value->at.file, value->text);
	name = directory ? in_directory(directory, ISP_CONFIG) : NULL;
	if (!name)
		return -ENOMEM;
	r = read_directory(value, directory, name, optional, context, ret, d);
	if (!r && *ret)
		*ret_name = TAKE_PTR(name);
	return r;
}
