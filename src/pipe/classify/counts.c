/* SPDX-License-Identifier: GPL-2.0-only */
/* What arrived per subscriber: one array of numbers per CPU, read without a system call. */
#include <bpf/bpf.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pipe/classify/live.h"
#include "pipe/instance.h"

#define PIN "classify_counts"

static size_t bytes_of(const struct classify_live *live, uint32_t room)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (size_t)room * live->kernel->n_cpus * sizeof(struct classify_count);

	return (bytes + page - 1) / page * page;
}

static bool pin_path(const struct classify_live *live, char *path, size_t size)
{
	return live->pins && (size_t)snprintf(path, size, "%s/%s", live->pins, PIN) < size;
}

static int make_map(const struct classify_live *live, uint32_t room)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, PIN, sizeof(uint32_t),
			      sizeof(struct classify_count), room * live->kernel->n_cpus, &options);
}

/* Of an earlier run, whose numbers are known: else nobody knows whose they are. */
static int open_pinned(const struct classify_live *live, uint32_t *ret_room)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	char path[4096];
	int fd = -1;

	if (!live->counts && live->knows_ids && pin_path(live, path, sizeof(path)))
		fd = bpf_obj_get(path);
	if (fd < 0)
		return -1;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == BPF_MAP_TYPE_ARRAY &&
	    info.value_size == sizeof(struct classify_count) && info.max_entries &&
	    info.max_entries % live->kernel->n_cpus == 0) {
		*ret_room = info.max_entries / live->kernel->n_cpus;
		return fd;
	}
	(void)close(fd);
	return -1;
}

/* What an earlier run noted is of counts that are gone. */
static void forget_zeros(struct classify_live *live)
{
	vec_foreach(&live->ids.all, id)
		id->zero = (struct classify_count){ 0 };
}

int classify_counts_make(struct classify_live *live, uint32_t room)
{
	const size_t bytes = bytes_of(live, room);
	uint32_t pinned_room = 0;
	_cleanup_close_ int pinned = open_pinned(live, &pinned_room);
	_cleanup_close_ int fd = -1;
	void *at;

	if (pinned < 0 && !live->counts)
		forget_zeros(live);
	if (pinned >= 0 && pinned_room == room)
		fd = TAKE_FD(pinned);
	if (fd < 0)
		fd = make_map(live, room);
	if (fd < 0)
		return fd;
	at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	live->next_counts = at;
	live->next_counts_bytes = bytes;
	live->next_counts_fd = TAKE_FD(fd);
	return 0;
}

static struct classify_count sum(const struct classify_count *counts, unsigned cpus, uint32_t room,
				 uint32_t id)
{
	struct classify_count all = { 0 };

	for (unsigned cpu = 0; counts && cpu < cpus && id < room; cpu++) {
		/* Written by another CPU while we look: read each once. */
		const volatile struct classify_count *c = &counts[(size_t)cpu * room + id];

		for (int i = 0; i < 2; i++) {
			all.bytes[i] += c->bytes[i];
			all.packets[i] += c->packets[i];
		}
	}
	return all;
}

static void subtract(struct classify_count *from, const struct classify_count *what)
{
	for (int i = 0; i < 2; i++) {
		from->bytes[i] -= what->bytes[i];
		from->packets[i] -= what->packets[i];
	}
}

static void pin(struct classify_live *live)
{
	char path[4096], fresh[4096];

	if (!pin_path(live, path, sizeof(path)) ||
	    (size_t)snprintf(fresh, sizeof(fresh), "%s/%s_new", live->pins, PIN) >= sizeof(fresh))
		return;
	(void)unlink(fresh);
	if (bpf_obj_pin(live->next_counts_fd, fresh) || rename(fresh, path))
		classify_tell(live, "shaper", "note",
			      "cannot pin the counters: they begin anew after a restart");
}

void classify_counts_close(struct classify_live *live)
{
	if (live->counts)
		(void)munmap(live->counts, live->counts_bytes);
	cleanup_close(&live->counts_fd);
	live->counts = NULL;
	live->counts_fd = -1;
}

