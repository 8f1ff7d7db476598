/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/file.h"
#include "config/config_fixture.h"
#include "config/dialect.h"

extern char **environ;

static const struct fixture_bridge *bridge_of(const struct loaded *l)
{
	if (!l->model)
		fail_msg("%s", l->findings);
	return model_section(l->model, "bridge")->data;
}

static void refuse(const char *name, const char *text, const char *want)
{
	_cleanup_loaded_ struct loaded l = load_string(name, text);

	assert_string_equal(l.findings, want);
	assert_int_equal(l.r, -EINVAL);
	assert_null(l.model);
}

static void test_dialects_are_told_by_content(void **state)
{
	static const char *const native[] = {
		"bridge:\n  enabled: false\n",
		"{\"bridge\": {\"enabled\": false}}",
		"{\n  \"bridge\": {\n    \"enabled\": false\n  }\n}\n",
		"--- # x = y\nbridge: {enabled: false}\n",
		"# a = b\n\n\"bridge\":\n  enabled: false # c = d\n",
		("\xef\xbb\xbf"
		 "bridge:\r\n  enabled: false\r\n"),
	};
	static const char *const toml[] = {
		"[bridge]\nuse_kernel_bridge = false\n",
		"# a: b\n[bridge] # c: d\nuse_xdp_bridge=false",
		"bridge.use_xdp_bridge = false\n",
		"lqos_directory = 'http://x:y: z'\r\n[bridge]\r\nuse_kernel_bridge = false\r\n",
		"bridge = { use_kernel_bridge = false }",
	};

	for (size_t i = 0; i < ARRAY_LEN(native) + ARRAY_LEN(toml); i++) {
		const char *text = i < ARRAY_LEN(native) ? native[i] : toml[i - ARRAY_LEN(native)];
		_cleanup_loaded_ struct loaded l = load_string("f", text);

		assert_false(bridge_of(&l)->enabled.value);
		assert_true(bridge_of(&l)->enabled.set);
	}
}

static void test_lines_are_counted(void **state)
{
	const char *text = "a: 1\n- b\n - c: 2\n[x]\n[[y.z]] # 1\n[1, 2]\nk = 3\nword\n}\n# d: 1\n";
	struct dialect_lines n = dialect_count_lines(text, strlen(text));

	assert_int_equal(n.colon, 3);
	assert_int_equal(n.equals, 3);
	assert_int_equal(n.other, 2);
}

static void test_unsure(void **state)
{
	refuse("f", "\n# x\n hello\n",
	       "f:3:2: error: cannot tell the language of this file: 0 lines look like `key: "
	       "value`, 0 like `key = value` (known are native YAML or JSON (`key: value`), "
	       "LibreQoS TOML (`key = value`))\n");
	refuse("f", "a = 1\nb: 2\n",
	       "f:1:1: error: cannot tell the language of this file: 1 lines look like `key: "
	       "value`, 1 like `key = value` (known are native YAML or JSON (`key: value`), "
	       "LibreQoS TOML (`key = value`))\n");
	/* Then the name helps, and the errors are those of that language. */
	refuse("f.yaml", "hello\n",
	       "f.yaml:1:1: error: the file must hold sections such as `bridge:`, not 'hello'\n");
	refuse("f.JSON", "hello",
	       "f.JSON:1:1: error: Invalid JSON plain scalar "
	       "(JSON wants text between double quotes)\n");
}

static void test_empty(void **state)
{
	static const char *const texts[] = { "", "\n", "# only\n\t\n", "\xef\xbb\xbf", "\r\n#" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		_cleanup_loaded_ struct loaded l = load_string("f", texts[i]);

		assert_string_equal(l.findings,
				    "f: warning: the file is empty: it configures nothing\n");
		assert_true(bridge_of(&l)->enabled.value);
		assert_false(model_section(l.model, "bridge")->present);
	}
}

static void test_section_without_keys(void **state)
{
	_cleanup_loaded_ struct loaded l = load_string("f", "bridge:\n");

	assert_true(bridge_of(&l)->enabled.value);
	assert_true(model_section(l.model, "bridge")->present);
}

