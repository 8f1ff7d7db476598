/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every file of tests/golden/shaper is a configuration with whatever it names beside it: findings and
 * the network that came of it are exactly those of FILE.expect.  bad/ is refused, by the files or by
 * the machine; good/ is not, and what `config show` would print of it loads to the same.
 * UPDATE_GOLDEN=1 writes the .expect files anew: read them before you keep them.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/golden_folder.h"
#include "config/libreqos/inputs_fixture.h"
#include "pipe/classify/conf_test_util.h"

#define ROOT "tests/golden/shaper"
#define AT_LEAST_BAD 18
#define AT_LEAST_GOOD 13

static int is_config(const struct dirent *e)
{
	const char *end = strrchr(e->d_name, '.');

	return e->d_name[0] != '.' && end &&
	       (!strcmp(end, ".yaml") || !strcmp(end, ".toml") || !strcmp(end, ".json"));
}

static void dump_prefixes(struct strbuf *out, const char *word, const struct classify_prefixes *p)
{
	vec_foreach(&p->list, a) {
		strbuf_addf(out, "%s ", word);
		net_prefix_format(&a->prefix, out);
		strbuf_addf(out, " at %u:%u\n", a->at.line, a->at.column);
	}
}

static void dump_conf(struct strbuf *out, const struct model *m)
{
	json_t *all = model_to_json(m), *section = json_object_get(all, "shaper");
	_cleanup_free_ char *text =
		section ? json_dumps(section, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) : NULL;
	const struct classify_conf *conf = world_conf(m);

	strbuf_addf(out, "%s\n", text ?: "none");
	json_decref(all);
	if (!conf)
		return;
	dump_prefixes(out, "allowed", &conf->allowed);
	dump_prefixes(out, "ignored", &conf->ignored);
	dump_network(out, &conf->network);
}

static bool loads_again(const struct model *m)
{
	json_t *json = model_to_json(m);
	_cleanup_free_ char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
	_cleanup_diag_ struct diag d = { 0 };
	struct model *again = NULL;
	bool same = !config_load_text("shown.json", text, strlen(text), world_schemas,
				      WORLD_SCHEMAS, &again, &d) &&
		    schema_equal(classify_schema.rows, model_section(m, "shaper")->data,
				 model_section(again, "shaper")->data);

	json_decref(json);
	model_free(again);
	return same;
}

static bool check_file(const char *name, bool bad)
{
	_cleanup_(pipe_facts_free) struct pipe_facts facts = { 0 };
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_strbuf_ struct strbuf found = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_free_ char *want = NULL;
	char expect[300];
	size_t len;
	int r = config_load(&name, 1, world_schemas, WORLD_SCHEMAS, NULL, &m, &d);
	bool shown = !m || !world_conf(m) || loads_again(m);

	world_add_links(&facts);
	if (!r && world_conf(m))
		r = classify_conf_check(world_conf(m), &facts, &d);
	diag_format_all(&d, &found);
	if (!r) {
		strbuf_add(&found, "--\n");
		dump_conf(&found, m);
	}
	(void)snprintf(expect, sizeof(expect), "%s.expect", name);
	if (getenv("UPDATE_GOLDEN"))
		(void)file_write_atomic(expect, strbuf_text(&found), found.len, 0644);
	(void)file_read(expect, 1 << 20, &want, &len);
	if (want && !strcmp(want, strbuf_text(&found)) && (bad ? r < 0 && d.errors : !r && shown))
		return true;
	print_error("%s: result %d, shown again %d, found:\n%sexpected:\n%s", name, r, shown,
		    strbuf_text(&found), want ?: "");
	return false;
}

static void test_bad(void **state)
{
	golden_folder(ROOT "/bad", is_config, check_file, true, AT_LEAST_BAD);
}

static void test_good(void **state)
{
	golden_folder(ROOT "/good", is_config, check_file, false, AT_LEAST_GOOD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
