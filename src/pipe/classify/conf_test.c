/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of data that turn wrong, with and without copies of good ones, and what the machine says.
 * What is read from right and wrong files is in tests/golden/shaper.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "pipe/classify/conf_test_util.h"

#define HEADER                                                                     \
	"Circuit ID,Circuit Name,Device ID,Device Name,Parent Node,MAC,IPv4,IPv6," \
	"Download Min Mbps,Upload Min Mbps,Download Max Mbps,Upload Max Mbps,Comment\n"
#define ROW(id, node, max) id ",name,d,r," node ",,192.0.2." id ",,1,1," max "," max ",\n"
#define CONFIG                                                                 \
	"shaper: { access: eth1, internet: eth2, downlink: 100, uplink: 100, " \
	"devices: devices.csv, network: network.json"

/* A directory with a configuration, its data, and a place for copies. */
struct desk {
	char path[64], state[96];
	struct model *model;
	char *findings; /* of the last load, file names without the directory */
};

static void desk_write(struct desk *k, const char *name, const char *text)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", k->path, name);
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644), 0);
}

static void desk_remove(struct desk *k, const char *name)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", k->path, name);
	assert_int_equal(unlink(path), 0);
}

static int setup(void **state)
{
	struct desk *k = calloc(1, sizeof(*k));

	assert_non_null(k);
	(void)snprintf(k->path, sizeof(k->path), "/tmp/weir_conf_test_XXXXXX");
	assert_non_null(mkdtemp(k->path));
	(void)snprintf(k->state, sizeof(k->state), "%s/state/last-good", k->path);
	desk_write(k, "weir.yaml", CONFIG " }\n");
	desk_write(k, "network.json",
		   "{ \"Hill\": { \"downloadBandwidthMbps\": 50, "
		   "\"uploadBandwidthMbps\": 50 } }\n");
	desk_write(k, "devices.csv", HEADER ROW("1", "Hill", "10") ROW("2", "Hill", "20"));
	*state = k;
	return 0;
}

static void remove_all(const char *path)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *e;
	char name[400];

	while (dir && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (unlink(name))
			remove_all(name);
	}
	(void)rmdir(path);
}

static int teardown(void **state)
{
	struct desk *k = *state;

	model_free(k->model);
	free(k->findings);
	remove_all(k->path);
	free(k);
	return 0;
}

/* The findings without the directory, which is another one each time. */
static char *cut_paths(const struct desk *k, const char *text)
{
	struct strbuf out = { 0 };
	size_t len = strlen(k->path);

	while (*text) {
		if (!strncmp(text, k->path, len) && text[len] == '/') {
			text += len + 1;
			continue;
		}
		strbuf_add_char(&out, *text++);
	}
	return strbuf_take(&out);
}

static int desk_load(struct desk *k, bool with_copies)
{
	const struct schema_context context = { .last_good = k->state };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	struct model *m = NULL;
	char path[128];
	const char *paths = path;
	int r;

	(void)snprintf(path, sizeof(path), "%s/weir.yaml", k->path);
	r = config_load(&paths, 1, world_schemas, WORLD_SCHEMAS, with_copies ? &context : NULL, &m,
			&d);
	diag_format_all(&d, &text);
	free(k->findings);
	k->findings = cut_paths(k, strbuf_text(&text));
	if (!r) {
		model_free(k->model);
		k->model = m;
	}
	return r;
}

static int desk_keep(struct desk *k)
{
	return classify_schema.keep(world_conf(k->model), k->state);
}

/* A good load whose files are kept. */
static void desk_start(struct desk *k)
{
	assert_int_equal(desk_load(k, true), 0);
	assert_string_equal(k->findings, "");
	assert_int_equal(desk_keep(k), 0);
}

static size_t circuits(const struct desk *k)
{
	return world_conf(k->model)->network.circuits.n;
}

static void expect_in(const struct desk *k, const char *text)
{
	if (!strstr(k->findings, text))
		fail_msg("'%s' is not in:\n%s", text, k->findings);
}

