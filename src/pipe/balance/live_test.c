/* SPDX-License-Identifier: GPL-2.0-only */
/* What outlives the daemon and what does not: pins and the file of changes. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "pipe/balance/balance_test_run.h"

#define FOUR "  out: [eth3, eth4, eth5, eth6]\n"
#define ONE "balance:\n  in: eth1\n" FOUR
#define BPFFS_MAGIC 0xcafe4a11

static char pins[64], state_dir[64], file[80];

/* A directory on a bpffs and one for files; both are the test's own. */
static int make_dirs(void **state)
{
	struct statfs fs;

	if (run_namespace(state))
		return -1;
	(void)snprintf(state_dir, sizeof(state_dir), "/tmp/weir-balance-live-XXXXXX");
	if (!mkdtemp(state_dir))
		return -1;
	(void)snprintf(file, sizeof(file), "%s/balance.json", state_dir);
	(void)snprintf(pins, sizeof(pins), "/sys/fs/bpf/balance_test_XXXXXX");
	if (statfs("/sys/fs/bpf", &fs) || fs.f_type != BPFFS_MAGIC || !mkdtemp(pins))
		pins[0] = 0;
	return 0;
}

static bool is_unknown(const char *pin, const void *data)
{
	return false;
}

static int remove_dirs(void **state)
{
	balance_maps_sweep(pins, is_unknown, NULL); /* of tests that failed */
	(void)unlink(file);
	(void)rmdir(state_dir);
	return pins[0] ? rmdir(pins) : 0;
}

static void need_pins(void)
{
	need_root();
	if (pins[0])
		return;
	print_message("skipped: no bpffs is mounted on /sys/fs/bpf\n");
	skip();
}

static unsigned count_pins(void)
{
	_cleanup_closedir_ DIR *dir = opendir(pins);
	const struct dirent *e;
	unsigned n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	return n;
}

static void open_pinned(struct run *r, const char *yaml)
{
	run_begin(r, yaml);
	run_open_live(r, pins, state_dir);
	run_sync(r);
}

/* The daemon dies; its programs run on, and all that it knew is gone. */
static void die(struct run *r)
{
	balance_live_ops.close(run_live(r));
	r->live[STAGE_balance] = NULL;
	strbuf_free(&r->told);
	r->told = (struct strbuf){ 0 };
}

/* Another is started: it takes over the counters and loads every program anew. */
static void take_over(struct run *r)
{
	run_open_live(r, pins, state_dir);
	pipe_plan_free(&r->plan);
	r->plan = (struct pipe_plan){ 0 };
}

static void restart(struct run *r)
{
	die(r);
	take_over(r);
	run_sync(r);
}

static void stop(struct run *r)
{
	balance_live_ops.stop(run_live(r));
	assert_int_equal(count_pins(), 0);
	run_close(r);
	(void)unlink(file);
}

/* --- a restart --------------------------------------------------------------------------------- */

static void a_restart_moves_nothing(void **state)
{
	uint8_t before[BALANCE_BUCKETS];
	int slots[4];
	struct run r;

	need_pins();
	open_pinned(&r, ONE);
	assert_int_equal(count_pins(), 1);
	/* A history that an empty table would not know: fewer targets came back in another order. */
	for (unsigned i = 3; i <= 6; i++) {
		world_link(&r.world, i)->carrier = false;
		run_sync(&r);
	}
	for (unsigned i = 5; i >= 3; i--) {
		world_link(&r.world, i)->carrier = true;
		run_sync(&r);
	}
	for (unsigned i = 0; i < 4; i++)
		slots[i] = slot_by_name(&r, world_link(&r.world, 3 + i)->name);
	memcpy(before, run_balancer(&r)->table->bucket[run_balancer(&r)->table->half & 1],
	       sizeof(before));
	restart(&r);
	assert_true(run_balancer(&r)->continued);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(slot_by_name(&r, world_link(&r.world, 3 + i)->name), slots[i]);
	assert_memory_equal(run_balancer(&r)->table->bucket[run_balancer(&r)->table->half & 1],
			    before, sizeof(before));
	assert_int_equal(run_balancer(&r)->moved, 0);
	for (unsigned i = 0; i < 50; i++) {
		struct flow f = flow_number(4, 6, i);

		assert_int_equal(run_flow(&r, 0, HOOK_XDP, (struct build){ 0 }, &f),
				 before[balance_bucket(flow_hash(&r, &f))]);
	}
	stop(&r);
}

static uint64_t packets_of(const struct run *r, const char *name)
{
	const struct counter_view view = run_view(r);

	return balancer_count(run_balancer(r), balancer_member(run_balancer(r), name), &view).packets;
}

