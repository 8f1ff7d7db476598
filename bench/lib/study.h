/* SPDX-License-Identifier: GPL-2.0-only */
/* Layouts and hashes of the study (pipeline_study.bpf.c), for both sides. */
#pragma once

#include <linux/types.h>

#define STUDY_IDS 131072
#define STUDY_BITS 15
#define STUDY_SEED 0x9e3779b97f4a7c15ULL
#define STUDY_SLOTS4 5
#define STUDY_SLOTS6 4

/* One line of cache each; key 0 = free. */
struct study_bucket4 {
	__be32 key[STUDY_SLOTS4];
	__u32 pad;
	__u64 value[STUDY_SLOTS4];
};
struct study_bucket6 {
	__be64 key[STUDY_SLOTS6];
	__u64 value[STUDY_SLOTS6];
};

/* What is found: class, id, CPU; the last bit says that it is one. */
#define STUDY_VALUE(handle, id, cpu) \
	((__u64)(handle) << 32 | (__u64)(id) << 12 | (__u64)(cpu) << 2 | 2)
#define STUDY_HANDLE(value) ((__u32)((value) >> 32))
#define STUDY_ID(value) ((__u32)(value) >> 12)
#define STUDY_CPU(value) ((__u32)(value) >> 2 & 1023)

#define STUDY_MAGIC 0x5745
struct study_meta {
	__u32 handle;
	__u16 queue, magic;
	__u32 id_dir, target;
};

/* Flows whose round trips are measured: sets of four, a line of cache each. */
#define STUDY_WAYS 4
#define STUDY_WAITS 3	   /* TSvals of one direction that are waited for */
#define STUDY_FLOW_BITS 15 /* sets: 1 << that */
#define STUDY_BUCKETS 64
struct study_flow {
	__u32 tag, seen; /* tag 0 = free */
	__u32 newest[2];
	__u64 wait[2][STUDY_WAITS]; /* time << 32 | TSval */
};
struct study_set {
	struct study_flow way[STUDY_WAYS];
};
struct study_histogram {
	__u32 n[2][STUDY_BUCKETS]; /* by the direction that was answered */
};

#ifndef __bpf__
#include "lib/object.h"

/* `n` subscribers as `cfg` makes their addresses, all on `cpu`; IPv6: /64 networks. */
struct study_wish {
	unsigned n, cpu;
	const struct pb_cfg *cfg;
	bool v6;
	unsigned flows; /* places for flows; a power of two */
	unsigned gate;	/* jiffies that a place for TSvals rests after a sample */
};

int study_load(const struct study_wish *wish, struct bpf_object **ret, struct diag *d);
/* Flows in the table, and samples taken so far; 0 when that cannot be read. */
size_t study_flows(const struct bpf_object *object);
unsigned long long study_samples(const struct bpf_object *object);
#endif

static inline __u32 study_hash6(__be64 key, __u64 seed, __u32 bits)
{
	return (__builtin_bswap64(key) * seed) >> (64 - bits);
}

static inline __u32 study_hash4(__be32 key, __u64 seed, __u32 bits)
{
	return (__builtin_bswap32(key) * seed) >> (64 - bits);
}
