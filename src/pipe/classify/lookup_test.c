/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The look-up in the kernel, on real frames: everybody is found by XDP and by TC, nobody else is;
 * and while the table changes under way nobody is missed or taken for another.
 */
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>

#include "pipe/classify/lookup_probe.h"
#include "lookup_probe.skel.h"
#include "pipe/classify/table_private.h"
#include "pipe/classify/table_test_util.h"

#define FRAME 128

struct probe {
	struct lookup_probe_bpf *bpf;
};

/* XDP's programs are known to the kernel from now on: else it waits 20 ms at each test run. */
static void stay_known(const struct lookup_probe_bpf *bpf)
{
	assert_int_equal(bpf_xdp_attach((int)if_nametoindex("lo"),
					bpf_program__fd(bpf->progs.lookup_xdp), XDP_FLAGS_SKB_MODE,
					NULL),
			 0);
}

static int leave_network(void **state)
{
	return geteuid() ? 0 : unshare(CLONE_NEWNET);
}

static void probe_close(struct probe *probe)
{
	if (!probe->bpf)
		return;
	(void)bpf_xdp_detach((int)if_nametoindex("lo"), XDP_FLAGS_SKB_MODE, NULL);
	lookup_probe_bpf__destroy(probe->bpf);
}
#define _cleanup_probe_ _cleanup_(probe_close)

static void probe_open(const struct classify_table *t, struct probe *ret)
{
	ret->bpf = lookup_probe_bpf__open();
	assert_non_null(ret->bpf);
	assert_int_equal(classify_maps_lend(classify_table_maps(t), ret->bpf->obj), 0);
	assert_int_equal(lookup_probe_bpf__load(ret->bpf), 0);
	stay_known(ret->bpf);
}

/* --- frames ------------------------------------------------------------------------------------ */

static const uint8_t PEER[16] = { 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 };

/* UDP between a host and its peer. */
static void make_frame(uint8_t *frame, const struct net_prefix *host, bool host_is_source)
{
	const bool four = host->family == 4;
	const size_t size = four ? 4 : 16, at = four ? 26 : 22;

	memset(frame, 0, FRAME);
	frame[0] = 2;
	memcpy(frame + 12, four ? "\x08\x00\x45" : "\x86\xdd\x60", 3);
	if (four) {
		frame[17] = FRAME - 14;
		frame[22] = 64;
		frame[23] = 17;
	} else {
		frame[19] = FRAME - 54;
		frame[20] = 17;
		frame[21] = 64;
	}
	memcpy(frame + at, host_is_source ? host->address : PEER, size);
	memcpy(frame + at + size, host_is_source ? PEER : host->address, size);
}

static void run_frame(const struct bpf_program *program, const uint8_t *frame, unsigned times)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = FRAME,
		    .repeat = (int)times);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &run), 0);
}

static uint64_t ask_program(const struct probe *probe, const struct bpf_program *program,
			    const uint8_t *frame)
{
	run_frame(program, frame, 1);
	assert_int_equal(probe->bpf->bss->value[0], probe->bpf->bss->value[1]);
	return probe->bpf->bss->value[0];
}

/* By XDP and TC alike. */
static uint64_t ask(const struct probe *probe, const struct net_prefix *host, bool source)
{
	uint8_t frame[FRAME];
	uint64_t value;

	make_frame(frame, host, source);
	probe->bpf->bss->source = source;
	value = ask_program(probe, probe->bpf->progs.lookup_xdp, frame);
	assert_int_equal(ask_program(probe, probe->bpf->progs.lookup_tc, frame), value);
	return value;
}

static void check(const struct probe *probe, const struct net_prefix *host, uint64_t value)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	uint64_t found = ask(probe, host, false);

	net_prefix_format(host, &text);
	if (found != value)
		fail_msg("%s: found %llx, is %llx", strbuf_text(&text), (unsigned long long)found,
			 (unsigned long long)value);
}

/* --- finding ----------------------------------------------------------------------------------- */

static void add4(struct world *w, uint32_t word, unsigned length)
{
	const struct net_prefix p = prefix4(word, length);

	world_append(w, &p);
}

static void add6(struct world *w, uint64_t high, uint64_t low, unsigned length)
{
	const struct net_prefix p = prefix6(high, low, length);

	world_append(w, &p);
}

#define HIGH6 0x20010db800000000u

/* 10,000 hosts, 4,000 /56 with 1,000 /64 in some, 1,000 hosts in those and in nobody's networks. */
static void make_provider(struct world *w)
{
	for (uint32_t i = 0; i < 10000; i++)
		add4(w, i < 5000 ? 0x64400000 + i : 0x0a000000 + (i % 64 << 16) + i, 32);
	for (uint64_t i = 0; i < 4000; i++)
		add6(w, HIGH6 + (i << 8), 0, 56);
	for (uint64_t i = 0; i < 1000; i++)
		add6(w, HIGH6 + (i * 3 << 8) + 7, 0, 64);
	for (uint64_t i = 0; i < 1000; i++)
		add6(w, HIGH6 + (i * 6 << 8) + 7, i + 1, 128);
	for (uint32_t i = 0; i < 100; i++)
		add4(w, 0x64400000 + i * 50, 24 + i % 8);
}