/* What those counted goes on in the new ones. */
static void carry_over(struct classify_live *live, const struct classify_count *counts, uint32_t room)
{
	for (uint32_t id = 0; id < live->ids.all.n; id++) {
		struct classify_count old = sum(counts, live->kernel->n_cpus, room, id);

		subtract(&live->ids.all.at[id].zero, &old);
	}
}

/* An earlier run's had another room: only what is in them is taken. */
static void carry_over_pinned(struct classify_live *live)
{
	uint32_t room = 0;
	_cleanup_close_ int fd = open_pinned(live, &room);
	void *at;

	if (fd < 0 || room == live->next->id_room)
		return;
	at = mmap(NULL, bytes_of(live, room), PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return;
	carry_over(live, at, room);
	(void)munmap(at, bytes_of(live, room));
}

void classify_counts_settle(struct classify_live *live, uint32_t room_before)
{
	if (live->next_counts_fd < 0)
		return;
	if (live->counts)
		carry_over(live, live->counts, room_before);
	else
		carry_over_pinned(live);
	pin(live);
	classify_counts_close(live);
	live->counts = live->next_counts;
	live->counts_bytes = live->next_counts_bytes;
	live->counts_fd = live->next_counts_fd;
	live->next_counts = NULL;
	live->next_counts_fd = -1;
	live->dirty = true;
}

void classify_counts_revert(struct classify_live *live)
{
	if (live->next_counts)
		(void)munmap(live->next_counts, live->next_counts_bytes);
	cleanup_close(&live->next_counts_fd);
	live->next_counts = NULL;
	live->next_counts_fd = -1;
}

void classify_counts_unpin(struct classify_live *live)
{
	char path[4096];

	if (pin_path(live, path, sizeof(path)))
		(void)unlink(path);
}

struct classify_count classify_counts_of(const struct classify_live *live, uint32_t id)
{
	struct classify_count all = { 0 };

	if (!live->now || !live->counts)
		return all;
	all = sum(live->counts, live->kernel->n_cpus, live->now->id_room, id);
	if (id < live->ids.all.n)
		subtract(&all, &live->ids.all.at[id].zero);
	return all;
}

void classify_counts_clear(struct classify_live *live, uint32_t id)
{
	struct classify_count now = classify_counts_of(live, id);
	struct classify_count *zero = &live->ids.all.at[id].zero;

	for (int i = 0; i < 2; i++) {
		zero->bytes[i] += now.bytes[i];
		zero->packets[i] += now.packets[i];
	}
}

/* --- rates ------------------------------------------------------------------------------------- */

/* A number that went from one to another began anew. */
static double since(uint64_t last, uint64_t now)
{
	return now > last ? (double)(now - last) : 0;
}

static void measure(struct classify_rate *rate, const struct classify_count *now, double seconds)
{
	for (int i = 0; i < 2; i++) {
		rate->bps[i] = since(rate->last.bytes[i], now->bytes[i]) * 8 / seconds;
		rate->pps[i] = since(rate->last.packets[i], now->packets[i]) / seconds;
	}
	rate->last = *now;
}

void classify_counts_tick(struct classify_live *live, double seconds)
{
	const bool known = seconds > 0.1 && seconds < 10;

	for (uint32_t id = 0; id < live->ids.all.n; id++) {
		struct classify_count now = classify_counts_of(live, id);
		const bool fresh = live->rates.n <= id;

		if (fresh && vec_push(&live->rates, (struct classify_rate){ .last = now }))
			return;
		if (known && !fresh)
			measure(&live->rates.at[id], &now, seconds);
		else
			live->rates.at[id].last = now;
	}
}

const struct classify_rate *classify_rate_of(const struct classify_live *live, uint32_t id)
{
	static const struct classify_rate none;

	return id < live->rates.n ? &live->rates.at[id] : &none;
}