static void counts_go_on(void **state)
{
	struct flow f = flow_number(4, 6, 1);
	struct run r;

	need_pins();
	open_pinned(&r, "balance:\n  in: eth1\n  out: eth3\n");
	for (unsigned i = 0; i < 5; i++)
		(void)run_flow(&r, 0, HOOK_XDP, (struct build){ 0 }, &f);
	run_command(&r, "Add", "{\"interface\":\"eth4\"}");
	run_command(&r, "Remove", "{\"interface\":\"eth3\"}");
	(void)run_flow(&r, 0, HOOK_XDP, (struct build){ 0 }, &f);
	assert_int_equal(packets_of(&r, "eth4"), 1);
	restart(&r);
	assert_int_equal(packets_of(&r, "eth4"), 1);
	(void)run_flow(&r, 0, HOOK_XDP, (struct build){ 0 }, &f);
	assert_int_equal(packets_of(&r, "eth4"), 2);
	/* Counters that could not be continued begin at zero, not below. */
	die(&r);
	run_forget_ports(&r);
	take_over(&r);
	run_sync(&r);
	assert_int_equal(packets_of(&r, "eth4"), 0);
	stop(&r);
}

/* What commands changed is still so. */
static void changes_survive(void **state)
{
	struct run r;

	need_pins();
	open_pinned(&r, ONE);
	run_command(&r, "Add", "{\"interface\":\"eth7\",\"weight\":3}");
	run_command(&r, "Remove", "{\"interface\":\"eth4\"}");
	run_command(&r, "SetWeight", "{\"interface\":\"eth5\",\"weight\":9}");
	restart(&r);
	assert_int_equal(balancer_member(run_balancer(&r), "eth7")->goal.weight, 3);
	assert_null(balancer_member(run_balancer(&r), "eth4"));
	assert_int_equal(balancer_member(run_balancer(&r), "eth5")->goal.weight, 9);
	run_command(&r, "Reset", "{}");
	restart(&r);
	assert_null(balancer_member(run_balancer(&r), "eth7"));
	assert_int_equal(balancer_member(run_balancer(&r), "eth5")->goal.weight, 1);
	assert_int_equal(run_balancer(&r)->members.all.n, 4);
	stop(&r);
}

/* A command whose sync fails is not in the file either. */
static void failed_commands_are_not_kept(void **state)
{
	const char *wrong = NULL;
	struct run r;

	need_pins();
	open_pinned(&r, ONE);
	r.fail = true;
	assert_int_not_equal(run_try_command(&r, "Add", "{\"interface\":\"eth7\"}", &wrong), 0);
	assert_int_equal(access(file, F_OK), -1);
	run_command(&r, "Add", "{\"interface\":\"eth8\"}");
	restart(&r);
	assert_null(balancer_member(run_balancer(&r), "eth7"));
	assert_non_null(balancer_member(run_balancer(&r), "eth8"));
	stop(&r);
}

/* Known flows stay known. */
static void draining_goes_on(void **state)
{
	struct flow f = flow_number(4, 17, 0);
	struct run r;
	char drain[40];
	int slot;

	need_pins();
	open_pinned(&r, ONE);
	slot = flow_owner(&r, &f);
	(void)snprintf(drain, sizeof(drain), "{\"interface\":\"%s\"}",
		       run_balancer(&r)->table->slot[slot].name);
	run_command(&r, "Drain", drain);
	assert_int_equal(count_pins(), 2);
	assert_int_equal(run_flow(&r, 0, HOOK_XDP, (struct build){ 0 }, &f), slot);
	run_live(&r)->changes.all.at[0].since -= 1000; /* no more learning */
	balance_live_save(run_live(&r));
	restart(&r);
	assert_int_equal(count_pins(), 2);
	assert_false(run_balancer(&r)->table->learning[slot_by_name(&r, "eth3")]);
	assert_int_equal(run_flow(&r, 0, HOOK_XDP, (struct build){ 0 }, &f), slot);
	run_command(&r, "Undrain", drain);
	assert_true(run_tick(&r));
	assert_int_equal(count_pins(), 1);
	stop(&r);
}

/* The programs of an earlier run forward by that table until those of this one are in place. */
static void a_start_that_fails_touches_nothing(void **state)
{
	static struct balance_table before;
	struct pipe_plan plan = { 0 };
	const struct balance_table *t;
	struct run r;

	need_pins();
	open_pinned(&r, ONE);
	die(&r);
	take_over(&r);
	world_link(&r.world, 3)->carrier = false;
	assert_int_equal(run_plan(&r, &plan), 0);
	assert_int_equal(balance_live_ops.prepare(run_live(&r), world_conf(&r.world),
						  &r.world.facts, &plan, &r.world.d),
			 0);
	t = run_balancer(&r)->table;
	memcpy(&before, t, sizeof(before));
	assert_int_equal(balancer_owned(run_balancer(&r), 0), BALANCE_BUCKETS / 4);
	balance_live_ops.revert(run_live(&r));
	pipe_plan_free(&plan);
	assert_int_equal(count_pins(), 1);
	die(&r);
	/* And the next one finds it as it was. */
	take_over(&r);
	world_link(&r.world, 3)->carrier = true;
	run_sync(&r);
	assert_true(run_balancer(&r)->continued);
	assert_memory_equal(run_balancer(&r)->table->bucket[before.half & 1],
			    before.bucket[before.half & 1], BALANCE_BUCKETS);
	assert_int_equal(run_balancer(&r)->moved, 0);
	stop(&r);
}

