/* SPDX-License-Identifier: GPL-2.0-only */
/* The record: that it is there before the knob turns, and what is believed of it afterwards. */
#include <signal.h>
#include <sys/wait.h>

#include "tune/knob_test_util.h"

/* A kind of our own, to stand between the record and the knob. */
static char probe_value[8] = "off";
static bool probe_seen_on_disk, probe_dies;

static int probe_read(struct nl *nl_, struct knob_subject s, const char *name, char **ret,
		      struct strbuf *why)
{
	*ret = strdup(probe_value);
	return *ret ? 0 : -ENOMEM;
}

static int probe_write(struct nl *nl_, struct knob_subject s, const char *name, const char *value,
		       struct strbuf *why)
{
	probe_seen_on_disk =
		file_has(state, "\"before\": \"off\"") && file_has(state, "\"set\": \"on\"");
	if (probe_dies)
		return -EIO;
	(void)snprintf(probe_value, sizeof(probe_value), "%s", value);
	return 0;
}

static const struct knob_kind probe = { .name = "probe", .read = probe_read, .write = probe_write };

static void turn_and_die(unsigned index)
{
	struct knobs k;
	struct diag d = { 0 };
	struct nl *own = NULL;

	if (nl_open(&own) || knobs_init(&k, own, state) ||
	    knobs_set(&k, &knob_flag, KNOB_LINK(index), "promisc", "on", &d) ||
	    knobs_set(&k, &knob_feature, KNOB_LINK(index), "tx-vlan-hw-insert", "off", &d))
		_exit(1);
	(void)raise(SIGKILL);
}

static void test_killed_and_started_anew(void **state_)
{
	struct fixture f;
	int status;
	pid_t pid;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	assert_true(feature_on(f.index, "tx-vlan-hw-insert"));
	pid = fork();
	if (!pid)
		turn_and_die(f.index);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(promisc(f.index));
	assert_false(feature_on(f.index, "tx-vlan-hw-insert"));
	start_anew(&f);
	assert_int_equal(f.k.n, 2);
	/* The new run wants one of them too: the value before the first run stays recorded. */
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(f.index), "promisc", "on", &f.d), 0);
	assert_int_equal(f.k.n, 2);
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_false(promisc(f.index));
	assert_true(feature_on(f.index, "tx-vlan-hw-insert"));
	assert_int_equal(f.d.entries.n, 0);
	end(&f);
}

static void test_record_comes_first(void **state_)
{
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	probe_seen_on_disk = false;
	assert_int_equal(knobs_set(&f.k, &probe, KNOB_FILE("probe"), "", "on", &f.d), 0);
	assert_true(probe_seen_on_disk);
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_string_equal(probe_value, "off");
	end(&f);
}

static void test_failed_write_leaves_no_record(void **state_)
{
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	probe_dies = true;
	assert_int_equal(knobs_set(&f.k, &probe, KNOB_FILE("probe"), "", "on", &f.d), -EIO);
	probe_dies = false;
	assert_int_equal(f.k.n, 0);
	assert_int_equal(access(state, F_OK), -1);
	assert_true(said(&f.d, "probe: cannot set it to \"on\": "));
	/* A later value that fails leaves the earlier one recorded. */
	assert_int_equal(knobs_set(&f.k, &probe, KNOB_FILE("probe"), "", "on", &f.d), 0);
	probe_dies = true;
	assert_int_equal(knobs_set(&f.k, &probe, KNOB_FILE("probe"), "", "more", &f.d), -EIO);
	probe_dies = false;
	assert_string_equal(f.k.at[0].set, "on");
	assert_null(f.k.at[0].earlier);
	assert_true(file_has(state, "\"set\": \"on\""));
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_string_equal(probe_value, "off");
	end(&f);
}

static void test_failed_restore_stays_recorded(void **state_)
{
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	assert_int_equal(knobs_set(&f.k, &probe, KNOB_FILE("probe"), "", "on", &f.d), 0);
	probe_dies = true;
	assert_int_equal(knobs_restore_all(&f.k, &f.d), -EIO);
	probe_dies = false;
	assert_true(said(&f.d, "cannot put it back to \"off\""));
	assert_int_equal(f.k.n, 1);
	assert_true(file_has(state, "\"before\": \"off\""));
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_int_equal(f.k.n, 0);
	end(&f);
}

static void test_no_record_no_turning(void **state_)
{
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	knobs_free(&f.k);
	assert_int_equal(knobs_init(&f.k, nl, "/nonexistent/weir/knobs"), 0);
	assert_int_equal(knobs_set(&f.k, &knob_flag, KNOB_LINK(f.index), "promisc", "on", &f.d),
			 -ENOENT);
	assert_false(promisc(f.index));
	assert_int_equal(f.k.n, 0);
	assert_true(said(&f.d, "ka: promisc: cannot set it to \"on\""));
	assert_true(said(&f.d, "/nonexistent/weir/knobs"));
	end(&f);
}

