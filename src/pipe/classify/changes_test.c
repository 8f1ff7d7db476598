/* SPDX-License-Identifier: GPL-2.0-only */
/* What commands changed: over what files say, in a copy, in a file of its own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "pipe/classify/changes.h"

#define MBIT 1000000u

/* --- makings ----------------------------------------------------------------------------------- */

static struct net_prefix prefix(const char *text)
{
	struct net_prefix p = { 0 };
	const char *wrong = NULL;

	if (net_prefix_parse(text, &p, &wrong))
		fail_msg("%s: %s", text, wrong);
	return p;
}

static void add_device(struct net_circuit *c, const char *address)
{
	struct net_device device = { .id = strdup("d"),
				     .name = strdup(""),
				     .mac = strdup("00:11:22:33:44:55"),
				     .comment = strdup("") };

	assert_int_equal(vec_push(&device.addresses, { .prefix = prefix(address) }), 0);
	assert_int_equal(vec_push(&c->devices, device), 0);
}

static void add_circuit(struct network *n, const char *id, const char *address)
{
	struct net_circuit c = { .id = strdup(id),
				 .name = strdup("of the file"),
				 .parent = strdup("Tower"),
				 .min = { 2 * MBIT, MBIT },
				 .max = { 20 * MBIT, 10 * MBIT },
				 .leaf = { strdup("cake"), strdup("fq_codel") } };

	add_device(&c, address);
	assert_int_equal(vec_push(&n->circuits, c), 0);
}

/* Three circuits a, b, c below one node. */
static void make_files(struct network *n)
{
	struct net_node node = { .name = strdup("Tower"), .type = strdup(""), .parent = -1 };

	*n = (struct network){ 0 };
	assert_int_equal(vec_push(&n->nodes, node), 0);
	add_circuit(n, "a", "100.64.0.1");
	add_circuit(n, "b", "100.64.0.2");
	add_circuit(n, "c", "100.64.0.3");
}

static struct classify_change *change(struct classify_changes *changes, const char *id)
{
	struct classify_change *c = classify_changes_at(changes, id);

	assert_non_null(c);
	return c;
}

static void change_addresses(struct classify_change *c, const char *one, const char *two)
{
	c->has_addresses = true;
	assert_int_equal(vec_push(&c->device.addresses, { .prefix = prefix(one) }), 0);
	if (two)
		assert_int_equal(vec_push(&c->device.addresses, { .prefix = prefix(two) }), 0);
}

/* One of each: a changed in every field, b removed, d added, e of no file any more; two mappings. */
static void make_changes(struct classify_changes *changes)
{
	struct classify_change *c = change(changes, "a");

	c->name = strdup("J\xc3\xb6rg \"x\"");
	c->parent = strdup("");
	c->leaf_down = strdup("pfifo limit 5");
	c->leaf_up = strdup("fq_codel");
	c->min = (struct rate_pair){ 3 * MBIT, 500000 };
	c->max = (struct rate_pair){ 30 * MBIT, 15 * MBIT };
	change_addresses(c, "100.64.1.0/24", "2001:db8::/56");
	change(changes, "b")->removed = true;
	c = change(changes, "d");
	c->added = true;
	c->max = (struct rate_pair){ 5 * MBIT, 4 * MBIT };
	change_addresses(c, "100.64.9.9", NULL);
	change(changes, "e")->max.down = 7 * MBIT;
	assert_int_equal(vec_push(&changes->mappings, { prefix("100.64.0.7"), 0x3001a, 1, true }), 0);
	assert_int_equal(vec_push(&changes->mappings, { prefix("2001:db8:5::/48"), 0xffff0001, 0 }),
			 0);
}

static void expect_text(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a)
		assert_string_equal(a, b);
}

static void expect_same_change(const struct classify_change *a, const struct classify_change *b)
{
	expect_text(a->id, b->id);
	expect_text(a->name, b->name);
	expect_text(a->parent, b->parent);
	expect_text(a->leaf_down, b->leaf_down);
	expect_text(a->leaf_up, b->leaf_up);
	assert_int_equal(a->added, b->added);
	assert_int_equal(a->removed, b->removed);
	assert_memory_equal(&a->min, &b->min, sizeof(a->min));
	assert_memory_equal(&a->max, &b->max, sizeof(a->max));
	assert_int_equal(a->has_addresses, b->has_addresses);
	assert_int_equal(a->device.addresses.n, b->device.addresses.n);
	for (size_t i = 0; i < a->device.addresses.n; i++)
		assert_memory_equal(&a->device.addresses.at[i].prefix,
				    &b->device.addresses.at[i].prefix, sizeof(struct net_prefix));
}

