/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is at the other end, as the kernel saw it at connect: SO_PEERCRED and SO_PEERGROUPS need no
 * name lookup, which could block the loop.
 */
#include <errno.h>
#include <grp.h>
#include <sys/socket.h>

#include "bus/private.h"

#define GROUPS_MAX 65536

static int read_groups(int fd, gid_t **ret, size_t *ret_n)
{
	socklen_t len = 64 * sizeof(gid_t);
	_cleanup_free_ gid_t *groups = malloc(len);

	while (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len)) {
		gid_t *more;

		if (errno != ERANGE || len > GROUPS_MAX * sizeof(gid_t))
			return -errno;
		more = realloc(groups, len);
		if (!more)
			return -ENOMEM;
		groups = more;
	}
	if (!groups)
		return -ENOMEM;
	*ret = TAKE_PTR(groups);
	*ret_n = len / sizeof(gid_t);
	return 0;
}

static bool is_member(gid_t wanted, gid_t own, const gid_t *groups, size_t n)
{
	if (!wanted)
		return false;
	for (size_t i = 0; i < n; i++)
		if (groups[i] == wanted)
			return true;
	return own == wanted;
}

int bus_peer_read(int fd, const struct bus_groups *want, struct peer *ret)
{
	_cleanup_free_ gid_t *groups = NULL;
	socklen_t len = sizeof(struct ucred);
	struct ucred cred;
	size_t n = 0;
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -errno;
	r = read_groups(fd, &groups, &n);
	if (r)
		return r;
	*ret = (struct peer){ .pid = cred.pid, .uid = cred.uid };
	if (cred.uid == 0 || cred.uid == geteuid() || is_member(want->admin, cred.gid, groups, n))
		ret->role = ROLE_ADMIN;
	else if (is_member(want->read, cred.gid, groups, n))
		ret->role = ROLE_READ;
	return 0;
}

static gid_t find_group(const char *name)
{
	struct group *found = NULL, entry;
	char text[16384];

	if (getgrnam_r(name, &entry, text, sizeof(text), &found) || !found)
		return 0;
	return found->gr_gid;
}

struct bus_groups bus_groups_find(void)
{
	return (struct bus_groups){ .read = find_group("weir"), .admin = find_group("weir-admin") };
}