static void remove_doubles(struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->entries.n; i++) {
		const int first = world_index(w, &w->entries.at[i].prefix);

		if ((size_t)first >= n)
			w->entries.at[n++] = w->entries.at[i];
	}
	w->entries.n = n;
}

static struct net_prefix first_host(const struct classify_entry *e)
{
	struct net_prefix host = e->prefix;

	host.length = host.family == 4 ? 32 : 128;
	return host;
}

static void test_a_provider(void **state)
{
	_cleanup_world_ struct world w = { .random = 1 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;
	_cleanup_probe_ struct probe probe = { 0 };

	need_root_for_maps();
	make_provider(&w);
	remove_doubles(&w);
	t = new_table_for(&w);
	(void)set_table(t, &w);
	probe_open(t, &probe);
	for (size_t i = 0; i < w.entries.n; i++) {
		const struct classify_entry *e = &w.entries.at[i];
		const struct net_prefix host = first_host(e);

		if (e->prefix.length == host.length)
			check(&probe, &host, e->value | CLASSIFY_OWN);
		else
			check(&probe, &host, classify_table_find(t, &host, NULL));
	}
	for (unsigned i = 0; i < 1000; i++) {
		const struct net_prefix host = random_host(&w);

		check(&probe, &host, value_plainly(&w, &host));
	}
}

static void test_nobody(void **state)
{
	static const char *const texts[] = { "0.0.0.0", "255.255.255.255", "100.64.200.1",
					     "::",	"2001:db9::1",	   "ff02::1" };
	_cleanup_world_ struct world w = { 0 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;
	_cleanup_probe_ struct probe probe = { 0 };
	uint8_t frame[FRAME] = { 2 };

	need_root_for_maps();
	make_provider(&w);
	remove_doubles(&w);
	t = new_table_for(&w);
	(void)set_table(t, &(struct world){ 0 });
	probe_open(t, &probe);
	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			const struct net_prefix host = prefix_of_text(texts[i]);

			check(&probe, &host, 0);
		}
		(void)set_table(t, &w);
	}
	frame[12] = 0x08;
	frame[13] = 0x06; /* ARP */
	assert_int_equal(ask_program(&probe, probe.bpf->progs.lookup_xdp, frame), 0);
}