/* The name of a copy: it begins with the file's own. */
static void copy_of(const struct desk *k, const char *name, char ret[400])
{
	_cleanup_closedir_ DIR *dir = opendir(k->state);
	struct dirent *e;

	assert_non_null(dir);
	while ((e = readdir(dir)))
		if (!strncmp(e->d_name, name, strlen(name)) && e->d_name[strlen(name)] == '.') {
			(void)snprintf(ret, 400, "%s/%s", k->state, e->d_name);
			return;
		}
	fail_msg("there is no copy of %s", name);
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void test_wrong_file_without_copies(void **state)
{
	struct desk *k = *state;

	desk_write(k, "devices.csv", HEADER ROW("1", "Hill", "ten"));
	assert_int_equal(desk_load(k, false), -EINVAL);
	expect_in(k, "devices.csv:2:33: error: `Download Max Mbps` wants a number of Mbit/s, not "
		     "'ten'\n");
	assert_null(strstr(k->findings, "copies"));
	assert_int_equal(desk_load(k, true), -EINVAL);
	expect_in(k, "devices.csv:2:33: error: ");
	expect_in(k, "note: there are no good copies of the files in state/last-good\n");
}

static void test_copies_take_the_place_of_a_wrong_file(void **state)
{
	struct desk *k = *state;

	desk_start(k);
	desk_write(k, "devices.csv", HEADER ROW("1", "Hill", "ten") ROW("2", "Hall", "20"));
	assert_int_equal(desk_load(k, true), 0);
	expect_in(k, "devices.csv:2:33: warning: `Download Max Mbps` wants a number");
	expect_in(k, "devices.csv:3:12: warning: node `Hall` does not exist");
	expect_in(k, "devices.csv: warning: not used: the copy of 2");
	expect_in(k, " takes its place (it is state/last-good/devices.csv.");
	assert_null(strstr(k->findings, "error"));
	assert_null(strstr(k->findings, "network.json")); /* its copy is the same */
	assert_int_equal(circuits(k), 2);
	assert_int_equal(desk_load(k, false), -EINVAL); /* a check wants to know */
}

static void test_a_missing_file_is_a_wrong_one(void **state)
{
	struct desk *k = *state;

	desk_start(k);
	desk_remove(k, "devices.csv");
	assert_int_equal(desk_load(k, true), 0);
	expect_in(k,
		  "devices.csv: warning: cannot be read: No such file or directory (it is named at "
		  "weir.yaml:1:78)\n");
	assert_int_equal(circuits(k), 2);
}

/* The files belong together: of a pair that does not fit, neither is used. */
static void test_files_that_do_not_fit(void **state)
{
	struct desk *k = *state;

	desk_start(k);
	desk_write(k, "network.json",
		   "{ \"Valley\": { \"downloadBandwidthMbps\": 50, "
		   "\"uploadBandwidthMbps\": 50 } }\n");
	assert_int_equal(desk_load(k, true), 0);
	expect_in(k, "warning: node `Hill` does not exist, but 2 circuits hang on it\n");
	expect_in(k, "network.json: warning: not used");
	assert_string_equal(world_conf(k->model)->network.nodes.at[0].name, "Hill");
}

static void test_wrong_copies_help_nobody(void **state)
{
	struct desk *k = *state;
	char copy[400];

	desk_start(k);
	copy_of(k, "network.json", copy);
	assert_int_equal(file_write_atomic(copy, "{", 1, 0600), 0);
	desk_remove(k, "devices.csv");
	assert_int_equal(desk_load(k, true), -EINVAL);
	expect_in(k, "devices.csv: error: cannot be read");
	expect_in(k, "there are no good copies");
}

/* What stands in the configuration itself has no copy. */
static void test_mistakes_of_the_section_stay_errors(void **state)
{
	struct desk *k = *state;

	desk_start(k);
	desk_write(k, "weir.yaml",
		   CONFIG ", circuits: [{ id: x, download: 1, upload: 1, "
			  "addresses: 192.0.2.300 }] }\n");
	desk_remove(k, "devices.csv");
	assert_int_equal(desk_load(k, true), -EINVAL);
	expect_in(k, "weir.yaml:1:169: error: '192.0.2.300': not an IPv4 address\n");
	expect_in(k, "devices.csv: error: cannot be read");
}

static void test_copies_are_written_when_they_differ(void **state)
{
	struct desk *k = *state;
	char devices[400], network[400];
	ino_t old_devices, old_network;

	desk_start(k);
	copy_of(k, "devices.csv", devices);
	copy_of(k, "network.json", network);
	old_devices = inode_of(devices);
	old_network = inode_of(network);
	assert_int_equal(desk_keep(k), 0);
	assert_true(inode_of(devices) == old_devices);
	desk_write(k, "devices.csv", HEADER ROW("1", "Hill", "10"));
	desk_start(k);
	assert_false(inode_of(devices) == old_devices);
	assert_true(inode_of(network) == old_network);
}

/* What runs is the copy: the wrong file must not take its place. */
static void test_a_wrong_file_is_not_kept(void **state)
{
	struct desk *k = *state;

	desk_start(k);
	desk_write(k, "devices.csv", "nonsense\n");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(desk_load(k, true), 0);
		assert_int_equal(desk_keep(k), 0);
		assert_int_equal(circuits(k), 2);
	}
}

