/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/watch.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "pipe/instance.h"

#include "watch.skel.h"

struct watch {
	struct watch_bpf *bpf;
};

static uint32_t own_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) ? 0 : (uint32_t)st.st_ino;
}

static int start(struct watch *watch)
{
	int r;

	pipe_libbpf_forget();
	watch->bpf = watch_bpf__open();
	if (!watch->bpf)
		return -errno;
	watch->bpf->rodata->namespace = own_namespace();
	r = watch_bpf__load(watch->bpf);
	return r ? r : watch_bpf__attach(watch->bpf);
}

int watch_open(struct watch **ret, struct diag *d)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return -ENOMEM;
	r = start(watch);
	if (r) {
		(void)diag_warning(d, NULL, "frames lost in redirects are not counted: %s%s%s",
				   strerror(-r), pipe_libbpf_words()[0] ? ": " : "",
				   pipe_libbpf_words());
		watch_close(watch);
		return r;
	}
	*ret = watch;
	return 0;
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	watch_bpf__destroy(watch->bpf);
	free(watch);
}

struct watch_loss watch_get(const struct watch *watch, int ifindex)
{
	struct watch_loss loss = { 0 };
	uint32_t key = (uint32_t)ifindex;

	if (!watch || bpf_map_lookup_elem(bpf_map__fd(watch->bpf->maps.losses), &key, &loss))
		return (struct watch_loss){ 0 };
	return loss;
}