/* --- pins -------------------------------------------------------------------------------------- */

static void pin_of(char *path, size_t size, const char *name)
{
	(void)snprintf(path, size, "%s/balance_table_%016llx", pins,
		       (unsigned long long)balance_key(name));
}

static void pin_map(const char *path, uint32_t type, uint32_t value, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	_cleanup_close_ int fd = bpf_map_create(type, "other", 4, value, 1, &options);

	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
}

/* Whatever lies under the name: of another version, or not ours at all. */
static void what_cannot_be_continued_is_replaced(void **state)
{
	char path[128];
	struct run r;

	need_pins();
	pin_of(path, sizeof(path), "eth1");
	pin_map(path, BPF_MAP_TYPE_ARRAY, 8, 0);
	open_pinned(&r, ONE);
	assert_false(run_balancer(&r)->continued);
	assert_int_equal(balancer_owned(run_balancer(&r), (unsigned)slot_by_name(&r, "eth3")),
			 BALANCE_BUCKETS / 4);
	run_balancer(&r)->table->layout++;
	run_balancer(&r)->table->slot[200].used = BALANCE_SLOT_USED;
	restart(&r);
	assert_false(run_balancer(&r)->continued);
	assert_int_equal(run_balancer(&r)->table->layout, BALANCE_LAYOUT);
	assert_int_equal(run_balancer(&r)->table->slot[200].used, BALANCE_SLOT_FREE);
	/* Of a balancer whose name has the same number. */
	memcpy(run_balancer(&r)->table->name, "eht1", 5);
	restart(&r);
	assert_false(run_balancer(&r)->continued);
	assert_string_equal(run_balancer(&r)->table->name, "eth1");
	stop(&r);
}

/* Pins of balancers that are no more go with the next sync; what is not ours stays. */
static void only_what_is_needed_stays_pinned(void **state)
{
	char foreign[128], earlier[128];
	struct run r;

	need_pins();
	(void)snprintf(foreign, sizeof(foreign), "%s/counters_1", pins);
	pin_map(foreign, BPF_MAP_TYPE_ARRAY, 8, 0);
	pin_of(earlier, sizeof(earlier), "of an earlier run");
	pin_map(earlier, BPF_MAP_TYPE_ARRAY, 8, 0);
	open_pinned(&r, "balance:\n  - { in: eth1, out: eth3 }\n  - { in: eth2, out: eth4 }\n");
	assert_int_equal(count_pins(), 3);
	assert_int_equal(access(earlier, F_OK), -1);
	run_reload(&r, "balance:\n  - { in: eth2, out: eth4 }\n");
	assert_int_equal(count_pins(), 2);
	assert_int_equal(run_live(&r)->balancers.n, 1);
	balance_live_ops.stop(run_live(&r));
	assert_int_equal(count_pins(), 1);
	assert_int_equal(unlink(foreign), 0);
	run_close(&r);
}

static void without_pins_nothing_is_pinned(void **state)
{
	struct run r;

	need_pins();
	run_open(&r, ONE);
	run_command(&r, "Drain", "{\"interface\":\"eth3\"}");
	assert_int_equal(count_pins(), 0);
	assert_int_equal(access(file, F_OK), -1);
	run_close(&r);
}

/* --- who is watched ---------------------------------------------------------------------------- */

static void all_targets_are_watched(void **state)
{
	_cleanup_name_list_ struct name_list list = { 0 };
	_cleanup_strbuf_ struct strbuf text = { 0 };
	struct run r;

	need_root();
	run_open(&r, "balance:\n  in: eth1\n  out: [eth3, eth4]\n  backup: eth9\n");
	run_command(&r, "Add", "{\"interface\":\"eth7\"}");
	run_command(&r, "Remove", "{\"interface\":\"eth3\"}");
	assert_int_equal(balance_live_ops.interfaces(run_live(&r), &list), 0);
	for (size_t i = 0; i < list.names.n; i++)
		strbuf_addf(&text, "%s ", list.names.at[i]);
	assert_string_equal(strbuf_text(&text), "eth7 eth4 eth7 eth9 ");
	run_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restart_moves_nothing),
		cmocka_unit_test(counts_go_on),
		cmocka_unit_test(changes_survive),
		cmocka_unit_test(failed_commands_are_not_kept),
		cmocka_unit_test(draining_goes_on),
		cmocka_unit_test(a_start_that_fails_touches_nothing),
		cmocka_unit_test(what_cannot_be_continued_is_replaced),
		cmocka_unit_test(only_what_is_needed_stays_pinned),
		cmocka_unit_test(without_pins_nothing_is_pinned),
		cmocka_unit_test(all_targets_are_watched),
	};

	return cmocka_run_group_tests_name("balance live", tests, make_dirs, remove_dirs);
}
