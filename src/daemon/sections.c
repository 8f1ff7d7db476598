/* SPDX-License-Identifier: GPL-2.0-only */
#include "daemon/sections.h"

#include <errno.h>
#include <string.h>

#include "config/libreqos/directory.h"

static const struct schema_row bus_rows[] = {
	{ .key = "path",
	  .kind = SCHEMA_PATH,
	  .offset = offsetof(struct bus_section, path),
	  .def = "/run/weir/bus",
	  .help = "Socket on which the command line and other programs reach the daemon." },
	{ .key = NULL },
};

static const struct schema bus_schema = {
	.name = "bus",
	.help = "Where the daemon listens.",
	.rows = bus_rows,
	.size = sizeof(struct bus_section),
};

const struct schema *const *sections_all(size_t *ret_n)
{
	static const struct schema *all[STAGE_MAX + 3];
	size_t n = 0;

	all[n++] = &pipe_settings_schema;
	for (unsigned i = 0; i < STAGE_MAX; i++)
		if (stages[i]->schema)
			all[n++] = stages[i]->schema;
	all[n++] = &bus_schema;
	all[n++] = &libreqos_schema;
	if (!libreqos_directory_known(all, n))
		n--; /* a build without the sections that it stands for */
	*ret_n = n;
	return all;
}

static const void *present(const struct model *model, const char *name)
{
	const struct section *section = model_section(model, name);

	return section && section->present ? section->data : NULL;
}

void sections_wish(const struct model *model, struct pipe_wish *ret)
{
	*ret = (struct pipe_wish){ .settings = present(model, pipe_settings_schema.name) };
	for (unsigned i = 0; i < STAGE_MAX; i++) {
		const struct section *section =
			stages[i]->schema ? model_section(model, stages[i]->schema->name) : NULL;

		if (!section || !section->present)
			continue;
		ret->stage[i] = section->data;
		ret->at[i] = &section->at;
	}
}

const char *sections_bus_path(const struct model *model)
{
	const struct bus_section *bus = present(model, bus_schema.name);

	return bus ? bus->path.text : NULL;
}

int sections_files(const struct model *model, struct name_list *ret)
{
	struct name_list list = { 0 };
	int r = 0;

	for (size_t i = 0; i < model->n_files && !r; i++)
		if (*model->files[i])
			r = vec_push(&list.names, model->files[i]);
	for (size_t i = 0; i < model->n && !r; i++) {
		const struct section *s = &model->sections[i];

		if (s->present && s->schema->files)
			r = s->schema->files(s->data, &list);
	}
	if (r)
		name_list_free(&list);
	else
		*ret = list;
	return r;
}

int sections_keep(const struct model *model, const char *directory)
{
	int r = 0;

	for (size_t i = 0; i < model->n; i++) {
		const struct section *s = &model->sections[i];

		if (s->present && s->schema->keep)
			r = s->schema->keep(s->data, directory) ?: r;
	}
	return r;
}

/* --- names ------------------------------------------------------------------------------------- */

static int collect(const struct schema_row *rows, const void *data, struct name_list *out);

static int collect_list(const struct schema_row *row, const struct conf_list *list,
			struct name_list *out)
{
	int r = 0;

	for (size_t i = 0; i < list->n && !r; i++)
		r = collect(row->rows, (const char *)list->items + i * list->item_size, out);
	return r;
}

static int collect_names(const struct conf_list *list, struct name_list *out)
{
	const struct conf_string *names = list->items;
	int r = 0;

	for (size_t i = 0; i < list->n && !r; i++)
		r = vec_push(&out->names, names[i].text);
	return r;
}

static int collect_row(const struct schema_row *row, const void *field, struct name_list *out)
{
	const struct conf_string *name = field;

	switch (row->kind) {
	case SCHEMA_IFNAME:
		return name->text ? vec_push(&out->names, name->text) : 0;
	case SCHEMA_IFNAMES:
		return collect_names(field, out);
	case SCHEMA_LIST:
		return collect_list(row, field, out);
	case SCHEMA_GROUP:
		return collect(row->rows, field, out);
	default:
		return 0;
	}
}

static int collect(const struct schema_row *rows, const void *data, struct name_list *out)
{
	int r = 0;

	for (const struct schema_row *row = rows; row->key && !r; row++)
		r = collect_row(row, (const char *)data + row->offset, out);
	return r;
}

int sections_interfaces(const struct model *model, struct name_list *ret)
{
	struct name_list list = { 0 };
	int r = 0;

	for (size_t i = 0; i < model->n && !r; i++)
		if (model->sections[i].present)
			r = collect(model->sections[i].schema->rows, model->sections[i].data, &list);
	if (r)
		name_list_free(&list);
	else
		*ret = list;
	return r;
}