static void test_file_errors(void **state)
{
	static const char *const paths[] = { "/nonexistent/x.yaml", "/", "/dev/null", "/dev/null" };
	_cleanup_loaded_ struct loaded l = load_files(paths, ARRAY_LEN(paths));

	assert_int_equal(l.r, -ENOENT);
	assert_string_equal(
		l.findings,
		"/nonexistent/x.yaml: error: cannot be read: No such file or directory\n"
		"/: error: cannot be read: Is a directory (name a file in it)\n"
		"/dev/null: warning: the file is empty: it configures nothing\n"
		"/dev/null: error: the file is given twice\n");
}

static void test_endless_file(void **state)
{
	static const char *const path = "/dev/zero";
	_cleanup_loaded_ struct loaded l = load_files(&path, 1);

	assert_string_equal(l.findings, "/dev/zero: error: larger than 16 MiB\n");
}

static void test_no_file(void **state)
{
	_cleanup_loaded_ struct loaded l = load_files(NULL, 0);

	assert_int_equal(l.r, 0);
	assert_true(bridge_of(&l)->enabled.value);
}

static void test_long_line(void **state)
{
	size_t len = 1 << 20;
	_cleanup_free_ char *text = malloc(len);

	memset(text, 'a', len);
	memcpy(text, "bridge:\n  x: ", 13);
	{
		_cleanup_loaded_ struct loaded l = load_bytes("f", text, len);

		assert_string_equal(l.findings, "f:2:1: error: line longer than 65536 bytes\n");
	}
}

/* Pairwise comparing took more than four seconds for these. */
static void test_many_duplicates(void **state)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	strbuf_add(&text, "bridge:\n");
	for (int i = 0; i < 20000; i++)
		strbuf_addf(&text, "  key%d: 1\n", i % 10000);
	{
		_cleanup_loaded_ struct loaded l = load_string("f", strbuf_text(&text));

		assert_true(l.full);
		assert_int_equal(l.errors, 20000);
		assert_non_null(strstr(
			l.findings, "f:10002:3: error: `key0` is given twice, first at f:2:3\n"));
	}
}

static void test_dialects_mix(void **state)
{
	char dir[] = "/tmp/weir_load_test_XXXXXX", yaml[64], toml[64];
	const char *const paths[] = { yaml, toml };

	assert_non_null(mkdtemp(dir));
	(void)snprintf(yaml, sizeof(yaml), "%s/a", dir);
	(void)snprintf(toml, sizeof(toml), "%s/b", dir);
	assert_int_equal(file_write_atomic(yaml, "shaper: {leaf: none}\n", 21, 0600), 0);
	assert_int_equal(file_write_atomic(toml, "[bridge]\nuse_xdp_bridge = false\n", 32, 0600), 0);
	{
		_cleanup_loaded_ struct loaded l = load_files(paths, 2);

		assert_false(bridge_of(&l)->enabled.value);
		assert_string_equal(bridge_of(&l)->enabled.at.file, toml);
		assert_int_equal(l.model->n_files, 2);
	}
	(void)unlink(yaml);
	(void)unlink(toml);
	(void)rmdir(dir);
}

static void test_findings_stand_in_order(void **state)
{
	refuse("f",
	       "shaper:\n  leaf: x\nbridge:\n  enabled: x\n  enabled: y\n  nonsense: x\n"
	       "history: 1\nlibreqo: 1\n",
	       "f:2:9: error: `leaf` wants cake, fq_codel or none, not 'x'\n"
	       "f:4:12: error: `enabled` wants true or false, not 'x'\n"
	       "f:5:3: error: `enabled` is given twice, first at f:4:3\n"
	       "f:6:3: error: unknown key `nonsense` (known keys here are `enabled`, "
	       "`interface_mapping`, `vlan_mapping`)\n"
	       "f:7:1: error: `history` is not part of this build\n"
	       "f:8:1: error: unknown section `libreqo` (known sections here are `bridge`, "
	       "`shaper`, `balance`)\n");
}

static void test_example_loads(void **state)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	schema_to_example(fixture_schemas, FIXTURE_N, NULL, &text);
	{
		_cleanup_loaded_ struct loaded l = load_string("f", strbuf_text(&text));

		assert_string_equal(l.findings, "");
		assert_int_equal(bridge_of(&l)->mappings.n, 1);
	}
}