static void expect_same(const struct classify_changes *a, const struct classify_changes *b)
{
	assert_int_equal(a->circuits.n, b->circuits.n);
	for (size_t i = 0; i < a->circuits.n; i++)
		expect_same_change(&a->circuits.at[i], &b->circuits.at[i]);
	assert_int_equal(a->mappings.n, b->mappings.n);
	for (size_t i = 0; i < a->mappings.n; i++) {
		const struct classify_mapping *x = &a->mappings.at[i], *y = &b->mappings.at[i];

		assert_memory_equal(&x->prefix, &y->prefix, sizeof(x->prefix));
		assert_int_equal(x->handle, y->handle);
		assert_int_equal(x->cpu, y->cpu);
		assert_int_equal(x->upload, y->upload);
	}
}

/* --- over files -------------------------------------------------------------------------------- */

static void make(const struct network *files, const struct classify_changes *changes,
		 struct network *ret, size_t want_stale)
{
	size_t stale = 99;

	assert_int_equal(classify_network_make(files, changes, ret, &stale), 0);
	assert_int_equal(stale, want_stale);
}

static const struct net_circuit *circuit(const struct network *n, const char *id)
{
	int at = network_find_circuit(n, id);

	return at < 0 ? NULL : &n->circuits.at[at];
}

static void no_change_changes_nothing(void **state)
{
	struct classify_changes none = { 0 };
	struct network files, all;

	make_files(&files);
	make(&files, &none, &all, 0);
	assert_int_equal(all.nodes.n, 1);
	assert_int_equal(all.circuits.n, 3);
	assert_memory_equal(all.circuits.at, files.circuits.at, 3 * sizeof(*files.circuits.at));
	classify_network_free(&all);
	network_free(&files);
}

/* One field at a time; all others stay the file's, and so does everybody else. */
static void one_field_overrides_one_field(void **state)
{
	for (int field = 0; field < 7; field++) {
		struct classify_changes changes = { 0 };
		struct classify_change *c = change(&changes, "b");
		struct net_circuit want;
		struct network files, all;

		make_files(&files);
		want = files.circuits.at[1];
		switch (field) {
		case 0:
			want.name = c->name = strdup("new");
			break;
		case 1:
			want.max.down = c->max.down = 99 * MBIT;
			break;
		case 2:
			want.max.up = c->max.up = 99 * MBIT;
			break;
		case 3:
			want.min.down = c->min.down = 9 * MBIT;
			break;
		case 4:
			want.min.up = c->min.up = 9 * MBIT;
			break;
		case 5:
			c->parent = strdup(""); /* none: one is chosen */
			want.parent = NULL;
			break;
		case 6:
			want.leaf.down = c->leaf_down = strdup("pfifo");
			want.leaf.up = c->leaf_up = strdup("cake");
			break;
		}
		make(&files, &changes, &all, 0);
		assert_memory_equal(&all.circuits.at[0], &files.circuits.at[0], sizeof(want));
		assert_memory_equal(&all.circuits.at[1], &want, sizeof(want));
		assert_memory_equal(&all.circuits.at[2], &files.circuits.at[2], sizeof(want));
		classify_network_free(&all);
		classify_changes_free(&changes);
		network_free(&files);
	}
}

static void addresses_replace_all_devices(void **state)
{
	struct classify_changes changes = { 0 };
	struct network files, all;
	struct net_prefix want = prefix("100.64.5.0/24");

	make_files(&files);
	add_device(&files.circuits.at[0], "100.64.0.100");
	change_addresses(change(&changes, "a"), "100.64.5.0/24", NULL);
	make(&files, &changes, &all, 0);
	assert_int_equal(all.circuits.at[0].devices.n, 1);
	assert_int_equal(all.circuits.at[0].devices.at[0].addresses.n, 1);
	assert_memory_equal(&all.circuits.at[0].devices.at[0].addresses.at[0].prefix, &want,
			    sizeof(want));
	assert_int_equal(files.circuits.at[0].devices.n, 2);
	change(&changes, "a")->device.addresses.n = 0; /* none at all */
	classify_network_free(&all);
	make(&files, &changes, &all, 0);
	assert_int_equal(all.circuits.at[0].devices.at[0].addresses.n, 0);
	classify_network_free(&all);
	classify_changes_free(&changes);
	network_free(&files);
}

static void all_kinds_together(void **state)
{
	struct classify_changes changes = { 0 };
	struct network files, all;
	const struct net_circuit *d;

	make_files(&files);
	make_changes(&changes);
	make(&files, &changes, &all, 1); /* e */
	assert_int_equal(all.circuits.n, 3);
	assert_null(circuit(&all, "b"));
	assert_null(circuit(&all, "e"));
	assert_false(circuit(&all, "a")->by_command);
	assert_int_equal(circuit(&all, "a")->max.down, 30 * MBIT);
	assert_int_equal(circuit(&all, "c")->max.down, 20 * MBIT);
	d = circuit(&all, "d");
	assert_true(d->by_command);
	assert_string_equal(d->name, "d");
	assert_null(d->parent);
	assert_int_equal(d->max.up, 4 * MBIT);
	assert_int_equal(d->devices.n, 1);
	classify_network_free(&all);
	classify_changes_free(&changes);
	network_free(&files);
}

