/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/object.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 32768
#define PEER_XOR 0x01000000 /* %p where the configuration names no other */

struct bytes {
	uint8_t at[VALUE_MAX];
	unsigned n;
};

/* --- hex with words ---------------------------------------------------------------------------- */

static bool fill_word(char word, const struct pb_cfg *cfg, unsigned i, uint32_t *ret)
{
	switch (word) {
	case 'a':
		*ret = htonl(pb_address(cfg, i));
		return true;
	case 'p':
		*ret = htonl(pb_address(cfg, i) ^ (cfg->peer_xor ? cfg->peer_xor : PEER_XOR));
		return true;
	case 'i':
		*ret = i;
		return true;
	case 'h':
		*ret = 0x10000 | (16 + i % 65000);
		return true;
	default:
		return false;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool bytes_read(const char *text, const struct pb_cfg *cfg, unsigned i, struct bytes *ret)
{
	uint32_t word;
	int high, low;

	for (ret->n = 0; *text && ret->n + sizeof(word) <= sizeof(ret->at); text += 2) {
		if (*text == '%') {
			if (!fill_word(text[1], cfg, i, &word))
				return false;
			memcpy(ret->at + ret->n, &word, sizeof(word));
			ret->n += sizeof(word);
			continue;
		}
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return false;
		ret->at[ret->n++] = (uint8_t)(high << 4 | low);
	}
	return !*text;
}

/* --- global variables -------------------------------------------------------------------------- */

static const struct btf_var_secinfo *section_variable(const struct btf *btf, const char *section,
						      const char *name)
{
	int id = btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (__u32)id);
	const struct btf_var_secinfo *v = type ? btf_var_secinfos(type) : NULL;

	for (unsigned i = 0; type && i < btf_vlen(type); i++, v++)
		if (!strcmp(btf__name_by_offset(btf, btf__type_by_id(btf, v->type)->name_off), name))
			return v;
	return NULL;
}

static int variable_set(struct bpf_object *object, const char *name, const void *value, size_t len,
			struct diag *d)
{
	const struct btf *btf = bpf_object__btf(object);
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		const char *section = strchr(bpf_map__name(map), '.');
		size_t size;
		uint8_t *at = (uint8_t *)bpf_map__initial_value(map, &size);
		const struct btf_var_secinfo *v =
			at && section && btf ? section_variable(btf, section, name) : NULL;

		if (!v)
			continue;
		if (len > v->size)
			len = v->size;
		memset(at + v->offset, 0, v->size);
		memcpy(at + v->offset, value, len);
		return 0;
	}
	return diag_error(d, NULL, "there is no global variable '%s'", name);
}

/* --- maps -------------------------------------------------------------------------------------- */

static bool is_percpu(const struct bpf_map *map)
{
	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return true;
	default:
		return false;
	}
}

static int put_percpu(const struct bpf_map *map, const struct bytes *key, const struct bytes *value)
{
	size_t cpus = (size_t)libbpf_num_possible_cpus(), slot = (value->n + 7) & ~7U;
	_cleanup_free_ uint8_t *all = calloc(cpus, slot);

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < cpus; i++)
		memcpy(all + i * slot, value->at, value->n);
	return bpf_map_update_elem(bpf_map__fd(map), key->at, all, BPF_ANY) ? -errno : 0;
}

static int map_put(const struct bpf_object *object, const char *name, const struct bytes *key,
		   const struct bytes *value, struct diag *d)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	int r;

	if (!map)
		return diag_error(d, NULL, "there is no map '%s'", name);
	if (key->n != bpf_map__key_size(map) || value->n != bpf_map__value_size(map))
		return diag_error(d, NULL, "map '%s' wants %u + %u bytes, got %u + %u", name,
				  bpf_map__key_size(map), bpf_map__value_size(map), key->n, value->n);
	if (is_percpu(map))
		r = put_percpu(map, key, value);
	else
		r = bpf_map_update_elem(bpf_map__fd(map), key->at, value->at, BPF_ANY) ? -errno : 0;
	return r ? diag_error(d, NULL, "map '%s': %s", name, strerror(-r)) : 0;
}

static int map_fill(const struct bpf_object *object, const char *text, const struct pb_cfg *cfg,
		    struct diag *d)
{
	_cleanup_free_ char *map = NULL, *key = NULL, *value = NULL;
	_cleanup_free_ struct bytes *k = malloc(sizeof(*k)), *v = malloc(sizeof(*v));
	unsigned n;
	int r = 0;

	if (!k || !v)
		return -ENOMEM;
	if (sscanf(text, "%m[^:]:%u:%m[^:]:%m[^:]", &map, &n, &key, &value) != 4)
		return diag_error(d, NULL, "expected MAP:N:KEY:VALUE, got '%s'", text);
	for (unsigned i = 0; i < n && !r; i++) {
		if (!bytes_read(key, cfg, i, k) || !bytes_read(value, cfg, i, v))
			return diag_error(d, NULL, "'%s': expected hex and %s", text,
					  OBJECT_FILL_WORDS);
		r = map_put(object, map, k, v, d);
	}
	return r;
}