static void test_source_and_destination(void **state)
{
	static const char *const texts[] = { "100.64.0.9", "2001:db8::9" };
	const struct net_prefix peer4 = prefix_of_text("9.9.9.9"),
				peer6 = prefix_of_text("909:909:909:909::/64");
	_cleanup_world_ struct world w = { 0 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;
	_cleanup_probe_ struct probe probe = { 0 };

	need_root_for_maps();
	world_append(&w, &peer4);
	world_append(&w, &peer6);
	for (size_t i = 0; i < 2; i++)
		world_add_text(&w, texts[i]);
	t = new_table_for(&w);
	(void)set_table(t, &w);
	probe_open(t, &probe);
	for (size_t i = 0; i < 2; i++) {
		const struct net_prefix host = prefix_of_text(texts[i]);
		uint8_t frame[FRAME];

		assert_int_equal(ask(&probe, &host, true), w.entries.at[2 + i].value | CLASSIFY_OWN);
		assert_int_equal(ask(&probe, &host, false), w.entries.at[2 + i].value | CLASSIFY_OWN);
		make_frame(frame, &host, true);
		probe.bpf->bss->source = false;
		assert_int_equal(ask_program(&probe, probe.bpf->progs.lookup_tc, frame),
				 w.entries.at[i].value | CLASSIFY_OWN);
	}
}

/* Prefixes of all lengths within each other; small tables, so that buckets are full. */
static void test_random_worlds(void **state)
{
	need_root_for_maps();
	for (unsigned i = 0; i < 8; i++) {
		_cleanup_world_ struct world w = { .random = 70 + i };
		_cleanup_(classify_table_freep) struct classify_table *t = NULL;
		_cleanup_probe_ struct probe probe = { 0 };

		while (w.entries.n < 400) {
			const bool four = random_below(&w, 2);
			const struct net_prefix p =
				random_prefix(&w, four ? 4 : 6,
					      random_below(&w, 2) ?
						      (four ? 32 : 64 + 64 * random_below(&w, 2)) :
						      random_below(&w, four ? 33 : 129));

			if (world_index(&w, &p) < 0)
				world_append(&w, &p);
		}
		t = i % 2 ? new_table(2, 2, 2) : new_table_for(&w);
		(void)set_table(t, &w);
		probe_open(t, &probe);
		for (unsigned k = 0; k < 600; k++) {
			const struct net_prefix host = random_host(&w);

			check(&probe, &host, value_plainly(&w, &host));
		}
	}
}

/* --- while it changes -------------------------------------------------------------------------- */

#define WATCHED 6
#define CHANGES 100

struct watcher {
	const struct probe *probe;
	uint8_t frames[WATCHED][FRAME];
	bool stop;
};

static void *watch(void *data)
{
	struct watcher *watcher = data;

	while (!__atomic_load_n(&watcher->stop, __ATOMIC_RELAXED))
		for (unsigned i = 0; i < WATCHED; i++)
			run_frame(watcher->probe->bpf->progs.lookup_watch, watcher->frames[i], 500);
	return NULL;
}

static void add_handle(struct world *w, const char *text, uint32_t handle)
{
	const struct classify_entry e = { prefix_of_text(text), CLASSIFY_VALUE(handle, 5, 1) };

	assert_int_equal(vec_push(&w->entries, e), 0);
}

static const char *const watched[WATCHED] = { "100.64.0.1", "10.0.0.77",     "10.0.1.77",
					      "fd00::1",    "fd00:0:0:7::7", "fd00:0:0:9::9" };

#define FOREIGN 1000

/*
 * Those watched always have a class of 1 to 3.  In the odd state the others who might be
 * taken for them are there: hosts beside them, prefixes below and above.
 */
static void make_state(struct world *w, unsigned number)
{
	const bool odd = number % 2;

	w->entries.n = 0;
	for (uint32_t i = 0; i < 300 + number % 7; i++)
		add4(w, 0x64400100 + i * (number % 5 + 1), 32);
	for (uint64_t i = 1; i < 100; i++)
		add6(w, HIGH6 + (i << 12), 0, number % 4 < 2 ? 64 : 56);
	add_handle(w, "100.64.0.1", 1 + number % 3);
	/* By itself where its network is another's; else by its network. */
	add_handle(w, "10.0.0.0/24", odd ? FOREIGN : 2);
	if (odd)
		add_handle(w, "10.0.0.77", 1);
	add_handle(w, "10.0.1.0/24", 1 + number % 2);
	add_handle(w, "fd00::/64", 3);
	if (odd)
		add_handle(w, "fd00::2", FOREIGN);
	add_handle(w, "fd00:0:0:7::/64", odd ? FOREIGN : 1);
	if (odd)
		add_handle(w, "fd00:0:0:7::7", 2);
	add_handle(w, "fd00::/48", odd ? FOREIGN : 3);
	add_handle(w, odd ? "fd00:0:0:9::/96" : "fd00:0:0:8::/61", 1);
}

/* As make_state(), but so little changes that it is stored in place. */
static void change_state(struct world *w, unsigned number)
{
	add4(w, 0x0b000000 + number, 32);
	add6(w, 0xfd00000000000000u, 100 + number, 128);
	w->entries.at[number % 300].value ^= CLASSIFY_VALUE(0, 0, 1);
}

static void watch_changes(struct watcher *watcher, struct classify_table *t, unsigned *ret_rebuilt)
{
	_cleanup_world_ struct world w = { 0 };

	for (unsigned i = 0; i < CHANGES; i++) {
		if (i % 3)
			change_state(&w, i);
		else
			make_state(&w, i / 3);
		*ret_rebuilt += set_table(t, &w).rebuilt;
	}
}

static void watch_in_threads(const struct probe *probe, struct classify_table *t,
			     unsigned *ret_rebuilt)
{
	struct watcher watcher = { .probe = probe };
	pthread_t threads[2];

	for (unsigned i = 0; i < WATCHED; i++) {
		const struct net_prefix host = prefix_of_text(watched[i]);

		make_frame(watcher.frames[i], &host, false);
	}
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, watch, &watcher), 0);
	watch_changes(&watcher, t, ret_rebuilt);
	__atomic_store_n(&watcher.stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void test_nobody_is_missed_while_it_changes(void **state)
{
	_cleanup_world_ struct world w = { 0 };
	_cleanup_(classify_table_freep) struct classify_table *t = NULL;
	_cleanup_probe_ struct probe probe = { 0 };
	const struct lookup_notes *notes;
	uint8_t frame[FRAME];
	unsigned rebuilt = 0;

	need_root_for_maps();
	make_state(&w, 0);
	t = new_table_for(&w);
	(void)set_table(t, &w);
	probe_open(t, &probe);
	watch_in_threads(&probe, t, &rebuilt);
	notes = &probe.bpf->bss->notes;
	assert_in_range(rebuilt, 30, 60);
	assert_true(notes->found[1] > 0 && notes->found[2] > 0 && notes->found[3] > 0);
	assert_int_equal(notes->unknown, 0);
	assert_int_equal(notes->foreign, 0);

	/* It would have been seen. */
	make_frame(frame, &(struct net_prefix){ .family = 4, .address = { 100, 64, 0, 1 } }, false);
	w.entries.n = 0;
	(void)set_table(t, &w);
	run_frame(probe.bpf->progs.lookup_watch, frame, 10);
	assert_int_equal(notes->unknown, 10);
	add_handle(&w, "100.64.0.1", FOREIGN);
	(void)set_table(t, &w);
	run_frame(probe.bpf->progs.lookup_watch, frame, 10);
	assert_int_equal(notes->foreign, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_provider),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_source_and_destination),
		cmocka_unit_test(test_random_worlds),
		cmocka_unit_test(test_nobody_is_missed_while_it_changes),
	};

	return cmocka_run_group_tests(tests, leave_network, NULL);
}