/* Killed after the record and before the knob, at the first change and at a later one. */
static void test_crash_between(void **state_)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	_cleanup_free_ char *boot = NULL;
	struct fixture f;
	size_t len;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	assert_int_equal(file_read("/proc/sys/kernel/random/boot_id", 100, &boot, &len), 0);
	boot[strcspn(boot, "\n")] = 0;
	assert_int_equal(file_write_value(RMEM, "4096 100001 200000"), 0);
	strbuf_addf(
		&text,
		"{\"boot\":\"%s\",\"knobs\":[{\"kind\":\"file\",\"file\":\"" FORWARD
		"\",\"name\":\"\",\"before\":\"0\",\"set\":\"1\"},{\"kind\":\"file\",\"file\":"
		"\"" RMEM
		"\",\"name\":\"\",\"before\":\"4096 100000 200000\",\"set\":\"4096 100002 200000\","
		"\"earlier\":\"4096 100001 200000\"}]}",
		boot);
	write_state(strbuf_text(&text));
	start_anew(&f);
	assert_int_equal(f.k.n, 2);
	assert_int_equal(knobs_restore_all(&f.k, &f.d), 0);
	assert_true(file_has(FORWARD, "0"));
	assert_true(file_has(RMEM, "100000"));
	assert_int_equal(f.d.entries.n, 0);
	end(&f);
}

static void test_corrupt_file(void **state_)
{
	static const char *const broken[] = {
		"",
		"{\"boot\":",
		"[]",
		"{\"boot\":\"x\",\"boot\":\"y\",\"knobs\":[]}",
		"{\"boot\":\"x\"}",
		"{\"boot\":7,\"knobs\":[]}",
	};
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		write_state(broken[i]);
		start_anew(&f);
		assert_int_equal(f.k.n, 0);
		assert_int_equal(f.d.warnings, 1);
		assert_true(said(&f.d, "is damaged ("));
		assert_true(said(&f.d, corrupt));
		assert_int_equal(access(state, F_OK), -1);
		assert_int_equal(access(corrupt, F_OK), 0);
	}
	end(&f);
}

/* The frame is right, an entry is not: nothing of the file is believed. */
static void test_corrupt_entry(void **state_)
{
	static const char *const entries[] = {
		"7",
		"{}",
		"{\"kind\":\"flag\",\"name\":\"promisc\",\"before\":\"off\",\"set\":1}",
		"{\"kind\":\"flag\",\"name\":\"promisc\",\"before\":\"off\",\"set\":\"on\"}",
		"{\"kind\":\"flag\",\"name\":\"promisc\",\"before\":\"off\",\"set\":\"on\","
		"\"interface\":\"ka\",\"ifindex\":-4,\"mac\":\"00:00:00:00:00:01\"}",
		"{\"kind\":\"flag\",\"name\":\"promisc\",\"before\":\"off\",\"set\":\"on\","
		"\"interface\":\"ka\",\"ifindex\":4,\"mac\":\"00:00:00:00:00:01:02\"}",
		"{\"kind\":\"flag\",\"name\":\"promisc\",\"before\":\"off\",\"set\":\"on\","
		"\"interface\":\"a-name-too-long-for-any\",\"ifindex\":4,\"mac\":\"00:00:00:00:00:"
		"01\"}",
	};
	_cleanup_free_ char *boot = NULL;
	struct fixture f;
	size_t len;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	assert_int_equal(file_read("/proc/sys/kernel/random/boot_id", 100, &boot, &len), 0);
	boot[strcspn(boot, "\n")] = 0;
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		_cleanup_strbuf_ struct strbuf text = { 0 };

		strbuf_addf(&text,
			    "{\"boot\":\"%s\",\"knobs\":[{\"kind\":\"file\",\"file\":\"" FORWARD
			    "\",\"name\":\"\",\"before\":\"0\",\"set\":\"1\"},%s]}",
			    boot, entries[i]);
		write_state(strbuf_text(&text));
		start_anew(&f);
		assert_int_equal(f.k.n, 0);
		assert_true(said(&f.d, "is damaged ("));
	}
	end(&f);
}

static void test_unknown_kind_and_earlier_boot(void **state_)
{
	struct fixture f;

	NL_TEST_NEEDS_NAMESPACE(nl);
	begin(&f);
	write_state("{\"boot\":\"of-long-ago\",\"knobs\":[{\"kind\":\"file\",\"file\":\"" FORWARD
		    "\",\"name\":\"\",\"before\":\"0\",\"set\":\"1\"}]}");
	start_anew(&f);
	assert_int_equal(f.k.n, 0);
	assert_true(said(&f.d, "earlier boot"));
	assert_int_equal(f.d.warnings, 0);
	/* A record of a newer version, whose kind is not known here. */
	assert_int_equal(knobs_set(&f.k, &probe, KNOB_FILE("probe"), "", "on", &f.d), 0);
	start_anew(&f);
	assert_int_equal(f.k.n, 0);
	assert_true(said(&f.d, "no settings of kind \"probe\""));
	(void)snprintf(probe_value, sizeof(probe_value), "off");
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_and_started_anew),
		cmocka_unit_test(test_record_comes_first),
		cmocka_unit_test(test_failed_write_leaves_no_record),
		cmocka_unit_test(test_failed_restore_stays_recorded),
		cmocka_unit_test(test_no_record_no_turning),
		cmocka_unit_test(test_crash_between),
		cmocka_unit_test(test_corrupt_file),
		cmocka_unit_test(test_corrupt_entry),
		cmocka_unit_test(test_unknown_kind_and_earlier_boot),
	};

	return cmocka_run_group_tests_name("tune/knob_state", tests, setup, teardown);
}