/* The file got it meanwhile: the change is on top of the file's then, and it is nobody twice. */
static void an_added_one_that_a_file_has_now(void **state)
{
	struct classify_changes changes = { 0 };
	struct network files, all;
	struct classify_change *c = change(&changes, "b");

	make_files(&files);
	c->added = true;
	c->max.down = 44 * MBIT;
	make(&files, &changes, &all, 0);
	assert_int_equal(all.circuits.n, 3);
	assert_int_equal(circuit(&all, "b")->max.down, 44 * MBIT);
	assert_int_equal(circuit(&all, "b")->max.up, 10 * MBIT);
	assert_false(circuit(&all, "b")->by_command);
	classify_network_free(&all);
	classify_changes_free(&changes);
	network_free(&files);
}

static void stale_removals_count_too(void **state)
{
	struct classify_changes changes = { 0 };
	struct network files, all;

	make_files(&files);
	change(&changes, "gone")->removed = true;
	change(&changes, "gone too")->max.up = MBIT;
	make(&files, &changes, &all, 2);
	assert_int_equal(all.circuits.n, 3);
	classify_network_free(&all);
	classify_changes_free(&changes);
	network_free(&files);
}

/* --- the set itself ---------------------------------------------------------------------------- */

static void one_change_per_circuit(void **state)
{
	struct classify_changes changes = { 0 };
	struct net_prefix other = prefix("100.64.0.0/24");

	make_changes(&changes);
	assert_int_equal(changes.circuits.n, 4);
	assert_ptr_equal(classify_changes_at(&changes, "d"), classify_changes_find(&changes, "d"));
	assert_int_equal(changes.circuits.n, 4);
	assert_null(classify_changes_find(&changes, "c"));
	classify_changes_forget(&changes, "c");
	assert_int_equal(changes.circuits.n, 4);
	classify_changes_forget(&changes, "b");
	assert_int_equal(changes.circuits.n, 3);
	assert_null(classify_changes_find(&changes, "b"));
	assert_non_null(classify_changes_find(&changes, "d"));
	assert_int_equal(classify_changes_find_mapping(&changes, &changes.mappings.at[1].prefix), 1);
	assert_int_equal(classify_changes_find_mapping(&changes, &other), -1);
	classify_changes_free(&changes);
	assert_int_equal(changes.circuits.n + changes.mappings.n, 0);
}

static void a_copy_shares_nothing(void **state)
{
	struct classify_changes changes = { 0 }, copy = { 0 }, again = { 0 };

	make_changes(&changes);
	assert_int_equal(classify_changes_copy(&changes, &copy), 0);
	expect_same(&changes, &copy);
	assert_ptr_not_equal(changes.circuits.at[0].name, copy.circuits.at[0].name);
	assert_int_equal(classify_changes_copy(&copy, &again), 0);
	classify_changes_free(&copy);
	expect_same(&changes, &again);
	classify_changes_free(&changes);
	classify_changes_free(&again);
}

/* --- the file ---------------------------------------------------------------------------------- */

static char directory[64], path[96], aside[110];

static int make_directory(void **state)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/weir-changes-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/subscribers.json", directory);
	(void)snprintf(aside, sizeof(aside), "%s.damaged", path);
	return 0;
}

static int remove_directory(void **state)
{
	(void)unlink(path);
	(void)unlink(aside);
	return rmdir(directory);
}