static void test_a_full_disk_leaves_the_old_copy(void **state)
{
	struct desk *k = *state;
	struct rlimit before, none;
	_cleanup_strbuf_ struct strbuf large = { 0 };
	int r;

	desk_start(k);
	strbuf_add(&large, HEADER);
	for (unsigned i = 0; i < 200; i++)
		strbuf_addf(&large, "%u,n,d,r,Hill,,198.51.100.%u,,1,1,2,2,\n", i + 10, i);
	desk_write(k, "devices.csv", strbuf_text(&large));
	assert_int_equal(desk_load(k, true), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 1000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	r = desk_keep(k);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(r, -EFBIG);
	desk_remove(k, "devices.csv");
	assert_int_equal(desk_load(k, true), 0);
	assert_int_equal(circuits(k), 2);
}

static void test_files_to_be_watched(void **state)
{
	struct desk *k = *state;
	_cleanup_name_list_ struct name_list names = { 0 };
	_cleanup_free_ char *first = NULL, *second = NULL;

	desk_start(k);
	desk_remove(k, "devices.csv");
	assert_int_equal(desk_load(k, true), 0); /* the names stay those of the files */
	assert_int_equal(classify_schema.files(world_conf(k->model), &names), 0);
	assert_int_equal(names.names.n, 2);
	first = cut_paths(k, names.names.at[0]);
	second = cut_paths(k, names.names.at[1]);
	assert_string_equal(first, "network.json");
	assert_string_equal(second, "devices.csv");
}

/* --- the machine -------------------------------------------------------------------------------- */

static void test_interface_that_is_away(void **state)
{
	_cleanup_(pipe_facts_free) struct pipe_facts facts = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	struct desk *k = *state;

	world_add_links(&facts);
	desk_write(k, "weir.yaml",
		   "shaper: { access: eth4, internet: eth2, downlink: 1, uplink: 1 }\n");
	assert_int_equal(desk_load(k, false), 0);
	assert_int_equal(classify_conf_check(world_conf(k->model), &facts, &d), 0);
	assert_int_equal(d.warnings, 1);
	assert_string_equal(d.entries.at[0].text, "interface 'eth4' is away; its traffic is shaped "
						  "when it comes back");
	assert_false(classify_conf_stick(world_conf(k->model)));
	assert_true(classify_conf_shapes(world_conf(k->model)));
}

static void test_example_is_good(void **state)
{
	_cleanup_(pipe_facts_free) struct pipe_facts facts = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	struct desk *k = *state;

	world_add_links(&facts);
	schema_to_example(world_schemas, WORLD_SCHEMAS, NULL, &text);
	desk_write(k, "weir.yaml", strbuf_text(&text));
	assert_int_equal(desk_load(k, false), 0);
	assert_string_equal(k->findings, "");
	assert_int_equal(classify_conf_check(world_conf(k->model), &facts, &d), 0);
	assert_int_equal(d.entries.n, 0);
	assert_int_equal(circuits(k), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		CASE(test_wrong_file_without_copies),
		CASE(test_copies_take_the_place_of_a_wrong_file),
		CASE(test_a_missing_file_is_a_wrong_one),
		CASE(test_files_that_do_not_fit),
		CASE(test_wrong_copies_help_nobody),
		CASE(test_mistakes_of_the_section_stay_errors),
		CASE(test_copies_are_written_when_they_differ),
		CASE(test_a_wrong_file_is_not_kept),
		CASE(test_a_full_disk_leaves_the_old_copy),
		CASE(test_files_to_be_watched),
		CASE(test_interface_that_is_away),
		CASE(test_example_is_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
