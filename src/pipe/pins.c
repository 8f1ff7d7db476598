/* SPDX-License-Identifier: GPL-2.0-only */
#include "pipe/pins.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "base/file.h"

#define BPFFS "/sys/fs/bpf"

static bool on_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

static int take_lock(const char *path, struct diag *d)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
		return TAKE_FD(fd);
	r = -errno;
	(void)diag_error(d, NULL, "%s: %s", path,
			 r == -EWOULDBLOCK ? "another weird is running with these pins" :
					     strerror(-r));
	return r;
}

void pins_check(const char *path, struct diag *d)
{
	if (!is_below(path, BPFFS) || on_bpffs(BPFFS))
		return;
	(void)diag_warning(d, NULL,
			   "no bpffs is mounted on " BPFFS ": weird mounts one when it starts");
	diag_hint(d,
		  "mount -t bpf bpf " BPFFS "; within a network namespace use nsenter --net=, as "
		  "`ip netns exec` hides it");
}

int pins_prepare(const char *path, struct diag *d)
{
	int r;

	if (is_below(path, BPFFS) && !on_bpffs(BPFFS) && mount("bpf", BPFFS, "bpf", 0, "mode=0700")) {
		r = -errno;
		(void)diag_error(d, NULL, "no bpffs is mounted on " BPFFS ": %s", strerror(-r));
		diag_hint(d, "mount -t bpf bpf " BPFFS "; within a network namespace use nsenter "
			     "--net=, as `ip netns exec` hides it");
		return r;
	}
	r = file_make_dirs(path, 0700);
	if (r) {
		(void)diag_error(d, NULL, "cannot make %s: %s", path, strerror(-r));
		if (strchr(path, '.'))
			diag_hint(d, "a bpffs allows no dots in names");
		return r;
	}
	if (!on_bpffs(path)) {
		(void)diag_error(d, NULL, "%s is not on a bpffs", path);
		diag_hint(d, "choose a directory below " BPFFS);
		return -EINVAL;
	}
	return take_lock(path, d);
}
