/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

static int read_all(int fd, size_t limit, char **ret_text, size_t *ret_len)
{
	size_t cap = 4096, len = 0;
	_cleanup_free_ char *text = malloc(cap + 1);

	while (text) {
		ssize_t n = read(fd, text + len, cap - len);
		char *more;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0) {
			text[len] = 0;
			*ret_text = TAKE_PTR(text);
			*ret_len = len;
			return 0;
		}
		len += (size_t)n;
		if (len > limit)
			return -EFBIG;
		if (len < cap)
			continue;
		cap *= 2;
		more = realloc(text, cap + 1);
		if (!more)
			return -ENOMEM;
		text = more;
	}
	return -ENOMEM;
}

int file_read(const char *path, size_t limit, char **ret_text, size_t *ret_len)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	/* Not to hang in open() on a pipe nobody writes to; reading one that is written to may wait. */
	(void)fcntl(fd, F_SETFL, 0);
	return read_all(fd, limit, ret_text, ret_len);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_write_atomic(const char *path, const void *data, size_t len, mode_t mode)
{
	_cleanup_free_ char *temp = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (asprintf(&temp, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write_all(fd, data, len);
	if (!r && (fchmod(fd, mode) || fsync(fd) || rename(temp, path)))
		r = -errno;
	if (r)
		(void)unlink(temp);
	return r;
}

int file_write_value(const char *path, const char *value)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return write_all(fd, value, strlen(value));
}

int file_make_dirs(const char *path, mode_t mode)
{
	_cleanup_free_ char *p = strdup(path);

	if (!p)
		return -ENOMEM;
	for (char *slash = p + 1;; slash++) {
		char was = *slash;

		if (was != '/' && was)
			continue;
		*slash = 0;
		if (mkdir(p, mode) && errno != EEXIST)
			return -errno;
		if (!was)
			return 0;
		*slash = was;
	}
}
