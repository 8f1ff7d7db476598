/* SPDX-License-Identifier: GPL-2.0-only */
#include "config/beside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"

char *path_beside(const char *file, const char *path)
{
	const char *slash = file && *path != '/' ? strrchr(file, '/') : NULL;
	struct strbuf out = { 0 };

	if (slash)
		strbuf_add_bytes(&out, file, (size_t)(slash + 1 - file));
	strbuf_add(&out, path);
	return strbuf_take(&out);
}

char *path_of_copy(const char *directory, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	uint64_t h = 0xcbf29ce484222325;
	char *copy;

	for (const char *s = path; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3;
	return asprintf(&copy, "%s/%s.%016" PRIx64, directory, name, h) < 0 ? NULL : copy;
}
