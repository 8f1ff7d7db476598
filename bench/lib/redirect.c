/* SPDX-License-Identifier: GPL-2.0-only */
#include "lib/redirect.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/machine.h"
#include "lib/object.h"

static int fill(const struct bpf_object *object, unsigned slots, int target)
{
	int map = bpf_object__find_map_fd_by_name(object, "ports");
	int r = map < 0 ? map : 0;

	for (__u32 slot = 0; slot < slots && !r; slot++)
		r = bpf_map_update_elem(map, &slot, &target, BPF_ANY);
	return r;
}

int redirect_load(const char *file, const char *program, unsigned slots, int target,
		  struct bpf_object **ret, int *ret_fd, struct diag *d)
{
	_cleanup_free_ char *path = machine_beside(file);
	struct bpf_object *object = NULL;
	int r = path ? object_load(path, program, NULL, 0, NULL, &object, ret_fd, d) : -ENOMEM;

	if (r)
		return r;
	r = fill(object, slots, target);
	if (r) {
		bpf_object__close(object);
		return diag_error(d, NULL, "%s: interface %d: %s", file, target, strerror(-r));
	}
	*ret = object;
	return 0;
}

int redirect_load_bare(int target, struct bpf_object **ret, int *ret_fd, struct diag *d)
{
	return redirect_load("bare.bpf.o", "bare_redirect", 1, target, ret, ret_fd, d);
}
