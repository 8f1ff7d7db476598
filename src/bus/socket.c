/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The socket in the file system: made with the right owner and mode from its first moment, taken
 * over from a dead daemon, never from a live one, and removed only while it is still ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/file.h"
#include "bus/private.h"

#define BACKLOG 128

static int fail(struct diag *d, int r, const char *path, const char *what)
{
	(void)diag_error(d, NULL, "%s: %s: %s", path, what, strerror(-r));
	return r;
}

static int make_address(const char *path, struct sockaddr_un *ret, struct diag *d)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (!*path || strlen(path) >= sizeof(ret->sun_path)) {
		(void)diag_error(d, NULL,
				 "%s: the path of a socket has 1 to %zu characters, this one %zu",
				 path, sizeof(ret->sun_path) - 1, strlen(path));
		return -ENAMETOOLONG;
	}
	memcpy(ret->sun_path, path, strlen(path) + 1);
	return 0;
}

static gid_t file_group(const struct bus_groups *groups)
{
	return groups->read ? groups->read : groups->admin;
}

/* A directory that is there already is somebody's choice; only one that anybody can write is refused. */
static int check_directory(const char *dir, struct diag *d)
{
	struct stat st;

	if (stat(dir, &st))
		return fail(d, -errno, dir, "cannot use this directory for the bus");
	if (!(st.st_mode & S_IWOTH) || (st.st_mode & S_ISVTX))
		return 0;
	(void)diag_error(d, NULL, "%s: anybody may write here, and so replace the bus", dir);
	diag_hint(d, "chmod o-w %s, or name another path with --bus", dir);
	return -EPERM;
}

static int make_directory(const char *path, const struct bus_groups *groups, struct diag *d)
{
	_cleanup_free_ char *copy = strdup(path);
	gid_t group = file_group(groups);
	char *dir = copy ? dirname(copy) : NULL;
	int r;

	if (!dir)
		return -ENOMEM;
	if (!access(dir, F_OK))
		return check_directory(dir, d);
	r = file_make_dirs(dir, 0755);
	if (r)
		return fail(d, r, dir, "cannot make the directory of the bus");
	if (group && !chown(dir, (uid_t)-1, group))
		(void)chmod(dir, 0750);
	return check_directory(dir, d);
}

/* 0: nobody listens there and the place may be taken. */
static int probe(const char *path, const struct sockaddr_un *address, struct diag *d)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return fail(d, -errno, path, "cannot make a socket");
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : fail(d, -errno, path, "cannot look at the bus");
	if (!S_ISSOCK(st.st_mode)) {
		(void)diag_error(d, NULL, "%s: exists and is not a socket; it is left alone", path);
		return -EEXIST;
	}
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) && errno == ECONNREFUSED)
		return 0;
	(void)diag_error(d, NULL, "%s: another daemon is already running and answers there", path);
	diag_hint(d, "stop it first, or give this one its own --bus, --state and --pins");
	return -EADDRINUSE;
}

/*
 * Two daemons that start at once must not take the place from each other between probe and bind.
 * The lock is on the directory, so that it leaves nothing behind.  It is advisory and anybody who
 * may read the directory can hold it: who does delays us by a moment and no more.
 */
static int lock_directory(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	for (unsigned tries = 0; fd >= 0 && tries < 20; tries++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			break;
		(void)usleep(10000);
	}
	return fd;
}

/* The mode given to the descriptor before bind() is the mode the file is born with. */
static int bind_file(int fd, const char *path, const struct sockaddr_un *address, gid_t group)
{
	if (fchmod(fd, 0600) || (unlink(path) && errno != ENOENT))
		return -errno;
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)))
		return -errno;
	if (group && !chown(path, (uid_t)-1, group) && chmod(path, 0660))
		return -errno;
	return listen(fd, BACKLOG) ? -errno : 0;
}

static int claim(const char *path, const struct sockaddr_un *address, gid_t group, int fd,
		 struct diag *d)
{
	_cleanup_close_ _unused_ int lock = lock_directory(path);
	int r = probe(path, address, d);

	if (r)
		return r;
	r = bind_file(fd, path, address, group);
	return r ? fail(d, r, path, "cannot listen on the bus") : 0;
}

int bus_socket_file_open(const char *path, const struct bus_groups *groups, struct socket_file *ret,
			 int *ret_fd, struct diag *d)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	_cleanup_free_ char *copy = strdup(path);
	struct sockaddr_un address;
	struct stat st;
	int r;

	if (fd < 0 || !copy)
		return fail(d, fd < 0 ? -errno : -ENOMEM, path, "cannot make a socket");
	r = make_address(path, &address, d);
	if (!r)
		r = make_directory(path, groups, d);
	if (!r)
		r = claim(path, &address, file_group(groups), fd, d);
	if (!r && lstat(path, &st))
		r = fail(d, -errno, path, "cannot look at the bus");
	if (r)
		return r;
	*ret = (struct socket_file){ TAKE_PTR(copy), st.st_dev, st.st_ino };
	*ret_fd = TAKE_FD(fd);
	return 0;
}

void bus_socket_file_remove(struct socket_file *file)
{
	struct stat st;

	if (file->path && !lstat(file->path, &st) && st.st_dev == file->dev && st.st_ino == file->ino)
		(void)unlink(file->path);
	free(file->path);
	*file = (struct socket_file){ 0 };
}
