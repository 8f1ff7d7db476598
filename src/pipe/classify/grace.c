/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/classify/grace.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A map of maps: when one of its maps is replaced, bpf(2) returns once no program can still use
 * the former. */
int classify_grace_wait_by_map(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	_cleanup_close_ int outer = -1;
	_cleanup_close_ int inner =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "classify_grace", 4, 4, 1, NULL);
	const __u32 zero = 0;

	if (inner < 0)
		return inner;
	options.inner_map_fd = (__u32)inner;
	outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "classify_graces", 4, 4, 1, &options);
	if (outer < 0)
		return outer;
	return bpf_map_update_elem(outer, &zero, &inner, BPF_ANY) ? -errno : 0;
}

/* "Global" is the kernel's own synchronize_rcu(), in which every packet's run is one reader.  It is
 * refused where CPUs run without a tick (nohz_full). */
int classify_grace_wait(void)
{
	if (!syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		return 0;
	return classify_grace_wait_by_map();
}