/* What `config show` prints is a configuration with the same meaning. */
static void test_json_loads_again(void **state)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };

	schema_to_example(fixture_schemas, FIXTURE_N, NULL, &text);
	for (int with_example = 0; with_example < 2; with_example++) {
		_cleanup_loaded_ struct loaded a =
			load_string("f.yaml", with_example ? strbuf_text(&text) : "{}");
		json_t *json = a.model ? model_to_json(a.model) : NULL;
		_cleanup_free_ char *printed = json_dumps(json, JSON_COMPACT);
		_cleanup_loaded_ struct loaded b = load_string("f.json", printed ?: "");

		json_decref(json);
		assert_string_equal(b.findings, "");
		for (size_t i = 0; i < FIXTURE_N; i++)
			assert_true(schema_equal(fixture_schemas[i]->rows, a.model->sections[i].data,
						 b.model->sections[i].data));
	}
}

/* Runs a judge that the machine may have; its exit status, or -1. */
static int run_python(const char *code, const char *a, const char *b)
{
	char *argv[] = { (char *)"python3", (char *)"-c", (char *)code, (char *)a, (char *)b, NULL };
	int status = 0;
	pid_t pid;

	if (posix_spawnp(&pid, "python3", NULL, NULL, argv, environ))
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define JUDGE                                                                                    \
	"import json, sys\n"                                                                     \
	"from jsonschema import Draft202012Validator as V, ValidationError\n"                    \
	"schema, good = [json.load(open(p)) for p in sys.argv[1:3]]\n"                           \
	"V.check_schema(schema)\n"                                                               \
	"v = V(schema)\n"                                                                        \
	"v.validate(good)\n"                                                                     \
	"[v.validate({'balance': b}) for b in (\n"                                               \
	"  {'in': 'eth1', 'out': ['eth2', {'name': 'eth3', 'weight': 3}]},\n"                    \
	"  [{'in': ['eth1', 'eth6'], 'out': {'name': 'eth2'}}, {'in': 'eth8', 'out': 'eth9'}], " \
	"[])]\n"                                                                                 \
	"bad = [{'bridg': {}}, {'bridge': {'enabled': 1}}, {'shaper': {'interval': 99}},\n"      \
	"  {'shaper': {'leaf': 'cak'}}, {'bridge': {'vlan_mapping': [{'tag': 1}]}},\n"           \
	"  {'shaper': {'uplink': 'a/b'}}, {'shaper': {'uplink': '..'}},\n"                       \
	"  {'balance': 'eth1'}, {'balance': [['eth1']]}, {'balance': {'in': 'a/b'}},\n"          \
	"  {'balance': {'in': ['a/b']}}, {'balance': {'in': 'a', 'out': ['a/b']}},\n"            \
	"  {'balance': {'in': 'a', 'out': [['b']]}}, {'balance': [{'in': 'a', 'inn': 'b'}]}]\n"  \
	"sys.exit(sum(v.is_valid(b) for b in bad))\n"

static void test_json_schema_by_another_judge(void **state)
{
	char dir[] = "/tmp/weir_load_test_XXXXXX", schema[64], good[64];
	_cleanup_strbuf_ struct strbuf text = { 0 };
	json_t *json;
	int r;

	if (run_python("import jsonschema; jsonschema.Draft202012Validator", "", "")) {
		print_message("# skipped: python3 has no module jsonschema with draft 2020-12\n");
		skip();
	}
	assert_non_null(mkdtemp(dir));
	(void)snprintf(schema, sizeof(schema), "%s/schema", dir);
	(void)snprintf(good, sizeof(good), "%s/good", dir);
	json = schema_to_json_schema(fixture_schemas, FIXTURE_N);
	assert_int_equal(json_dump_file(json, schema, 0), 0);
	json_decref(json);
	schema_to_example(fixture_schemas, FIXTURE_N, NULL, &text);
	{
		_cleanup_loaded_ struct loaded l = load_string("f", strbuf_text(&text));

		json = model_to_json(l.model);
	}
	assert_int_equal(json_dump_file(json, good, 0), 0);
	json_decref(json);
	r = run_python(JUDGE, schema, good);
	(void)unlink(schema);
	(void)unlink(good);
	(void)rmdir(dir);
	assert_int_equal(r, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialects_are_told_by_content),
		cmocka_unit_test(test_lines_are_counted),
		cmocka_unit_test(test_unsure),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_section_without_keys),
		cmocka_unit_test(test_file_errors),
		cmocka_unit_test(test_endless_file),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_many_duplicates),
		cmocka_unit_test(test_dialects_mix),
		cmocka_unit_test(test_findings_stand_in_order),
		cmocka_unit_test(test_example_loads),
		cmocka_unit_test(test_json_loads_again),
		cmocka_unit_test(test_json_schema_by_another_judge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
