/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The map that sends frames to other CPUs.  Its entries are threads of the kernel's, each with a
 * queue; unlike what runs in interrupts they compete with every program, this daemon among them.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "pipe/classify/live.h"
#include "pipe/instance.h"

#define PIN "classify_cpus"
#define QUEUE 8192 /* frames that may wait: a thread may be kept from its CPU for some time */
#define FAVOUR (-10)

static bool pin_path(const struct classify_live *live, char *path, size_t size)
{
	return live->pins && (size_t)snprintf(path, size, "%s/%s", live->pins, PIN) < size;
}

static int map_info(int fd, struct bpf_map_info *ret)
{
	__u32 len = sizeof(*ret);

	*ret = (struct bpf_map_info){ 0 };
	return bpf_obj_get_info_by_fd(fd, ret, &len);
}

static int open_pinned(const struct classify_live *live)
{
	struct bpf_map_info info;
	char path[4096];
	int fd = pin_path(live, path, sizeof(path)) ? bpf_obj_get(path) : -1;

	if (fd < 0)
		return -1;
	if (!map_info(fd, &info) && info.type == BPF_MAP_TYPE_CPUMAP &&
	    info.max_entries == live->kernel->n_cpus)
		return fd;
	(void)close(fd);
	(void)unlink(path);
	return -1;
}

/* Pinned, so that a restart does not start other threads beside those that hold frames. */
int classify_cpus_open(struct classify_live *live)
{
	char path[4096];

	if (live->cpus_fd >= 0)
		return 0;
	live->cpus_fd = open_pinned(live);
	if (live->cpus_fd >= 0)
		return 0;
	live->cpus_fd = bpf_map_create(BPF_MAP_TYPE_CPUMAP, PIN, sizeof(uint32_t),
				       sizeof(struct bpf_cpumap_val), live->kernel->n_cpus, NULL);
	if (live->cpus_fd < 0)
		return live->cpus_fd;
	live->made_cpus = true;
	if (pin_path(live, path, sizeof(path)))
		(void)bpf_obj_pin(live->cpus_fd, path);
	return 0;
}

void classify_cpus_unpin(const struct classify_live *live)
{
	char path[4096];

	if (pin_path(live, path, sizeof(path)))
		(void)unlink(path);
}

/* --- threads ----------------------------------------------------------------------------------- */

/* Older kernels cut the name. */
static bool is_named(const char *pid, const char *name)
{
	_cleanup_free_ char *comm = NULL;
	char path[64];
	size_t len;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	if (file_read(path, 256, &comm, &len))
		return false;
	comm[strcspn(comm, "\n")] = 0;
	return !strcmp(comm, name) || (strlen(comm) == 15 && !strncmp(comm, name, 15));
}

/* Packets go before programs.  Only as long as the daemon has not given up the right to say so. */
static void favour(int map, uint32_t cpu)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct bpf_map_info info;
	struct dirent *entry;
	char name[64];

	if (!dir || map_info(map, &info))
		return;
	(void)snprintf(name, sizeof(name), "cpumap/%u/map:%u", cpu, info.id);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
		    is_named(entry->d_name, name))
			(void)setpriority(PRIO_PROCESS, (id_t)atoi(entry->d_name), FAVOUR);
}

static void fill(struct classify_live *live, uint32_t cpu)
{
	struct bpf_cpumap_val value = { 0 };

	if (!bpf_map_lookup_elem(live->cpus_fd, &cpu, &value) && value.qsize)
		return;
	value = (struct bpf_cpumap_val){ .qsize = QUEUE };
	if (!bpf_map_update_elem(live->cpus_fd, &cpu, &value, BPF_ANY))
		favour(live->cpus_fd, cpu);
}

void classify_cpus_fill(struct classify_live *live, const struct classify_world *w)
{
	bool wanted[CLASSIFY_CPUS] = { false };

	for (unsigned q = 0; q < w->plan.queues + w->plan.up_offset; q++)
		wanted[classify_world_cpu(w, q) % CLASSIFY_CPUS] = true;
	vec_foreach(&live->changes.mappings, m)
		wanted[m->cpu % CLASSIFY_CPUS] = true;
	for (uint32_t cpu = 0; cpu < CLASSIFY_CPUS; cpu++)
		if (wanted[cpu])
			fill(live, cpu);
}

/* --- what was lost ----------------------------------------------------------------------------- */

void classify_cpus_tick(struct classify_live *live, const struct counter_view *counters)
{
	struct bpf_map_info info;
	uint64_t lost;

	if (live->cpus_fd < 0 || !counters->loss || map_info(live->cpus_fd, &info))
		return;
	lost = counters->loss(counters->source, WATCH_CPUS(info.id)).lost;
	if (lost > live->cpu_lost)
		classify_tell(live, "shaper", "failed",
			      "%llu packets were lost: their CPU did not come to them in time",
			      (unsigned long long)(lost - live->cpu_lost));
	live->cpu_lost = lost;
}

void classify_cpus_notes(void *data, json_t *notes)
{
	const struct classify_live *live = data;

	if (live->cpu_lost)
		(void)json_array_append_new(
			notes,
			json_sprintf("%llu packets were lost on their way to the CPU of their "
				     "queue, which was too busy",
				     (unsigned long long)live->cpu_lost));
}
