/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/settings.h"

#include <errno.h>
#include <string.h>

#define PORTS(s) ((struct pipe_port_setting *)(s)->ports.items)

static const char *const mode_names[] = { "auto", "native", "skb", "tc", NULL };

static const struct schema_row port_rows[] = {
	{ .key = "name",
	  .kind = SCHEMA_IFNAME,
	  .offset = offsetof(struct pipe_port_setting, name),
	  .required = true,
	  .help = "Interface.",
	  .example = "eth1" },
	{ .key = "mode",
	  .kind = SCHEMA_ENUM,
	  .offset = offsetof(struct pipe_port_setting, mode),
	  .names = mode_names,
	  .def = "auto",
	  .help = "As `mode`, for this interface alone." },
	{ .key = NULL },
};

static const struct schema_row rows[] = {
	{ .key = "mode",
	  .kind = SCHEMA_ENUM,
	  .offset = offsetof(struct pipe_settings, mode),
	  .names = mode_names,
	  .def = "auto",
	  .help = "Best way allowed: native XDP in the driver (auto tries it first and falls "
		  "back), "
		  "skb (generic XDP), tc (no XDP at all)." },
	{ .key = "interfaces",
	  .kind = SCHEMA_LIST,
	  .offset = offsetof(struct pipe_settings, ports),
	  .rows = port_rows,
	  .item_size = sizeof(struct pipe_port_setting),
	  .help = "Interfaces that differ from `mode`." },
	{ .key = NULL },
};

const struct schema pipe_settings_schema = {
	.name = "pipeline",
	.help = "How the packet path is attached to interfaces.",
	.rows = rows,
	.size = sizeof(struct pipe_settings),
};

static enum xdp_mode to_mode(unsigned value)
{
	static const enum xdp_mode modes[] = { XDP_MODE_NATIVE, XDP_MODE_NATIVE, XDP_MODE_SKB,
					       XDP_MODE_TC };

	return modes[value];
}

enum xdp_mode pipe_settings_max(const struct pipe_settings *settings, const char *name)
{
	if (!settings)
		return XDP_MODE_NATIVE;
	for (size_t i = 0; i < settings->ports.n; i++)
		if (!strcmp(PORTS(settings)[i].name.text, name))
			return to_mode(PORTS(settings)[i].mode.value);
	return to_mode(settings->mode.value);
}

int pipe_settings_check(const struct pipe_settings *settings, const struct pipe_facts *facts,
			struct diag *d)
{
	int r = 0;

	for (size_t i = 0; i < settings->ports.n; i++) {
		const struct conf_string *name = &PORTS(settings)[i].name;
		const char *nearest;

		if (pipe_facts_find(facts, name->text))
			continue;
		nearest = pipe_facts_nearest(facts, name->text);
		r = diag_error(d, &name->at, "there is no interface '%s'", name->text);
		if (nearest)
			diag_hint(d, "did you mean '%s'?", nearest);
	}
	return r;
}