static int map_line(const struct bpf_object *object, char *line, const struct pb_cfg *cfg,
		    struct diag *d)
{
	char spec[64];
	char *save = NULL, *map = strtok_r(line, " \t\n", &save);
	char *key = map ? strtok_r(NULL, " \t\n", &save) : NULL;
	char *value = key ? strtok_r(NULL, " \t\n", &save) : NULL;
	_cleanup_free_ char *text = NULL;

	if (!map || map[0] == '#')
		return 0;
	if (!value) {
		(void)snprintf(spec, sizeof(spec), "%.60s", map);
		return diag_error(d, NULL, "line of '%s': expected MAP KEYHEX VALUEHEX", spec);
	}
	if (asprintf(&text, "%s:1:%s:%s", map, key, value) < 0)
		return -ENOMEM;
	return map_fill(object, text, cfg, d);
}

static int map_file(const struct bpf_object *object, const char *path, const struct pb_cfg *cfg,
		    struct diag *d)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int r = 0;

	if (!file)
		return diag_error(d, NULL, "%s: %s", path, strerror(errno));
	while (!r && getline(&line, &size, file) >= 0)
		r = map_line(object, line, cfg, d);
	return r;
}

/* --- wishes ------------------------------------------------------------------------------------ */

static int set_entries(const struct bpf_object *object, const char *name, const char *number,
		       struct diag *d)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map)
		return diag_error(d, NULL, "there is no map '%s'", name);
	return bpf_map__set_max_entries(map, (__u32)strtoul(number, NULL, 0));
}

static int wish_before(struct bpf_object *object, const struct object_wish *wish, struct diag *d)
{
	_cleanup_free_ char *name = strdup(wish->text);
	_cleanup_free_ struct bytes *bytes = malloc(sizeof(*bytes));
	char *value = name ? strchr(name, '=') : NULL;
	long long number;

	if (!bytes || !name)
		return -ENOMEM;
	if (!value)
		return diag_error(d, NULL, "expected NAME=VALUE, got '%s'", wish->text);
	*value++ = 0;
	if (wish->kind == OBJECT_ENTRIES)
		return set_entries(object, name, value, d);
	if (wish->kind == OBJECT_SET) {
		number = strtoll(value, NULL, 0);
		return variable_set(object, name, &number, sizeof(number), d);
	}
	if (!bytes_read(value, NULL, 0, bytes))
		return diag_error(d, NULL, "'%s': expected hex", wish->text);
	return variable_set(object, name, bytes->at, bytes->n, d);
}

static int wishes_apply(struct bpf_object *object, const struct object_wish *wishes, size_t n,
			const struct pb_cfg *cfg, bool loaded, struct diag *d)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++) {
		enum object_kind kind = wishes[i].kind;

		if (loaded != (kind == OBJECT_FILL || kind == OBJECT_FILE))
			continue;
		if (kind == OBJECT_FILL)
			r = map_fill(object, wishes[i].text, cfg, d);
		else if (kind == OBJECT_FILE)
			r = map_file(object, wishes[i].text, cfg, d);
		else
			r = wish_before(object, &wishes[i], d);
	}
	return r;
}

static struct bpf_program *choose_program(const struct bpf_object *object, const char *name)
{
	struct bpf_program *program, *chosen = NULL;

	bpf_object__for_each_program(program, object)
	{
		bool is = !name || !strcmp(bpf_program__name(program), name);

		(void)bpf_program__set_autoload(program, is);
		chosen = is ? program : chosen;
	}
	return chosen;
}

static int object_start(struct bpf_object *object, const struct object_wish *wishes, size_t n,
			const struct pb_cfg *cfg, struct diag *d)
{
	int r = wishes_apply(object, wishes, n, cfg, false, d);

	if (r)
		return r;
	r = bpf_object__load(object);
	if (r)
		return diag_error(d, NULL, "the kernel refused it: %s", strerror(-r));
	return wishes_apply(object, wishes, n, cfg, true, d);
}

int object_load(const char *path, const char *program, const struct object_wish *wishes, size_t n,
		const struct pb_cfg *cfg, struct bpf_object **ret, int *ret_fd, struct diag *d)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *chosen = object ? choose_program(object, program) : NULL;
	int r;

	if (!object)
		return diag_error(d, NULL, "%s: %s", path, strerror(errno));
	if (chosen)
		r = object_start(object, wishes, n, cfg, d);
	else
		r = diag_error(d, NULL, "%s has no program '%s'", path, program);
	if (r) {
		bpf_object__close(object);
		return r;
	}
	*ret = object;
	*ret_fd = program ? bpf_program__fd(chosen) : -1;
	return 0;
}