static void what_is_saved_is_loaded(void **state)
{
	struct classify_changes changes = { 0 }, loaded = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	struct stat st;

	make_changes(&changes);
	assert_int_equal(classify_changes_save(&changes, path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(classify_changes_load(&loaded, path, &d), 0);
	assert_int_equal(d.entries.n, 0);
	expect_same(&changes, &loaded);
	classify_changes_free(&loaded);
	classify_changes_free(&changes);
	assert_int_equal(classify_changes_save(&changes, path), 0); /* nothing left */
	assert_int_equal(classify_changes_load(&loaded, path, &d), 0);
	assert_int_equal(loaded.circuits.n + loaded.mappings.n + d.entries.n, 0);
}

static void no_file_is_no_change(void **state)
{
	struct classify_changes loaded = { 0 };
	_cleanup_diag_ struct diag d = { 0 };

	(void)unlink(path);
	assert_int_equal(classify_changes_load(&loaded, path, &d), 0);
	assert_int_equal(loaded.circuits.n + d.entries.n, 0);
}

/* Whatever is in it: what can be read is, the file is kept for a person, and one warning says so. */
static void expect_damaged(const char *text, size_t circuits, size_t mappings)
{
	struct classify_changes loaded = { 0 };
	_cleanup_diag_ struct diag d = { 0 };
	_cleanup_free_ char *kept = NULL;
	size_t len;

	(void)unlink(aside);
	assert_int_equal(file_write_atomic(path, text, strlen(text), 0600), 0);
	assert_int_equal(classify_changes_load(&loaded, path, &d), 0);
	if (loaded.circuits.n != circuits || loaded.mappings.n != mappings)
		fail_msg("%s: %zu circuits, %zu mappings", text, loaded.circuits.n,
			 loaded.mappings.n);
	assert_int_equal(d.warnings, 1);
	assert_int_equal(d.errors, 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(file_read(aside, 1 << 20, &kept, &len), 0);
	assert_string_equal(kept, text);
	classify_changes_free(&loaded);
}

#define ROWS(rows) "{\"circuits\": [" rows "]}"
#define MAPS(rows) "{\"mappings\": [" rows "]}"
#define MAP_OF(address, handle, cpu) \
	"{\"address\": \"" address "\", \"handle\": " handle ", \"cpu\": " cpu "}"

static void damaged_files_are_kept(void **state)
{
	expect_damaged("", 0, 0);
	expect_damaged("{", 0, 0);
	expect_damaged("[]", 0, 0);
	expect_damaged("null", 0, 0);
	expect_damaged("{\"circuits\": [], \"circuits\": []}", 0, 0);
	expect_damaged(ROWS("{\"name\": \"without id\"}, {\"id\": \"good\"}"), 1, 0);
	expect_damaged(ROWS("7, null, [], {\"id\": 7}, {\"id\": \"good\"}"), 1, 0);
	expect_damaged(ROWS("{\"id\": \"x\", \"name\": \"1\", \"parent\": \"p\"}, "
			    "{\"id\": \"x\", \"name\": \"2\", \"parent\": \"q\"}"),
		       1, 0);
	expect_damaged(ROWS("{\"id\": \"x\", \"addresses\": [\"nowhere\"]}"), 1, 0);
	expect_damaged(ROWS("{\"id\": \"x\", \"addresses\": [7]}"), 1, 0);
	expect_damaged(MAPS(MAP_OF("100.64.0.1", "65537", "1") ", {}, 5"), 0, 1);
	expect_damaged(MAPS(MAP_OF("100.64.0.1", "65537", "1") "," MAP_OF("100.64.0.1", "65538", "0")),
		       0, 1);
	expect_damaged(MAPS(MAP_OF("100.64.0.1", "0", "1")), 0, 0);
	expect_damaged(MAPS(MAP_OF("100.64.0.1", "-1", "1")), 0, 0);
	expect_damaged(MAPS(MAP_OF("100.64.0.1", "4294967296", "1")), 0, 0);
	expect_damaged(MAPS(MAP_OF("100.64.0.1", "65537", "-1")), 0, 0);
	expect_damaged(MAPS(MAP_OF("100.64.0.1", "65537", "1024")), 0, 0);
}

/* Cut anywhere: never more than what was said, and no word lost without a warning. */
static void cut_files_are_noticed(void **state)
{
	struct classify_changes changes = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len;

	make_changes(&changes);
	assert_int_equal(classify_changes_save(&changes, path), 0);
	assert_int_equal(file_read(path, 1 << 20, &text, &len), 0);
	for (size_t n = 0; n < len; n++) {
		struct classify_changes loaded = { 0 };
		_cleanup_diag_ struct diag d = { 0 };

		assert_int_equal(file_write_atomic(path, text, n, 0600), 0);
		assert_int_equal(classify_changes_load(&loaded, path, &d), 0);
		assert_int_equal(d.warnings, 1);
		assert_int_equal(loaded.circuits.n + loaded.mappings.n, 0);
		classify_changes_free(&loaded);
	}
	classify_changes_free(&changes);
}

static void where_it_cannot_be_written(void **state)
{
	struct classify_changes none = { 0 };

	assert_true(classify_changes_save(&none, "/nonexistent/subscribers.json") < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_change_changes_nothing),
		cmocka_unit_test(one_field_overrides_one_field),
		cmocka_unit_test(addresses_replace_all_devices),
		cmocka_unit_test(all_kinds_together),
		cmocka_unit_test(an_added_one_that_a_file_has_now),
		cmocka_unit_test(stale_removals_count_too),
		cmocka_unit_test(one_change_per_circuit),
		cmocka_unit_test(a_copy_shares_nothing),
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(no_file_is_no_change),
		cmocka_unit_test(damaged_files_are_kept),
		cmocka_unit_test(cut_files_are_noticed),
		cmocka_unit_test(where_it_cannot_be_written),
	};

	return cmocka_run_group_tests_name("classify changes", tests, make_directory,
					   remove_directory);
}
